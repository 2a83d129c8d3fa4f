/* Spreading in a large group, simulated: the overlay, Plumtree on it, links of different lengths,
 * members who vanish. test_carry_spread MEMBERS prints figures of a group of that size. */
#include "vec_hex.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "carry/overlay.h"
#include "carry/spread.h"
#include "crypto/kdf.h"
#include "crypto/rng.h"

enum { MESSAGES = 120, WARM = 40, STEPS = 64, DETECT_MS = 30000, LINKS = VLS_SPREAD_PEERS };

typedef struct what {
  uint64_t at;
  uint32_t from, to;
  uint16_t message;
  uint8_t kind; /* vls_spread_kind; TICK */
} what;

enum { TICK = 9 };

typedef struct town {
  uint32_t n;
  vls_overlay **overlay;
  vls_spread **spread;
  bool *alive, *has; /* has: n for each message */
  uint64_t *got_at, *tick_at, sent_at[MESSAGES], now;
  what *heap;
  size_t n_heap, cap_heap;
  size_t records, small;
  vls_rng rng;
} town;

static uint64_t draw(town *t, uint64_t below) {
  return vls_rng_below(&t->rng, below);
}

/* One way between two members, in ms: a mean of some 86. The same both ways, always. */
static uint32_t way(uint32_t a, uint32_t b) {
  uint32_t pair[2] = {a < b ? a : b, a < b ? b : a};
  uint8_t hash[32];
  vls_sha256(hash, vls_slice_of(pair, sizeof pair));
  return 20 + vls_be32_get(hash) % 133;
}

static void push(town *t, what w) {
  if (t->n_heap == t->cap_heap) {
    t->cap_heap = t->cap_heap == 0 ? 1024 : t->cap_heap * 2;
    t->heap = vls_realloc(t->heap, t->cap_heap * sizeof *t->heap);
  }
  size_t i = t->n_heap++;
  for (; i > 0 && t->heap[(i - 1) / 2].at > w.at; i = (i - 1) / 2)
    t->heap[i] = t->heap[(i - 1) / 2];
  t->heap[i] = w;
}

static what pop(town *t) {
  what first = t->heap[0], last = t->heap[--t->n_heap];
  size_t i = 0;
  for (;;) {
    size_t k = 2 * i + 1;
    if (k + 1 < t->n_heap && t->heap[k + 1].at < t->heap[k].at) k++;
    if (k >= t->n_heap || t->heap[k].at >= last.at) break;
    t->heap[i] = t->heap[k];
    i = k;
  }
  t->heap[i] = last;
  return first;
}

static void id_of(uint16_t message, uint8_t id[32]) {
  memset(id, 0, 32);
  id[31] = (uint8_t)message;
  id[3] = (uint8_t)message; /* into buckets of their own */
  id[2] = (uint8_t)(message >> 8);
}

static uint16_t message_of(const uint8_t id[32]) {
  return (uint16_t)(id[3] | id[2] << 8);
}

static void flush(town *t, uint32_t i) {
  vls_spread_out o;
  while (vls_spread_poll(t->spread[i], &o)) {
    if (o.kind == VLS_SPREAD_RECORD)
      t->records++;
    else
      t->small++;
    push(t, (what){t->now + way(i, o.peer), i, o.peer, message_of(o.id), (uint8_t)o.kind});
  }
  uint64_t due = vls_spread_deadline(t->spread[i]);
  if (due < t->tick_at[i]) {
    t->tick_at[i] = due;
    push(t, (what){due, i, i, 0, TICK});
  }
}

static void got(town *t, uint32_t i, uint16_t message, uint32_t from) {
  uint8_t id[32];
  id_of(message, id);
  bool had = t->has[message * t->n + i];
  vls_err err = vls_spread_got(t->spread[i], id, from, t->now);
  assert_int_equal(err, had ? VLS_DUPLICATE : VLS_OK);
  t->has[message * t->n + i] = true;
  if (!had) t->got_at[message * t->n + i] = t->now;
}

