/* Tables knock, early and aside: what protects the node from replays, gaps and poison. */
#ifndef VALISE_STORE_GUARD_H
#define VALISE_STORE_GUARD_H

#include "store/db.h"

enum {
  VLS_KNOCKS_KEPT = 65536, /* nonces of knocks that opened; PEER 4.3 */
  VLS_EARLY_MAX = 64,      /* records that wait for an earlier one, per contact */
  VLS_ASIDE_MAX = 256,     /* records that could not be used */
};

/* True when this nonce was here before. Keeps nothing. */
bool vls_knock_is_known(vls_store *store, const uint8_t nonce[24]);
/* VLS_STALE when this nonce was here before. Keeps VLS_KNOCKS_KEPT, the newest. */
VLS_MUST vls_err vls_knock_seen(vls_store *store, const uint8_t nonce[24], uint64_t now_ms);
void vls_knock_drop_before(vls_store *store, uint64_t at_ms);

/* VLS_LIMITED when VLS_EARLY_MAX wait already. Putting one again does nothing. */
VLS_MUST vls_err vls_early_put(vls_store *store, uint64_t contact, const uint8_t id[32],
                               vls_slice record, uint64_t now_ms);
/* The i-th waiting record, oldest first; appends to record. */
bool vls_early_at(vls_store *store, uint64_t contact, unsigned i, uint8_t ret_id[32],
                  vls_buf *record);
void vls_early_drop(vls_store *store, uint64_t contact, const uint8_t id[32]);
uint64_t vls_early_count(vls_store *store, uint64_t contact);

/* Remembers by hash why a record was not used. */
void vls_aside_put(vls_store *store, const uint8_t id[32], uint64_t contact, vls_slice why,
                   size_t bytes, uint64_t now_ms);
uint64_t vls_aside_count(vls_store *store, uint64_t contact); /* 0: all */
/* Why the newest of a contact was set aside; appended. */
bool vls_aside_newest(vls_store *store, uint64_t contact, uint64_t *ret_at, vls_buf *why);

#endif
