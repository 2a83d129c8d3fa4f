#include "store/salvage.h"

#include <stdio.h>
#include <sys/stat.h>

#include "store/contacts.h"
#include "store/feed.h"
#include "store/guard.h"
#include "store/messages.h"
#include "store/pages.h"
#include "store/walk.h"
#include "store_dump.h"

enum { TEXTS = 120, LONG = 9000, PAGE = 4096, FRAME = 4120, HEAD = 32, FILE_MAX = 2 << 20 };

static const uint8_t seed[VLS_SALVAGE_SEED] = {3, [40] = 4, [80] = 5};
static const uint8_t sealing[32] = {7}, uuid[16] = {8};

/* Files of one store, whole, and where harmed copies of them go. */
typedef struct home {
  place at;
  char harmed[112];
  bool sealed;
  uint8_t *main, *log;
  size_t n_main, n_log;
} home;

static uint32_t dice(uint64_t *state) {
  *state += UINT64_C(0x9e3779b97f4a7c15);
  uint64_t z = *state;
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return (uint32_t)(z >> 33);
}

static uint8_t *read_file(const char *path, size_t *ret_n) {
  uint8_t *bytes = vls_calloc(1, FILE_MAX);
  FILE *f = fopen(path, "rb");
  *ret_n = f == NULL ? 0 : fread(bytes, 1, FILE_MAX, f);
  if (f != NULL) fclose(f);
  return bytes;
}

static void write_file(const char *path, const uint8_t *bytes, size_t n) {
  unlink(path);
  if (n == 0) return;
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(bytes, 1, n, f), n);
  assert_int_equal(fclose(f), 0);
}

static void say(vls_store *store, uint64_t n, uint64_t contact) {
  static char body[LONG + 1];
  static const uint8_t sig[64];
  size_t size = n % 30 == 0 ? LONG : 30 + n % 150;
  memset(body, 'a' + (int)(n % 20), size);
  vls_message_row row = {.n = n, .contact = contact, .state = 4, .device = 2, .seq = n, .at = n};
  row.body = vls_slice_of(body, size);
  vls_message_put(store, &row);
  vls_event_row event = {.contact = contact, .device = 2, .seq = n, .sig = sig};
  event.header = vls_slice_of(body, 30);
  vls_event_put(store, &event);
}

static void fill(vls_store *store) {
  uint8_t id[32] = {0};
  vls_contact_row row = {.state = VLS_CONTACT_READY, .name = "Bao"};
  vls_contact_put(store, &row, vls_slice_str("bao"));
  vls_talk_row talk = {.out_seq = 1};
  vls_talk_put(store, row.id, &talk);
  for (uint64_t n = 1; n <= TEXTS; n++)
    say(store, n, row.id);
  for (uint64_t n = 0; n < 60; n++) { /* rows without a number of their own; and pages to be free */
    vls_be64_put(id, n);
    vls_aside_put(store, id, n % 3, vls_slice_str("because"), 100, n);
    say(store, 1000 + n, 77);
  }
  vls_feed_row feed = {.c = 1, .type = VLS_FEED_MESSAGE, .contact = row.id, .last = 5000};
  vls_feed_put(store, &feed);
  vls_outbox_row out = {.seq = 1, .first = 1, .last = 4};
  vls_outbox_put(store, row.id, &out, vls_slice_str("x"), vls_slice_str("record"));
  assert_int_equal(vls_store_commit(store), VLS_OK);
  vls_sql_run(store, vls_sql_write(store, "DELETE FROM message WHERE n>=1000"));
  vls_sql_run(store, vls_sql_write(store, "DELETE FROM event WHERE contact=77"));
  assert_int_equal(vls_store_commit(store), VLS_OK);
}

static void home_make(home *h, bool sealed, bool with_log) {
  const char *why = NULL;
  char log[160];
  vls_store *store = NULL;
  *h = (home){.sealed = sealed};
  place_make(&h->at);
  snprintf(h->harmed, sizeof h->harmed, "%s-harmed", h->at.path);
  vls_err err = sealed ? vls_store_open_sealed(&store, h->at.path, sealing, uuid, seed, 0, &why)
                       : vls_store_open(&store, h->at.path, seed, 0, &why);
  assert_int_equal(err, VLS_OK);
  if (!with_log) fill(store);
  assert_int_equal(vls_store_fold(store), VLS_OK);
  if (with_log) fill(store);
  h->main = read_file(h->at.path, &h->n_main);
  snprintf(log, sizeof log, "%s-wal", h->at.path);
  h->log = read_file(log, &h->n_log);
  vls_store_close(store);
}

