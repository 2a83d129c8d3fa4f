#include "core_people.h"

#include "crypto/kdf.h"

static void two_citizens_meet_and_write_to_each_other(void **state) {
  (void)state;
  world *w = two_friends();
  contact bao = look_up(w, ANA, "Bao"), ana = look_up(w, BAO, "Ana");
  assert_string_equal(bao.state, "ready");
  assert_string_equal(ana.state, "ready");
  assert_true(bao.row.online && ana.row.online);
  assert_string_equal(bao.claim, "Bao");
  uint64_t n = say(w, ANA, "Bao", "Xin chao");
  assert_string_equal(state_of(w, ANA, n), "sent");
  run(w);
  assert_string_equal(state_of(w, ANA, n), "delivered");
  assert_string_equal(received(w, BAO), "Xin chao|");
  say(w, BAO, "Ana", "Hola");
  run(w);
  assert_string_equal(received(w, ANA), "Hola|");
  world_free(w);
}

static void texts_wait_for_whoever_is_away(void **state) {
  (void)state;
  world *w = two_friends();
  node_offline(w, BAO, true);
  uint64_t n = 0;
  for (int i = 0; i < 100; i++)
    n = say(w, ANA, "Bao", i % 2 == 0 ? "even" : "odd");
  assert_string_equal(state_of(w, ANA, n), "queued");
  node_restart(w, ANA);
  say_hello(w, ANA, CLIENT);
  assert_string_equal(state_of(w, ANA, n), "queued");
  assert_int_equal(look_up(w, ANA, "Bao").row.queued, 100);
  node_offline(w, BAO, false);
  pass(w, 600000);
  assert_string_equal(state_of(w, ANA, n), "delivered");
  assert_int_equal(look_up(w, BAO, "Ana").row.unread, 100);
  assert_int_equal(look_up(w, ANA, "Bao").row.queued, 0);
  world_free(w);
}

static void texts_of_64_kib_come_through(void **state) {
  (void)state;
  world *w = two_friends();
  static char text[VLS_TEXT_MAX + 1];
  memset(text, 'x', VLS_TEXT_MAX);
  uint64_t last = 0;
  for (int i = 0; i < 40; i++)
    last = say(w, ANA, "Bao", text);
  pass(w, 60000);
  assert_string_equal(state_of(w, ANA, last), "delivered");
  static vls_rpc_message m;
  vls_rpc_n p = {look_up(w, BAO, "Ana").row.unread};
  assert_int_equal(p.n, 40);
  assert_true(call(w, BAO, "message.get", &vls_rpc_n_def, &p));
  answer(w, BAO, &vls_rpc_message_def, &m);
  assert_int_equal(m.text.n, VLS_TEXT_MAX);
  world_free(w);
}

/* Records without their ACK: 64 and 1 MiB, however much there is to say. */
static void window_holds_what_is_not_acknowledged(void **state) {
  (void)state;
  world *w = two_friends();
  vls_slice part[4];
  vls_rpc_peer peer;
  static char text[60001];
  memset(text, 'x', 60000);
  for (int large = 0; large < 2; large++) {
    w->held = true;
    uint64_t before = w->node[ANA].sent;
    for (int i = 0; i < 200; i++)
      say(w, ANA, "Bao", large ? text : "short");
    assert_true(call(w, ANA, "peer.list", NULL, NULL));
    assert_int_equal(answer_list(w, ANA, part, 4), 1);
    assert_int_equal(vls_wire_decode(&vls_rpc_peer_def, VLS_WIRE_STRICT, part[0], &peer, NULL),
                     VLS_OK);
    assert_true(peer.in_flight <= 64);
    assert_true(w->node[ANA].sent - before <= (1 << 20) + 80000);
    w->held = false;
    pass(w, 120000);
    assert_int_equal(look_up(w, ANA, "Bao").row.queued, 0);
  }
  assert_int_equal(look_up(w, BAO, "Ana").row.unread, 400);
  world_free(w);
}

