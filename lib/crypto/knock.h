/* The knock: the envelope around handshake messages 1 and 2 (PEER 4), so that a node which does
 * not know the key of its caller stays silent. */
#ifndef VALISE_CRYPTO_KNOCK_H
#define VALISE_CRYPTO_KNOCK_H

#include "crypto/rng.h"

enum {
  VLS_KNOCK_VERSION = 1,
  VLS_KNOCK_INNER = 4 + 2 + 1 + 1, /* time, pad length, version, 0 */
  VLS_KNOCK_PAD_MAX = 1023,
  VLS_KNOCK_MESSAGE_MAX = 128, /* largest handshake message inside */
};

/* N24 | XChaCha20Poly1305(key, N24, ad, message | time be32 | pad length be16 | version | 0) |
 * padding. Size without padding of a knock around an n-byte message. */
size_t vls_knock_size(size_t n_message);
/* Appends a knock with random nonce and random padding of 0..VLS_KNOCK_PAD_MAX bytes around a
 * message of at most VLS_KNOCK_MESSAGE_MAX bytes. time is in seconds since 1970 (be32, wraps as it
 * may). ad: empty for message 1, SHA256(message 1 as sent, padding included) for message 2.
 * VLS_TOO_BIG at out's max. */
VLS_MUST vls_err vls_knock_put(vls_buf *out, const uint8_t key[32], vls_slice message,
                               uint32_t time_s, vls_slice ad, vls_rng *rng);

typedef struct vls_knock {
  uint8_t nonce[24];
  uint32_t time_s;
  size_t pad; /* bytes of padding that follow */
  uint8_t message[VLS_KNOCK_MESSAGE_MAX];
  size_t n_message;
} vls_knock;
/* Tries one key on exactly vls_knock_size(n) bytes. VLS_UNKNOWN when it is not this key's (or of a
 * size no knock has); VLS_MALFORMED when it is, but the inside is wrong (version, pad > max, last
 * byte not 0). */
VLS_MUST vls_err vls_knock_try(vls_knock *ret_knock, const uint8_t key[32], vls_slice in,
                               vls_slice ad);

#endif
