#include "core_people.h"

#include "citizen/invite.h"
#include "crypto/kdf.h"

static void invitation_taken_makes_both_contacts_ready(void **state) {
  (void)state;
  world *w = world_new(2);
  char link[520];
  vls_rpc_invite p = {.has_as = true, .as = vls_slice_str("my neighbour")};
  vls_rpc_invite_ok ok;
  assert_true(call(w, BAO, "invite.create", &vls_rpc_invite_def, &p));
  answer(w, BAO, &vls_rpc_invite_ok_def, &ok);
  copy_slice(link, sizeof link, ok.link);
  assert_int_equal(ok.expires, (uint64_t)now_of(w, &w->node[BAO]).wall_ms + 7 * 86400 * 1000);
  subscribe(w, ANA, CLIENT, NULL);
  assert_true(accept_link(w, ANA, vls_slice_str(link), "Bao of the harbour"));
  assert_true(contact_is(w, ANA, "Bao of the harbour", "pending"));
  pass(w, 5000);
  assert_true(contact_is(w, ANA, "Bao of the harbour", "ready"));
  assert_true(contact_is(w, BAO, "my neighbour", "ready"));
  assert_string_equal(look_up(w, BAO, "my neighbour").claim, "Ana");
  assert_int_equal(count_told(w, ANA, CLIENT, "contact"), 1);
  world_free(w);
}

static void invitation_used_by_another_tells_who_comes_too_late(void **state) {
  (void)state;
  world *w = world_new(3);
  char link[520];
  invite(w, BAO, link);
  assert_true(accept_link(w, ANA, vls_slice_str(link), NULL));
  pass(w, 5000);
  subscribe(w, CHI, CLIENT, NULL);
  assert_true(accept_link(w, CHI, vls_slice_str(link), "Bao"));
  pass(w, 5000);
  contact bao = look_up(w, CHI, "Bao");
  assert_string_equal(bao.state, "failed");
  assert_non_null(strstr(bao.problem, "already used by somebody else"));
  assert_int_equal(count_told(w, CHI, CLIENT, "failed"), 1);
  assert_true(contact_is(w, BAO, "Ana", "ready"));
  assert_true(contact_is(w, BAO, "Chi", "none"));
  /* And a new one helps. */
  assert_true(accept_link(w, CHI, invite(w, BAO, link), "Bao"));
  pass(w, 5000);
  bao = look_up(w, CHI, "Bao");
  assert_string_equal(bao.state, "ready");
  assert_string_equal(bao.problem, "");
  world_free(w);
}

static void invitation_expired_is_refused_on_both_sides(void **state) {
  (void)state;
  world *w = world_new(2);
  char link[520];
  vls_rpc_invite p = {.has_expires_s = true, .expires_s = 60};
  vls_rpc_invite_ok ok;
  assert_true(call(w, BAO, "invite.create", &vls_rpc_invite_def, &p));
  answer(w, BAO, &vls_rpc_invite_ok_def, &ok);
  copy_slice(link, sizeof link, ok.link);
  pass(w, 62000);
  assert_false(accept_link(w, ANA, vls_slice_str(link), NULL));
  assert_true(failed_as(w, ANA, "expired"));
  w->node[ANA].skew_ms = -3600 * 1000; /* a slow clock takes it, and is told */
  assert_true(accept_link(w, ANA, vls_slice_str(link), "Bao"));
  pass(w, 5000);
  contact bao = look_up(w, ANA, "Bao");
  assert_string_equal(bao.state, "failed");
  assert_non_null(strstr(bao.problem, "expired"));
  world_free(w);
}

static void invitation_of_one_s_own_or_mistyped_is_refused(void **state) {
  (void)state;
  world *w = world_new(2);
  char link[520];
  assert_false(accept_link(w, BAO, invite(w, BAO, link), NULL));
  assert_true(failed_as(w, BAO, "usage"));
  link[100] = link[100] == 'a' ? 'b' : 'a';
  assert_false(accept_link(w, ANA, vls_slice_str(link), NULL));
  assert_true(failed_as(w, ANA, "malformed"));
  assert_false(accept_link(w, ANA, vls_slice_str("https://example.org"), NULL));
  assert_true(failed_as(w, ANA, "malformed"));
  world_free(w);
}

