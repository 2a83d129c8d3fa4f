/* Events given back to who signed them and lost them (PEER 6.5). Each is verified under the own
 * signature: the contact can withhold, and invent nothing. */
#include "base/assert.h"
#include "content/bodies.h"
#include "conv/direct.h"
#include "core/remarks.h"
#include "core/state.h"
#include "crypto/kdf.h"
#include "store/messages.h"

static void give_one(vls_core *core, vls_conn *conn, const uint8_t device[32],
                     const vls_chain_row *held, uint64_t seq, bool *ret_found) {
  vls_rebuilt r;
  vls_buf event;
  vls_frame_return frame = {.seq = seq};
  vls_buf_init(&event, vls_direct_event_def.max_bytes);
  memcpy(frame.device, device, 32);
  *ret_found = vls_rebuild(core, conn->peer->row.id, held->number, seq, &r) &&
               vls_wire_encode(&vls_direct_event_def, &r.event, &event) == VLS_OK;
  if (*ret_found) {
    memcpy(frame.head, r.hash, 32);
    frame.event = vls_buf_slice(&event);
  } else { /* it went with a contact that was removed: only the end of the chain is known */
    frame.seq = held->seq;
    memcpy(frame.head, held->head, 32);
  }
  vls_err err = vls_link_send_return(conn->link, &frame);
  if (err != VLS_OK) *ret_found = false;
  vls_rebuilt_done(&r);
  vls_buf_done(&event);
}

void vls_returns_give(vls_core *core, vls_conn *conn, const uint8_t device[32],
                      const vls_chain_row *held, uint64_t from) {
  bool found = true;
  for (uint64_t i = 1; i <= VLS_RETURNS_ROUND && from + i <= held->seq && found; i++) {
    /* Nor is there more of it in the way of the link at one time. */
    if (vls_link_out(conn->link)->n > VLS_RETURNS_BYTES) break;
    give_one(core, conn, device, held, from + i, &found);
  }
  conn->peer->receipt_due = true; /* what comes back has no receipt there */
  vls_conn_touch(core, conn);
  vls_peer_touch(core, conn->peer);
}

typedef struct coming {
  vls_core *core;
  vls_peer *peer;
  uint64_t device; /* 0, or a former one of mine */
  const vls_direct_in *in;
  const uint8_t *hash; /* of its header */
  vls_event_row row;
  vls_buf extra; /* items that are not texts, as the outbox keeps them */
} coming;

static vls_saying saying_of(const coming *c, size_t idx) {
  return (vls_saying){.talk = c->peer->row.id,
                      .state = c->device == 0 ? VLS_MSG_SENT : VLS_MSG_HELD,
                      .device = c->device,
                      .seq = c->in->event.seq,
                      .idx = idx,
                      .stamp = c->in->event.stamp,
                      .hash = c->hash};
}

static void took(coming *c, uint64_t n) {
  if (c->row.first == 0 || n < c->row.first) c->row.first = n;
  if (n > c->row.last) c->row.last = n;
}

/* A text of mine that I had forgotten. Was it queued here, in the same words, before it was signed
 * there? Then it is that one, and must not be sent again. */
static void take_text(coming *c, vls_slice text, size_t idx) {
  vls_store *store = c->core->store;
  vls_saying saying = saying_of(c, idx);
  vls_message_state state = saying.state;
  uint64_t n = vls_message_find_unsent(store, c->peer->row.id, text, NULL, c->in->event.stamp);
  if (n != 0) {
    vls_message_claim(store, n, state, c->device, c->in->event.seq, idx);
  } else {
    n = ++c->core->newest_n;
    vls_message_row row = {.n = n,
                           .contact = c->peer->row.id,
                           .state = state,
                           .device = c->device,
                           .seq = c->in->event.seq,
                           .idx = idx,
                           .stamp = c->in->event.stamp,
                           .at = vls_core_wall(c->core),
                           .body = text};
    vls_message_put(store, &row);
  }
  vls_remark_text_came(c->core, &saying, n);
  took(c, n);
}

