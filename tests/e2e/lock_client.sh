#!/usr/bin/env bash
# A citizen encrypts her store, locks and unlocks it, from a terminal and from scripts.
. "$(dirname "$0")/lib_backup.sh"
TERMINAL=dumb

on ana
on bao
asked 'init offers a passphrase, and asks it twice' 0 'The store is encrypted' ana \
  '[["Set one now", "y\n"], ["New passphrase", "Grüße 7\n"], ["once more", "Grüße 7\n"],
    ["Write them down", "n\n"]]' init --name Ana
check 'what was typed is not shown' bash -c '! grep -q Gr "$1"' - "$here/out"
says 'status says so' 0 'Store .*, encrypted' ana status
as bao init --name Bao >/dev/null 2>&1
meet ana bao
sends 'a text before' ana Bao 'before'
asked 'two that differ change nothing' 2 'not the same' bao \
  '[["New passphrase", "one\n"], ["once more", "two\n"]]' passphrase
asked 'an empty one is none' 2 'empty' bao '[["New passphrase", "\n"]]' passphrase
says 'Bao is in clear' 0 'Store .*not encrypted' bao status
says 'and has nothing to lock' 1 'try: valise passphrase' bao lock

says 'lock' 0 'Locked' ana lock
says 'twice is once' 0 'already' ana lock
says 'status while locked' 0 'locked' ana status
says 'in JSON' 0 '"state":"locked"' ana status --json
says 'doctor while locked' 1 'try: valise unlock' ana doctor
says 'nothing else: code 9, and what helps' 9 'try: valise unlock' ana read Bao
says 'for scripts' 9 '^locked' ana contact list --plain
says 'Bao writes meanwhile' 0 '#2' bao send Ana -m 'while you were locked'
says 'no terminal, no question' 2 'passphrase-file' ana unlock
secret wrong 'Gruesse 7'
secret right 'Grüße 7'
says 'a wrong one from a file' 1 'not the right one' ana unlock --passphrase-file "$here/wrong"
asked 'wrong and right on a terminal' 0 'Unlocked' ana \
  '[["Passphrase", "x\n"], ["Passphrase", "Grüße 7\n"]]' unlock
says 'unlock twice is once' 0 'not locked' ana unlock
# Its port is another one now (the test listens on port 0), and Ana dials.
soon 'what was written meanwhile arrives' has ana Bao 'while you were locked'
sends 'and talk goes on' ana Bao 'after'
secret both $'Grüße 7\ncorrect horse battery staple'
reads() { in_home ana "$VALISE" "${@:2}" <"$here/$1"; }
check 'another passphrase from standard input' \
  reads both passphrase --passphrase-file - --new-passphrase-file -
says 'lock again' 0 'Locked' ana lock
says 'the old one opens nothing' 1 'not the right one' \
  ana unlock --passphrase-file "$here/right"
secret new 'correct horse battery staple'
pipes() { printf 'correct horse battery staple' | in_home ana "$VALISE" "$@"; }
check 'the new one does, from a pipe' pipes unlock --passphrase-file -
chmod 644 "$here/new"
says 'lock once more' 0 'Locked' ana lock
says 'a file that others can read is told' 0 'chmod 600' ana unlock --passphrase-file "$here/new"
off ana
launch ana --listen 127.0.0.1:0
locked() { as ana status --plain | grep -q locked; }
soon 'a start without the key is locked' locked
asked 'Ctrl-C leaves the terminal as it was' 130 'Passphrase' \
  ana '[["Passphrase", "\u0003"]]' unlock
says 'then it opens' 0 'Unlocked' ana unlock --passphrase-file "$here/new"
says 'everything is there' 0 'while you were locked' ana read Bao -n 50
check 'no passphrase in the log' bash -c '! grep -q "correct horse" "$1"' - "$(log_of ana)"
off ana
off bao

keys=$(find "$here" -path '*ana*' -name node.keys | head -n 1)
cp "$keys" "$here/aside"
head -c 40 "$here/aside" >"$keys"
launch ana --listen 127.0.0.1:0
soon 'a node whose key file is damaged starts' locked
says 'status says what is damaged' 0 'Store .*key file .* is damaged' ana status
says 'and what helps' 0 'Try .*put a copy of it back' ana status
check 'and not to unlock it' bash -c '! grep -q "valise unlock" "$1"' - "$here/out"
off ana
cp "$here/aside" "$keys"
