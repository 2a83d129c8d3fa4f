#!/usr/bin/env bash
# The disk is full: the node stops, since RAM and disk no longer agree, and what it acknowledged is
# there when it starts again.
. "$(dirname "$0")/lib.sh"

cat >"$here/fill.py" <<'P'
"""fill.py SOCKET: invitations until it breaks; says how many were acknowledged."""
import sys
from rpc import Client, Refused
client, done = Client(sys.argv[1]), 0
try:
    while True:  # until it breaks, or there are 256
        client.call("invite.create", {"as": f"Guest {done}"})
        done += 1
except (Refused, EOFError, OSError):
    pass
print(done)
P
invitations() { PYTHONPATH=$e2e python3 -B "$here/fill.py" "$(socket_of ana)"; }

# Far less than it needs: no start, and a reason.
mkdir -p -m 700 "$here/none"
NODE_BLOCKS=8 launch none --listen 127.0.0.1:0
wait "$(pid_of none)"
code=$?
check 'no room at all: it does not start, exit 9' [ $code -eq 9 ]
check 'and says that it is the store' grep -q 'cannot open the store' "$(log_of none)"

node ana || exit 1
rpc ana init '{"name":"Ana"}' >/dev/null
stop ana
size=$(($(stat -c %s "$here/ana/data/valise/node.db") / 1024))
: >"$(log_of ana)"
NODE_BLOCKS=$((size + 60)) node ana || { bad 'it starts with a little room'; exit 1; }
acknowledged=$(invitations)
wait "$(pid_of ana)"
code=$?
check "full after $acknowledged invitations: exit 1" [ $code -eq 1 ]
failure='error store.failed error=(storage|disk_full) why=.* then="nothing unsaved was sent'
check 'the log says what failed and what that means' grep -qE "$failure" "$(log_of ana)"
: >"$(log_of ana)"
node ana
both=$((acknowledged + $(invitations)))
check "with room again: it starts, and none of the $acknowledged is lost" [ $both -le 256 ]
check 'nor was any made that nobody was told of, but perhaps the last' [ $both -ge 255 ]