static void happen(town *t, const what *w) {
  uint8_t id[32];
  t->now = w->at;
  if (!t->alive[w->to]) return;
  id_of(w->message, id);
  if (w->kind == TICK) {
    t->tick_at[w->to] = VLS_NEVER;
    vls_spread_tick(t->spread[w->to], t->now);
  } else if (w->kind == VLS_SPREAD_RECORD) {
    got(t, w->to, w->message, w->from);
  } else {
    (void)!vls_spread_heard(t->spread[w->to], (vls_spread_kind)w->kind, id, w->from,
                            t->has[w->message * t->n + w->to], t->now);
  }
  flush(t, w->to);
}

static void run_until(town *t, uint64_t at) {
  while (t->n_heap > 0 && t->heap[0].at <= at) {
    what w = pop(t);
    happen(t, &w);
  }
  t->now = at;
}

/* At each connect the two compare what they have, and fetch it (GROUP 7.2). */
static void sync_two(town *t, uint32_t to, uint32_t from) {
  for (uint16_t m = 0; m < MESSAGES; m++)
    if (t->has[m * t->n + from] && !t->has[m * t->n + to])
      push(t, (what){t->now + 4 * way(to, from), from, to, m, VLS_SPREAD_RECORD});
}

static void link_up(town *t, uint32_t a, uint32_t b) {
  sync_two(t, a, b);
  sync_two(t, b, a);
  if (vls_spread_up(t->spread[a], b, 2 * way(a, b)) != VLS_OK) return;
  if (vls_spread_up(t->spread[b], a, 2 * way(a, b)) != VLS_OK) vls_spread_down(t->spread[a], b);
}

/* What a member does about who is in reach now. */
static void choose_links(town *t, uint32_t i) {
  uint32_t list[VLS_OVERLAY_SLOTS];
  for (uint32_t k = 0; k < t->n; k++)
    if (!t->alive[k]) vls_spread_down(t->spread[i], k);
  size_t n = vls_overlay_neighbours(t->overlay[i], t->alive, STEPS, list);
  for (size_t k = 0; k < n; k++)
    link_up(t, i, list[k]);
}

/* Whatever they are, they differ. */
static uint8_t (*keys_of(uint32_t n))[32] {
  uint8_t(*keys)[32] = vls_calloc(n, sizeof *keys);
  for (uint32_t i = 0; i < n; i++)
    vls_be32_put(keys[i], i);
  return keys;
}

static void found(town *t, uint32_t n, uint8_t seed) {
  uint8_t bytes[32] = {seed};
  *t = (town){.n = n, .now = 1000};
  vls_rng_init(&t->rng, bytes);
  t->overlay = vls_calloc(n, sizeof *t->overlay);
  t->spread = vls_calloc(n, sizeof *t->spread);
  t->alive = vls_calloc(n, 1);
  t->has = vls_calloc((size_t)n * MESSAGES, 1);
  t->got_at = vls_calloc((size_t)n * MESSAGES, sizeof *t->got_at);
  t->tick_at = vls_calloc(n, sizeof *t->tick_at);
  uint8_t(*keys)[32] = keys_of(n);
  for (uint32_t i = 0; i < n; i++) {
    t->overlay[i] = vls_overlay_new(bytes, (const uint8_t(*)[32])keys, n, i);
    t->spread[i] = vls_spread_new();
    t->alive[i] = true;
    t->tick_at[i] = VLS_NEVER;
  }
  free(keys);
  for (uint32_t i = 0; i < n; i++)
    choose_links(t, i);
}

static void end(town *t) {
  for (uint32_t i = 0; i < t->n; i++) {
    vls_overlay_free(t->overlay[i]);
    vls_spread_free(t->spread[i]);
  }
  free(t->overlay);
  free(t->spread);
  free(t->alive);
  free(t->has);
  free(t->got_at);
  free(t->tick_at);
  free(t->heap);
}

static void say(town *t, uint16_t message) {
  uint32_t who;
  do
    who = (uint32_t)draw(t, t->n);
  while (!t->alive[who]);
  t->sent_at[message] = t->now;
  got(t, who, message, VLS_SPREAD_SELF);
  flush(t, who);
}

