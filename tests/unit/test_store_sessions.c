#include "store/sessions.h"

#include "crypto/kdf.h"
#include "store/sql.h"
#include "store_made.h"

static vls_session_row session_row(unsigned number, uint64_t created) {
  static const uint8_t seed[32] = {9};
  uint8_t th[32], zeros[32] = {0};
  vls_rng rng;
  vls_dh_pair spk;
  vls_session_row row = {.created = created};
  vls_rng_init(&rng, seed);
  vls_dh_new(&spk, &rng);
  key_of(row.device, number);
  assert_int_equal(
      vls_ratchet_init_a(&row.ratchet, key_of(th, number), zeros, zeros, zeros, spk.pub, &rng),
      VLS_OK);
  return row;
}

static void session_comes_back(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  vls_session_row row = session_row(1, 5), back[VLS_SESSIONS_MAX];
  uint8_t a[VLS_RATCHET_STATE], b[VLS_RATCHET_STATE];
  assert_int_equal(vls_session_load(store, 1, back), 0);
  vls_session_put(store, 1, &row);
  assert_int_equal(vls_session_load(store, 1, back), 1);
  assert_int_equal(vls_session_load(store, 2, back), 0);
  vls_ratchet_pack(&row.ratchet, a);
  vls_ratchet_pack(&back[0].ratchet, b);
  assert_memory_equal(a, b, sizeof a);
  assert_memory_equal(back[0].device, row.device, 32);
  assert_int_equal(back[0].created, 5);
  row.ratchet.ns = 77; /* the same session, a step further */
  vls_session_put(store, 1, &row);
  assert_int_equal(vls_session_load(store, 1, back), 1);
  assert_int_equal(back[0].ratchet.ns, 77);
  store_end(store);
}

static void sessions_come_newest_first_up_to_their_bound(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  vls_session_row back[VLS_SESSIONS_MAX];
  static const uint64_t created[] = {30, 10, 50, 20, 40};
  for (unsigned i = 0; i < COUNT(created); i++) {
    vls_session_row row = session_row(i, created[i]);
    vls_session_put(store, 1, &row);
  }
  assert_int_equal(vls_session_load(store, 1, back), VLS_SESSIONS_MAX);
  assert_int_equal(back[0].created, 50);
  assert_int_equal(back[1].created, 40);
  assert_int_equal(back[2].created, 30);
  store_end(store);
}

static void put_skipped(vls_store *store, const uint8_t th[32], uint64_t chain, uint32_t from,
                        size_t n, uint64_t at) {
  vls_skips skips = {vls_calloc(n, sizeof(vls_skipped)), n, n};
  for (size_t i = 0; i < n; i++) {
    skips.keys[i] = (vls_skipped){.chain = chain, .n = from + (uint32_t)i};
    vls_be32_put(skips.keys[i].mk, from + (uint32_t)i);
  }
  vls_skipped_put(store, 1, th, &skips, at);
  vls_skips_done(&skips);
}

static uint64_t count_skipped(vls_store *store) {
  sqlite3_stmt *q = vls_sql(store, "SELECT count(*) FROM skipped");
  uint64_t n = vls_sql_row(store, q) ? vls_sql_get_int(q, 0) : 0;
  vls_sql_done(q);
  return n;
}

static void skipped_key_is_there_until_it_is_used_or_old(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  uint8_t th[32], mk[32];
  key_of(th, 1);
  put_skipped(store, th, 1, 0, 0, 1);
  put_skipped(store, th, UINT64_C(1) << 40, UINT32_MAX - 3, 3, 100);
  assert_true(vls_skipped_get(store, 1, th, UINT64_C(1) << 40, UINT32_MAX - 1, mk));
  assert_int_equal(vls_be32_get(mk), UINT32_MAX - 1);
  assert_false(vls_skipped_get(store, 2, th, UINT64_C(1) << 40, UINT32_MAX - 1, mk));
  assert_false(vls_skipped_get(store, 1, th, 1, UINT32_MAX - 1, mk));
  vls_skipped_drop(store, 1, th, UINT64_C(1) << 40, UINT32_MAX - 1);
  assert_false(vls_skipped_get(store, 1, th, UINT64_C(1) << 40, UINT32_MAX - 1, mk));
  assert_int_equal(count_skipped(store), 2);
  vls_skipped_drop_before(store, 100);
  assert_int_equal(count_skipped(store), 2);
  vls_skipped_drop_before(store, 101);
  assert_int_equal(count_skipped(store), 0);
  store_end(store);
}

