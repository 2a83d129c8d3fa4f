/* Any harm to the files of a store: what is saved of it is a store, of the same citizen, and holds
 * nothing that was never said. Nothing crashes on the way. */
#include "citizen/self.h"
#include "citizen_make.h"
#include "disk.h"
#include "store/contacts.h"
#include "store/messages.h"
#include "store/sql.h"
#include "store_made.h"
#include "valise/salvage.h"

#define MADE "/harm/made"
#define SAVED "/harm/saved"

enum { TEXTS = 150, LONG = 30, BODY_MAX = 9000, FILES = 3, PAGE = 4096 };

static const uint64_t now_ms = 1700000000000;
static const uint8_t key[32] = {1}, uuid[16] = {2}, seed[VLS_SALVAGE_SEED] = {3, [40] = 4};
static const char *const tails[FILES] = {"", "-wal", "-vault"};

typedef struct dice {
  uint64_t state;
} dice;

static uint32_t roll(dice *d, uint32_t bound) {
  d->state = d->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)((d->state >> 33) % bound);
}

typedef struct home {
  disk *d;
  bool sealed;
  uint8_t identity[32];
  vls_buf whole[2][FILES]; /* as they were: the end in the log alone, or folded in, and there */
} home;

static const char *name_of(const char *path, int file) {
  static char name[64];
  snprintf(name, sizeof name, "%s%s", path, tails[file]);
  return name;
}

static vls_err open_at(const home *h, const char *path, vls_store **ret) {
  *ret = NULL;
  return h->sealed ? vls_store_open_sealed(ret, path, key, uuid, seed, 0, NULL)
                   : vls_store_open(ret, path, seed, 0, NULL);
}

static vls_slice body_of(uint64_t n, char out[BODY_MAX + 1]) {
  size_t size = n % LONG == 0 ? BODY_MAX : 40 + n * 37 % 300;
  int len = snprintf(out, BODY_MAX, "text %llu ", (unsigned long long)n);
  memset(out + len, 'a' + (int)(n % 26), size - (size_t)len);
  return vls_slice_of(out, size);
}

static void add_texts(vls_store *store, uint64_t from, uint64_t to) {
  static char body[BODY_MAX + 1];
  for (uint64_t n = from; n <= to; n++) {
    vls_message_row row = {.n = n, .contact = n % 4 + 1, .state = 4, .device = 1, .at = now_ms};
    row.body = body_of(n, body);
    vls_message_put(store, &row);
    if (n % 10 == 0) assert_int_equal(vls_store_commit(store), VLS_OK);
  }
}

/* A life, of which some was forgotten, and the end of which is in the log alone. */
static void home_make(home *h, bool sealed, disk *d) {
  vls_store *store;
  vls_self self;
  vls_rng rng;
  *h = (home){.d = d, .sealed = sealed};
  vls_rng_init(&rng, seed);
  assert_int_equal(open_at(h, MADE, &store), VLS_OK);
  assert_int_equal(vls_self_create(&self, store, vls_slice_str("Ana"), &rng, NULL, 0, now_ms),
                   VLS_OK);
  memcpy(h->identity, self.identity.pub, 32);
  vls_self_close(&self);
  add_texts(store, 1, TEXTS - 50);
  (void)vls_contact_forget(store, 3);
  assert_int_equal(vls_store_commit(store), VLS_OK);
  assert_int_equal(vls_store_fold(store), VLS_OK);
  add_texts(store, TEXTS - 49, TEXTS);
  for (int day = 0; day < 2; day++) {
    for (int i = 0; i < FILES; i++) {
      vls_buf_init(&h->whole[day][i], 8 << 20);
      disk_copy(&h->whole[day][i], disk_bytes(d, name_of(MADE, i)));
    }
    const char *fold = "PRAGMA wal_checkpoint(PASSIVE)";
    assert_int_equal(sqlite3_exec(store->db, fold, NULL, NULL, NULL), SQLITE_OK);
  }
  vls_store_close(store);
}

static void home_end(home *h) {
  for (int day = 0; day < 2; day++)
    for (int i = 0; i < FILES; i++)
      vls_buf_done(&h->whole[day][i]);
}

static void put_back(home *h, unsigned day) {
  for (int i = 0; i < FILES; i++) {
    disk_remove(h->d, name_of(SAVED, i));
    disk_entry_of(h->d, name_of(MADE, i), true)->exists = true;
    disk_copy(disk_bytes(h->d, name_of(MADE, i)), &h->whole[day][i]);
  }
  disk_settle(h->d);
}

static void fill_noise(dice *d, uint8_t *p, size_t n) {
  for (size_t i = 0; i < n; i++)
    p[i] = (uint8_t)roll(d, 256);
}

/* One piece of harm. */
static void harm(home *h, dice *d) {
  vls_buf *main = disk_bytes(h->d, MADE), *log = disk_bytes(h->d, MADE "-wal");
  vls_buf *any = roll(d, 3) == 0 && log->n > 0 ? log : main;
  uint32_t pages = (uint32_t)(main->n / PAGE);
  if (any->n < PAGE || pages < 2) return;
  uint8_t *page = main->p + (size_t)PAGE * roll(d, pages);
  switch (roll(d, 10)) {
  case 0: any->p[roll(d, (uint32_t)any->n)] ^= (uint8_t)(1u << roll(d, 8)); break;
  case 1: memset(page, 0, PAGE); break;
  case 2: fill_noise(d, page, PAGE); break;
  case 3: page[roll(d, 12)] = (uint8_t)roll(d, 256); break;             /* the head of a node */
  case 4: page[8 + roll(d, 40)] = (uint8_t)roll(d, 256); break;         /* where its cells are */
  case 5: page[PAGE - 1 - roll(d, 400)] = (uint8_t)roll(d, 256); break; /* and the cells */
  case 6: any->n = roll(d, (uint32_t)any->n); break;
  case 7: memcpy(page, main->p + (size_t)PAGE * roll(d, pages), PAGE); break;
  case 8: fill_noise(d, any->p, 128); break;                      /* the head of a file */
  default: vls_be32_put(main->p + 32, roll(d, 2 * pages)); break; /* the list of free pages */
  }
}

