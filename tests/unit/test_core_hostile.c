#include "core_fake.h"

#include "crypto/kdf.h"

static void fake_contact_is_as_good_as_a_node(void **state) {
  (void)state;
  fake f;
  world *w = node_and_fake(&f);
  assert_true(contact_is(w, BAO, "Ana", "ready"));
  fake_say(w, &f, "hello");
  assert_string_equal(received(w, BAO), "hello|");
  fake_redial(w, &f);
  assert_true(f.up);
  fake_say(w, &f, "again");
  assert_string_equal(received(w, BAO), "hello|again|");
  finish(w, &f);
}

static void ack_of_what_was_never_sent_ends_the_link(void **state) {
  (void)state;
  fake f;
  world *w = node_and_fake(&f);
  assert_int_equal(vls_link_send_ack(f.link, f.records), VLS_OK);
  fake_run(w, &f);
  assert_false(w->fake_closed);
  assert_int_equal(vls_link_send_ack(f.link, f.records + 1), VLS_OK);
  fake_run(w, &f);
  assert_true(w->fake_closed);
  assert_int_equal(f.close_reason, VLS_CLOSE_BYE);
  finish(w, &f);
}

static void ack_that_goes_back_ends_the_link(void **state) {
  (void)state;
  fake f;
  world *w = node_and_fake(&f);
  fake_say(w, &f, "a text, so that there is a receipt to acknowledge");
  assert_true(f.records >= 2);
  assert_int_equal(vls_link_send_ack(f.link, 2), VLS_OK);
  assert_int_equal(vls_link_send_ack(f.link, 1), VLS_OK);
  fake_run(w, &f);
  assert_true(w->fake_closed);
  finish(w, &f);
}

static void receipt_for_what_was_never_sent_counts_for_nothing(void **state) {
  (void)state;
  fake f;
  world *w = node_and_fake(&f);
  static const uint8_t head[4] = {1, 2, 3, 4};
  subscribe(w, BAO, CLIENT, NULL);
  uint64_t n = say(w, BAO, "Ana", "nobody signed for this");
  fake_run(w, &f);
  uint64_t before = count_told(w, BAO, CLIENT, "delivered");
  static const uint64_t to[] = {UINT64_MAX, 1000, 2, 1};
  for (unsigned level = 1; level <= 2; level++)
    for (size_t i = 0; i < COUNT(to); i++) {
      fake_receipt(w, &f, level, head, 1, to[i]);
      assert_string_equal(state_of(w, BAO, n), "sent");
    }
  assert_int_equal(count_told(w, BAO, CLIENT, "delivered"), before);
  assert_int_equal(count_told(w, BAO, CLIENT, "read"), 0);
  assert_int_equal(count_told(w, BAO, CLIENT, "alarm"), 1); /* once, not for each */
  fake_say(w, &f, "the talk goes on");
  assert_string_equal(received(w, BAO), "the talk goes on|");
  finish(w, &f);
}

static void unknown_kinds_and_broken_bodies_keep_the_talk_going(void **state) {
  (void)state;
  fake f;
  vls_buf body;
  world *w = node_and_fake(&f);
  vls_buf_init(&body, 100);
  assert_int_equal(vls_body_text(&body, vls_slice_str("between")), VLS_OK);
  vls_item items[] = {{6, vls_slice_str("\x91\x01")},
                      {65534, {NULL, 0}},
                      {VLS_ITEM_HELD, vls_slice_str("\x93\x01")},
                      {VLS_ITEM_TEXT, vls_slice_str("\xff")},
                      {VLS_ITEM_TEXT, vls_buf_slice(&body)},
                      {VLS_ITEM_RECEIPT, vls_slice_str("\x90")},
                      {VLS_ITEM_CARD, vls_slice_str("\x91\xc4\x01x")},
                      {VLS_ITEM_HELLO, vls_slice_str("\x91\x02")}};
  fake_send(w, &f, items, COUNT(items));
  fake_say(w, &f, "after");
  assert_string_equal(received(w, BAO), "between|after|");
  assert_true(log_says(w, BAO, "unknown kind"));
  assert_int_equal(f.err, VLS_OK);
  vls_buf_done(&body);
  finish(w, &f);
}

