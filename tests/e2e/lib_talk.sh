# For the scripts in which citizens talk: source it first. Over lib.sh it gives nodes that keep
# their port and command lines whose answer is checked.
#
#   on NAME [OPTION...]     starts NAME's node, the next time on the port it had before
#   off NAME                ends it, and sees it end well
#   as NAME ARGUMENT...     valise, as NAME types it
#   says WHAT CODE PATTERN NAME ARGUMENT...   ok when it exits with CODE and writes PATTERN
#   soon WHAT COMMAND...    ok as soon as the command is true
#   sends WHAT NAME TO TEXT ok when it is delivered
#   meet NAME NAME          the first invites, the second accepts; each becomes a contact

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
export VALISED VALISE e2e here
WAIT=20s    # for what crosses the wire
WAIT_S=20
MANY=500    # texts that fit one look

on() {
  local name=$1 port=0
  shift
  if [ -e "$here/$name/port" ]; then
    port=$(cat "$here/$name/port")
    mv "$(log_of "$name")" "$here/$name/log.before"
  fi
  node "$name" --listen "127.0.0.1:$port" "$@" || { bad "$name's node starts"; exit 1; }
  port_of "$name" >"$here/$name/port"
}
off() { stop "$1" || bad "$1's node ends well"; }

as() {
  local name=$1
  shift
  in_home "$name" env NO_COLOR=1 "$VALISE" --no-input "$@" </dev/null
}

says() {
  local what=$1 code=$2 pattern=$3 got
  shift 3
  as "$@" >"$here/out" 2>"$here/err"
  got=$?
  if [[ $got =~ ^$code$ ]] && cat "$here/out" "$here/err" | grep -Eq -- "$pattern"; then
    ok "$what"
  else
    bad "$what"
    printf '      %s: exit %s, expected %s and "%s"\n' "$*" "$got" "$code" "$pattern"
    sed 's/^/      | /' "$here/out" "$here/err"
  fi
}

soon() { check "$1" until_true "$WAIT_S" "${@:2}"; }
sends() { says "$1" 0 delivered "$2" send "$3" -m "$4" --wait delivered --timeout "$WAIT"; }

# same WHAT EXPECTED GOT
same() {
  if [ "$2" = "$3" ]; then ok "$1"; else
    bad "$1"
    diff <(printf '%s\n' "$2") <(printf '%s\n' "$3") | sed 's/^/      /'
  fi
}

invite() {
  local name=$1
  shift
  as "$name" invite --plain "$@" 2>/dev/null | grep -o 'valise:[a-z2-7]*'
}

# field NAME WHO FIELD: of a contact, as JSON has it.
field() {
  as "$1" contact show "$2" --json 2>/dev/null |
    python3 -c 'import json, sys; print(json.load(sys.stdin).get(sys.argv[1]))' "$3"
}
is() { [ "$(field "$1" "$2" "$3")" = "$4" ]; }
becomes() { until_true "$WAIT_S" is "$@"; }

# texts NAME WHO [in|out]: what both wrote, or one of them, oldest first; "state text" a line.
texts() {
  as "$1" read --peek --plain -n "$MANY" "$2" 2>/dev/null |
    awk -F '\t' -v way="${3-}" 'way == "" || $3 == way { print $5 " " $6 }'
}
words() { texts "$@" | cut -d ' ' -f 2-; }
state_of() {
  texts "$1" "$2" | awk -v text="$3" 'substr($0, index($0, " ") + 1) == text { print $1 }'
}
has() { [ -n "$(state_of "$@")" ]; }
state_is() { [ "$(state_of "$1" "$2" "$3")" = "$4" ]; }

citizen() {
  on "$1"
  as "$1" init --name "$2" >/dev/null 2>&1 || { bad "$2 has an identity"; exit 1; }
}
meet() {
  local link
  link=$(invite "$1" --as "${2^}")
  as "$2" accept "$link" --as "${1^}" --wait --timeout "$WAIT" >"$here/out" 2>&1 && return
  bad "$1 and $2 meet"
  cat "$here/out"
  exit 1
}
# talk feed NAME [TYPE]: every event of NAME's node so far, a JSON object a line.
talk() { python3 -B "$e2e/talk.py" "$1" "$(socket_of "$2")" "${@:3}"; }
# forge LINK ID: LINK as if the citizen ID had given it out.
forge() { python3 -B "$e2e/talk.py" forge "$@"; }
