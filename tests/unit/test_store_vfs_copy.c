/* From a store in clear to a sealed one; and a sealed store whose process is killed as it commits.
 */
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "store/feed.h"
#include "store/messages.h"
#include "store/sql.h"
#include "store_made.h"
#include "valise/keyslot.h"

enum { LETTERS = 9000, LIVES = 12 };

static const uint8_t key[32] = {1}, uuid[16] = {2}, seed[32] = {3};

static vls_store *sealed_at(const char *path) {
  vls_store *store = NULL;
  const char *why = "";
  vls_err err = vls_store_open_sealed(&store, path, key, uuid, seed, 0, &why);
  if (err != VLS_OK) print_error("%s: %s\n", vls_err_name(err), why);
  assert_int_equal(err, VLS_OK);
  return store;
}

static void say(vls_store *store, uint64_t n) {
  char text[40];
  snprintf(text, sizeof text, "letter %llu", (unsigned long long)n);
  vls_message_row row = {.n = n, .contact = n % 7 + 1, .at = n, .body = vls_slice_str(text)};
  vls_message_put(store, &row);
}

static void fill(vls_store *store) {
  for (uint64_t n = 1; n <= LETTERS; n++)
    say(store, n);
  vls_sent_put(store, vls_slice_str("a client's id"), vls_slice_str("its reply"), 5);
  assert_int_equal(vls_consumer_put(store, vls_slice_str("bot"), 17), VLS_OK);
}

/* One hash over every row of every table, in the order the tables keep. */
static uint64_t hash_of(vls_store *store) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  sqlite3_stmt *names = NULL;
  sqlite3_prepare_v2(store->db, "SELECT name FROM sqlite_schema WHERE type='table' ORDER BY name",
                     -1, &names, NULL);
  while (sqlite3_step(names) == SQLITE_ROW) {
    char sql[128];
    sqlite3_stmt *rows = NULL;
    snprintf(sql, sizeof sql, "SELECT * FROM \"%s\"", (const char *)sqlite3_column_text(names, 0));
    assert_int_equal(sqlite3_prepare_v2(store->db, sql, -1, &rows, NULL), SQLITE_OK);
    while (sqlite3_step(rows) == SQLITE_ROW)
      for (int c = 0; c < sqlite3_column_count(rows); c++) {
        hash = (hash ^ (uint64_t)sqlite3_column_type(rows, c)) * UINT64_C(0x100000001b3);
        const uint8_t *p = sqlite3_column_blob(rows, c);
        for (int i = 0; i < sqlite3_column_bytes(rows, c); i++)
          hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
      }
    sqlite3_finalize(rows);
  }
  sqlite3_finalize(names);
  return hash;
}

static void copy_has_every_row_and_leaves_the_old_store(void **state) {
  (void)state;
  place from, to;
  const char *why = NULL;
  place_make(&from);
  place_make(&to);
  vls_store *store = store_at(from.path);
  fill(store);
  store_end(store);
  store = store_at(from.path);
  uint64_t before = hash_of(store);
  vls_store_close(store);
  assert_int_equal(vls_store_seal(from.path, to.path, key, uuid, seed, &why), VLS_OK);
  char log[128];
  snprintf(log, sizeof log, "%s-wal", to.path);
  assert_int_not_equal(access(log, F_OK), 0); /* all of it is in one file */
  assert_int_equal(vls_store_open_copy(&store, to.path, key, uuid, seed, &why), VLS_OK);
  assert_int_equal(hash_of(store), before);
  vls_store_close(store);
  store = sealed_at(to.path);
  say(store, LETTERS + 1);
  store_end(store);
  store = store_at(from.path);
  assert_int_equal(hash_of(store), before);
  store_end(store);
  place_end(&from);
  place_end(&to);
}

static void copy_does_not_write_over_anything(void **state) {
  (void)state;
  place from, to;
  const char *why = NULL;
  place_make(&from);
  place_make(&to);
  store_end(store_at(from.path));
  vls_store_close(sealed_at(to.path));
  assert_int_equal(vls_store_seal(from.path, to.path, key, uuid, seed, &why), VLS_EXISTS);
  assert_string_equal(why, "there is a file in the place of the sealed store");
  place_end(&from);
  place_end(&to);
}

