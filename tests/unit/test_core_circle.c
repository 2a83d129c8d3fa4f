/* Groups between nodes: found, joined and talked in over links of contacts; after restarts, crashes
 * and separations. */
#include "core_circle.h"
#include "core_old.h"

#include "core/circle_pass.h"

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
  found_group(w, ANA, "Sister cities");
  let_in(w, ANA, BAO, 1000);
  assert_true(is_member(w, ANA) && is_member(w, BAO));
  alike(w, ANA, BAO);
  say_in_group(w, ANA, "Guten Tag");
  pass(w, 1000);
  assert_string_equal(heard(w, BAO), "Guten Tag|");
  say_in_group(w, BAO, "good evening");
  pass(w, 1000);
  assert_string_equal(heard(w, ANA), "good evening|");
  world_free(w);
}

/* The same from the disk, as often as one likes. */
static void talk_goes_on_after_restarts(void **state) {
  (void)state;
  world *w = two_friends();
  found_group(w, ANA, "Sister cities");
  let_in(w, ANA, BAO, 1000);
  for (int i = 0; i < 3; i++) {
    node_restart(w, ANA);
    pass(w, 10000);
    say_hello(w, ANA, CLIENT);
    say_in_group(w, ANA, "one");
    node_restart(w, BAO);
    pass(w, 10000);
    say_in_group(w, BAO, "two");
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
  found_group(w, ANA, "Sister cities");
  node_offline(w, BAO, true);
  pass(w, 1000);
  let_in(w, ANA, BAO, 1000);
  assert_false(is_member(w, BAO));
  say_in_group(w, ANA, "welcome");
  node_restart(w, BAO); /* it has a leaf, and nothing else */
  node_restart(w, ANA);
  node_offline(w, BAO, false);
  pass(w, 1000000);
  assert_true(is_member(w, BAO));
  alike(w, ANA, BAO);
  world_free(w);
}

static world *three_in_a_group(void) {
  world *w = world_new(3);
  befriend(w, ANA, BAO);
  befriend(w, ANA, CHI);
  befriend(w, BAO, CHI);
  found_group(w, ANA, "Sister cities");
  let_in(w, ANA, BAO, 1000);
  let_in(w, ANA, CHI, 1000);
  return w;
}

static const uint8_t *identity_of(world *w, int who) {
  return w->node[who].core->self.identity.pub;
}

static void three_talk_and_end_alike(void **state) {
  (void)state;
  world *w = three_in_a_group();
  for (int who = ANA; who <= CHI; who++) {
    assert_true(is_member(w, who));
    assert_int_equal(circle_of(w, who)->n_links, 2);
    say_in_group(w, who, node_names[who]);
    pass(w, 1000);
  }
  alike(w, ANA, BAO);
  alike(w, ANA, CHI);
  assert_string_equal(heard(w, ANA), "Bao|Chi|");
  assert_string_equal(heard(w, BAO), "Ana|Chi|");
  assert_string_equal(heard(w, CHI), "Ana|Bao|");
  world_free(w);
}

static void who_is_removed_hears_that_and_nothing_more(void **state) {
  (void)state;
  world *w = three_in_a_group();
  vls_circle *circle = circle_of(w, ANA);
  say_in_group(w, BAO, "before");
  assert_int_equal(vls_group_remove(circle->group, identity_of(w, BAO), vls_slice_str("spam"),
                                    &w->node[ANA].core->rng, vls_core_wall(w->node[ANA].core)),
                   VLS_OK);
  vls_circle_settle(w->node[ANA].core, circle);
  done(w, ANA);
  pass(w, 1000);
  assert_int_equal(circle_of(w, BAO)->row.state, VLS_GRP_LEFT);
  say_in_group(w, ANA, "among us");
  pass(w, 600000);
  assert_string_equal(heard(w, CHI), "before|among us|");
  assert_string_equal(heard(w, BAO), "");
  alike(w, ANA, CHI);
  say_in_group(w, BAO, "let me in");
  pass(w, 600000);
  assert_string_equal(heard(w, ANA), "before|");
  world_free(w);
}

/* Bao speaks while he is being removed: his words are set aside, and come back with him. */
static void words_that_do_not_count_are_set_aside(void **state) {
  (void)state;
  world *w = three_in_a_group();
  vls_core *ana = w->node[ANA].core;
  vls_circle *circle = circle_of(w, ANA);
  w->held = true;
  assert_int_equal(vls_group_remove(circle->group, identity_of(w, BAO), vls_slice_str("spam"),
                                    &ana->rng, vls_core_wall(ana)),
                   VLS_OK);
  vls_circle_settle(ana, circle);
  done(w, ANA);
  say_in_group(w, BAO, "meanwhile");
  deliver_alone(w, CHI); /* first one, then the other */
  w->held = false;
  pass(w, 10000);
  say_in_group(w, ANA, "he is out");
  pass(w, 1000000);
  assert_string_equal(heard(w, CHI), "he is out|");
  assert_string_equal(heard(w, ANA), "");
  assert_int_equal(vls_circle_unread(w->node[CHI].core, circle_of(w, CHI)), 1);
  world_free(w);
}

static void new_leaf_is_announced_by_others(void **state) {
  (void)state;
  world *w = three_in_a_group();
  uint8_t before[32], after[32];
  vls_group_root(circle_of(w, ANA)->group, before);
  assert_true(vls_circle_renew(w->node[BAO].core, circle_of(w, BAO)));
  done(w, BAO);
  pass(w, 100000);
  vls_group_root(circle_of(w, ANA)->group, after);
  assert_memory_not_equal(before, after, 32);
  alike(w, ANA, BAO);
  alike(w, ANA, CHI);
  say_in_group(w, BAO, "here again");
  say_in_group(w, CHI, "good");
  pass(w, 1000);
  assert_string_equal(heard(w, ANA), "here again|good|");
  assert_string_equal(heard(w, BAO), "good|");
  world_free(w);
}

/* Of one author and hour no more than 256 events are taken from one link. */
static void flood_of_one_author_is_left_for_later(void **state) {
  (void)state;
  world *w = two_friends();
  found_group(w, ANA, "Sister cities");
  let_in(w, ANA, BAO, 1000);
  for (int i = 0; i < VLS_CIRCLE_HOUR_EVENTS + 20; i++)
    say_in_group(w, ANA, "x");
  pass(w, 1000);
  assert_int_equal(vls_circle_unread(w->node[BAO].core, circle_of(w, BAO)), VLS_CIRCLE_HOUR_EVENTS);
  world_free(w);
}

static void order_is_the_same_for_all(void **state) {
  (void)state;
  world *w = three_in_a_group();
  w->node[BAO].skew_ms = 3000;
  w->node[CHI].skew_ms = -3000;
  for (int round = 0; round < 4; round++) {
    w->held = true; /* all three speak at once */
    for (int who = ANA; who <= CHI; who++)
      say_in_group(w, who, node_names[who]);
    w->held = false;
    pass(w, 500);
  }
  char said[3][256] = {{0}};
  for (int who = ANA; who <= CHI; who++) {
    uint64_t numbers[64], some[4];
    vls_core *core = w->node[who].core;
    size_t n = vls_circle_order(core, circle_of(w, who), 0, numbers, 64);
    assert_int_equal(n, 12);
    for (size_t i = 0; i < n; i++) {
      vls_message_row m;
      vls_buf body;
      vls_buf_init(&body, VLS_TEXT_MAX);
      assert_true(vls_message_get(core->store, numbers[i], &m, &body));
      snprintf(said[who] + 4 * i, 5, "%.3s|", (const char *)body.p);
      vls_buf_done(&body);
    }
    assert_int_equal(vls_circle_order(core, circle_of(w, who), numbers[8], some, 4), 4);
    assert_memory_equal(some, &numbers[4], sizeof some);
  }
  assert_string_equal(said[ANA], said[BAO]);
  assert_string_equal(said[ANA], said[CHI]);
  world_free(w);
}

/* Whenever a node stops, what it said and heard is there, once, and nobody speaks twice. */
static void crash_at_any_moment_loses_and_doubles_nothing(void **state) {
  (void)state;
  world *w = three_in_a_group();
  enum { ROUNDS = 30 };
  for (int i = 0; i < ROUNDS; i++) {
    int who = i % 3, falls = (i / 3) % 3;
    char text[16];
    snprintf(text, sizeof text, "%d", i);
    w->held = true;
    say_in_group(w, who, text);
    for (int k = 0; k < i % 7; k++)
      deliver_alone(w, (falls + k) % 3);
    w->held = false;
    node_restart(w, falls);
    pass(w, 20000);
  }
  for (int who = ANA; who <= CHI; who++) {
    say_in_group(w, who, "end");
    pass(w, 60000);
  }
  pass(w, 2000000);
  for (int who = ANA; who <= CHI; who++) {
    uint64_t numbers[ROUNDS + 4];
    assert_int_equal(vls_circle_order(w->node[who].core, circle_of(w, who), 0, numbers, ROUNDS + 4),
                     ROUNDS + 3);
    assert_false(log_says(w, who, "two different things"));
    alike(w, ANA, who);
  }
  world_free(w);
}

/* What it had said meanwhile comes back from the others, and it speaks with new numbers. */
static void old_copy_of_a_node_catches_up(void **state) {
  (void)state;
  world *w = three_in_a_group();
  image old = copy_of(w, BAO);
  for (int i = 0; i < 5; i++)
    say_in_group(w, BAO, "later");
  pass(w, 1000);
  put_back(w, BAO, &old);
  pass(w, 20000);
  say_in_group(w, ANA, "good morning");
  pass(w, 60000);
  say_in_group(w, BAO, "good morning to you");
  pass(w, 60000);
  say_in_group(w, CHI, "and you");
  pass(w, 60000);
  assert_string_equal(heard(w, ANA), "later|later|later|later|later|good morning to you|and you|");
  assert_string_equal(heard(w, CHI),
                      "later|later|later|later|later|good morning|good morning to you|");
  for (int who = ANA; who <= CHI; who++) {
    uint64_t numbers[20];
    assert_int_equal(vls_circle_order(w->node[who].core, circle_of(w, who), 0, numbers, 20), 8);
    assert_false(log_says(w, who, "two different things"));
    alike(w, ANA, who);
  }
  image_end(&old);
  world_free(w);
}

/* Nothing is judged otherwise than before the restart. */
static void judgement_survives_a_restart(void **state) {
  (void)state;
  world *w = three_in_a_group();
  for (int i = 0; i < 5; i++)
    for (int who = ANA; who <= CHI; who++)
      say_in_group(w, who, "x");
  pass(w, 5000);
  for (int who = ANA; who <= CHI; who++) {
    for (int turn = 0; turn < 2; turn++) {
      vls_circle_judge(w->node[who].core, circle_of(w, who));
      done(w, who);
      assert_string_equal(heard(w, who), "x|x|x|x|x|x|x|x|x|x|");
      node_restart(w, who);
      say_hello(w, who, CLIENT);
      pass(w, 10000);
    }
  }
  world_free(w);
}

/* Who lets in is no founder: of the first acts the newcomer cannot know them. */
static void admin_lets_somebody_in(void **state) {
  (void)state;
  world *w = world_new(3);
  befriend(w, ANA, BAO);
  befriend(w, BAO, CHI);
  found_group(w, ANA, "Sister cities");
  let_in(w, ANA, BAO, 1000);
  vls_core *ana = w->node[ANA].core;
  assert_int_equal(vls_group_set(circle_of(w, ANA)->group, identity_of(w, BAO), VLS_LEVEL_ADMIN,
                                 (vls_slice){0}, &ana->rng, vls_core_wall(ana)),
                   VLS_OK);
  vls_circle_settle(ana, circle_of(w, ANA));
  done(w, ANA);
  pass(w, 1000);
  let_in(w, BAO, CHI, 1000);
  pass(w, 60000);
  assert_true(is_member(w, CHI));
  alike(w, ANA, CHI);
  say_in_group(w, CHI, "thank you");
  pass(w, 60000);
  assert_string_equal(heard(w, ANA), "thank you|");
  world_free(w);
}

/* Two of two: each signs for what is on its disk. */
static void text_is_delivered_when_all_say_so(void **state) {
  (void)state;
  world *w = three_in_a_group();
  uint64_t got, of;
  node_offline(w, CHI, true);
  uint64_t n = say_in_group(w, ANA, "hello");
  vls_message_row m;
  vls_buf body;
  vls_buf_init(&body, VLS_TEXT_MAX);
  assert_true(vls_message_get(w->node[ANA].store, n, &m, &body));
  vls_buf_done(&body);
  pass(w, 60000);
  assert_true(vls_circle_delivery(w->node[ANA].core, circle_of(w, ANA), m.seq, &got, &of));
  assert_true(got == 1 && of == 2);
  assert_string_equal(state_of(w, ANA, n), "sent");
  node_offline(w, CHI, false);
  pass(w, 1000000);
  assert_true(vls_circle_delivery(w->node[ANA].core, circle_of(w, ANA), m.seq, &got, &of));
  assert_true(got == 2 && of == 2);
  assert_string_equal(state_of(w, ANA, n), "delivered");
  world_free(w);
}

/* Who was away finds all by comparison, without a word after it that names what was missed. */
static void what_was_said_apart_comes_together(void **state) {
  (void)state;
  world *w = three_in_a_group();
  node_offline(w, CHI, true);
  for (int i = 0; i < 40; i++)
    say_in_group(w, i % 2 == 0 ? ANA : BAO, "there");
  for (int i = 0; i < 40; i++)
    say_in_group(w, CHI, "here");
  pass(w, 1000);
  node_offline(w, CHI, false);
  pass(w, 1000000);
  for (int who = ANA; who <= CHI; who++) {
    uint64_t numbers[100];
    assert_int_equal(vls_circle_order(w->node[who].core, circle_of(w, who), 0, numbers, 100), 80);
    alike(w, ANA, who);
  }
  world_free(w);
}

/* A removal that was made alone. */
static void removal_made_apart_is_heard_of(void **state) {
  (void)state;
  world *w = three_in_a_group();
  vls_core *ana = w->node[ANA].core;
  node_offline(w, ANA, true);
  assert_int_equal(vls_group_remove(circle_of(w, ANA)->group, identity_of(w, BAO),
                                    vls_slice_str("spam"), &ana->rng, vls_core_wall(ana)),
                   VLS_OK);
  vls_circle_settle(ana, circle_of(w, ANA));
  done(w, ANA);
  say_in_group(w, ANA, "alone");
  node_offline(w, ANA, false);
  pass(w, 1000000);
  assert_int_equal(vls_group_level(circle_of(w, CHI)->group, identity_of(w, BAO)), 0);
  assert_string_equal(heard(w, CHI), "alone|");
  assert_string_equal(heard(w, BAO), "");
  alike(w, ANA, CHI);
  world_free(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(two_contacts_talk_in_a_group),
      cmocka_unit_test(talk_goes_on_after_restarts),
      cmocka_unit_test(newcomer_who_was_away_gets_in),
      cmocka_unit_test(three_talk_and_end_alike),
      cmocka_unit_test(who_is_removed_hears_that_and_nothing_more),
      cmocka_unit_test(words_that_do_not_count_are_set_aside),
      cmocka_unit_test(new_leaf_is_announced_by_others),
      cmocka_unit_test(flood_of_one_author_is_left_for_later),
      cmocka_unit_test(order_is_the_same_for_all),
      cmocka_unit_test(old_copy_of_a_node_catches_up),
      cmocka_unit_test(judgement_survives_a_restart),
      cmocka_unit_test(admin_lets_somebody_in),
      cmocka_unit_test(text_is_delivered_when_all_say_so),
      cmocka_unit_test(what_was_said_apart_comes_together),
      cmocka_unit_test(removal_made_apart_is_heard_of),
      cmocka_unit_test(crash_at_any_moment_loses_and_doubles_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
