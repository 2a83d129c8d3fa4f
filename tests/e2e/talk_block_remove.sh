#!/usr/bin/env bash
# Ana blocks Bao, takes it back, removes him, and they meet again.
. "$(dirname "$0")/lib_talk.sh"

citizen ana Ana
citizen bao Bao
citizen cy Cy
meet ana bao
meet ana cy
as bao send Ana -m 'before' --wait delivered >/dev/null 2>&1

says "Ana blocks Bao" 0 'blocked' ana contact block Bao
linked() { is "$1" "$2" online True; }
not_linked() { is "$1" "$2" online False; }
soon "their link ends" not_linked bao Ana
says "she can't write to him by mistake" 1 'blocked' ana send Bao -m 'no'
says "what he writes is taken by his node" 0 'queued' bao send Ana -m 'while blocked'
says "and not delivered, however he tries" 6 'still queued' \
  bao send Ana -m 'once more' --wait delivered --timeout 2s
same "Ana sees none of it" before "$(words ana Bao)"
says "her doctor says why" 0 'blocked by you' ana doctor
sends "others are not concerned" cy Ana 'hello'
off ana
on ana
as bao outbox retry >/dev/null 2>&1
sleep 1
check "the block is there after a restart" is ana Bao blocked True
same "and holds" before "$(words ana Bao)"

says "Ana takes it back" 0 '' ana contact block Bao --undo
as ana outbox retry >/dev/null 2>&1
soon "what he wrote meanwhile arrives" state_is bao Ana 'once more' delivered
same "in order, each once" $'before\nwhile blocked\nonce more' "$(words ana Bao in)"
sends "and she can answer" ana Bao 'I was angry'

says "to remove somebody asks for --yes where nobody can be asked" 2 'yes' ana contact remove Bao
says "Ana removes Bao" 0 '' ana contact remove Bao --yes
says "he is gone from her list" 4 'no contact' ana contact show Bao
says "and their texts" 0 '' ana read --peek
check "all of them" [ -z "$(grep -E 'before|angry' "$here/out")" ]
says "what Bao writes now waits with him" 6 'still queued' \
  bao send Ana -m 'are you there?' --wait delivered --timeout 2s
same "Bao's own texts stay his" 5 "$(texts bao Ana | wc -l)"
off ana
on ana
says "removed is removed after a restart too" 4 'no contact' ana contact show Bao
says "the event feed tells nothing of what is gone" 0 '' ana status
check "" [ -z "$(talk feed ana message | grep -E 'before|blocked')" ]

# They meet again: the same two, another invitation. Bao's Ana is who she was.
link=$(invite ana --as Bao)
says "Bao takes a new invitation of hers" 0 '' bao accept "$link" --wait --timeout "$WAIT"
soon "he is her contact again" is ana Bao state ready
same "and has one Ana, not two" Ana "$(as bao contact list --plain | cut -f 1)"
soon "what waited with Bao arrives" \
  state_is bao Ana 'are you there?' delivered
sends "both can write" bao Ana 'again'
sends "both ways" ana Bao 'welcome back'
same "Ana has what came since, each once" $'are you there?\nagain' "$(words ana Bao in)"
as bao read Ana >/dev/null 2>&1
soon "receipts work as before" state_is ana Bao 'welcome back' read

# The other way: Bao removes, and is the one who takes Ana's invitation.
as bao contact remove Ana --yes >/dev/null 2>&1
says "Bao removes Ana, and takes a new invitation" 0 'is your contact' \
  bao accept "$(invite ana)" --as Ana --wait --timeout "$WAIT"
sends "and writes" bao Ana 'a new leaf'
sends "and is answered" ana Bao 'a new leaf'
same "Ana has one Bao" 'Bao Cy' "$(as ana contact list --plain | cut -f 1 | sort | paste -sd ' ')"
says "nothing is left over" 0 'everything delivered' ana doctor
for who in ana bao cy; do off $who; done
