"""Ana and Bao on a bad line: all between them goes through a proxy that delays, cuts, stalls,
flips bits, closes halves and loses whole connections in silence. The line breaks and heals, and the
texts neither know nor mind.

Each kind of trouble has a pair of its own, and all pairs are on their bad lines at the same time;
then the lines are good again, and the rest has to come through.
TALK_SECONDS (12): for how long they write. TALK_SEED: the same choices again."""

import asyncio
import os
import random
import threading
import time

from talk import Refused, Report, citizen, free_port, meet, until

SECONDS = float(os.environ.get("TALK_SECONDS", 12))
SEED = int(os.environ.get("TALK_SEED", time.time_ns() % 1_000_000))
HEAL_S = 60         # afterwards, on a good line: 30 s may pass until a dead link is noticed
PAUSE_S = 0.2       # of a writer, at most
PIECE = 4096        # bytes at once


class Line:
    """One direction of a connection, as a proxy passes it on. Subclasses make the trouble."""

    what = "a good line"

    def __init__(self, proxy):
        self.proxy, self.rng = proxy, proxy.rng

    async def carry(self, data, out):
        """Passes on; False ends both directions."""
        out.write(data)
        await out.drain()
        return True


class Slow(Line):
    """200 ms there, 200 ms back, and 10 KB a second; pieces come apart."""

    what = "slow, late and in pieces"

    async def carry(self, data, out):
        await asyncio.sleep(0.2)
        for i in range(0, len(data), 100):
            out.write(data[i:i + 100])
            await asyncio.sleep(0.01)
        return True


class Cut(Line):
    """The connection ends after some bytes, in the middle of anything."""

    what = "cut after some bytes"

    def __init__(self, proxy):
        super().__init__(proxy)
        self.left = self.rng.randint(0, self.rng.choice((600, 20000, 20000, 20000)))

    async def carry(self, data, out):
        out.write(data[:self.left])
        self.left -= len(data)
        if self.left <= 0:
            self.proxy.troubles += 1
        return self.left > 0


class Stall(Line):
    """Nothing moves for seconds; then everything comes at once."""

    what = "stalled for seconds"

    async def carry(self, data, out):
        if self.rng.random() < 0.05:
            self.proxy.troubles += 1
            await asyncio.sleep(self.rng.uniform(1, 4))
        return await super().carry(data, out)


class Flip(Line):
    """Some bytes into a connection a bit is wrong. The first bytes are the knock."""

    what = "a bit flipped"

    def __init__(self, proxy):
        super().__init__(proxy)
        self.at = self.rng.randint(1500, 30000)

    async def carry(self, data, out):
        if 0 <= self.at < len(data):
            self.proxy.troubles += 1
            data = bytearray(data)
            data[self.at] ^= 1 << self.rng.randrange(8)
        self.at -= len(data)
        return await super().carry(bytes(data), out)


class Half(Line):
    """One direction is closed, the other goes on."""

    what = "one direction closed"

    def __init__(self, proxy):
        super().__init__(proxy)
        self.left = self.rng.randint(500, 20000)
        self.closed = False

    async def carry(self, data, out):
        self.left -= len(data)
        if self.left > 0:
            return await super().carry(data, out)
        if not self.closed and out.can_write_eof():
            self.proxy.troubles += 1
            self.closed = True
            out.write_eof()
        return True     # and what still comes is read and lost


class Hole(Line):
    """From some byte on everything vanishes, and nobody is told."""

    what = "swallowed in silence"

    def __init__(self, proxy):
        super().__init__(proxy)
        self.left = self.rng.randint(2000, 20000)

    async def carry(self, data, out):
        if self.left > 0 and self.left <= len(data):
            self.proxy.troubles += 1
        self.left -= len(data)
        return await super().carry(data, out) if self.left > 0 else True


class Knock(Line):
    """The first connections break inside of the handshake: a bit is wrong in it."""

    what = "a bit flipped in the handshake"

    async def carry(self, data, out):
        if self.proxy.troubles < 3:
            self.proxy.troubles += 1
            data = bytearray(data)
            data[self.rng.randrange(min(len(data), 200))] ^= 1
        return await super().carry(bytes(data), out)


