/* Every message of all languages: the first byte says which. What decodes strictly has no other
 * encoding; what decodes leniently survives being encoded and read back. */
#include <stdlib.h>

#include "base/assert.h"
#include "proto/group.h"
#include "proto/peer.h"
#include "proto/rpc.h"

static const vls_wire_def *const defs[] = {
#include "proto/def_list.h"
#include "proto/peer.def"
#include "proto/def_end.h"

#include "proto/def_list.h"
#include "proto/rpc.def"
#include "proto/def_end.h"

#include "proto/def_list.h"
#include "proto/group.def"
#include "proto/def_end.h"
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void try_form(const vls_wire_def *def, vls_wire_form form, vls_slice in) {
  vls_wire_fault fault;
  vls_buf again;
  void *msg = vls_calloc(1, def->size);
  vls_buf_init(&again, def->max_bytes);
  vls_err err = vls_wire_decode(def, form, in, msg, &fault);
  VLS_ASSERT((err == VLS_OK) == (fault.what == NULL));
  if (err == VLS_OK) {
    VLS_ASSERT(vls_wire_encode(def, msg, &again) == VLS_OK);
    bool same = vls_slice_eq(in, vls_buf_slice(&again));
    VLS_ASSERT(same || def->shape == VLS_MAP || form == VLS_WIRE_LENIENT);
    VLS_ASSERT(vls_wire_decode(def, VLS_WIRE_STRICT, vls_buf_slice(&again), msg, NULL) == VLS_OK);
  }
  vls_buf_done(&again);
  free(msg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  if (n == 0) return 0;
  const vls_wire_def *def = defs[data[0] % (sizeof defs / sizeof defs[0])];
  try_form(def, VLS_WIRE_STRICT, vls_slice_of(data + 1, n - 1));
  try_form(def, VLS_WIRE_LENIENT, vls_slice_of(data + 1, n - 1));
  return 0;
}
