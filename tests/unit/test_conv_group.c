/* What members of a group see of each other, as they would tell it. */
#include "group_world.h"

enum { ANA, BAO, CHI, DOA, EWA };

static bool heard_by(world *w, const uint8_t id[32], const char *who) {
  for (size_t i = 0; i < w->n; i++)
    if (world_has(&w->nodes[i], id) != (strchr(who, "ABCDEFGH"[i]) != NULL)) return false;
  return true;
}

static void three_talk_and_see_the_same(void **state) {
  (void)state;
  world w;
  uint8_t id[32];
  world_make(&w, 3, 1);
  world_fill(&w);
  world_all_alike(&w, false);
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(world_say(&w, &w.nodes[i], "Guten Tag", id), VLS_OK);
    assert_true(heard_by(&w, id, "ABC"));
  }
  world_all_alike(&w, false);
  world_end(&w);
}

static void newcomer_reads_nothing_from_before(void **state) {
  (void)state;
  world w;
  uint8_t before[32], after[32];
  world_make(&w, 3, 2);
  world_found(&w);
  assert_int_equal(world_admit(&w, &w.nodes[ANA], &w.nodes[BAO]), VLS_OK);
  assert_int_equal(world_say(&w, &w.nodes[BAO], "about Chi", before), VLS_OK);
  assert_int_equal(world_admit(&w, &w.nodes[ANA], &w.nodes[CHI]), VLS_OK);
  assert_int_equal(world_say(&w, &w.nodes[BAO], "welcome", after), VLS_OK);
  assert_true(heard_by(&w, before, "AB"));
  assert_true(heard_by(&w, after, "ABC"));
  world_sync(&w, 3);
  assert_true(heard_by(&w, before, "AB"));
  assert_int_equal(vls_group_missing(w.nodes[CHI].group, NULL, 0), 0);
  world_all_alike(&w, false);
  world_end(&w);
}

static void newcomer_reads_what_was_before_where_the_rules_say_so(void **state) {
  (void)state;
  world w;
  uint8_t before[32];
  world_make(&w, 3, 3);
  world_found(&w);
  node *ana = &w.nodes[ANA];
  vls_act_rules rules = {.rules = world_rules()};
  rules.rules.history = 1;
  assert_int_equal(vls_group_rule(ana->group, &rules, &ana->rng, w.now), VLS_OK);
  assert_int_equal(world_admit(&w, ana, &w.nodes[BAO]), VLS_OK);
  assert_int_equal(world_say(&w, &w.nodes[BAO], "minutes of May", before), VLS_OK);
  assert_int_equal(world_admit(&w, ana, &w.nodes[CHI]), VLS_OK);
  world_sync(&w, 3);
  assert_true(heard_by(&w, before, "ABC"));
  world_all_alike(&w, true);
  world_end(&w);
}

static void removed_member_reads_nothing_more(void **state) {
  (void)state;
  world w;
  uint8_t id[32];
  world_make(&w, 4, 4);
  world_fill(&w);
  assert_int_equal(world_remove(&w, ANA, CHI), VLS_OK);
  w.nodes[CHI].left = true;
  assert_int_equal(world_say(&w, &w.nodes[BAO], "without Chi", id), VLS_OK);
  assert_true(heard_by(&w, id, "ABD"));
  world_sync(&w, 4);
  assert_true(heard_by(&w, id, "ABD"));
  world_all_alike(&w, false);
  assert_int_equal(world_say(&w, &w.nodes[CHI], "am I here?", id), VLS_STATE);
  world_end(&w);
}

static void who_leaves_is_left_out_by_the_next_who_speaks(void **state) {
  (void)state;
  world w;
  uint8_t id[32];
  world_make(&w, 3, 5);
  world_fill(&w);
  assert_int_equal(world_remove(&w, BAO, BAO), VLS_OK);
  w.nodes[BAO].left = true;
  assert_false(vls_group_epoch(w.nodes[CHI].group, id));
  assert_int_equal(world_say(&w, &w.nodes[CHI], "Bao has gone", id), VLS_OK);
  assert_true(heard_by(&w, id, "AC"));
  world_all_alike(&w, false);
  world_end(&w);
}

