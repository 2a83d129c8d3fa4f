/* Numbers and pieces out of an input; behind its end there are zeros and nothing. */
#ifndef VALISE_FUZZ_READER_H
#define VALISE_FUZZ_READER_H

#include "base/buf.h"

typedef struct reader {
  const uint8_t *p;
  size_t n;
} reader;

/* A number of so many bytes. */
static inline size_t next(reader *r, size_t bytes) {
  size_t v = 0;
  for (; bytes > 0; bytes--) {
    v = v << 8 | (r->n > 0 ? r->p[0] : 0);
    if (r->n > 0) r->p++, r->n--;
  }
  return v;
}

static inline vls_slice piece(reader *r, size_t n) {
  vls_slice s = {r->p, n < r->n ? n : r->n};
  r->p += s.n;
  r->n -= s.n;
  return s;
}

#endif
