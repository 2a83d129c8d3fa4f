#include "base/buf.h"

#include "vec_hex.h"

static void buf_holds_up_to_its_maximum_and_no_more(void **state) {
  (void)state;
  for (size_t max = 0; max < 600; max += 7) {
    vls_buf buf;
    vls_buf_init(&buf, max);
    for (size_t i = 0; i < max; i++)
      assert_int_equal(vls_buf_put_u8(&buf, (uint8_t)i), VLS_OK);
    assert_int_equal(vls_buf_put_u8(&buf, 0), VLS_TOO_BIG);
    assert_int_equal(buf.n, max);
    assert_true(buf.cap <= max);
    for (size_t i = 0; i < max; i++)
      assert_int_equal(buf.p[i], (uint8_t)i);
    vls_buf_done(&buf);
  }
}

static void buf_too_much_at_once_changes_nothing(void **state) {
  (void)state;
  vls_buf buf;
  vls_buf_init(&buf, 10);
  assert_int_equal(vls_buf_put(&buf, "12345", 5), VLS_OK);
  assert_int_equal(vls_buf_put(&buf, "678901", 6), VLS_TOO_BIG);
  assert_null(vls_buf_grow(&buf, 6));
  assert_null(vls_buf_grow(&buf, SIZE_MAX));
  assert_true(vls_slice_eq(vls_buf_slice(&buf), vls_slice_str("12345")));
  vls_buf_done(&buf);
}

static void buf_grown_by_nothing_is_not_too_big(void **state) {
  (void)state;
  for (size_t max = 0; max < 2; max++) {
    vls_buf buf;
    vls_buf_init(&buf, max);
    assert_non_null(vls_buf_grow(&buf, 0));
    assert_int_equal(buf.n, 0);
    assert_int_equal(vls_buf_put(&buf, NULL, 0), VLS_OK);
    vls_buf_done(&buf);
  }
}

static void buf_numbers_are_big_endian_and_come_back(void **state) {
  (void)state;
  vls_buf buf;
  vls_buf_init(&buf, 100);
  assert_int_equal(vls_buf_put_be16(&buf, 0xfedc), VLS_OK);
  assert_int_equal(vls_buf_put_be32(&buf, 0xfedcba98), VLS_OK);
  vec_equal(buf.p, "fedcfedcba98");
  assert_int_equal(vls_be16_get(buf.p), 0xfedc);
  assert_int_equal(vls_be32_get(buf.p + 2), 0xfedcba98);
  uint8_t whole[8];
  vls_be64_put(whole, UINT64_C(0xfedcba9876543210));
  vec_equal(whole, "fedcba9876543210");
  assert_true(vls_be64_get(whole) == UINT64_C(0xfedcba9876543210));
  vls_buf_done(&buf);
}

static void buf_dropped_front_leaves_the_rest(void **state) {
  (void)state;
  vls_buf buf;
  vls_buf_init(&buf, 10);
  vls_buf_drop(&buf, 0);
  assert_int_equal(vls_buf_put(&buf, "0123456789", 10), VLS_OK);
  vls_buf_drop(&buf, 4);
  assert_true(vls_slice_eq(vls_buf_slice(&buf), vls_slice_str("456789")));
  assert_int_equal(vls_buf_put(&buf, "abcd", 4), VLS_OK);
  vls_buf_drop(&buf, 10);
  assert_int_equal(buf.n, 0);
  vls_buf_done(&buf);
}

static void buf_can_be_used_again_after_clear_and_done(void **state) {
  (void)state;
  vls_buf buf;
  vls_buf_init(&buf, 4);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(vls_buf_put(&buf, "abcd", 4), VLS_OK);
    assert_int_equal(vls_buf_put_u8(&buf, 'e'), VLS_TOO_BIG);
    if (i == 0) vls_buf_clear(&buf);
    if (i > 0) vls_buf_done(&buf);
  }
  vls_buf_done(&buf);
  vls_buf zeroed = {0};
  vls_buf_done(&zeroed);
}

static void slices_are_equal_by_content(void **state) {
  (void)state;
  assert_true(vls_slice_eq(vls_slice_str("ab"), vls_slice_of("abc", 2)));
  assert_false(vls_slice_eq(vls_slice_str("ab"), vls_slice_str("abc")));
  assert_false(vls_slice_eq(vls_slice_str("ab"), vls_slice_str("ac")));
  assert_true(vls_slice_eq((vls_slice){NULL, 0}, vls_slice_str("")));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(buf_holds_up_to_its_maximum_and_no_more),
      cmocka_unit_test(buf_too_much_at_once_changes_nothing),
      cmocka_unit_test(buf_grown_by_nothing_is_not_too_big),
      cmocka_unit_test(buf_numbers_are_big_endian_and_come_back),
      cmocka_unit_test(buf_dropped_front_leaves_the_rest),
      cmocka_unit_test(buf_can_be_used_again_after_clear_and_done),
      cmocka_unit_test(slices_are_equal_by_content),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