static void cid_sent_again_sends_nothing_again(void **state) {
  (void)state;
  world *w = two_friends();
  vls_rpc_send p = {.to = {vls_slice_str("Bao")},
                    .n_to = 1,
                    .text = vls_slice_str("once"),
                    .has_cid = true,
                    .cid = vls_slice_str("my-1")};
  assert_true(call(w, ANA, "send", &vls_rpc_send_def, &p));
  vls_buf first;
  vls_buf_init(&first, 10000);
  assert_int_equal(vls_buf_put_slice(&first, vls_buf_slice(&w->node[ANA].result)), VLS_OK);
  for (int i = 0; i < 3; i++) {
    if (i == 1) {
      node_restart(w, ANA);
      say_hello(w, ANA, CLIENT);
    }
    assert_true(call(w, ANA, "send", &vls_rpc_send_def, &p));
    assert_true(vls_slice_eq(vls_buf_slice(&first), vls_buf_slice(&w->node[ANA].result)));
  }
  pass(w, 60000);
  assert_string_equal(received(w, BAO), "once|");
  p.text = vls_slice_str("other words");
  assert_false(call(w, ANA, "send", &vls_rpc_send_def, &p));
  assert_true(failed_as(w, ANA, "exists"));
  vls_buf_done(&first);
  world_free(w);
}

static void recipients_are_one_to_32(void **state) {
  (void)state;
  world *w = two_friends();
  vls_buf params;
  vls_buf_init(&params, 10000);
  for (size_t n = 31; n <= 33; n++) {
    vls_buf_clear(&params);
    assert_int_equal(vls_pack_array(&params, 1), VLS_OK);
    assert_int_equal(vls_pack_map(&params, 2), VLS_OK);
    assert_int_equal(vls_pack_str(&params, vls_slice_str("to")), VLS_OK);
    assert_int_equal(vls_pack_array(&params, n), VLS_OK);
    for (size_t i = 0; i < n; i++)
      assert_int_equal(vls_pack_str(&params, vls_slice_str("Bao")), VLS_OK);
    assert_int_equal(vls_pack_str(&params, vls_slice_str("text")), VLS_OK);
    assert_int_equal(vls_pack_str(&params, vls_slice_str("x")), VLS_OK);
    node *ana = &w->node[ANA];
    vls_input in = {.type = VLS_IN_COMMAND,
                    .client = CLIENT,
                    .msgid = ++ana->msgid,
                    .text = vls_slice_str("send"),
                    .bytes = vls_buf_slice(&params)};
    feed(w, ana, &in);
    end_batch(w, ana);
    if (n == 33)
      assert_true(failed_as(w, ANA, "usage"));
    else
      assert_int_equal(ana->error[0], '\0');
  }
  vls_buf_done(&params);
  world_free(w);
}

static void send_to_several_says_for_each_what_became_of_it(void **state) {
  (void)state;
  world *w = two_friends();
  vls_rpc_send p = {.to = {vls_slice_str("nobody at all"), vls_slice_str("Bao")},
                    .n_to = 2,
                    .text = vls_slice_str("to both")};
  vls_slice part[2];
  vls_rpc_sent sent[2];
  assert_true(call(w, ANA, "send", &vls_rpc_send_def, &p));
  assert_int_equal(answer_list(w, ANA, part, 2), 2);
  for (int i = 0; i < 2; i++)
    assert_int_equal(vls_wire_decode(&vls_rpc_sent_def, VLS_WIRE_STRICT, part[i], &sent[i], NULL),
                     VLS_OK);
  assert_int_equal(sent[0].n, 0);
  assert_true(vls_slice_eq(sent[0].error, vls_slice_str("not_found")));
  assert_true(sent[1].n > 0 && !sent[1].has_error);
  run(w);
  assert_string_equal(received(w, BAO), "to both|");
  world_free(w);
}

static bool cancel(world *w, int who, uint64_t n) {
  vls_rpc_n p = {n};
  return call(w, who, "outbox.cancel", &vls_rpc_n_def, &p);
}

static void text_is_cancelled_only_while_it_is_queued(void **state) {
  (void)state;
  world *w = two_friends();
  uint64_t sent = say(w, ANA, "Bao", "too late");
  assert_false(cancel(w, ANA, sent));
  assert_true(failed_as(w, ANA, "state"));
  run(w);
  node_offline(w, BAO, true);
  uint64_t a = say(w, ANA, "Bao", "one"), b = say(w, ANA, "Bao", "two");
  uint64_t c = say(w, ANA, "Bao", "three");
  assert_true(cancel(w, ANA, b));
  assert_string_equal(state_of(w, ANA, b), "cancelled");
  assert_false(cancel(w, ANA, b));
  assert_false(cancel(w, ANA, 1000));
  assert_true(failed_as(w, ANA, "not_found"));
  vls_slice part[4];
  assert_true(call(w, ANA, "outbox.list", NULL, NULL));
  assert_int_equal(answer_list(w, ANA, part, 4), 2);
  node_offline(w, BAO, false);
  pass(w, 600000);
  assert_string_equal(received(w, BAO), "too late|one|three|");
  assert_string_equal(state_of(w, ANA, a), "delivered");
  assert_string_equal(state_of(w, ANA, c), "delivered");
  assert_string_equal(state_of(w, ANA, b), "cancelled");
  assert_false(cancel(w, BAO, 1));
  assert_true(failed_as(w, BAO, "state"));
  world_free(w);
}

