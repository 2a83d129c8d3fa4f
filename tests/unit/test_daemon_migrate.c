#include "daemon/migrate.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "daemon/keys.h"
#include "daemon_folder.h"
#include "store/messages.h"
#include "valise/store.h"

enum { TEXTS = 300 };

static const uint8_t seed[32] = {1}, seal_seed[32] = {2};
static const char words[] = "a very recognisable sentence";

typedef struct place {
  folder f;
  vls_paths paths;
  vls_keyfile keys;
  uint8_t key[32];
} place;

static void place_make(place *p) {
  memset(p, 0, sizeof *p);
  folder_make(&p->f);
  snprintf(p->paths.store, sizeof p->paths.store, "%s", in(&p->f, "node.db"));
  snprintf(p->paths.keys, sizeof p->paths.keys, "%s", in(&p->f, "node.keys"));
  vls_keyfile_new(&p->keys, p->key, seed);
  vls_err err = vls_keyslot_add_passphrase(&p->keys, p->key, vls_slice_str("open sesame"),
                                           (vls_argon_cost){1, VLS_ARGON_KIB_MIN}, seed);
  assert_int_equal(err, VLS_OK);
}

/* A store in clear, closed. */
static void put_store(place *p) {
  vls_store *store;
  assert_int_equal(vls_store_open(&store, p->paths.store, seed, 0, NULL), VLS_OK);
  for (uint64_t n = 1; n <= TEXTS; n++) {
    vls_message_row row = {.n = n, .contact = 1, .at = n, .body = vls_slice_str(words)};
    vls_message_put(store, &row);
  }
  assert_int_equal(vls_store_commit(store), VLS_OK);
  vls_store_close(store);
}

static void has_all(place *p, bool sealed) {
  vls_store *store;
  vls_err err =
      sealed ? vls_store_open_sealed(&store, p->paths.store, p->key, p->keys.uuid, seed, 0, NULL)
             : vls_store_open(&store, p->paths.store, seed, 0, NULL);
  assert_int_equal(err, VLS_OK);
  assert_int_equal(vls_message_newest(store), TEXTS);
  vls_store_close(store);
}

static vls_store_kind look(place *p) {
  vls_store_kind kind;
  vls_trouble why;
  assert_int_equal(vls_migrate_look(&p->paths, &kind, &why), VLS_OK);
  return kind;
}

static vls_err migrate(place *p, vls_trouble *why) {
  vls_migration m = {&p->paths, &p->keys, p->key, seal_seed, vls_migrate_open_log(&p->paths)};
  return vls_migrate_run(&m, why);
}

static void tidy(place *p) {
  vls_trouble why;
  assert_int_equal(vls_migrate_tidy(&p->paths, look(p), &why), VLS_OK);
}

