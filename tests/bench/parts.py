"""The pieces of a run. Each is one function that starts what it measures, waits for it and gives
{key: number}; ./run calls it in a process, and where it may, a network, of its own."""

import os
import socket
import subprocess
import time
from pathlib import Path

SIZES = {
    "full": dict(batch=50000, each=10000, single=1000, bulk=50000, alone=10000, talk=500, tox=20000,
                 tox_talk=40, idle=120, away=240),
    "quick": dict(batch=10000, each=3000, single=200, bulk=10000, alone=3000, talk=100, tox=5000,
                  tox_talk=10, idle=15, away=60),
}
CPU_A, CPU_B = 1, 0
CONTACTS = 1000
MANY, MORE, MOST = 10_000, 100_000, 1_000_000
SETTLE_S = 3  # a store's pages and a start's garbage are given back
REST_S = 10   # before idleness is measured; sizes['away'] more while dials back off

CONF = """[listen]
address = 127.0.0.1:0
advertise = {advertise}
[direct]
items_per_event = {items}
[log]
level = warning
"""


class Failed(Exception):
    """What was to be measured did not work."""


class Place:
    """Where things are: programs, a folder on a real disk, sizes."""

    def __init__(self, build, folder, sizes):
        self.build, self.folder, self.sizes = Path(build), Path(folder), sizes

    def program(self, name):
        return str(self.build / "tests/bench" / f"bench_{name}")

    def measure(self, name, *arguments):
        """Runs a program of the bench; its lines as {key: number}."""
        done = subprocess.run([self.program(name), *map(str, arguments)], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise Failed(f"bench_{name} {' '.join(map(str, arguments))}: {done.stderr.strip()}")
        pairs = (line.split("\t") for line in done.stdout.splitlines())
        return {key: float(value) for key, value in pairs}

    def make(self, *names):
        path = self.folder.joinpath(*names)
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path


def command(place, home, items=64, advertise=""):
    conf = home / "conf"
    conf.write_text(CONF.format(items=items, advertise=advertise))
    return [str(place.build / "daemon/valised"), "--config", str(conf), "--data", str(home),
            "--socket", str(home / "rpc")]


def pin(cpu):
    os.sched_setaffinity(0, {cpu % os.cpu_count()})


class Node:
    """A valised in a folder of its own, on one processor, until the `with` ends."""

    def __init__(self, place, home, cpu, **conf):
        self.socket = str(home / "rpc")
        self.process = subprocess.Popen(command(place, home, **conf), stderr=subprocess.PIPE,
                                        preexec_fn=lambda: pin(cpu))

    def __enter__(self):
        for _ in range(500):
            with socket.socket(socket.AF_UNIX) as probe:
                if probe.connect_ex(self.socket) == 0:
                    return self
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        self.process.kill()
        raise Failed(f"valised did not start: {self.process.stderr.read().decode()}")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate()

    @property
    def pid(self):
        return self.process.pid

    def cpu_s(self):
        threads = Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((t / "schedstat").read_text().split()[0]) for t in threads) / 1e9


class Pair:
    """Two fresh nodes that are contacts and have a link."""

    def __init__(self, place, name, items=64):
        self.place = place
        self.a = Node(place, place.make(name, "a"), CPU_A, items=items)
        self.b = Node(place, place.make(name, "b"), CPU_B, items=items)

    def __enter__(self):
        self.a.__enter__()
        self.b.__enter__()
        self.place.measure("load", "pair", self.a.socket, self.b.socket)
        return self

    def __exit__(self, *what):
        self.a.__exit__(*what)
        self.b.__exit__(*what)

    def load(self, kind, n):
        return self.place.measure("load", kind, self.a.socket, self.b.socket, self.a.pid,
                                  self.b.pid, n)


def lo_bytes():
    for line in Path("/proc/net/dev").read_text().splitlines():
        if line.strip().startswith("lo:"):
            return int(line.split(":")[1].split()[0])
    return 0