static void copy_of_a_store_in_use_is_refused(void **state) {
  (void)state;
  place from, to;
  place_make(&from);
  place_make(&to);
  vls_store *store = store_at(from.path);
  assert_int_equal(vls_store_seal(from.path, to.path, key, uuid, seed, NULL), VLS_LOCKED);
  store_end(store);
  place_end(&from);
  place_end(&to);
}

/* The whole way of a key: a new file, a passphrase, the store it opens. */
static void keyfile_opens_the_store_it_was_made_for(void **state) {
  (void)state;
  place p;
  vls_keyfile file;
  uint8_t made[32], opened[32], bytes[VLS_KEYFILE_MAX];
  vls_argon_cost cheap = {1, VLS_ARGON_KIB_MIN};
  vls_slice word = vls_slice_str("open sesame");
  place_make(&p);
  vls_keyfile_new(&file, made, seed);
  assert_int_equal(vls_keyslot_add_passphrase(&file, made, word, cheap, seed), VLS_OK);
  vls_store *store = NULL;
  vls_err err = vls_store_open_sealed(&store, p.path, made, file.uuid, seed, 0, NULL);
  assert_int_equal(err, VLS_OK);
  say(store, 1);
  store_end(store);
  size_t n = vls_keyfile_encode(&file, bytes);
  assert_int_equal(vls_keyfile_decode(&file, vls_slice_of(bytes, n)), VLS_OK);
  assert_int_equal(vls_keyslot_open_passphrase(&file, word, opened, NULL), VLS_OK);
  err = vls_store_open_sealed(&store, p.path, opened, file.uuid, seed, 0, NULL);
  assert_int_equal(err, VLS_OK);
  assert_int_equal(vls_message_newest(store), 1);
  store_end(store);
  place_end(&p);
}

/* Commits one letter after the other, and tells the number of each through the pipe once it is
 * safe. */
static _Noreturn void write_until_killed(const char *path, int out) {
  uint8_t fresh[32];
  vls_store *store = NULL;
  memset(fresh, (int)getpid() & 0xff, sizeof fresh);
  vls_be32_put(fresh, (uint32_t)getpid());
  if (vls_store_open_sealed(&store, path, key, uuid, fresh, 0, NULL) != VLS_OK) _exit(1);
  for (uint64_t n = vls_message_newest(store) + 1;; n++) {
    say(store, n);
    if (vls_store_commit(store) != VLS_OK) _exit(2);
    if (write(out, &n, sizeof n) != (ssize_t)sizeof n) _exit(3);
    if (n % 40 == 0) vls_store_checkpoint(store);
  }
}

static void store_killed_as_it_commits_has_what_it_told(void **state) {
  (void)state;
  place p;
  uint64_t told = 0;
  place_make(&p);
  for (unsigned life = 0; life < LIVES; life++) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
      close(ends[0]);
      write_until_killed(p.path, ends[1]);
    }
    close(ends[1]);
    uint64_t n = 0;
    for (unsigned i = 0; i < 30 + life * 9; i++) { /* so many are safe before the blow falls */
      assert_int_equal(read(ends[0], &n, sizeof n), sizeof n);
      told = n;
    }
    struct timespec pause = {.tv_nsec = 300000 * (long)life};
    nanosleep(&pause, NULL);
    assert_int_equal(kill(child, SIGKILL), 0);
    while (read(ends[0], &n, sizeof n) == (ssize_t)sizeof n)
      told = n;
    close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    vls_store *store = sealed_at(p.path);
    uint64_t newest = vls_message_newest(store);
    assert_true(newest == told || newest == told + 1);
    sqlite3_stmt *q = NULL;
    sqlite3_prepare_v2(store->db, "PRAGMA integrity_check", -1, &q, NULL);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    assert_string_equal(sqlite3_column_text(q, 0), "ok");
    sqlite3_finalize(q);
    if (life % 3 == 0)
      store_end(store);
    else
      vls_store_close(store);
  }
  place_end(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(copy_has_every_row_and_leaves_the_old_store),
      cmocka_unit_test(copy_does_not_write_over_anything),
      cmocka_unit_test(copy_of_a_store_in_use_is_refused),
      cmocka_unit_test(keyfile_opens_the_store_it_was_made_for),
      cmocka_unit_test(store_killed_as_it_commits_has_what_it_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
