/* A replacement of keys that is cut off anywhere: nothing that was acknowledged is lost, and what
 * was spent before is unreadable once the store has been open again for a moment. */
#include "vault_made.h"

enum { FEW = 3, FAR = 33, NEW = 70, CONTACTS = 71, READER = 1, ENDS = 4 };

typedef struct scene {
  house h;
  talk t;
  record rec[2];
  uint32_t safe[CONTACTS], tried[CONTACTS]; /* how far the session with each is; 0: none */
  bool is_short;                            /* it ends with the first burial */
  bool read_safe;                           /* the first record was read, and that is on the disk */
  uint32_t dice;
} scene;

static uint32_t roll(void *arg) {
  uint32_t *state = arg;
  *state = *state * 1664525u + 1013904223u;
  return *state >> 16;
}

static vls_session_row session_of(const scene *s, uint64_t contact, uint32_t step) {
  vls_session_row row = {.ratchet = s->t.b.r, .created = 1};
  if (contact == READER) return row;
  row.ratchet = s->t.a.r;
  vls_be32_put(row.ratchet.th, (uint32_t)contact);
  row.ratchet.ns = step;
  return row;
}

static void put(scene *s, uint64_t contact) {
  vls_session_row row = session_of(s, contact, ++s->tried[contact]);
  vls_session_put(s->h.store, contact, &row);
}

static bool keep(scene *s) {
  if (vls_store_commit(s->h.store) != VLS_OK) return false;
  memcpy(s->safe, s->tried, sizeof s->safe);
  return true;
}

static void use_skipped(scene *s, uint64_t contact, uint32_t n) {
  vls_skipped key = {.chain = 1, .n = n};
  vls_skips skips = {&key, 1, 1};
  uint8_t th[32] = {1};
  vls_skipped_put(s->h.store, contact, th, &skips, 1);
  vls_skipped_drop(s->h.store, contact, th, 1, n - 1);
}

/* What a node does with its store in a while. False where it was cut off. */
static bool live(scene *s) {
  for (uint64_t c = 2; c <= FEW; c++)
    put(s, c);
  put(s, FAR);
  if (!keep(s)) return false;
  if (reads(&s->t.b.r, NULL, &s->rec[0])) assert_hears(&s->t.b, &s->rec[0], "one");
  put(s, READER);
  if (!keep(s)) return false;
  s->read_safe = true;
  vls_store_bury(s->h.store);
  if (!keep(s)) return false;
  if (s->is_short) return true;
  use_skipped(s, 2, 7);
  put(s, NEW); /* the file grows */
  if (!keep(s)) return false;
  put(s, 2);
  use_skipped(s, 2, 8);
  vls_store_bury(s->h.store); /* together with what else there is to write */
  if (!keep(s)) return false;
  put(s, FAR);
  return keep(s);
}

static scene *begin(store_kind kind, uint32_t seed) {
  scene *s = vls_calloc(1, sizeof *s);
  s->h = house_new(kind);
  s->dice = seed;
  talk_start(&s->t, 8);
  s->rec[0] = side_say(&s->t.a, "one");
  s->rec[1] = side_say(&s->t.a, "two");
  for (uint64_t c = 1; c <= FAR; c++)
    put(s, c);
  assert_true(keep(s));
  house_bury(&s->h);
  disk_settle(s->h.d);
  return s;
}

static void finish(scene *s) {
  house_end(&s->h);
  talk_end(&s->t);
  free(s);
}

static void expect_sessions(scene *s) {
  vls_session_row row[VLS_SESSIONS_MAX];
  vls_lost lost = vls_store_check(s->h.store);
  assert_int_equal(lost.sessions + lost.prekeys + lost.invites, 0);
  for (uint64_t c = 1; c < CONTACTS; c++) {
    size_t n = vls_session_load(s->h.store, c, row);
    if (s->safe[c] > 0) assert_int_equal(n, 1);
    if (n == 0) s->tried[c] = 0; /* it came to nothing */
    if (n == 0 || c == READER) continue;
    assert_in_range(row[0].ratchet.ns, s->safe[c], s->tried[c]);
    s->safe[c] = s->tried[c] = row[0].ratchet.ns;
  }
  assert_int_equal(vls_store_error(s->h.store), VLS_OK);
}

/* Whether the present session of the reader is one from before the first record. */
static bool is_unread(scene *s) {
  vls_session_row row[VLS_SESSIONS_MAX];
  assert_int_equal(vls_session_load(s->h.store, READER, row), 1);
  return reads(&row[0].ratchet, NULL, &s->rec[0]);
}

static void expect_forgotten(scene *s) {
  house_bury(&s->h);
  expect_sessions(s);
  loot *l = loot_take(&s->h);
  bool unread = is_unread(s);
  assert_false(unread && s->read_safe);
  assert_int_equal(loot_reads(l, READER, &s->t.b.r, &s->rec[0]), unread);
  if (s->read_safe) assert_true(loot_reads(l, READER, &s->t.b.r, &s->rec[1]));
  loot_free(l);
}

/* The machine is on again, and may go off once more while the store opens or buries. */
static void come_back(scene *s, unsigned way) {
  house_kill(&s->h);
  if (way == 1) disk_power_cut(s->h.d, "/v/", NULL, NULL);
  if (way >= 2) disk_power_cut(s->h.d, "/v/", roll, &s->dice);
  if (way == 3) {
    s->h.d->fuse = (long)(roll(&s->dice) % 12);
    if (house_try(&s->h) == VLS_OK) {
      vls_store_bury(s->h.store);
      if (vls_store_commit(s->h.store) != VLS_OK) vls_store_rollback(s->h.store);
    }
    house_kill(&s->h);
    disk_power_cut(s->h.d, "/v/", roll, &s->dice);
  }
  house_open(&s->h);
}

