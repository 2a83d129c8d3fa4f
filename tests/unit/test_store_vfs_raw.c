/* The files of a sealed store by hand: what SQLite may ask and never does, and what was forged. */
#include "store/vfs_int.h"
#include "vfs_raw.h"

static uint8_t page_of_x[VLS_PAGE];

static int log_write(raw *r, const void *p, int n, sqlite3_int64 at) {
  return r->log->pMethods->xWrite(r->log, p, n, at);
}

static sqlite3_int64 log_size(raw *r) {
  sqlite3_int64 size = -1;
  assert_int_equal(r->log->pMethods->xFileSize(r->log, &size), SQLITE_OK);
  return size;
}

/* A head and `frames` frames, each of its number. */
static void fill_log(raw *r, unsigned frames) {
  uint8_t frame[VLS_FRAME];
  assert_int_equal(log_write(r, "a head of 32 bytes, as it is....", VLS_WAL_HEAD, 0), SQLITE_OK);
  for (unsigned k = 0; k < frames; k++) {
    memset(frame, (int)k + 1, sizeof frame);
    sqlite3_int64 at = VLS_WAL_HEAD + (sqlite3_int64)k * VLS_FRAME;
    assert_int_equal(log_write(r, frame, VLS_FRAME_HEAD, at), SQLITE_OK);
    assert_int_equal(log_write(r, frame, VLS_PAGE, at + VLS_FRAME_HEAD), SQLITE_OK);
  }
}

/* The first byte of frame k; 0 behind the end. */
static uint8_t byte_of(raw *r, unsigned k) {
  uint8_t byte = 0xff;
  sqlite3_int64 at = VLS_WAL_HEAD + (sqlite3_int64)(k - 1) * VLS_FRAME;
  assert_int_equal(r->log->pMethods->xRead(r->log, &byte, 1, at), SQLITE_OK);
  return byte;
}

static void files_opened_out_of_turn_are_refused(void **state) {
  (void)state;
  static const int others[] = {SQLITE_OPEN_MAIN_JOURNAL, SQLITE_OPEN_SUBJOURNAL,
                               SQLITE_OPEN_TEMP_DB, SQLITE_OPEN_TEMP_JOURNAL};
  raw r = {0};
  box_make(&r.b, true);
  raw_open(&r);
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  sqlite3_file *more = vls_calloc(1, (size_t)r.vfs->szOsFile);
  assert_int_equal(r.vfs->xOpen(r.vfs, main_name, more, flags | SQLITE_OPEN_MAIN_DB, NULL),
                   SQLITE_CANTOPEN);
  assert_int_equal(r.vfs->xOpen(r.vfs, log_name, more, flags | SQLITE_OPEN_WAL, NULL),
                   SQLITE_CANTOPEN);
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) /* they would be in clear */
    assert_int_equal(r.vfs->xOpen(r.vfs, main_name, more, flags | others[i], NULL),
                     SQLITE_CANTOPEN);
  r.log->pMethods->xClose(r.log);
  assert_int_equal(r.main->pMethods->xUnlock(r.main, SQLITE_LOCK_NONE), SQLITE_OK);
  assert_int_equal(r.vfs->xOpen(r.vfs, log_name, more, flags | SQLITE_OPEN_WAL, NULL),
                   SQLITE_CANTOPEN); /* nobody knows yet what the log must have */
  assert_int_equal(r.main->pMethods->xLock(r.main, SQLITE_LOCK_SHARED), SQLITE_OK);
  assert_int_equal(r.vfs->xOpen(r.vfs, log_name, r.log, flags | SQLITE_OPEN_WAL, NULL), SQLITE_OK);
  free(more);
  raw_close(&r);
  box_end(&r.b);
}

