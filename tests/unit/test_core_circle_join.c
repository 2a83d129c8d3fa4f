/* Coming into a group: by a contact's invitation, by a link, with and without a moderator. */
#include "core_circle.h"

#include "core/circle_door.h"
#include "store/group_due.h"
#include "store/group_pass.h"

static void create(world *w, int who) {
  vls_rpc_group_create p = {.name = vls_slice_str("Sister cities")};
  assert_true(call(w, who, "group.create", &vls_rpc_group_create_def, &p));
  assert_true(is_member(w, who));
}

static const char *state_of_group(world *w, int who) {
  static char state[17];
  vls_rpc_group g;
  vls_rpc_which_group p = {.group = vls_slice_str("Sister cities")};
  assert_true(call(w, who, "group.get", &vls_rpc_which_group_def, &p));
  answer(w, who, &vls_rpc_group_def, &g);
  snprintf(state, sizeof state, "%.*s", (int)g.state.n, (const char *)g.state.p);
  return state;
}

/* The link is copied. */
static void make_link(world *w, int who, uint64_t uses, uint64_t life_s, bool approve,
                      char link[VLS_LINK_TEXT_MAX + 1]) {
  vls_rpc_group_invited ok;
  vls_rpc_group_invite p = {.group = vls_slice_str("Sister cities"),
                            .has_uses = true,
                            .uses = uses,
                            .has_expires_s = true,
                            .expires_s = life_s,
                            .has_approve = true,
                            .approve = approve};
  assert_true(call(w, who, "group.invite", &vls_rpc_group_invite_def, &p));
  answer(w, who, &vls_rpc_group_invited_def, &ok);
  assert_true(ok.has_link && !ok.has_name && ok.uses == uses);
  snprintf(link, VLS_LINK_TEXT_MAX + 1, "%.*s", (int)ok.link.n, (const char *)ok.link.p);
}

static bool join(world *w, int who, const char *link) {
  vls_rpc_group_join p = {.has_link = true, .link = vls_slice_str(link)};
  bool ok = call(w, who, "group.join", &vls_rpc_group_join_def, &p);
  run(w);
  return ok;
}

static bool invite_friend(world *w, int by, const char *who) {
  vls_rpc_group_invite p = {
      .group = vls_slice_str("Sister cities"), .has_who = true, .who = vls_slice_str(who)};
  bool ok = call(w, by, "group.invite", &vls_rpc_group_invite_def, &p);
  pass(w, 3000);
  return ok;
}

static void talk(world *w, int from, int to, const char *text) {
  vls_core *core = w->node[from].core;
  vls_message_query query = {.contact = circle_of(w, to)->row.id, .received = true, .limit = 1};
  vls_message_row row;
  vls_circle_text(core, circle_of(w, from), vls_slice_str(text), ++core->newest_n);
  end_batch(w, &w->node[from]);
  pass(w, 5000);
  assert_true(vls_message_next(w->node[to].store, &query, &row));
  assert_true(vls_slice_eq(row.body, vls_slice_str(text)));
  vls_message_end(&query);
}

static const char *problem_of(world *w, int who) {
  return circle_of(w, who)->row.problem;
}

static void contact_is_invited_and_joins(void **state) {
  (void)state;
  world *w = two_friends();
  create(w, ANA);
  assert_true(invite_friend(w, ANA, "Bao"));
  assert_string_equal(state_of_group(w, BAO), "invited");
  vls_rpc_group_join p = {.has_group = true, .group = vls_slice_str("Sister cities")};
  assert_true(call(w, BAO, "group.join", &vls_rpc_group_join_def, &p));
  pass(w, 5000);
  assert_true(is_member(w, BAO));
  assert_string_equal(state_of_group(w, BAO), "ready");
  talk(w, ANA, BAO, "welcome");
  talk(w, BAO, ANA, "thank you");
  assert_false(invite_friend(w, ANA, "Bao")); /* is in already */
  assert_true(failed_as(w, ANA, "state"));
  assert_false(call(w, BAO, "group.join", &vls_rpc_group_join_def, &p));
  assert_true(failed_as(w, BAO, "exists"));
  world_free(w);
}

