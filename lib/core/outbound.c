/* Texts and receipts go out: joined into events, signed, sealed, kept, and sent while the link has
 * room. */
#include <stdlib.h>

#include "base/assert.h"
#include "content/bodies.h"
#include "conv/direct.h"
#include "core/core_int.h"
#include "core/remarks.h"
#include "core/state.h"
#include "store/group_due.h"
#include "store/messages.h"

/* What one event will carry. Bodies live in `bodies`; items point into it. */
typedef struct batch {
  vls_item items[VLS_EVENT_ITEMS];
  size_t ends[VLS_EVENT_ITEMS]; /* of each body in `bodies` */
  size_t n, n_extra;            /* extra ones stand first */
  vls_buf bodies;
  uint64_t first, last; /* numbers of the texts */
  uint64_t stamp;       /* no remark is older than the one before it (GROUP 8.3) */
  size_t n_pending;     /* texts taken from peer->pending */
} batch;

void vls_outbound_remark(vls_core *core, vls_peer *peer, unsigned kind, uint64_t stamp,
                         vls_slice text, uint64_t n) {
  if (peer->n_pending == peer->cap_pending) {
    peer->cap_pending = peer->cap_pending == 0 ? 8 : peer->cap_pending * 2;
    peer->pending = vls_realloc(peer->pending, peer->cap_pending * sizeof *peer->pending);
  }
  vls_pending *p = &peer->pending[peer->n_pending++];
  *p = (vls_pending){.n = n, .stamp = stamp, .kind = kind};
  vls_buf_init(&p->text, VLS_TEXT_MAX);
  vls_err err = vls_buf_put_slice(&p->text, text);
  VLS_ASSERT(err == VLS_OK);
  vls_peer_touch(core, peer);
}

void vls_outbound_text(vls_core *core, vls_peer *peer, vls_slice text, uint64_t n) {
  vls_outbound_remark(core, peer, 0, vls_core_wall(core), text, n);
}

static vls_message_row row_of(const vls_peer *peer, const vls_pending *p) {
  return (vls_message_row){.n = p->n,
                           .contact = peer->row.id,
                           .stamp = p->stamp,
                           .at = p->stamp,
                           .kind = p->kind,
                           .body = vls_buf_slice(&p->text)};
}

static void put_pending(vls_core *core, vls_peer *peer, size_t i, vls_message_state state,
                        uint64_t seq, size_t idx) {
  vls_pending *p = &peer->pending[i];
  vls_message_row row = row_of(peer, p);
  row.state = state;
  row.seq = seq;
  row.idx = idx;
  vls_message_put(core->store, &row);
  vls_buf_done(&p->text);
}

static void drop_pending(vls_peer *peer, size_t n) {
  if (n == 0) return; /* there may be no list at all */
  peer->n_pending -= n;
  memmove(peer->pending, peer->pending + n, peer->n_pending * sizeof *peer->pending);
}

static void store_pending(vls_core *core, vls_peer *peer) {
  if (peer->n_pending == 0) return;
  for (size_t i = 0; i < peer->n_pending; i++)
    put_pending(core, peer, i, VLS_MSG_QUEUED, 0, 0);
  drop_pending(peer, peer->n_pending);
  peer->has_queued = true;
}

void vls_outbound_flush_pending(vls_core *core) {
  for (size_t i = 0; i < core->n_busy; i++)
    store_pending(core, core->busy[i]);
}

bool vls_outbound_open(const vls_core *core, const vls_conn *conn) {
  return conn != NULL && conn->up && !vls_conn_worn(core, conn) &&
         conn->sent - conn->sent_acked < VLS_WINDOW_RECORDS &&
         conn->flight_bytes < VLS_WINDOW_BYTES;
}

/* The session to speak under: the newest that can. */
static vls_session_row *speaking_session(vls_core *core, vls_peer *peer, size_t *ret_index) {
  vls_peer_sessions(core, peer);
  for (size_t i = 0; i < peer->n_sessions; i++)
    if (peer->sessions[i].ratchet.can_send) {
      *ret_index = i;
      return &peer->sessions[i];
    }
  return NULL;
}

