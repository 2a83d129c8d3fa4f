"""The figures, what they are held against, and the table."""

import statistics

FLOOR, PEER = "floor", "toxcore"


class Figure:
    """ours, floor, peer: keys of samples. targets: (against, factor); against None: the number
    itself. More is better when `more`."""

    def __init__(self, name, unit, ours, targets, floor=None, peer=None, more=False, later=""):
        self.name, self.unit, self.ours, self.targets = name, unit, ours, targets
        self.keys = {FLOOR: floor, PEER: peer}
        self.more, self.later = more, later


FIGURES = [
    Figure("texts, 200 bytes, durable both ends", "/s", "ours.bulk.per_s",
           [(FLOOR, 0.35), (PEER, 2)], "floor.batch.per_s", "tox.bulk.per_s", True, "0.6 x floor"),
    Figure("CPU a text, bulk, both ends", "us", "ours.bulk.cpu_us", [(FLOOR, 2.5)],
           "floor.batch.cpu_us", "tox.bulk.cpu_us", later="below toxcore"),
    Figure("CPU a text, one an event, pipelined", "us", "ours.each.cpu_us", [(FLOOR, 1.6)],
           "floor.each.cpu_us", later="1.2 x floor"),
    Figure("send to receipt, one at a time, p50", "ms", "ours.single.p50_ms", [(FLOOR, 2)],
           "floor.single.p50_ms", later="1.3 x floor"),
    Figure("send to receipt, one at a time, p99", "ms", "ours.single.p99_ms", [(FLOOR, 3)],
           "floor.single.p99_ms", later="2 x floor"),
    Figure("ping-pong of two texts, p50", "ms", "ours.talk.p50_ms", [(None, 5)],
           "floor.single.p50_ms", "tox.talk.p50_ms", later="3"),
    Figure("wire, both ways with receipt, bulk", "bytes", "ours.bulk.wire", [(None, 400)],
           "floor.batch.wire", "tox.bulk.wire", later="330"),
    Figure("wire, both ways with receipt, single", "bytes", "ours.single.wire", [(None, 1100)],
           "floor.single.wire", later="900"),
    Figure("RSS, empty", "MiB", "empty.rss_mib", [(None, 10)], later="7"),
    Figure("RSS, 1,000 contacts, 100,000 texts", "MiB", "past100000.rss_mib", [(None, 24)],
           "floor.rss.rss_mib", "tox.away.rss_mib", later="12"),
    Figure("idle, one link, a node", "bytes/s", "ours.idle.bytes_s", [(None, 10)],
           peer="tox.idle.bytes_s", later="3"),
    Figure("idle, one link, CPU of a node", "%", "ours.idle.cpu_pct", [(None, 0.05)],
           peer="tox.idle.cpu_pct", later="0.01"),
    Figure("CPU, 1,000 contacts away", "%", "ours.away.cpu_pct", [(None, 0.2)],
           peer="tox.away.cpu_pct"),
    Figure("start to first answer, 1,000,000 texts", "ms", "past1000000.start_ms", [(None, 150)],
           peer="tox.away.start_ms", later="40"),
    Figure("the same, against 10,000 texts", "x", "start.ratio", [(None, 1.3)]),
]

# Not held against anything; (what, key, unit).
NOTES = [
    ("the writing client's own CPU in bulk, not in the figures above", "ours.bulk.client_us",
     "us a text"),
    ("CPU of both nodes, one text at a time", "ours.single.cpu_us", "us a text"),
    ("CPU of both nodes, ping-pong", "ours.talk.cpu_us", "us an exchange"),
    ("floor, one at a time", "floor.single.cpu_us", "us a text"),
    ("one an event, pipelined", "ours.each.per_s", "texts/s"),
    ("floor, one an event, pipelined", "floor.each.per_s", "texts/s"),
    ("CPU while 1,000 contacts away are dialled for the first minutes", "ours.away.early_pct", "%"),
    ("status with 1,000,000 texts", "past1000000.status_ms", "ms"),
    ("store of 1,000,000 texts", "past1000000.store_mib", "MiB"),
]


def derive(samples):
    """What is made of two other figures of one round."""
    pairs = zip(samples.get("past1000000.start_ms", []), samples.get("past10000.start_ms", []))
    samples["start.ratio"] = [most / many for most, many in pairs]


def number(value):
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def spread(values):
    if not values:
        return "-"
    middle = number(statistics.median(values))
    if len(values) == 1:
        return middle
    return f"{middle} [{number(min(values))} - {number(max(values))}]"


def ratio(ours, other):
    """Each round against itself: what slowed both of them down cancels out."""
    pairs = [a / b for a, b in zip(ours, other) if b > 0]
    return statistics.median(pairs) if pairs else None


def verdict(figure, samples):
    ours = samples.get(figure.ours)
    if not ours:
        return "not measured"
    for against, factor in figure.targets:
        other = samples.get(figure.keys.get(against) or "", [])
        value = statistics.median(ours) if against is None else ratio(ours, other)
        if value is None:
            continue
        if value < factor if figure.more else value > factor:
            return "MISSES"
    return "meets"


def target(figure):
    sign = ">=" if figure.more else "<="
    words = [f"{factor} x {against}" if against else f"{factor}"
             for against, factor in figure.targets]
    return f"{sign} {', '.join(words)}"


def against(figure, kind, samples):
    """The other's figure and ours as a multiple of it."""
    other = samples.get(figure.keys[kind] or "", [])
    times = ratio(samples.get(figure.ours, []), other)
    if times is None:
        return "", ""
    return number(statistics.median(other)), f"{times:.2f} x"


def lines(samples):
    rows = [("figure", "ours, median [min - max]", "", "floor", "ours", "toxcore", "ours", "target",
             "later", "verdict")]
    for figure in FIGURES:
        rows.append((figure.name, spread(samples.get(figure.ours, [])), figure.unit,
                     *against(figure, FLOOR, samples), *against(figure, PEER, samples),
                     target(figure), figure.later, verdict(figure, samples)))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    right = {1, 3, 4, 5, 6}
    for row in rows:
        yield "  ".join(cell.rjust(width) if i in right else cell.ljust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))).rstrip()
    yield ""
    for what, key, unit in NOTES:
        if samples.get(key):
            yield f"{what}: {spread(samples[key])} {unit}"
