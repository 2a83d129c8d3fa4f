#include "store/self.h"

#include "store_made.h"

static vls_invite_row invite_row(const char *name, uint64_t expires) {
  vls_invite_row row = {.expires = expires};
  memset(row.opk, 1, 32);
  memset(row.secret, 2, 32);
  memcpy(row.name, name, strlen(name));
  return row;
}

static void self_row_comes_back(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  vls_self_row row = {.card_seq = UINT64_MAX,
                      .name = vls_slice_str("Ana"),
                      .cert = vls_slice_str("certificate"),
                      .card = vls_slice_str("card")};
  vls_self_row back;
  memset(row.identity_seed, 1, 32);
  memset(row.device_seed, 2, 32);
  memset(row.dh_priv, 3, 32);
  assert_false(vls_self_get(store, &back));
  vls_self_put(store, &row);
  assert_true(vls_self_get(store, &back));
  assert_memory_equal(back.identity_seed, row.identity_seed, 32);
  assert_memory_equal(back.device_seed, row.device_seed, 32);
  assert_memory_equal(back.dh_priv, row.dh_priv, 32);
  assert_true(back.card_seq == UINT64_MAX);
  assert_true(vls_slice_eq(back.name, row.name));
  assert_true(vls_slice_eq(back.cert, row.cert));
  assert_true(vls_slice_eq(back.card, row.card));
  vls_self_done(&back);
  assert_null(back.bytes.p);
  assert_int_equal(back.identity_seed[0], 0);
  store_end(store);
}

static void self_is_one(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  vls_self_row row = {.name = vls_slice_str("Ana")};
  vls_self_put(store, &row);
  assert_int_equal(vls_store_error(store), VLS_OK);
  vls_self_put(store, &row);
  assert_int_equal(vls_store_error(store), VLS_STORAGE);
  vls_store_close(store);
}

static void own_cards_are_kept_up_to_their_bound(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  vls_buf card;
  vls_buf_init(&card, 100);
  assert_false(vls_self_card_at(store, 0, &card));
  vls_self_row row = {.card_seq = 1, .name = vls_slice_str("Ana"), .card = vls_slice_str("\1")};
  vls_self_put(store, &row);
  for (uint8_t seq = 2; seq <= 30; seq++)
    vls_self_set_card(store, seq, vls_slice_of(&seq, 1));
  for (unsigned i = 0; i <= VLS_OWN_CARDS; i++) {
    vls_buf_clear(&card);
    assert_true(vls_self_card_at(store, i, &card));
    assert_int_equal(card.n, 1);
    assert_int_equal(card.p[0], 30 - i);
  }
  assert_false(vls_self_card_at(store, VLS_OWN_CARDS + 1, &card));
  vls_buf_done(&card);
  store_end(store);
}

static void prekey_comes_back_and_the_newest_is_the_last(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  vls_prekey_row back;
  vls_buf bytes;
  vls_buf_init(&bytes, 100);
  assert_false(vls_prekey_newest(store, &back, &bytes));
  for (uint32_t id = 1; id <= 5; id++) {
    vls_prekey_row row = {.id = id, .created = 100 * id};
    row.priv[0] = (uint8_t)id;
    vls_prekey_put(store, &row, vls_slice_of(&row.priv[0], 1));
  }
  assert_true(vls_prekey_newest(store, &back, &bytes));
  assert_int_equal(back.id, 5);
  assert_int_equal(back.created, 500);
  assert_int_equal(bytes.p[0], 5);
  assert_true(vls_prekey_get(store, 2, &back));
  assert_int_equal(back.priv[0], 2);
  assert_false(vls_prekey_get(store, 6, &back));
  vls_prekey_drop_before(store, 300);
  assert_false(vls_prekey_get(store, 2, &back));
  assert_true(vls_prekey_get(store, 3, &back));
  vls_prekey_drop_before(store, 10000); /* all but the newest */
  assert_false(vls_prekey_get(store, 4, &back));
  assert_true(vls_prekey_get(store, 5, &back));
  vls_buf_done(&bytes);
  store_end(store);
}

static void invite_comes_back_and_is_used_once(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  char longest[VLS_NAME_MAX + 1];
  memset(longest, 'n', VLS_NAME_MAX);
  longest[VLS_NAME_MAX] = '\0';
  vls_invite_row row = invite_row(longest, 5000), back;
  assert_false(vls_invite_next(store, 0, &back));
  vls_invite_put(store, &row);
  assert_int_equal(row.id, 1);
  assert_true(vls_invite_next(store, 0, &back));
  assert_memory_equal(&back, &row, sizeof back);
  vls_invite_use(store, 1, 42);
  assert_true(vls_invite_next(store, 0, &back));
  assert_int_equal(back.state, VLS_INVITE_USED);
  assert_int_equal(back.contact, 42);
  uint8_t zeros[32] = {0};
  assert_memory_equal(back.opk, zeros, 32); /* its one-time prekey is gone */
  assert_memory_equal(back.secret, row.secret, 32);
  assert_false(vls_invite_next(store, 1, &back));
  store_end(store);
}

static void invites_open_are_those_neither_used_nor_expired(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  for (unsigned i = 0; i < 10; i++) {
    vls_invite_row row = invite_row("", 1000 + i);
    vls_invite_put(store, &row);
    assert_int_equal(row.id, i + 1);
  }
  assert_int_equal(vls_invite_open(store, 0), 10);
  assert_int_equal(vls_invite_open(store, 1000), 9);
  vls_invite_use(store, 5, 1);
  assert_int_equal(vls_invite_open(store, 1000), 8);
  assert_int_equal(vls_invite_open(store, 5000), 0);
  vls_invite_drop_before(store, 1005);
  vls_invite_row back;
  assert_true(vls_invite_next(store, 0, &back));
  assert_int_equal(back.id, 6);
  store_end(store);
}

/* A dead invitation's number is in links that are still about: it must not name another one. */
static void invite_number_is_never_given_twice(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  for (unsigned i = 0; i < 3; i++) {
    vls_invite_row row = invite_row("", 1000);
    vls_invite_put(store, &row);
  }
  vls_invite_drop_before(store, 2000);
  vls_invite_row row = invite_row("", 3000);
  vls_invite_put(store, &row);
  assert_int_equal(row.id, 4);
  store_end(store);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(self_row_comes_back),
      cmocka_unit_test(self_is_one),
      cmocka_unit_test(own_cards_are_kept_up_to_their_bound),
      cmocka_unit_test(prekey_comes_back_and_the_newest_is_the_last),
      cmocka_unit_test(invite_comes_back_and_is_used_once),
      cmocka_unit_test(invites_open_are_those_neither_used_nor_expired),
      cmocka_unit_test(invite_number_is_never_given_twice),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