static bool add_item(batch *b, uint64_t kind, vls_err err) {
  VLS_ASSERT(err == VLS_OK && b->n < VLS_EVENT_ITEMS);
  b->items[b->n].kind = kind;
  b->ends[b->n++] = b->bodies.n;
  return true;
}

/* While nothing can leave, one event without texts is enough, or whoever never acknowledges would
 * fill the outbox: the receipt that is made once it has gone covers all that came meanwhile. On
 * disk that event stands for it, should this node stop. */
static bool holds_receipts_back(vls_core *core, const vls_peer *peer, bool open) {
  return !open && (peer->receipt_due || peer->read_due) &&
         vls_outbox_has_bare(core->store, peer->row.id);
}

static void add_receipts(vls_core *core, vls_peer *peer, const vls_session_row *session, batch *b) {
  uint8_t head[32];
  vls_chain_row last;
  if (!peer->receipt_due && !peer->read_due) return;
  vls_chain_get(core->store, peer->row.id, session->device, &last);
  if (peer->receipt_due && last.seq > 0)
    add_item(b, VLS_ITEM_RECEIPT, vls_body_receipt(&b->bodies, 1, last.head, 1, last.seq));
  uint64_t read = peer->read_due ? vls_message_seq_upto(core->store, peer->row.id, last.number,
                                                        peer->talk.read_n)
                                 : 0;
  if (read > peer->talk.read_seq &&
      vls_event_head(core->store, peer->row.id, last.number, read, head)) {
    add_item(b, VLS_ITEM_RECEIPT, vls_body_receipt(&b->bodies, 2, head, 1, read));
    peer->talk.read_seq = read;
    peer->talk_dirty = true;
  }
  peer->receipt_due = peer->read_due = false;
}

/* To a group: one in an event. */
static void add_invitation(vls_core *core, vls_peer *peer, batch *b) {
  vls_gdue_row row;
  vls_buf body;
  vls_buf_init(&body, vls_item_group_def.max_bytes);
  peer->invites_due = vls_gdue_next(core->store, peer->row.id, VLS_GDUE_INVITE, 0, &row, &body);
  if (peer->invites_due) {
    add_item(b, VLS_ITEM_GROUP, vls_buf_put_slice(&b->bodies, row.body));
    vls_gdue_drop(core->store, row.n);
  }
  vls_buf_done(&body);
}

static void add_extras(vls_core *core, vls_peer *peer, const vls_session_row *session, bool open,
                       batch *b) {
  if (peer->hello_due) add_item(b, VLS_ITEM_HELLO, vls_body_hello(&b->bodies));
  peer->hello_due = false;
  if (!holds_receipts_back(core, peer, open)) add_receipts(core, peer, session, b);
  bool linked = peer->conn != NULL && peer->conn->up; /* else a later card would only follow it */
  if (peer->card_due && linked && peer->row.state == VLS_CONTACT_READY) {
    add_item(b, VLS_ITEM_CARD, vls_body_card(&b->bodies, vls_buf_slice(&core->self.card)));
    peer->talk.card_sent = core->self.card_seq;
    peer->talk_dirty = true;
    peer->card_due = false;
  }
  if (peer->invites_due && linked && peer->row.state == VLS_CONTACT_READY)
    add_invitation(core, peer, b);
  for (size_t i = 0; i < peer->n_held; i++)
    add_item(b, VLS_ITEM_HELD, vls_body_held(&b->bodies, &peer->held[i]));
  peer->n_held = 0;
  b->n_extra = b->n;
}

