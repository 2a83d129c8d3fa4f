#!/usr/bin/env bash
# Bao's disk is full in the middle of a talk: a small tmpfs holds his data. What was acknowledged
# is kept, on both sides, and with room again the talk goes on as if nothing had been.
. "$(dirname "$0")/lib_talk.sh"

SMALL=2048 # KiB, of the disk
[ "$(id -u)" -eq 0 ] || skip 'only root can mount a small disk'
mkdir -m 700 "$here/disk"
mount -t tmpfs -o "size=${SMALL}k,mode=700" tmpfs "$here/disk" 2>/dev/null ||
  skip 'no tmpfs can be mounted'
unmount() { umount -l "$here/disk" 2>/dev/null; }
trap 'code=$?; unmount; (exit $code); finish' EXIT

citizen ana Ana
mkdir -p -m 700 "$here/bao"
ln -s "$here/disk" "$here/bao/data"
citizen bao Bao
meet ana bao
as bao send Ana -m 'there is room yet' --wait delivered >/dev/null 2>&1
sends "Bao's node on a small disk talks like any other" ana Bao one

long() { printf '%s %s\n' "$1" "$(head -c 20000 /dev/zero | tr '\0' x)"; }
room() { df --output=avail "$here/disk" | tail -n 1 | tr -d ' '; }
running() { kill -0 "$(pid_of "$1")" 2>/dev/null; }

# Bao writes with Ana away until the disk is full.
off ana
: >"$here/taken"
last=0
for i in $(seq 200); do
  long "bao $i" >"$here/text"
  as bao send Ana -f "$here/text" >/dev/null 2>"$here/err"
  last=$?
  [ $last -eq 0 ] || break
  cat "$here/text" >>"$here/taken"
done
printf '      %s texts of 20 KB were taken, then: %s\n' \
  "$(wc -l <"$here/taken")" "$(head -n 1 "$here/err")"
check "the text that did not fit is refused with exit 9 (it was $last)" [ "$last" -eq 9 ]
check "and the reason" grep -q 'disk is full' "$here/err"
wait "$(pid_of bao)" 2>/dev/null
check "Bao's node stops; its log says that the disk is full" grep -q 'disk_full' "$(log_of bao)"
check "and that nothing unsaved was sent" grep -q 'nothing unsaved was sent' "$(log_of bao)"

# Ana is back, and writes to somebody who can take nothing.
on ana
for i in 1 2 3; do
  long "ana $i" >"$here/text"
  as ana send Bao -f "$here/text" >/dev/null 2>&1
done
grow() { mount -o "remount,size=${1}k" "$here/disk"; }
try_full() { # started again with the disk still full: it may run for a while, or not at all
  launch bao --listen "127.0.0.1:$(cat "$here/bao/port")"
  until_true 4 not_running bao || kill9 bao
  wait "$(pid_of bao)" 2>/dev/null
}
not_running() { ! running "$1"; }
for i in 1 2 3; do try_full; done
same "nothing is called delivered that Bao could not keep" 'queued queued queued' \
  "$(texts ana Bao out | tail -n 3 | sed 's/sent/queued/' | cut -d ' ' -f 1 | paste -sd ' ')"

grow $((4 * SMALL))
on bao
soon "with room again, what Bao was told is queued arrives" \
  state_is bao Ana "$(tail -n 1 "$here/taken")" delivered
long 'ana 3' >"$here/text"
soon "and what Ana wrote meanwhile" state_is ana Bao "$(cat "$here/text")" delivered
same "Ana has Bao's texts, each once, in order" \
  "$(cut -d ' ' -f 1,2 "$here/taken")" "$(words ana Bao in | grep '^bao ' | cut -d ' ' -f 1,2)"
same "Bao has Ana's, each once, in order" $'ana 1\nana 2\nana 3' \
  "$(words bao Ana in | grep '^ana ' | cut -d ' ' -f 1,2)"
says "no record was lost on the way" 0 'everything delivered' bao doctor
off ana
off bao
