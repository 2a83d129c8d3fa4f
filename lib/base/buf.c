#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"

enum { FIRST_CAP = 256 };

static _Noreturn void out_of_memory(size_t size) {
  fprintf(stderr, "out of memory (%zu bytes)\n", size);
  abort();
}

void *vls_calloc(size_t count, size_t size) {
  void *p = calloc(count, size);
  if (p == NULL && count != 0 && size != 0) out_of_memory(count * size);
  return p;
}

void *vls_realloc(void *p, size_t size) {
  void *moved = realloc(p, size);
  if (moved == NULL && size != 0) out_of_memory(size);
  return moved;
}

void vls_wipe(void *p, size_t n) {
  if (n > 0) explicit_bzero(p, n);
}

void vls_buf_init(vls_buf *buf, size_t max) {
  *buf = (vls_buf){.max = max};
}

void vls_buf_done(vls_buf *buf) {
  if (buf->p != NULL) vls_wipe(buf->p, buf->cap);
  free(buf->p);
  *buf = (vls_buf){.max = buf->max};
}

void vls_buf_clear(vls_buf *buf) {
  buf->n = 0;
}

uint8_t *vls_buf_grow(vls_buf *buf, size_t n) {
  VLS_ASSERT(buf->n <= buf->max);
  if (n > buf->max - buf->n) return NULL;
  size_t need = buf->n + n;
  if (need > buf->cap || buf->p == NULL) { /* NULL only ever means "too big", also for n = 0 */
    size_t cap = buf->cap == 0 ? FIRST_CAP : buf->cap;
    while (cap < need)
      cap *= 2;
    if (cap > buf->max) cap = buf->max;
    /* Not realloc: the old bytes may be secret, and must not be left behind. */
    uint8_t *p = vls_calloc(cap, 1);
    if (buf->n > 0) memcpy(p, buf->p, buf->n);
    if (buf->p != NULL) vls_wipe(buf->p, buf->n);
    free(buf->p);
    buf->p = p;
    buf->cap = cap;
  }
  uint8_t *at = buf->p + buf->n;
  buf->n = need;
  return at;
}

vls_err vls_buf_put(vls_buf *buf, const void *p, size_t n) {
  if (n == 0) return VLS_OK;
  uint8_t *at = vls_buf_grow(buf, n);
  if (at == NULL) return VLS_TOO_BIG;
  memcpy(at, p, n);
  return VLS_OK;
}

vls_err vls_buf_put_slice(vls_buf *buf, vls_slice s) {
  return vls_buf_put(buf, s.p, s.n);
}
vls_err vls_buf_put_u8(vls_buf *buf, uint8_t v) {
  return vls_buf_put(buf, &v, 1);
}

vls_err vls_buf_put_be16(vls_buf *buf, uint16_t v) {
  uint8_t b[2];
  vls_be16_put(b, v);
  return vls_buf_put(buf, b, sizeof b);
}

vls_err vls_buf_put_be32(vls_buf *buf, uint32_t v) {
  uint8_t b[4];
  vls_be32_put(b, v);
  return vls_buf_put(buf, b, sizeof b);
}

void vls_buf_drop(vls_buf *buf, size_t n) {
  VLS_ASSERT(n <= buf->n);
  if (n == 0) return;
  memmove(buf->p, buf->p + n, buf->n - n);
  buf->n -= n;
}