static void text_shown_is_told_unless_the_configuration_says_no(void **state) {
  (void)state;
  for (int secret = 0; secret < 2; secret++) {
    world *w = two_friends();
    vls_rpc_count count;
    vls_core_conf conf = w->node[BAO].conf;
    conf.no_read_receipts = secret;
    vls_input in = {.type = VLS_IN_CONFIG, .conf = &conf};
    feed(w, &w->node[BAO], &in);
    uint64_t n = say(w, ANA, "Bao", "one"), m = say(w, ANA, "Bao", "two");
    run(w);
    assert_int_equal(look_up(w, BAO, "Ana").row.unread, 2);
    assert_true(mark_read(w, BAO, "Ana", 1));
    answer(w, BAO, &vls_rpc_count_def, &count);
    assert_int_equal(count.count, 1);
    run(w);
    assert_string_equal(state_of(w, ANA, n), secret ? "delivered" : "read");
    assert_string_equal(state_of(w, ANA, m), "delivered");
    assert_string_equal(state_of(w, BAO, 1), "seen");
    assert_string_equal(state_of(w, BAO, 2), "received");
    assert_true(mark_read(w, BAO, "Ana", UINT64_MAX)); /* no further than there are texts */
    run(w);
    assert_true(mark_read(w, BAO, "Ana", 1)); /* and never back */
    answer(w, BAO, &vls_rpc_count_def, &count);
    assert_int_equal(count.count, 0);
    say(w, ANA, "Bao", "three");
    run(w);
    assert_int_equal(look_up(w, BAO, "Ana").row.unread, 1);
    world_free(w);
  }
}

/* Nothing leaves before what it depends on is on disk. */
static void nothing_comes_out_before_the_commit(void **state) {
  (void)state;
  world *w = two_friends();
  node *ana = &w->node[ANA];
  vls_rpc_send p = {.to = {vls_slice_str("Bao")}, .n_to = 1, .text = vls_slice_str("wait")};
  vls_buf params;
  vls_output out;
  vls_buf_init(&params, 1000);
  assert_int_equal(vls_pack_array(&params, 1), VLS_OK);
  assert_int_equal(vls_wire_encode(&vls_rpc_send_def, &p, &params), VLS_OK);
  vls_input in = {.type = VLS_IN_COMMAND,
                  .client = CLIENT,
                  .msgid = ++ana->msgid,
                  .text = vls_slice_str("send"),
                  .bytes = vls_buf_slice(&params)};
  feed(w, ana, &in);
  assert_false(vls_core_poll(ana->core, &out));
  assert_true(vls_core_seal(ana->core, now_of(w, ana)));
  assert_false(vls_core_poll(ana->core, &out));
  assert_int_equal(vls_store_commit(ana->store), VLS_OK);
  assert_false(vls_core_poll(ana->core, &out));
  vls_core_committed(ana->core, VLS_OK);
  bool sent = false, replied = false;
  while (vls_core_poll(ana->core, &out)) {
    sent = sent || out.type == VLS_OUT_SEND;
    replied = replied || out.type == VLS_OUT_REPLY;
    on_output(w, ana, &out);
  }
  assert_true(sent && replied);
  vls_buf_done(&params);
  world_free(w);
}

