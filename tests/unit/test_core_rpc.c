#include "core_people.h"

#include "citizen/id.h"
#include "crypto/kdf.h"

/* A call with these bytes for parameters. */
static bool call_raw(world *w, int who, uint64_t client, const char *method, const void *params,
                     size_t n_params) {
  node *n = &w->node[who];
  vls_input in = {.type = VLS_IN_COMMAND,
                  .client = client,
                  .msgid = ++n->msgid,
                  .text = vls_slice_str(method),
                  .bytes = vls_slice_of(params, n_params)};
  feed(w, n, &in);
  end_batch(w, n);
  assert_int_equal(n->answered, n->msgid);
  return n->error[0] == '\0';
}

static void first_call_must_be_hello(void **state) {
  (void)state;
  world *w = world_new(1);
  assert_false(call_as(w, ANA, 7, "status", NULL, NULL));
  assert_true(failed_as(w, ANA, "state"));
  assert_true(error_says(w, ANA, "the first call must be hello"));
  vls_rpc_hello hello = {.api = 2};
  assert_false(call_as(w, ANA, 7, "hello", &vls_rpc_hello_def, &hello));
  assert_true(failed_as(w, ANA, "usage"));
  assert_false(call_as(w, ANA, 7, "status", NULL, NULL));
  hello.api = 1;
  assert_true(call_as(w, ANA, 7, "hello", &vls_rpc_hello_def, &hello));
  vls_rpc_hello_ok ok;
  answer(w, ANA, &vls_rpc_hello_ok_def, &ok);
  assert_int_equal(ok.api, 1);
  assert_true(vls_slice_eq(ok.version, vls_slice_str("1.0")));
  assert_true(vls_slice_eq(ok.state, vls_slice_str("ready")));
  assert_true(call_as(w, ANA, 7, "status", NULL, NULL));
  vls_input gone = {.type = VLS_IN_GONE, .client = 7};
  feed(w, &w->node[ANA], &gone);
  assert_false(call_as(w, ANA, 7, "status", NULL, NULL)); /* somebody else's number now */
  world_free(w);
}

static void node_without_an_identity_says_so(void **state) {
  (void)state;
  world *w = world_new(0);
  node_start(w, ANA);
  vls_rpc_hello_ok ok;
  vls_rpc_status status;
  say_hello(w, ANA, CLIENT);
  answer(w, ANA, &vls_rpc_hello_ok_def, &ok);
  assert_true(vls_slice_eq(ok.state, vls_slice_str("empty")));
  static const char *const needing[] = {"id.show", "contact.list", "outbox.list", "peer.list"};
  for (size_t i = 0; i < COUNT(needing); i++) {
    assert_false(call(w, ANA, needing[i], NULL, NULL));
    assert_true(failed_as(w, ANA, "state"));
    assert_true(error_says(w, ANA, "\nvalise init --name NAME"));
  }
  assert_true(call(w, ANA, "status", NULL, NULL));
  answer(w, ANA, &vls_rpc_status_def, &status);
  assert_true(vls_slice_eq(status.state, vls_slice_str("empty")));
  assert_int_equal(findings(w, ANA, "problem", "no identity"), 1);
  static const char *const bad[] = {"\xff", "a\0b"};
  (void)bad;
  vls_rpc_init init = {.name = vls_slice_str("Ana")};
  assert_true(call(w, ANA, "init", &vls_rpc_init_def, &init));
  vls_rpc_identity me;
  answer(w, ANA, &vls_rpc_identity_def, &me);
  assert_true(vls_slice_eq(me.name, vls_slice_str("Ana")));
  assert_int_equal(me.card_seq, 1);
  assert_int_equal(me.n_addresses, 1);
  assert_false(call(w, ANA, "init", &vls_rpc_init_def, &init));
  assert_true(failed_as(w, ANA, "exists"));
  node_restart(w, ANA);
  say_hello(w, ANA, CLIENT);
  vls_rpc_identity again;
  char id[65];
  copy_slice(id, sizeof id, me.id);
  assert_true(call(w, ANA, "id.show", NULL, NULL));
  answer(w, ANA, &vls_rpc_identity_def, &again);
  assert_int_equal(again.id.n, VLS_ID_TEXT);
  world_free(w);
}

