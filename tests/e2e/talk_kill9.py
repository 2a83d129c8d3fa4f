"""Ana and Bao write to each other without a pause while their nodes are killed, again and again, at
moments nobody chose. In the end every text that a node took is on the other side once, in order;
what was called delivered was there when it was said; and whoever follows the events with
acknowledgements was told everything, and nothing twice.

TALK_KILLS (200): how many. TALK_SEALED=1: both stores are encrypted. TALK_SEED: the same choices
again; the moments differ all the same."""

import collections
import os
import random
import threading
import time

from talk import Report, Refused, citizen, feed, meet, until

KILLS = int(os.environ.get("TALK_KILLS", 200))
SEED = int(os.environ.get("TALK_SEED", time.time_ns() % 1_000_000))
SEALED = os.environ.get("TALK_SEALED", "0") == "1"
STORM_S = 70 * max(KILLS, 200) / 200   # the kills take no longer
PEACE_S = 30        # to deliver all of it afterwards
PACE_S = 0.06       # of a writer, between two bursts, at most
BURST = 12          # texts in flight at once
UNACKED = 40        # events before an acknowledgement


class Fault(Exception):
    """A promise was broken."""


class Side:
    """One citizen: who writes, who follows the events, and what both saw."""

    def __init__(self, node, other, rng):
        self.node, self.other, self.rng = node, other, rng
        self.taken = {}             # text -> its number, once the node said so
        self.retries = 0
        self.seen = {}              # cursor -> event
        self.acked = 0
        self.shown_again = 0
        self.delivered = 0          # the newest number of mine that was called delivered
        self.hold = threading.Event()    # the next `delivered` is not acknowledged ...
        self.held = threading.Event()    # ... and this says that it came
        self.written_to_end = threading.Event()
        self.fault = None


