/* Tables session and skipped: the ratchets with each contact, and the message keys passed over. */
#ifndef VALISE_STORE_SESSIONS_H
#define VALISE_STORE_SESSIONS_H

#include "crypto/ratchet.h"
#include "store/db.h"

enum { VLS_SESSIONS_MAX = 3 /* with one contact: the newest are kept */ };

typedef struct vls_session_row {
  vls_ratchet ratchet;
  uint8_t device[32]; /* Ed25519 key of the device at the other end */
  uint64_t created;   /* ms since 1970 */
} vls_session_row;

void vls_session_put(vls_store *store, uint64_t contact, const vls_session_row *row);
void vls_session_drop(vls_store *store, uint64_t contact, const uint8_t th[32]);
/* All with this contact, with every skipped key; of every contact. */
void vls_session_drop_of(vls_store *store, uint64_t contact);
void vls_session_drop_all(vls_store *store);
/* Fills up to VLS_SESSIONS_MAX rows, the newest first; gives how many. One whose key is not in the
 * vault is none. */
size_t vls_session_load(vls_store *store, uint64_t contact, vls_session_row *ret_rows);

/* Keeps at most VLS_RATCHET_KEEP for the contact: the oldest go. */
void vls_skipped_put(vls_store *store, uint64_t contact, const uint8_t th[32],
                     const vls_skips *skips, uint64_t now_ms);
bool vls_skipped_get(vls_store *store, uint64_t contact, const uint8_t th[32], uint64_t chain,
                     uint32_t n, uint8_t ret_mk[32]);
void vls_skipped_drop(vls_store *store, uint64_t contact, const uint8_t th[32], uint64_t chain,
                      uint32_t n);
/* Keys passed over before this time, of every contact. */
void vls_skipped_drop_before(vls_store *store, uint64_t at_ms);

#endif
