#include <stdio.h>
#include <stdlib.h>

#include "vec_hex.h"

#include "conv/authority.h"
#include "crypto/rng.h"

enum { LINE = 8192, ACTS = 256, PEOPLE = 8 };

static const char letters[] = "fabcdegh"; /* f founded it */

/* A graph of proto/vectors/authority.txt. */
typedef struct graph {
  vls_act acts[ACTS];
  uint32_t parents[ACTS][VLS_ACT_PARENTS];
  size_t n;
  bool is_void[ACTS];
  char levels[PEOPLE + 1];
} graph;

static uint32_t person(char letter) {
  const char *at = memchr(letters, letter, PEOPLE);
  assert_non_null(at);
  return (uint32_t)(at - letters);
}

static void read_act(graph *g, char *word) {
  assert_true(g->n < ACTS);
  vls_act *act = &g->acts[g->n];
  uint32_t *parents = g->parents[g->n++];
  *act = (vls_act){.author = person(word[0]), .parents = parents};
  act->kind = word[1] == 's' ? VLS_ACT_SET : word[1] == 'r' ? VLS_ACT_REMOVE : VLS_ACT_WORDS;
  if (act->kind != VLS_ACT_WORDS) act->target = person(word[2]);
  if (act->kind == VLS_ACT_SET) act->level = (uint8_t)(word[3] - '0');
  for (char *p = strchr(word, ','); p != NULL; p = strchr(p + 1, ',')) {
    assert_true(act->n_parents < VLS_ACT_PARENTS);
    parents[act->n_parents++] = (uint32_t)strtoul(p + 1, NULL, 10);
  }
}

static bool read_graph(FILE *file, graph *g) {
  static char line[LINE];
  unsigned part = 0;
  do
    if (fgets(line, sizeof line, file) == NULL) return false;
  while (line[0] == '#');
  *g = (graph){0};
  char *rest = line;
  for (char *word = strsep(&rest, " \n"); word != NULL; word = strsep(&rest, " \n")) {
    if (word[0] == 0) continue;
    if (strcmp(word, "|") == 0)
      part++;
    else if (part == 0)
      read_act(g, word);
    else if (part == 1)
      g->is_void[strtoul(word, NULL, 10)] = true;
    else
      snprintf(g->levels, sizeof g->levels, "%s", word);
  }
  assert_int_equal(part, 2);
  return true;
}

/* Another order in which each act comes after those its author had seen. */
static void shuffle(const graph *g, vls_rng *rng, size_t order[ACTS]) {
  bool done[ACTS] = {false};
  for (size_t n = 0; n < g->n; n++) {
    size_t ready[ACTS], n_ready = 0;
    for (size_t i = 0; i < g->n; i++) {
      bool ok = !done[i];
      for (size_t k = 0; k < g->acts[i].n_parents && ok; k++)
        ok = done[g->parents[i][k]];
      if (ok) ready[n_ready++] = i;
    }
    order[n] = ready[vls_rng_below(rng, n_ready)];
    done[order[n]] = true;
  }
}

static void play(const graph *g, const size_t order[ACTS]) {
  static const uint32_t founder = 0;
  uint32_t number[ACTS];
  vls_authority *a = vls_authority_new(&founder, 1);
  for (size_t i = 0; i < g->n; i++) {
    vls_act act = g->acts[order[i]];
    uint32_t parents[VLS_ACT_PARENTS];
    for (size_t k = 0; k < act.n_parents; k++)
      parents[k] = number[act.parents[k]];
    act.parents = parents;
    assert_int_equal(vls_authority_add(a, &act, &number[order[i]]), VLS_OK);
  }
  for (size_t i = 0; i < g->n; i++)
    assert_int_equal(vls_authority_is_void(a, number[i]), g->is_void[i]);
  for (uint32_t who = 0; who < PEOPLE; who++)
    assert_int_equal(vls_authority_level(a, who), g->levels[who] - '0');
  vls_authority_free(a);
}

