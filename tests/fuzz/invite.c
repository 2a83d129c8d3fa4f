/* Invitation links as pasted, to a person and to a group: what is read can be written again and
 * says the same. */
#include "base/assert.h"
#include "citizen/invite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void to_a_group(vls_slice in) {
  vls_group_link first, second;
  uint8_t first_bytes[VLS_INVITE_BYTES], second_bytes[VLS_INVITE_BYTES];
  vls_buf text;
  vls_buf_init(&text, VLS_LINK_TEXT_MAX);
  if (vls_group_link_parse(&first, first_bytes, in) == VLS_OK) {
    VLS_ASSERT(vls_group_link_text(&text, &first) == VLS_OK);
    VLS_ASSERT(vls_group_link_parse(&second, second_bytes, vls_buf_slice(&text)) == VLS_OK);
    VLS_ASSERT(memcmp(first.seed, second.seed, 32) == 0 && first.until == second.until);
    VLS_ASSERT(vls_slice_eq(first.name, second.name) && first.n_addresses == second.n_addresses);
  }
  vls_buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  vls_invite first, second;
  uint8_t first_bytes[VLS_INVITE_BYTES], second_bytes[VLS_INVITE_BYTES];
  vls_buf text;
  vls_buf_init(&text, VLS_LINK_TEXT_MAX);
  if (vls_invite_parse(&first, first_bytes, vls_slice_of(data, n)) == VLS_OK) {
    VLS_ASSERT(vls_invite_text(&text, &first) == VLS_OK);
    VLS_ASSERT(vls_invite_parse(&second, second_bytes, vls_buf_slice(&text)) == VLS_OK);
    VLS_ASSERT(memcmp(first.identity, second.identity, 32) == 0);
    VLS_ASSERT(first.n_addresses == second.n_addresses);
  }
  vls_buf_done(&text);
  to_a_group(vls_slice_of(data, n));
  return 0;
}
