"""Nodes and their talk, for the scenarios that need more than a command line. As a program:
talk.py feed SOCKET [TYPE] prints every event from the first one on, as JSON lines;
talk.py forge LINK ID prints LINK as if the citizen ID had given it out."""

import base64
import ctypes
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

from rpc import Client, Refused

PR_SET_PDEATHSIG = 1
START_S = 10    # from start to first answer, at most
CHUNK = 400     # texts of one look


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def until(what, seconds, condition, pause=0.02):
    """What condition() gives once it is true; fails the script when that takes too long."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(pause)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Node:
    """A citizen's valised, with its home in a folder of the script's."""

    def __init__(self, name, advertise=None):
        self.name = name
        self.home = os.path.join(os.environ["here"], name)
        self.socket = os.path.join(self.home, "rpc.sock")
        self.port = free_port()
        self.process = None
        self.credentials = {}
        os.makedirs(self.home, mode=0o700)
        with open(self.home + "/valise.conf", "w") as f:
            f.write(f"[listen]\naddress = 127.0.0.1:{self.port}\n")
            if advertise:
                f.write(f"advertise = {advertise}\n")

    def start(self, wait=True):
        env = {"PATH": os.environ["PATH"], "HOME": self.home, **self.credentials}
        with open(self.home + "/log", "ab") as log:
            self.process = subprocess.Popen(
                [os.environ["VALISED"], "--config", self.home + "/valise.conf",
                 "--data", self.home + "/data", "--socket", self.socket],
                env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=die_with_parent)
        if wait:
            self.client().close()

    def client(self):
        """A connection after hello; waits for the node to come up."""
        end = time.monotonic() + START_S
        while True:
            try:
                return Client(self.socket)
            except (OSError, EOFError):
                if time.monotonic() > end:
                    raise
                time.sleep(0.001)

    def call(self, method, params=None):
        client = self.client()
        try:
            return client.call(method, params)
        finally:
            client.close()

    def seal(self):
        """Encrypts the store. It opens at each start by what systemd hands over as a credential."""
        folder = self.home + "/credentials"
        os.makedirs(folder, mode=0o700)
        with open(folder + "/valise.key", "wb") as f:
            f.write(os.urandom(32))
        self.call("node.passphrase", {"new": "correct horse"})
        self.stop()
        self.credentials = {"CREDENTIALS_DIRECTORY": folder}
        self.start()
        self.call("node.unlock", {"passphrase": "correct horse"})
        self.call("node.credential", {"passphrase": "correct horse", "use": True})

    def kill9(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        return self.process.wait(10)

    def texts(self, mine=None):
        """Every text, oldest first, as the node lists them."""
        client, found, last = self.client(), [], 0
        while True:
            some = client.call("message.list", {"after": last, "limit": CHUNK})
            if not some:
                client.close()
                return [t for t in found if mine is None or t["mine"] == mine]
            found += some
            last = some[-1]["n"]

    def log_lines(self, pattern):
        with open(self.home + "/log", errors="replace") as f:
            return [line for line in f if re.search(pattern, line)]


def meet(inviter, taker):
    """Makes them contacts under each other's names."""
    link = inviter.call("invite.create", {"as": taker.name})["link"]
    taker.call("invite.accept", {"link": link, "as": inviter.name})
    until("they meet", 20, lambda: all(
        n.call("contact.list")[0:1] and n.call("contact.list")[0]["state"] == "ready"
        for n in (inviter, taker)))


def citizen(name, advertise=None):
    node = Node(name, advertise)
    node.start()
    node.call("init", {"name": name})
    return node


def feed(path, kind=None):
    """Every event the node still has: those of a removed contact are gone, maybe the newest."""
    client = Client(path, timeout=0.5)
    newest = client.call("events.subscribe", {"cursor": 0})["newest"] >> 7
    seen = 0
    while seen < newest:
        try:
            event = client.events.pop(0) if client.events else client.receive()[2][0]
        except TimeoutError:
            break
        seen = event["cursor"] >> 7
        if kind in (None, event["type"]):
            yield event
    client.close()


def unbase32(text):
    return base64.b32decode(text.upper() + "=" * (-len(text) % 8))


def forge(link, identity):
    """PEER 3.6: base32 of an array of version, identity ... and 4 bytes of SHA-256."""
    body = unbase32(link.split(":")[1])[:-4]
    assert body[:4] == b"\x98\x01\xc4\x20"
    body = body[:4] + unbase32(identity[2:])[:32] + body[36:]
    whole = body + hashlib.sha256(body).digest()[:4]
    return "valise:" + base64.b32encode(whole).decode().lower().rstrip("=")


class Report:
    """One line a behaviour, as the shell scripts have it."""

    def __init__(self):
        self.failed = False

    def check(self, what, good, why=""):
        print(("ok    " if good else "FAIL  ") + what, flush=True)
        if not good:
            self.failed = True
            for line in str(why).splitlines():
                print("      " + line)

    def end(self):
        sys.exit(1 if self.failed else 0)


if __name__ == "__main__":
    if sys.argv[1] == "forge":
        print(forge(*sys.argv[2:]))
    else:
        for found in feed(*sys.argv[2:]):
            print(json.dumps(found, ensure_ascii=False))
