#!/usr/bin/env bash
# Ana and Bao answer, react to, correct and delete texts, also while one of them is away.
. "$(dirname "$0")/lib_talk.sh"

citizen ana Ana
citizen bao Bao
meet ana bao

# one NAME N FIELD: of a text, as JSON has it.
one() {
  rpc "$1" message.get "{\"n\":$2}" |
    python3 -c 'import json, sys; print(json.load(sys.stdin).get(sys.argv[1]))' "$3"
}
shows() { [ "$(one "$1" "$2" "$3")" = "$4" ]; }
signs() { rpc "$1" message.get "{\"n\":$2}" | grep -q "\"sign\": \"$3\""; }
# number NAME TEXT: of a text, here.
number() {
  as "$1" read --peek --plain -n "$MANY" 2>/dev/null |
    awk -F '\t' -v text="$2" '$6 == text { print $1 }'
}
is_here() { [ -n "$(number "$1" "$2")" ]; }

sends "Ana asks" ana Bao 'Who comes on Monday?'
a=$(number ana 'Who comes on Monday?') b=$(number bao 'Who comes on Monday?')
says "Bao answers" 0 'queued' bao reply "$b" 'I do'
soon "it arrives" is_here ana 'I do'
says "both stand in one thread" 0 "answers #$a" ana thread "$(number ana 'I do')"
says "from its beginning" 0 'Who comes on Monday' bao thread "$(number bao 'I do')"
says "Bao reacts" 0 'queued' bao react "$b" '+1'
soon "Ana sees it" signs ana "$a" '+1'
says "under the text" 0 '^  \+1 \(1\)' ana read --peek

says "Ana corrects herself" 0 'queued' ana edit "$a" 'Who comes on Tuesday?'
soon "Bao reads the new words" shows bao "$b" text 'Who comes on Tuesday?'
says "as edited" 0 'edited' bao read --peek
says "what it says now is found" 0 'Tuesday' bao read --search tuesday
says "and what it said before" 0 "#$b" bao read --search monday
says "versions can be read" 0 'edit #' bao remarks "$b"
says "nobody edits what others wrote" 1 'theirs' bao edit "$b" 'no'
says "nor deletes it" 1 'theirs' bao delete "$b"

sends "Ana writes to the wrong person" ana Bao 'quokka secret'
w=$(number ana 'quokka secret') v=$(number bao 'quokka secret')
off bao
says "and deletes it while Bao is away" 0 'queued' ana delete "$w" --reason 'wrong person'
says "the words are gone" 0 'deleted: wrong person' ana read --peek
says "she waits to tell him" 0 'delete #' ana outbox list
off ana
on ana
on bao
as ana outbox retry >/dev/null 2>&1
soon "Bao's node deletes it, too" shows bao "$v" deleted True
says "and says so" 0 'deleted: wrong person' bao read --peek
says "the words are not found" 0 '' bao read --search quokka
check "" [ -z "$(grep quokka "$here/out")" ]
for who in ana bao; do
  says "$who checks her data" 0 '' "$who" doctor
  off "$who"
  check "no file of $who's holds the words" [ -z "$(grep -rl 'quokka' "$here/$who/data")" ]
done

on ana
says "Ana writes while Bao is away" 0 'queued' ana send Bao -m 'wrogn'
q=$(number ana 'wrogn')
says "and corrects what has not left" 0 '' ana edit "$q" 'right'
on bao
as ana outbox retry >/dev/null 2>&1
soon "Bao gets the right words alone" is_here bao 'right'
check "not as edited" shows bao "$(number bao 'right')" edits None
