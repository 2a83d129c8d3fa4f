/* Bytes changed, cut off and put back from older copies: found, or without effect, but never
 * believed. */
#include "vfs_made.h"

enum { FLIPS = 10000, ROWS = 240, MIXTURES = 3000, UNIT = 4096 };

/* Both files at one moment. */
typedef struct copy_of {
  uint8_t *p[2];
  size_t n[2];
} copy_of;

static const char *const files[2] = {MAIN, LOG};

static copy_of copy_take(box *b) {
  copy_of c = {0};
  for (size_t i = 0; i < 2; i++) {
    const vls_buf *bytes = disk_bytes(b->d, files[i]);
    c.n[i] = bytes->n;
    c.p[i] = malloc(c.n[i] + 1);
    if (c.n[i] > 0) memcpy(c.p[i], bytes->p, c.n[i]);
  }
  return c;
}

static void copy_put(box *b, const copy_of *c) {
  for (size_t i = 0; i < 2; i++) {
    vls_buf *bytes = disk_bytes(b->d, files[i]);
    disk_resize(bytes, c->n[i]);
    if (c->n[i] > 0) memcpy(bytes->p, c->p[i], c->n[i]);
  }
  disk_settle(b->d);
}

static void copy_free(copy_of *c) {
  free(c->p[0]);
  free(c->p[1]);
}

/* What a row holds follows from its number and its generation, so a row alone shows that it is
 * right. */
static void say_rows(box *b, unsigned from, unsigned to, unsigned gen) {
  char sql[256];
  snprintf(sql, sizeof sql,
           "WITH RECURSIVE c(i) AS (SELECT %u UNION ALL SELECT i+1 FROM c WHERE i<%u) "
           "INSERT OR REPLACE INTO t SELECT i, %u, replace(hex(zeroblob(40)),'00','r'||i||'g%u;') "
           "FROM c",
           from, to, gen, gen);
  box_must(b, sql);
}

