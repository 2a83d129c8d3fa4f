/* Tables own_key and own_chain: the devices this citizen had before (PEER 6.2), how far each had
 * spoken in each talk, and what makes a store that a backup filled the store of a new device. */
#ifndef VALISE_STORE_FORMER_H
#define VALISE_STORE_FORMER_H

#include "store/db.h"

enum {
  VLS_FORMER_KEYS = 4,   /* link keys of former devices that still answer; the newest */
  VLS_FORMER_CHAINS = 4, /* former devices of ours asked about in one talk; the newest */
};
#define VLS_FORMER_MS (UINT64_C(90) * 86400 * 1000) /* a former link key answers for so long */
/* Former devices of ours are numbered from here on in event and message; 0 is the present one, and
 * those of contacts count from 1. */
#define VLS_FORMER_FIRST (UINT64_C(1) << 32)

typedef struct vls_former_key {
  uint64_t number;
  uint8_t sign[32];    /* the device's Ed25519 key */
  uint8_t dh_priv[32]; /* of its links; zeros once its time is over. Wipe */
  uint64_t until;      /* ms since 1970 */
} vls_former_key;

/* The number that the next one to be retired gets. */
uint64_t vls_former_number(vls_store *store);
/* Gives row->number. Everything the present device of ours has said in any talk is that former
 * device's from now on. Texts with a receipt keep the state that is shown; every other text of ours
 * that was queued or on its way is held: it may have been sent since. */
void vls_former_retire(vls_store *store, vls_former_key *row);
/* What belongs to a device and not to a citizen goes: sessions, skipped keys, prekeys, what is on
 * its way in either direction. Open invitations expire at now_ms. */
void vls_former_clear(vls_store *store, uint64_t now_ms);
/* The newest first: number < before (0: the newest of all). False at the end. */
bool vls_former_next(vls_store *store, uint64_t before, vls_former_key *ret);
/* Link keys whose time is over are wiped. */
void vls_former_drop_before(vls_store *store, uint64_t now_ms);

/* How far a former device of ours had spoken in a talk. */
typedef struct vls_former_chain {
  uint64_t number;
  uint8_t sign[32];
  uint64_t seq;
  uint8_t head[32]; /* the hash of the header of that event */
  uint64_t proved;  /* the contact's signed receipt for events up to here is held */
} vls_former_chain;

/* As vls_former_next, in one talk. open: only those with events that no receipt covers, and those
 * the contact was never asked about. */
bool vls_former_chain_next(vls_store *store, uint64_t contact, uint64_t before, bool open,
                           vls_former_chain *ret);
bool vls_former_chain_get(vls_store *store, uint64_t contact, const uint8_t sign[32],
                          vls_former_chain *ret);
/* One more event of that device is here. */
void vls_former_chain_grow(vls_store *store, uint64_t contact, uint64_t number, uint64_t seq,
                           const uint8_t head[32]);
/* A person was shown what is in events up to `read`: delivered texts in them are read. */
void vls_former_chain_read(vls_store *store, uint64_t contact, uint64_t number, uint64_t read);
/* The contact's receipt for events up to `proved`: held and signed texts in them are delivered.
 * asked: there is nothing more to ask the contact about this device. */
void vls_former_chain_prove(vls_store *store, uint64_t contact, uint64_t number, uint64_t proved,
                            bool asked);

#endif
