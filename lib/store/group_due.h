/* What this node has for others of a group and could not hand over yet (gdue), and what members
 * reported to it as to a moderator (greport). grp: the group's number. */
#ifndef VALISE_STORE_GROUP_DUE_H
#define VALISE_STORE_GROUP_DUE_H

#include "store/db.h"

enum {
  VLS_GDUE_MAX = 64,      /* of a kind, for one contact or member */
  VLS_GREPORTS_MAX = 256, /* kept of one group; then the oldest go */
  VLS_GREPORTS_EACH = 32, /* of one reporter; then their oldest go */
};

typedef enum vls_gdue_kind {
  VLS_GDUE_INVITE = 1, /* body: an item_group for a contact */
  VLS_GDUE_REPORT = 2, /* body: a group_report for a moderator */
} vls_gdue_kind;

typedef struct vls_gdue_row {
  uint64_t n; /* counts up */
  uint64_t grp, contact;
  vls_gdue_kind kind;
  uint64_t at; /* ms since 1970 */
  vls_slice body;
} vls_gdue_row;

/* Gives row->n. VLS_LIMITED: one more than VLS_GDUE_MAX. */
VLS_MUST vls_err vls_gdue_put(vls_store *store, vls_gdue_row *row);
/* n > after, of this contact, by growing n; the body is appended, and borrowed. */
bool vls_gdue_next(vls_store *store, uint64_t contact, vls_gdue_kind kind, uint64_t after,
                   vls_gdue_row *ret, vls_buf *body);
void vls_gdue_drop(vls_store *store, uint64_t n);
/* Of one group for this contact. */
void vls_gdue_drop_of(vls_store *store, uint64_t grp, uint64_t contact, vls_gdue_kind kind);
/* Contacts (numbers above `after`) for whom something of this kind waits; 0: none is left. */
uint64_t vls_gdue_whom(vls_store *store, vls_gdue_kind kind, uint64_t after);
void vls_gdue_drop_before(vls_store *store, uint64_t at_ms);

typedef struct vls_greport_row {
  uint64_t n;        /* counts up */
  uint64_t grp, by;  /* by: the contact or member who reports; 0: me */
  uint64_t at;       /* ms since 1970, my clock */
  uint8_t event[32]; /* id of the event that holds the words */
  vls_slice report;  /* a group_report */
} vls_greport_row;

/* Gives row->n. In the place of one by them on the same event; false: there was one. */
bool vls_greport_put(vls_store *store, vls_greport_row *row);
/* n > after, of this group (0: of all), by growing n; the report is appended, and borrowed. */
bool vls_greport_next(vls_store *store, uint64_t grp, uint64_t after, vls_greport_row *ret,
                      vls_buf *report);
void vls_greport_drop_before(vls_store *store, uint64_t at_ms);

#endif