/* How far it is held, and how far a person was shown it. */
static void put_held(vls_core *core, vls_peer *peer, const uint8_t device[32], uint64_t number,
                     uint64_t to, const uint8_t head[32]) {
  if (peer->n_held == VLS_HELD_DUE) return;
  vls_item_held *held = &peer->held[peer->n_held++];
  *held = (vls_item_held){.to = to};
  if (!core->no_read_receipts && number != 0)
    held->read = vls_message_seq_upto(core->store, peer->row.id, number, peer->talk.read_n);
  if (held->read > to) held->read = to;
  memcpy(held->device, device, 32);
  memcpy(held->head, head, 32);
  vls_peer_touch(core, peer);
}

void vls_peer_held_due(vls_core *core, vls_peer *peer, const vls_position *said,
                       const vls_chain_row *chain) {
  uint8_t head[32];
  put_held(core, peer, said->device, chain->number, chain->seq, chain->head);
  if (said->seq > 0 && said->seq < chain->seq &&
      vls_event_head(core->store, peer->row.id, chain->number, said->seq, head))
    put_held(core, peer, said->device, chain->number, said->seq, head);
}

void vls_peer_read(vls_core *core, vls_peer *peer, uint64_t before) {
  vls_chain_at at[VLS_HELD_DUE];
  size_t n = vls_chain_newest(core->store, peer->row.id, at, VLS_HELD_DUE);
  peer->read_due = true;
  if (n < 2) return; /* all they ever said is of one device */
  for (size_t i = 0; i < n; i++) {
    const vls_chain_row *row = &at[i].row;
    uint64_t id = peer->row.id;
    if (vls_message_seq_upto(core->store, id, row->number, before) !=
        vls_message_seq_upto(core->store, id, row->number, peer->talk.read_n))
      put_held(core, peer, at[i].device, row->number, row->seq, row->head);
  }
}

enum { REMARK_HEAD = 48 }; /* bytes of a remark beside its words */

/* True while one more text of this size belongs into the event. */
static bool has_room(const vls_core *core, const batch *b, const vls_message_row *row) {
  uint64_t n = row->n;
  size_t bytes = row->body.n + (row->kind == 0 ? 0 : REMARK_HEAD);
  /* They are looked for by their numbers later, and others' lie in between. */
  if (b->first != 0 && n - b->first >= VLS_EVENT_SPAN) return false;
  if (b->n - b->n_extra >= core->items_per_event || b->n >= VLS_EVENT_ITEMS) return false;
  return b->n == b->n_extra ? b->bodies.n + bytes <= VLS_EVENT_BODY + 64 && b->n_extra < 4
                            : b->bodies.n + bytes + 8 <= VLS_EVENT_BODY;
}

/* False: what it is about was lost; there is nothing to say. */
static bool add_said(vls_core *core, batch *b, const vls_message_row *row) {
  vls_err err = vls_remark_body(core, row, &b->bodies);
  if (err != VLS_OK && row->kind != 0) return false;
  add_item(b, vls_remark_item_kind(row), err);
  if (row->kind != 0 && row->stamp > b->stamp) b->stamp = row->stamp;
  if (b->first == 0) b->first = row->n;
  b->last = row->n;
  return true;
}

/* What waits in the store goes first, so that order is kept. */
static void add_queued(vls_core *core, vls_peer *peer, batch *b, uint64_t seq) {
  vls_message_query query = {
      .contact = peer->row.id, .queued = true, .oldest_first = true, .limit = VLS_EVENT_ITEMS};
  vls_message_row row;
  uint64_t numbers[VLS_EVENT_ITEMS], lost[VLS_EVENT_ITEMS];
  size_t start = b->n, n_lost = 0;
  bool more = false;
  while (vls_message_next(core->store, &query, &row)) {
    if (!has_room(core, b, &row)) {
      more = true;
      vls_message_end(&query);
      break;
    }
    if (add_said(core, b, &row))
      numbers[b->n - 1 - start] = row.n;
    else
      lost[n_lost++] = row.n;
  }
  for (size_t i = start; i < b->n; i++)
    vls_message_set(core->store, numbers[i - start], VLS_MSG_SENT, seq, i);
  for (size_t i = 0; i < n_lost; i++)
    vls_message_set(core->store, lost[i], VLS_MSG_FAILED, 0, 0);
  if (!more && b->n - start + n_lost < VLS_EVENT_ITEMS) peer->has_queued = false;
}

