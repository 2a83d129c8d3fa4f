/* What is said about texts (GROUP 8), the same in direct talks and groups: replies, reactions,
 * edits and deletions. Each is a row of message with a number of its own (store/remarks.h). */
#ifndef VALISE_CORE_REMARKS_H
#define VALISE_CORE_REMARKS_H

#include "content/remarks.h"
#include "core/core_int.h"
#include "store/remarks.h"

/* An item as it comes in: who said it, and where it stands. */
typedef struct vls_saying {
  uint64_t talk, author;     /* number of the contact or group; the contact who says it, 0: me */
  vls_message_state state;   /* of the row that is made of it */
  uint64_t device, seq, idx; /* its place in the author's events */
  uint64_t stamp;
  const uint8_t *hash;       /* of the event's header: its id in a group */
  struct vls_circle *circle; /* the group; NULL: a direct talk */
} vls_saying;

/* A remark of kind 16 to 19 becomes a row, and counts, waits for its text, or is about nothing.
 * ret_n: its number. VLS_MALFORMED, VLS_TOO_BIG: there is no row. */
VLS_MUST vls_err vls_remark_take(vls_core *core, const vls_saying *saying, const vls_item *item,
                                 uint64_t *ret_n);
/* A text is a row now, under this number: what waited for it is about it. False: it was deleted
 * before it came. */
bool vls_remark_text_came(vls_core *core, const vls_saying *saying, uint64_t n);
/* A row of message is about to go: a remark does nothing any more, a text has none. */
void vls_remark_gone(vls_core *core, uint64_t talk, uint64_t n);

/* The text that an item id stands for. seq: of its event, in a direct talk. 0: not here. */
uint64_t vls_remark_find(vls_core *core, uint64_t talk, const uint8_t to[32], uint64_t seq);
/* Decides about a remark whose text is here: whether it counts, and what it does. */
void vls_remark_settle(vls_core *core, const vls_saying *saying, vls_remark_row *row,
                       uint64_t about);
/* It will not be said: what it took the place of counts again. */
void vls_remark_take_back(vls_core *core, uint64_t n);

/* Appends the body of the item that this row of mine stands for: a text, or a remark.
 * VLS_NOT_FOUND: what it is about was lost; VLS_MALFORMED: its words are gone. */
VLS_MUST vls_err vls_remark_body(vls_core *core, const vls_message_row *row, vls_buf *out);
/* The kind of that item. */
uint64_t vls_remark_item_kind(const vls_message_row *row);

/* A remark of mine in a group is said with this batch, or once the group can speak. */
struct vls_circle;
void vls_circle_remark(vls_core *core, struct vls_circle *circle, const vls_remark *remark,
                       uint64_t stamp, uint64_t n);

/* How a text is shown. */
typedef struct vls_remark_view {
  bool is_deleted;
  vls_remark_row deletion;
  char reason[VLS_GROUP_REASON + 1];
  uint64_t edits; /* how many versions there were before this one */
  vls_buf words;  /* of the newest version, when there are edits */
  vls_remark_tally signs[VLS_REMARK_SIGNS];
  size_t n_signs;
  uint64_t reactions; /* all of them */
  bool is_about;
  vls_remark_row remark; /* what it answers, or speaks of */
} vls_remark_view;
/* Sets row->body to what is shown, which borrows from ret. vls_remark_view_done. */
void vls_remark_look(vls_core *core, vls_message_row *row, vls_remark_view *ret);
void vls_remark_view_done(vls_remark_view *view);

const char *vls_remark_kind_name(unsigned kind); /* "reply", ...; NULL: of a text */

#endif
