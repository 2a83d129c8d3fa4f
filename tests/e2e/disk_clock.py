"""Clocks that jump by 30 days, either way, and a node that stands still for an hour while the world
goes on: nothing is lost or doubled, what cannot go on says why, and it goes on by itself when the
clock is right again. DISK_CLOCK=1: new links under a clock that is 30 days behind, too."""

import os
import signal

from disk_faults import FaultNode
from talk import Report, meet, until

DAYS_30 = 30 * 86400 * 1000
HOUR = 3600 * 1000
WAIT_S = 60
report = Report()


class Talk:
    def __init__(self, ana, bao):
        self.nodes, self.said = (ana, bao), {ana: [], bao: []}

    def other(self, node):
        return self.nodes[node is self.nodes[0]]

    def say(self, node, text):
        node.call("send", {"to": [self.other(node).name], "text": text})
        self.said[node].append(text)

    def has_all(self, node):
        """Everything that `node` said is with the other, once, in order."""
        return [t["text"] for t in self.other(node).texts(mine=False)] == self.said[node]

    def is_even(self):
        return all(self.has_all(n) for n in self.nodes)

    def goes_on(self, what):
        for n in self.nodes:
            self.say(n, f"{what}, says {n.name}")
            n.call("outbox.retry")
        try:
            until(what, WAIT_S, self.is_even, 0.1)
            report.check(f"{what}: both ways, once, in order", True)
        except AssertionError as why:
            report.check(what, False, f"{why}\n{self.nodes[0].log()[-600:]}")


def findings(node):
    return " | ".join(f["text"] for f in node.call("doctor"))


def no_new_link(talk, ana, name):
    ana.stop()
    ana.start()
    for n in talk.nodes:
        talk.say(n, f"{name}, no link, says {n.name}")
        n.call("outbox.retry")
    try:
        until("a refused dial", 30, lambda: "clock" in findings(ana), 0.2)
        said = True
    except AssertionError:
        said = False
    report.check(f"{name}: no new link, and doctor speaks of the clock", said, findings(ana))
    report.check(f"{name}: nothing arrived that should not", not talk.is_even())


def jumps(talk, ana, days, name, relink):
    ana.faults.clocks(wall_ms=days)
    talk.goes_on(f"{name}: the link that stands")
    if relink:
        no_new_link(talk, ana, name)
    ana.faults.clocks()
    talk.goes_on(f"{name}, and back")


def both_jump(talk, days, name):
    for n in talk.nodes:
        n.faults.clocks(wall_ms=days)
    talk.goes_on(f"{name}: both")
    for n in talk.nodes:
        n.stop()
        n.start()
    talk.goes_on(f"{name}: both, with new links")
    for n in talk.nodes:
        n.faults.clocks()


def stands_still(talk, ana, bao):
    """An hour passes for Bao; for Ana it passes at once, when she goes on."""
    os.kill(ana.process.pid, signal.SIGSTOP)
    for i in range(5):
        talk.say(bao, f"stopped {i}")
    for minute in range(0, 61, 5):
        bao.faults.clocks(wall_ms=minute * 60000, mono_ms=minute * 60000)
        bao.call("status")      # wakes its loop
    report.check("an hour: Bao has no link any more", bao.call("status")["online"] == 0)
    report.check("and nothing of his is called delivered",
                 all(t["state"] != "delivered" for t in bao.texts(mine=True)
                     if t["text"].startswith("stopped")))
    ana.faults.clocks(wall_ms=HOUR, mono_ms=HOUR)
    os.kill(ana.process.pid, signal.SIGCONT)
    report.check("she answers at once", ana.call("status")["name"] == "Ana")
    talk.goes_on("after an hour")


def main():
    ana, bao = FaultNode("Ana"), FaultNode("Bao")
    for node in (ana, bao):
        node.start()
        node.call("init", {"name": node.name})
    meet(ana, bao)
    talk = Talk(ana, bao)
    talk.goes_on("before")
    jumps(talk, ana, DAYS_30, "30 days on", True)
    jumps(talk, ana, -DAYS_30, "30 days back", "DISK_CLOCK" in os.environ)
    both_jump(talk, DAYS_30, "30 days on")
    talk.goes_on("and back")
    stands_still(talk, ana, bao)
    for n in talk.nodes:
        report.check(f"{n.name}'s node ends well", n.stop() == 0)
    report.end()


if __name__ == "__main__":
    main()
