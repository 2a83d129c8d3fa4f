/* Memory: allocation that aborts when there is none; a growable buffer that names its maximum. */
#ifndef VALISE_BASE_BUF_H
#define VALISE_BASE_BUF_H

#include <string.h>

#include "valise/types.h"

/* Zeroed memory; aborts when there is none. Free with free(). */
void *vls_calloc(size_t count, size_t size) __attribute__((malloc));
/* Like realloc, aborts when there is none. */
void *vls_realloc(void *p, size_t size);
/* Overwrites secrets in a way the compiler keeps. */
void vls_wipe(void *p, size_t n);

/* A growable buffer. Bytes are p[0..n). Never holds more than max bytes. */
typedef struct vls_buf {
  uint8_t *p;
  size_t n, cap, max;
} vls_buf;

void vls_buf_init(vls_buf *buf, size_t max);
/* Wipes and frees; takes a zeroed buf. The buf can be used again afterwards (same max). */
void vls_buf_done(vls_buf *buf);
/* Forgets the bytes, keeps the memory. */
void vls_buf_clear(vls_buf *buf);
/* VLS_TOO_BIG, and nothing changed, when the result would pass max. */
VLS_MUST vls_err vls_buf_put(vls_buf *buf, const void *p, size_t n);
VLS_MUST vls_err vls_buf_put_slice(vls_buf *buf, vls_slice s);
VLS_MUST vls_err vls_buf_put_u8(vls_buf *buf, uint8_t v);
VLS_MUST vls_err vls_buf_put_be16(vls_buf *buf, uint16_t v);
VLS_MUST vls_err vls_buf_put_be32(vls_buf *buf, uint32_t v);
/* n uninitialised bytes at the end, for the caller to fill; NULL when they would pass max. */
uint8_t *vls_buf_grow(vls_buf *buf, size_t n);
/* Drops n bytes from the front (n <= buf->n). */
void vls_buf_drop(vls_buf *buf, size_t n);

static inline vls_slice vls_buf_slice(const vls_buf *buf) {
  return (vls_slice){buf->p, buf->n};
}

static inline vls_slice vls_slice_of(const void *p, size_t n) {
  return (vls_slice){(const uint8_t *)p, n};
}
static inline vls_slice vls_slice_str(const char *s) {
  return vls_slice_of(s, strlen(s));
}
/* Not for secrets: stops at the first difference. */
static inline bool vls_slice_eq(vls_slice a, vls_slice b) {
  return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline void vls_be16_put(uint8_t *p, uint16_t v) {
  p[0] = (uint8_t)(v >> 8);
  p[1] = (uint8_t)v;
}
static inline uint16_t vls_be16_get(const uint8_t *p) {
  return (uint16_t)((p[0] << 8) | p[1]);
}
static inline void vls_be32_put(uint8_t *p, uint32_t v) {
  for (int i = 0; i < 4; i++)
    p[i] = (uint8_t)(v >> (24 - 8 * i));
}
static inline uint32_t vls_be32_get(const uint8_t *p) {
  return ((uint32_t)p[0] << 24) | ((uint32_t)p[1] << 16) | ((uint32_t)p[2] << 8) | p[3];
}
static inline void vls_be64_put(uint8_t *p, uint64_t v) {
  for (int i = 0; i < 8; i++)
    p[i] = (uint8_t)(v >> (56 - 8 * i));
}
static inline uint64_t vls_be64_get(const uint8_t *p) {
  return ((uint64_t)vls_be32_get(p) << 32) | vls_be32_get(p + 4);
}

#endif
