/* Cards (PEER 3.4): what a citizen signs about their devices, prekeys and addresses. */
#ifndef VALISE_CITIZEN_CARD_H
#define VALISE_CITIZEN_CARD_H

#include "crypto/keys.h"
#include "proto/peer.h"

enum { VLS_DEVICES_MAX = 8 };

typedef struct vls_device {
  uint8_t sign[32], dh[32];
  uint32_t spk_id;
  uint8_t spk[32];
} vls_device;

/* A card whose every signature was checked. Slices borrow from the bytes it was read from. */
typedef struct vls_card_view {
  vls_card card;
  vls_device devices[VLS_DEVICES_MAX];
  size_t n_devices;
} vls_card_view;

/* VLS_FORGED unless pub is an X25519 key that two can agree with: canonical, and not one of the
 * points of small order, with which everybody's secret is zero. Whoever dials a key asserts that it
 * is one. */
VLS_MUST vls_err vls_key_check(const uint8_t pub[32]);

/* Reads a signed card. VLS_TOO_BIG, VLS_MALFORMED, or VLS_FORGED: a signature, a certificate of
 * another identity, the same device twice, or a key that is not one. */
VLS_MUST vls_err vls_card_open(vls_card_view *ret, vls_slice signed_card);
/* The same for a card that our own store gives back: its signatures were checked before it went
 * there, and three of them are 150 us for each dial and each line of a list. Never for bytes that
 * came from elsewhere. */
VLS_MUST vls_err vls_card_open_known(vls_card_view *ret, vls_slice signed_card);
/* The device with this X25519 or Ed25519 key; NULL when the card has none. */
const vls_device *vls_card_by_dh(const vls_card_view *view, const uint8_t dh[32]);
const vls_device *vls_card_by_sign(const vls_card_view *view, const uint8_t sign[32]);

/* The pieces a citizen makes. Each appends a `signed`. */
VLS_MUST vls_err vls_cert_make(vls_buf *out, const vls_sign_pair *identity, const uint8_t sign[32],
                               const uint8_t dh[32], uint64_t created);
VLS_MUST vls_err vls_prekey_make(vls_buf *out, const vls_sign_pair *device, uint32_t id,
                                 const uint8_t pub[32], uint64_t created);
VLS_MUST vls_err vls_card_make(vls_buf *out, const vls_sign_pair *identity, const vls_card *card);
/* body and signature of a `signed`, not verified; for embedding what was just made. */
VLS_MUST vls_err vls_signed_parse(vls_signed *ret, vls_slice bytes);

#endif
