#include "crypto/pad.h"

#include "vec_hex.h"

enum { SIZES = 70000 };

static void bucket_holds_every_size_and_never_shrinks(void **state) {
  (void)state;
  size_t before = 0;
  for (size_t n = 0; n <= SIZES; n++) {
    size_t size = vls_pad_bucket(n);
    assert_true(size >= n && size >= before);
    assert_int_equal(vls_pad_bucket(size), size);
    if (n > 4096) assert_true((size - n) * 100 <= 12 * n); /* Padme: at most 12 % more */
    before = size;
  }
}

static void bucket_steps_are_the_ones_of_the_protocol(void **state) {
  (void)state;
  static const size_t steps[][2] = {
      {0, 256},     {1, 256},       {256, 256},     {257, 512},     {512, 512},    {513, 1024},
      {1025, 2048}, {2049, 4096},   {4096, 4096},   {4097, 4352},   {4352, 4352},  {4353, 4608},
      {8193, 8704}, {16385, 17408}, {32769, 34816}, {65535, 65536}, {65536, 65536}};
  for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
    assert_int_equal(vls_pad_bucket(steps[i][0]), steps[i][1]);
}

static void bucket_leaks_few_sizes(void **state) {
  (void)state;
  size_t distinct = 0, before = 0;
  for (size_t n = 0; n <= 65536; n++) {
    size_t size = vls_pad_bucket(n);
    distinct += size != before;
    before = size;
  }
  assert_int_equal(distinct, 5 + 4 * 16);
}

static void pad_fills_a_bucket_and_comes_off(void **state) {
  (void)state;
  vls_buf buf;
  vls_buf_init(&buf, 80000);
  for (size_t n = 0; n <= SIZES; n += n < 5000 ? 1 : 61) {
    vls_buf_clear(&buf);
    uint8_t *at = vls_buf_grow(&buf, n);
    assert_non_null(at);
    memset(at, n % 3 == 0 ? 0 : n % 3 == 1 ? 0x80 : 0x41, n); /* content that looks like padding */
    assert_int_equal(vls_pad(&buf, 129), VLS_OK);
    assert_true(buf.n > n);
    assert_int_equal(vls_pad_bucket(buf.n + 129), buf.n + 129);
    vls_slice back;
    assert_int_equal(vls_unpad(vls_buf_slice(&buf), &back), VLS_OK);
    assert_int_equal(back.n, n);
    assert_ptr_equal(back.p, buf.p);
  }
  vls_buf_done(&buf);
}

static void pad_past_the_maximum_changes_nothing(void **state) {
  (void)state;
  vls_buf buf;
  vls_buf_init(&buf, 200);
  assert_int_equal(vls_buf_put(&buf, "hello", 5), VLS_OK);
  assert_int_equal(vls_pad(&buf, 55), VLS_TOO_BIG);
  assert_int_equal(buf.n, 5);
  assert_int_equal(vls_pad(&buf, 56), VLS_OK);
  assert_int_equal(buf.n, 200);
  vls_buf_done(&buf);
}

static void unpad_garbage_is_malformed(void **state) {
  (void)state;
  uint8_t bytes[64] = {0};
  vls_slice back;
  assert_int_equal(vls_unpad((vls_slice){NULL, 0}, &back), VLS_MALFORMED);
  for (size_t n = 0; n <= sizeof bytes; n++)
    assert_int_equal(vls_unpad(vls_slice_of(bytes, n), &back), VLS_MALFORMED);
  for (unsigned v = 1; v < 256; v++) {
    bytes[10] = (uint8_t)v;
    assert_int_equal(vls_unpad(vls_slice_of(bytes, sizeof bytes), &back),
                     v == 0x80 ? VLS_OK : VLS_MALFORMED);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bucket_holds_every_size_and_never_shrinks),
      cmocka_unit_test(bucket_steps_are_the_ones_of_the_protocol),
      cmocka_unit_test(bucket_leaks_few_sizes),
      cmocka_unit_test(pad_fills_a_bucket_and_comes_off),
      cmocka_unit_test(pad_past_the_maximum_changes_nothing),
      cmocka_unit_test(unpad_garbage_is_malformed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
