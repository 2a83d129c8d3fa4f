#include "crypto/rng.h"

#include "vec_hex.h"

static const uint8_t seed[32] = {7};

static void rng_same_seed_same_bytes(void **state) {
  (void)state;
  vls_rng a, b;
  uint8_t x[1000], y[1000];
  vls_rng_init(&a, seed);
  vls_rng_init(&b, seed);
  static const size_t sizes[] = {1, 24, 32, 33, 64, 1000, 0, 8};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    vls_rng_bytes(&a, x, sizes[i]);
    vls_rng_bytes(&b, y, sizes[i]);
    assert_memory_equal(x, y, sizes[i]);
  }
}

static void rng_every_draw_differs_and_replaces_the_key(void **state) {
  (void)state;
  vls_rng rng;
  vls_rng_init(&rng, seed);
  uint8_t draws[64][32];
  for (size_t i = 0; i < 64; i++) {
    vls_rng before = rng;
    vls_rng_bytes(&rng, draws[i], sizeof draws[i]);
    assert_memory_not_equal(&before, &rng, sizeof rng);
    assert_memory_not_equal(draws[i], rng.key, sizeof rng.key);
    for (size_t j = 0; j < i; j++)
      assert_memory_not_equal(draws[i], draws[j], sizeof draws[i]);
  }
}

static void rng_long_draw_never_shows_the_next_key(void **state) {
  (void)state;
  vls_rng rng;
  uint8_t out[4096];
  vls_rng_init(&rng, seed);
  vls_rng_bytes(&rng, out, sizeof out);
  for (size_t i = 0; i + sizeof rng.key <= sizeof out; i++)
    assert_memory_not_equal(out + i, rng.key, sizeof rng.key);
}

static void rng_stirred_goes_another_way(void **state) {
  (void)state;
  vls_rng a, b;
  uint8_t x[32], y[32];
  vls_rng_init(&a, seed);
  vls_rng_init(&b, seed);
  vls_rng_stir(&a, vls_slice_str("one"));
  vls_rng_stir(&b, vls_slice_str("two"));
  vls_rng_bytes(&a, x, sizeof x);
  vls_rng_bytes(&b, y, sizeof y);
  assert_memory_not_equal(x, y, sizeof x);
}

static void rng_stir_is_sha256_of_tag_key_and_entropy(void **state) {
  (void)state;
  vls_rng rng;
  vls_rng_init(&rng, vec_hex("000102030405060708090a0b0c0d0e0f"
                             "101112131415161718191a1b1c1d1e1f")
                         .p);
  vls_rng_stir(&rng, vls_slice_str("entropy"));
  vec_equal(rng.key, "99845759afabf43eb86edb674a0809f8d371b4c150952de7d586d87021716904");
}

static void rng_below_is_in_range_and_even(void **state) {
  (void)state;
  vls_rng rng;
  vls_rng_init(&rng, seed);
  unsigned seen[10] = {0};
  for (int i = 0; i < 20000; i++) {
    uint64_t v = vls_rng_below(&rng, 10);
    assert_true(v < 10);
    seen[v]++;
  }
  for (int i = 0; i < 10; i++)
    assert_in_range(seen[i], 1800, 2200);
  assert_int_equal(vls_rng_below(&rng, 1), 0);
  /* Plain v % bound would give the lowest third of this one half of the draws. */
  unsigned low = 0;
  for (int i = 0; i < 6000; i++)
    low += vls_rng_below(&rng, UINT64_C(3) << 62) < UINT64_C(1) << 62;
  assert_in_range(low, 1850, 2150);
  /* Just above 2^63 nearly half of all words are refused: the worst case for the loop. */
  for (int i = 0; i < 100; i++)
    assert_true(vls_rng_below(&rng, (UINT64_C(1) << 63) + 1) <= UINT64_C(1) << 63);
}

static void rng_done_wipes(void **state) {
  (void)state;
  static const uint8_t zero[32];
  vls_rng rng;
  vls_rng_init(&rng, seed);
  vls_rng_done(&rng);
  assert_memory_equal(rng.key, zero, sizeof zero);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rng_same_seed_same_bytes),
      cmocka_unit_test(rng_every_draw_differs_and_replaces_the_key),
      cmocka_unit_test(rng_long_draw_never_shows_the_next_key),
      cmocka_unit_test(rng_stirred_goes_another_way),
      cmocka_unit_test(rng_stir_is_sha256_of_tag_key_and_entropy),
      cmocka_unit_test(rng_below_is_in_range_and_even),
      cmocka_unit_test(rng_done_wipes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
