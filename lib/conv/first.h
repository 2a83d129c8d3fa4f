/* The beginning of a direct talk (PEER 5b.1 to 5b.3): X3DH, and what stands before the first
 * record: EK(32) | spk id be32 | opk id be32 (0: none) | N24 | n be16 | SEAL(K_id, N24, EK | ids,
 * device index | card_A) so that nobody in between sees who begins to talk. */
#ifndef VALISE_CONV_FIRST_H
#define VALISE_CONV_FIRST_H

#include "citizen/card.h"
#include "crypto/ratchet.h"
#include "crypto/x3dh.h"

typedef struct vls_first_conf {
  const vls_dh_pair *ik; /* mine, of this device */
  vls_slice card;        /* mine, as signed */
  unsigned device_index; /* of this device in my card */
  vls_slice their_card;  /* as signed, verified before */
  const vls_device *their_device;
  uint32_t opk_id;    /* 0: none */
  const uint8_t *opk; /* 32 bytes, or NULL */
} vls_first_conf;

/* A: begins a session. prefix goes before the first record; keys are for the link. */
VLS_MUST vls_err vls_first_begin(const vls_first_conf *conf, vls_rng *rng, vls_ratchet *ret_ratchet,
                                 vls_x3dh_keys *ret_keys, vls_buf *prefix);

/* B: the prefix of a record that may be a first one. */
typedef struct vls_first {
  const uint8_t *ek;
  uint32_t spk_id, opk_id;
  vls_slice head, n24, sealed;
  vls_slice record; /* the ratchet's record after it */
} vls_first;
/* VLS_MALFORMED when the sizes cannot be right. Every unknown record is tried: no tag says what it
 * is. */
VLS_MUST vls_err vls_first_parse(vls_first *ret, vls_slice record);

typedef struct vls_first_keys {
  const vls_dh_pair *ik, *spk, *opk; /* opk NULL when first.opk_id is 0 */
  vls_slice card;                    /* mine, the one the sender may have used */
} vls_first_keys;
/* Opens the sender's card: appends it to ret_card. VLS_FORGED when it was not made for these keys
 * and this card. */
VLS_MUST vls_err vls_first_card(const vls_first *first, const vls_first_keys *keys,
                                unsigned *ret_device, vls_buf *ret_card);
/* The session, with the sender's device. The first record must still open and verify with it. */
VLS_MUST vls_err vls_first_accept(const vls_first *first, const vls_first_keys *keys,
                                  vls_slice their_card, const vls_device *their_device,
                                  vls_ratchet *ret_ratchet, vls_x3dh_keys *ret_keys);

#endif
