/* Two devices compare their records and exchange what differs, as a node does it, until nothing
 * does. */
#include "vec_hex.h"

#include <stdio.h>
#include <stdlib.h>

#include "carry/compare.h"
#include "crypto/kdf.h"
#include "crypto/rng.h"

enum { RECORDS_MAX = 30000, STEPS = 20000, ASK = 256 };

typedef struct side {
  vls_compare *compare;
  uint8_t (*ids)[32]; /* number - 1: in the order they came */
  size_t n;
  bool known[RECORDS_MAX]; /* by the world's number of a record */
  bool has_mark;
  uint8_t mark[16];
  uint64_t mark_at;
} side;

typedef struct pair {
  side a, b; /* a begins */
  vls_rng rng;
  size_t bytes, frames, given;
  uint32_t refused; /* of these b takes none; 0: of none. World's numbers */
  bool keeps_none;  /* and says so */
} pair;

static void id_of(uint32_t number, uint8_t ret[32]) {
  vls_sha256(ret, vls_slice_of(&number, sizeof number));
}

static void take(side *s, uint32_t number) {
  assert_true(number < RECORDS_MAX);
  if (s->known[number]) return;
  s->known[number] = true;
  id_of(number, s->ids[s->n++]);
}

static pair *pair_new(void) {
  pair *p = calloc(1, sizeof *p);
  uint8_t hash[32] = {7}, seed[32] = {9};
  assert_non_null(p);
  vls_rng_init(&p->rng, seed);
  p->a.compare = vls_compare_new(hash);
  p->b.compare = vls_compare_new(hash);
  p->a.ids = calloc(RECORDS_MAX, 32);
  p->b.ids = calloc(RECORDS_MAX, 32);
  return p;
}

static void relink(pair *p) {
  uint8_t hash[32];
  vls_rng_bytes(&p->rng, hash, sizeof hash);
  vls_compare_free(p->a.compare);
  vls_compare_free(p->b.compare);
  p->a.compare = vls_compare_new(hash);
  p->b.compare = vls_compare_new(hash);
}

static void pair_free(pair *p) {
  vls_compare_free(p->a.compare);
  vls_compare_free(p->b.compare);
  free(p->a.ids);
  free(p->b.ids);
  free(p);
}

static void load(side *s, uint64_t since) {
  vls_compare_clear(s->compare, since);
  for (uint64_t n = since + 1; n <= s->n; n++)
    assert_int_equal(vls_compare_add(s->compare, s->ids[n - 1], n), VLS_OK);
}

static void begin(pair *p, vls_buf *out) {
  load(&p->a, p->a.has_mark ? p->a.mark_at : 0);
  vls_compare_open(p->a.compare, vls_slice_of(p->a.mark, p->a.has_mark ? 16 : 0), out);
}

static void mark_set(side *s, const vls_compare_news *news) {
  s->has_mark = true;
  s->mark_at = news->upto;
  memcpy(s->mark, news->mark, sizeof s->mark);
}

/* A message reaches b; what b says to it. */
static void b_hears(pair *p, vls_slice body, vls_buf *out) {
  vls_compare_news news;
  assert_int_equal(vls_compare_hear(p->b.compare, body, &p->rng, &news, out), VLS_OK);
  switch (news.kind) {
  case VLS_COMPARE_ASKED:
    if (news.has_mark && (!p->b.has_mark || memcmp(news.mark, p->b.mark, 16) != 0)) {
      vls_compare_unknown(news.mark, out);
      return;
    }
    load(&p->b, news.has_mark ? p->b.mark_at : 0);
    assert_int_equal(vls_compare_answer(p->b.compare, &news, out), VLS_OK);
    break;
  case VLS_COMPARE_ON: break;
  case VLS_COMPARE_AGREED:
    if (p->keeps_none)
      vls_compare_unknown(news.mark, out);
    else
      mark_set(&p->b, &news);
    break;
  case VLS_COMPARE_DIFFERS:
  case VLS_COMPARE_SAME:
  case VLS_COMPARE_UNKNOWN: fail(); break;
  }
}

static uint32_t number_of(const uint8_t id[32]) {
  for (uint32_t i = 0; i < RECORDS_MAX; i++) {
    static uint8_t ids[RECORDS_MAX][32];
    static bool made;
    for (uint32_t k = 0; !made && k < RECORDS_MAX; k++)
      id_of(k, ids[k]);
    made = true;
    if (memcmp(ids[i], id, 32) == 0) return i;
  }
  fail();
  return 0;
}

