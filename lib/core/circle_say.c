/* What people say here: joined into events at the end of the batch. */
#include <stdlib.h>

#include "base/assert.h"
#include "content/bodies.h"
#include "core/circle.h"
#include "core/circle_members.h"
#include "core/remarks.h"
#include "event/event.h"

void vls_circle_item(vls_core *core, vls_circle *circle, uint64_t kind, vls_slice body,
                     uint64_t n) {
  if (circle->n_words == circle->cap_words) {
    circle->cap_words = circle->cap_words == 0 ? 8 : circle->cap_words * 2;
    circle->words = vls_realloc(circle->words, circle->cap_words * sizeof *circle->words);
  }
  vls_circle_word *word = &circle->words[circle->n_words++];
  *word = (vls_circle_word){.n = n, .kind = kind, .stamp = vls_core_wall(core)};
  vls_buf_init(&word->body, VLS_RECORD_MAX);
  vls_err err = vls_buf_put_slice(&word->body, body);
  VLS_ASSERT(err == VLS_OK);
  vls_circle_touch(core, circle);
}

void vls_circle_remark(vls_core *core, vls_circle *circle, const vls_remark *remark, uint64_t stamp,
                       uint64_t n) {
  vls_buf body;
  vls_buf_init(&body, VLS_RECORD_MAX);
  vls_err err = vls_remark_put(&body, remark);
  VLS_ASSERT(err == VLS_OK);
  vls_circle_item(core, circle, remark->kind, vls_buf_slice(&body), n);
  circle->words[circle->n_words - 1].stamp = stamp;
  vls_buf_done(&body);
}

void vls_circle_text(vls_core *core, vls_circle *circle, vls_slice text, uint64_t n) {
  vls_buf body;
  vls_buf_init(&body, VLS_RECORD_MAX);
  vls_err err = vls_body_text(&body, text);
  VLS_ASSERT(err == VLS_OK);
  vls_circle_item(core, circle, VLS_ITEM_TEXT, vls_buf_slice(&body), n);
  circle->last_said = vls_core_wall(core);
  vls_buf_done(&body);
}

bool vls_circle_speaks(vls_circle *circle) {
  return circle->group != NULL && vls_group_is_member(circle->group) &&
         vls_group_has_keys(circle->group);
}

/* What one event will hold. */
typedef struct batch {
  vls_item items[VLS_EVENT_ITEMS];
  uint64_t numbers[VLS_EVENT_ITEMS];
  size_t n, bytes;
  uint64_t stamp; /* no remark is older than the one before it (GROUP 8.3) */
} batch;

static bool has_room(const vls_core *core, const batch *b, size_t bytes, bool joined) {
  if (b->n == 0) return true;
  unsigned most = joined ? VLS_EVENT_ITEMS : core->items_per_event;
  return b->n < most && b->bytes + bytes + 8 <= VLS_EVENT_BODY;
}

static void add(batch *b, uint64_t kind, vls_slice body, uint64_t n) {
  b->items[b->n] = (vls_item){kind, body};
  b->numbers[b->n++] = n;
  b->bytes += body.n + 8;
}

/* The rules do not let this member speak; whatever else stands against it may pass. */
static bool is_barred(vls_core *core, vls_circle *circle) {
  vls_group_rules rules;
  vls_buf name;
  vls_buf_init(&name, VLS_NAME_MAX);
  bool barred = vls_group_rules_now(circle->group, &rules, &name) == VLS_OK &&
                vls_group_level(circle->group, core->self.identity.pub) < rules.post;
  vls_buf_done(&name);
  return barred;
}

/* Says it. VLS_STATE: not permitted; VLS_AGAIN: not now. The texts' numbers are known to the event.
 */
static vls_err say(vls_core *core, vls_circle *circle, const batch *b) {
  circle->said_first = circle->said_last = 0;
  for (size_t i = 0; i < b->n; i++) {
    if (b->numbers[i] == 0) continue;
    if (circle->said_first == 0) circle->said_first = b->numbers[i];
    circle->said_last = b->numbers[i];
  }
  uint64_t now = b->stamp > vls_core_wall(core) ? b->stamp : vls_core_wall(core);
  vls_err err = vls_group_say(circle->group, b->items, b->n, &core->rng, now, NULL);
  vls_circle_settle(core, circle);
  return err == VLS_STATE && !is_barred(core, circle) ? VLS_AGAIN : err;
}

/* What everybody has of it alike. */
static void know_event(const vls_circle *circle, vls_message_row *row) {
  uint8_t id[32];
  vls_item_id(id, circle->said_id, row->idx);
  row->item = vls_tag(id);
  row->stamp = circle->said_stamp;
}

static void put_message(vls_core *core, const vls_circle *circle, const vls_circle_word *word,
                        vls_message_state state, uint64_t seq, size_t idx) {
  vls_item item = {word->kind, vls_buf_slice(&word->body)};
  vls_slice text = vls_circle_text_of(&item);
  vls_remark remark;
  unsigned kind = 0;
  if (word->n == 0) return;
  if (vls_remark_read(&remark, &item) == VLS_OK) {
    text = remark.text;
    kind = remark.kind;
  }
  vls_message_row row = {.n = word->n,
                         .contact = circle->row.id,
                         .state = state,
                         .seq = seq,
                         .idx = idx,
                         .stamp = word->stamp,
                         .at = word->stamp,
                         .kind = kind,
                         .body = text};
  if (state == VLS_MSG_SENT) know_event(circle, &row);
  vls_message_put(core->store, &row);
}