static bool was_said(const vls_message_row *row) {
  static char body[BODY_MAX + 1];
  return row->n >= 1 && row->n <= TEXTS && vls_slice_eq(row->body, body_of(row->n, body));
}

static void look_at_saved(home *h, const vls_salvage_report *report) {
  vls_store *store;
  vls_self self;
  vls_message_row row;
  vls_message_query query = {.limit = INT64_MAX, .oldest_first = true};
  uint64_t n = 0;
  assert_int_equal(open_at(h, SAVED, &store), VLS_OK);
  assert_int_equal(vls_store_verify(store), VLS_OK);
  assert_true(vls_self_load(&self, store));
  assert_memory_equal(self.identity.pub, h->identity, 32);
  vls_self_close(&self);
  while (vls_message_next(store, &query, &row)) {
    n++;
    if (h->sealed) assert_true(was_said(&row));
  }
  assert_int_equal(n, report->texts);
  vls_store_close(store);
}

static void harm_again_and_again(bool sealed, unsigned times) {
  unsigned saved = 0;
  const char *times_text = getenv("VALISE_SEEDS");
  disk *d = disk_new();
  home h;
  if (times_text != NULL) times = (unsigned)strtoul(times_text, NULL, 10);
  disk_register(d, "/harm/");
  home_make(&h, sealed, d);
  for (unsigned i = 0; i < times; i++) {
    dice dc = {i + 1};
    const char *why = "";
    vls_salvage_report report = {0};
    vls_salvage_conf conf = {.path = MADE, .out_path = SAVED, .seed = seed, .now_ms = now_ms};
    conf.key = sealed ? key : NULL;
    conf.uuid = sealed ? uuid : NULL;
    put_back(&h, i % 2);
    for (uint32_t k = i < 2 ? 0 : 1 + roll(&dc, i % 5 == 0 ? 20 : 3); k > 0; k--)
      harm(&h, &dc);
    (void)vls_salvage_looks_plain(MADE);
    vls_err err = vls_salvage_run(&conf, &report, &why);
    if (err != VLS_OK) {
      assert_true(err == VLS_NOT_FOUND || err == VLS_STORAGE || err == VLS_DAMAGED);
      continue;
    }
    saved++;
    look_at_saved(&h, &report);
    if (i < 2) assert_int_equal(report.lost_pages + report.lost_rows, 0);
  }
  assert_true(saved > times / 3);
  print_message("%u of %u were saved\n", saved, times);
  home_end(&h);
  disk_free(d);
}

static void salvage_of_any_harm_gives_a_store_or_says_no(void **state) {
  (void)state;
  harm_again_and_again(false, 150);
}

static void salvage_of_any_harm_to_a_sealed_store_alters_nothing(void **state) {
  (void)state;
  harm_again_and_again(true, 100);
}

typedef struct plan {
  uint64_t number;
  disk_fault fault;
} plan;

static disk_fault fate(void *arg, uint64_t number, disk_deed deed, const char *name) {
  const plan *p = arg;
  (void)name;
  bool can_be_full = deed == DISK_WRITE || deed == DISK_OPEN;
  return number == p->number && (p->fault != DISK_FULL || can_be_full) ? p->fault : DISK_FINE;
}

/* Fails every `step`th operation in turn; whoever called is told, or loses what was not read. */
static void fail_anywhere(bool sealed, disk_fault fault, unsigned step) {
  disk *d = disk_new();
  home h;
  disk_register(d, "/harm/");
  home_make(&h, sealed, d);
  plan p = {.number = 1, .fault = fault};
  uint64_t last;
  if (getenv("VALISE_EVERY") != NULL) step = 1;
  do {
    const char *why = "";
    vls_salvage_report report = {0};
    vls_salvage_conf conf = {.path = MADE, .out_path = SAVED, .seed = seed, .now_ms = now_ms};
    conf.key = sealed ? key : NULL;
    conf.uuid = sealed ? uuid : NULL;
    put_back(&h, (unsigned)(p.number / step % 2));
    d->number = 0;
    d->fate = fate;
    d->fate_arg = &p;
    vls_err err = vls_salvage_run(&conf, &report, &why);
    last = d->number;
    d->fate = NULL;
    disk_mend(d);
    if (err == VLS_OK)
      look_at_saved(&h, &report);
    else
      assert_true(err == VLS_STORAGE || err == VLS_FULL || err == VLS_LOCKED ||
                  err == VLS_NOT_FOUND || err == VLS_DAMAGED);
    p.number += step;
  } while (p.number <= last + step);
  home_end(&h);
  disk_free(d);
}

static void salvage_over_a_disk_that_fails_says_so(void **state) {
  (void)state;
  fail_anywhere(false, DISK_EIO, 3);
  fail_anywhere(true, DISK_EIO, 5);
  fail_anywhere(false, DISK_FULL, 11);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(salvage_of_any_harm_gives_a_store_or_says_no),
      cmocka_unit_test(salvage_of_any_harm_to_a_sealed_store_alters_nothing),
      cmocka_unit_test(salvage_over_a_disk_that_fails_says_so),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
