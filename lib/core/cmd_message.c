/* message.*, outbox.*: reading what was said, and what is still under way. */
#include "base/text.h"
#include "citizen/id.h"
#include "core/command.h"
#include "core/events.h"
#include "core/remarks.h"

enum { DEFAULT_LIMIT = 20, OUTBOX_LIMIT = 500 };

static const char held_why[] =
    "this node's data was put back from before its receipt: it may have arrived. \"valise outbox "
    "retry\" sends it again";

static const char *state_name(const vls_peer *peer, const vls_message_row *row) {
  switch (row->state) {
  case VLS_MSG_QUEUED: return "queued";
  case VLS_MSG_SENT:
    if (row->seq <= peer->talk.seen) return "read";
    return row->seq <= peer->talk.delivered ? "delivered" : "sent";
  case VLS_MSG_HELD:
  case VLS_MSG_FAILED: return "failed";
  case VLS_MSG_DELIVERED: return "delivered";
  case VLS_MSG_READ: return "read";
  case VLS_MSG_CANCELLED: return "cancelled";
  case VLS_MSG_RECEIVED: break;
  }
  return row->n <= peer->talk.read_n ? "seen" : "received";
}

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

vls_err vls_put_message(vls_call *call, const vls_message_row *as_stored, vls_event_memo *memo) {
  vls_message_row shown = *as_stored;
  const vls_message_row *row = &shown;
  vls_remark_view view;
  char about_item[65];
  const vls_peer *peer = vls_peer_get(call->core, row->contact);
  char id[VLS_ID_TEXT + 1], hex[65];
  if (peer == NULL) return VLS_NOT_FOUND;
  vls_id_text(id, peer->row.identity);
  bool mine = row->state != VLS_MSG_RECEIVED;
  const char *problem = row->state == VLS_MSG_QUEUED ? peer->last_failure : "";
  if (row->state == VLS_MSG_FAILED) problem = peer->row.problem;
  if (row->state == VLS_MSG_HELD) problem = held_why;
  vls_rpc_message r = {.n = row->n,
                       .contact = row->contact,
                       .name = vls_slice_str(peer->row.name),
                       .id = vls_slice_str(id),
                       .mine = mine,
                       .stamp = row->stamp,
                       .at = row->at,
                       .state = vls_slice_str(state_name(peer, row)),
                       .has_problem = problem[0] != '\0',
                       .problem = vls_slice_str(problem)};
  r.has_item = vls_item_id_hex(call->core, row, memo, hex);
  if (r.has_item) r.item = vls_slice_str(hex);
  vls_remark_look(call->core, &shown, &view);
  put_remarks(&shown, &view, &r, about_item);
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
    const vls_peer *peer = vls_peer_get(call->core, row.contact);
    if (unread && peer != NULL && row.n <= peer->talk.read_n) continue;
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

vls_err vls_cmd_message_list(vls_call *call) {
  const vls_rpc_list *p = call->params;
  vls_peer *peer = NULL;
  vls_outbound_flush_pending(call->core);
  if (p->has_who) {
    vls_err err = vls_call_who(call, p->who, &peer);
    if (err != VLS_OK) return err;
  }
  vls_message_query query = {.contact = peer == NULL ? 0 : peer->row.id,
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
    if (peer != NULL && query.after < peer->talk.read_n) query.after = peer->talk.read_n;
  }
  /* How far each contact was read is not in the table: of everybody's, unread ones are found by
   * looking. */
  query.limit = unread && peer == NULL ? UINT64_MAX : most;
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

vls_err vls_cmd_mark_read(vls_call *call) {
  const vls_rpc_mark_read *p = call->params;
  vls_core *core = call->core;
  vls_peer *peer;
  vls_err err = vls_call_who(call, p->who, &peer);
  if (err != VLS_OK) return err;
  uint64_t upto = p->upto < core->newest_n ? p->upto : core->newest_n;
  vls_rpc_count r = {0};
  if (upto > peer->talk.read_n) {
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

/* Sent ones without a receipt, then queued ones: the order in which they will arrive. */
vls_err vls_cmd_outbox_list(vls_call *call) {
  vls_core *core = call->core;
  const vls_rpc_opt_who *p = call->params;
  vls_peer *only = NULL;
  vls_buf all;
  vls_event_memo memo = {0};
  size_t n = 0;
  vls_err err = p->has_who ? vls_call_who(call, p->who, &only) : VLS_OK;
  if (err != VLS_OK) return err;
  vls_outbound_flush_pending(core);
  vls_buf *result = call->result;
  vls_buf_init(&all, VLS_RPC_FRAME_MAX - 4096);
  call->result = &all;
  for (size_t i = 0; i < core->n_peers && err == VLS_OK; i++) {
    const vls_peer *peer = core->peers[i];
    if ((only != NULL && peer != only) || !vls_peer_visible(peer)) continue;
    uint64_t from = vls_outbox_oldest(core->store, peer->row.id), held;
    if (vls_message_held(core->store, peer->row.id, &held) > 0 && (from == 0 || held < from))
      from = held;
    if (from == 0 && !peer->has_queued) continue;
    vls_message_query query = {.contact = peer->row.id,
                               .oldest_first = true,
                               .limit = 100000,
                               .after = from > 0 ? from - 1 : 0,
                               .queued = from == 0};
    vls_message_row row;
    while (n < OUTBOX_LIMIT && err == VLS_OK && vls_message_next(core->store, &query, &row)) {
      bool waits = row.state == VLS_MSG_QUEUED || row.state == VLS_MSG_HELD ||
                   (row.state == VLS_MSG_SENT && row.seq > peer->talk.delivered);
      if (!waits) continue;
      err = vls_put_message(call, &row, &memo);
      if (err == VLS_OK) n++;
    }
    vls_message_end(&query);
  }
  call->result = result;
  err = vls_pack_array(result, n);
  if (err == VLS_OK) err = vls_buf_put_slice(result, vls_buf_slice(&all));
  vls_buf_done(&all);
  return err;
}

vls_err vls_cmd_outbox_retry(vls_call *call) {
  vls_core *core = call->core;
  const vls_rpc_opt_who *p = call->params;
  vls_peer *only = NULL;
  vls_rpc_count r = {0};
  vls_err err = p->has_who ? vls_call_who(call, p->who, &only) : VLS_OK;
  if (err != VLS_OK) return err;
  for (size_t i = 0; i < core->n_peers; i++) {
    vls_peer *peer = core->peers[i];
    bool idle = peer->conn == NULL && peer->dialing == NULL && !peer->row.blocked;
    if ((only != NULL && peer != only) || !vls_peer_visible(peer)) continue;
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
