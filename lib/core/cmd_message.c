/* message.*, outbox.*: reading what was said, and what is still under way. */
#include <stdlib.h>

#include "base/text.h"
#include "core/circle_pass.h"
#include "core/events.h"
#include "core/message_talk.h"
#include "core/mentions.h"
#include "core/remarks.h"

enum { DEFAULT_LIMIT = 20, OUTBOX_LIMIT = 500, GROUP_LOOK = 100 };

static void put_reactions(const vls_remark_view *view, vls_rpc_message *r) {
  for (size_t i = 0; i < view->n_signs; i++) {
    const vls_remark_tally *t = &view->signs[i];
    r->reactions[r->n_reactions++] =
        (vls_rpc_reactions){.sign = vls_slice_str(t->sign), .count = t->count, .mine = t->mine};
  }
}

/* What was said about the text, or which text this is about. */
static void put_remarks(const vls_message_row *row, const vls_remark_view *view, vls_rpc_message *r,
                        char about_item[65]) {
  r->text = row->body;
  if (row->kind > VLS_REMARK_REPLY) {
    r->has_kind = true;
    r->kind = vls_slice_str(vls_remark_kind_name(row->kind));
  }
  if (view->is_about) {
    vls_hex_put(about_item, vls_slice_of(view->remark.to, 32));
    r->has_about = view->remark.about != 0;
    r->about = view->remark.about;
    r->has_about_item = true;
    r->about_item = vls_slice_str(about_item);
  }
  r->has_edits = view->edits > 0;
  r->edits = view->edits;
  r->has_deleted = r->deleted = view->is_deleted;
  r->has_reason = view->reason[0] != '\0';
  r->reason = vls_slice_str(view->reason);
  put_reactions(view, r);
}

static void put_mentions(vls_core *core, const vls_message_row *row, vls_rpc_message *r,
                         char ids[VLS_MENTIONS_MAX][VLS_ID_TEXT + 1]) {
  vls_mention list[VLS_MENTIONS_MAX];
  size_t n = vls_mentions_of(core, row, list);
  for (size_t i = 0; i < n; i++) {
    vls_id_text(ids[i], list[i].who);
    r->mentions[r->n_mentions++] = (vls_rpc_mention){.id = vls_slice_str(ids[i]),
                                                     .at = list[i].at,
                                                     .n = list[i].n,
                                                     .me = vls_is_me(core, list[i].who)};
  }
}

vls_err vls_put_message(vls_call *call, const vls_message_row *as_stored, vls_event_memo *memo) {
  vls_message_row shown = *as_stored;
  const vls_message_row *row = &shown;
  vls_remark_view view;
  char about_item[65];
  vls_talk_names names;
  char hex[65], by[VLS_MEMBER_NAME], ids[VLS_MENTIONS_MAX][VLS_ID_TEXT + 1];
  vls_rpc_message r = {.n = row->n, .stamp = row->stamp, .at = row->at};
  if (!vls_talk_fill(call->core, row, &names, &r)) return VLS_NOT_FOUND;
  r.has_item = vls_item_id_hex(call->core, row, memo, hex);
  if (r.has_item) r.item = vls_slice_str(hex);
  vls_remark_look(call->core, &shown, &view);
  put_remarks(&shown, &view, &r, about_item);
  put_mentions(call->core, as_stored, &r, ids);
  uint64_t author = !r.mine ? (shown.author != 0 ? shown.author : shown.contact) : 0;
  r.has_deleted_by = view.is_deleted && view.deletion.author != author;
  if (r.has_deleted_by) {
    const vls_peer *peer = vls_peer_get(call->core, view.deletion.author);
    vls_citizen_name(call->core, peer != NULL ? peer->row.identity : call->core->self.identity.pub,
                     by);
    r.deleted_by = vls_slice_str(by);
  }
  vls_err err = vls_call_put(call, &vls_rpc_message_def, &r);
  vls_remark_view_done(&view);
  return err;
}

/* Runs a query for at most `most` rows, unread ones only or all. Rows found newest first are turned
 * round, since a person reads downwards. */
