/* A group whose members cannot always hear each other. */
#include "group_world.h"
#include "group_rows.h"

enum { ANA, BAO, CHI, DOA, EWA, FAY };

static void cut(world *w, const char *other_part) {
  for (size_t i = 0; i < w->n; i++)
    w->nodes[i].part = strchr(other_part, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i]) != NULL ? 1 : 0;
}

/* The parts meet: everybody asks one member of the other part once; whose turn it is heals; who is
 * not in yet asks once more. So nobody needs more than two exchanges. */
static void meet_again(world *w) {
  unsigned part[WORLD_MEMBERS];
  for (size_t i = 0; i < w->n; i++)
    part[i] = w->nodes[i].part;
  cut(w, "");
  for (size_t i = 0; i < w->n; i++)
    w->nodes[i].exchanges = 0;
  for (size_t i = 0; i < w->n; i++)
    for (size_t k = 0; k < w->n; k++) {
      size_t y = (i + 1 + k) % w->n;
      if (part[y] == part[i] || w->nodes[y].left || w->nodes[i].left) continue;
      world_exchange(w, &w->nodes[i], &w->nodes[y]);
      break;
    }
  world_settle(w);
  node *healer = NULL;
  uint64_t soonest = VLS_NEVER;
  for (size_t i = 0; i < w->n; i++) {
    node *x = &w->nodes[i];
    if (x->group == NULL || x->left) continue;
    uint64_t due = vls_group_due(x->group, w->now, 0);
    if (due < soonest) healer = x, soonest = due;
  }
  if (healer != NULL) {
    assert_int_equal(vls_group_heal(healer->group, &healer->rng, w->now), VLS_OK);
    world_settle(w);
  }
  uint8_t here[32], there[32];
  for (size_t i = 0; i < w->n; i++) {
    node *x = &w->nodes[i];
    if (x->left || x->group == NULL) continue;
    assert_true(vls_group_epoch(healer == NULL ? x->group : healer->group, there));
    if (!vls_group_epoch(x->group, here) || memcmp(here, there, 32) != 0)
      world_exchange(w, x, healer);
  }
  world_settle(w);
  for (size_t i = 0; i < w->n; i++)
    assert_true(w->nodes[i].exchanges <= 2);
  world_all_alike(w, false);
  for (size_t i = 0; i < w->n; i++)
    if (!w->nodes[i].left && w->nodes[i].group != NULL)
      assert_true(vls_group_due(w->nodes[i].group, w->now, 0) == VLS_NEVER);
}

static void everybody_hears_everybody(world *w) {
  uint8_t id[32];
  for (size_t i = 0; i < w->n; i++) {
    if (w->nodes[i].left || w->nodes[i].group == NULL) continue;
    assert_int_equal(world_say(w, &w->nodes[i], "all together", id), VLS_OK);
    for (size_t k = 0; k < w->n; k++)
      assert_int_equal(world_has(&w->nodes[k], id), w->nodes[k].group != NULL && !w->nodes[k].left);
  }
}

static vls_group *copy_of(const node *x) {
  kept_rows rows = {0};
  vls_group *copy = NULL;
  size_t bad;
  rows_take_all(&rows, x->group);
  assert_int_equal(rows_load(&copy, &x->me, vls_group_id(x->group), &rows, &bad), VLS_OK);
  assert_int_equal(bad, 0);
  rows_done(&rows);
  return copy;
}

static void new_keys_on_both_sides_become_one_epoch(void **state) {
  (void)state;
  world w;
  world_make(&w, 6, 11);
  world_fill(&w);
  cut(&w, "DEF");
  assert_int_equal(vls_group_rekey(w.nodes[BAO].group, &w.nodes[BAO].rng, w.now), VLS_OK);
  assert_int_equal(vls_group_rekey(w.nodes[EWA].group, &w.nodes[EWA].rng, w.now), VLS_OK);
  world_settle(&w);
  meet_again(&w);
  everybody_hears_everybody(&w);
  world_end(&w);
}

