#include "store/guard.h"

#include "store_made.h"

static vls_err knock(vls_store *store, unsigned number, uint64_t at) {
  uint8_t nonce[32];
  return vls_knock_seen(store, key_of(nonce, number), at);
}

static void knock_replayed_is_stale_even_after_a_new_start(void **state) {
  (void)state;
  place p;
  place_make(&p);
  vls_store *store = store_at(p.path);
  assert_int_equal(knock(store, 1, 10), VLS_OK);
  assert_int_equal(knock(store, 1, 11), VLS_STALE);
  assert_int_equal(knock(store, 2, 12), VLS_OK);
  store_end(store);
  store = store_at(p.path);
  assert_int_equal(knock(store, 1, 13), VLS_STALE);
  assert_int_equal(knock(store, 2, 14), VLS_STALE);
  assert_int_equal(knock(store, 3, 15), VLS_OK);
  vls_knock_drop_before(store, 12);
  assert_int_equal(knock(store, 1, 16), VLS_OK);
  assert_int_equal(knock(store, 2, 17), VLS_STALE);
  store_end(store);
  place_end(&p);
}

static void knocks_are_kept_up_to_their_bound(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  for (unsigned i = 0; i < VLS_KNOCKS_KEPT; i++)
    assert_int_equal(knock(store, i, 1), VLS_OK);
  assert_int_equal(knock(store, 0, 2), VLS_STALE);
  assert_int_equal(knock(store, VLS_KNOCKS_KEPT, 2), VLS_OK);
  assert_int_equal(knock(store, 1, 2), VLS_STALE);
  assert_int_equal(knock(store, 0, 2), VLS_OK); /* the oldest went */
  assert_int_equal(knock(store, 2, 2), VLS_STALE);
  store_end(store);
}

static vls_err early(vls_store *store, uint64_t contact, unsigned number) {
  uint8_t id[32];
  char text[32];
  snprintf(text, sizeof text, "record %u", number);
  return vls_early_put(store, contact, key_of(id, number), vls_slice_str(text), number);
}

static void early_records_wait_in_order_and_go_when_dropped(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  uint8_t id[32], want[32];
  vls_buf record;
  vls_buf_init(&record, 100);
  for (unsigned i = 9; i > 6; i--)
    assert_int_equal(early(store, 1, i), VLS_OK);
  assert_int_equal(early(store, 2, 1), VLS_OK);
  assert_int_equal(vls_early_count(store, 1), 3);
  assert_true(vls_early_at(store, 1, 0, id, &record));
  assert_memory_equal(id, key_of(want, 9), 32); /* the first that came */
  assert_true(vls_slice_eq(vls_buf_slice(&record), vls_slice_str("record 9")));
  vls_early_drop(store, 1, key_of(want, 9));
  assert_true(vls_early_at(store, 1, 0, id, &record));
  assert_memory_equal(id, key_of(want, 8), 32);
  assert_false(vls_early_at(store, 1, 2, id, &record));
  assert_int_equal(vls_early_count(store, 1), 2);
  assert_int_equal(vls_early_count(store, 2), 1);
  vls_buf_done(&record);
  store_end(store);
}

static void early_records_beyond_the_bound_are_refused(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  for (unsigned i = 0; i < VLS_EARLY_MAX; i++)
    assert_int_equal(early(store, 1, i), VLS_OK);
  assert_int_equal(early(store, 1, VLS_EARLY_MAX), VLS_LIMITED);
  assert_int_equal(early(store, 1, 3), VLS_OK); /* that one is here: it is not one more */
  assert_int_equal(vls_early_count(store, 1), VLS_EARLY_MAX);
  assert_int_equal(early(store, 2, 0), VLS_OK);
  store_end(store);
}

static void aside(vls_store *store, unsigned number, uint64_t contact, const char *why) {
  uint8_t id[32];
  vls_aside_put(store, key_of(id, number), contact, vls_slice_str(why), 300, number);
}

static void aside_records_are_counted_and_the_newest_says_why(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  uint64_t at = 0;
  vls_buf why;
  vls_buf_init(&why, 100);
  assert_false(vls_aside_newest(store, 1, &at, &why));
  aside(store, 1, 1, "first");
  aside(store, 2, 1, "second");
  aside(store, 3, 2, "another's");
  assert_int_equal(vls_aside_count(store, 1), 2);
  assert_int_equal(vls_aside_count(store, 0), 3);
  assert_true(vls_aside_newest(store, 1, &at, &why));
  assert_int_equal(at, 2);
  assert_true(vls_slice_eq(vls_buf_slice(&why), vls_slice_str("second")));
  aside(store, 1, 1, "first again");
  assert_int_equal(vls_aside_count(store, 1), 2);
  vls_buf_clear(&why);
  assert_true(vls_aside_newest(store, 1, &at, &why));
  assert_true(vls_slice_eq(vls_buf_slice(&why), vls_slice_str("first again")));
  vls_buf_done(&why);
  store_end(store);
}

static void aside_records_are_kept_up_to_their_bound(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  for (unsigned i = 0; i < VLS_ASIDE_MAX + 10; i++)
    aside(store, i, i < 10 ? 1 : 2, "why");
  assert_int_equal(vls_aside_count(store, 0), VLS_ASIDE_MAX);
  assert_int_equal(vls_aside_count(store, 1), 0); /* the oldest went */
  store_end(store);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(knock_replayed_is_stale_even_after_a_new_start),
      cmocka_unit_test(knocks_are_kept_up_to_their_bound),
      cmocka_unit_test(early_records_wait_in_order_and_go_when_dropped),
      cmocka_unit_test(early_records_beyond_the_bound_are_refused),
      cmocka_unit_test(aside_records_are_counted_and_the_newest_says_why),
      cmocka_unit_test(aside_records_are_kept_up_to_their_bound),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