static void graphs_of_the_reference_come_out_alike_in_any_order(void **state) {
  (void)state;
  static graph g;
  uint8_t seed[32] = {31};
  vls_rng rng;
  size_t graphs = 0, order[ACTS];
  vls_rng_init(&rng, seed);
  FILE *file = fopen(VALISE_SOURCE_DIR "/proto/vectors/authority.txt", "rb");
  assert_non_null(file);
  for (; read_graph(file, &g); graphs++) {
    for (size_t i = 0; i < g.n; i++)
      order[i] = i;
    play(&g, order);
    for (unsigned k = 0; k < 3; k++) {
      shuffle(&g, &rng, order);
      play(&g, order);
    }
  }
  fclose(file);
  assert_true(graphs >= 2200);
}

static uint32_t add(vls_authority *a, vls_act act, const uint32_t *parents, size_t n) {
  uint32_t number = UINT32_MAX;
  act.parents = parents;
  act.n_parents = n;
  assert_int_equal(vls_authority_add(a, &act, &number), VLS_OK);
  return number;
}

static vls_act set(uint32_t author, uint32_t target, uint8_t level) {
  return (vls_act){.kind = VLS_ACT_SET, .author = author, .target = target, .level = level};
}

static vls_act removal(uint32_t author, uint32_t target) {
  return (vls_act){.kind = VLS_ACT_REMOVE, .author = author, .target = target};
}

static const uint32_t founder = 0;

static void founder_is_never_thrown_out(void **state) {
  (void)state;
  vls_authority *a = vls_authority_new(&founder, 1);
  uint32_t owner = add(a, set(0, 1, VLS_LEVEL_OWNER), NULL, 0);
  uint32_t out = add(a, removal(1, 0), &owner, 1);
  assert_true(vls_authority_is_void(a, out));
  uint32_t leaves = add(a, removal(0, 0), &out, 1);
  assert_true(vls_authority_is_void(a, leaves));
  assert_int_equal(vls_authority_level(a, 0), VLS_LEVEL_FOUNDER);
  vls_authority_free(a);
}

/* Anything goes in these: who may admit whom is the caller's to check before. */
static void random_graph(graph *g, vls_rng *rng, size_t n) {
  *g = (graph){.n = n};
  for (size_t i = 0; i < n; i++) {
    static const vls_act_kind kinds[] = {VLS_ACT_SET,   VLS_ACT_SET,   VLS_ACT_REMOVE,
                                         VLS_ACT_ADMIT, VLS_ACT_ADMIT, VLS_ACT_WORDS};
    vls_act *act = &g->acts[i];
    *act = (vls_act){.kind = kinds[vls_rng_below(rng, 6)],
                     .author = (uint32_t)vls_rng_below(rng, 6),
                     .target = (uint32_t)vls_rng_below(rng, 6),
                     .level = (uint8_t)(1 + vls_rng_below(rng, 4)),
                     .parents = g->parents[i]};
    if (i < 3) act->author = 0, act->kind = VLS_ACT_SET;
    for (size_t k = 0; i > 0 && k < 1 + vls_rng_below(rng, 2); k++)
      g->parents[i][act->n_parents++] = (uint32_t)(i - 1 - vls_rng_below(rng, i < 5 ? i : 5));
  }
}

static void admissions_come_out_alike_in_any_order(void **state) {
  (void)state;
  static graph g;
  static const uint32_t founder_only[] = {0};
  enum { GRAPHS = 400, LONG = 40 };
  uint8_t seed[32] = {77};
  vls_rng rng;
  size_t order[ACTS], admitted = 0;
  vls_rng_init(&rng, seed);
  for (unsigned n = 0; n < GRAPHS; n++) {
    random_graph(&g, &rng, LONG);
    vls_authority *a = vls_authority_new(founder_only, 1);
    for (size_t i = 0; i < g.n; i++) {
      uint32_t number;
      assert_int_equal(vls_authority_add(a, &g.acts[i], &number), VLS_OK);
    }
    for (uint32_t i = 0; i < g.n; i++) {
      g.is_void[i] = vls_authority_is_void(a, i);
      admitted += g.acts[i].kind == VLS_ACT_ADMIT && !g.is_void[i] ? 1 : 0;
    }
    for (uint32_t who = 0; who < PEOPLE; who++)
      g.levels[who] = (char)('0' + vls_authority_level(a, who));
    vls_authority_free(a);
    for (unsigned k = 0; k < 4; k++) {
      shuffle(&g, &rng, order);
      play(&g, order);
    }
  }
  assert_true(admitted > GRAPHS);
}