static void nothing_lies_about(place *p) {
  static const char *const names[] = {"node.db.sealing", "node.db.sealing-wal", "node.db.plain",
                                      "node.db-wal",     "node.db-shm",         "node.db-journal"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    assert_false(is_there(&p->f, names[i]));
}

static void store_is_told_by_its_first_bytes(void **state) {
  (void)state;
  place p;
  vls_trouble why;
  vls_store_kind kind;
  place_make(&p);
  assert_int_equal(look(&p), VLS_STORE_NONE);
  put_file(&p.f, "node.db", "", 0);
  assert_int_equal(look(&p), VLS_STORE_NONE);
  put_file(&p.f, "node.db", "SQLite format 3", 16);
  assert_int_equal(look(&p), VLS_STORE_PLAIN);
  put_file(&p.f, "node.db", "nothing that anybody knows", 26);
  assert_int_equal(look(&p), VLS_STORE_SEALED);
  remove(in(&p.f, "node.db"));
  assert_int_equal(mkdir(in(&p.f, "node.db"), 0700), 0);
  assert_int_equal(vls_migrate_look(&p.paths, &kind, &why), VLS_SYSTEM);
  assert_non_null(strstr(why.what, "cannot read"));
  folder_end(&p.f);
}

static void migration_leaves_all_of_it_encrypted_and_nothing_in_clear(void **state) {
  (void)state;
  place p;
  vls_trouble why;
  vls_keyfile got;
  place_make(&p);
  put_store(&p);
  assert_int_equal(look(&p), VLS_STORE_PLAIN);
  assert_true(folder_holds(&p.f, words));
  int old = open(p.paths.store, O_RDONLY); /* the blocks that it had */
  assert_int_equal(migrate(&p, &why), VLS_OK);
  assert_int_equal(look(&p), VLS_STORE_SEALED);
  assert_false(folder_holds(&p.f, words));
  nothing_lies_about(&p);
  uint8_t bytes[4096];
  for (ssize_t n = read(old, bytes, sizeof bytes); n > 0; n = read(old, bytes, sizeof bytes))
    for (ssize_t i = 0; i < n; i++)
      assert_int_equal(bytes[i], 0);
  close(old);
  assert_int_equal(vls_keys_read(&got, p.paths.keys, &why), VLS_OK);
  uint8_t key[32];
  assert_int_equal(vls_keyslot_open_passphrase(&got, vls_slice_str("open sesame"), key, NULL),
                   VLS_OK);
  assert_memory_equal(key, p.key, 32);
  has_all(&p, true);
  tidy(&p);
  has_all(&p, true);
  folder_end(&p.f);
}

static void migration_puts_a_key_file_by_that_was_there(void **state) {
  (void)state;
  place p;
  vls_trouble why;
  place_make(&p);
  put_store(&p);
  put_file(&p.f, "node.keys", "of another day", 14);
  assert_int_equal(migrate(&p, &why), VLS_OK);
  assert_true(is_there(&p.f, "node.keys.old"));
  assert_true(folder_holds(&p.f, "of another day"));
  has_all(&p, true);
  folder_end(&p.f);
}

/* What stands in the way of each step; the store in clear goes on. */
static void migration_that_cannot_be_done_changes_nothing(void **state) {
  (void)state;
  static const char *const obstacles[] = {"node.db.sealing", "node.db.sealing-wal", "node.db.plain",
                                          "node.keys.new", "node.keys"};
  for (size_t i = 0; i < sizeof obstacles / sizeof obstacles[0]; i++) {
    place p;
    vls_trouble why = {{0}, {0}};
    place_make(&p);
    put_store(&p);
    assert_int_equal(mkdir(in(&p.f, obstacles[i]), 0700), 0);
    if (i == 4) assert_int_equal(mkdir(in(&p.f, "node.keys.old"), 0700), 0);
    if (i == 4) put_file(&p.f, "node.keys.old/full", "x", 1);
    assert_int_not_equal(migrate(&p, &why), VLS_OK);
    assert_non_null(strstr(why.what, "cannot"));
    assert_int_equal(look(&p), VLS_STORE_PLAIN);
    has_all(&p, false);
    if (i == 4) remove(in(&p.f, "node.keys.old/full"));
    rmdir(in(&p.f, obstacles[i]));
    rmdir(in(&p.f, "node.keys.old"));
    tidy(&p);
    assert_int_equal(migrate(&p, &why), VLS_OK); /* and when it is out of the way, it works */
    has_all(&p, true);
    nothing_lies_about(&p);
    folder_end(&p.f);
  }
}

static void migration_of_a_damaged_store_is_refused(void **state) {
  (void)state;
  place p;
  vls_trouble why;
  place_make(&p);
  put_file(&p.f, "node.db", "SQLite format 3\0and then nothing of the kind", 44);
  assert_int_not_equal(migrate(&p, &why), VLS_OK);
  assert_non_null(strstr(why.what, "cannot encrypt the store"));
  assert_false(is_there(&p.f, "node.keys"));
  nothing_lies_about(&p);
  remove(p.paths.store);
  assert_int_equal(migrate(&p, &why), VLS_SYSTEM); /* there is none */
  folder_end(&p.f);
}

static void migration_cut_short_before_its_moment_is_undone(void **state) {
  (void)state;
  place p;
  vls_trouble why;
  place_make(&p);
  put_store(&p);
  assert_int_equal(vls_keys_write(&p.keys, p.paths.keys, &why), VLS_OK);
  put_file(&p.f, "node.db.sealing", "half a copy", 11);
  put_file(&p.f, "node.db.sealing-wal", "its log", 7);
  tidy(&p);
  nothing_lies_about(&p);
  assert_false(is_there(&p.f, "node.keys"));
  has_all(&p, false);
  /* The second name was made, the first not yet given away. */
  assert_int_equal(vls_keys_write(&p.keys, p.paths.keys, &why), VLS_OK);
  char second[128];
  snprintf(second, sizeof second, "%s", in(&p.f, "node.db.plain"));
  assert_int_equal(link(p.paths.store, second), 0);
  tidy(&p);
  nothing_lies_about(&p);
  assert_false(is_there(&p.f, "node.keys"));
  has_all(&p, false);
  folder_end(&p.f);
}

static void migration_cut_short_after_its_moment_is_finished(void **state) {
  (void)state;
  place p;
  vls_trouble why;
  place_make(&p);
  put_store(&p);
  assert_int_equal(migrate(&p, &why), VLS_OK);
  put_file(&p.f, "node.db.plain", words, sizeof words);
  int old = open(in(&p.f, "node.db.plain"), O_RDONLY);
  tidy(&p);
  nothing_lies_about(&p);
  char bytes[sizeof words];
  assert_int_equal(read(old, bytes, sizeof bytes), (ssize_t)sizeof bytes);
  for (size_t i = 0; i < sizeof bytes; i++)
    assert_int_equal(bytes[i], 0);
  close(old);
  assert_true(is_there(&p.f, "node.keys"));
  has_all(&p, true);
  folder_end(&p.f);
}

/* A key file alone says nothing: it may be of a store that is to come back from a backup. */
static void tidying_where_nothing_was_begun_touches_nothing(void **state) {
  (void)state;
  place p;
  place_make(&p);
  put_file(&p.f, "node.keys", "keys", 4);
  tidy(&p);
  assert_true(is_there(&p.f, "node.keys"));
  put_store(&p);
  tidy(&p);
  assert_true(is_there(&p.f, "node.keys"));
  has_all(&p, false);
  folder_end(&p.f);
}

/* How long all of it takes here, in microseconds. */
static useconds_t time_of_one(void) {
  place p;
  vls_trouble why;
  struct timespec from, to;
  place_make(&p);
  put_store(&p);
  clock_gettime(CLOCK_MONOTONIC, &from);
  assert_int_equal(migrate(&p, &why), VLS_OK);
  clock_gettime(CLOCK_MONOTONIC, &to);
  folder_end(&p.f);
  return (useconds_t)((to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec) / 1000);
}

/* Killed at some moment: the next start has all of it, in clear or encrypted. */
static void migration_killed_anywhere_loses_nothing(void **state) {
  (void)state;
  enum { LIVES = 30 };
  unsigned sealed = 0;
  useconds_t all = time_of_one();
  for (unsigned life = 0; life < LIVES; life++) {
    place p;
    vls_trouble why;
    place_make(&p);
    put_store(&p);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
      alarm(20);
      _exit(migrate(&p, &why) == VLS_OK ? 0 : 1);
    }
    usleep(all / (LIVES * 2 / 3) * life); /* the last third of them around its end */
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    tidy(&p);
    assert_false(is_there(&p.f, "node.db.sealing") || is_there(&p.f, "node.db.plain"));
    bool is_sealed = look(&p) == VLS_STORE_SEALED;
    if (is_sealed) assert_int_equal(vls_keys_read(&p.keys, p.paths.keys, &why), VLS_OK);
    if (is_sealed) assert_false(folder_holds(&p.f, words));
    has_all(&p, is_sealed); /* with the log of the store in clear, if it was open */
    nothing_lies_about(&p);
    sealed += is_sealed;
    folder_end(&p.f);
  }
  print_message("%u of %u were encrypted when they were killed\n", sealed, (unsigned)LIVES);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(store_is_told_by_its_first_bytes),
      cmocka_unit_test(migration_leaves_all_of_it_encrypted_and_nothing_in_clear),
      cmocka_unit_test(migration_puts_a_key_file_by_that_was_there),
      cmocka_unit_test(migration_that_cannot_be_done_changes_nothing),
      cmocka_unit_test(migration_of_a_damaged_store_is_refused),
      cmocka_unit_test(migration_cut_short_before_its_moment_is_undone),
      cmocka_unit_test(migration_cut_short_after_its_moment_is_finished),
      cmocka_unit_test(tidying_where_nothing_was_begun_touches_nothing),
      cmocka_unit_test(migration_killed_anywhere_loses_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
