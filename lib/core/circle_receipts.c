/* Receipts of a group (GROUP 7.8): what this node holds is said, and who holds what it said is
 * counted. They are no events: of each device the newest counts, and is passed on to whoever was
 * not given it. */
#include <stdlib.h>

#include "base/assert.h"
#include "core/circle_pass.h"
#include "store/group_pass.h"

enum { NOTE_RECEIPT = 2, HELD_MAX = 64, NEWS_MAX = 256 };

/* Receipts are given while the group is small enough for everybody to hear everybody's. */
static bool gives(vls_circle *circle) {
  vls_group_seat seat;
  return !vls_group_seat_at(circle->group, VLS_CIRCLE_RECEIPTS, &seat);
}

static vls_circle_receipt *find(const vls_circle_pass *pass, const uint8_t device[32]) {
  for (size_t i = 0; i < pass->n_receipts; i++)
    if (memcmp(pass->receipts[i].device, device, 32) == 0) return &pass->receipts[i];
  return NULL;
}

/* A place for one more: that of a device which is gone, when there are many. */
static vls_circle_receipt *add(vls_circle *circle) {
  vls_circle_pass *pass = circle->pass;
  uint32_t leaf;
  for (size_t i = 0; i < pass->n_receipts && pass->n_receipts >= 4 * VLS_CIRCLE_RECEIPTS; i++)
    if (!vls_group_seat_of(circle->group, pass->receipts[i].device, &leaf))
      return &pass->receipts[i];
  if (pass->n_receipts == pass->cap_receipts) {
    pass->cap_receipts = pass->cap_receipts == 0 ? 8 : pass->cap_receipts * 2;
    pass->receipts = vls_realloc(pass->receipts, pass->cap_receipts * sizeof *pass->receipts);
  }
  return &pass->receipts[pass->n_receipts++];
}

/* Numbers are those of a peer: up to the last there is. Behind a gap a new run begins, and what was
 * covered stays so. */
static void grow(vls_circle_receipt *r, const vls_group_held *held) {
  bool joins = r->to != 0 && held->from - 1 <= r->to && r->from - 1 <= held->to;
  if (!joins && r->to != 0) {
    r->before_from = r->from;
    r->before_to = r->to;
  }
  if (!joins || held->from < r->from) r->from = held->from;
  if (!joins || held->to > r->to) r->to = held->to;
}

/* What is known of a device grows by what its receipt says of mine. NULL: nobody's device. */
static vls_circle_receipt *note(vls_circle *circle, const vls_group_receipt *said) {
  vls_circle_pass *pass = circle->pass;
  vls_circle_receipt *r = find(pass, said->device);
  if (r == NULL) {
    const uint8_t *owner = vls_group_owner(circle->group, said->device);
    if (owner == NULL) return NULL;
    r = add(circle);
    *r = (vls_circle_receipt){0};
    memcpy(r->device, said->device, 32);
    memcpy(r->identity, owner, 32);
  }
  r->made = said->made;
  r->order = ++pass->order;
  for (size_t i = 0; i < said->n_held; i++) {
    const vls_group_held *held = &said->held[i];
    if (!vls_group_run_is_mine(circle->group, held)) continue;
    grow(r, held);
  }
  return r;
}

static void load(vls_core *core, vls_circle *circle) {
  vls_circle_pass *pass = vls_circle_pass_of(circle);
  if (pass->receipts_loaded) return;
  pass->receipts_loaded = true;
  vls_gnote_row row = {0};
  vls_group_receipt *said = vls_calloc(1, sizeof *said);
  vls_signed s;
  vls_buf body;
  uint8_t after[32];
  bool any = false;
  vls_buf_init(&body, vls_group_note_def.max_bytes);
  while (
      vls_gnote_next(core->store, circle->row.id, NOTE_RECEIPT, any ? after : NULL, &row, &body)) {
    any = true;
    memcpy(after, row.who, sizeof after);
    if (vls_signed_parse(&s, row.body) == VLS_OK &&
        vls_wire_decode(&vls_group_receipt_def, VLS_WIRE_STRICT, s.body, said, NULL) == VLS_OK)
      note(circle, said);
    vls_buf_clear(&body);
  }
  vls_buf_done(&body);
  free(said);
}