static void card_of_somebody_else_or_of_the_same_number_is_an_alarm(void **state) {
  (void)state;
  fake f;
  citizen other;
  vls_buf body, card;
  world *w = node_and_fake(&f);
  subscribe(w, BAO, CLIENT, NULL);
  citizen_make(&other, 99);
  vls_buf_init(&body, 2 * VLS_CARD_MAX);
  assert_int_equal(vls_body_card(&body, vls_buf_slice(&other.card)), VLS_OK);
  vls_item item = {VLS_ITEM_CARD, vls_buf_slice(&body)};
  fake_send(w, &f, &item, 1);
  assert_int_equal(count_told(w, BAO, CLIENT, "alarm"), 1);
  /* The same again is nothing; another with its number is proof of a copied key. */
  for (int changed = 0; changed < 2; changed++) {
    vls_card facts = citizen_facts(&f.self);
    if (changed) facts.name = vls_slice_str("Eve");
    vls_buf_init(&card, VLS_CARD_MAX);
    assert_int_equal(vls_card_make(&card, &f.self.identity, &facts), VLS_OK);
    vls_buf_clear(&body);
    assert_int_equal(vls_body_card(&body, vls_buf_slice(&card)), VLS_OK);
    item.body = vls_buf_slice(&body);
    fake_send(w, &f, &item, 1);
    vls_buf_done(&card);
    assert_int_equal(count_told(w, BAO, CLIENT, "alarm"), 1 + (size_t)changed);
  }
  assert_non_null(strstr(look_up(w, BAO, "Ana").problem, "copied or stolen"));
  assert_string_equal(look_up(w, BAO, "Ana").claim, "Ana");
  vls_buf_done(&body);
  citizen_end(&other);
  finish(w, &f);
}

static void newer_card_replaces_and_an_older_one_does_not(void **state) {
  (void)state;
  fake f;
  vls_buf body, card;
  world *w = node_and_fake(&f);
  static const uint64_t seqs[] = {UINT64_MAX, 7, 1};
  static const char *const names[] = {"Anna", "Anja", "Anka"};
  vls_buf_init(&body, 2 * VLS_CARD_MAX);
  for (int i = 0; i < 3; i++) {
    vls_card facts = citizen_facts(&f.self);
    facts.seq = seqs[i];
    facts.name = vls_slice_str(names[i]);
    facts.addresses[0] = vls_slice_str("elsewhere.example:9");
    vls_buf_init(&card, VLS_CARD_MAX);
    assert_int_equal(vls_card_make(&card, &f.self.identity, &facts), VLS_OK);
    vls_buf_clear(&body);
    assert_int_equal(vls_body_card(&body, vls_buf_slice(&card)), VLS_OK);
    vls_item item = {VLS_ITEM_CARD, vls_buf_slice(&body)};
    fake_send(w, &f, &item, 1);
    vls_buf_done(&card);
    contact c = look_up(w, BAO, "Ana"); /* the petname stays */
    assert_string_equal(c.claim, "Anna");
    assert_true(vls_slice_eq(c.row.addresses[0], vls_slice_str("elsewhere.example:9")));
  }
  vls_buf_done(&body);
  finish(w, &f);
}

