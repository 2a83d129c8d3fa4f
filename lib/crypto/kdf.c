#include "crypto/kdf.h"

#include <sodium.h>

#include "base/assert.h"

typedef crypto_auth_hmacsha256_state hmac_state;

vls_err vls_crypto_init(void) {
  return sodium_init() < 0 ? VLS_SYSTEM : VLS_OK;
}

bool vls_secret_eq(const void *a, const void *b, size_t n) {
  return sodium_memcmp(a, b, n) == 0;
}

void vls_sha256(uint8_t ret_hash[VLS_HASH], vls_slice in) {
  crypto_hash_sha256(ret_hash, in.p, in.n);
}

void vls_sha256_parts(uint8_t ret_hash[VLS_HASH], const vls_slice *parts, size_t n_parts) {
  crypto_hash_sha256_state st;
  crypto_hash_sha256_init(&st);
  for (size_t i = 0; i < n_parts; i++)
    crypto_hash_sha256_update(&st, parts[i].p, parts[i].n);
  crypto_hash_sha256_final(&st, ret_hash); /* wipes st */
}

static void hmac_init(hmac_state *st, vls_slice key) {
  static const uint8_t none[1];
  crypto_auth_hmacsha256_init(st, key.n > 0 ? key.p : none, key.n);
}

static void hmac_parts(hmac_state *st, const vls_slice *parts, size_t n_parts) {
  for (size_t i = 0; i < n_parts; i++)
    crypto_auth_hmacsha256_update(st, parts[i].p, parts[i].n);
}

void vls_hmac(uint8_t ret_mac[VLS_HASH], vls_slice key, const vls_slice *parts, size_t n_parts) {
  hmac_state st;
  hmac_init(&st, key);
  hmac_parts(&st, parts, n_parts);
  crypto_auth_hmacsha256_final(&st, ret_mac);
  vls_wipe(&st, sizeof st);
}

void vls_chain_step(uint8_t ck[VLS_KEY], uint8_t ret_mk[VLS_KEY]) {
  static const uint8_t one[] = {1}, two[] = {2};
  hmac_state keyed, st;
  hmac_init(&keyed, vls_slice_of(ck, VLS_KEY));
  st = keyed; /* both MACs start from the same two compressions of the key */
  crypto_auth_hmacsha256_update(&st, one, sizeof one);
  crypto_auth_hmacsha256_final(&st, ret_mk);
  crypto_auth_hmacsha256_update(&keyed, two, sizeof two);
  crypto_auth_hmacsha256_final(&keyed, ck);
  vls_wipe(&st, sizeof st);
  vls_wipe(&keyed, sizeof keyed);
}

void vls_hkdf_extract(uint8_t ret_prk[VLS_KEY], vls_slice salt, vls_slice ikm) {
  /* HMAC pads its key with zeros, so an empty salt is 32 zero bytes by itself. */
  vls_hmac(ret_prk, salt, &ikm, 1);
}

/* Expand with an info in parts: XWL needs no buffer for its context. */
static void expand(uint8_t *out, size_t n, const uint8_t prk[VLS_KEY], const vls_slice *info,
                   size_t n_info) {
  VLS_ASSERT(n <= VLS_HKDF_MAX);
  hmac_state keyed, st;
  uint8_t block[VLS_HASH];
  hmac_init(&keyed, vls_slice_of(prk, VLS_KEY));
  for (uint8_t i = 1; n > 0; i++) {
    st = keyed;
    if (i > 1) crypto_auth_hmacsha256_update(&st, block, sizeof block);
    hmac_parts(&st, info, n_info);
    crypto_auth_hmacsha256_update(&st, &i, 1);
    crypto_auth_hmacsha256_final(&st, block);
    size_t take = n < sizeof block ? n : sizeof block;
    memcpy(out, block, take);
    out += take;
    n -= take;
  }
  vls_wipe(&keyed, sizeof keyed);
  vls_wipe(&st, sizeof st);
  vls_wipe(block, sizeof block);
}

void vls_hkdf_expand(uint8_t *out, size_t n, const uint8_t prk[VLS_KEY], vls_slice info) {
  expand(out, n, prk, &info, 1);
}

void vls_hkdf(uint8_t *out, size_t n, vls_slice salt, vls_slice ikm, vls_slice info) {
  uint8_t prk[VLS_KEY];
  vls_hkdf_extract(prk, salt, ikm);
  expand(out, n, prk, &info, 1);
  vls_wipe(prk, sizeof prk);
}

/* RFC 9420 2.1.2: one byte below 64, two with the top bits 01 below 16,384. */
enum { VL_1 = 63, VL_2 = 16383 };

static size_t vl_put(uint8_t *p, size_t n) {
  VLS_ASSERT(n <= VL_2);
  if (n <= VL_1) {
    *p = (uint8_t)n;
    return 1;
  }
  vls_be16_put(p, (uint16_t)(0x4000 | n));
  return 2;
}

void vls_xwl(uint8_t *out, size_t n, const uint8_t secret[VLS_KEY], const char *label,
             vls_slice ctx) {
  static const char prefix[] = "valise 1 ";
  size_t n_prefix = sizeof prefix - 1, n_label = strlen(label);
  VLS_ASSERT(n <= VLS_HKDF_MAX && n_prefix + n_label <= VL_1);
  uint8_t head[2 + 1 + VL_1 + 2]; /* n, vl(label) in full, the length of ctx */
  vls_be16_put(head, (uint16_t)n);
  size_t at = 2 + vl_put(head + 2, n_prefix + n_label);
  memcpy(head + at, prefix, n_prefix);
  memcpy(head + at + n_prefix, label, n_label);
  at += n_prefix + n_label;
  at += vl_put(head + at, ctx.n);
  const vls_slice info[] = {vls_slice_of(head, at), ctx};
  expand(out, n, secret, info, 2);
}

void vls_blake2b(uint8_t *out, size_t n, vls_slice in, vls_slice key) {
  VLS_ASSERT(n >= 1 && n <= crypto_generichash_BYTES_MAX &&
             key.n <= crypto_generichash_KEYBYTES_MAX);
  crypto_generichash(out, n, in.p, in.n, key.n > 0 ? key.p : NULL, key.n);
}
