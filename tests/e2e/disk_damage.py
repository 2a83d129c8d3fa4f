"""disk_damage.py FILE count|PAGE...: how many pages of 4,096 bytes FILE has, or overwrites these
(from 1; 0 is its first 16 bytes, of which one is changed)."""
import sys

PAGE = 4096
path, what = sys.argv[1], sys.argv[2:]
with open(path, "r+b") as f:
    f.seek(0, 2)
    pages = f.tell() // PAGE
    if what == ["count"]:
        print(pages)
        sys.exit(0)
    for n in map(int, what):
        if n == 0:
            f.seek(3)
            byte = f.read(1)
            f.seek(3)
            f.write(bytes([byte[0] ^ 0x20]))
        else:
            f.seek((n - 1) * PAGE)
            f.write(b"\xa5" * PAGE)