/* The commit fails: whoever called hears that, and no byte goes to anybody else. */
static void failed_commit_poisons_the_core(void **state) {
  (void)state;
  world *w = two_friends();
  node *ana = &w->node[ANA];
  vls_rpc_send p = {.to = {vls_slice_str("Bao")}, .n_to = 1, .text = vls_slice_str("lost")};
  vls_buf params;
  vls_output out;
  vls_buf_init(&params, 1000);
  assert_int_equal(vls_pack_array(&params, 1), VLS_OK);
  assert_int_equal(vls_wire_encode(&vls_rpc_send_def, &p, &params), VLS_OK);
  vls_input in = {.type = VLS_IN_COMMAND,
                  .client = CLIENT,
                  .msgid = ++ana->msgid,
                  .text = vls_slice_str("send"),
                  .bytes = vls_buf_slice(&params)};
  feed(w, ana, &in);
  assert_true(vls_core_seal(ana->core, now_of(w, ana)));
  vls_core_committed(ana->core, VLS_FULL);
  assert_true(vls_core_poisoned(ana->core));
  while (vls_core_poll(ana->core, &out)) {
    assert_int_equal(out.type, VLS_OUT_REPLY);
    on_output(w, ana, &out);
  }
  assert_true(failed_as(w, ANA, "disk_full"));
  assert_int_equal(vls_core_feed(ana->core, &in, now_of(w, ana)), VLS_STORAGE);
  assert_int_equal(vls_core_tick(ana->core, now_of(w, ana)), VLS_STORAGE);
  assert_false(vls_core_seal(ana->core, now_of(w, ana)));
  assert_true(vls_core_deadline(ana->core) == VLS_NEVER);
  node_restart(w, ANA);
  say_hello(w, ANA, CLIENT);
  pass(w, 60000);
  assert_string_equal(received(w, BAO), "");
  say(w, ANA, "Bao", "after the crash");
  pass(w, 5000);
  assert_string_equal(received(w, BAO), "after the crash|");
  vls_buf_done(&params);
  world_free(w);
}

/* A crash after the seal and before the commit, at either end, again and again. */
static void crash_between_seal_and_commit_loses_nothing_acknowledged(void **state) {
  (void)state;
  world *w = two_friends();
  for (int i = 0; i < 20; i++) {
    char text[16];
    snprintf(text, sizeof text, "t%02d", i);
    say(w, ANA, "Bao", text); /* answered: it is on disk */
    int victim = i % 2 == 0 ? BAO : ANA;
    node *n = &w->node[victim];
    if (w->at < w->n && w->queue[w->at].to == victim) {
      packet *p = &w->queue[w->at];
      vls_input in = {.type = p->type, .link = p->link, .bytes = vls_buf_slice(&p->bytes)};
      feed(w, n, &in);
      vls_core_seal(n->core, now_of(w, n)); /* sealed, never committed */
    }
    node_restart(w, victim);
    say_hello(w, victim, CLIENT);
    pass(w, 30000);
  }
  pass(w, 600000);
  assert_string_equal(received(w, BAO), "t00|t01|t02|t03|t04|t05|t06|t07|t08|t09|t10|t11|t12|t13|"
                                        "t14|t15|t16|t17|t18|t19|");
  assert_int_equal(findings(w, BAO, "problem", NULL), 0);
  assert_int_equal(look_up(w, ANA, "Bao").row.queued, 0);
  world_free(w);
}

static void blocked_contact_gets_silence_and_shows_no_words(void **state) {
  (void)state;
  world *w = two_friends();
  assert_true(block(w, BAO, "Ana", true));
  pass(w, 1000);
  uint64_t sent = w->node[BAO].sent, n = say(w, ANA, "Bao", "let me in");
  pass(w, 600000);
  assert_int_equal(w->node[BAO].sent, sent);
  assert_string_equal(received(w, BAO), "");
  assert_string_equal(state_of(w, ANA, n), "queued");
  assert_true(look_up(w, BAO, "Ana").row.blocked);
  vls_rpc_send p = {.to = {vls_slice_str("Ana")}, .n_to = 1, .text = vls_slice_str("x")};
  vls_slice part[1];
  vls_rpc_sent answer_to;
  assert_true(call(w, BAO, "send", &vls_rpc_send_def, &p));
  assert_int_equal(answer_list(w, BAO, part, 1), 1);
  assert_int_equal(vls_wire_decode(&vls_rpc_sent_def, VLS_WIRE_STRICT, part[0], &answer_to, NULL),
                   VLS_OK);
  assert_true(vls_slice_eq(answer_to.error, vls_slice_str("state")));
  assert_true(block(w, BAO, "Ana", false));
  pass(w, 900000);
  assert_string_equal(received(w, BAO), "let me in|");
  world_free(w);
}

