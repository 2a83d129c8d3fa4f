# A peer with a hostile name writes hostile texts: whatever the command, the mode and where it goes,
# nothing leaves that commands a terminal, hides or turns text. Python's own character tables judge.
. "$(dirname "$0")/lib_talk.sh"
export LC_ALL=C.UTF-8 # for bash, which writes the characters below
citizen ana Ana
on eve
# Names as a node could be made to claim them; the first one it takes is used.
esc=$'\e' rlo=$'\u202e' zwsp=$'\u200b' tag=$'\U000e0041'
taken=
for name in "E${esc}]52;c;ZXZpbA==${rlo}ve" "E${rlo}v${zwsp}e" 'Eve'; do
  as eve init --name "$name" >/dev/null 2>&1 && taken=$name && break
done
check "Eve has an identity under some name" [ -n "$taken" ]
link=$(invite ana)
as eve accept "$link" --as Ana --wait --timeout "$WAIT" >/dev/null 2>&1
who=$(as ana contact list --json | grep -o 'v1[a-z2-7]\{50,\}')

accents=$(printf 'a'; for _ in {1..200}; do printf '\u0301'; done)
bodies=(
  "${esc}[2J${esc}[1;31mred" "${esc}]52;c;ZXZpbA==$(printf '\a')"
  "${esc}]8;;http://evil${esc}\\click"
  $'\u009b31m and \u009d0;title\u009c' "gpj.${rlo}exe" $'\u2066isolated\u2069' "Bo${zwsp}ao"
  $'\ufeffbom'
  $'line\u2028separator\u2029' "${tag}${tag}" "$accents" $'bell\a del\x7f'
  $'a\r#9 Ana, 12:00\n#10 Ana, 12:01 (just now)\n  fake'
  "$(printf 'x%.0s' {1..100})#11 Ana, 12:00 (just now)" $'\u0301alone' 'plain text' $'\ttab'
)
sent=0
for body in "${bodies[@]}"; do
  as eve send Ana -m "$body" --wait delivered --timeout "$WAIT" >/dev/null 2>&1 &&
    sent=$((sent + 1))
done
same "all of them arrived" "${#bodies[@]}" "$sent"
as ana send "$who" -m 'to a hostile name' >/dev/null 2>&1

harmless() { # WHAT ALLOWED ARGUMENT...: both streams
  local what=$1 allowed=$2
  shift 2
  as ana "$@" >"$here/out" 2>&1
  check "$what is harmless" python3 -B "$e2e/client_harmless.py" $allowed <"$here/out"
}
for mode in '' --json --plain; do
  case $mode in --json) tabs= ;; *) tabs=tabs ;; esac
  harmless "read $mode" "$tabs" read --peek $mode
  harmless "search $mode" "$tabs" read --search x $mode
  harmless "recv $mode" "$tabs" recv -n "${#bodies[@]}" --timeout 2s $mode
  harmless "contact list $mode" "$tabs" contact list $mode
  harmless "contact show $mode" "$tabs" contact show "$who" $mode
  harmless "id verify $mode" "$tabs" id verify "$who" $mode
  harmless "outbox list $mode" "$tabs" outbox list $mode
  harmless "peer list $mode" "$tabs" peer list $mode
  harmless "doctor $mode" "$tabs" doctor $mode
  harmless "status $mode" "$tabs" status $mode
  harmless "send $mode" "$tabs" send "$who" -m x $mode
  harmless "not found $mode" "$tabs" contact show "nobody${esc}[31m${rlo}" $mode
done
harmless "rpc" '' rpc message.list '{"limit": 100}'
harmless "completion" tabs complete -- send ''
(in_home ana env VALISE_ACCESSIBLE=1 "$VALISE" read --peek) >"$here/out" 2>&1
check "spoken texts are harmless" python3 -B "$e2e/client_harmless.py" tabs <"$here/out"
(in_home ana "$VALISE" read --peek --color always) >"$here/out" 2>&1
check "coloured texts are harmless" python3 -B "$e2e/client_harmless.py" tabs colour <"$here/out"

terminal() {
  in_home ana env TERM=xterm NO_COLOR=1 PAGER="$1" \
    python3 -B "$e2e/client_pty.py" 60 '' "$VALISE" read --peek
}
terminal cat >"$here/out" 2>&1
check "in a terminal they are harmless" python3 -B "$e2e/client_harmless.py" <"$here/out"
same "and no line is longer than the terminal" 0 \
  "$(awk 'length > 60' "$here/out" | grep -vc '[^ -~]')"
printf '#!/bin/sh\nexec tee %s/paged\n' "$here" >"$here/pager"
chmod +x "$here/pager"
terminal "$here/pager" >"$here/out" 2>&1
check "a pager gets the same" python3 -B "$e2e/client_harmless.py" <"$here/paged"
check "it was used" test -s "$here/paged"

as ana read --peek >"$here/out"
same "only real heads begin a line" "$(as ana read --peek --json | wc -l)" \
  "$(grep -c '^#' "$here/out")"
check "every other line is indented" test -z "$(grep -v '^#' "$here/out" | grep -v '^  ' | grep .)"
same "JSON gives a text back exactly" "${bodies[4]}" \
  "$(as ana read --peek --json -n 100 | python3 -c '
import json, sys
for line in sys.stdin:
    text = json.loads(line)["text"]
    if text.startswith("gpj"): print(text)')"
off eve
