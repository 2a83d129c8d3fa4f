#!/usr/bin/env bash
# What a thief of the disk finds in an encrypted store, what whoever reads the memory of a locked
# node finds, and what a kill while a store is being encrypted leaves.
. "$(dirname "$0")/lib_talk.sh"

data=$here/ana/data/valise
known='mulberry|AnaQuetzal|Petnamexylophone|BaoOkapi|CREATE TABLE|SQLite format'
(umask 077 && printf 'correct horse battery\n' >"$here/pass")
in_clear() { grep -rqaE "$known" "$data"; }
unlocks() { as ana unlock --passphrase-file "$here/pass"; }
seals() { as ana passphrase --new-passphrase-file "$here/pass"; }
copy_of_store() { mkdir "$here/$1" && cp "$data"/node.* "$here/$1/"; }

on ana
on bao
as ana init --name AnaQuetzal >/dev/null 2>&1
as bao init --name BaoOkapi >/dev/null 2>&1
meet ana bao
as ana contact rename Bao Petnamexylophone >/dev/null
sends 'words that are known' ana Petnamexylophone 'mulberry marmalade'
check 'a store in clear has them on the disk' in_clear
off ana
copy_of_store clear
keys=$(python3 -c 'import sqlite3, sys
print(*[b.hex() for b in sqlite3.connect(sys.argv[1]).execute(
    "SELECT identity, device, dh FROM self").fetchone()])' "$here/clear/node.db")
on ana

check 'it is encrypted' seals
check 'and has none of them' eval '! in_clear'
sends 'words written since' ana Petnamexylophone 'mulberry jam'
check 'are not in its log either' eval '! in_clear'

needles="$keys $(printf 'correct horse battery' | od -An -tx1 | tr -d ' \n')"
needles+=" $(printf 'mulberry marmalade' | od -An -tx1 | tr -d ' \n')"
# shellcheck disable=SC2086
scan() { python3 -B "$e2e/lock_scan.py" "$(pid_of ana)" $needles; }
if scan >"$here/scan" 2>/dev/null; then
  data_keys=$("$VALISE_BUILD/tests/e2e/valise_keys" "$data" <"$here/pass")
  check 'passphrase and files give the keys of store and vault' [ -n "$data_keys" ]
  needles+=" $data_keys"
  for _ in 1 2 3 4 5; do # what was read is wiped with the page it was on, in a few seconds
    as ana read Petnamexylophone --peek >/dev/null
    read -r identity device dh pass words data_key vault_key <<<"$(scan)"
    [ "$words" -gt 0 ] && break
  done
  check 'an open node has its keys in memory' \
    test "$identity" -gt 0 -a "$device" -gt 0 -a "$dh" -gt 0
  check 'and words that were just read' test "$words" -gt 0
  check 'and the keys of store and vault' test "$data_key" -gt 0 -a "$vault_key" -gt 0
  check 'but not the passphrase' test "$pass" -eq 0
  as ana lock >/dev/null 2>&1
  same 'a locked node has none of them' '0 0 0 0 0 0 0' "$(scan)"
  unlocks >/dev/null 2>&1
  as ana lock >/dev/null 2>&1
  same 'nor after it was open once more' '0 0 0 0 0 0 0' "$(scan)"
else
  echo 'skip  the memory of the node: only root may look'
fi
off ana

# A kill as soon as each of these is seen. Where it falls exactly is the machine's choice.
before_kill() {
  local sign=$1
  rm -f "$data"/node.*
  cp "$here"/clear/node.* "$data/"
  on ana
  seals >/dev/null 2>&1 &
  local asker=$!
  python3 -c 'import os, sys, time
end = time.monotonic() + 20
while not os.path.exists(sys.argv[1]) and time.monotonic() < end: pass' "$data/$sign"
  kill9 ana
  wait "$asker" 2>/dev/null
}
answers() { as ana status; }
for sign in node.keys node.keys.new node.db.sealing node.db.plain; do
  before_kill "$sign"
  launch ana --listen 127.0.0.1:0
  until_true "$WAIT_S" answers
  as ana status --plain | grep -q locked && unlocks >/dev/null 2>&1
  says "killed at $sign: everything is there" 0 'mulberry marmalade' \
    ana read Petnamexylophone --peek
  check "killed at $sign: nothing half done is left" \
    [ -z "$(ls "$data" | grep -E 'sealing|plain')" ]
  as ana status | grep -q 'not encrypted' && seals >/dev/null 2>&1
  check "killed at $sign: encrypted in the end" eval '! in_clear'
  off ana
done
off bao
