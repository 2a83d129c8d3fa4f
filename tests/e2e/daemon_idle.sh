#!/usr/bin/env bash
# A node nobody talks to sleeps: no timer, no polling. And it is small.
. "$(dirname "$0")/lib.sh"

# How often it was put on a processor, and what it used of it.
woken() { awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$(pid_of "$1")/status"; }
says() { echo "      $1: woken $times times in 5 s, $ticks ticks of CPU, RSS $(rss "$1") KiB"; }

for name in alone ana bao; do
  node $name || exit 1
  rpc $name init "{\"name\":\"$name\"}" >/dev/null
done
meet_by_rpc ana bao
online() { rpc ana contact.list | grep -q '"online": true'; }
until_true 5 online
sleep 10 # spent keys are replaced, and the store's log is moved into its main file, once
woken_alone=$(woken alone) cpu_alone=$(cpu alone) woken_ana=$(woken ana) cpu_ana=$(cpu ana)
sleep 5
times=$(($(woken alone) - woken_alone)) ticks=$(($(cpu alone) - cpu_alone))
check 'alone: not woken once' [ $times -eq 0 ]
says alone
times=$(($(woken ana) - woken_ana)) ticks=$(($(cpu ana) - cpu_ana))
check 'with a link up: at most a timer or two' [ $times -le 2 ]
says ana
check 'one thread' [ "$(ls "/proc/$(pid_of ana)/task" | wc -l)" -eq 1 ]