/* A forgotten group keeps its number: who is invited to it again gets it back. */
static void forgotten_group_is_joined_again(void **state) {
  (void)state;
  world *w = two_friends();
  vls_rpc_which_group which = {.group = vls_slice_str("Sister cities")};
  vls_rpc_group_join p = {.has_group = true, .group = which.group};
  create(w, ANA);
  assert_true(invite_friend(w, ANA, "Bao"));
  assert_true(call(w, BAO, "group.join", &vls_rpc_group_join_def, &p));
  pass(w, 5000);
  uint64_t number = circle_of(w, BAO)->row.id;
  assert_true(call(w, BAO, "group.leave", &vls_rpc_group_leave_def,
                   &(vls_rpc_group_leave){.group = which.group}));
  pass(w, 5000);
  assert_true(call(w, BAO, "group.forget", &vls_rpc_which_group_def, &which));
  assert_null(circle_of(w, BAO));
  node_restart(w, BAO);
  say_hello(w, BAO, CLIENT);
  pass(w, 5000);
  assert_true(invite_friend(w, ANA, "Bao"));
  assert_string_equal(state_of_group(w, BAO), "invited");
  assert_int_equal(circle_of(w, BAO)->row.id, number);
  assert_true(call(w, BAO, "group.join", &vls_rpc_group_join_def, &p));
  pass(w, 20000);
  assert_true(is_member(w, BAO));
  talk(w, ANA, BAO, "welcome back");
  world_free(w);
}

/* What was invited while nobody was there waits on the disk, through restarts of both. */
static void invitation_waits_for_the_link(void **state) {
  (void)state;
  world *w = two_friends();
  create(w, ANA);
  node_offline(w, BAO, true);
  pass(w, 1000);
  assert_true(invite_friend(w, ANA, "Bao"));
  node_restart(w, ANA);
  say_hello(w, ANA, CLIENT);
  node_offline(w, BAO, false);
  pass(w, 1000000);
  assert_string_equal(state_of_group(w, BAO), "invited");
  node_restart(w, BAO);
  say_hello(w, BAO, CLIENT);
  assert_string_equal(state_of_group(w, BAO), "invited");
  node_offline(w, ANA, true);
  pass(w, 1000);
  vls_rpc_group_join p = {.has_group = true, .group = vls_slice_str("Sister cities")};
  assert_true(call(w, BAO, "group.join", &vls_rpc_group_join_def, &p));
  node_restart(w, BAO);
  say_hello(w, BAO, CLIENT);
  assert_string_equal(state_of_group(w, BAO), "asking");
  node_offline(w, ANA, false);
  pass(w, 1000000);
  assert_true(is_member(w, BAO));
  world_free(w);
}

static void stranger_joins_by_a_link(void **state) {
  (void)state;
  world *w = world_new(2);
  char link[VLS_LINK_TEXT_MAX + 1];
  create(w, ANA);
  make_link(w, ANA, 1, 3600, false, link);
  assert_true(join(w, BAO, link));
  pass(w, 20000);
  assert_true(is_member(w, BAO));
  talk(w, ANA, BAO, "welcome");
  talk(w, BAO, ANA, "thank you");
  assert_false(join(w, BAO, link));
  assert_true(failed_as(w, BAO, "exists"));
  assert_false(join(w, ANA, link));
  assert_true(failed_as(w, ANA, "usage"));
  for (int i = 0; i < 2; i++) { /* they stay linked, as members */
    node_restart(w, i);
    say_hello(w, i, CLIENT);
    pass(w, 1000000);
    talk(w, ANA, BAO, i == 0 ? "again" : "and again");
  }
  world_free(w);
}

/* At both bounds of an invitation: people, and time. */
static void link_admits_so_many_until_a_date(void **state) {
  (void)state;
  world *w = world_new(3);
  char one[VLS_LINK_TEXT_MAX + 1], late[VLS_LINK_TEXT_MAX + 1];
  create(w, ANA);
  make_link(w, ANA, 1, 3600, false, one);
  make_link(w, ANA, 5, 60, false, late);
  assert_true(join(w, BAO, one));
  pass(w, 20000);
  assert_true(is_member(w, BAO));
  assert_true(join(w, CHI, one));
  pass(w, 20000);
  assert_false(is_member(w, CHI));
  assert_string_equal(state_of_group(w, CHI), "invited");
  assert_non_null(strstr(problem_of(w, CHI), "so many are in"));
  w->node[CHI].skew_ms = -100000; /* to Chi it is still time */
  pass(w, 60000);
  assert_true(join(w, CHI, late));
  pass(w, 20000);
  assert_false(is_member(w, CHI));
  assert_non_null(strstr(problem_of(w, CHI), "expired"));
  w->node[CHI].skew_ms = 0;
  assert_false(join(w, CHI, late));
  assert_true(failed_as(w, CHI, "expired"));
  world_free(w);
}

