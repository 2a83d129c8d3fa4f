/* A sealed store as its owner has it: what is on the disk, who may open it, what SQLite may not do.
 */
#include <dirent.h>
#include <sys/wait.h>

#include "store/contacts.h"
#include "store/messages.h"
#include "store/sql.h"
#include "store_made.h"
#include "vfs_made.h"

static const uint8_t key[32] = {1}, uuid[16] = {2}, seed[32] = {3};

/* What a thief would look for. */
static const char *const known[] = {"SQLite format 3", "CREATE TABLE", "message", "contact",
                                    "Beatrix",         "harbour",      "outbox",  "sqlite_"};

static vls_store *sealed_at(const char *path) {
  vls_store *store = NULL;
  const char *why = "";
  vls_err err = vls_store_open_sealed(&store, path, key, uuid, seed, 0, &why);
  if (err != VLS_OK) print_error("%s: %s\n", vls_err_name(err), why);
  assert_int_equal(err, VLS_OK);
  return store;
}

static void write_letters(vls_store *store, uint64_t from, uint64_t to) {
  for (uint64_t n = from; n <= to; n++) {
    char text[200];
    snprintf(text, sizeof text, "Beatrix waits at the harbour, letter %llu", (unsigned long long)n);
    vls_message_row row = {.n = n, .contact = 1, .at = n, .body = vls_slice_str(text)};
    vls_message_put(store, &row);
    if (n % 20 == 0) assert_int_equal(vls_store_commit(store), VLS_OK);
  }
}

static size_t file_read(const char *path, uint8_t **ret) {
  FILE *f = fopen(path, "rb");
  assert_non_null(f);
  assert_int_equal(fseek(f, 0, SEEK_END), 0);
  size_t n = (size_t)ftell(f);
  rewind(f);
  *ret = malloc(n + 1);
  assert_int_equal(fread(*ret, 1, n, f), n);
  fclose(f);
  return n;
}

/* Every sector is a hole or looks random: 512 random bytes have about 221 different values. */
static void looks_random(const uint8_t *p, size_t n) {
  static const uint8_t hole[512];
  for (size_t at = 0; at + sizeof hole <= n; at += sizeof hole) {
    bool there[256] = {false};
    unsigned values = 0;
    if (memcmp(p + at, hole, sizeof hole) == 0) continue;
    for (size_t i = 0; i < sizeof hole; i++) {
      values += !there[p[at + i]];
      there[p[at + i]] = true;
    }
    assert_true(values > 170);
  }
}

/* Everything in the folder, names and bytes. The number of files. */
static unsigned search_folder(const place *p) {
  unsigned files = 0;
  DIR *dir = opendir(p->dir);
  assert_non_null(dir);
  for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
    char path[400];
    uint8_t *bytes;
    if (e->d_name[0] == '.') continue;
    assert_true(strcmp(e->d_name, "store") == 0 || strcmp(e->d_name, "store-wal") == 0 ||
                strcmp(e->d_name, "store-vault") == 0);
    snprintf(path, sizeof path, "%s/%s", p->dir, e->d_name);
    size_t n = file_read(path, &bytes);
    for (size_t i = 0; i < COUNT(known); i++)
      assert_null(memmem(bytes, n, known[i], strlen(known[i])));
    looks_random(bytes, n);
    free(bytes);
    files++;
  }
  closedir(dir);
  return files;
}

static void vfs_known_words_are_not_on_the_disk(void **state) {
  (void)state;
  place p;
  place_make(&p);
  vls_store *store = sealed_at(p.path);
  assert_int_equal(search_folder(&p), 2);
  vls_contact_row contact = {.state = VLS_CONTACT_READY, .name = "Beatrix", .claim = "Beatrix"};
  vls_contact_put(store, &contact, vls_slice_str("beatrix"));
  write_letters(store, 1, 400);
  assert_int_equal(search_folder(&p), 2);
  vls_store_checkpoint(store);
  write_letters(store, 401, 500);
  sqlite3_exec(store->db, "CREATE INDEX message_body ON message(body); VACUUM", NULL, NULL, NULL);
  assert_int_equal(search_folder(&p), 2);
  vls_store_close(store);
  assert_int_equal(search_folder(&p), 2); /* the store and its vault */
  store = sealed_at(p.path);
  assert_int_equal(vls_message_newest(store), 500);
  vls_store_close(store);
  /* The search would find them in a store in clear. */
  place plain;
  uint8_t *bytes;
  place_make(&plain);
  store = store_at(plain.path);
  write_letters(store, 1, 20);
  vls_store_close(store);
  size_t n = file_read(plain.path, &bytes);
  assert_non_null(memmem(bytes, n, "Beatrix", 7));
  free(bytes);
  place_end(&plain);
  place_end(&p);
}

