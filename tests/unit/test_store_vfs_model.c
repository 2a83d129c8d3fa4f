/* The same random days in a sealed and in a plain database: they must never differ. */
#include "vfs_made.h"

typedef struct pair {
  box sealed, plain;
  dice d;
} pair;

static void both(pair *p, const char *sql) {
  int one = box_exec(&p->sealed, sql), two = box_exec(&p->plain, sql);
  if (one != two)
    print_error("%s: sealed %s (%s), plain %s\n", sql, sqlite3_errmsg(p->sealed.db),
                vls_vfs_problem(p->sealed.vfs), sqlite3_errmsg(p->plain.db));
  assert_int_equal(one, two);
}

static void compare(pair *p) {
  assert_int_equal(box_must_state(&p->sealed), box_must_state(&p->plain));
  box_check(&p->sealed);
}

static void transaction(pair *p) {
  char sql[512];
  unsigned n = 1 + roll(&p->d, 6);
  both(p, "BEGIN");
  for (unsigned i = 0; i < n; i++) {
    bool nested = roll(&p->d, 3) == 0;
    if (nested) both(p, "SAVEPOINT s");
    random_sql(&p->d, sql, sizeof sql);
    both(p, sql);
    if (nested && roll(&p->d, 2)) both(p, "ROLLBACK TO s");
    if (nested) both(p, "RELEASE s");
  }
  both(p, roll(&p->d, 5) == 0 ? "ROLLBACK" : "COMMIT");
}

static void open_both(pair *p) {
  static const int caches[] = {5, 10, 40, 500}, checkpoints[] = {0, 5, 50, 1000};
  p->sealed.cache_pages = p->plain.cache_pages = caches[roll(&p->d, 4)];
  p->sealed.checkpoint_pages = p->plain.checkpoint_pages = checkpoints[roll(&p->d, 4)];
  box_open(&p->sealed);
  box_open(&p->plain);
}

static void something_rare(pair *p) {
  switch (roll(&p->d, 12)) {
  case 0: both(p, "PRAGMA wal_checkpoint(TRUNCATE)"); break;
  case 1: both(p, "PRAGMA wal_checkpoint(PASSIVE)"); break;
  case 2: both(p, "PRAGMA wal_checkpoint(RESTART)"); break;
  case 3: both(p, "VACUUM"); break;
  case 4:
  case 5:
    box_close(&p->sealed);
    box_close(&p->plain);
    open_both(p);
    compare(p);
    break;
  case 6:
  case 7:
    box_kill(&p->sealed);
    box_kill(&p->plain);
    open_both(p);
    compare(p);
    break;
  case 8:
    both(p, "BEGIN");
    both(p, "UPDATE t SET k=k+1");
    box_kill(&p->sealed);
    box_kill(&p->plain);
    open_both(p);
    compare(p);
    break;
  case 9: both(p, "DELETE FROM t"); break;
  default: compare(p);
  }
}

static void live(uint64_t seed, unsigned days) {
  pair p = {.d = {seed}};
  box_make(&p.sealed, true);
  box_make(&p.plain, false);
  open_both(&p);
  both(&p, SCHEMA);
  for (unsigned i = 0; i < days; i++) {
    transaction(&p);
    if (roll(&p.d, 3) == 0) something_rare(&p);
  }
  compare(&p);
  box_end(&p.sealed);
  box_end(&p.plain);
}

static void vfs_random_days_equal_a_plain_database(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 20; seed++)
    live(seed, 60);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(vfs_random_days_equal_a_plain_database)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
