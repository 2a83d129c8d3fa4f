#include "valise/salvage.h"

#include <stdio.h>
#include <unistd.h>

#include "citizen_make.h"
#include "citizen/self.h"
#include "store/contacts.h"
#include "store/feed.h"
#include "store/messages.h"
#include "store/salvage.h"
#include "store_dump.h"

enum {
  CONTACTS = 9,
  TEXTS = 700,
  BODY_MAX = 9000,
  FILE_MAX = 8 << 20,
  PAGE = 4096,
  SALT = 7,
  EACH = 50,
  FIRST = 20
};

static const uint64_t now_ms = 1700000000000;
static const uint8_t key[32] = {1}, uuid[16] = {2},
                     seed[VLS_SALVAGE_SEED] = {3, [40] = 4, [80] = 5};

/* A store with a life in it, and copies of its files that are then harmed. */
typedef struct home {
  char dir[64], made[128], harmed[128], saved[128];
  bool sealed;
  uint8_t identity[32];
  uint8_t *main, *log; /* as they were */
  size_t n_main, n_log;
} home;

static vls_store *open_at(const home *h, const char *path) {
  vls_store *store = NULL;
  const char *why = "";
  vls_err err = h->sealed ? vls_store_open_sealed(&store, path, key, uuid, seed, 0, &why)
                          : vls_store_open(&store, path, seed, 0, &why);
  if (err != VLS_OK) print_error("%s: %s\n", vls_err_name(err), why);
  assert_int_equal(err, VLS_OK);
  return store;
}

static void body_of(uint64_t n, char out[BODY_MAX + 1]) {
  int len = snprintf(out, BODY_MAX, "text %llu ", (unsigned long long)n);
  size_t size = n % 50 == 0 ? BODY_MAX : 20 + n * 37 % 200;
  memset(out + len, 'a' + (int)(n % 26), size - (size_t)len);
  out[size] = '\0';
}

static void add_contact(vls_store *store, uint8_t number) {
  citizen c;
  vls_contact_row row = {.state = VLS_CONTACT_READY, .created = now_ms};
  vls_buf fold;
  citizen_make(&c, number);
  memcpy(row.identity, c.identity.pub, 32);
  memset(row.psk, number, 32);
  memset(row.knock, number, 32);
  snprintf(row.name, sizeof row.name, "Contact %u", number);
  vls_buf_init(&fold, VLS_FOLD_MAX);
  vls_contact_fold(&row, &fold);
  vls_contact_put(store, &row, vls_buf_slice(&fold));
  vls_contact_set_card(store, row.id, 1, vls_buf_slice(&c.card));
  vls_talk_row talk = {.out_seq = 40, .delivered = 40};
  vls_talk_put(store, row.id, &talk);
  assert_int_equal(vls_chain_put(store, row.id, c.device.pub, 39, seed, 100), 1);
  vls_buf_done(&fold);
  citizen_end(&c);
}

static void add_texts(vls_store *store, uint64_t from, uint64_t to) {
  static char body[BODY_MAX + 1];
  static const uint8_t sig[64];
  for (uint64_t n = from; n <= to; n++) {
    body_of(n, body);
    uint64_t contact = n % CONTACTS + 1, seq = n / CONTACTS + 1;
    vls_message_row row = {.n = n,
                           .contact = contact,
                           .state = n % 2 == 0 ? 1 : 4,
                           .device = n % 2 == 0 ? 0 : 1,
                           .seq = seq,
                           .stamp = now_ms + n,
                           .at = now_ms + n,
                           .body = vls_slice_str(body)};
    vls_message_put(store, &row);
    vls_event_row event = {.contact = contact,
                           .device = row.device,
                           .seq = seq,
                           .header = vls_slice_of(body, 90),
                           .sig = sig};
    vls_event_put(store, &event);
    vls_feed_row feed = {
        .c = n, .type = VLS_FEED_MESSAGE, .contact = contact, .first = n, .last = n};
    vls_feed_put(store, &feed);
    if (n % EACH == 0) assert_int_equal(vls_store_commit(store), VLS_OK);
  }
  assert_int_equal(vls_store_commit(store), VLS_OK);
}

static uint8_t *read_file(const char *path, size_t *ret_n) {
  uint8_t *bytes = vls_calloc(1, FILE_MAX);
  FILE *f = fopen(path, "rb");
  *ret_n = f == NULL ? 0 : fread(bytes, 1, FILE_MAX, f);
  if (f != NULL) fclose(f);
  return bytes;
}