static vls_act admission(uint32_t author, uint32_t target) {
  return (vls_act){.kind = VLS_ACT_ADMIT, .author = author, .target = target};
}

static void admission_lowers_nobody_and_heeds_who_removed(void **state) {
  (void)state;
  vls_authority *a = vls_authority_new(&founder, 1);
  uint32_t one = add(a, set(0, 1, VLS_LEVEL_MEMBER), NULL, 0);
  uint32_t in = add(a, admission(1, 2), &one, 1);
  assert_int_equal(vls_authority_level(a, 2), VLS_LEVEL_MEMBER);
  uint32_t up = add(a, set(0, 2, VLS_LEVEL_ADMIN), &one, 1); /* at once with the admission */
  assert_int_equal(vls_authority_level(a, 2), VLS_LEVEL_ADMIN);
  const uint32_t both[] = {in, up};
  assert_true(vls_authority_is_void(a, add(a, admission(1, 2), both, 2))); /* a member already */
  uint32_t out = add(a, removal(0, 2), both, 2);
  assert_int_equal(vls_authority_level(a, 2), VLS_LEVEL_NONE);
  assert_true(vls_authority_is_void(a, add(a, admission(1, 2), &out, 1)));
  vls_past *past = vls_authority_past(a, &out, 1);
  assert_int_equal(vls_past_remover(a, past, 2), VLS_LEVEL_FOUNDER);
  assert_int_equal(vls_past_level(a, past, 2), VLS_LEVEL_NONE);
  assert_true(vls_past_has(past, in) && !vls_past_is_void(past, in));
  uint32_t back = add(a, admission(0, 2), &out, 1);
  assert_false(vls_authority_is_void(a, back));
  assert_false(vls_past_has(past, back));
  assert_true(vls_past_is_void(past, back));
  assert_int_equal(vls_past_level_now(a, past, VLS_GROUP_CITIZENS), VLS_LEVEL_NONE);
  uint32_t leaves = add(a, removal(2, 2), &back, 1);
  assert_false(vls_authority_is_void(a, add(a, admission(1, 2), &leaves, 1)));
  vls_past_free(past);
  vls_authority_free(a);
}

/* What somebody had seen stays as it was, whatever comes after. */
static void past_of_an_act_never_changes(void **state) {
  (void)state;
  static graph g;
  uint8_t seed[32] = {78}, before[ACTS][PEOPLE];
  vls_rng rng;
  vls_past *pasts[ACTS];
  vls_rng_init(&rng, seed);
  for (unsigned n = 0; n < 60; n++) {
    random_graph(&g, &rng, 40);
    vls_authority *a = vls_authority_new(&founder, 1);
    for (uint32_t i = 0; i < g.n; i++) {
      uint32_t number;
      assert_int_equal(vls_authority_add(a, &g.acts[i], &number), VLS_OK);
      pasts[i] = vls_authority_past(a, &i, 1);
      for (uint32_t who = 0; who < PEOPLE; who++)
        before[i][who] = vls_past_level(a, pasts[i], who);
    }
    for (uint32_t i = 0; i < g.n; i++) {
      vls_past *now = vls_authority_past(a, &i, 1);
      for (uint32_t who = 0; who < PEOPLE; who++) {
        assert_int_equal(vls_past_level(a, pasts[i], who), before[i][who]);
        assert_int_equal(vls_past_level(a, now, who), before[i][who]);
      }
      vls_past_free(now);
      vls_past_free(pasts[i]);
    }
    vls_authority_free(a);
  }
  vls_past_free(NULL);
}

static void two_admins_who_remove_each_other_at_once_both_stay(void **state) {
  (void)state;
  vls_authority *a = vls_authority_new(&founder, 1);
  uint32_t one = add(a, set(0, 1, VLS_LEVEL_ADMIN), NULL, 0);
  uint32_t both = add(a, set(0, 2, VLS_LEVEL_ADMIN), &one, 1);
  assert_true(vls_authority_is_void(a, add(a, removal(1, 2), &both, 1)));
  assert_true(vls_authority_is_void(a, add(a, removal(2, 1), &both, 1)));
  assert_int_equal(vls_authority_level(a, 1), VLS_LEVEL_ADMIN);
  assert_int_equal(vls_authority_level(a, 2), VLS_LEVEL_ADMIN);
  vls_authority_free(a);
}