static void invitation_of_a_contact_that_is_linked_is_refused(void **state) {
  (void)state;
  world *w = two_friends();
  char link[520];
  assert_false(accept_link(w, ANA, invite(w, BAO, link), NULL));
  assert_true(failed_as(w, ANA, "exists"));
  world_free(w);
}

static void invitation_as_a_name_of_somebody_else_is_an_alarm(void **state) {
  (void)state;
  world *w = two_friends();
  node_start(w, CHI);
  say_hello(w, CHI, CLIENT);
  vls_rpc_init init = {.name = vls_slice_str("Chi")};
  assert_true(call(w, CHI, "init", &vls_rpc_init_def, &init));
  char link[520];
  assert_false(accept_link(w, ANA, invite(w, CHI, link), "Bao"));
  assert_true(failed_as(w, ANA, "identity_changed"));
  assert_true(accept_link(w, ANA, vls_slice_str(link), "Bao's cousin"));
  world_free(w);
}

/* Both sides are warned of a claim that looks like a name they use, and the warning stays. */
static void claim_that_looks_like_a_contact_s_name_is_warned_of(void **state) {
  (void)state;
  for (int inviter = ANA; inviter <= CHI; inviter += 2) {
    world *w = world_new(2);
    char link[520];
    befriend(w, ANA, BAO);
    node_start(w, CHI);
    say_hello(w, CHI, CLIENT);
    vls_rpc_init init = {.name = vls_slice_str("B\xd0\xb0o")}; /* with a Cyrillic a */
    assert_true(call(w, CHI, "init", &vls_rpc_init_def, &init));
    assert_true(accept_link(w, inviter == ANA ? CHI : ANA, invite(w, inviter, link), NULL));
    pass(w, 60000);
    say(w, CHI, "Ana", "it is me");
    pass(w, 60000);
    assert_int_equal(findings(w, ANA, "problem", "looks like another contact's name"), 1);
    assert_string_equal(look_up(w, ANA, "B\xd0\xb0o 2").state, "ready");
    world_free(w);
  }
}

/* I took an invitation that failed; then they take mine. */
static void contact_that_failed_is_well_when_it_takes_my_invitation(void **state) {
  (void)state;
  world *w = world_new(3);
  char link[520];
  invite(w, BAO, link);
  assert_true(accept_link(w, ANA, vls_slice_str(link), NULL));
  pass(w, 5000);
  assert_true(accept_link(w, CHI, vls_slice_str(link), "Bao"));
  pass(w, 5000);
  assert_true(contact_is(w, CHI, "Bao", "failed"));
  assert_true(accept_link(w, BAO, invite(w, CHI, link), "Chi"));
  pass(w, 5000);
  contact bao = look_up(w, CHI, "Bao");
  assert_string_equal(bao.state, "ready");
  assert_string_equal(bao.problem, "");
  say(w, CHI, "Bao", "at last");
  pass(w, 5000);
  assert_string_equal(received(w, BAO), "at last|");
  world_free(w);
}

/* Somebody answers at Bao's address who is not Bao. */
static void another_node_at_the_address_gets_nothing(void **state) {
  (void)state;
  world *w = world_new(3);
  char link[520];
  invite(w, BAO, link);
  node_offline(w, BAO, true);
  assert_true(accept_link(w, ANA, vls_slice_str(link), "Bao"));
  pass(w, 3000);
  uint64_t id = w->next_link;
  assert_true(contact_is(w, ANA, "Bao", "pending"));
  (void)id;
  node_offline(w, BAO, false);
  pass(w, 60000);
  assert_true(contact_is(w, ANA, "Bao", "ready"));
  world_free(w);
}

static void invitation_taken_while_the_inviter_is_off_is_taken_later(void **state) {
  (void)state;
  world *w = world_new(2);
  char link[520];
  invite(w, BAO, link);
  node_offline(w, BAO, true);
  assert_true(accept_link(w, ANA, vls_slice_str(link), "Bao"));
  uint64_t n = say(w, ANA, "Bao", "already written");
  pass(w, 20000);
  assert_string_equal(state_of(w, ANA, n), "queued");
  node_restart(w, ANA);
  say_hello(w, ANA, CLIENT);
  node_offline(w, BAO, false);
  pass(w, 600000);
  assert_true(contact_is(w, ANA, "Bao", "ready"));
  assert_string_equal(received(w, BAO), "already written|");
  assert_string_equal(state_of(w, ANA, n), "delivered");
  world_free(w);
}

