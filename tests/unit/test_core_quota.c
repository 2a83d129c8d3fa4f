/* The room a contact has on the disk: what fits to the byte is taken, what does not stays with its
 * author, and comes when there is room. */
#include "core_fake.h"

#include "core/core_int.h"

/* What one text of this size counts, when it is alone in its event. */
static uint64_t cost_of_text(world *w, fake *f, const char *text) {
  vls_peer *ana = vls_conn_get(w->node[BAO].core, f->id)->peer;
  uint64_t before = vls_quota_held(w->node[BAO].core, ana);
  fake_say(w, f, text);
  return vls_quota_held(w->node[BAO].core, ana) - before;
}

static void set_room(world *w, int who, uint64_t bytes) {
  vls_core_conf conf = w->node[who].conf;
  conf.history_max = bytes;
  vls_input in = {.type = VLS_IN_CONFIG, .conf = &conf};
  feed(w, &w->node[who], &in);
  end_batch(w, &w->node[who]);
}

static uint64_t held(world *w, int who) {
  return vls_quota_held(w->node[who].core, w->node[who].core->peers[0]);
}

static void text_that_fits_to_the_byte_is_taken_and_the_next_is_not(void **state) {
  (void)state;
  fake f;
  world *w = node_and_fake(&f);
  subscribe(w, BAO, CLIENT, NULL);
  uint64_t cost = cost_of_text(w, &f, "abc");
  set_room(w, BAO, held(w, BAO) + cost);
  fake_say(w, &f, "def");
  assert_string_equal(received(w, BAO), "abc|def|");
  assert_false(w->fake_closed);
  uint64_t acks = f.acks, full = held(w, BAO);
  fake_say(w, &f, "g");
  assert_true(w->fake_closed);
  assert_int_equal(f.close_reason, VLS_CLOSE_BUDGET);
  assert_int_equal(f.acks, acks);
  assert_int_equal(held(w, BAO), full);
  assert_string_equal(received(w, BAO), "abc|def|");
  assert_int_equal(count_told(w, BAO, CLIENT, "alarm"), 1);
  assert_non_null(strstr(look_up(w, BAO, "Ana").problem, "limits.contact_mib"));
  assert_int_equal(findings(w, BAO, "problem", "fill the room"), 1);
  finish(w, &f);
}

static void what_was_refused_is_taken_when_there_is_room(void **state) {
  (void)state;
  fake f;
  vls_buf body, record;
  world *w = node_and_fake(&f);
  subscribe(w, BAO, CLIENT, NULL);
  fake_say(w, &f, "abc");
  set_room(w, BAO, held(w, BAO));
  vls_buf_init(&body, 100);
  vls_buf_init(&record, VLS_RECORD_MAX);
  assert_int_equal(vls_body_text(&body, vls_slice_str("later")), VLS_OK);
  vls_item item = {VLS_ITEM_TEXT, vls_buf_slice(&body)};
  fake_seal(&f, &item, 1, &record);
  for (int i = 0; i < 3; i++) { /* told once, however often it comes */
    fake_send_record(w, &f, vls_buf_slice(&record));
    assert_true(w->fake_closed);
    fake_redial(w, &f);
  }
  assert_int_equal(count_told(w, BAO, CLIENT, "alarm"), 1);
  set_room(w, BAO, held(w, BAO) + 4096);
  assert_string_equal(look_up(w, BAO, "Ana").problem, "");
  fake_redial(w, &f);
  fake_send_record(w, &f, vls_buf_slice(&record));
  assert_false(w->fake_closed);
  assert_string_equal(received(w, BAO), "abc|later|");
  vls_buf_done(&body);
  vls_buf_done(&record);
  finish(w, &f);
}

