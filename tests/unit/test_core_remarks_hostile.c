/* Remarks of who means harm, and more of them than anybody needs. */
#include "core_remarks.h"

#include "core/remarks.h"

/* An item as Ana would say it, straight into Bao's store. */
static uint64_t hear(world *w, const vls_remark *remark, uint64_t stamp) {
  static const uint8_t hash[32] = {9};
  vls_core *core = w->node[BAO].core;
  vls_buf body;
  uint64_t n = 0;
  vls_buf_init(&body, VLS_RECORD_MAX);
  assert_int_equal(vls_remark_put(&body, remark), VLS_OK);
  vls_item item = {remark->kind, vls_buf_slice(&body)};
  vls_saying saying = {.talk = 1,
                       .author = 1,
                       .state = VLS_MSG_RECEIVED,
                       .device = 1,
                       .seq = 1000,
                       .stamp = stamp,
                       .hash = hash};
  assert_int_equal(vls_remark_take(core, &saying, &item, &n), VLS_OK);
  vls_buf_done(&body);
  return n;
}

static vls_remark about(world *w, int who, uint64_t n, vls_remark_kind kind, const char *text) {
  static uint8_t to[32];
  vls_message_row row;
  vls_buf body;
  vec_bytes id = vec_hex(look(w, who, n).item);
  memcpy(to, id.p, 32);
  vls_buf_init(&body, VLS_TEXT_MAX);
  assert_true(vls_message_get(w->node[who].store, n, &row, &body));
  vls_buf_done(&body);
  return (vls_remark){.kind = kind, .to = to, .seq = row.seq, .text = vls_slice_str(text)};
}

static vls_remark_state state_of_remark(world *w, int who, uint64_t n) {
  vls_remark_row row;
  assert_true(vls_remarks_get(w->node[who].store, n, &row));
  return row.state;
}

static void what_is_not_theirs_to_say_counts_for_nothing(void **state) {
  (void)state;
  world *w = two_friends();
  uint64_t mine = say(w, BAO, "Ana", "Bao said this");
  run(w);
  vls_remark r = about(w, BAO, mine, VLS_REMARK_EDIT, "Bao never said this");
  assert_int_equal(state_of_remark(w, BAO, hear(w, &r, 5)), VLS_REMARK_VOID);
  r = about(w, BAO, mine, VLS_REMARK_DELETE, "");
  assert_int_equal(state_of_remark(w, BAO, hear(w, &r, 6)), VLS_REMARK_VOID);
  assert_string_equal(look(w, BAO, mine).text, "Bao said this");
  r = about(w, BAO, mine, VLS_REMARK_REACTION, "+1");
  assert_int_equal(state_of_remark(w, BAO, hear(w, &r, 7)), VLS_REMARK_COUNTS);
  r.seq++; /* another event than the id's: nobody looks any further */
  assert_int_equal(state_of_remark(w, BAO, hear(w, &r, 8)), VLS_REMARK_WAITS);
  uint64_t thumb = react(w, BAO, mine, "-1");
  run(w);
  r = about(w, BAO, thumb, VLS_REMARK_REACTION, "+1"); /* on a reaction */
  assert_int_equal(state_of_remark(w, BAO, hear(w, &r, 9)), VLS_REMARK_VOID);
  assert_false(try_react(w, BAO, thumb, "+1"));
  assert_true(failed_as(w, BAO, "usage"));
  world_free(w);
}

static void remarks_on_nothing_are_bounded(void **state) {
  (void)state;
  world *w = two_friends();
  vls_store *store = w->node[BAO].store;
  uint8_t to[32] = {1};
  vls_remark r = {VLS_REMARK_REACTION, to, 1, vls_slice_str("+1"), 0, 0};
  for (unsigned i = 0; i < VLS_REMARKS_WAITING + 20; i++) {
    to[1] = (uint8_t)i;
    to[2] = (uint8_t)(i >> 8);
    hear(w, &r, i + 1);
  }
  assert_int_equal(vls_remarks_waiting(store, 1), VLS_REMARKS_WAITING);
  assert_int_equal(count_of(store, "SELECT min(tie) FROM remark WHERE state=0"),
                   count_of(store, "SELECT min(n) + 20 FROM remark"));
  say(w, ANA, "Bao", "still heard");
  run(w);
  assert_string_equal(received(w, BAO), "still heard|");
  world_free(w);
}

static void of_many_edits_and_reactions_few_count(void **state) {
  (void)state;
  world *w = two_friends();
  uint64_t n = say(w, ANA, "Bao", "first");
  run(w);
  uint64_t at_bao = there(w, ANA, n, BAO);
  char text[40];
  for (unsigned i = 1; i <= VLS_REMARK_EDITS + 30; i++) {
    snprintf(text, sizeof text, "version %u", i);
    vls_remark r = about(w, BAO, at_bao, VLS_REMARK_EDIT, text);
    hear(w, &r, i);
    r = about(w, BAO, at_bao, VLS_REMARK_REACTION, text);
    hear(w, &r, i);
  }
  vls_remark late = about(w, BAO, at_bao, VLS_REMARK_EDIT, "older");
  assert_int_equal(state_of_remark(w, BAO, hear(w, &late, 1)), VLS_REMARK_PAST);
  late = about(w, BAO, at_bao, VLS_REMARK_REACTION, "older");
  assert_int_equal(state_of_remark(w, BAO, hear(w, &late, 1)), VLS_REMARK_PAST);
  shown s = look(w, BAO, at_bao);
  assert_string_equal(s.text, "version 94");
  assert_int_equal(s.row.edits, VLS_REMARK_EDITS);
  assert_int_equal(s.row.n_reactions, 1);
  assert_string_equal(s.sign, "version 94");
  late = about(w, BAO, at_bao, VLS_REMARK_DELETE, "enough");
  hear(w, &late, 200);
  hear(w, &late, 300);
  assert_int_equal(count_of(w->node[BAO].store, "SELECT count(*) FROM message WHERE kind=18 AND "
                                                "body<>''"),
                   0);
  late = about(w, BAO, at_bao, VLS_REMARK_EDIT, "not gone");
  assert_int_equal(state_of_remark(w, BAO, hear(w, &late, 400)), VLS_REMARK_VOID);
  assert_false(is_anywhere(w->node[BAO].store, "not gone"));
  world_free(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_not_theirs_to_say_counts_for_nothing),
      cmocka_unit_test(remarks_on_nothing_are_bounded),
      cmocka_unit_test(of_many_edits_and_reactions_few_count),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
