/* Members of a group who are no contacts: they learn of each other, link, and hear each other, with
 * nobody between them. */
#include "core_backup.h"
#include "core_circle.h"

#include "citizen/id.h"
#include "core/circle.h"
#include "core/circle_members.h"
#include "core/members.h"

static vls_peer *peer_of(world *w, int who, int other) {
  return vls_peer_by_identity(w->node[who].core, w->node[other].core->self.identity.pub);
}

static void say_there(world *w, int who, const char *text) {
  vls_core *core = w->node[who].core;
  vls_circle_text(core, circle_of(w, who), vls_slice_str(text), ++core->newest_n);
  done(w, who);
  pass(w, 2000);
}

static bool as_members(world *w, int a, int b) {
  const vls_peer *peer = peer_of(w, a, b);
  return peer != NULL && peer->conn != NULL && peer->conn->up && peer->conn->as_member;
}

/* Bao and Chi know Ana, and not each other. */
static world *three_in_a_group(void) {
  world *w = world_new(3);
  befriend(w, ANA, BAO);
  befriend(w, ANA, CHI);
  found_group(w, ANA, "Sister cities");
  let_in(w, ANA, BAO, 3000);
  let_in(w, ANA, CHI, 3000);
  pass(w, 10000);
  return w;
}

static void members_who_are_no_contacts_find_each_other(void **state) {
  (void)state;
  world *w = three_in_a_group();
  assert_true(as_members(w, BAO, CHI) && as_members(w, CHI, BAO));
  assert_false(as_members(w, ANA, BAO)); /* contacts use the link they have */
  assert_int_equal(circle_of(w, BAO)->n_links, 2);
  assert_string_equal(peer_of(w, BAO, CHI)->row.claim, "Chi");
  assert_int_equal(peer_of(w, BAO, CHI)->row.state, VLS_CONTACT_MEMBER);
  assert_string_equal(look_up(w, BAO, "Chi").state, "none");
  node_offline(w, ANA, true);
  say_there(w, CHI, "Ana is off");
  assert_string_equal(heard(w, BAO), "Ana is off|");
  say_there(w, BAO, "and we talk");
  assert_string_equal(heard(w, CHI), "and we talk|");
  world_free(w);
}

/* Of the acts that say who is a member the founder's is the first: whoever hands them over is known
 * to be one only by the last. */
static void who_is_let_in_by_no_founder_gets_all_acts(void **state) {
  (void)state;
  world *w = world_new(3);
  befriend(w, ANA, BAO);
  befriend(w, BAO, CHI);
  found_group(w, ANA, "Sister cities");
  let_in(w, ANA, BAO, 3000);
  assert_int_equal(vls_group_set(circle_of(w, ANA)->group, w->node[BAO].core->self.identity.pub,
                                 VLS_LEVEL_ADMIN, vls_slice_str(""), &w->node[ANA].core->rng,
                                 (uint64_t)now_of(w, &w->node[ANA]).wall_ms),
                   VLS_OK);
  vls_circle_settle(w->node[ANA].core, circle_of(w, ANA));
  done(w, ANA);
  pass(w, 5000);
  let_in(w, BAO, CHI, 3000);
  pass(w, 10000);
  assert_int_equal(circle_of(w, CHI)->row.state, VLS_GRP_MEMBER);
  assert_true(as_members(w, ANA, CHI));
  say_there(w, CHI, "hello, founder");
  assert_string_equal(heard(w, ANA), "hello, founder|");
  world_free(w);
}

static void members_link_again_after_restarts(void **state) {
  (void)state;
  world *w = three_in_a_group();
  node_offline(w, ANA, true);
  for (int i = 0; i < 2; i++) {
    node_restart(w, i == 0 ? BAO : CHI);
    pass(w, 60000);
    assert_true(as_members(w, BAO, CHI) && as_members(w, CHI, BAO));
  }
  say_hello(w, CHI, CLIENT);
  say_there(w, CHI, "still here");
  assert_string_equal(heard(w, BAO), "still here|");
  world_free(w);
}

