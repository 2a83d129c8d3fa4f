/* Hostile text on its way to a terminal: nothing that commands it gets through, in any form. */
#include "base/assert.h"
#include "base/text.h"
#include "client/gate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void try_form(vls_slice text, vls_gate_form form) {
  vls_buf out;
  vls_buf_init(&out, VLS_GATE_MAX);
  vls_gate(&out, text, form);
  VLS_ASSERT(vls_utf8_ok(vls_buf_slice(&out)));
  for (size_t i = 0; i < out.n; i++) {
    bool breaks = out.p[i] == '\n' || out.p[i] == '\t';
    VLS_ASSERT(out.p[i] != 0x7f && (out.p[i] >= ' ' || (breaks && form == VLS_GATE_BODY)));
    /* C1 controls in UTF-8 are c2 80 to c2 9f. */
    VLS_ASSERT(i == 0 || out.p[i - 1] != 0xc2 || out.p[i] >= 0xa0);
  }
  if (form == VLS_GATE_LINE) {
    VLS_ASSERT(vls_gate_is_clean(text) == vls_slice_eq(text, vls_buf_slice(&out)));
    VLS_ASSERT(vls_gate_is_clean(vls_buf_slice(&out)));
  }
  (void)vls_gate_width(vls_buf_slice(&out));
  vls_buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  try_form(vls_slice_of(data, n), VLS_GATE_LINE);
  try_form(vls_slice_of(data, n), VLS_GATE_BODY);
  try_form(vls_slice_of(data, n), VLS_GATE_PLAIN);
  return 0;
}
