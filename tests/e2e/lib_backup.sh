# For the scripts about backups and passphrases: source it first. Over lib_talk.sh it gives
# terminals and secrets.
#
#   asked WHAT CODE PATTERN NAME STEPS ARGUMENT...   as says, in a terminal where somebody answers
#                                                    (person_pty.py); $TERMINAL is its kind
#   secret NAME TEXT        a file in $here that only its owner can read
#   nothing_beside FILE     there is neither it nor a half of it
#   flip FILE OFFSET        another byte in that place

. "$(dirname "${BASH_SOURCE[0]}")/lib_talk.sh"

asked() {
  local what=$1 code=$2 pattern=$3 name=$4 steps=$5 got
  shift 5
  in_home "$name" env NO_COLOR=1 TERM="${TERMINAL-xterm}" \
    python3 -B "$e2e/person_pty.py" "$steps" "$VALISE" "$@" >"$here/out" 2>&1
  got=$?
  [[ $got =~ ^$code$ ]] && grep -Eq -- "$pattern" "$here/out" && ok "$what" && return
  bad "$what"
  printf '      %s: exit %s, expected %s and "%s"\n' "$*" "$got" "$code" "$pattern"
  cat -v "$here/out" | sed 's/^/      | /'
}
secret() { (umask 077 && printf '%s\n' "$2" >"$here/$1"); }
nothing_beside() { [ -z "$(compgen -G "$1*")" ]; }
flip() {
  python3 -c '
import sys
with open(sys.argv[1], "r+b") as file:
    file.seek(int(sys.argv[2]))
    byte = file.read(1)[0]
    file.seek(-1, 1)
    file.write(bytes([byte ^ 1]))' "$@"
}