static void parameters_that_are_wrong_are_named(void **state) {
  (void)state;
  world *w = world_new(1);
  static const struct {
    const char *method, *params;
    size_t n;
    const char *says;
  } rows[] = {
      {"status", "\x80", 1, "one map of named values"},
      {"status", "\x92\x80\x80", 3, "one map of named values"},
      {"status", "\xc1", 1, "one map of named values"},
      {"status", "", 0, "one map of named values"},
      {"status", "\x91\xc0", 2, "must be a map"},
      {"status",
       "\x91\x81\xa6"
       "unknwn\x01",
       10, "unknwn is not known"},
      {"status",
       "\x91\x81\xa6"
       "a\x1b[31m\x01",
       10, "a\\x1b[31m is not known"},
      {"send", "\x91\x80", 2, "to is missing"},
      {"send", "\x91\x82\xa2to\x90\xa4text\xa1x", 13, "there is nobody to send to"},
      {"send", "\x91\x82\xa2to\x91\xa1x\xa4text\xa0", 14, "text is too short"},
      {"contact.get", "\x91\x81\xa3who\x05", 7, "who must be text"},
      {"contact.get", "\x91\x81\xa3who\xa1\xff", 8, "who is not well-formed UTF-8"},
      {"contact.get", "\x91\x82\xa3who\xa1x\xa3who\xa1x", 14, "who is there twice"},
      {"message.get", "\x91\x81\xa1n\x00", 5, "n is out of range"},
      {"message.get", "\x91\x81\xa1n\xff", 5, "n"},
      {"message.get", "\x91\x81\xa1n\xca\0\0\0\0", 9, ""},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    assert_false(call_raw(w, ANA, CLIENT, rows[i].method, rows[i].params, rows[i].n));
    assert_true(failed_as(w, ANA, "usage"));
    assert_true(error_says(w, ANA, rows[i].says));
  }
  assert_true(call_raw(w, ANA, CLIENT, "status", "\x90", 1));
  assert_true(call_raw(w, ANA, CLIENT, "status", "\x91\x80", 2));
  assert_true(call_raw(w, ANA, CLIENT, "status", "\xdc\0\x01\xde\0\0", 6)); /* longer forms */
  assert_false(call_raw(w, ANA, CLIENT, "no.such\x1b", "\x90", 1));
  assert_true(error_says(w, ANA, "usage: there is no method \"no.such\\x1b\""));
  world_free(w);
}

static void call_that_is_too_large_is_refused(void **state) {
  (void)state;
  world *w = world_new(1);
  vls_buf params;
  static char text[80000];
  memset(text, 'x', sizeof text);
  vls_buf_init(&params, 100000);
  assert_int_equal(vls_pack_array(&params, 1), VLS_OK);
  assert_int_equal(vls_pack_map(&params, 2), VLS_OK);
  assert_int_equal(vls_pack_str(&params, vls_slice_str("to")), VLS_OK);
  assert_int_equal(vls_pack_array(&params, 1), VLS_OK);
  assert_int_equal(vls_pack_str(&params, vls_slice_str("x")), VLS_OK);
  assert_int_equal(vls_pack_str(&params, vls_slice_str("text")), VLS_OK);
  size_t head = params.n;
  assert_int_equal(vls_pack_str(&params, vls_slice_of(text, sizeof text)), VLS_OK);
  assert_false(call_raw(w, ANA, CLIENT, "send", params.p, params.n));
  assert_true(failed_as(w, ANA, "too_big"));
  params.n = head;
  assert_int_equal(vls_pack_str(&params, vls_slice_of(text, 65537)), VLS_OK);
  assert_false(call_raw(w, ANA, CLIENT, "send", params.p, params.n));
  assert_true(failed_as(w, ANA, "usage"));
  assert_true(error_says(w, ANA, "text is too long"));
  vls_buf_done(&params);
  world_free(w);
}

