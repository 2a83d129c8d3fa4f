/* This node's own citizen: keys in memory, card, prekeys, invitations. */
#ifndef VALISE_CITIZEN_SELF_H
#define VALISE_CITIZEN_SELF_H

#include "citizen/card.h"
#include "store/former.h"
#include "store/self.h"

enum {
  VLS_PREKEY_ROTATE_MS = 7 * 86400 * 1000, /* PEER 3.3 */
};
#define VLS_PREKEY_KEEP_MS (UINT64_C(30) * 86400 * 1000)

typedef struct vls_self {
  vls_sign_pair identity, device;
  vls_dh_pair dh;
  char name[VLS_NAME_MAX + 1];
  uint64_t card_seq;
  uint64_t spk_created;                /* ms since 1970 */
  vls_buf card, cert;                  /* as signed */
  vls_dh_pair former[VLS_FORMER_KEYS]; /* link keys of devices I had before, the newest first */
  size_t n_former;
} vls_self;

/* False while the store has no identity. */
bool vls_self_load(vls_self *ret, vls_store *store);
/* Makes keys, certificate, first prekey and card, and stores them. VLS_EXISTS; VLS_MALFORMED: the
 * name. */
VLS_MUST vls_err vls_self_create(vls_self *ret, vls_store *store, vls_slice name, vls_rng *rng,
                                 const vls_slice *addresses, size_t n_addresses, uint64_t now_ms);
/* For a store that a backup filled, when no core has it open: makes a new device of the same
 * citizen (PEER 6.2), with new keys, certificate, prekey, and a card whose seq is beyond all that
 * the lost device can have signed. What the present device had said goes to a former one, whose
 * link key answers for 90 days more; sessions, prekeys and what was on its way go; open
 * invitations expire; texts that were queued, or sent without a receipt, are held (VLS_MSG_HELD).
 * The caller commits. ret is filled as by vls_self_load. VLS_NOT_FOUND without an identity. */
VLS_MUST vls_err vls_self_renew(vls_self *ret, vls_store *store, vls_rng *rng,
                                const vls_slice *addresses, size_t n_addresses, uint64_t now_ms);
void vls_self_close(vls_self *self);
/* Signs and stores a new card when the addresses differ from the card's, or the prekey is due.
 * True when there is a new one. */
bool vls_self_refresh(vls_self *self, vls_store *store, vls_rng *rng, const vls_slice *addresses,
                      size_t n_addresses, uint64_t now_ms);
/* Former link keys whose time is over are wiped. */
void vls_self_drop_formers(vls_self *self, vls_store *store, uint64_t now_ms);
/* A card of this device with a seq beyond this one: its copy elsewhere was further on. */
void vls_self_overtake(vls_self *self, vls_store *store, const vls_slice *addresses,
                       size_t n_addresses, uint64_t seq);

#endif
