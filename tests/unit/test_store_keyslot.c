#include "valise/keyslot.h"

#include "crypto/kdf.h"
#include "vec_hex.h"

/* Cheap ones, for tests; MODERATE is tried once. */
static const vls_argon_cost cheap = {1, VLS_ARGON_KIB_MIN};
static const uint8_t seed[32] = {1}, other_seed[32] = {2};
static const uint8_t token[32] = {7, 7, 7}, other_token[32] = {8};

static vls_slice credential(const uint8_t bytes[32]) {
  return vls_slice_of(bytes, 32);
}

typedef struct made {
  vls_keyfile file;
  uint8_t key[32];
} made;

/* A passphrase and a credential. */
static made make(void) {
  made m;
  assert_int_equal(vls_crypto_init(), VLS_OK);
  vls_keyfile_new(&m.file, m.key, seed);
  vls_err err =
      vls_keyslot_add_passphrase(&m.file, m.key, vls_slice_str("open sesame"), cheap, seed);
  assert_int_equal(err, VLS_OK);
  err = vls_keyslot_add_credential(&m.file, m.key, credential(token), other_seed);
  assert_int_equal(err, VLS_OK);
  return m;
}

static vls_err open_with(const vls_keyfile *file, const char *passphrase, uint8_t key[32]) {
  return vls_keyslot_open_passphrase(file, vls_slice_str(passphrase), key, NULL);
}

static void keyslot_each_way_opens_the_same_key(void **state) {
  (void)state;
  made m = make();
  uint8_t key[32];
  size_t at = 9;
  vls_slice word = vls_slice_str("open sesame");
  assert_int_equal(vls_keyslot_open_passphrase(&m.file, word, key, &at), VLS_OK);
  assert_memory_equal(key, m.key, 32);
  assert_int_equal(at, 0);
  memset(key, 0, sizeof key);
  assert_int_equal(vls_keyslot_open_credential(&m.file, credential(token), key, &at), VLS_OK);
  assert_memory_equal(key, m.key, 32);
  assert_int_equal(at, 1);
}

static void keyslot_wrong_secret_is_forged_and_gives_zeros(void **state) {
  (void)state;
  static const uint8_t zeros[32];
  static const char *const wrong[] = {"open sesam", "open sesame ", "Open sesame", ""};
  made m = make();
  uint8_t key[32] = {5};
  for (size_t i = 0; i < 4; i++) {
    assert_int_equal(open_with(&m.file, wrong[i], key), VLS_FORGED);
    assert_memory_equal(key, zeros, 32);
  }
  vls_err err = vls_keyslot_open_credential(&m.file, credential(other_token), key, NULL);
  assert_int_equal(err, VLS_FORGED);
  assert_memory_equal(key, zeros, 32);
}

static void keyslot_kinds_are_not_taken_for_each_other(void **state) {
  (void)state;
  made m = make();
  uint8_t key[32];
  vls_slice bytes = credential(token);
  assert_int_equal(vls_keyslot_open_passphrase(&m.file, bytes, key, NULL), VLS_FORGED);
  assert_int_equal(vls_keyslot_drop(&m.file, 0), VLS_OK);
  assert_int_equal(open_with(&m.file, "open sesame", key), VLS_NOT_FOUND);
  assert_int_equal(vls_keyslot_open_credential(&m.file, bytes, key, NULL), VLS_OK);
}

static void keyslot_changed_passphrase_replaces_the_old_one(void **state) {
  (void)state;
  made m = make();
  uint8_t key[32];
  vls_slice word = vls_slice_str("another");
  assert_int_equal(vls_keyslot_change(&m.file, 0, m.key, word, cheap, other_seed), VLS_OK);
  assert_int_equal(m.file.n, 2);
  assert_int_equal(open_with(&m.file, "open sesame", key), VLS_FORGED);
  assert_int_equal(open_with(&m.file, "another", key), VLS_OK);
  assert_memory_equal(key, m.key, 32);
  assert_int_equal(vls_keyslot_change(&m.file, 2, m.key, word, cheap, seed), VLS_NOT_FOUND);
  vls_err err = vls_keyslot_change(&m.file, 0, m.key, vls_slice_str(""), cheap, seed);
  assert_int_equal(err, VLS_USAGE);
  assert_int_equal(open_with(&m.file, "another", key), VLS_OK);
}

static void keyslot_last_one_stays(void **state) {
  (void)state;
  made m = make();
  assert_int_equal(vls_keyslot_drop(&m.file, 2), VLS_NOT_FOUND);
  assert_int_equal(vls_keyslot_drop(&m.file, 1), VLS_OK);
  assert_int_equal(vls_keyslot_drop(&m.file, 0), VLS_STATE);
  assert_int_equal(m.file.n, 1);
}

