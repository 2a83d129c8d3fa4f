/* Remarks on items (GROUP 8): replies, reactions, edits, deletions, mentions; the same in a direct
 * talk and in a group. Which of them count is decided by who said what, and that is the caller's
 * to know. */
#ifndef VALISE_CONTENT_REMARKS_H
#define VALISE_CONTENT_REMARKS_H

#include "proto/group.h"

enum { VLS_REMARK_WORDS = 65500, VLS_REMARK_SIGN = 32 }; /* bytes of a reply, of a reaction */

/* A remark, read by its kind. Slices borrow from the item. */
typedef struct vls_remark {
  vls_remark_kind kind;
  const uint8_t *to; /* 32 bytes: id of the item; the citizen, of a mention */
  uint64_t seq;      /* of the event that holds it, in a direct talk; else 0 */
  vls_slice text;    /* reply, edit: words; reaction: sign; deletion: reason */
  uint64_t at, n;    /* mention: bytes of the text before it */
} vls_remark;

/* Appends the body of the item. VLS_MALFORMED: text that is not UTF-8, or empty where words are
 * due; VLS_TOO_BIG. */
VLS_MUST vls_err vls_remark_put(vls_buf *out, const vls_remark *remark);
/* VLS_NOT_FOUND: no kind of remark. VLS_MALFORMED, VLS_TOO_BIG. */
VLS_MUST vls_err vls_remark_read(vls_remark *ret, const vls_item *item);

/* Who said the item a remark speaks of, who says the remark, and their levels by what the remark's
 * author had seen (both 0 in a direct talk). */
typedef struct vls_remark_case {
  const uint8_t *author, *of; /* identities, 32 bytes */
  unsigned level, level_of;
} vls_remark_case;
/* Does it count (GROUP 8.4, 8.5)? */
bool vls_remark_counts(vls_remark_kind kind, const vls_remark_case *facts);

#endif