static void client_beyond_the_64th_is_busy(void **state) {
  (void)state;
  world *w = world_new(1);
  for (uint64_t client = 2; client <= VLS_CLIENTS_MAX; client++)
    say_hello(w, ANA, client);
  vls_rpc_hello hello = {.api = 1};
  assert_false(call_as(w, ANA, 1000, "hello", &vls_rpc_hello_def, &hello));
  assert_true(failed_as(w, ANA, "busy"));
  vls_input gone = {.type = VLS_IN_GONE, .client = 5};
  feed(w, &w->node[ANA], &gone);
  say_hello(w, ANA, 1000);
  world_free(w);
}

/* Every method answers to nonsense, in order of the calls, and to each once. */
static void every_method_answers(void **state) {
  (void)state;
  world *w = two_friends();
  static const char *const methods[] = {"hello",
                                        "init",
                                        "status",
                                        "doctor",
                                        "id.show",
                                        "id.safety",
                                        "invite.create",
                                        "invite.accept",
                                        "contact.list",
                                        "contact.get",
                                        "contact.rename",
                                        "contact.verify",
                                        "contact.block",
                                        "contact.remove",
                                        "peer.list",
                                        "send",
                                        "message.list",
                                        "message.get",
                                        "message.mark_read",
                                        "outbox.list",
                                        "outbox.retry",
                                        "outbox.cancel",
                                        "events.subscribe",
                                        "events.ack"};
  for (size_t i = 0; i < COUNT(methods); i++) {
    call_raw(w, ANA, CLIENT, methods[i], "\x90", 1);
    call_raw(w, ANA, CLIENT, methods[i], "\x91\xdd\xff\xff\xff\xff", 6);
    call_raw(w, ANA, CLIENT, methods[i], "\x91\x81\xa3who\xa3Zoe", 10);
  }
  assert_true(contact_is(w, ANA, "Bao", "ready"));
  world_free(w);
}

static void unread_texts_are_found_behind_many_read_ones(void **state) {
  (void)state;
  world *w = world_new(3);
  befriend(w, ANA, BAO);
  befriend(w, ANA, CHI);
  say(w, CHI, "Ana", "unread");
  pass(w, 1000);
  for (int i = 0; i < 30; i++)
    say(w, BAO, "Ana", "read");
  pass(w, 5000);
  assert_true(mark_read(w, ANA, "Bao", 1000));
  vls_rpc_list p = {.has_unread = true, .unread = true};
  vls_slice part[40];
  vls_rpc_message m;
  assert_true(call(w, ANA, "message.list", &vls_rpc_list_def, &p));
  assert_int_equal(answer_list(w, ANA, part, 40), 1);
  assert_int_equal(vls_wire_decode(&vls_rpc_message_def, VLS_WIRE_STRICT, part[0], &m, NULL),
                   VLS_OK);
  assert_true(vls_slice_eq(m.text, vls_slice_str("unread")));
  for (int i = 0; i < 30; i++)
    say(w, CHI, "Ana", "unread");
  pass(w, 5000);
  assert_true(call(w, ANA, "message.list", &vls_rpc_list_def, &p));
  assert_int_equal(answer_list(w, ANA, part, 40), 20); /* the usual limit */
  p.has_who = true;
  p.who = vls_slice_str("Chi");
  p.has_limit = true;
  p.limit = 500;
  assert_true(call(w, ANA, "message.list", &vls_rpc_list_def, &p));
  assert_int_equal(answer_list(w, ANA, part, 40), 31);
  vls_rpc_status status;
  assert_true(call(w, ANA, "status", NULL, NULL));
  answer(w, ANA, &vls_rpc_status_def, &status);
  assert_int_equal(status.unread, 31);
  assert_int_equal(status.contacts, 2);
  assert_int_equal(status.online, 2);
  world_free(w);
}

