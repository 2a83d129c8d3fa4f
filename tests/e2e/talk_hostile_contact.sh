#!/usr/bin/env bash
# A contact turned hostile, against a real node: what it says that is wrong is set aside, the next
# is taken, doctor tells; and whoever reads nothing holds nobody up.
. "$(dirname "$0")/lib_talk.sh"

peer=$build/tests/load/load_peer
[ -x "$peer" ] || skip "$peer is not built"
mallory() { invite ana --as Mallory | "$peer" "$(port_of ana)" "$@" >"$here/mallory" 2>&1; }
memory() { rss ana; }

citizen ana Ana
citizen bao Bao
meet ana bao

# Poison.
before=$(rpc ana status | grep -o '"set_aside": [0-9]*' | grep -o '[0-9]*')
check 'poison: garbage, a forgery, garbage, and texts in between' \
  mallory text:first garbage:3 text:second forged text:third settle
cat "$here/mallory" | sed 's/^/      /'
check 'poison: every record was dealt with' \
  grep -Eq '^settle said ([0-9]+) acked \1 ' "$here/mallory"
same 'poison: the texts around it are there' $'first\nsecond\nthird' "$(words ana Mallory)"
after=$(rpc ana status | grep -o '"set_aside": [0-9]*' | grep -o '[0-9]*')
same 'poison: four records were set aside' 4 "$((after - before))"
says 'poison: doctor tells whose, and that it could not be used' 0 'Mallory.*set aside' ana doctor
says 'poison: and how many in all' 0 '4 records could not be used' ana doctor
sends 'poison: the talk with others goes on' bao ana 'good evening'

# Whoever takes a link and reads nothing from it.
off ana
on ana
invite ana --as Deaf | "$peer" "$(port_of ana)" deaf:30 >"$here/deaf" 2>&1 &
deaf=$!
pids+=("$deaf")
soon 'slow reader: it is a contact' becomes ana Deaf state ready
empty=$(memory)
python3 -B - "$(socket_of ana)" "$e2e" <<'P'
import sys
sys.path.insert(0, sys.argv[2])
from rpc import Client
client = Client(sys.argv[1])
for _ in range(2000):
    client.call("send", {"to": ["Deaf"], "text": "m" * 4000})
P
grown=$(($(memory) - empty))
echo "      8 MB for somebody who reads nothing: RSS grew by $grown KiB"
check 'slow reader: what waits for it is on the disk, not in memory' [ "$grown" -lt 7000 ]
sends 'slow reader: others are served' bao ana 'meanwhile'
sends 'slow reader: and answered' ana bao 'and back'
check 'slow reader: the node does not spin' [ "$(
  began=$(cpu ana)
  sleep 1
  echo $(($(cpu ana) - began))
)" -le 10 ]
kill "$deaf" 2>/dev/null
off ana
off bao
