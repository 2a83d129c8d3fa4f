#!/usr/bin/env bash
# A limit of the process stands for a quota: the disk has room, and a write fails all the same.
# The node goes on from the disk, takes nothing new while its reserve does not fit, and answers what
# only reads.
# What it acknowledged is there.
. "$(dirname "$0")/lib.sh"

cat >"$here/fill.py" <<'P'
"""fill.py SOCKET: invitations until one is refused; says how many were acknowledged, and why not
more."""
import sys
from rpc import Client, Refused
client, done, why = Client(sys.argv[1]), 0, "256"
try:
    while done < 256:
        client.call("invite.create", {"as": f"Guest {done}"})
        done += 1
except Refused as refused:
    why = str(refused).split(":")[0]
except (EOFError, OSError):
    why = "gone"
print(done, why)
P
invitations() { PYTHONPATH=$e2e python3 -B "$here/fill.py" "$(socket_of "$1")"; }
state() { rpc "$1" status | grep -o '"state": "[a-z]*"' | cut -d '"' -f 4; }
state_is() { [ "$(state "$1")" = "$2" ]; }

# Far less than it needs, and no store yet: no start, and a reason.
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
read -r acknowledged why < <(invitations ana)
check "full after $acknowledged invitations: the next is refused with $why" [ "$why" = disk_full ]
check 'the node is still there, and says so' state_is ana full
failure='error store.failed error=disk_full why=.* then="nothing unsaved was sent; beginning again'
check 'the log says what failed and what that means' grep -qE "$failure" "$(log_of ana)"
check 'and that it reads on' grep -q 'warning room.none .*reading goes on' "$(log_of ana)"
rpc ana doctor >"$here/doctor"
check 'doctor says it first' grep -qE '^\[?\{.*"problem".*the disk is full' "$here/doctor"
check 'who asks to change something hears why' \
  grep -q disk_full <(rpc ana invite.create '{}' 2>&1)
check 'what only reads is answered' rpc ana contact.list
stop ana
check 'it ends well' [ $? -eq 0 ]
: >"$(log_of ana)"
node ana || bad 'it starts again'
read -r more why < <(invitations ana)
both=$((acknowledged + more))
check "with room again none of the $acknowledged was lost" [ $both -le 256 ]
check 'nor was any made that nobody was told of' [ $both -eq 256 ]
