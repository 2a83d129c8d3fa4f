"""A rule that can't fail is no rule: each one here must find what is wrong with a bad piece of code
and be silent about a good one."""

import subprocess
import sys
import tempfile
from pathlib import Path

import lint
import objects
import rooms
import spec
import words
from tree import Tree

PEER = """# Language

## 4. Link

4.2 A responder MUST drop the link
on a **second** `hello`.

4.3 Silence.
"""

LONG_FILE = "int x;\n" * 501
LONG_FUNCTION = "static int f(int a,\n             int b) {\n" + "  a++;\n" * 68 + "}\n"
FITTING_FUNCTION = "static int f(int a,\n             int b) {\n" + "  a++;\n" * 67 + "}\n"
LONG_TABLE = "static const int t[] = {\n" + "  1,\n" * 80 + "};\n"
GUARDED = "#ifndef VALISE_BASE_BUF_H\n#define VALISE_BASE_BUF_H\nint x;\n#endif\n"

# (rule, files that break it, files that keep it)
CASES = [
    (rooms.rooms_see_only_what_is_below,
     [{"lib/base/a.c": '#include "crypto/b.h"\n', "lib/crypto/b.h": ""},
      {"lib/carry/a.c": '#include "conv/b.h"\n', "lib/conv/b.h": ""},
      {"lib/conv/a.c": '#include "content/b.h"\n', "lib/content/b.h": ""},
      {"lib/event/a.c": '#include "../core/b.h"\n', "lib/core/b.h": ""},
      {"lib/crypto/a.c": '#include "proto/b.h"\n', "proto/b.h": ""},
      {"proto/a.c": '#include "crypto/b.h"\n', "lib/crypto/b.h": ""},
      {"client/a.c": '#include "proto/peer.h"\n', "proto/peer.h": ""},
      {"client/a.c": '#include "store/db.h"\n', "lib/store/db.h": ""},
      {"daemon/a.c": '#include "carry/link.h"\n', "lib/carry/link.h": ""},
      {"lib/base/a.c": '#include "valise/nothing.h"\n'}],
     {"lib/core/a.c": '#include "carry/l.h"\n#include "valise/err.h"\n', "lib/carry/l.h": "",
      "lib/include/valise/err.h": "", "client/a.c": '#include "proto/rpc.h"\n', "proto/rpc.h": "",
      "lib/base/b.c": '/* #include "carry/l.h" */\n'}),
    (rooms.foreign_headers_stay_at_home,
     [{"lib/core/a.c": "#include <sqlite3.h>\n"}, {"lib/core/a.c": "#include <uv.h>\n"},
      {"lib/conv/a.c": "#include <sodium.h>\n"}, {"client/a.c": "#include <msgpack.h>\n"},
      {"daemon/a.c": "# include <sodium.h>\n"}],
     {"lib/store/a.c": "#include <sqlite3.h>\n#include <sodium.h>\n",
      "daemon/a.c": "#include <uv.h>\n", "tests/bench/a.c": "#include <uv.h>\n"}),
    (rooms.lib_includes_only_pure_headers,
     [{"lib/core/a.c": "#include <time.h>\n"}, {"lib/store/a.c": "#include <unistd.h>\n"},
      {"proto/a.c": "#include <sys/socket.h>\n"}],
     {"lib/core/a.c": "#include <string.h>\n", "daemon/a.c": "#include <time.h>\n"}),
    (rooms.own_header_comes_first,
     [{"lib/base/a.c": '#include <string.h>\n#include "base/a.h"\n', "lib/base/a.h": ""}],
     {"lib/base/a.c": '/* x */\n#include "base/a.h"\n', "lib/base/a.h": "",
      "daemon/b.c": '#include "b.h"\n', "daemon/b.h": ""}),
    (rooms.headers_have_their_guard,
     [{"lib/base/buf.h": GUARDED.replace("BASE_", "")}, {"lib/crypto/buf.h": GUARDED},
      {"lib/base/buf.h": GUARDED + "int y;\n"}, {"lib/base/buf.h": "#pragma once\nint x;\n"}],
     {"lib/base/buf.h": "/* Memory. */\n" + GUARDED,
      "lib/include/valise/err.h": "#ifndef VALISE_ERR_H\n#define VALISE_ERR_H\n#endif\n"}),
    (words.banned_calls_are_not_made,
     [{"lib/a.c": f"  x = {call}(y);\n"}
      for call in ("strcpy", "strcat", "sprintf", "vsprintf", "atoi", "rand", "gets", "alloca")],
     {"lib/a.c": 'snprintf(s); /* strcpy( */ puts("rand()"); vls_rand(x); r->rand(x);\n'}),
    (words.files_are_short, [{"lib/a.c": LONG_FILE}, {"check": "#!/bin/sh\n" * 501}],
     {"lib/a.c": LONG_FILE[7:], "LICENSE": LONG_FILE}),
    (words.lines_are_short, [{"lib/a.c": "x" * 101 + "\n"}, {"proto/a.def": "x" * 101}],
     {"lib/a.c": "x" * 100 + "\n", "README.md": "x" * 200}),
    (words.functions_are_short,
     [{"lib/a.c": LONG_FUNCTION}, {"lib/a.c": "int x;\n/* (\n{ */\n" + LONG_FUNCTION},
      {"a.py": "def f():\n" + "    x()\n" * 70}, {"a.sh": "f() {\n" + "x\n" * 69 + "}\n"}],
     {"lib/a.c": LONG_TABLE + FITTING_FUNCTION + FITTING_FUNCTION, "a.sh": "f() {\nx\n}\n"}),
    (words.text_speaks_of_the_project_alone,
     [{"a.md": "see /wor" + "k/x\n"}, {"a.c": "/* ../share" + "d/design */\n"}],
     {"a.md": "network work/ /usr/share/doc a shared thing\n"}),
    (words.nothing_is_left_unfinished, [{"a.c": "int x; // TO" + "DO: later\n"}],
     {"a.c": 'char name[] = "/tmp/aXXXXXX"; /* todos */\n'}),
    (spec.quotes_are_verbatim,
     [{"proto/peer.md": PEER, "a.c": "/* PEER 4.2: A responder MUST keep the link. */\n"},
      {"proto/peer.md": PEER, "a.c": "/* PEER 4.3: A responder MUST drop the link */\n"},
      {"proto/peer.md": PEER, "a.c": '/* As PEER 4.2: "MUST run away", we stay. */\n'}],
     {"proto/peer.md": PEER, "b.c": "/* PEER 4: Silence. */\n/* RPC 1.1: no document yet */\n",
      "a.c": "/* PEER 4.2: A responder MUST drop the link on\n * a second hello. */\n"}),
    (spec.cited_clauses_exist,
     [{"proto/peer.md": PEER, "a.h": "/* See PEER 4.9. */\n"},
      {"proto/peer.md": PEER, "a.def": 'UINT(a, b, "PEER 5")\n'}],
     {"proto/peer.md": PEER, "a.h": "/* See PEER 4.3 and PEER 4. */\n"}),
    (spec.messages_name_their_clause,
     [{"proto/peer.md": PEER, "proto/peer.def": 'MESSAGE(m, VLS_ARRAY, 64, "3.1")\n'}],
     {"proto/peer.md": PEER, "proto/peer.def": 'MESSAGE(m, VLS_ARRAY, 64, "4.2")\n'}),
    (spec.promised_tests_exist, [{"SECURITY.md": "kept | `tests/unit/test_gone.c`\n"}],
     {"SECURITY.md": "kept | `tests/a.sh`\n", "tests/a.sh": "true\n"}),
]