static void write_file(const char *path, const char *tail, const uint8_t *bytes, size_t n) {
  char name[160];
  snprintf(name, sizeof name, "%s%s", path, tail);
  unlink(name);
  if (n == 0) return;
  FILE *f = fopen(name, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(bytes, 1, n, f), n);
  assert_int_equal(fclose(f), 0);
}

/* with_log: the last texts are in the log alone. */
static void home_make(home *h, bool sealed, bool with_log) {
  const char *tmp = getenv("TMPDIR");
  char log[160];
  vls_self self;
  vls_rng rng;
  *h = (home){.sealed = sealed};
  snprintf(h->dir, sizeof h->dir, "%.40s/valise-XXXXXX", tmp == NULL ? "/tmp" : tmp);
  assert_non_null(mkdtemp(h->dir));
  snprintf(h->made, sizeof h->made, "%s/made", h->dir);
  snprintf(h->harmed, sizeof h->harmed, "%s/harmed", h->dir);
  snprintf(h->saved, sizeof h->saved, "%s/saved", h->dir);
  vls_store *store = open_at(h, h->made);
  vls_rng_init(&rng, seed);
  assert_int_equal(vls_self_create(&self, store, vls_slice_str("Ana"), &rng, NULL, 0, now_ms),
                   VLS_OK);
  memcpy(h->identity, self.identity.pub, 32);
  vls_self_close(&self);
  for (uint8_t i = 1; i <= CONTACTS; i++)
    add_contact(store, i);
  add_texts(store, 1, with_log ? TEXTS - 100 : TEXTS);
  assert_int_equal(vls_store_fold(store), VLS_OK);
  if (with_log) add_texts(store, TEXTS - 99, TEXTS);
  h->main = read_file(h->made, &h->n_main);
  snprintf(log, sizeof log, "%s-wal", h->made);
  h->log = read_file(log, &h->n_log);
  vls_store_close(store);
  assert_true(h->n_main > 0 && (h->n_log > 0) == with_log);
}

static void remove_files(const char *path) {
  static const char *const tails[] = {"", "-wal", "-vault"};
  for (size_t i = 0; i < COUNT(tails); i++)
    write_file(path, tails[i], NULL, 0);
}

static void home_end(home *h) {
  remove_files(h->made);
  remove_files(h->harmed);
  remove_files(h->saved);
  free(h->main);
  free(h->log);
  assert_int_equal(rmdir(h->dir), 0);
}

typedef struct outcome {
  vls_err checked, err;
  vls_salvage_report report;
  uint64_t texts, altered;
} outcome;

/* What is in the new store is what was in the old one, and what the report says. */
static void look_at_saved(home *h, outcome *o, bool exact) {
  static char body[BODY_MAX + 1];
  vls_self self;
  vls_store *store = open_at(h, h->saved);
  assert_int_equal(vls_store_verify(store), VLS_OK);
  assert_true(vls_self_load(&self, store));
  assert_memory_equal(self.identity.pub, h->identity, 32);
  vls_self_close(&self);
  vls_message_query query = {.limit = INT64_MAX, .oldest_first = true};
  vls_message_row row;
  while (vls_message_next(store, &query, &row)) {
    body_of(row.n, body);
    o->texts++;
    if (!vls_slice_eq(row.body, vls_slice_str(body))) o->altered++;
  }
  assert_int_equal(o->texts, o->report.texts);
  assert_true(o->texts <= TEXTS && (!exact || o->altered == 0));
  if (o->report.counted && exact) {
    uint64_t all = o->texts + o->report.lost_texts;
    assert_true(all == TEXTS || (h->n_log > 0 && all == TEXTS - EACH));
  }
  assert_int_equal(count_of(store, "SELECT count(*) FROM message WHERE contact NOT IN (SELECT id "
                                   "FROM contact)"),
                   0);
  assert_true(vls_message_newest(store) >= o->texts);
  if (o->report.renew) assert_int_equal(count_of(store, "SELECT count(*) FROM session"), 0);
  assert_int_equal(vls_store_error(store), VLS_OK);
  vls_store_close(store);
}

static outcome salvage(home *h, const uint8_t *main, size_t n_main, const uint8_t *log,
                       size_t n_log, bool exact) {
  outcome o = {0};
  const char *why = NULL;
  vls_salvage_conf conf = {.path = h->harmed,
                           .out_path = h->saved,
                           .key = h->sealed ? key : NULL,
                           .uuid = uuid,
                           .seed = seed,
                           .now_ms = now_ms};
  remove_files(h->saved);
  write_file(h->harmed, "", main, n_main);
  write_file(h->harmed, "-wal", log, n_log);
  o.err = vls_salvage_run(&conf, &o.report, &why);
  if (o.err == VLS_OK) look_at_saved(h, &o, exact);
  /* The check writes, as every start does: so it comes last. */
  o.checked = vls_salvage_check(&conf, &why);
  return o;
}