/* `valise accept` typed twice, at every stage. */
static void invitation_taken_twice_by_the_same_is_taken_once(void **state) {
  (void)state;
  for (int stage = 0; stage < 3; stage++) {
    world *w = world_new(2);
    char link[520];
    invite(w, BAO, link);
    assert_true(accept_link(w, ANA, vls_slice_str(link), "Bao"));
    if (stage == 1) { /* the first record is on its way, the confirmation is not here */
      w->held = true;
      pass(w, 0);
      for (int i = 0; i < 9; i++) {
        w->held = false;
        w->n = w->n > w->at ? w->n : w->at;
        run(w);
        w->held = true;
      }
      w->held = false;
    }
    if (stage == 2) {
      pass(w, 5000);
      node_offline(w, BAO, true);
    }
    if (!accept_link(w, ANA, vls_slice_str(link), "Bao")) assert_true(failed_as(w, ANA, "exists"));
    node_offline(w, BAO, false);
    pass(w, 600000);
    assert_true(contact_is(w, ANA, "Bao", "ready"));
    uint64_t n = say(w, ANA, "Bao", "do you hear me");
    pass(w, 5000);
    assert_string_equal(state_of(w, ANA, n), "delivered");
    say(w, BAO, "Ana", "I do");
    pass(w, 5000);
    assert_string_equal(received(w, ANA), "I do|");
    world_free(w);
  }
}

/* Another old link of a contact who is away: it must not break what there is. */
static void invitation_that_is_void_does_not_break_a_contact(void **state) {
  (void)state;
  world *w = world_new(3);
  char link[520];
  befriend(w, ANA, BAO);
  assert_true(accept_link(w, CHI, invite(w, BAO, link), NULL)); /* used by Chi */
  pass(w, 5000);
  node_offline(w, BAO, true);
  pass(w, 1000);
  assert_true(accept_link(w, ANA, vls_slice_str(link), NULL));
  uint64_t n = say(w, ANA, "Bao", "still friends?");
  node_offline(w, BAO, false);
  pass(w, 900000);
  assert_true(contact_is(w, ANA, "Bao", "ready"));
  assert_string_equal(state_of(w, ANA, n), "delivered");
  assert_string_equal(received(w, BAO), "still friends?|");
  world_free(w);
}

static void invitations_that_cross_make_one_contact_each(void **state) {
  (void)state;
  for (int order = 0; order < 2; order++) {
    world *w = world_new(2);
    char of_ana[520], of_bao[520];
    invite(w, ANA, of_ana);
    invite(w, BAO, of_bao);
    w->held = true;
    assert_true(accept_link(w, order ? BAO : ANA, vls_slice_str(order ? of_ana : of_bao), NULL));
    assert_true(accept_link(w, order ? ANA : BAO, vls_slice_str(order ? of_bao : of_ana), NULL));
    w->held = false;
    pass(w, 60000);
    assert_true(contact_is(w, ANA, "Bao", "ready"));
    assert_true(contact_is(w, BAO, "Ana", "ready"));
    for (int i = 0; i < 3; i++) {
      say(w, ANA, "Bao", "from Ana");
      say(w, BAO, "Ana", "from Bao");
      pass(w, 5000);
      node_restart(w, i % 2 == 0 ? ANA : BAO);
      say_hello(w, i % 2 == 0 ? ANA : BAO, CLIENT);
      pass(w, 30000);
    }
    assert_string_equal(received(w, BAO), "from Ana|from Ana|from Ana|");
    assert_string_equal(received(w, ANA), "from Bao|from Bao|from Bao|");
    world_free(w);
  }
}

