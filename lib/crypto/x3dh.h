/* X3DH with the identities bound into the transcript (PEER 5b; Signal, "The X3DH Key Agreement
 * Protocol", revision 1). A starts, B's prekeys are public. Pure functions. */
#ifndef VALISE_CRYPTO_X3DH_H
#define VALISE_CRYPTO_X3DH_H

#include "crypto/keys.h"

enum { VLS_SUITE_1 = 1 };

/* What both sides hash. Cards are the exact signed bytes. opk is empty or 32 bytes. */
typedef struct vls_x3dh_transcript {
  uint64_t suite; /* <= 65535: the caller refused what it does not know */
  vls_slice card_a, card_b;
  uint32_t spk_id;
  vls_slice opk;     /* B's one-time prekey, or empty */
  const uint8_t *ek; /* A's ephemeral, 32 bytes */
} vls_x3dh_transcript;

/* th = SHA256 over each part with its be32 length before it: suite as be16, card_A, card_B, spk id
 * as be32, opk, EK. */
void vls_x3dh_hash(uint8_t ret_th[32], const vls_x3dh_transcript *t);

/* Secrets of a session; wipe when used. names: "rk" "hk" "nhk" "psk" "drop.a" "drop.b" "knock". */
typedef struct vls_x3dh_keys {
  uint8_t th[32];
  uint8_t rk[32], hk[32], nhk[32];
  uint8_t link_psk[32], drop_a[32], drop_b[32], knock[32];
} vls_x3dh_keys;

/* K_id = HKDF(0, DH(EK,IKb) | DH(EK,SPKb) [| DH(EK,OPKb)], "valise 1 id" | SHA256(EK|card_B|opk),
 * 32). A computes with (ek.priv; ik_b, spk_b, opk_b), B with (ek.pub; ik.priv, spk.priv, opk.priv).
 * opk NULL when there is none. VLS_FORGED on a bad public key. */
VLS_MUST vls_err vls_x3dh_id_key_a(uint8_t ret_k[32], const vls_dh_pair *ek, const uint8_t ik_b[32],
                                   const uint8_t spk_b[32], const uint8_t *opk_b, vls_slice card_b);
VLS_MUST vls_err vls_x3dh_id_key_b(uint8_t ret_k[32], const uint8_t ek[32], const vls_dh_pair *ik,
                                   const vls_dh_pair *spk, const vls_dh_pair *opk,
                                   vls_slice card_b);
/* Both assert that t names the ek and opk they are given.
 * SK = HKDF(0, FF^32 | DH(IKa,SPKb) | DH(EK,IKb) | DH(EK,SPKb) [| DH(EK,OPKb)], "valise 1 x3dh" |
 * th, 32), then every key by XWL(SK, name, th, 32). */
VLS_MUST vls_err vls_x3dh_a(vls_x3dh_keys *ret_keys, const vls_x3dh_transcript *t,
                            const vls_dh_pair *ik_a, const vls_dh_pair *ek, const uint8_t ik_b[32],
                            const uint8_t spk_b[32], const uint8_t *opk_b);
VLS_MUST vls_err vls_x3dh_b(vls_x3dh_keys *ret_keys, const vls_x3dh_transcript *t,
                            const uint8_t ik_a[32], const uint8_t ek[32], const vls_dh_pair *ik,
                            const vls_dh_pair *spk, const vls_dh_pair *opk);

#endif
