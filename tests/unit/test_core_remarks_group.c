/* What is said about texts in a group: the same as in a direct talk, and by moderators. */
#include "core_remarks.h"

#include "core_circle.h"

#include "core/circle.h"
#include "core/remarks.h"

/* Ana founded a group; Bao, and Chi, are members. */
static world *group_of(int n) {
  world *w = world_new(n);
  vls_circle *circle;
  vls_group_rules rules = {.name = vls_slice_str("town"), .admit = 3, .post = 1};
  for (int i = 1; i < n; i++)
    befriend(w, ANA, i);
  if (n > 2) befriend(w, BAO, CHI);
  assert_int_equal(vls_circle_found(w->node[ANA].core, &rules, &circle), VLS_OK);
  done(w, ANA);
  for (int i = 1; i < n; i++)
    let_in(w, ANA, i, 5000);
  pass(w, 20000);
  return w;
}

static void answers_edits_and_reactions_are_alike_everywhere(void **state) {
  (void)state;
  world *w = group_of(3);
  shown rows[8];
  uint64_t n = say(w, BAO, "@town", "at six");
  pass(w, 20000);
  uint64_t at_ana = there(w, BAO, n, ANA), at_chi = there(w, BAO, n, CHI);
  assert_true(at_ana != 0 && at_chi != 0);
  edit(w, BAO, n, "at seven");
  react(w, ANA, at_ana, "+1");
  react(w, CHI, at_chi, "+1");
  reply(w, CHI, at_chi, "I come");
  pass(w, 30000);
  const uint64_t here[] = {at_ana, n, at_chi};
  for (int who = ANA; who <= CHI; who++) {
    shown s = look(w, who, here[who]);
    assert_string_equal(s.text, "at seven");
    assert_int_equal(s.row.edits, 1);
    assert_int_equal(s.row.n_reactions, 1);
    assert_int_equal(s.row.reactions[0].count, 2);
    assert_int_equal(s.row.reactions[0].mine, who != BAO);
    assert_int_equal(thread_of(w, who, here[who], rows, 8), 2);
    assert_string_equal(rows[1].text, "I come");
    assert_int_equal(rows[1].row.about, here[who]);
    vls_rpc_list p = {.has_who = true, .who = vls_slice_str("@town")};
    assert_true(call(w, who, "message.list", &vls_rpc_list_def, &p));
    assert_int_equal(rows_of(w, who, rows, 8), 2); /* texts, and no remarks */
  }
  node_restart(w, CHI);
  say_hello(w, CHI, CLIENT);
  assert_string_equal(look(w, CHI, at_chi).text, "at seven");
  world_free(w);
}

static void who_is_above_may_delete_and_nobody_else(void **state) {
  (void)state;
  world *w = group_of(3);
  uint64_t n = say(w, BAO, "@town", "zanzibar one");
  pass(w, 20000);
  uint64_t at_ana = there(w, BAO, n, ANA), at_chi = there(w, BAO, n, CHI);
  assert_false(try_delete(w, CHI, at_chi, "no"));
  assert_true(failed_as(w, CHI, "state"));
  assert_false(try_edit(w, ANA, at_ana, "zanzibar two"));
  assert_true(failed_as(w, ANA, "state"));
  /* Chi's node has other ideas: nobody follows. */
  vls_remark wrong = {.kind = VLS_REMARK_DELETE, .text = vls_slice_str("")};
  uint8_t to[32];
  vec_bytes id = vec_hex(look(w, CHI, at_chi).item);
  memcpy(to, id.p, 32);
  wrong.to = to;
  vls_circle_remark(w->node[CHI].core, circle_of(w, CHI), &wrong, 1, 0);
  done(w, CHI);
  pass(w, 20000);
  assert_int_equal(
      count_of(w->node[BAO].store, "SELECT count(*) FROM remark WHERE kind=19 AND state=3"), 1);
  assert_string_equal(look(w, BAO, n).text, "zanzibar one");
  assert_string_equal(look(w, ANA, at_ana).text, "zanzibar one");
  assert_true(try_delete(w, ANA, at_ana, "off topic"));
  pass(w, 20000);
  const uint64_t here[] = {at_ana, n, at_chi};
  for (int who = ANA; who <= CHI; who++) {
    shown s = look(w, who, here[who]);
    assert_true(s.row.has_deleted && s.row.has_deleted_by);
    assert_string_equal(s.text, "");
    assert_string_equal(s.reason, "off topic");
    assert_false(is_anywhere(w->node[who].store, "zanzibar"));
  }
  world_free(w);
}

static void texts_name_members(void **state) {
  (void)state;
  static vls_rpc_message m;
  world *w = group_of(3);
  uint64_t n = say(w, BAO, "@town", "hello @chi, @Ana. and @nobody or me@ana");
  pass(w, 20000);
  const uint64_t here[] = {there(w, BAO, n, ANA), n, there(w, BAO, n, CHI)};
  for (int who = ANA; who <= CHI; who++) {
    vls_rpc_n p = {here[who]};
    assert_true(call(w, who, "message.get", &vls_rpc_n_def, &p));
    answer(w, who, &vls_rpc_message_def, &m);
    assert_int_equal(m.n_mentions, 2);
    assert_true(m.mentions[0].at == 6 && m.mentions[0].n == 4);
    assert_int_equal(m.mentions[0].me, who == CHI);
    assert_true(m.mentions[1].at == 12 && m.mentions[1].n == 4);
    assert_int_equal(m.mentions[1].me, who == ANA);
  }
  assert_string_equal(received(w, CHI), "hello @chi, @Ana. and @nobody or me@ana|");
  world_free(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(answers_edits_and_reactions_are_alike_everywhere),
      cmocka_unit_test(who_is_above_may_delete_and_nobody_else),
      cmocka_unit_test(texts_name_members),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
