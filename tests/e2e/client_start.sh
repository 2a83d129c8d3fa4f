# Starting a node from the command line, asked and unasked.
. "$(dirname "$0")/lib_talk.sh"
unset DBUS_SESSION_BUS_ADDRESS XDG_STATE_HOME
SYSTEMCTL_LESS=$here/bin # no real service of this machine may be touched
mkdir -p "$SYSTEMCTL_LESS"
printf '#!/bin/sh\nexit 1\n' >"$SYSTEMCTL_LESS/systemctl"
chmod +x "$SYSTEMCTL_LESS/systemctl"
export PATH=$SYSTEMCTL_LESS:$PATH

# The node that a client started: stopped at the end, like the others.
adopt() {
  local pid
  pid=$(grep -ao 'process [0-9]*' "$1" | grep -o '[0-9]*')
  [ -n "$pid" ] && pids+=("$pid")
}
configure() {
  mkdir -p "$here/$1/config/valise"
  printf '[listen]\naddress = 127.0.0.1:0\n' >"$here/$1/config/valise/valise.conf"
}
on_terminal() {
  local name=$1 typed=$2
  shift 2
  in_home "$name" env NO_COLOR=1 TERM=xterm \
    python3 -B "$e2e/client_pty.py" 80 "$typed" "$VALISE" "$@"
}

configure ana
says "init --start starts the node and makes the identity" 0 'Started valised' \
  ana init --start --name Ana
adopt "$here/err"
log=$here/ana/.local/state/valise/valised.log
check "its log is where it said" [ -s "$log" ]
same "and nobody else reads it" 600 "$(stat -c %a "$log")"
says "it answers" 0 'You +Ana' ana status
says "init --start again changes nothing" 0 'Ana' ana init --start

configure bao
on_terminal bao $'n' init --name Bao >"$here/out"
same "in a terminal it asks, and takes no for an answer" 3 $?
check "what it asked" grep -q 'Start it now?' "$here/out"
on_terminal bao $'\nBảo\nn\nn' init >"$here/out"
same "yes is the default, and the name is asked for" 0 $?
adopt "$here/out"
check "the name may be in any script" grep -q 'Name  *Bảo' "$here/out"
says "it is his" 0 'Bảo' bao status

mkdir -p "$here/che/config/valise"
printf '[listen]\nadress = x\n' >"$here/che/config/valise/valise.conf"
says "a node that stops at once: the reason is told" 3 'did you mean "address"' \
  che init --start --name Che
says "and doctor finds it" 3 'problem +config.*address' che doctor

mkdir -p "$here/dao/config/valise"
python3 -uc 'import socket, time
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1])
time.sleep(60)' >"$here/port" &
pids+=($!)
until [ -s "$here/port" ]; do sleep 0.05; done
port=$(cat "$here/port")
printf '[listen]\naddress = 127.0.0.1:%s\n' "$port" >"$here/dao/config/valise/valise.conf"
says "a port in use: what happened" 3 'cannot listen on .*in use' dao init --start --name Dao
check "and what helps" grep -q 'try: .*choose another port' "$here/err"
says "doctor tells it too" 3 'problem +log.*cannot listen on' dao doctor

mkdir -p -m 700 "$here/eve"
configure eve
says "another socket is handed on" 0 'Started' eve --socket "$here/eve/s" init --start --name Eve
adopt "$here/err"
check "the node listens there" [ -S "$here/eve/s" ]