class Proxy:
    """Listens where a node is said to be, and is the line to it."""

    def __init__(self, rng):
        self.kind, self.rng = Line, rng
        self.port = free_port()
        self.target = None
        self.connections = self.troubles = 0

    async def serve(self):
        await asyncio.start_server(self.accept, "127.0.0.1", self.port)

    async def accept(self, reader, writer):
        self.connections += 1
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        ends = [asyncio.create_task(self.pump(reader, far_writer)),
                asyncio.create_task(self.pump(far_reader, writer))]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
        for end in (writer, far_writer):
            end.transport.abort()

    async def pump(self, reader, writer):
        line = self.kind(self)
        try:
            while True:
                data = await reader.read(PIECE)
                if not data or not await line.carry(data, writer):
                    break
            await asyncio.sleep(0.05)   # what was written before goes out
        except OSError:
            pass


class Pair:
    """Two citizens, the lines to each, and who writes."""

    def __init__(self, kind, loop):
        self.kind = kind
        self.rng = random.Random(f"{SEED} {kind.__name__}")
        self.proxies = [Proxy(self.rng), Proxy(self.rng)]
        for proxy in self.proxies:
            asyncio.run_coroutine_threadsafe(proxy.serve(), loop).result()
        name = kind.__name__.lower()
        self.nodes = [citizen(f"ana-{name}", f"127.0.0.1:{self.proxies[0].port}"),
                      citizen(f"bao-{name}", f"127.0.0.1:{self.proxies[1].port}")]
        for node, proxy in zip(self.nodes, self.proxies):
            proxy.target = node.port
        meet(*self.nodes)
        self.said = [[], []]
        self.fault = self.healed = None

    def line_becomes(self, kind):
        """From the next connection on."""
        for proxy in self.proxies:
            proxy.kind = kind

    def hang_up(self):
        """The link on the good line ends, so that the next has the trouble."""
        for node, other in (self.nodes, self.nodes[::-1]):
            node.call("contact.block", {"who": other.name, "blocked": True})
        for node, other in (self.nodes, self.nodes[::-1]):
            node.call("contact.block", {"who": other.name, "blocked": False})

    def live(self):
        try:
            self.line_becomes(self.kind)
            self.hang_up()
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                self.say(self.rng.randrange(2))
                time.sleep(self.rng.random() * PAUSE_S)
            began = time.monotonic()
            self.line_becomes(Line)
            for node in self.nodes:
                node.call("outbox.retry")   # or the next dial may be a minute away
            until(f"{self.kind.what}: everything arrives", HEAL_S, self.is_quiet, 0.2)
            self.healed = time.monotonic() - began
        except (AssertionError, Refused, OSError, EOFError) as fault:
            self.fault = f"{type(fault).__name__}: {fault}"

    def say(self, who):
        size = self.rng.choice((10, 10, 200, 200, 3000))
        text = f"{who} {len(self.said[who])} " + "x" * self.rng.randint(0, size)
        self.nodes[who].call("send", {"to": [self.nodes[1 - who].name], "text": text})
        self.said[who].append(text)

    def is_quiet(self):
        return not any(node.call("outbox.list") for node in self.nodes)

    def check(self, report):
        connections = sum(p.connections for p in self.proxies)
        troubles = sum(p.troubles for p in self.proxies)
        texts = sum(map(len, self.said))
        got = [[t["text"] for t in node.texts(mine=False)] for node in self.nodes]
        good = self.fault is None and got == self.said[::-1]
        why = self.fault or f"expected {texts}, got {sum(map(len, got))}, or not in order"
        report.check(f"{self.kind.what}: {texts} texts, each once, in order", good,
                     why + "\n" + "".join(self.nodes[0].log_lines(".")[-8:]))
        print(f"      {connections} connections, {troubles} troubles, the last text was there "
              f"{self.healed or HEAL_S:.1f} s after the line was good")
        for node in self.nodes:
            bad = node.log_lines(r" (warning|error) |assert|Sanitizer")
            aside = node.call("status")["set_aside"]
            if bad or aside:
                report.check(f"{node.name} has nothing to complain of", False,
                             f"{aside} set aside\n" + "".join(bad[:5]))
            if node.stop() != 0:
                report.check(f"{node.name} ends well", False)


def main():
    report = Report()
    print(f"      seed {SEED}", flush=True)
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    pairs = [Pair(kind, loop) for kind in (Slow, Cut, Stall, Flip, Half, Hole, Knock)]
    threads = [threading.Thread(target=pair.live) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for pair in pairs:
        pair.check(report)
    report.end()


main()
