#!/usr/bin/env bash
# The network around the node changes, or is broken: in a network namespace of its own.
if [ -z "${VALISE_ALONE:-}" ]; then
  unshare -rnm true 2>/dev/null && command -v ip >/dev/null ||
    { echo 'skip  no namespaces here, or no ip(8)'; exit 77; }
  exec env VALISE_ALONE=1 unshare -rnm bash "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"

ip link set lo up
node ana --listen 0.0.0.0:0 --listen '[::]:0' || exit 1
rpc ana init '{"name":"Ana"}' >/dev/null
tells() { rpc ana status | grep -qE "\"advertised\": \\[$1\\]"; }
check 'without a network it tells its loopback addresses' \
  tells '"127.0.0.1:[0-9]+", "[^"]*::1.:[0-9]+"'
ip addr add 198.51.100.7/24 dev lo
ip addr add 10.9.8.7/24 dev lo
check 'an address that comes is told, the farthest reaching first, loopback no longer' \
  until_true 4 tells '"198.51.100.7:[0-9]+", "10.9.8.7:[0-9]+"'
ip addr del 198.51.100.7/24 dev lo
check 'an address that goes is not told any more' until_true 4 tells '"10.9.8.7:[0-9]+"'
check 'each change is one line in the log' [ "$(grep -c 'network.changed' "$(log_of ana)")" = 2 ]

# A name server that never answers must not keep a node from stopping.
echo 'nameserver 127.0.0.9' >"$here/resolv.conf"
mount --bind "$here/resolv.conf" /etc/resolv.conf || skip 'no mount here'
python3 -B -c "
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.9', 53))
time.sleep(20)" &
pids+=($!)
mkdir -p "$here/ana/config/valise"
printf '[listen]\nadvertise = ana.example.org:4647\n' >"$here/ana/config/valise/valise.conf"
rpc ana node.reload >/dev/null
node bao || exit 1
rpc bao init '{"name":"Bao"}' >/dev/null
meet_by_rpc ana bao
threads() { [ "$(ls "/proc/$(pid_of bao)/task" | wc -l)" -gt 1 ]; }
until_true 3 threads
check 'a node that looks up a name is not hindered by it' rpc bao status
began=$(date +%s%N)
stop bao
code=$? ms=$((($(date +%s%N) - began) / 1000000))
check "and stops at once: exit $code after $ms ms" [ $code -eq 0 -a $ms -lt 2000 ]