/* Chi's new card reaches Bao through Ana, and the other way round when Ana was away. */
static void newer_cards_are_passed_on(void **state) {
  (void)state;
  world *w = three_in_a_group();
  vls_peer *chi = peer_of(w, BAO, CHI);
  chi->row.blocked = true; /* no link of their own */
  vls_conn_close(w->node[BAO].core, chi->conn, VLS_CLOSE_BYE, "");
  done(w, BAO);
  vls_core_new_card(w->node[CHI].core, w->node[CHI].core->self.card_seq);
  done(w, CHI);
  pass(w, 5000);
  assert_false(as_members(w, BAO, CHI));
  assert_int_equal(chi->row.card_seq, w->node[CHI].core->self.card_seq);
  node_offline(w, BAO, true);
  vls_core_new_card(w->node[CHI].core, w->node[CHI].core->self.card_seq);
  done(w, CHI);
  pass(w, 5000);
  assert_int_not_equal(chi->row.card_seq, w->node[CHI].core->self.card_seq);
  node_offline(w, BAO, false);
  pass(w, 120000);
  assert_int_equal(chi->row.card_seq, w->node[CHI].core->self.card_seq);
  world_free(w);
}

static void removed_member_loses_the_links(void **state) {
  (void)state;
  world *w = three_in_a_group();
  vls_circle *circle = circle_of(w, ANA);
  assert_int_equal(vls_group_remove(circle->group, w->node[CHI].core->self.identity.pub,
                                    vls_slice_str("spam"), &w->node[ANA].core->rng,
                                    (uint64_t)now_of(w, &w->node[ANA]).wall_ms),
                   VLS_OK);
  vls_circle_settle(w->node[ANA].core, circle);
  done(w, ANA);
  pass(w, 60000);
  assert_null(peer_of(w, BAO, CHI)->conn);
  assert_int_equal(peer_of(w, BAO, CHI)->row.state, VLS_CONTACT_REMOVED);
  assert_int_equal(circle_of(w, BAO)->n_links, 1);
  assert_string_equal(look_up(w, ANA, "Chi").state, "ready"); /* contacts stay contacts */
  world_free(w);
}

/* Over the link that the removal ends. */
static void who_is_removed_by_a_member_hears_of_it(void **state) {
  (void)state;
  world *w = three_in_a_group();
  uint64_t now = (uint64_t)now_of(w, &w->node[ANA]).wall_ms;
  const uint8_t *bao = w->node[BAO].core->self.identity.pub;
  const uint8_t *chi = w->node[CHI].core->self.identity.pub;
  assert_int_equal(vls_group_set(circle_of(w, ANA)->group, bao, VLS_LEVEL_MODERATOR,
                                 vls_slice_str(""), &w->node[ANA].core->rng, now),
                   VLS_OK);
  vls_circle_settle(w->node[ANA].core, circle_of(w, ANA));
  done(w, ANA);
  pass(w, 5000);
  node_offline(w, ANA, true);
  assert_true(as_members(w, BAO, CHI));
  assert_int_equal(vls_group_remove(circle_of(w, BAO)->group, chi, vls_slice_str("spam"),
                                    &w->node[BAO].core->rng, now + 5000),
                   VLS_OK);
  vls_circle_settle(w->node[BAO].core, circle_of(w, BAO));
  done(w, BAO);
  pass(w, 5000);
  assert_int_equal(circle_of(w, CHI)->row.state, VLS_GRP_LEFT);
  assert_null(peer_of(w, BAO, CHI)->conn);
  assert_int_equal(peer_of(w, CHI, BAO)->row.state, VLS_CONTACT_REMOVED);
  world_free(w);
}

/* Ana removes Bao from her contacts: in the group they go on. */
static void removed_contact_goes_on_as_a_member(void **state) {
  (void)state;
  world *w = three_in_a_group();
  assert_true(remove_contact(w, ANA, "Bao"));
  pass(w, 400000);
  assert_true(as_members(w, ANA, BAO));
  assert_int_equal(peer_of(w, ANA, BAO)->row.state, VLS_CONTACT_MEMBER);
  say_there(w, BAO, "still in the group");
  assert_string_equal(heard(w, ANA), "still in the group|");
  world_free(w);
}

/* Who is no contact is in a backup as a memory, with what was heard of their devices. */
static void backup_has_members_as_a_memory(void **state) {
  (void)state;
  world *w = three_in_a_group();
  assert_int_equal(peer_of(w, BAO, CHI)->row.state, VLS_CONTACT_MEMBER);
  assert_true(set_words(w, BAO));
  say_there(w, CHI, "hello");
  vls_buf file = backup_of(w, BAO);
  lose_disk(w, BAO);
  assert_true(restore(w, BAO, vls_buf_slice(&file), words_key));
  assert_string_equal(look_up(w, BAO, "Ana").state, "ready");
  assert_string_equal(look_up(w, BAO, "Chi").state, "none");
  vls_buf_done(&file);
  world_free(w);
}

