#include "core/remarks.h"

#include <stdio.h>

#include "base/assert.h"
#include "content/bodies.h"
#include "core/circle.h"
#include "core/events.h"
#include "crypto/kdf.h"
#include "event/event.h"

enum { DEVICES_MAX = 64 /* of one talk, in which a text is looked for */ };

static vls_remark_memo *memo_of(vls_core *core, uint64_t talk) {
  vls_peer *peer = vls_peer_get(core, talk);
  vls_circle *circle = peer != NULL ? NULL : vls_circle_get(core, talk);
  vls_remark_memo *memo = peer != NULL ? &peer->remarks : circle != NULL ? &circle->remarks : NULL;
  if (memo == NULL || memo->is_known) return memo;
  *memo = (vls_remark_memo){.is_known = true, .any = vls_remarks_any(core->store, talk)};
  if (memo->any) memo->waiting = vls_remarks_waiting(core->store, talk);
  return memo;
}

/* --- finding the text --- */

static uint64_t find_in_event(vls_core *core, uint64_t talk, uint64_t device, uint64_t seq,
                              const uint8_t to[32]) {
  vls_event_header header;
  vls_buf bytes;
  uint8_t hash[32], id[32];
  uint64_t n = 0;
  vls_buf_init(&bytes, vls_event_header_def.max_bytes);
  if (vls_event_get(core->store, talk, device, seq, &bytes, NULL) &&
      vls_wire_decode(&vls_event_header_def, VLS_WIRE_STRICT, vls_buf_slice(&bytes), &header,
                      NULL) == VLS_OK) {
    vls_sha256(hash, vls_buf_slice(&bytes));
    for (size_t i = 0; i < header.n_items && n == 0; i++) {
      vls_item_id(id, hash, i);
      if (memcmp(id, to, 32) == 0) n = vls_message_at(core->store, talk, device, seq, i);
    }
  }
  vls_buf_done(&bytes);
  return n;
}

/* By the tag of its id, and then by all of it. */
static uint64_t find_in_group(vls_core *core, const vls_circle *circle, const uint8_t to[32]) {
  vls_message_row row;
  vls_gevent_row event;
  uint8_t id[32];
  uint64_t n = 0;
  for (unsigned i = 0; i < DEVICES_MAX; i++) {
    vls_buf body;
    n = vls_message_by_item(core->store, circle->row.id, vls_tag(to), n);
    if (n == 0) return 0;
    vls_buf_init(&body, VLS_TEXT_MAX);
    bool found = vls_message_get(core->store, n, &row, &body) &&
                 vls_gevent_of_text(core->store, row.contact, row.device, row.seq, n, &event, NULL);
    vls_buf_done(&body);
    if (found) vls_item_id(id, event.id, row.idx);
    if (!found || memcmp(id, to, 32) == 0) return n; /* its event is just coming */
  }
  return 0;
}

uint64_t vls_remark_find(vls_core *core, uint64_t talk, const uint8_t to[32], uint64_t seq) {
  uint64_t device = 0, n = 0;
  const vls_circle *circle = vls_peer_get(core, talk) == NULL ? vls_circle_get(core, talk) : NULL;
  if (circle != NULL) return find_in_group(core, circle, to);
  if (seq == 0) return 0;
  for (unsigned i = 0; i < DEVICES_MAX && n == 0; i++, device++) {
    if (!vls_event_device(core->store, talk, device, &device)) break;
    n = find_in_event(core, talk, device, seq, to);
  }
  return n;
}

/* --- what a remark does --- */

static bool is_newer(const vls_remark_row *a, const vls_remark_row *b) {
  if (a->stamp != b->stamp) return a->stamp > b->stamp;
  return a->tie != b->tie ? a->tie > b->tie : a->n > b->n;
}

/* Of one citizen's remarks of this kind only the newest counts. */
static vls_remark_state count_alone(vls_core *core, const vls_remark_row *row) {
  vls_remark_row other;
  if (!vls_remarks_newest_of(core->store, row, VLS_REMARK_COUNTS, &other)) return VLS_REMARK_COUNTS;
  if (!is_newer(row, &other)) return VLS_REMARK_PAST;
  vls_remarks_set(core->store, other.n, other.about, VLS_REMARK_PAST);
  return VLS_REMARK_COUNTS;
}

