#!/usr/bin/env bash
# SIGHUP, SIGTERM and SIGINT, with and without a link that is up.
. "$(dirname "$0")/lib.sh"

file=$here/ana/config/valise/valise.conf
mkdir -p -m 700 "$here/ana/config/valise"
conf() { printf '%s\n' "$@" >"$file"; }
logged() { until_true 5 grep -qE -- "$1" "$(log_of ana)"; }

conf '[listen]' 'address = 127.0.0.1:0'
node ana --log-level info || exit 1
port=$(port_of ana)

conf '[listen]' 'address = 127.0.0.1:0' 'adress = 127.0.0.1:1'
kill -HUP "$(pid_of ana)"
check 'SIGHUP with a mistake keeps the old configuration and says where it is' logged \
  'reload.refused why="[^"]*valise.conf:3: unknown key \\"adress\\".*old configuration stays'
check 'the node goes on' rpc ana status
refused=$(rpc ana node.reload 2>&1)
check 'node.reload tells the caller' grep -q '^usage: .*valise.conf:3: unknown key' <<<"$refused"

conf '[listen]' 'address = 127.0.0.1:0, [::1]:0' 'advertise = ana.example:4647'
kill -HUP "$(pid_of ana)"
check 'SIGHUP opens the listeners that are new' logged 'reload.done listeners=2'
check 'and leaves alone those that stay' grep -q "127.0.0.1:$port" <<<"$(rpc ana status)"
check 'and advertises what it should' \
  grep -q '"advertised": \["ana.example:4647"\]' <<<"$(rpc ana status)"

rpc ana init '{"name":"Ana"}' >/dev/null
conf '[listen]' 'address = 127.0.0.1:0'
check 'node.reload does the same' rpc ana node.reload
node bao || exit 1
rpc bao init '{"name":"Bao"}' >/dev/null
meet_by_rpc ana bao
online() { rpc ana contact.list | grep -q '"online": true'; }
check 'a link comes up' until_true 10 online

# ends NAME SIGNAL: exits 0 in less than two seconds.
ends() {
  local began code
  began=$(date +%s%N)
  kill "-$2" "$(pid_of "$1")"
  wait "$(pid_of "$1")"
  code=$?
  local ms=$((($(date +%s%N) - began) / 1000000))
  echo "exit $code after $ms ms"
  [ $code -eq 0 ] && [ $ms -lt 2000 ]
}
socket=$(socket_of ana)
check 'SIGTERM with a link up: exit 0 in less than 2 s' ends ana TERM
check 'and the socket is gone' [ ! -e "$socket" ]
offline() { rpc bao contact.list | grep -q '"online": false'; }
check 'the other side knows at once' until_true 2 offline
check 'SIGINT does the same' ends bao INT
