/* Stores over a disk that fails: opened, written, encrypted, read. Whoever called is told, and what
 * was committed stays. */
#include <errno.h>

#include "disk.h"
#include "store/contacts.h"
#include "store/feed.h"
#include "store/guard.h"
#include "store/messages.h"
#include "store/sql.h"
#include "store_made.h"

#define PLAIN "/fault/plain"
#define SEALED "/fault/sealed"

static const uint8_t key[32] = {1}, uuid[16] = {2};

typedef struct plan {
  disk *d;
  uint64_t number;
  disk_fault fault;
  bool happened;
} plan;

static disk_fault fate(void *arg, uint64_t number, disk_deed deed, const char *name) {
  plan *p = arg;
  (void)name;
  if (number != p->number) return DISK_FINE;
  if (p->fault == DISK_FULL && deed != DISK_WRITE && deed != DISK_OPEN) return DISK_FINE;
  p->happened = true;
  return p->fault;
}

/* What a day has got done, in order. */
typedef enum progress { NOTHING, MADE, WRITTEN, ENCRYPTED, WRITTEN_AGAIN } progress;

static void say(vls_store *store, uint64_t n) {
  char text[3000];
  memset(text, 'x', sizeof text);
  vls_message_row row = {.n = n, .contact = 1, .at = n, .body = vls_slice_of(text, sizeof text)};
  vls_message_put(store, &row);
}

static vls_err open_it(vls_store **ret, bool sealed, const char **why) {
  *ret = NULL;
  *why = "";
  return sealed ? vls_store_open_sealed(ret, SEALED, key, uuid, store_seed, 0, why)
                : vls_store_open(ret, PLAIN, store_seed, 0, why);
}

/* Adds texts up to `last`, ten in a commit, and closes. */
static vls_err write_up_to(bool sealed, uint64_t last) {
  const char *why;
  vls_store *store;
  vls_err err = open_it(&store, sealed, &why);
  if (err != VLS_OK) assert_true(strlen(why) > 0);
  for (uint64_t n = err == VLS_OK ? vls_message_newest(store) + 1 : 1; err == VLS_OK && n <= last;
       n++) {
    say(store, n);
    if (n % 10 == 0) err = vls_store_commit(store);
  }
  if (store == NULL) return err;
  if (err == VLS_OK) err = vls_store_error(store);
  if (err != VLS_OK) {
    assert_true(vls_store_is_spent(store));
    assert_true(strlen(vls_store_problem(store)) > 0);
  }
  vls_store_close(store);
  return err;
}

static progress live(vls_err *ret) {
  const char *why = "";
  if ((*ret = write_up_to(false, 0)) != VLS_OK) return NOTHING;
  if ((*ret = write_up_to(false, 30)) != VLS_OK) return MADE;
  if ((*ret = vls_store_seal(PLAIN, SEALED, key, uuid, store_seed, &why)) != VLS_OK) {
    assert_true(strlen(why) > 0);
    return WRITTEN;
  }
  if ((*ret = write_up_to(true, 60)) != VLS_OK) return ENCRYPTED;
  return WRITTEN_AGAIN;
}

static uint64_t newest(bool sealed) {
  const char *why;
  vls_store *store;
  assert_int_equal(open_it(&store, sealed, &why), VLS_OK);
  uint64_t n = vls_message_newest(store);
  for (uint64_t i = 1; i <= n; i++) {
    vls_buf body;
    vls_message_row row;
    vls_buf_init(&body, 4000);
    assert_true(vls_message_get(store, i, &row, &body));
    assert_int_equal(row.body.n, 3000);
    vls_buf_done(&body);
  }
  vls_store_close(store);
  return n;
}

static bool fail_at(uint64_t number, disk_fault fault) {
  vls_err err;
  disk *d = disk_new();
  disk_register(d, "/fault/");
  plan p = {d, number, fault, false};
  d->fate = fate;
  d->fate_arg = &p;
  progress done = live(&err);
  uint64_t last = d->number;
  d->fate = NULL;
  disk_mend(d);
  if (done == WRITTEN_AGAIN)
    assert_int_equal(err, VLS_OK);
  else if (fault == DISK_FULL && p.happened)
    assert_true(err == VLS_FULL || err == VLS_STORAGE);
  else
    assert_true(err == VLS_STORAGE || err == VLS_DAMAGED); /* bytes that do not read are damage */
  if (done < WRITTEN_AGAIN) assert_true(p.happened);
  if (done >= WRITTEN)
    assert_int_equal(newest(false), 30);
  else
    assert_int_equal(newest(false) % 10, 0);
  if (done == WRITTEN) { /* begun and not finished: what is there makes way */
    disk_remove(d, SEALED);
    disk_remove(d, SEALED "-wal");
    assert_int_equal(vls_store_seal(PLAIN, SEALED, key, uuid, store_seed, NULL), VLS_OK);
    assert_int_equal(newest(true), 30);
  }
  if (done >= ENCRYPTED) assert_int_equal(newest(true) % 10, 0);
  if (done == WRITTEN_AGAIN) assert_int_equal(newest(true), 60);
  disk_free(d);
  return number <= last;
}

/* The ordinary run leaves some out; VALISE_EVERY=1 fails every single one. */
static void sweep(disk_fault fault, unsigned step) {
  uint64_t number = 1;
  if (getenv("VALISE_EVERY") != NULL) step = 1;
  while (fail_at(number, fault))
    number += step;
  assert_true(number > 100);
}