static vls_err put_list(vls_call *call, vls_message_query *query, bool unread, uint64_t most) {
  vls_buf all;
  size_t n = 0, at[500];
  vls_message_row row;
  vls_event_memo memo = {0};
  vls_err err = VLS_OK;
  vls_buf *result = call->result;
  vls_buf_init(&all, VLS_RPC_FRAME_MAX - 4096);
  call->result = &all;
  while (n < most && n < 500 && vls_message_next(call->core->store, query, &row)) {
    if (unread && row.n <= vls_talk_read_n(call->core, row.contact)) continue;
    at[n] = all.n;
    err = vls_put_message(call, &row, &memo);
    if (err != VLS_OK) break; /* the frame is full: a shorter list */
    n++;
  }
  vls_message_end(query);
  call->result = result;
  err = vls_pack_array(result, n);
  for (size_t i = 0; i < n && err == VLS_OK; i++) {
    size_t k = query->oldest_first ? i : n - 1 - i;
    size_t end = k + 1 < n ? at[k + 1] : all.n;
    err = vls_buf_put(result, all.p + at[k], end - at[k]);
  }
  vls_buf_done(&all);
  return err;
}

/* The texts of these numbers, from the last one backwards as far as the frame goes. */
static vls_err put_numbers(vls_call *call, const uint64_t *numbers, size_t n) {
  size_t from = n, size = 0;
  vls_buf *result = call->result, *texts = vls_calloc(n + 1, sizeof *texts);
  vls_event_memo memo = {0};
  vls_err err = VLS_OK;
  while (from > 0 && err == VLS_OK) {
    vls_message_row row;
    vls_buf body;
    call->result = &texts[from - 1];
    vls_buf_init(call->result, VLS_RPC_FRAME_MAX);
    vls_buf_init(&body, VLS_TEXT_MAX);
    if (vls_message_get(call->core->store, numbers[from - 1], &row, &body))
      err = vls_put_message(call, &row, &memo);
    vls_buf_done(&body);
    size += call->result->n;
    if (size > VLS_RPC_FRAME_MAX - 4096) break;
    from--;
  }
  call->result = result;
  size_t count = 0;
  for (size_t i = from; i < n; i++)
    count += texts[i].n > 0 ? 1 : 0;
  if (err == VLS_OK) err = vls_pack_array(result, count);
  for (size_t i = from; i < n && err == VLS_OK; i++)
    err = vls_buf_put_slice(result, vls_buf_slice(&texts[i]));
  for (size_t i = 0; i < n; i++)
    vls_buf_done(&texts[i]);
  free(texts);
  return err;
}

/* A group, in the order that is the same for everybody. */
static vls_err put_ordered(vls_call *call, vls_circle *circle, uint64_t before, uint64_t most) {
  uint64_t numbers[500];
  size_t max = most < 500 ? (size_t)most : 500;
  return put_numbers(call, numbers, vls_circle_newest(call->core, circle, before, numbers, max));
}

vls_err vls_cmd_message_list(vls_call *call) {
  const vls_rpc_list *p = call->params;
  vls_peer *peer = NULL;
  vls_circle *circle = NULL;
  vls_talk_flush(call->core);
  if (p->has_who) {
    vls_err err = vls_call_talk(call, p->who, &peer, &circle);
    if (err != VLS_OK) return err;
  }
  uint64_t talk = peer != NULL ? peer->row.id : circle != NULL ? circle->row.id : 0;
  if (circle != NULL && !p->has_after && !p->has_since && !p->has_search && !p->has_unread)
    return put_ordered(call, circle, p->has_before ? p->before : 0,
                       p->has_limit ? p->limit : DEFAULT_LIMIT);
  vls_message_query query = {.contact = talk,
                             .before = p->before,
                             .after = p->after,
                             .since = p->since,
                             .search = p->search,
                             .texts = true,
                             .oldest_first = p->has_after};
  uint64_t most = p->has_limit ? p->limit : DEFAULT_LIMIT;
  bool unread = p->has_unread && p->unread;
  if (unread) {
    query.received = true;
    uint64_t read_n = talk == 0 ? 0 : vls_talk_read_n(call->core, talk);
    if (query.after < read_n) query.after = read_n;
  }
  /* How far each contact was read is not in the table: of everybody's, unread ones are found by
   * looking. */
  query.limit = unread && talk == 0 ? UINT64_MAX : most;
  return put_list(call, &query, unread, most);
}

