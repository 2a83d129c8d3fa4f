/* "Did you mean ...?" for a mistyped word. */
#ifndef VALISE_CLIENT_SUGGEST_H
#define VALISE_CLIENT_SUGGEST_H

#include <stddef.h>

enum { VLS_SUGGEST_WORD = 64 }; /* longer words get no suggestion */

typedef struct vls_suggest {
  const char *word; /* borrowed */
  const char *best; /* borrowed from the candidates; NULL while none is near */
  size_t distance;
} vls_suggest;

vls_suggest vls_suggest_for(const char *word);
/* Keeps the candidate when it is nearer than the best so far, and near at all: at most a third of
 * the letters (one in a short word) mistyped, missing, added or exchanged, or a beginning of it. */
void vls_suggest_try(vls_suggest *suggest, const char *candidate);
/* Letters to change, drop, add or exchange with their neighbour; SIZE_MAX for too long words. */
size_t vls_suggest_distance(const char *a, const char *b);

#endif
