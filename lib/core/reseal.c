/* A new session: events without a receipt were sealed under one the other side may no longer have.
 * The signed event stays the same, byte for byte; only its seal is made anew. */
#include "base/assert.h"
#include "content/bodies.h"
#include "conv/direct.h"
#include "core/core_int.h"
#include "core/remarks.h"
#include "store/messages.h"

static vls_err read_extras(vls_slice extra, vls_item *items, size_t *n) {
  while (extra.n > 0) {
    size_t used;
    vls_err err = vls_wire_scan(extra, VLS_WIRE_STRICT, &used);
    if (err == VLS_OK && *n == VLS_EVENT_ITEMS) err = VLS_TOO_BIG;
    if (err == VLS_OK)
      err = vls_wire_decode(&vls_item_def, VLS_WIRE_STRICT, (vls_slice){extra.p, used}, &items[*n],
                            NULL);
    if (err != VLS_OK) return err;
    (*n)++;
    extra = (vls_slice){extra.p + used, extra.n - used};
  }
  return VLS_OK;
}

/* The texts of the event, from the table of messages. Bodies are put into `bodies`, which must not
 * move. */
static void read_texts(vls_core *core, vls_peer *peer, const vls_outbox_row *row, vls_item *items,
                       size_t *n, vls_buf *bodies) {
  vls_message_query query = {.contact = peer->row.id,
                             .oldest_first = true,
                             .after = row->first - 1,
                             .before = row->last + 1,
                             .limit =
                                 row->last - row->first + 1}; /* texts of theirs may be between */
  vls_message_row text;
  while (vls_message_next(core->store, &query, &text)) {
    bool mine = text.state == VLS_MSG_SENT || text.state == VLS_MSG_FAILED;
    mine = mine && text.device == 0 && text.seq == row->seq && text.idx < VLS_EVENT_ITEMS;
    if (!mine || *n == VLS_EVENT_ITEMS) continue;
    size_t at = bodies->n;
    vls_err err = vls_remark_body(core, &text, bodies);
    if (err != VLS_OK) continue; /* its words are gone */
    items[text.idx] = (vls_item){vls_remark_item_kind(&text), {bodies->p + at, bodies->n - at}};
    (*n)++;
  }
}

/* In the place of what was deleted stands its hash (PEER 5.6): the event and its signature stay. */
static vls_err fill_gaps(vls_core *core, vls_peer *peer, uint64_t seq, vls_item *items, size_t *n,
                         vls_buf *bodies) {
  vls_event_header header;
  vls_buf bytes;
  vls_buf_init(&bytes, vls_event_header_def.max_bytes);
  vls_err err = vls_event_get(core->store, peer->row.id, 0, seq, &bytes, NULL)
                    ? vls_wire_decode(&vls_event_header_def, VLS_WIRE_STRICT, vls_buf_slice(&bytes),
                                      &header, NULL)
                    : VLS_NOT_FOUND;
  for (size_t i = 0; err == VLS_OK && i < header.n_items; i++) {
    if (items[i].kind != 0) continue;
    size_t at = bodies->n;
    err = vls_buf_put(bodies, header.items[i], 32);
    items[i] = (vls_item){VLS_ITEM_GONE, {bodies->p + at, 32}};
    (*n)++;
  }
  vls_buf_done(&bytes);
  return err;
}

/* All items of the event, in their order. */
static vls_err read_items(vls_core *core, vls_peer *peer, const vls_outbox_row *row,
                          vls_slice extra, vls_item items[VLS_EVENT_ITEMS], size_t *ret_n,
                          vls_buf *bodies) {
  *ret_n = 0;
  memset(items, 0, VLS_EVENT_ITEMS * sizeof *items);
  vls_buf_clear(bodies);
  vls_err err = vls_buf_grow(bodies, VLS_RECORD_MAX) == NULL ? VLS_TOO_BIG : VLS_OK;
  bodies->n = 0; /* room taken: bodies stay where they are */
  if (err == VLS_OK) err = read_extras(extra, items, ret_n);
  if (err != VLS_OK || row->first == 0) return err;
  read_texts(core, peer, row, items, ret_n, bodies);
  return fill_gaps(core, peer, row->seq, items, ret_n, bodies);
}

