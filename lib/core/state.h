/* What two nodes tell each other when a link is up, so that neither speaks from data that is older
 * than what the other has seen (PEER 6). */
#ifndef VALISE_CORE_STATE_H
#define VALISE_CORE_STATE_H

#include "conv/direct.h"
#include "core/core_int.h"
#include "store/former.h"

enum {
  VLS_STATES_MINUTE = 20,      /* STATE frames a minute that are looked at, of one contact */
  VLS_HEALS_MINUTE = 4,        /* sessions a minute begun because a STATE asked for it */
  VLS_RETURNS_ROUND = 512,     /* events of theirs given back for one STATE ... */
  VLS_RETURNS_BYTES = 1 << 20, /* ... until so many bytes wait for the link */
  VLS_AGAIN_ROUND = 64,        /* events of mine made ready to be sent again at once */
  VLS_AGAIN_MINUTE = 6000,     /* and a minute, to one contact */
  VLS_JUMP_MAX = 1 << 20,      /* seqs left out at the word of one contact, at once */
  VLS_STATE_ASKS = 1,          /* flag: I lack receipts */
  VLS_STATE_OLD = 2,           /* flag: you have been further than you say */
  VLS_STATE_GONE = 4,          /* flag: what was before my place is gone here, too */
};

/* What people are told of it: each at most once in VLS_TOLD_MS. */
typedef enum vls_trouble {
  VLS_TROUBLE_OWN_OLD,   /* my data is older than what they have seen */
  VLS_TROUBLE_OWN_LOST,  /* so they say */
  VLS_TROUBLE_OWN_TWICE, /* another copy of this node runs */
  VLS_TROUBLE_THEIR_OLD, /* the same of theirs */
  VLS_TROUBLE_THEIR_TWICE,
  VLS_TROUBLE_NEW_DEVICE, /* their identity vouches for a new device */
  VLS_TROUBLE_REPLACED,   /* my identity vouched for another device than this one */
  VLS_TROUBLE_GAP,        /* events of theirs are gone on both sides */
  VLS_TROUBLE_STUCK,      /* the last: VLS_TROUBLES of them */
} vls_trouble;
void vls_state_tell(vls_core *core, vls_peer *peer, vls_trouble what);
/* What is shown of the contact needs nothing from anybody: the talk goes on by itself. */
bool vls_state_heals(const vls_peer *peer);

/* state.c */
void vls_state_send(vls_core *core, vls_conn *conn);
/* True: this end may sign events over this link. */
bool vls_state_level(const vls_conn *conn);
void vls_state_take(vls_core *core, vls_conn *conn, vls_slice bytes);
/* An event of mine that this node did not know came back, with my signature. forked: another one
 * had its seq here. */
void vls_state_proved(vls_core *core, vls_conn *conn, bool forked);
/* They name events that they don't give. */
void vls_state_stuck(vls_core *core, vls_conn *conn);
/* Of my events after those they hold, none up to this place is left: they may go on from there. */
void vls_state_gone(vls_core *core, vls_conn *conn, const vls_position *place);
/* A session is due that a budget put off. */
void vls_state_again(vls_core *core, vls_conn *conn);

/* cards.c */
/* A card out of an item: theirs, newer. */
void vls_cards_item(vls_core *core, vls_peer *peer, vls_slice card);
/* A card that a frame brought: the inviter's, a contact's newer one, or my own. False: the link is
 * over. */
bool vls_cards_frame(vls_core *core, vls_conn *conn, vls_slice card);
/* Theirs, by whoever it came. True: it was newer and is taken. */
bool vls_cards_take(vls_core *core, vls_peer *peer, const vls_card_view *view, vls_slice bytes);
/* Their own newest card goes back to who seems not to have it. */
void vls_cards_give_back(vls_core *core, vls_conn *conn);

/* returns.c */
/* Gives events of theirs back: from + 1 to what is held, as much as a round allows. */
void vls_returns_give(vls_core *core, vls_conn *conn, const uint8_t device[32],
                      const vls_chain_row *held, uint64_t from);
/* True: it brought something. */
bool vls_returns_take(vls_core *core, vls_conn *conn, vls_slice bytes);

/* rebuild.c */
typedef struct vls_rebuilt {
  vls_direct_event event; /* points into the buffers */
  vls_buf header, bodies;
  uint8_t hash[32];
} vls_rebuilt;
/* An event that is in the store, of theirs or mine, with all of its texts that are here; of other
 * items their hashes. False when it is not here. Done with vls_rebuilt_done either way. */
bool vls_rebuild(vls_core *core, uint64_t contact, uint64_t device, uint64_t seq, vls_rebuilt *ret);
void vls_rebuilt_done(vls_rebuilt *rebuilt);
/* The next of my events that they lost stand in the outbox, sealed unless `unsealed`. False when
 * there is none left, or not now. */
bool vls_again_more(vls_core *core, vls_peer *peer, bool unsealed);
/* A text of this event was deleted: what was made ready does not keep its words. */
void vls_again_forget(vls_core *core, vls_peer *peer, uint64_t seq);

#endif
