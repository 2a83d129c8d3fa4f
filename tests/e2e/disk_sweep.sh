#!/usr/bin/env bash
# See disk_sweep.py.
. "$(dirname "$0")/lib_talk.sh"
[ -e "$build/tests/faults/valise_faults.so" ] || skip 'this build has no tests/faults'
python3 -B "$e2e/disk_sweep.py" || failed=1
