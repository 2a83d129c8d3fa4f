/* message.react, edit, delete, remarks, thread; replies: what is said about texts (RPC 4.8). */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "core/command.h"
#include "core/events.h"
#include "core/mentions.h"
#include "core/message_talk.h"
#include "core/remarks.h"
#include "core/state.h"
#include "event/event.h"

enum { THREAD_MAX = 500, UP_MAX = 10000, PAGE = 500 };

/* The text that a call is about. */
typedef struct target {
  vls_message_row row;
  vls_buf body;
  vls_peer *peer;
  vls_circle *circle; /* one of the two */
  char name[VLS_GROUP_NAME];
  vls_remark_row newest; /* like what will be said: `to`, seq, about, stamp */
  bool unsaid;           /* it has not left: it can be changed itself */
} target;

static void target_done(target *t) {
  vls_buf_done(&t->body);
}

vls_err vls_call_text(vls_call *call, uint64_t n, vls_message_row *row, vls_buf *body) {
  vls_talk_flush(call->core);
  if (!vls_message_get(call->core->store, n, row, body))
    return vls_call_fail(call, VLS_NOT_FOUND, "valise read", "there is no text number %llu",
                         (unsigned long long)n);
  return VLS_OK;
}

static vls_err check_is_text(vls_call *call, const vls_message_row *row) {
  static const char *const what[] = {"a reaction", "an edit", "a deletion"};
  if (row->kind <= VLS_REMARK_REPLY) return VLS_OK;
  size_t i = row->kind - VLS_REMARK_REACTION;
  return vls_call_fail(call, VLS_USAGE, "valise read", "number %llu is %s, not a text",
                       (unsigned long long)row->n, i < 3 ? what[i] : "something else");
}

static vls_err check_not_deleted(vls_call *call, uint64_t n) {
  vls_remark_row deletion;
  if (!vls_remarks_newest(call->core->store, n, VLS_REMARK_DELETE, &deletion)) return VLS_OK;
  return vls_call_fail(call, VLS_STATE, NULL, "text %llu was deleted", (unsigned long long)n);
}

static vls_err check_talk(vls_call *call, target *t) {
  t->peer = vls_peer_get(call->core, t->row.contact);
  t->circle = t->peer != NULL ? NULL : vls_circle_get(call->core, t->row.contact);
  if (t->circle != NULL) {
    vls_group_name(t->circle, t->name);
    return vls_call_may_say(call, t->circle);
  }
  if (t->peer == NULL || !vls_peer_visible(t->peer))
    return vls_call_fail(call, VLS_NOT_FOUND, "valise contact list",
                         "whoever text %llu was exchanged with is no contact any more",
                         (unsigned long long)t->row.n);
  const char *why = vls_peer_obstacle(t->peer);
  if (why != NULL) return vls_call_fail(call, VLS_STATE, NULL, "%s: %s", t->peer->row.name, why);
  if (t->peer->n_pending >= VLS_PENDING_MAX)
    return vls_call_fail(call, VLS_BUSY, NULL, "too much at once");
  (void)snprintf(t->name, sizeof t->name, "%s", t->peer->row.name);
  return VLS_OK;
}

static bool item_of(vls_core *core, target *t) {
  vls_event_memo memo = {0};
  uint8_t event[32];
  if (t->circle == NULL) {
    t->newest.seq = t->row.seq;
    return vls_item_id_of(core, &t->row, &memo, t->newest.to);
  }
  if (!vls_circle_event_of(core, t->circle, &t->row, event)) return false;
  vls_item_id(t->newest.to, event, t->row.idx);
  return true;
}

/* Others know a text by its item id, which it has once it is signed. */
static vls_err check_signed(vls_call *call, target *t) {
  if (item_of(call->core, t)) return VLS_OK;
  t->unsaid = t->row.state == VLS_MSG_QUEUED;
  return vls_call_fail(call, VLS_STATE, "valise outbox list",
                       t->unsaid ? "text %llu has not left yet: nobody knows of it"
                                 : "text %llu never left: nobody knows of it",
                       (unsigned long long)t->row.n);
}

/* Finds the text and whose talk it is of. With VLS_STATE and t->unsaid all of it but the item id is
 * there. */
static vls_err find(vls_call *call, uint64_t n, vls_remark_kind kind, target *t) {
  *t = (target){.newest = {.kind = kind, .about = n}};
  vls_buf_init(&t->body, VLS_TEXT_MAX);
  vls_err err = vls_call_text(call, n, &t->row, &t->body);
  if (err == VLS_OK) err = check_is_text(call, &t->row);
  if (err == VLS_OK && kind != VLS_REMARK_REPLY) err = check_not_deleted(call, n);
  if (err == VLS_OK) err = check_talk(call, t);
  if (err == VLS_OK) err = check_signed(call, t);
  return err;
}