void vls_outbound_left(vls_core *core, vls_conn *conn, uint64_t seq, size_t bytes) {
  conn->flight[conn->sent % VLS_WINDOW_RECORDS] = (vls_flight){seq, bytes};
  if (conn->sent == conn->sent_acked) conn->wait_since = core->now.mono_ms;
  conn->sent++;
  conn->flight_bytes += bytes;
  vls_conn_wake_at(core, conn, core->now.mono_ms + VLS_ACK_WAIT_MS);
  vls_conn_touch(core, conn);
}

static void send_record(vls_core *core, vls_conn *conn, uint64_t seq, vls_slice record) {
  if (vls_link_send_record(conn->link, record) != VLS_OK)
    return; /* the window makes this impossible */
  vls_outbound_left(core, conn, seq, record.n);
  conn->sent_seq = seq;
}

/* Signs, seals and stores; sends at once when nothing older waits. */
static void seal_batch(vls_core *core, vls_peer *peer, vls_session_row *session, size_t index,
                       batch *b) {
  vls_buf record, extra;
  vls_direct_sealed sealed;
  size_t at = 0;
  vls_buf_init(&record, VLS_RECORD_MAX);
  vls_buf_init(&extra, VLS_RECORD_MAX);
  for (size_t i = 0; i < b->n; i++) { /* bodies no longer move: point at them */
    b->items[i].body = (vls_slice){b->bodies.p + at, b->ends[i] - at};
    at = b->ends[i];
    if (i >= b->n_extra) continue;
    vls_err err = vls_wire_encode(&vls_item_def, &b->items[i], &extra);
    VLS_ASSERT(err == VLS_OK);
  }
  uint64_t seq = peer->talk.out_seq + 1;
  vls_direct_out out = {.ends = {.author = core->self.identity.pub,
                                 .device = core->self.device.pub,
                                 .recipient = peer->row.identity},
                        .device = &core->self.device,
                        .seq = seq,
                        .stamp = b->stamp,
                        .prev = peer->talk.out_prev,
                        .items = b->items,
                        .n_items = b->n,
                        .prefix = vls_buf_slice(&peer->prefix)};
  vls_err err = vls_direct_seal(&out, &session->ratchet, &core->rng, &record, &sealed);
  VLS_ASSERT(err == VLS_OK);
  vls_buf_clear(&peer->prefix);
  peer->sessions_dirty |= 1u << index;
  vls_event_row event = {.contact = peer->row.id,
                         .seq = seq,
                         .first = b->first,
                         .last = b->last,
                         .header = vls_buf_slice(&sealed.header),
                         .sig = sealed.sig};
  vls_event_put(core->store, &event);
  vls_outbox_row row = {.seq = seq, .first = b->first, .last = b->last, .at = vls_core_wall(core)};
  vls_outbox_put(core->store, peer->row.id, &row, vls_buf_slice(&extra), vls_buf_slice(&record));
  peer->talk.out_seq = seq;
  memcpy(peer->talk.out_prev, sealed.hash, 32);
  peer->talk_dirty = true;
  vls_conn *conn = peer->conn;
  if (conn != NULL && !conn->backlog && vls_outbound_open(core, conn))
    send_record(core, conn, seq, vls_buf_slice(&record));
  else if (conn != NULL)
    conn->backlog = true;
  vls_direct_sealed_done(&sealed);
  vls_buf_done(&record);
  vls_buf_done(&extra);
}