static int by_size(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

/* How late the slowest in a hundred got these messages, in ms; UINT64_MAX: somebody did not. */
static uint64_t late(const town *t, uint16_t from, uint16_t to, double share) {
  size_t n = 0;
  uint64_t *took = vls_calloc((size_t)t->n * MESSAGES, sizeof *took);
  for (uint16_t m = from; m < to; m++)
    for (uint32_t i = 0; i < t->n; i++) {
      if (!t->alive[i]) continue;
      took[n++] = t->has[m * t->n + i] ? t->got_at[m * t->n + i] - t->sent_at[m] : UINT64_MAX;
    }
  qsort(took, n, sizeof *took, by_size);
  uint64_t ret = took[(size_t)((double)(n - 1) * share)];
  free(took);
  return ret;
}

typedef struct figures {
  double records, small; /* for each member and message */
  uint64_t p99, worst, after_loss;
} figures;

static figures measure(uint32_t n, uint8_t seed) {
  town t;
  figures f;
  enum { CALM = 80 };
  found(&t, n, seed);
  for (uint16_t m = 0; m < CALM; m++) {
    if (m == WARM) t.records = t.small = 0;
    say(&t, m);
    run_until(&t, t.now + 2000 + draw(&t, 1000));
  }
  run_until(&t, t.now + 60000);
  f.records = (double)t.records / ((double)n * (CALM - WARM));
  f.small = (double)t.small / ((double)n * (CALM - WARM));
  f.p99 = late(&t, WARM, CALM, 0.99);
  f.worst = late(&t, 0, CALM, 1);
  for (uint32_t i = 0; i < n; i++)
    if (draw(&t, 10) < 3) t.alive[i] = false;
  uint64_t lost = t.now;
  uint16_t m = CALM;
  for (; m < CALM + 10; m++) { /* nobody knows yet */
    say(&t, m);
    run_until(&t, t.now + 2500);
  }
  run_until(&t, lost + DETECT_MS);
  for (uint32_t i = 0; i < n; i++)
    if (t.alive[i]) choose_links(&t, i);
  for (; m < MESSAGES; m++) {
    say(&t, m);
    run_until(&t, t.now + 1000);
  }
  run_until(&t, lost + 120000);
  f.after_loss = late(&t, CALM, MESSAGES, 1);
  end(&t);
  return f;
}

static void everybody_gets_every_record_about_once(void **state) {
  (void)state;
  for (uint8_t seed = 1; seed <= 3; seed++) {
    figures f = measure(120, seed);
    assert_true(f.worst < 60000);  /* all, the first ones too */
    assert_true(f.records <= 1.1); /* copies of a record for each member */
    assert_true(f.p99 < 1500);     /* of simulated time */
  }
}

/* Sync finds what the tree lost; most of it the tree finds by itself. */
static void loss_of_a_third_is_got_over(void **state) {
  (void)state;
  for (uint8_t seed = 4; seed <= 6; seed++)
    assert_true(measure(120, seed).after_loss < 60000);
}

static void neighbours_are_the_same_for_all(void **state) {
  (void)state;
  static const uint8_t seed[32] = {5};
  enum { N = 40 };
  vls_overlay *all[N];
  uint8_t(*keys)[32] = keys_of(N + 1);
  bool reach[N];
  for (uint32_t i = 0; i < N; i++) {
    all[i] = vls_overlay_new(seed, (const uint8_t(*)[32])keys, N, i);
    reach[i] = true;
  }
  for (uint32_t i = 0; i < N; i++)
    for (unsigned slot = 0; slot < VLS_OVERLAY_SLOTS; slot++) {
      bool met[N] = {false};
      for (uint32_t step = 0; step + 1 < N; step++) { /* each slot walks past everybody once */
        uint32_t m = vls_overlay_at(all[i], slot, step);
        assert_true(m < N && m != i && !met[m]);
        met[m] = true;
        assert_int_equal(vls_overlay_at(all[m], slot ^ 1, step), i);
      }
      assert_int_equal(vls_overlay_at(all[i], slot, N - 1), VLS_OVERLAY_NOBODY);
    }
  uint32_t list[VLS_OVERLAY_SLOTS];
  assert_in_range(vls_overlay_neighbours(all[0], reach, N, list), 4, VLS_OVERLAY_SLOTS);
  uint32_t first = list[0];
  reach[first] = false;
  size_t n = vls_overlay_neighbours(all[0], reach, N, list);
  for (size_t i = 0; i < n; i++)
    assert_int_not_equal(list[i], first);
  memset(reach, 0, sizeof reach);
  assert_int_equal(vls_overlay_neighbours(all[0], reach, N, list), 0);
  for (uint32_t i = 0; i < N; i++)
    vls_overlay_free(all[i]);
  const uint8_t(*names)[32] = (const uint8_t(*)[32])keys;
  assert_null(vls_overlay_new(seed, names, 1, 0));
  assert_null(vls_overlay_new(seed, names, 5, 5));
  assert_null(vls_overlay_new(seed, names, VLS_OVERLAY_MEMBERS + 1, 0));
  free(keys);
}

/* One more member stands between two on each cycle, and nobody else notices. */
static void newcomer_moves_only_those_beside_it(void **state) {
  (void)state;
  static const uint8_t seed[32] = {6};
  enum { N = 200 };
  uint8_t(*keys)[32] = keys_of(N + 1);
  unsigned moved = 0;
  for (uint32_t i = 0; i < N; i++) {
    vls_overlay *before = vls_overlay_new(seed, (const uint8_t(*)[32])keys, N, i);
    vls_overlay *after = vls_overlay_new(seed, (const uint8_t(*)[32])keys, N + 1, i);
    for (unsigned slot = 0; slot < VLS_OVERLAY_SLOTS; slot++) {
      uint32_t now = vls_overlay_at(after, slot, 0);
      if (now == vls_overlay_at(before, slot, 0)) continue;
      assert_int_equal(now, N);
      moved++;
    }
    vls_overlay_free(before);
    vls_overlay_free(after);
  }
  assert_int_equal(moved, VLS_OVERLAY_SLOTS);
  free(keys);
}

/* One node, step by step */

static void expect(vls_spread *s, vls_spread_kind kind, uint32_t peer) {
  vls_spread_out o;
  assert_true(vls_spread_poll(s, &o));
  assert_int_equal(o.kind, kind);
  assert_int_equal(o.peer, peer);
}

static void expect_nothing(vls_spread *s) {
  vls_spread_out o;
  assert_false(vls_spread_poll(s, &o));
}

static void who_sends_twice_is_pruned_and_who_is_missed_grafted(void **state) {
  (void)state;
  static const uint8_t a[32] = {1}, b[32] = {2};
  vls_spread *s = vls_spread_new();
  assert_int_equal(vls_spread_up(s, 1, 100), VLS_OK);
  assert_int_equal(vls_spread_up(s, 2, 300), VLS_OK);
  assert_int_equal(vls_spread_got(s, a, 1, 1250), VLS_OK);
  expect(s, VLS_SPREAD_RECORD, 2);
  assert_int_equal(vls_spread_got(s, a, 2, 1250), VLS_DUPLICATE);
  expect(s, VLS_SPREAD_PRUNE, 2);
  assert_int_equal(vls_spread_eager(s), 1);
  assert_int_equal(vls_spread_heard(s, VLS_SPREAD_IHAVE, b, 2, false, 1000), VLS_OK);
  expect_nothing(s);
  assert_true(vls_spread_deadline(s) == 1000 + 600); /* twice the longest way */
  vls_spread_tick(s, 1599);
  expect_nothing(s);
  vls_spread_tick(s, 1600);
  expect(s, VLS_SPREAD_GRAFT, 2);
  assert_int_equal(vls_spread_eager(s), 2);
  assert_int_equal(vls_spread_got(s, b, 2, 1250), VLS_OK);
  expect(s, VLS_SPREAD_RECORD, 1);
  assert_true(vls_spread_deadline(s) == VLS_NEVER);
  assert_int_equal(vls_spread_heard(s, VLS_SPREAD_PRUNE, b, 1, true, 1300), VLS_OK);
  assert_int_equal(vls_spread_heard(s, VLS_SPREAD_GRAFT, a, 1, true, 1300), VLS_OK);
  expect(s, VLS_SPREAD_RECORD, 1);
  assert_int_equal(vls_spread_heard(s, VLS_SPREAD_GRAFT, a, 9, true, 1300), VLS_NOT_FOUND);
  assert_int_equal(vls_spread_heard(s, VLS_SPREAD_RECORD, a, 1, true, 1300), VLS_MALFORMED);
  expect_nothing(s);
  vls_spread_free(s);
  vls_spread_free(NULL);
}

static void last_branch_that_breaks_makes_the_others_eager(void **state) {
  (void)state;
  static const uint8_t a[32] = {1};
  vls_spread *s = vls_spread_new();
  for (uint32_t i = 1; i <= 3; i++)
    assert_int_equal(vls_spread_up(s, i, 100), VLS_OK);
  for (uint32_t i = 2; i <= 3; i++)
    assert_int_equal(vls_spread_heard(s, VLS_SPREAD_PRUNE, a, i, false, 0), VLS_OK);
  assert_int_equal(vls_spread_eager(s), 1);
  vls_spread_down(s, 7);
  vls_spread_down(s, 1);
  assert_int_equal(vls_spread_eager(s), 2);
  vls_spread_free(s);
}

static void everything_of_a_node_has_a_limit(void **state) {
  (void)state;
  uint8_t id[32] = {0};
  vls_spread *s = vls_spread_new();
  for (uint32_t i = 0; i < VLS_SPREAD_PEERS; i++)
    assert_int_equal(vls_spread_up(s, i, 1), VLS_OK);
  assert_int_equal(vls_spread_up(s, VLS_SPREAD_PEERS, 1), VLS_LIMITED);
  assert_int_equal(vls_spread_up(s, 3, UINT32_MAX), VLS_OK);
  for (uint32_t i = 0; i < 2 * VLS_SPREAD_MISSING; i++) {
    vls_be32_put(id + 4, i + 1);
    for (uint32_t k = 0; k < 2 * VLS_SPREAD_ASKED; k++)
      assert_int_equal(vls_spread_heard(s, VLS_SPREAD_IHAVE, id, k, false, 5), VLS_OK);
  }
  assert_true(vls_spread_deadline(s) == 5 + VLS_SPREAD_WAIT_MAX);
  vls_spread_out o;
  size_t grafts = 0;
  for (uint64_t now = 0; vls_spread_deadline(s) != VLS_NEVER && now < 100; now++) {
    vls_spread_tick(s, now * 2 * VLS_SPREAD_WAIT_MAX);
    while (vls_spread_poll(s, &o))
      grafts++;
  }
  assert_int_equal(grafts, VLS_SPREAD_MISSING * VLS_SPREAD_ASKED); /* and then it gives up */
  for (uint32_t i = 0; i < 3 * VLS_SPREAD_SEEN; i++) {
    vls_be32_put(id, i);
    assert_int_equal(vls_spread_got(s, id, VLS_SPREAD_SELF, 1250), VLS_OK);
    while (vls_spread_poll(s, &o))
      continue;
  }
  assert_int_equal(vls_spread_got(s, id, VLS_SPREAD_SELF, 1250), VLS_DUPLICATE);
  vls_be32_put(id, 2 * VLS_SPREAD_SEEN);
  assert_int_equal(vls_spread_got(s, id, VLS_SPREAD_SELF, 1250), VLS_DUPLICATE);
  vls_be32_put(id, 2 * VLS_SPREAD_SEEN - 1);
  assert_int_equal(vls_spread_got(s, id, VLS_SPREAD_SELF, 1250), VLS_OK); /* forgotten */
  vls_spread_free(s);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(neighbours_are_the_same_for_all),
      cmocka_unit_test(newcomer_moves_only_those_beside_it),
      cmocka_unit_test(who_sends_twice_is_pruned_and_who_is_missed_grafted),
      cmocka_unit_test(last_branch_that_breaks_makes_the_others_eager),
      cmocka_unit_test(everything_of_a_node_has_a_limit),
      cmocka_unit_test(everybody_gets_every_record_about_once),
      cmocka_unit_test(loss_of_a_third_is_got_over),
  };
  if (argc > 1) {
    figures f = measure((uint32_t)strtoul(argv[1], NULL, 10), 1);
    printf("records a member and message: %.3f; announcements and requests: %.2f\n", f.records,
           f.small);
    printf("p99 %llu ms, worst %llu ms; worst of the rest when 30%% vanished %llu ms\n",
           (unsigned long long)f.p99, (unsigned long long)f.worst,
           (unsigned long long)f.after_loss);
    return 0;
  }
  return cmocka_run_group_tests(tests, NULL, NULL);
}
