/* What a lying node sends to the client: frames cut from a stream, and the lists inside them. */
#include "base/assert.h"
#include "client/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void walk(vls_slice body) {
  vls_items items;
  vls_slice item;
  vls_rpc_event event;
  vls_wire_fault fault;
  vls_err err = vls_wire_decode(&vls_rpc_event_def, VLS_WIRE_LENIENT, body, &event, &fault);
  VLS_ASSERT((err == VLS_OK) == (fault.what == NULL));
  if (vls_items_init(&items, body) != VLS_OK) return;
  while (vls_items_next(&items, &item))
    VLS_ASSERT(item.n > 0 && item.p >= body.p && item.p + item.n <= body.p + body.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  vls_frame frame;
  for (size_t at = 0; at < n; at += frame.used) {
    if (vls_frame_cut(vls_slice_of(data + at, n - at), &frame) != VLS_OK) break;
    VLS_ASSERT(frame.used > 0 && frame.used <= n - at);
    walk(frame.body);
  }
  return 0;
}
