/* Power cuts, kills and failing syncs at any write, of a life that goes on afterwards. What was
 * acknowledged is there, what was not is there whole or not at all. */
#include "vfs_made.h"

enum { FUSE_MAX = 300 };

typedef struct life {
  box sealed, plain; /* plain has no accidents: it knows what should be there */
  dice d;
  unsigned cuts, kept, lost;
} life;

static void open_plain(life *l) {
  l->plain.cache_pages = l->plain.checkpoint_pages = 1000;
  box_open(&l->plain);
}

static void choose_sizes(life *l) {
  static const int caches[] = {5, 10, 40, 500}, checkpoints[] = {0, 5, 50};
  l->sealed.cache_pages = caches[roll(&l->d, 4)];
  l->sealed.checkpoint_pages = checkpoints[roll(&l->d, 3)];
}

/* The machine is on again; it may go off while SQLite recovers. */
static void come_back(life *l) {
  for (;;) {
    bool interrupted = roll(&l->d, 3) == 0;
    choose_sizes(l);
    l->sealed.d->fail_syncs = false;
    l->sealed.d->fuse = interrupted ? (long)roll(&l->d, 20) : -1;
    int code = box_try(&l->sealed);
    if (code == SQLITE_OK && !interrupted) return;
    if (code != SQLITE_OK && !interrupted) print_error("%s\n", vls_vfs_problem(l->sealed.vfs));
    assert_true(interrupted);
    box_kill(&l->sealed);
    if (roll(&l->d, 2)) disk_power_cut(l->sealed.d, "", dice_roll, &l->d);
  }
}

static void accident(life *l) {
  box_kill(&l->sealed);
  if (roll(&l->d, 3) != 0) disk_power_cut(l->sealed.d, "", dice_roll, &l->d);
  come_back(l);
  l->cuts++;
}

static void plan_accident(life *l) {
  if (roll(&l->d, 2))
    l->sealed.d->fuse = (long)roll(&l->d, FUSE_MAX);
  else if (roll(&l->d, 8) == 0)
    l->sealed.d->fail_syncs = true;
}

static void day(life *l) {
  static const char *const extras[] = {"PRAGMA wal_checkpoint(TRUNCATE)",
                                       "PRAGMA wal_checkpoint(RESTART)", "VACUUM"};
  char sql[512];
  uint64_t before = box_must_state(&l->plain);
  int code = box_exec(&l->sealed, "BEGIN");
  box_must(&l->plain, "BEGIN");
  for (unsigned i = 1 + roll(&l->d, 5); i > 0; i--) {
    random_sql(&l->d, sql, sizeof sql);
    if (code == SQLITE_OK) code = box_exec(&l->sealed, sql);
    box_must(&l->plain, sql);
  }
  uint64_t after = box_must_state(&l->plain);
  if (code == SQLITE_OK) code = box_exec(&l->sealed, "COMMIT");
  if (code == SQLITE_OK) {
    box_must(&l->plain, "COMMIT");
    if (roll(&l->d, 4) == 0) code = box_exec(&l->sealed, extras[roll(&l->d, 3)]);
    if (code != SQLITE_OK || roll(&l->d, 6) == 0) accident(l);
    assert_int_equal(box_must_state(&l->sealed), after);
    return;
  }
  accident(l);
  uint64_t found = box_must_state(&l->sealed);
  assert_true(found == before || found == after);
  l->kept += found == after && before != after;
  l->lost += found == before && before != after;
  box_must(&l->plain, found == after ? "COMMIT" : "ROLLBACK");
}

static void live(uint64_t seed, unsigned days) {
  life l = {.d = {seed}};
  box_make(&l.sealed, true);
  box_make(&l.plain, false);
  open_plain(&l);
  box_must(&l.plain, SCHEMA);
  come_back(&l);
  box_must(&l.sealed, SCHEMA);
  for (unsigned i = 0; i < days; i++) {
    plan_accident(&l);
    day(&l);
    box_check(&l.sealed);
  }
  box_end(&l.sealed);
  box_end(&l.plain);
}

static void vfs_power_cut_anywhere_keeps_what_was_acknowledged(void **state) {
  (void)state;
  const char *seeds = getenv("VALISE_SEEDS");
  unsigned long n = seeds == NULL ? 30 : strtoul(seeds, NULL, 10);
  for (uint64_t seed = 1; seed <= n; seed++)
    live(seed, 60);
}

