#!/usr/bin/env bash
# Strangers get silence: whatever they send, not one byte comes back, and it costs the node little.
. "$(dirname "$0")/lib.sh"

node ana --listen 127.0.0.1:0 --listen '[::1]:0' || exit 1
rpc ana init '{"name":"Ana"}' >/dev/null
rpc ana invite.create '{}' >/dev/null

cat >"$here/strangers.py" <<'P'
"""strangers.py PORT SECONDS: speaks every language it knows and listens for an answer."""
import random, socket, struct, sys, time

port, seconds = int(sys.argv[1]), float(sys.argv[2])
rng = random.Random(4647)
greetings = {
    "nothing": b"",
    "one byte": b"\0",
    "HTTP": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
    "SOCKS5": b"\x05\x01\x00",
    "SMTP": b"EHLO x\r\n",
    "MessagePack-RPC": b"\x94\x00\x01\xa6status\x90",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + rng.randbytes(512),
    "zeros": bytes(1 << 20),
    "a huge length": struct.pack(">Q", 2 ** 63) * 64,
}
for size in (24, 64, 96, 256, 1024, 1312, 4096, 65536, 1 << 20):
    greetings[f"{size} random bytes"] = rng.randbytes(size)

open_now = {}
for name, data in greetings.items():
    s = socket.create_connection(("127.0.0.1", port), timeout=5)
    s.setblocking(False)
    open_now[name] = (s, memoryview(data), 0)
end, answers = time.monotonic() + seconds, []
while time.monotonic() < end:
    for name, (s, data, at) in list(open_now.items()):
        try:
            if at < len(data):
                open_now[name] = (s, data, at + s.send(data[at:]))
        except BlockingIOError:
            pass
        except OSError:
            pass
        try:
            got = s.recv(100)
            if got:
                answers.append(f"{name}: {got!r}")
            del open_now[name]
            s.close()
        except BlockingIOError:
            pass
        except OSError:
            del open_now[name]
    time.sleep(0.02)
print(f"{len(greetings)} strangers, {len(answers)} answered, {len(open_now)} still held")
sys.exit("\n".join(answers) if answers else 0)
P
port=$(port_of ana)
check 'port scan: connect and close, a hundred times' python3 -B -c "
import socket
for _ in range(100): socket.create_connection(('127.0.0.1', $port)).close()"
check 'nineteen languages and random bytes: not one byte of answer' \
  python3 -B "$here/strangers.py" "$port" 4
cat "$here/check.out" | sed 's/^/      /'

# A slow-loris: many connections, a byte now and then, for as long as they may.
before=$(rss ana) began=$(cpu ana)
python3 -B - "$port" <<'P' &
import socket, sys, time
held = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(60)]
for _ in range(20):
    for s in held:
        try:
            s.send(b"x")
        except OSError:
            pass
    time.sleep(0.2)
P
pids+=($!)
loris=$!
sleep 2
check 'slow-loris: clients are answered meanwhile' rpc ana status
wait "$loris"
grown=$(($(rss ana) - before)) used=$(($(cpu ana) - began))
echo "      60 slow strangers: RSS grew by $grown KiB, $used ticks of CPU"
check 'slow-loris: memory grows by less than 4 MiB' [ "$grown" -lt 4096 ]
check 'slow-loris: less than a fifth of a second of CPU' [ "$used" -lt 20 ]
check 'the node counts no stranger as a contact' grep -q '"contacts": 0' <<<"$(rpc ana status)"
