/* Whole groups by chance: partitions, losses, crashes, members who come and go, everybody acting at
 * once. Each seed is a world; test_conv_group_random SEED plays one, FIRST LAST a range. */
#include "group_craft.h"
#include "group_rows.h"

enum { SEEDS = 24, STEPS = 60, PEOPLE = 7, MAL = 3 };

/* Who was a member in the eyes of whoever said it. */
typedef struct spoken {
  uint8_t id[32];
  bool to[PEOPLE];
} spoken;

typedef struct play {
  world w;
  spoken said[STEPS];
  size_t n_said;
  bool with_history;
  bool hostile;            /* MAL is */
  bool was_let_in[PEOPLE]; /* at some time, and so given the history */
  kept_rows rows[PEOPLE];
} play;

static bool is_in(const node *x) {
  return x->group != NULL && vls_group_is_member(x->group);
}

static node *somebody(play *p) {
  for (unsigned tries = 0; tries < 50; tries++) {
    node *x = &p->w.nodes[vls_rng_below(&p->w.rng, p->w.n)];
    if (is_in(x)) return x;
  }
  return &p->w.nodes[0];
}

static void cut_by_chance(play *p) {
  bool whole = vls_rng_below(&p->w.rng, 2) == 0;
  for (size_t i = 0; i < p->w.n; i++)
    p->w.nodes[i].part = whole ? 0 : (unsigned)vls_rng_below(&p->w.rng, 2);
}

static void say(play *p, node *x) {
  spoken *s = &p->said[p->n_said];
  for (size_t i = 0; i < p->w.n; i++)
    s->to[i] = vls_group_level(x->group, p->w.nodes[i].who.identity.pub) > 0;
  if (world_say(&p->w, x, "by chance", s->id) == VLS_OK) p->n_said++;
}

/* A crash: what is on disk comes back. */
static void restart(play *p, node *x) {
  kept_rows all = {0}, *kept = &p->rows[x - p->w.nodes];
  uint8_t id[32];
  size_t bad;
  memcpy(id, vls_group_id(x->group), 32);
  world_polled(&p->w, x);
  if (!x->group->noting) rows_done(kept); /* it is another one than before */
  rows_take(kept, x->group);
  vls_group_free(x->group);
  x->group = NULL;
  assert_int_equal(rows_load(&x->group, &x->me, id, kept, &bad), VLS_OK);
  assert_int_equal(bad, 0);
  rows_take(kept, x->group);
  assert_int_equal(kept->written, 0);
  rows_take_all(&all, x->group);
  assert_true(rows_equal(kept, &all));
  rows_done(&all);
}

static void admit_somebody(play *p, node *by) {
  node *x = &p->w.nodes[vls_rng_below(&p->w.rng, p->w.n)];
  if (is_in(x) || x->part != by->part) return;
  if (vls_group_level(by->group, x->who.identity.pub) > 0) return;
  if (world_admit(&p->w, by, x) == VLS_OK) p->was_let_in[x - p->w.nodes] = true;
}

/* A member with all keys says what no honest one would, to whoever is in reach. */
static void mischief(play *p) {
  world *w = &p->w;
  node *mal = &w->nodes[MAL];
  craft c;
  uint8_t noise[32];
  if (!is_in(mal) || vls_gr_best(mal->group, false) == NULL) return;
  vls_rng_bytes(&w->rng, noise, sizeof noise);
  craft_begin(&c, mal);
  vls_act_set set = {.level = 1 + noise[0] % 4};
  vls_act_remove remove = {0};
  memcpy(set.who, mal->who.identity.pub, 32);
  memcpy(remove.who, w->nodes[noise[1] % PEOPLE].who.identity.pub, 32);
  switch (noise[2] % 6) {
  case 0: craft_item(&c, VLS_GROUP_SET, &vls_act_set_def, &set); break;
  case 1: craft_item(&c, VLS_GROUP_REMOVE, &vls_act_remove_def, &remove); break;
  case 2: /* acts that nobody has */
    craft_seen(&c);
    memcpy(c.said.header.acts[0], noise, 32);
    c.said.header.n_acts = 1;
    break;
  case 3: /* words that nobody has, dated back */
    craft_text(&c, "remember?");
    memcpy(c.said.header.after[0], noise, 32);
    c.said.header.n_after = 1;
    c.said.header.stamp = 1;
    break;
  case 4: /* another thing with a seq that is used */
    craft_text(&c, "I never said that");
    c.said.header.seq = 1 + noise[3] % 4;
    break;
  default: /* in the name of the group's beginning alone */
    craft_text(&c, "as if nothing had happened");
    memcpy(c.said.header.acts[0], vls_group_id(mal->group), 32);
    c.said.header.n_acts = 1;
  }
  vls_slice record = craft_seal(&c, mal);
  for (size_t i = 0; i < w->n; i++) {
    node *x = &w->nodes[i];
    uint8_t id[32];
    vls_sha256(id, record);
    if (x == mal || x->group == NULL || x->part != mal->part) continue;
    blobs_add(&x->records, id, record);
    (void)!vls_group_hear(x->group, record, w->now);
  }
  craft_done(&c);
}

/* Everybody tries; owners succeed. */
static void change_rules(play *p, node *x) {
  static const char *const names[] = {"Sister cities", "Brother towns", "Cousin villages"};
  vls_act_rules rules = {.rules = world_rules()};
  rules.rules.name = vls_slice_str(names[vls_rng_below(&p->w.rng, 3)]);
  rules.rules.history = p->with_history ? 1 : 0;
  rules.rules.admit = 1 + vls_rng_below(&p->w.rng, 3);
  (void)!vls_group_rule(x->group, &rules, &x->rng, p->w.now);
}

