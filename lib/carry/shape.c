#include "carry/shape.h"

static const char alphabet[65] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Its place in the alphabet, or 64. */
static unsigned value_of(uint8_t c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26u;
  if (c >= '0' && c <= '9') return c - '0' + 52u;
  if (c == '-') return 62;
  return c == '_' ? 63 : 64;
}

size_t vls_shape_len(size_t n) {
  return (n * 8 + 5) / 6;
}

void vls_shape_put(uint8_t *out, vls_slice clear) {
  uint32_t bits = 0;
  unsigned n_bits = 0;
  for (size_t i = 0; i < clear.n; i++) {
    bits = (bits << 8 | clear.p[i]) & 0xffff;
    for (n_bits += 8; n_bits >= 6; n_bits -= 6)
      *out++ = (uint8_t)alphabet[bits >> (n_bits - 6) & 63];
  }
  if (n_bits > 0) *out = (uint8_t)alphabet[bits << (6 - n_bits) & 63];
}

bool vls_shape_is_text(const uint8_t *p) {
  for (size_t i = 0; i < VLS_SHAPE_TELL; i++)
    if (value_of(p[i]) == 64) return false;
  return true;
}

void vls_shape_get(uint8_t *out, size_t n, const uint8_t *text) {
  uint32_t bits = 0;
  unsigned n_bits = 0;
  for (size_t i = 0; i < n; i++) {
    for (; n_bits < 8; n_bits += 6)
      bits = (bits << 6 | (value_of(*text++) & 63)) & 0xffff;
    n_bits -= 8;
    out[i] = (uint8_t)(bits >> n_bits);
  }
}
