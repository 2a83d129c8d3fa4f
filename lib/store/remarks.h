/* Table remark: what is said about texts (GROUP 8). A remark is a row of message as well, with its
 * number, its words, its place and its state; here stands what it is about, and whether it counts.
 */
#ifndef VALISE_STORE_REMARKS_H
#define VALISE_STORE_REMARKS_H

#include "proto/group.h"
#include "store/db.h"

enum {
  VLS_REMARKS_WAITING = 1024, /* remarks of one talk whose text is not here */
  VLS_REMARK_EDITS = 64,      /* versions of one text that are shown */
  VLS_REMARK_COST = 192,      /* bytes on the disk beside its words */
  VLS_REMARK_SIGNS = 16,      /* different reactions to one text that are shown */
};

typedef enum vls_remark_state {
  VLS_REMARK_WAITS = 0, /* its text is not here */
  VLS_REMARK_COUNTS = 1,
  VLS_REMARK_PAST = 2, /* it counted, until a newer one took its place */
  VLS_REMARK_VOID = 3, /* about nothing, not theirs to say, or it never left */
} vls_remark_state;

typedef struct vls_remark_row {
  uint64_t n, talk; /* of message; a contact or a group */
  vls_remark_kind kind;
  vls_remark_state state;
  uint64_t author;     /* a contact; 0: me */
  uint64_t stamp, tie; /* of two of one author the higher stamp is newer, then the higher tie */
  uint8_t to[32];      /* id of the item */
  uint64_t seq;        /* of its event, as the remark says */
  uint64_t about;      /* number of the text; 0 while it is not here */
} vls_remark_row;

void vls_remarks_put(vls_store *store, const vls_remark_row *row);
bool vls_remarks_get(vls_store *store, uint64_t n, vls_remark_row *ret);
void vls_remarks_set(vls_store *store, uint64_t n, uint64_t about, vls_remark_state state);
/* A talk without remarks: nothing has to be looked up for its texts. */
bool vls_remarks_any(vls_store *store, uint64_t talk);
void vls_remarks_drop_of(vls_store *store, uint64_t talk);

/* The newest with its `about`, kind and author that is in this state. */
bool vls_remarks_newest_of(vls_store *store, const vls_remark_row *like, vls_remark_state state,
                           vls_remark_row *ret);
/* Of those that count about a text, by whomever, the newest; the oldest. */
bool vls_remarks_newest(vls_store *store, uint64_t about, vls_remark_kind kind,
                        vls_remark_row *ret);
bool vls_remarks_oldest(vls_store *store, uint64_t about, vls_remark_kind kind,
                        vls_remark_row *ret);
uint64_t vls_remarks_count(vls_store *store, uint64_t about, vls_remark_kind kind);
/* Numbers > after of reactions, edits and deletions that count, ascending; gives how many. */
size_t vls_remarks_about(vls_store *store, uint64_t about, uint64_t after, uint64_t *numbers,
                         size_t max);
/* Numbers of all edits of a text, whether they count or not. */
size_t vls_remarks_edits(vls_store *store, uint64_t about, uint64_t *numbers, size_t max);
/* Answers to a text, by number > after. */
bool vls_remarks_next_reply(vls_store *store, uint64_t about, uint64_t after, vls_remark_row *ret);

/* How often a sign was given, and whether by me. */
typedef struct vls_remark_tally {
  char sign[33];
  uint64_t count;
  bool mine;
} vls_remark_tally;
/* The most frequent first; gives how many, and the number of all reactions. */
size_t vls_remarks_tally(vls_store *store, uint64_t about, vls_remark_tally ret[VLS_REMARK_SIGNS],
                         uint64_t *ret_all);

uint64_t vls_remarks_waiting(vls_store *store, uint64_t talk);
/* One that waits for this item, the oldest first. */
bool vls_remarks_waiting_for(vls_store *store, uint64_t talk, const uint8_t to[32],
                             vls_remark_row *ret);
/* The one that has waited longest waits no more. */
void vls_remarks_give_up(vls_store *store, uint64_t talk);

/* The text is not here any more: what was said about it waits for it again. Gives how much. */
uint64_t vls_remarks_orphan(vls_store *store, uint64_t about);
void vls_remarks_drop(vls_store *store, uint64_t n);
/* The words of a text, and of all its versions, are gone. */
void vls_remarks_wipe(vls_store *store, uint64_t about);

/* By number > after, of all talks; false at the end. */
bool vls_remarks_walk(vls_store *store, uint64_t after, vls_remark_row *ret);

#endif
