#!/usr/bin/env bash
# The first ten minutes of a newcomer: a node, an identity, an invitation, the first texts.
. "$(dirname "$0")/lib_talk.sh"

says "without a node, the command says how to start one" 3 'valise init --start' ana status
on ana
on bao
says "a new node has no identity, and says what makes one" 1 'valise init --name' ana invite
says "Ana makes an identity" 0 'v1[a-z2-7]{50}' ana init --name Ana
says "only once" 1 'identity already' ana init --name Another
says "Bao makes one too" 0 'valise invite' bao init --name Bao
says "an invitation is one link, and what to do with it" 0 'valise:[a-z2-7]+' ana invite --as Bao
link=$(grep -o 'valise:[a-z2-7]*' "$here/out")
check "it fits a QR code" [ "${#link}" -le 512 ]
says "Bao accepts and is told when Ana's node has answered" 0 'Ana is your contact' \
  bao accept "$link" --as Ana --wait --timeout "$WAIT"
says "Ana sees Bao online" 0 'Bao .*online' ana contact list
says "and unverified" 0 'no' ana contact list

ana_number=$(as ana id verify Bao 2>/dev/null | tr -d ' \n' | grep -oE '[0-9]{60}')
bao_number=$(as bao id verify Ana 2>/dev/null | tr -d ' \n' | grep -oE '[0-9]{60}')
same "both read the same safety number" "$ana_number" "$bao_number"
says "Bao's number, read out, verifies him" 0 '' ana id verify Bao "$bao_number"
check "he is verified from then on" is ana Bao verified True

says "Ana writes and waits for Bao's receipt" 0 '#1 delivered' \
  ana send Bao -m 'Hello Bao! Shall our two schools write to each other?' --wait delivered
says "Bao reads it, from Ana" 0 'our two schools' bao read Ana
soon "Ana learns that it was read" \
  state_is ana Bao 'Hello Bao! Shall our two schools write to each other?' read
printf 'Xin chào Ana.\nYes, gladly!\n' >"$here/letter"
says "Bao answers from a file" 0 'delivered' bao send Ana -f "$here/letter" --wait delivered
says "Ana's unread text is counted" 0 'Unread +1' ana status
says "the letter kept its lines" 0 '^  Yes, gladly!$' ana read Bao
says "nothing is unread after that" 0 'Unread +0' ana status
says "and nothing waits" 0 'Waiting +0' ana status
same "JSON has both texts in order" 'true false' \
  "$(as ana read Bao --json | grep -o '"mine":[a-z]*' | cut -d : -f 2 | paste -sd ' ')"
says "doctor finds nothing wrong" 0 'everything delivered' ana doctor
says "a name nobody has gets the nearest" 4 'did you mean "Bao"' ana send Baoo -m x
off bao
off ana
