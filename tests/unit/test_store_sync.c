/* A sync that fails, once: what the batch said is not there, and what is acknowledged afterwards
 * does not stand on what only the system's cache has. In clear and sealed. */
#include "store_made.h"

#include "disk.h"
#include "store/messages.h"

static const char path[] = "/made/node.db";
static const uint8_t key[32] = {1}, uuid[16] = {2};
static const bool kinds[] = {false, true};

static vls_store *open_on_disk(bool sealed) {
  vls_store *store = NULL;
  const char *why = "";
  static uint8_t seed[32];
  seed[0]++;
  vls_err err = sealed ? vls_store_open_sealed(&store, path, key, uuid, seed, 0, &why)
                       : vls_store_open(&store, path, seed, 0, &why);
  if (err != VLS_OK) print_error("%s\n", why);
  assert_int_equal(err, VLS_OK);
  return store;
}

static vls_err say(vls_store *store, uint64_t n) {
  vls_message_row row = {.n = n, .contact = 1, .at = n, .body = vls_slice_str("words")};
  vls_message_put(store, &row);
  return vls_store_commit(store);
}

static disk *begin(void) {
  disk *d = disk_new();
  disk_register(d, "/made/");
  return d;
}

/* The next sync of the log fails, and what it was to make safe is lost. */
static disk_fault lose_sync(void *arg, uint64_t number, disk_deed deed, const char *name) {
  bool *is_lost = arg;
  (void)number;
  if (deed != DISK_SYNC || *is_lost || strstr(name, "-wal") == NULL) return DISK_FINE;
  *is_lost = true;
  return DISK_EIO;
}

static void fail_next_sync(disk *d, bool *is_lost) {
  *is_lost = false;
  d->fate = lose_sync;
  d->fate_arg = is_lost;
}

static void die(disk *d, vls_store *store) {
  disk_kill(d, "/made/");
  vls_store_close(store);
  disk_revive(d);
}

static void cut_power(disk *d, vls_store *store) {
  disk_kill(d, "/made/");
  vls_store_close(store);
  disk_power_cut(d, "/made/", NULL, NULL);
}

static void sync_that_fails_fails_the_batch_and_all_after_it(void **state) {
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    bool is_lost;
    disk *d = begin();
    vls_store *store = open_on_disk(kinds[i]);
    assert_int_equal(say(store, 1), VLS_OK);
    fail_next_sync(d, &is_lost);
    assert_int_equal(say(store, 2), VLS_STORAGE);
    assert_true(is_lost);
    assert_int_equal(say(store, 3), VLS_STORAGE);
    assert_true(vls_store_is_spent(store));
    vls_store_close(store);
    store = open_on_disk(kinds[i]);
    assert_in_range(vls_message_newest(store), 1, 2); /* the second: on the disk, but not told */
    vls_store_close(store);
    disk_free(d);
  }
}

static void log_left_after_a_failed_sync_is_written_again(void **state) {
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    bool is_lost;
    disk *d = begin();
    vls_store *store = open_on_disk(kinds[i]);
    assert_int_equal(say(store, 1), VLS_OK);
    fail_next_sync(d, &is_lost);
    assert_int_equal(say(store, 2), VLS_STORAGE);
    assert_true(is_lost);
    die(d, store);
    store = open_on_disk(kinds[i]);
    uint64_t n = vls_message_newest(store) + 1; /* the log reads back as if nothing had been */
    assert_int_equal(say(store, n), VLS_OK);
    cut_power(d, store);
    store = open_on_disk(kinds[i]);
    assert_int_equal(vls_message_newest(store), n);
    vls_store_close(store);
    disk_free(d);
  }
}

static void log_that_cannot_be_confirmed_is_not_acted_on(void **state) {
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    bool is_lost;
    disk *d = begin();
    vls_store *store = open_on_disk(kinds[i]);
    assert_int_equal(say(store, 1), VLS_OK);
    die(d, store);
    fail_next_sync(d, &is_lost);
    const char *why = NULL;
    const uint8_t seed[32] = {99};
    vls_err err = kinds[i] ? vls_store_open_sealed(&store, path, key, uuid, seed, 0, &why)
                           : vls_store_open(&store, path, seed, 0, &why);
    assert_true(is_lost);
    assert_int_equal(err, VLS_STORAGE);
    assert_non_null(why);
    disk_power_cut(d, "/made/", NULL, NULL);
    store = open_on_disk(kinds[i]);
    assert_int_equal(vls_message_newest(store), 1);
    vls_store_close(store);
    disk_free(d);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sync_that_fails_fails_the_batch_and_all_after_it),
      cmocka_unit_test(log_left_after_a_failed_sync_is_written_again),
      cmocka_unit_test(log_that_cannot_be_confirmed_is_not_acted_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
