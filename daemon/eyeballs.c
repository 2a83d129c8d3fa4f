#include "daemon/eyeballs.h"

#include <string.h>

/* Moves list[from] to list[to] (to <= from); what is between moves up by one. */
static void move_forward(vls_candidate *list, size_t from, size_t to) {
  vls_candidate moved = list[from];
  memmove(list + to + 1, list + to, (from - to) * sizeof *list);
  list[to] = moved;
}

void vls_eyeballs_order(vls_candidate *list, size_t n, int after) {
  for (size_t at = 0; at < n; at++) {
    size_t next = at;
    while (next < n && (int)list[next].addr.ss_family == after)
      next++;
    if (next < n) move_forward(list, next, at);
    after = list[at].addr.ss_family;
  }
}