/* The same record again, by the same link and by another. */
static void record_repeated_is_shown_once_and_answered(void **state) {
  (void)state;
  fake f;
  vls_buf body, record;
  world *w = node_and_fake(&f);
  vls_buf_init(&body, 100);
  vls_buf_init(&record, VLS_RECORD_MAX);
  assert_int_equal(vls_body_text(&body, vls_slice_str("once")), VLS_OK);
  vls_item item = {VLS_ITEM_TEXT, vls_buf_slice(&body)};
  fake_seal(&f, &item, 1, &record);
  for (int i = 0; i < 5; i++) {
    uint64_t before = f.records;
    if (i == 3) fake_redial(w, &f);
    fake_send_record(w, &f, vls_buf_slice(&record));
    assert_true(f.records > before); /* a receipt each time: theirs may be lost */
  }
  assert_string_equal(received(w, BAO), "once|");
  node_restart(w, BAO);
  say_hello(w, BAO, CLIENT);
  fake_redial(w, &f);
  fake_send_record(w, &f, vls_buf_slice(&record));
  assert_string_equal(received(w, BAO), "once|");
  vls_buf_done(&body);
  vls_buf_done(&record);
  finish(w, &f);
}

static void early_records_wait_and_are_taken_in_order(void **state) {
  (void)state;
  fake f;
  vls_buf body, records[8];
  world *w = node_and_fake(&f);
  for (int i = 0; i < 8; i++) {
    char text[16];
    snprintf(text, sizeof text, "t%d", i);
    vls_buf_init(&body, 100);
    vls_buf_init(&records[i], VLS_RECORD_MAX);
    assert_int_equal(vls_body_text(&body, vls_slice_str(text)), VLS_OK);
    vls_item item = {VLS_ITEM_TEXT, vls_buf_slice(&body)};
    fake_seal(&f, &item, 1, &records[i]);
    vls_buf_done(&body);
  }
  for (int i = 7; i > 0; i--)
    fake_send_record(w, &f, vls_buf_slice(&records[i]));
  assert_string_equal(received(w, BAO), "");
  assert_int_equal(findings(w, BAO, "note", "7 records wait"), 1);
  node_restart(w, BAO);
  say_hello(w, BAO, CLIENT);
  fake_redial(w, &f);
  fake_send_record(w, &f, vls_buf_slice(&records[0]));
  assert_string_equal(received(w, BAO), "t0|t1|t2|t3|t4|t5|t6|t7|");
  assert_int_equal(findings(w, BAO, "note", "records wait"), 0);
  for (int i = 0; i < 8; i++)
    vls_buf_done(&records[i]);
  finish(w, &f);
}

static void early_records_beyond_their_bound_end_the_link(void **state) {
  (void)state;
  fake f;
  world *w = node_and_fake(&f);
  vls_buf skipped, body;
  vls_buf_init(&skipped, VLS_RECORD_MAX);
  vls_buf_init(&body, 100);
  assert_int_equal(vls_body_text(&body, vls_slice_str("first")), VLS_OK);
  vls_item item = {VLS_ITEM_TEXT, vls_buf_slice(&body)};
  fake_seal(&f, &item, 1, &skipped); /* kept back */
  for (int i = 0; i < 64; i++)
    fake_say(w, &f, "early");
  assert_false(w->fake_closed);
  fake_say(w, &f, "one too many");
  assert_true(w->fake_closed);
  assert_int_equal(f.close_reason, VLS_CLOSE_BUDGET);
  fake_redial(w, &f);
  fake_send_record(w, &f, vls_buf_slice(&skipped));
  const char *all = received(w, BAO);
  size_t n = 0;
  for (const char *p = all; (p = strstr(p, "early|")) != NULL; p++)
    n++;
  assert_int_equal(n, 64);
  vls_buf_done(&skipped);
  vls_buf_done(&body);
  finish(w, &f);
}

