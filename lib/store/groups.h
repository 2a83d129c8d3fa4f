/* Tables of groups: grp and what was said there (gdevice, gevent). What is passed on is in
 * group_pass.h, the state of a vls_group in group_rows.h. A group's number comes from the sequence
 * that numbers contacts, so that message.contact, feed.contact and a slot of the vault mean one or
 * the other without doubt. */
#ifndef VALISE_STORE_GROUPS_H
#define VALISE_STORE_GROUPS_H

#include "store/contacts.h"

enum { VLS_GROUPS_MAX = 1000, VLS_GRP_LINK_MAX = 8192, VLS_GEVENT_FORGET = 500 };

/* The number that the next contact or group gets. */
uint64_t vls_talk_next(vls_store *store);

typedef enum vls_grp_state {
  VLS_GRP_INVITED, /* an invitation is here; nobody took it */
  VLS_GRP_ASKING,  /* asked to be let in, or let in and not all is here yet */
  VLS_GRP_MEMBER,
  VLS_GRP_LEFT,      /* left, or removed: what was said can still be read */
  VLS_GRP_FORGOTTEN, /* a memory of the number alone */
} vls_grp_state;

typedef struct vls_grp_row {
  uint64_t id;
  uint8_t gid[32];
  char name[VLS_NAME_MAX + 1]; /* what it is called here; unique among groups that are not
                                  forgotten */
  vls_grp_state state;
  uint64_t via;                      /* the contact whose invitation it was; 0 */
  uint64_t read_n;                   /* texts up to this number are marked read here */
  uint64_t created;                  /* ms since 1970 */
  char problem[VLS_PROBLEM_MAX + 1]; /* why it does not get on, or what to look at */
} vls_grp_row;

/* Appends the key under which the row's name is unique. out holds VLS_FOLD_MAX bytes. */
void vls_grp_fold(const vls_grp_row *row, vls_buf *out);
/* Gives row->id. */
void vls_grp_put(vls_store *store, vls_grp_row *row, vls_slice fold);
void vls_grp_update(vls_store *store, const vls_grp_row *row, vls_slice fold);
void vls_grp_set_read(vls_store *store, uint64_t id, uint64_t read_n);
/* id > after, by growing id; false at the end. */
bool vls_grp_next(vls_store *store, uint64_t after, vls_grp_row *ret);
/* Is this number a group's? */
bool vls_grp_is(vls_store *store, uint64_t id);
/* 0 when no name folds like this; when no group has this id. */
uint64_t vls_grp_by_fold(vls_store *store, vls_slice fold);
uint64_t vls_grp_by_gid(vls_store *store, const uint8_t gid[32]);
/* The invitation that it came from, as it was given; appended to out. */
bool vls_grp_link(vls_store *store, uint64_t id, vls_buf *out);
void vls_grp_set_link(vls_store *store, uint64_t id, vls_slice link);
/* All that was said there and all that is known of it; the row stays, forgotten, for its number.
 * Gives the number of texts. */
uint64_t vls_grp_forget(vls_store *store, uint64_t id);

/* --- devices that spoke there, by number --- */

typedef struct vls_gdevice_row {
  uint64_t grp, number; /* 1, 2, ...; message.device and gevent.device name it so. 0: my present */
  uint8_t device[32];   /* its Ed25519 key */
  uint64_t author;      /* the contact whose it is; 0: me, by a former device of mine */
  uint64_t bytes;       /* what its events take on the disk */
} vls_gdevice_row;

/* Its number, which it is given if it has none. */
uint64_t vls_gdevice(vls_store *store, uint64_t grp, const uint8_t device[32], uint64_t author);
bool vls_gdevice_get(vls_store *store, uint64_t grp, uint64_t number, vls_gdevice_row *ret);
/* number > after, by growing number; false at the end. */
bool vls_gdevice_next(vls_store *store, uint64_t grp, uint64_t after, vls_gdevice_row *ret);
/* What all events of an author take in a group; and of everybody there. */
uint64_t vls_gdevice_bytes_of(vls_store *store, uint64_t grp, uint64_t author);
uint64_t vls_gdevice_bytes(vls_store *store, uint64_t grp);

/* --- events --- */

typedef struct vls_gevent_row {
  uint64_t n; /* counts up over all groups, as they came */
  uint64_t grp;
  uint8_t id[32];
  uint64_t device, seq; /* device: of gdevice; 0: mine */
  uint64_t first, last; /* its texts have numbers from..to, among others; 0: it has none */
  uint64_t at;          /* ms since 1970, my clock, when it came */
  bool is_act;
  vls_slice bytes; /* an encoded group_event, in full */
} vls_gevent_row;

/* Gives row->n. Whoever puts an event looked before that it is not there. */
void vls_gevent_put(vls_store *store, vls_gevent_row *row);
void vls_gevent_set_texts(vls_store *store, uint64_t n, uint64_t first, uint64_t last);
/* bytes: of ret; appended, and borrowed from it; NULL: without. False when there is none. */
bool vls_gevent_get(vls_store *store, uint64_t n, vls_gevent_row *ret, vls_buf *bytes);
bool vls_gevent_by_id(vls_store *store, uint64_t grp, const uint8_t id[32], vls_gevent_row *ret,
                      vls_buf *bytes);
/* Of a device; when it said two things with one seq, the first that came. */
bool vls_gevent_by_seq(vls_store *store, uint64_t grp, uint64_t device, uint64_t seq,
                       vls_gevent_row *ret, vls_buf *bytes);
/* The one of them that text n stands in: a device may have said two things with one seq. */
bool vls_gevent_of_text(vls_store *store, uint64_t grp, uint64_t device, uint64_t seq, uint64_t n,
                        vls_gevent_row *ret, vls_buf *bytes);
/* n > after: acts, or words. False at the end. */
bool vls_gevent_next(vls_store *store, uint64_t grp, bool acts, uint64_t after, vls_gevent_row *ret,
                     vls_buf *bytes);
/* Numbers of texts in events from..to of a device; false when there are none. */
bool vls_gevent_texts(vls_store *store, uint64_t grp, uint64_t device, uint64_t from, uint64_t to,
                      uint64_t *ret_first, uint64_t *ret_last);
/* What it says is deleted: these bytes take their place. */
void vls_gevent_replace(vls_store *store, uint64_t n, vls_slice bytes);
/* Words that came before this moment, at most VLS_GEVENT_FORGET of them, go with their texts and
 * what was kept of them for others. Gives how many. */
size_t vls_gevent_forget(vls_store *store, uint64_t grp, uint64_t at_ms);
/* Acts, or words. */
uint64_t vls_gevent_count(vls_store *store, uint64_t grp, bool acts);
uint64_t vls_gevent_newest(vls_store *store);

#endif
