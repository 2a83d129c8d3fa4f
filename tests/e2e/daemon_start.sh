#!/usr/bin/env bash
# valised as its person meets it: options, first mistakes, a second node.
. "$(dirname "$0")/lib.sh"

# says WHAT CODE PATTERN COMMAND...: it exits so, and says so.
says() {
  local what=$1 code=$2 pattern=$3 out
  shift 3
  out=$("$@" 2>&1 </dev/null)
  local got=$?
  if [ $got -eq "$code" ] && grep -qE -- "$pattern" <<<"$out"; then ok "$what"
  else bad "$what: exit $got"; sed 's/^/      /' <<<"$out"; fi
}
file=$here/test.conf
conf() { printf '%s\n' "$@" >"$file"; }

says '--version names it' 0 '^valised [0-9]' "$VALISED" --version
says '--help lists its options' 0 '--check-config' "$VALISED" --help
says 'an unknown option is refused' 2 'unrecognized option' "$VALISED" --lisen
says 'a stray word is refused' 2 'not understood' "$VALISED" frobnicate

conf '[listen]' 'address = 127.0.0.1:0'
says '--check-config is content with a right file' 0 'no mistake' "$VALISED" --check-config "$file"
conf '[lisen]' 'address = 127.0.0.1:0'
says '--check-config names file, line and what was meant' 2 \
  'test.conf:2: unknown section \[lisen\]; did you mean \[listen\]\?' \
  "$VALISED" --check-config "$file"
says 'a node does not start with a mistake' 2 'did you mean' in_home x "$VALISED" --config "$file"
says 'a missing --config file is said' 2 'cannot read' in_home x "$VALISED" --config "$here/none"

mkdir -p -m 700 "$here/x/config/valise/conf.d"
printf '[log]\nlevel = debug\n' >"$here/x/config/valise/valise.conf"
printf '[log]\nlevel = error\n' >"$here/x/config/valise/conf.d/20.conf"
printf '[log]\nlevel = warning\n' >"$here/x/config/valise/conf.d/10.conf"
says 'conf.d is read in order, and --print-config says where a value is from' 0 \
  "^log.level	error	$here/x/config/valise/conf.d/20.conf:2\$" in_home x "$VALISED" --print-config
says 'an option goes before every file' 0 '^log.level	info	--log-level$' \
  in_home x "$VALISED" --log-level info --print-config

# The manual page names every key with its default, and no other.
keys=$("$VALISED" --config /dev/null --print-config)
while IFS='|' read -r key value _; do
  section=$(tr a-z A-Z <<<"${key%%.*}")
  entry=$(awk -v s="# [$section]" -v k="*${key#*.}*" '
    /^# / { in_section = $0 == s } in_section && index($0, k " =") == 1 { on = 1; print; next }
    on && /^\*/ { exit } on { print }' "$top/man/valise.conf.5.scd" | tr '\n\t' '  ')
  default="Default: +_${value//[\[\]]/.}_"
  [ -n "$value" ] || default='Default: +empty'
  grep -qE "$default" <<<"$entry" || bad "valise.conf(5) does not tell $key and its default $value"
done < <(tr '\t' '|' <<<"$keys")
in_page=$(grep -cE '^\*[a-z0-9_]+\* = ' "$top/man/valise.conf.5.scd")
check 'valise.conf(5) and the node know the same keys and defaults' \
  [ "$in_page" -eq "$(wc -l <<<"$keys")" ]

mkdir -m 755 "$here/open"
says 'a store others can look into is refused, with the command that helps' 1 \
  "chmod 700 $here/open" in_home x "$VALISED" --data "$here/open" --listen 127.0.0.1:0
says 'a socket in a directory open to others is refused' 1 "chmod 700 $here/open" \
  in_home x "$VALISED" --socket "$here/open/rpc.sock" --listen 127.0.0.1:0
says 'a path too long for a socket is said' 2 'longer than' \
  in_home x "$VALISED" --socket "$here/$(printf 'x%.0s' {1..120})" --listen 127.0.0.1:0

node ana
port=$(port_of ana)
says 'a second node on the same store is refused' 9 'in use|another node has this store open' \
  in_home ana "$VALISED" --socket "$here/ana/other/rpc.sock" --listen 127.0.0.1:0
says 'a second node on the same socket is refused' 9 'another node listens for clients' \
  in_home ana "$VALISED" --data "$here/ana/data2" --listen 127.0.0.1:0
says 'a port in use is said, with the command that helps' 1 'valise config set listen.address' \
  in_home bao "$VALISED" --listen "127.0.0.1:$port"
check 'the first node is unharmed' rpc ana status
modes=$(cd "$here/ana" && stat -c %a data/valise data/valise/node.db run/valise run/valise/rpc.sock)
check 'the store, the socket and their directories are private' \
  [ "$(echo $modes)" = '700 600 700 600' ]

kill9 ana
check 'a socket left over from kill -9 does not stand in the way' node ana