static vls_remark_state count_edit(vls_core *core, const vls_remark_row *row) {
  vls_remark_row other;
  if (vls_remarks_newest(core->store, row->about, VLS_REMARK_DELETE, &other)) {
    vls_message_reword(core->store, row->n, (vls_slice){0});
    return VLS_REMARK_VOID;
  }
  if (vls_remarks_count(core->store, row->about, VLS_REMARK_EDIT) < VLS_REMARK_EDITS)
    return VLS_REMARK_COUNTS;
  if (!vls_remarks_oldest(core->store, row->about, VLS_REMARK_EDIT, &other) ||
      !is_newer(row, &other))
    return VLS_REMARK_PAST;
  vls_remarks_set(core->store, other.n, other.about, VLS_REMARK_PAST);
  return VLS_REMARK_COUNTS;
}

static void forget_event(vls_core *core, uint64_t talk, uint64_t n) {
  vls_message_row text;
  vls_gevent_row event;
  vls_buf body;
  vls_buf_init(&body, VLS_TEXT_MAX);
  if (vls_message_get(core->store, n, &text, &body) && text.seq != 0 &&
      vls_gevent_of_text(core->store, talk, text.device, text.seq, n, &event, NULL))
    vls_gevent_replace(core->store, event.n, vls_slice_str(""));
  vls_buf_done(&body);
}

/* The events of a group hold its words, too. Nobody is given them by letter from here any more. */
static void forget_events(vls_core *core, const vls_remark_row *deletion) {
  uint64_t edits[4 * VLS_REMARK_EDITS];
  if (vls_peer_get(core, deletion->talk) != NULL) return;
  forget_event(core, deletion->talk, deletion->about);
  size_t n = vls_remarks_edits(core->store, deletion->about, edits, 4 * VLS_REMARK_EDITS);
  for (size_t i = 0; i < n; i++)
    forget_event(core, deletion->talk, edits[i]);
}

static vls_remark_state count_one(vls_core *core, const vls_remark_row *row) {
  switch (row->kind) {
  case VLS_REMARK_REACTION: return count_alone(core, row);
  case VLS_REMARK_EDIT: return count_edit(core, row);
  case VLS_REMARK_DELETE:
    forget_events(core, row);
    vls_remarks_wipe(core->store, row->about);
    return count_alone(core, row);
  case VLS_REMARK_REPLY:
  case VLS_REMARK_MENTION: break;
  }
  return VLS_REMARK_COUNTS;
}

static const uint8_t *identity_of(vls_core *core, uint64_t author) {
  vls_peer *peer = author == 0 ? NULL : vls_peer_get(core, author);
  return peer == NULL ? core->self.identity.pub : peer->row.identity;
}

static bool may_say(vls_core *core, const vls_saying *s, vls_remark_kind kind,
                    const vls_message_row *text) {
  uint64_t of = 0;
  if (text->state == VLS_MSG_RECEIVED) of = s->circle == NULL ? text->contact : text->author;
  vls_remark_case facts = {.author = identity_of(core, s->author), .of = identity_of(core, of)};
  if (s->circle != NULL && s->circle->group != NULL && s->hash != NULL) {
    facts.level = vls_group_level_of_then(s->circle->group, s->hash, facts.author);
    facts.level_of = vls_group_level_of_then(s->circle->group, s->hash, facts.of);
  } else if (s->circle != NULL && s->circle->group != NULL) { /* it is said now */
    facts.level = vls_group_level(s->circle->group, facts.author);
    facts.level_of = vls_group_level(s->circle->group, facts.of);
  }
  return vls_remark_counts(kind, &facts);
}

void vls_remark_settle(vls_core *core, const vls_saying *s, vls_remark_row *row, uint64_t about) {
  vls_message_row text;
  vls_buf body;
  vls_buf_init(&body, VLS_TEXT_MAX);
  bool found = vls_message_get(core->store, about, &text, &body);
  vls_buf_done(&body);
  row->about = about;
  row->state = VLS_REMARK_VOID; /* what is said about a reaction, an edit or a deletion */
  if (found && text.kind <= VLS_REMARK_REPLY && may_say(core, s, row->kind, &text))
    row->state = count_one(core, row);
  vls_remarks_set(core->store, row->n, about, row->state);
}