static void card_follows_a_change_of_address(void **state) {
  (void)state;
  world *w = two_friends();
  vls_slice moved[] = {vls_slice_str("new.example:2"), vls_slice_str(node_addresses[ANA])};
  vls_input in = {.type = VLS_IN_ADDRESSES, .list = moved, .n_list = 2};
  subscribe(w, BAO, CLIENT, NULL);
  size_t before = count_told(w, BAO, CLIENT, "contact");
  feed(w, &w->node[ANA], &in);
  end_batch(w, &w->node[ANA]);
  pass(w, 5000);
  contact ana = look_up(w, BAO, "Ana");
  assert_int_equal(ana.row.n_addresses, 2);
  assert_true(vls_slice_eq(ana.row.addresses[0], moved[0]));
  assert_int_equal(count_told(w, BAO, CLIENT, "contact"), before + 1);
  /* While Bao is away, two changes: he gets the last. */
  node_offline(w, BAO, true);
  for (size_t i = 0; i < 2; i++) {
    in.list = &moved[i];
    in.n_list = 1;
    feed(w, &w->node[ANA], &in);
    end_batch(w, &w->node[ANA]);
  }
  node_restart(w, ANA); /* which announces its own address again */
  say_hello(w, ANA, CLIENT);
  node_offline(w, BAO, false);
  pass(w, 900000);
  assert_true(vls_slice_eq(look_up(w, BAO, "Ana").row.addresses[0], moved[1]));
  world_free(w);
}

/* The prekey turns after a week: contacts get the card, and the talk goes on. */
static void weeks_go_by_and_the_talk_goes_on(void **state) {
  (void)state;
  world *w = two_friends();
  for (int week = 0; week < 6; week++) {
    node_offline(w, BAO, true);
    w->mono += UINT64_C(7) * 86400 * 1000;
    node_offline(w, BAO, false);
    pass(w, 2 * 3600 * 1000);
    say(w, ANA, "Bao", "a");
    say(w, BAO, "Ana", "b");
    pass(w, 60000);
  }
  vls_rpc_identity me;
  assert_true(call(w, ANA, "id.show", NULL, NULL));
  answer(w, ANA, &vls_rpc_identity_def, &me);
  assert_in_range(me.card_seq, 5, 8);
  assert_string_equal(received(w, BAO), "a|a|a|a|a|a|");
  assert_string_equal(received(w, ANA), "b|b|b|b|b|b|");
  world_free(w);
}

static void drained_node_says_goodbye_and_keeps_what_comes(void **state) {
  (void)state;
  world *w = two_friends();
  node *ana = &w->node[ANA];
  vls_core_drain(ana->core, now_of(w, ana));
  end_batch(w, ana);
  run(w);
  assert_false(look_up(w, BAO, "Ana").row.online);
  unsigned dials = ana->dials;
  uint64_t n = say(w, ANA, "Bao", "for the next start");
  pass(w, 600000);
  assert_int_equal(ana->dials, dials);
  assert_string_equal(state_of(w, ANA, n), "queued");
  node_restart(w, ANA);
  say_hello(w, ANA, CLIENT);
  pass(w, 60000);
  assert_string_equal(received(w, BAO), "for the next start|");
  world_free(w);
}

static void events_of_one_item_each_come_through(void **state) {
  (void)state;
  world *w = two_friends();
  vls_core_conf conf = w->node[ANA].conf;
  conf.items_per_event = 1;
  vls_input in = {.type = VLS_IN_CONFIG, .conf = &conf};
  feed(w, &w->node[ANA], &in);
  node_offline(w, BAO, true);
  for (int i = 0; i < 70; i++)
    say(w, ANA, "Bao", "x");
  node_offline(w, BAO, false);
  pass(w, 600000);
  assert_int_equal(look_up(w, BAO, "Ana").row.unread, 70);
  assert_int_equal(look_up(w, ANA, "Bao").row.queued, 0);
  world_free(w);
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(two_citizens_meet_and_write_to_each_other),
      cmocka_unit_test(texts_wait_for_whoever_is_away),
      cmocka_unit_test(texts_of_64_kib_come_through),
      cmocka_unit_test(window_holds_what_is_not_acknowledged),
      cmocka_unit_test(cid_sent_again_sends_nothing_again),
      cmocka_unit_test(recipients_are_one_to_32),
      cmocka_unit_test(send_to_several_says_for_each_what_became_of_it),
      cmocka_unit_test(text_is_cancelled_only_while_it_is_queued),
      cmocka_unit_test(text_shown_is_told_unless_the_configuration_says_no),
      cmocka_unit_test(nothing_comes_out_before_the_commit),
      cmocka_unit_test(failed_commit_poisons_the_core),
      cmocka_unit_test(crash_between_seal_and_commit_loses_nothing_acknowledged),
      cmocka_unit_test(blocked_contact_gets_silence_and_shows_no_words),
      cmocka_unit_test(card_follows_a_change_of_address),
      cmocka_unit_test(weeks_go_by_and_the_talk_goes_on),
      cmocka_unit_test(drained_node_says_goodbye_and_keeps_what_comes),
      cmocka_unit_test(events_of_one_item_each_come_through),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
