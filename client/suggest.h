/* "Did you mean ...?" for a mistyped word. */
#ifndef VALISE_CLIENT_SUGGEST_H
#define VALISE_CLIENT_SUGGEST_H

#include <stddef.h>

typedef struct vls_suggest {
  const char *word; /* borrowed */
  const char *best; /* borrowed from the candidates; NULL while none is near */
  size_t distance;
} vls_suggest;

vls_suggest vls_suggest_for(const char *word);
/* Keeps the candidate when it is nearer than the best so far, and near at all: at most a third of
 * the letters (one in a short word) mistyped, missing, added or exchanged, or a beginning of it. */
void vls_suggest_try(vls_suggest *suggest, const char *candidate);

#endif
