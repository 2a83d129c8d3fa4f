#!/usr/bin/env bash
# Coming into a group by real nodes: a contact who is invited, a stranger with a link, one whom a
# moderator lets in and one whom not, links that are worn out or mistyped; a report; kill -9.
. "$(dirname "$0")/lib_talk.sh"

G='Twin schools'
citizen ana Ana
citizen bao Bao
citizen cy Cy
citizen dan Dan

in_group() { [[ $(as "$1" group list --plain 2>/dev/null | grep -F "$G" | cut -f 2) = ready ]]; }
heard() { as "$1" read "@$G" --plain 2>/dev/null | grep -qF "$2"; }
tells() { # WHAT FROM TEXT TO...
  local what=$1 from=$2 text=$3 who
  shift 3
  as "$from" send "@$G" -m "$text" >/dev/null 2>&1
  for who in "$@"; do soon "$what: $who" heard "$who" "$text"; done
}

says "a group is founded" 0 '' ana group create "$G"
link=$(as ana group invite "$G" --plain 2>/dev/null | grep -o 'valise:[a-z2-7]*')
check "a link is made" [ -n "$link" ]
wrong=${link:0:60}$([ "${link:60:1}" = a ] && echo b || echo a)${link:61}
says "a mistyped link is refused" 2 'a letter of it is wrong' bao group join "$wrong"
says "an invitation of a person is none to a group" 2 'of a person' bao group join "$(invite ana)"
says "one's own link is refused" 2 'your own invitation' ana group join "$link"
as bao group join "$link" >/dev/null 2>&1
soon "a stranger joins by the link" in_group bao
tells "and hears" ana 'welcome' bao
tells "and is heard" bao 'thank you' ana

as cy group join "$link" >/dev/null 2>&1
worn() { as cy group list --json 2>/dev/null | grep -q 'so many are in'; }
soon "the next with the same link is told that it is used up" worn
link=$(as ana group invite "$G" --uses 5 --approve --plain 2>/dev/null | grep -o 'valise:[a-z2-7]*')
as cy group join "$link" >/dev/null 2>&1
as dan group join "$link" >/dev/null 2>&1
waits() { [ "$(as ana group asking --plain 2>/dev/null | wc -l)" = 2 ]; }
soon "two wait for a moderator" waits
as ana group admit "$G" Cy >/dev/null 2>&1
soon "one is let in" in_group cy
says "the other not" 0 '' ana group admit "$G" Dan --refuse --reason 'who are you'
refused() { as dan group list --json 2>/dev/null | grep -q 'who are you'; }
soon "and is told why" refused
check "and is not in it" [ "$(as dan group list --plain | grep -c ready)" = 0 ]

meet ana dan
says "now as a contact" 0 'is invited' ana group invite "$G" Dan
invited() { as dan group list --plain 2>/dev/null | grep -q invited; }
soon "who finds it among the groups" invited
as dan group join "$G" >/dev/null 2>&1
soon "and joins by its name" in_group dan
tells "all hear each other" dan 'so many friends' ana bao cy
tells "who came by links, too" cy 'good evening' ana bao dan

n=$(as bao read "@$G" --json 2>/dev/null | grep -F 'good evening' |
  grep -o '"n":[0-9]*' | head -1 | cut -d: -f2)
as ana watch >"$here/watch" 2>&1 &
watching=$!
sleep 0.5
says "words are reported" 0 '' bao group report "$n" 'too late at night'
told() { grep -q 'Bao.* reports what .*Cy.* wrote: too late at night' "$here/watch"; }
soon "the moderator reads who, of whom, and why" told
kill $watching 2>/dev/null
wait $watching 2>/dev/null
for who in ana bao cy dan; do off "$who"; done
