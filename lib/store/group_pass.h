/* Tables of what a node has of a group for others: records as they are forwarded and compared
 * (grecord), wraps of commits (gwrap), signed notes (gnote), how far the comparison with a device
 * has come (gmark), and who asks to be let in (gask). grp: the group's number. */
#ifndef VALISE_STORE_GROUP_PASS_H
#define VALISE_STORE_GROUP_PASS_H

#include "store/db.h"

enum {
  VLS_GRECORD_DROP = 1000, /* records dropped at a time */
  VLS_GASK_MAX = 100,      /* who waits to be let into one group */
};
#define VLS_GRECORD_MS (UINT64_C(30) * 86400 * 1000) /* a record is kept for others */

typedef struct vls_grecord_row {
  uint64_t n; /* counts up over all groups */
  uint64_t grp;
  uint8_t id[32];
  uint64_t event; /* gevent.n; 0: not opened yet */
  uint64_t at;    /* ms since 1970, my clock */
  vls_slice record;
} vls_grecord_row;

/* Gives row->n. Whoever puts a record looked before that it is not there. */
void vls_grecord_put(vls_store *store, vls_grecord_row *row);
bool vls_grecord_has(vls_store *store, uint64_t grp, const uint8_t id[32]);
/* The record is appended, and borrowed; NULL: without. False when it is not here (any more). */
bool vls_grecord_get(vls_store *store, uint64_t n, vls_grecord_row *ret, vls_buf *record);
bool vls_grecord_by_id(vls_store *store, uint64_t grp, const uint8_t id[32], vls_grecord_row *ret,
                       vls_buf *record);
void vls_grecord_set_event(vls_store *store, uint64_t n, uint64_t event);
/* Ids and numbers with n > after, by growing n: at most max. Gives how many. */
size_t vls_grecord_ids(vls_store *store, uint64_t grp, uint64_t after, uint8_t (*ret)[32],
                       uint64_t *ret_n, size_t max);
uint64_t vls_grecord_count(vls_store *store, uint64_t grp, uint64_t after);
/* The newest that came before this moment; 0: none. */
uint64_t vls_grecord_before(vls_store *store, uint64_t grp, uint64_t at_ms);
uint64_t vls_grecord_newest(vls_store *store, uint64_t grp);
/* Some of those older than this, over all groups; true when there may be more. */
bool vls_grecord_drop_before(vls_store *store, uint64_t at_ms);

/* wraps: 48 bytes for each leaf that needs one, zeros else. */
void vls_gwrap_put(vls_store *store, uint64_t grp, const uint8_t commit[32], uint64_t at_ms,
                   vls_slice wraps);
/* False when there is none for this leaf. */
bool vls_gwrap_get(vls_store *store, uint64_t grp, const uint8_t commit[32], uint32_t leaf,
                   uint8_t ret[48]);
/* Over all groups. */
void vls_gwrap_drop_before(vls_store *store, uint64_t at_ms);

/* A signed statement of which the newest counts. */
typedef struct vls_gnote_row {
  uint64_t what;   /* as in group_note */
  uint8_t who[32]; /* identity of a card, device of a receipt */
  uint64_t version;
  vls_slice body;
} vls_gnote_row;

/* True when it is newer than what was there, and is there now. */
bool vls_gnote_put(vls_store *store, uint64_t grp, const vls_gnote_row *row);
/* The body is appended, and borrowed. False when there is none. */
bool vls_gnote_get(vls_store *store, uint64_t grp, uint64_t what, const uint8_t who[32],
                   vls_gnote_row *ret, vls_buf *body);
/* who > after (NULL: from the beginning), ascending. */
bool vls_gnote_next(vls_store *store, uint64_t grp, uint64_t what, const uint8_t *after,
                    vls_gnote_row *ret, vls_buf *body);
void vls_gnote_drop(vls_store *store, uint64_t grp, uint64_t what, const uint8_t who[32]);

/* The last comparison with a device that ended: both had all up to what is grecord.n here. */
typedef struct vls_gmark {
  uint8_t mark[16];
  uint64_t n;
} vls_gmark;

bool vls_gmark_get(vls_store *store, uint64_t grp, const uint8_t device[32], vls_gmark *ret);
void vls_gmark_put(vls_store *store, uint64_t grp, const uint8_t device[32], const vls_gmark *mark);
void vls_gmark_drop(vls_store *store, uint64_t grp, const uint8_t device[32]);

/* Somebody who waits for a moderator. */
typedef struct vls_gask_row {
  uint8_t identity[32];
  uint64_t at;   /* ms since 1970 */
  vls_slice ask; /* an encoded group_ask */
} vls_gask_row;

/* In the place of an older one of theirs. VLS_LIMITED: one more than VLS_GASK_MAX. */
VLS_MUST vls_err vls_gask_put(vls_store *store, uint64_t grp, const vls_gask_row *row);
bool vls_gask_get(vls_store *store, uint64_t grp, const uint8_t identity[32], vls_gask_row *ret,
                  vls_buf *ask);
/* identity > after (NULL: from the beginning), ascending. */
bool vls_gask_next(vls_store *store, uint64_t grp, const uint8_t *after, vls_gask_row *ret,
                   vls_buf *ask);
void vls_gask_drop(vls_store *store, uint64_t grp, const uint8_t identity[32]);

#endif
