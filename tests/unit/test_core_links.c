#include "core_fake.h"

#include "core/core_int.h"
#include "crypto/kdf.h"

/* Not one byte, and no closing before the minute is over. */
static void stranger_gets_silence_for_a_minute(void **state) {
  (void)state;
  fake f;
  world *w = node_and_fake(&f);
  static uint8_t noise[20000];
  static const size_t sizes[] = {1, 103, 104, 200, 4096, 4097, 20000};
  vls_rng_bytes(&f.self.rng, noise, sizeof noise);
  for (size_t i = 0; i < COUNT(sizes); i++) {
    fake_stream(w, &f);
    w->fake_hears = f.id;
    uint64_t sent = w->node[BAO].sent;
    fake_bytes(w, &f, vls_slice_of(noise, sizes[i]));
    pass(w, 59000);
    assert_false(w->fake_closed);
    pass(w, 1500);
    assert_true(w->fake_closed);
    assert_int_equal(w->fake_in.n, 0);
    (void)sent;
  }
  finish(w, &f);
}

/* A flight that was recorded, byte for byte, and played again. */
static void knock_replayed_gets_silence_even_after_a_new_start(void **state) {
  (void)state;
  fake f;
  world *w = node_and_fake(&f);
  vls_buf flight;
  vls_buf_init(&flight, 10000);
  fake_dial_with(w, &f, &f.self.dh, f.keys.knock, f.keys.link_psk);
  assert_int_equal(vls_buf_put_slice(&flight, vls_buf_slice(vls_link_out(f.link))), VLS_OK);
  fake_run(w, &f);
  assert_true(f.up);
  for (int i = 0; i < 3; i++) {
    if (i == 2) node_restart(w, BAO);
    fake_stream(w, &f);
    w->fake_hears = f.id;
    fake_bytes(w, &f, vls_buf_slice(&flight));
    assert_int_equal(w->fake_in.n, 0);
    assert_false(w->fake_closed);
  }
  vls_buf_done(&flight);
  finish(w, &f);
}

static void knock_of_another_day_gets_silence(void **state) {
  (void)state;
  fake f;
  world *w = node_and_fake(&f);
  static const int64_t hours[] = {-25, 25};
  for (size_t i = 0; i < COUNT(hours); i++) {
    w->node[BAO].skew_ms = hours[i] * 3600 * 1000;
    fake_redial(w, &f);
    assert_false(f.up);
    assert_int_equal(w->fake_in.n, 0);
    assert_false(w->fake_closed);
  }
  w->node[BAO].skew_ms = INT64_C(23) * 3600 * 1000;
  fake_redial(w, &f);
  assert_true(f.up);
  finish(w, &f);
}

/* The 31st knock of a contact in a minute is a stranger's; a minute later all is well. */
static void knocks_of_a_contact_have_a_budget(void **state) {
  (void)state;
  fake f;
  world *w = node_and_fake(&f);
  unsigned up = 0;
  for (int i = 0; i < 40; i++) {
    fake_redial(w, &f);
    up += f.up ? 1 : 0;
    cut_wires(w, FAKE);
    run(w);
  }
  assert_int_equal(up, 30);
  w->mono += 60000;
  fake_redial(w, &f);
  assert_true(f.up);
  finish(w, &f);
}

static void strangers_have_a_bound(void **state) {
  (void)state;
  world *w = world_new(1);
  node *ana = &w->node[ANA];
  unsigned closed = 0;
  vls_output out;
  for (uint64_t i = 1; i <= VLS_STRANGERS_MAX + 10; i++) {
    vls_input in = {
        .type = VLS_IN_OPENED, .link = VLS_LINK_ACCEPTED | i, .text = vls_slice_str("somewhere")};
    feed(w, ana, &in);
    vls_core_seal(ana->core, now_of(w, ana));
    while (vls_core_poll(ana->core, &out))
      closed += out.type == VLS_OUT_CLOSE ? 1 : 0;
  }
  assert_int_equal(closed, 10);
  /* When they go others may come. */
  vls_input gone = {.type = VLS_IN_CLOSED, .link = VLS_LINK_ACCEPTED | 5};
  feed(w, ana, &gone);
  vls_input in = {.type = VLS_IN_OPENED, .link = VLS_LINK_ACCEPTED | 9999};
  feed(w, ana, &in);
  vls_core_seal(ana->core, now_of(w, ana));
  assert_false(vls_core_poll(ana->core, &out));
  world_free(w);
}