static void removal_on_one_side_and_admission_on_the_other(void **state) {
  (void)state;
  world w;
  world_make(&w, 7, 12);
  world_found(&w);
  for (size_t i = 1; i < 6; i++)
    assert_int_equal(world_admit(&w, &w.nodes[ANA], &w.nodes[i]), VLS_OK);
  assert_int_equal(world_set(&w, ANA, DOA, VLS_LEVEL_ADMIN), VLS_OK);
  cut(&w, "DEFG");
  assert_int_equal(world_remove(&w, ANA, CHI), VLS_OK);
  w.nodes[CHI].left = true;
  assert_int_equal(world_admit(&w, &w.nodes[DOA], &w.nodes[6]), VLS_OK);
  meet_again(&w);
  everybody_hears_everybody(&w);
  assert_int_equal(vls_group_level(w.nodes[6].group, w.nodes[CHI].who.identity.pub), 0);
  world_end(&w);
}

static void removals_on_both_sides_leave_both_out(void **state) {
  (void)state;
  world w;
  world_make(&w, 6, 13);
  world_fill(&w);
  assert_int_equal(world_set(&w, ANA, DOA, VLS_LEVEL_ADMIN), VLS_OK);
  cut(&w, "DEF");
  assert_int_equal(world_remove(&w, ANA, CHI), VLS_OK);
  assert_int_equal(world_remove(&w, DOA, FAY), VLS_OK);
  w.nodes[CHI].left = w.nodes[FAY].left = true;
  meet_again(&w);
  everybody_hears_everybody(&w);
  world_end(&w);
}

static vls_err rule(world *w, size_t who, const char *name) {
  vls_act_rules rules = {.rules = world_rules()};
  rules.rules.name = vls_slice_str(name);
  vls_err err = vls_group_rule(w->nodes[who].group, &rules, &w->nodes[who].rng, w->now);
  world_settle(w);
  return err;
}

static void check_name(node *x, const char *want) {
  vls_group_rules rules;
  vls_buf name;
  vls_buf_init(&name, VLS_NAME_MAX);
  assert_int_equal(vls_group_rules_now(x->group, &rules, &name), VLS_OK);
  assert_true(vls_slice_eq(rules.name, vls_slice_str(want)));
  vls_buf_done(&name);
}

static void rules_of_the_higher_rank_count(void **state) {
  (void)state;
  world w;
  world_make(&w, 4, 24);
  world_fill(&w);
  assert_int_equal(world_set(&w, ANA, DOA, VLS_LEVEL_OWNER), VLS_OK);
  assert_int_equal(world_set(&w, ANA, BAO, VLS_LEVEL_OWNER), VLS_OK);
  cut(&w, "CD");
  assert_int_equal(rule(&w, ANA, "by the founder"), VLS_OK);
  assert_int_equal(rule(&w, DOA, "by an owner"), VLS_OK);
  assert_int_equal(rule(&w, DOA, "by an owner, again"), VLS_OK);
  check_name(&w.nodes[CHI], "by an owner, again");
  meet_again(&w);
  for (size_t i = 0; i < 4; i++)
    check_name(&w.nodes[i], "by the founder");
  assert_int_equal(rule(&w, DOA, "who saw them all"), VLS_OK);
  check_name(&w.nodes[ANA], "who saw them all");
  cut(&w, "CD"); /* of equals the lower id, and so the same for all */
  assert_int_equal(rule(&w, BAO, "one"), VLS_OK);
  assert_int_equal(rule(&w, DOA, "another"), VLS_OK);
  meet_again(&w);
  everybody_hears_everybody(&w);
  world_end(&w);
}

