/* Whose keys words go under, and who makes new ones when. */
#include "group_craft.h"

enum { ANA, BAO, CHI, DOA };

static void hear_newest(world *w, node *to, const node *from) {
  world_hear(w, to, vls_buf_slice(&from->records.list[from->records.n - 1].bytes));
  world_polled(w, to);
}

/* Two commits at once: all choose the same one, in whatever order they heard of them. */
static void of_two_equal_epochs_all_choose_one(void **state) {
  (void)state;
  for (uint8_t seed = 101; seed < 107; seed++) {
    world w;
    uint8_t first[32], other[32];
    world_make(&w, 4, seed);
    world_fill(&w);
    w.nodes[CHI].part = w.nodes[DOA].part = 1;
    assert_int_equal(vls_group_rekey(w.nodes[ANA].group, &w.nodes[ANA].rng, w.now), VLS_OK);
    w.now += seed % 2 == 0 ? 5 : 0;
    assert_int_equal(vls_group_rekey(w.nodes[CHI].group, &w.nodes[CHI].rng, w.now), VLS_OK);
    world_settle(&w);
    w.nodes[CHI].part = w.nodes[DOA].part = 0;
    world_exchange(&w, &w.nodes[ANA], &w.nodes[CHI]);
    world_exchange(&w, &w.nodes[DOA], &w.nodes[BAO]);
    world_exchange(&w, &w.nodes[CHI], &w.nodes[ANA]);
    world_exchange(&w, &w.nodes[BAO], &w.nodes[CHI]);
    assert_true(vls_group_epoch(w.nodes[ANA].group, first));
    for (size_t i = 1; i < 4; i++) {
      assert_true(vls_group_epoch(w.nodes[i].group, other));
      assert_memory_equal(first, other, 32);
    }
    world_end(&w);
  }
}

/* Chi left; Bao, whose state was stolen, made new keys; then Chi is made a member again by a word
 * alone, and an older, larger epoch holds nobody but members. */
static void old_keys_do_not_come_back_with_an_old_member(void **state) {
  (void)state;
  world w;
  uint8_t before[32], after[32];
  world_make(&w, 3, 108);
  world_fill(&w);
  assert_true(vls_group_epoch(w.nodes[ANA].group, before));
  assert_int_equal(world_remove(&w, CHI, CHI), VLS_OK);
  assert_int_equal(vls_group_rekey(w.nodes[BAO].group, &w.nodes[BAO].rng, w.now), VLS_OK);
  world_settle(&w);
  assert_int_equal(world_set(&w, ANA, CHI, VLS_LEVEL_MEMBER), VLS_OK);
  assert_true(vls_group_epoch(w.nodes[ANA].group, after));
  const gr_epoch *e = vls_gr_epoch(w.nodes[ANA].group, after);
  assert_int_equal(e->roster.n, 2);
  assert_true(vls_group_due(w.nodes[ANA].group, w.now, 0) != VLS_NEVER); /* Chi is to be let in */
  world_heal(&w);
  world_exchange(&w, &w.nodes[CHI], &w.nodes[ANA]);
  world_all_alike(&w, false);
  world_end(&w);
}

/* An admission is heard of before the wrap of the epoch it goes on from. */
static void commit_that_adds_is_followed_when_its_base_opens(void **state) {
  (void)state;
  world w;
  uint8_t id[32];
  world_make(&w, 4, 109);
  world_found(&w);
  node *ana = &w.nodes[ANA], *bao = &w.nodes[BAO];
  for (size_t i = 1; i < 3; i++)
    assert_int_equal(world_admit(&w, ana, &w.nodes[i]), VLS_OK);
  bao->part = 1;
  assert_int_equal(vls_group_rekey(ana->group, &ana->rng, w.now), VLS_OK);
  world_settle(&w);
  bao->part = 0;
  hear_newest(&w, bao, ana);
  assert_int_equal(bao->n_wraps, 1);
  bao->part = 1;
  assert_int_equal(world_admit(&w, ana, &w.nodes[DOA]), VLS_OK);
  bao->part = 0;
  world_letters(&w, ana, bao);
  assert_int_equal(bao->n_wraps, 1); /* none for what only adds */
  assert_true(vls_group_is_stuck(bao->group));
  world_wraps_from(&w, bao, ana);
  assert_false(vls_group_is_stuck(bao->group));
  assert_int_equal(world_say(&w, bao, "there at last", id), VLS_OK);
  assert_true(world_has(&w.nodes[DOA], id));
  world_all_alike(&w, false);
  world_end(&w);
}