/* What a found is exchanged. */
static void exchange(pair *p, bool answers) {
  uint64_t n;
  uint8_t want[ASK][32];
  while (vls_compare_give(p->a.compare, &n, 1) == 1) {
    uint32_t number = number_of(p->a.ids[n - 1]);
    p->given++;
    if (p->refused == 0 || number % p->refused != 0) take(&p->b, number);
  }
  size_t asked;
  while ((asked = vls_compare_want(p->a.compare, want, ASK)) > 0)
    for (size_t i = 0; i < asked && answers; i++) {
      assert_int_equal(vls_compare_find(p->b.compare, want[i], &n), VLS_OK);
      const uint8_t *id = p->b.ids[n - 1];
      assert_true(vls_compare_came(p->a.compare, id));
      assert_false(vls_compare_came(p->a.compare, id));
      take(&p->a, number_of(id));
      p->given++;
    }
  assert_int_equal(vls_compare_to_want(p->a.compare), 0);
  assert_int_equal(vls_compare_to_give(p->a.compare), 0);
  if (answers) assert_int_equal(vls_compare_awaited(p->a.compare), 0);
}

/* Until nothing differs; true, or until it stays unknown (false). */
static bool reconcile(pair *p, bool answers) {
  vls_buf message, out;
  vls_buf_init(&message, 70000);
  vls_buf_init(&out, 70000);
  begin(p, &message);
  for (size_t step = 0; step < STEPS; step++) {
    p->bytes += message.n;
    p->frames++;
    b_hears(p, vls_buf_slice(&message), &out);
    vls_buf_clear(&message);
    p->bytes += out.n;
    if (out.n == 0) break;
    vls_compare_news news;
    assert_int_equal(vls_compare_hear(p->a.compare, vls_buf_slice(&out), &p->rng, &news, &message),
                     VLS_OK);
    vls_buf_clear(&out);
    if (news.kind == VLS_COMPARE_SAME) mark_set(&p->a, &news);
    if (news.kind == VLS_COMPARE_UNKNOWN) {
      if (p->keeps_none) break;
      p->a.has_mark = false;
      begin(p, &message);
    }
    if (news.kind == VLS_COMPARE_DIFFERS) {
      exchange(p, answers);
      begin(p, &message);
    }
  }
  assert_int_equal(message.n, 0);
  vls_buf_done(&message);
  vls_buf_done(&out);
  return !p->keeps_none;
}

static void equal(const pair *p) {
  assert_memory_equal(p->a.known, p->b.known, sizeof p->a.known);
  assert_int_equal(p->a.n, p->b.n);
}

static void compare_random_sets_end_equal(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 31, 32, 33, 100, 700, 3000};
  for (size_t i = 0; i < 8; i++)
    for (size_t k = 0; k < 3; k++) {
      pair *p = pair_new();
      for (size_t n = 0; n < sizes[i]; n++) {
        uint32_t number = (uint32_t)vls_rng_below(&p->rng, RECORDS_MAX);
        uint64_t who = vls_rng_below(&p->rng, 20);
        if (who != 0 || k == 2) take(&p->a, number);
        if (who != 1 && k != 1) take(&p->b, number);
      }
      assert_true(reconcile(p, true));
      equal(p);
      pair_free(p);
    }
}

static void compare_mark_leaves_only_what_came_later(void **state) {
  (void)state;
  pair *p = pair_new();
  for (uint32_t i = 0; i < 5000; i++) {
    take(&p->a, i);
    take(&p->b, 4999 - i);
  }
  assert_true(reconcile(p, true));
  assert_memory_equal(p->a.mark, p->b.mark, 16);
  relink(p);
  take(&p->b, 6000);
  take(&p->a, 6001);
  p->bytes = 0;
  assert_true(reconcile(p, true));
  equal(p);
  assert_true(p->bytes < 400); /* two lists of one, twice; the end */
  pair_free(p);
}

static void compare_unknown_mark_begins_anew(void **state) {
  (void)state;
  pair *p = pair_new();
  for (uint32_t i = 0; i < 100; i++) {
    take(&p->a, i);
    take(&p->b, i);
  }
  assert_true(reconcile(p, true));
  p->b.has_mark = false; /* an old copy of its data */
  take(&p->b, 200);
  relink(p);
  assert_true(reconcile(p, true));
  equal(p);
  assert_memory_equal(p->a.mark, p->b.mark, 16);
  pair_free(p);
}

