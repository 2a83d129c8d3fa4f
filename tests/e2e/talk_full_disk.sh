#!/usr/bin/env bash
# Bao's disk is full in the middle of a talk: a tmpfs of 1, 4 and 16 MB holds his data. His node
# takes nothing new, from him or from Ana, and shows what it has; when there is room it goes on by
# itself.
# What was acknowledged is kept, on both sides, each text once.
. "$(dirname "$0")/lib_talk.sh"

[ "$(id -u)" -eq 0 ] || skip 'only root can mount a small disk'
mkdir -m 700 "$here/disk"
mount -t tmpfs -o "size=1024k,mode=700" tmpfs "$here/disk" 2>/dev/null ||
  skip 'no tmpfs can be mounted'
unmount() { umount -l "$here/disk" 2>/dev/null; }
trap 'code=$?; unmount; (exit $code); finish' EXIT

resize() { mount -o "remount,size=${1}k" "$here/disk"; }
state() { as "$1" status --json 2>/dev/null | grep -o '"state":"[a-z]*"' | cut -d '"' -f 4; }
state_is_now() { [ "$(state "$1")" = "$2" ]; }
long() { printf '%s %s\n' "$1" "$(head -c "$bytes" /dev/zero | tr '\0' x)"; }
all_delivered() { as bao doctor 2>/dev/null | grep -q 'everything delivered'; }
same_process() { [ "$(pid_of bao)" = "$pid" ] && kill -0 "$pid" 2>/dev/null; }

citizen ana Ana
mkdir -p -m 700 "$here/bao"
ln -s "$here/disk" "$here/bao/data"
citizen bao Bao
meet ana bao
sends "Bao's node on a disk of 1 MB talks like any other" ana Bao one
: >"$here/taken"
: >"$here/told"

# Ana is away, Bao writes until there is no room. Then she comes back and writes.
round() { # round MB BYTES OF A TEXT
  local kib=$(($1 * 1024)) i last=0
  bytes=$2 pid=$(pid_of bao)
  resize $kib
  soon "$1 MB: there is room" state_is_now bao ready
  off ana
  for i in $(seq 1200); do
    long "bao $1-$i" >"$here/text"
    as bao send Ana -f "$here/text" >/dev/null 2>"$here/err"
    last=$?
    [ $last -eq 0 ] || break
    cut -d ' ' -f 1,2 "$here/text" >>"$here/taken"
  done
  printf '      %s texts of %s bytes were taken, then: %s\n' $((i - 1)) "$bytes" \
    "$(head -n 1 "$here/err")"
  check "the text that did not fit is refused with exit 9 (it was $last)" [ "$last" -eq 9 ]
  check "and the reason" grep -q 'disk is full' "$here/err"
  check "Bao's node is still there" same_process
  says "status says it" 0 'Disk +full' bao status
  says "doctor says it" 1 '^problem +store: the disk is full' bao doctor
  says "contacts are shown" 0 Ana bao contact list
  says "texts are shown" 0 "bao $1-1 " bao read Ana -n 500
  says "a change is refused" 9 'disk is full' bao contact rename Ana Anna
  on ana
  for i in 1 2 3; do
    long "ana $1-$i" >"$here/text"
    as ana send Bao -f "$here/text" >/dev/null 2>&1
    cut -d ' ' -f 1,2 "$here/text" >>"$here/told"
  done
  sleep 1
  same "nothing is called delivered that Bao could not keep" 'queued queued queued' \
    "$(texts ana Bao out | tail -n 3 | sed 's/sent/queued/' | cut -d ' ' -f 1 | paste -sd ' ')"
  cat /dev/zero >"$here/disk/other" 2>/dev/null # another program takes the rest
  kill9 bao
  on bao
  pid=$(pid_of bao)
  # The start itself may make room: the log it finds is moved into the store.
  says "started again on what is left of the disk, it shows what it has" 0 "bao $1-1 " \
    bao read Ana -n 500
  rm "$here/disk/other"
  resize $((4 * kib))
  soon "with room it takes again by itself" state_is_now bao ready
  says "what Bao was told is queued arrives, and what Ana wrote" 0 delivered \
    bao send Ana -m "bao $1-end" --wait delivered --timeout "$WAIT"
  printf 'bao %s-end\n' "$1" >>"$here/taken"
  soon "on both sides" state_is ana Bao "$(cat "$here/text")" delivered
  cat /dev/zero >"$here/disk/other" 2>/dev/null
  for i in $(seq 250); do # log and store may have room for some yet
    long "bao $1-late$i" >"$here/text"
    as bao send Ana -f "$here/text" >/dev/null 2>"$here/err" || break
    printf 'bao %s-late%s\n' "$1" "$i" >>"$here/taken"
  done
  check "another program fills the disk: $((i - 1)) texts later nothing is taken" \
    grep -q 'disk is full' "$here/err"
  says "and the texts are shown" 0 "bao $1-end" bao read Ana -n 500
  rm "$here/disk/other"
  soon "it is gone: the node takes again" state_is_now bao ready
  check "without another start" same_process
  check "and without a complaint but of the disk" \
    bash -c "! grep -E ' error ' $(log_of bao) | grep -v disk_full"
}
round 1 20000
round 4 60000
round 16 65000

MANY=500
got() { # everything, oldest first, for there may be more than one look shows
  python3 -B - "$(socket_of "$1")" <<'P'
import sys, os
sys.path.insert(0, os.environ["e2e"])
from rpc import Client
client, last = Client(sys.argv[1]), 0
while True:
    some = client.call("message.list", {"after": last, "limit": 100})
    if not some:
        break
    for text in some:
        if not text["mine"]:
            print(" ".join(text["text"].split()[:2]))
    last = some[-1]["n"]
P
}
same "Ana has Bao's texts, each once, in order" "$(cat "$here/taken")" "$(got ana)"
same "Bao has Ana's, each once, in order" "$(echo one; cat "$here/told")" "$(got bao)"
soon "no record was lost on the way" all_delivered
off ana
off bao
