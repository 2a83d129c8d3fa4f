"""Nodes under which the system fails when a test wants it to: with valise_faults.so (tests/faults)
and a small file that both map."""

import ctypes
import glob
import mmap
import os
import shutil
import signal
import sqlite3
import struct
import subprocess
import time

from talk import Node, die_with_parent, until
from rpc import Client, Refused

KINDS = ("memory", "files", "write", "sync", "read")
ERRORS = {"memory": 12, "files": 24, "write": 5, "sync": 5, "read": 5}  # ENOMEM, EMFILE, EIO
ONCE, ALWAYS, KILL = 0, 1, 2
FAULT = struct.Struct("<qqqii")     # left, seen, hits, error, then
CLOCKS = len(KINDS) * FAULT.size    # wall_ms, mono_ms
SIZE = CLOCKS + 16
PROGRAM = os.environ["build"] + "/tests/faults/valise_faults.so"
END_S = 15          # a node that is not up or gone by then hangs


class Faults:
    def __init__(self, path):
        with open(path, "wb") as f:
            f.write(bytes(SIZE))
        self.path = path
        with open(path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), SIZE)

    def arm(self, kind, left, then=ONCE, error=None):
        at = KINDS.index(kind)
        FAULT.pack_into(self.map, at * FAULT.size, left, 0, 0, error or ERRORS[kind], then)

    def seen(self, kind):
        return FAULT.unpack_from(self.map, KINDS.index(kind) * FAULT.size)[1]

    def hits(self, kind):
        return FAULT.unpack_from(self.map, KINDS.index(kind) * FAULT.size)[2]

    def calm(self):
        """Nothing fails any more; counts stay."""
        for i in range(len(KINDS)):
            struct.pack_into("<q", self.map, i * FAULT.size, 0)

    def clocks(self, wall_ms=0, mono_ms=0):
        struct.pack_into("<qq", self.map, CLOCKS, wall_ms, mono_ms)


class FaultNode(Node):
    """A Node whose system fails when self.faults says so."""

    def __init__(self, name, advertise=None):
        super().__init__(name, advertise)
        self.faults = Faults(self.home + "/faults")
        self.data = self.home + "/data"

    def start(self, wait=True, program=None):
        env = {"PATH": os.environ["PATH"], "HOME": self.home, "LD_PRELOAD": PROGRAM,
               "VALISE_FAULTS": self.faults.path}
        with open(self.home + "/log", "ab") as log:
            self.log_from = log.tell()
            self.process = subprocess.Popen(
                [program or os.environ["VALISED"], "--config", self.home + "/valise.conf",
                 "--data", self.data, "--socket", self.socket],
                env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=die_with_parent)
        if wait:
            self.client().close()

    def log(self):
        """What it said since its last start."""
        with open(self.home + "/log", errors="replace") as f:
            f.seek(self.log_from)
            return f.read()

    def up_or_gone(self):
        """Its exit code, or None when it answers."""
        end = time.monotonic() + END_S
        while time.monotonic() < end:
            code = self.process.poll()
            if code is not None:
                return code
            try:
                client = Client(self.socket, timeout=END_S)
                client.call("status")
                client.close()
                return None
            except (OSError, EOFError, Refused):
                time.sleep(0.002)
        raise AssertionError(f"{self.name} neither answers nor ends:\n{self.log()}")

    def state(self):
        return self.call("status")["state"]


def is_clean(code, log):
    """An end that says why: an error and its code, or an abort that names what is missing."""
    if code in (0, 1, 2, 9):
        return code == 0 or bool(log.strip())
    return code == -signal.SIGABRT and ("out of memory" in log or "ended by itself" in log)


def look_at_store(folder):
    """SQLite's own opinion of a store in clear, from a copy; and how many texts are in it."""
    copy = folder + ".look"
    shutil.rmtree(copy, ignore_errors=True)
    os.mkdir(copy)
    for path in glob.glob(folder + "/node.db*"):
        shutil.copy(path, copy)
    db = sqlite3.connect(copy + "/node.db")
    try:
        verdict = db.execute("PRAGMA integrity_check").fetchone()[0]
        texts = db.execute("SELECT count(*) FROM message").fetchone()[0]
    finally:
        db.close()
        shutil.rmtree(copy)
    return verdict, texts


def spread(total, some):
    """`some` numbers of 1..total, all of them when that is fewer; the first ones are among them."""
    if some >= total:
        return list(range(1, total + 1))
    return sorted({1 + i * (total - 1) // (some - 1) for i in range(some)})