static void vfs_another_key_is_refused_and_harms_nothing(void **state) {
  (void)state;
  static const uint8_t other_key[32] = {9}, other_uuid[16] = {9};
  place p;
  const char *why = NULL;
  uint8_t *before, *after;
  place_make(&p);
  vls_store *store = sealed_at(p.path), *none = NULL;
  write_letters(store, 1, 40);
  vls_store_close(store);
  size_t n = file_read(p.path, &before);
  vls_err err = vls_store_open_sealed(&none, p.path, other_key, uuid, seed, 0, &why);
  assert_int_equal(err, VLS_FORGED);
  assert_string_equal(why, "the key does not open this store");
  err = vls_store_open_sealed(&none, p.path, key, other_uuid, seed, 0, &why);
  assert_int_equal(err, VLS_FORGED);
  assert_int_equal(vls_store_open(&none, p.path, seed, 0, &why), VLS_DAMAGED); /* as if in clear */
  assert_null(none);
  assert_int_equal(file_read(p.path, &after), n);
  assert_memory_equal(before, after, n);
  store = sealed_at(p.path);
  assert_int_equal(vls_message_newest(store), 40);
  vls_store_close(store);
  free(before);
  free(after);
  place_end(&p);
}

static void vfs_store_in_clear_is_told_from_a_wrong_key(void **state) {
  (void)state;
  place p;
  const char *why = NULL;
  place_make(&p);
  vls_store *store = store_at(p.path);
  write_letters(store, 1, 20);
  store_end(store);
  store = NULL;
  vls_err err = vls_store_open_sealed(&store, p.path, key, uuid, seed, 0, &why);
  assert_int_equal(err, VLS_STATE);
  assert_string_equal(why, "the store is not encrypted");
  place_end(&p);
}

static void vfs_second_opener_is_refused(void **state) {
  (void)state;
  place p;
  place_make(&p);
  vls_store *store = sealed_at(p.path), *second = NULL;
  const char *why = NULL;
  vls_err err = vls_store_open_sealed(&second, p.path, key, uuid, seed, 0, &why);
  assert_int_equal(err, VLS_LOCKED);
  pid_t child = fork();
  if (child == 0)
    _exit(vls_store_open_sealed(&second, p.path, key, uuid, seed, 0, &why) == VLS_LOCKED ? 0 : 1);
  int status = 1;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  write_letters(store, 1, 20);
  store_end(store);
  place_end(&p);
}

/* WAL from the first moment, and nothing leads out of it. */
static void vfs_journal_mode_cannot_be_left(void **state) {
  (void)state;
  box b;
  char text[32] = "";
  box_make(&b, true);
  box_open(&b);
  box_must(&b, SCHEMA);
  assert_int_equal(box_text(&b, "PRAGMA journal_mode", text, sizeof text), SQLITE_OK);
  assert_string_equal(text, "wal");
  static const char *const modes[] = {"DELETE", "TRUNCATE", "PERSIST", "MEMORY", "OFF"};
  for (size_t i = 0; i < COUNT(modes); i++) {
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA journal_mode=%s", modes[i]);
    box_exec(&b, sql);
    box_exec(&b, "INSERT INTO t VALUES(NULL, 1, 'x')");
    box_close(&b);
    box_open(&b);
    assert_int_equal(box_text(&b, "PRAGMA journal_mode", text, sizeof text), SQLITE_OK);
    assert_string_equal(text, "wal");
    box_must(&b, "INSERT INTO t VALUES(NULL, 2, 'y')");
    box_check(&b);
  }
  for (size_t i = 0; i < DISK_FILES && b.d->entry[i] != NULL; i++)
    assert_true(strcmp(b.d->entry[i]->name, MAIN) == 0 || strcmp(b.d->entry[i]->name, LOG) == 0);
  box_end(&b);
}

static void vfs_planted_journal_is_not_played_back(void **state) {
  (void)state;
  box b;
  box_make(&b, true);
  box_open(&b);
  box_must(&b, SCHEMA);
  uint64_t before = box_must_state(&b);
  box_close(&b);
  vls_buf *journal = disk_bytes(b.d, MAIN "-journal");
  disk_resize(journal, 8192);
  memset(journal->p, 0xd9, journal->n);
  box_open(&b);
  assert_int_equal(box_must_state(&b), before);
  box_end(&b);
}

/* More undone in one statement than SQLite keeps by itself; the disk would object to a file for it.
 */
static void vfs_large_statements_are_undone_in_memory(void **state) {
  (void)state;
  box b;
  box_make(&b, true);
  box_open(&b);
  box_must(&b, SCHEMA);
  box_must(&b, "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM c WHERE i<3000) "
               "INSERT INTO t SELECT i, i, zeroblob(500) FROM c");
  uint64_t before = box_must_state(&b);
  box_must(&b, "BEGIN; SAVEPOINT s; UPDATE t SET body=zeroblob(501); ROLLBACK TO s; COMMIT");
  assert_int_equal(box_must_state(&b), before);
  int code = box_exec(&b, "UPDATE t SET id=CASE id WHEN 2999 THEN 1 ELSE id END, k=k+1");
  assert_int_equal(code, SQLITE_CONSTRAINT);
  assert_int_equal(box_must_state(&b), before);
  box_must(&b, "CREATE TEMP TABLE x AS SELECT * FROM t ORDER BY body, k DESC");
  box_check(&b);
  box_end(&b);
}

