#!/usr/bin/env bash
# run.sh BUILD [NAME...]: every tests/e2e/*.sh against the binaries of BUILD, or only those named.
# A script finds valised and valise first in PATH, their full names in $VALISED and $VALISE, the
# build in $VALISE_BUILD, and a folder of its own, removed afterwards, in $TMPDIR. It says "skip" by
# exit code 77. One line a script; what a failed one wrote follows its line. A script that failed
# runs once more, since these wait for real processes on a machine that may be busy: its line says
# so, and a second failure counts.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
VALISE_BUILD=$(cd "${1:?usage: run.sh BUILD [NAME...]}" && pwd)
shift
export VALISE_BUILD VALISED=$VALISE_BUILD/daemon/valised VALISE=$VALISE_BUILD/client/valise
export PATH=$VALISE_BUILD/daemon:$VALISE_BUILD/client:$PATH
unset VALISE_SOCKET XDG_CONFIG_HOME XDG_DATA_HOME XDG_RUNTIME_DIR XDG_STATE_HOME XDG_CACHE_HOME
SECONDS_EACH=${E2E_SECONDS:-180}
LINES_OF_FAILED=40
passed=0 failed=0 skipped=0

# try NAME LOG: one run in a folder of its own.
try() {
  local folder code
  folder=$(mktemp -d "/tmp/valise-e2e-$1.XXXXXX")
  chmod 711 "$folder" # other users may pass: some scripts try to be one
  TMPDIR=$folder HOME=$folder timeout --kill-after=10 "$SECONDS_EACH" \
    bash "$here/$1.sh" >"$2" 2>&1 </dev/null
  code=$?
  rm -rf "$folder"
  return $code
}

run_one() {
  local name=$1 began=$SECONDS code verdict log again=""
  log=$(mktemp "/tmp/valise-e2e-$name.log.XXXXXX")
  try "$name" "$log"
  code=$?
  if [ $code -ne 0 ] && [ $code -ne 77 ]; then
    printf '  %-28s failed once (exit %d): %s\n' "$name" $code "$(grep -m 1 FAIL "$log")"
    again=" at the second try"
    try "$name" "$log"
    code=$?
  fi
  case $code in
    0) verdict=passed$again passed=$((passed + 1)) ;;
    77) verdict=skipped skipped=$((skipped + 1)) ;;
    124 | 137) verdict="FAILED (not done in $SECONDS_EACH s)" failed=$((failed + 1)) ;;
    *) verdict="FAILED (exit $code)" failed=$((failed + 1)) ;;
  esac
  printf '  %-28s %s, %d s\n' "$name" "$verdict" $((SECONDS - began))
  case $code in
    0) ;;
    77) sed -n '$s/^/    /p' "$log" ;;
    *) tail -n "$LINES_OF_FAILED" "$log" | sed 's/^/    | /' ;;
  esac
  rm -f "$log"
}

if [ $# -eq 0 ]; then
  for script in "$here"/*.sh; do
    name=$(basename "$script" .sh)
    case $name in run | lib*) ;; *) set -- "$@" "$name" ;; esac
  done
fi
for name in "$@"; do run_one "$name"; done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