/* Sealed for this session, but its signature, its chain or its form is wrong. */
static void record_that_opens_and_is_wrong_is_set_aside(void **state) {
  (void)state;
  fake f;
  world *w = node_and_fake(&f);
  uint8_t prev[32];
  memcpy(prev, f.prev, 32);
  uint64_t seq = f.seq;
  f.prev[0] ^= 1; /* another history */
  fake_say(w, &f, "forged");
  assert_string_equal(received(w, BAO), "");
  memcpy(f.prev, prev, 32);
  f.seq = seq;
  citizen other; /* signed by another device */
  citizen_make(&other, 77);
  vls_sign_pair device = f.self.device;
  f.self.device.pub[0] = device.pub[0];
  memcpy(f.self.device.priv, other.device.priv, 64);
  fake_say(w, &f, "forged");
  f.self.device = device;
  assert_string_equal(received(w, BAO), "");
  memcpy(f.prev, prev, 32);
  f.seq = seq;
  vls_buf garbage; /* nothing in it */
  vls_buf_init(&garbage, VLS_RECORD_MAX);
  uint8_t zeros[127] = {0};
  assert_int_equal(vls_ratchet_seal(&f.r, vls_slice_of(zeros, 127), &f.self.rng, &garbage), VLS_OK);
  fake_send_record(w, &f, vls_buf_slice(&garbage));
  assert_true(findings(w, BAO, "note", "set aside") >= 1);
  vls_rpc_status status;
  assert_true(call(w, BAO, "status", NULL, NULL));
  answer(w, BAO, &vls_rpc_status_def, &status);
  assert_int_equal(status.set_aside, 3);
  fake_say(w, &f, "and the talk goes on");
  assert_string_equal(received(w, BAO), "and the talk goes on|");
  vls_buf_done(&garbage);
  citizen_end(&other);
  finish(w, &f);
}

static void records_of_no_session_are_set_aside(void **state) {
  (void)state;
  fake f;
  world *w = node_and_fake(&f);
  static uint8_t noise[VLS_RECORD_MAX];
  vls_rng_bytes(&f.self.rng, noise, sizeof noise);
  static const size_t sizes[] = {1, 255, 256, 512, 65000, VLS_RECORD_MAX};
  for (size_t i = 0; i < COUNT(sizes); i++)
    fake_send_record(w, &f, vls_slice_of(noise, sizes[i]));
  assert_int_equal(f.err, VLS_OK);
  assert_false(w->fake_closed);
  assert_string_equal(received(w, BAO), "");
  fake_say(w, &f, "sane again");
  assert_string_equal(received(w, BAO), "sane again|");
  finish(w, &f);
}

/* Two different events with one number: the sender's node was copied. */
static void fork_of_their_history_is_an_alarm_and_gets_no_receipt(void **state) {
  (void)state;
  fake f;
  world *w = node_and_fake(&f);
  subscribe(w, BAO, CLIENT, NULL);
  fake_say(w, &f, "the first");
  uint8_t prev[32];
  memcpy(prev, f.prev, 32);
  f.seq--; /* another event with the same number */
  fake_say(w, &f, "another first");
  assert_int_equal(count_told(w, BAO, CLIENT, "alarm"), 1);
  assert_string_equal(received(w, BAO), "the first|");
  memcpy(f.prev, prev, 32);
  fake_say(w, &f, "the second");
  assert_string_equal(received(w, BAO), "the first|the second|");
  assert_int_equal(count_told(w, BAO, CLIENT, "alarm"), 1);
  finish(w, &f);
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fake_contact_is_as_good_as_a_node),
      cmocka_unit_test(ack_of_what_was_never_sent_ends_the_link),
      cmocka_unit_test(ack_that_goes_back_ends_the_link),
      cmocka_unit_test(receipt_for_what_was_never_sent_counts_for_nothing),
      cmocka_unit_test(unknown_kinds_and_broken_bodies_keep_the_talk_going),
      cmocka_unit_test(card_of_somebody_else_or_of_the_same_number_is_an_alarm),
      cmocka_unit_test(newer_card_replaces_and_an_older_one_does_not),
      cmocka_unit_test(record_repeated_is_shown_once_and_answered),
      cmocka_unit_test(early_records_wait_and_are_taken_in_order),
      cmocka_unit_test(early_records_beyond_their_bound_end_the_link),
      cmocka_unit_test(record_that_opens_and_is_wrong_is_set_aside),
      cmocka_unit_test(records_of_no_session_are_set_aside),
      cmocka_unit_test(fork_of_their_history_is_an_alarm_and_gets_no_receipt),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