static void main_file_without_its_lock_tells_its_shape_alone(void **state) {
  (void)state;
  raw r = {0};
  uint8_t head[101];
  sqlite3_int64 size;
  box_make(&r.b, true);
  raw_open(&r);
  const sqlite3_io_methods *m = r.main->pMethods;
  assert_int_equal(m->xUnlock(r.main, SQLITE_LOCK_SHARED), SQLITE_OK); /* it keeps it */
  assert_int_equal(m->xSync(r.main, SQLITE_SYNC_NORMAL), SQLITE_OK);   /* nothing changed */
  assert_int_equal(m->xUnlock(r.main, SQLITE_LOCK_NONE), SQLITE_OK);
  assert_int_equal(m->xUnlock(r.main, SQLITE_LOCK_NONE), SQLITE_OK);
  assert_int_equal(m->xRead(r.main, head, 100, 0), SQLITE_OK);
  assert_string_equal((char *)head, "SQLite format 3");
  assert_int_equal(m->xRead(r.main, head, 101, 0), SQLITE_IOERR_READ);
  assert_int_equal(m->xWrite(r.main, page_of_x, VLS_PAGE, VLS_PAGE), SQLITE_IOERR_WRITE);
  assert_int_equal(m->xTruncate(r.main, VLS_PAGE), SQLITE_IOERR_TRUNCATE);
  assert_int_equal(m->xSync(r.main, SQLITE_SYNC_NORMAL), SQLITE_IOERR_FSYNC);
  assert_int_equal(m->xFileSize(r.main, &size), SQLITE_IOERR_FSTAT);
  raw_close(&r);
  box_end(&r.b);
}

static void main_file_takes_whole_pages_that_leave_room_for_seals(void **state) {
  (void)state;
  enum { WRITE_VERSION = 18, READ_VERSION = 19, RESERVED = 20 };
  raw r = {0};
  uint8_t page[VLS_PAGE], got[VLS_PAGE];
  box_make(&r.b, true);
  raw_open(&r);
  const sqlite3_io_methods *m = r.main->pMethods;
  assert_int_equal(m->xRead(r.main, page, VLS_PAGE, 0), SQLITE_OK);
  for (int at = WRITE_VERSION; at <= RESERVED; at++) {
    uint8_t was = page[at];
    page[at] = 1;
    assert_int_equal(m->xWrite(r.main, page, VLS_PAGE, 0), SQLITE_IOERR_WRITE);
    page[at] = was;
  }
  assert_int_equal(m->xWrite(r.main, page, VLS_PAGE, 0), SQLITE_OK);
  assert_int_equal(m->xWrite(r.main, page, VLS_PAGE, 512), SQLITE_IOERR_WRITE);
  assert_int_equal(m->xTruncate(r.main, VLS_PAGE - 1), SQLITE_IOERR_TRUNCATE);
  /* A page behind the end makes those before it: they are zeros, until they are written. */
  assert_int_equal(m->xWrite(r.main, page_of_x, VLS_PAGE, 3 * VLS_PAGE), SQLITE_OK);
  assert_int_equal(m->xRead(r.main, got, VLS_PAGE, VLS_PAGE), SQLITE_OK);
  for (size_t i = 0; i < sizeof got; i++)
    assert_int_equal(got[i], 0);
  assert_int_equal(m->xRead(r.main, got, VLS_PAGE, 4 * VLS_PAGE), SQLITE_IOERR_SHORT_READ);
  assert_int_equal(got[0], 0);
  raw_close(&r);
  box_end(&r.b);
}

static void main_file_grown_by_hand_comes_back_with_its_map(void **state) {
  (void)state;
  raw r = {0};
  sqlite3_int64 size;
  const sqlite3_int64 pages[] = {VLS_MAP_PAGES + 5, 3, 2 * VLS_MAP_PAGES + 1};
  box_make(&r.b, true);
  raw_open(&r);
  for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
    assert_int_equal(r.main->pMethods->xTruncate(r.main, pages[i] * VLS_PAGE), SQLITE_OK);
    assert_int_equal(r.main->pMethods->xSync(r.main, SQLITE_SYNC_NORMAL), SQLITE_OK);
    raw_close(&r);
    raw_open(&r);
    assert_int_equal(r.main->pMethods->xFileSize(r.main, &size), SQLITE_OK);
    assert_int_equal(size, pages[i] * VLS_PAGE);
  }
  raw_close(&r);
  box_end(&r.b);
}

