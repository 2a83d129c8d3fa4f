/* What is said about texts, from one client to the other: replies, reactions, edits, deletions. */
#include "store_dump.h"
#undef COUNT
#include "core_people.h"

#include "store/messages.h"
#include "store/remarks.h"

/* A text as a node shows it, kept by value. */
typedef struct shown {
  vls_rpc_message row;
  char text[600], state[17], kind[17], reason[300], sign[40], item[65], about_item[65];
} shown;

static void keep(shown *s, const vls_rpc_message *m) {
  *s = (shown){.row = *m};
  copy_slice(s->text, sizeof s->text, m->text);
  copy_slice(s->state, sizeof s->state, m->state);
  if (m->has_kind) copy_slice(s->kind, sizeof s->kind, m->kind);
  if (m->has_reason) copy_slice(s->reason, sizeof s->reason, m->reason);
  if (m->has_item) copy_slice(s->item, sizeof s->item, m->item);
  if (m->has_about_item) copy_slice(s->about_item, sizeof s->about_item, m->about_item);
  if (m->n_reactions > 0) copy_slice(s->sign, sizeof s->sign, m->reactions[0].sign);
}

static shown look(world *w, int who, uint64_t n) {
  static vls_rpc_message m;
  shown s;
  vls_rpc_n p = {n};
  assert_true(call(w, who, "message.get", &vls_rpc_n_def, &p));
  answer(w, who, &vls_rpc_message_def, &m);
  keep(&s, &m);
  return s;
}

/* The rows of an answer that is a list of messages. */
static size_t rows_of(world *w, int who, shown *rows, size_t max) {
  static vls_rpc_message m;
  static vls_slice part[500];
  size_t n = answer_list(w, who, part, 500);
  for (size_t i = 0; i < n && i < max; i++) {
    assert_int_equal(vls_wire_decode(&vls_rpc_message_def, VLS_WIRE_STRICT, part[i], &m, NULL),
                     VLS_OK);
    keep(&rows[i], &m);
  }
  return n;
}

static size_t list(world *w, int who, const char *search, shown *rows, size_t max) {
  vls_rpc_list p = {.has_search = search != NULL, .has_limit = true, .limit = 500};
  if (search != NULL) p.search = vls_slice_str(search);
  assert_true(call(w, who, "message.list", &vls_rpc_list_def, &p));
  return rows_of(w, who, rows, max);
}

static size_t thread_of(world *w, int who, uint64_t n, shown *rows, size_t max) {
  vls_rpc_remarks p = {.n = n};
  assert_true(call(w, who, "message.thread", &vls_rpc_remarks_def, &p));
  return rows_of(w, who, rows, max);
}

static size_t remarks_on(world *w, int who, uint64_t n, shown *rows, size_t max) {
  vls_rpc_remarks p = {.n = n};
  assert_true(call(w, who, "message.remarks", &vls_rpc_remarks_def, &p));
  return rows_of(w, who, rows, max);
}

static uint64_t number_of_answer(world *w, int who) {
  vls_rpc_remarked r;
  answer(w, who, &vls_rpc_remarked_def, &r);
  return r.n;
}

static bool try_react(world *w, int who, uint64_t n, const char *sign) {
  vls_rpc_react p = {n, vls_slice_str(sign)};
  return call(w, who, "message.react", &vls_rpc_react_def, &p);
}

static uint64_t react(world *w, int who, uint64_t n, const char *sign) {
  assert_true(try_react(w, who, n, sign));
  return number_of_answer(w, who);
}

static bool try_edit(world *w, int who, uint64_t n, const char *text) {
  vls_rpc_edit p = {n, vls_slice_str(text)};
  return call(w, who, "message.edit", &vls_rpc_edit_def, &p);
}

static uint64_t edit(world *w, int who, uint64_t n, const char *text) {
  assert_true(try_edit(w, who, n, text));
  return number_of_answer(w, who);
}

static bool try_delete(world *w, int who, uint64_t n, const char *reason) {
  vls_rpc_delete p = {.n = n, .has_reason = reason != NULL};
  if (reason != NULL) p.reason = vls_slice_str(reason);
  return call(w, who, "message.delete", &vls_rpc_delete_def, &p);
}

static uint64_t reply(world *w, int who, uint64_t n, const char *text) {
  vls_rpc_send p = {.text = vls_slice_str(text), .has_reply = true, .reply = n};
  vls_rpc_sent sent;
  vls_slice part[1];
  assert_true(call(w, who, "send", &vls_rpc_send_def, &p));
  assert_int_equal(answer_list(w, who, part, 1), 1);
  assert_int_equal(vls_wire_decode(&vls_rpc_sent_def, VLS_WIRE_STRICT, part[0], &sent, NULL),
                   VLS_OK);
  assert_true(sent.n > 0);
  return sent.n;
}

/* The number that a text of Ana's has at Bao's, by its item id. */
static uint64_t there(world *w, int from, uint64_t n, int to) {
  shown rows[64], s = look(w, from, n);
  size_t count = list(w, to, NULL, rows, COUNT(rows));
  for (size_t i = 0; i < count; i++)
    if (strcmp(rows[i].item, s.item) == 0) return rows[i].row.n;
  return 0;
}

/* True when these words stand in any row of any table. */
static bool is_anywhere(vls_store *store, const char *words) {
  char hex[200] = "", sql[200];
  bool found = false;
  vls_hex_put(hex, vls_slice_str(words));
  char *names = dump_of(store, "SELECT name FROM sqlite_master WHERE type='table'");
  for (char *at = names; *at != '\0'; at += strlen(at) + 1) {
    at[strcspn(at, "\n")] = '\0';
    vec_bytes name = vec_hex(at);
    snprintf(sql, sizeof sql, "SELECT * FROM %.*s", (int)name.n, (const char *)name.p);
    char *rows = dump_of(store, sql);
    found = found || strstr(rows, hex) != NULL;
    free(rows);
  }
  free(names);
  return found;
}

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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(replies_make_threads_at_both_ends),
      cmocka_unit_test(of_reactions_the_newest_counts),
      cmocka_unit_test(edits_show_the_newest_and_keep_every_version),
      cmocka_unit_test(what_has_not_left_is_changed_itself),
      cmocka_unit_test(deleted_words_are_gone_at_both_ends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
