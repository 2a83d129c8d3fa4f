#include "event/event.h"

#include "crypto/kdf.h"
#include "crypto/x3dh.h"

void vls_item_hash(uint8_t ret_hash[32], vls_slice encoded) {
  vls_sha256(ret_hash, encoded);
}

void vls_item_id(uint8_t ret_id[32], const uint8_t header_hash[32], size_t index) {
  uint8_t be[2];
  vls_be16_put(be, (uint16_t)index);
  vls_slice parts[] = {vls_slice_str("valise item"), {header_hash, 32}, {be, sizeof be}};
  vls_sha256_parts(ret_id, parts, 3);
}

vls_err vls_event_header_make(vls_buf *out, const vls_event_facts *facts,
                              const vls_item_hashes *items, uint8_t ret_hash[32]) {
  vls_event_header h = {.suite = VLS_SUITE_1, .seq = facts->seq, .stamp = facts->stamp};
  memcpy(h.conversation, facts->conversation, 32);
  h.recipient = vls_slice_of(facts->recipient, 32);
  memcpy(h.author, facts->author, 32);
  memcpy(h.device, facts->device, 32);
  memcpy(h.prev, facts->prev, 32);
  memcpy(h.items, items->hash, items->n * 32);
  h.n_items = items->n;
  size_t at = out->n;
  vls_err err = vls_wire_encode(&vls_event_header_def, &h, out);
  if (err == VLS_OK) vls_sha256(ret_hash, vls_slice_of(out->p + at, out->n - at));
  return err;
}
