"""A store that the first version wrote is opened by this one, and the node is killed at every write
and every sync on the way: the next start brings it to its end, with all that was in it. The same
while a damaged store is saved. A store of a newer version is refused, and left as it is.

DISK_KILLS (16): how many moments of each kind; `all` of them takes some minutes."""

import glob
import hashlib
import os
import re
import shutil
import signal
import sqlite3

from disk_faults import KILL, FaultNode, look_at_store, spread
from talk import Report, meet, until

SOME = os.environ.get("DISK_KILLS", "16")
POINTS = 1 << 30 if SOME == "all" else int(SOME)
TEXTS = 60
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
report = Report()


def first_schema():
    """The step that was released, as schema.c has it."""
    with open(TOP + "/lib/store/schema.c") as f:
        text = f.read()
    step = text[text.index("/* 0 -> 1"):text.index("/* 1 -> 2")]
    step = step[step.index("*/") + 2:]
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', step))


def make_old(folder):
    """The store in this folder as the first version would have written it."""
    path = folder + "/node.db"
    new = sqlite3.connect(path)
    new.execute("PRAGMA journal_mode=DELETE")
    old = sqlite3.connect(path + ".old")
    old.execute("PRAGMA page_size=4096")
    old.executescript(first_schema())
    for table, in old.execute("SELECT name FROM sqlite_schema WHERE type='table'").fetchall():
        columns = [c[1] for c in old.execute(f"PRAGMA table_info({table})")]
        rows = new.execute(f"SELECT {','.join(columns)} FROM {table}").fetchall()
        marks = ",".join("?" * len(columns))
        old.executemany(f"INSERT INTO {table} VALUES({marks})", rows)
    old.execute("PRAGMA user_version=1")
    old.commit()
    old.execute("PRAGMA journal_mode=WAL")
    old.close()
    new.close()
    for tail in ("", "-wal", "-shm"):
        if os.path.exists(path + tail):
            os.unlink(path + tail)
    os.rename(path + ".old", path)


def damage(folder):
    """A page of texts, the page of the tables' list: everything is sought, by its form."""
    path = folder + "/node.db"
    with open(path, "r+b") as f:
        data = f.read()
        texts = [i for i in range(1, len(data) // 4096)
                 if data[i * 4096] == 13 and data.count(b"text ", i * 4096, (i + 1) * 4096) > 3]
        for page in (0, texts[len(texts) // 2]):
            f.seek(page * 4096)
            f.write(b"\xa5" * 4096)


def put(node, base):
    shutil.rmtree(node.data, ignore_errors=True)
    shutil.copytree(base, node.data)


def settled(node):
    """Up, and not in the middle of something; or its exit code."""
    code = node.up_or_gone()
    if code is not None:
        return code

    def done():
        if node.process.poll() is not None:
            return True
        try:
            return node.state() == "ready"
        except (OSError, EOFError):
            return False
    until("it settles", 30, done, 0.02)
    return node.process.poll()


def killed_on_the_way(node, base, what, least):
    """least: texts that are there afterwards."""
    for kind in ("write", "sync"):
        put(node, base)
        node.faults.arm(kind, 0)
        node.start(wait=False)
        settled(node)
        total = node.faults.seen(kind)
        node.kill9()
        bad = []
        for moment in spread(total, POINTS):
            put(node, base)
            node.faults.arm(kind, moment, KILL)
            node.start(wait=False)
            code = settled(node)
            if code is None:
                node.kill9()
            elif code != -signal.SIGKILL:
                bad.append(f"{kind} {moment}: exit {code}: {node.log()[-300:]}")
            node.faults.calm()
            node.start(wait=False)
            code = settled(node)
            texts = 0 if code is not None else len(node.texts())
            if code is not None or texts < least:
                bad.append(f"{kind} {moment}: then exit {code}, {texts} texts: {node.log()[-400:]}")
            if code is None:
                node.kill9()
            verdict, _ = look_at_store(node.data)
            left = [p for p in glob.glob(node.data + "/*") if "salvag" in p]
            if verdict != "ok" or left:
                bad.append(f"{kind} {moment}: {verdict}, {left}")
        report.check(f"{what}: killed at {min(POINTS, total)} of {total} of {kind}, and the next "
                     "start has all of it", not bad, "\n".join(bad))


def refuses_newer(node):
    path = node.data + "/node.db"
    db = sqlite3.connect(path)
    version = db.execute("PRAGMA user_version").fetchone()[0]
    db.execute(f"PRAGMA user_version={version + 1}")
    db.commit()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    with open(path, "rb") as f:
        before = hashlib.sha256(f.read()).digest()
    node.start(wait=False)
    code = node.process.wait(15)
    with open(path, "rb") as f:
        same = hashlib.sha256(f.read()).digest() == before
    report.check("a store of a newer version: code 9, said, and left as it is",
                 code == 9 and "written by a newer" in node.log() and same,
                 f"{code} {same} {node.log()}")
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version={version}")
    db.commit()
    db.close()


def main():
    ana, bao = FaultNode("Ana"), FaultNode("Bao")
    for node in (ana, bao):
        node.start()
        node.call("init", {"name": node.name})
    meet(ana, bao)
    for i in range(TEXTS):
        ana.call("send", {"to": ["Bao"], "text": f"text {i} " + "x" * 150})
    until("quiet", 20, lambda: ana.call("status")["queued"] == 0)
    ana.stop()
    damaged, old = ana.home + "/damaged", ana.home + "/old"
    for folder in (damaged, old):
        shutil.copytree(ana.data, folder)
    damage(damaged)
    make_old(old)
    bao.stop()      # every rescue makes Ana's another device, and he is not to meet them all
    killed_on_the_way(ana, damaged, "a damaged store is saved", TEXTS - 40)
    killed_on_the_way(ana, old, "an upgrade from the first version", TEXTS)
    put(ana, old)
    ana.start()
    bao.start()
    ana.call("send", {"to": ["Bao"], "text": "after the upgrade"})
    ana.call("outbox.retry")
    until("the talk goes on", 60, lambda: any(
        t["text"] == "after the upgrade" for t in bao.texts(mine=False)))
    report.check("after an upgrade the talk goes on", True)
    ana.stop()
    refuses_newer(ana)
    bao.stop()
    report.end()


if __name__ == "__main__":
    main()
