/* The calls for groups, as clients see them (RPC 8). */
#include "core_circle.h"

#include "core/circle.h"

static bool create(world *w, int who, const char *name) {
  vls_rpc_group_create p = {.name = vls_slice_str(name)};
  return call(w, who, "group.create", &vls_rpc_group_create_def, &p);
}

/* The group of this name in an answer's own words: "@school ready founder 2". */
static const char *group(world *w, int who, const char *name) {
  static char line[256];
  vls_rpc_which_group p = {.group = vls_slice_str(name)};
  vls_rpc_group g;
  if (!call(w, who, "group.get", &vls_rpc_which_group_def, &p)) return "none";
  answer(w, who, &vls_rpc_group_def, &g);
  snprintf(line, sizeof line, "%.*s %.*s %.*s %u", (int)g.name.n, (const char *)g.name.p,
           (int)g.state.n, (const char *)g.state.p, (int)g.level.n, (const char *)g.level.p,
           (unsigned)g.members);
  return line;
}

static bool write_to(world *w, int who, const char *to, const char *text) {
  vls_rpc_send p = {.to = {vls_slice_str(to)}, .n_to = 1, .text = vls_slice_str(text)};
  vls_slice part[1];
  vls_rpc_sent sent;
  assert_true(call(w, who, "send", &vls_rpc_send_def, &p));
  assert_int_equal(answer_list(w, who, part, 1), 1);
  assert_int_equal(vls_wire_decode(&vls_rpc_sent_def, VLS_WIRE_STRICT, part[0], &sent, NULL),
                   VLS_OK);
  if (sent.n == 0)
    snprintf(w->node[who].error, sizeof w->node[who].error, "%.*s", (int)sent.problem.n,
             (const char *)sent.problem.p);
  return sent.n != 0;
}

/* What is read there: "Ana: text|me: text|". */
static const char *read_at(world *w, int who, const char *at) {
  static char all[8192];
  static vls_slice part[500];
  vls_rpc_list p = {.has_who = true, .who = vls_slice_str(at), .has_limit = true, .limit = 500};
  size_t end = 0;
  all[0] = '\0';
  assert_true(call(w, who, "message.list", &vls_rpc_list_def, &p));
  size_t n = answer_list(w, who, part, 500);
  for (size_t i = 0; i < n; i++) {
    vls_rpc_message m;
    assert_int_equal(vls_wire_decode(&vls_rpc_message_def, VLS_WIRE_STRICT, part[i], &m, NULL),
                     VLS_OK);
    assert_true(m.has_author_id && m.has_item && m.has_hour);
    assert_true(m.mine != m.has_author);
    vls_slice author = m.mine ? vls_slice_str("me") : m.author;
    end += (size_t)snprintf(all + end, sizeof all - end, "%.*s: %.*s|", (int)author.n,
                            (const char *)author.p, (int)m.text.n, (const char *)m.text.p);
  }
  return all;
}

static bool role(world *w, int who, const char *whom, const char *level) {
  vls_rpc_group_role p = {
      .group = vls_slice_str("@school"), .who = vls_slice_str(whom), .level = vls_slice_str(level)};
  return call(w, who, "group.role", &vls_rpc_group_role_def, &p);
}

static bool throw_out(world *w, int who, const char *whom, const char *reason) {
  vls_rpc_group_remove p = {.group = vls_slice_str("school"),
                            .who = vls_slice_str(whom),
                            .has_reason = true,
                            .reason = vls_slice_str(reason)};
  return call(w, who, "group.remove", &vls_rpc_group_remove_def, &p);
}

static bool leave(world *w, int who) {
  vls_rpc_group_leave p = {.group = vls_slice_str("school")};
  return call(w, who, "group.leave", &vls_rpc_group_leave_def, &p);
}

/* The log, "text|text|"; a ! before what has no effect. */
static const char *log_of(world *w, int who) {
  static char all[8192];
  static vls_slice part[64];
  vls_rpc_group_log p = {.group = vls_slice_str("school"), .has_limit = true, .limit = 64};
  size_t end = 0;
  assert_true(call(w, who, "group.log", &vls_rpc_group_log_def, &p));
  size_t n = answer_list(w, who, part, 64);
  all[0] = '\0';
  for (size_t i = 0; i < n; i++) {
    vls_rpc_act a;
    assert_int_equal(vls_wire_decode(&vls_rpc_act_def, VLS_WIRE_STRICT, part[i], &a, NULL), VLS_OK);
    end += (size_t)snprintf(all + end, sizeof all - end, "%s%.*s|", a.undone ? "!" : "",
                            (int)a.text.n, (const char *)a.text.p);
  }
  return all;
}