class Talk:
    def __init__(self):
        self.rng = random.Random(SEED)
        ana, bao = citizen("ana"), citizen("bao")
        meet(ana, bao)
        for node in (ana, bao) if SEALED else ():
            node.seal()
        self.sides = [Side(ana, bao, random.Random(self.rng.random())),
                      Side(bao, ana, random.Random(self.rng.random()))]
        self.writing, self.following = threading.Event(), threading.Event()
        self.writing.set()
        self.following.set()
        self.kills = collections.Counter()

    def threads(self):
        for side in self.sides:
            for work in (self.write, self.follow):
                thread = threading.Thread(target=self.guard, args=(work, side), daemon=True)
                thread.start()
                yield thread

    def guard(self, work, side):
        try:
            work(side)
        except Exception as fault:  # a broken promise, or the node is not what it should be
            side.fault = side.fault or f"{side.node.name}: {type(fault).__name__}: {fault}"

    # Writing: each text has a cid and is sent until the node has answered.

    def write(self, side):
        client, number = None, 0
        while self.writing.is_set():
            burst = []
            for _ in range(side.rng.randint(1, BURST)):
                size = side.rng.choice((0, 0, 20, 200, 200, 4000))
                burst.append(f"{side.node.name} {number} " + "x" * side.rng.randint(0, size))
                number += 1
            if side.taken and side.rng.random() < 0.1:  # one that was answered, once more
                burst.insert(0, side.rng.choice(list(side.taken)[-50:]))
            while burst:
                try:
                    client = client or side.node.client()
                    self.send_burst(side, client, burst)
                except (OSError, EOFError):
                    client, side.retries = None, side.retries + len(burst)
            time.sleep(side.rng.random() * PACE_S)
        side.written_to_end.set()

    def send_burst(self, side, client, burst):
        """All in flight at once; `burst` loses what was answered."""
        calls = [client.request("send", {"to": [side.other.name], "text": text,
                                         "cid": " ".join(text.split(" ")[:2])}) for text in burst]
        client.send(b"".join(calls))
        while burst:
            frame = client.receive()
            if frame is None:
                raise EOFError
            if frame[2] is not None:
                raise Fault(frame[2])
            text, sent = burst.pop(0), frame[3][0]
            if sent["n"] == 0:
                raise Fault(f"{text[:20]} was refused: {sent}")
            if side.taken.setdefault(text, sent["n"]) != sent["n"]:
                raise Fault(f"{text[:20]} has two numbers: {side.taken[text]}, {sent['n']}")

    # Following: acknowledged events never come again, others come again as they were.

    def follow(self, side):
        while self.following.is_set():
            try:
                client = side.node.client()
                client.socket.settimeout(0.2)
                start = client.call("events.subscribe", {"consumer": "reader"})["cursor"]
                if start < side.acked:
                    raise Fault(f"acknowledged {side.acked}, and it starts again at {start}")
                self.follow_on(side, client, start)
            except (OSError, EOFError):
                continue

    def follow_on(self, side, client, last):
        unacked, patience = 0, side.rng.randint(1, UNACKED)
        while self.following.is_set():
            try:
                event = self.next_event(client)
            except TimeoutError:
                event = None
            if event is not None:
                if event["cursor"] <= last:
                    raise Fault(f"event {event['cursor']} comes after {last}")
                last = event["cursor"]
                self.keep(side, event)
                unacked += 1
            if unacked > 0 and not side.held.is_set() and (unacked >= patience or event is None):
                client.socket.settimeout(5)
                if event and event["type"] == "message" and side.rng.random() < 0.3:
                    client.call("message.mark_read", {"who": side.other.name, "upto": event["n"]})
                client.call("events.ack", {"consumer": "reader", "cursor": last})
                client.socket.settimeout(0.2)
                side.acked, unacked, patience = last, 0, side.rng.randint(1, UNACKED)

    @staticmethod
    def next_event(client):
        if client.events:
            return client.events.pop(0)
        frame = client.receive()
        if frame is None:
            raise EOFError
        return frame[2][0]

    @staticmethod
    def keep(side, event):
        before = side.seen.get(event["cursor"])
        if before is not None and before != event:
            raise Fault(f"event {event['cursor']} is another now: {before} {event}"[:300])
        side.shown_again += before is not None
        side.seen[event["cursor"]] = event
        if event["type"] == "delivered":
            side.delivered = max(side.delivered, event["last"])
            if side.hold.is_set():
                side.held.set()

    # Killing.

    def storm(self):
        end = time.monotonic() + STORM_S
        ways = [self.at_random, self.at_random, self.while_linking, self.before_ack, self.both]
        while sum(self.kills.values()) < KILLS and time.monotonic() < end and not self.faults():
            victim, survivor = self.rng.sample(self.sides, 2)
            self.rng.choice(ways)(victim, survivor)

    def faults(self):
        return [side.fault for side in self.sides if side.fault]

    def traffic(self, side):
        """Waits for a sign that texts cross; not for ever."""
        seen, end = side.delivered, time.monotonic() + 1
        while side.delivered == seen and time.monotonic() < end:
            time.sleep(0.002)

    def at_random(self, victim, survivor):
        self.traffic(survivor)
        time.sleep(self.rng.random() * 0.05)
        self.kill(victim, survivor, "amid traffic")

    def while_linking(self, victim, survivor):
        time.sleep(self.rng.random() * 0.02)
        self.kill(victim, survivor, "while starting or linking")

    def both(self, victim, survivor):
        self.traffic(victim)
        survivor.node.kill9()
        self.kills["both at once"] += 1
        self.kill(victim, survivor, "both at once")
        survivor.node.start(wait=False)

    def before_ack(self, victim, survivor):
        side = self.rng.choice((victim, survivor))
        side.hold.set()
        if side.held.wait(1):
            self.kill(victim, survivor, "between delivered and its ack" if side is victim else
                      "just after the other was told delivered")
        side.hold.clear()
        side.held.clear()

    def kill(self, victim, survivor, why):
        """What the survivor was told is delivered must be in what the victim kept."""
        victim.node.kill9()
        self.kills[why] += 1
        claim = survivor.delivered
        victim.node.start(wait=False)
        client = victim.node.client()
        try:
            client.call("outbox.retry")
            if claim:
                self.look(client, survivor, claim)
        except (OSError, EOFError) as lost:
            raise Fault(f"{victim.node.name} is gone by itself: {lost}")
        finally:
            client.close()

    @staticmethod
    def look(client, survivor, claim):
        found, before = [], 1 << 62
        while not found:
            some = client.call("message.list", {"limit": 50, "before": before})
            if not some:
                raise Fault("nothing was received, and yet delivered")
            found = [t["text"] for t in some if not t["mine"]]
            before = some[0]["n"]
        newest = int(found[-1].split(" ")[1])
        claimed = next((t for t, n in list(survivor.taken.items()) if n == claim), None)
        if claimed is not None and int(claimed.split(" ")[1]) > newest:
            raise Fault(f"{claimed[:20]} was called delivered; kept is {newest} and what is before")


def in_ranges(events, kind, numbers):
    """Which of the numbers no event of this kind names."""
    ranges = [(e["first"], e["last"]) for e in events if e["type"] == kind]
    return [n for n in numbers if not any(a <= n <= b for a, b in ranges)]


