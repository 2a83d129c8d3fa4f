/* Tables event, message and outbox: what was said, the signatures that prove it, and what is under
 * way. */
#ifndef VALISE_STORE_MESSAGES_H
#define VALISE_STORE_MESSAGES_H

#include "proto/peer.h"
#include "store/db.h"

typedef enum vls_message_state {
  VLS_MSG_QUEUED = 0, /* mine, not signed yet */
  VLS_MSG_SENT = 1,   /* mine, in event seq; delivered and read follow from the talk's watermarks */
  VLS_MSG_FAILED = 2,
  VLS_MSG_CANCELLED = 3,
  VLS_MSG_RECEIVED = 4,  /* theirs, in their event seq */
  VLS_MSG_DELIVERED = 5, /* mine, said by a former device of mine, with a receipt */
  VLS_MSG_READ = 6,      /* the same, shown to a person */
  VLS_MSG_HELD = 7,      /* mine, queued or sent before this node's data was put back: it may have
                            arrived      or not, and is not sent again by itself */
} vls_message_state;

typedef struct vls_message_row {
  uint64_t n, contact;
  vls_message_state state;
  uint64_t device;    /* of theirs, as numbered in chain; 0: mine; former.h: one I had */
  uint64_t seq, idx;  /* place in the author's events */
  uint64_t stamp, at; /* ms since 1970: the author's clock, mine */
  uint64_t author;    /* in a group: the contact who said it; 0: me */
  uint64_t item;      /* vls_tag of the item's id; 0: not known */
  unsigned kind;      /* 0: a text; else a vls_remark_kind, and there is a row of remarks.h */
  vls_slice body;     /* the text; borrowed */
} vls_message_row;

/* row->n is the caller's: one more than the newest. */
uint64_t vls_message_newest(vls_store *store);
void vls_message_put(vls_store *store, const vls_message_row *row);
/* A queued text goes into event seq, or ends. */
void vls_message_set(vls_store *store, uint64_t n, vls_message_state state, uint64_t seq,
                     uint64_t idx);

void vls_message_drop(vls_store *store, uint64_t n);

/* A query; zeroed fields don't restrict. One may be open at a time. */
typedef struct vls_message_query {
  uint64_t contact, before, after, since;
  vls_slice search;
  bool received, queued; /* only those */
  bool texts;            /* and answers; no other remarks */
  bool oldest_first;     /* else the newest first */
  uint64_t limit;        /* required */
  void *cursor;          /* the store's own */
} vls_message_query;
/* Fills row (its body is good until the next call); false at the end, which closes the query. */
bool vls_message_next(vls_store *store, vls_message_query *query, vls_message_row *ret);
void vls_message_end(vls_message_query *query);
bool vls_message_get(vls_store *store, uint64_t n, vls_message_row *ret, vls_buf *body);
/* When I wrote the last text to this contact or group; 0: never. */
uint64_t vls_message_last_mine(vls_store *store, uint64_t contact);
/* Texts received from this contact with n > after. */
uint64_t vls_message_count_unread(vls_store *store, uint64_t contact, uint64_t after);
/* contact 0: of everybody. */
uint64_t vls_message_count_queued(vls_store *store, uint64_t contact);
/* Every text from this device of this seq and below has n <= upto; 0 when there is none. */
uint64_t vls_message_seq_upto(vls_store *store, uint64_t contact, uint64_t device, uint64_t upto);
/* The numbers of my texts in events from..to; false when there is none. */
bool vls_message_range(vls_store *store, uint64_t contact, uint64_t from, uint64_t to,
                       uint64_t *ret_first, uint64_t *ret_last);
/* The same for events that are no longer under way: the numbers of my texts in events from..to. */
bool vls_message_span(vls_store *store, uint64_t contact, uint64_t from, uint64_t to,
                      uint64_t *ret_first, uint64_t *ret_last);
/* Once texts come back that this node had lost, or are queued again, numbers and seqs do not grow
 * together any more, in any talk: span and range must not be used then, but runs. */
void vls_message_mix(vls_store *store);
bool vls_message_mixed(vls_store *store);
/* Texts of mine in events from..to of a device of mine: on their way, or held; or those that were
 * delivered. */
typedef struct vls_message_part {
  uint64_t contact, device, from, to;
  bool is_delivered;
} vls_message_part;
/* The next run of numbers > after without another text of mine between. False when there is none.
 */
bool vls_message_run(vls_store *store, const vls_message_part *part, uint64_t after,
                     uint64_t *ret_first, uint64_t *ret_last);
/* My texts to a contact that are queued, or in an event beyond `delivered`, end as failed. */
void vls_message_fail(vls_store *store, uint64_t contact, uint64_t delivered);
/* Those of them that are in an event are under way after all. */
void vls_message_revive(vls_store *store, uint64_t contact);

/* Held texts of mine to a contact: how many, and the number of the oldest. */
uint64_t vls_message_held(vls_store *store, uint64_t contact, uint64_t *ret_oldest);
/* Held texts of mine to a contact are queued again: their author said so. Gives how many. */
uint64_t vls_message_release(vls_store *store, uint64_t contact);

/* A text of mine in these words, or a remark like this one (else NULL), written no later than `by`,
 * that never was signed here: queued, or held from a queue. The oldest; 0 when there is none. */
struct vls_remark_row;
uint64_t vls_message_find_unsent(vls_store *store, uint64_t contact, vls_slice text,
                                 const struct vls_remark_row *remark, uint64_t by);