def named(group, values):
    return {f"{group}.{key}": value for key, value in values.items()}


def floor_batch(place, _):
    return named("floor.batch", place.measure("floor", place.folder, "batch", place.sizes["batch"]))


def floor_each(place, _):
    return named("floor.each", place.measure("floor", place.folder, "each", place.sizes["each"]))


def floor_single(place, _):
    return named("floor.single",
                 place.measure("floor", place.folder, "single", place.sizes["single"]))


def floor_rss(place, _):
    return named("floor.rss", place.measure("floor_rss", place.folder, MORE, CONTACTS))


def tox_bulk(place, _):
    return named("tox.bulk", place.measure("peer_tox", "bulk", place.sizes["tox"]))


def tox_talk(place, _):
    return named("tox.talk", place.measure("peer_tox", "pingpong", place.sizes["tox_talk"]))


def ours_bulk(place, name):
    with Pair(place, name) as pair:
        return named("ours.bulk", pair.load("bulk", place.sizes["bulk"]))


def ours_each(place, name):
    with Pair(place, name, items=1) as pair:
        return named("ours.each", pair.load("bulk", place.sizes["alone"]))


def ours_single(place, name):
    with Pair(place, name) as pair:
        return {**named("ours.single", pair.load("single", place.sizes["single"])),
                **named("ours.talk", pair.load("pingpong", place.sizes["talk"]))}


def start(place, home, group):
    values = place.measure("start", home / "rpc", SETTLE_S,
                           *command(place, home, advertise="192.0.2.1:4647"))
    return named(group, values)


def ours_start(place, name):
    values = start(place, place.make(name, "empty"), "empty")
    for messages in (MANY, MORE, MOST):
        values.update(start(place, place.make("past", str(messages)), f"past{messages}"))
    return values


def ours_idle(place, name):
    with Pair(place, name) as pair:
        time.sleep(REST_S)
        cpu, wire, began = pair.a.cpu_s() + pair.b.cpu_s(), lo_bytes(), time.monotonic()
        time.sleep(place.sizes["idle"])
        took = time.monotonic() - began
        return {"ours.idle.bytes_s": (lo_bytes() - wire) / took / 2,
                "ours.idle.cpu_pct": (pair.a.cpu_s() + pair.b.cpu_s() - cpu) / took / 2 * 100}


def ours_away(place, _):
    home = place.make("past", str(MORE))
    with Node(place, home, CPU_A, advertise="192.0.2.1:4647") as node:
        time.sleep(REST_S)
        at = [(node.cpu_s(), time.monotonic())]
        for seconds in (place.sizes["away"], place.sizes["idle"]):
            time.sleep(seconds)
            at.append((node.cpu_s(), time.monotonic()))
        early, late = ((b[0] - a[0]) / (b[1] - a[1]) * 100 for a, b in zip(at, at[1:]))
        return {"ours.away.early_pct": early, "ours.away.cpu_pct": late}


def tox_idle(place, _):
    return named("tox.idle", place.measure("peer_tox", "idle", place.sizes["idle"]))


def tox_away(place, _):
    return named("tox.away", place.measure("peer_tox", "away", place.sizes["idle"]))


def fill(place, _):
    """The stores every later start works on."""
    for messages in (MANY, MORE, MOST):
        path = place.make("past", str(messages)) / "node.db"
        place.measure("fill", path, CONTACTS, messages)
        path.chmod(0o600)
        start(place, path.parent, "warm")  # what only the first start after long has to do
    return {}


# Side by side in every round, floor, ours and peer turn about; then, once, what takes its time.
ROUND = [floor_batch, ours_bulk, tox_bulk, floor_each, ours_each, floor_single, ours_single,
         tox_talk, floor_rss, ours_start]
QUIET = [ours_idle, ours_away, tox_idle, tox_away]
PARTS = {part.__name__: part for part in [fill, *ROUND, *QUIET]}
