"""What may not be written, and how much of what may."""

import ast
import re

from tree import bare, comments

FILE_LINES = 500
FUNCTION_LINES = 70
LINE_COLUMNS = 100

BANNED = re.compile(
    r"(?<![\w.>])(strcpy|strncpy|strcat|strncat|stpcpy|sprintf|vsprintf|gets|strtok"
    r"|atoi|atol|atoll|atof|rand|rand_r|srand|random|srandom|drand48|alloca|tmpnam|mktemp)\s*\(")

# Assembled, so that this file does not accuse itself.
ELSEWHERE = re.compile(r"(?<![\w.~-])/wor" + r"k\b|(?<!\w)share" + r"d/")
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX|HA" + r"CK)\b")

OPENING = re.compile(r"\)\s*(__attribute__\s*\(\(.*\)\)\s*)?\{$")
SHELL_FUNCTION = re.compile(r"^(\w+)\s*\(\)\s*[{(]\s*$")


def banned_calls_are_not_made(tree):
    for path, text in tree.code():
        for number, line in enumerate(bare(text).splitlines(), 1):
            for match in BANNED.finditer(line):
                yield f"{path}:{number}: {match.group(1)}() is banned"


def files_are_short(tree):
    for path, text in tree.measured():
        lines = text.count("\n")
        if lines > FILE_LINES:
            yield f"{path}:{lines}: {lines} lines; past {FILE_LINES} a file has two subjects"


def lines_are_short(tree):
    for path, text in tree.measured():
        for number, line in enumerate(text.splitlines(), 1):
            if len(line) > LINE_COLUMNS:
                yield f"{path}:{number}: {len(line)} columns, more than {LINE_COLUMNS}"


def c_functions(text):
    """(line, lines) of every function: from column 0 to the brace that closes it at column 0."""
    lines = bare(text).splitlines()
    start, signature = None, ""
    for i, line in enumerate(lines):
        if start is None:
            if not line or line[0] in " \t#}{":
                continue
            start, signature = i, ""
        if signature is not None:
            signature += line.strip() + " "
            if ";" in line or line.rstrip().endswith("}"):
                start = None
            elif "{" in line:
                if OPENING.search(signature.strip()) and "=" not in signature:
                    signature = None
                else:
                    start = None
        elif line.startswith("}"):
            yield start + 1, i - start + 1
            start = None


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.end_lineno - node.lineno + 1


def shell_functions(text):
    start = None
    for i, line in enumerate(text.splitlines()):
        if start is None and SHELL_FUNCTION.match(line):
            start = i
        elif start is not None and line[:1] in ("}", ")"):
            yield start + 1, i - start + 1
            start = None


def functions_are_short(tree):
    for path, text in tree.measured():
        if path.endswith((".c", ".h")):
            found = c_functions(text)
        elif path.endswith(".py"):
            found = python_functions(text)
        else:
            found = shell_functions(text)
        for line, lines in found:
            if lines > FUNCTION_LINES:
                yield f"{path}:{line}: a function of {lines} lines, more than {FUNCTION_LINES}"


def text_speaks_of_the_project_alone(tree):
    for path, text in tree.files.items():
        for number, line in enumerate(text.splitlines(), 1):
            match = ELSEWHERE.search(line)
            if match:
                yield f"{path}:{number}: '{match.group()}' is a path of some other machine"


def nothing_is_left_unfinished(tree):
    for path, text in tree.code():
        for number, words in comments(text):
            match = UNFINISHED.search(words)
            if match:
                yield f"{path}:{number}: {match.group()}: finish it or file it"


RULES = [
    banned_calls_are_not_made,
    files_are_short,
    lines_are_short,
    functions_are_short,
    text_speaks_of_the_project_alone,
    nothing_is_left_unfinished,
]