/* A new store, cut off at each of its first writes. */
static void vfs_cut_while_it_is_made_is_made_again(void **state) {
  (void)state;
  for (long fuse = 0; fuse < 60; fuse++)
    for (uint64_t seed = 0; seed < 8; seed++) {
      dice d = {seed};
      box b;
      box_make(&b, true);
      b.d->fuse = fuse;
      int code = box_try(&b);
      if (code == SQLITE_OK) code = box_exec(&b, SCHEMA);
      box_kill(&b);
      if (seed > 0) disk_power_cut(b.d, "", dice_roll, &d);
      box_open(&b);
      char text[8] = "";
      if (code == SQLITE_OK)
        assert_int_equal(box_text(&b, "SELECT count(*) FROM t", text, sizeof text), SQLITE_OK);
      box_must(&b, SCHEMA);
      box_check(&b);
      box_end(&b);
    }
}

/* After a sync that failed nothing is written any more, and opening again brings back all of it. */
static void vfs_failed_sync_ends_all_writing(void **state) {
  (void)state;
  box b;
  box_make(&b, true);
  box_open(&b);
  box_must(&b, SCHEMA);
  uint64_t before = box_must_state(&b);
  b.d->fail_syncs = true;
  assert_int_not_equal(box_exec(&b, "INSERT INTO t VALUES(1, 1, 'lost')"), SQLITE_OK);
  assert_int_equal(vls_vfs_fault(b.vfs), VLS_FAULT_SYNC);
  assert_string_equal(vls_vfs_problem(b.vfs), "the disk did not confirm a write");
  b.d->fail_syncs = false;
  unsigned writes = b.d->writes;
  assert_int_not_equal(box_exec(&b, "INSERT INTO t VALUES(2, 2, 'not even begun')"), SQLITE_OK);
  box_close(&b);
  assert_int_equal(b.d->writes, writes);
  dice d = {1};
  disk_power_cut(b.d, "", dice_roll, &d);
  box_open(&b);
  (void)before;
  box_must(&b, "INSERT INTO t VALUES(3, 3, 'and on')");
  box_check(&b);
  box_end(&b);
}

static disk_fault cut_main_sync(void *arg, uint64_t number, disk_deed deed, const char *name) {
  disk *d = arg;
  (void)number;
  if (deed != DISK_SYNC || strcmp(name, MAIN) != 0) return DISK_FINE;
  disk_kill(d, "/d/");
  return DISK_CUT;
}

/* Of the two roots of a store that was closed, one is safe, and the copy beside it may not be. The
 * next checkpoint must not be written over the safe one. */
static void vfs_cut_in_the_first_checkpoint_of_a_life_finds_a_root(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 64; seed++) {
    dice d = {seed};
    box b;
    box_make(&b, true);
    box_open(&b);
    box_must(&b, SCHEMA);
    for (uint64_t i = 0; i <= seed % 2; i++) { /* either slot */
      box_close(&b);
      box_open(&b);
      box_must(&b, "INSERT INTO t VALUES(NULL, 1, 'kept')");
    }
    box_close(&b);
    box_open(&b);
    box_must(&b, "INSERT INTO t VALUES(NULL, 2, 'kept')");
    b.d->fate = cut_main_sync;
    b.d->fate_arg = b.d;
    assert_int_not_equal(box_exec(&b, "PRAGMA wal_checkpoint(TRUNCATE)"), SQLITE_OK);
    box_close(&b);
    b.d->fate = NULL;
    disk_power_cut(b.d, "", dice_roll, &d);
    box_open(&b);
    char text[8] = "", wanted[8];
    snprintf(wanted, sizeof wanted, "%d", (int)(seed % 2) + 2);
    assert_int_equal(box_text(&b, "SELECT count(*) FROM t", text, sizeof text), SQLITE_OK);
    assert_string_equal(text, wanted);
    box_check(&b);
    box_end(&b);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(vfs_power_cut_anywhere_keeps_what_was_acknowledged),
      cmocka_unit_test(vfs_cut_while_it_is_made_is_made_again),
      cmocka_unit_test(vfs_cut_in_the_first_checkpoint_of_a_life_finds_a_root),
      cmocka_unit_test(vfs_failed_sync_ends_all_writing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
