/* Frames of groups that wait for a link's window (GROUP 7.5). What the store has is named here and
 * loaded when it leaves, so that a slow link costs a few bytes for each frame. */
#include <stdlib.h>

#include "base/assert.h"
#include "core/circle.h"
#include "store/group_pass.h"

typedef enum entry_what {
  BYTES,  /* body */
  RECORD, /* n: of the store */
  LETTER, /* id: of the event; device */
  ACTS,   /* n: number of the next act; device */
  WORDS,  /* n: those after this event; device */
  WRAP,   /* id: of the commit; n: leaf */
  CARD,   /* n: of the contact; 0: mine */
} entry_what;

typedef struct entry {
  entry_what what;
  vls_group_frame_kind kind;
  uint64_t circle, n;
  uint8_t id[32], device[32];
  vls_buf body;
} entry;

typedef struct vls_circle_queue {
  entry *list; /* a ring of VLS_CIRCLE_QUEUE */
  size_t at, n, cap, bytes;
} vls_circle_queue;

static void drop_first(vls_circle_queue *q) {
  entry *e = &q->list[q->at];
  q->bytes -= e->body.n;
  vls_buf_done(&e->body);
  q->at = (q->at + 1) % q->cap;
  q->n--;
}

void vls_circle_queue_free(vls_conn *conn) {
  vls_circle_queue *q = conn->groups;
  if (q == NULL) return;
  while (q->n > 0)
    drop_first(q);
  free(q->list);
  free(q);
  conn->groups = NULL;
}

size_t vls_circle_queue_room(const vls_conn *conn) {
  return VLS_CIRCLE_QUEUE - (conn->groups == NULL ? 0 : conn->groups->n);
}

static void grow(vls_circle_queue *q) {
  size_t cap = q->cap == 0 ? 16 : q->cap * 2;
  entry *list = vls_calloc(cap, sizeof *list);
  for (size_t i = 0; i < q->n; i++)
    list[i] = q->list[(q->at + i) % q->cap];
  free(q->list);
  *q = (vls_circle_queue){.list = list, .n = q->n, .cap = cap, .bytes = q->bytes};
}

/* NULL: it is full; what did not fit is found by the next comparison. */
static entry *push(vls_core *core, vls_circle *circle, vls_conn *conn, size_t bytes) {
  if (conn->groups == NULL) conn->groups = vls_calloc(1, sizeof *conn->groups);
  vls_circle_queue *q = conn->groups;
  if (q->n == VLS_CIRCLE_QUEUE || q->bytes + bytes > (size_t)VLS_CIRCLE_QUEUE_KB << 10) {
    vls_circle_link *link = vls_circle_link_of(circle, conn);
    if (link != NULL) link->sync_due = true;
    return NULL;
  }
  if (q->n == q->cap) grow(q);
  entry *e = &q->list[(q->at + q->n++) % q->cap];
  *e = (entry){.circle = circle->row.id};
  q->bytes += bytes;
  vls_peer_touch(core, conn->peer);
  return e;
}

void vls_circle_send(vls_core *core, vls_circle *circle, vls_conn *conn, vls_group_frame_kind kind,
                     vls_slice body) {
  entry *e = push(core, circle, conn, body.n);
  if (e == NULL) return;
  e->kind = kind;
  vls_buf_init(&e->body, body.n);
  vls_err err = vls_buf_put_slice(&e->body, body);
  VLS_ASSERT(err == VLS_OK);
}

void vls_circle_send_record(vls_core *core, vls_circle *circle, vls_conn *conn, uint64_t record) {
  entry *e = push(core, circle, conn, 0);
  if (e == NULL) return;
  e->what = RECORD;
  e->kind = VLS_GROUP_FRAME_RECORD;
  e->n = record;
}

void vls_circle_send_card(vls_core *core, vls_circle *circle, vls_conn *conn, uint64_t contact) {
  entry *e = push(core, circle, conn, 0);
  if (e == NULL) return;
  e->what = CARD;
  e->kind = VLS_GROUP_FRAME_NOTE;
  e->n = contact;
}

void vls_circle_send_letter(vls_core *core, vls_circle *circle, vls_conn *conn,
                            const uint8_t event[32], const uint8_t device[32]) {
  entry *e = push(core, circle, conn, 0);
  if (e == NULL) return;
  e->what = LETTER;
  e->kind = VLS_GROUP_FRAME_LETTER;
  memcpy(e->id, event, 32);
  memcpy(e->device, device, 32);
}

/* Is it on its way already? */
static bool sends_all(const vls_circle_queue *q, uint64_t circle) {
  for (size_t i = 0; q != NULL && i < q->n; i++) {
    const entry *e = &q->list[(q->at + i) % q->cap];
    if (e->circle == circle && (e->what == ACTS || e->what == WORDS)) return true;
  }
  return false;
}

void vls_circle_send_all(vls_core *core, vls_circle *circle, vls_conn *conn,
                         const uint8_t device[32]) {
  vls_group_rules rules;
  vls_buf name;
  if (sends_all(conn->groups, circle->row.id)) return;
  vls_buf_init(&name, VLS_NAME_MAX);
  bool history = vls_group_rules_now(circle->group, &rules, &name) == VLS_OK && rules.history == 1;
  vls_buf_done(&name);
  for (unsigned step = 0; step < (history ? 2 : 1); step++) {
    entry *e = push(core, circle, conn, 0);
    if (e == NULL) return;
    e->what = step == 0 ? ACTS : WORDS;
    e->kind = VLS_GROUP_FRAME_LETTER;
    memcpy(e->device, device, 32);
  }
}

