/* Groups between nodes: found, joined and talked in over links of contacts; after restarts, crashes
 * and separations. */
#include "core_people.h"

#include "core/circle.h"

/* The group of this node; NULL: it has none. */
static vls_circle *circle_of(world *w, int who) {
  vls_core *core = w->node[who].core;
  return core->n_circles == 0 ? NULL : core->circles[0];
}

/* What was done to a core by hand is a batch like any other. */
static void done(world *w, int who) {
  end_batch(w, &w->node[who]);
  run(w);
}

static void found(world *w, int who) {
  vls_circle *circle;
  vls_group_rules rules = {.name = vls_slice_str("Sister cities"), .admit = 3, .post = 1};
  assert_int_equal(vls_circle_found(w->node[who].core, &rules, &circle), VLS_OK);
  done(w, who);
}

/* `by` lets `who` in, who gave the leaf over another way. */
static void admit(world *w, int by, int who) {
  vls_buf bytes;
  vls_act_leaf leaf;
  vls_circle *circle = NULL, *mine = circle_of(w, by);
  vls_core *core = w->node[who].core;
  vls_peer *via = vls_peer_by_identity(core, w->node[by].core->self.identity.pub);
  vls_buf_init(&bytes, 1024);
  assert_int_equal(vls_circle_join(core, mine->row.gid, vls_slice_str("Sister cities"),
                                   via == NULL ? 0 : via->row.id, &bytes, &leaf, &circle),
                   VLS_OK);
  vls_act_admit admit = {.cert = leaf.cert, .leaf = leaf.leaf};
  memcpy(admit.who, core->self.identity.pub, 32);
  assert_int_equal(vls_circle_admit(w->node[by].core, mine, &admit), VLS_OK);
  vls_buf_done(&bytes);
  end_batch(w, &w->node[who]);
  done(w, by);
  pass(w, 1000);
}

static uint64_t say_there(world *w, int who, const char *text) {
  vls_core *core = w->node[who].core;
  uint64_t n = ++core->newest_n;
  vls_circle_text(core, circle_of(w, who), vls_slice_str(text), n);
  done(w, who);
  return n;
}

/* What others said there, as "one|two|". */
static const char *heard(world *w, int who) {
  static char all[8192];
  vls_message_query query = {
      .contact = circle_of(w, who)->row.id, .received = true, .oldest_first = true, .limit = 500};
  vls_message_row row;
  size_t at = 0;
  all[0] = '\0';
  while (vls_message_next(w->node[who].store, &query, &row))
    at += (size_t)snprintf(all + at, sizeof all - at, "%.*s|", (int)row.body.n,
                           (const char *)row.body.p);
  return all;
}

static bool is_member(world *w, int who) {
  vls_circle *circle = circle_of(w, who);
  return circle != NULL && circle->row.state == VLS_GRP_MEMBER &&
         vls_group_is_member(circle->group);
}

static void alike(world *w, int a, int b) {
  uint8_t x[2][32];
  vls_group_root(circle_of(w, a)->group, x[0]);
  vls_group_root(circle_of(w, b)->group, x[1]);
  assert_memory_equal(x[0], x[1], 32);
  bool has = vls_group_epoch(circle_of(w, a)->group, x[0]);
  assert_int_equal(has, vls_group_epoch(circle_of(w, b)->group, x[1]));
  if (has) assert_memory_equal(x[0], x[1], 32);
}

static void two_contacts_talk_in_a_group(void **state) {
  (void)state;
  world *w = two_friends();
  found(w, ANA);
  admit(w, ANA, BAO);
  assert_true(is_member(w, ANA) && is_member(w, BAO));
  alike(w, ANA, BAO);
  say_there(w, ANA, "Guten Tag");
  pass(w, 1000);
  assert_string_equal(heard(w, BAO), "Guten Tag|");
  say_there(w, BAO, "good evening");
  pass(w, 1000);
  assert_string_equal(heard(w, ANA), "good evening|");
  world_free(w);
}

/* The same from the disk, as often as one likes. */
static void talk_goes_on_after_restarts(void **state) {
  (void)state;
  world *w = two_friends();
  found(w, ANA);
  admit(w, ANA, BAO);
  for (int i = 0; i < 3; i++) {
    node_restart(w, ANA);
    pass(w, 10000);
    say_hello(w, ANA, CLIENT);
    say_there(w, ANA, "one");
    node_restart(w, BAO);
    pass(w, 10000);
    say_there(w, BAO, "two");
    pass(w, 10000);
    alike(w, ANA, BAO);
  }
  assert_string_equal(heard(w, BAO), "one|one|one|");
  assert_string_equal(heard(w, ANA), "two|two|two|");
  world_free(w);
}

/* Nobody is reached at the moment of admission: the newcomer asks when it comes up. */
static void newcomer_who_was_away_gets_in(void **state) {
  (void)state;
  world *w = two_friends();
  found(w, ANA);
  node_offline(w, BAO, true);
  pass(w, 1000);
  admit(w, ANA, BAO);
  assert_false(is_member(w, BAO));
  say_there(w, ANA, "welcome");
  node_offline(w, BAO, false);
  pass(w, 1000000);
  assert_true(is_member(w, BAO));
  alike(w, ANA, BAO);
  world_free(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(two_contacts_talk_in_a_group),
      cmocka_unit_test(talk_goes_on_after_restarts),
      cmocka_unit_test(newcomer_who_was_away_gets_in),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
