#include "client/suggest.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"

vls_suggest vls_suggest_for(const char *word) {
  return (vls_suggest){word, NULL, SIZE_MAX};
}

void vls_suggest_try(vls_suggest *suggest, const char *candidate) {
  size_t n = strlen(suggest->word);
  size_t near = n < 6 ? 1 : n / 3;
  size_t distance = vls_text_distance(vls_slice_str(suggest->word), vls_slice_str(candidate));
  if (n >= 2 && strncmp(suggest->word, candidate, n) == 0) distance = 1;
  if (n >= 4 && n < 6 && distance == 2) distance = near; /* "sned" for "send" and the like */
  if (distance > near || distance >= suggest->distance) return;
  suggest->best = candidate;
  suggest->distance = distance;
}
