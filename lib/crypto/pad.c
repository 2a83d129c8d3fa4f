#include "crypto/pad.h"

#include "base/assert.h"

enum { SMALLEST = 256, LARGEST_POWER = 4096, MARK = 0x80 };

static unsigned floor_log2(size_t n) {
  unsigned log = 0;
  while (n >>= 1)
    log++;
  return log;
}

size_t vls_pad_bucket(size_t n) {
  VLS_ASSERT(n <= SIZE_MAX / 2);
  for (size_t size = SMALLEST; size <= LARGEST_POWER; size *= 2)
    if (n <= size) return size;
  /* Padme: keep log2(log2 n) + 1 bits of the length besides the first, at most 12 % are added. */
  unsigned e = floor_log2(n), s = floor_log2(e) + 1;
  size_t mask = ((size_t)1 << (e - s)) - 1;
  return (n + mask) & ~mask;
}

vls_err vls_pad(vls_buf *buf, size_t overhead) {
  VLS_ASSERT(overhead <= SIZE_MAX / 4);
  if (buf->n > SIZE_MAX / 4) return VLS_TOO_BIG;
  size_t n = vls_pad_bucket(buf->n + 1 + overhead) - overhead - buf->n;
  uint8_t *at = vls_buf_grow(buf, n);
  if (at == NULL) return VLS_TOO_BIG;
  memset(at, 0, n);
  at[0] = MARK;
  return VLS_OK;
}

vls_err vls_unpad(vls_slice padded, vls_slice *ret) {
  size_t n = padded.n;
  while (n > 0 && padded.p[n - 1] == 0)
    n--;
  if (n == 0 || padded.p[n - 1] != MARK) return VLS_MALFORMED;
  *ret = vls_slice_of(padded.p, n - 1);
  return VLS_OK;
}