static void skipped_keys_are_kept_up_to_their_bound_and_the_oldest_go(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  uint8_t th[32], mk[32];
  key_of(th, 1);
  put_skipped(store, th, 1, 0, 2000, 10);
  put_skipped(store, th, 1, 2000, 2000, 20);
  assert_int_equal(count_skipped(store), VLS_RATCHET_KEEP);
  put_skipped(store, th, 2, 0, 1500, 30);
  assert_int_equal(count_skipped(store), VLS_RATCHET_KEEP - VLS_RATCHET_SLACK);
  assert_false(vls_skipped_get(store, 1, th, 1, 0, mk));
  assert_false(vls_skipped_get(store, 1, th, 1, 1999, mk));
  assert_true(vls_skipped_get(store, 1, th, 1, 2000, mk));
  assert_true(vls_skipped_get(store, 1, th, 2, 1499, mk));
  store_end(store);
}

/* One by one, dropped in between, and with a transaction that came to nothing: never more than may
 * be kept, and the newest always. */
static void skipped_keys_stay_below_their_bound_one_by_one(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  uint8_t th[32], mk[32];
  key_of(th, 1);
  put_skipped(store, th, 1, 0, 2000, 10);
  put_skipped(store, th, 1, 2000, 1900, 10);
  assert_int_equal(vls_store_commit(store), VLS_OK);
  for (uint32_t i = 0; i < 1300; i++) {
    put_skipped(store, th, 2, i, 1, 11 + i);
    if (i == 250) { /* some had just gone: now they are back */
      assert_true(count_skipped(store) < VLS_RATCHET_KEEP);
      vls_store_rollback(store);
      assert_int_equal(count_skipped(store), 3900);
      put_skipped(store, th, 2, 0, i + 1, 11 + i);
    }
    if (i % 7 == 3) vls_skipped_drop(store, 1, th, 2, i - 1);
    assert_true(i % 20 != 0 || count_skipped(store) <= VLS_RATCHET_KEEP);
    assert_true(vls_skipped_get(store, 1, th, 2, i, mk));
  }
  assert_true(count_skipped(store) >= VLS_RATCHET_KEEP - VLS_RATCHET_SLACK - 200);
  store_end(store);
}

static void session_dropped_takes_its_skipped_keys_along(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  vls_session_row a = session_row(1, 1), b = session_row(2, 2), back[VLS_SESSIONS_MAX];
  uint8_t mk[32];
  vls_session_put(store, 1, &a);
  vls_session_put(store, 1, &b);
  put_skipped(store, a.ratchet.th, 1, 0, 3, 1);
  put_skipped(store, b.ratchet.th, 1, 0, 3, 1);
  vls_session_drop(store, 1, a.ratchet.th);
  assert_int_equal(vls_session_load(store, 1, back), 1);
  assert_memory_equal(back[0].ratchet.th, b.ratchet.th, 32);
  assert_false(vls_skipped_get(store, 1, a.ratchet.th, 1, 0, mk));
  assert_true(vls_skipped_get(store, 1, b.ratchet.th, 1, 0, mk));
  store_end(store);
}

static void session_whose_state_is_damaged_is_an_error(void **state) {
  (void)state;
  vls_session_row row = session_row(1, 1), back[VLS_SESSIONS_MAX];
  static const char *const damage[] = {"UPDATE session SET state=zeroblob(10)",
                                       "UPDATE session SET state=zeroblob(length(state))"};
  for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
    vls_store *store = store_in_memory();
    vls_session_put(store, 1, &row);
    vls_sql_run(store, vls_sql_write(store, damage[i]));
    assert_int_equal(vls_session_load(store, 1, back), 0);
    assert_int_equal(vls_store_error(store), VLS_DAMAGED);
    vls_store_close(store);
  }
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(session_comes_back),
      cmocka_unit_test(sessions_come_newest_first_up_to_their_bound),
      cmocka_unit_test(skipped_key_is_there_until_it_is_used_or_old),
      cmocka_unit_test(skipped_keys_are_kept_up_to_their_bound_and_the_oldest_go),
      cmocka_unit_test(skipped_keys_stay_below_their_bound_one_by_one),
      cmocka_unit_test(session_dropped_takes_its_skipped_keys_along),
      cmocka_unit_test(session_whose_state_is_damaged_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