# Code that a room must not contain, and what the rule says about it.
IMPURE = {
    "#include <time.h>\nlong vls_x(void);\nlong vls_x(void) { return time(0); }\n": "time",
    "#include <stdlib.h>\nchar *vls_x(void) { return getenv(\"HOME\"); }\n": "getenv",
    "#include <unistd.h>\nlong vls_x(void) { return read(0, 0, 0); }\n": "read",
    "#include <sys/socket.h>\nint vls_x(void) { return socket(1, 1, 0); }\n": "socket",
    "#include <stdlib.h>\nint vls_x(void) { return rand(); }\n": "rand",
    "void randombytes_buf(void *, unsigned long);\n"
    "void vls_x(void *p) { randombytes_buf(p, 8); }\n": "draws randomness",
    "int crypto_box_keypair(void *, void *);\n"
    "int vls_x(void *p) { return crypto_box_keypair(p, p); }\n": "draws randomness",
    "int crypto_secretstream_xchacha20poly1305_init_push(void *);\n"
    "int vls_x(void *p) { return crypto_secretstream_xchacha20poly1305_init_push(p); }\n":
        "draws randomness",
    "int sqlite3_open(const char *, void *);\n"
    "int vls_x(void *p) { return sqlite3_open(0, p); }\n": "not known to be pure",
    "#include <stdio.h>\nvoid vls_x(void) { fprintf(stderr, \"%d\", 1); }\n": "stderr",
    "int vls_x(void) { static int n; return n++; }\n": "outside every struct",
    "int vls_x[2] = {1, 2};\n": "outside every struct",
    "_Thread_local int vls_x;\n": "outside every struct",
    "int helper(void) { return 1; }\n": "begin with vls_",
}
PURE = """#include <string.h>
static const char *const names[] = {"a", "b"};
int crypto_hash_sha256(void *, const void *, unsigned long);
const char *vls_name(int i) { return names[i]; }
int vls_hash(void *p) { return crypto_hash_sha256(p, p, strlen(p)); }
"""


def objects_of(code):
    """The findings about a room made of this code."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "a.c")
        source.write_text(code, encoding="utf-8")
        archive = Path(folder, "libvalise_crypto.a")
        subprocess.run(["cc", "-c", "-O1", "-fPIE", "-o", f"{folder}/a.c.o", source], check=True)
        subprocess.run(["ar", "rcs", archive, f"{folder}/a.c.o"], check=True)
        return list(objects.findings_of([archive]))


def main():
    wrong = []
    for rule, bad, good in CASES:
        for files in bad:
            if not list(rule(Tree(files))):
                wrong.append(f"{rule.__name__} does not see {files}")
        for finding in rule(Tree(good)):
            wrong.append(f"{rule.__name__} cries wolf: {finding}")
    for rule in set(lint.RULES) - {rule for rule, _, _ in CASES}:
        wrong.append(f"{rule.__name__} has no test")
    for code, said in IMPURE.items():
        if not any(said in finding for finding in objects_of(code)):
            wrong.append(f"objects: nothing about '{said}' in: {code}")
    for finding in objects_of(PURE):
        wrong.append(f"objects cry wolf: {finding}")
    for line in wrong:
        print(line)
    print(f"selftest: {len(CASES)} rules about text, {len(IMPURE)} impure objects, "
          f"{len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
