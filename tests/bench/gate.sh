#!/usr/bin/env bash
# Instructions per text, held against gate.txt: gate.sh [BUILD] [--write]. Fails when a case takes
# more than 10 % above its figure; --write makes what was counted now the figure.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
TOLERATED=10 # percent
CASES=(bulk pipelined pingpong)
build=build/release write=no
for word in "$@"; do
  case $word in
    --write) write=yes ;;
    *) build=$word ;;
  esac
done
gate=$build/tests/bench/bench_gate
figures=$here/gate.txt

skip() {
  echo "skip  $*"
  echo "0 passed, 0 failed"
  exit 77
}
command -v valgrind >/dev/null || skip "valgrind is not installed"
[ "$(uname -m)" = x86_64 ] || skip "the figures are of x86_64, this is $(uname -m)"
[ -x "$gate" ] || { echo "there is no $gate: cmake --build $build --target bench"; exit 1; }

# count CASE: instructions per text.
count() {
  local log texts all
  log=$(mktemp)
  texts=$(valgrind --tool=callgrind --collect-atstart=no --toggle-collect=bench_gate_measured \
    --callgrind-out-file=/dev/null "$gate" "$1" 2>"$log")
  all=$(sed -n 's/^.*Collected : \([0-9]*\).*/\1/p' "$log")
  if [ -z "$texts" ] || [ -z "$all" ]; then
    cat "$log" >&2
    all=0 texts=1
  fi
  rm -f "$log"
  echo $((all / texts))
}

passed=0 failed=0 written=
for name in "${CASES[@]}"; do
  now=$(count "$name")
  was=$(sed -n "s/^$name //p" "$figures")
  written+="$name $now"$'\n'
  change=$(awk -v now="$now" -v was="${was:-0}" \
    'BEGIN { if (was > 0) printf "%+.1f %%", (now - was) * 100 / was; else printf "no figure" }')
  if [ "$now" -gt 0 ] && { [ $write = yes ] ||
    { [ -n "$was" ] && [ $((now * 100)) -le $((was * (100 + TOLERATED))) ]; }; }; then
    passed=$((passed + 1)) said=ok
  else
    failed=$((failed + 1)) said=FAIL
  fi
  printf '%-5s %-10s %9d instructions a text, figure %9d, %s\n' $said "$name" "$now" "${was:-0}" \
    "$change"
done
if [ $write = yes ] && [ $failed -eq 0 ]; then
  { sed -n '/^#/p' "$figures" && printf '%s' "$written"; } >"$figures.new" &&
    mv "$figures.new" "$figures"
fi
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
