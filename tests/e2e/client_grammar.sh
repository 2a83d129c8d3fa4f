# The grammar without a node: every command explains itself, mistakes get a suggestion, codes are
# stable.
. "$(dirname "$0")/lib_talk.sh"

says "without a node, exit code 3" 3 'valised is not running' ana status
says "and how to start one" 3 'try: valise init --start' ana contact list
says "init alone just says so when it may not ask" 3 'not running' ana init --name Ana
says "doctor works without a node" 3 'problem +node' ana doctor
says "and looks at the program and the configuration" 3 'ok +config' ana doctor
says "no command is an overview" 0 'valise help start' ana
says "the version" 0 '^valise [0-9]+\.[0-9]+' ana --version
says "an unknown command" 2 'did you mean valise send\?' ana sned
says "an unknown verb" 2 'did you mean valise contact list\?' ana contact lst
says "an unknown option" 2 'did you mean --timeout\?' ana recv --timout 3s
says "a missing word" 2 'valise contact rename WHO NAME' ana contact rename
says "a word too many" 2 'one word too many' ana status now
says "a bad span" 2 '30s, 5m, 2h or 7d' ana invite --expires soon
says "a bad number" 2 'a number from 1' ana read -n many
says "a bad moment" 2 'yesterday' ana read --since then
says "a bad choice" 2 'queued stored delivered' ana send Bao -m x --wait read
says "two texts" 2 'once' ana send Bao -m x -f /dev/null
says "an empty text" 2 'no text' ana send Bao -f /dev/null
says "a text that is not UTF-8" 2 'not UTF-8' ana send Bao -m $'\xff'
says "a safety number of three digits" 2 '60 digits' ana contact verify Bao 123
says "no prompt without a terminal: removing needs --yes" 2 'yes' ana contact remove Bao
says "rpc takes JSON" 2 'not JSON' ana rpc status '{'
says "and one object" 2 'one object' ana rpc status '[1]'
says "without fractions" 2 'no fractions' ana rpc status '{"a": 1.5}'
head -c 70000 /dev/zero | tr '\0' x >"$here/long"
says "a text of more than 64 KiB" 2 'at most 64 KiB' ana send Bao -f "$here/long"

explained=yes
for words in $(as ana complete -- '' | cut -f 1); do
  as ana "$words" --help >"$here/help" 2>&1 && grep -q '^Usage: valise' "$here/help" ||
    explained=$words
  verbs=$(as ana complete -- "$words" '' | grep -v '^:' | cut -f 1)
  [ -s "$here/help" ] && grep -q '^Commands:' "$here/help" || continue
  for verb in $verbs; do
    as ana "$words" "$verb" --help >"$here/help" 2>&1 &&
      grep -q "^Usage: valise $words $verb" "$here/help" ||
      explained="$words $verb"
  done
done
same "every command and every verb has --help" yes "$explained"
for topic in start privacy exit-codes output config invite backup doctor; do
  says "help on $topic" 0 '.' ana help "$topic"
done
says "privacy says plainly that texts are signed" 0 'no deniability' ana help privacy
says "an unknown topic" 2 'did you mean privacy\?' ana help privcy

as ana status --json >"$here/out" 2>"$here/err"
check "an error leaves standard output empty" [ ! -s "$here/out" ]
check "with --json it is one object" python3 -c '
import json, sys
e = json.load(open(sys.argv[1]))
assert e["v"] == 1 and e["error"] == "no_daemon" and e["exit"] == 3, e
assert e["text"] and e["hint"], e' "$here/err"
as ana status --plain 2>"$here/err"
same "with --plain it is one line of three fields" '3 no_daemon' \
  "$(awk -F '\t' '{print NF, $1}' "$here/err")"