static void home_end(home *h) {
  char log[160];
  snprintf(log, sizeof log, "%s-wal", h->harmed);
  write_file(h->harmed, NULL, 0);
  write_file(log, NULL, 0);
  free(h->main);
  free(h->log);
  place_end(&h->at);
}

/* Into a store in memory. VLS_OK and what was found, or why not. */
static vls_err salvage(const home *h, const uint8_t *main, size_t n_main, const uint8_t *log,
                       size_t n_log, vls_salvage_report *ret) {
  char name[160];
  vls_store *to = store_in_memory();
  vls_salvage_conf conf = {
      .path = h->harmed, .key = h->sealed ? sealing : NULL, .uuid = uuid, .seed = seed};
  write_file(h->harmed, main, n_main);
  snprintf(name, sizeof name, "%s-wal", h->harmed);
  write_file(name, log, n_log);
  *ret = (vls_salvage_report){0};
  vls_err err = vls_salvage_rows(&conf, to, ret);
  if (err == VLS_OK) {
    vls_salvage_mend(to, 1, ret);
    assert_int_equal(vls_store_commit(to), VLS_OK);
    assert_int_equal(vls_store_verify(to), VLS_OK);
    assert_int_equal(count_of(to, "SELECT count(*) FROM message"), ret->texts);
    assert_true(ret->texts <= TEXTS + 60);
  }
  vls_store_close(to);
  return err;
}

/* In the head of a row, where it says what its values are. */
static void harm_row(uint8_t *page, uint64_t *state) {
  unsigned cells = vls_be16_get(page + 3);
  if ((page[0] != 0x0d && page[0] != 0x0a) || cells == 0 || cells > 500) return;
  size_t at = vls_be16_get(page + 8 + 2 * (dice(state) % cells)) + dice(state) % 14;
  if (at < PAGE) page[at] = (uint8_t)(dice(state) % 4 == 0 ? 0xff : dice(state) % 15);
}

/* Bytes where they hurt: heads and pointers of pages, the heads of cells, whole pages. */
static void harm(uint8_t *bytes, size_t n, size_t unit, uint64_t *state) {
  size_t pages = n / unit, page = dice(state) % (pages == 0 ? 1 : pages) * unit;
  for (unsigned i = 1 + dice(state) % 3; i > 0; i--) {
    size_t at = page + dice(state) % 120;
    switch (dice(state) % 12) {
    case 7:
    case 8:
    case 9:
    case 10:
    case 11:
      if (page + PAGE <= n) harm_row(bytes + page, state);
      continue;
    case 0: at = page + dice(state) % 12; break;
    case 1: at = page + unit - 1 - dice(state) % 400; break;
    case 2:
      for (size_t k = 0; k < 10 && at + k < n; k++)
        bytes[at + k] = 0xff;
      continue;
    case 3:
      if (page + unit <= n) memset(bytes + page, (int)(dice(state) % 3) * 5, unit);
      continue;
    case 4:
      if (page + unit <= n && pages > 1)
        memcpy(bytes + page, bytes + dice(state) % pages * unit, unit);
      continue;
    default: break;
    }
    if (at < n) bytes[at] = (uint8_t)(dice(state) % 2 == 0 ? dice(state) : dice(state) % 16);
  }
}

static void salvage_of_whatever_is_left_holds(void **state) {
  (void)state;
  uint8_t *copy = vls_calloc(1, FILE_MAX);
  uint64_t luck = 11;
  vls_salvage_report r;
  for (unsigned sealed = 0; sealed < 2; sealed++) {
    home h;
    home_make(&h, sealed != 0, false);
    assert_int_equal(salvage(&h, h.main, h.n_main, NULL, 0, &r), VLS_OK);
    assert_int_equal(r.texts, TEXTS);
    assert_int_equal(r.lost_pages + r.lost_rows + r.lost_texts, 0);
    for (unsigned i = 0; i < (sealed ? 60u : 500u); i++) {
      memcpy(copy, h.main, h.n_main);
      for (unsigned k = 1 + dice(&luck) % 3; k > 0; k--)
        harm(copy, h.n_main, PAGE, &luck);
      size_t n = dice(&luck) % 10 == 0 ? 1 + dice(&luck) % h.n_main : h.n_main;
      assert_int_equal(salvage(&h, copy, n, NULL, 0, &r), VLS_OK);
    }
    home_end(&h);
  }
  free(copy);
}

static uint32_t word(const uint8_t *p, bool big) {
  uint32_t w = vls_be32_get(p);
  return big ? w : __builtin_bswap32(w);
}

