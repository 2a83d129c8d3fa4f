#include "crypto/backup.h"

#include "crypto/kdf.h"
#include "vec_hex.h"

static const uint8_t salt[VLS_BACKUP_SALT] = "salt of a file.";
static const vls_argon_cost little = {1, VLS_ARGON_KIB_MIN};
static const uint8_t key[32] = "what opens it..................";

static vls_backup_head make(vls_backup_cipher *ret, vls_backup_lock lock) {
  uint8_t seed[32] = {7};
  vls_backup_head head;
  vls_rng rng;
  vls_rng_init(&rng, seed);
  bool words = lock == VLS_BACKUP_WORDS;
  vls_backup_head_make(&head, ret, lock, words ? NULL : salt,
                       words ? (vls_argon_cost){0, 0} : little, key, &rng);
  return head;
}

/* What the head says with one byte changed. */
static vls_err with(const vls_backup_head *head, size_t at, uint8_t value) {
  vls_backup_head got;
  uint8_t bytes[VLS_BACKUP_HEAD];
  memcpy(bytes, head->bytes, sizeof bytes);
  bytes[at] = value;
  return vls_backup_head_get(&got, vls_slice_of(bytes, sizeof bytes));
}

static void backup_head_says_how_its_key_is_made(void **state) {
  (void)state;
  vls_backup_cipher cipher;
  for (int lock = VLS_BACKUP_WORDS; lock <= VLS_BACKUP_PASSPHRASE; lock++) {
    vls_backup_head head = make(&cipher, (vls_backup_lock)lock), got;
    assert_int_equal(vls_backup_head_get(&got, vls_slice_of(head.bytes, VLS_BACKUP_HEAD)), VLS_OK);
    assert_int_equal(got.lock, lock);
    assert_int_equal(got.cost.passes, lock == VLS_BACKUP_WORDS ? 0 : little.passes);
    assert_int_equal(got.cost.kib, lock == VLS_BACKUP_WORDS ? 0 : little.kib);
    if (lock == VLS_BACKUP_PASSPHRASE) assert_memory_equal(got.salt, salt, sizeof salt);
    assert_int_equal(vls_backup_cipher_open(&cipher, &got, key), VLS_OK);
  }
}

static void backup_head_of_something_else_is_refused(void **state) {
  (void)state;
  enum { FORMAT_AT = 14, KIND_AT = 15, PASSES_AT = 16, KIB_AT = 20 };
  vls_backup_cipher cipher;
  vls_backup_head words = make(&cipher, VLS_BACKUP_WORDS);
  vls_backup_head passphrase = make(&cipher, VLS_BACKUP_PASSPHRASE), got;
  assert_int_equal(vls_backup_head_get(&got, vls_slice_of(words.bytes, VLS_BACKUP_HEAD - 1)),
                   VLS_MALFORMED);
  assert_int_equal(with(&words, 0, 'V'), VLS_MALFORMED);
  assert_int_equal(with(&words, FORMAT_AT, 2), VLS_NEWER);
  assert_int_equal(with(&words, FORMAT_AT, 0), VLS_MALFORMED);
  assert_int_equal(with(&words, KIND_AT, 0), VLS_MALFORMED);
  assert_int_equal(with(&words, KIND_AT, 3), VLS_MALFORMED);
  assert_int_equal(with(&words, PASSES_AT + 3, 1), VLS_MALFORMED); /* words cost nothing */
  assert_int_equal(with(&words, KIB_AT + 3, 8), VLS_MALFORMED);
  assert_int_equal(with(&passphrase, PASSES_AT, 1), VLS_TOO_BIG); /* 16 million passes */
  assert_int_equal(with(&passphrase, PASSES_AT + 3, 0), VLS_TOO_BIG);
  assert_int_equal(with(&passphrase, KIB_AT, 1), VLS_TOO_BIG); /* 16 GiB */
  assert_int_equal(with(&passphrase, KIB_AT + 3, VLS_ARGON_KIB_MIN - 1), VLS_TOO_BIG);
}