static void log_cut_by_hand_keeps_the_frames_before(void **state) {
  (void)state;
  raw r = {0};
  box_make(&r.b, true);
  raw_open(&r);
  const sqlite3_io_methods *m = r.log->pMethods;
  fill_log(&r, 5);
  assert_int_equal(log_size(&r), VLS_WAL_HEAD + 5 * VLS_FRAME);
  assert_int_equal(m->xSync(r.log, SQLITE_SYNC_NORMAL), SQLITE_OK);
  assert_int_equal(m->xTruncate(r.log, VLS_WAL_HEAD + 3 * VLS_FRAME), SQLITE_OK);
  assert_int_equal(log_size(&r), VLS_WAL_HEAD + 3 * VLS_FRAME);
  assert_int_equal(byte_of(&r, 3), 3);
  assert_int_equal(byte_of(&r, 4), 0);
  assert_int_equal(m->xTruncate(r.log, VLS_WAL_HEAD + VLS_FRAME + 7), SQLITE_OK);
  assert_int_equal(byte_of(&r, 2), 2); /* a unit is there whole or not */
  assert_int_equal(m->xSync(r.log, SQLITE_SYNC_NORMAL), SQLITE_OK);
  raw_close(&r);
  raw_open(&r);
  m = r.log->pMethods;
  assert_int_equal(byte_of(&r, 2), 2);
  assert_int_equal(byte_of(&r, 3), 0);
  assert_int_equal(m->xTruncate(r.log, VLS_WAL_HEAD), SQLITE_OK);
  assert_int_equal(log_size(&r), VLS_WAL_HEAD);
  assert_int_equal(byte_of(&r, 1), 0);
  assert_int_equal(m->xTruncate(r.log, 0), SQLITE_OK);
  assert_int_equal(log_size(&r), 0);
  assert_int_equal(byte_of(&r, 1), 0);
  assert_int_equal(log_write(&r, page_of_x, VLS_FRAME_HEAD, VLS_WAL_HEAD), SQLITE_IOERR_WRITE);
  raw_close(&r);
  box_end(&r.b);
}

static void log_after_a_failed_sync_changes_no_more(void **state) {
  (void)state;
  raw r = {0};
  box_make(&r.b, true);
  raw_open(&r);
  fill_log(&r, 2);
  r.b.d->fail_syncs = true;
  assert_int_not_equal(r.log->pMethods->xSync(r.log, SQLITE_SYNC_NORMAL), SQLITE_OK);
  assert_true(vls_vfs_is_dead(r.b.vfs));
  r.b.d->fail_syncs = false;
  assert_int_equal(r.log->pMethods->xTruncate(r.log, 0), SQLITE_IOERR_TRUNCATE);
  assert_int_equal(log_write(&r, page_of_x, VLS_PAGE, VLS_WAL_HEAD), SQLITE_IOERR_WRITE);
  assert_int_equal(r.log->pMethods->xSync(r.log, SQLITE_SYNC_NORMAL), SQLITE_IOERR_FSYNC);
  assert_int_equal(r.main->pMethods->xSync(r.main, SQLITE_SYNC_NORMAL), SQLITE_IOERR_FSYNC);
  assert_int_equal(r.main->pMethods->xTruncate(r.main, VLS_PAGE), SQLITE_IOERR_TRUNCATE);
  raw_close(&r);
  box_end(&r.b);
}

static disk_fault all_fail(void *arg, uint64_t number, disk_deed deed, const char *name) {
  (void)arg;
  (void)number;
  (void)deed;
  (void)name;
  return DISK_EIO;
}

