"""Eight citizens in one group, few of them contacts. They write all the time, while nodes are
killed (kill -9) and others are cut off for a while (SIGSTOP: to the rest that is a line that went
dead). In the end all of them list the same members with the same levels, and the same history, byte
for byte, by the client's read --json.

GROUP_SECONDS (12): how long. GROUP_SEED: the same choices again; the moments differ all the
same."""

import collections
import json
import os
import random
import signal
import subprocess
import time

from rpc import Refused
from talk import Report, citizen, until

SECONDS = int(os.environ.get("GROUP_SECONDS", 12))
SEED = int(os.environ.get("GROUP_SEED", time.time_ns() % 1_000_000))
NAMES = ["ana", "bao", "chidi", "dora", "emre", "fatima", "goran", "hana"]
GROUP = "@Eight"
MEET_S = 40         # until an invitation has become a membership
PEACE_S = 120       # until all know all
SAME = ("item", "author_id", "text", "stamp", "hour")    # the rest is each node's own


def meet(inviter, taker):
    link = inviter.call("invite.create", {"as": taker.name})["link"]
    taker.call("invite.accept", {"link": link, "as": inviter.name})

    def ready(node, other):
        return any(c["name"] == other.name and c["state"] == "ready"
                   for c in node.call("contact.list"))
    until(f"{inviter.name} and {taker.name} meet", MEET_S,
          lambda: ready(inviter, taker) and ready(taker, inviter))


def state(node):
    try:
        return node.call("group.get", {"group": GROUP})["state"]
    except Refused:
        return None


def join(host, guest):
    """A contact of the host's becomes a member."""
    host.call("group.invite", {"group": GROUP, "who": guest.name})
    until(f"{guest.name} hears of the invitation", MEET_S, lambda: state(guest) == "invited")
    guest.call("group.join", {"group": GROUP})
    until(f"{guest.name} is a member", MEET_S, lambda: state(guest) == "ready")


def members(node):
    return [(m["id"], m["level"]) for m in node.call("group.members", {"group": GROUP})]


def history(node):
    """What the client's read prints, a line of JSON for each text: the fields that all share."""
    out = subprocess.run(
        [os.environ["VALISE"], "--socket", node.socket, "read", GROUP, "--count", "500", "--json"],
        check=True, stdout=subprocess.PIPE, env={**os.environ, "HOME": node.home}).stdout
    texts = [json.loads(line) for line in out.decode().splitlines()]
    return [json.dumps([t[k] for k in SAME]) for t in texts]


class Storm:
    def __init__(self, nodes, rng):
        self.nodes, self.rng = nodes, rng
        self.taken = {}             # text -> who; the node said that it has it
        self.count = 0
        self.stopped = {}           # node -> until when
        self.did = collections.Counter()

    def say(self, node):
        self.count += 1
        text = f"{node.name} says {self.count} " + "x" * self.rng.randint(0, 200)
        sent = node.call("send", {"to": [GROUP], "text": text, "cid": f"c{self.count}"})[0]
        if sent["n"] == 0:
            raise AssertionError(f"{node.name} cannot speak: {sent}")
        self.taken[text] = node.name

    def wake(self, now):
        for node in [n for n, end in self.stopped.items() if end <= now]:
            node.process.send_signal(signal.SIGCONT)
            del self.stopped[node]

    def step(self, now):
        self.wake(now)
        node = self.rng.choice(self.nodes)
        if node in self.stopped:
            return
        dice = self.rng.random()
        if dice < 0.06:
            node.kill9()
            node.start(wait=False)
            self.did["kills"] += 1
        elif dice < 0.10 and len(self.stopped) < 3:
            node.process.send_signal(signal.SIGSTOP)
            self.stopped[node] = now + self.rng.uniform(1, 8)
            self.did["stops"] += 1
        else:
            self.say(node)

    def run(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.step(time.monotonic())
            time.sleep(self.rng.uniform(0, 0.1))
        self.wake(end + 1000)


def main():
    report = Report()
    rng = random.Random(SEED)
    print(f"      seed {SEED}", flush=True)
    nodes = [citizen(name) for name in NAMES]
    hosts = {node: nodes[(i - 1) // 2] for i, node in enumerate(nodes) if i > 0}
    nodes[0].call("group.create", {"name": GROUP[1:], "admit": "member"})
    for node in nodes[1:]:
        meet(hosts[node], node)
        join(hosts[node], node)
    until("all see eight members", MEET_S, lambda: all(len(members(n)) == 8 for n in nodes))
    report.check("eight nodes are in one group, each let in by somebody they know", True)

    storm = Storm(nodes, rng)
    storm.run(SECONDS)
    print(f"      {len(storm.taken)} texts, {storm.did['kills']} kills, {storm.did['stops']} stops")
    report.check("the nodes went on each time", all(n.call("status") for n in nodes))

    def all_equal():
        first = history(nodes[0])
        return len(first) == len(storm.taken) and all(history(n) == first for n in nodes[1:])
    try:
        began = time.monotonic()
        until("all histories are equal", PEACE_S, all_equal, 1)
        print(f"      all equal {time.monotonic() - began:.1f} s after the last blow")
        report.check("all eight histories are equal, byte for byte", True)
    except AssertionError:
        kept = [history(n) for n in nodes]
        report.check("all eight histories are equal, byte for byte", False,
                     "\n".join(f"{n.name}: {len(h)} of {len(storm.taken)}, "
                               f"{len(set(kept[0]) - set(h))} that only ana has, "
                               f"{n.call('group.get', {'group': GROUP})}"
                               for n, h in zip(nodes, kept)))
    listed = collections.Counter(json.loads(line)[2] for line in history(nodes[0]))
    report.check("every text that a node took is there once",
                 listed == collections.Counter(storm.taken.keys()),
                 list((collections.Counter(storm.taken.keys()) - listed).items())[:5])
    report.check("all list the same members with the same levels",
                 len({json.dumps(members(n)) for n in nodes}) == 1)
    for node in nodes:
        log = node.log_lines(r" (warning|error) |assert|Sanitizer")
        report.check(f"{node.name}'s node has nothing to complain of", not log, "".join(log[:5]))
        report.check(f"{node.name}'s node ends well", node.stop() == 0)
    report.end()


main()
