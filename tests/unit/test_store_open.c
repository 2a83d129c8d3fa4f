#include "store_made.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "store/feed.h"
#include "store/messages.h"
#include "store/sql.h"

static void say(vls_store *store, uint64_t n, const char *text) {
  vls_message_row row = {.n = n, .contact = 1, .at = n, .body = vls_slice_str(text)};
  vls_message_put(store, &row);
}

static void set_version(const char *path, int version) {
  sqlite3 *db;
  char sql[64];
  snprintf(sql, sizeof sql, "PRAGMA user_version=%d", version);
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(db);
}

static int version_of(const char *path) {
  sqlite3 *db;
  sqlite3_stmt *q = NULL;
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &q, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(q), SQLITE_ROW);
  int version = sqlite3_column_int(q, 0);
  sqlite3_finalize(q);
  sqlite3_close(db);
  return version;
}

static void store_reopened_has_what_was_committed(void **state) {
  (void)state;
  place p;
  place_make(&p);
  vls_store *store = store_at(p.path);
  assert_false(vls_store_dirty(store));
  say(store, 1, "kept");
  assert_true(vls_store_dirty(store));
  assert_int_equal(vls_store_commit(store), VLS_OK);
  assert_false(vls_store_dirty(store));
  say(store, 2, "not committed");
  vls_store_close(store);
  store = store_at(p.path);
  assert_int_equal(vls_message_newest(store), 1);
  store_end(store);
  place_end(&p);
}

static void store_rolled_back_forgets(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  say(store, 1, "kept");
  assert_int_equal(vls_store_commit(store), VLS_OK);
  say(store, 2, "forgotten");
  vls_store_rollback(store);
  assert_false(vls_store_dirty(store));
  assert_int_equal(vls_message_newest(store), 1);
  say(store, 2, "and said again");
  store_end(store);
}

/* A query that is half read does not hold a rollback up. */
static void store_rolls_back_under_an_open_query(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  vls_message_query query = {.limit = 10};
  vls_message_row row;
  for (uint64_t n = 1; n < 5; n++)
    say(store, n, "text");
  assert_true(vls_message_next(store, &query, &row));
  vls_store_rollback(store);
  vls_message_end(&query);
  assert_int_equal(vls_message_newest(store), 0);
  store_end(store);
}

static void store_open_twice_in_one_process_is_refused(void **state) {
  (void)state;
  place p;
  const char *why = NULL;
  place_make(&p);
  vls_store *store = store_at(p.path), *second = NULL;
  assert_int_equal(vls_store_open(&second, p.path, store_seed, 0, &why), VLS_LOCKED);
  assert_null(second);
  assert_string_equal(why, "another valised has this store open");
  store_end(store);
  store_end(store_at(p.path));
  place_end(&p);
}

