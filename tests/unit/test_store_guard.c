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

static const uint8_t devices[2][32] = {{1}, {2}};

static vls_err early_of(vls_store *store, uint64_t contact, unsigned device, uint64_t seq,
                        unsigned number, size_t bytes) {
  static const uint8_t zeros[VLS_RECORD_MAX];
  uint8_t id[32];
  vls_early_row row = {.contact = contact,
                       .device = devices[device],
                       .seq = seq,
                       .id = key_of(id, number),
                       .record = vls_slice_of(zeros, bytes)};
  return vls_early_put(store, &row, number);
}

static vls_err early(vls_store *store, uint64_t contact, unsigned seq) {
  return early_of(store, contact, 0, seq, seq, 256);
}

/* The number of the record that waits for this turn; 0: none. */
static unsigned waiting(vls_store *store, uint64_t contact, unsigned device, uint64_t seq) {
  uint8_t id[32], want[32];
  vls_buf record;
  vls_buf_init(&record, VLS_RECORD_MAX);
  bool found = vls_early_get(store, contact, devices[device], seq, id, &record);
  vls_buf_done(&record);
  for (unsigned i = 1; found && i < 200; i++)
    if (memcmp(id, key_of(want, i), 32) == 0) return i;
  assert_false(found);
  return 0;
}

static void early_records_are_found_when_their_turn_comes(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  uint8_t id[32];
  for (unsigned seq = 9; seq > 6; seq--)
    assert_int_equal(early(store, 1, seq), VLS_OK);
  assert_int_equal(early(store, 2, 8), VLS_OK);
  assert_int_equal(early_of(store, 1, 1, 8, 80, 256), VLS_OK);
  assert_int_equal(waiting(store, 1, 0, 6), 0);
  assert_int_equal(waiting(store, 1, 0, 7), 7);
  assert_int_equal(waiting(store, 1, 1, 8), 80);
  assert_int_equal(early_of(store, 1, 0, 8, 88, 256), VLS_OK); /* sealed again: the newest stays */
  assert_int_equal(waiting(store, 1, 0, 8), 88);
  assert_int_equal(vls_early_count(store, 1), 4);
  vls_early_drop(store, 1, key_of(id, 7));
  assert_int_equal(waiting(store, 1, 0, 7), 0);
  assert_int_equal(vls_early_count(store, 1), 3);
  vls_early_drop_upto(store, 1, devices[0], 8);
  assert_int_equal(vls_early_count(store, 1), 2);
  assert_int_equal(waiting(store, 1, 0, 9), 9);
  assert_int_equal(waiting(store, 1, 1, 8), 80);
  assert_int_equal(vls_early_count(store, 2), 1);
  store_end(store);
}

/* A store of before the seq was noted. */
static void early_records_without_a_seq_come_last(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  assert_int_equal(early_of(store, 1, 0, 0, 50, 256), VLS_OK);
  assert_int_equal(early_of(store, 1, 0, 0, 51, 256), VLS_OK);
  assert_int_equal(early(store, 1, 3), VLS_OK);
  assert_int_equal(waiting(store, 1, 0, 3), 3);
  assert_int_equal(waiting(store, 1, 0, 2), 50);
  assert_int_equal(early_of(store, 1, 0, 9, 50, 256), VLS_OK); /* now it is known */
  assert_int_equal(waiting(store, 1, 0, 2), 51);
  assert_int_equal(waiting(store, 1, 0, 9), 50);
  assert_int_equal(vls_early_count(store, 1), 3);
  store_end(store);
}

static void early_records_beyond_the_bound_are_refused(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  for (unsigned i = 1; i <= VLS_EARLY_MAX; i++)
    assert_int_equal(early(store, 1, i), VLS_OK);
  assert_int_equal(early(store, 1, VLS_EARLY_MAX + 1), VLS_LIMITED);
  assert_int_equal(early(store, 1, 3), VLS_OK); /* that one is here: it is not one more */
  assert_int_equal(early_of(store, 1, 0, 3, 99, 256), VLS_OK);
  assert_int_equal(vls_early_count(store, 1), VLS_EARLY_MAX);
  assert_int_equal(early(store, 2, 1), VLS_OK);
  store_end(store);
}

static void early_bytes_beyond_the_bound_are_refused(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  unsigned n = 0;
  while (early_of(store, 1, 0, n + 1, n + 1, VLS_RECORD_MAX) == VLS_OK)
    n++;
  assert_int_equal(n, VLS_EARLY_BYTES / VLS_RECORD_MAX);
  assert_int_equal(early_of(store, 1, 0, n, 150, VLS_RECORD_MAX), VLS_OK); /* in another's place */
  assert_int_equal(vls_early_count(store, 1), n);
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
    aside(store, i, i < 10 ? 1 : 2 + i % 16, "why");
  assert_int_equal(vls_aside_count(store, 0), VLS_ASIDE_MAX);
  assert_int_equal(vls_aside_count(store, 1), 0); /* the oldest went */
  for (unsigned i = 0; i < VLS_ASIDE_MAX; i++)
    aside(store, 1000 + i, 2, "poison");
  assert_int_equal(vls_aside_count(store, 2), VLS_ASIDE_EACH);
  store_end(store);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(knock_replayed_is_stale_even_after_a_new_start),
      cmocka_unit_test(knocks_are_kept_up_to_their_bound),
      cmocka_unit_test(early_records_are_found_when_their_turn_comes),
      cmocka_unit_test(early_records_without_a_seq_come_last),
      cmocka_unit_test(early_bytes_beyond_the_bound_are_refused),
      cmocka_unit_test(early_records_beyond_the_bound_are_refused),
      cmocka_unit_test(aside_records_are_counted_and_the_newest_says_why),
      cmocka_unit_test(aside_records_are_kept_up_to_their_bound),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