/* An admin acts while the founder, elsewhere, removes them. */
static void what_a_removed_admin_did_meanwhile_is_void(void **state) {
  (void)state;
  world w;
  uint8_t before[32], after[32], guest[32];
  world_make(&w, 6, 14);
  world_found(&w);
  for (size_t i = 1; i < 5; i++)
    assert_int_equal(world_admit(&w, &w.nodes[ANA], &w.nodes[i]), VLS_OK);
  assert_int_equal(world_set(&w, ANA, DOA, VLS_LEVEL_ADMIN), VLS_OK);
  assert_int_equal(world_say(&w, &w.nodes[DOA], "I am still an admin", before), VLS_OK);
  cut(&w, "DEF");
  assert_int_equal(world_remove(&w, ANA, DOA), VLS_OK);
  assert_int_equal(world_admit(&w, &w.nodes[DOA], &w.nodes[FAY]), VLS_OK);
  assert_int_equal(world_set(&w, DOA, EWA, VLS_LEVEL_MODERATOR), VLS_OK);
  assert_int_equal(world_say(&w, &w.nodes[DOA], "I was never removed", after), VLS_OK);
  assert_int_equal(world_say(&w, &w.nodes[FAY], "thanks for having me", guest), VLS_OK);
  w.nodes[DOA].left = w.nodes[FAY].left = true;
  meet_again(&w);
  for (size_t i = 0; i < 5; i++) {
    if (i == DOA) continue;
    vls_group *g = w.nodes[i].group;
    assert_int_equal(vls_group_level(g, w.nodes[EWA].who.identity.pub), VLS_LEVEL_MEMBER);
    assert_int_equal(vls_group_level(g, w.nodes[FAY].who.identity.pub), VLS_LEVEL_NONE);
    assert_int_equal(vls_group_judge(g, before), VLS_GROUP_COUNTS);
    world_exchange(&w, &w.nodes[i], &w.nodes[EWA]);
    if (world_has(&w.nodes[i], after))
      assert_int_equal(vls_group_judge(g, after), VLS_GROUP_QUARANTINED);
  }
  assert_true(world_has(&w.nodes[EWA], after) && world_has(&w.nodes[EWA], guest));
  assert_int_equal(vls_group_judge(w.nodes[EWA].group, guest), VLS_GROUP_QUARANTINED);
  assert_int_equal(vls_group_level_then(w.nodes[EWA].group, after), VLS_LEVEL_ADMIN);
  everybody_hears_everybody(&w);
  world_end(&w);
}

/* Somebody who knows of their removal writes as if they did not. */
static void back_dated_words_are_set_aside(void **state) {
  (void)state;
  world w;
  uint8_t early[32], late[32];
  world_make(&w, 4, 15);
  world_fill(&w);
  assert_int_equal(world_say(&w, &w.nodes[CHI], "in time", early), VLS_OK);
  cut(&w, "C");
  assert_int_equal(world_say(&w, &w.nodes[CHI], "yesterday, honestly", late), VLS_OK);
  assert_int_equal(world_remove(&w, ANA, CHI), VLS_OK);
  cut(&w, "");
  w.nodes[CHI].left = true;
  world_exchange(&w, &w.nodes[BAO], &w.nodes[CHI]); /* carried late; the seal is good */
  assert_true(world_has(&w.nodes[BAO], late));
  assert_int_equal(vls_group_judge(w.nodes[BAO].group, early), VLS_GROUP_COUNTS);
  assert_int_equal(vls_group_judge(w.nodes[BAO].group, late), VLS_GROUP_QUARANTINED);
  world_exchange(&w, &w.nodes[DOA], &w.nodes[BAO]);
  assert_int_equal(vls_group_judge(w.nodes[DOA].group, late), VLS_GROUP_QUARANTINED);
  world_end(&w);
}

/* Chi, once removed, forges another event in the place of one that counted. */
static void forged_past_of_a_removed_member_is_set_aside(void **state) {
  (void)state;
  world w;
  uint8_t real[32], next[32], forged[32];
  world_make(&w, 4, 22);
  world_fill(&w);
  vls_group *copy = copy_of(&w.nodes[CHI]);
  assert_int_equal(world_say(&w, &w.nodes[CHI], "what I said", real), VLS_OK);
  assert_int_equal(world_say(&w, &w.nodes[CHI], "and then", next), VLS_OK);
  assert_int_equal(world_remove(&w, ANA, CHI), VLS_OK);
  vls_group_free(w.nodes[CHI].group);
  w.nodes[CHI].group = copy;
  w.nodes[CHI].part = 1;
  assert_int_equal(world_say(&w, &w.nodes[CHI], "what I wish I had said", forged), VLS_OK);
  const blob *event = blobs_find(&w.nodes[CHI].events, forged);
  vls_buf letter;
  vls_buf_init(&letter, vls_group_mail_def.max_bytes);
  assert_int_equal(vls_group_letter(copy, vls_buf_slice(&event->bytes), w.nodes[BAO].who.device.pub,
                                    &w.nodes[CHI].rng, &letter),
                   VLS_OK);
  vls_group *bao = w.nodes[BAO].group;
  assert_int_equal(vls_group_hear_letter(bao, vls_buf_slice(&letter), w.now), VLS_OK);
  assert_int_equal(vls_group_judge(bao, real), VLS_GROUP_COUNTS);
  assert_int_equal(vls_group_judge(bao, next), VLS_GROUP_COUNTS);
  assert_int_equal(vls_group_judge(bao, forged), VLS_GROUP_QUARANTINED);
  world_polled(&w, &w.nodes[BAO]);
  assert_int_equal(w.nodes[BAO].forks, 1);
  vls_buf_done(&letter);
  world_end(&w);
}