static void levels_flow_down(void **state) {
  (void)state;
  world w;
  world_make(&w, 4, 6);
  world_fill(&w);
  assert_int_equal(world_set(&w, ANA, BAO, VLS_LEVEL_ADMIN), VLS_OK);
  assert_int_equal(world_set(&w, BAO, CHI, VLS_LEVEL_MODERATOR), VLS_OK);
  assert_int_equal(world_set(&w, CHI, DOA, VLS_LEVEL_MODERATOR), VLS_STATE);
  assert_int_equal(world_set(&w, BAO, CHI, VLS_LEVEL_ADMIN), VLS_STATE);
  assert_int_equal(world_set(&w, BAO, ANA, VLS_LEVEL_MEMBER), VLS_STATE);
  assert_int_equal(world_remove(&w, DOA, CHI), VLS_STATE);
  assert_int_equal(world_remove(&w, ANA, ANA), VLS_STATE);
  assert_int_equal(world_remove(&w, CHI, DOA), VLS_OK);
  w.nodes[DOA].left = true;
  for (size_t i = 0; i < 3; i++) {
    vls_group *g = w.nodes[i].group;
    assert_int_equal(vls_group_level(g, w.nodes[BAO].who.identity.pub), VLS_LEVEL_ADMIN);
    assert_int_equal(vls_group_level(g, w.nodes[CHI].who.identity.pub), VLS_LEVEL_MODERATOR);
    assert_int_equal(vls_group_level(g, w.nodes[DOA].who.identity.pub), VLS_LEVEL_NONE);
  }
  /* Only somebody as high as who removed Doa lets them in again. */
  assert_int_equal(world_set(&w, ANA, EWA - 1, VLS_LEVEL_MEMBER), VLS_OK);
  world_all_alike(&w, false);
  world_end(&w);
}

static void announcements_are_for_moderators(void **state) {
  (void)state;
  world w;
  uint8_t id[32];
  world_make(&w, 3, 7);
  world_fill(&w);
  node *ana = &w.nodes[ANA];
  vls_act_rules rules = {.rules = world_rules(), .reason = vls_slice_str("too loud")};
  rules.rules.post = VLS_LEVEL_MODERATOR;
  assert_int_equal(vls_group_rule(w.nodes[BAO].group, &rules, &w.nodes[BAO].rng, w.now), VLS_STATE);
  assert_int_equal(vls_group_rule(ana->group, &rules, &ana->rng, w.now), VLS_OK);
  world_settle(&w);
  assert_int_equal(world_say(&w, &w.nodes[BAO], "but", id), VLS_STATE);
  assert_int_equal(world_set(&w, ANA, BAO, VLS_LEVEL_MODERATOR), VLS_OK);
  assert_int_equal(world_say(&w, &w.nodes[BAO], "the hall is closed", id), VLS_OK);
  assert_true(heard_by(&w, id, "ABC"));
  vls_group_rules now;
  vls_buf name;
  vls_buf_init(&name, 64);
  assert_int_equal(vls_group_rules_now(w.nodes[CHI].group, &now, &name), VLS_OK);
  assert_int_equal(now.post, VLS_LEVEL_MODERATOR);
  assert_true(vls_slice_eq(now.name, vls_slice_str("Sister cities")));
  vls_buf_done(&name);
  world_end(&w);
}

/* Invitations by a link */

static vls_err admit_by_link(world *w, node *by, node *x, const vls_sign_pair *link,
                             const uint8_t invite[32]) {
  vls_buf leaf;
  uint8_t proof[64];
  vls_act_admit admit = world_request(w, by, x, &leaf);
  vls_group_proof_make(proof, link, vls_group_id(by->group), x->who.identity.pub);
  admit.invite = vls_slice_of(invite, 32);
  admit.proof = vls_slice_of(proof, 64);
  vls_err err = vls_group_admit(by->group, &admit, &by->rng, w->now);
  vls_buf_done(&leaf);
  world_settle(w);
  return err;
}

static void newest_event_of(node *x, uint8_t id[32]) {
  memcpy(id, x->events.list[x->events.n - 1].id, 32);
}