def settle(talk, report):
    """Peace: the writers end, everything arrives, everything is read."""
    talk.writing.clear()
    for side in talk.sides:
        side.written_to_end.wait(10)
    began = time.monotonic()

    def quiet():
        for side in talk.sides:
            side.node.call("outbox.retry")
        return all(not side.node.call("outbox.list") for side in talk.sides)

    until("all is delivered", PEACE_S, quiet, 0.1)
    report.check(f"afterwards the rest is delivered ({time.monotonic() - began:.1f} s)", True)
    for side in talk.sides:
        newest = side.node.texts()[-1]["n"]
        side.node.call("message.mark_read", {"who": side.other.name, "upto": newest})

    def all_read():
        return all(side.node.call("message.get", {"n": n})["state"] == "read" for side, n in last)

    last = [(side, max(side.taken.values())) for side in talk.sides]
    until("all is read", PEACE_S, all_read, 0.1)
    time.sleep(0.5)     # the followers have the last events
    talk.following.clear()


def verify(talk, report):
    for side, other in (talk.sides, talk.sides[::-1]):
        name, their = side.node.name, other.node.name
        said = list(side.taken)
        mine, got = side.node.texts(mine=True), other.node.texts(mine=False)
        report.check(f"{name}'s {len(said)} texts are at {their}'s, each once, in order",
                     [t["text"] for t in got] == said, difference(said, [t["text"] for t in got]))
        report.check(f"{name} has each of them once, under the number it was given",
                     [(t["text"], t["n"]) for t in mine] == list(side.taken.items()),
                     difference(said, [t["text"] for t in mine]))
        states = collections.Counter(t["state"] for t in mine)
        report.check(f"{name} knows that all were read", set(states) == {"read"}, states)
        events = [side.seen[c] for c in sorted(side.seen)]
        told = [(e["n"], e["text"]) for e in events if e["type"] == "message"]
        have = [(t["n"], t["text"]) for t in side.node.texts(mine=False)]
        report.check(f"{name}'s follower was told every text once, in order, and saw "
                     f"{side.shown_again} unacknowledged events again", told == have,
                     difference(have, told))
        for kind in ("delivered", "read"):
            missing = in_ranges(events, kind, side.taken.values())
            report.check(f"and of every text that it was {kind}", not missing, missing[:10])
        later = list(feed(side.node.socket))
        report.check("whoever follows only now is told the same", later == events,
                     difference(events, later))
        status = side.node.call("status")
        report.check(f"{name}'s node could use every record, and nothing waits",
                     (status["set_aside"], status["queued"]) == (0, 0), status)
        report.check(f"{name}'s node has nothing to complain of",
                     not side.node.log_lines(r" (warning|error) |assert|Sanitizer"),
                     "".join(side.node.log_lines(r" (warning|error) |assert|Sanitizer")[:5]))


def difference(expected, got):
    expected, got = [str(x) for x in expected], [str(x) for x in got]
    missing = [x for x in expected if x not in got]
    twice = [x for x, n in collections.Counter(got).items() if n > 1]
    return (f"expected {len(expected)}, got {len(got)}; missing {str(missing[:3])[:200]}; "
            f"twice {str(twice[:3])[:200]}")


def main():
    report = Report()
    print(f"      seed {SEED}", flush=True)
    talk = Talk()
    began = time.monotonic()
    threads = list(talk.threads())
    try:
        talk.storm()
        took = time.monotonic() - began
        kills = sum(talk.kills.values())
        for why, n in sorted(talk.kills.items()):
            print(f"      {n:4} {why}")
        report.check(f"{kills} kills in {took:.1f} s, and the nodes went on each time",
                     kills >= KILLS, f"{KILLS} were asked for")
        if not talk.faults():
            settle(talk, report)
    except (AssertionError, Fault, Refused) as fault:
        report.check("the promises hold", False, fault)
    talk.writing.clear()
    talk.following.clear()
    for thread in threads:
        thread.join(10)
    report.check("no promise was seen broken meanwhile", not talk.faults(),
                 "\n".join(map(str, talk.faults())))
    if not report.failed:
        verify(talk, report)
        print(f"      {sum(s.retries for s in talk.sides)} texts were sent again under their cid")
    for side in talk.sides:
        with open(side.node.home + "/data/node.db", "rb") as f:
            sealed = not f.read(16).startswith(b"SQLite format 3")
        report.check(f"{side.node.name}'s store is {'en' if SEALED else 'not en'}crypted",
                     sealed == SEALED)
        if side.node.process.poll() is None:
            report.check(f"{side.node.name}'s node ends well", side.node.stop() == 0)
    report.end()


main()
