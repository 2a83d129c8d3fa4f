#include "conv/direct.h"

#include "base/assert.h"
#include "crypto/kdf.h"
#include "crypto/pad.h"

enum { PLAIN_MAX = VLS_RECORD_MAX, HEADER_MAX = 3072 };

void vls_direct_conversation(uint8_t ret[32], const uint8_t a[32], const uint8_t b[32]) {
  bool swap = memcmp(a, b, 32) > 0;
  vls_slice parts[] = {vls_slice_str("valise direct"), {swap ? b : a, 32}, {swap ? a : b, 32}};
  vls_sha256_parts(ret, parts, 3);
}

static vls_event_facts facts_of(const vls_direct_ends *ends, const uint8_t *conversation,
                                const uint8_t *prev, uint64_t seq, uint64_t stamp) {
  return (vls_event_facts){.conversation = conversation,
                           .recipient = ends->recipient,
                           .author = ends->author,
                           .device = ends->device,
                           .prev = prev,
                           .seq = seq,
                           .stamp = stamp};
}

static vls_err hash_items(const vls_item *items, size_t n, vls_item_hashes *ret) {
  vls_buf one;
  vls_err err = VLS_OK;
  vls_buf_init(&one, vls_item_def.max_bytes);
  for (size_t i = 0; i < n && err == VLS_OK; i++) {
    vls_buf_clear(&one);
    err = vls_wire_encode(&vls_item_def, &items[i], &one);
    if (err == VLS_OK) vls_item_hash(ret->hash[i], vls_buf_slice(&one));
  }
  ret->n = n;
  vls_buf_done(&one);
  return err;
}

vls_err vls_direct_reseal(const vls_direct_again *again, vls_ratchet *r, vls_rng *rng,
                          vls_buf *record) {
  uint8_t x3dh_sig[64];
  size_t before = record->n;
  vls_buf plain;
  vls_buf_init(&plain, PLAIN_MAX);
  vls_direct_event event = {.seq = again->seq, .stamp = again->stamp, .n_items = again->n_items};
  memcpy(event.sig, again->sig, sizeof event.sig);
  if (again->prefix.n > 0) {
    vls_sign(x3dh_sig, again->device, VLS_CTX_X3DH, vls_slice_of(r->th, 32));
    event.x3dh_sig = vls_slice_of(x3dh_sig, sizeof x3dh_sig);
  }
  memcpy(event.items, again->items, again->n_items * sizeof *again->items);
  vls_err err = vls_wire_encode(&vls_direct_event_def, &event, &plain);
  if (err == VLS_OK) err = vls_pad(&plain, VLS_RATCHET_EXTRA + again->prefix.n);
  if (err == VLS_OK) err = vls_buf_put_slice(record, again->prefix);
  if (err == VLS_OK) err = vls_ratchet_seal(r, vls_buf_slice(&plain), rng, record);
  if (err != VLS_OK) record->n = before;
  vls_buf_done(&plain);
  return err;
}

vls_err vls_direct_seal(const vls_direct_out *out, vls_ratchet *r, vls_rng *rng, vls_buf *record,
                        vls_direct_sealed *ret) {
  VLS_ASSERT(out->n_items >= 1 && out->n_items <= VLS_EVENT_ITEMS);
  vls_item_hashes hashes;
  uint8_t conversation[32];
  vls_buf_init(&ret->header, HEADER_MAX);
  vls_direct_conversation(conversation, out->ends.author, out->ends.recipient);
  vls_event_facts facts = facts_of(&out->ends, conversation, out->prev, out->seq, out->stamp);
  vls_err err = hash_items(out->items, out->n_items, &hashes);
  if (err == VLS_OK) err = vls_event_header_make(&ret->header, &facts, &hashes, ret->hash);
  if (err == VLS_OK) {
    vls_sign_hash(ret->sig, out->device, VLS_CTX_DIRECT, ret->hash);
    vls_direct_again sealed = {.device = out->device,
                               .seq = out->seq,
                               .stamp = out->stamp,
                               .sig = ret->sig,
                               .items = out->items,
                               .n_items = out->n_items,
                               .prefix = out->prefix};
    err = vls_direct_reseal(&sealed, r, rng, record);
  }
  if (err != VLS_OK) vls_direct_sealed_done(ret);
  return err;
}

