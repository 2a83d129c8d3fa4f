#include "core_people.h"

#include "crypto/kdf.h"

static void texts_to_bao(world *w, int n) {
  for (int i = 0; i < n; i++) {
    char text[16];
    snprintf(text, sizeof text, "t%d", i);
    say(w, ANA, "Bao", text);
  }
}

/* The texts a client was told from a place in the list on, as "t0|t1|". */
static const char *texts_told(const world *w, int who, uint64_t client, size_t from) {
  static char all[8192];
  size_t at = 0;
  all[0] = '\0';
  for (size_t i = from; i < w->node[who].n_told; i++) {
    const told *t = &w->node[who].told[i];
    if (t->client != client || strcmp(t->type, "message") != 0) continue;
    at += (size_t)snprintf(all + at, sizeof all - at, "%.100s|", t->text);
    assert_true(at < sizeof all);
  }
  return all;
}

static void events_come_in_order_with_growing_cursors(void **state) {
  (void)state;
  world *w = two_friends();
  subscribe(w, BAO, CLIENT, NULL);
  texts_to_bao(w, 5);
  pass(w, 5000);
  const node *bao = &w->node[BAO];
  for (size_t i = 1; i < bao->n_told; i++)
    assert_true(bao->told[i].cursor > bao->told[i - 1].cursor);
  assert_string_equal(texts_told(w, BAO, CLIENT, 0), "t0|t1|t2|t3|t4|");
  assert_string_equal(last_told(w, BAO, "message")->name, "Ana");
  world_free(w);
}

static void author_is_told_of_delivery_and_reading(void **state) {
  (void)state;
  world *w = two_friends();
  subscribe(w, ANA, CLIENT, NULL);
  uint64_t first = say(w, ANA, "Bao", "one");
  run(w);
  assert_int_equal(last_told(w, ANA, "delivered")->first, first);
  assert_int_equal(last_told(w, ANA, "delivered")->last, first);
  uint64_t last = say(w, ANA, "Bao", "two");
  run(w);
  assert_true(mark_read(w, BAO, "Ana", 100));
  run(w);
  assert_int_equal(last_told(w, ANA, "read")->first, first);
  assert_int_equal(last_told(w, ANA, "read")->last, last);
  world_free(w);
}

/* Many texts in one event, acknowledged in the middle: the rest comes again, and nothing twice. */
static void cursor_inside_of_an_event_gives_the_rest_again(void **state) {
  (void)state;
  world *w = two_friends();
  node_offline(w, BAO, true);
  texts_to_bao(w, 10); /* queued: one event will hold them all */
  node_offline(w, BAO, false);
  subscribe(w, BAO, CLIENT, NULL);
  pass(w, 600000);
  const node *bao = &w->node[BAO];
  uint64_t cursor = 0;
  for (size_t i = 0; i < bao->n_told; i++)
    if (strcmp(bao->told[i].text, "t3") == 0) cursor = bao->told[i].cursor;
  assert_true(cursor > 0);
  assert_true(ack(w, BAO, CLIENT, NULL, cursor));
  for (int round = 0; round < 3; round++) {
    if (round == 1) {
      node_restart(w, BAO);
      pass(w, 60000);
    }
    uint64_t client = 10 + (uint64_t)round;
    size_t from = bao->n_told;
    say_hello(w, BAO, client);
    subscribe(w, BAO, client, NULL);
    assert_string_equal(texts_told(w, BAO, client, from), "t4|t5|t6|t7|t8|t9|");
  }
  world_free(w);
}

