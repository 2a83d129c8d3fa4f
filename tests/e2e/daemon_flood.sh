#!/usr/bin/env bash
# 10,000 connections, and running out of descriptors: strangers are shed, nobody else notices.
. "$(dirname "$0")/lib.sh"

cat >"$here/crowd.py" <<'P'
"""crowd.py PORT COUNT SECONDS: opens COUNT connections, sends a little, holds what stays open."""
import resource, select, socket, sys, time

port, count, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
if hard < count + 64:
    sys.exit(f"needs {count + 64} descriptors, {hard} allowed")
resource.setrlimit(resource.RLIMIT_NOFILE, (count + 64, hard))
held, answered = {}, 0
poll = select.poll()
for i in range(count):
    s = socket.socket()
    # Sources of their own, so that the bound for one address is not what keeps them out.
    s.bind((f"127.{1 + i % 200}.{i // 200 % 250}.1", 0))
    s.settimeout(5)
    s.connect(("127.0.0.1", port))
    s.setblocking(False)
    try:
        s.send(b"hello")
    except OSError:
        pass
    held[s.fileno()] = s
    poll.register(s, select.POLLIN)
print(f"{count} connected", flush=True)
end = time.monotonic() + seconds
while time.monotonic() < end:
    for fd, _ in poll.poll(200):
        try:
            answered += len(held[fd].recv(100))
        except OSError:
            pass
        poll.unregister(fd)
        held.pop(fd).close()
print(f"{len(held)} held, {answered} bytes of answer")
sys.exit(1 if answered else 0)
P
descriptors() { ls "/proc/$(pid_of "$1")/fd" | wc -l; }
spins() { # ticks of CPU in a second of nothing to do
  local before
  before=$(cpu "$1")
  sleep 1
  echo $(($(cpu "$1") - before))
}
calm() { [ "$(spins "$1")" -le 2 ]; }
connected() { grep -q connected "$here/crowd.out"; }
crowd() {
  : >"$here/crowd.out"
  python3 -B "$here/crowd.py" "$@" >"$here/crowd.out" 2>&1 &
  crowd=$!
  pids+=("$crowd")
  until_true 20 connected || { kill -0 "$crowd" 2>/dev/null || skip "$(cat "$here/crowd.out")"; }
}

node ana || exit 1
rpc ana init '{"name":"Ana"}' >/dev/null
crowd "$(port_of ana)" 10000 3
check '10,000 connections: clients are answered meanwhile' rpc ana status
open=$(descriptors ana)
check "10,000 connections: at most 1,024 strangers are held ($open descriptors)" \
  [ "$open" -lt 1100 ]
check '10,000 connections: the node does not spin' calm ana
check '10,000 connections: not one byte of answer' wait "$crowd"
sed 's/^/      /' "$here/crowd.out"
closed() { [ "$(descriptors ana)" -lt 40 ]; }
check 'all of them are let go when they leave' until_true 5 closed
echo "      RSS $(rss ana) KiB"

# From one address only its own strangers go.
python3 -B - "$(port_of ana)" <<'P' >"$here/one.out" &
import select, socket, sys, time
port = int(sys.argv[1])
other = socket.socket(); other.bind(("127.9.9.9", 0)); other.connect(("127.0.0.1", port))
crowd = [socket.create_connection(("127.0.0.1", port)) for _ in range(200)]
time.sleep(0.5)
alive = [s for s in [other] + crowd if not select.select([s], [], [], 0)[0]]
print(len(alive), other in alive, crowd[-1] in alive)
P
wait $!
check 'one address: its oldest strangers go, 64 stay, others are left alone' \
  [ "$(cat "$here/one.out")" = '65 True True' ]
stop ana

# So few descriptors that the crowd takes them all.
NODE_FILES=96 node few || exit 1
crowd "$(port_of few)" 500 3
check 'few descriptors: clients are answered while strangers are shed' rpc few status
check 'few descriptors: the node does not spin' calm few
check 'few descriptors: ten clients at once are answered' python3 -B -c "
import sys; sys.path.insert(0, '$e2e')
from rpc import Client
clients = [Client('$(socket_of few)') for _ in range(10)]
for c in clients: c.call('status')"
wait "$crowd"
check 'few descriptors: it ends as it should' stop few

# The limit falls while it runs: accept itself fails now.
node late || exit 1
rpc late init '{"name":"Late"}' >/dev/null
prlimit --pid "$(pid_of late)" --nofile=40
crowd "$(port_of late)" 300 3
check 'no descriptors left: strangers make room for clients' rpc late status
check 'no descriptors left: it says so' grep -q 'accept.no_descriptors' "$(log_of late)"
check 'no descriptors left: the node does not spin' calm late
wait "$crowd"
check 'no descriptors left: it ends as it should' stop late
