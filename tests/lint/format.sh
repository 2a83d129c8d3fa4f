#!/usr/bin/env bash
# Every C file as clang-format 14 leaves it: format.sh. To mend one: clang-format -i FILE.
# proto/def_*.h are read again and again between other macros, and laid out by hand.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
case $(clang-format --version 2>/dev/null) in
  *' version 14.'*) ;;
  *)
    echo "skip  clang-format 14 is not here"
    exit 77
    ;;
esac
find lib proto daemon client tests -name '*.[ch]' ! -path 'proto/def_*.h' -print0 |
  xargs -0 clang-format --dry-run -Werror 2>&1 | grep -E ': error:' |
  cut -d: -f1 | sort -u | sed 's/$/: not as clang-format leaves it/'
[ "${PIPESTATUS[1]}" -eq 0 ] # xargs: 123 when one of them found something
