/* Noise_XKpsk3_25519_ChaChaPoly_SHA256 and Noise_NK_25519_ChaChaPoly_SHA256 (revision 34), and the
 * transport that follows them on a link. Pure state: the caller moves the bytes. */
#ifndef VALISE_CRYPTO_NOISE_H
#define VALISE_CRYPTO_NOISE_H

#include "crypto/keys.h"

typedef enum vls_noise_pattern { VLS_NOISE_XKPSK3, VLS_NOISE_NK } vls_noise_pattern;

typedef struct vls_noise_conf {
  vls_noise_pattern pattern;
  bool initiator;
  vls_slice prologue;
  const vls_dh_pair *s;       /* own static; NULL for the initiator of NK */
  const uint8_t *rs;          /* the responder's static: 32 bytes, initiator only */
  const uint8_t *psk;         /* 32 bytes, XKpsk3 only; a responder may set it later */
  const vls_dh_pair *fixed_e; /* for published vectors; NULL: made from rng */
} vls_noise_conf;

typedef struct vls_noise {
  vls_noise_pattern pattern;
  bool initiator, has_key, has_rs;
  unsigned step; /* messages done */
  uint8_t h[32], ck[32], k[32], psk[32];
  uint64_t n;
  vls_dh_pair s, e;
  uint8_t rs[32], re[32];
} vls_noise;

void vls_noise_init(vls_noise *noise, const vls_noise_conf *conf, vls_rng *rng);
void vls_noise_done(vls_noise *noise);
void vls_noise_set_psk(vls_noise *noise, const uint8_t psk[32]);

/* Appends the next handshake message with its payload. Messages must alternate: an assertion.
 * VLS_FORGED when the peer's key is not canonical or of small order: free the state. VLS_TOO_BIG,
 * and nothing changed, at out's max or past 65,535 bytes. */
VLS_MUST vls_err vls_noise_write(vls_noise *noise, vls_slice payload, vls_buf *out);
/* Reads the peer's next message; appends its payload to payload (may be NULL when it must be
 * empty). VLS_FORGED, VLS_MALFORMED, or VLS_TOO_BIG at payload's max, leave the state unusable:
 * free it. */
VLS_MUST vls_err vls_noise_read(vls_noise *noise, vls_slice message, vls_buf *payload);
/* Bytes of handshake message `step` (0, 1, 2) with an empty payload; 0 past the last. */
size_t vls_noise_size(vls_noise_pattern pattern, unsigned step);
bool vls_noise_finished(const vls_noise *noise);
/* The peer's static key: known to a responder of XKpsk3 after message 3, and to an initiator
 * always; NULL otherwise. */
const uint8_t *vls_noise_peer(const vls_noise *noise);
/* The handshake hash, once finished. */
const uint8_t *vls_noise_hash(const vls_noise *noise);

/* One direction of a link after the handshake. Nonce as in Noise; after VLS_CIPHER_ROTATE
 * operations (ck, k) = HKDF(salt ck, ikm k, "", 64), nonce 0, as in BOLT 8. */
enum { VLS_CIPHER_ROTATE = 1000 };
typedef struct vls_cipher {
  uint8_t k[32], ck[32];
  uint64_t n;
} vls_cipher;

/* Split(): the two directions, already the right way round for this side. */
void vls_noise_split(const vls_noise *noise, vls_cipher *ret_send, vls_cipher *ret_recv);
/* One operation: writes pt.n + 16 bytes. out may be pt.p (in place). */
void vls_cipher_seal(vls_cipher *c, uint8_t *out, vls_slice ad, vls_slice pt);
/* One operation: writes ct.n - 16 bytes; out may be ct.p (in place). VLS_FORGED, or VLS_MALFORMED
 * when too short, leaves c unchanged. */
VLS_MUST vls_err vls_cipher_open(vls_cipher *c, uint8_t *out, vls_slice ad, vls_slice ct);

#endif
