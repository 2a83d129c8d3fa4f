"""The code quotes its specifications verbatim, and only clauses that exist."""

import re

from tree import comments, strings

DOCUMENTS = {"PEER": "proto/peer.md", "RPC": "proto/rpc.md", "BACKUP": "proto/backup.md",
             "GROUP": "proto/group.md"}

NUMBER = r"\d+[a-z]?(?:\.\d+[a-z]?)*"
REFERENCE = re.compile(rf"\b(PEER|RPC|BACKUP|GROUP) ({NUMBER})")
QUOTE = re.compile(rf"^(PEER|RPC|BACKUP|GROUP) ({NUMBER}): (.+)$")
MARKED_QUOTE = re.compile(rf'\b(PEER|RPC|BACKUP|GROUP) ({NUMBER}): "([^"]+)"')
MESSAGE = re.compile(r'^MESSAGE\((\w+),.*"([^"]+)"\)', re.M)
CLAUSE = re.compile(rf"^(?:#+ +)?\**({NUMBER})\.?\**[ )]+(.*)$")


def plain(text):
    """Words without Markdown's marks and line ends."""
    return " ".join(re.sub(r"[`*]", "", text).split())


def clauses(text):
    """number -> words of every numbered clause and heading of a document."""
    found, current, fenced = {}, None, False
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = not fenced
            continue
        match = None if fenced else CLAUSE.match(line)
        numbered = match and (line.startswith("#") or "." in match.group(1))
        if numbered:
            current = match.group(1)
            line = match.group(2)
        elif line.startswith("#") and not fenced:
            current = None
        if current is not None:
            found[current] = found.get(current, "") + " " + line
    return {number: plain(words) for number, words in found.items()}


def documents(tree):
    """name -> clauses, of the documents that are there."""
    return {name: clauses(tree.files[path]) for name, path in DOCUMENTS.items()
            if path in tree.files}


def words_of(known, number):
    """Everything said under a number, its sub-clauses included; '' when there is no such clause."""
    return " ".join(words for other, words in known.items()
                    if other == number or other.startswith(number + "."))


def quotes_are_verbatim(tree):
    known = documents(tree)
    for path, text in tree.code():
        for line, comment in comments(text):
            quotes = MARKED_QUOTE.findall(comment)
            whole = QUOTE.match(comment)
            if whole and not quotes:
                quotes = [whole.groups()]
            for name, number, quote in quotes:
                words = plain(quote).rstrip(".")  # a quote may end before its sentence does
                if name in known and words not in words_of(known[name], number):
                    yield f"{path}:{line}: {DOCUMENTS[name]} {number} does not say: {quote}"


def cited_clauses_exist(tree):
    known = documents(tree)
    for path, text in tree.files.items():
        if not path.endswith((".c", ".h", ".def")):
            continue
        for line, words in list(comments(text)) + list(strings(text)):
            for name, number in REFERENCE.findall(words):
                if name in known and not words_of(known[name], number):
                    yield f"{path}:{line}: {DOCUMENTS[name]} has no clause {number}"


def messages_name_their_clause(tree):
    known = documents(tree)
    for name, path in DOCUMENTS.items():
        definitions = tree.files.get(path[:-3] + ".def", "")
        for message, number in MESSAGE.findall(definitions):
            if name in known and not words_of(known[name], number):
                yield f"{path[:-3]}.def: {message}: {path} has no clause {number}"


def promised_tests_exist(tree):
    for line, text in enumerate(tree.files.get("SECURITY.md", "").splitlines(), 1):
        for path in re.findall(r"`(tests/[^`]+)`", text):
            if path not in tree.files:
                yield f"SECURITY.md:{line}: there is no {path}"


RULES = [quotes_are_verbatim, cited_clauses_exist, messages_name_their_clause, promised_tests_exist]