static void add_up(uint32_t sum[2], const uint8_t *p, size_t n, bool big) {
  for (size_t i = 0; i < n; i += 8) {
    sum[0] += word(p + i, big) + sum[1];
    sum[1] += word(p + i + 4, big) + sum[0];
  }
}

/* The same log, as a machine of the other kind writes it. */
static void make_big_endian(uint8_t *log, size_t n) {
  uint32_t sum[2] = {0, 0};
  log[3] |= 1;
  add_up(sum, log, 24, true);
  vls_be32_put(log + 24, sum[0]);
  vls_be32_put(log + 28, sum[1]);
  for (size_t at = HEAD; at + FRAME <= n; at += FRAME) {
    add_up(sum, log + at, 8, true);
    add_up(sum, log + at + 24, PAGE, true);
    vls_be32_put(log + at + 16, sum[0]);
    vls_be32_put(log + at + 20, sum[1]);
  }
}

static void salvage_reads_the_log_of_any_machine(void **state) {
  (void)state;
  home h;
  vls_salvage_report r;
  home_make(&h, false, true);
  assert_int_equal(salvage(&h, h.main, h.n_main, h.log, h.n_log, &r), VLS_OK);
  assert_int_equal(r.texts, TEXTS);
  make_big_endian(h.log, h.n_log);
  assert_int_equal(salvage(&h, h.main, h.n_main, h.log, h.n_log, &r), VLS_OK);
  assert_int_equal(r.texts, TEXTS);
  h.log[20] ^= 1; /* a salt in its head: the frames have it, too */
  assert_int_equal(salvage(&h, h.main, h.n_main, h.log, h.n_log, &r), VLS_OK);
  assert_int_equal(r.texts, TEXTS);
  assert_true(vls_pages_log_is_cut(h.harmed));
  home_end(&h);
}

static void salvage_of_whatever_is_left_of_a_log_holds(void **state) {
  (void)state;
  uint8_t *copy = vls_calloc(1, FILE_MAX);
  uint64_t luck = 12;
  vls_salvage_report r;
  for (unsigned sealed = 0; sealed < 2; sealed++) {
    home h;
    home_make(&h, sealed != 0, true);
    size_t unit = sealed ? 4176 : FRAME, head = sealed ? 128 : HEAD;
    for (unsigned i = 0; i < 80; i++) {
      memcpy(copy, h.log, h.n_log);
      if (i % 4 == 0) copy[dice(&luck) % head] ^= 8;
      if (i % 4 != 1) harm(copy + head, h.n_log - head, unit, &luck);
      size_t n = i % 5 == 0 ? 1 + dice(&luck) % h.n_log : h.n_log;
      if (i % 40 == 7) n = 8 + i; /* not even its head */
      assert_int_equal(salvage(&h, h.main, h.n_main, copy, n, &r), VLS_OK);
    }
    for (size_t at = head; at + unit <= h.n_log; at += unit) { /* each frame alone */
      memcpy(copy, h.log, h.n_log);
      memset(copy + at, 0x5a, unit);
      assert_int_equal(salvage(&h, h.main, h.n_main, copy, h.n_log, &r), VLS_OK);
    }
    home_end(&h);
  }
  free(copy);
}