/* What an admin did while being removed is void, and so is what followed from it. */
static void removal_that_arrives_late_takes_back_what_followed(void **state) {
  (void)state;
  vls_authority *a = vls_authority_new(&founder, 1);
  uint32_t admin = add(a, set(0, 1, VLS_LEVEL_ADMIN), NULL, 0);
  uint32_t friend_in = add(a, set(1, 2, VLS_LEVEL_MODERATOR), &admin, 1);
  uint32_t member = add(a, set(0, 3, VLS_LEVEL_MEMBER), &admin, 1);
  const uint32_t heads[] = {friend_in, member};
  uint32_t kick = add(a, removal(2, 3), heads, 2);
  assert_int_equal(vls_authority_level(a, 3), VLS_LEVEL_NONE);
  uint32_t out = add(a, removal(0, 1), &admin, 1); /* seen nothing of it */
  assert_false(vls_authority_is_void(a, out));
  assert_true(vls_authority_is_void(a, friend_in));
  assert_true(vls_authority_is_void(a, kick));
  assert_int_equal(vls_authority_level(a, 2), VLS_LEVEL_NONE);
  assert_int_equal(vls_authority_level(a, 3), VLS_LEVEL_MEMBER);
  assert_int_equal(vls_authority_rank(a, kick), VLS_LEVEL_MODERATOR);
  assert_true(vls_authority_saw(a, kick, admin));
  assert_false(vls_authority_saw(a, out, kick));
  vls_authority_free(a);
}

static void broken_acts_are_refused(void **state) {
  (void)state;
  static const uint32_t none[VLS_ACT_PARENTS + 1] = {0};
  vls_authority *a = vls_authority_new(&founder, 1);
  uint32_t number;
  vls_act act = set(0, 1, VLS_LEVEL_FOUNDER);
  assert_int_equal(vls_authority_add(a, &act, &number), VLS_MALFORMED);
  act = set(0, 1, VLS_LEVEL_NONE);
  assert_int_equal(vls_authority_add(a, &act, &number), VLS_MALFORMED);
  act = set(0, VLS_GROUP_CITIZENS, VLS_LEVEL_MEMBER);
  assert_int_equal(vls_authority_add(a, &act, &number), VLS_MALFORMED);
  act = removal(VLS_GROUP_CITIZENS, 1);
  assert_int_equal(vls_authority_add(a, &act, &number), VLS_MALFORMED);
  act = set(0, 1, VLS_LEVEL_MEMBER);
  act.parents = none;
  act.n_parents = 1;
  assert_int_equal(vls_authority_add(a, &act, &number), VLS_NOT_FOUND);
  act.n_parents = VLS_ACT_PARENTS + 1;
  assert_int_equal(vls_authority_add(a, &act, &number), VLS_MALFORMED);
  assert_int_equal(vls_authority_count(a), 0);
  vls_authority_free(a);
}

static void acts_end_at_their_bound(void **state) {
  (void)state;
  vls_authority *a = vls_authority_new(&founder, 1);
  uint32_t last = add(a, set(0, 1, VLS_LEVEL_MEMBER), NULL, 0);
  while (vls_authority_count(a) < VLS_ACTS_MAX)
    last = add(a, set(0, 1 + last % 1000, (uint8_t)(1 + last % 3)), &last, 1);
  vls_act act = set(0, 1, VLS_LEVEL_MEMBER);
  uint32_t number;
  assert_int_equal(vls_authority_add(a, &act, &number), VLS_LIMITED);
  assert_true(vls_authority_saw(a, last, 0));
  vls_authority_free(a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(graphs_of_the_reference_come_out_alike_in_any_order),
      cmocka_unit_test(admissions_come_out_alike_in_any_order),
      cmocka_unit_test(admission_lowers_nobody_and_heeds_who_removed),
      cmocka_unit_test(past_of_an_act_never_changes),
      cmocka_unit_test(founder_is_never_thrown_out),
      cmocka_unit_test(two_admins_who_remove_each_other_at_once_both_stay),
      cmocka_unit_test(removal_that_arrives_late_takes_back_what_followed),
      cmocka_unit_test(broken_acts_are_refused),
      cmocka_unit_test(acts_end_at_their_bound),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