/* Both ways of removing, with texts on their way in both directions, and then they meet again. */
static void removed_contact_met_again_goes_on(void **state) {
  (void)state;
  for (int remover = ANA; remover <= BAO; remover++)
    for (int inviter = ANA; inviter <= BAO; inviter++) {
      world *w = two_friends();
      char link[520];
      int other = remover == ANA ? BAO : ANA, taker = inviter == ANA ? BAO : ANA;
      say(w, ANA, "Bao", "a1");
      say(w, BAO, "Ana", "b1");
      pass(w, 2000);
      node_offline(w, other, true); /* signed, sent into the void, without a receipt */
      say(w, remover, node_names[other], "of the remover, before");
      say(w, other, node_names[remover], "of the other, before");
      assert_true(remove_contact(w, remover, node_names[other]));
      assert_string_equal(received(w, remover), "");
      node_offline(w, other, false);
      pass(w, 10000);
      assert_true(contact_is(w, remover, node_names[other], "none"));
      say(w, other, node_names[remover], "of the other, in between");
      assert_true(accept_link(w, taker, invite(w, inviter, link), NULL));
      pass(w, 60000);
      assert_true(contact_is(w, ANA, "Bao", "ready"));
      assert_true(contact_is(w, BAO, "Ana", "ready"));
      uint64_t n = say(w, remover, node_names[other], "after");
      uint64_t m = say(w, other, node_names[remover], "after");
      pass(w, 5000);
      assert_string_equal(state_of(w, remover, n), "delivered");
      assert_string_equal(state_of(w, other, m), "delivered");
      assert_string_equal(received(w, remover),
                          "of the other, before|of the other, in between|after|");
      world_free(w);
    }
}

/* Signed and sealed, taken by nobody or without a receipt: the chain of hashes must go on all the
 * same. */
static void removed_contact_with_events_on_their_way_goes_on(void **state) {
  (void)state;
  for (int arrived = 0; arrived < 2; arrived++)
    for (int remover = ANA; remover <= BAO; remover++) {
      world *w = two_friends();
      char link[520];
      say(w, ANA, "Bao", "first");
      pass(w, 2000);
      w->held = true;
      say(w, ANA, "Bao", "in flight 1");
      say(w, ANA, "Bao", "in flight 2");
      if (arrived) deliver_alone(w, BAO);
      lose_all(w);
      w->held = false;
      node_offline(w, BAO, true);
      assert_true(remove_contact(w, remover, remover == ANA ? "Bao" : "Ana"));
      node_restart(w, ANA);
      say_hello(w, ANA, CLIENT);
      assert_int_equal(look_up(w, ANA, "Bao").row.queued, remover == ANA ? 0 : 2);
      vls_rpc_status status;
      assert_true(call(w, ANA, "status", NULL, NULL));
      answer(w, ANA, &vls_rpc_status_def, &status);
      assert_int_equal(status.queued, remover == ANA ? 0 : 2);
      node_offline(w, BAO, false);
      pass(w, 5000);
      assert_true(accept_link(w, ANA, invite(w, BAO, link), NULL));
      pass(w, 120000);
      assert_true(contact_is(w, ANA, "Bao", "ready"));
      assert_true(contact_is(w, BAO, "Ana", "ready"));
      uint64_t n = say(w, ANA, "Bao", "after");
      pass(w, 60000);
      assert_string_equal(state_of(w, ANA, n), "delivered");
      assert_int_equal(findings(w, BAO, "problem", NULL), 0);
      assert_int_equal(findings(w, ANA, "problem", NULL), 0);
      const char *want = remover == ANA ? "first|in flight 1|in flight 2|after|"
                         : arrived      ? "after|" /* he had read them, and removed them */
                                        : "in flight 1|in flight 2|after|";
      assert_string_equal(received(w, BAO), want);
      world_free(w);
    }
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(invitation_taken_makes_both_contacts_ready),
      cmocka_unit_test(invitation_used_by_another_tells_who_comes_too_late),
      cmocka_unit_test(invitation_expired_is_refused_on_both_sides),
      cmocka_unit_test(invitation_of_one_s_own_or_mistyped_is_refused),
      cmocka_unit_test(invitation_of_a_contact_that_is_linked_is_refused),
      cmocka_unit_test(invitation_as_a_name_of_somebody_else_is_an_alarm),
      cmocka_unit_test(claim_that_looks_like_a_contact_s_name_is_warned_of),
      cmocka_unit_test(contact_that_failed_is_well_when_it_takes_my_invitation),
      cmocka_unit_test(another_node_at_the_address_gets_nothing),
      cmocka_unit_test(invitation_taken_while_the_inviter_is_off_is_taken_later),
      cmocka_unit_test(invitation_taken_twice_by_the_same_is_taken_once),
      cmocka_unit_test(invitation_that_is_void_does_not_break_a_contact),
      cmocka_unit_test(invitations_that_cross_make_one_contact_each),
      cmocka_unit_test(removed_contact_met_again_goes_on),
      cmocka_unit_test(removed_contact_with_events_on_their_way_goes_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
