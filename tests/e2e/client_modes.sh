# The same things as a table, as sentences, as tabs and as JSON; colour, quiet, pipes, settings.
. "$(dirname "$0")/lib_talk.sh"
citizen ana Ana
citizen bao Bao
meet ana bao
as ana send Bao -m "Hello" --wait delivered >/dev/null
as bao send Ana -m $'two\nlines\tand a tab \\' --wait delivered >/dev/null

json() { # WHAT LINES ARGUMENT...: valid objects with "v":1, so many
  local what=$1 lines=$2
  shift 2
  as "$@" --json >"$here/out" 2>"$here/err"
  check "$what" python3 -c '
import json, sys
objects = [json.loads(line) for line in open(sys.argv[1])]
assert all(o["v"] == 1 for o in objects), objects
assert len(objects) == int(sys.argv[2]), objects' "$here/out" "$lines"
}
json "status is JSON" 1 ana status
json "id is JSON" 1 ana id
json "contacts are JSON" 1 ana contact list
json "a contact is JSON" 1 ana contact show Bao
json "texts are JSON, a line each" 2 ana read --peek
json "an empty list is no line" 0 ana outbox list
json "an invitation is JSON" 1 ana invite
json "a safety number is JSON" 1 ana contact verify Bao
json "a sending is JSON" 1 ana send Bao -m x
json "two recipients are two lines" 2 ana send Bao Nobody -m x
json "settings are JSON" "$(as ana config get --plain | wc -l)" ana config get
json "peers are JSON" 1 ana peer list
json "findings are JSON" "$(as ana doctor --plain | wc -l)" ana doctor
json "the version is JSON" 1 ana --version

fields() { # WHAT COUNT ARGUMENT...
  local what=$1 count=$2
  shift 2
  same "$what" "$count" "$(as "$@" --plain 2>/dev/null | awk -F '\t' '{print NF}' | sort -u)"
}
fields "a contact has nine fields" 9 ana contact list
fields "a text has seven, also one of two lines with a tab" 7 ana read --peek
fields "a sending has five" 5 ana send Bao -m x
same "--plain can be undone" 'two\nlines\tand a tab \\' \
  "$(as ana read --peek --plain | awk -F '\t' '$3 == "in" {print $6}')"

check "no colour in a pipe" test -z "$(as ana read --peek | tr -dc '\033')"
escapes() { in_home ana env "$@" | tr -dc '\033'; }
check "--color always is colour" test -n "$(escapes "$VALISE" read --peek --color always)"
check "CLICOLOR_FORCE is colour" test -n "$(escapes CLICOLOR_FORCE=1 "$VALISE" read --peek)"
check "NO_COLOR goes before it" \
  test -z "$(escapes NO_COLOR=1 CLICOLOR_FORCE=1 "$VALISE" read --peek)"
check "--color never goes before all" \
  test -z "$(escapes CLICOLOR_FORCE=1 "$VALISE" read --peek --color never)"
check "JSON has no colour" \
  test -z "$(escapes CLICOLOR_FORCE=1 "$VALISE" read --peek --json)"

spoken() { in_home ana env VALISE_ACCESSIBLE=1 "$VALISE" "$@"; }
check "spoken: a contact is a sentence" \
  sh -c 'printf %s "$1" | grep -q "^Name: Bao\..*State: online\..*\.$"' - "$(spoken contact list)"
says_peer() { in_home ana env VALISE_ACCESSIBLE=1 NO_COLOR=1 TERM=xterm \
  python3 -B "$e2e/client_pty.py" "$1" '' "$VALISE" contact list | tr -d '\r'; }
same "spoken: the terminal's width parts no word from the next" \
  "$(says_peer 300)" "$(says_peer 40 | sed 's/^ *//' | paste -sd ' ' | sed 's/ \([.]\)/\1/g')"
in_terminal() { in_home ana env NO_COLOR=1 TERM=xterm \
  python3 -B "$e2e/client_pty.py" "$@" | tr -d '\r'; }
check "a table too wide for the terminal is told in sentences" \
  grep -q '^Key: listen.address\.' <(in_terminal 40 '' "$VALISE" config get)
in_terminal 60 '' "$VALISE" config get >"$here/table"
check "a table fits the terminal" test -z "$(grep -E '^.{61}' "$here/table")"
check "spoken: no boxes, no columns" test -z "$(spoken status | grep '   ')"
same "a link alone on standard output" 1 "$(as ana invite 2>/dev/null | wc -l)"
check "quiet: nothing beside the data" test -z "$(as ana invite -q 2>&1 >/dev/null)"
check "a QR code in half blocks" grep -q "▀" <(as ana invite --qr 2>/dev/null)
same "writing to a full disk is an error" 1 "$(as ana status >/dev/full 2>/dev/null; echo $?)"

says "a setting" 0 '^info$' ana config get log.level
says "a setting nobody has" 4 'did you mean log.level\?' ana config get log.levle
says "the section may be forgotten once" 4 'did you mean log.level\?' ana config get level
conf=$(as ana config path -q)
mkdir -p "$(dirname "$conf")"
printf "# mine\n[log]\n# why\nlevel = info ; for now\n" >"$conf"
says "setting it tells the node" 0 'valised has read it' ana config set log.level debug
same "comments stay" $'# mine\n[log]\n# why\nlevel = debug ; for now' "$(cat "$conf")"
says "a wrong value changes nothing" 2 'nothing was changed' ana config set log.level loud
same "not a byte" $'# mine\n[log]\n# why\nlevel = debug ; for now' "$(cat "$conf")"
says "the default again" 0 'Saved' ana config set --default log.level
says "it is" 0 '^info$' ana config get log.level
says "a newline cannot be smuggled in" 2 'cannot stand' ana config set log.level $'info\n[dial]'
says "check" 0 'right' ana config check
echo 'x = 1' >"$here/wrong.conf"
says "check finds the line" 2 'wrong.conf:1' ana config check "$here/wrong.conf"