/* Inputs that follow no link the core knows are nothing. */
static void inputs_of_links_that_are_not_there_are_nothing(void **state) {
  (void)state;
  world *w = world_new(1);
  node *ana = &w->node[ANA];
  vls_output out;
  static const vls_input_type types[] = {VLS_IN_BYTES, VLS_IN_CLOSED, VLS_IN_OPENED};
  for (size_t i = 0; i < COUNT(types); i++) {
    vls_input in = {.type = types[i], .link = 77, .bytes = vls_slice_str("x")};
    feed(w, ana, &in);
  }
  vls_input client = {.type = VLS_IN_GONE, .client = 99};
  feed(w, ana, &client);
  client.type = VLS_IN_FULL;
  feed(w, ana, &client);
  vls_core_seal(ana->core, now_of(w, ana));
  assert_false(vls_core_poll(ana->core, &out));
  world_free(w);
}

/* As if 3 GiB of a minute had been read: more is not, until the minute is over. What waits for its
 * ACK meanwhile is no sign of a dead link, since nobody reads the ACK. */
static void link_over_its_budget_is_paused_and_read_again(void **state) {
  (void)state;
  for (int records = 0; records < 2; records++) {
    fake f;
    world *w = node_and_fake(&f);
    node *bao = &w->node[BAO];
    say(w, BAO, "Ana", "without an ACK for a while");
    fake_run(w, &f);
    vls_conn *conn = vls_conn_get(bao->core, f.id);
    assert_non_null(conn);
    vls_peer *ana = conn->peer;
    ana->bytes = ana->records = (vls_budget){.since = w->mono};
    if (records)
      ana->records.used = VLS_RECORDS_MINUTE;
    else
      ana->bytes.used = VLS_BYTES_MINUTE;
    fake_say(w, &f, "one more");
    fake_say(w, &f, "and another");
    assert_int_equal(bao->paused, 1); /* said once */
    assert_int_equal(bao->resumed, 0);
    pass(w, 59000);
    assert_int_equal(bao->resumed, 0);
    assert_false(w->fake_closed);
    assert_string_equal(received(w, BAO), records ? "one more|" : "");
    pass(w, 2000);
    assert_int_equal(bao->resumed, 1);
    assert_false(w->fake_closed);
    fake_say(w, &f, "in the next minute");
    assert_string_equal(received(w, BAO), "one more|and another|in the next minute|");
    assert_int_equal(bao->paused, 1);
    finish(w, &f);
  }
}

static void quiet_link_is_kept_and_a_dead_one_is_dropped(void **state) {
  (void)state;
  world *w = two_friends();
  pass(w, 90 * 60 * 1000); /* decoys keep it */
  assert_true(look_up(w, ANA, "Bao").row.online);
  w->held = true; /* the line is dead, and nobody says so */
  say(w, ANA, "Bao", "do you hear me");
  for (int i = 0; i < 20; i++)
    pass(w, 30000);
  assert_false(look_up(w, ANA, "Bao").row.online);
  world_free(w);
}

static void link_gets_new_keys_after_two_hours(void **state) {
  (void)state;
  world *w = two_friends();
  uint64_t links = w->next_link;
  pass(w, 3 * 3600 * 1000);
  assert_true(w->next_link > links);
  assert_true(look_up(w, ANA, "Bao").row.online);
  say(w, ANA, "Bao", "still here");
  pass(w, 1000);
  assert_string_equal(received(w, BAO), "still here|");
  world_free(w);
}

