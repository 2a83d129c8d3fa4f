#!/usr/bin/env bash
# The lock, call by call: set, wrong, right, change, lock, a start without the key.
. "$(dirname "$0")/lib.sh"

# call WHAT PATTERN NAME METHOD [JSON]: ok when what comes back, result or error, has PATTERN.
call() {
  local what=$1 pattern=$2 got
  shift 2
  got=$(rpc "$@" 2>&1)
  if grep -Eq -- "$pattern" <<<"$got"; then ok "$what"; else bad "$what: $got"; fi
}
is_locked() { rpc ana status | grep -q '"state": "locked"'; }
start_locked() {
  launch ana --listen 127.0.0.1:0
  until_true 10 is_locked
}
data=$here/ana/data/valise

node ana || exit 1
call 'an identity in a store in clear' '"id"' ana init '{"name":"Ana"}'
call 'status says that it is in clear' '"sealed": false' ana status
call 'doctor says what that means' 'whoever takes this disk' ana doctor
call 'nothing to lock' '^state: .*not encrypted' ana node.lock
call 'nothing to unlock' '^state: .*not locked' ana node.unlock '{"passphrase":"x"}'
call 'nothing to take away' '^state: ' ana node.passphrase '{}'
call 'no present passphrase to say' '^usage: ' \
  ana node.passphrase '{"passphrase":"x","new":"y"}'
call 'an empty passphrase is none' '^usage: .*too short' ana node.passphrase '{"new":""}'
long=$(printf 'x%.0s' {1..1025})
call 'one of 1,025 bytes is too long' '^usage: .*too long' ana node.passphrase "{\"new\":\"$long\"}"
call 'no credential without one' '^not_found: .*valise.key' ana node.credential '{"use":true}'
call 'one of 1,024 bytes encrypts the store' '"ok": true' \
  ana node.passphrase "{\"new\":\"${long:1}\"}"
call 'the node is open, and encrypted' '"state": "ready".*"sealed": true' ana status
call 'with its identity' '"name": "Ana"' ana id.show
check 'the key file is its owner'"'"'s alone' [ "$(stat -c %a "$data/node.keys")" = 600 ]
others=$(ls "$data" | grep -Ev '^(node\.(db|db-wal|db-vault|keys)|reserve)$')
check 'nothing else is left' [ -z "$others" ]
call 'a change needs the present one' '^usage: .*present' ana node.passphrase '{"new":"new"}'
call 'and the right one' '^wrong_passphrase: ' ana node.passphrase '{"passphrase":"x","new":"new"}'
call 'then it is changed' '"ok": true' \
  ana node.passphrase "{\"passphrase\":\"${long:1}\",\"new\":\"correct horse\"}"
call 'nothing else would open it' '^state: ' \
  ana node.passphrase '{"passphrase":"correct horse"}'

python3 -B - "$e2e" "$(socket_of ana)" <<'P' && ok 'one connection through lock and unlock' ||
import sys
sys.path.insert(0, sys.argv[1])
import rpc
listener = rpc.Client(sys.argv[2])
listener.call("events.subscribe", {"live": True})
ana = rpc.Client(sys.argv[2])
ana.call("node.lock")
assert ana.call("status")["state"] == "locked"
assert listener.receive() is None, "a subscription ends"
try:
    ana.call("message.list")
    raise SystemExit("answered while locked")
except rpc.Refused as refused:
    assert str(refused) == "locked: the node is locked\nvalise unlock", refused
first, second = rpc.Client(sys.argv[2]), rpc.Client(sys.argv[2])
for client in first, second:
    client.send(client.request("node.unlock", {"passphrase": "wrong"}))
assert ana.call("status")["state"] in ("unlocking", "locked")
errors = {client.receive()[2].split(":")[0] for client in (first, second)}
assert errors == {"wrong_passphrase", "busy"}, errors
ana.call("node.unlock", {"passphrase": "correct horse"})
assert ana.call("id.show")["name"] == "Ana"
P
bad 'one connection through lock and unlock'

check 'SIGTERM: exit 0' stop ana
start_locked
call 'without its key it starts locked' '"state": "locked".*"sealed": true' ana status
call 'and says what opens it' 'valise unlock' ana doctor
call 'there is no call but these' '^locked: ' ana send '{"to":["x"],"text":"y"}'
call 'locked twice' '^state: .*already' ana node.lock
right='{"passphrase":"correct horse"}'
call 'no change while locked' '^locked: ' \
  ana node.passphrase '{"passphrase":"correct horse","new":"n"}'
call 'the old passphrase opens nothing' '^wrong_passphrase: ' \
  ana node.unlock "{\"passphrase\":\"${long:1}\"}"
for _ in 1 2; do rpc ana node.unlock '{"passphrase":"x"}' >/dev/null 2>&1; done
call 'after three wrong ones: wait' '^rate_limited: .* in [12] s' \
  ana node.unlock '{"passphrase":"x"}'
call 'also with the right one' '^rate_limited: ' ana node.unlock "$right"
opens() { rpc ana node.unlock "$right"; }
check 'then it opens' until_true 20 opens
call 'as it was' '"name": "Ana"' ana id.show
stop ana

mv "$data/node.keys" "$data/aside"
start_locked
call 'without its key file it starts, and says so' 'key file .* is missing' ana doctor
call 'no passphrase helps' '^(not_found|locked): .*missing' ana node.unlock "$right"
head -c 40 "$data/aside" >"$data/node.keys"
call 'a damaged one is damaged' 'damaged' ana node.unlock "$right"
{ head -c 12 "$data/aside"; printf '\377'; tail -c +14 "$data/aside"; } >"$data/node.keys"
call 'one of a newer version is newer' 'newer' ana node.unlock "$right"
head -c 5000 /dev/zero >>"$data/node.keys"
call 'one that is too long is read with a bound' 'damaged|newer' \
  ana node.unlock "$right"
cp "$data/aside" "$data/node.keys"
call 'put back, it opens without a restart' '"ok": true' ana node.unlock "$right"
stop ana
mv "$data/node.db" "$data/gone"
start_locked
call 'a key file without its store is no new node' 'store .* is missing' ana doctor
check 'and none is made' [ ! -e "$data/node.db" ]
stop ana
mv "$data/gone" "$data/node.db"

# What systemd does for LoadCredential= and LoadCredentialEncrypted=: a folder, and its name.
mkdir -m 700 "$here/cred"
export CREDENTIALS_DIRECTORY=$here/cred
head -c 31 /dev/urandom >"$here/cred/valise.key"
start_locked
opens >/dev/null
call 'a credential of 31 bytes is too short' '^usage: .*32' \
  ana node.credential '{"passphrase":"correct horse","use":true}'
head -c 32 /dev/urandom >"$here/cred/valise.key"
call 'one of 32 opens the store from now on' '"ok": true' \
  ana node.credential '{"passphrase":"correct horse","use":true}'
stop ana
node ana || bad 'a node with its credential opens by itself'
call 'a node with its credential opens by itself' '"state": "ready"' ana status
call 'the passphrase can go' '"ok": true' ana node.passphrase '{"passphrase":"correct horse"}'
call 'then the credential must stay' '^state: ' ana node.credential '{"use":false}'
call 'and lets another passphrase come' '"ok": true' ana node.passphrase '{"new":"battery"}'
call 'which takes the credential away' '"ok": true' \
  ana node.credential '{"passphrase":"battery","use":false}'
stop ana
start_locked
call 'then it starts locked' '"state": "locked"' ana status
call 'and the passphrase opens it' '"ok": true' ana node.unlock '{"passphrase":"battery"}'
stop ana
