"""Everything that gives memory or a descriptor fails in turn: in the start of a node, and while a
text goes from Ana to Bao and back. Whatever happens, the node says why it ends, or goes on; its
store opens and is whole; what it acknowledged is there, once, and arrives.

DISK_SWEEP (8): how many moments of each kind are tried; `all` of them takes a quarter of an hour.
"""

import os
import shutil
import time

from disk_faults import FaultNode, is_clean, look_at_store, spread
from rpc import Client, Refused
from talk import Report, meet, until

SOME = os.environ.get("DISK_SWEEP", "8")
POINTS = 1 << 30 if SOME == "all" else int(SOME)
TEXTS = 20          # before it begins
PEACE_S = 60
ECHO_S = 0.5        # for a text to go, its receipt to come, and the same from the other side
report = Report()


def starts(node, base, kind):
    """Copies of one store, each start of which has another failure."""

    def one(moment):
        shutil.rmtree(node.data, ignore_errors=True)
        shutil.copytree(base, node.data)
        node.faults.arm(kind, moment)
        node.start(wait=False)
        code = node.up_or_gone()
        seen = node.faults.seen(kind)
        if code is None:
            code = node.stop()
        node.faults.calm()
        return code, seen

    total = one(0)[1]
    ended, bad = 0, []
    for moment in spread(total, POINTS):
        code, _ = one(moment)
        ended += code != 0
        if not is_clean(code, node.log()):
            bad.append(f"{kind} {moment}: exit {code}: {node.log()[-400:]}")
        verdict, texts = look_at_store(node.data)
        if (verdict, texts) != ("ok", TEXTS):
            bad.append(f"{kind} {moment}: {verdict}, {texts} texts: {node.log()[-400:]}")
        node.start(wait=False)
        if node.up_or_gone() is not None or len(node.texts()) != TEXTS:
            bad.append(f"{kind} {moment}: does not start again: {node.log()[-400:]}")
        elif node.stop() != 0:
            bad.append(f"{kind} {moment}: does not end well")
    report.check(f"start: {min(POINTS, total)} of {total} of {kind} fail, {ended} nodes end and say"
                 " why, every store is whole", not bad, "\n".join(bad))


def say(node, text):
    """True: it was acknowledged. False: refused, or nobody knows."""
    try:
        client = Client(node.socket, timeout=15)
        try:
            client.call("send", {"to": ["Bao" if node.name == "Ana" else "Ana"], "text": text})
        finally:
            client.close()
    except (OSError, EOFError, Refused):
        return False
    return True


def brought(node):
    """It runs, or does so again; True when it had ended. It may be about to."""
    code = node.process.poll()
    if code is None:
        try:
            node.call("status")
            return False
        except (OSError, EOFError, Refused):
            until("it ends", 15, lambda: node.process.poll() is not None)
            code = node.process.returncode
    if not is_clean(code, node.log()):
        report.check("its end is clean", False, f"exit {code}: {node.log()[-800:]}")
    node.faults.calm()
    node.start()
    return True


def life(ana, bao, kind):
    """Ana's node fails while she writes, and while she hears from Bao."""
    ended, told, hits = 0, {ana: [], bao: []}, 0
    until("linked", 30, lambda: ana.call("status")["online"] == 1)
    ana.faults.arm(kind, 0)
    for n in (ana, bao):
        say(n, f"measure {kind}")
    time.sleep(ECHO_S)
    total = ana.faults.seen(kind)
    for moment in spread(total, POINTS):
        if SOME != "all":
            until("linked", 30, lambda: ana.call("status")["online"] == 1)
        ana.faults.arm(kind, moment)
        for n in (ana, bao):
            text = f"{kind} {moment} of {n.name}"
            if say(n, text):
                told[n].append(text)
        end = time.monotonic() + ECHO_S
        while ana.faults.hits(kind) == 0 and time.monotonic() < end:
            time.sleep(0.005)
        hits += ana.faults.hits(kind) > 0
        ana.faults.calm()
        ended += brought(ana)
    lost, doubled = [], []
    for n, other in ((ana, bao), (bao, ana)):
        def missing():
            there = [t["text"] for t in other.texts(mine=False)]
            doubled[:] = [t for t in there if there.count(t) > 1]
            lost[:] = [t for t in told[n] if t not in there]
            return not lost
        try:
            until("they arrive", PEACE_S, missing, 0.2)
        except AssertionError:
            pass
        report.check(f"{n.name}: {len(told[n])} acknowledged while {hits} of {total} of {kind} "
                     f"failed at Ana's: all arrived, once", not lost and not doubled,
                     f"lost {lost}, doubled {doubled}")
    verdict, _ = look_at_store(ana.data)
    report.check(f"Ana's node ended {ended} times, and her store is whole", verdict == "ok",
                 verdict)


def main():
    ana, bao = FaultNode("Ana"), FaultNode("Bao")
    for node in (ana, bao):
        node.start()
        node.call("init", {"name": node.name})
    meet(ana, bao)
    for i in range(TEXTS):
        ana.call("send", {"to": ["Bao"], "text": f"before {i}"})
    until("quiet", 20, lambda: ana.call("status")["queued"] == 0)
    ana.kill9()     # with a log to be read again
    base = ana.home + "/base"
    shutil.copytree(ana.data, base)
    for kind in ("memory", "files"):
        starts(ana, base, kind)
    shutil.rmtree(ana.data)
    shutil.copytree(base, ana.data)
    ana.start()
    for kind in ("memory", "files"):
        life(ana, bao, kind)
    ana.stop()
    bao.stop()
    report.end()


if __name__ == "__main__":
    main()
