/* Sessions that begin anew, and what must come through them: nothing that was acknowledged is lost
 * for a session that is. */
#include "core_fake.h"

#include "store/messages.h"
#include "store/sessions.h"

static uint64_t set_aside(world *w, int who) {
  vls_rpc_status status;
  assert_true(call(w, who, "status", NULL, NULL));
  answer(w, who, &vls_rpc_status_def, &status);
  return status.set_aside;
}

static void seal_text(fake *f, const char *text, vls_buf *record) {
  vls_buf body;
  vls_buf_init(&body, 100);
  vls_buf_init(record, VLS_RECORD_MAX);
  assert_int_equal(vls_body_text(&body, vls_slice_str(text)), VLS_OK);
  vls_item item = {VLS_ITEM_TEXT, vls_buf_slice(&body)};
  fake_seal(f, &item, 1, record);
  vls_buf_done(&body);
}

/* The first record of a session comes before the last one of the session before it, once or twice:
 * it waits, and its signature over th is still good then. */
static void first_record_that_waited_is_taken_in_its_turn(void **state) {
  (void)state;
  for (int times = 1; times <= 3; times++) {
    fake f;
    vls_buf late, first;
    world *w = node_and_fake(&f);
    seal_text(&f, "of the old session", &late);
    fake_begin(&f, 0, NULL);
    seal_text(&f, "of the new one", &first);
    for (int i = 0; i < times; i++)
      fake_send_record(w, &f, vls_buf_slice(&first));
    assert_string_equal(received(w, BAO), "");
    if (times == 3) node_restart(w, BAO);
    if (times == 3) say_hello(w, BAO, CLIENT);
    if (times == 3) fake_redial(w, &f);
    fake_say(w, &f, "its second");
    fake_send_record(w, &f, vls_buf_slice(&first));
    fake_send_record(w, &f, vls_buf_slice(&late));
    fake_say(w, &f, "its third");
    assert_string_equal(received(w, BAO),
                        "of the old session|of the new one|its second|its third|");
    assert_int_equal(set_aside(w, BAO), 0);
    assert_false(w->fake_closed);
    vls_buf_done(&late);
    vls_buf_done(&first);
    finish(w, &f);
  }
}

/* What opens for no session may be all there is of an event: its sender must keep it. */
static void record_of_no_session_waits_for_its_ack(void **state) {
  (void)state;
  fake f;
  world *w = node_and_fake(&f);
  static uint8_t noise[512] = {1, 2, 3};
  fake_say(w, &f, "one");
  pass(w, 2000);
  fake_run(w, &f);
  uint64_t acks = f.acks, records = f.records;
  for (int i = 0; i < 3; i++)
    fake_send_record(w, &f, vls_slice_of(noise, sizeof noise));
  pass(w, 5000);
  fake_run(w, &f);
  assert_int_equal(f.acks, acks);
  assert_true(f.records > records); /* a session begins anew, once */
  assert_true(log_says(w, BAO, "a new session begins"));
  fake_say(w, &f, "two");
  pass(w, 2000);
  fake_run(w, &f);
  assert_int_equal(f.acks, acks + 4);
  assert_string_equal(received(w, BAO), "one|two|");
  assert_int_equal(set_aside(w, BAO), 1);
  finish(w, &f);
}

