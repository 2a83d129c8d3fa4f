#!/usr/bin/env bash
# 10,000 strangers a second for a few seconds: the link that stands goes on, nobody is answered, and
# each costs little. For figures, and not in ./check:
#   LOAD_SECONDS=30 LOAD_TEXTS=2000 bash tests/e2e/run.sh build/release load_knocks
. "$(dirname "$0")/lib_talk.sh"

knocks=$build/tests/load/load_knocks
[ -x "$knocks" ] || skip "$knocks is not built"
rate=${LOAD_RATE:-10000} seconds=${LOAD_SECONDS:-2} texts=${LOAD_TEXTS:-50} hold=900
stranger_kib=8

citizen ana Ana
citizen bao Bao
meet ana bao
up() { rpc ana peer.list | grep -o '"up_s": [0-9]*' | head -n 1 | grep -o '[0-9]*'; }
latency() { # of texts from Ana to Bao: median and 99th percentile in ms
  python3 -B - "$(socket_of ana)" "$e2e" "$texts" <<'P'
import sys, time
sys.path.insert(0, sys.argv[2])
from rpc import Client
client, ms = Client(sys.argv[1]), []
client.call("events.subscribe", {"live": True})
for _ in range(int(sys.argv[3])):
    began = time.monotonic()
    n = client.call("send", {"to": ["Bao"], "text": "m" * 200})[0]["n"]
    while True:
        event = client.events.pop(0) if client.events else client.receive()[2][0]
        if event["type"] == "delivered" and event["last"] >= n:
            break
    ms.append((time.monotonic() - began) * 1000)
    time.sleep(0.01)
ms.sort()
print(f"{ms[len(ms) // 2]:.2f} {ms[-1 - len(ms) // 100]:.2f}")
P
}
quiet=$(latency) || exit 1
stood=$(up)
empty=$(rss ana) began=$(cpu ana) clock=$SECONDS
"$knocks" "$(port_of ana)" "$rate" "$seconds" "$hold" >"$here/knocks" 2>&1 &
crowd=$!
pids+=("$crowd")
sleep 0.5
flood=$(latency)
check 'clients are answered meanwhile' rpc ana status
most=$(rss ana)
wait "$crowd"
code=$?
used=$(($(cpu ana) - began)) took=$((SECONDS - clock))
sed 's/^/      /' "$here/knocks"
grep -q ' strangers in ' "$here/knocks" || { cat "$here/knocks"; exit 1; }
check 'not one byte of answer' [ "$code" -eq 0 ]
came=$(sed -n 's/^\([0-9]*\) strangers.*/\1/p' "$here/knocks")
echo "      p50, p99 of a text until its receipt: quiet $quiet ms, meanwhile $flood ms"
echo "      $hold strangers at once: RSS grew by $((most - empty)) KiB"
echo "      $used ticks of CPU in $took s for $came"
check "a stranger costs at most $stranger_kib KiB" \
  [ $((most - empty)) -le $((hold * stranger_kib)) ]
check 'the link that stood before is the one that stands' [ "$(up)" -ge "$stood" ]
sends 'the talk goes on' bao ana 'are they gone?'
let_go() { [ "$(ls "/proc/$(pid_of ana)/fd" | wc -l)" -lt 40 ]; }
check 'they are forgotten' until_true 5 let_go

# A knock that opened once is a stranger's for ever, after a restart too.
cat >"$here/tap.py" <<'P'
"""tap.py PORT FILE: passes one connection on to PORT, and keeps what the caller says first."""
import select, socket, sys
door = socket.create_server(("127.0.0.1", 0))
print(door.getsockname()[1], flush=True)
while True:
    caller, _ = door.accept()
    kept = open(sys.argv[2], "wb")
    try:
        node, first = socket.create_connection(("127.0.0.1", int(sys.argv[1]))), True
    except OSError:
        caller.close()
        continue
    while True:
        ready = select.select([caller, node], [], [])[0]
        try:
            data = ready[0].recv(65536)
        except OSError:
            data = b""
        if not data:
            break
        if ready[0] is node:
            first = False
        elif first:
            kept.write(data)
            kept.flush()
        (caller if ready[0] is node else node).sendall(data)
    caller.close()
    node.close()
P
cat >"$here/again.py" <<'P'
"""again.py PORT FILE: says what FILE holds, and listens for two seconds."""
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=2)
s.sendall(open(sys.argv[2], "rb").read())
try:
    print(len(s.recv(100)))
except TimeoutError:
    print("silence")
P
off bao # or it would come by the tap too
citizen chi Chi
python3 -B "$here/tap.py" "$(port_of ana)" "$here/knock" >"$here/tap.port" 2>/dev/null &
pids+=($!)
until_true 5 test -s "$here/tap.port"
as ana config set listen.advertise "127.0.0.1:$(cat "$here/tap.port")" >/dev/null
as ana config set dial.enabled no >/dev/null
meet ana chi
off chi
rm "$here/knock"
on chi # knocks as a contact now, by the way of the tap
becomes chi Ana online True
check 'a knock went by' test -s "$here/knock"
cp "$here/knock" "$here/one"
again() { python3 -B "$here/again.py" "$(port_of ana)" "$here/one"; }
same 'the same knock again gets silence' silence "$(again)"
kill9 ana
on ana
same 'and after a restart' silence "$(again)"
becomes chi Ana online True
sends 'while a fresh one opens' chi ana 'it is me'
off ana
off chi