/* Cut at each place in one of the ways, in turns: killed, or the power cut and nothing, or some, of
 * what was not synced on the disk, or that twice. Gives at how many places it was cut. */
static unsigned cut_everywhere(store_kind kind, unsigned turn) {
  for (unsigned fuse = 0;; fuse++) {
    scene *s = begin(kind, fuse);
    s->h.d->fuse = fuse;
    bool whole = live(s) && s->h.d->fuse != 0;
    if (!whole) come_back(s, (fuse + turn) % ENDS);
    s->h.d->fuse = -1;
    expect_sessions(s);
    if (fuse % 2 == 1) { /* written to before it has buried: under keys that it cannot be sure of */
      for (uint64_t c = 1; c <= FEW; c++)
        put(s, c);
      assert_true(keep(s));
    }
    expect_sessions(s);
    expect_forgotten(s);
    assert_true(live(s) || whole); /* it goes on */
    finish(s);
    if (whole) return fuse;
    assert_true(fuse < 500);
  }
}

static void cut_off(store_kind kind) {
  const char *seeds = getenv("VALISE_SEEDS"); /* a longer run: each place in each way */
  for (unsigned turn = 0; turn < (seeds != NULL ? ENDS : 1); turn++)
    assert_true(cut_everywhere(kind, turn + kind) > 30);
}

static void cut_off_anywhere_nothing_is_lost_and_the_spent_goes(void **state) {
  (void)state;
  cut_off(IN_CLEAR);
}

static void cut_off_under_a_sealed_store_nothing_is_lost_and_the_spent_goes(void **state) {
  (void)state;
  cut_off(SEALED);
}

/* From clear to sealed, where a burial was cut off: with both keys of every slot. */
static void store_sealed_in_the_middle_of_a_burial_goes_on(void **state) {
  (void)state;
  static const uint8_t seed[32] = {99};
  bool whole = false;
  for (unsigned fuse = 0; !whole; fuse += 3) {
    scene *s = begin(IN_CLEAR, fuse);
    s->is_short = true;
    s->h.d->fuse = fuse;
    whole = live(s) && s->h.d->fuse != 0;
    house_kill(&s->h);
    assert_int_equal(vls_store_seal(STORE, STORE ".sealing", data_key, store_uuid, seed, NULL),
                     VLS_OK);
    assert_true(disk_rename(s->h.d, STORE ".sealing", STORE));
    disk_remove(s->h.d, STORE_LOG);
    s->h.kind = SEALED;
    house_open(&s->h);
    expect_sessions(s);
    come_back(s, 3);
    expect_sessions(s);
    expect_forgotten(s);
    finish(s);
    assert_true(fuse < 500);
  }
}

/* One operation on the vault fails, and the others don't. */
typedef struct mishap {
  unsigned at, count;
  disk_fault fault;
} mishap;

static disk_fault befall(void *arg, uint64_t number, disk_deed deed, const char *name) {
  mishap *m = arg;
  (void)number;
  if (strcmp(name, STORE_VAULT) != 0 || deed == DISK_READ) return DISK_FINE;
  return ++m->count == m->at ? m->fault : DISK_FINE;
}

/* Not in the system's memory alone, where a sync that failed leaves what it lost. */
static void expect_forgotten_by_the_disk(scene *s) {
  bool unread = is_unread(s);
  house_kill(&s->h);
  disk_power_cut(s->h.d, "/v/", NULL, NULL);
  loot *l = loot_take(&s->h);
  assert_int_equal(loot_reads(l, READER, &s->t.b.r, &s->rec[0]), unread);
  loot_free(l);
  house_open(&s->h);
  expect_sessions(s);
}

/* A batch that did not need it goes on; one that did fails as a whole. */
static void vault_that_fails_once_loses_nothing(void **state) {
  (void)state;
  static const disk_fault faults[] = {DISK_EIO, DISK_SHORT, DISK_FULL};
  unsigned failed = 0, went_on = 0;
  for (unsigned i = 0; i < 2 * sizeof faults / sizeof faults[0]; i++)
    for (unsigned at = 1;; at++) {
      scene *s = begin(IN_CLEAR, at);
      mishap m = {.at = at, .fault = faults[i / 2]};
      s->is_short = i % 2 == 1;
      s->h.d->fate = befall;
      s->h.d->fate_arg = &m;
      bool whole = live(s);
      s->h.d->fate = NULL;
      disk_mend(s->h.d);
      failed += !whole;
      went_on += whole;
      come_back(s, whole ? 0 : at % 3);
      expect_sessions(s);
      expect_forgotten(s);
      expect_forgotten_by_the_disk(s);
      unsigned reached = m.count;
      finish(s);
      if (reached < at) break;
    }
  assert_true(failed > 0 && went_on > 10);
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cut_off_anywhere_nothing_is_lost_and_the_spent_goes),
      cmocka_unit_test(cut_off_under_a_sealed_store_nothing_is_lost_and_the_spent_goes),
      cmocka_unit_test(store_sealed_in_the_middle_of_a_burial_goes_on),
      cmocka_unit_test(vault_that_fails_once_loses_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
