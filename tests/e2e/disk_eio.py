"""The disk answers EIO, to a sync or to a write, once and for good, while Ana writes: nothing that
it did not take is acknowledged or sent, the node says so and ends with its code, and the next one
goes on from what is on the disk; or, when the disk still refuses, says that and does not loop."""

import os
import shutil
import sys
import threading

from disk_faults import ALWAYS, ONCE, FaultNode, is_clean, look_at_store
from rpc import Client, Refused
from talk import Report, meet, until

report = Report()


class Writer:
    """Texts one after the other until one is refused or the node is gone."""

    def __init__(self, node, name):
        self.node, self.name, self.told, self.why = node, name, [], None
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            client = Client(self.node.socket, timeout=15)
            for i in range(10_000):
                text = f"{self.name} {i}"
                self.last = text
                client.call("send", {"to": ["Bao"], "text": text})
                self.told.append(text)
        except Refused as refused:
            self.why = str(refused)
        except (OSError, EOFError):
            self.why = "gone"


def scenario(ana, bao, kind, then):
    name = f"{kind} {'for good' if then == ALWAYS else 'once'}"
    until("linked", 30, lambda: ana.call("status")["online"] == 1)
    writer = Writer(ana, name)
    until("some are taken", 20, lambda: len(writer.told) > 20)
    ana.faults.arm(kind, 7, then)
    writer.thread.join()
    code = ana.process.wait(15)
    report.check(f"{name}: the node ends with code 1", code == 1, f"{code}: {ana.log()[-600:]}")
    report.check(f"{name}: the call of that moment is refused", (writer.why or "").startswith(
        ("storage", "gone")), writer.why)
    report.check(f"{name}: the log says what the disk did",
                 "store.failed error=storage" in ana.log(), ana.log()[-600:])
    if then == ALWAYS:
        ana.start(wait=False)
        code = ana.up_or_gone()
        report.check(f"{name}: a new start says so, code 9, and the units leave it at that",
                     code == 9 and "cannot" in ana.log(), f"{code}: {ana.log()[-600:]}")
    ana.faults.calm()
    verdict, _ = look_at_store(ana.data)
    report.check(f"{name}: the store is whole", verdict == "ok", verdict)
    ana.start()
    there = [t["text"] for t in ana.texts(mine=True) if t["text"].startswith(name + " ")]
    kept = writer.told if len(there) == len(writer.told) else writer.told + [writer.last]
    report.check(f"{name}: all {len(writer.told)} that were acknowledged are there, in order",
                 there == kept, f"{len(there)} and {len(kept)}: {there[-3:]}, {kept[-3:]}")
    until("they arrive", 60, lambda: [t["text"] for t in bao.texts(mine=False)
                                      if t["text"].startswith(name + " ")] == there)
    report.check(f"{name}: and with Bao, once, in order", True)


def receiving(ana, bao):
    """Ana's disk refuses what Bao sends: he does not take it for delivered."""
    until("linked", 30, lambda: ana.call("status")["online"] == 1)
    ana.faults.arm("sync", 1, ALWAYS)
    n = bao.call("send", {"to": ["Ana"], "text": "while the disk refuses"})[0]["n"]
    code = ana.process.wait(15)
    state = bao.call("message.get", {"n": n})["state"]
    report.check("receiving: the node ends, and the sender has no receipt",
                 code == 1 and state in ("queued", "sent"), f"{code} {state}")
    ana.faults.calm()
    ana.start()
    until("it arrives", 60, lambda: bao.call("message.get", {"n": n})["state"] == "delivered")
    there = [t["text"] for t in ana.texts(mine=False)]
    report.check("receiving: it arrives afterwards, once",
                 there.count("while the disk refuses") == 1, there)


def checkpoint(ana):
    """The log is folded in at rest, and the disk refuses: nothing is lost with it."""
    before = len(ana.texts())
    ana.faults.arm("sync", 2, ONCE)
    ana.call("send", {"to": ["Bao"], "text": "then it is quiet"})
    until("the log is folded in, or not", 15, lambda: ana.faults.hits("sync") == 1)
    ana.faults.calm()
    code = ana.up_or_gone()
    if code is not None:
        report.check("folding in: its end is clean", is_clean(code, ana.log()), ana.log()[-400:])
        ana.start()
    report.check("folding in: every text is there", len(ana.texts()) == before + 1)


def main():
    ana, bao = FaultNode("Ana"), FaultNode("Bao")
    for node in (ana, bao):
        node.start()
        node.call("init", {"name": node.name})
    meet(ana, bao)
    for kind in ("sync", "write"):
        for then in (ONCE, ALWAYS):
            scenario(ana, bao, kind, then)
    receiving(ana, bao)
    checkpoint(ana)
    ana.stop()
    bao.stop()
    report.end()


if __name__ == "__main__":
    main()