static void step(play *p) {
  world *w = &p->w;
  node *x = somebody(p);
  size_t who = (size_t)vls_rng_below(&w->rng, w->n);
  if (p->hostile && vls_rng_below(&w->rng, 4) == 0) mischief(p);
  switch (vls_rng_below(&w->rng, 12)) {
  case 0:
  case 1:
  case 2:
  case 3: say(p, x); break;
  case 4: (void)!world_set(w, (size_t)(x - w->nodes), who, (uint8_t)(1 + who % 4)); break;
  case 5: (void)!world_remove(w, (size_t)(x - w->nodes), who); break;
  case 6:
  case 7: admit_somebody(p, x); break;
  case 8:
    (void)!vls_group_rekey(x->group, &x->rng, w->now);
    change_rules(p, somebody(p));
    break;
  case 9: cut_by_chance(p); break;
  case 10: restart(p, x); break;
  default: world_exchange(w, x, somebody(p));
  }
  world_settle(w);
}

/* Everybody asks everybody, until nobody knows more. */
static void settle_all(play *p) {
  world *w = &p->w;
  for (size_t i = 0; i < w->n; i++)
    w->nodes[i].part = 0;
  w->lossy = false;
  for (unsigned round = 0; round < 3; round++)
    for (size_t i = 0; i < w->n; i++)
      for (size_t k = 0; k < w->n; k++)
        if (i != k) world_exchange(w, &w->nodes[i], &w->nodes[k]);
}

/* Who believes to be a member of what the founder sees, is. */
static void note_who_left(play *p) {
  vls_group *founder = p->w.nodes[0].group;
  for (size_t i = 0; i < p->w.n; i++) {
    node *x = &p->w.nodes[i];
    x->left = x->group == NULL || vls_group_level(founder, x->who.identity.pub) == 0;
  }
}

/* Only who was a member then, by what its author knew, reads it; newcomers where the rules give
 * them the history. */
static void nobody_reads_what_they_may_not(const play *p) {
  for (size_t s = 0; s < p->n_said; s++)
    for (size_t i = 0; i < p->w.n; i++) {
      const node *x = &p->w.nodes[i];
      if (!world_has(x, p->said[s].id) || p->said[s].to[i]) continue;
      if (p->with_history && (!x->left || p->was_let_in[i])) continue;
      fail_msg("node %zu reads word %zu", i, s);
    }
}

static void members_have_what_was_said_to_them(const play *p) {
  for (size_t s = 0; s < p->n_said && p->with_history; s++)
    for (size_t i = 0; i < p->w.n; i++)
      if (!p->w.nodes[i].left) assert_true(world_has(&p->w.nodes[i], p->said[s].id));
}

static void play_seed(unsigned seed) {
  play p = {.with_history = seed % 2 == 0, .hostile = seed % 5 == 0};
  world_make(&p.w, PEOPLE, (uint8_t)seed);
  p.w.hostile = p.hostile;
  world *w = &p.w;
  uint8_t more[32] = {(uint8_t)(seed >> 8), (uint8_t)seed};
  vls_rng_stir(&w->rng, vls_slice_of(more, 32));
  world_found(w);
  node *ana = &w->nodes[0];
  vls_act_rules rules = {.rules = world_rules()};
  rules.rules.history = p.with_history ? 1 : 0;
  rules.rules.admit = 1 + seed % 3;
  assert_int_equal(vls_group_rule(ana->group, &rules, &ana->rng, w->now), VLS_OK);
  for (size_t i = 1; i < 4; i++)
    assert_int_equal(world_admit(w, ana, &w->nodes[i]), VLS_OK);
  w->lossy = seed % 3 == 0;
  for (unsigned i = 0; i < STEPS; i++)
    step(&p);
  settle_all(&p);
  note_who_left(&p);
  nobody_reads_what_they_may_not(&p);
  unsigned commits = world_heal(w);
  settle_all(&p);
  note_who_left(&p);
  world_all_alike(w, p.with_history);
  members_have_what_was_said_to_them(&p);
  uint8_t id[32];
  for (size_t i = 0; i < w->n; i++) {
    if (w->nodes[i].left) continue;
    assert_int_equal(world_say(w, &w->nodes[i], "the end", id), VLS_OK);
    for (size_t k = 0; k < w->n; k++)
      assert_int_equal(world_has(&w->nodes[k], id), !w->nodes[k].left);
    assert_int_equal(w->nodes[i].splits, 0);
    assert_true(w->nodes[i].forks == 0 || p.hostile);
  }
  if (commits > 3) fail_msg("%u commits to heal", commits);
  for (size_t i = 0; i < PEOPLE; i++)
    rows_done(&p.rows[i]);
  world_end(w);
}

static unsigned first_seed = 1, last_seed = SEEDS;

static void every_world_ends_with_one_group(void **state) {
  (void)state;
  for (unsigned seed = first_seed; seed <= last_seed; seed++) {
    if (last_seed != SEEDS || first_seed != 1) printf("seed %u\n", seed), fflush(stdout);
    play_seed(seed);
  }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_world_ends_with_one_group)};
  if (argc > 1) first_seed = last_seed = (unsigned)strtoul(argv[1], NULL, 10);
  if (argc > 2) last_seed = (unsigned)strtoul(argv[2], NULL, 10);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
