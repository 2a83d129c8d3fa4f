"""coverage.py BUILD [--write] [--gaps ROOM...]: what the tests that ran in BUILD reached of lib/.

Fails when a room is below its floor, or when the README states a point more than was measured, or
two less: some tests kill processes, and what those had reached is not the same each time. --write
states in the README what was measured; --gaps prints every line and branch of the named rooms that
nothing reached."""

import collections
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LINES_FLOOR = 90
BRANCH_FLOORS = {"proto": 95, "lib/crypto": 95, "lib/store": 95}
STALE = 2  # points the README may lag behind
KINDS = {"assert", "memory", "twice", "enum", "promise", "size"}  # unreachable.txt explains them
STATED = re.compile(
    r"Tests reach (\d+) % of the lines of `lib/`, and (\d+) % of\s+the\s+branches of\s+the wire "
    r"format, (\d+) % of `crypto`, (\d+) % of `store`")


class Line:
    def __init__(self):
        self.count, self.branches, self.function = 0, [], ""

    def add(self, count, branches):
        """The same line in another object: an inline function of a header."""
        self.count += count
        if len(self.branches) == len(branches):
            self.branches = [a + b for a, b in zip(self.branches, branches)]
        else:
            self.branches += branches

    def missed(self):
        return sum(1 for n in self.branches if n == 0)


def measure(build):
    """What gcov says of every file of lib/ and proto/, by path and number of line."""
    notes = [n for part in ("lib", "proto") for n in (build / part).rglob("*.gcno")]
    run = subprocess.run(
        ["gcov", "--json-format", "--stdout", "--branch-probabilities", *map(str, sorted(notes))],
        capture_output=True, text=True, cwd=build, check=False)
    if run.returncode != 0:
        sys.exit(f"gcov failed: remove the .gcda files of {build}, and run the tests again")
    files = collections.defaultdict(lambda: collections.defaultdict(Line))
    for document in run.stdout.splitlines():
        for file in json.loads(document)["files"]:
            path = (build / file["file"]).resolve()
            if not path.is_relative_to(ROOT) or not path.exists():
                continue
            for line in file["lines"]:
                one = files[path.relative_to(ROOT).as_posix()][line["line_number"]]
                one.add(line["count"], [b["count"] for b in line["branches"]])
                one.function = line.get("function_name", "")
    return files


def room_of(path):
    return "/".join(path.split("/")[:2]) if path.startswith("lib/") else path.split("/")[0]


def read_list(text):
    """unreachable.txt: (path, kind, function, source text) for each entry."""
    entries, path = [], None
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith(" "):
            path = line.strip()
            continue
        kind, rest = line.split(maxsplit=1)
        function, source = rest.split(": ", 1)
        entries.append((path, kind, function, source.strip()))
    return entries


def excuse(files, sources, entries):
    """Takes the listed branches and lines out. What is wrong with the list; entries that excuse
    nothing are only told."""
    wrong = []
    for path, kind, function, text in entries:
        numbers = [n for n, s in enumerate(sources.get(path, []), 1) if s.strip() == text]
        hit = [n for n in numbers if n in files[path] and files[path][n].function == function]
        if kind not in KINDS:
            wrong.append(f"{path}: {text}: there is no kind {kind}")
        if not hit:
            print(f"NOTE {path}: {function}: {text}: there is no such line any more")
        elif all(files[path][n].count > 0 and files[path][n].missed() == 0 for n in hit):
            print(f"NOTE {path}: {function}: {text}: it is reached, so it is not unreachable")
        for n in hit:
            line = files[path][n]
            line.branches = [b for b in line.branches if b > 0]
            if line.count == 0:
                del files[path][n]
    return wrong


def add_up(files):
    """Lines, lines reached, branches, branches taken for each room; 'lib' is all of lib/."""
    sums = collections.defaultdict(lambda: [0, 0, 0, 0])
    for path, lines in files.items():
        for room in {room_of(path), "lib" if path.startswith("lib/") else room_of(path)}:
            for line in lines.values():
                sums[room][0] += 1
                sums[room][1] += line.count > 0
                sums[room][2] += len(line.branches)
                sums[room][3] += len(line.branches) - line.missed()
    return sums


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def state(figures, write):
    """Holds the README against what was measured; what is wrong with it."""
    readme = ROOT / "README.md"
    text = readme.read_text()
    found = STATED.search(text)
    if not found:
        return ["README.md does not state the coverage"]
    if write:
        parts, at = [], 0
        for i, figure in enumerate(figures, 1):
            parts += [text[at:found.start(i)], str(int(figure))]
            at = found.end(i)
        readme.write_text("".join(parts) + text[at:])
        return []
    return [f"README.md states {said} %, measured {figure:.1f} %: "
            "python3 tests/coverage/coverage.py build/coverage --write"
            for said, figure in zip(map(int, found.groups()), figures)
            if said - figure >= 1 or figure - said >= STALE]


def main(build, *options):
    files = measure(pathlib.Path(build).resolve())
    if not files:
        print(f"nothing was measured in {build}")
        return 1
    sources = {path: (ROOT / path).read_text().splitlines() for path in files}
    for path, lines in files.items():
        for n, line in lines.items():
            if "VLS_ASSERT(" in sources[path][n - 1]:
                line.branches = [b for b in line.branches if b > 0]
    wrong = excuse(files, sources, read_list((HERE / "unreachable.txt").read_text()))
    sums = add_up(files)
    for room, (lines, hit, branches, taken) in sorted(sums.items()):
        print(f"{room:12} lines {percent(hit, lines):5.1f} % of {lines:5}   "
              f"branches {percent(taken, branches):5.1f} % of {branches:5}")
    reached = percent(sums["lib"][1], sums["lib"][0])
    branches = [percent(sums[room][3], sums[room][2]) for room in BRANCH_FLOORS]
    if reached < LINES_FLOOR:
        wrong.append(f"lib: {reached:.1f} % of the lines, the floor is {LINES_FLOOR} %")
    for (room, floor), got in zip(BRANCH_FLOORS.items(), branches):
        if got < floor:
            wrong.append(f"{room}: {got:.1f} % of the branches, the floor is {floor} %")
    wrong += state([reached, *branches], "--write" in options)
    if "--gaps" in options:
        rooms = options[options.index("--gaps") + 1:]
        for path in sorted(p for p in files if p.startswith(tuple(rooms))):
            for n, line in sorted(files[path].items()):
                if line.count == 0 or line.missed():
                    taken = "".join("x" if b else "-" for b in line.branches)
                    print(f"{path}:{n} {taken or 'line'} "
                          f"{line.function}: {sources[path][n - 1].strip()}")
    for one in wrong:
        print(f"WRONG {one}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
