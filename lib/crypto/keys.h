/* Key pairs and signatures. Private keys are made from vls_rng, never from libsodium's own source.
 */
#ifndef VALISE_CRYPTO_KEYS_H
#define VALISE_CRYPTO_KEYS_H

#include "crypto/rng.h"

enum { VLS_PUB = 32, VLS_SIG = 64 };

/* X25519 (RFC 7748). */
typedef struct vls_dh_pair {
  uint8_t priv[32], pub[32];
} vls_dh_pair;

void vls_dh_new(vls_dh_pair *ret_pair, vls_rng *rng);
/* From 32 private bytes. */
void vls_dh_from_priv(vls_dh_pair *ret_pair, const uint8_t priv[32]);
/* VLS_FORGED when pub is not canonical (>= p or top bit set) or of small order. ret_shared is
 * zeroed then. */
VLS_MUST vls_err vls_dh(uint8_t ret_shared[32], const uint8_t priv[32], const uint8_t pub[32]);
/* VLS_FORGED unless pub is canonical. */
VLS_MUST vls_err vls_dh_check(const uint8_t pub[32]);

/* Ed25519 (RFC 8032). priv is the 32-byte seed followed by the public key. */
typedef struct vls_sign_pair {
  uint8_t priv[64], pub[32];
} vls_sign_pair;

void vls_sign_new(vls_sign_pair *ret_pair, vls_rng *rng);
void vls_sign_from_seed(vls_sign_pair *ret_pair, const uint8_t seed[32]);

/* What a signature is made for; one made for one purpose verifies for no other (PEER 1). The text
 * of each is in keys.c: card device prekey x3dh direct group.control group.message channel bundle
 * invite recovery accord attest state. */
typedef enum vls_sign_ctx {
  VLS_CTX_CARD,
  VLS_CTX_DEVICE,
  VLS_CTX_PREKEY,
  VLS_CTX_X3DH,
  VLS_CTX_DIRECT,
  VLS_CTX_GROUP_CONTROL,
  VLS_CTX_GROUP_MESSAGE,
  VLS_CTX_CHANNEL,
  VLS_CTX_BUNDLE,
  VLS_CTX_INVITE,
  VLS_CTX_RECOVERY,
  VLS_CTX_ACCORD,
  VLS_CTX_ATTEST,
  VLS_CTX_STATE,
  VLS_CTX_GROUP_RECEIPT
} vls_sign_ctx;

/* SIGN(ctx, m) = Ed25519 over "valise-sig-v1\0" | ctx | "\0" | SHA256(m). */
void vls_sign(uint8_t ret_sig[VLS_SIG], const vls_sign_pair *pair, vls_sign_ctx ctx, vls_slice m);
VLS_MUST vls_err vls_verify(const uint8_t sig[VLS_SIG], const uint8_t pub[32], vls_sign_ctx ctx,
                            vls_slice m);
/* The same over a hash already made: hash = SHA256(m). */
void vls_sign_hash(uint8_t ret_sig[VLS_SIG], const vls_sign_pair *pair, vls_sign_ctx ctx,
                   const uint8_t hash[32]);
VLS_MUST vls_err vls_verify_hash(const uint8_t sig[VLS_SIG], const uint8_t pub[32],
                                 vls_sign_ctx ctx, const uint8_t hash[32]);

#endif