static bool anybody_due(world *w) {
  for (size_t i = 0; i < w->n; i++)
    if (vls_group_due(w->nodes[i].group, w->now, 0) != VLS_NEVER) return true;
  return false;
}

static void new_keys_are_due_after_so_many_records(void **state) {
  (void)state;
  world w;
  craft c;
  world_make(&w, 2, 110);
  world_fill(&w);
  node *ana = &w.nodes[ANA], *bao = &w.nodes[BAO];
  assert_false(anybody_due(&w));
  for (unsigned i = 0; i < VLS_GROUP_REKEY_RECORDS; i++) {
    assert_false(anybody_due(&w));
    craft_begin(&c, bao);
    craft_text(&c, "again");
    c.said.header.seq = ++bao->group->seq;
    assert_int_equal(craft_heard(&c, bao, &w, ana), VLS_OK);
    craft_done(&c);
  }
  assert_true(anybody_due(&w));
  world_heal(&w);
  assert_false(anybody_due(&w));
  world_end(&w);
}

static void new_keys_are_due_after_a_week(void **state) {
  (void)state;
  world w;
  uint8_t before[32], after[32];
  world_make(&w, 3, 111);
  world_fill(&w);
  assert_true(vls_group_epoch(w.nodes[ANA].group, before));
  w.now += VLS_GROUP_REKEY_MS - 1000;
  assert_false(anybody_due(&w));
  w.now += 2000;
  assert_true(anybody_due(&w));
  assert_int_equal(world_heal(&w), 1);
  assert_true(vls_group_epoch(w.nodes[BAO].group, after));
  assert_memory_not_equal(before, after, 32);
  const gr_epoch *e = vls_gr_epoch(w.nodes[BAO].group, after);
  assert_true(e->fresh);
  world_all_alike(&w, false);
  world_end(&w);
}

/* A quiet month, then new keys that Bao does not know of yet. */
static void replaced_epoch_opens_for_two_weeks_more(void **state) {
  (void)state;
  world w;
  uint8_t id[32];
  world_make(&w, 3, 116);
  world_fill(&w);
  node *ana = &w.nodes[ANA], *bao = &w.nodes[BAO];
  w.now += UINT64_C(30) * 86400 * 1000;
  bao->part = 1;
  assert_int_equal(vls_group_rekey(ana->group, &ana->rng, w.now), VLS_OK);
  world_settle(&w);
  bao->part = 0;
  assert_int_equal(world_say(&w, bao, "anybody here?", id), VLS_OK);
  assert_true(world_has(ana, id) && world_has(&w.nodes[CHI], id));
  world_end(&w);
}

/* Each waits for those before it; all have another turn. */
static void members_take_turns(void **state) {
  (void)state;
  world w;
  enum { MEMBERS = 12 };
  uint64_t due[MEMBERS];
  size_t first = 0, late = 0;
  world_make(&w, MEMBERS, 112);
  world_fill(&w);
  assert_int_equal(world_remove(&w, 3, 3), VLS_OK);
  for (size_t i = 0; i < MEMBERS; i++) {
    due[i] = vls_group_due(w.nodes[i].group, w.now, (uint16_t)(i * 4000));
    if (i == 3) {
      assert_true(due[i] == VLS_NEVER);
      continue;
    }
    assert_true(due[i] < 76000);
    first += due[i] == 0 ? 1 : 0;
    late += due[i] >= 16000 ? 1 : 0;
    for (size_t k = 0; k < i; k++)
      if (k != 3) assert_true(due[k] != due[i]);
  }
  assert_int_equal(first, 1);
  assert_int_equal(late, MEMBERS - 1 - 8);
  world_end(&w);
}

/* What a removal cuts, when not all of it is here */