/* A card that is forged, or of somebody who is in no group with the reader, changes nothing; and
 * one member gives so many a minute. */
static void notes_that_are_wrong_change_nothing(void **state) {
  (void)state;
  world *w = three_in_a_group();
  vls_core *core = w->node[BAO].core;
  vls_peer *ana = peer_of(w, BAO, ANA), *chi = peer_of(w, BAO, CHI);
  vls_circle *circle = circle_of(w, BAO);
  vls_core_new_card(w->node[CHI].core, w->node[CHI].core->self.card_seq + 5);
  vls_buf *card = &w->node[CHI].core->self.card;
  uint64_t before = chi->row.card_seq;
  card->p[card->n - 1] ^= 1;
  assert_false(vls_circle_card_note(core, circle, ana->conn, vls_buf_slice(card)));
  card->p[card->n - 1] ^= 1;
  assert_false(vls_circle_card_note(core, circle, ana->conn, vls_slice_str("nothing")));
  ana->notes.used = VLS_NOTES_MINUTE;
  ana->notes.since = core->now.mono_ms;
  assert_false(vls_circle_card_note(core, circle, ana->conn, vls_buf_slice(card)));
  assert_int_equal(chi->row.card_seq, before);
  ana->notes.used = VLS_NOTES_MINUTE - 1;
  assert_true(vls_circle_card_note(core, circle, ana->conn, vls_buf_slice(card)));
  assert_int_not_equal(chi->row.card_seq, before);
  assert_false(vls_circle_card_note(core, circle, ana->conn, vls_buf_slice(card)));
  world_free(w);
}

static void cards_are_held(world *w, int who, int from, uint64_t turn, vls_slice list) {
  vls_group_cards cards = {.turn = turn, .cards = list};
  vls_buf body;
  vls_buf_init(&body, vls_group_cards_def.max_bytes);
  assert_int_equal(vls_wire_encode(&vls_group_cards_def, &cards, &body), VLS_OK);
  vls_circle_cards_heard(w->node[who].core, circle_of(w, who), peer_of(w, who, from)->conn,
                         vls_buf_slice(&body));
  vls_buf_done(&body);
}

/* How many frames a list of cards is answered with. */
static uint64_t answers(world *w, uint64_t turn, vls_slice list) {
  const vls_conn *conn = peer_of(w, ANA, BAO)->conn;
  uint64_t before = conn->sent;
  cards_are_held(w, ANA, BAO, turn, list);
  end_batch(w, &w->node[ANA]);
  uint64_t n = conn->sent - before;
  run(w);
  return n;
}

/* All that is newer, or not named; for what is newer there, a question. */
static void lists_of_cards_are_answered(void **state) {
  (void)state;
  world *w = three_in_a_group();
  uint8_t list[3 * VLS_CARD_AT], swapped[VLS_CARD_AT];
  const int order[] = {ANA, CHI};
  bool first =
      memcmp(w->node[ANA].core->self.identity.pub, w->node[CHI].core->self.identity.pub, 32) < 0;
  for (size_t i = 0; i < 2; i++) {
    int who = order[first ? i : 1 - i];
    memcpy(list + i * VLS_CARD_AT, w->node[who].core->self.identity.pub, 8);
    vls_be64_put(list + i * VLS_CARD_AT + 8, w->node[who].core->self.card_seq);
  }
  vls_slice two = vls_slice_of(list, 2 * VLS_CARD_AT);
  vls_peer *bao = peer_of(w, ANA, BAO);
  assert_int_equal(answers(w, 1, two), 0);                                 /* the same */
  assert_int_equal(answers(w, 1, (vls_slice){0}), 2);                      /* not named */
  assert_int_equal(answers(w, 2, (vls_slice){0}), 0);                      /* not asked for */
  assert_int_equal(answers(w, 1, vls_slice_of(list, VLS_CARD_AT + 7)), 1); /* the rest is cut off */
  size_t chi = first ? 1 : 0;
  vls_be64_put(list + chi * VLS_CARD_AT + 8, 0);
  assert_int_equal(answers(w, 2, two), 1);
  assert_int_equal(answers(w, 3, two), 0); /* news of an old one */
  vls_be64_put(list + chi * VLS_CARD_AT + 8, UINT64_MAX);
  assert_int_equal(answers(w, 3, two), 1); /* a question */
  assert_int_equal(answers(w, 1, two), 1);
  assert_int_equal(answers(w, 2, two), 0);
  memcpy(swapped, list, VLS_CARD_AT); /* out of order: what is not found is not named */
  memcpy(list, list + VLS_CARD_AT, VLS_CARD_AT);
  memcpy(list + VLS_CARD_AT, swapped, VLS_CARD_AT);
  assert_in_range(answers(w, 1, two), 0, 2);
  bao->notes = (vls_budget){.since = w->node[ANA].core->now.mono_ms, .used = VLS_NOTES_MINUTE - 1};
  assert_int_equal(answers(w, 1, (vls_slice){0}), 1); /* the budget of a minute */
  vls_circle_cards_heard(w->node[ANA].core, circle_of(w, ANA), bao->conn, vls_slice_str("?"));
  world_free(w);
}