/* --- coming in --- */

static void wait_for_text(vls_core *core, vls_remark_memo *memo, uint64_t talk) {
  if (memo == NULL) return;
  if (memo->waiting >= VLS_REMARKS_WAITING)
    vls_remarks_give_up(core->store, talk);
  else
    memo->waiting++;
}

/* Which text it is about, and what it does there. */
static void place(vls_core *core, const vls_saying *s, vls_remark_row *row) {
  vls_remark_memo *memo = memo_of(core, s->talk);
  uint64_t about = vls_remark_find(core, s->talk, row->to, row->seq);
  vls_remarks_put(core->store, row);
  if (memo != NULL) memo->any = true;
  if (about != 0)
    vls_remark_settle(core, s, row, about);
  else
    wait_for_text(core, memo, s->talk);
}

static uint64_t tag_of(const vls_saying *s) {
  uint8_t id[32];
  if (s->circle == NULL) return 0;
  vls_item_id(id, s->hash, s->idx);
  return vls_tag(id);
}

vls_err vls_remark_take(vls_core *core, const vls_saying *s, const vls_item *item,
                        uint64_t *ret_n) {
  vls_remark remark;
  vls_err err = vls_remark_read(&remark, item);
  if (err == VLS_OK && remark.kind == VLS_REMARK_MENTION) err = VLS_NOT_FOUND;
  if (err != VLS_OK) return err;
  vls_message_row text = {.n = ++core->newest_n,
                          .contact = s->talk,
                          .state = s->state,
                          .device = s->device,
                          .seq = s->seq,
                          .idx = s->idx,
                          .stamp = s->stamp,
                          .at = vls_core_wall(core),
                          .author = s->circle == NULL ? 0 : s->author,
                          .item = tag_of(s),
                          .kind = remark.kind,
                          .body = remark.text};
  vls_message_put(core->store, &text);
  vls_remark_row row = {.n = text.n,
                        .talk = s->talk,
                        .kind = remark.kind,
                        .author = s->author,
                        .stamp = s->stamp,
                        .tie = s->circle == NULL ? text.n : text.item,
                        .seq = remark.seq};
  memcpy(row.to, remark.to, 32);
  place(core, s, &row);
  if (remark.kind == VLS_REMARK_REPLY) vls_remark_text_came(core, s, text.n);
  *ret_n = text.n;
  return VLS_OK;
}

/* It came before its text, or its text came back: people are told of it now. */
static void tell_late(vls_core *core, uint64_t talk, const vls_remark_row *row) {
  if (row->state != VLS_REMARK_COUNTS || row->author == 0 || row->kind == VLS_REMARK_REPLY) return;
  vls_feed_add_talk(core, VLS_FEED_MESSAGE, talk, row->n, row->n, "");
}

/* The event of a remark that waited, in a group: by what it names it is judged. */
static bool event_of(vls_core *core, const vls_remark_row *remark, uint8_t ret_id[32]) {
  vls_message_row row;
  vls_gevent_row event;
  vls_buf body;
  vls_buf_init(&body, VLS_TEXT_MAX);
  bool found =
      vls_message_get(core->store, remark->n, &row, &body) &&
      vls_gevent_of_text(core->store, remark->talk, row.device, row.seq, row.n, &event, NULL);
  vls_buf_done(&body);
  memset(ret_id, 0, 32);
  if (found) memcpy(ret_id, event.id, 32);
  return found;
}

bool vls_remark_text_came(vls_core *core, const vls_saying *s, uint64_t n) {
  vls_remark_memo *memo = memo_of(core, s->talk);
  vls_remark_row row;
  uint8_t id[32], event[32];
  bool is_deleted = false;
  if (memo == NULL || memo->waiting == 0) return true;
  vls_item_id(id, s->hash, s->idx);
  while (memo->waiting > 0 && vls_remarks_waiting_for(core->store, s->talk, id, &row)) {
    vls_saying by = *s;
    by.author = row.author;
    if (s->circle != NULL && event_of(core, &row, event)) by.hash = event;
    memo->waiting--;
    vls_remark_settle(core, &by, &row, n);
    is_deleted = is_deleted || (row.kind == VLS_REMARK_DELETE && row.state == VLS_REMARK_COUNTS);
    tell_late(core, s->talk, &row);
  }
  return !is_deleted;
}