static bool decide(world *w, int who, const char *name, bool refuse) {
  vls_rpc_group_admit p = {.group = vls_slice_str("Sister cities"),
                           .who = vls_slice_str(name),
                           .has_refuse = true,
                           .refuse = refuse,
                           .has_reason = refuse,
                           .reason = vls_slice_str("we do not know you")};
  bool ok = call(w, who, "group.admit", &vls_rpc_group_admit_def, &p);
  pass(w, 20000);
  return ok;
}

static void moderator_lets_in_or_not(void **state) {
  (void)state;
  world *w = world_new(3);
  char link[VLS_LINK_TEXT_MAX + 1];
  create(w, ANA);
  make_link(w, ANA, 5, 3600, true, link);
  assert_true(join(w, BAO, link));
  assert_true(join(w, CHI, link));
  pass(w, 10000);
  assert_false(is_member(w, BAO) || is_member(w, CHI));
  assert_string_equal(state_of_group(w, BAO), "asking");
  assert_non_null(strstr(problem_of(w, BAO), "moderator"));
  assert_false(decide(w, ANA, "Doa", false));
  assert_true(failed_as(w, ANA, "not_found"));
  assert_true(decide(w, ANA, "Bao", false));
  assert_true(is_member(w, BAO));
  talk(w, ANA, BAO, "welcome");
  assert_true(decide(w, ANA, "Chi", true));
  pass(w, 1000000);
  assert_false(is_member(w, CHI));
  assert_non_null(strstr(problem_of(w, CHI), "we do not know you"));
  assert_false(decide(w, ANA, "Chi", false)); /* waits no more */
  world_free(w);
}

/* Bao, a member, has the link up with Chi, and Ana decides. */
static void ask_is_passed_on_to_a_moderator(void **state) {
  (void)state;
  world *w = world_new(3);
  char first[VLS_LINK_TEXT_MAX + 1], link[VLS_LINK_TEXT_MAX + 1];
  vls_rpc_group_create p = {
      .name = vls_slice_str("Sister cities"), .has_admit = true, .admit = vls_slice_str("member")};
  assert_true(call(w, ANA, "group.create", &vls_rpc_group_create_def, &p));
  make_link(w, ANA, 1, 3600, false, first);
  assert_true(join(w, BAO, first));
  pass(w, 20000);
  assert_true(is_member(w, BAO));
  make_link(w, BAO, 1, 3600, true, link);
  assert_true(join(w, CHI, link));
  pass(w, 10000);
  assert_false(is_member(w, CHI));
  assert_true(decide(w, ANA, "Chi", false));
  pass(w, 600000);
  assert_true(is_member(w, CHI));
  talk(w, CHI, ANA, "all the way");
  world_free(w);
}

static void removed_member_hears_of_it_and_may_come_again(void **state) {
  (void)state;
  world *w = world_new(2);
  char link[VLS_LINK_TEXT_MAX + 1];
  create(w, ANA);
  make_link(w, ANA, 5, 3600, false, link);
  assert_true(join(w, BAO, link));
  pass(w, 20000);
  assert_true(is_member(w, BAO));
  vls_circle *circle = circle_of(w, ANA);
  const uint8_t *bao = w->node[BAO].core->self.identity.pub;
  assert_int_equal(vls_group_remove(circle->group, bao, vls_slice_str("spam"),
                                    &w->node[ANA].core->rng, vls_core_wall(w->node[ANA].core)),
                   VLS_OK);
  vls_circle_settle(w->node[ANA].core, circle);
  end_batch(w, &w->node[ANA]);
  pass(w, 20000);
  assert_int_equal(circle_of(w, BAO)->row.state, VLS_GRP_LEFT);
  assert_true(join(w, BAO, link)); /* a founder may let in again whom they removed */
  pass(w, 1000000);
  assert_true(is_member(w, BAO));
  talk(w, ANA, BAO, "again");
  world_free(w);
}

