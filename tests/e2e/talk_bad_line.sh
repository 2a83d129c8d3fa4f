#!/usr/bin/env bash
# A bad line between two nodes: slow, cut, stalled, flipping bits, half closed, swallowing.
. "$(dirname "$0")/lib_talk.sh"
python3 -B "$e2e/talk_bad_line.py" || failed=1
