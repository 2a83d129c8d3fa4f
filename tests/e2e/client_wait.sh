# send --wait: only a receipt is a delivery, and a text is sent once whatever breaks in between.
. "$(dirname "$0")/lib_talk.sh"
citizen ana Ana
citizen bao Bao
meet ana bao

says "delivered, with Bao's receipt" 0 '#1 delivered' ana send Bao -m one --wait delivered
says "stored is satisfied by that" 0 'delivered' ana send Bao -m two --wait stored
says "several recipients, one unknown: exit code 8" 8 'nobody.*not sent' \
  ana send Bao nobody -m three --wait delivered
off bao
says "Bao is away: exit code 6, still queued" 6 'still queued.*valise outbox list' \
  ana send Bao -m four --wait delivered --timeout 500ms
check "nothing was called delivered" test -z "$(grep -v outbox "$here/out" | grep delivered)"
says "JSON says timeout" 6 '"error":"timeout"' \
  ana send Bao -m five --wait delivered --timeout 300ms --json
check "and a state that is the node's" grep -Eq '"state":"(queued|sent)"' "$here/out"
says "the outbox has both" 0 'four' ana outbox list
says "with the reason" 0 'five' ana outbox list
on bao
check "once Bao is back they arrive" until_true "$WAIT_S" state_is ana Bao five delivered

# The node dies while a client waits, and comes back: the client goes on.
off bao
(as ana send Bao -m six --wait delivered --timeout 15s >"$here/six" 2>&1) &
sending=$!
pids+=("$sending")
check "six is queued" until_true 5 has ana Bao six
kill9 ana
on ana
on bao
wait "$sending"
same "the client ends well" 0 $?
check "and says delivered" grep -q delivered "$here/six"
same "Bao has every text once, in order" 'one two three four five six' \
  "$(words bao Ana in | paste -sd ' ')"

# The node is gone for good: the timeout counts, not for ever.
(as ana send Bao -m seven --wait delivered --timeout 2s >"$here/seven" 2>&1) &
sending=$!
check "seven is delivered before" until_true 5 state_is ana Bao seven delivered
wait "$sending"
off ana
says "without a node nothing is sent" 3 'not running' ana send Bao -m eight --wait delivered
