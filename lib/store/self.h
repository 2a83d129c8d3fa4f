/* Tables self, own_card, prekey, invite: who this node is and whom it has invited. */
#ifndef VALISE_STORE_SELF_H
#define VALISE_STORE_SELF_H

#include "proto/peer.h"
#include "store/db.h"

enum {
  VLS_OWN_CARDS = 8,      /* former cards kept: a first record may be made with one of them */
  VLS_INVITES_MAX = 256,  /* open invitations */
  VLS_INVITES_KEPT = 1024 /* open, used and expired ones */
};

/* Secrets: wipe when done. Slices are owned by the row's buf. */
typedef struct vls_self_row {
  uint8_t identity_seed[32], device_seed[32], dh_priv[32];
  uint64_t card_seq;
  vls_slice name, cert, card;
  vls_buf bytes;
} vls_self_row;

/* False while there is no identity. Free with vls_self_done. */
bool vls_self_get(vls_store *store, vls_self_row *ret);
void vls_self_put(vls_store *store, const vls_self_row *row);
void vls_self_done(vls_self_row *row);
/* Another device of the same citizen in its place. */
void vls_self_replace(vls_store *store, const vls_self_row *row);
/* The new card replaces the old, which goes to own_card; only VLS_OWN_CARDS are kept there. */
void vls_self_set_card(vls_store *store, uint64_t seq, vls_slice card);
/* Former and present cards, newest first; i counts from 0. Appends to out; false past the last. */
bool vls_self_card_at(vls_store *store, unsigned i, vls_buf *out);

typedef struct vls_prekey_row {
  uint32_t id;
  uint8_t priv[32];
  uint64_t created; /* ms since 1970 */
} vls_prekey_row;

void vls_prekey_put(vls_store *store, const vls_prekey_row *row, vls_slice signed_bytes);
bool vls_prekey_get(vls_store *store, uint32_t id, vls_prekey_row *ret);
/* The newest; signed bytes are appended to out. */
bool vls_prekey_newest(vls_store *store, vls_prekey_row *ret, vls_buf *out);
void vls_prekey_drop_before(vls_store *store, uint64_t created);

typedef enum vls_invite_state { VLS_INVITE_OPEN, VLS_INVITE_USED } vls_invite_state;
typedef struct vls_invite_row {
  uint32_t id; /* also the number of its one-time prekey */
  uint8_t opk[32], secret[32];
  uint64_t expires; /* ms since 1970 */
  char name[VLS_NAME_MAX + 1];
  vls_invite_state state;
  uint64_t contact; /* who used it; 0 */
} vls_invite_row;

/* Gives row->id. */
void vls_invite_put(vls_store *store, vls_invite_row *row);
/* Used, by this contact: the one-time prekey is wiped. */
void vls_invite_use(vls_store *store, uint32_t id, uint64_t contact);
/* Calls with every invitation, by growing id: id > after; false at the end. */
bool vls_invite_next(vls_store *store, uint32_t after, vls_invite_row *ret);
/* How many are open and not expired at `now_ms`. */
uint64_t vls_invite_open(vls_store *store, uint64_t now_ms);
/* Drops those that expired before this, with their keys. */
void vls_invite_drop_before(vls_store *store, uint64_t expires);

#endif