/* Nothing that no client acknowledged is lost, however often it is asked for. */
static void events_that_nobody_acknowledged_are_there_again(void **state) {
  (void)state;
  world *w = two_friends();
  texts_to_bao(w, 3);
  pass(w, 1000);
  for (uint64_t client = 5; client < 8; client++) {
    say_hello(w, BAO, client);
    size_t from = w->node[BAO].n_told;
    subscribe(w, BAO, client, NULL);
    assert_string_equal(texts_told(w, BAO, client, from), "t0|t1|t2|");
  }
  assert_true(ack(w, BAO, 5, NULL, w->node[BAO].told[w->node[BAO].n_told - 1].cursor));
  say_hello(w, BAO, 9);
  size_t from = w->node[BAO].n_told;
  subscribe(w, BAO, 9, NULL);
  assert_string_equal(texts_told(w, BAO, 9, from), "");
  subscribe(w, BAO, 9, "another consumer");
  assert_string_equal(texts_told(w, BAO, 9, from), "t0|t1|t2|");
  world_free(w);
}

static void live_subscription_tells_only_what_happens_now(void **state) {
  (void)state;
  world *w = two_friends();
  texts_to_bao(w, 2);
  pass(w, 1000);
  vls_rpc_subscribe p = {.has_live = true, .live = true};
  vls_rpc_subscribed at;
  assert_true(call(w, BAO, "events.subscribe", &vls_rpc_subscribe_def, &p));
  answer(w, BAO, &vls_rpc_subscribed_def, &at);
  assert_int_equal(at.cursor, at.newest);
  say(w, ANA, "Bao", "now");
  pass(w, 1000);
  assert_string_equal(texts_told(w, BAO, CLIENT, 0), "now|");
  /* A cursor given stands above the stored one; one beyond the newest is the newest. */
  p = (vls_rpc_subscribe){.has_cursor = true, .cursor = UINT64_MAX};
  assert_true(call(w, BAO, "events.subscribe", &vls_rpc_subscribe_def, &p));
  vls_rpc_subscribed beyond;
  answer(w, BAO, &vls_rpc_subscribed_def, &beyond);
  assert_int_equal(beyond.cursor, beyond.newest);
  p.cursor = 0;
  size_t from = w->node[BAO].n_told;
  assert_true(call(w, BAO, "events.subscribe", &vls_rpc_subscribe_def, &p));
  assert_string_equal(texts_told(w, BAO, CLIENT, from), "t0|t1|now|");
  world_free(w);
}

static void cursor_never_moves_back_nor_ahead_of_what_there_is(void **state) {
  (void)state;
  world *w = two_friends();
  subscribe(w, BAO, CLIENT, NULL);
  texts_to_bao(w, 4);
  pass(w, 1000);
  const node *bao = &w->node[BAO];
  uint64_t newest = bao->told[bao->n_told - 1].cursor;
  assert_false(ack(w, BAO, CLIENT, NULL, UINT64_MAX));
  assert_true(failed_as(w, BAO, "usage"));
  assert_true(ack(w, BAO, CLIENT, NULL, newest));
  assert_true(ack(w, BAO, CLIENT, NULL, 1));
  size_t from = bao->n_told;
  subscribe(w, BAO, CLIENT, NULL);
  assert_int_equal(bao->n_told, from);
  world_free(w);
}

static void consumer_beyond_the_sixteenth_is_refused(void **state) {
  (void)state;
  world *w = two_friends();
  char name[16];
  for (int i = 0; i < 16; i++) {
    snprintf(name, sizeof name, "c%d", i);
    assert_true(ack(w, BAO, CLIENT, name, 1));
  }
  assert_false(ack(w, BAO, CLIENT, "c16", 1));
  assert_true(failed_as(w, BAO, "rate_limited"));
  assert_true(ack(w, BAO, CLIENT, "c15", 2));
  world_free(w);
}

/* A slow client costs only itself: it gets nothing until it has read, and then all of it. */
static void client_that_reads_slowly_is_told_later(void **state) {
  (void)state;
  world *w = two_friends();
  say_hello(w, BAO, 2);
  subscribe(w, BAO, CLIENT, NULL);
  subscribe(w, BAO, 2, NULL);
  vls_input in = {.type = VLS_IN_FULL, .client = CLIENT};
  feed(w, &w->node[BAO], &in);
  end_batch(w, &w->node[BAO]);
  texts_to_bao(w, 10);
  pass(w, 1000);
  assert_string_equal(texts_told(w, BAO, CLIENT, 0), "");
  assert_string_equal(texts_told(w, BAO, 2, 0), "t0|t1|t2|t3|t4|t5|t6|t7|t8|t9|");
  in.type = VLS_IN_DRAINED;
  feed(w, &w->node[BAO], &in);
  end_batch(w, &w->node[BAO]);
  assert_string_equal(texts_told(w, BAO, CLIENT, 0), "t0|t1|t2|t3|t4|t5|t6|t7|t8|t9|");
  world_free(w);
}

