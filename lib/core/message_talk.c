#include "core/message_talk.h"

#include <stdio.h>

#include "base/text.h"
#include "core/circle_pass.h"

static const char held_why[] =
    "this node's data was put back from before its receipt: it may have arrived. \"valise outbox "
    "retry\" sends it again";

uint64_t vls_talk_read_n(vls_core *core, uint64_t talk) {
  vls_peer *peer = vls_peer_get(core, talk);
  const vls_circle *circle = peer != NULL ? NULL : vls_circle_get(core, talk);
  if (peer != NULL) return peer->talk.read_n;
  return circle == NULL ? 0 : circle->row.read_n;
}

void vls_talk_flush(vls_core *core) {
  vls_outbound_flush_pending(core);
  vls_circle_flush_words(core);
}

static const char *state_name(const vls_peer *peer, uint64_t read_n, const vls_message_row *row) {
  switch (row->state) {
  case VLS_MSG_QUEUED: return "queued";
  case VLS_MSG_SENT:
    if (peer == NULL) return "sent";
    if (row->seq <= peer->talk.seen) return "read";
    return row->seq <= peer->talk.delivered ? "delivered" : "sent";
  case VLS_MSG_HELD:
  case VLS_MSG_FAILED: return "failed";
  case VLS_MSG_DELIVERED: return "delivered";
  case VLS_MSG_READ: return "read";
  case VLS_MSG_CANCELLED: return "cancelled";
  case VLS_MSG_RECEIVED: break;
  }
  return row->n <= read_n ? "seen" : "received";
}

bool vls_circle_event_of(vls_core *core, const vls_circle *circle, const vls_message_row *row,
                         uint8_t ret_id[32]) {
  vls_gevent_row event;
  if (row->seq == 0 ||
      !vls_gevent_of_text(core->store, circle->row.id, row->device, row->seq, row->n, &event, NULL))
    return false;
  memcpy(ret_id, event.id, 32);
  return true;
}

static void fill_author(vls_core *core, const vls_message_row *row, vls_talk_names *names,
                        vls_rpc_message *ret) {
  const vls_peer *author = row->author == 0 ? NULL : vls_peer_get(core, row->author);
  ret->has_author_id = author != NULL || ret->mine;
  if (!ret->has_author_id) return;
  vls_id_text(names->author_id, ret->mine ? core->self.identity.pub : author->row.identity);
  ret->author_id = vls_slice_str(names->author_id);
  if (ret->mine) return;
  vls_member_name(author, names->author);
  ret->has_author = true;
  ret->author = vls_slice_str(names->author);
}

static void fill_circle(vls_core *core, vls_circle *circle, const vls_message_row *row,
                        vls_talk_names *names, vls_rpc_message *ret) {
  vls_group_line line;
  uint8_t id[32];
  vls_group_name(circle, names->name);
  vls_hex_put(names->id, vls_slice_of(circle->row.gid, 32));
  fill_author(core, row, names, ret);
  ret->has_hour = circle->group != NULL && vls_circle_event_of(core, circle, row, id) &&
                  vls_group_line_of(circle->group, id, &line);
  if (ret->has_hour) ret->hour = line.hour;
  bool under_way = ret->mine && row->state == VLS_MSG_SENT && row->seq > 0 && row->device == 0;
  if (under_way && vls_circle_delivery(core, circle, row->seq, &ret->receipts, &ret->of)) {
    ret->has_receipts = ret->has_of = true;
    if (ret->of > 0 && ret->receipts >= ret->of) ret->state = vls_slice_str("delivered");
  }
  const char *problem = "";
  if (row->state == VLS_MSG_QUEUED) problem = "the group's keys are not here yet";
  if (row->state == VLS_MSG_FAILED) problem = "the group did not let you say it";
  ret->has_problem = problem[0] != '\0';
  ret->problem = vls_slice_str(problem);
}

static void fill_peer(const vls_peer *peer, const vls_message_row *row, vls_talk_names *names,
                      vls_rpc_message *ret) {
  (void)snprintf(names->name, sizeof names->name, "%s", peer->row.name);
  vls_id_text(names->id, peer->row.identity);
  const char *problem = row->state == VLS_MSG_QUEUED ? peer->last_failure : "";
  if (row->state == VLS_MSG_FAILED) problem = peer->row.problem;
  if (row->state == VLS_MSG_HELD) problem = held_why;
  ret->has_problem = problem[0] != '\0';
  ret->problem = vls_slice_str(problem);
}

bool vls_talk_fill(vls_core *core, const vls_message_row *row, vls_talk_names *names,
                   vls_rpc_message *ret) {
  const vls_peer *peer = vls_peer_get(core, row->contact);
  vls_circle *circle = peer != NULL ? NULL : vls_circle_get(core, row->contact);
  if (peer == NULL && circle == NULL) return false;
  ret->contact = row->contact;
  ret->mine = row->state != VLS_MSG_RECEIVED && row->author == 0;
  uint64_t read_n = vls_talk_read_n(core, row->contact);
  ret->state = vls_slice_str(state_name(peer, read_n, row));
  if (peer != NULL)
    fill_peer(peer, row, names, ret);
  else
    fill_circle(core, circle, row, names, ret);
  ret->name = vls_slice_str(names->name);
  ret->id = vls_slice_str(names->id);
  return true;
}

/* Those that are no event's: the newest, at most max. */
static size_t unsigned_ones(vls_core *core, const vls_circle *circle, uint64_t *ret, size_t max) {
  vls_message_query query = {.contact = circle->row.id, .texts = true, .limit = 32};
  vls_message_row row;
  size_t n = 0;
  while (n < max && vls_message_next(core->store, &query, &row))
    if (row.seq == 0) ret[n++] = row.n;
  vls_message_end(&query);
  for (size_t i = 0; i < n / 2; i++) {
    uint64_t other = ret[i];
    ret[i] = ret[n - 1 - i];
    ret[n - 1 - i] = other;
  }
  return n;
}

size_t vls_circle_newest(vls_core *core, vls_circle *circle, uint64_t before, uint64_t *ret,
                         size_t max) {
  uint64_t rest[32];
  size_t n_rest = before != 0 ? 0 : unsigned_ones(core, circle, rest, max < 32 ? max : 32);
  size_t n = vls_circle_order(core, circle, before, ret, max - n_rest);
  for (size_t i = 0; i < n_rest; i++)
    ret[n++] = rest[i];
  return n;
}
