#!/bin/sh
# tables.sh PROGRAM [--write]: compares the field tables at the end of proto/peer.md, rpc.md,
# backup.md and group.md with what the codec reads (PROGRAM is the built valise_tables), or writes
# them there.
set -eu

program=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
begin='<!-- field tables: made by tests/lint/tables.sh --write -->'
end='<!-- end of field tables -->'
status=0

# The document with the tables of today in the place of those it has, or at its end.
with_tables() {
  awk -v begin="$begin" -v end="$end" '
    $0 == begin { skip = 1 }
    !skip { print }
    $0 == end { skip = 0 }' "$1" | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
  printf '\n%s\n\n## Field tables\n\n' "$begin"
  "$program" "$2"
  printf '%s\n' "$end"
}

for name in peer rpc backup group; do
  doc=$root/proto/$name.md
  [ -e "$doc" ] || continue
  new=$(mktemp)
  with_tables "$doc" "$name" >"$new"
  if [ "${2-}" = --write ]; then
    cat "$new" >"$doc"
  elif ! diff -u "$doc" "$new"; then
    echo "proto/$name.md: field tables differ from proto/$name.def; run:"
    echo "  tests/lint/tables.sh $program --write"
    status=1
  fi
  rm -f "$new"
done
exit $status