static void send_note(vls_core *core, vls_circle *circle, vls_conn *conn, vls_slice receipt) {
  vls_group_note note = {.what = NOTE_RECEIPT, .body = receipt};
  vls_buf body;
  vls_buf_init(&body, vls_group_note_def.max_bytes);
  if (vls_wire_encode(&vls_group_note_def, &note, &body) == VLS_OK)
    vls_circle_send(core, circle, conn, VLS_GROUP_FRAME_NOTE, vls_buf_slice(&body));
  vls_buf_done(&body);
}

static bool keep(vls_core *core, vls_circle *circle, const uint8_t device[32], uint64_t made,
                 vls_slice receipt) {
  vls_gnote_row row = {.what = NOTE_RECEIPT, .version = made, .body = receipt};
  memcpy(row.who, device, 32);
  return vls_gnote_put(core->store, circle->row.id, &row);
}

/* Counting */

static bool covers(const vls_circle_receipt *r, uint64_t seq) {
  return (r->to != 0 && seq >= r->from && seq <= r->to) ||
         (r->before_to != 0 && seq >= r->before_from && seq <= r->before_to);
}

static bool has_it(const vls_circle_pass *pass, uint64_t seq, const uint8_t identity[32],
                   const uint8_t *but_device) {
  for (size_t i = 0; i < pass->n_receipts; i++) {
    const vls_circle_receipt *r = &pass->receipts[i];
    if (but_device != NULL && memcmp(r->device, but_device, 32) == 0) continue;
    if (memcmp(r->identity, identity, 32) == 0 && covers(r, seq)) return true;
  }
  return false;
}

bool vls_circle_delivered_to(vls_core *core, vls_circle *circle, uint64_t seq,
                             const uint8_t identity[32]) {
  load(core, circle);
  return has_it(circle->pass, seq, identity, NULL);
}

bool vls_circle_delivery(vls_core *core, vls_circle *circle, uint64_t seq, uint64_t *ret_got,
                         uint64_t *ret_of) {
  vls_gevent_row event;
  if (circle->group == NULL || !gives(circle)) return false;
  if (!vls_gevent_by_seq(core->store, circle->row.id, 0, seq, &event, NULL)) return false;
  load(core, circle);
  uint8_t(*who)[32] = vls_calloc(VLS_GROUP_CITIZENS, 32);
  size_t n = vls_group_members_then(circle->group, event.id, who);
  if (n == 0) n = vls_group_members(circle->group, who); /* of long ago */
  *ret_got = *ret_of = 0;
  for (size_t i = 0; i < n; i++) {
    if (memcmp(who[i], core->self.identity.pub, 32) == 0) continue;
    ++*ret_of;
    *ret_got += has_it(circle->pass, seq, who[i], NULL) ? 1 : 0;
  }
  free(who);
  return true;
}

/* People are told once all have a text: of those that this receipt covers first. */
static void tell(vls_core *core, vls_circle *circle, const vls_circle_receipt *r, uint64_t from,
                 uint64_t to) {
  vls_gevent_row event;
  uint64_t got, of, first = 0, last = 0;
  if (r->to == 0) return;
  uint64_t n = r->to - r->from < NEWS_MAX ? r->to - r->from + 1 : NEWS_MAX;
  for (uint64_t i = n; i-- > 0;) {
    uint64_t seq = r->to - i;
    if (to != 0 && seq >= from && seq <= to) continue; /* known before */
    if (has_it(circle->pass, seq, r->identity, r->device)) continue;
    if (!vls_gevent_by_seq(core->store, circle->row.id, 0, seq, &event, NULL)) continue;
    if (event.is_act || event.first == 0) continue;
    if (!vls_circle_delivery(core, circle, seq, &got, &of) || got < of || of == 0) continue;
    if (first == 0) first = event.first;
    last = event.last;
  }
  if (first != 0) vls_feed_add_talk(core, VLS_FEED_DELIVERED, circle->row.id, first, last, "");
}

/* Hearing and saying */

