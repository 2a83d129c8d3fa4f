/* Cards, signed by a citizen who signs whatever the fuzzer wants: what opens is within its bounds.
 */
#include "base/assert.h"
#include "citizen/card.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  static const uint8_t seed[32] = "a citizen who signs anything....";
  vls_sign_pair identity;
  vls_signed card = {.body = vls_slice_of(data, n)};
  vls_card_view view;
  vls_buf bytes;
  if (n == 0 || n > 8100) return 0;
  vls_sign_from_seed(&identity, seed);
  vls_sign(card.sig, &identity, VLS_CTX_CARD, card.body);
  vls_buf_init(&bytes, VLS_CARD_MAX);
  if (vls_wire_encode(&vls_signed_def, &card, &bytes) == VLS_OK &&
      vls_card_open(&view, vls_buf_slice(&bytes)) == VLS_OK)
    VLS_ASSERT(view.n_devices >= 1 && view.n_devices <= VLS_DEVICES_MAX);
  vls_buf_done(&bytes);
  return 0;
}