/* Or what Bao writes to her could never be delivered. */
static void receipts_have_a_little_more_room_than_texts_and_an_end(void **state) {
  (void)state;
  fake f, before;
  static const uint8_t head[4] = {0};
  world *w = node_and_fake(&f);
  set_room(w, BAO, 64 << 10);
  for (before = f; !w->fake_closed; fake_say(w, &f, "x"))
    before = f;
  assert_in_range(held(w, BAO), (64 << 10) - 1024, 64 << 10);
  for (int texts = 0; texts < 2; texts++) { /* she goes on from what was taken last */
    f.r = before.r;
    f.seq = before.seq;
    memcpy(f.prev, before.prev, 32);
    fake_redial(w, &f);
    for (unsigned i = 0; i < 200 && !w->fake_closed; i++) {
      before = f;
      fake_receipt(w, &f, 1, head, 1, 1000);
    }
    assert_true(w->fake_closed);
    assert_in_range(held(w, BAO), (68 << 10) - 1024, 68 << 10);
  }
  finish(w, &f);
}

/* Two real nodes: nothing is lost, the other way stays open, and nobody hammers at the door. */
static void honest_contact_waits_and_then_everything_arrives_in_order(void **state) {
  (void)state;
  world *w = two_friends();
  char text[16];
  for (int i = 0; i < 10; i++) {
    snprintf(text, sizeof text, "a%d", i);
    say(w, ANA, "Bao", text);
  }
  run(w);
  set_room(w, BAO, held(w, BAO));
  uint64_t n = say(w, ANA, "Bao", "over");
  say(w, ANA, "Bao", "and over");
  run(w);
  assert_string_equal(state_of(w, ANA, n), "sent");
  unsigned dials = w->node[ANA].dials + w->node[BAO].dials;
  pass(w, 3600 * 1000);
  dials = w->node[ANA].dials + w->node[BAO].dials - dials;
  assert_in_range(dials, 2, 40);
  assert_null(strstr(received(w, BAO), "over"));
  assert_string_equal(state_of(w, ANA, n), "sent");
  set_room(w, BAO, 1 << 20);
  pass(w, 10000);
  assert_non_null(strstr(received(w, BAO), "a9|over|and over|"));
  assert_string_equal(state_of(w, ANA, n), "delivered");
  say(w, BAO, "Ana", "thank you");
  run(w);
  assert_string_equal(received(w, ANA), "thank you|");
  world_free(w);
}

static void room_is_remembered_and_given_back(void **state) {
  (void)state;
  world *w = two_friends();
  say(w, ANA, "Bao", "something that takes room");
  run(w);
  uint64_t full = held(w, BAO);
  assert_true(full > 500);
  node_restart(w, BAO);
  say_hello(w, BAO, CLIENT);
  assert_int_equal(held(w, BAO), full);
  assert_true(remove_contact(w, BAO, "Ana"));
  assert_int_equal(held(w, BAO), 0);
  node_restart(w, BAO);
  assert_int_equal(held(w, BAO), 0);
  world_free(w);
}

/* Another contact is not the poorer for it. */
static void each_contact_has_room_of_its_own(void **state) {
  (void)state;
  world *w = world_new(3);
  befriend(w, ANA, BAO);
  befriend(w, CHI, BAO);
  say(w, ANA, "Bao", "from Ana");
  run(w);
  set_room(w, BAO, held(w, BAO));
  say(w, ANA, "Bao", "one too many");
  run(w);
  say(w, CHI, "Bao", "C");
  run(w);
  assert_string_equal(received(w, BAO), "from Ana|C|");
  world_free(w);
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(text_that_fits_to_the_byte_is_taken_and_the_next_is_not),
      cmocka_unit_test(what_was_refused_is_taken_when_there_is_room),
      cmocka_unit_test(receipts_have_a_little_more_room_than_texts_and_an_end),
      cmocka_unit_test(honest_contact_waits_and_then_everything_arrives_in_order),
      cmocka_unit_test(room_is_remembered_and_given_back),
      cmocka_unit_test(each_contact_has_room_of_its_own),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