/* Frames that wait in memory, or a header that waits for its page: whatever SQLite asks next must
 * get them to the disk first. */
static void log_that_cannot_be_written_says_so_whatever_is_asked(void **state) {
  (void)state;
  enum { SYNC, SIZE, TRUNCATE, WRITE, READ, DEEDS };
  for (int begun = 0; begun < 2; begun++)
    for (int deed = SYNC; deed < DEEDS; deed++) {
      raw r = {0};
      uint8_t byte;
      sqlite3_int64 size;
      int code = SQLITE_OK;
      box_make(&r.b, true);
      raw_open(&r);
      const sqlite3_io_methods *m = r.log->pMethods;
      fill_log(&r, 2);
      sqlite3_int64 next = VLS_WAL_HEAD + 2 * VLS_FRAME;
      if (begun) assert_int_equal(log_write(&r, page_of_x, VLS_FRAME_HEAD, next), SQLITE_OK);
      r.b.d->fate = all_fail;
      if (deed == SYNC) code = m->xSync(r.log, SQLITE_SYNC_NORMAL);
      if (deed == SIZE) code = m->xFileSize(r.log, &size);
      if (deed == TRUNCATE) code = m->xTruncate(r.log, VLS_WAL_HEAD);
      if (deed == WRITE) code = log_write(&r, page_of_x, 9, begun ? 32 : next + VLS_FRAME_HEAD);
      if (deed == READ) code = m->xRead(r.log, &byte, 1, next);
      assert_int_equal(code & 0xff, SQLITE_IOERR);
      r.b.d->fate = NULL;
      raw_close(&r);
      box_end(&r.b);
    }
}

static void log_frame_spoiled_after_it_was_read_is_named(void **state) {
  (void)state;
  raw r = {0};
  uint8_t byte;
  box_make(&r.b, true);
  raw_open(&r);
  fill_log(&r, 3);
  assert_int_equal(r.log->pMethods->xSync(r.log, SQLITE_SYNC_NORMAL), SQLITE_OK);
  assert_int_equal(byte_of(&r, 3), 3); /* the one held in memory */
  disk_bytes(r.b.d, LOG)->p[VLS_HEAD_UNIT + 99] ^= 1;
  assert_int_not_equal(r.log->pMethods->xRead(r.log, &byte, 1, VLS_WAL_HEAD), SQLITE_OK);
  assert_int_equal(vls_vfs_fault(r.b.vfs), VLS_FAULT_LOG_FRAME);
  assert_string_equal(vls_vfs_problem(r.b.vfs), "a frame of the store's log is damaged: 1");
  raw_close(&r);
  box_end(&r.b);
}

static void files_answer_what_sqlite_may_ask_of_them(void **state) {
  (void)state;
  raw r = {0};
  int yes = 9;
  double now = 0;
  char bytes[16] = {0};
  box_make(&r.b, true);
  raw_open(&r);
  sqlite3_file *files[] = {r.main, r.log};
  for (size_t i = 0; i < 2; i++) {
    const sqlite3_io_methods *m = files[i]->pMethods;
    assert_int_equal(m->xLock(files[i], SQLITE_LOCK_EXCLUSIVE), SQLITE_OK);
    assert_int_equal(m->xCheckReservedLock(files[i], &yes), SQLITE_OK);
    assert_true(m->xSectorSize(files[i]) >= 512);
    assert_int_equal(m->xDeviceCharacteristics(files[i]) & ~SQLITE_IOCAP_POWERSAFE_OVERWRITE, 0);
    assert_int_equal(m->xFileControl(files[i], SQLITE_FCNTL_SIZE_HINT, bytes), SQLITE_NOTFOUND);
    assert_int_equal(m->iVersion, 1); /* no shared memory, no mapping */
  }
  assert_int_equal(r.log->pMethods->xUnlock(r.log, SQLITE_LOCK_NONE), SQLITE_OK);
  assert_int_equal(r.vfs->xCurrentTime(r.vfs, &now), SQLITE_OK);
  assert_true(r.vfs->xRandomness(r.vfs, sizeof bytes, bytes) >= 0);
  assert_true(r.vfs->xSleep(r.vfs, 1) >= 0);
  raw_close(&r);
  box_end(&r.b);
}

