/* Hostile messages of reconciliation, to a side with a few items and to one with many, as responder
 * and as initiator: refused, or answered within the frame. */
#include <stdlib.h>

#include "base/assert.h"
#include "carry/negentropy.h"
#include "crypto/kdf.h"

enum { MANY = 300, FEW = 5 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static vls_neg_item items[MANY];

static void fill(void) {
  if (items[0].stamp != 0) return;
  for (size_t i = 0; i < MANY; i++) {
    items[i].stamp = 1 + i / 3;
    vls_sha256(items[i].id, vls_slice_of(&i, sizeof i));
  }
  vls_neg_sort(items, MANY);
}

static void hear(vls_slice message, size_t n_items, size_t limit) {
  vls_neg_set set = {.items = items, .n = n_items, .frame_limit = limit};
  vls_neg_found found;
  vls_buf out;
  vls_buf_init(&out, VLS_NEG_MESSAGE_MAX);
  vls_buf_init(&found.have, MANY * VLS_NEG_ID);
  vls_buf_init(&found.need, message.n);
  vls_err err = vls_neg_answer(&set, message, &out);
  VLS_ASSERT(err != VLS_OK || limit == 0 || out.n <= limit);
  vls_buf_clear(&out);
  err = vls_neg_next(&set, message, &out, &found);
  VLS_ASSERT(err != VLS_OK || limit == 0 || out.n <= limit);
  VLS_ASSERT(found.have.n <= n_items * VLS_NEG_ID);
  vls_buf_done(&out);
  vls_buf_done(&found.have);
  vls_buf_done(&found.need);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  vls_slice message = vls_slice_of(data, n);
  if (vls_crypto_init() != VLS_OK) return 0;
  fill();
  hear(message, FEW, 0);
  hear(message, MANY, 0);
  hear(message, MANY, VLS_NEG_FRAME_MIN);
  return 0;
}