/* A response never passes 1 MiB: it ends earlier, and `after` or `before` goes on. */
static void list_of_large_texts_ends_before_its_frame(void **state) {
  (void)state;
  world *w = two_friends();
  static char text[VLS_TEXT_MAX + 1];
  memset(text, 'x', VLS_TEXT_MAX);
  for (int i = 0; i < 20; i++)
    say(w, BAO, "Ana", text);
  pass(w, 60000);
  vls_slice part[20];
  static vls_rpc_message m;
  vls_rpc_list p = {.has_after = true};
  uint64_t seen = 0;
  for (int round = 0; round < 4 && seen < 20; round++) {
    assert_true(call(w, ANA, "message.list", &vls_rpc_list_def, &p));
    size_t n = answer_list(w, ANA, part, 20);
    assert_in_range(n, 1, 15);
    for (size_t i = 0; i < n; i++) {
      assert_int_equal(vls_wire_decode(&vls_rpc_message_def, VLS_WIRE_STRICT, part[i], &m, NULL),
                       VLS_OK);
      assert_int_equal(m.n, ++seen);
    }
    p.after = seen;
  }
  assert_int_equal(seen, 20);
  p = (vls_rpc_list){.has_before = true, .before = 1000};
  assert_true(call(w, ANA, "message.list", &vls_rpc_list_def, &p));
  size_t n = answer_list(w, ANA, part, 20);
  assert_int_equal(vls_wire_decode(&vls_rpc_message_def, VLS_WIRE_STRICT, part[n - 1], &m, NULL),
                   VLS_OK);
  assert_int_equal(m.n, 20); /* the newest, in reading order */
  world_free(w);
}

static void messages_are_searched_and_windowed(void **state) {
  (void)state;
  world *w = two_friends();
  say(w, BAO, "Ana", "100% of it");
  say(w, BAO, "Ana", "100 of it");
  pass(w, 5000);
  vls_slice part[20];
  vls_rpc_list p = {.has_search = true, .search = vls_slice_str("0%")};
  assert_true(call(w, ANA, "message.list", &vls_rpc_list_def, &p));
  assert_int_equal(answer_list(w, ANA, part, 20), 1);
  p = (vls_rpc_list){.has_after = true, .after = UINT64_MAX};
  assert_true(call(w, ANA, "message.list", &vls_rpc_list_def, &p));
  assert_int_equal(answer_list(w, ANA, part, 20), 0);
  p = (vls_rpc_list){.has_who = true, .who = vls_slice_str("nobody at all")};
  assert_false(call(w, ANA, "message.list", &vls_rpc_list_def, &p));
  assert_true(failed_as(w, ANA, "not_found"));
  world_free(w);
}

static void doctor_says_why_it_is_not_arriving(void **state) {
  (void)state;
  world *w = two_friends();
  assert_int_equal(findings(w, ANA, "problem", NULL), 0);
  assert_int_equal(findings(w, ANA, "ok", "linked, everything delivered"), 1);
  node_offline(w, BAO, true);
  say(w, ANA, "Bao", "are you there");
  pass(w, 30000);
  assert_int_equal(findings(w, ANA, "problem", "for them"), 1);
  assert_int_equal(findings(w, ANA, "problem", "connection refused"), 1);
  w->mono += 3600 * 1000; /* asked before the timer that is due has run */
  assert_int_equal(findings(w, ANA, "problem", "next try in 0 s"), 1);
  assert_true(block(w, ANA, "Bao", true));
  assert_int_equal(findings(w, ANA, "note", "blocked by you"), 1);
  vls_input nowhere = {.type = VLS_IN_ADDRESSES};
  feed(w, &w->node[ANA], &nowhere);
  end_batch(w, &w->node[ANA]);
  assert_int_equal(findings(w, ANA, "problem", "listens nowhere"), 1);
  vls_slice here = vls_slice_str("[::]:1");
  nowhere = (vls_input){.type = VLS_IN_ADDRESSES, .list2 = &here, .n_list2 = 1};
  feed(w, &w->node[ANA], &nowhere);
  end_batch(w, &w->node[ANA]);
  assert_int_equal(findings(w, ANA, "note", "no address is advertised"), 1);
  w->node[ANA].skew_ms = -INT64_C(1700000000000);
  assert_int_equal(findings(w, ANA, "problem", "years behind"), 1);
  world_free(w);
}