void vls_circle_send_wrap(vls_core *core, vls_circle *circle, vls_conn *conn,
                          const uint8_t commit[32], uint32_t leaf) {
  entry *e = push(core, circle, conn, 0);
  if (e == NULL) return;
  e->what = WRAP;
  e->kind = VLS_GROUP_FRAME_WRAP;
  e->n = leaf;
  memcpy(e->id, commit, 32);
}

/* What an entry stands for, appended. VLS_NOT_FOUND: it is not here any more, or not for them. */
static vls_err load_letter(vls_core *core, vls_circle *circle, const entry *e, vls_buf *body) {
  vls_buf event;
  vls_gevent_row row;
  vls_buf_init(&event, VLS_GROUP_EVENT_MAX);
  vls_err err =
      vls_gevent_by_id(core->store, circle->row.id, e->id, &row, &event) ? VLS_OK : VLS_NOT_FOUND;
  if (err == VLS_OK)
    err = vls_group_letter(circle->group, vls_buf_slice(&event), e->device, &core->rng, body);
  vls_buf_done(&event);
  return err;
}

static vls_err load_wrap(vls_core *core, const entry *e, vls_buf *body) {
  vls_group_wrap wrap = {.leaf = e->n};
  memcpy(wrap.commit, e->id, 32);
  if (!vls_gwrap_get(core->store, e->circle, e->id, (uint32_t)e->n, wrap.wrap))
    return VLS_NOT_FOUND;
  return vls_wire_encode(&vls_group_wrap_def, &wrap, body);
}

static vls_err load_card(vls_core *core, const entry *e, vls_buf *body) {
  vls_group_note note = {.what = 1, .body = vls_buf_slice(&core->self.card)};
  vls_buf card;
  vls_err err = VLS_OK;
  vls_buf_init(&card, VLS_CARD_MAX);
  if (e->n != 0 && !vls_contact_card(core->store, e->n, &card)) err = VLS_NOT_FOUND;
  if (e->n != 0) note.body = vls_buf_slice(&card);
  if (err == VLS_OK) err = vls_wire_encode(&vls_group_note_def, &note, body);
  vls_buf_done(&card);
  return err;
}

/* The next of many; VLS_UNKNOWN: that was the last. */
static vls_err load_next(vls_core *core, vls_circle *circle, entry *e, vls_buf *body) {
  const uint8_t *id;
  vls_slice event;
  vls_gevent_row row;
  vls_buf bytes;
  vls_err err = VLS_UNKNOWN;
  if (e->what == ACTS && vls_group_act_at(circle->group, (uint32_t)e->n, &id, &event)) {
    e->n++;
    return vls_group_letter(circle->group, event, e->device, &core->rng, body);
  }
  vls_buf_init(&bytes, VLS_GROUP_EVENT_MAX);
  if (e->what == WORDS && vls_gevent_next(core->store, e->circle, false, e->n, &row, &bytes)) {
    e->n = row.n;
    err = vls_group_letter(circle->group, row.bytes, e->device, &core->rng, body);
  }
  vls_buf_done(&bytes);
  return err;
}

static vls_err load(vls_core *core, vls_circle *circle, entry *e, vls_buf *body) {
  vls_grecord_row row;
  switch (e->what) {
  case BYTES: return vls_buf_put_slice(body, vls_buf_slice(&e->body));
  case RECORD: return vls_grecord_get(core->store, e->n, &row, body) ? VLS_OK : VLS_NOT_FOUND;
  case LETTER: return load_letter(core, circle, e, body);
  case WRAP: return load_wrap(core, e, body);
  case CARD: return load_card(core, e, body);
  case ACTS:
  case WORDS: return load_next(core, circle, e, body);
  }
  return VLS_NOT_FOUND;
}

/* One frame. False: the link takes no more. */
static bool send_frame(vls_core *core, vls_conn *conn, const vls_circle *circle,
                       vls_group_frame_kind kind, vls_slice body) {
  vls_buf bytes;
  vls_group_frame frame = {.kind = kind, .body = body};
  memcpy(frame.group, circle->row.gid, 32);
  vls_buf_init(&bytes, vls_group_frame_def.max_bytes);
  vls_err err = vls_wire_encode(&vls_group_frame_def, &frame, &bytes);
  if (err == VLS_OK) err = vls_link_send_group(conn->link, vls_buf_slice(&bytes));
  if (err == VLS_OK) vls_outbound_left(core, conn, 0, bytes.n);
  vls_buf_done(&bytes);
  return err == VLS_OK;
}

/* True: the first entry was dealt with, and may stay for more of its kind. */
static bool step(vls_core *core, vls_conn *conn, vls_circle_queue *q, vls_buf *body) {
  entry *e = &q->list[q->at];
  vls_circle *circle = vls_circle_get(core, e->circle);
  vls_group_frame_kind kind = e->kind;
  bool many = e->what == ACTS || e->what == WORDS;
  vls_err err = VLS_NOT_FOUND;
  vls_buf_clear(body);
  if (circle != NULL && circle->group != NULL) err = load(core, circle, e, body);
  if (!many || err == VLS_UNKNOWN || err == VLS_NOT_FOUND) drop_first(q);
  return err != VLS_OK || send_frame(core, conn, circle, kind, vls_buf_slice(body));
}

void vls_circle_pump(vls_core *core, vls_conn *conn) {
  vls_circle_queue *q = conn->groups;
  vls_buf body;
  if (q == NULL || !conn->up) return;
  vls_buf_init(&body, VLS_GROUP_RECORD_MAX);
  while (q->n > 0 && vls_outbound_open(core, conn))
    if (!step(core, conn, q, &body)) break;
  vls_buf_done(&body);
  if (q->n == 0) vls_circle_queue_free(conn);
}