static world *school_of_two(void) {
  world *w = two_friends();
  assert_true(create(w, ANA, "school"));
  let_in(w, ANA, BAO, 5000);
  return w;
}

static void group_is_named_listed_and_found(void **state) {
  (void)state;
  world *w = two_friends();
  assert_true(create(w, ANA, "@school"));
  assert_string_equal(group(w, ANA, "school"), "@school ready founder 1");
  assert_string_equal(group(w, ANA, "@SCHOOL"), "@school ready founder 1");
  assert_string_equal(group(w, ANA, "@scho"), "@school ready founder 1");
  assert_string_equal(group(w, ANA, "scool"), "none");
  assert_true(error_says(w, ANA, "did you mean \"@school\"?"));
  assert_true(create(w, ANA, "school"));
  assert_string_equal(group(w, ANA, "school 2"), "@school 2 ready founder 1");
  assert_string_equal(group(w, ANA, "scho"), "none");
  assert_true(error_says(w, ANA, "fits more than one group"));
  static const char *const bad[] = {"@", "a\nb", "\xe2\x80\x8b", "   "};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    assert_false(create(w, ANA, bad[i]));
  vls_rpc_group_rename p = {vls_slice_str("school 2"), vls_slice_str("School")};
  assert_false(call(w, ANA, "group.rename", &vls_rpc_group_rename_def, &p));
  assert_true(failed_as(w, ANA, "exists"));
  p.name = vls_slice_str("parents");
  assert_true(call(w, ANA, "group.rename", &vls_rpc_group_rename_def, &p));
  assert_string_equal(group(w, ANA, "@parents"), "@parents ready founder 1");
  vls_rpc_group_create odd = {
      .name = vls_slice_str("x"), .has_post = true, .post = vls_slice_str("founder")};
  assert_false(call(w, ANA, "group.create", &vls_rpc_group_create_def, &odd));
  assert_true(error_says(w, ANA, "member, moderator, admin, owner"));
  /* Contacts and groups are told apart by the @. */
  assert_false(write_to(w, ANA, "school", "x"));
  assert_true(error_says(w, ANA, "a group is: write \"@school\""));
  assert_false(write_to(w, ANA, "@Bao", "x"));
  world_free(w);
}

static void both_read_the_same_in_the_same_order(void **state) {
  (void)state;
  world *w = school_of_two();
  assert_string_equal(group(w, BAO, "school"), "@school ready member 2");
  assert_true(write_to(w, ANA, "@school", "one"));
  pass(w, 3000);
  assert_true(write_to(w, BAO, "@school", "two"));
  pass(w, 3000);
  assert_true(write_to(w, ANA, "@school", "three"));
  pass(w, 3000);
  assert_string_equal(read_at(w, ANA, "@school"), "me: one|Bao: two|me: three|");
  assert_string_equal(read_at(w, BAO, "@school"), "Ana: one|me: two|Ana: three|");
  vls_rpc_status s;
  assert_true(call(w, BAO, "status", NULL, NULL));
  answer(w, BAO, &vls_rpc_status_def, &s);
  assert_int_equal(s.groups, 1);
  assert_int_equal(s.unread, 2);
  assert_true(mark_read(w, BAO, "@school", 1000));
  assert_true(call(w, BAO, "status", NULL, NULL));
  answer(w, BAO, &vls_rpc_status_def, &s);
  assert_int_equal(s.unread, 0);
  node_restart(w, BAO);
  say_hello(w, BAO, CLIENT);
  assert_string_equal(read_at(w, BAO, "@school"), "Ana: one|me: two|Ana: three|");
  assert_true(call(w, BAO, "status", NULL, NULL));
  answer(w, BAO, &vls_rpc_status_def, &s);
  assert_int_equal(s.unread, 0);
  world_free(w);
}

/* Pages backwards, by the number of the first text of the page before. */
static void pages_meet_without_a_gap(void **state) {
  (void)state;
  world *w = school_of_two();
  char text[16], all[512] = "";
  for (int i = 0; i < 25; i++) {
    snprintf(text, sizeof text, "t%d", i);
    assert_true(write_to(w, i % 3 == 0 ? BAO : ANA, "@school", text));
    pass(w, 2000);
  }
  vls_rpc_list p = {
      .has_who = true, .who = vls_slice_str("@school"), .has_limit = true, .limit = 7};
  for (;;) {
    vls_slice part[7];
    char page[512] = "";
    assert_true(call(w, BAO, "message.list", &vls_rpc_list_def, &p));
    size_t n = answer_list(w, BAO, part, 7);
    if (n == 0) break;
    for (size_t i = 0; i < n; i++) {
      vls_rpc_message m;
      assert_int_equal(vls_wire_decode(&vls_rpc_message_def, VLS_WIRE_STRICT, part[i], &m, NULL),
                       VLS_OK);
      if (i == 0) p.before = m.n;
      snprintf(page + strlen(page), sizeof page - strlen(page), "%.*s ", (int)m.text.n,
               (const char *)m.text.p);
    }
    p.has_before = true;
    memmove(all + strlen(page), all, strlen(all) + 1);
    memcpy(all, page, strlen(page));
  }
  char expected[512] = "";
  for (int i = 0; i < 25; i++)
    snprintf(expected + strlen(expected), sizeof expected - strlen(expected), "t%d ", i);
  assert_string_equal(all, expected);
  world_free(w);
}