static void words_that_are_no_link_are_refused(void **state) {
  (void)state;
  world *w = two_friends();
  char link[VLS_LINK_TEXT_MAX + 1];
  create(w, ANA);
  make_link(w, ANA, 1, 3600, false, link);
  assert_false(join(w, BAO, "valise:abcdef"));
  assert_true(failed_as(w, BAO, "malformed"));
  link[strlen(link) / 2] ^= 1;
  assert_false(join(w, BAO, link));
  assert_true(failed_as(w, BAO, "malformed"));
  vls_rpc_group_join p = {.has_group = true, .group = vls_slice_str("Nowhere")};
  assert_false(call(w, BAO, "group.join", &vls_rpc_group_join_def, &p));
  assert_true(failed_as(w, BAO, "not_found"));
  vls_rpc_group_invite i = {
      .group = vls_slice_str("Sister cities"), .has_who = true, .who = vls_slice_str("Chi")};
  assert_false(call(w, ANA, "group.invite", &vls_rpc_group_invite_def, &i));
  assert_true(failed_as(w, ANA, "not_found"));
  assert_int_equal(w->node[BAO].core->n_circles, 0);
  world_free(w);
}

/* Whom somebody blocked, they do not let in. */
static void blocked_citizen_gets_no_answer(void **state) {
  (void)state;
  world *w = two_friends();
  char link[VLS_LINK_TEXT_MAX + 1];
  create(w, ANA);
  make_link(w, ANA, 1, 3600, false, link);
  vls_rpc_block p = {.who = vls_slice_str("Bao"), .blocked = true};
  assert_true(call(w, ANA, "contact.block", &vls_rpc_block_def, &p));
  assert_true(join(w, BAO, link));
  pass(w, 100000);
  assert_false(is_member(w, BAO));
  assert_string_equal(state_of_group(w, BAO), "asking");
  world_free(w);
}

static void words_are_reported_to_the_moderator(void **state) {
  (void)state;
  world *w = world_new(3);
  char link[VLS_LINK_TEXT_MAX + 1];
  create(w, ANA);
  make_link(w, ANA, 2, 3600, false, link);
  assert_true(join(w, BAO, link));
  assert_true(join(w, CHI, link));
  pass(w, 100000);
  assert_true(is_member(w, BAO) && is_member(w, CHI));
  talk(w, CHI, BAO, "buy my watches");
  vls_message_query query = {.contact = circle_of(w, BAO)->row.id, .received = true, .limit = 1};
  vls_message_row row;
  assert_true(vls_message_next(w->node[BAO].store, &query, &row));
  vls_rpc_group_report p = {.n = row.n, .reason = vls_slice_str("spam")};
  vls_message_end(&query);
  node_offline(w, ANA, true);
  pass(w, 1000);
  assert_true(call(w, BAO, "group.report", &vls_rpc_group_report_def, &p));
  node_restart(w, BAO);
  node_offline(w, ANA, false);
  pass(w, 2000000);
  vls_greport_row report;
  vls_buf bytes;
  vls_buf_init(&bytes, 100000);
  assert_true(vls_greport_next(w->node[ANA].store, 0, 0, &report, &bytes));
  assert_true(memmem(bytes.p, bytes.n, "buy my watches", 14) != NULL);
  assert_false(vls_greport_next(w->node[ANA].store, 0, report.n, &report, &bytes));
  vls_buf_clear(&bytes);
  assert_false(vls_greport_next(w->node[CHI].store, 0, 0, &report, &bytes)); /* no moderator */
  assert_int_equal(vls_gdue_whom(w->node[BAO].store, VLS_GDUE_REPORT, 0), 0);
  vls_buf_done(&bytes);
  world_free(w);
}

static bool write_there(world *w, int who, const char *text) {
  vls_rpc_sent sent;
  vls_rpc_send p = {.text = vls_slice_str(text), .n_to = 1};
  p.to[0] = vls_slice_str("@Sister cities");
  assert_true(call(w, who, "send", &vls_rpc_send_def, &p));
  vls_slice part[1];
  assert_int_equal(answer_list(w, who, part, 1), 1);
  assert_int_equal(vls_wire_decode(&vls_rpc_sent_def, VLS_WIRE_STRICT, part[0], &sent, NULL),
                   VLS_OK);
  pass(w, 1000);
  return !sent.has_error;
}