static void keyslot_secrets_and_costs_have_bounds(void **state) {
  (void)state;
  static const vls_argon_cost bad[] = {
      {0, 8}, {1, 7}, {1, VLS_ARGON_KIB_MAX + 1}, {5, VLS_ARGON_KIB_MAX}, {UINT32_MAX, UINT32_MAX}};
  static const uint8_t long_one[VLS_CREDENTIAL_MAX + 1] = {1};
  made m = make();
  vls_slice word = vls_slice_str("word");
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    assert_int_equal(vls_keyslot_add_passphrase(&m.file, m.key, word, bad[i], seed), VLS_USAGE);
  word = vls_slice_of(long_one, VLS_PASSPHRASE_MAX + 1);
  assert_int_equal(vls_keyslot_add_passphrase(&m.file, m.key, word, cheap, seed), VLS_USAGE);
  static const size_t sizes[] = {0, VLS_CREDENTIAL_MIN - 1, VLS_CREDENTIAL_MAX + 1};
  for (size_t i = 0; i < 3; i++) {
    vls_slice bytes = vls_slice_of(long_one, sizes[i]);
    assert_int_equal(vls_keyslot_add_credential(&m.file, m.key, bytes, seed), VLS_USAGE);
  }
  while (m.file.n < VLS_KEYSLOTS_MAX)
    assert_int_equal(vls_keyslot_add_credential(&m.file, m.key, credential(token), seed), VLS_OK);
  vls_err err = vls_keyslot_add_credential(&m.file, m.key, credential(token), seed);
  assert_int_equal(err, VLS_LIMITED);
}

/* Whoever unlocks tries them all: together they may cost no more than one may. */
static void keyslots_together_cost_no_more_than_one_may(void **state) {
  (void)state;
  static const vls_argon_cost most = {4, VLS_ARGON_KIB_MAX};
  made m = make();
  vls_slice word = vls_slice_str("word");
  assert_int_equal(vls_keyslot_add_passphrase(&m.file, m.key, word, most, seed), VLS_LIMITED);
  assert_int_equal(m.file.n, 2);
  assert_int_equal(vls_keyslot_change(&m.file, 1, m.key, word, most, seed), VLS_LIMITED);
  assert_int_equal(vls_keyslot_change(&m.file, 0, m.key, word, (vls_argon_cost){0, 0}, seed),
                   VLS_USAGE);
}

static void keyfile_comes_back_from_its_bytes(void **state) {
  (void)state;
  made m = make();
  uint8_t bytes[VLS_KEYFILE_MAX], again[VLS_KEYFILE_MAX], key[32];
  vls_keyfile file;
  size_t n = vls_keyfile_encode(&m.file, bytes);
  assert_int_equal(n, VLS_KEYFILE_HEAD + 2 * VLS_KEYSLOT_BYTES);
  assert_int_equal(vls_keyfile_decode(&file, vls_slice_of(bytes, n)), VLS_OK);
  assert_int_equal(vls_keyfile_encode(&file, again), n);
  assert_memory_equal(bytes, again, n);
  assert_int_equal(open_with(&file, "open sesame", key), VLS_OK);
  assert_memory_equal(key, m.key, 32);
  assert_null(memmem(bytes, n, m.key, 32));
}

/* Nothing but these bytes opens: not one more, not one less, none changed. */
static void keyfile_changed_anywhere_opens_nothing_else(void **state) {
  (void)state;
  made m = make();
  uint8_t bytes[VLS_KEYFILE_MAX + 1], key[32];
  vls_keyfile file;
  size_t n = vls_keyfile_encode(&m.file, bytes);
  bytes[n] = 0;
  for (size_t i = 0; i <= n + 1; i++)
    if (i != n) assert_int_not_equal(vls_keyfile_decode(&file, vls_slice_of(bytes, i)), VLS_OK);
  for (size_t i = 0; i < n; i++)
    for (unsigned bit = 0; bit < 8; bit++) {
      bytes[i] ^= (uint8_t)(1u << bit);
      if (vls_keyfile_decode(&file, vls_slice_of(bytes, n)) == VLS_OK &&
          file.slot[0].cost.kib <= 1 << 12 && file.slot[0].cost.passes <= 64) {
        bool first = i >= VLS_KEYFILE_HEAD && i < VLS_KEYFILE_HEAD + VLS_KEYSLOT_BYTES;
        bool second = i >= VLS_KEYFILE_HEAD + VLS_KEYSLOT_BYTES;
        vls_err one = open_with(&file, "open sesame", key);
        vls_err two = vls_keyslot_open_credential(&file, credential(token), key, NULL);
        assert_int_equal(one == VLS_OK, second);
        assert_int_equal(two == VLS_OK, first);
      }
      bytes[i] ^= (uint8_t)(1u << bit);
    }
}

