"""client_pty.py COLUMNS INPUT COMMAND...: runs a command in a terminal of that width, types INPUT
when it has been silent for a moment, prints what appeared, and exits with its code."""
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time

SILENCE, MOST = 0.5, 15.0


def main():
    columns, typed, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    pid, fd = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        os.execvp(command[0], command)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    lines = [line + "\n" for line in typed.split("\n")] if typed else []
    deadline = time.monotonic() + MOST
    while time.monotonic() < deadline:
        ready, _, _ = select.select([fd], [], [], SILENCE)
        if not ready:
            if lines:
                os.write(fd, lines.pop(0).encode())
            continue
        try:
            data = os.read(fd, 65536)
        except OSError:
            break
        if not data:
            break
        sys.stdout.buffer.write(data.replace(b"\r\n", b"\n"))
    else:
        os.kill(pid, 9)
    sys.stdout.flush()
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    sys.exit(code if code >= 0 else 128 - code)


main()