/* Reads every row, and fails the test for one that nobody wrote. *ret_hash over all of them. */
static int read_rows(box *b, uint64_t *ret_hash) {
  sqlite3_stmt *q = NULL;
  uint64_t hash = 1;
  int code = sqlite3_prepare_v2(b->db, "SELECT id, k, body FROM t ORDER BY id", -1, &q, NULL);
  while (code == SQLITE_OK || code == SQLITE_ROW) {
    code = sqlite3_step(q);
    if (code != SQLITE_ROW) break;
    char want[32];
    int n =
        snprintf(want, sizeof want, "r%dg%d;", sqlite3_column_int(q, 0), sqlite3_column_int(q, 1));
    const char *body = (const char *)sqlite3_column_text(q, 2);
    int size = sqlite3_column_bytes(q, 2);
    assert_int_equal(size, 40 * n);
    for (int i = 0; i < size; i += n)
      assert_memory_equal(body + i, want, (size_t)n);
    hash = mix(hash, body, (size_t)size);
  }
  sqlite3_finalize(q);
  *ret_hash = hash;
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* Opens what is on the disk and reads all of it. SQLite's code; the box is closed again. */
static int look(box *b, uint64_t *ret_hash) {
  int code = box_try(b);
  if (code == SQLITE_OK) code = read_rows(b, ret_hash);
  if (code != SQLITE_OK) assert_int_not_equal(vls_vfs_fault(b->vfs), VLS_FAULT_NONE);
  b->d->fuse = 0; /* a look changes nothing */
  box_close(b);
  b->d->fuse = -1;
  return code;
}

/* A store with two checkpoints behind it and a log of several commits. */
static void make_store(box *b) {
  box_make(b, true);
  b->checkpoint_pages = 0;
  box_open(b);
  box_must(b, "CREATE TABLE t(id INTEGER PRIMARY KEY, k INTEGER, body TEXT)");
  say_rows(b, 1, ROWS, 1);
  box_must(b, "PRAGMA wal_checkpoint(TRUNCATE)");
  say_rows(b, 50, 120, 2);
  box_must(b, "PRAGMA wal_checkpoint(TRUNCATE)");
}

static void later(box *b) {
  say_rows(b, 10, 20, 3);
  say_rows(b, ROWS, ROWS + 30, 4);
  say_rows(b, 100, 130, 5);
}

static void vfs_flipped_byte_is_found_or_of_no_account(void **state) {
  (void)state;
  box b;
  dice d = {7};
  uint64_t all = 0, but_last = 0, seen = 0;
  unsigned found = 0, cut = 0, same = 0;
  make_store(&b);
  later(&b);
  assert_int_equal(read_rows(&b, &but_last), SQLITE_OK);
  say_rows(&b, 1, 3, 6);
  assert_int_equal(read_rows(&b, &all), SQLITE_OK);
  box_kill(&b);
  copy_of whole = copy_take(&b);
  for (unsigned i = 0; i < FLIPS; i++) {
    copy_put(&b, &whole);
    size_t file = i & 1;
    size_t at = dice_roll(&d) % whole.n[file];
    disk_bytes(b.d, files[file])->p[at] ^= (uint8_t)(1u << roll(&d, 8));
    disk_settle(b.d);
    if (look(&b, &seen) != SQLITE_OK)
      found++;
    else if (seen == all)
      same++;
    else {
      assert_true(file == 1 && seen == but_last); /* as after a power cut in the last commit */
      cut++;
    }
  }
  print_message("%u found, %u in what is not in use, %u like a torn end\n", found, same, cut);
  assert_true(found > FLIPS / 2);
  assert_true(cut < FLIPS / 20);
  copy_free(&whole);
  box_end(&b);
}

/* Units of both files from one copy or the other: roots, map blocks, pages; head and frames. */
static void mix_units(box *b, const copy_of *from, dice *d, unsigned one_in) {
  for (size_t f = 0; f < 2; f++) {
    vls_buf *bytes = disk_bytes(b->d, files[f]);
    size_t unit = f == 0 ? UNIT : 4128, at = 0;
    while (at < from->n[f]) {
      size_t n = f == 1 && at == 0 ? 128 : unit;
      if (f == 0 && (at == 8192 || at == 8192 + 16384)) n = 16384;
      if (n > from->n[f] - at) n = from->n[f] - at;
      if (roll(d, one_in) == 0) {
        if (at + n > bytes->n) disk_resize(bytes, at + n);
        memcpy(bytes->p + at, from->p[f] + at, n);
      }
      at += n;
    }
  }
  disk_settle(b->d);
}

static void vfs_units_of_an_older_copy_are_found(void **state) {
  (void)state;
  static const unsigned odds[] = {2, 3, 10, 40, 100};
  box b;
  dice d = {11};
  uint64_t old_hash = 0, old_but_last = 0, all = 0, but_last = 0, seen = 0;
  unsigned found = 0, same = 0, cut = 0, older = 0;
  make_store(&b);
  assert_int_equal(read_rows(&b, &old_but_last), SQLITE_OK);
  say_rows(&b, 1, 9, 7);
  box_kill(&b);
  copy_of old = copy_take(&b);
  assert_int_equal(look(&b, &old_hash), SQLITE_OK);
  box_open(&b);
  for (unsigned gen = 8; gen < 12; gen++) {
    say_rows(&b, gen * 10, gen * 10 + 60, gen);
    box_must(&b, "PRAGMA wal_checkpoint(TRUNCATE)");
  }
  later(&b);
  assert_int_equal(read_rows(&b, &but_last), SQLITE_OK);
  say_rows(&b, 1, 3, 6);
  assert_int_equal(read_rows(&b, &all), SQLITE_OK);
  box_kill(&b);
  copy_of new = copy_take(&b);
  for (unsigned i = 0; i < MIXTURES; i++) {
    bool turned = i % 4 == 0; /* newer units in an older copy */
    copy_put(&b, turned ? &old : &new);
    mix_units(&b, turned ? &new : &old, &d, odds[i % 5]);
    if (look(&b, &seen) != SQLITE_OK)
      found++;
    else if (seen == all)
      same++;
    else if (seen == but_last)
      cut++;
    else if (seen == old_hash || seen == old_but_last)
      older++;
    else
      fail_msg("mixture %u is believed", i);
  }
  print_message("%u found, %u without effect, %u like a torn end, %u wholly old\n", found, same,
                cut, older);
  assert_true(found > MIXTURES / 3);
  copy_put(&b, &old); /* nothing within the files tells a whole older copy from the past */
  assert_int_equal(look(&b, &seen), SQLITE_OK);
  assert_int_equal(seen, old_hash);
  copy_free(&old);
  copy_free(&new);
  box_end(&b);
}

static uint8_t *page_of(box *b, unsigned page) {
  return disk_bytes(b->d, MAIN)->p + 2 * UNIT + 2 * 16384 + page * UNIT;
}

/* One page, by one page: which of them, and what was wrong with it, is said. */
static void vfs_one_older_page_is_named(void **state) {
  (void)state;
  box b;
  uint64_t seen;
  make_store(&b);
  box_close(&b);
  copy_of old = copy_take(&b);
  box_open(&b);
  say_rows(&b, 1, ROWS, 2);
  box_close(&b);
  unsigned pages = (unsigned)(old.n[0] - 2 * UNIT - 2 * 16384) / UNIT, named = 0;
  copy_of new = copy_take(&b);
  for (unsigned page = 0; page < pages; page++) {
    char want[96];
    copy_put(&b, &new);
    size_t at = (size_t)(page_of(&b, page) - disk_bytes(b.d, MAIN)->p);
    if (memcmp(new.p[0] + at, old.p[0] + at, UNIT) == 0) continue;
    memcpy(page_of(&b, page), old.p[0] + at, UNIT);
    int code = box_try(&b);
    if (code == SQLITE_OK) code = read_rows(&b, &seen);
    if (code == SQLITE_OK) { /* a free page: nobody reads it */
      box_kill(&b);
      continue;
    }
    assert_int_equal(code, SQLITE_IOERR);
    snprintf(want, sizeof want, "a page of the store is an older version of itself: %u", page + 1);
    assert_string_equal(vls_vfs_problem(b.vfs), want);
    box_kill(&b);
    named++;
  }
  assert_true(named > 10);
  copy_free(&old);
  copy_free(&new);
  box_end(&b);
}

static void vfs_pages_that_changed_places_are_found(void **state) {
  (void)state;
  box b;
  dice d = {3};
  uint64_t seen;
  make_store(&b);
  box_close(&b);
  copy_of c = copy_take(&b);
  unsigned pages = (unsigned)(c.n[0] - 2 * UNIT - 2 * 16384) / UNIT;
  for (unsigned i = 0; i < 300; i++) {
    uint8_t page[UNIT];
    unsigned one = roll(&d, pages), two = (one + 1 + roll(&d, pages - 1)) % pages;
    copy_put(&b, &c);
    memcpy(page, page_of(&b, one), UNIT);
    memcpy(page_of(&b, one), page_of(&b, two), UNIT);
    memcpy(page_of(&b, two), page, UNIT);
    assert_int_not_equal(look(&b, &seen), SQLITE_OK);
  }
  copy_free(&c);
  box_end(&b);
}

/* Two stores under one key: by their uuid, and, with one uuid, by what each of them wrote. */
static void vfs_pages_of_another_store_are_found(void **state) {
  (void)state;
  for (unsigned same_uuid = 0; same_uuid < 2; same_uuid++) {
    box one, two;
    uint64_t seen;
    make_store(&one);
    box_close(&one);
    box_make(&two, true);
    memset(two.uuid, same_uuid ? 0x22 : 0x33, sizeof two.uuid);
    two.seed[2] = 9;
    box_open(&two);
    box_must(&two, "CREATE TABLE t(id INTEGER PRIMARY KEY, k INTEGER, body TEXT)");
    say_rows(&two, 1, ROWS, 1);
    box_close(&two);
    copy_of c = copy_take(&one);
    unsigned pages = (unsigned)(disk_bytes(two.d, MAIN)->n - 2 * UNIT - 2 * 16384) / UNIT;
    for (unsigned page = 0; page < pages; page++) {
      copy_put(&one, &c);
      memcpy(page_of(&one, page), page_of(&two, page), UNIT);
      assert_int_not_equal(look(&one, &seen), SQLITE_OK);
    }
    copy_put(&one, &c);
    copy_of other = copy_take(&two); /* the whole file under the other's name */
    copy_put(&one, &other);
    int code = look(&one, &seen);
    if (same_uuid)
      assert_int_equal(code, SQLITE_OK);
    else
      assert_int_equal(code, SQLITE_NOTADB);
    copy_free(&c);
    copy_free(&other);
    box_end(&one);
    box_end(&two);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(vfs_flipped_byte_is_found_or_of_no_account),
      cmocka_unit_test(vfs_units_of_an_older_copy_are_found),
      cmocka_unit_test(vfs_one_older_page_is_named),
      cmocka_unit_test(vfs_pages_that_changed_places_are_found),
      cmocka_unit_test(vfs_pages_of_another_store_are_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
