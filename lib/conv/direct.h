/* A direct talk (PEER 5b): signed events in, sealed records out, and back. Pure functions over a
 * ratchet that the caller keeps; nothing here knows how records travel or what items mean. */
#ifndef VALISE_CONV_DIRECT_H
#define VALISE_CONV_DIRECT_H

#include "citizen/card.h"
#include "crypto/ratchet.h"
#include "event/event.h"

/* The two ends. Borrowed, 32 bytes each. */
typedef struct vls_direct_ends {
  const uint8_t *author, *device; /* who speaks: identity, and the device's Ed25519 key */
  const uint8_t *recipient;       /* identity */
} vls_direct_ends;

/* SHA256("valise direct" | the smaller identity | the larger). The same on both sides. */
void vls_direct_conversation(uint8_t ret[32], const uint8_t a[32], const uint8_t b[32]);

typedef struct vls_direct_out {
  vls_direct_ends ends;
  const vls_sign_pair *device; /* signs */
  uint64_t seq, stamp;
  const uint8_t *prev; /* hash of the previous header, 32 bytes */
  const vls_item *items;
  size_t n_items;   /* 1..VLS_EVENT_ITEMS */
  vls_slice prefix; /* what stands before the first record of a session (PEER 5b.3); else empty */
} vls_direct_out;

typedef struct vls_direct_sealed {
  vls_buf header; /* as signed */
  uint8_t hash[32], sig[64];
} vls_direct_sealed;

/* Signs and seals an event: appends the record to `record`, steps the ratchet (which must be on
 * disk before the record leaves). With a prefix the body also carries SIGN("x3dh", th).
 * VLS_TOO_BIG: nothing changed. */
VLS_MUST vls_err vls_direct_seal(const vls_direct_out *out, vls_ratchet *r, vls_rng *rng,
                                 vls_buf *record, vls_direct_sealed *ret);
/* An event signed before, sealed again under another session: the same signature over the same
 * header. */
typedef struct vls_direct_again {
  const vls_sign_pair *device;
  uint64_t seq, stamp;
  const uint8_t *sig; /* 64 bytes */
  const vls_item *items;
  size_t n_items;
  vls_slice prefix;
} vls_direct_again;
VLS_MUST vls_err vls_direct_reseal(const vls_direct_again *again, vls_ratchet *r, vls_rng *rng,
                                   vls_buf *record);
void vls_direct_sealed_done(vls_direct_sealed *sealed);

/* An event as opened, before it is verified. Slices borrow from `plain`. */
typedef struct vls_direct_in {
  vls_direct_event event;
  vls_item_hashes hashes;
  vls_buf plain;
} vls_direct_in;
void vls_direct_in_done(vls_direct_in *in);

/* Opens a record with a session's ratchet, as vls_ratchet_open: `next` is a copy, kept by the
 * caller only once vls_direct_verify was content. VLS_FORGED, VLS_MALFORMED. */
VLS_MUST vls_err vls_direct_open(vls_ratchet *next, const vls_ratchet_peek *look,
                                 const uint8_t *skipped_mk, vls_slice record, vls_rng *rng,
                                 vls_skips *skips, vls_direct_in *ret);
/* An event that travels without a record (PEER 6.5): its bytes stay the caller's. VLS_MALFORMED. */
VLS_MUST vls_err vls_direct_read(vls_direct_in *ret, vls_slice encoded);
/* Rebuilds the header with the author's previous hash and checks the signature. th: not NULL for
 * the first record of a session, whose body must also carry SIGN("x3dh", th). VLS_FORGED. */
VLS_MUST vls_err vls_direct_verify(const vls_direct_in *in, const vls_direct_ends *ends,
                                   const uint8_t prev[32], const uint8_t *th, vls_buf *header,
                                   uint8_t ret_hash[32]);

#endif