static void words_behind_a_removal_need_not_know_its_head(void **state) {
  (void)state;
  world w;
  uint8_t early[32], late[32];
  world_make(&w, 3, 113);
  world_fill(&w);
  w.nodes[BAO].part = 1;
  assert_int_equal(world_say(&w, &w.nodes[CHI], "heard by Ana alone", early), VLS_OK);
  w.nodes[CHI].part = 2;
  assert_int_equal(world_say(&w, &w.nodes[CHI], "after all", late), VLS_OK);
  hear_newest(&w, &w.nodes[BAO], &w.nodes[CHI]);
  assert_true(world_has(&w.nodes[BAO], late) && !world_has(&w.nodes[BAO], early));
  assert_int_equal(vls_group_judge(w.nodes[BAO].group, late), VLS_GROUP_COUNTS);
  assert_int_equal(world_remove(&w, ANA, CHI), VLS_OK);
  hear_newest(&w, &w.nodes[BAO], &w.nodes[ANA]);
  assert_int_equal(vls_group_judge(w.nodes[BAO].group, late), VLS_GROUP_QUARANTINED);
  assert_int_equal(vls_group_judge(w.nodes[BAO].group, early), VLS_GROUP_NO_SUCH);
  world_end(&w);
}

/* The real event is missing, but the chain of what followed leads past the forged one. */
static void forged_words_do_not_fill_a_gap(void **state) {
  (void)state;
  world w;
  craft c;
  uint8_t real[32], next[32];
  world_make(&w, 3, 114);
  world_fill(&w);
  node *bao = &w.nodes[BAO], *chi = &w.nodes[CHI];
  craft_begin(&c, chi);
  craft_text(&c, "forged later, dated now");
  bao->part = 1;
  assert_int_equal(world_say(&w, chi, "real", real), VLS_OK);
  bao->part = 0;
  assert_int_equal(world_say(&w, chi, "next", next), VLS_OK);
  (void)craft_seal(&c, chi); /* before Chi is out: the seal is good, the seq that of `real` */
  assert_int_equal(world_remove(&w, ANA, CHI), VLS_OK);
  assert_true(world_has(bao, next) && !world_has(bao, real));
  assert_int_equal(vls_group_hear(bao->group, vls_buf_slice(&c.record), w.now), VLS_OK);
  assert_int_equal(vls_group_judge(bao->group, c.said.id), VLS_GROUP_QUARANTINED);
  assert_int_equal(vls_group_judge(bao->group, next), VLS_GROUP_COUNTS);
  craft_done(&c);
  world_end(&w);
}

/* Neither is the real one, as far as anybody can tell here: until the chain says which, none is. */
static void of_two_claims_behind_a_gap_none_counts(void **state) {
  (void)state;
  world w;
  craft c;
  uint8_t real[32], next[32];
  world_make(&w, 3, 115);
  world_fill(&w);
  node *bao = &w.nodes[BAO], *chi = &w.nodes[CHI];
  craft_begin(&c, chi);
  craft_text(&c, "forged");
  assert_int_equal(world_say(&w, chi, "real", real), VLS_OK);
  (void)craft_seal(&c, chi);
  bao->part = 1;
  assert_int_equal(world_say(&w, chi, "next", next), VLS_OK);
  bao->part = 0;
  assert_int_equal(world_remove(&w, ANA, CHI), VLS_OK);
  assert_int_equal(vls_group_judge(bao->group, real), VLS_GROUP_COUNTS);
  assert_int_equal(vls_group_hear(bao->group, vls_buf_slice(&c.record), w.now), VLS_OK);
  assert_int_equal(vls_group_judge(bao->group, real), VLS_GROUP_QUARANTINED);
  assert_int_equal(vls_group_judge(bao->group, c.said.id), VLS_GROUP_QUARANTINED);
  world_exchange(&w, bao, &w.nodes[ANA]);
  assert_int_equal(vls_group_judge(bao->group, real), VLS_GROUP_COUNTS);
  assert_int_equal(vls_group_judge(bao->group, c.said.id), VLS_GROUP_QUARANTINED);
  craft_done(&c);
  world_end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(of_two_equal_epochs_all_choose_one),
      cmocka_unit_test(old_keys_do_not_come_back_with_an_old_member),
      cmocka_unit_test(commit_that_adds_is_followed_when_its_base_opens),
      cmocka_unit_test(new_keys_are_due_after_so_many_records),
      cmocka_unit_test(new_keys_are_due_after_a_week),
      cmocka_unit_test(replaced_epoch_opens_for_two_weeks_more),
      cmocka_unit_test(members_take_turns),
      cmocka_unit_test(words_behind_a_removal_need_not_know_its_head),
      cmocka_unit_test(of_two_claims_behind_a_gap_none_counts),
      cmocka_unit_test(forged_words_do_not_fill_a_gap),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