static void invitations_have_a_bound(void **state) {
  (void)state;
  world *w = world_new(1);
  vls_rpc_invite p = {.has_expires_s = true, .expires_s = 60};
  for (int i = 0; i < 256; i++)
    assert_true(call(w, ANA, "invite.create", &vls_rpc_invite_def, &p));
  assert_false(call(w, ANA, "invite.create", &vls_rpc_invite_def, &p));
  assert_true(failed_as(w, ANA, "rate_limited"));
  pass(w, 61000);
  assert_true(call(w, ANA, "invite.create", &vls_rpc_invite_def, &p));
  world_free(w);
}

/* An invitation that nobody could use is not made, and leaves nothing behind. */
static void invitation_without_an_address_is_refused(void **state) {
  (void)state;
  world *w = world_new(1);
  char longest[129];
  memset(longest, 'a', 128);
  memcpy(longest + 124, ":123", 5);
  vls_slice none = vls_slice_str(longest);
  vls_rpc_invite p = {0};
  for (size_t n = 0; n < 2; n++) {
    vls_input in = {.type = VLS_IN_ADDRESSES, .list = &none, .n_list = n};
    feed(w, &w->node[ANA], &in);
    end_batch(w, &w->node[ANA]);
    assert_false(call(w, ANA, "invite.create", &vls_rpc_invite_def, &p));
    assert_true(failed_as(w, ANA, "state"));
  }
  world_free(w);
}

static void peers_are_listed_with_their_links(void **state) {
  (void)state;
  world *w = two_friends();
  vls_slice part[4];
  vls_rpc_peer p;
  assert_true(call(w, ANA, "peer.list", NULL, NULL));
  assert_int_equal(answer_list(w, ANA, part, 4), 1);
  assert_int_equal(vls_wire_decode(&vls_rpc_peer_def, VLS_WIRE_STRICT, part[0], &p, NULL), VLS_OK);
  assert_true(vls_slice_eq(p.name, vls_slice_str("Bao")));
  assert_true(vls_slice_eq(p.state, vls_slice_str("up")));
  assert_true(p.sent > 100 && p.received > 100);
  assert_int_equal(p.in_flight, 0);
  vls_rpc_opt_who retry = {0};
  vls_rpc_count count;
  node_offline(w, BAO, true);
  assert_true(call(w, ANA, "outbox.retry", &vls_rpc_opt_who_def, &retry));
  answer(w, ANA, &vls_rpc_count_def, &count);
  assert_int_equal(count.count, 1);
  world_free(w);
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(first_call_must_be_hello),
      cmocka_unit_test(node_without_an_identity_says_so),
      cmocka_unit_test(parameters_that_are_wrong_are_named),
      cmocka_unit_test(call_that_is_too_large_is_refused),
      cmocka_unit_test(client_beyond_the_64th_is_busy),
      cmocka_unit_test(every_method_answers),
      cmocka_unit_test(unread_texts_are_found_behind_many_read_ones),
      cmocka_unit_test(list_of_large_texts_ends_before_its_frame),
      cmocka_unit_test(messages_are_searched_and_windowed),
      cmocka_unit_test(doctor_says_why_it_is_not_arriving),
      cmocka_unit_test(invitations_have_a_bound),
      cmocka_unit_test(invitation_without_an_address_is_refused),
      cmocka_unit_test(peers_are_listed_with_their_links),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
