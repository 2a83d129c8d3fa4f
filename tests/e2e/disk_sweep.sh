#!/usr/bin/env bash
# See disk_sweep.py.
[ -w /dev/shm ] && TMPDIR=/dev/shm # what is killed here is a process, not the machine
. "$(dirname "$0")/lib_talk.sh"
[ -e "$build/tests/faults/valise_faults.so" ] || skip 'this build has no tests/faults'
export build
python3 -B "$e2e/disk_sweep.py" || failed=1