static void two_dials_that_meet_leave_one_link(void **state) {
  (void)state;
  world *w = two_friends();
  for (int i = 0; i < 5; i++) {
    node_offline(w, ANA, true);
    pass(w, 1000);
    node_offline(w, ANA, false);
    vls_rpc_opt_who all = {0};
    w->held = true; /* both dial before either hears the other */
    for (int who = ANA; who <= BAO; who++)
      assert_true(call(w, who, "outbox.retry", &vls_rpc_opt_who_def, &all));
    pass(w, 1);
    w->held = false;
    pass(w, 30000);
    assert_true(look_up(w, ANA, "Bao").row.online);
    vls_slice part[8];
    assert_true(call(w, ANA, "peer.list", NULL, NULL));
    assert_int_equal(answer_list(w, ANA, part, 8), 1);
  }
  say(w, ANA, "Bao", "one link is enough");
  pass(w, 1000);
  assert_string_equal(received(w, BAO), "one link is enough|");
  world_free(w);
}

static void dials_back_off_and_a_new_network_begins_anew(void **state) {
  (void)state;
  world *w = two_friends();
  node_offline(w, BAO, true);
  node *ana = &w->node[ANA];
  pass(w, 3600 * 1000);
  unsigned dials = ana->dials;
  assert_in_range(dials, 5, 40);
  pass(w, 3600 * 1000);
  assert_in_range(ana->dials - dials, 2, 10); /* every 7 to 22 minutes */
  dials = ana->dials;
  vls_input in = {.type = VLS_IN_NETWORK};
  feed(w, ana, &in);
  end_batch(w, ana);
  pass(w, 1500);
  assert_true(ana->dials > dials);
  world_free(w);
}

/* Every byte of a stream cut and fed alone; and any of them broken. */
static void link_broken_by_its_peer_is_dropped_and_dialled_again(void **state) {
  (void)state;
  fake f;
  world *w = node_and_fake(&f);
  uint8_t noise[64];
  vls_rng_bytes(&f.self.rng, noise, sizeof noise);
  fake_bytes(w, &f, vls_slice_of(noise, sizeof noise));
  assert_true(w->fake_closed);
  assert_true(log_says(w, BAO, "link broke the protocol"));
  fake_redial(w, &f);
  assert_true(f.up);
  finish(w, &f);
}

static void address_of_a_peer_is_escaped_in_the_log(void **state) {
  (void)state;
  world *w = two_friends();
  node_offline(w, BAO, true);
  node_offline(w, BAO, false);
  for (size_t i = 0; i < w->node[ANA].log.n; i++)
    assert_true(w->node[ANA].log.p[i] == '\n' ||
                (w->node[ANA].log.p[i] >= ' ' && w->node[ANA].log.p[i] < 0x7f));
  assert_true(log_says(w, ANA, "link up contact=1"));
  assert_false(log_says(w, ANA, "Bao")); /* no names, no words */
  world_free(w);
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(stranger_gets_silence_for_a_minute),
      cmocka_unit_test(knock_replayed_gets_silence_even_after_a_new_start),
      cmocka_unit_test(knock_of_another_day_gets_silence),
      cmocka_unit_test(knocks_of_a_contact_have_a_budget),
      cmocka_unit_test(strangers_have_a_bound),
      cmocka_unit_test(inputs_of_links_that_are_not_there_are_nothing),
      cmocka_unit_test(link_over_its_budget_is_paused_and_read_again),
      cmocka_unit_test(quiet_link_is_kept_and_a_dead_one_is_dropped),
      cmocka_unit_test(link_gets_new_keys_after_two_hours),
      cmocka_unit_test(two_dials_that_meet_leave_one_link),
      cmocka_unit_test(dials_back_off_and_a_new_network_begins_anew),
      cmocka_unit_test(link_broken_by_its_peer_is_dropped_and_dialled_again),
      cmocka_unit_test(address_of_a_peer_is_escaped_in_the_log),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