/* A citizen with two devices reads and speaks on both. */
static void second_device_of_a_member_is_one_more_leaf(void **state) {
  (void)state;
  world w;
  uint8_t id[32];
  world_make(&w, 4, 23);
  world_found(&w);
  node *ana = &w.nodes[ANA], *bao = &w.nodes[BAO], *tablet = &w.nodes[CHI];
  assert_int_equal(world_admit(&w, ana, bao), VLS_OK);
  vls_buf_clear(&tablet->who.cert); /* Bao's second device */
  assert_int_equal(vls_cert_make(&tablet->who.cert, &bao->who.identity, tablet->who.device.pub,
                                 tablet->who.dh.pub, MADE_AT),
                   VLS_OK);
  tablet->me =
      (vls_group_me){bao->who.identity.pub, &tablet->who.device, vls_buf_slice(&tablet->who.cert)};
  vls_act_leaf leaf;
  vls_buf bytes;
  vls_buf_init(&bytes, 1024);
  vls_dh_new(&tablet->leaf, &tablet->rng);
  assert_int_equal(vls_group_leaf_make(&bytes, &tablet->who.device, vls_group_id(ana->group),
                                       bao->who.identity.pub, w.now, tablet->leaf.pub),
                   VLS_OK);
  assert_int_equal(vls_signed_parse(&leaf.leaf, vls_buf_slice(&bytes)), VLS_OK);
  assert_int_equal(vls_signed_parse(&leaf.cert, vls_buf_slice(&tablet->who.cert)), VLS_OK);
  assert_int_equal(vls_group_announce(bao->group, &leaf, &bao->rng, w.now), VLS_OK);
  world_settle(&w);
  assert_int_equal(world_say(&w, tablet, "from the sofa", id), VLS_OK);
  assert_true(world_has(ana, id) && world_has(bao, id));
  assert_int_equal(world_admit(&w, ana, &w.nodes[DOA]), VLS_OK);
  assert_int_equal(world_say(&w, ana, "all three hear this", id), VLS_OK);
  assert_true(world_has(bao, id) && world_has(tablet, id) && world_has(&w.nodes[DOA], id));
  world_all_alike(&w, false);
  vls_buf_clear(&bytes); /* the tablet is sold: it leaves the rosters by its own word */
  assert_int_equal(vls_group_leaf_make(&bytes, &tablet->who.device, vls_group_id(ana->group),
                                       bao->who.identity.pub, w.now + 1, NULL),
                   VLS_OK);
  assert_int_equal(vls_signed_parse(&leaf.leaf, vls_buf_slice(&bytes)), VLS_OK);
  assert_int_equal(vls_group_announce(bao->group, &leaf, &bao->rng, w.now), VLS_OK);
  world_settle(&w);
  tablet->left = true;
  assert_int_equal(world_say(&w, ana, "the tablet is gone", id), VLS_OK);
  assert_true(world_has(bao, id) && !world_has(tablet, id));
  world_all_alike(&w, false);
  vls_buf_done(&bytes);
  world_end(&w);
}