static void link_admits_so_many(void **state) {
  (void)state;
  world w;
  uint8_t invite[32];
  vls_sign_pair link, other;
  world_make(&w, 6, 8);
  world_found(&w);
  node *ana = &w.nodes[ANA], *bao = &w.nodes[BAO];
  assert_int_equal(world_admit(&w, ana, bao), VLS_OK);
  assert_int_equal(world_admit(&w, bao, &w.nodes[CHI]), VLS_STATE); /* no admin */
  vls_sign_new(&link, &ana->rng);
  vls_sign_new(&other, &ana->rng);
  vls_act_invite body = {.uses = 2, .until = w.now + 1000};
  memcpy(body.key, link.pub, 32);
  assert_int_equal(vls_group_invite(ana->group, &body, &ana->rng, w.now), VLS_OK);
  world_settle(&w);
  newest_event_of(ana, invite);
  assert_int_equal(admit_by_link(&w, bao, &w.nodes[CHI], &other, invite), VLS_STATE);
  assert_int_equal(admit_by_link(&w, bao, &w.nodes[CHI], &link, invite), VLS_OK);
  assert_int_equal(admit_by_link(&w, bao, &w.nodes[DOA], &link, invite), VLS_OK);
  assert_int_equal(admit_by_link(&w, bao, &w.nodes[EWA], &link, invite), VLS_STATE);
  assert_int_equal(vls_group_level(ana->group, w.nodes[DOA].who.identity.pub), VLS_LEVEL_MEMBER);
  vls_group_invitation seen, *all;
  assert_true(vls_group_invitation_by(bao->group, link.pub, &seen));
  assert_true(seen.used == 2 && seen.uses == 2 && seen.until == body.until && !seen.approve);
  assert_memory_equal(seen.id, invite, 32);
  assert_memory_equal(seen.author, ana->who.identity.pub, 32);
  assert_false(seen.is_void);
  assert_false(vls_group_invitation_by(bao->group, other.pub, &seen));
  body.approve = true;
  memcpy(body.key, other.pub, 32);
  assert_int_equal(vls_group_invite(ana->group, &body, &ana->rng, w.now), VLS_OK);
  world_settle(&w);
  newest_event_of(ana, invite);
  assert_int_equal(admit_by_link(&w, bao, &w.nodes[EWA], &other, invite), VLS_STATE);
  assert_int_equal(world_set(&w, ANA, BAO, VLS_LEVEL_MODERATOR), VLS_OK);
  assert_int_equal(admit_by_link(&w, bao, &w.nodes[EWA], &other, invite), VLS_OK);
  assert_int_equal(vls_group_invitations(ana->group, &all), 2);
  assert_true(all[0].used == 2 && all[1].used == 1 && all[1].approve);
  assert_memory_equal(all[1].id, invite, 32);
  free(all);
  world_all_alike(&w, false);
  world_end(&w);
}

static void removed_member_does_not_come_back_by_a_friend(void **state) {
  (void)state;
  world w;
  world_make(&w, 4, 9);
  world_fill(&w);
  node *ana = &w.nodes[ANA], *bao = &w.nodes[BAO];
  vls_act_rules rules = {.rules = world_rules()};
  rules.rules.admit = VLS_LEVEL_MEMBER;
  assert_int_equal(vls_group_rule(ana->group, &rules, &ana->rng, w.now), VLS_OK);
  world_settle(&w);
  assert_int_equal(world_remove(&w, ANA, CHI), VLS_OK);
  w.nodes[CHI].left = true;
  assert_int_equal(world_admit(&w, bao, &w.nodes[CHI]), VLS_STATE);
  assert_int_equal(world_remove(&w, DOA, DOA), VLS_OK); /* who left by themselves may return */
  assert_int_equal(world_admit(&w, bao, &w.nodes[DOA]), VLS_OK);
  assert_int_equal(world_admit(&w, ana, &w.nodes[CHI]), VLS_OK);
  w.nodes[CHI].left = false;
  uint8_t id[32];
  assert_int_equal(world_say(&w, &w.nodes[CHI], "sorry", id), VLS_OK);
  assert_true(heard_by(&w, id, "ABCD"));
  world_all_alike(&w, false);
  world_end(&w);
}

