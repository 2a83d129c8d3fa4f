#include "vec_hex.h"

#include "crypto/epoch.h"

static vls_rng rng;
static const vls_slice gctx = {(const uint8_t *)"group, base, heads, roster, suite", 33};

static void fill(uint8_t out[32]) {
  vls_rng_bytes(&rng, out, 32);
}

/* Members who hold the base's init secret and the commit secret agree; the newcomer, who is handed
 * the joiner alone, agrees with them. */
static void members_and_newcomer_agree(void **state) {
  (void)state;
  uint8_t init[32], secret[32], one[32], two[32];
  vls_epoch a, b;
  fill(init);
  fill(secret);
  vls_epoch_joiner(one, init, secret, gctx);
  vls_epoch_joiner(two, init, secret, gctx);
  assert_memory_equal(one, two, 32);
  vls_epoch_begin(&a, one, gctx);
  vls_epoch_begin(&b, two, gctx);
  assert_memory_equal(&a, &b, sizeof a);
  const uint8_t *parts[] = {a.encryption, a.sender_data, a.confirm, a.exporter,
                            a.init,       a.context,     one};
  for (size_t i = 0; i < 7; i++)
    for (size_t j = 0; j < i; j++)
      assert_memory_not_equal(parts[i], parts[j], 32);
}

/* Composed by hand from HKDF, RFC 5869, whose vectors are test_crypto_kdf's. */
static void schedule_follows_the_formula(void **state) {
  (void)state;
  uint8_t init[32], secret[32], joiner[32], prk[32], by_hand[32], want[32];
  static const uint8_t zeros[32];
  vls_epoch epoch;
  fill(init);
  fill(secret);
  vls_epoch_joiner(joiner, init, secret, gctx);
  vls_hkdf_extract(prk, vls_slice_of(init, 32), vls_slice_of(secret, 32));
  vls_xwl(by_hand, 32, prk, "joiner", gctx);
  assert_memory_equal(joiner, by_hand, 32);
  vls_epoch_begin(&epoch, joiner, gctx);
  vls_hkdf_extract(prk, vls_slice_of(joiner, 32), vls_slice_of(zeros, 32));
  vls_xwl(by_hand, 32, prk, "epoch", gctx);
  vls_xwl(want, 32, by_hand, "sender_data", (vls_slice){0});
  assert_memory_equal(epoch.sender_data, want, 32);
  vls_xwl(want, 32, by_hand, "init", (vls_slice){0});
  assert_memory_equal(epoch.init, want, 32);
}

/* Whoever was removed knows every old secret, but not the new commit secret. */
static void another_commit_secret_or_context_gives_other_keys(void **state) {
  (void)state;
  uint8_t init[32], secret[32], joiner[32], other[32];
  vls_epoch epoch, elsewhere;
  fill(init);
  fill(secret);
  vls_epoch_joiner(joiner, init, secret, gctx);
  secret[31] ^= 1;
  vls_epoch_joiner(other, init, secret, gctx);
  assert_memory_not_equal(joiner, other, 32);
  vls_epoch_begin(&epoch, joiner, gctx);
  vls_epoch_begin(&elsewhere, joiner, vls_slice_of(gctx.p, gctx.n - 1));
  assert_memory_not_equal(epoch.init, elsewhere.init, 32);
  assert_memory_not_equal(epoch.sender_data, elsewhere.sender_data, 32);
}

static void chains_belong_to_leaf_and_device(void **state) {
  (void)state;
  uint8_t joiner[32], device[32], chain[3][32];
  vls_epoch epoch;
  fill(joiner);
  fill(device);
  vls_epoch_begin(&epoch, joiner, gctx);
  vls_epoch_chain(chain[0], &epoch, 1, device);
  vls_epoch_chain(chain[1], &epoch, 2, device);
  device[0] ^= 1;
  vls_epoch_chain(chain[2], &epoch, 1, device);
  assert_memory_not_equal(chain[0], chain[1], 32);
  assert_memory_not_equal(chain[0], chain[2], 32);
}

static void confirm_tells_split_keys(void **state) {
  (void)state;
  uint8_t joiner[32], hash[32], one[32], two[32];
  vls_epoch a, b;
  fill(joiner);
  fill(hash);
  vls_epoch_begin(&a, joiner, gctx);
  joiner[0] ^= 1;
  vls_epoch_begin(&b, joiner, gctx);
  vls_epoch_confirm(one, &a, hash);
  vls_epoch_confirm(two, &b, hash);
  assert_memory_not_equal(one, two, 32);
  hash[0] ^= 1;
  vls_epoch_confirm(two, &a, hash);
  assert_memory_not_equal(one, two, 32);
}