void vls_remark_gone(vls_core *core, uint64_t talk, uint64_t n) {
  vls_remark_memo *memo = memo_of(core, talk);
  if (memo == NULL || !memo->any) return;
  vls_remark_take_back(core, n);
  vls_remarks_drop(core->store, n);
  memo->waiting += vls_remarks_orphan(core->store, n);
}

void vls_remark_take_back(vls_core *core, uint64_t n) {
  vls_remark_row row, before;
  if (!vls_remarks_get(core->store, n, &row)) return;
  vls_remark_memo *memo = memo_of(core, row.talk);
  if (row.state == VLS_REMARK_WAITS && memo != NULL && memo->waiting > 0) memo->waiting--;
  vls_remarks_set(core->store, n, row.about, VLS_REMARK_VOID);
  if (row.state == VLS_REMARK_COUNTS && row.kind == VLS_REMARK_REACTION &&
      vls_remarks_newest_of(core->store, &row, VLS_REMARK_PAST, &before))
    vls_remarks_set(core->store, before.n, before.about, VLS_REMARK_COUNTS);
}

/* --- going out --- */

uint64_t vls_remark_item_kind(const vls_message_row *row) {
  return row->kind == 0 ? VLS_ITEM_TEXT : row->kind;
}

vls_err vls_remark_body(vls_core *core, const vls_message_row *row, vls_buf *out) {
  vls_remark_row about;
  if (row->kind == 0) return vls_body_text(out, row->body);
  if (!vls_remarks_get(core->store, row->n, &about)) return VLS_NOT_FOUND;
  vls_remark remark = {.kind = about.kind, .to = about.to, .seq = about.seq, .text = row->body};
  return vls_remark_put(out, &remark);
}

/* --- showing --- */

static void look_at_deletion(vls_core *core, vls_message_row *row, vls_remark_view *v) {
  vls_message_row said;
  vls_buf reason;
  v->is_deleted = vls_remarks_oldest(core->store, row->n, VLS_REMARK_DELETE, &v->deletion);
  if (!v->is_deleted) return;
  vls_buf_init(&reason, VLS_TEXT_MAX);
  if (vls_message_get(core->store, v->deletion.n, &said, &reason))
    snprintf(v->reason, sizeof v->reason, "%.*s", (int)said.body.n, (const char *)said.body.p);
  vls_buf_done(&reason);
  row->body = (vls_slice){0};
}

static void look_at_edits(vls_core *core, vls_message_row *row, vls_remark_view *v) {
  vls_remark_row newest;
  vls_message_row said;
  if (v->is_deleted || !vls_remarks_newest(core->store, row->n, VLS_REMARK_EDIT, &newest)) return;
  v->edits = vls_remarks_count(core->store, row->n, VLS_REMARK_EDIT);
  if (vls_message_get(core->store, newest.n, &said, &v->words)) row->body = said.body;
}

void vls_remark_look(vls_core *core, vls_message_row *row, vls_remark_view *ret) {
  const vls_remark_memo *memo = memo_of(core, row->contact);
  *ret = (vls_remark_view){0};
  vls_buf_init(&ret->words, VLS_TEXT_MAX);
  if (memo == NULL || !memo->any) return;
  if (row->kind != 0) ret->is_about = vls_remarks_get(core->store, row->n, &ret->remark);
  if (row->kind > VLS_REMARK_REPLY) return;
  look_at_deletion(core, row, ret);
  look_at_edits(core, row, ret);
  ret->n_signs = vls_remarks_tally(core->store, row->n, ret->signs, &ret->reactions);
}

void vls_remark_view_done(vls_remark_view *view) {
  vls_buf_done(&view->words);
}

const char *vls_remark_kind_name(unsigned kind) {
  switch ((int)kind) {
  case VLS_REMARK_REPLY: return "reply";
  case VLS_REMARK_REACTION: return "reaction";
  case VLS_REMARK_EDIT: return "edit";
  case VLS_REMARK_DELETE: return "delete";
  default: return NULL;
  }
}
