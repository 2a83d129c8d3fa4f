/* A contact at the bounds of what it may cost: one below is served, one above waits or ends, and
 * nobody else notices. */
#include "core_fake.h"

#include "core/core_int.h"
#include "crypto/kdf.h"

static vls_conn *conn_at_bao(const world *w, const fake *f) {
  vls_conn *conn = vls_conn_get(w->node[BAO].core, f->id);
  assert_non_null(conn);
  return conn;
}

/* The next record is so many keys further on. */
static void skip_keys(fake *f, unsigned keys) {
  uint8_t mk[32];
  for (unsigned i = 0; i < keys; i++)
    vls_chain_step(f->r.cks, mk);
  f->r.ns += keys;
}

static void put_text(fake *f, const char *text) {
  vls_buf body, record;
  vls_buf_init(&body, 100);
  vls_buf_init(&record, VLS_RECORD_MAX);
  assert_int_equal(vls_body_text(&body, vls_slice_str(text)), VLS_OK);
  vls_item item = {VLS_ITEM_TEXT, vls_buf_slice(&body)};
  fake_seal(f, &item, 1, &record);
  assert_int_equal(vls_link_send_record(f->link, vls_buf_slice(&record)), VLS_OK);
  vls_buf_done(&body);
  vls_buf_done(&record);
}

static void useless_records_are_read_up_to_their_budget(void **state) {
  (void)state;
  fake f;
  vls_buf body, record;
  world *w = node_and_fake(&f);
  node *bao = &w->node[BAO];
  vls_buf_init(&body, 100);
  vls_buf_init(&record, VLS_RECORD_MAX);
  assert_int_equal(vls_body_text(&body, vls_slice_str("once")), VLS_OK);
  vls_item item = {VLS_ITEM_TEXT, vls_buf_slice(&body)};
  fake_seal(&f, &item, 1, &record);
  fake_send_record(w, &f, vls_buf_slice(&record));
  vls_peer *ana = conn_at_bao(w, &f)->peer;
  ana->waste = (vls_budget){.since = w->mono, .used = VLS_WASTE_MINUTE - 2};
  for (int i = 0; i < 2; i++)
    fake_send_record(w, &f, vls_buf_slice(&record)); /* again */
  fake_say(w, &f, "something new");                  /* costs nothing of it */
  assert_int_equal(ana->waste.used, VLS_WASTE_MINUTE);
  assert_int_equal(bao->paused, 0);
  fake_send_record(w, &f, vls_buf_slice(&record));
  assert_int_equal(bao->paused, 1);
  assert_true(vls_core_has_enough(bao->core, f.id));
  fake_say(w, &f, "not read yet");
  assert_string_equal(received(w, BAO), "once|something new|");
  pass(w, 61000);
  assert_int_equal(bao->resumed, 1);
  assert_false(vls_core_has_enough(bao->core, f.id));
  assert_string_equal(received(w, BAO), "once|something new|not read yet|");
  vls_buf_done(&body);
  vls_buf_done(&record);
  finish(w, &f);
}

static void skipped_keys_are_derived_up_to_their_budget(void **state) {
  (void)state;
  fake f;
  world *w = node_and_fake(&f);
  vls_peer *ana = conn_at_bao(w, &f)->peer;
  fake_say(w, &f, "a first one");
  ana->skips = (vls_budget){.since = w->mono, .used = VLS_SKIPS_MINUTE - 10};
  skip_keys(&f, 10);
  fake_say(w, &f, "just so");
  assert_int_equal(ana->skips.used, VLS_SKIPS_MINUTE);
  assert_false(w->fake_closed);
  fake_say(w, &f, "none skipped");
  assert_string_equal(received(w, BAO), "a first one|just so|none skipped|");
  fake before = f; /* what is not taken is said again */
  skip_keys(&f, 1);
  fake_say(w, &f, "one too many");
  assert_true(w->fake_closed);
  assert_int_equal(f.close_reason, VLS_CLOSE_BUDGET);
  assert_string_equal(received(w, BAO), "a first one|just so|none skipped|");
  pass(w, 61000);
  f.r = before.r;
  f.seq = before.seq;
  memcpy(f.prev, before.prev, 32);
  fake_redial(w, &f);
  skip_keys(&f, 1);
  fake_say(w, &f, "one too many");
  assert_string_equal(received(w, BAO), "a first one|just so|none skipped|one too many|");
  finish(w, &f);
}

/* Everything that her link has to say, as one read. */
static void pour(world *w, fake *f) {
  vls_buf *out = vls_link_out(f->link);
  node *bao = &w->node[BAO];
  vls_input in = {.type = VLS_IN_BYTES, .link = f->id, .bytes = vls_buf_slice(out)};
  feed(w, bao, &in);
  vls_buf_drop(out, out->n);
}

/* Nobody else has spoken for a while. */
static void alone(world *w, fake *f) {
  pass(w, VLS_OTHERS_MS);
  fake_run(w, f);
}

