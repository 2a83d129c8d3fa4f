#!/usr/bin/env bash
# Both nodes are killed at moments nobody chose, 200 times, while both write.
. "$(dirname "$0")/lib_talk.sh"
python3 -B "$e2e/talk_kill9.py" || { failed=1; tail -n 5 "$here"/*/log; }
