#include "crypto/seal.h"

#include <sodium.h>

#include "base/assert.h"
#include "crypto/kdf.h"

/* ek | C of PEER 1. ek is used once, so the nonce under it may be constant. */
typedef struct seal_keys {
  uint8_t ek[VLS_KEY], commitment[VLS_HASH];
} seal_keys;

static const uint8_t zero_nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

static void derive(seal_keys *ret, const uint8_t key[32], const uint8_t n24[VLS_N24],
                   vls_slice ad) {
  uint8_t prk[VLS_KEY], ad_hash[VLS_HASH], both[VLS_KEY + VLS_HASH];
  vls_hkdf_extract(prk, vls_slice_of(n24, VLS_N24), vls_slice_of(key, VLS_KEY));
  vls_sha256(ad_hash, ad);
  vls_xwl(both, sizeof both, prk, "seal", vls_slice_of(ad_hash, sizeof ad_hash));
  memcpy(ret->ek, both, VLS_KEY);
  memcpy(ret->commitment, both + VLS_KEY, VLS_HASH);
  vls_wipe(prk, sizeof prk);
  vls_wipe(both, sizeof both);
}

void vls_seal(uint8_t *out, const uint8_t key[32], const uint8_t n24[VLS_N24], vls_slice ad,
              vls_slice pt) {
  seal_keys keys;
  derive(&keys, key, n24, ad);
  memcpy(out, keys.commitment, VLS_HASH);
  crypto_aead_chacha20poly1305_ietf_encrypt(out + VLS_HASH, NULL, pt.p, pt.n, ad.p, ad.n, NULL,
                                            zero_nonce, keys.ek);
  vls_wipe(&keys, sizeof keys);
}

vls_err vls_open(uint8_t *out, const uint8_t key[32], const uint8_t n24[VLS_N24], vls_slice ad,
                 vls_slice sealed) {
  if (sealed.n < VLS_SEAL_EXTRA) return VLS_MALFORMED;
  seal_keys keys;
  derive(&keys, key, n24, ad);
  bool ok = vls_secret_eq(keys.commitment, sealed.p, VLS_HASH);
  if (ok)
    ok = crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.p + VLS_HASH,
                                                   sealed.n - VLS_HASH, ad.p, ad.n, zero_nonce,
                                                   keys.ek) == 0;
  if (!ok) vls_wipe(out, sealed.n - VLS_SEAL_EXTRA);
  vls_wipe(&keys, sizeof keys);
  return ok ? VLS_OK : VLS_FORGED;
}

void vls_xchacha_seal(uint8_t *out, const uint8_t key[32], const uint8_t n24[VLS_N24], vls_slice ad,
                      vls_slice pt) {
  crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, pt.p, pt.n, ad.p, ad.n, NULL, n24, key);
}

vls_err vls_xchacha_open(uint8_t *out, const uint8_t key[32], const uint8_t n24[VLS_N24],
                         vls_slice ad, vls_slice sealed) {
  if (sealed.n < VLS_TAG) return VLS_MALFORMED;
  int bad = crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.p, sealed.n, ad.p,
                                                       ad.n, n24, key);
  if (bad) vls_wipe(out, sealed.n - VLS_TAG);
  return bad ? VLS_FORGED : VLS_OK;
}