/* Past 2,042 pages there is a second map block; growing, shrinking and growing again. */
static void vfs_store_of_several_groups_grows_and_shrinks(void **state) {
  (void)state;
  box b;
  char text[32];
  box_make(&b, true);
  b.cache_pages = 200;
  b.checkpoint_pages = 1000;
  box_open(&b);
  box_must(&b, SCHEMA);
  for (unsigned round = 0; round < 2; round++) {
    for (unsigned i = 0; i < 10; i++) {
      char sql[256];
      snprintf(sql, sizeof sql,
               "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM c WHERE i<500) "
               "INSERT INTO t SELECT %u+i, i, zeroblob(3600) FROM c",
               i * 500);
      box_must(&b, sql);
    }
    uint64_t before = box_must_state(&b);
    box_close(&b);
    size_t large = disk_bytes(b.d, MAIN)->n;
    assert_true(large > 2 * 2042 * 4096);
    box_open(&b);
    assert_int_equal(box_must_state(&b), before);
    box_must(&b, "DELETE FROM t WHERE id>100; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
    assert_true(disk_bytes(b.d, MAIN)->n < large / 8);
    before = box_must_state(&b);
    box_kill(&b);
    box_open(&b);
    assert_int_equal(box_must_state(&b), before);
    assert_int_equal(box_text(&b, "SELECT count(*) FROM t", text, sizeof text), SQLITE_OK);
    assert_string_equal(text, "100");
    box_must(&b, "DELETE FROM t");
    box_check(&b);
  }
  box_end(&b);
}

/* While it is open, with a cache too small to hide it. */
static void vfs_damage_under_an_open_store_is_named_and_sticks(void **state) {
  (void)state;
  place p;
  uint8_t *bytes;
  place_make(&p);
  vls_store *store = sealed_at(p.path);
  write_letters(store, 1, 4000);
  vls_store_close(store);
  size_t n = file_read(p.path, &bytes);
  FILE *f = fopen(p.path, "r+b");
  for (size_t at = 8192 + 2 * 16384 + 60 * 4096 + 77; at < n; at += 4096) {
    assert_int_equal(fseek(f, (long)at, SEEK_SET), 0);
    fputc(bytes[at] ^ 1, f);
  }
  fclose(f);
  free(bytes);
  store = sealed_at(p.path);
  vls_message_query query = {.limit = 5000};
  vls_message_row row;
  while (vls_message_next(store, &query, &row))
    continue;
  vls_message_end(&query);
  assert_int_equal(vls_store_error(store), VLS_DAMAGED);
  assert_non_null(strstr(vls_store_problem(store), "a page of the store is damaged: "));
  write_letters(store, 5001, 5002);
  assert_int_equal(vls_store_commit(store), VLS_DAMAGED);
  vls_store_close(store);
  place_end(&p);
}

/* Two stores of one process have nothing in common, and nothing is left registered. */
static void vfs_names_are_their_own_and_go_with_the_store(void **state) {
  (void)state;
  vls_vfs *one = vls_vfs_new(NULL, key, uuid, seed), *two = vls_vfs_new(NULL, key, uuid, seed);
  char name[64];
  assert_string_not_equal(vls_vfs_name(one), vls_vfs_name(two));
  snprintf(name, sizeof name, "%s", vls_vfs_name(one));
  assert_non_null(sqlite3_vfs_find(name));
  vls_vfs_free(one);
  assert_null(sqlite3_vfs_find(name));
  assert_non_null(sqlite3_vfs_find(vls_vfs_name(two)));
  vls_vfs_stir(two, vls_slice_str("fresh"));
  assert_int_equal(vls_vfs_fault(two), VLS_FAULT_NONE);
  assert_string_equal(vls_vfs_problem(two), "");
  vls_vfs_free(two);
  vls_vfs_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(vfs_known_words_are_not_on_the_disk),
      cmocka_unit_test(vfs_another_key_is_refused_and_harms_nothing),
      cmocka_unit_test(vfs_store_in_clear_is_told_from_a_wrong_key),
      cmocka_unit_test(vfs_second_opener_is_refused),
      cmocka_unit_test(vfs_journal_mode_cannot_be_left),
      cmocka_unit_test(vfs_planted_journal_is_not_played_back),
      cmocka_unit_test(vfs_large_statements_are_undone_in_memory),
      cmocka_unit_test(vfs_store_of_several_groups_grows_and_shrinks),
      cmocka_unit_test(vfs_damage_under_an_open_store_is_named_and_sticks),
      cmocka_unit_test(vfs_names_are_their_own_and_go_with_the_store),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