/* More than 2,000 records missing before one: it is not lost, it is said again. */
static void record_too_far_ahead_is_not_acknowledged_and_comes_again(void **state) {
  (void)state;
  for (int extra = 0; extra < 2; extra++) {
    fake f;
    world *w = node_and_fake(&f);
    vls_buf nothing;
    vls_buf_init(&nothing, VLS_RECORD_MAX);
    fake_say(w, &f, "one");
    pass(w, 2000);
    fake_run(w, &f);
    uint64_t acks = f.acks, seq = f.seq;
    uint8_t prev[32], zeros[200] = {0};
    memcpy(prev, f.prev, 32);
    for (int i = 0; i < VLS_RATCHET_SKIP + extra; i++) {
      vls_buf_clear(&nothing);
      assert_int_equal(vls_ratchet_seal(&f.r, vls_slice_of(zeros, 200), &f.self.rng, &nothing),
                       VLS_OK);
    }
    vls_buf_done(&nothing);
    fake_say(w, &f, "two");
    pass(w, 2000);
    fake_run(w, &f);
    assert_int_equal(f.acks, extra == 0 ? acks + 1 : acks);
    assert_int_equal(log_says(w, BAO, "a new session begins"), extra);
    if (extra != 0) { /* as a node would: a session begins, and the event is sealed again */
      f.seq = seq;
      memcpy(f.prev, prev, 32);
      fake_begin(&f, 0, NULL);
      fake_say(w, &f, "two");
      pass(w, 2000);
      fake_run(w, &f);
      assert_int_equal(f.acks, acks + 2);
    }
    fake_say(w, &f, "three");
    assert_string_equal(received(w, BAO), "one|two|three|");
    finish(w, &f);
  }
}

static void lose_sessions(world *w, int who) {
  vls_session_row rows[VLS_SESSIONS_MAX];
  size_t n = vls_session_load(w->node[who].store, 1, rows);
  assert_true(n > 0);
  for (size_t i = 0; i < n; i++)
    vls_session_drop(w->node[who].store, 1, rows[i].ratchet.th);
  assert_int_equal(vls_store_commit(w->node[who].store), VLS_OK);
}

/* Bao's node loses its sessions, and soon again. What Ana had for him, a receipt among it, comes
 * all the same, and in order. */
static void sessions_lost_lose_no_event(void **state) {
  (void)state;
  world *w = two_friends();
  for (int round = 0; round < 2; round++) {
    w->held = true;
    uint64_t n = say(w, BAO, "Ana", "this gets a receipt");
    deliver_alone(w, ANA);
    lose_all(w);
    w->held = false;
    node_offline(w, BAO, true);
    lose_sessions(w, BAO);
    uint64_t m = say(w, ANA, "Bao", "and this is behind it");
    node_offline(w, BAO, false);
    pass(w, 60000);
    assert_string_equal(state_of(w, BAO, n), "delivered");
    assert_string_equal(state_of(w, ANA, m), "delivered");
  }
  assert_string_equal(received(w, BAO), "and this is behind it|and this is behind it|");
  assert_string_equal(received(w, ANA), "this gets a receipt|this gets a receipt|");
  world_free(w);
}

static size_t in_outbox(world *w, int who) {
  vls_outbox_row row = {0};
  vls_buf record;
  size_t n = 0;
  vls_buf_init(&record, VLS_RECORD_MAX);
  for (; vls_outbox_next(w->node[who].store, 1, row.seq, &row, &record); n++)
    vls_buf_clear(&record);
  vls_buf_done(&record);
  return n;
}

/* A contact that never acknowledges gets no more than its window and one receipt that waits. */
static void receipts_that_cannot_leave_are_one(void **state) {
  (void)state;
  for (int restart = 0; restart < 2; restart++) {
    fake f;
    world *w = node_and_fake(&f);
    for (int i = 0; i < 300; i++)
      fake_say(w, &f, "x");
    assert_true(in_outbox(w, BAO) <= 64 + 1);
    uint64_t records = f.records;
    assert_int_equal(records, 64);
    if (restart != 0) { /* what is owed is not forgotten */
      node_restart(w, BAO);
      say_hello(w, BAO, CLIENT);
      f.records = 0;
      f.holds_nothing = true;
      fake_redial(w, &f);
      pass(w, 1000);
      fake_run(w, &f);
      assert_int_equal(f.records, 64);
    }
    assert_int_equal(vls_link_send_ack(f.link, 64), VLS_OK);
    fake_run(w, &f);
    uint64_t rest = f.records - 64; /* one that waited, if any, and one for all of them */
    assert_in_range(rest, 1, 2);
    assert_int_equal(vls_link_send_ack(f.link, f.records), VLS_OK);
    fake_run(w, &f);
    assert_int_equal(f.records - 64, rest);
    assert_int_equal(in_outbox(w, BAO), 0);
    finish(w, &f);
  }
}