/* Frames that are no frames, and of who is not in the roster. */
static void frames_about_cards_that_are_wrong_are_ignored(void **state) {
  (void)state;
  world *w = three_in_a_group();
  vls_core *core = w->node[ANA].core;
  vls_conn *conn = peer_of(w, ANA, BAO)->conn;
  vls_group_note notes[] = {{.what = 1, .body = vls_slice_str("no card")},
                            {.what = 2, .body = vls_slice_str("no receipt")}};
  static const vls_group_frame_kind kinds[] = {VLS_GROUP_FRAME_NOTE, VLS_GROUP_FRAME_CARDS};
  vls_buf body, bytes;
  vls_buf_init(&body, vls_group_note_def.max_bytes);
  vls_buf_init(&bytes, vls_group_frame_def.max_bytes);
  for (size_t i = 0; i < 6; i++) {
    vls_buf_clear(&body);
    vls_buf_clear(&bytes);
    if (i % 3 < 2)
      assert_int_equal(vls_wire_encode(&vls_group_note_def, &notes[i % 3], &body), VLS_OK);
    vls_group_frame frame = {.kind = kinds[i / 3], .body = vls_buf_slice(&body)};
    memcpy(frame.group, circle_of(w, ANA)->row.gid, 32);
    assert_int_equal(vls_wire_encode(&vls_group_frame_def, &frame, &bytes), VLS_OK);
    assert_false(vls_circle_frame(core, conn, vls_buf_slice(&bytes)));
  }
  vls_buf_done(&body);
  vls_buf_done(&bytes);
  world_free(w);
}

/* The beginning of an id that two have is not enough. */
static void members_are_named_by_as_much_as_it_takes(void **state) {
  (void)state;
  world *w = three_in_a_group();
  vls_core *core = w->node[BAO].core;
  char id[VLS_ID_TEXT + 1];
  uint8_t near[32];
  memcpy(near, w->node[CHI].core->self.identity.pub, 32);
  near[31] ^= 1;
  vls_peer_meet(core, near)->row.state = VLS_CONTACT_MEMBER;
  vls_id_text(id, w->node[CHI].core->self.identity.pub);
  assert_true(block(w, BAO, id, true));
  assert_true(peer_of(w, BAO, CHI)->row.blocked);
  id[20] = '\0';
  assert_false(block(w, BAO, id, false));
  assert_true(error_says(w, BAO, "begins more than one id"));
  assert_false(block(w, BAO, "v1nobody", true));
  assert_false(block(w, BAO, "v1", true));
  world_free(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(members_who_are_no_contacts_find_each_other),
      cmocka_unit_test(who_is_let_in_by_no_founder_gets_all_acts),
      cmocka_unit_test(members_link_again_after_restarts),
      cmocka_unit_test(newer_cards_are_passed_on),
      cmocka_unit_test(removed_member_loses_the_links),
      cmocka_unit_test(who_is_removed_by_a_member_hears_of_it),
      cmocka_unit_test(removed_contact_goes_on_as_a_member),
      cmocka_unit_test(backup_has_members_as_a_memory),
      cmocka_unit_test(lists_of_cards_are_answered),
      cmocka_unit_test(frames_about_cards_that_are_wrong_are_ignored),
      cmocka_unit_test(members_are_named_by_as_much_as_it_takes),
      cmocka_unit_test(notes_that_are_wrong_change_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