static void keyfile_that_asks_for_too_much_is_refused(void **state) {
  (void)state;
  made m = make();
  uint8_t bytes[VLS_KEYFILE_MAX];
  vls_keyfile file;
  size_t n = vls_keyfile_encode(&m.file, bytes);
  uint8_t *passes = bytes + VLS_KEYFILE_HEAD + 1, *kib = passes + 4;
  vls_be32_put(kib, UINT32_MAX);
  assert_int_equal(vls_keyfile_decode(&file, vls_slice_of(bytes, n)), VLS_TOO_BIG);
  vls_be32_put(kib, VLS_ARGON_KIB_MAX);
  vls_be32_put(passes, 5);
  assert_int_equal(vls_keyfile_decode(&file, vls_slice_of(bytes, n)), VLS_TOO_BIG);
  vls_be32_put(passes, 4);
  assert_int_equal(vls_keyfile_decode(&file, vls_slice_of(bytes, n)), VLS_OK);
  /* Each within bounds, and together not. */
  memcpy(bytes + n, bytes + VLS_KEYFILE_HEAD, VLS_KEYSLOT_BYTES);
  bytes[13] = 3;
  n += VLS_KEYSLOT_BYTES;
  assert_int_equal(vls_keyfile_decode(&file, vls_slice_of(bytes, n)), VLS_TOO_BIG);
  bytes[12] = 2;
  assert_int_equal(vls_keyfile_decode(&file, vls_slice_of(bytes, n)), VLS_NEWER);
}

static void keyslot_of_another_store_does_not_fit(void **state) {
  (void)state;
  made one = make(), two = make();
  uint8_t key[32];
  two.file.uuid[0] ^= 1;
  assert_int_equal(open_with(&two.file, "open sesame", key), VLS_FORGED);
  one.file.slot[0] = two.file.slot[0];
  assert_int_equal(open_with(&one.file, "open sesame", key),
                   VLS_OK); /* the same uuid, the same key */
}

static void keyslot_same_secret_twice_looks_different(void **state) {
  (void)state;
  made m = make();
  static const uint8_t third[32] = {3};
  vls_slice word = vls_slice_str("open sesame");
  assert_int_equal(vls_keyslot_add_passphrase(&m.file, m.key, word, cheap, third), VLS_OK);
  assert_memory_not_equal(m.file.slot[0].salt, m.file.slot[2].salt, 16);
  assert_memory_not_equal(m.file.slot[0].wrapped, m.file.slot[2].wrapped, 80);
}

static void keyslot_moderate_is_what_people_get(void **state) {
  (void)state;
  made m = make();
  uint8_t key[32];
  vls_slice word = vls_slice_str("a real one");
  vls_argon_cost cost = VLS_ARGON_MODERATE;
  assert_int_equal(vls_keyslot_change(&m.file, 0, m.key, word, cost, seed), VLS_OK);
  assert_int_equal(m.file.slot[0].cost.kib, 256 * 1024);
  assert_int_equal(m.file.slot[0].cost.passes, 3);
  assert_int_equal(open_with(&m.file, "a real one", key), VLS_OK);
  assert_memory_equal(key, m.key, 32);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keyslot_each_way_opens_the_same_key),
      cmocka_unit_test(keyslot_wrong_secret_is_forged_and_gives_zeros),
      cmocka_unit_test(keyslot_kinds_are_not_taken_for_each_other),
      cmocka_unit_test(keyslot_changed_passphrase_replaces_the_old_one),
      cmocka_unit_test(keyslot_last_one_stays),
      cmocka_unit_test(keyslot_secrets_and_costs_have_bounds),
      cmocka_unit_test(keyslots_together_cost_no_more_than_one_may),
      cmocka_unit_test(keyfile_comes_back_from_its_bytes),
      cmocka_unit_test(keyfile_changed_anywhere_opens_nothing_else),
      cmocka_unit_test(keyfile_that_asks_for_too_much_is_refused),
      cmocka_unit_test(keyslot_of_another_store_does_not_fit),
      cmocka_unit_test(keyslot_same_secret_twice_looks_different),
      cmocka_unit_test(keyslot_moderate_is_what_people_get),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
