#!/usr/bin/env bash
# See disk_clock.py.
. "$(dirname "$0")/lib_talk.sh"
[ -e "$build/tests/faults/valise_faults.so" ] || skip 'this build has no tests/faults'
export build
python3 -B "$e2e/disk_clock.py" || { failed=1; tail -n 5 "$here"/*/log; }