/* --- forged --- */

/* Both roots as a later format would have them, sealed with the right key. */
static void store_of_a_later_format_is_said_to_be_newer(void **state) {
  (void)state;
  box b;
  uint8_t plain[VLS_ROOT_UNIT] = {2};
  box_make(&b, true);
  box_open(&b);
  box_must(&b, SCHEMA);
  box_close(&b);
  uint8_t *slots = disk_bytes(b.d, MAIN)->p;
  vls_sealer *sealer = vls_sealer_new(b.key, b.uuid, b.seed);
  vls_unit_place place = {.role = VLS_ROLE_ROOT};
  for (size_t i = 0; i < 2; i++)
    vls_unit_seal(sealer, &place, plain, VLS_ROOT_UNIT - 16 - VLS_UNIT_EXTRA, 99,
                  slots + i * VLS_ROOT_SLOT + 16);
  vls_sealer_free(sealer);
  assert_int_not_equal(box_try(&b), SQLITE_OK);
  assert_int_equal(vls_vfs_fault(b.vfs), VLS_FAULT_NEWER);
  box_end(&b);
}

/* A root, sealed with the right key, of a store that has no pages, or more than there can be. */
static void store_of_no_pages_or_too_many_is_damaged(void **state) {
  (void)state;
  static const uint64_t pages[] = {0, UINT64_C(0xffffffff), UINT64_MAX};
  for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
    box b;
    uint8_t plain[VLS_ROOT_UNIT] = {1};
    box_make(&b, true);
    box_open(&b);
    box_close(&b);
    uint8_t *slots = disk_bytes(b.d, MAIN)->p;
    vls_sealer *sealer = vls_sealer_new(b.key, b.uuid, b.seed);
    vls_unit_place place = {.role = VLS_ROLE_ROOT};
    vls_be64_put(plain + 8, pages[i]);
    for (size_t k = 0; k < 2; k++)
      vls_unit_seal(sealer, &place, plain, VLS_ROOT_UNIT - 16 - VLS_UNIT_EXTRA, 99,
                    slots + k * VLS_ROOT_SLOT + 16);
    vls_sealer_free(sealer);
    assert_int_not_equal(box_try(&b), SQLITE_OK);
    assert_int_equal(vls_vfs_fault(b.vfs), VLS_FAULT_ROOT);
    box_end(&b);
  }
}

/* What each slot holds, and what is said when neither will do. */
static void store_whose_roots_are_lost_says_what_it_can(void **state) {
  (void)state;
  enum { ZERO, STRANGE, SPOILED };
  static const struct {
    int slot[2];
    vls_fault fault;
  } cases[] = {{{STRANGE, STRANGE}, VLS_FAULT_KEY},  {{STRANGE, ZERO}, VLS_FAULT_KEY},
               {{ZERO, STRANGE}, VLS_FAULT_KEY},     {{SPOILED, STRANGE}, VLS_FAULT_ROOT},
               {{STRANGE, SPOILED}, VLS_FAULT_ROOT}, {{SPOILED, SPOILED}, VLS_FAULT_ROOT},
               {{ZERO, SPOILED}, VLS_FAULT_ROOT},    {{ZERO, ZERO}, VLS_FAULT_ROOT}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    box b;
    box_make(&b, true);
    box_open(&b);
    box_must(&b, SCHEMA "; INSERT INTO t VALUES(1, 1, zeroblob(99999))");
    box_close(&b);
    uint8_t *slots = disk_bytes(b.d, MAIN)->p;
    for (size_t k = 0; k < 2; k++) {
      if (cases[i].slot[k] == ZERO) memset(slots + k * VLS_ROOT_SLOT, 0, VLS_ROOT_UNIT);
      if (cases[i].slot[k] == STRANGE) slots[k * VLS_ROOT_SLOT] ^= 1;
      if (cases[i].slot[k] == SPOILED) slots[k * VLS_ROOT_SLOT + 20] ^= 1;
    }
    assert_int_not_equal(box_try(&b), SQLITE_OK);
    assert_int_equal(vls_vfs_fault(b.vfs), cases[i].fault);
    box_end(&b);
  }
}

