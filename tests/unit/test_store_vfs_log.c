/* The log as a file: written and read in pieces of any size, cut off anywhere. */
#include "vfs_raw.h"

enum { LOG_MAX = 32 + 20 * 4120, RESERVED_AT = 24 + 4048 };

/* What the reserved bytes of pages were written as does not come back. */
static void mask(uint8_t *bytes, size_t n) {
  for (size_t at = 32; at < n; at++)
    if ((at - 32) % 4120 >= RESERVED_AT) bytes[at] = 0;
}

static void compare(raw *r, const uint8_t *want, size_t n, dice *d) {
  uint8_t *got = malloc(n);
  sqlite3_int64 size = 0;
  assert_int_equal(r->log->pMethods->xFileSize(r->log, &size), SQLITE_OK);
  assert_true((size_t)size >= n);
  for (unsigned i = 0; i < 8; i++) {
    size_t from = i == 0 ? 0 : dice_roll(d) % n, some = i == 0 ? n : 1 + dice_roll(d) % (n - from);
    if (i > 4 && some > 8) some = 8;
    int code = r->log->pMethods->xRead(r->log, got, (int)some, (sqlite3_int64)from);
    assert_int_equal(code, SQLITE_OK);
    assert_memory_equal(got, want + from, some);
  }
  free(got);
}

/* Any run of pieces, large and small, aligned or not, that leaves no hole. */
static void log_written_in_pieces_reads_as_written(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 40; seed++) {
    raw r = {0};
    dice d = {seed};
    uint8_t *want = vls_calloc(1, LOG_MAX);
    size_t n = 32;
    box_make(&r.b, true);
    raw_open(&r);
    for (size_t i = 0; i < 32; i++)
      want[i] = (uint8_t)dice_roll(&d);
    assert_int_equal(r.log->pMethods->xWrite(r.log, want, 32, 0), SQLITE_OK);
    for (unsigned i = 0; i < 120; i++) {
      static const size_t sizes[] = {1, 8, 24, 100, 4096, 4120, 9000};
      size_t some = sizes[roll(&d, 7)], from = 32 + dice_roll(&d) % (n - 31);
      if (roll(&d, 3) == 0) from = 32 + (from - 32) / 4120 * 4120 + (roll(&d, 2) ? 24 : 0);
      if (from > n) from = n;
      if (from + some > LOG_MAX) continue;
      for (size_t k = 0; k < some; k++)
        want[from + k] = (uint8_t)dice_roll(&d);
      int code = r.log->pMethods->xWrite(r.log, want + from, (int)some, (sqlite3_int64)from);
      assert_int_equal(code, SQLITE_OK);
      if (from + some > n) n = from + some;
      mask(want, n);
      if (roll(&d, 4) == 0) compare(&r, want, n, &d);
      if (roll(&d, 9) == 0) assert_int_equal(r.log->pMethods->xSync(r.log, 0), SQLITE_OK);
    }
    compare(&r, want, n, &d);
    raw_close(&r);
    box_end(&r.b);
    free(want);
  }
}

static void log_refuses_what_sqlite_never_writes(void **state) {
  (void)state;
  raw r = {0};
  uint8_t bytes[4120] = {0};
  box_make(&r.b, true);
  raw_open(&r);
  const sqlite3_io_methods *m = r.log->pMethods;
  assert_int_equal(m->xWrite(r.log, bytes, 24, 32), SQLITE_IOERR_WRITE); /* no head yet */
  assert_int_equal(m->xWrite(r.log, bytes, 16, 0), SQLITE_IOERR_WRITE);
  assert_int_equal(m->xWrite(r.log, bytes, 32, 0), SQLITE_OK);
  assert_int_equal(m->xWrite(r.log, bytes, 24, 32 + 4120), SQLITE_IOERR_WRITE); /* a hole */
  assert_int_equal(r.main->pMethods->xWrite(r.main, bytes, 100, 0), SQLITE_IOERR_WRITE);
  assert_int_equal(r.main->pMethods->xWrite(r.main, bytes, 4096, 0), SQLITE_IOERR_WRITE);
  raw_close(&r);
  box_end(&r.b);
}

/* --- cut off --- */

/* The same commits into both, of several frames each, and not one checkpoint. */
static void grow_both(box *sealed, box *plain, dice *d) {
  char sql[512];
  box *both[2] = {sealed, plain};
  for (size_t i = 0; i < 2; i++) {
    both[i]->checkpoint_pages = 0;
    both[i]->cache_pages = 500;
    box_open(both[i]);
    box_must(both[i], SCHEMA);
  }
  for (unsigned n = 0; n < 12; n++) {
    random_sql(d, sql, sizeof sql);
    for (size_t i = 0; i < 2; i++)
      box_must(both[i], sql);
  }
  for (size_t i = 0; i < 2; i++)
    box_kill(both[i]);
}

static uint64_t state_of(box *b) {
  box_open(b);
  uint64_t state = box_must_state(b);
  box_check(b);
  box_kill(b);
  return state;
}

