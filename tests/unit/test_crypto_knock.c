#include "crypto/knock.h"

#include "crypto/kdf.h"
#include "crypto/seal.h"
#include "vec_hex.h"

enum { OUT_MAX = 4096 };

static const uint8_t key[32] = {3, 1, 4}, other_key[32] = {3, 1, 5};
static const vls_slice nothing = {NULL, 0};

static vls_rng seeded(uint8_t n) {
  uint8_t seed[32] = {n};
  vls_rng rng;
  vls_rng_init(&rng, seed);
  return rng;
}

static void knock_comes_back_as_it_went_at_every_size(void **state) {
  (void)state;
  vls_rng rng = seeded(1);
  uint8_t message[VLS_KNOCK_MESSAGE_MAX];
  vls_rng_bytes(&rng, message, sizeof message);
  vls_buf out;
  vls_buf_init(&out, OUT_MAX);
  for (size_t n = 0; n <= sizeof message; n++) {
    vls_buf_clear(&out);
    assert_int_equal(vls_knock_put(&out, key, vls_slice_of(message, n), 0xfffffff0u + (uint32_t)n,
                                   vls_slice_str("ad"), &rng),
                     VLS_OK);
    vls_knock knock;
    vls_slice fixed = vls_slice_of(out.p, vls_knock_size(n));
    assert_int_equal(vls_knock_try(&knock, key, fixed, vls_slice_str("ad")), VLS_OK);
    assert_int_equal(knock.n_message, n);
    assert_memory_equal(knock.message, message, n);
    assert_int_equal(knock.time_s, (uint32_t)(0xfffffff0u + n));
    assert_int_equal(out.n, vls_knock_size(n) + knock.pad);
    assert_memory_equal(knock.nonce, out.p, sizeof knock.nonce);
  }
  vls_buf_done(&out);
}

static void knock_draws_every_padding(void **state) {
  (void)state;
  static bool seen[VLS_KNOCK_PAD_MAX + 1];
  vls_rng rng = seeded(2);
  vls_buf out;
  vls_buf_init(&out, OUT_MAX);
  size_t distinct = 0;
  for (int i = 0; i < 20000; i++) {
    vls_buf_clear(&out);
    assert_int_equal(vls_knock_put(&out, key, vls_slice_str("m"), 0, nothing, &rng), VLS_OK);
    size_t pad = out.n - vls_knock_size(1);
    assert_in_range(pad, 0, VLS_KNOCK_PAD_MAX);
    distinct += !seen[pad];
    seen[pad] = true;
  }
  assert_int_equal(distinct, VLS_KNOCK_PAD_MAX + 1);
  vls_buf_done(&out);
}

static void knock_wrong_key_ad_size_or_byte_is_unknown(void **state) {
  (void)state;
  vls_rng rng = seeded(3);
  vls_buf out;
  vls_knock knock, untouched;
  memset(&knock, 0x77, sizeof knock);
  untouched = knock;
  vls_buf_init(&out, OUT_MAX);
  assert_int_equal(vls_knock_put(&out, key, vls_slice_of(other_key, 32), 9, nothing, &rng), VLS_OK);
  vls_slice fixed = vls_slice_of(out.p, vls_knock_size(32));
  assert_int_equal(vls_knock_try(&knock, other_key, fixed, nothing), VLS_UNKNOWN);
  assert_int_equal(vls_knock_try(&knock, key, fixed, vls_slice_str("x")), VLS_UNKNOWN);
  for (size_t n = 0; n < fixed.n; n++)
    assert_int_equal(vls_knock_try(&knock, key, vls_slice_of(out.p, n), nothing), VLS_UNKNOWN);
  for (size_t i = 0; i < fixed.n; i++) {
    out.p[i] ^= 4;
    assert_int_equal(vls_knock_try(&knock, key, fixed, nothing), VLS_UNKNOWN);
    out.p[i] ^= 4;
  }
  static const uint8_t large[1024];
  assert_int_equal(vls_knock_try(&knock, key, vls_slice_of(large, sizeof large), nothing),
                   VLS_UNKNOWN);
  assert_memory_equal(&knock, &untouched, sizeof knock);
  assert_int_equal(vls_knock_try(&knock, key, fixed, nothing), VLS_OK);
  vls_buf_done(&out);
}

/* Whoever holds the key may still say nonsense inside. */
static vls_err try_inner(const uint8_t inner[VLS_KNOCK_INNER]) {
  uint8_t bytes[VLS_N24 + VLS_KNOCK_INNER + VLS_TAG] = {8};
  vls_knock knock;
  vls_xchacha_seal(bytes + VLS_N24, key, bytes, nothing, vls_slice_of(inner, VLS_KNOCK_INNER));
  return vls_knock_try(&knock, key, vls_slice_of(bytes, sizeof bytes), nothing);
}

static void knock_nonsense_inside_is_malformed(void **state) {
  (void)state;
  for (unsigned pad = 0; pad <= UINT16_MAX; pad += pad < 1100 ? 1 : 97) {
    const uint8_t inner[] = {0, 0, 0, 1, (uint8_t)(pad >> 8), (uint8_t)pad, 1, 0};
    assert_int_equal(try_inner(inner), pad <= VLS_KNOCK_PAD_MAX ? VLS_OK : VLS_MALFORMED);
  }
  for (unsigned v = 0; v < 256; v++) {
    const uint8_t version[] = {0, 0, 0, 1, 0, 0, (uint8_t)v, 0};
    const uint8_t last[] = {0, 0, 0, 1, 0, 0, 1, (uint8_t)v};
    assert_int_equal(try_inner(version), v == VLS_KNOCK_VERSION ? VLS_OK : VLS_MALFORMED);
    assert_int_equal(try_inner(last), v == 0 ? VLS_OK : VLS_MALFORMED);
  }
}

static void knock_full_buffer_is_too_big(void **state) {
  (void)state;
  vls_rng rng = seeded(4);
  vls_buf out;
  vls_buf_init(&out, vls_knock_size(48) - 1);
  assert_int_equal(vls_knock_put(&out, key, vls_slice_of(key, 32), 0, nothing, &rng), VLS_TOO_BIG);
  assert_int_equal(out.n, 0);
  vls_buf_done(&out);
}

static int setup(void **state) {
  (void)state;
  return vls_crypto_init() == VLS_OK ? 0 : -1;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(knock_comes_back_as_it_went_at_every_size),
      cmocka_unit_test(knock_draws_every_padding),
      cmocka_unit_test(knock_wrong_key_ad_size_or_byte_is_unknown),
      cmocka_unit_test(knock_nonsense_inside_is_malformed),
      cmocka_unit_test(knock_full_buffer_is_too_big),
  };
  return cmocka_run_group_tests(tests, setup, NULL);
}