/* A log that is folded in, and stays beside the store: what is damaged in one, the other has. */
static void salvage_of_a_sealed_store_takes_either_of_two_copies(void **state) {
  (void)state;
  home h;
  char log[160];
  const char *why = NULL;
  vls_store *store = NULL;
  vls_salvage_report r;
  *(&h) = (home){.sealed = true};
  place_make(&h.at);
  snprintf(h.harmed, sizeof h.harmed, "%s-harmed", h.at.path);
  assert_int_equal(vls_store_open_sealed(&store, h.at.path, sealing, uuid, seed, 0, &why), VLS_OK);
  fill(store);
  assert_int_equal(sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_FULL, NULL, NULL),
                   SQLITE_OK);
  h.main = read_file(h.at.path, &h.n_main);
  snprintf(log, sizeof log, "%s-wal", h.at.path);
  h.log = read_file(log, &h.n_log);
  vls_store_close(store);
  uint8_t *copy = vls_calloc(1, FILE_MAX);
  for (size_t at = 12 * PAGE; at < h.n_main; at += 3 * PAGE) { /* behind roots and map */
    memcpy(copy, h.main, h.n_main);
    memset(copy + at, 0x5a, PAGE);
    assert_int_equal(salvage(&h, copy, h.n_main, h.log, h.n_log, &r), VLS_OK);
    assert_int_equal(r.texts, TEXTS);
    assert_int_equal(r.lost_pages + r.lost_rows, 0);
  }
  memcpy(copy, h.log, h.n_log);
  memset(copy + 128 + 4176, 0x5a, 4176);
  assert_int_equal(salvage(&h, h.main, h.n_main, copy, h.n_log, &r), VLS_OK);
  assert_int_equal(r.texts, TEXTS);
  memset(copy, 0x5a, 128); /* and the log of nobody */
  assert_int_equal(salvage(&h, h.main, h.n_main, copy, h.n_log, &r), VLS_OK);
  assert_int_equal(r.texts, TEXTS);
  store = NULL; /* and one of this store, from before it went on without it */
  assert_int_equal(vls_store_open_sealed(&store, h.at.path, sealing, uuid, seed, 0, &why), VLS_OK);
  say(store, TEXTS + 1, 1);
  assert_int_equal(vls_store_commit(store), VLS_OK);
  assert_int_equal(vls_store_fold(store), VLS_OK);
  say(store, TEXTS + 2, 1);
  assert_int_equal(vls_store_commit(store), VLS_OK);
  assert_int_equal(vls_store_fold(store), VLS_OK);
  free(h.main);
  h.main = read_file(h.at.path, &h.n_main);
  vls_store_close(store);
  assert_int_equal(salvage(&h, h.main, h.n_main, h.log, h.n_log, &r), VLS_OK);
  assert_int_equal(r.texts, TEXTS + 2);
  free(copy);
  home_end(&h);
}

/* Without roots and map nobody knows which version of a page is the present one. */
static void salvage_of_a_sealed_store_goes_without_its_map(void **state) {
  (void)state;
  for (unsigned with_log = 0; with_log < 2; with_log++) {
    home h;
    vls_salvage_report r;
    home_make(&h, true, with_log != 0);
    memset(h.main, 9, 2 * (size_t)PAGE);
    assert_int_equal(salvage(&h, h.main, h.n_main, h.log, h.n_log, &r), VLS_OK);
    assert_int_equal(r.texts, TEXTS);
    assert_true(r.renew && !r.counted);
    home_end(&h);
  }
}

static void salvage_of_many_rows_commits_now_and_then(void **state) {
  (void)state;
  place p;
  place_make(&p);
  vls_store *store = store_at(p.path), *to = store_in_memory();
  vls_salvage_report r = {0};
  vls_salvage_conf conf = {.path = p.path, .seed = seed};
  vls_sql_run(store, vls_sql_write(store, "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n+1 "
                                          "FROM i WHERE n<9000) INSERT INTO floor SELECT n, n "
                                          "FROM i"));
  store_end(store);
  assert_int_equal(vls_salvage_rows(&conf, to, &r), VLS_OK);
  assert_true(r.rows >= 9000);
  assert_int_equal(count_of(to, "SELECT count(*) FROM floor WHERE n=name"), 9000);
  store_end(to);
  place_end(&p);
}

static void a_new_store_that_fails_ends_it(void **state) {
  (void)state;
  home h;
  vls_salvage_report r = {0};
  home_make(&h, false, false);
  vls_salvage_conf conf = {.path = h.at.path, .seed = seed};
  vls_store *to = store_in_memory();
  vls_sql_fail(to, SQLITE_FULL, "a disk that is full from the start");
  assert_int_equal(vls_salvage_rows(&conf, to, &r), VLS_FULL);
  vls_store_close(to);
  to = store_in_memory();
  /* One that is full soon. */
  assert_int_equal(sqlite3_exec(to->db, "PRAGMA max_page_count=45", NULL, NULL, NULL), SQLITE_OK);
  assert_int_equal(vls_salvage_rows(&conf, to, &r), VLS_FULL);
  vls_store_close(to);
  home_end(&h);
}