/* The next one in a group, n > after, whose item id has this tag; 0: there is none. */
uint64_t vls_message_by_item(vls_store *store, uint64_t talk, uint64_t item, uint64_t after);
/* It is a remark: its row is there. */
void vls_message_set_kind(vls_store *store, uint64_t n, unsigned kind);
/* Other words in the place of those of a text that has not left. */
void vls_message_reword(vls_store *store, uint64_t n, vls_slice text);
/* The text that stands there; 0: it is not here. */
uint64_t vls_message_at(vls_store *store, uint64_t contact, uint64_t device, uint64_t seq,
                        uint64_t idx);
/* It was signed after all, in this event. */
void vls_message_claim(vls_store *store, uint64_t n, vls_message_state state, uint64_t device,
                       uint64_t seq, uint64_t idx);
/* Texts of mine that are queued, or in an event after `delivered`, are held. */
void vls_message_hold(vls_store *store, uint64_t contact, uint64_t delivered);

/* The signed header of an event, kept for proof. device: as numbered in chain; 0: mine. */
typedef struct vls_event_row {
  uint64_t contact, device, seq;
  uint64_t first, last; /* its texts have numbers from..to, among others; 0: it has none */
  vls_slice header;
  const uint8_t *sig; /* 64 bytes */
} vls_event_row;
void vls_event_put(vls_store *store, const vls_event_row *row);
/* An older backup did not say where the texts of events are: from now on it stands there. */
void vls_event_find_texts(vls_store *store);
/* Where its texts are; 0: it has none. */
void vls_event_texts(vls_store *store, uint64_t contact, uint64_t device, uint64_t seq,
                     uint64_t *ret_first, uint64_t *ret_last);
/* The lowest device >= from that has events in this talk; false: there is none. */
bool vls_event_device(vls_store *store, uint64_t contact, uint64_t from, uint64_t *ret_device);
/* My next event after seq of which the header is here; 0: there is none. */
uint64_t vls_event_after(vls_store *store, uint64_t contact, uint64_t seq);
/* My events from this one on go, and what is on its way of them; their texts are queued again. The
 * other side has other events in their place. */
void vls_event_cut(vls_store *store, uint64_t contact, uint64_t from);
/* Appends the header; false when there is none. ret_sig may be NULL. */
bool vls_event_get(vls_store *store, uint64_t contact, uint64_t device, uint64_t seq,
                   vls_buf *header, uint8_t *ret_sig);

/* The hash of its header; false when it is not here. */
bool vls_event_head(vls_store *store, uint64_t contact, uint64_t device, uint64_t seq,
                    uint8_t ret_hash[32]);

/* A signed event on its way: kept until its receipt is here (texts) or a link took it (the rest).
 */
typedef struct vls_outbox_row {
  uint64_t seq;
  uint64_t first, last; /* numbers of the texts in it; 0: none, it needs no receipt */
  uint64_t at;
  bool taken; /* a link has it on disk at the other end: only the receipt is missing */
} vls_outbox_row;

/* extra: the items that are not texts, encoded one after another; they stand before the texts. */
void vls_outbox_put(vls_store *store, uint64_t contact, const vls_outbox_row *row, vls_slice extra,
                    vls_slice record);
/* The oldest not taken with seq > after; the record is appended. */
bool vls_outbox_next(vls_store *store, uint64_t contact, uint64_t after, vls_outbox_row *ret,
                     vls_buf *record);
/* The oldest with seq > after, taken or not, with its extra items, to be sealed anew. */
bool vls_outbox_unsealed(vls_store *store, uint64_t contact, uint64_t after, vls_outbox_row *ret,
                         vls_buf *extra);
void vls_outbox_reseal(vls_store *store, uint64_t contact, uint64_t seq, vls_slice record);
/* Its contact is removed: the event is kept with all of its items, and without texts of messages,
 * until it is sealed for a new session. */
void vls_outbox_put_by(vls_store *store, uint64_t contact, uint64_t seq, vls_slice items);
/* Other items in the place of those that were put by; what was sealed of them stays. */
void vls_outbox_reword(vls_store *store, uint64_t contact, uint64_t seq, vls_slice items);
/* The far end has the record: it is not sent again. Rows without texts go. */
void vls_outbox_taken(vls_store *store, uint64_t contact, uint64_t seq);
/* The same for all up to seq. */
void vls_outbox_taken_upto(vls_store *store, uint64_t contact, uint64_t upto);
/* How many with seq > after are sealed and not taken. */
uint64_t vls_outbox_ready(vls_store *store, uint64_t contact, uint64_t after);
bool vls_outbox_has(vls_store *store, uint64_t contact, uint64_t seq);
/* A receipt: everything up to seq goes. It covers events without texts as well. */
void vls_outbox_delivered(vls_store *store, uint64_t contact, uint64_t upto);
/* The number of the oldest text under way to a contact; 0 when there is none. */
uint64_t vls_outbox_oldest(vls_store *store, uint64_t contact);
/* Texts under way without a receipt; contact 0: of everybody. */
uint64_t vls_outbox_count(vls_store *store, uint64_t contact);
/* An event with texts has no receipt yet. */
bool vls_outbox_has_texts(vls_store *store, uint64_t contact);
/* An event without texts waits for a link, or for its ACK. */
bool vls_outbox_has_bare(vls_store *store, uint64_t contact);

#endif