static void cut_both(box *sealed, box *plain, const vls_buf whole[4], size_t at) {
  vls_buf *to[4] = {disk_bytes(sealed->d, MAIN), disk_bytes(sealed->d, LOG),
                    disk_bytes(plain->d, MAIN), disk_bytes(plain->d, LOG)};
  for (size_t i = 0; i < 4; i++)
    disk_copy(to[i], &whole[i]);
  size_t frame = at < 32 ? 0 : (at - 32) / 4120, rest = at < 32 ? at : (at - 32) % 4120;
  disk_resize(to[1], at < 32 ? rest : 128 + frame * 4128 + rest);
  disk_resize(to[3], at);
  disk_settle(sealed->d);
  disk_settle(plain->d);
}

static void log_cut_anywhere_recovers_what_plain_sqlite_does(void **state) {
  (void)state;
  box sealed, plain;
  dice d = {5};
  box_make(&sealed, true);
  box_make(&plain, false);
  grow_both(&sealed, &plain, &d);
  vls_buf whole[4];
  const vls_buf *from[4] = {disk_bytes(sealed.d, MAIN), disk_bytes(sealed.d, LOG),
                            disk_bytes(plain.d, MAIN), disk_bytes(plain.d, LOG)};
  for (size_t i = 0; i < 4; i++) {
    vls_buf_init(&whole[i], SIZE_MAX / 2);
    disk_copy(&whole[i], from[i]);
  }
  size_t n = whole[3].n, frames = (n - 32) / 4120;
  assert_int_equal(whole[1].n, 128 + frames * 4128);
  unsigned cuts = 0, states = 0;
  uint64_t last = 0;
  for (size_t at = 0; at <= n; at += 1 + dice_roll(&d) % 700) {
    cut_both(&sealed, &plain, whole, at);
    uint64_t one = state_of(&sealed), two = state_of(&plain);
    assert_int_equal(one, two);
    cuts++;
    states += one != last;
    last = one;
  }
  for (size_t i = 0; i <= frames; i++)
    for (size_t off = 0; off < 3; off++) {
      size_t at = 32 + i * 4120 + off - 1;
      if (at > n) continue;
      cut_both(&sealed, &plain, whole, at);
      assert_int_equal(state_of(&sealed), state_of(&plain));
      cuts++;
    }
  print_message("%u cuts of %zu frames, %u states\n", cuts, frames, states);
  assert_true(states >= 8);
  for (size_t i = 0; i < 4; i++)
    vls_buf_done(&whole[i]);
  box_end(&sealed);
  box_end(&plain);
}

/* Not a torn end: the main file has these frames already, and some of its pages are newer than the
 * rest of the log. Plain SQLite would mix them. */
static void log_shorter_than_what_was_folded_is_refused(void **state) {
  (void)state;
  box b;
  box_make(&b, true);
  b.checkpoint_pages = 0;
  box_open(&b);
  box_must(&b, SCHEMA);
  box_must(&b, "INSERT INTO t VALUES(1, 1, 'one')");
  box_must(&b, "INSERT INTO t VALUES(2, 2, 'two')");
  box_must(&b, "PRAGMA wal_checkpoint(PASSIVE)");
  box_kill(&b);
  disk_resize(disk_bytes(b.d, LOG), disk_bytes(b.d, LOG)->n - 4128);
  disk_settle(b.d);
  assert_int_equal(box_try(&b), SQLITE_IOERR);
  assert_int_equal(vls_vfs_fault(b.vfs), VLS_FAULT_LOG_SHORT);
  box_end(&b);
}

static void log_of_an_older_day_is_refused(void **state) {
  (void)state;
  box b;
  vls_buf old;
  vls_buf_init(&old, SIZE_MAX / 2);
  box_make(&b, true);
  b.checkpoint_pages = 0;
  box_open(&b);
  box_must(&b, SCHEMA);
  box_must(&b, "INSERT INTO t VALUES(1, 1, 'one')");
  disk_copy(&old, disk_bytes(b.d, LOG));
  box_must(&b, "PRAGMA wal_checkpoint(TRUNCATE)");
  box_must(&b, "INSERT INTO t VALUES(2, 2, 'two')");
  box_must(&b, "PRAGMA wal_checkpoint(TRUNCATE)");
  box_close(&b);
  disk_copy(disk_bytes(b.d, LOG), &old);
  disk_settle(b.d);
  assert_int_equal(box_try(&b), SQLITE_IOERR);
  assert_int_equal(vls_vfs_fault(b.vfs), VLS_FAULT_LOG_FOREIGN);
  vls_buf_done(&old);
  box_end(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(log_written_in_pieces_reads_as_written),
      cmocka_unit_test(log_refuses_what_sqlite_never_writes),
      cmocka_unit_test(log_cut_anywhere_recovers_what_plain_sqlite_does),
      cmocka_unit_test(log_shorter_than_what_was_folded_is_refused),
      cmocka_unit_test(log_of_an_older_day_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