static void harm(uint8_t *page, unsigned how) {
  switch (how % 3) {
  case 0: memset(page, 0xff, PAGE); break;
  case 1: memset(page, 0, PAGE); break;
  default:
    for (unsigned i = 0; i < PAGE; i++)
      page[i] = (uint8_t)(page[i] * 5 + i * 7 + 1);
  }
}

static bool is_zeros(const uint8_t *page) {
  for (unsigned i = 0; i < PAGE; i++)
    if (page[i] != 0) return false;
  return true;
}

/* One thing in three is tried, all with
 * VALISE_THOROUGH=1 in the environment. */
static size_t stride(void) {
  return getenv("VALISE_THOROUGH") != NULL ? 1 : 3;
}

/* A page goes bad: what is on the others is there, and what is not is counted. */
static void bad_pages(bool sealed) {
  home h;
  home_make(&h, sealed, false);
  size_t pages = (h.n_main + PAGE - 1) / PAGE, kept = 0, renewed = 0, selfless = 0;
  uint8_t *copy = vls_calloc(1, FILE_MAX);
  for (size_t i = 0; i < pages; i += i < FIRST ? 1 : stride()) {
    if (is_zeros(h.main + i * PAGE)) continue;
    memcpy(copy, h.main, h.n_main);
    harm(copy + i * PAGE, (unsigned)i);
    outcome o = salvage(&h, copy, h.n_main, NULL, 0, true);
    if (o.err == VLS_NOT_FOUND) {
      selfless++;
      continue;
    }
    if (o.err != VLS_OK) print_error("page %zu: %s\n", i, vls_err_name(o.err));
    assert_int_equal(o.err, VLS_OK);
    if (o.texts + 60 < TEXTS) print_error("page %zu: %d texts\n", i, (int)o.texts);
    assert_true(o.texts + 60 >= TEXTS);
    /* In clear, nothing says what the middle of a long text was. */
    if (o.texts + (sealed ? 0 : 1) < TEXTS) assert_int_equal(o.checked, VLS_DAMAGED);
    if (o.report.renew)
      renewed++;
    else
      kept++;
  }
  print_message("%zu pages: %zu kept their device, %zu renewed, %zu lost the identity\n", pages,
                kept, renewed, selfless);
  assert_int_equal(selfless, 1);
  assert_true(kept > renewed);
  free(copy);
  home_end(&h);
}

static void salvage_of_a_bad_page_keeps_the_others(void **state) {
  (void)state;
  bad_pages(false);
}

static void salvage_of_a_bad_sealed_page_keeps_the_others(void **state) {
  (void)state;
  bad_pages(true);
}

/* One bit, anywhere: nothing breaks. A sealed store notices each; one in clear cannot. */
static void bits(bool sealed, unsigned step) {
  home h;
  home_make(&h, sealed, false);
  uint8_t *copy = vls_calloc(1, FILE_MAX);
  unsigned found = 0, tried = 0;
  memcpy(copy, h.main, h.n_main);
  for (size_t at = SALT; at < h.n_main; at += step * stride() + at % 13) {
    if (is_zeros(h.main + at / PAGE * PAGE)) continue;
    uint8_t bit = (uint8_t)(1u << (at % 8));
    copy[at] ^= bit;
    outcome o = salvage(&h, copy, h.n_main, NULL, 0, sealed);
    copy[at] ^= bit;
    tried++;
    if (o.checked == VLS_DAMAGED) found++;
    assert_true(o.err == VLS_OK || o.err == VLS_NOT_FOUND);
    if (o.err != VLS_OK) continue;
    if (o.texts + 60 < TEXTS || o.altered > 1)
      print_error("byte %zu: %d texts, %d others\n", at, (int)o.texts, (int)o.altered);
    assert_true(o.texts + 60 >= TEXTS && o.altered <= 1);
  }
  print_message("%u flips, %u seen when all of it is read\n", tried, found);
  free(copy);
  home_end(&h);
}

static void salvage_after_one_flipped_bit_holds(void **state) {
  (void)state;
  bits(false, 4099);
}

static void salvage_after_one_flipped_bit_of_a_sealed_store_holds(void **state) {
  (void)state;
  bits(true, 8209);
}