bool vls_circle_receipt_take(vls_core *core, vls_circle *circle, vls_circle_link *link,
                             vls_slice receipt) {
  uint32_t leaf;
  vls_group_receipt *said = vls_calloc(1, sizeof *said);
  load(core, circle);
  bool news = false;
  vls_err err = vls_group_receipt_check(said, receipt, circle->row.gid);
  bool mine = err == VLS_OK && memcmp(said->device, core->self.device.pub, 32) == 0;
  if (err == VLS_OK && !mine && gives(circle) &&
      vls_group_seat_of(circle->group, said->device, &leaf) &&
      keep(core, circle, said->device, said->made, receipt)) {
    const vls_circle_receipt *before = find(circle->pass, said->device);
    uint64_t from = before == NULL ? 0 : before->from, to = before == NULL ? 0 : before->to;
    const vls_circle_receipt *now = note(circle, said);
    if (now != NULL) tell(core, circle, now, from, to);
    news = true;
  } else if (err != VLS_OK) {
    vls_core_log(core, VLS_NOTICE, "receipt refused group=%llu contact=%llu error=%s",
                 (unsigned long long)circle->row.id, (unsigned long long)link->conn->peer->row.id,
                 vls_err_name(err));
  }
  free(said);
  return news;
}

void vls_circle_receipts_pass(vls_core *core, vls_circle *circle, vls_circle_link *link) {
  vls_circle_pass *pass = vls_circle_pass_of(circle);
  vls_buf body;
  vls_gnote_row row;
  if (!gives(circle)) return;
  load(core, circle);
  vls_buf_init(&body, vls_group_note_def.max_bytes);
  for (size_t i = 0; i < pass->n_receipts; i++) {
    const vls_circle_receipt *r = &pass->receipts[i];
    if (r->order <= link->sync->receipts || memcmp(r->device, link->device, 32) == 0) continue;
    vls_buf_clear(&body);
    if (vls_gnote_get(core->store, circle->row.id, NOTE_RECEIPT, r->device, &row, &body))
      send_note(core, circle, link->conn, row.body);
  }
  link->sync->receipts = pass->order;
  vls_buf_done(&body);
}

/* In a larger group each is heard by more, and says less often. */
static uint64_t pause_of(vls_circle *circle) {
  vls_group_seat seat;
  uint32_t seats = 0;
  while (seats < VLS_CIRCLE_RECEIPTS && vls_group_seat_at(circle->group, seats, &seat))
    seats++;
  return VLS_RECEIPT_MS * (1 + seats / 16);
}

void vls_circle_receipt_due(vls_core *core, vls_circle *circle) {
  vls_circle_pass *pass = vls_circle_pass_of(circle);
  uint64_t now = core->now.mono_ms;
  if (pass->receipt_at != VLS_NEVER) return;
  pass->receipt_at = now + 1000 + vls_rng_below(&core->rng, 4000);
  if (pass->receipt_last != 0 && pass->receipt_at < pass->receipt_last + pause_of(circle))
    pass->receipt_at = pass->receipt_last + pause_of(circle);
  vls_circle_wake_at(core, circle, pass->receipt_at);
}

static void say(vls_core *core, vls_circle *circle) {
  vls_circle_pass *pass = circle->pass;
  vls_group_held *held = vls_calloc(HELD_MAX, sizeof *held);
  const vls_circle_receipt *last = find(pass, core->self.device.pub);
  uint64_t made = vls_core_wall(core);
  vls_buf out;
  vls_buf_init(&out, vls_group_note_def.max_bytes);
  if (last != NULL && made <= last->made) made = last->made + 1; /* the clock went back */
  size_t n = vls_group_runs(circle->group, held, HELD_MAX);
  vls_err err = vls_group_receipt_make(&out, &core->self.device, circle->row.gid, made, held, n);
  VLS_ASSERT(err == VLS_OK);
  vls_group_receipt *said = vls_calloc(1, sizeof *said);
  err = vls_group_receipt_check(said, vls_buf_slice(&out), circle->row.gid);
  VLS_ASSERT(err == VLS_OK);
  if (keep(core, circle, core->self.device.pub, made, vls_buf_slice(&out))) note(circle, said);
  for (size_t i = 0; i < circle->n_links; i++)
    send_note(core, circle, circle->links[i].conn, vls_buf_slice(&out));
  free(said);
  free(held);
  vls_buf_done(&out);
}

void vls_circle_receipts_plan(vls_core *core, vls_circle *circle) {
  vls_circle_pass *pass = vls_circle_pass_of(circle);
  if (pass->receipt_at == VLS_NEVER) return;
  if (core->now.mono_ms < pass->receipt_at) {
    vls_circle_wake_at(core, circle, pass->receipt_at);
    return;
  }
  pass->receipt_at = VLS_NEVER;
  pass->receipt_last = core->now.mono_ms;
  load(core, circle);
  if (gives(circle) && vls_group_is_member(circle->group)) say(core, circle);
}
