#!/usr/bin/env bash
# More contacts than one answer holds: all of them are listed, each once, in their order.
. "$(dirname "$0")/lib_talk.sh"

MANY=2345
citizen ana Ana
citizen bao Bao
meet ana bao
off ana
store=$(find "$here/ana" -name node.db)
python3 -B - "$store" $MANY <<'END'
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
def row(table, key):
    cursor = db.execute(f"SELECT * FROM {table} ORDER BY {key} LIMIT 1")
    return [c[0] for c in cursor.description], list(cursor.fetchone())
for table, key in (("contact", "id"), ("talk", "contact")):
    names, values = row(table, key)
    for i in range(2, int(sys.argv[2]) + 1):
        new = dict(zip(names, values))
        new[key] = i
        if table == "contact":
            new.update(identity=os.urandom(32), name=f"Contact {i}", fold=f"contact {i}".encode(),
                       card=None if new.get("card") is None else b"", psk=os.urandom(32),
                       knock=os.urandom(32), blocked=1)
        db.execute(f"INSERT INTO {table} VALUES({','.join('?' * len(names))})",
                   [new[n] for n in names])
db.commit()
END
on ana
names() { as ana contact list --plain | cut -f 1; }
same 'as many lines as contacts' $MANY "$(names | wc -l)"
same 'each of them once' $MANY "$(names | sort -u | wc -l)"
same 'the last one is the last' "Contact $MANY" "$(names | tail -n 1)"
same 'the same as objects' $MANY "$(as ana contact list --json | wc -l)"
says 'one of the last is found by its name' 0 'Contact 2300' ana contact show 'Contact 2300'
