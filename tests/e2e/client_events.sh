# recv and watch: what was not acknowledged comes again, what a program has not dealt with is not
# lost.
. "$(dirname "$0")/lib_talk.sh"
citizen ana Ana
citizen bao Bao
meet ana bao
tell() {
  as bao send Ana -m "$1" --wait delivered --timeout "$WAIT" >/dev/null 2>&1 || bad "Bao sends $1"
}
got() { as ana recv --plain --timeout 2s "$@" 2>/dev/null | cut -f 7 | paste -sd ' '; }

tell one
tell two
same "recv gives the first text" one "$(got)"
same "and again, as long as nobody acknowledges it" one "$(got)"
same "with --ack it gives it once more" one "$(got --ack)"
same "then the next" 'two' "$(got)"
same "another consumer has its own place" 'one two' "$(got --consumer other -n 2)"
cursor=$(as ana recv --json --timeout 2s | grep -o '"cursor":[0-9]*' | cut -d : -f 2)
says "a script may acknowledge by rpc" 0 'true' ana rpc events.ack "{\"cursor\": $cursor}"
says "then nothing is left, and the timeout is exit code 6" 6 '0 of 1' ana recv --timeout 300ms
tell three
says "fewer than asked for: those are printed" 6 'three' ana recv -n 2 --timeout 500ms
off ana
on ana
same "a restart of the node changes nothing" three "$(got)"
as ana recv --ack >/dev/null
says "a full disk acknowledges nothing" 6 '0 of 1' ana recv --timeout 300ms
tell four
as ana recv --ack --timeout 2s >/dev/full 2>/dev/null
same "the text that could not be written is still there" four "$(got)"
as ana recv --ack --timeout 2s >/dev/null

# A program: it writes down its input, arguments and environment, and fails as long as a file is
# there.
cat >"$here/program" <<'PROGRAM'
#!/bin/sh
read -r event
[ -e "$1/fail" ] && exit 3
printf '%s\n' "$event" >>"$1/events"
printf '%s|' "$@" >>"$1/arguments"
env >>"$1/environment"
PROGRAM
chmod +x "$here/program"
watcher() {
  (in_home ana exec "$VALISE" watch --exec "$here/program" -- "$here" 'a b' '$(touch x)' \
    >"$here/watch" 2>&1) &
  watch=$!
  pids+=("$watch")
}
dealt() { grep -c . "$here/events" 2>/dev/null; }
dealt_with() { [ "$(dealt)" = "$1" ]; }

touch "$here/fail"
watcher
tell 'hostile $(touch y); "`id`"'
wait "$watch"
same "a program that fails ends watch with code 1" 1 $?
check "which says that nothing is lost" grep -q 'not acknowledged' "$here/watch"
rm "$here/fail"
watcher
check "the same event comes first next time" until_true 5 dealt_with 1
tell five
check "then the next" until_true 5 dealt_with 2
check "the event is JSON on standard input" python3 -c '
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
assert [e["text"] for e in events] == ["hostile $(touch y); \"`id`\"", "five"], events
assert all(e["type"] == "message" and e["v"] == 1 for e in events)' "$here/events"
typed="$here|a b|\$(touch x)|"
same "arguments are as typed, without a shell" "$typed$typed" "$(cat "$here/arguments")"
check "nothing a peer wrote is in the environment" test -z "$(grep hostile "$here/environment")"
kill9 ana
on ana
tell six
check "watch outlives a crash of the node" until_true 10 dealt_with 3
acknowledged() { ! as ana recv --timeout 200ms >/dev/null 2>&1; }
check "and acknowledges what was dealt with" until_true 10 acknowledged
kill "$watch"
wait "$watch" 2>/dev/null
same "what the program dealt with does not come again" '' "$(got)"
says "a program that is not there is refused" 2 'not a program' ana watch --exec nosuchprogram
says "it is no shell" 2 'without a shell' ana watch --exec 'cat; id'

(in_home ana exec "$VALISE" watch --json >"$here/live" 2>/dev/null) &
pids+=($!)
(in_home ana exec "$VALISE" watch --type message --consumer desk >"$here/desk" 2>/dev/null) &
pids+=($!)
sleep 0.3
tell seven
check "watch shows what happens" until_true 5 grep -q '"text":"seven"' "$here/live"
check "from now on" test -z "$(grep '"six"' "$here/live")"
check "a named consumer begins where it left off" until_true 5 grep -q '  seven' "$here/desk"
check "with everything it has not seen" grep -q '  one' "$here/desk"
check "and only the types it wants" test -z "$(grep '^contact' "$here/desk")"
same "watch without a consumer acknowledges nothing" seven "$(got)"
