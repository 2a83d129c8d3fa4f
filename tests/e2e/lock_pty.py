"""lock_pty.py ANSWERS COMMAND...: runs a command in a terminal and answers its questions. ANSWERS
is a JSON list of [what appears, what is typed then]. Prints what appeared, and exits with the
command's code; 99 when a question never came, 98 when a terminal without echo was left behind."""
import fcntl
import json
import os
import pty
import select
import sys
import termios
import time

MOST = 60.0


def main():
    answers, command = json.loads(sys.argv[1]), sys.argv[2:]
    master, slave = pty.openpty()
    pid = os.fork()
    if pid == 0:
        os.close(master)
        login(slave)
        os.execvp(command[0], command)
    seen, at = b"", 0
    deadline = time.monotonic() + MOST
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if select.select([master], [], [], 0 if done else 0.05)[0]:
            seen += os.read(master, 65536)
            if answers and answers[0][0].encode() in seen[at:]:
                at = len(seen)
                os.write(master, answers.pop(0)[1].encode())
        elif done:
            break
    else:
        os.kill(pid, 9)
        status = os.waitpid(pid, 0)[1]
    sys.stdout.buffer.write(seen.replace(b"\r\n", b"\n"))
    sys.stdout.flush()
    if not termios.tcgetattr(slave)[3] & termios.ECHO:
        sys.exit(98)
    code = os.waitstatus_to_exitcode(status)
    sys.exit(99 if answers else code if code >= 0 else 128 - code)


def login(slave):
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in range(3):
        os.dup2(slave, fd)
    os.close(slave)


main()