static vls_err cancel(vls_call *call, vls_message_row *row) {
  if (row->state != VLS_MSG_QUEUED)
    return vls_call_fail(call, VLS_STATE, NULL,
                         row->state == VLS_MSG_RECEIVED
                             ? "text %llu is theirs, not yours"
                             : "text %llu is signed and on its way, or done: only what "
                               "is still queued can be cancelled",
                         (unsigned long long)row->n);
  if (row->kind == VLS_REMARK_DELETE)
    return vls_call_fail(call, VLS_STATE, NULL,
                         "the text that %llu deletes is gone here already: it cannot be taken back",
                         (unsigned long long)row->n);
  vls_message_set(call->core->store, row->n, VLS_MSG_CANCELLED, 0, 0);
  if (row->kind != 0) vls_remark_take_back(call->core, row->n);
  row->state = VLS_MSG_CANCELLED;
  return VLS_OK;
}

/* The text of this number as it is then. change: NULL for nothing. */
static vls_err answer_with(vls_call *call, vls_err (*change)(vls_call *, vls_message_row *)) {
  const vls_rpc_n *p = call->params;
  vls_message_row row;
  vls_buf body;
  vls_buf_init(&body, VLS_TEXT_MAX);
  vls_err err = vls_call_text(call, p->n, &row, &body);
  if (err == VLS_OK && change != NULL) err = change(call, &row);
  if (err == VLS_OK) err = vls_put_message(call, &row, &(vls_event_memo){0});
  vls_buf_done(&body);
  return err;
}

vls_err vls_cmd_message_get(vls_call *call) {
  return answer_with(call, NULL);
}

vls_err vls_cmd_outbox_cancel(vls_call *call) {
  return answer_with(call, cancel);
}

static uint64_t mark_circle(vls_core *core, vls_circle *circle, uint64_t upto) {
  uint64_t before = vls_circle_unread(core, circle);
  if (upto <= circle->row.read_n) return 0;
  circle->row.read_n = upto;
  circle->row_dirty = true;
  circle->unread_known = false;
  vls_circle_touch(core, circle);
  return before - vls_circle_unread(core, circle);
}

vls_err vls_cmd_mark_read(vls_call *call) {
  const vls_rpc_mark_read *p = call->params;
  vls_core *core = call->core;
  vls_peer *peer;
  vls_circle *circle;
  vls_err err = vls_call_talk(call, p->who, &peer, &circle);
  if (err != VLS_OK) return err;
  uint64_t upto = p->upto < core->newest_n ? p->upto : core->newest_n;
  vls_rpc_count r = {0};
  if (circle != NULL) r.count = mark_circle(core, circle, upto);
  if (peer != NULL && upto > peer->talk.read_n) {
    uint64_t before = peer->talk.read_n;
    r.count = vls_peer_unread(core, peer);
    peer->talk.read_n = upto;
    peer->unread_known = false;
    r.count -= vls_peer_unread(core, peer);
    peer->talk_dirty = true;
    if (r.count > 0 && !core->no_read_receipts) vls_peer_read(core, peer, before);
    vls_peer_touch(core, peer);
  }
  return vls_call_put(call, &vls_rpc_count_def, &r);
}

/* Of one talk: from this text on, those for which a receipt is awaited. */
static vls_err put_waiting(vls_call *call, uint64_t talk, uint64_t from, uint64_t delivered,
                           size_t *n) {
  vls_core *core = call->core;
  vls_event_memo memo = {0};
  vls_err err = VLS_OK;
  vls_message_query query = {.contact = talk,
                             .oldest_first = true,
                             .limit = 100000,
                             .after = from > 0 ? from - 1 : 0,
                             .queued = from == 0};
  vls_message_row row;
  while (*n < OUTBOX_LIMIT && err == VLS_OK && vls_message_next(core->store, &query, &row)) {
    bool waits = row.state == VLS_MSG_QUEUED || row.state == VLS_MSG_HELD ||
                 (row.state == VLS_MSG_SENT && row.seq > delivered);
    if (!waits) continue;
    err = vls_put_message(call, &row, &memo);
    if (err == VLS_OK) ++*n;
  }
  vls_message_end(&query);
  return err;
}

