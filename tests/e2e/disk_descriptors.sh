#!/usr/bin/env bash
# No descriptor is left, and no stranger is there to make room: the clients' socket stays up, by the
# one that is kept in reserve. Too few to begin with: said.
. "$(dirname "$0")/lib_talk.sh"

# The lowest number that is free: where that is the limit, none is left.
free_one() {
  local n=0
  while [ -e "/proc/$(pid_of "$1")/fd/$n" ]; do n=$((n + 1)); done
  echo $n
}
limit() { prlimit --pid "$(pid_of "$1")" --nofile="$2:"; }

citizen ana Ana
citizen bao Bao
meet ana bao
limit ana "$(free_one ana)"
for i in 1 2 3; do says "a client is answered ($i)" 0 'Ana' ana status; done
check 'and it says what is the matter' grep -q accept.no_descriptors "$(log_of ana)"
python3 -B - "$e2e" "$(socket_of ana)" >"$here/two.out" <<'P' || bad 'two clients'
import socket, sys
sys.path.insert(0, sys.argv[1])
from rpc import Client
first = Client(sys.argv[2])
print("first", first.call("status")["name"])
second = socket.socket(socket.AF_UNIX)
second.connect(sys.argv[2])     # it waits in the queue of the socket
first.close()
second.close()
again = Client(sys.argv[2], timeout=15)
print("again", again.call("status")["name"])
P
check 'one after the other' [ "$(cat "$here/two.out")" = $'first Ana\nagain Ana' ]
sends 'the link stands, and texts go' bao Ana 'while nothing is left'
limit ana 1024
says 'afterwards' 0 'Ana' ana status
off ana
off bao

NODE_FILES=12 launch few --listen 127.0.0.1:0
wait "$(pid_of few)"
code=$?
check 'far too few: it does not start' [ $code -eq 1 ]
check 'and says so' grep -Eq 'open files|Too many open' "$(log_of few)"
