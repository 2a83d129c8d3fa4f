/* What is said about texts, from one client to the other: replies, reactions, edits, deletions. */
#include "core_remarks.h"

static void replies_make_threads_at_both_ends(void **state) {
  (void)state;
  world *w = two_friends();
  shown rows[8];
  uint64_t first = say(w, ANA, "Bao", "Who comes on Monday?");
  run(w);
  uint64_t at_bao = there(w, ANA, first, BAO);
  uint64_t yes = reply(w, BAO, at_bao, "I do");
  run(w);
  uint64_t yes_at_ana = there(w, BAO, yes, ANA);
  reply(w, ANA, yes_at_ana, "Good");
  say(w, ANA, "Bao", "Something else");
  run(w);
  for (int who = ANA; who <= BAO; who++) {
    assert_int_equal(thread_of(w, who, who == ANA ? yes_at_ana : yes, rows, 8), 3);
    assert_string_equal(rows[0].text, "Who comes on Monday?");
    assert_false(rows[0].row.has_about);
    assert_string_equal(rows[1].text, "I do");
    assert_int_equal(rows[1].row.about, rows[0].row.n);
    assert_string_equal(rows[1].about_item, rows[0].item);
    assert_string_equal(rows[2].text, "Good");
    assert_int_equal(rows[2].row.about, rows[1].row.n);
    assert_string_equal(rows[2].state, who == ANA ? "delivered" : "received");
  }
  assert_string_equal(received(w, BAO), "Who comes on Monday?|Good|Something else|");
  assert_int_equal(look_up(w, BAO, "Ana").row.unread, 3);
  world_free(w);
}

static void of_reactions_the_newest_counts(void **state) {
  (void)state;
  world *w = two_friends();
  uint64_t n = say(w, ANA, "Bao", "We have the hall!");
  run(w);
  uint64_t at_bao = there(w, ANA, n, BAO);
  react(w, BAO, at_bao, "+1");
  react(w, BAO, at_bao, "heart");
  run(w);
  shown s = look(w, ANA, n);
  assert_int_equal(s.row.n_reactions, 1);
  assert_string_equal(s.sign, "heart");
  assert_int_equal(s.row.reactions[0].count, 1);
  assert_false(s.row.reactions[0].mine);
  react(w, ANA, n, "heart");
  run(w);
  for (int who = ANA; who <= BAO; who++) {
    s = look(w, who, who == ANA ? n : at_bao);
    assert_int_equal(s.row.reactions[0].count, 2);
    assert_true(s.row.reactions[0].mine);
  }
  react(w, BAO, at_bao, "");
  run(w);
  s = look(w, ANA, n);
  assert_int_equal(s.row.n_reactions, 1);
  assert_int_equal(s.row.reactions[0].count, 1);
  assert_true(react(w, ANA, n, "") > 0);
  assert_int_equal(react(w, ANA, n, ""), 0); /* there is nothing to take back */
  assert_int_equal(react(w, BAO, at_bao, ""), 0);
  assert_int_equal(look_up(w, BAO, "Ana").row.unread, 1); /* a reaction is no text to read */
  world_free(w);
}

static void edits_show_the_newest_and_keep_every_version(void **state) {
  (void)state;
  world *w = two_friends();
  shown rows[8];
  uint64_t n = say(w, ANA, "Bao", "at six");
  run(w);
  uint64_t at_bao = there(w, ANA, n, BAO);
  w->node[ANA].skew_ms = -86400000; /* a clock that went back does not turn them round */
  edit(w, ANA, n, "at seven");
  w->node[ANA].skew_ms = -2 * 86400000;
  uint64_t second = edit(w, ANA, n, "at eight");
  run(w);
  assert_string_equal(state_of(w, ANA, second), "delivered");
  for (int who = ANA; who <= BAO; who++) {
    uint64_t here = who == ANA ? n : at_bao;
    shown s = look(w, who, here);
    assert_string_equal(s.text, "at eight");
    assert_int_equal(s.row.edits, 2);
    assert_int_equal(remarks_on(w, who, here, rows, 8), 2);
    assert_string_equal(rows[0].text, "at seven");
    assert_string_equal(rows[0].kind, "edit");
    assert_int_equal(rows[0].row.about, here);
    assert_string_equal(rows[1].text, "at eight");
    assert_int_equal(list(w, who, "EIGHT", rows, 8), 1);
    assert_int_equal(rows[0].row.n, here);
    assert_int_equal(list(w, who, "six", rows, 8), 1);
    assert_int_equal(list(w, who, NULL, rows, 8), 1);
  }
  world_free(w);
}