static void slow_mode_and_announcements_bind_members(void **state) {
  (void)state;
  world *w = world_new(2);
  char link[VLS_LINK_TEXT_MAX + 1];
  vls_rpc_group_create p = {
      .name = vls_slice_str("Sister cities"), .has_slow_s = true, .slow_s = 60};
  assert_true(call(w, ANA, "group.create", &vls_rpc_group_create_def, &p));
  make_link(w, ANA, 1, 3600, false, link);
  assert_true(join(w, BAO, link));
  pass(w, 20000);
  assert_true(write_there(w, BAO, "one"));
  assert_false(write_there(w, BAO, "too soon"));
  node_restart(w, BAO);
  say_hello(w, BAO, CLIENT);
  assert_false(write_there(w, BAO, "still too soon"));
  assert_true(write_there(w, ANA, "who is higher"));
  assert_true(write_there(w, ANA, "may go on"));
  pass(w, 60000);
  assert_true(write_there(w, BAO, "two"));
  vls_rpc_group_policy rules = {.group = vls_slice_str("Sister cities"),
                                .has_post = true,
                                .post = vls_slice_str("moderator")};
  assert_true(call(w, ANA, "group.policy", &vls_rpc_group_policy_def, &rules));
  pass(w, 70000);
  assert_false(write_there(w, BAO, "not here"));
  assert_true(write_there(w, ANA, "an announcement"));
  world_free(w);
}

static uint64_t texts_of(world *w, int who) {
  vls_message_query query = {.contact = circle_of(w, who)->row.id, .limit = 500};
  vls_message_row row;
  uint64_t n = 0;
  while (vls_message_next(w->node[who].store, &query, &row))
    n++;
  return n;
}

static void words_are_forgotten_when_their_time_is_over(void **state) {
  (void)state;
  world *w = world_new(2);
  char link[VLS_LINK_TEXT_MAX + 1];
  vls_rpc_group_create p = {
      .name = vls_slice_str("Sister cities"), .has_lifetime_s = true, .lifetime_s = 7200};
  assert_true(call(w, ANA, "group.create", &vls_rpc_group_create_def, &p));
  make_link(w, ANA, 1, 3600, false, link);
  assert_true(join(w, BAO, link));
  pass(w, 20000);
  assert_true(write_there(w, ANA, "for two hours"));
  pass(w, 5400000);
  assert_true(write_there(w, BAO, "for longer"));
  assert_true(texts_of(w, ANA) == 2 && texts_of(w, BAO) == 2);
  pass(w, 5400000 + 1000);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(texts_of(w, i), 1);
    assert_int_equal(vls_gevent_count(w->node[i].store, circle_of(w, i)->row.id, false), 1);
  }
  talk(w, ANA, BAO, "and we talk on");
  node_restart(w, BAO);
  say_hello(w, BAO, CLIENT);
  pass(w, 100000);
  talk(w, BAO, ANA, "after a restart, too");
  world_free(w);
}

/* Refused, and asks again with another invitation; or becomes a contact after all. */
static void who_was_refused_comes_another_way(void **state) {
  (void)state;
  world *w = world_new(3);
  char used[VLS_LINK_TEXT_MAX + 1], link[VLS_LINK_TEXT_MAX + 1];
  create(w, ANA);
  make_link(w, ANA, 1, 3600, false, used);
  assert_true(join(w, BAO, used));
  pass(w, 20000);
  assert_true(join(w, CHI, used));
  pass(w, 20000);
  assert_non_null(strstr(problem_of(w, CHI), "so many are in"));
  make_link(w, ANA, 5, 3600, true, link);
  assert_true(join(w, CHI, link));
  pass(w, 20000);
  assert_non_null(strstr(problem_of(w, CHI), "moderator"));
  assert_true(decide(w, ANA, "Chi", true));
  pass(w, 20000);
  befriend(w, ANA, CHI);
  assert_true(invite_friend(w, ANA, "Chi"));
  vls_rpc_group_join p = {.has_group = true, .group = vls_slice_str("Sister cities")};
  assert_true(call(w, CHI, "group.join", &vls_rpc_group_join_def, &p));
  pass(w, 5000);
  assert_true(is_member(w, CHI));
  talk(w, CHI, BAO, "here I am");
  world_free(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(contact_is_invited_and_joins),
      cmocka_unit_test(forgotten_group_is_joined_again),
      cmocka_unit_test(invitation_waits_for_the_link),
      cmocka_unit_test(stranger_joins_by_a_link),
      cmocka_unit_test(link_admits_so_many_until_a_date),
      cmocka_unit_test(moderator_lets_in_or_not),
      cmocka_unit_test(ask_is_passed_on_to_a_moderator),
      cmocka_unit_test(removed_member_hears_of_it_and_may_come_again),
      cmocka_unit_test(words_that_are_no_link_are_refused),
      cmocka_unit_test(blocked_citizen_gets_no_answer),
      cmocka_unit_test(words_are_reported_to_the_moderator),
      cmocka_unit_test(words_are_forgotten_when_their_time_is_over),
      cmocka_unit_test(who_was_refused_comes_another_way),
      cmocka_unit_test(slow_mode_and_announcements_bind_members),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