static void words_of_a_gap_are_found_and_placed(void **state) {
  (void)state;
  world w;
  uint8_t lost[32], next[32], missing[4][32];
  world_make(&w, 3, 16);
  world_fill(&w);
  cut(&w, "C");
  assert_int_equal(world_say(&w, &w.nodes[ANA], "question", lost), VLS_OK);
  cut(&w, "");
  assert_int_equal(world_say(&w, &w.nodes[BAO], "answer", next), VLS_OK);
  vls_group *chi = w.nodes[CHI].group;
  assert_int_equal(vls_group_missing(chi, missing, 4), 1);
  assert_memory_equal(missing[0], lost, 32);
  world_exchange(&w, &w.nodes[CHI], &w.nodes[ANA]);
  assert_int_equal(vls_group_missing(chi, missing, 4), 0);
  world_all_alike(&w, false);
  vls_group_line *line;
  size_t n = vls_group_history(chi, &line);
  assert_memory_equal(line[n - 2].id, lost, 32);
  assert_memory_equal(line[n - 1].id, next, 32);
  free(line);
  world_end(&w);
}

static void wrong_clocks_do_not_turn_answers_around(void **state) {
  (void)state;
  world w;
  uint8_t id[3][32];
  world_make(&w, 3, 17);
  world_fill(&w);
  uint64_t now = w.now;
  w.now = now + UINT64_C(40) * 365 * 86400 * 1000; /* Ana lives in the future */
  assert_int_equal(world_say(&w, &w.nodes[ANA], "first", id[0]), VLS_OK);
  w.now = now - 86400 * 1000; /* and Bao in the past */
  assert_int_equal(world_say(&w, &w.nodes[BAO], "second", id[1]), VLS_OK);
  w.now = now;
  assert_int_equal(world_say(&w, &w.nodes[CHI], "third", id[2]), VLS_OK);
  for (size_t i = 0; i < 3; i++) {
    vls_group_line *line;
    size_t n = vls_group_history(w.nodes[i].group, &line);
    for (size_t k = 0; k < 3; k++)
      assert_memory_equal(line[n - 3 + k].id, id[k], 32);
    assert_true(line[n - 1].shown <= w.now + VLS_GROUP_AHEAD_MS);
    free(line);
  }
  world_end(&w);
}

/* Theft, copies, crashes */

/* Gives a thief all that is on the wires, wraps included. */
static bool thief_reads(world *w, vls_group *thief, const uint8_t id[32]) {
  bool read = false;
  for (unsigned round = 0; round < 3; round++)
    for (size_t i = 0; i < w->n; i++) {
      const node *x = &w->nodes[i];
      for (size_t k = 0; k < x->records.n; k++)
        (void)!vls_group_hear(thief, vls_buf_slice(&x->records.list[k].bytes), w->now);
      for (size_t k = 0; k < x->sheets.n; k++)
        for (uint32_t leaf = 0; leaf < w->n; leaf++) {
          vls_group_wrap wrap = {.leaf = leaf};
          vls_buf bytes;
          vls_buf_init(&bytes, vls_group_wrap_def.max_bytes);
          memcpy(wrap.commit, x->sheets.list[k].id, 32);
          if (world_wrap(x, wrap.commit, leaf, wrap.wrap)) {
            assert_int_equal(vls_wire_encode(&vls_group_wrap_def, &wrap, &bytes), VLS_OK);
            (void)!vls_group_hear_wrap(thief, vls_buf_slice(&bytes), w->now);
          }
          vls_buf_done(&bytes);
        }
    }
  vls_group_told t;
  while (vls_group_poll(thief, &t)) {
    if (t.kind == VLS_TOLD_EVENT && memcmp(t.id, id, 32) == 0) read = true;
    vls_buf_done(&t.bytes);
  }
  return read;
}

static void thief_reads_nothing_after_new_keys(void **state) {
  (void)state;
  world w;
  uint8_t before[32], after[32];
  world_make(&w, 4, 18);
  world_fill(&w);
  vls_group *thief = copy_of(&w.nodes[CHI]);
  assert_int_equal(world_say(&w, &w.nodes[BAO], "Chi's disk is gone", before), VLS_OK);
  assert_true(thief_reads(&w, thief, before));
  assert_int_equal(vls_group_rekey(w.nodes[CHI].group, &w.nodes[CHI].rng, w.now), VLS_OK);
  world_settle(&w);
  assert_int_equal(world_say(&w, &w.nodes[BAO], "new keys", after), VLS_OK);
  assert_false(thief_reads(&w, thief, after));
  vls_group_free(thief);
  world_end(&w);
}

