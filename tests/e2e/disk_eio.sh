#!/usr/bin/env bash
# See disk_eio.py.
. "$(dirname "$0")/lib_talk.sh"
[ -e "$build/tests/faults/valise_faults.so" ] || skip 'this build has no tests/faults'
python3 -B "$e2e/disk_eio.py" || { failed=1; tail -n 5 "$here"/*/log; }