/* The roster names devices with the keys of their links; acts stand after those they name. */
static void seats_and_acts_are_told(void **state) {
  (void)state;
  world w;
  uint32_t leaf = 0, found;
  world_make(&w, 4, 9);
  world_fill(&w);
  vls_group *g = w.nodes[2].group;
  vls_group_seat seat;
  for (; vls_group_seat_at(g, leaf, &seat); leaf++) {
    const node *x = world_device(&w, seat.device);
    assert_memory_equal(seat.identity, x->who.identity.pub, 32);
    assert_memory_equal(seat.link, x->who.dh.pub, 32);
    assert_true(vls_group_seat_of(g, seat.device, &found) && found == leaf);
  }
  assert_int_equal(leaf, 4);
  assert_false(vls_group_seat_of(g, w.nodes[0].who.identity.pub, &found));
  const uint8_t *id;
  vls_slice event;
  vls_group *young = vls_group_join(&w.nodes[2].me, vls_group_id(g), &w.nodes[2].leaf);
  uint32_t n = 0;
  for (; vls_group_act_at(g, n, &id, &event); n++) {
    vls_group_said said;
    vls_group_where where = {.group = vls_group_id(g)};
    assert_true(vls_group_has(g, id));
    assert_int_equal(vls_group_read(&said, event, &where), VLS_OK);
    for (size_t i = 0; i < said.header.n_acts; i++)
      assert_true(vls_group_has(young, said.header.acts[i]));
    vls_buf letter;
    vls_buf_init(&letter, vls_group_mail_def.max_bytes);
    assert_int_equal(
        vls_group_letter(w.nodes[0].group, event, w.nodes[2].who.device.pub, &w.rng, &letter),
        VLS_OK);
    assert_int_equal(vls_group_hear_letter(young, vls_buf_slice(&letter), w.now), VLS_OK);
    vls_buf_done(&letter);
  }
  assert_int_equal(n, 4);
  assert_false(vls_group_has(g, w.nodes[0].who.identity.pub));
  vls_group_free(young);
  world_end(&w);
}

static void rules_and_place_of_an_event_are_those_of_its_past(void **state) {
  (void)state;
  world w;
  uint8_t before[32], after[32];
  world_make(&w, 2, 9);
  world_fill(&w);
  node *ana = &w.nodes[ANA];
  vls_act_rules act = {.rules = world_rules()};
  vls_group_rules then;
  vls_group_line line;
  vls_buf name;
  vls_buf_init(&name, 64);
  assert_int_equal(world_say(&w, ana, "before", before), VLS_OK);
  act.rules.name = vls_slice_str("News");
  act.rules.post = VLS_LEVEL_MODERATOR;
  act.rules.slow = 60;
  assert_int_equal(vls_group_rule(ana->group, &act, &ana->rng, w.now), VLS_OK);
  w.now += 1000;
  assert_int_equal(world_say(&w, ana, "after", after), VLS_OK);
  for (size_t i = 0; i < 2; i++) {
    vls_group *g = w.nodes[i].group;
    assert_int_equal(vls_group_rules_then(g, before, &then, &name), VLS_OK);
    assert_int_equal(then.post, VLS_LEVEL_MEMBER);
    assert_true(vls_slice_eq(then.name, vls_slice_str("Sister cities")));
    assert_int_equal(vls_group_rules_then(g, after, &then, &name), VLS_OK);
    assert_int_equal(then.post, VLS_LEVEL_MODERATOR);
    assert_int_equal(then.slow, 60);
    assert_true(vls_slice_eq(then.name, vls_slice_str("News")));
    assert_int_equal(vls_group_rules_then(g, vls_group_id(g), &then, &name), VLS_STATE);
    assert_int_equal(vls_group_rules_then(g, ana->who.identity.pub, &then, &name), VLS_STATE);
    assert_true(vls_group_line_of(g, after, &line));
    assert_int_equal(line.hour, w.now);
    assert_false(line.is_act);
    assert_true(vls_group_line_of(g, vls_group_id(g), &line));
    assert_true(line.is_act);
    assert_false(vls_group_line_of(g, ana->who.identity.pub, &line));
  }
  vls_buf_done(&name);
  world_end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(three_talk_and_see_the_same),
      cmocka_unit_test(newcomer_reads_nothing_from_before),
      cmocka_unit_test(newcomer_reads_what_was_before_where_the_rules_say_so),
      cmocka_unit_test(removed_member_reads_nothing_more),
      cmocka_unit_test(who_leaves_is_left_out_by_the_next_who_speaks),
      cmocka_unit_test(levels_flow_down),
      cmocka_unit_test(announcements_are_for_moderators),
      cmocka_unit_test(link_admits_so_many),
      cmocka_unit_test(removed_member_does_not_come_back_by_a_friend),
      cmocka_unit_test(seats_and_acts_are_told),
      cmocka_unit_test(rules_and_place_of_an_event_are_those_of_its_past),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