/* While the victim makes new keys, somebody else commits for the old ones. */
static void thief_reads_nothing_once_both_sides_met(void **state) {
  (void)state;
  world w;
  uint8_t after[32];
  world_make(&w, 4, 19);
  world_fill(&w);
  vls_group *thief = copy_of(&w.nodes[CHI]);
  cut(&w, "CD");
  assert_int_equal(vls_group_rekey(w.nodes[CHI].group, &w.nodes[CHI].rng, w.now), VLS_OK);
  assert_int_equal(vls_group_rekey(w.nodes[ANA].group, &w.nodes[ANA].rng, w.now), VLS_OK);
  world_settle(&w);
  meet_again(&w);
  for (size_t i = 0; i < 4; i++) {
    assert_int_equal(world_say(&w, &w.nodes[i], "who listens?", after), VLS_OK);
    assert_false(thief_reads(&w, thief, after));
  }
  vls_group_free(thief);
  world_end(&w);
}

static void copied_device_is_noticed_and_both_its_words_stay(void **state) {
  (void)state;
  world w;
  uint8_t one[32], two[32];
  world_make(&w, 4, 20);
  world_fill(&w);
  vls_group *copy = copy_of(&w.nodes[CHI]), *real = w.nodes[CHI].group;
  assert_int_equal(world_say(&w, &w.nodes[CHI], "from here", one), VLS_OK);
  w.nodes[CHI].group = copy;
  assert_int_equal(world_say(&w, &w.nodes[CHI], "and from there", two), VLS_OK);
  world_sync(&w, 3);
  for (size_t i = 0; i < 4; i++) {
    if (i == CHI) continue;
    node *x = &w.nodes[i];
    assert_int_equal(x->forks, 1);
    /* The copy used the same chain: what came second needs another seal. */
    assert_true(world_has(x, one));
    assert_int_equal(vls_group_judge(x->group, one), VLS_GROUP_COUNTS);
  }
  vls_group_free(real);
  world_end(&w);
}

static void member_who_lost_the_keys_comes_back_through_another(void **state) {
  (void)state;
  world w;
  uint8_t id[32];
  vls_buf bytes;
  vls_act_leaf leaf;
  world_make(&w, 4, 21);
  world_fill(&w);
  cut(&w, "D");
  for (unsigned i = 0; i < 12; i++) { /* Doa's epoch is forgotten by all others */
    w.now += VLS_GROUP_REKEY_MS;
    assert_int_equal(vls_group_rekey(w.nodes[BAO].group, &w.nodes[BAO].rng, w.now), VLS_OK);
    world_settle(&w);
  }
  cut(&w, "");
  node *ana = &w.nodes[ANA], *doa = &w.nodes[DOA];
  vls_buf_init(&bytes, 1024);
  assert_int_equal(vls_group_renew(doa->group, &doa->rng, w.now, &bytes, &leaf), VLS_OK);
  assert_int_equal(vls_group_announce(ana->group, &leaf, &ana->rng, w.now), VLS_OK);
  vls_buf_done(&bytes);
  world_settle(&w);
  world_exchange(&w, doa, ana);
  world_heal(&w);
  assert_int_equal(world_say(&w, doa, "here I am", id), VLS_OK);
  assert_true(world_has(ana, id));
  world_all_alike(&w, false);
  world_end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(new_keys_on_both_sides_become_one_epoch),
      cmocka_unit_test(removal_on_one_side_and_admission_on_the_other),
      cmocka_unit_test(removals_on_both_sides_leave_both_out),
      cmocka_unit_test(rules_of_the_higher_rank_count),
      cmocka_unit_test(what_a_removed_admin_did_meanwhile_is_void),
      cmocka_unit_test(back_dated_words_are_set_aside),
      cmocka_unit_test(forged_past_of_a_removed_member_is_set_aside),
      cmocka_unit_test(second_device_of_a_member_is_one_more_leaf),
      cmocka_unit_test(words_of_a_gap_are_found_and_placed),
      cmocka_unit_test(wrong_clocks_do_not_turn_answers_around),
      cmocka_unit_test(thief_reads_nothing_after_new_keys),
      cmocka_unit_test(thief_reads_nothing_once_both_sides_met),
      cmocka_unit_test(copied_device_is_noticed_and_both_its_words_stay),
      cmocka_unit_test(member_who_lost_the_keys_comes_back_through_another),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
