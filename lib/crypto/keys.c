#include "crypto/keys.h"

#include <sodium.h>

#include "base/assert.h"
#include "crypto/kdf.h"

void vls_dh_new(vls_dh_pair *ret_pair, vls_rng *rng) {
  uint8_t priv[32];
  vls_rng_bytes(rng, priv, sizeof priv);
  vls_dh_from_priv(ret_pair, priv);
  vls_wipe(priv, sizeof priv);
}

void vls_dh_from_priv(vls_dh_pair *ret_pair, const uint8_t priv[32]) {
  memmove(ret_pair->priv, priv, sizeof ret_pair->priv);
  crypto_scalarmult_base(ret_pair->pub, ret_pair->priv);
}

/* u < p = 2^255 - 19 with the top bit clear. libsodium accepts every 32 bytes, and then two
 * encodings of one key would give the same secret. Public keys only: time may vary. */
vls_err vls_dh_check(const uint8_t pub[32]) {
  if (pub[31] > 0x7f) return VLS_FORGED;
  if (pub[31] < 0x7f || pub[0] < 0xed) return VLS_OK;
  for (size_t i = 1; i < 31; i++)
    if (pub[i] != 0xff) return VLS_OK;
  return VLS_FORGED;
}

vls_err vls_dh(uint8_t ret_shared[32], const uint8_t priv[32], const uint8_t pub[32]) {
  /* The result code is how libsodium says that the point is of small order. */
  if (vls_dh_check(pub) == VLS_OK && crypto_scalarmult(ret_shared, priv, pub) == 0) return VLS_OK;
  vls_wipe(ret_shared, 32);
  return VLS_FORGED;
}

void vls_sign_new(vls_sign_pair *ret_pair, vls_rng *rng) {
  uint8_t seed[32];
  vls_rng_bytes(rng, seed, sizeof seed);
  vls_sign_from_seed(ret_pair, seed);
  vls_wipe(seed, sizeof seed);
}

void vls_sign_from_seed(vls_sign_pair *ret_pair, const uint8_t seed[32]) {
  crypto_sign_seed_keypair(ret_pair->pub, ret_pair->priv, seed);
}

static const char *const ctx_text[] = {
    [VLS_CTX_CARD] = "card",
    [VLS_CTX_DEVICE] = "device",
    [VLS_CTX_PREKEY] = "prekey",
    [VLS_CTX_X3DH] = "x3dh",
    [VLS_CTX_DIRECT] = "direct",
    [VLS_CTX_GROUP_CONTROL] = "group.control",
    [VLS_CTX_GROUP_MESSAGE] = "group.message",
    [VLS_CTX_CHANNEL] = "channel",
    [VLS_CTX_BUNDLE] = "bundle",
    [VLS_CTX_INVITE] = "invite",
    [VLS_CTX_RECOVERY] = "recovery",
    [VLS_CTX_ACCORD] = "accord",
    [VLS_CTX_ATTEST] = "attest",
    [VLS_CTX_STATE] = "state",
    [VLS_CTX_GROUP_RECEIPT] = "group.receipt",
};

/* The bytes under the signature: "valise-sig-v1\0" | ctx | "\0" | hash. */
enum { CTX_MAX = 13, SIGNED_MAX = 14 + CTX_MAX + 1 + VLS_HASH };

static size_t signed_bytes(uint8_t out[SIGNED_MAX], vls_sign_ctx ctx, const uint8_t hash[32]) {
  static const char tag[] = "valise-sig-v1"; /* its NUL is part of what is signed */
  VLS_ASSERT((size_t)ctx < sizeof ctx_text / sizeof ctx_text[0]);
  size_t n_ctx = strlen(ctx_text[ctx]) + 1;
  memcpy(out, tag, sizeof tag);
  memcpy(out + sizeof tag, ctx_text[ctx], n_ctx);
  memcpy(out + sizeof tag + n_ctx, hash, VLS_HASH);
  return sizeof tag + n_ctx + VLS_HASH;
}

void vls_sign_hash(uint8_t ret_sig[VLS_SIG], const vls_sign_pair *pair, vls_sign_ctx ctx,
                   const uint8_t hash[32]) {
  uint8_t m[SIGNED_MAX];
  size_t n = signed_bytes(m, ctx, hash);
  crypto_sign_detached(ret_sig, NULL, m, n, pair->priv);
}

vls_err vls_verify_hash(const uint8_t sig[VLS_SIG], const uint8_t pub[32], vls_sign_ctx ctx,
                        const uint8_t hash[32]) {
  uint8_t m[SIGNED_MAX];
  size_t n = signed_bytes(m, ctx, hash);
  return crypto_sign_verify_detached(sig, m, n, pub) == 0 ? VLS_OK : VLS_FORGED;
}

void vls_sign(uint8_t ret_sig[VLS_SIG], const vls_sign_pair *pair, vls_sign_ctx ctx, vls_slice m) {
  uint8_t hash[VLS_HASH];
  vls_sha256(hash, m);
  vls_sign_hash(ret_sig, pair, ctx, hash);
}

vls_err vls_verify(const uint8_t sig[VLS_SIG], const uint8_t pub[32], vls_sign_ctx ctx,
                   vls_slice m) {
  uint8_t hash[VLS_HASH];
  vls_sha256(hash, m);
  return vls_verify_hash(sig, pub, ctx, hash);
}
