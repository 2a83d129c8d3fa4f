/* Tables knock, early and aside: what protects the node from replays, gaps and poison. */
#ifndef VALISE_STORE_GUARD_H
#define VALISE_STORE_GUARD_H

#include "proto/peer.h"
#include "store/db.h"

enum {
  VLS_KNOCKS_KEPT = 65536, /* nonces of knocks that opened; PEER 4.3 */
  VLS_EARLY_MAX = 64,      /* records that wait for an earlier one, per contact */
  VLS_EARLY_BYTES = (1 << 20) + VLS_RECORD_MAX, /* and their bytes: more than is ever on its way */
  VLS_ASIDE_MAX = 256,                          /* records that could not be used ... */
  VLS_ASIDE_EACH = 32, /* ... of one contact: nobody pushes out what others did */
};

/* True when this nonce was here before. Keeps nothing. */
bool vls_knock_is_known(vls_store *store, const uint8_t nonce[24]);
/* VLS_STALE when this nonce was here before. Keeps VLS_KNOCKS_KEPT, the newest. */
VLS_MUST vls_err vls_knock_seen(vls_store *store, const uint8_t nonce[24], uint64_t now_ms);
void vls_knock_drop_before(vls_store *store, uint64_t at_ms);

/* A record whose event has a seq beyond the next one; the newest of a seq stays. VLS_LIMITED when
 * VLS_EARLY_MAX wait already, or VLS_EARLY_BYTES would. Putting one again does nothing. */
typedef struct vls_early_row {
  uint64_t contact;
  const uint8_t *device; /* who signs it: 32 bytes */
  uint64_t seq;
  const uint8_t *id; /* 32 bytes */
  vls_slice record;
} vls_early_row;
VLS_MUST vls_err vls_early_put(vls_store *store, const vls_early_row *row, uint64_t now_ms);
/* The one that waits for this turn; appends to record. One of which an older version did not note
 * the seq comes when there is no other. */
bool vls_early_get(vls_store *store, uint64_t contact, const uint8_t device[32], uint64_t seq,
                   uint8_t ret_id[32], vls_buf *record);
void vls_early_drop(vls_store *store, uint64_t contact, const uint8_t id[32]);
void vls_early_drop_upto(vls_store *store, uint64_t contact, const uint8_t device[32],
                         uint64_t seq);
void vls_early_clear(vls_store *store, uint64_t contact);
uint64_t vls_early_count(vls_store *store, uint64_t contact);

/* Remembers by hash why a record was not used. */
void vls_aside_put(vls_store *store, const uint8_t id[32], uint64_t contact, vls_slice why,
                   size_t bytes, uint64_t now_ms);
uint64_t vls_aside_count(vls_store *store, uint64_t contact); /* 0: all */
/* Why the newest of a contact was set aside; appended. */
bool vls_aside_newest(vls_store *store, uint64_t contact, uint64_t *ret_at, vls_buf *why);

#endif