static void backup_key_follows_from_passphrase_salt_and_cost(void **state) {
  (void)state;
  uint8_t one[32], two[32], other_salt[VLS_BACKUP_SALT] = {1};
  vls_slice passphrase = vls_slice_str("correct horse");
  assert_int_equal(vls_backup_key_of_passphrase(one, passphrase, salt, little), VLS_OK);
  assert_int_equal(vls_backup_key_of_passphrase(two, passphrase, salt, little), VLS_OK);
  assert_memory_equal(one, two, 32);
  assert_int_equal(vls_backup_key_of_passphrase(two, passphrase, other_salt, little), VLS_OK);
  assert_memory_not_equal(one, two, 32);
  assert_int_equal(
      vls_backup_key_of_passphrase(two, passphrase, salt, (vls_argon_cost){2, VLS_ARGON_KIB_MIN}),
      VLS_OK);
  assert_memory_not_equal(one, two, 32);
  vls_backup_key_of_words(two, one);
  assert_memory_not_equal(one, two, 32);
}

static void backup_passphrase_or_cost_out_of_bounds_gives_no_key(void **state) {
  (void)state;
  static const char long_one[VLS_PASSPHRASE_MAX + 1] = "x";
  const uint8_t zero[32] = {0};
  const struct {
    size_t n;
    vls_argon_cost cost;
  } wrong[] = {{0, little},
               {VLS_PASSPHRASE_MAX + 1, little},
               {9, {0, VLS_ARGON_KIB_MIN}},
               {9, {1, VLS_ARGON_KIB_MIN - 1}},
               {9, {1, VLS_ARGON_KIB_MAX + 1}},
               {9, {VLS_ARGON_WORK_MAX / VLS_ARGON_KIB_MIN + 1, VLS_ARGON_KIB_MIN}},
               {9, {UINT32_MAX, VLS_ARGON_KIB_MAX}}};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    uint8_t got[32] = {1};
    assert_int_equal(
        vls_backup_key_of_passphrase(got, vls_slice_of(long_one, wrong[i].n), salt, wrong[i].cost),
        VLS_USAGE);
    assert_memory_equal(got, zero, 32);
  }
}

static void backup_chunk_opens_in_its_place_and_no_other(void **state) {
  (void)state;
  static uint8_t plain[3][VLS_BACKUP_PLAIN], sealed[3][VLS_BACKUP_CHUNK], out[VLS_BACKUP_PLAIN];
  vls_backup_cipher writer, reader;
  vls_backup_head head = make(&writer, VLS_BACKUP_WORDS);
  for (uint8_t i = 0; i < 3; i++) {
    memset(plain[i], i, VLS_BACKUP_PLAIN);
    vls_backup_chunk_seal(&writer, plain[i], i == 2, sealed[i]);
  }
  assert_int_equal(vls_backup_cipher_open(&reader, &head, key), VLS_OK);
  assert_int_equal(vls_backup_chunk_open(&reader, sealed[1], out), VLS_FORGED);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(vls_backup_chunk_open(&reader, sealed[i], out), VLS_OK);
    assert_memory_equal(out, plain[i], VLS_BACKUP_PLAIN);
    assert_int_equal(reader.final, i == 2);
  }
  assert_int_equal(vls_backup_chunk_open(&reader, sealed[2], out), VLS_MALFORMED);
}

static void backup_under_another_key_is_forged_and_leaves_nothing(void **state) {
  (void)state;
  vls_backup_cipher cipher;
  const vls_backup_cipher none = {0};
  uint8_t other[32] = "what opens another.............";
  vls_backup_head head = make(&cipher, VLS_BACKUP_WORDS);
  assert_int_equal(vls_backup_cipher_open(&cipher, &head, other), VLS_FORGED);
  assert_memory_equal(&cipher, &none, sizeof none);
  for (size_t at = 14; at < VLS_BACKUP_HEAD; at++) {
    vls_backup_head bent = head;
    bent.bytes[at] ^= 1;
    assert_int_equal(vls_backup_cipher_open(&cipher, &bent, key), VLS_FORGED);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(backup_head_says_how_its_key_is_made),
      cmocka_unit_test(backup_head_of_something_else_is_refused),
      cmocka_unit_test(backup_key_follows_from_passphrase_salt_and_cost),
      cmocka_unit_test(backup_passphrase_or_cost_out_of_bounds_gives_no_key),
      cmocka_unit_test(backup_chunk_opens_in_its_place_and_no_other),
      cmocka_unit_test(backup_under_another_key_is_forged_and_leaves_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