/* Of a group: texts of mine, of the newest, that not everybody has. */
static vls_err put_undelivered(vls_call *call, vls_circle *circle, size_t *n) {
  uint64_t numbers[GROUP_LOOK], got, of;
  size_t count = 0;
  vls_message_query query = {.contact = circle->row.id, .texts = true, .limit = GROUP_LOOK};
  vls_message_row row;
  vls_err err = VLS_OK;
  while (vls_message_next(call->core->store, &query, &row))
    if (row.state == VLS_MSG_SENT && row.device == 0) numbers[count++] = row.n;
  vls_message_end(&query);
  for (; count > 0 && *n < OUTBOX_LIMIT && err == VLS_OK; count--) {
    vls_buf body;
    vls_buf_init(&body, VLS_TEXT_MAX);
    bool waits = vls_message_get(call->core->store, numbers[count - 1], &row, &body) &&
                 vls_circle_delivery(call->core, circle, row.seq, &got, &of) && got < of;
    if (waits) err = vls_put_message(call, &row, &(vls_event_memo){0});
    if (waits && err == VLS_OK) ++*n;
    vls_buf_done(&body);
  }
  return err;
}

/* Sent ones without a receipt, then queued ones: the order in which they will arrive. */
vls_err vls_cmd_outbox_list(vls_call *call) {
  vls_core *core = call->core;
  const vls_rpc_opt_who *p = call->params;
  vls_peer *only = NULL;
  vls_circle *circle = NULL;
  vls_buf all;
  size_t n = 0;
  vls_err err = p->has_who ? vls_call_talk(call, p->who, &only, &circle) : VLS_OK;
  if (err != VLS_OK) return err;
  vls_talk_flush(core);
  vls_buf *result = call->result;
  vls_buf_init(&all, VLS_RPC_FRAME_MAX - 4096);
  call->result = &all;
  for (size_t i = 0; i < core->n_peers && err == VLS_OK; i++) {
    const vls_peer *peer = core->peers[i];
    if (p->has_who && peer != only) continue;
    uint64_t from = vls_outbox_oldest(core->store, peer->row.id), held;
    if (vls_message_held(core->store, peer->row.id, &held) > 0 && (from == 0 || held < from))
      from = held;
    if (from != 0 || peer->has_queued)
      err = put_waiting(call, peer->row.id, from, peer->talk.delivered, &n);
  }
  for (size_t i = 0; i < core->n_circles && err == VLS_OK; i++) {
    if (p->has_who && core->circles[i] != circle) continue;
    err = put_undelivered(call, core->circles[i], &n);
    if (err == VLS_OK && core->circles[i]->has_queued)
      err = put_waiting(call, core->circles[i]->row.id, 0, 0, &n);
  }
  call->result = result;
  err = vls_pack_array(result, n);
  if (err == VLS_OK) err = vls_buf_put_slice(result, vls_buf_slice(&all));
  vls_buf_done(&all);
  return err;
}

/* Of a group those are dialled who are to be linked. */
static bool is_in(vls_circle *circle, const vls_peer *peer) {
  return circle->group != NULL &&
         vls_group_level(circle->group, peer->row.identity) > VLS_LEVEL_NONE &&
         (vls_peer_visible(peer) || (peer->member != NULL && peer->member->wanted));
}

vls_err vls_cmd_outbox_retry(vls_call *call) {
  vls_core *core = call->core;
  const vls_rpc_opt_who *p = call->params;
  vls_peer *only = NULL;
  vls_circle *circle = NULL;
  vls_rpc_count r = {0};
  vls_err err = p->has_who ? vls_call_talk(call, p->who, &only, &circle) : VLS_OK;
  if (err != VLS_OK) return err;
  for (size_t i = 0; i < core->n_peers; i++) {
    vls_peer *peer = core->peers[i];
    bool idle = peer->conn == NULL && peer->dialing == NULL && !peer->row.blocked;
    if (only != NULL && peer != only) continue;
    if (circle == NULL ? !vls_peer_visible(peer) : !is_in(circle, peer)) continue;
    bool released = vls_message_release(core->store, peer->row.id) > 0;
    if (released) {
      peer->has_queued = true;
      vls_peer_touch(core, peer);
    }
    if (idle) vls_dial_schedule(core, peer, 0);
    if (idle || released) r.count++;
  }
  return vls_call_put(call, &vls_rpc_count_def, &r);
}
