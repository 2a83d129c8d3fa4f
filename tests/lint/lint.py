"""lint.py ROOT: every rule about the source as text. One line for each finding; exit 1 if any."""

import sys

import rooms
import spec
import words
from tree import Tree

RULES = rooms.RULES + words.RULES + spec.RULES


def main(root):
    tree = Tree.load(root)
    findings = [(rule.__name__, finding) for rule in RULES for finding in rule(tree)]
    for name, finding in findings:
        print(f"{finding}  [{name}]")
    print(f"lint: {len(RULES)} rules, {len(tree.files)} files, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
