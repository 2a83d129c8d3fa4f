# Shared by the scripts of tests/e2e: source it first. Gives a folder of its own in $here, nodes in
# it, and one line for each behaviour. Everything started through it is stopped at the end, by pid.
#
#   node NAME [OPTION...]   starts valised with its home in $here/NAME and waits until it is ready
#   stop NAME, kill9 NAME   ends it
#   rpc NAME METHOD [JSON]  calls it
#   invitation NAME         a link it gave out
#   meet_by_rpc NAME NAME   the second accepts an invitation of the first
#   rss NAME, cpu NAME      KiB of memory, ticks of processor time
#   ok WHAT, bad WHAT       a behaviour held, or did not
#   skip WHY                ends the script as skipped
#   check WHAT COMMAND...   ok or bad by the command's exit code

set -u
e2e=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$e2e/../.." && pwd)
build=${VALISE_BUILD:-$top/build/release}
VALISED=${VALISED:-$build/daemon/valised}
VALISE=${VALISE:-$build/client/valise}
here=$(mktemp -d "${TMPDIR:-/tmp}/valise-e2e.XXXXXX")
failed=0
pids=()
unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_RUNTIME_DIR VALISE_SOCKET NOTIFY_SOCKET

finish() {
  local code=$? pid
  exec 2>/dev/null # the shell would name each of those it kills
  for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null; done
  wait 2>/dev/null
  rm -rf "$here"
  [ "$code" -ne 0 ] && exit "$code"
  exit "$failed"
}
trap finish EXIT
trap 'exit 130' INT TERM

ok() { printf 'ok    %s\n' "$*"; }
bad() { printf 'FAIL  %s\n' "$*"; failed=1; }
skip() { printf 'skip  %s\n' "$*"; exit 77; }
check() {
  local what=$1
  shift
  "$@" >"$here/check.out" 2>&1 && ok "$what" && return
  bad "$what"
  sed 's/^/      /' "$here/check.out"
}

# until_true SECONDS COMMAND...: asks ten times a second.
until_true() {
  local tries=$(($1 * 10))
  shift
  while ! "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 1
    sleep 0.1
  done
}

# What a node's environment is: a home, and nothing of the caller's session.
in_home() {
  local home=$here/$1
  shift
  mkdir -p -m 700 "$home/run"
  HOME=$home XDG_CONFIG_HOME=$home/config XDG_DATA_HOME=$home/data XDG_RUNTIME_DIR=$home/run "$@"
}
socket_of() { printf '%s/%s/run/valise/rpc.sock' "$here" "$1"; }
log_of() { printf '%s/%s/log' "$here" "$1"; }
pid_of() { cat "$here/$1/pid"; }

# Starts a node in the background; in_home exec keeps the pid ours. $NODE_FILES: its limit of open
# files; $NODE_BLOCKS: of the size of a file, in KiB.
launch() {
  local name=$1
  shift
  mkdir -p -m 700 "$here/$name"
  (ulimit -n "${NODE_FILES:-$(ulimit -n)}" -f "${NODE_BLOCKS:-unlimited}" &&
    in_home "$name" exec "$VALISED" "$@" >>"$(log_of "$name")" 2>&1) &
  pids+=($!)
  echo $! >"$here/$name/pid"
}
is_ready() { grep -q ' ready ' "$(log_of "$1")" || ! kill -0 "$(pid_of "$1")"; }
node() {
  local name=$1
  shift
  [ $# -gt 0 ] || set -- --listen 127.0.0.1:0
  : >>"$(mkdir -p -m 700 "$here/$name" && log_of "$name")"
  launch "$name" "$@"
  until_true 10 is_ready "$name"
  kill -0 "$(pid_of "$name")" 2>/dev/null && grep -q ' ready ' "$(log_of "$name")" && return 0
  cat "$(log_of "$name")"
  return 1
}
# The code it exited with.
stop() {
  kill -TERM "$(pid_of "$1")"
  wait "$(pid_of "$1")"
}
kill9() {
  kill -9 "$(pid_of "$1")"
  wait "$(pid_of "$1")" 2>/dev/null
}
# The port of the first listener, from the last time it was ready.
port_of() {
  sed -n 's/.* ready listening="\{0,1\}[^ ",]*:\([0-9]*\).*/\1/p' "$(log_of "$1")" | tail -n 1
}
rpc() {
  local name=$1
  shift
  python3 -B "$e2e/rpc.py" "$(socket_of "$name")" "$@"
}
invitation() { rpc "$1" invite.create '{}' | sed 's/.*"link": "\([^"]*\)".*/\1/'; }
meet_by_rpc() { rpc "$2" invite.accept "{\"link\":\"$(invitation "$1")\"}" >/dev/null; }
rss() { awk '/^VmRSS/ { print $2 }' "/proc/$(pid_of "$1")/status"; }
cpu() { awk '{ print $14 + $15 }' "/proc/$(pid_of "$1")/stat"; }