/* A text that was queued is in an event now. */
static void put_said(vls_core *core, const vls_circle *circle, uint64_t n, size_t idx) {
  vls_message_row row;
  vls_buf body;
  vls_buf_init(&body, VLS_TEXT_MAX);
  if (vls_message_get(core->store, n, &row, &body)) {
    row.state = VLS_MSG_SENT;
    row.seq = circle->said_seq;
    row.idx = idx;
    know_event(circle, &row);
    vls_message_drop(core->store, n);
    vls_message_put(core->store, &row);
  }
  vls_buf_done(&body);
}

static void drop_words(vls_circle *circle, size_t n) {
  if (n == 0) return;
  for (size_t i = 0; i < n; i++)
    vls_buf_done(&circle->words[i].body);
  circle->n_words -= n;
  memmove(circle->words, circle->words + n, circle->n_words * sizeof *circle->words);
}

/* One event of what was written. */
static void say_words(vls_core *core, vls_circle *circle) {
  batch *b = vls_calloc(1, sizeof *b);
  while (b->n < circle->n_words) {
    const vls_circle_word *word = &circle->words[b->n];
    if (!has_room(core, b, word->body.n, word->n == 0)) break;
    add(b, word->kind, vls_buf_slice(&word->body), word->n);
    if (word->kind != VLS_ITEM_TEXT && word->stamp > b->stamp) b->stamp = word->stamp;
  }
  vls_err err = say(core, circle, b);
  vls_message_state state = err == VLS_OK      ? VLS_MSG_SENT
                            : err == VLS_STATE ? VLS_MSG_FAILED
                                               : VLS_MSG_QUEUED;
  for (size_t i = 0; i < b->n; i++)
    put_message(core, circle, &circle->words[i], state, err == VLS_OK ? circle->said_seq : 0, i);
  if (state == VLS_MSG_QUEUED) circle->has_queued = true;
  drop_words(circle, b->n);
  free(b);
}

/* Texts that waited in the store. False: they wait on. */
static bool say_queued(vls_core *core, vls_circle *circle) {
  vls_message_query query = {
      .contact = circle->row.id, .queued = true, .oldest_first = true, .limit = VLS_EVENT_ITEMS};
  vls_message_row row;
  vls_buf bodies;
  size_t ends[VLS_EVENT_ITEMS], n_lost = 0;
  uint64_t lost[VLS_EVENT_ITEMS];
  batch *b = vls_calloc(1, sizeof *b);
  vls_buf_init(&bodies, 2 * VLS_EVENT_BODY);
  while (vls_message_next(core->store, &query, &row)) {
    if (!has_room(core, b, row.body.n + 64, false)) {
      vls_message_end(&query);
      break;
    }
    if (vls_remark_body(core, &row, &bodies) != VLS_OK) { /* it speaks of nothing any more */
      lost[n_lost++] = row.n;
      continue;
    }
    ends[b->n] = bodies.n;
    add(b, vls_remark_item_kind(&row), (vls_slice){NULL, row.body.n}, row.n);
    if (row.kind != 0 && row.stamp > b->stamp) b->stamp = row.stamp;
  }
  for (size_t i = 0, at = 0; i < b->n; at = ends[i++])
    b->items[i].body = vls_slice_of(bodies.p + at, ends[i] - at);
  circle->has_queued = b->n + n_lost > 0;
  vls_err err = b->n == 0 ? VLS_OK : say(core, circle, b);
  for (size_t i = 0; i < b->n && err == VLS_OK; i++)
    put_said(core, circle, b->numbers[i], i);
  for (size_t i = 0; i < b->n && err == VLS_STATE; i++)
    vls_message_set(core->store, b->numbers[i], VLS_MSG_FAILED, 0, 0);
  for (size_t i = 0; i < n_lost; i++)
    vls_message_set(core->store, lost[i], VLS_MSG_FAILED, 0, 0);
  vls_buf_done(&bodies);
  free(b);
  return err == VLS_OK || err == VLS_STATE;
}

/* Texts wait in the store, what is no text goes. */
static void store_words(vls_core *core, vls_circle *circle) {
  for (size_t i = 0; i < circle->n_words; i++)
    put_message(core, circle, &circle->words[i], VLS_MSG_QUEUED, 0, 0);
  circle->has_queued = circle->has_queued || circle->n_words > 0;
  drop_words(circle, circle->n_words);
}

static void pump(vls_core *core, vls_circle *circle) {
  if (circle->n_words == 0 && !circle->has_queued) return;
  bool open = vls_circle_speaks(circle);
  while (open && circle->has_queued)
    open = say_queued(core, circle);
  while (open && circle->n_words > 0)
    say_words(core, circle);
  store_words(core, circle);
  circle->said_first = circle->said_last = 0;
}

void vls_circle_flush_words(vls_core *core) {
  for (size_t i = 0; i < core->n_busy_circles; i++)
    pump(core, core->busy_circles[i]);
}

void vls_circles_seal(vls_core *core) {
  for (size_t i = 0; i < core->n_busy_circles; i++)
    vls_circle_stand(core, core->busy_circles[i]);
  if (core->members_moved) vls_circle_members(core);
  if (core->wiring_moved) vls_circle_wire(core);
  vls_circle_cards_tell(core);
  for (size_t i = 0; i < core->n_busy_circles; i++) {
    vls_circle *circle = core->busy_circles[i];
    pump(core, circle);
    vls_circle_plan(core, circle);
    vls_circle_flush(core, circle);
    circle->listed = false;
  }
  core->n_busy_circles = 0;
}
