"""The source tree as the rules see it: paths and texts, code apart from comments."""

import re
from pathlib import Path

SKIPPED = {".git", "build", "__pycache__", ".cache"}
CODE = (".c", ".h")
MEASURED = (".c", ".h", ".def", ".py", ".sh")
LARGEST = 1 << 20  # bytes; what is larger is data

# One C token that can hide others: a comment, a string, a character.
HIDING = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


class Tree:
    """files: path relative to the root, with slashes -> text."""

    def __init__(self, files):
        self.files = files

    @classmethod
    def load(cls, root):
        files = {}
        root = Path(root)
        for path in sorted(root.rglob("*")):
            name = path.relative_to(root)
            if SKIPPED & set(name.parts) or not path.is_file():
                continue
            if path.stat().st_size > LARGEST:
                continue
            try:
                files[name.as_posix()] = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue  # binary: corpora, pictures
        return cls(files)

    def code(self):
        """(path, text) of every C file."""
        for path, text in self.files.items():
            if path.endswith(CODE):
                yield path, text

    def measured(self):
        """(path, text) of every file whose length a person has to bear."""
        for path, text in self.files.items():
            if path.endswith(MEASURED) or text.startswith("#!"):
                yield path, text


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def bare(text):
    """C without comments, strings and characters; every line keeps its number."""

    def blank(match):
        kept = "\n" * match.group().count("\n")
        return ('""' if match.group()[0] == '"' else " ") + kept

    return HIDING.sub(blank, text)


def comments(text):
    """(line, words) of every comment, the decoration at the start of its lines taken away."""
    for match in HIDING.finditer(text):
        token = match.group()
        if token.startswith("/*"):
            words = re.sub(r"\n\s*\*?", " ", token[2:-2])
        elif token.startswith("//"):
            words = token[2:]
        else:
            continue
        yield line_of(text, match.start()), " ".join(words.split())


def strings(text):
    """(line, characters) of every string constant."""
    for match in HIDING.finditer(text):
        if match.group().startswith('"'):
            yield line_of(text, match.start()), match.group()[1:-1]
