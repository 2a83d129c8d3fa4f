#!/usr/bin/env bash
# backup.sh BUILD TEXTS: what a backup of so many texts costs: time, size and memory of making it,
# looking at it and bringing it back, with real programs. The machine should have nothing else to
# do.
VALISE_BUILD=$(cd "${1:?usage: backup.sh BUILD TEXTS}" && pwd)
export VALISE_BUILD
texts=${2:-100000}
. "$(dirname "$0")/../e2e/lib_talk.sh"

CONTACTS=50
[ -x /usr/bin/time ] || skip 'it takes the package time'
peak() { awk '/^VmHWM/ { print $2 }' "/proc/$(pid_of "$1")/status"; }
# cost WHAT NODE ARGUMENT...: one line; of the node the processor time and its highest memory.
cost() {
  local what=$1 name=$2 before=0 after=0 line
  shift 2
  [ -n "$name" ] && before=$(cpu "$name")
  in_home "${name:-new}" /usr/bin/time -o "$here/line" \
    -f '%e s, client %U s user, %S s system, %M KiB' "$VALISE" "$@" >/dev/null 2>&1 || bad "$what"
  line=$(cat "$here/line")
  if [ -n "$name" ]; then
    after=$(cpu "$name")
    line="$line; node $(awk -v t=$((after - before)) 'BEGIN { printf "%.2f", t / 100 }') s of CPU"
    line="$line, $(peak "$name") KiB"
  fi
  printf '%-8s %s\n' "$what" "$line"
}

mkdir -p -m 700 "$here/ana/data/valise" "$here/new"
chmod 700 "$here/ana" "$here/ana/data"
"$build/tests/bench/bench_fill" "$here/ana/data/valise/node.db" $CONTACTS "$texts" || exit 1
node ana --listen 127.0.0.1:0 || exit 1
(umask 077 && as ana backup words >"$here/words" 2>/dev/null)
cost create ana backup create "$here/file"
printf 'size     %s bytes, %s a text\n' "$(stat -c %s "$here/file")" \
  $(($(stat -c %s "$here/file") / texts))
cost verify '' backup verify "$here/file" --words-file "$here/words"
stop ana
node new --listen 127.0.0.1:0 || exit 1
cost restore new init --restore "$here/file" --words-file "$here/words"
stop new
