#!/usr/bin/env bash
# The units: what systemd thinks of them, socket activation, readiness, stopping.
. "$(dirname "$0")/lib.sh"

if command -v systemd-analyze >/dev/null; then
  for kind in system user; do
    mkdir -p "$here/$kind"
    cp "$top/systemd/$kind/valised.socket" "$here/$kind/"
    sed "s#@CMAKE_INSTALL_FULL_BINDIR@/valised#$VALISED#; /^Documentation=/d" \
      "$top/systemd/$kind/valised.service.in" >"$here/$kind/valised.service"
    sed -i '/^Documentation=/d' "$here/$kind/valised.socket"
    check "$kind units: systemd-analyze verify finds nothing" env XDG_RUNTIME_DIR="$here" \
      systemd-analyze verify --man=no "--$kind" "$here/$kind/valised.service" \
      "$here/$kind/valised.socket"
    [ -s "$here/check.out" ] && bad "$(cat "$here/check.out")"
  done
  exposure=$(systemd-analyze security --offline=true "$here/system/valised.service" |
    sed -n 's/.*exposure level for [^:]*: \([0-9.]*\).*/\1/p')
  check "system unit: exposure $exposure, at most 1.5" \
    awk -v e="$exposure" 'BEGIN { exit !(e != "" && e <= 1.5) }'
else
  echo 'skip  systemd-analyze is not here'
fi

# What sd_notify says, collected by a socket of our own.
cat >"$here/notify.py" <<'P'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("bound", flush=True)
while True:
    print(s.recv(4096).decode().replace("\n", " "), flush=True)
P
python3 -B "$here/notify.py" "$here/notify.sock" >"$here/told" &
pids+=($!)
until_true 5 test -S "$here/notify.sock"
NOTIFY_SOCKET=$here/notify.sock node ana || exit 1
told() { until_true 3 grep -q -- "$1" "$here/told"; }
check 'READY=1 with a status, when it listens' told 'READY=1 STATUS=Listening on 127.0.0.1:'
kill -HUP "$(pid_of ana)"
check 'RELOADING=1 with its time, then READY=1' told 'RELOADING=1 MONOTONIC_USEC=[0-9]'
check 'and READY=1 again' told 'READY=1 STATUS=Configuration read again'
stop ana
check 'STOPPING=1' told 'STOPPING=1'

if command -v systemd-socket-activate >/dev/null; then
  mkdir -p -m 700 "$here/bao/run/valise" "$here/bao/data"
  socket=$(socket_of bao)
  (in_home bao exec systemd-socket-activate --listen="$socket" "$VALISED" --listen 127.0.0.1:0 \
    >"$(log_of bao)" 2>&1) &
  echo $! >"$here/bao/pid"
  pids+=($!)
  until_true 5 test -S "$socket"
  check 'socket activation: the first call starts the node' rpc bao status
  check 'and it says which socket it has' grep -q "ready .*clients=$socket" "$(log_of bao)"
  check 'SIGTERM: exit 0' stop bao
  check 'and the socket stays, since it is not ours' test -S "$socket"
else
  echo 'skip  systemd-socket-activate is not here'
fi

# Where the journal reads standard error, lines carry a priority and no time.
mkdir -p -m 700 "$here/cai"
(exec 2>"$here/journal"
  JOURNAL_STREAM=$(stat -Lc %d:%i /dev/fd/2) in_home cai exec "$VALISED" --listen 127.0.0.1:0) &
echo $! >"$here/cai/pid"
pids+=($!)
prioritised() { grep -q '^<5>ready listening=' "$here/journal"; }
check 'under the journal a line begins with its priority' until_true 5 prioritised
check 'SIGTERM: exit 0 there too' stop cai
