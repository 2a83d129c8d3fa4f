/* What is said about texts, from one client to the other: replies, reactions, edits, deletions. */
#include "store_dump.h"
#undef COUNT
#include "core_backup.h"

#include "core/remarks.h"

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
      cmocka_unit_test(what_is_not_theirs_to_say_counts_for_nothing),
      cmocka_unit_test(remarks_on_nothing_are_bounded),
      cmocka_unit_test(of_many_edits_and_reactions_few_count),
      cmocka_unit_test(queued_remarks_wait_and_can_be_taken_back),
      cmocka_unit_test(remarks_are_told_to_clients),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