void vls_direct_sealed_done(vls_direct_sealed *sealed) {
  vls_buf_done(&sealed->header);
}
void vls_direct_in_done(vls_direct_in *in) {
  vls_buf_done(&in->plain);
}

/* Items are hashed as received, never re-encoded: find their extents again. Of an item that is gone
 * its hash is what came. */
static vls_err hash_received(vls_slice encoded, const vls_item *decoded, vls_item_hashes *ret) {
  vls_slice fields[5], items[VLS_EVENT_ITEMS];
  size_t n = 0;
  vls_err err = vls_wire_split(encoded, VLS_WIRE_STRICT, fields, 5, &n);
  if (err == VLS_OK && n != 5) err = VLS_MALFORMED;
  if (err == VLS_OK)
    err = vls_wire_split(fields[4], VLS_WIRE_STRICT, items, VLS_EVENT_ITEMS, &ret->n);
  if (err != VLS_OK) return err;
  for (size_t i = 0; i < ret->n; i++) {
    bool gone = decoded[i].kind == VLS_ITEM_GONE;
    if (gone && decoded[i].body.n != 32) return VLS_MALFORMED;
    if (gone)
      memcpy(ret->hash[i], decoded[i].body.p, 32);
    else
      vls_item_hash(ret->hash[i], items[i]);
  }
  return VLS_OK;
}

static vls_err read_event(vls_direct_in *ret, vls_slice encoded) {
  vls_err err = vls_wire_decode(&vls_direct_event_def, VLS_WIRE_STRICT, encoded, &ret->event, NULL);
  if (err == VLS_OK && ret->event.x3dh_sig.n != 0 && ret->event.x3dh_sig.n != VLS_SIG)
    err = VLS_MALFORMED;
  if (err == VLS_OK) err = hash_received(encoded, ret->event.items, &ret->hashes);
  return err;
}

vls_err vls_direct_read(vls_direct_in *ret, vls_slice encoded) {
  vls_buf_init(&ret->plain, PLAIN_MAX);
  return read_event(ret, encoded);
}

vls_err vls_direct_open(vls_ratchet *next, const vls_ratchet_peek *look, const uint8_t *skipped_mk,
                        vls_slice record, vls_rng *rng, vls_skips *skips, vls_direct_in *ret) {
  vls_slice encoded;
  vls_buf_init(&ret->plain, PLAIN_MAX);
  vls_err err = vls_ratchet_open(next, look, skipped_mk, record, rng, &ret->plain, skips);
  if (err == VLS_OK) err = vls_unpad(vls_buf_slice(&ret->plain), &encoded);
  if (err == VLS_OK) err = read_event(ret, encoded);
  if (err != VLS_OK) vls_direct_in_done(ret);
  return err;
}

vls_err vls_direct_verify(const vls_direct_in *in, const vls_direct_ends *ends,
                          const uint8_t prev[32], const uint8_t *th, vls_buf *header,
                          uint8_t ret_hash[32]) {
  uint8_t conversation[32];
  vls_direct_conversation(conversation, ends->author, ends->recipient);
  vls_event_facts facts = facts_of(ends, conversation, prev, in->event.seq, in->event.stamp);
  vls_err err = vls_event_header_make(header, &facts, &in->hashes, ret_hash);
  if (err == VLS_OK) err = vls_verify_hash(in->event.sig, ends->device, VLS_CTX_DIRECT, ret_hash);
  if (err != VLS_OK) return err;
  /* PEER 5b.4: closes key-compromise impersonation. */
  if (th == NULL) return in->event.x3dh_sig.n == 0 ? VLS_OK : VLS_FORGED;
  if (in->event.x3dh_sig.n != VLS_SIG) return VLS_FORGED;
  return vls_verify(in->event.x3dh_sig.p, ends->device, VLS_CTX_X3DH, vls_slice_of(th, 32));
}