static void levels_are_refused_in_words(void **state) {
  (void)state;
  world *w = school_of_two();
  assert_false(role(w, BAO, "Ana", "member"));
  assert_true(error_says(w, BAO, "you are a member of @school, and it takes an admin"));
  assert_false(throw_out(w, BAO, "Ana", "x"));
  assert_true(error_says(w, BAO, "it takes a moderator to remove members"));
  assert_false(role(w, ANA, "Bao", "founder"));
  assert_true(failed_as(w, ANA, "usage"));
  assert_false(role(w, ANA, "Ana", "member"));
  assert_true(error_says(w, ANA, "their own level"));
  assert_false(role(w, ANA, "Chi", "member"));
  assert_true(error_says(w, ANA, "no member of @school is called \"Chi\""));
  assert_false(role(w, ANA, "Boa", "admin"));
  assert_true(error_says(w, ANA, "did you mean \"Bao\"?"));
  assert_true(role(w, ANA, "Bao", "moderator"));
  pass(w, 3000);
  assert_string_equal(group(w, BAO, "school"), "@school ready moderator 2");
  assert_false(throw_out(w, BAO, "Ana", "x"));
  assert_true(error_says(w, BAO, "only somebody above them"));
  assert_true(role(w, ANA, "bao", "admin"));
  pass(w, 3000);
  assert_false(role(w, BAO, "Ana", "owner"));
  vls_rpc_group_policy p = {.group = vls_slice_str("school"), .has_slow_s = true, .slow_s = 5};
  assert_false(call(w, BAO, "group.policy", &vls_rpc_group_policy_def, &p));
  assert_true(error_says(w, BAO, "it takes an owner to change its rules"));
  assert_false(leave(w, ANA));
  assert_true(error_says(w, ANA, "a founder cannot leave"));
  world_free(w);
}

static void log_tells_in_words_who_did_what_and_why(void **state) {
  (void)state;
  world *w = school_of_two();
  subscribe(w, BAO, CLIENT, NULL);
  assert_true(role(w, ANA, "Bao", "moderator"));
  vls_rpc_group_policy p = {.group = vls_slice_str("school"),
                            .has_post = true,
                            .post = vls_slice_str("moderator"),
                            .has_lifetime_s = true,
                            .lifetime_s = 30 * 86400,
                            .has_reason = true,
                            .reason = vls_slice_str("too loud")};
  assert_true(call(w, ANA, "group.policy", &vls_rpc_group_policy_def, &p));
  assert_true(call(w, ANA, "group.policy", &vls_rpc_group_policy_def, &p)); /* nothing new */
  pass(w, 3000);
  assert_string_equal(log_of(w, ANA),
                      "You began the group \"school\"|You let Bao in|You made Bao a moderator|"
                      "You changed the rules: moderators and above may write, texts are forgotten "
                      "after 30 days. Reason: too loud|");
  assert_string_equal(log_of(w, BAO),
                      "Ana began the group \"school\"|Ana let you in|Ana made you a moderator|"
                      "Ana changed the rules: moderators and above may write, texts are forgotten "
                      "after 30 days. Reason: too loud|");
  assert_string_equal(last_told(w, BAO, "group")->name, "@school");
  assert_non_null(strstr(last_told(w, BAO, "group")->text, "Reason: too loud"));
  assert_true(role(w, ANA, "Bao", "member"));
  pass(w, 3000);
  assert_false(write_to(w, BAO, "@school", "x"));
  assert_true(error_says(w, BAO, "it takes a moderator to write there"));
  world_free(w);
}

