#include "citizen/id.h"

#include <stdio.h>

#include "base/text.h"
#include "crypto/kdf.h"

enum { CHECK = 2, HALF = VLS_SAFETY_DIGITS / 2 };

static void checksum(uint8_t ret[CHECK], const uint8_t identity[32]) {
  uint8_t hash[VLS_HASH];
  vls_slice parts[] = {vls_slice_str("valise id"), {identity, 32}};
  vls_sha256_parts(hash, parts, 2);
  memcpy(ret, hash, CHECK);
}

void vls_id_text(char ret_text[VLS_ID_TEXT + 1], const uint8_t identity[32]) {
  uint8_t bytes[32 + CHECK];
  memcpy(bytes, identity, 32);
  checksum(bytes + 32, identity);
  memcpy(ret_text, "v1", 2);
  vls_base32_put(ret_text + 2, vls_slice_of(bytes, sizeof bytes));
}

vls_err vls_id_parse(uint8_t ret_identity[32], vls_slice text) {
  uint8_t bytes[32 + CHECK], check[CHECK];
  size_t n = 0;
  if (text.n != VLS_ID_TEXT || (text.p[0] | 0x20) != 'v' || text.p[1] != '1') return VLS_MALFORMED;
  vls_err err = vls_base32_get((const char *)text.p + 2, text.n - 2, bytes, sizeof bytes, &n);
  if (err != VLS_OK || n != sizeof bytes) return VLS_MALFORMED;
  checksum(check, bytes);
  if (memcmp(check, bytes + 32, CHECK) != 0) return VLS_MALFORMED;
  memcpy(ret_identity, bytes, 32);
  return VLS_OK;
}

static void half(char ret[HALF + 1], const uint8_t key[32]) {
  uint8_t hash[VLS_HASH];
  vls_slice first[] = {vls_slice_str("valise safety"), {key, 32}};
  vls_sha256_parts(hash, first, 2);
  for (int i = 1; i < VLS_SAFETY_ROUNDS; i++) {
    vls_slice parts[] = {{hash, sizeof hash}, {key, 32}};
    vls_sha256_parts(hash, parts, 2);
  }
  for (int group = 0; group < HALF / 5; group++) {
    uint64_t v = 0;
    for (int i = 0; i < 5; i++)
      v = v << 8 | hash[group * 5 + i];
    snprintf(ret + (size_t)group * 5, 6, "%05u", (unsigned)(v % 100000));
  }
}

void vls_safety_number(char ret_digits[VLS_SAFETY_DIGITS + 1], const uint8_t a[32],
                       const uint8_t b[32]) {
  char x[HALF + 1], y[HALF + 1];
  half(x, a);
  half(y, b);
  bool swap = strcmp(x, y) > 0;
  snprintf(ret_digits, VLS_SAFETY_DIGITS + 1, "%s%s", swap ? y : x, swap ? x : y);
}