static void compare_mark_that_is_not_kept_is_taken_back(void **state) {
  (void)state;
  pair *p = pair_new();
  take(&p->a, 1);
  p->keeps_none = true;
  assert_false(reconcile(p, true));
  assert_false(p->b.has_mark);
  pair_free(p);
}

/* What is not wanted there, and what is not to be had from them, ends the comparison all the same;
 * over the next link it is tried once more, unless the mark is beyond it. */
static void compare_difference_that_stays_is_settled(void **state) {
  (void)state;
  pair *p = pair_new();
  for (uint32_t i = 1; i < 300; i++) {
    take(&p->a, i);
    if (i % 2 == 0) take(&p->b, 1000 + i);
  }
  p->refused = 3;
  assert_true(reconcile(p, false));
  assert_int_equal(p->given, 299);
  assert_true(p->b.known[1]);
  assert_false(p->b.known[3]);
  assert_false(p->a.known[1002]);
  relink(p);
  assert_true(reconcile(p, false));
  assert_int_equal(p->given, 299);
  pair_free(p);
}

static void compare_retry_asks_again(void **state) {
  (void)state;
  pair *p = pair_new();
  vls_buf out;
  vls_buf_init(&out, 70000);
  take(&p->b, 5);
  assert_true(reconcile(p, false));
  assert_false(p->a.known[5]);
  p->a.has_mark = p->b.has_mark = false;
  vls_compare_retry(p->a.compare);
  assert_true(reconcile(p, true));
  assert_true(p->a.known[5]);
  vls_buf_done(&out);
  pair_free(p);
}

/* Records that come while two compare are neither lost nor given twice. */
static void compare_news_meanwhile_are_found_later(void **state) {
  (void)state;
  pair *p = pair_new();
  for (uint32_t i = 0; i < 2000; i++) {
    take(&p->a, i);
    take(&p->b, i);
  }
  vls_buf message, answer;
  vls_buf_init(&message, 70000);
  vls_buf_init(&answer, 70000);
  begin(p, &message);
  take(&p->a, 3000); /* after the opening, before the answer */
  b_hears(p, vls_buf_slice(&message), &answer);
  take(&p->b, 3000); /* and to both of them, in time */
  take(&p->b, 3001);
  vls_buf_clear(&message);
  vls_compare_news news;
  assert_int_equal(vls_compare_hear(p->a.compare, vls_buf_slice(&answer), &p->rng, &news, &message),
                   VLS_OK);
  assert_int_equal(news.kind, VLS_COMPARE_SAME);
  mark_set(&p->a, &news);
  vls_buf_clear(&answer);
  b_hears(p, vls_buf_slice(&message), &answer);
  assert_int_equal(p->b.mark_at, 2000);
  relink(p);
  assert_true(reconcile(p, true));
  equal(p);
  assert_int_equal(p->given, 1);
  vls_buf_done(&message);
  vls_buf_done(&answer);
  pair_free(p);
}

static void compare_bound_of_records(void **state) {
  (void)state;
  uint8_t hash[32] = {1}, id[32];
  vls_compare *c = vls_compare_new(hash);
  for (uint32_t i = 0; i < VLS_COMPARE_RECORDS; i++) {
    memset(id, 0, sizeof id);
    memcpy(id, &i, sizeof i);
    assert_int_equal(vls_compare_add(c, id, i + 1), VLS_OK);
  }
  assert_int_equal(vls_compare_add(c, id, 1), VLS_LIMITED);
  assert_int_equal(vls_compare_upto(c), VLS_COMPARE_RECORDS);
  vls_compare_free(c);
}

static vls_err hears(vls_compare *c, uint64_t turn, size_t mark, vls_slice message, vls_buf *out) {
  static const uint8_t zeros[16];
  uint8_t seed[32] = {0};
  vls_group_sync sync = {.turn = turn, .mark = {zeros, mark}, .message = message};
  vls_buf body;
  vls_rng rng;
  vls_compare_news news;
  vls_buf_init(&body, 70000);
  vls_rng_init(&rng, seed);
  assert_int_equal(vls_wire_encode(&vls_group_sync_def, &sync, &body), VLS_OK);
  vls_err err = vls_compare_hear(c, vls_buf_slice(&body), &rng, &news, out);
  if (err == VLS_OK && news.kind == VLS_COMPARE_ASKED) err = vls_compare_answer(c, &news, out);
  vls_buf_done(&body);
  return err;
}