static void run_at(const char *path, const char *sql) {
  sqlite3 *db = NULL;
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* What SQLite would believe, and no store of ours has. */
static void a_head_that_no_store_has_is_damage(void **state) {
  (void)state;
  static const char *const heads[] = {"PRAGMA user_version=70000", "PRAGMA user_version=-1",
                                      "PRAGMA encoding='UTF-16le'; CREATE TABLE t(x)"};
  for (size_t i = 0; i < COUNT(heads); i++) {
    place p;
    const char *why = NULL;
    vls_store *store = NULL;
    place_make(&p);
    run_at(p.path, heads[i]);
    assert_int_equal(vls_store_open(&store, p.path, seed, 0, &why), VLS_DAMAGED);
    place_end(&p);
  }
}

static void a_store_proves_that_it_can_be_written(void **state) {
  (void)state;
  place p;
  place_make(&p);
  vls_store *store = store_at(p.path);
  assert_int_equal(vls_store_prove(store), VLS_OK);
  assert_int_equal(vls_store_verify(store), VLS_OK);
  vls_store_close(store);
  store = store_at(p.path);
  assert_int_equal(vls_store_prove(store), VLS_OK);
  assert_int_equal(vls_floor(store, "opened"), 2);
  vls_sql_fail(store, SQLITE_IOERR, "a disk that refuses");
  assert_int_equal(vls_store_prove(store), VLS_STORAGE);
  assert_int_equal(vls_store_fold(store), VLS_STORAGE);
  assert_int_equal(vls_store_verify(store), VLS_STORAGE);
  vls_store_close(store);
  run_at(p.path, "PRAGMA writable_schema=ON; DELETE FROM sqlite_schema WHERE "
                 "name='message_contact'");
  store = store_at(p.path);
  assert_int_equal(vls_store_verify(store), VLS_DAMAGED);
  vls_store_close(store);
  place_end(&p);
}

static void a_store_in_use_or_absent_is_not_salvaged(void **state) {
  (void)state;
  home h;
  vls_salvage_report r = {0};
  home_make(&h, false, false);
  vls_store *store = store_at(h.at.path), *to = store_in_memory();
  vls_salvage_conf conf = {.path = h.at.path, .seed = seed};
  assert_int_equal(vls_salvage_rows(&conf, to, &r), VLS_LOCKED);
  assert_false(vls_salvage_looks_plain(h.at.path));
  store_end(store);
  conf.path = h.at.dir; /* no file */
  assert_int_equal(vls_salvage_rows(&conf, to, &r), VLS_STORAGE);
  vls_pages_close(NULL);
  store_end(to);
  home_end(&h);
}

static void texts_of_a_lost_contact_get_one(void **state) {
  (void)state;
  uint64_t number;
  vls_store *store = store_in_memory();
  vls_salvage_report r = {.lost_rows = 1};
  vls_contact_row taken = {.state = VLS_CONTACT_READY, .name = "Lost contact 9", .identity = {1}};
  vls_buf fold;
  vls_buf_init(&fold, VLS_FOLD_MAX);
  vls_contact_fold(&taken, &fold);
  vls_contact_put(store, &taken, vls_buf_slice(&fold));
  vls_buf_done(&fold);
  say(store, 5, 9);
  say(store, 6, 12);
  vls_feed_row feed = {.c = 3, .type = VLS_FEED_MESSAGE, .contact = 9, .last = 70};
  vls_feed_put(store, &feed);
  vls_outbox_row out = {.seq = 1, .first = 80, .last = 90};
  vls_outbox_put(store, 9, &out, vls_slice_str("x"), vls_slice_str("record"));
  vls_salvage_mend(store, 1, &r);
  assert_int_equal(r.lost_contacts, 2);
  assert_true(r.renew); /* a record that waits, and texts of it that are not there */
  assert_int_equal(count_of(store, "SELECT count(*) FROM contact WHERE id IN (9, 12)"), 2);
  assert_true(vls_message_newest(store) > 90);
  assert_true(vls_salvage_lost_chain(store, 9, &number) && number == 2);
  vls_salvage_chain(store, 9, number, seed);
  assert_false(vls_salvage_lost_chain(store, 9, &number));
  vls_salvage_chain(store, 12, 1, seed + 40); /* of which there is no event */
  assert_int_equal(count_of(store, "SELECT seq FROM chain WHERE contact=12"), 0);
  store_end(store);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(salvage_of_whatever_is_left_holds),
      cmocka_unit_test(salvage_of_whatever_is_left_of_a_log_holds),
      cmocka_unit_test(salvage_reads_the_log_of_any_machine),
      cmocka_unit_test(salvage_of_a_sealed_store_takes_either_of_two_copies),
      cmocka_unit_test(salvage_of_a_sealed_store_goes_without_its_map),
      cmocka_unit_test(salvage_of_many_rows_commits_now_and_then),
      cmocka_unit_test(a_new_store_that_fails_ends_it),
      cmocka_unit_test(a_head_that_no_store_has_is_damage),
      cmocka_unit_test(a_store_proves_that_it_can_be_written),
      cmocka_unit_test(a_store_in_use_or_absent_is_not_salvaged),
      cmocka_unit_test(texts_of_a_lost_contact_get_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