/* More than one round of 256: the rest follows by itself. */
static void backlog_of_many_rounds_is_told_whole(void **state) {
  (void)state;
  world *w = two_friends();
  for (int i = 0; i < 700; i++)
    say(w, ANA, "Bao", "x");
  pass(w, 60000);
  subscribe(w, BAO, CLIENT, NULL);
  assert_in_range(count_told(w, BAO, CLIENT, "message"), 1, 256);
  pass(w, 10);
  assert_int_equal(count_told(w, BAO, CLIENT, "message"), 700);
  world_free(w);
}

/* A month later the acknowledged events are gone: who asks for them hears of a gap. */
static void events_dropped_unread_are_a_gap(void **state) {
  (void)state;
  world *w = two_friends();
  subscribe(w, BAO, CLIENT, NULL);
  texts_to_bao(w, 5);
  pass(w, 1000);
  const node *bao = &w->node[BAO];
  uint64_t early = 0;
  for (size_t i = 0; i < bao->n_told; i++)
    if (strcmp(bao->told[i].text, "t0") == 0) early = bao->told[i].cursor;
  assert_true(ack(w, BAO, CLIENT, NULL, bao->told[bao->n_told - 1].cursor));
  w->mono += UINT64_C(31) * 86400 * 1000;
  pass(w, 2 * 3600 * 1000);
  say(w, ANA, "Bao", "new");
  pass(w, 900000);
  say_hello(w, BAO, 3);
  vls_rpc_subscribe p = {.has_cursor = true, .cursor = early};
  assert_true(call_as(w, BAO, 3, "events.subscribe", &vls_rpc_subscribe_def, &p));
  assert_int_equal(count_told(w, BAO, 3, "gap"), 1);
  /* Who acknowledged them all misses nothing. */
  say_hello(w, BAO, 4);
  subscribe(w, BAO, 4, NULL);
  assert_int_equal(count_told(w, BAO, 4, "gap"), 0);
  assert_int_equal(count_told(w, BAO, 4, "message"), 1);
  /* The messages themselves are never dropped. */
  assert_string_equal(received(w, BAO), "t0|t1|t2|t3|t4|new|");
  world_free(w);
}

/* The events of a contact that was removed are not told any more. */
static void events_of_a_removed_contact_are_not_told(void **state) {
  (void)state;
  world *w = two_friends();
  texts_to_bao(w, 3);
  pass(w, 1000);
  assert_true(remove_contact(w, BAO, "Ana"));
  subscribe(w, BAO, CLIENT, NULL);
  assert_int_equal(count_told(w, BAO, CLIENT, "message"), 0);
  world_free(w);
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(events_come_in_order_with_growing_cursors),
      cmocka_unit_test(author_is_told_of_delivery_and_reading),
      cmocka_unit_test(cursor_inside_of_an_event_gives_the_rest_again),
      cmocka_unit_test(events_that_nobody_acknowledged_are_there_again),
      cmocka_unit_test(live_subscription_tells_only_what_happens_now),
      cmocka_unit_test(cursor_never_moves_back_nor_ahead_of_what_there_is),
      cmocka_unit_test(consumer_beyond_the_sixteenth_is_refused),
      cmocka_unit_test(client_that_reads_slowly_is_told_later),
      cmocka_unit_test(backlog_of_many_rounds_is_told_whole),
      cmocka_unit_test(events_dropped_unread_are_a_gap),
      cmocka_unit_test(events_of_a_removed_contact_are_not_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
