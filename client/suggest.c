#include "client/suggest.h"

#include <stdint.h>
#include <string.h>

static size_t min3(size_t a, size_t b, size_t c) {
  size_t m = a < b ? a : b;
  return m < c ? m : c;
}

size_t vls_suggest_distance(const char *a, const char *b) {
  size_t n = strlen(a), m = strlen(b);
  if (n > VLS_SUGGEST_WORD || m > VLS_SUGGEST_WORD) return SIZE_MAX;
  /* Three rows of the table suffice: an exchange looks two back. */
  size_t rows[3][VLS_SUGGEST_WORD + 1];
  for (size_t j = 0; j <= m; j++)
    rows[0][j] = j;
  for (size_t i = 1; i <= n; i++) {
    size_t *now = rows[i % 3];
    const size_t *last = rows[(i - 1) % 3], *before = rows[(i + 1) % 3];
    now[0] = i;
    for (size_t j = 1; j <= m; j++) {
      size_t differ = a[i - 1] == b[j - 1] ? 0 : 1;
      now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + differ);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
          before[j - 2] + 1 < now[j])
        now[j] = before[j - 2] + 1;
    }
  }
  return rows[n % 3][m];
}

vls_suggest vls_suggest_for(const char *word) {
  return (vls_suggest){word, NULL, SIZE_MAX};
}

void vls_suggest_try(vls_suggest *suggest, const char *candidate) {
  size_t n = strlen(suggest->word);
  size_t near = n < 6 ? 1 : n / 3;
  size_t distance = vls_suggest_distance(suggest->word, candidate);
  if (n >= 2 && strncmp(suggest->word, candidate, n) == 0) distance = 1;
  if (n >= 4 && n < 6 && distance == 2) distance = near; /* "sned" for "send" and the like */
  if (distance > near || distance >= suggest->distance) return;
  suggest->best = candidate;
  suggest->distance = distance;
}