static void wrap_opens_for_its_leaf_and_commit_alone(void **state) {
  (void)state;
  vls_dh_pair ephemeral, leaf, other;
  uint8_t hash[32], secret[32], got[32], wrap[VLS_WRAP];
  vls_dh_new(&ephemeral, &rng);
  vls_dh_new(&leaf, &rng);
  vls_dh_new(&other, &rng);
  fill(hash);
  fill(secret);
  assert_int_equal(vls_wrap(wrap, &ephemeral, leaf.pub, hash, secret), VLS_OK);
  assert_int_equal(vls_unwrap(got, wrap, ephemeral.pub, &leaf, hash), VLS_OK);
  assert_memory_equal(got, secret, 32);
  assert_int_equal(vls_unwrap(got, wrap, ephemeral.pub, &other, hash), VLS_FORGED);
  assert_int_equal(vls_unwrap(got, wrap, other.pub, &leaf, hash), VLS_FORGED);
  for (size_t bit = 0; bit < 8 * VLS_WRAP; bit++) {
    wrap[bit / 8] ^= (uint8_t)(1 << bit % 8);
    assert_int_equal(vls_unwrap(got, wrap, ephemeral.pub, &leaf, hash), VLS_FORGED);
    wrap[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
  hash[5] ^= 1;
  assert_int_equal(vls_unwrap(got, wrap, ephemeral.pub, &leaf, hash), VLS_FORGED);
}

static void wrap_to_a_point_of_small_order_is_refused(void **state) {
  (void)state;
  vls_dh_pair ephemeral, leaf;
  uint8_t hash[32] = {0}, secret[32] = {0}, bad[32] = {1}, wrap[VLS_WRAP];
  vls_dh_new(&ephemeral, &rng);
  vls_dh_new(&leaf, &rng);
  assert_int_equal(vls_wrap(wrap, &ephemeral, bad, hash, secret), VLS_FORGED);
  assert_int_equal(vls_unwrap(secret, wrap, bad, &leaf, hash), VLS_FORGED);
}

enum { TEXT = 200 };

static void message_opens_under_its_epoch_and_key_alone(void **state) {
  (void)state;
  vls_epoch epoch, other;
  vls_group_head head = {7, 1000000}, got;
  uint8_t joiner[32], mk[32], n24[VLS_N24], text[TEXT], sealed[TEXT + VLS_GROUP_EXTRA], out[TEXT];
  fill(joiner);
  fill(mk);
  vls_epoch_begin(&epoch, joiner, gctx);
  joiner[0] ^= 1;
  vls_epoch_begin(&other, joiner, gctx);
  vls_rng_bytes(&rng, n24, sizeof n24);
  vls_rng_bytes(&rng, text, sizeof text);
  vls_group_seal(sealed, &epoch, mk, head, n24, vls_slice_of(text, sizeof text));
  vls_slice message = vls_slice_of(sealed, sizeof sealed);
  assert_int_equal(vls_group_look(&got, &epoch, message), VLS_OK);
  assert_int_equal(got.leaf, 7);
  assert_int_equal(got.generation, 1000000);
  assert_int_equal(vls_group_look(&got, &other, message), VLS_UNKNOWN);
  assert_int_equal(vls_group_open(out, &epoch, mk, message), VLS_OK);
  assert_memory_equal(out, text, sizeof text);
  for (size_t i = 0; i < sizeof sealed; i++) {
    sealed[i] ^= 0x10;
    assert_int_equal(vls_group_open(out, &epoch, mk, message), VLS_FORGED);
    sealed[i] ^= 0x10;
  }
  memcpy(other.sender_data, epoch.sender_data, 32);
  other.context[0] ^= 1;
  assert_int_equal(vls_group_open(out, &other, mk, message), VLS_FORGED);
  message.n = VLS_GROUP_EXTRA - 1;
  assert_int_equal(vls_group_look(&got, &epoch, message), VLS_MALFORMED);
  assert_int_equal(vls_group_open(out, &epoch, mk, message), VLS_MALFORMED);
}

int main(void) {
  static const uint8_t seed[32] = {41};
  if (vls_crypto_init() != VLS_OK) return 1;
  vls_rng_init(&rng, seed);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(members_and_newcomer_agree),
      cmocka_unit_test(schedule_follows_the_formula),
      cmocka_unit_test(another_commit_secret_or_context_gives_other_keys),
      cmocka_unit_test(chains_belong_to_leaf_and_device),
      cmocka_unit_test(confirm_tells_split_keys),
      cmocka_unit_test(wrap_opens_for_its_leaf_and_commit_alone),
      cmocka_unit_test(wrap_to_a_point_of_small_order_is_refused),
      cmocka_unit_test(message_opens_under_its_epoch_and_key_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