/* The same for a remark. False: it is none. */
static bool take_remark(coming *c, const vls_item *item, size_t idx) {
  vls_store *store = c->core->store;
  vls_saying saying = saying_of(c, idx);
  vls_remark remark;
  vls_remark_row like = {0};
  if (vls_remark_read(&remark, item) != VLS_OK || remark.kind == VLS_REMARK_MENTION) return false;
  like.kind = remark.kind;
  memcpy(like.to, remark.to, 32);
  uint64_t n =
      vls_message_find_unsent(store, c->peer->row.id, remark.text, &like, c->in->event.stamp);
  if (n != 0)
    vls_message_claim(store, n, saying.state, c->device, c->in->event.seq, idx);
  else if (vls_remark_take(c->core, &saying, item, &n) != VLS_OK)
    return false;
  took(c, n);
  return true;
}

/* Verified: into the store, as if it had been signed here a moment ago. */
static void keep(coming *c, vls_slice header) {
  vls_message_mix(c->core->store);
  c->core->mixed = true;
  const vls_direct_event *event = &c->in->event;
  vls_outbound_flush_pending(c->core);
  vls_buf_init(&c->extra, VLS_RECORD_MAX);
  for (size_t i = 0; i < event->n_items; i++) {
    vls_content content;
    vls_err err = vls_content_read(&content, &event->items[i]);
    if (err == VLS_OK && content.kind == VLS_ITEM_GONE) continue;
    if (err == VLS_OK && content.kind == VLS_ITEM_TEXT)
      take_text(c, content.text, i);
    else if (take_remark(c, &event->items[i], i))
      continue;
    else if (vls_wire_encode(&vls_item_def, &event->items[i], &c->extra) != VLS_OK)
      break;
  }
  c->row.contact = c->peer->row.id;
  c->row.device = c->device;
  c->row.seq = event->seq;
  c->row.header = header;
  c->row.sig = event->sig;
  vls_event_put(c->core->store, &c->row);
  if (c->row.last > 0 && c->device == 0) { /* it waits for its receipt */
    vls_outbox_row row = {.seq = event->seq,
                          .first = c->row.first,
                          .last = c->row.last,
                          .at = vls_core_wall(c->core)};
    vls_outbox_put(c->core->store, c->peer->row.id, &row, vls_buf_slice(&c->extra), (vls_slice){0});
    vls_outbox_taken(c->core->store, c->peer->row.id, event->seq);
  }
  vls_buf_done(&c->extra);
}

/* My events from seq on are not theirs: the ones that come are signed by another copy of this
 * node. */
static void cut(vls_core *core, vls_peer *peer, uint64_t seq) {
  vls_event_cut(core->store, peer->row.id, seq);
  peer->has_queued = true;
  if (peer->talk.delivered >= seq) peer->talk.delivered = seq - 1;
  if (peer->talk.seen >= seq) peer->talk.seen = seq - 1;
}

static void take_mine(vls_core *core, vls_conn *conn, const vls_direct_in *in, vls_slice header,
                      const uint8_t hash[32]) {
  vls_peer *peer = conn->peer;
  uint64_t seq = in->event.seq;
  uint8_t here[32];
  bool known = seq <= peer->talk.out_seq && vls_event_head(core->store, peer->row.id, 0, seq, here);
  if (!known || memcmp(here, hash, 32) != 0) {
    coming c = {.core = core, .peer = peer, .in = in, .hash = hash};
    bool forked = seq <= peer->talk.out_seq;
    if (forked) cut(core, peer, seq);
    keep(&c, header);
    vls_state_proved(core, conn, forked);
    peer->talk.out_seq = seq;
    memcpy(peer->talk.out_prev, hash, 32);
    peer->talk_dirty = true;
    vls_peer_touch(core, peer);
  }
  conn->standing.back.seq = seq;
  memcpy(conn->standing.back.head, hash, 32);
  conn->standing.progress = true;
}