static vls_err reseal_one(vls_core *core, vls_peer *peer, const vls_outbox_row *row,
                          vls_slice extra) {
  vls_item items[VLS_EVENT_ITEMS];
  vls_event_header header;
  vls_buf bodies, bytes, record;
  size_t n = 0;
  uint8_t sig[64];
  vls_buf_init(&bodies, VLS_RECORD_MAX);
  vls_buf_init(&bytes, VLS_RECORD_MAX);
  vls_buf_init(&record, VLS_RECORD_MAX);
  vls_err err = read_items(core, peer, row, extra, items, &n, &bodies);
  if (err == VLS_OK && !vls_event_get(core->store, peer->row.id, 0, row->seq, &bytes, sig))
    err = VLS_NOT_FOUND;
  if (err == VLS_OK)
    err = vls_wire_decode(&vls_event_header_def, VLS_WIRE_STRICT, vls_buf_slice(&bytes), &header,
                          NULL);
  if (err == VLS_OK && header.n_items != n) err = VLS_NOT_FOUND;
  if (err == VLS_OK) {
    vls_direct_again again = {.device = &core->self.device,
                              .seq = row->seq,
                              .stamp = header.stamp,
                              .sig = sig,
                              .items = items,
                              .n_items = n,
                              .prefix = vls_buf_slice(&peer->prefix)};
    err = vls_direct_reseal(&again, &peer->sessions[0].ratchet, &core->rng, &record);
  }
  if (err == VLS_OK) {
    vls_outbox_reseal(core->store, peer->row.id, row->seq, vls_buf_slice(&record));
    vls_buf_clear(&peer->prefix);
  }
  vls_buf_done(&bodies);
  vls_buf_done(&bytes);
  vls_buf_done(&record);
  return err;
}

void vls_outbound_reseal(vls_core *core, vls_peer *peer) {
  vls_outbox_row row = {0};
  vls_buf extra;
  vls_peer_sessions(core, peer);
  if (peer->n_sessions == 0 || !peer->sessions[0].ratchet.can_send) return;
  vls_outbound_flush_pending(core);
  vls_buf_init(&extra, VLS_RECORD_MAX);
  while (vls_outbox_unsealed(core->store, peer->row.id, row.seq, &row, &extra)) {
    vls_err err = reseal_one(core, peer, &row, vls_buf_slice(&extra));
    if (err != VLS_OK)
      vls_core_log(
          core, VLS_WARNING, "an event could not be sealed again contact=%llu seq=%llu why=%s",
          (unsigned long long)peer->row.id, (unsigned long long)row.seq, vls_err_name(err));
    vls_buf_clear(&extra);
  }
  peer->sessions_dirty |= 1;
  vls_conn *conn = peer->conn;
  if (conn != NULL) {
    conn->backlog = true;
    conn->sent_seq = 0;
    /* An ACK that comes now is for the old seal, which may have opened for nobody. */
    for (uint64_t i = conn->sent_acked; i < conn->sent; i++)
      conn->flight[i % VLS_WINDOW_RECORDS].seq = 0;
  }
  vls_buf_done(&extra);
  vls_peer_touch(core, peer);
}

void vls_outbound_seal_missing(vls_core *core, vls_peer *peer, uint64_t from, uint64_t to) {
  vls_outbox_row row = {.seq = from - 1};
  vls_buf extra;
  vls_peer_sessions(core, peer);
  if (peer->n_sessions == 0 || !peer->sessions[0].ratchet.can_send) return;
  vls_buf_init(&extra, VLS_RECORD_MAX);
  while (vls_outbox_unsealed(core->store, peer->row.id, row.seq, &row, &extra) && row.seq <= to) {
    vls_err err = row.taken ? reseal_one(core, peer, &row, vls_buf_slice(&extra)) : VLS_OK;
    if (err != VLS_OK)
      vls_core_log(core, VLS_WARNING, "an event could not be sealed contact=%llu seq=%llu why=%s",
                   (unsigned long long)peer->row.id, (unsigned long long)row.seq,
                   vls_err_name(err));
    vls_buf_clear(&extra);
  }
  peer->sessions_dirty |= 1;
  vls_buf_done(&extra);
}

void vls_outbound_put_by(vls_core *core, vls_peer *peer) {
  vls_outbox_row row = {0};
  vls_item items[VLS_EVENT_ITEMS];
  vls_buf extra, bodies, all;
  size_t n;
  vls_buf_init(&extra, VLS_RECORD_MAX);
  vls_buf_init(&bodies, VLS_RECORD_MAX);
  vls_buf_init(&all, VLS_RECORD_MAX);
  while (vls_outbox_unsealed(core->store, peer->row.id, row.seq, &row, &extra)) {
    vls_err err = read_items(core, peer, &row, vls_buf_slice(&extra), items, &n, &bodies);
    for (size_t i = 0; i < n && err == VLS_OK; i++)
      err = vls_wire_encode(&vls_item_def, &items[i], &all);
    if (err == VLS_OK) vls_outbox_put_by(core->store, peer->row.id, row.seq, vls_buf_slice(&all));
    vls_buf_clear(&extra);
    vls_buf_clear(&all);
  }
  vls_buf_done(&extra);
  vls_buf_done(&bodies);
  vls_buf_done(&all);
}