/* Two take one invitation at the same moment. What the slower one had signed fails with a reason,
 * and goes on when another invitation brings the two together. */
static void text_signed_for_an_invitation_that_fails_has_failed(void **state) {
  (void)state;
  world *w = world_new(3);
  char link[520];
  static vls_rpc_message m;
  invite(w, BAO, link);
  assert_true(accept_link(w, ANA, vls_slice_str(link), "Bao"));
  assert_true(accept_link(w, CHI, vls_slice_str(link), "Bao"));
  vls_rpc_n a = {say(w, ANA, "Bao", "mine")}, c = {say(w, CHI, "Bao", "mine")};
  pass(w, 5000);
  bool ana_lost = strcmp(look_up(w, ANA, "Bao").state, "failed") == 0;
  int loser = ana_lost ? ANA : CHI, winner = ana_lost ? CHI : ANA;
  vls_rpc_n *lost = ana_lost ? &a : &c, *won = ana_lost ? &c : &a;
  assert_true(contact_is(w, loser, "Bao", "failed"));
  assert_string_equal(state_of(w, winner, won->n), "delivered");
  assert_true(call(w, loser, "message.get", &vls_rpc_n_def, lost));
  answer(w, loser, &vls_rpc_message_def, &m);
  assert_true(m.has_item); /* it was signed */
  assert_true(vls_slice_eq(m.state, vls_slice_str("failed")));
  assert_non_null(memmem(m.problem.p, m.problem.n, "ask for a new one", 17));
  assert_int_equal(look_up(w, loser, "Bao").row.queued, 0);
  assert_true(accept_link(w, loser, invite(w, BAO, link), "Bao"));
  pass(w, 5000);
  assert_true(contact_is(w, loser, "Bao", "ready"));
  assert_string_equal(state_of(w, loser, lost->n), "delivered");
  assert_string_equal(received(w, BAO), "mine|mine|");
  world_free(w);
}

static void invitation_by_a_clock_beyond_2105_is_refused(void **state) {
  (void)state;
  world *w = world_new(1);
  vls_rpc_invite p = {.has_expires_s = true, .expires_s = 86400};
  const int64_t end = (INT64_C(4294967295) - 86400) * 1000; /* the last moment it can be made */
  w->node[ANA].skew_ms = end - (INT64_C(1750000000000) + (int64_t)w->mono);
  assert_true(call(w, ANA, "invite.create", &vls_rpc_invite_def, &p));
  static const int64_t later[] = {1000, INT64_C(1) << 40, INT64_MAX / 2};
  for (size_t i = 0; i < COUNT(later); i++) {
    w->node[ANA].skew_ms = end - (INT64_C(1750000000000) + (int64_t)w->mono) + later[i];
    assert_false(call(w, ANA, "invite.create", &vls_rpc_invite_def, &p));
    assert_true(failed_as(w, ANA, "state"));
    assert_true(error_says(w, ANA, "the clock of this machine is wrong"));
  }
  w->node[ANA].skew_ms = 0;
  assert_true(call(w, ANA, "invite.create", &vls_rpc_invite_def, &p));
  world_free(w);
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(first_record_that_waited_is_taken_in_its_turn),
      cmocka_unit_test(record_of_no_session_waits_for_its_ack),
      cmocka_unit_test(record_too_far_ahead_is_not_acknowledged_and_comes_again),
      cmocka_unit_test(sessions_lost_lose_no_event),
      cmocka_unit_test(receipts_that_cannot_leave_are_one),
      cmocka_unit_test(text_signed_for_an_invitation_that_fails_has_failed),
      cmocka_unit_test(invitation_by_a_clock_beyond_2105_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
