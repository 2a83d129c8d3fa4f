#!/usr/bin/env bash
# run.sh BUILD [NAME...]: every tests/e2e/*.sh against the binaries of BUILD, or only those named.
# A script finds valised and valise first in PATH, their full names in $VALISED and $VALISE, the
# build in $VALISE_BUILD, and a folder of its own, removed afterwards, in $TMPDIR. It says "skip" by
# exit code 77. One line a script; what a failed one wrote follows its line. A script that failed
# runs once more, since these wait for real processes on a machine that may be busy: its line says
# so, and a second failure counts. E2E_JOBS (1) run at once, but alone those that measure, or that
# take the usual port.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
VALISE_BUILD=$(cd "${1:?usage: run.sh BUILD [NAME...]}" && pwd)
shift
export VALISE_BUILD VALISED=$VALISE_BUILD/daemon/valised VALISE=$VALISE_BUILD/client/valise
export PATH=$VALISE_BUILD/daemon:$VALISE_BUILD/client:$PATH
unset VALISE_SOCKET XDG_CONFIG_HOME XDG_DATA_HOME XDG_RUNTIME_DIR XDG_STATE_HOME XDG_CACHE_HOME
SECONDS_EACH=${E2E_SECONDS:-180}
JOBS=${E2E_JOBS:-1}
ALONE=' client_grammar client_latency client_start daemon_flood daemon_idle load_knocks '
ALONE+='talk_first_run '
LINES_OF_FAILED=40
tally=$(mktemp /tmp/valise-e2e-tally.XXXXXX) # a letter for each that ended: p, f, s
trap 'rm -f "$tally"' EXIT

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
  local name=$1 began=$SECONDS code verdict letter log again=""
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
    0) verdict=passed$again letter=p ;;
    77) verdict=skipped letter=s ;;
    124 | 137) verdict="FAILED (not done in $SECONDS_EACH s)" letter=f ;;
    *) verdict="FAILED (exit $code)" letter=f ;;
  esac
  echo $letter >>"$tally"
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
alone=()
for name in "$@"; do
  if [[ $ALONE == *" $name "* ]]; then
    alone+=("$name")
    continue
  fi
  while [ "$(jobs -rp | wc -l)" -ge "$JOBS" ]; do wait -n; done
  run_one "$name" &
done
wait
for name in "${alone[@]}"; do run_one "$name"; done
count() { grep -c "$1" "$tally"; }
echo "$(count p) passed, $(count f) failed, $(count s) skipped"
[ "$(count f)" -eq 0 ] && [ "$(wc -l <"$tally")" -eq $# ]
