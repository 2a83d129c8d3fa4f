/* What clients are told: the feed in the store, and each subscriber's place in it (RPC 5). A cursor
 * is the row and the text within it, so that each text of an event can be acknowledged alone. */
#include <stdio.h>

#include "base/text.h"
#include "citizen/id.h"
#include "core/events.h"
#include "core/message_talk.h"
#include "core/mentions.h"
#include "core/remarks.h"
#include "store/messages.h"

void vls_feed_add(vls_core *core, vls_feed_type type, const vls_peer *peer, uint64_t first,
                  uint64_t last, const char *text) {
  vls_feed_add_talk(core, type, peer == NULL ? 0 : peer->row.id, first, last, text);
}

void vls_feed_add_talk(vls_core *core, vls_feed_type type, uint64_t talk, uint64_t first,
                       uint64_t last, const char *text) {
  vls_feed_row row = {.c = ++core->newest_c,
                      .type = type,
                      .contact = talk,
                      .first = first,
                      .last = last,
                      .at = vls_core_wall(core),
                      .text = vls_slice_str(text)};
  vls_feed_put(core->store, &row);
  core->feed_grew = true;
}

static const char *type_name(vls_feed_type type) {
  switch (type) {
  case VLS_FEED_MESSAGE: return VLS_EV_MESSAGE;
  case VLS_FEED_DELIVERED: return VLS_EV_DELIVERED;
  case VLS_FEED_READ: return VLS_EV_READ;
  case VLS_FEED_FAILED: return VLS_EV_FAILED;
  case VLS_FEED_CONTACT: return VLS_EV_CONTACT;
  case VLS_FEED_GROUP: return VLS_EV_GROUP;
  case VLS_FEED_ALARM: break;
  }
  return VLS_EV_ALARM;
}

static bool look_up(vls_core *core, const vls_message_row *row, vls_event_memo *memo) {
  const vls_circle *circle = vls_circle_get(core, row->contact);
  if (circle != NULL) { /* where one device may have said two things with one seq */
    memo->seq = 0;
    return vls_circle_event_of(core, circle, row, memo->hash);
  }
  if (memo->seq == row->seq && memo->device == row->device && memo->contact == row->contact)
    return true;
  vls_buf header;
  vls_buf_init(&header, 4096);
  bool found = vls_event_get(core->store, row->contact, row->device, row->seq, &header, NULL);
  if (found) {
    *memo = (vls_event_memo){row->contact, row->device, row->seq, {0}};
    vls_sha256(memo->hash, vls_buf_slice(&header));
  }
  vls_buf_done(&header);
  return found;
}

bool vls_item_id_of(vls_core *core, const vls_message_row *row, vls_event_memo *memo,
                    uint8_t ret_id[32]) {
  if (row->seq == 0 || !look_up(core, row, memo)) return false;
  vls_item_id(ret_id, memo->hash, row->idx);
  return true;
}

bool vls_item_id_hex(vls_core *core, const vls_message_row *row, vls_event_memo *memo,
                     char ret_hex[65]) {
  uint8_t id[32];
  if (!vls_item_id_of(core, row, memo, id)) return false;
  vls_hex_put(ret_hex, vls_slice_of(id, sizeof id));
  return true;
}

static void send_event(vls_core *core, const vls_client *client, const vls_rpc_event *event) {
  vls_out_entry *e = vls_out_stage(core, VLS_OUT_NOTIFY);
  e->client = client->id;
  vls_err err = vls_pack_array(&e->bytes, 3);
  if (err == VLS_OK) err = vls_pack_uint(&e->bytes, 2);
  if (err == VLS_OK) err = vls_pack_str(&e->bytes, vls_slice_str("event"));
  if (err == VLS_OK) err = vls_pack_array(&e->bytes, 1);
  if (err == VLS_OK) err = vls_wire_encode(&vls_rpc_event_def, event, &e->bytes);
  if (err != VLS_OK) vls_core_log(core, VLS_ERROR, "an event did not fit its frame");
}

/* Whose it is: a contact's or a group's, whose name is put into the buffer. */
static void fill_talk(vls_core *core, uint64_t talk, char name[VLS_GROUP_NAME],
                      vls_rpc_event *event) {
  const vls_peer *peer = talk == 0 ? NULL : vls_peer_get(core, talk);
  const vls_circle *circle = talk == 0 || peer != NULL ? NULL : vls_circle_get(core, talk);
  if (peer == NULL && circle == NULL) return;
  if (circle != NULL)
    vls_group_name(circle, name);
  else
    (void)snprintf(name, VLS_GROUP_NAME, "%s", peer->row.name);
  event->has_contact = event->has_name = true;
  event->contact = talk;
  event->name = vls_slice_str(name);
}

/* A text as it is shown now; or a remark that counts, and is about a text that is here. */
static bool fill_said(vls_core *core, vls_message_row *m, vls_remark_view *view,
                      vls_rpc_event *event) {
  event->has_mention = event->mention = vls_mentions_me(core, m);
  vls_remark_look(core, m, view);
  event->has_deleted = event->deleted = view->is_deleted;
  event->has_about = view->is_about && view->remark.about != 0;
  event->about = view->remark.about;
  event->text = m->body;
  event->has_text = !view->is_deleted;
  if (m->kind <= VLS_REMARK_REPLY) return true;
  event->type = vls_slice_str(VLS_EV_REMARK);
  event->has_kind = true;
  event->kind = vls_slice_str(vls_remark_kind_name(m->kind));
  return view->is_about && view->remark.state == VLS_REMARK_COUNTS;
}

