/* Bodies of items (PEER 5.6): what a kind carries, made and read back strictly. New kinds of
 * content begin here, and work in every conversation and over every carrier. */
#ifndef VALISE_CONTENT_BODIES_H
#define VALISE_CONTENT_BODIES_H

#include "proto/peer.h"

/* Each appends the body of one item. VLS_TOO_BIG, VLS_MALFORMED: text that is empty or not UTF-8.
 */
VLS_MUST vls_err vls_body_hello(vls_buf *out);
VLS_MUST vls_err vls_body_text(vls_buf *out, vls_slice text);
VLS_MUST vls_err vls_body_receipt(vls_buf *out, unsigned level, const uint8_t head[4],
                                  uint64_t from, uint64_t to);
VLS_MUST vls_err vls_body_card(vls_buf *out, vls_slice card);
VLS_MUST vls_err vls_body_held(vls_buf *out, const vls_item_held *held);
VLS_MUST vls_err vls_body_group(vls_buf *out, const vls_item_group *invitation);

/* An item, read by its kind. Slices borrow. */
typedef struct vls_content {
  vls_item_kind kind;
  union {
    vls_slice text;
    vls_item_receipt receipt;
    vls_slice card;
    vls_item_held held;
    vls_item_group group;
  };
} vls_content;
/* VLS_NOT_FOUND: a kind this version does not know (keep going: it was said, we can't show it).
 * VLS_MALFORMED, VLS_TOO_BIG: a body that breaks its table. */
VLS_MUST vls_err vls_content_read(vls_content *ret, const vls_item *item);

#endif
