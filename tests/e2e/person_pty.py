"""person_pty.py STEPS COMMAND...: runs a command in a terminal and acts as a person would. STEPS is
a JSON list of [what appears, what is done then]. Done is what is typed, or
  @learn FILE   the 24 words on the screen are written down in FILE
  @type FILE    the words of FILE are typed, each by its first letters and Tab
  @paste FILE   all of FILE is typed at once
  @back FILE    those that are asked for by their number are typed
  @until GLOB   a file of such a name is waited for
Prints what appeared; exits with the command's code, 99 when something never appeared, 98 when a
terminal without echo was left behind."""
import fcntl
import glob
import json
import os
import pty
import re
import select
import struct
import sys
import termios
import time

MOST = 90.0
PROMPT = re.compile(rb"Word (\d+)(?: of 24)?: $")
NUMBERED = re.compile(rb"(?<!\d)(\d{1,2}):? ([a-z]{3,8})\b")


class Person:
    def __init__(self, steps, command):
        self.steps, self.seen, self.at = steps, b"", 0
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.master)
            login(self.slave)
            os.execvp(command[0], command)
        self.deadline = time.monotonic() + MOST
        self.status = None

    def look(self):
        """Reads what is there; False when nothing will come any more."""
        if self.status is None:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = status if done else None
        if select.select([self.master], [], [], 0 if self.status is not None else 0.05)[0]:
            self.seen += os.read(self.master, 65536)
            return True
        return self.status is None

    def wait_for(self, pattern):
        """The match of a pattern behind what was answered last; None when it never comes."""
        while time.monotonic() < self.deadline:
            match = re.search(pattern, self.seen[self.at:])
            if match:
                return match
            if not self.look():
                break
        return None

    def write(self, text):
        self.at = len(self.seen)
        os.write(self.master, text.encode())

    def learn(self, path):
        found = {int(n): word.decode() for n, word in NUMBERED.findall(self.seen)}
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(" ".join(found[i] for i in range(1, 25)) + "\n")
        self.write("\n")

    def type_words(self, path, count):
        """Words for so many prompts, as their numbers ask."""
        words = open(path).read().split()
        for _ in range(count):
            match = self.wait_for(PROMPT)
            if not match:
                return False
            word = words[int(match.group(1)) - 1]
            self.write(word[:4] + "\t\n")
        return True

    def act(self, what):
        verb, _, rest = what.partition(" ")
        if verb == "@learn":
            self.learn(rest)
        elif verb == "@type":
            return self.type_words(rest, 24)
        elif verb == "@paste":
            self.write(open(rest).read())
        elif verb == "@back":
            return self.type_words(rest, 4)
        elif verb == "@until":
            while not glob.glob(rest):
                if not self.look() or time.monotonic() > self.deadline:
                    return False
        else:
            self.write(what)
        return True

    def live(self):
        missed = False
        for appears, done in self.steps:
            # What the last words of a step wait for may be on the screen with them already.
            if not self.wait_for(re.escape(appears.encode())) or not self.act(done):
                missed = True
                break
        while self.look():
            if time.monotonic() > self.deadline or missed:
                os.kill(self.pid, 9)
                missed = True
                break
        if self.status is None:
            self.status = os.waitpid(self.pid, 0)[1]
        sys.stdout.buffer.write(self.seen.replace(b"\r\n", b"\n"))
        sys.stdout.flush()
        if not termios.tcgetattr(self.slave)[3] & termios.ECHO:
            return 98
        code = os.waitstatus_to_exitcode(self.status)
        return 99 if missed else code if code >= 0 else 128 - code


def login(slave):
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in range(3):
        os.dup2(slave, fd)
    os.close(slave)


sys.exit(Person(json.loads(sys.argv[1]), sys.argv[2:]).live())