static void what_has_not_left_is_changed_itself(void **state) {
  (void)state;
  world *w = two_friends();
  node_offline(w, BAO, true);
  uint64_t kept = say(w, ANA, "Bao", "wrogn"), gone = say(w, ANA, "Bao", "never mind");
  assert_false(try_react(w, ANA, kept, "+1"));
  assert_true(failed_as(w, ANA, "state"));
  assert_int_equal(edit(w, ANA, kept, "right"), 0);
  assert_true(try_delete(w, ANA, gone, NULL));
  assert_int_equal(number_of_answer(w, ANA), 0);
  assert_string_equal(state_of(w, ANA, gone), "cancelled");
  assert_string_equal(look(w, ANA, gone).text, "");
  node_offline(w, BAO, false);
  pass(w, 600000);
  assert_string_equal(received(w, BAO), "right|");
  assert_false(try_edit(w, ANA, gone, "again"));
  assert_true(failed_as(w, ANA, "state"));
  world_free(w);
}

static void deleted_words_are_gone_at_both_ends(void **state) {
  (void)state;
  world *w = two_friends();
  shown rows[8];
  uint64_t n = say(w, ANA, "Bao", "zanzibar one"), other = say(w, ANA, "Bao", "stays");
  run(w);
  uint64_t at_bao = there(w, ANA, n, BAO);
  edit(w, ANA, n, "zanzibar two");
  run(w);
  reply(w, BAO, at_bao, "what?");
  run(w);
  assert_true(try_delete(w, ANA, n, "wrong person"));
  run(w);
  for (int who = ANA; who <= BAO; who++) {
    shown s = look(w, who, who == ANA ? n : at_bao);
    assert_true(s.row.has_deleted && s.row.deleted);
    assert_string_equal(s.text, "");
    assert_string_equal(s.reason, "wrong person");
    assert_int_equal(list(w, who, "zanzibar", rows, 8), 0);
    assert_int_equal(list(w, who, NULL, rows, 8), 3);
    assert_false(is_anywhere(w->node[who].store, "zanzibar"));
    assert_int_equal(thread_of(w, who, who == ANA ? n : at_bao, rows, 8), 2);
  }
  assert_false(try_edit(w, ANA, n, "zanzibar three"));
  assert_true(failed_as(w, ANA, "state"));
  assert_false(try_delete(w, BAO, there(w, ANA, other, BAO), NULL));
  assert_true(failed_as(w, BAO, "state"));
  assert_false(try_edit(w, BAO, there(w, ANA, other, BAO), "mine now"));
  assert_true(failed_as(w, BAO, "state"));
  world_free(w);
}

static void remarks_come_back_from_a_backup_and_deleted_words_do_not(void **state) {
  (void)state;
  world *w = two_friends();
  shown rows[8];
  assert_true(set_words(w, ANA));
  uint64_t n = say(w, ANA, "Bao", "six"), gone = say(w, ANA, "Bao", "zanzibar");
  run(w);
  uint64_t at_bao = there(w, ANA, n, BAO);
  edit(w, ANA, n, "seven");
  assert_true(try_delete(w, ANA, gone, "oops"));
  react(w, BAO, at_bao, "+1");
  reply(w, BAO, at_bao, "fine");
  pass(w, 5000);
  vls_buf file = backup_of(w, ANA);
  lose_disk(w, ANA);
  assert_true(restore(w, ANA, vls_buf_slice(&file), words_key));
  assert_false(is_anywhere(w->node[ANA].store, "zanzibar"));
  pass(w, 600000);
  shown s = look(w, ANA, n);
  assert_string_equal(s.text, "seven");
  assert_int_equal(s.row.edits, 1);
  assert_string_equal(s.sign, "+1");
  assert_string_equal(look(w, ANA, gone).reason, "oops");
  assert_int_equal(thread_of(w, ANA, n, rows, 8), 2);
  assert_string_equal(rows[1].text, "fine");
  assert_int_equal(list(w, ANA, NULL, rows, 8), 3);
  assert_false(is_anywhere(w->node[ANA].store, "zanzibar"));
  edit(w, ANA, n, "eight"); /* by another device, of the same citizen */
  pass(w, 60000);
  assert_string_equal(look(w, BAO, at_bao).text, "eight");
  vls_buf_done(&file);
  world_free(w);
}

