#include "daemon/keys.h"

#include "crypto/kdf.h"
#include "daemon/paths.h"
#include "daemon_folder.h"

static const vls_argon_cost cheap = {1, VLS_ARGON_KIB_MIN};
static const uint8_t seed[32] = {1}, token[32] = {9};

static vls_keyfile keys_with(const char *passphrase) {
  uint8_t key[32];
  vls_keyfile keys;
  assert_int_equal(vls_crypto_init(), VLS_OK);
  vls_keyfile_new(&keys, key, seed);
  assert_int_equal(vls_keyslot_add_passphrase(&keys, key, vls_slice_str(passphrase), cheap, seed),
                   VLS_OK);
  return keys;
}

static bool opens_with(const vls_keyfile *keys, const char *passphrase) {
  uint8_t key[32];
  return vls_keyslot_open_passphrase(keys, vls_slice_str(passphrase), key, NULL) == VLS_OK;
}

static void keys_written_come_back_and_are_nobody_elses(void **state) {
  (void)state;
  folder f;
  vls_trouble why;
  vls_keyfile got, keys = keys_with("first");
  struct stat st;
  folder_make(&f);
  assert_int_equal(vls_keys_write(&keys, in(&f, "keys"), &why), VLS_OK);
  assert_int_equal(stat(in(&f, "keys"), &st), 0);
  assert_int_equal(st.st_mode & 07777, 0600);
  assert_int_equal(vls_keys_read(&got, in(&f, "keys"), &why), VLS_OK);
  assert_true(opens_with(&got, "first"));
  keys = keys_with("second");
  assert_int_equal(vls_keys_write(&keys, in(&f, "keys"), &why), VLS_OK);
  assert_int_equal(vls_keys_read(&got, in(&f, "keys"), &why), VLS_OK);
  assert_true(opens_with(&got, "second"));
  assert_false(opens_with(&got, "first"));
  assert_int_equal(folder_count(&f), 1);
  folder_end(&f);
}

static void keys_that_are_not_there_are_told_from_damaged_ones(void **state) {
  (void)state;
  folder f;
  vls_trouble why;
  vls_keyfile got, keys = keys_with("word");
  uint8_t bytes[VLS_KEYFILE_MAX + 1] = {0};
  folder_make(&f);
  assert_int_equal(vls_keys_read(&got, in(&f, "keys"), &why), VLS_NOT_FOUND);
  put_file(&f, "keys", "", 0);
  assert_int_equal(vls_keys_read(&got, in(&f, "keys"), &why), VLS_MALFORMED);
  assert_non_null(strstr(why.what, "is damaged"));
  assert_non_null(strstr(why.hint, "from a backup of"));
  size_t n = vls_keyfile_encode(&keys, bytes);
  put_file(&f, "keys", bytes, n - 1);
  assert_int_equal(vls_keys_read(&got, in(&f, "keys"), &why), VLS_MALFORMED);
  put_file(&f, "keys", bytes, sizeof bytes); /* longer than any */
  assert_int_equal(vls_keys_read(&got, in(&f, "keys"), &why), VLS_MALFORMED);
  assert_int_equal(vls_keys_read(&got, f.dir, &why), VLS_SYSTEM); /* a folder in its place */
  assert_non_null(strstr(why.what, "cannot read"));
  folder_end(&f);
}

/* Each first byte that differs is of another format; one of them is a later one. */
static void keys_of_a_newer_version_say_what_helps(void **state) {
  (void)state;
  folder f;
  vls_trouble why;
  vls_keyfile got, keys = keys_with("word");
  uint8_t bytes[VLS_KEYFILE_MAX];
  bool was_newer = false;
  folder_make(&f);
  size_t n = vls_keyfile_encode(&keys, bytes);
  for (size_t at = 0; at < 24 && !was_newer; at++) {
    bytes[at]++;
    put_file(&f, "keys", bytes, n);
    was_newer = vls_keys_read(&got, in(&f, "keys"), &why) == VLS_NEWER;
    bytes[at]--;
  }
  assert_true(was_newer);
  assert_non_null(strstr(why.what, "was written by a newer valised"));
  assert_string_equal(why.hint, "upgrade valised");
  folder_end(&f);
}

