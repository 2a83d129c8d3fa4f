/* The transport of a link: vls_cipher of noise.h. */
#include "crypto/kdf.h"
#include "crypto/noise.h"
#include "crypto/seal.h"
#include "vec_hex.h"

static const vls_cipher fresh = {.k = {1}, .ck = {2}};
static const vls_slice nothing = {NULL, 0};

static void cipher_rotates_after_1000_operations_on_both_sides(void **state) {
  (void)state;
  vls_cipher send = fresh, recv = fresh;
  uint8_t ct[5 + VLS_TAG], pt[5], want[64];
  for (int i = 0; i < 3 * VLS_CIPHER_ROTATE + 10; i++) {
    vls_cipher before = send;
    vls_cipher_seal(&send, ct, nothing, vls_slice_of("hello", 5));
    assert_int_equal(vls_cipher_open(&recv, pt, nothing, vls_slice_of(ct, sizeof ct)), VLS_OK);
    assert_memory_equal(pt, "hello", 5);
    assert_memory_equal(&send, &recv, sizeof send);
    if ((i + 1) % VLS_CIPHER_ROTATE != 0) {
      assert_memory_equal(before.k, send.k, 32);
      assert_int_equal(send.n, before.n + 1);
      continue;
    }
    vls_hkdf(want, sizeof want, vls_slice_of(before.ck, 32), vls_slice_of(before.k, 32), nothing);
    assert_memory_equal(send.ck, want, 32);
    assert_memory_equal(send.k, want + 32, 32);
    assert_int_equal(send.n, 0);
  }
}

static void cipher_flipped_byte_is_refused_and_leaves_the_state(void **state) {
  (void)state;
  vls_cipher send = fresh, recv = fresh;
  uint8_t ct[100 + VLS_TAG], pt[100] = {0};
  vls_cipher_seal(&send, ct, vls_slice_str("ad"), vls_slice_of(pt, sizeof pt));
  for (size_t i = 0; i < sizeof ct; i++) {
    ct[i] ^= 0x80;
    assert_int_equal(vls_cipher_open(&recv, pt, vls_slice_str("ad"), vls_slice_of(ct, sizeof ct)),
                     VLS_FORGED);
    assert_memory_equal(&recv, &fresh, sizeof recv);
    ct[i] ^= 0x80;
  }
  assert_int_equal(vls_cipher_open(&recv, pt, vls_slice_str("da"), vls_slice_of(ct, sizeof ct)),
                   VLS_FORGED);
  for (size_t n = 0; n < sizeof ct; n++)
    assert_int_equal(vls_cipher_open(&recv, pt, vls_slice_str("ad"), vls_slice_of(ct, n)),
                     n < VLS_TAG ? VLS_MALFORMED : VLS_FORGED);
  assert_memory_equal(&recv, &fresh, sizeof recv);
  assert_int_equal(vls_cipher_open(&recv, pt, vls_slice_str("ad"), vls_slice_of(ct, sizeof ct)),
                   VLS_OK);
}

static void cipher_replay_and_reorder_are_refused(void **state) {
  (void)state;
  vls_cipher send = fresh, recv = fresh;
  uint8_t ct[2][1 + VLS_TAG], pt[1];
  vls_cipher_seal(&send, ct[0], nothing, vls_slice_of("a", 1));
  vls_cipher_seal(&send, ct[1], nothing, vls_slice_of("b", 1));
  assert_int_equal(vls_cipher_open(&recv, pt, nothing, vls_slice_of(ct[1], 17)), VLS_FORGED);
  assert_int_equal(vls_cipher_open(&recv, pt, nothing, vls_slice_of(ct[0], 17)), VLS_OK);
  assert_int_equal(vls_cipher_open(&recv, pt, nothing, vls_slice_of(ct[0], 17)), VLS_FORGED);
  assert_int_equal(vls_cipher_open(&recv, pt, nothing, vls_slice_of(ct[1], 17)), VLS_OK);
}

static void cipher_works_in_place(void **state) {
  (void)state;
  vls_cipher send = fresh, recv = fresh;
  uint8_t bytes[200 + VLS_TAG], text[200];
  for (size_t i = 0; i < sizeof text; i++)
    bytes[i] = text[i] = (uint8_t)i;
  vls_cipher_seal(&send, bytes, nothing, vls_slice_of(bytes, sizeof text));
  assert_memory_not_equal(bytes, text, sizeof text);
  assert_int_equal(vls_cipher_open(&recv, bytes, nothing, vls_slice_of(bytes, sizeof bytes)),
                   VLS_OK);
  assert_memory_equal(bytes, text, sizeof text);
}

static int setup(void **state) {
  (void)state;
  return vls_crypto_init() == VLS_OK ? 0 : -1;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cipher_rotates_after_1000_operations_on_both_sides),
      cmocka_unit_test(cipher_flipped_byte_is_refused_and_leaves_the_state),
      cmocka_unit_test(cipher_replay_and_reorder_are_refused),
      cmocka_unit_test(cipher_works_in_place),
  };
  return cmocka_run_group_tests(tests, setup, NULL);
}
