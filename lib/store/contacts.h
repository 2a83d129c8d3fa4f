/* Tables contact and talk: whom this node knows, and how far the talk with each has come. */
#ifndef VALISE_STORE_CONTACTS_H
#define VALISE_STORE_CONTACTS_H

#include "proto/peer.h"
#include "store/db.h"

enum { VLS_CONTACTS_MAX = 10000, VLS_FOLD_MAX = 1024, VLS_PROBLEM_MAX = 255 };

typedef enum vls_contact_state {
  VLS_CONTACT_PENDING, /* I took their invitation; they have not confirmed */
  VLS_CONTACT_READY,
  VLS_CONTACT_FAILED,  /* the invitation was refused */
  VLS_CONTACT_REMOVED, /* a memory of the hash chains only: they go on if we meet again */
  VLS_CONTACT_MEMBER,  /* the same, and in a group with me */
} vls_contact_state;

typedef struct vls_contact_row {
  uint64_t id;
  uint8_t identity[32];
  char name[VLS_NAME_MAX + 1];  /* petname */
  char claim[VLS_NAME_MAX + 1]; /* what they call themselves */
  vls_contact_state state;
  bool verified, blocked;
  uint64_t card_seq;                 /* 0: their card is not here yet */
  uint8_t psk[32], knock[32];        /* of the link; zeros before the session */
  uint8_t psk2[32], knock2[32];      /* the ones before: invitations may cross */
  uint64_t created, last_seen;       /* ms since 1970 */
  char problem[VLS_PROBLEM_MAX + 1]; /* why it failed, or what to look at */
} vls_contact_row;

/* Appends the key under which the row's name is unique; who is no contact has one that no name can
 * have. out holds VLS_FOLD_MAX bytes. */
void vls_contact_fold(const vls_contact_row *row, vls_buf *out);
/* Gives row->id. fold is the key under which its name is unique. */
void vls_contact_put(vls_store *store, vls_contact_row *row, vls_slice fold);
void vls_contact_update(vls_store *store, const vls_contact_row *row, vls_slice fold);
/* id > after, by growing id; false at the end. */
bool vls_contact_next(vls_store *store, uint64_t after, vls_contact_row *ret);
/* 0 when no name folds like this. */
uint64_t vls_contact_by_fold(vls_store *store, vls_slice fold);
/* The signed card, and the invitation link a pending contact came from; appended to out. */
bool vls_contact_card(vls_store *store, uint64_t id, vls_buf *out);
void vls_contact_set_card(vls_store *store, uint64_t id, uint64_t seq, vls_slice card);
bool vls_contact_link(vls_store *store, uint64_t id, vls_buf *out);
void vls_contact_set_link(vls_store *store, uint64_t id, vls_slice link);
/* Everything exchanged with it, its sessions and what is queued; the row and the places in the hash
 * chains stay, with the events put by (vls_outbox_put_by). Gives the number of texts. */
uint64_t vls_contact_forget(vls_store *store, uint64_t id);

/* How far a talk has come. */
typedef struct vls_talk_row {
  uint64_t out_seq;     /* the last event I signed here */
  uint8_t out_prev[32]; /* its header's hash */
  uint64_t delivered;   /* they signed for my events up to this seq */
  uint64_t seen;        /* ... and showed them to a person */
  uint64_t read_n;      /* their texts up to this message number are marked read here */
  uint64_t read_seq;    /* and I told them so, up to this seq of theirs */
  uint64_t card_sent;   /* the seq of my card they have */
} vls_talk_row;

bool vls_talk_get(vls_store *store, uint64_t contact, vls_talk_row *ret);
void vls_talk_put(vls_store *store, uint64_t contact, const vls_talk_row *row);

/* The last event received from a device of theirs. */
typedef struct vls_chain_row {
  uint64_t number; /* of the device at this contact: 1, 2 ...; events and texts name it so */
  uint64_t seq;
  uint8_t head[32]; /* the hash of its header */
} vls_chain_row;
/* Zeros when there is none yet. */
void vls_chain_get(vls_store *store, uint64_t contact, const uint8_t device[32],
                   vls_chain_row *ret);
typedef struct vls_chain_at {
  uint8_t device[32];
  vls_chain_row row;
} vls_chain_at;
/* The newest devices of theirs; gives how many. */
size_t vls_chain_newest(vls_store *store, uint64_t contact, vls_chain_at *ret_rows, size_t max);
/* Gives the device's number. bytes: what this event takes on the disk, by vls_chain_cost. */
uint64_t vls_chain_put(vls_store *store, uint64_t contact, const uint8_t device[32], uint64_t seq,
                       const uint8_t head[32], uint64_t bytes);
/* What an event is counted as: its rows, their indexes and the receipt it gets, rounded up. texts:
 * how many, and the bytes of all of them. */
enum { VLS_EVENT_COST = 512, VLS_TEXT_COST = 64 };
uint64_t vls_chain_cost(size_t header, size_t texts, size_t bytes);
/* What all events of a contact are counted as. */
uint64_t vls_chain_bytes(vls_store *store, uint64_t contact);
/* Counts anew what is there, after rows came by another way than their events. */
void vls_chain_weigh(vls_store *store);

#endif