/* Damage in the log, before what was on the disk for good, is no end of the log. */
static void bad_frames(bool sealed) {
  home h;
  home_make(&h, sealed, true);
  size_t frame = sealed ? 4176 : 4120, head = sealed ? 128 : 32;
  uint8_t *copy = vls_calloc(1, FILE_MAX);
  size_t frames = (h.n_log - head) / frame;
  unsigned seen = 0, tried = 0;
  outcome whole = salvage(&h, h.main, h.n_main, h.log, h.n_log, true);
  assert_int_equal(whole.err, VLS_OK);
  assert_int_equal(whole.checked, VLS_OK);
  assert_int_equal(whole.texts, TEXTS);
  assert_false(whole.report.renew);
  for (size_t k = 0; k < frames; k += 1 + stride()) {
    memcpy(copy, h.log, h.n_log);
    copy[head + k * frame + 200 + k] ^= 4;
    outcome o = salvage(&h, h.main, h.n_main, copy, h.n_log, true);
    tried++;
    if (o.checked == VLS_DAMAGED) seen++;
    assert_int_equal(o.err, VLS_OK);
    assert_true(o.texts + 160 >= TEXTS);
  }
  print_message("%u frames, %u seen\n", tried, seen);
  assert_true(seen > 0);
  copy = memcpy(copy, h.log, h.n_log);
  copy[20] ^= 1; /* the head of it */
  outcome o = salvage(&h, h.main, h.n_main, copy, h.n_log, true);
  assert_int_equal(o.err, VLS_OK);
  assert_int_equal(o.checked, VLS_DAMAGED);
  free(copy);
  home_end(&h);
}

static void salvage_of_bad_frames_keeps_the_others(void **state) {
  (void)state;
  bad_frames(false);
}

static void salvage_of_bad_sealed_frames_keeps_the_others(void **state) {
  (void)state;
  bad_frames(true);
}

static void a_store_without_damage_is_told_from_one_with(void **state) {
  (void)state;
  for (unsigned sealed = 0; sealed < 2; sealed++) {
    home h;
    home_make(&h, sealed != 0, false);
    outcome o = salvage(&h, h.main, h.n_main, NULL, 0, true);
    assert_int_equal(o.checked, VLS_OK);
    assert_int_equal(o.err, VLS_OK);
    assert_int_equal(o.texts, TEXTS);
    assert_int_equal(o.report.lost_pages + o.report.lost_rows + o.report.lost_texts, 0);
    assert_true(o.report.counted);
    assert_false(o.report.renew);
    home_end(&h);
  }
}

static void a_head_that_is_gone_still_looks_plain(void **state) {
  (void)state;
  home h;
  home_make(&h, false, false);
  memset(h.main, 0, 512);
  write_file(h.harmed, "", h.main, h.n_main);
  assert_true(vls_salvage_looks_plain(h.harmed));
  outcome o = salvage(&h, h.main, h.n_main, NULL, 0, true);
  assert_int_equal(o.err, VLS_OK);
  assert_int_equal(o.texts, TEXTS);
  assert_true(o.report.renew);
  home_end(&h);
  home_make(&h, true, false);
  write_file(h.harmed, "", h.main, h.n_main);
  assert_false(vls_salvage_looks_plain(h.harmed));
  home_end(&h);
}

static void a_salvaged_store_remembers_what_it_lost(void **state) {
  (void)state;
  home h;
  uint64_t at;
  vls_salvage_report last;
  home_make(&h, false, false);
  vls_store *store = open_at(&h, h.made);
  assert_false(vls_salvage_last(store, &last, &at));
  vls_store_close(store);
  outcome o = salvage(&h, h.main, h.n_main, NULL, 0, true);
  store = open_at(&h, h.saved);
  assert_true(vls_salvage_last(store, &last, &at));
  assert_int_equal(last.pages, o.report.pages);
  assert_int_equal(last.rows, o.report.rows);
  assert_int_equal(last.texts, TEXTS);
  assert_true(last.counted && !last.renew);
  assert_int_equal(at, now_ms);
  vls_store_close(store);
  home_end(&h);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_store_without_damage_is_told_from_one_with),
      cmocka_unit_test(a_head_that_is_gone_still_looks_plain),
      cmocka_unit_test(a_salvaged_store_remembers_what_it_lost),
      cmocka_unit_test(salvage_of_a_bad_page_keeps_the_others),
      cmocka_unit_test(salvage_of_a_bad_sealed_page_keeps_the_others),
      cmocka_unit_test(salvage_after_one_flipped_bit_holds),
      cmocka_unit_test(salvage_after_one_flipped_bit_of_a_sealed_store_holds),
      cmocka_unit_test(salvage_of_bad_frames_keeps_the_others),
      cmocka_unit_test(salvage_of_bad_sealed_frames_keeps_the_others),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
