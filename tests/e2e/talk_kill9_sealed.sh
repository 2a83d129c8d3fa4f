#!/usr/bin/env bash
# The same as talk_kill9.sh with encrypted stores, which a credential opens at each start.
. "$(dirname "$0")/lib_talk.sh"
export TALK_KILLS=${TALK_KILLS:-100} TALK_SEALED=1
python3 -B "$e2e/talk_kill9.py" || { failed=1; tail -n 5 "$here"/*/log; }
