#!/usr/bin/env bash
# A long run of one fuzz target, and its line in tests/fuzz/LEDGER.md:
#   bash tests/fuzz/campaign.sh [-p PRESET] [-n EXECUTIONS] [-l BYTES] TARGET SECONDS
# -p: fuzz (AddressSanitizer and UBSan; the default) or volume (UBSan alone: several times as fast).
# -n: ends after so many executions, if the seconds have not passed before. -l: largest input.
# What it finds on the way stays in build/campaign/TARGET for the next one; what breaks the target
# is in build/campaign/TARGET-found. It runs at the lowest priority.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1

usage() { sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }
PRESET=fuzz RUNS=-1 BYTES=4096
while getopts p:n:l: option; do
  case $option in
    p) PRESET=$OPTARG ;;
    n) RUNS=$OPTARG ;;
    l) BYTES=$OPTARG ;;
    *) usage ;;
  esac
done
shift $((OPTIND - 1))
[ $# -eq 2 ] || usage
TARGET=$1 SECONDS_MAX=$2
CORPUS=tests/fuzz/corpus/$TARGET KEPT=build/campaign/$TARGET LEDGER=tests/fuzz/LEDGER.md
[ -d "$CORPUS" ] || { echo "there is no target $TARGET: no folder $CORPUS" >&2; exit 2; }
case $PRESET in
  fuzz) WATCHED="ASan, UBSan" ;;
  volume) WATCHED="UBSan" ;;
  *) usage ;;
esac
if ! git diff --quiet HEAD -- lib proto daemon client tests/fuzz/*.c; then
  echo "commit first: a line of the ledger names the commit that was fuzzed" >&2
  exit 1
fi
COMMIT=$(git rev-parse --short=10 HEAD)

mkdir -p "$KEPT" "$KEPT-found"
cmake --preset "$PRESET" >"$KEPT.build.log" 2>&1 &&
  cmake --build "build/$PRESET" -j2 --target "fuzz_$TARGET" fuzz_dictionary -- --quiet \
    >>"$KEPT.build.log" 2>&1 || { cat "$KEPT.build.log" >&2; exit 1; }
# Copies: a build that comes later does not change what is running.
PROGRAM=build/campaign/fuzz_$TARGET-$COMMIT-$PRESET
cp "build/$PRESET/tests/fuzz/fuzz_$TARGET" "$PROGRAM"
cp "build/$PRESET/tests/fuzz/wire.dict" build/campaign/wire.dict

LOG=$KEPT.log
nice -n 19 "$PROGRAM" -max_total_time="$SECONDS_MAX" -runs="$RUNS" -max_len="$BYTES" -timeout=10 \
  -rss_limit_mb=2048 -dict=build/campaign/wire.dict -print_final_stats=1 \
  -artifact_prefix="$KEPT-found/" "$KEPT" "$CORPUS" >"$LOG" 2>&1
code=$?
# When it was interrupted there are no final figures: then what it last told, which is less.
done_=$(sed -n 's/^stat::number_of_executed_units: //p' "$LOG")
done_=${done_:-$(sed -n 's/^#\([0-9]*\)[^0-9].*/\1/p' "$LOG" | tail -n 1)}
case $code in
  0 | 72) found=nothing ;; # 72: interrupted by a person
  *) found="broke: $(ls -t "$KEPT-found" | head -n 1)" ;;
esac
grep -q '^| Commit' "$LEDGER" || { echo "$LEDGER has no table" >&2; exit 1; }
echo "| $COMMIT | $TARGET | $WATCHED | ${done_:-0} | $found |" >>"$LEDGER"
tail -n 1 "$LEDGER"
exit $code