static void link_has_turns_and_is_not_read_in_between(void **state) {
  (void)state;
  fake f;
  world *w = node_and_fake(&f);
  node *bao = &w->node[BAO];
  alone(w, &f);
  uint64_t before = bao->core->costs.records;
  for (int i = 0; i < 2 * VLS_TURN_WORK + 1; i++)
    put_text(&f, "x");
  pour(w, &f);
  assert_int_equal(bao->core->costs.records - before, VLS_TURN_WORK);
  assert_true(vls_core_has_enough(bao->core, f.id));
  assert_int_equal(bao->paused, 0); /* the batch is not over */
  end_batch(w, bao);
  assert_int_equal(bao->paused, 1);
  pass(w, 1);
  assert_int_equal(bao->core->costs.records - before, 2 * VLS_TURN_WORK);
  assert_int_equal(bao->resumed, 0);
  pass(w, 1);
  assert_int_equal(bao->core->costs.records - before, 2 * VLS_TURN_WORK + 1);
  assert_int_equal(bao->paused, 1);
  assert_int_equal(bao->resumed, 1);
  finish(w, &f);
}

static void turn_of_a_whole_number_of_records_is_one(void **state) {
  (void)state;
  fake f;
  world *w = node_and_fake(&f);
  node *bao = &w->node[BAO];
  alone(w, &f);
  for (int i = 0; i < VLS_TURN_WORK; i++)
    put_text(&f, "x");
  pour(w, &f);
  assert_false(vls_core_has_enough(bao->core, f.id));
  end_batch(w, bao);
  assert_int_equal(bao->paused, 0);
  finish(w, &f);
}

static void turns_are_short_while_others_speak(void **state) {
  (void)state;
  fake f;
  world *w = node_and_fake(&f);
  node *bao = &w->node[BAO];
  alone(w, &f);
  uint64_t before = bao->core->costs.records;
  for (int i = 0; i < VLS_TURN_SHORT + VLS_TURN_WORK + 2; i++)
    put_text(&f, "x");
  assert_true(call(w, BAO, "status", NULL, NULL)); /* it knows what time it is */
  vls_turn_heard(bao->core, f.id + 1);             /* another link spoke */
  pour(w, &f);
  assert_int_equal(bao->core->costs.records - before, VLS_TURN_SHORT);
  end_batch(w, bao);
  w->mono += VLS_OTHERS_MS; /* and says nothing more */
  assert_int_equal(vls_core_tick(bao->core, now_of(w, bao)), VLS_OK);
  assert_int_equal(bao->core->costs.records - before, VLS_TURN_SHORT + VLS_TURN_WORK);
  end_batch(w, bao);
  finish(w, &f);
}

static void turns_are_whole_while_only_a_client_speaks(void **state) {
  (void)state;
  fake f;
  world *w = node_and_fake(&f);
  node *bao = &w->node[BAO];
  alone(w, &f);
  uint64_t before = bao->core->costs.records;
  for (int i = 0; i < VLS_TURN_WORK + 2; i++)
    put_text(&f, "x");
  assert_true(call(w, BAO, "status", NULL, NULL));
  pour(w, &f);
  assert_int_equal(bao->core->costs.records - before, VLS_TURN_WORK);
  end_batch(w, bao);
  finish(w, &f);
}

static void skipped_keys_shorten_a_turn(void **state) {
  (void)state;
  fake f;
  world *w = node_and_fake(&f);
  node *bao = &w->node[BAO];
  alone(w, &f);
  uint64_t before = bao->core->costs.records;
  for (int i = 0; i < 4; i++) { /* each is one record and as much as 15 others */
    skip_keys(&f, 15 * VLS_TURN_SKIPS);
    put_text(&f, "x");
  }
  pour(w, &f);
  assert_int_equal(bao->core->costs.records - before, VLS_TURN_WORK / 16);
  end_batch(w, bao);
  pass(w, 10);
  assert_int_equal(bao->core->costs.records - before, 4);
  finish(w, &f);
}

/* Who fills more than half of what a link holds is dealt with all the same: nothing overflows. */
static void no_turn_ends_before_there_is_room_for_another_read(void **state) {
  (void)state;
  fake f;
  world *w = node_and_fake(&f);
  const vls_conn *conn = conn_at_bao(w, &f);
  while (vls_link_out(f.link)->n < VLS_LINK_IN_MAX - 1024)
    put_text(&f, "x");
  pour(w, &f);
  assert_true(vls_link_buffered(conn->link) <= VLS_TURN_BYTES);
  assert_true(vls_link_buffered(conn->link) > VLS_TURN_BYTES - 1024);
  assert_int_equal(f.err, VLS_OK);
  finish(w, &f);
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(useless_records_are_read_up_to_their_budget),
      cmocka_unit_test(skipped_keys_are_derived_up_to_their_budget),
      cmocka_unit_test(link_has_turns_and_is_not_read_in_between),
      cmocka_unit_test(turn_of_a_whole_number_of_records_is_one),
      cmocka_unit_test(turns_are_short_while_others_speak),
      cmocka_unit_test(turns_are_whole_while_only_a_client_speaks),
      cmocka_unit_test(skipped_keys_shorten_a_turn),
      cmocka_unit_test(no_turn_ends_before_there_is_room_for_another_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
