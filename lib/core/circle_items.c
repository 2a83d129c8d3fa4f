/* Words become messages. */
#include "content/bodies.h"
#include "content/remarks.h"
#include "core/circle.h"
#include "core/remarks.h"
#include "event/event.h"

vls_slice vls_circle_text_of(const vls_item *item) {
  vls_content content;
  vls_remark remark;
  if (item->kind == VLS_ITEM_TEXT)
    return vls_content_read(&content, item) == VLS_OK ? content.text : (vls_slice){0};
  if (item->kind == VLS_REMARK_REPLY && vls_remark_read(&remark, item) == VLS_OK)
    return remark.text;
  return (vls_slice){0};
}

/* Its number; 0: it is nothing that is shown. */
static uint64_t take_item(vls_core *core, const vls_saying *s, const vls_item *item, uint64_t at,
                          bool *ret_stays) {
  uint8_t id[32];
  uint64_t n = 0;
  if (item->kind >= VLS_REMARK_REPLY && item->kind < VLS_REMARK_MENTION)
    return vls_remark_take(core, s, item, &n) == VLS_OK ? n : 0;
  vls_slice text = vls_circle_text_of(item);
  if (text.n == 0) return 0;
  vls_item_id(id, s->hash, s->idx);
  vls_message_row m = {.n = ++core->newest_n,
                       .contact = s->talk,
                       .state = s->state,
                       .device = s->device,
                       .seq = s->seq,
                       .idx = s->idx,
                       .stamp = s->stamp,
                       .at = at,
                       .author = s->author,
                       .item = vls_tag(id),
                       .body = text};
  vls_message_put(core->store, &m);
  *ret_stays = vls_remark_text_came(core, s, m.n);
  return m.n;
}

void vls_circle_take(vls_core *core, vls_circle *circle, const vls_group_said *said,
                     const vls_peer *author, vls_gevent_row *row) {
  bool mine = author == NULL;
  if (mine && circle->said_first != 0) { /* they are numbered already */
    row->first = circle->said_first;
    row->last = circle->said_last;
    circle->said_seq = row->seq;
    circle->said_stamp = said->header.stamp;
    memcpy(circle->said_id, said->id, 32);
    return;
  }
  if (!mine && author->row.blocked) return;
  for (size_t i = 0; i < said->n_items; i++) {
    vls_saying saying = {.talk = circle->row.id,
                         .author = mine ? 0 : author->row.id,
                         .state = mine ? VLS_MSG_SENT : VLS_MSG_RECEIVED,
                         .device = row->device,
                         .seq = row->seq,
                         .idx = i,
                         .stamp = said->header.stamp,
                         .hash = said->id,
                         .circle = circle};
    bool stays = true;
    uint64_t n = take_item(core, &saying, &said->items[i], row->at, &stays);
    if (n == 0) continue;
    if (!stays) row->bytes = vls_slice_str(""); /* it was deleted before it came */
    if (row->first == 0) row->first = n;
    row->last = n;
    if (!mine && said->items[i].kind <= VLS_REMARK_REPLY) circle->unread++;
  }
  if (row->first != 0 && !mine)
    vls_feed_add_talk(core, VLS_FEED_MESSAGE, circle->row.id, row->first, row->last, "");
}