static void keys_that_cannot_be_written_leave_what_was_there(void **state) {
  (void)state;
  folder f;
  vls_trouble why;
  vls_keyfile got, keys = keys_with("first"), later = keys_with("later");
  folder_make(&f);
  assert_int_equal(vls_keys_write(&keys, in(&f, "keys"), &why), VLS_OK);
  put_file(&f, "precious", "words", 5);
  char target[128], link[128];
  snprintf(target, sizeof target, "%s", in(&f, "precious"));
  snprintf(link, sizeof link, "%s", in(&f, "keys.new"));
  assert_int_equal(symlink(target, link), 0); /* whoever laid it there gets nothing overwritten */
  assert_int_equal(vls_keys_write(&later, in(&f, "keys"), &why), VLS_SYSTEM);
  assert_non_null(strstr(why.what, "cannot write"));
  assert_int_equal(vls_keys_read(&got, in(&f, "keys"), &why), VLS_OK);
  assert_true(opens_with(&got, "first"));
  assert_true(folder_holds(&f, "words"));

  assert_int_equal(mkdir(in(&f, "folder"), 0700), 0);
  assert_int_equal(vls_keys_write(&later, in(&f, "folder"), &why), VLS_SYSTEM);
  assert_non_null(strstr(why.what, "cannot replace"));
  assert_false(is_there(&f, "folder.new"));
  assert_int_equal(vls_keys_write(&later, in(&f, "nowhere/keys"), &why), VLS_SYSTEM);
  assert_int_equal(vls_keys_sync_folder(in(&f, "nowhere/keys"), &why), VLS_SYSTEM);
  assert_non_null(strstr(why.what, "nowhere"));
  folder_end(&f);
}

static vls_err credential(uint8_t *out, size_t *n, vls_trouble *why) {
  memset(out, 0xee, VLS_CREDENTIAL_ROOM);
  return vls_keys_credential(out, n, why);
}

static void credential_is_taken_as_the_service_passes_it(void **state) {
  (void)state;
  folder f;
  vls_trouble why;
  uint8_t got[VLS_CREDENTIAL_ROOM];
  size_t n;
  folder_make(&f);
  unsetenv("CREDENTIALS_DIRECTORY");
  assert_int_equal(credential(got, &n, &why), VLS_NOT_FOUND);
  setenv("CREDENTIALS_DIRECTORY", "relative/folder", 1);
  assert_int_equal(credential(got, &n, &why), VLS_NOT_FOUND);
  setenv("CREDENTIALS_DIRECTORY", f.dir, 1);
  assert_int_equal(credential(got, &n, &why), VLS_NOT_FOUND);
  assert_non_null(strstr(why.what, "no credential valise.key"));
  put_file(&f, VLS_CREDENTIAL_NAME, token, sizeof token);
  assert_int_equal(credential(got, &n, &why), VLS_OK);
  assert_int_equal(n, sizeof token);
  assert_memory_equal(got, token, sizeof token);
  unsetenv("CREDENTIALS_DIRECTORY");
  folder_end(&f);
}

static void credential_of_a_wrong_size_is_refused_and_wiped(void **state) {
  (void)state;
  static const uint8_t bytes[VLS_CREDENTIAL_MAX + 2] = {1, 2, 3};
  static const struct {
    size_t n;
    vls_err err;
  } cases[] = {{0, VLS_USAGE},
               {VLS_CREDENTIAL_MIN - 1, VLS_USAGE},
               {VLS_CREDENTIAL_MIN, VLS_OK},
               {VLS_CREDENTIAL_MAX, VLS_OK},
               {VLS_CREDENTIAL_MAX + 1, VLS_USAGE},
               {VLS_CREDENTIAL_MAX + 2, VLS_USAGE}};
  folder f;
  vls_trouble why;
  folder_make(&f);
  setenv("CREDENTIALS_DIRECTORY", f.dir, 1);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    uint8_t got[VLS_CREDENTIAL_ROOM];
    size_t n;
    put_file(&f, VLS_CREDENTIAL_NAME, bytes, cases[i].n);
    assert_int_equal(credential(got, &n, &why), cases[i].err);
    if (cases[i].err == VLS_OK) continue;
    assert_non_null(strstr(why.what, "must be"));
    for (size_t k = 0; k < 3 && k < cases[i].n; k++)
      assert_int_equal(got[k], 0);
  }
  remove(in(&f, VLS_CREDENTIAL_NAME));
  assert_int_equal(mkdir(in(&f, VLS_CREDENTIAL_NAME), 0700), 0);
  uint8_t got[VLS_CREDENTIAL_ROOM];
  size_t n;
  assert_int_equal(credential(got, &n, &why), VLS_SYSTEM);
  char lengthy[VLS_PATH_MAX + 64];
  memset(lengthy, '/', sizeof lengthy - 1);
  lengthy[sizeof lengthy - 1] = '\0';
  setenv("CREDENTIALS_DIRECTORY", lengthy, 1);
  assert_int_equal(credential(got, &n, &why), VLS_SYSTEM);
  assert_non_null(strstr(why.what, "too long"));
  unsetenv("CREDENTIALS_DIRECTORY");
  folder_end(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keys_written_come_back_and_are_nobody_elses),
      cmocka_unit_test(keys_that_are_not_there_are_told_from_damaged_ones),
      cmocka_unit_test(keys_of_a_newer_version_say_what_helps),
      cmocka_unit_test(keys_that_cannot_be_written_leave_what_was_there),
      cmocka_unit_test(credential_is_taken_as_the_service_passes_it),
      cmocka_unit_test(credential_of_a_wrong_size_is_refused_and_wiped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