static vls_err check_mine(vls_call *call, const target *t, const char *what) {
  if (t->row.state != VLS_MSG_RECEIVED) return VLS_OK;
  return vls_call_fail(call, VLS_STATE, NULL, "text %llu is theirs: only who wrote it can %s it",
                       (unsigned long long)t->row.n, what);
}

/* In a group whoever is above its author, from moderator on. */
static vls_err check_may_delete(vls_call *call, const target *t) {
  vls_core *core = call->core;
  const vls_peer *author = t->row.author == 0 ? NULL : vls_peer_get(core, t->row.author);
  if (t->circle == NULL || author == NULL) return check_mine(call, t, "delete");
  vls_remark_case facts = {.author = core->self.identity.pub,
                           .of = author->row.identity,
                           .level = vls_group_level(t->circle->group, core->self.identity.pub),
                           .level_of = vls_group_level(t->circle->group, author->row.identity)};
  if (vls_remark_counts(VLS_REMARK_DELETE, &facts)) return VLS_OK;
  return vls_call_fail(call, VLS_STATE, "valise group report N REASON",
                       "text %llu is theirs: it takes a moderator who is above them to delete it",
                       (unsigned long long)t->row.n);
}

/* Says it, whatever the clock: what is said later about one text is newer (GROUP 8.3). */
static uint64_t say(vls_core *core, target *t, vls_slice text) {
  vls_remark_row row = t->newest, before;
  uint64_t stamp = vls_core_wall(core);
  if (vls_remarks_newest_of(core->store, &row, VLS_REMARK_COUNTS, &before) &&
      before.stamp >= stamp && before.stamp < INT64_MAX)
    stamp = before.stamp + 1;
  row.n = row.tie = ++core->newest_n;
  row.talk = t->row.contact;
  row.stamp = stamp;
  vls_remarks_put(core->store, &row);
  *(t->peer != NULL ? &t->peer->remarks.any : &t->circle->remarks.any) = true;
  vls_saying saying = {.talk = row.talk, .circle = t->circle};
  vls_remark_settle(core, &saying, &row, t->row.n);
  vls_remark remark = {.kind = row.kind, .to = row.to, .seq = row.seq, .text = text};
  if (t->circle != NULL) vls_circle_remark(core, t->circle, &remark, stamp, row.n);
  if (t->circle != NULL && row.kind == VLS_REMARK_REPLY) vls_mentions_say(core, t->circle, text);
  if (t->circle == NULL) vls_outbound_remark(core, t->peer, row.kind, stamp, text, row.n);
  return row.n;
}

static vls_err answer(vls_call *call, const target *t, uint64_t n) {
  vls_rpc_remarked r = {.n = n, .about = t->row.n, .name = vls_slice_str(t->name)};
  return vls_call_put(call, &vls_rpc_remarked_def, &r);
}

vls_err vls_call_reply(vls_call *call, uint64_t about, vls_slice text, char *ret_name, size_t size,
                       uint64_t *ret_n) {
  target t;
  vls_err err = find(call, about, VLS_REMARK_REPLY, &t);
  if (err == VLS_OK && text.n > VLS_REMARK_WORDS)
    err =
        vls_call_fail(call, VLS_TOO_BIG, NULL, "a reply holds at most %d bytes", VLS_REMARK_WORDS);
  if (err == VLS_OK) *ret_n = say(call->core, &t, text);
  if (err == VLS_OK) (void)snprintf(ret_name, size, "%s", t.name);
  target_done(&t);
  return err;
}

/* The newest of mine says just that; `first` is what counts when there is none. */
static bool is_said(vls_core *core, const target *t, vls_slice first, vls_slice text) {
  vls_remark_row mine;
  vls_message_row said = {.body = first};
  vls_buf body;
  vls_buf_init(&body, VLS_TEXT_MAX);
  if (vls_remarks_newest_of(core->store, &t->newest, VLS_REMARK_COUNTS, &mine))
    (void)vls_message_get(core->store, mine.n, &said, &body);
  bool same = vls_slice_eq(said.body, text);
  vls_buf_done(&body);
  return same;
}

vls_err vls_cmd_react(vls_call *call) {
  const vls_rpc_react *p = call->params;
  target t;
  vls_err err = find(call, p->n, VLS_REMARK_REACTION, &t);
  if (err == VLS_OK) {
    err =
        answer(call, &t,
               is_said(call->core, &t, (vls_slice){0}, p->sign) ? 0 : say(call->core, &t, p->sign));
  }
  target_done(&t);
  return err;
}

