/* SEAL and OPEN of PEER 1: key-committing authenticated encryption under a fresh 24-byte nonce. */
#ifndef VALISE_CRYPTO_SEAL_H
#define VALISE_CRYPTO_SEAL_H

#include "base/buf.h"

enum { VLS_N24 = 24, VLS_TAG = 16, VLS_SEAL_EXTRA = 32 + 16 };

/* Writes pt.n + VLS_SEAL_EXTRA bytes to out (which must not overlap pt). */
void vls_seal(uint8_t *out, const uint8_t key[32], const uint8_t n24[VLS_N24], vls_slice ad,
              vls_slice pt);
/* Writes sealed.n - VLS_SEAL_EXTRA bytes to out. VLS_FORGED, and out zeroed, when the commitment
 * or the tag does not match; VLS_MALFORMED when too short. */
VLS_MUST vls_err vls_open(uint8_t *out, const uint8_t key[32], const uint8_t n24[VLS_N24],
                          vls_slice ad, vls_slice sealed);

/* XChaCha20-Poly1305 with an explicit 24-byte nonce, for headers and knocks: out has pt.n + 16. */
void vls_xchacha_seal(uint8_t *out, const uint8_t key[32], const uint8_t n24[VLS_N24], vls_slice ad,
                      vls_slice pt);
VLS_MUST vls_err vls_xchacha_open(uint8_t *out, const uint8_t key[32], const uint8_t n24[VLS_N24],
                                  vls_slice ad, vls_slice sealed);

#endif
