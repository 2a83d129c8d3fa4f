/* Words become messages. */
#include "content/bodies.h"
#include "content/remarks.h"
#include "core/circle.h"
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
    uint8_t id[32];
    vls_slice text = vls_circle_text_of(&said->items[i]);
    if (text.n == 0) continue;
    vls_item_id(id, said->id, i);
    vls_message_row m = {.n = ++core->newest_n,
                         .contact = circle->row.id,
                         .state = mine ? VLS_MSG_SENT : VLS_MSG_RECEIVED,
                         .device = row->device,
                         .seq = row->seq,
                         .idx = i,
                         .stamp = said->header.stamp,
                         .at = row->at,
                         .author = mine ? 0 : author->row.id,
                         .item = vls_tag(id),
                         .body = text};
    vls_message_put(core->store, &m);
    if (row->first == 0) row->first = m.n;
    row->last = m.n;
    if (!mine) circle->unread++;
  }
  if (row->first != 0 && !mine)
    vls_feed_add_talk(core, VLS_FEED_MESSAGE, circle->row.id, row->first, row->last, "");
}