/* Bao's state is put back to before Ana spoke: what comes again has the deleted words no more. */
static void deleted_words_do_not_come_again(void **state) {
  (void)state;
  world *w = two_friends();
  assert_true(set_words(w, BAO));
  say(w, BAO, "Ana", "hello");
  pass(w, 5000);
  vls_buf file = backup_of(w, BAO);
  uint64_t n = say(w, ANA, "Bao", "zanzibar"), other = say(w, ANA, "Bao", "stays");
  pass(w, 5000);
  assert_true(try_delete(w, ANA, n, NULL));
  react(w, ANA, other, "+1");
  pass(w, 5000);
  lose_disk(w, BAO);
  assert_true(restore(w, BAO, vls_buf_slice(&file), words_key));
  pass(w, 600000);
  assert_string_equal(received(w, BAO), "stays|");
  shown s = look(w, BAO, there(w, ANA, other, BAO));
  assert_string_equal(s.sign, "+1");
  assert_false(is_anywhere(w->node[BAO].store, "zanzibar"));
  assert_int_equal(look_up(w, ANA, "Bao").row.queued, 0);
  vls_buf_done(&file);
  world_free(w);
}

static void queued_remarks_wait_and_can_be_taken_back(void **state) {
  (void)state;
  world *w = two_friends();
  uint64_t n = say(w, BAO, "Ana", "come?");
  run(w);
  uint64_t here = there(w, BAO, n, ANA);
  react(w, ANA, here, "yes");
  run(w);
  node_offline(w, BAO, true);
  uint64_t second = react(w, ANA, here, "no");
  uint64_t third = reply(w, ANA, here, "late");
  assert_string_equal(state_of(w, ANA, second), "queued");
  assert_string_equal(look(w, ANA, here).sign, "no");
  vls_rpc_n p = {second};
  assert_true(call(w, ANA, "outbox.cancel", &vls_rpc_n_def, &p));
  assert_string_equal(look(w, ANA, here).sign, "yes");
  node_restart(w, ANA);
  say_hello(w, ANA, CLIENT);
  node_offline(w, BAO, false);
  pass(w, 600000);
  assert_string_equal(state_of(w, ANA, third), "delivered");
  assert_string_equal(look(w, BAO, n).sign, "yes");
  shown s = look(w, BAO, there(w, ANA, third, BAO));
  assert_string_equal(s.text, "late");
  assert_int_equal(s.row.about, n);
  world_free(w);
}

static void remarks_are_told_to_clients(void **state) {
  (void)state;
  world *w = two_friends();
  uint64_t n = say(w, ANA, "Bao", "first");
  run(w);
  subscribe(w, BAO, CLIENT, NULL);
  run(w);
  edit(w, ANA, n, "second");
  run(w);
  react(w, ANA, n, "+1");
  run(w);
  assert_int_equal(count_told(w, BAO, CLIENT, "remark"), 2);
  assert_int_equal(count_told(w, BAO, CLIENT, "message"), 1);
  vls_rpc_send wrong = {.to = {vls_slice_str("Bao")},
                        .n_to = 1,
                        .text = vls_slice_str("x"),
                        .has_reply = true,
                        .reply = n};
  assert_false(call(w, ANA, "send", &vls_rpc_send_def, &wrong));
  assert_true(failed_as(w, ANA, "usage"));
  world_free(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(replies_make_threads_at_both_ends),
      cmocka_unit_test(of_reactions_the_newest_counts),
      cmocka_unit_test(edits_show_the_newest_and_keep_every_version),
      cmocka_unit_test(what_has_not_left_is_changed_itself),
      cmocka_unit_test(deleted_words_are_gone_at_both_ends),
      cmocka_unit_test(remarks_come_back_from_a_backup_and_deleted_words_do_not),
      cmocka_unit_test(deleted_words_do_not_come_again),
      cmocka_unit_test(queued_remarks_wait_and_can_be_taken_back),
      cmocka_unit_test(remarks_are_told_to_clients),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
