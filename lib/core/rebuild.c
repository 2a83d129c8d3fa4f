/* Events made again from the tables, byte for byte under their signature: to give a contact its own
 * back, and to send mine again to one that lost them. */
#include "base/assert.h"
#include "core/remarks.h"
#include "core/state.h"
#include "crypto/kdf.h"
#include "store/messages.h"

void vls_rebuilt_done(vls_rebuilt *rebuilt) {
  vls_buf_done(&rebuilt->header);
  vls_buf_done(&rebuilt->bodies);
}

/* The text goes to its place when it hashes to what was signed there. */
static void place_text(vls_core *core, vls_rebuilt *r, const vls_event_header *header,
                       const vls_message_row *row) {
  vls_buf encoded;
  uint8_t hash[32];
  size_t at = r->bodies.n;
  if (row->idx >= header->n_items) return;
  vls_buf_init(&encoded, vls_item_def.max_bytes);
  vls_err err = vls_remark_body(core, row, &r->bodies);
  vls_item item = {vls_remark_item_kind(row), {r->bodies.p + at, r->bodies.n - at}};
  if (err == VLS_OK) err = vls_wire_encode(&vls_item_def, &item, &encoded);
  if (err == VLS_OK) {
    vls_sha256(hash, vls_buf_slice(&encoded));
    if (memcmp(hash, header->items[row->idx], 32) == 0) r->event.items[row->idx] = item;
  }
  vls_buf_done(&encoded);
}

static void place_texts(vls_core *core, uint64_t contact, uint64_t device, vls_rebuilt *r,
                        const vls_event_header *header) {
  vls_message_row row;
  uint64_t first, last;
  vls_event_texts(core->store, contact, device, header->seq, &first, &last);
  if (first == 0) return;
  vls_message_query query = {.contact = contact,
                             .oldest_first = true,
                             .after = first - 1,
                             .before = last + 1,
                             .limit = INT64_MAX};
  while (vls_message_next(core->store, &query, &row))
    if (row.device == device && row.seq == header->seq && row.state != VLS_MSG_QUEUED)
      place_text(core, r, header, &row);
}

bool vls_rebuild(vls_core *core, uint64_t contact, uint64_t device, uint64_t seq,
                 vls_rebuilt *ret) {
  vls_event_header header;
  *ret = (vls_rebuilt){0};
  vls_buf_init(&ret->header, vls_event_header_def.max_bytes);
  vls_buf_init(&ret->bodies, 2 * VLS_RECORD_MAX);
  if (!vls_event_get(core->store, contact, device, seq, &ret->header, ret->event.sig)) return false;
  vls_sha256(ret->hash, vls_buf_slice(&ret->header));
  if (vls_wire_decode(&vls_event_header_def, VLS_WIRE_STRICT, vls_buf_slice(&ret->header), &header,
                      NULL) != VLS_OK ||
      header.seq != seq)
    return false;
  if (vls_buf_grow(&ret->bodies, 2 * VLS_RECORD_MAX) == NULL) return false;
  ret->bodies.n = 0; /* room taken: what points into it stays right */
  ret->event.seq = seq;
  ret->event.stamp = header.stamp;
  ret->event.n_items = header.n_items;
  for (size_t i = 0; i < header.n_items; i++) {
    size_t at = ret->bodies.n;
    vls_err err = vls_buf_put(&ret->bodies, header.items[i], 32);
    VLS_ASSERT(err == VLS_OK);
    ret->event.items[i] = (vls_item){VLS_ITEM_GONE, {ret->bodies.p + at, 32}};
  }
  place_texts(core, contact, device, ret, &header);
  return true;
}

/* All items of an event of mine, one after another. */
static bool items_of(vls_core *core, vls_peer *peer, uint64_t seq, vls_buf *items) {
  vls_rebuilt r;
  bool found = vls_rebuild(core, peer->row.id, 0, seq, &r);
  for (size_t i = 0; found && i < r.event.n_items; i++)
    found = vls_wire_encode(&vls_item_def, &r.event.items[i], items) == VLS_OK;
  vls_rebuilt_done(&r);
  return found;
}

void vls_again_forget(vls_core *core, vls_peer *peer, uint64_t seq) {
  vls_buf items;
  vls_buf_init(&items, VLS_RECORD_MAX);
  if (vls_outbox_has(core->store, peer->row.id, seq) && items_of(core, peer, seq, &items))
    vls_outbox_reword(core->store, peer->row.id, seq, vls_buf_slice(&items));
  vls_buf_done(&items);
}

/* One event they lost into the outbox, not sealed. False when it is not here any more. */
static bool put_again(vls_core *core, vls_peer *peer, uint64_t seq) {
  vls_buf items;
  if (vls_outbox_has(core->store, peer->row.id, seq)) return true;
  vls_buf_init(&items, VLS_RECORD_MAX);
  bool found = items_of(core, peer, seq, &items);
  if (found) {
    vls_outbox_row row = {.seq = seq, .at = vls_core_wall(core)};
    vls_outbox_put(core->store, peer->row.id, &row, vls_buf_slice(&items), (vls_slice){0});
    vls_outbox_put_by(core->store, peer->row.id, seq, vls_buf_slice(&items));
  }
  vls_buf_done(&items);
  return found;
}

/* Neither this event nor its header is here any more: it went with a contact that was removed. */
static void pass_over(vls_core *core, vls_peer *peer, uint64_t seq) {
  vls_position place = {.seq = peer->talk.out_seq};
  vls_event_header header;
  vls_buf bytes;
  vls_buf_init(&bytes, vls_event_header_def.max_bytes);
  memcpy(place.head, peer->talk.out_prev, 32);
  uint64_t next = vls_event_after(core->store, peer->row.id, seq);
  if (next != 0 && vls_event_get(core->store, peer->row.id, 0, next, &bytes, NULL) &&
      vls_wire_decode(&vls_event_header_def, VLS_WIRE_STRICT, vls_buf_slice(&bytes), &header,
                      NULL) == VLS_OK) {
    place.seq = next - 1;
    memcpy(place.head, header.prev, 32);
  }
  vls_buf_done(&bytes);
  peer->again_limit = place.seq;
  vls_core_log(
      core, VLS_WARNING, "events they lost are not here either contact=%llu from=%llu to=%llu",
      (unsigned long long)peer->row.id, (unsigned long long)seq, (unsigned long long)place.seq);
  if (peer->conn != NULL && peer->conn->up) vls_state_gone(core, peer->conn, &place);
}

bool vls_again_more(vls_core *core, vls_peer *peer, bool unsealed) {
  if (peer->again_limit >= peer->again_to) {
    peer->again_to = 0;
    return false;
  }
  uint64_t from = peer->again_limit + 1, left = peer->again_to - peer->again_limit;
  uint64_t n = left < VLS_AGAIN_ROUND ? left : VLS_AGAIN_ROUND;
  if (!vls_budget_take(&peer->again, core->now.mono_ms, n, VLS_AGAIN_MINUTE)) {
    vls_core_wake_at(core, core->now.mono_ms + VLS_AGAIN_WAIT_MS);
    return false;
  }
  uint64_t seq = from;
  while (seq < from + n && put_again(core, peer, seq))
    seq++;
  if (!unsealed && seq > from) vls_outbound_seal_missing(core, peer, from, seq - 1);
  peer->again_limit = seq - 1;
  if (seq < from + n) pass_over(core, peer, seq);
  return true;
}
