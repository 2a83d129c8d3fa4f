#!/usr/bin/env bash
# Both nodes are killed at moments nobody chose, 100 times, while both write.
. "$(dirname "$0")/lib_talk.sh"
export TALK_KILLS=${TALK_KILLS:-100}
python3 -B "$e2e/talk_kill9.py" || { failed=1; tail -n 5 "$here"/*/log; }
