#!/usr/bin/env bash
# The clients' socket: lying, slow and greedy clients cost only themselves.
. "$(dirname "$0")/lib.sh"

node ana || exit 1
rpc ana init '{"name":"Ana"}' >/dev/null
PYTHONPATH=$e2e python3 -B "$e2e/daemon_rpc.py" "$(socket_of ana)" || failed=1
echo "      RSS afterwards $(rss ana) KiB"
kill -0 "$(pid_of ana)" 2>/dev/null || { bad 'the node lives'; cat "$(log_of ana)"; }

# Another user of the machine: kept out by the directory, and by its credentials where that is open.
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
  case ${TMPDIR:-/tmp} in /tmp | /var/tmp) ;; *) chmod 755 "$TMPDIR" ;; esac # of this script alone
  chmod 755 "$here" "$here/ana" "$here/ana/run"
  as_nobody() {
    setpriv --reuid 65534 --regid 65534 --clear-groups perl -MIO::Socket::UNIX -e '
      my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "no connection\n";
      sysread($s, my $answer, 1) or die "no answer\n"' "$(socket_of ana)"
  }
  chmod 700 "$here/ana/run/valise"
  check 'another user does not get in' [ "$(as_nobody 2>&1)" = 'no connection' ]
  chmod 755 "$here/ana/run/valise"
  chmod 666 "$(socket_of ana)"
  check 'nor where the socket is open to all' [ "$(as_nobody 2>&1)" = 'no answer' ]
  check 'since the node asks who it is' \
    grep -q 'client.refused why="not a user of this node" uid=65534' "$(log_of ana)"
fi
check 'it ends as it should' stop ana