/* One event of what waits. False when there was nothing to say. */
static bool pump_event(vls_core *core, vls_peer *peer) {
  size_t index = 0;
  vls_session_row *session = speaking_session(core, peer, &index);
  if (session == NULL) return false;
  batch *b = vls_calloc(1, sizeof *b);
  b->stamp = vls_core_wall(core);
  uint64_t seq = peer->talk.out_seq + 1;
  vls_buf_init(&b->bodies, VLS_RECORD_MAX);
  bool open = vls_outbound_open(core, peer->conn) && !peer->conn->backlog && peer->prefix.n == 0;
  add_extras(core, peer, session, open, b);
  if (open && peer->has_queued) add_queued(core, peer, b, seq);
  while (open && !peer->has_queued && b->n_pending < peer->n_pending) {
    vls_pending *p = &peer->pending[b->n_pending];
    vls_message_row row = row_of(peer, p);
    if (!has_room(core, b, &row)) break;
    size_t idx = b->n;
    if (!add_said(core, b, &row)) break; /* the store has failed */
    put_pending(core, peer, b->n_pending++, VLS_MSG_SENT, seq, idx);
  }
  bool any = b->n > 0;
  if (any) {
    drop_pending(peer, b->n_pending);
    seal_batch(core, peer, session, index, b);
  }
  vls_buf_done(&b->bodies);
  free(b);
  return any;
}

/* After a new link: what the far end has not got yet, in order. */
static void pump_backlog(vls_core *core, vls_peer *peer) {
  vls_conn *conn = peer->conn;
  vls_buf record;
  vls_outbox_row row;
  vls_buf_init(&record, VLS_RECORD_MAX);
  while (conn->backlog && vls_outbound_open(core, conn)) {
    vls_buf_clear(&record);
    bool more = vls_outbox_next(core->store, peer->row.id, conn->sent_seq, &row, &record);
    if (peer->again_to != 0 && (!more || row.seq > peer->again_limit)) {
      if (vls_again_more(core, peer, false)) continue;
      if (peer->again_to != 0) break; /* their budget is used up for now */
    }
    if (more)
      send_record(core, conn, row.seq, vls_buf_slice(&record));
    else
      conn->backlog = false;
  }
  vls_buf_done(&record);
}

void vls_outbound_pump(vls_core *core, vls_peer *peer) {
  bool speaks = peer->row.state == VLS_CONTACT_READY || peer->row.state == VLS_CONTACT_PENDING;
  const vls_conn *conn = peer->conn;
  /* To an invitation we are a stranger until our first record: nothing of a former session goes
   * there. */
  bool stranger = conn != NULL && conn->outgoing && conn->by_invite && peer->row.card_seq == 0;
  /* A session that has begun leaves its first record on disk, whatever else: it comes only once. */
  bool begins = peer->prefix.n > 0;
  /* Over a contact's link nothing is said before both have told how far they are (PEER 6.3): an
   * event signed from old data would be the second with its number. */
  bool level = conn != NULL && conn->up && vls_state_level(conn);
  if (speaks && !stranger && (begins || (level && !peer->row.blocked && !core->draining))) {
    if (level) pump_backlog(core, peer);
    while (pump_event(core, peer))
      continue;
  }
  store_pending(core, peer);
}

bool vls_outbound_ack(vls_core *core, vls_conn *conn, uint64_t count) {
  vls_peer *peer = conn->peer;
  bool sends = peer != NULL || conn->door != 0;
  if (!sends || count > conn->sent || count < conn->sent_acked) return count == 0;
  if (peer != NULL && conn->sent_acked < count) peer->refused = 0;
  while (conn->sent_acked < count) {
    const vls_flight *f = &conn->flight[conn->sent_acked++ % VLS_WINDOW_RECORDS];
    conn->flight_bytes -= f->bytes;
    if (f->seq != 0) vls_outbox_taken(core->store, peer->row.id, f->seq);
  }
  conn->wait_since = conn->sent_acked == conn->sent ? VLS_NEVER : core->now.mono_ms;
  if (peer != NULL) vls_peer_touch(core, peer);
  return true;
}
