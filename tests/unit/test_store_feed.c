#include "store/feed.h"

#include "store_made.h"

static void put(vls_store *store, uint64_t c, uint64_t at) {
  vls_feed_row row = {
      .c = c, .type = VLS_FEED_MESSAGE, .contact = 1, .first = c, .last = c, .at = at};
  vls_feed_put(store, &row);
}

static void ack(vls_store *store, const char *name, uint64_t cursor) {
  assert_int_equal(vls_consumer_put(store, vls_slice_str(name), cursor), VLS_OK);
}

static void feed_row_comes_back(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  vls_feed_row row = {.c = 7,
                      .type = VLS_FEED_ALARM,
                      .contact = 1,
                      .first = 2,
                      .last = 3,
                      .at = 4,
                      .text = vls_slice_str("why")};
  vls_feed_row back;
  vls_buf text;
  vls_buf_init(&text, 100);
  assert_false(vls_feed_next(store, 0, &back, &text));
  vls_feed_put(store, &row);
  assert_true(vls_feed_next(store, 0, &back, &text));
  assert_int_equal(back.c, 7);
  assert_int_equal(back.type, VLS_FEED_ALARM);
  assert_int_equal(back.contact, 1);
  assert_int_equal(back.first, 2);
  assert_int_equal(back.last, 3);
  assert_int_equal(back.at, 4);
  assert_true(vls_slice_eq(back.text, row.text));
  assert_true(vls_feed_next(store, 7, &back, &text));
  assert_false(vls_feed_next(store, 8, &back, &text));
  vls_buf_done(&text);
  store_end(store);
}

static void feed_is_trimmed_of_what_is_old_and_acknowledged(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  for (uint64_t c = 1; c <= 10; c++)
    put(store, c, 100 * c);
  assert_int_equal(vls_feed_trimmed(store), 0);
  vls_feed_trim(store, 500, 100); /* old: 1..4, all acknowledged */
  assert_int_equal(vls_feed_oldest(store), 5);
  assert_int_equal(vls_feed_trimmed(store), 4);
  vls_feed_trim(store, 10000, 8); /* acknowledged: below 8 */
  assert_int_equal(vls_feed_oldest(store), 8);
  vls_feed_trim(store, 10000, 0);
  vls_feed_trim(store, 0, 100);
  assert_int_equal(vls_feed_oldest(store), 8);
  assert_int_equal(vls_feed_trimmed(store), 7);
  store_end(store);
}

/* A clock that went back leaves an old row with a young time: what was trimmed once stays trimmed.
 */
static void feed_trimmed_never_falls_back(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  put(store, 1, 9000);
  put(store, 2, 100);
  vls_feed_trim(store, 500, 100);
  assert_int_equal(vls_feed_trimmed(store), 2);
  assert_int_equal(vls_feed_oldest(store), 1);
  vls_feed_trim(store, 10000, 100);
  assert_int_equal(vls_feed_oldest(store), 0);
  assert_int_equal(vls_feed_trimmed(store), 2);
  store_end(store);
}

/* Nobody acknowledged anything: the newest 1,000,000 numbers stay. */
static void feed_is_trimmed_at_its_bound(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  for (uint64_t c = 1; c <= 5; c++)
    put(store, c, 1000);
  vls_feed_trim(store, 0, 0);
  assert_int_equal(vls_feed_oldest(store), 1);
  put(store, VLS_FEED_MAX, 1000);
  vls_feed_trim(store, 0, 0);
  assert_int_equal(vls_feed_oldest(store), 1);
  put(store, VLS_FEED_MAX + 3, 1000);
  vls_feed_trim(store, 0, 0);
  assert_int_equal(vls_feed_oldest(store), 4);
  assert_int_equal(vls_feed_trimmed(store), 3);
  store_end(store);
}

static void feed_numbers_go_on_after_everything_was_trimmed(void **state) {
  (void)state;
  place p;
  place_make(&p);
  vls_store *store = store_at(p.path);
  for (uint64_t c = 1; c <= 3; c++)
    put(store, c, 1);
  ack(store, "default", 3 << 7 | 1);
  vls_feed_trim(store, 1000, 100);
  assert_int_equal(vls_feed_oldest(store), 0);
  assert_int_equal(vls_feed_newest(store), 3);
  store_end(store);
  store = store_at(p.path);
  assert_int_equal(vls_feed_newest(store), 3);
  store_end(store);
  place_end(&p);
}

static void consumer_never_moves_back(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  assert_int_equal(vls_consumer_get(store, vls_slice_str("a")), 0);
  assert_int_equal(vls_consumer_lowest(store), 0);
  ack(store, "a", 10);
  ack(store, "b", 20);
  ack(store, "a", 5);
  assert_int_equal(vls_consumer_get(store, vls_slice_str("a")), 10);
  assert_int_equal(vls_consumer_lowest(store), 10);
  ack(store, "a", 30);
  assert_int_equal(vls_consumer_lowest(store), 20);
  store_end(store);
}

static void consumer_beyond_the_sixteenth_is_refused(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  char name[16];
  for (int i = 0; i < VLS_CONSUMERS_MAX; i++) {
    snprintf(name, sizeof name, "c%d", i);
    ack(store, name, 1);
  }
  assert_int_equal(vls_consumer_put(store, vls_slice_str("one more"), 1), VLS_LIMITED);
  assert_int_equal(vls_consumer_get(store, vls_slice_str("one more")), 0);
  ack(store, "c15", 9); /* those there are go on */
  assert_int_equal(vls_consumer_get(store, vls_slice_str("c15")), 9);
  store_end(store);
}

static void answer_once_given_is_given_again(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  vls_buf reply;
  vls_buf_init(&reply, 100);
  assert_false(vls_sent_get(store, vls_slice_str("cid"), &reply));
  vls_sent_put(store, vls_slice_str("cid"), vls_slice_str("answer"), 100);
  assert_true(vls_sent_get(store, vls_slice_str("cid"), &reply));
  assert_true(vls_slice_eq(vls_buf_slice(&reply), vls_slice_str("answer")));
  vls_sent_drop_before(store, 100);
  assert_true(vls_sent_get(store, vls_slice_str("cid"), &reply));
  vls_sent_drop_before(store, 101);
  assert_false(vls_sent_get(store, vls_slice_str("cid"), &reply));
  vls_buf_done(&reply);
  store_end(store);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(feed_row_comes_back),
      cmocka_unit_test(feed_is_trimmed_of_what_is_old_and_acknowledged),
      cmocka_unit_test(feed_trimmed_never_falls_back),
      cmocka_unit_test(feed_is_trimmed_at_its_bound),
      cmocka_unit_test(feed_numbers_go_on_after_everything_was_trimmed),
      cmocka_unit_test(consumer_never_moves_back),
      cmocka_unit_test(consumer_beyond_the_sixteenth_is_refused),
      cmocka_unit_test(answer_once_given_is_given_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
