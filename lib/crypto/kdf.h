/* SHA-256, HMAC-SHA-256, HKDF (RFC 5869) and XWL, the labelled expansion of PEER 1. */
#ifndef VALISE_CRYPTO_KDF_H
#define VALISE_CRYPTO_KDF_H

#include "base/buf.h"

enum { VLS_HASH = 32, VLS_KEY = 32, VLS_HKDF_MAX = 255 * 32 };

/* Must be called once before anything else in crypto/; safe to call again. */
VLS_MUST vls_err vls_crypto_init(void);

/* Constant-time comparison of secrets or tags. */
bool vls_secret_eq(const void *a, const void *b, size_t n);

void vls_sha256(uint8_t ret_hash[VLS_HASH], vls_slice in);
/* SHA256 of the parts one after another (no framing). */
void vls_sha256_parts(uint8_t ret_hash[VLS_HASH], const vls_slice *parts, size_t n_parts);
void vls_hmac(uint8_t ret_mac[VLS_HASH], vls_slice key, const vls_slice *parts, size_t n_parts);

/* One step of a symmetric ratchet (PEER 5b): mk = HMAC(ck, 01), then ck = HMAC(ck, 02) in place. */
void vls_chain_step(uint8_t ck[VLS_KEY], uint8_t ret_mk[VLS_KEY]);

/* RFC 5869. An empty salt is 32 zero bytes. */
void vls_hkdf_extract(uint8_t ret_prk[VLS_KEY], vls_slice salt, vls_slice ikm);
/* n <= VLS_HKDF_MAX: an assertion, since no length comes from outside. */
void vls_hkdf_expand(uint8_t *out, size_t n, const uint8_t prk[VLS_KEY], vls_slice info);
void vls_hkdf(uint8_t *out, size_t n, vls_slice salt, vls_slice ikm, vls_slice info);

/* XWL(s, label, ctx, n) = Expand(s, be16(n) | vl("valise 1 " + label) | vl(ctx), n), where vl is
 * the variable-size length prefix of RFC 9420 section 2.1.2. label is a constant of at most 54
 * bytes; ctx.n <= 16383. */
void vls_xwl(uint8_t *out, size_t n, const uint8_t secret[VLS_KEY], const char *label,
             vls_slice ctx);

/* BLAKE2b (RFC 7693), keyed when key.n > 0; n 1..64, key.n <= 64. */
void vls_blake2b(uint8_t *out, size_t n, vls_slice in, vls_slice key);

#endif
