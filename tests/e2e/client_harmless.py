"""client_harmless.py [tabs] [colour] <OUTPUT: fails when a byte that commands a terminal, or a
character that hides or turns text, is in it. Our own colours are allowed with `colour`."""
import re
import sys
import unicodedata

data = sys.stdin.buffer.read()
text = data.decode("utf-8")  # fails when it is not
if "colour" in sys.argv:
    text = re.sub("\x1b\\[[0-9;]*m", "", text)
bad = []
marks = 0
for at, c in enumerate(text):
    kind = unicodedata.category(c)
    marks = marks + 1 if kind in ("Mn", "Me") else 0
    if c == "\n" or (c == "\t" and "tabs" in sys.argv):
        continue
    if kind in ("Cc", "Cf", "Zl", "Zp", "Cs") or c in "\u034f\u115f\u1160\u3164" or marks > 4:
        bad.append(f"U+{ord(c):04X} at {at}: {text[max(0, at - 20):at + 20]!r}")
if bad:
    print("\n".join(bad[:10]))
    sys.exit(1)