static void store_error_at_any_operation_is_told_and_loses_nothing(void **state) {
  (void)state;
  sweep(DISK_EIO, 3);
}

static void store_full_disk_at_any_operation_is_told_and_loses_nothing(void **state) {
  (void)state;
  sweep(DISK_FULL, 7);
}

static disk_fault full(void *arg, uint64_t number, disk_deed deed, const char *name) {
  (void)arg;
  (void)number;
  (void)name;
  return deed == DISK_WRITE || deed == DISK_OPEN ? DISK_FULL : DISK_FINE;
}

/* The system names a quota otherwise than a full disk; it is as full. */
static void store_over_a_quota_or_limit_says_that_the_disk_is_full(void **state) {
  (void)state;
  static const int limits[] = {0, EDQUOT, EFBIG, EIO};
  for (int sealed = 0; sealed < 2; sealed++)
    for (size_t i = 0; i < COUNT(limits); i++) {
      const char *why;
      vls_store *store;
      disk *d = disk_new();
      disk_register(d, "/fault/");
      d->limit = limits[i];
      assert_int_equal(open_it(&store, sealed == 1, &why), VLS_OK);
      d->fate = full;
      say(store, 1);
      vls_err err = vls_store_commit(store);
      assert_int_equal(err, limits[i] == EIO ? VLS_STORAGE : VLS_FULL);
      assert_true(vls_store_is_spent(store));
      vls_store_close(store);
      d->fate = NULL;
      disk_mend(d);
      assert_int_equal(newest(sealed == 1), 0);
      disk_free(d);
    }
}

static void store_opened_on_a_full_disk_says_so(void **state) {
  (void)state;
  static const int limits[] = {0, EDQUOT, EFBIG};
  for (int sealed = 0; sealed < 2; sealed++)
    for (size_t i = 0; i < COUNT(limits); i++) {
      const char *why;
      vls_store *store;
      disk *d = disk_new();
      disk_register(d, "/fault/");
      d->limit = limits[i];
      d->fate = full;
      vls_err err = open_it(&store, sealed == 1, &why);
      if (limits[i] == 0) {
        assert_int_equal(err, VLS_FULL);
        assert_string_equal(why, "the disk is full");
      } else {
        assert_true(err == VLS_FULL || err == VLS_STORAGE);
      }
      disk_free(d);
    }
}

static void log_is_folded_in_as_soon_as_its_limit_says(void **state) {
  (void)state;
  size_t bytes[2];
  for (int limited = 0; limited < 2; limited++) {
    const char *why;
    vls_store *store;
    disk *d = disk_new();
    disk_register(d, "/fault/");
    assert_int_equal(open_it(&store, true, &why), VLS_OK);
    vls_store_limit_log(store, limited == 1 ? 20 : UINT32_MAX);
    for (uint64_t n = 1; n <= 300; n++) {
      say(store, n);
      assert_int_equal(vls_store_commit(store), VLS_OK);
    }
    bytes[limited] = disk_bytes(d, SEALED "-wal")->n;
    vls_store_close(store);
    disk_free(d);
  }
  assert_true(bytes[1] < 90 * 4128);
  assert_true(bytes[0] > 10 * bytes[1]);
}

/* Nothing is read and nothing is written through a store that has failed, and nobody is harmed who
 * asks. */
static void store_that_failed_answers_nothing(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  vls_message_query query = {.limit = 3, .search = vls_slice_str("x")};
  vls_message_row row;
  uint64_t a, b;
  uint8_t hash[32], dev[32] = {0};
  say(store, 1);
  say(store, 1); /* its number was given */
  assert_int_equal(vls_store_error(store), VLS_STORAGE);
  char first[160];
  snprintf(first, sizeof first, "%s", vls_store_problem(store));
  vls_sql_fail(store, SQLITE_CORRUPT, "a later trouble"); /* the first is the one that is told */
  assert_string_equal(vls_store_problem(store), first);
  assert_false(vls_message_next(store, &query, &row));
  assert_false(vls_message_range(store, 1, 1, 9, &a, &b));
  assert_int_equal(vls_message_held(store, 1, &a), 0);
  assert_int_equal(a, 0);
  assert_int_equal(vls_message_release(store, 1), 0);
  assert_false(vls_event_head(store, 1, 0, 1, hash));
  assert_int_equal(vls_store_bytes(store), 0);
  assert_int_equal(vls_consumer_get(store, vls_slice_str("bot")), 0);
  assert_int_equal(vls_consumer_put(store, vls_slice_str("bot"), 1), VLS_OK); /* the commit tells */
  assert_int_equal(vls_store_commit(store), VLS_STORAGE);
  assert_false(vls_early_get(store, 1, dev, 1, hash, &(vls_buf){0}));
  assert_int_equal(vls_early_count(store, 1), 0);
  vls_store_rollback(store);
  assert_int_equal(vls_consumer_get(store, vls_slice_str("bot")), 0);
  assert_int_equal(vls_message_newest(store), 0);
  store_end(store);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(store_error_at_any_operation_is_told_and_loses_nothing),
      cmocka_unit_test(store_full_disk_at_any_operation_is_told_and_loses_nothing),
      cmocka_unit_test(store_over_a_quota_or_limit_says_that_the_disk_is_full),
      cmocka_unit_test(store_opened_on_a_full_disk_says_so),
      cmocka_unit_test(log_is_folded_in_as_soon_as_its_limit_says),
      cmocka_unit_test(store_that_failed_answers_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
