#!/usr/bin/env bash
# One of two is away for part of it: what is written meanwhile is kept, in order, through restarts
# of the writer, and arrives by itself.
. "$(dirname "$0")/lib_talk.sh"

citizen ana Ana
citizen bao Bao
meet ana bao
as ana send Bao -m 'before' --wait delivered >/dev/null 2>&1

off bao
for i in $(seq 1 100); do printf 'text %s\n' "$i"; done >"$here/written"
while read -r text; do as ana send Bao -m "$text" >/dev/null 2>&1 || echo "$text"; done \
  <"$here/written" >"$here/unsent"
same "a hundred texts are taken while Bao is off" '' "$(cat "$here/unsent")"
says "none of them is called delivered" 0 '^.*queued' ana outbox list
same "all wait, oldest first" "$(cat "$here/written")" \
  "$(as ana outbox list --plain 2>/dev/null | cut -f 5)"
says "the status counts them" 0 'Waiting +100 ' ana status
says "doctor says that Bao is not reached, and what helps" 1 'no link' ana doctor
says "to wait for the receipt of one more times out" 6 'still queued|#' \
  ana send Bao -m 'text 101' --wait delivered --timeout 300ms
echo 'text 101' >>"$here/written"

number() {
  as ana outbox list --plain 2>/dev/null | awk -F '\t' -v text="$1" '$5 == text { print $1 }'
}
says "one that has not left can be taken back" 0 '' ana outbox cancel "$(number 'text 50')"
grep -v '^text 50$' "$here/written" >"$here/rest"
same "and waits no longer" "$(cat "$here/rest")" \
  "$(as ana outbox list --plain 2>/dev/null | cut -f 5)"
says "its state says so" 0 '"state":"cancelled"' \
  ana read Bao -n 500 --peek --search 'text 50' --json
says "a retry is taken, though nobody is there" 0 '' ana outbox retry Bao
off ana
on ana
same "all of it is there after a restart of Ana's node" "$(cat "$here/rest")" \
  "$(as ana outbox list --plain 2>/dev/null | cut -f 5)"
says "what was taken back stays so" 1 'queued' ana outbox cancel \
  "$(as ana read Bao --peek --plain -n 500 --search 'text 50' 2>/dev/null | cut -f 1)"
kill9 ana
on ana
same "and after it was killed" "$(cat "$here/rest")" \
  "$(as ana outbox list --plain 2>/dev/null | cut -f 5)"

began=$(date +%s%N)
on bao
soon "Bao is back: everything is delivered, by itself" \
  state_is ana Bao 'text 101' delivered
printf '      %s ms from his start\n' $((($(date +%s%N) - began) / 1000000))
same "what was kept has the order in which it was written" \
  "$(echo before; cat "$here/rest")" "$(words bao Ana in)"
same "nothing waits any more" '' "$(as ana outbox list --plain 2>/dev/null)"
ranges=$(talk feed ana delivered | grep -c .)
check "joined: 101 texts needed $ranges receipts" [ "$ranges" -le 4 ]

off ana
for i in 1 2 3; do as bao send Ana -m "answer $i" >/dev/null 2>&1; done
off bao
on ana
on bao
soon "the other way round too, with both restarted" \
  state_is bao Ana 'answer 3' delivered
same "in order" $'answer 1\nanswer 2\nanswer 3' "$(words ana Bao in)"
says "nothing of a sent text can be taken back" 1 'signed|queued' bao outbox cancel \
  "$(as bao read Ana --peek --plain 2>/dev/null | awk -F '\t' '$6 == "answer 3" { print $1 }')"
off ana
off bao
