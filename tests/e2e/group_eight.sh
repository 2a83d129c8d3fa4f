#!/usr/bin/env bash
# Eight real nodes, one group: killed and stopped at moments nobody chose, and all histories equal.
. "$(dirname "$0")/lib_talk.sh"
python3 -B "$e2e/group_eight.py" || { failed=1; tail -n 3 "$here"/*/log; }
