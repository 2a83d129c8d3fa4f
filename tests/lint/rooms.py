"""Who may include whom: the house of lib/README.md, kept."""

import posixpath
import re

from tree import bare

# Each room and the rooms it sees beside itself.
SEES = {
    "valise": set(),
    "base": {"valise"},
    "crypto": {"base", "valise"},
    "proto": {"base", "valise"},
    "store": {"crypto", "proto", "base", "valise"},
}
SEES["citizen"] = SEES["store"] | {"store"}
SEES["event"] = SEES["citizen"] | {"citizen"}
for wing in ("conv", "content", "carry"):
    SEES[wing] = SEES["event"] | {"event"}
SEES["core"] = SEES["event"] | {"event", "conv", "content", "carry"}
SEES["daemon"] = SEES["client"] = {"base", "valise"}

# Single files a room sees of a room it does not.
DOORS = {
    "daemon": {"proto/wire.h", "proto/rpc.h"},
    "client": {"proto/wire.h", "proto/rpc.h", "proto/backup.h"},
}

# Foreign headers and the rooms they live in.
FOREIGN = {
    "sqlite3.h": {"store"},
    "uv.h": {"daemon"},
    "sodium.h": {"crypto", "citizen", "store"},
    "msgpack.h": {"proto"},
    "systemd/sd-daemon.h": {"daemon"},
    "libsmartcols.h": {"client"},
    "libsmartcols/libsmartcols.h": {"client"},
    "jansson.h": {"client"},
    "qrencode.h": {"client"},
}

# The system headers that promise no input and no output. stdio.h is here for snprintf: what else of
# it is used, the objects tell.
PURE = {
    "errno.h", "inttypes.h", "limits.h", "stdalign.h", "stdarg.h", "stdbool.h", "stddef.h",
    "stdint.h", "stdio.h", "stdlib.h", "string.h", "strings.h", "sys/queue.h", "utf8proc.h",
}

# Included several times on purpose, each time with other macros before it.
UNGUARDED = {"proto/def_structs.h", "proto/def_tables.h", "proto/def_list.h", "proto/def_end.h"}

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')


def room_of(path):
    """The room a file lives in; None for tests and whatever is no room."""
    parts = path.split("/")
    if path.startswith("lib/include/valise/"):
        return "valise"
    if parts[0] == "lib" and len(parts) > 2:
        return parts[1]
    return parts[0] if parts[0] in ("proto", "daemon", "client") else None


def includes(text):
    """(line, in quotes, name) of every include."""
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1) == '"', match.group(2)


def resolve(tree, path, name):
    """The path of an included file of ours, or None."""
    for base in (posixpath.dirname(path), "lib", "lib/include", ""):
        candidate = posixpath.normpath(posixpath.join(base, name))
        if candidate in tree.files:
            return candidate
    return None


def rooms_see_only_what_is_below(tree):
    for path, text in list(tree.code()):
        room = room_of(path)
        if room is None:
            continue
        for line, quoted, name in includes(text):
            found = resolve(tree, path, name)
            if found is None:
                if quoted:
                    yield f'{path}:{line}: "{name}" is nowhere in the tree'
                continue
            other = room_of(found)
            if other in SEES[room] | {room} or found in DOORS.get(room, ()):
                continue
            yield f"{path}:{line}: {room} must not see {found}"


def foreign_headers_stay_at_home(tree):
    for path, text in tree.code():
        room = room_of(path)
        if room is None:
            continue
        for line, quoted, name in includes(text):
            if name in FOREIGN and room not in FOREIGN[name]:
                homes = ", ".join(sorted(FOREIGN[name]))
                yield f"{path}:{line}: <{name}> appears in {homes} alone"


def lib_includes_only_pure_headers(tree):
    for path, text in tree.code():
        if not path.startswith(("lib/", "proto/")):
            continue
        for line, quoted, name in includes(text):
            if quoted or name in PURE or room_of(path) in FOREIGN.get(name, ()):
                continue
            yield f"{path}:{line}: <{name}> is not among the pure headers lib/ may use"


def own_header_comes_first(tree):
    for path, text in tree.code():
        own = path[:-2] + ".h"
        if not path.endswith(".c") or own not in tree.files:
            continue
        first = next(includes(text), (1, False, ""))
        if resolve(tree, path, first[2]) != own:
            yield f"{path}:{first[0]}: the first include must be {own}"


def guards_of(path):
    """VALISE_<ROOM>_<FILE>_H; public headers are VALISE_<FILE>_H, tests/sim may be TESTS or SIM."""
    name = re.sub(r"[^A-Z0-9]", "_", path.rsplit("/", 1)[1].upper())
    room = room_of(path)
    if room == "valise":
        return [f"VALISE_{name}"]
    rooms = [room] if room else path.split("/")[-2::-1]
    return [f"VALISE_{room.upper()}_{name}" for room in rooms]


def headers_have_their_guard(tree):
    for path, text in tree.code():
        if not path.endswith(".h") or path in UNGUARDED:
            continue
        lines = [line.strip() for line in bare(text).splitlines() if line.strip()]
        opened = [[f"#ifndef {guard}", f"#define {guard}"] for guard in guards_of(path)]
        if lines[:2] not in opened or lines[-1] != "#endif":
            yield f"{path}:1: the guard must be {' or '.join(guards_of(path))}"


RULES = [
    rooms_see_only_what_is_below,
    foreign_headers_stay_at_home,
    lib_includes_only_pure_headers,
    own_header_comes_first,
    headers_have_their_guard,
]