/* They know where I was and no longer with what. Which of my texts they have can't be told: those
 * without a receipt are held. */
static bool jump(vls_core *core, vls_conn *conn, const vls_frame_return *frame) {
  vls_peer *peer = conn->peer;
  if (frame->seq <= peer->talk.out_seq || frame->seq - peer->talk.out_seq > VLS_JUMP_MAX)
    return false;
  vls_outbound_flush_pending(core);
  vls_message_hold(core->store, peer->row.id, peer->talk.delivered);
  vls_message_mix(core->store);
  core->mixed = true;
  vls_outbox_delivered(core->store, peer->row.id, peer->talk.out_seq);
  peer->talk.out_seq = peer->talk.delivered = frame->seq;
  memcpy(peer->talk.out_prev, frame->head, 32);
  peer->talk_dirty = true;
  conn->standing.back = (vls_position){.seq = frame->seq};
  memcpy(conn->standing.back.head, frame->head, 32);
  conn->standing.progress = true;
  conn->standing.behind_since = core->now.mono_ms;
  vls_state_tell(core, peer, VLS_TROUBLE_OWN_LOST);
  vls_peer_touch(core, peer);
  return true;
}

/* Rebuilds the header and checks my own signature; then it is as good as what I remember. */
static bool verify(vls_core *core, const vls_peer *peer, const vls_direct_in *in,
                   const uint8_t device[32], const uint8_t prev[32], vls_buf *header,
                   uint8_t ret_hash[32]) {
  vls_direct_ends ends = {
      .author = core->self.identity.pub, .device = device, .recipient = peer->row.identity};
  return vls_direct_verify(in, &ends, prev, NULL, header, ret_hash) == VLS_OK;
}

static bool take_event(vls_core *core, vls_conn *conn, const vls_frame_return *frame) {
  vls_peer *peer = conn->peer;
  vls_former_chain former;
  vls_direct_in in;
  vls_buf header;
  uint8_t hash[32];
  vls_buf_init(&header, vls_event_header_def.max_bytes);
  vls_err err = vls_direct_read(&in, frame->event);
  bool fine = err == VLS_OK && in.event.seq == frame->seq;
  if (memcmp(frame->device, core->self.device.pub, 32) == 0) {
    fine = fine && conn->standing.behind && frame->seq == conn->standing.back.seq + 1;
    if (fine && verify(core, peer, &in, frame->device, conn->standing.back.head, &header, hash))
      take_mine(core, conn, &in, vls_buf_slice(&header), hash);
    else if (fine)
      conn->standing.misfit = true;
  } else if (fine && vls_former_chain_get(core->store, peer->row.id, frame->device, &former) &&
             frame->seq == former.seq + 1 &&
             verify(core, peer, &in, frame->device, former.head, &header, hash)) {
    coming c = {.core = core, .peer = peer, .in = &in, .device = former.number, .hash = hash};
    keep(&c, vls_buf_slice(&header));
    vls_former_chain_grow(core->store, peer->row.id, former.number, frame->seq, hash);
    conn->standing.progress = true;
  }
  vls_direct_in_done(&in);
  vls_buf_done(&header);
  return conn->standing.progress && fine;
}

bool vls_returns_take(vls_core *core, vls_conn *conn, vls_slice bytes) {
  vls_frame_return frame;
  vls_err err = vls_wire_decode(&vls_frame_return_def, VLS_WIRE_STRICT, bytes, &frame, NULL);
  if (err != VLS_OK || conn->peer == NULL || conn->peer->conn != conn) return false;
  bool mine = memcmp(frame.device, core->self.device.pub, 32) == 0;
  if (frame.event.n > 0) return take_event(core, conn, &frame);
  return mine && conn->standing.behind && jump(core, conn, &frame);
}