static void who_is_removed_is_told_and_what_was_said_stays(void **state) {
  (void)state;
  world *w = school_of_two();
  subscribe(w, BAO, CLIENT, NULL);
  assert_true(write_to(w, ANA, "@school", "hello"));
  pass(w, 3000);
  assert_true(throw_out(w, ANA, "Bao", "spam"));
  assert_true(write_to(w, ANA, "@school", "without Bao"));
  pass(w, 3000);
  assert_string_equal(last_told(w, BAO, "group")->text, "Ana removed you: spam");
  assert_string_equal(group(w, BAO, "school"), "@school removed none 1");
  assert_string_equal(read_at(w, BAO, "@school"), "Ana: hello|");
  assert_false(write_to(w, BAO, "@school", "x"));
  assert_true(error_says(w, BAO, "you are not in @school any more"));
  assert_non_null(
      strstr(log_of(w, ANA), "You removed Bao: spam. Bao can still read what was sent before|"));
  vls_rpc_which_group p = {.group = vls_slice_str("school")};
  assert_false(call(w, ANA, "group.forget", &vls_rpc_which_group_def, &p));
  assert_true(error_says(w, ANA, "leave it first"));
  assert_true(call(w, BAO, "group.forget", &vls_rpc_which_group_def, &p));
  assert_string_equal(group(w, BAO, "school"), "none");
  node_restart(w, BAO);
  say_hello(w, BAO, CLIENT);
  assert_string_equal(group(w, BAO, "school"), "none");
  pass(w, 20000);
  world_free(w);
}

static void who_leaves_is_gone_for_both(void **state) {
  (void)state;
  world *w = school_of_two();
  subscribe(w, ANA, CLIENT, NULL);
  assert_true(leave(w, BAO));
  pass(w, 3000);
  assert_string_equal(group(w, BAO, "school"), "@school left none 1");
  assert_string_equal(group(w, ANA, "school"), "@school ready founder 1");
  assert_string_equal(last_told(w, ANA, "group")->text, "Bao left");
  assert_false(leave(w, BAO));
  assert_true(failed_as(w, BAO, "state"));
  world_free(w);
}

static vls_rpc_message message(world *w, int who, uint64_t n) {
  vls_rpc_n p = {n};
  vls_rpc_message m;
  assert_true(call(w, who, "message.get", &vls_rpc_n_def, &p));
  answer(w, who, &vls_rpc_message_def, &m);
  return m;
}

static size_t in_outbox(world *w, int who, const char *whom) {
  vls_rpc_opt_who p = {.has_who = true, .who = vls_slice_str(whom)};
  vls_slice part[8];
  assert_true(call(w, who, "outbox.list", &vls_rpc_opt_who_def, &p));
  return answer_list(w, who, part, 8);
}

static void receipts_say_who_has_it_and_who_not(void **state) {
  (void)state;
  world *w = school_of_two();
  vls_rpc_receipts p = {.n = 1};
  vls_rpc_receipt r;
  vls_slice part[2];
  node_offline(w, BAO, true);
  assert_true(write_to(w, ANA, "@school", "hello"));
  p.n = w->node[ANA].core->newest_n;
  pass(w, 20000);
  vls_rpc_message m = message(w, ANA, p.n);
  assert_true(vls_slice_eq(m.state, vls_slice_str("sent")));
  assert_true(m.has_receipts && m.has_of);
  assert_int_equal(m.receipts, 0);
  assert_int_equal(m.of, 1);
  assert_int_equal(in_outbox(w, ANA, "@school"), 1);
  assert_int_equal(in_outbox(w, ANA, "Bao"), 0);
  for (int i = 0; i < 2; i++) {
    assert_true(call(w, ANA, "message.receipts", &vls_rpc_receipts_def, &p));
    assert_int_equal(answer_list(w, ANA, part, 2), 1);
    assert_int_equal(vls_wire_decode(&vls_rpc_receipt_def, VLS_WIRE_STRICT, part[0], &r, NULL),
                     VLS_OK);
    assert_true(vls_slice_eq(r.name, vls_slice_str("Bao")));
    assert_int_equal(r.delivered, i == 1);
    if (i == 1) break;
    node_offline(w, BAO, false);
    pass(w, 1000000);
    assert_string_equal(read_at(w, BAO, "@school"), "Ana: hello|");
  }
  m = message(w, ANA, p.n);
  assert_true(vls_slice_eq(m.state, vls_slice_str("delivered")));
  assert_int_equal(in_outbox(w, ANA, "@school"), 0);
  assert_false(call(w, BAO, "message.receipts", &vls_rpc_receipts_def, &p));
  p.n = 4711;
  assert_false(call(w, ANA, "message.receipts", &vls_rpc_receipts_def, &p));
  assert_true(failed_as(w, ANA, "not_found"));
  world_free(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(group_is_named_listed_and_found),
      cmocka_unit_test(both_read_the_same_in_the_same_order),
      cmocka_unit_test(pages_meet_without_a_gap),
      cmocka_unit_test(levels_are_refused_in_words),
      cmocka_unit_test(log_tells_in_words_who_did_what_and_why),
      cmocka_unit_test(who_is_removed_is_told_and_what_was_said_stays),
      cmocka_unit_test(who_leaves_is_gone_for_both),
      cmocka_unit_test(receipts_say_who_has_it_and_who_not),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
