/* Every operation on the disk fails in turn, in every way there is. Nothing that was acknowledged
 * is lost, nothing else is there by half, and SQLite is told. */
#include "vfs_made.h"

enum { STEPS = 10 };

static const char *const day[STEPS] = {
    "BEGIN; " SCHEMA "; COMMIT",
    "INSERT INTO t VALUES(1, 1, zeroblob(9000)), (2, 2, 'two')",
    "BEGIN; WITH RECURSIVE c(i) AS (SELECT 10 UNION ALL SELECT i+1 FROM c WHERE i<40) "
    "INSERT INTO t SELECT i, i, zeroblob(3000) FROM c; UPDATE t SET k=k+1; COMMIT",
    "UPDATE t SET body='shorter' WHERE id<20",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "INSERT INTO t VALUES(3, 3, 'after')",
    "DELETE FROM t WHERE id>=30",
    "VACUUM",
    "PRAGMA wal_checkpoint(RESTART)",
    "INSERT INTO t VALUES(4, 4, 'last')",
};

typedef struct plan {
  disk *d;
  uint64_t number; /* of the operation that fails; 0: none */
  disk_fault fault;
  bool happened;
} plan;

static disk_fault fate(void *arg, uint64_t number, disk_deed deed, const char *name) {
  plan *p = arg;
  (void)name;
  if (number != p->number) return DISK_FINE;
  if (p->fault == DISK_TEAR && deed != DISK_WRITE) return DISK_FINE;
  if (p->fault == DISK_FULL && deed != DISK_WRITE && deed != DISK_OPEN) return DISK_FINE;
  if (p->fault == DISK_TEAR) p->d->fuse = 0;
  p->happened = true;
  return p->fault;
}

/* What is there after each step when nothing fails. */
static void expect(uint64_t state[STEPS + 1]) {
  box plain;
  box_make(&plain, false);
  box_open(&plain);
  state[0] = box_must_state(&plain);
  for (int i = 0; i < STEPS; i++) {
    box_must(&plain, day[i]);
    state[i + 1] = box_must_state(&plain);
  }
  box_end(&plain);
}

/* Lives the day: killed in its middle, closed and opened again later. The steps that were done;
 * *ret: what ended it. */
static int live(box *b, int *ret) {
  int code = box_try(b);
  for (int i = 0; i < STEPS; i++) {
    if (code == SQLITE_OK && i == 6 && b->d->fuse < 0) box_kill(b);
    if (code == SQLITE_OK && i == 8) box_close(b);
    if (code == SQLITE_OK && b->db == NULL) code = box_try(b);
    if (code == SQLITE_OK) code = box_exec(b, day[i]);
    *ret = code;
    if (code != SQLITE_OK) return i;
  }
  uint64_t unused;
  *ret = box_state(b, &unused);
  return STEPS;
}

static bool is_told(int code) {
  switch (code & 0xff) {
  case SQLITE_IOERR:
  case SQLITE_FULL:
  case SQLITE_CANTOPEN:
  case SQLITE_ERROR: return true; /* opening the log failed: "no such table" */
  default: return false;
  }
}

/* False when there is no such operation. */
static bool fail_at(uint64_t number, disk_fault fault, bool power, const uint64_t *state) {
  box b;
  int code;
  dice d = {number};
  box_make(&b, true);
  plan p = {b.d, number, fault, false};
  b.d->fate = fate;
  b.d->fate_arg = &p;
  int done = live(&b, &code);
  uint64_t last = b.d->number;
  b.d->fate = NULL;
  if (!p.happened || code == SQLITE_OK) { /* it was overcome: a checkpoint can be made later */
    assert_int_equal(code, SQLITE_OK);
    assert_int_equal(done, STEPS);
    assert_int_equal(box_must_state(&b), state[STEPS]);
  } else if (!is_told(code)) {
    fail_msg("operation %d: %s", (int)number, sqlite3_errstr(code));
  }
  disk_mend(b.d);
  box_kill(&b);
  if (power) disk_power_cut(b.d, "", dice_roll, &d);
  disk_revive(b.d);
  box_open(&b);
  uint64_t found = box_must_state(&b);
  if (found != state[done] && (done == STEPS || found != state[done + 1]))
    fail_msg("operation %d, fault %d: after %d steps something else is there", (int)number,
             (int)fault, done);
  box_check(&b);
  box_must(&b, SCHEMA);
  box_must(&b, "INSERT OR REPLACE INTO t VALUES(99, 9, 'and it goes on')");
  box_end(&b);
  return number <= last;
}

/* After every other one the power goes, too. The ordinary run leaves some out; VALISE_EVERY=1 fails
 * every single one. */
static void sweep(disk_fault fault, unsigned step) {
  uint64_t state[STEPS + 1], number = 1;
  if (getenv("VALISE_EVERY") != NULL) step = 1;
  expect(state);
  while (fail_at(number, fault, number % 2 == 0, state))
    number += step;
  assert_true(number > 100);
}

static void vfs_error_anywhere_loses_nothing(void **state) {
  (void)state;
  sweep(DISK_EIO, 1);
}

static void vfs_half_a_write_anywhere_loses_nothing(void **state) {
  (void)state;
  sweep(DISK_SHORT, 3);
}

static void vfs_torn_write_anywhere_loses_nothing(void **state) {
  (void)state;
  sweep(DISK_TEAR, 3);
}

static void vfs_full_disk_anywhere_loses_nothing(void **state) {
  (void)state;
  sweep(DISK_FULL, 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(vfs_error_anywhere_loses_nothing),
      cmocka_unit_test(vfs_half_a_write_anywhere_loses_nothing),
      cmocka_unit_test(vfs_torn_write_anywhere_loses_nothing),
      cmocka_unit_test(vfs_full_disk_anywhere_loses_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
