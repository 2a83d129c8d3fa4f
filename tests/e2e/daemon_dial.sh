#!/usr/bin/env bash
# Dialling: several addresses in turns, names, a proxy, and reasons a person understands.
. "$(dirname "$0")/lib.sh"

# hole PORTFILE: a listener whose queue is full, so that connecting to it gets no answer at all.
cat >"$here/hole.py" <<'P'
import socket, sys, time
s = socket.socket(socket.AF_INET6)
s.bind(("::1", 0))
s.listen(0)
full = []
for _ in range(4):
    c = socket.socket(socket.AF_INET6)
    c.setblocking(False)
    c.connect_ex(s.getsockname())
    full.append(c)
time.sleep(0.2)
open(sys.argv[1], "w").write(str(s.getsockname()[1]))
time.sleep(60)
P
# proxy PORTFILE [USER PASSWORD]: SOCKS5; writes down what it is asked for, connects to 127.0.0.1.
cat >"$here/proxy.py" <<'P'
import socket, sys, threading
def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
    except OSError:
        pass
    for s in (a, b):
        try: s.shutdown(socket.SHUT_RDWR)
        except OSError: pass
def exactly(c, n):
    data = b""
    while len(data) < n:
        more = c.recv(n - len(data))
        if not more: raise EOFError
        data += more
    return data
def serve(c):
    methods = exactly(c, exactly(c, 2)[1])
    if sys.argv[2:]:
        if 2 not in methods:
            c.sendall(b"\x05\xff"); return c.close()
        c.sendall(b"\x05\x02")
        user = exactly(c, exactly(c, 2)[1]); password = exactly(c, exactly(c, 1)[0])
        right = [user.decode(), password.decode()] == sys.argv[2:4]
        print("login", user.decode(), "right" if right else "wrong", flush=True)
        c.sendall(b"\x01\x00" if right else b"\x01\x01")
        if not right: return c.close()
    else:
        c.sendall(b"\x05\x00")
    kind = exactly(c, 4)[3]
    host = {1: lambda: socket.inet_ntoa(exactly(c, 4)),
            3: lambda: exactly(c, exactly(c, 1)[0]).decode(),
            4: lambda: socket.inet_ntop(10, exactly(c, 16))}[kind]()
    port = int.from_bytes(exactly(c, 2), "big")
    print("asked for", host, port, flush=True)
    try:
        out = socket.create_connection(("127.0.0.1", port), timeout=5)
    except OSError:
        return c.sendall(b"\x05\x05\x00\x01" + bytes(6))
    c.sendall(b"\x05\x00\x00\x01" + bytes(6))
    threading.Thread(target=pump, args=(out, c), daemon=True).start()
    pump(c, out)
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
open(sys.argv[1], "w").write(str(s.getsockname()[1]))
while True:
    threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
P
start() { # start FILE COMMAND...: in the background, until FILE is there
  local file=$1
  shift
  "$@" &
  pids+=($!)
  until_true 5 test -s "$file"
}
conf() { # conf NAME LINE...
  mkdir -p -m 700 "$here/$1/config/valise"
  printf '%s\n' "${@:2}" >"$here/$1/config/valise/valise.conf"
}
logged() { until_true "${3:-5}" grep -qE -- "$2" "$(log_of "$1")"; }
# pair NAME: a new node of that name accepts an invitation of ana's.
pair() {
  rpc "$1" init "{\"name\":\"$1\"}" >/dev/null
  meet_by_rpc ana "$1"
}
advertise() {
  conf ana '[listen]' "address = 127.0.0.1:$port" "advertise = $1"
  rpc ana node.reload >/dev/null
}

start "$here/hole" python3 -B "$here/hole.py" "$here/hole"
hole=$(cat "$here/hole")
node ana || exit 1
port=$(port_of ana)
rpc ana init '{"name":"Ana"}' >/dev/null

advertise "[::1]:$hole, 127.0.0.1:$port"
node bao --listen 127.0.0.1:0 --log-level debug
began=$(date +%s%N)
pair bao
check 'an address without an answer does not keep the next one waiting' \
  logged bao "dial.connected peer=127.0.0.1:$port" 2
ms=$((($(date +%s%N) - began) / 1000000))
echo "      connected after $ms ms, with one dead address before"

advertise "127.0.0.1:1, [::1]:1, localhost:$port"
node cai --listen 127.0.0.1:0 --log-level debug
pair cai
check 'refused addresses are passed over, and names looked up' \
  logged cai "dial.connected peer=.*:$port" 3

advertise '127.0.0.1:1, no..name:4647'
node dan --listen 127.0.0.1:0 --log-level debug
pair dan
check 'a dial that fails says why, for each address' logged dan \
  'dial.failed why="(127.0.0.1:1: connection refused; no..name: |no..name: .*; 127.0.0.1:1: )' 12

conf hal '[listen]' 'address = 0.0.0.0:0' 'advertise = hal.example:4647'
node hal --log-level debug
advertise "127.0.0.1:$port, 169.254.169.254:80, localhost:$port"
pair hal
check 'others do not make a node dial its own machine, by address or by name' logged hal \
  'dial.failed why="127.0.0.1:.*: that is this machine; 169.254.169.254:80: no .*localhost: that is'

conf eva '[dial]' 'enabled = no'
node eva --listen 127.0.0.1:0 --log-level debug
advertise "127.0.0.1:$port"
pair eva
check 'dial.enabled = no: it does not dial, and says so' \
  logged eva 'dial.failed why="this node does not dial'

start "$here/proxy" python3 -B "$here/proxy.py" "$here/proxy" >"$here/proxy.log"
conf fay '[dial]' "socks5 = localhost:$(cat "$here/proxy")"
node fay --listen 127.0.0.1:0 --log-level debug
advertise "ana.onion.invalid:$port"
pair fay
online() { rpc "$1" contact.list | grep -q '"online": true'; }
check 'SOCKS5: the name goes to the proxy, and the link comes up' until_true 5 online fay
check 'SOCKS5: the proxy was asked by name' \
  grep -q "asked for ana.onion.invalid $port" "$here/proxy.log"
check 'SOCKS5: the node does not tell its own addresses' \
  grep -q '"advertised": \[\]' <<<"$(rpc fay status)"

start "$here/proxy2" python3 -B "$here/proxy.py" "$here/proxy2" gus secret >"$here/proxy2.log"
printf 'secret\n' >"$here/password"
chmod 644 "$here/password"
conf gus '[dial]' "socks5 = 127.0.0.1:$(cat "$here/proxy2")" 'socks5_user = gus' \
  "socks5_password_file = $here/password"
node gus >"$here/gus.out" 2>&1
check 'SOCKS5: a password file others can read is refused' \
  grep -q "chmod 600 $here/password" "$here/gus.out"
chmod 600 "$here/password"
node gus --listen 127.0.0.1:0 --log-level debug
pair gus
check 'SOCKS5: user name and password' until_true 5 online gus
check 'SOCKS5: as the proxy saw it' grep -q 'login gus right' "$here/proxy2.log"
printf 'wrong\n' >"$here/password"
kill -HUP "$(pid_of gus)"
stop ana
check 'SOCKS5: a wrong password is said' \
  logged gus 'the proxy does not accept the user name and password' 8