typedef struct author_names {
  char name[VLS_MEMBER_NAME], id[VLS_ID_TEXT + 1];
} author_names;

/* Of a text in a group: the contact or member who wrote it. */
static void fill_author(vls_core *core, uint64_t contact, author_names *names,
                        vls_rpc_event *event) {
  const vls_peer *peer = contact == 0 ? NULL : vls_peer_get(core, contact);
  if (peer == NULL) return;
  vls_member_name(peer, names->name);
  vls_id_text(names->id, peer->row.identity);
  event->has_author = event->has_author_id = true;
  event->author = vls_slice_str(names->name);
  event->author_id = vls_slice_str(names->id);
}

/* One text of a message row. False: it is no longer here (its contact was removed). */
static bool tell_text(vls_core *core, const vls_client *client, const vls_feed_row *row, uint64_t n,
                      uint64_t cursor, vls_event_memo *memo) {
  vls_message_row m;
  vls_buf body;
  char hex[65], name[VLS_GROUP_NAME];
  author_names author;
  vls_buf_init(&body, VLS_TEXT_MAX);
  bool found = vls_message_get(core->store, n, &m, &body) && m.contact == row->contact &&
               m.state == VLS_MSG_RECEIVED;
  if (found) {
    vls_rpc_event event = {.cursor = cursor,
                           .type = vls_slice_str(VLS_EV_MESSAGE),
                           .at = m.at,
                           .has_n = true,
                           .n = m.n,
                           .has_stamp = true,
                           .stamp = m.stamp};
    fill_talk(core, row->contact, name, &event);
    fill_author(core, m.author, &author, &event);
    event.has_item = vls_item_id_hex(core, &m, memo, hex);
    if (event.has_item) event.item = vls_slice_str(hex);
    vls_remark_view view;
    found = fill_said(core, &m, &view, &event);
    if (found) send_event(core, client, &event);
    vls_remark_view_done(&view);
  }
  vls_buf_done(&body);
  return found;
}

static void tell_other(vls_core *core, const vls_client *client, const vls_feed_row *row) {
  vls_rpc_event event = {.cursor = row->c << VLS_CURSOR_SHIFT | 1,
                         .type = vls_slice_str(type_name(row->type)),
                         .at = row->at};
  char name[VLS_GROUP_NAME];
  fill_talk(core, row->contact, name, &event);
  if (row->first != 0) {
    event.has_first = event.has_last = true;
    event.first = row->first;
    event.last = row->last;
  }
  if (row->text.n > 0) {
    event.has_text = true;
    event.text = row->text;
  }
  send_event(core, client, &event);
}

static void tell_gap(vls_core *core, vls_client *client) {
  uint64_t oldest = vls_feed_oldest(core->store);
  vls_rpc_event event = {.cursor = oldest << VLS_CURSOR_SHIFT,
                         .type = vls_slice_str(VLS_EV_GAP),
                         .at = vls_core_wall(core)};
  client->gap = false;
  if (oldest > 0) send_event(core, client, &event);
}

/* True when the round is used up and more waits. */
static bool pump_client(vls_core *core, vls_client *client) {
  vls_feed_row row;
  vls_buf text;
  vls_event_memo memo = {0};
  unsigned told = 0;
  vls_buf_init(&text, VLS_TEXT_MAX);
  if (client->gap) tell_gap(core, client);
  while (told < VLS_NOTIFY_ROUND && client->at <= core->newest_c &&
         vls_feed_next(core->store, client->at, &row, &text)) {
    if (row.c != client->at) client->index = 0;
    client->at = row.c;
    bool texts = row.type == VLS_FEED_MESSAGE;
    for (; texts && told < VLS_NOTIFY_ROUND && row.first + client->index <= row.last; told++) {
      uint64_t cursor = row.c << VLS_CURSOR_SHIFT | (client->index + 1);
      tell_text(core, client, &row, row.first + client->index, cursor, &memo);
      client->index++;
    }
    if (texts && row.first + client->index <= row.last) break;
    if (!texts && client->index == 0) {
      tell_other(core, client, &row);
      told++;
    }
    client->at++;
    client->index = 0;
  }
  vls_buf_done(&text);
  return told >= VLS_NOTIFY_ROUND;
}

void vls_notify_pump(vls_core *core) {
  if (!core->feed_grew) return;
  core->feed_grew = false;
  for (size_t i = 0; i < VLS_CLIENTS_MAX; i++) {
    vls_client *client = &core->clients[i];
    if (client->id == 0 || !client->subscribed || client->full) continue;
    if (!pump_client(core, client)) continue;
    core->feed_grew = true;
    vls_core_wake_at(core, core->now.mono_ms);
  }
}

void vls_subscribe(vls_core *core, vls_client *client, uint64_t cursor) {
  client->subscribed = true;
  client->at = cursor >> VLS_CURSOR_SHIFT;
  client->index = (unsigned)(cursor & ((1u << VLS_CURSOR_SHIFT) - 1));
  client->gap = cursor > 0 && client->at < vls_feed_trimmed(core->store);
  core->feed_grew = true;
}
