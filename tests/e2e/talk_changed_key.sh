#!/usr/bin/env bash
# Bao loses everything and begins anew: for Ana that is another person until she has asked. And
# somebody at Bao's address, or with a link in Bao's name, never passes for Bao.
. "$(dirname "$0")/lib_talk.sh"

number() { as "$1" id verify "$2" 2>/dev/null | tr -d ' \n' | grep -oE '[0-9]{60}'; }
id_of() { as "$1" id show --json | grep -o '"id":"[^"]*"' | cut -d '"' -f 4; }

citizen ana Ana
citizen bao Bao
meet ana bao
as ana id verify Bao "$(number bao Ana)" >/dev/null 2>&1
check "Ana knows Bao, and has verified him" is ana Bao verified True
old_number=$(number ana Bao)
off bao
as ana send Bao -m 'for the Bao I know' >/dev/null 2>&1

# The same machine, address and name; another key.
mkdir -m 700 "$here/new"
cp "$here/bao/port" "$here/new/port"
cp "$here/bao/log" "$here/new/log"
on new
as new init --name Bao >/dev/null 2>&1
as ana outbox retry >/dev/null 2>&1
sleep 1
same "what Ana wrote to Bao does not reach who stands at his address" '' "$(words new Ana 2>&1)"
check "it waits" state_is ana Bao 'for the Bao I know' queued
says "the new Bao hears nothing of Ana" 0 'Contacts +0' new status

link=$(invite new --as Ana)
says "his new invitation as Bao is refused, with exit 5" 5 'another identity' \
  ana accept "$link" --as Bao
check "and with what to do" \
  grep -q 'ask over another way, then accept under another name' "$here/err"
says "a look-alike of the name is no way round" 5 'another identity' ana accept "$link" --as bao
check "nothing changed for the Bao she knows" is ana Bao verified True
says "under another name it is taken" 0 'is your contact' \
  ana accept "$link" --as 'Bao 2026' --wait --timeout "$WAIT"
same "the safety number is another" different \
  "$([ "$(number ana 'Bao 2026')" = "$old_number" ] && echo the same || echo different)"
check "which nobody has compared yet" is ana 'Bao 2026' verified False
says "the old number does not verify him" 5 'somebody stands between' \
  ana id verify 'Bao 2026' "$old_number"
says "his own does" 0 '' ana id verify 'Bao 2026' "$(number new Ana)"
as ana send 'Bao 2026' -m 'for the new Bao' --wait delivered >/dev/null 2>&1
same "each text is for one of them" 'for the new Bao' "$(words new Ana)"
check "the other still waits" state_is ana Bao 'for the Bao I know' queued
off new

# A link in Bao's name, from somebody else.
citizen eve Eve
forged=$(forge "$(invite eve)" "$(field ana Bao id)")
says "a forged invitation in Bao's name" '[01]' '' ana accept "$forged"
alarmed() { talk feed ana alarm | grep -q 'not who invited you'; }
soon "raises an alarm as soon as its maker answers" alarmed
sleep 0.5
check "Ana's Bao is what he was" is ana Bao verified True
check "and ready" is ana Bao state ready
same "Eve has got nothing" '' "$(as eve contact list --plain; as eve read --plain)"
check "what waits for Bao still waits" state_is ana Bao 'for the Bao I know' queued

citizen cy Cy
cy=$(id_of cy)
off cy
says "a forged invitation in the name of somebody Ana does not know" '[01]' '' \
  ana accept "$(forge "$(invite eve)" "$cy")" --as Cy --wait --timeout "$WAIT"
soon "fails and says why" is ana Cy state failed
says "with what to do" 1 'not who invited you' ana doctor

on bao
as ana outbox retry >/dev/null 2>&1
soon "the real Bao is back: what Ana wrote to him arrives" \
  state_is ana Bao 'for the Bao I know' delivered
says "nobody else could read it in between" 0 'for the Bao I know' bao read Ana
for who in ana bao eve; do off $who; done