static void compare_out_of_turn_is_refused(void **state) {
  (void)state;
  uint8_t hash[32] = {1}, junk[] = {0x61, 0xff, 0xff, 0xff}, later[] = {0x62};
  vls_compare *c = vls_compare_new(hash);
  vls_buf out;
  vls_buf_init(&out, 70000);
  vls_slice none = {0};
  assert_int_equal(hears(c, 2, 0, vls_slice_of(junk, 1), &out), VLS_STATE);
  assert_int_equal(hears(c, 5, 0, vls_slice_of(junk, 1), &out), VLS_STATE);
  assert_int_equal(hears(c, 3, 16, none, &out), VLS_STATE);
  assert_int_equal(hears(c, 3, 0, none, &out), VLS_MALFORMED);
  assert_int_equal(hears(c, 4, 0, none, &out), VLS_MALFORMED);
  assert_int_equal(hears(c, 4, 16, none, &out), VLS_OK);
  assert_int_equal(hears(c, 1, 5, none, &out), VLS_MALFORMED);
  assert_int_equal(hears(c, 1, 0, none, &out), VLS_MALFORMED);
  assert_int_equal(hears(c, 1, 0, vls_slice_of(junk, sizeof junk), &out), VLS_MALFORMED);
  vls_compare_open(c, none, &out);
  assert_int_equal(hears(c, 2, 0, vls_slice_of(later, 1), &out), VLS_NEWER);
  assert_int_equal(hears(c, 2, 0, vls_slice_of(junk, 1), &out), VLS_STATE); /* it was given up */
  vls_buf_done(&out);
  vls_compare_free(c);
}

/* Somebody who lists ids without end is heard up to the limit. */
static void compare_endless_list_is_cut(void **state) {
  (void)state;
  uint8_t hash[32] = {1};
  vls_compare *c = vls_compare_new(hash);
  vls_buf out, list;
  vls_buf_init(&out, 70000);
  vls_buf_init(&list, 70000);
  vls_compare_open(c, (vls_slice){0}, &out);
  uint8_t head[] = {0x61, 0, 0, 2, 0x8e, 0x40}, id[32] = {0}; /* all there is: 1,856 ids */
  uint32_t count = 0;
  vls_err err = VLS_OK;
  for (size_t round = 0; round < 3 && err == VLS_OK; round++) {
    vls_buf_clear(&list);
    assert_int_equal(vls_buf_put(&list, head, sizeof head), VLS_OK);
    for (size_t i = 0; i < 1856; i++) {
      count++;
      memcpy(id, &count, sizeof count);
      assert_int_equal(vls_buf_put(&list, id, sizeof id), VLS_OK);
    }
    vls_buf_clear(&out);
    err = hears(c, 2, 0, vls_buf_slice(&list), &out);
  }
  assert_int_equal(err, VLS_STATE); /* one answer said all: the next is to nothing */
  assert_int_equal(vls_compare_to_want(c), 1856);
  vls_buf_done(&out);
  vls_buf_done(&list);
  vls_compare_free(c);
}

/* 10,000 records on each side that the other lacks (issue 4): what comparing costs of it. */
static void compare_two_halves_cost_little(void **state) {
  (void)state;
  pair *p = pair_new();
  for (uint32_t i = 0; i < 2000; i++) {
    take(&p->a, i);
    take(&p->b, i);
  }
  assert_true(reconcile(p, true));
  p->bytes = p->given = p->frames = 0;
  relink(p);
  for (uint32_t i = 0; i < 10000; i++) {
    take(&p->a, 2000 + i);
    take(&p->b, 12000 + i);
  }
  load(&p->a, 0);
  assert_true(reconcile(p, true));
  equal(p);
  assert_int_equal(p->given, 20000);
  size_t wants = 10000 * 34; /* ids in group_want */
  print_message("two halves of 10,000: %zu bytes in %zu rounds to compare, %zu to ask\n", p->bytes,
                p->frames, wants);
  assert_true(p->bytes + wants < (size_t)20000 * 100);
  pair_free(p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(compare_random_sets_end_equal),
      cmocka_unit_test(compare_mark_leaves_only_what_came_later),
      cmocka_unit_test(compare_unknown_mark_begins_anew),
      cmocka_unit_test(compare_mark_that_is_not_kept_is_taken_back),
      cmocka_unit_test(compare_difference_that_stays_is_settled),
      cmocka_unit_test(compare_retry_asks_again),
      cmocka_unit_test(compare_news_meanwhile_are_found_later),
      cmocka_unit_test(compare_bound_of_records),
      cmocka_unit_test(compare_out_of_turn_is_refused),
      cmocka_unit_test(compare_endless_list_is_cut),
      cmocka_unit_test(compare_two_halves_cost_little),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
