/* Vectors are hex text; this turns one into bytes and fails the test on a typing slip. */
#ifndef VALISE_TESTS_VEC_HEX_H
#define VALISE_TESTS_VEC_HEX_H

/* cmocka.h wants these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"

/* Bytes of a hex string that live as long as the block they are declared in. */
typedef struct vec_bytes {
  uint8_t p[512];
  size_t n;
} vec_bytes;

static inline uint8_t vec_digit(char c) {
  static const char digits[] = "0123456789abcdef";
  const char *at = memchr(digits, c, 16);
  assert_non_null(at);
  return (uint8_t)(at - digits);
}

static inline vec_bytes vec_hex(const char *hex) {
  vec_bytes v = {.n = strlen(hex) / 2};
  assert_true(v.n <= sizeof v.p && strlen(hex) % 2 == 0);
  for (size_t i = 0; i < v.n; i++)
    v.p[i] = (uint8_t)(vec_digit(hex[2 * i]) << 4 | vec_digit(hex[2 * i + 1]));
  return v;
}

static inline vls_slice vec_slice(const vec_bytes *v) {
  return vls_slice_of(v->p, v->n);
}

static inline void vec_equal(const uint8_t *bytes, const char *hex) {
  vec_bytes want = vec_hex(hex);
  assert_memory_equal(bytes, want.p, want.n);
}

#endif