static int in_child(int (*run)(const char *path), const char *path) {
  int status = 0;
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) _exit(run(path));
  assert_int_equal(waitpid(pid, &status, 0), pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int opens(const char *path) {
  vls_store *store = NULL;
  vls_err err = vls_store_open(&store, path, store_seed, 0, NULL);
  if (err == VLS_OK) vls_store_close(store);
  return err == VLS_LOCKED ? 2 : err == VLS_OK ? 1 : 0;
}

static void store_open_in_another_process_is_refused(void **state) {
  (void)state;
  place p;
  place_make(&p);
  vls_store *store = store_at(p.path);
  assert_int_equal(in_child(opens, p.path), 2);
  say(store, 1, "still mine");
  assert_int_equal(in_child(opens, p.path), 2);
  store_end(store);
  assert_int_equal(in_child(opens, p.path), 1);
  place_end(&p);
}

static void store_of_a_newer_version_is_refused_and_left_alone(void **state) {
  (void)state;
  place p;
  const char *why = NULL;
  vls_store *store = NULL;
  place_make(&p);
  store_end(store_at(p.path));
  int version = version_of(p.path);
  set_version(p.path, 1000);
  assert_int_equal(vls_store_open(&store, p.path, store_seed, 0, &why), VLS_NEWER);
  assert_string_equal(why, "the store was written by a newer valised");
  set_version(p.path, version);
  store_end(store_at(p.path));
  place_end(&p);
}

/* Every step is taken once: a store that was at any version before ends like a new one. */
static void store_of_an_older_version_is_brought_to_this_one(void **state) {
  (void)state;
  place p;
  place_make(&p);
  sqlite3 *db; /* an empty file that SQLite made, without a table: version 0 */
  assert_int_equal(sqlite3_open(p.path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, "VACUUM", NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(db);
  vls_store *store = store_at(p.path);
  say(store, 1, "text");
  store_end(store);
  store_end(store_at(p.path));
  place_end(&p);
}

static void store_whose_migration_fails_is_as_it_was(void **state) {
  (void)state;
  place p;
  const char *why = NULL;
  vls_store *store = NULL;
  place_make(&p);
  sqlite3 *db; /* somebody else's tables stand in the way of the last one made */
  assert_int_equal(sqlite3_open(p.path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, "CREATE TABLE knock(x)", NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(db);
  assert_int_equal(vls_store_open(&store, p.path, store_seed, 0, &why), VLS_DAMAGED);
  assert_string_equal(why, "a part of the store is not what was written there");
  assert_int_equal(sqlite3_open(p.path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, "SELECT x FROM knock", NULL, NULL, NULL), SQLITE_OK);
  assert_int_not_equal(sqlite3_exec(db, "SELECT 1 FROM self", NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(db);
  place_end(&p);
}

static void store_that_is_not_one_is_refused(void **state) {
  (void)state;
  place p;
  vls_store *store = NULL;
  place_make(&p);
  FILE *f = fopen(p.path, "w");
  for (int i = 0; i < 1000; i++)
    fputs("this is a letter, not a database\n", f);
  fclose(f);
  assert_int_equal(vls_store_open(&store, p.path, store_seed, 0, NULL), VLS_DAMAGED);
  unlink(p.path);
  assert_int_equal(vls_store_open(&store, p.dir, store_seed, 0, NULL), VLS_STORAGE);
  assert_int_equal(vls_store_open(&store, "/nowhere/at/all", store_seed, 0, NULL), VLS_STORAGE);
  assert_null(store);
  place_end(&p);
}

static void store_without_a_shared_memory_file_beside_it(void **state) {
  (void)state;
  place p;
  char shm[128];
  struct stat st;
  place_make(&p);
  vls_store *store = store_at(p.path);
  say(store, 1, "text");
  assert_int_equal(vls_store_commit(store), VLS_OK);
  snprintf(shm, sizeof shm, "%s-shm", p.path);
  assert_int_not_equal(stat(shm, &st), 0);
  store_end(store);
  place_end(&p);
}

static void store_checkpoint_moves_the_log(void **state) {
  (void)state;
  place p;
  char wal[128];
  struct stat st;
  place_make(&p);
  vls_store *store = store_at(p.path);
  for (uint64_t n = 1; n <= 200; n++)
    say(store, n, "a text among many others");
  vls_store_checkpoint(store); /* a transaction is open: not now */
  assert_int_equal(vls_store_commit(store), VLS_OK);
  snprintf(wal, sizeof wal, "%s-wal", p.path);
  assert_int_equal(stat(wal, &st), 0);
  assert_true(st.st_size > 0);
  vls_store_checkpoint(store);
  assert_int_equal(stat(wal, &st), 0);
  assert_int_equal(st.st_size, 0);
  assert_int_equal(vls_message_newest(store), 200);
  assert_true(vls_store_bytes(store) >= 8192);
  store_end(store);
  place_end(&p);
}

/* What fails once stays failed: reads find nothing, writes do nothing, the commit says so. */
static void store_error_is_sticky_until_it_is_rolled_back(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  vls_message_query query = {.limit = 10};
  vls_message_row row;
  vls_buf body;
  vls_buf_init(&body, 100);
  say(store, 1, "kept");
  assert_int_equal(vls_store_commit(store), VLS_OK);
  assert_int_equal(vls_store_error(store), VLS_OK);
  say(store, 2, "lost with the rest");
  say(store, 1, "its number was given before");
  assert_int_equal(vls_store_error(store), VLS_STORAGE);
  assert_true(strstr(vls_store_problem(store), "UNIQUE") != NULL);
  assert_int_equal(vls_message_newest(store), 0);
  assert_false(vls_message_get(store, 1, &row, &body));
  assert_false(vls_message_next(store, &query, &row));
  assert_int_equal(vls_message_count_queued(store, 0), 0);
  say(store, 3, "not written at all");
  assert_true(vls_store_dirty(store));
  assert_int_equal(vls_store_commit(store), VLS_STORAGE);
  assert_int_equal(vls_store_commit(store), VLS_STORAGE);
  vls_store_checkpoint(store);
  vls_store_rollback(store);
  assert_int_equal(vls_store_error(store), VLS_OK);
  assert_int_equal(vls_message_newest(store), 1);
  vls_buf_done(&body);
  store_end(store);
}

static void store_statement_that_cannot_be_prepared_is_an_error(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  assert_int_equal(sqlite3_exec(store->db, "DROP TABLE feed", NULL, NULL, NULL), SQLITE_OK);
  assert_int_equal(vls_feed_newest(store), 0);
  assert_int_equal(vls_store_error(store), VLS_DAMAGED);
  assert_int_equal(vls_store_commit(store), VLS_DAMAGED);
  vls_store_close(store);
}

static void store_full_disk_says_so(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  static char text[40000];
  memset(text, 'x', sizeof text - 1);
  assert_int_equal(sqlite3_exec(store->db, "PRAGMA max_page_count=60", NULL, NULL, NULL),
                   SQLITE_OK);
  for (uint64_t n = 1; n < 20; n++)
    say(store, n, text);
  assert_int_equal(vls_store_error(store), VLS_FULL);
  assert_int_equal(vls_store_commit(store), VLS_FULL);
  vls_store_rollback(store);
  assert_int_equal(vls_message_newest(store), 0);
  store_end(store);
}

static void store_key_of_a_wrong_size_is_damage(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  uint8_t key[32];
  sqlite3_stmt *q = vls_sql(store, "SELECT x'0102'");
  assert_true(vls_sql_row(store, q));
  vls_sql_get_fix(store, q, 0, key, 2);
  assert_int_equal(vls_store_error(store), VLS_OK);
  vls_sql_get_fix(store, q, 0, key, 32);
  assert_int_equal(vls_store_error(store), VLS_DAMAGED);
  assert_int_equal(key[0], 0);
  vls_sql_done(q);
  vls_store_close(store);
}

static void store_close_takes_null(void **state) {
  (void)state;
  vls_store_close(NULL);
}

/* Commits texts 1, 2, 3 ... and says each number after its commit, until it is killed. */
static void write_until_killed(const char *path, int out) {
  vls_store *store = NULL;
  if (vls_store_open(&store, path, store_seed, 0, NULL) != VLS_OK) _exit(1);
  for (uint64_t n = vls_message_newest(store) + 1;; n++) {
    say(store, n, "a text that was acknowledged");
    if (vls_store_commit(store) != VLS_OK) _exit(1);
    if (write(out, &n, sizeof n) != (ssize_t)sizeof n) _exit(1);
    if (n % 50 == 0) vls_store_checkpoint(store);
  }
}

static void store_killed_amid_commits_has_all_that_was_acknowledged(void **state) {
  (void)state;
  place p;
  uint64_t told = 0, n;
  place_make(&p);
  for (int round = 0; round < 20; round++) {
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) write_until_killed(p.path, ends[1]);
    close(ends[1]);
    for (int i = 0; i < 5 + 7 * round; i++)
      if (read(ends[0], &n, sizeof n) == (ssize_t)sizeof n) told = n;
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    while (read(ends[0], &n, sizeof n) == (ssize_t)sizeof n)
      told = n;
    close(ends[0]);
    vls_store *store = store_at(p.path);
    uint64_t newest = vls_message_newest(store);
    assert_true(newest == told || newest == told + 1);
    store_end(store);
  }
  assert_true(told > 100);
  place_end(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(store_reopened_has_what_was_committed),
      cmocka_unit_test(store_rolled_back_forgets),
      cmocka_unit_test(store_rolls_back_under_an_open_query),
      cmocka_unit_test(store_open_twice_in_one_process_is_refused),
      cmocka_unit_test(store_open_in_another_process_is_refused),
      cmocka_unit_test(store_of_a_newer_version_is_refused_and_left_alone),
      cmocka_unit_test(store_of_an_older_version_is_brought_to_this_one),
      cmocka_unit_test(store_whose_migration_fails_is_as_it_was),
      cmocka_unit_test(store_that_is_not_one_is_refused),
      cmocka_unit_test(store_without_a_shared_memory_file_beside_it),
      cmocka_unit_test(store_checkpoint_moves_the_log),
      cmocka_unit_test(store_error_is_sticky_until_it_is_rolled_back),
      cmocka_unit_test(store_statement_that_cannot_be_prepared_is_an_error),
      cmocka_unit_test(store_full_disk_says_so),
      cmocka_unit_test(store_key_of_a_wrong_size_is_damage),
      cmocka_unit_test(store_close_takes_null),
      cmocka_unit_test(store_killed_amid_commits_has_all_that_was_acknowledged),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
