#include "crypto/knock.h"

#include "base/assert.h"
#include "crypto/seal.h"

size_t vls_knock_size(size_t n_message) {
  return VLS_N24 + n_message + VLS_KNOCK_INNER + VLS_TAG;
}

vls_err vls_knock_put(vls_buf *out, const uint8_t key[32], vls_slice message, uint32_t time_s,
                      vls_slice ad, vls_rng *rng) {
  VLS_ASSERT(message.n <= VLS_KNOCK_MESSAGE_MAX);
  size_t n = vls_knock_size(message.n);
  size_t pad = (size_t)vls_rng_below(rng, VLS_KNOCK_PAD_MAX + 1);
  uint8_t *at = vls_buf_grow(out, n + pad);
  if (at == NULL) return VLS_TOO_BIG;
  uint8_t inner[VLS_KNOCK_MESSAGE_MAX + VLS_KNOCK_INNER];
  if (message.n > 0) memcpy(inner, message.p, message.n);
  uint8_t *tail = inner + message.n;
  vls_be32_put(tail, time_s);
  vls_be16_put(tail + 4, (uint16_t)pad);
  tail[6] = VLS_KNOCK_VERSION;
  tail[7] = 0;
  vls_rng_bytes(rng, at, VLS_N24);
  vls_xchacha_seal(at + VLS_N24, key, at, ad, vls_slice_of(inner, message.n + VLS_KNOCK_INNER));
  vls_rng_bytes(rng, at + n, pad);
  return VLS_OK;
}

vls_err vls_knock_try(vls_knock *ret_knock, const uint8_t key[32], vls_slice in, vls_slice ad) {
  size_t n_fixed = vls_knock_size(0);
  if (in.n < n_fixed || in.n > n_fixed + VLS_KNOCK_MESSAGE_MAX) return VLS_UNKNOWN;
  uint8_t inner[VLS_KNOCK_MESSAGE_MAX + VLS_KNOCK_INNER];
  vls_slice sealed = vls_slice_of(in.p + VLS_N24, in.n - VLS_N24);
  if (vls_xchacha_open(inner, key, in.p, ad, sealed) != VLS_OK) return VLS_UNKNOWN;
  size_t n = in.n - n_fixed;
  const uint8_t *tail = inner + n;
  size_t pad = vls_be16_get(tail + 4);
  if (pad > VLS_KNOCK_PAD_MAX || tail[6] != VLS_KNOCK_VERSION || tail[7] != 0) return VLS_MALFORMED;
  *ret_knock = (vls_knock){.time_s = vls_be32_get(tail), .pad = pad, .n_message = n};
  memcpy(ret_knock->nonce, in.p, sizeof ret_knock->nonce);
  if (n > 0) memcpy(ret_knock->message, inner, n);
  return VLS_OK;
}