vls_err vls_cmd_edit(vls_call *call) {
  const vls_rpc_edit *p = call->params;
  target t;
  vls_err err = find(call, p->n, VLS_REMARK_EDIT, &t);
  if (err == VLS_OK || t.unsaid) {
    vls_err mine = check_mine(call, &t, "edit");
    if (mine != VLS_OK) err = mine;
  }
  if (err == VLS_STATE && t.unsaid) {
    vls_message_reword(call->core->store, p->n, p->text);
    err = answer(call, &t, 0);
  } else if (err == VLS_OK) {
    err = answer(call, &t,
                 is_said(call->core, &t, t.row.body, p->text) ? 0 : say(call->core, &t, p->text));
  }
  target_done(&t);
  return err;
}

vls_err vls_cmd_delete(vls_call *call) {
  const vls_rpc_delete *p = call->params;
  vls_store *store = call->core->store;
  target t;
  vls_err err = find(call, p->n, VLS_REMARK_DELETE, &t);
  if (err == VLS_OK) err = check_may_delete(call, &t);
  if (err == VLS_STATE && t.unsaid) {
    vls_message_set(store, p->n, VLS_MSG_CANCELLED, 0, 0);
    vls_remarks_wipe(store, p->n);
    err = answer(call, &t, 0);
  } else if (err == VLS_OK) {
    err = answer(call, &t, say(call->core, &t, p->reason));
    if (t.peer != NULL && t.row.device == 0) vls_again_forget(call->core, t.peer, t.row.seq);
  }
  target_done(&t);
  return err;
}

/* --- reading --- */

/* Rows as they are found, until the frame is full. */
static vls_err put_rows(vls_call *call, const uint64_t *numbers, size_t n) {
  vls_buf all, body;
  vls_message_row row;
  vls_event_memo memo = {0};
  size_t put = 0;
  vls_buf *result = call->result;
  vls_buf_init(&all, VLS_RPC_FRAME_MAX - 4096);
  call->result = &all;
  for (size_t i = 0; i < n; i++) {
    size_t at = all.n;
    vls_buf_init(&body, VLS_TEXT_MAX);
    bool found = vls_message_get(call->core->store, numbers[i], &row, &body);
    vls_err err = found ? vls_put_message(call, &row, &memo) : VLS_NOT_FOUND;
    vls_buf_done(&body);
    if (err == VLS_OK) put++;
    if (err != VLS_OK) all.n = at;
    if (err != VLS_OK && err != VLS_NOT_FOUND) break;
  }
  call->result = result;
  vls_err err = vls_pack_array(result, put);
  if (err == VLS_OK) err = vls_buf_put_slice(result, vls_buf_slice(&all));
  vls_buf_done(&all);
  return err;
}

static vls_err find_shown(vls_call *call, uint64_t n) {
  vls_message_row row;
  vls_buf body;
  vls_buf_init(&body, VLS_TEXT_MAX);
  vls_err err = vls_call_text(call, n, &row, &body);
  if (err == VLS_OK) err = check_is_text(call, &row);
  vls_buf_done(&body);
  return err;
}

vls_err vls_cmd_remarks(vls_call *call) {
  const vls_rpc_remarks *p = call->params;
  uint64_t numbers[PAGE], after = p->after < INT64_MAX ? p->after : INT64_MAX;
  vls_err err = find_shown(call, p->n);
  if (err != VLS_OK) return err;
  return put_rows(call, numbers, vls_remarks_about(call->core->store, p->n, after, numbers, PAGE));
}

static int by_number(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

/* What answers one text, directly or not; the first texts of it when there are too many. */
static size_t gather(vls_store *store, uint64_t root, uint64_t numbers[THREAD_MAX]) {
  size_t n = 0, at = 0;
  vls_remark_row reply;
  numbers[n++] = root;
  for (; at < n; at++)
    for (uint64_t after = 0;
         n < THREAD_MAX && vls_remarks_next_reply(store, numbers[at], after, &reply);
         after = reply.n)
      if (reply.state == VLS_REMARK_COUNTS) numbers[n++] = reply.n;
  qsort(numbers, n, sizeof numbers[0], by_number);
  return n;
}

vls_err vls_cmd_thread(vls_call *call) {
  const vls_rpc_remarks *p = call->params;
  vls_store *store = call->core->store;
  uint64_t numbers[THREAD_MAX], root = p->n;
  vls_remark_row row;
  vls_err err = find_shown(call, p->n);
  if (err != VLS_OK) return err;
  for (unsigned i = 0; i < UP_MAX && vls_remarks_get(store, root, &row); i++) {
    if (row.kind != VLS_REMARK_REPLY || row.about == 0) break;
    root = row.about;
  }
  size_t n = gather(store, root, numbers), from = 0;
  while (p->has_after && from < n && numbers[from] <= p->after)
    from++;
  return put_rows(call, numbers + from, n - from);
}