static void log_with_texts_whose_head_is_lost_is_refused(void **state) {
  (void)state;
  box b;
  box_make(&b, true);
  b.checkpoint_pages = 0;
  box_open(&b);
  box_must(&b, SCHEMA);
  box_kill(&b);
  disk_bytes(b.d, LOG)->p[5] ^= 1;
  assert_int_not_equal(box_try(&b), SQLITE_OK);
  assert_int_equal(vls_vfs_fault(b.vfs), VLS_FAULT_LOG_HEAD);
  box_end(&b);
}

static void log_frame_that_the_store_has_and_the_log_lost_is_refused(void **state) {
  (void)state;
  box b;
  box_make(&b, true);
  b.checkpoint_pages = 0;
  box_open(&b);
  box_must(&b, SCHEMA);
  box_must(&b, "INSERT INTO t VALUES(1, 1, 'folded'); PRAGMA wal_checkpoint(PASSIVE)");
  box_kill(&b);
  disk_bytes(b.d, LOG)->p[VLS_HEAD_UNIT + 50] ^= 1;
  assert_int_not_equal(box_try(&b), SQLITE_OK);
  assert_int_equal(vls_vfs_fault(b.vfs), VLS_FAULT_LOG_SHORT);
  box_end(&b);
}

/* A power cut while SQLite began the log again: all that was in it is in the main file. */
static void log_folded_in_whose_head_is_lost_is_begun_again(void **state) {
  (void)state;
  box b;
  char text[16];
  box_make(&b, true);
  b.checkpoint_pages = 0;
  box_open(&b);
  box_must(&b, SCHEMA "; INSERT INTO t VALUES(1, 1, 'folded'); PRAGMA wal_checkpoint(PASSIVE)");
  box_kill(&b);
  disk_bytes(b.d, LOG)->p[5] ^= 1;
  box_open(&b);
  assert_int_equal(box_text(&b, "SELECT body FROM t", text, sizeof text), SQLITE_OK);
  assert_string_equal(text, "folded");
  box_end(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(files_opened_out_of_turn_are_refused),
      cmocka_unit_test(main_file_without_its_lock_tells_its_shape_alone),
      cmocka_unit_test(main_file_takes_whole_pages_that_leave_room_for_seals),
      cmocka_unit_test(main_file_grown_by_hand_comes_back_with_its_map),
      cmocka_unit_test(log_cut_by_hand_keeps_the_frames_before),
      cmocka_unit_test(log_after_a_failed_sync_changes_no_more),
      cmocka_unit_test(log_that_cannot_be_written_says_so_whatever_is_asked),
      cmocka_unit_test(log_frame_spoiled_after_it_was_read_is_named),
      cmocka_unit_test(files_answer_what_sqlite_may_ask_of_them),
      cmocka_unit_test(store_of_a_later_format_is_said_to_be_newer),
      cmocka_unit_test(store_of_no_pages_or_too_many_is_damaged),
      cmocka_unit_test(store_whose_roots_are_lost_says_what_it_can),
      cmocka_unit_test(log_with_texts_whose_head_is_lost_is_refused),
      cmocka_unit_test(log_folded_in_whose_head_is_lost_is_begun_again),
      cmocka_unit_test(log_frame_that_the_store_has_and_the_log_lost_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
