#include "citizen/self.h"

#include "crypto/kdf.h"
#include "vec_hex.h"

static const uint64_t day = 86400 * 1000;
static const uint64_t start = 1700000000000;

typedef struct node {
  vls_store *store;
  vls_rng rng;
  vls_self self;
} node;

static void open_node(node *n) {
  static const uint8_t seed[32] = {1};
  *n = (node){0};
  vls_rng_init(&n->rng, seed);
  assert_int_equal(vls_store_open(&n->store, ":memory:", 0, NULL), VLS_OK);
}

static void make_node(node *n) {
  open_node(n);
  assert_int_equal(
      vls_self_create(&n->self, n->store, vls_slice_str("Ana"), &n->rng, NULL, 0, start), VLS_OK);
}

static void close_node(node *n) {
  vls_self_close(&n->self);
  vls_store_close(n->store);
}

static uint64_t seq_of_card(const vls_self *self, vls_card_view *view) {
  assert_int_equal(vls_card_open(view, vls_buf_slice(&self->card)), VLS_OK);
  return view->card.seq;
}

static void self_is_absent_in_a_new_store(void **state) {
  (void)state;
  node n;
  open_node(&n);
  assert_false(vls_self_load(&n.self, n.store));
  vls_store_close(n.store);
}

static void self_comes_back_as_it_was_made(void **state) {
  (void)state;
  node n;
  vls_self again;
  vls_card_view view;
  make_node(&n);
  assert_int_equal(vls_store_commit(n.store), VLS_OK);
  assert_true(vls_self_load(&again, n.store));
  assert_memory_equal(&again.identity, &n.self.identity, sizeof again.identity);
  assert_memory_equal(&again.device, &n.self.device, sizeof again.device);
  assert_memory_equal(&again.dh, &n.self.dh, sizeof again.dh);
  assert_string_equal(again.name, "Ana");
  assert_int_equal(again.card_seq, 1);
  assert_int_equal(again.spk_created, start);
  assert_true(vls_slice_eq(vls_buf_slice(&again.card), vls_buf_slice(&n.self.card)));
  assert_true(vls_slice_eq(vls_buf_slice(&again.cert), vls_buf_slice(&n.self.cert)));
  assert_int_equal(seq_of_card(&again, &view), 1);
  assert_non_null(vls_card_by_sign(&view, n.self.device.pub));
  assert_non_null(vls_card_by_dh(&view, n.self.dh.pub));
  vls_self_close(&again);
  close_node(&n);
}

static void self_is_made_once(void **state) {
  (void)state;
  node n;
  vls_self second;
  make_node(&n);
  assert_int_equal(vls_self_create(&second, n.store, vls_slice_str("Eve"), &n.rng, NULL, 0, start),
                   VLS_EXISTS);
  close_node(&n);
}

static void self_of_a_bad_name_is_refused(void **state) {
  (void)state;
  static const char *const names[] = {
      "", "\xff", "a\xc3", "12345678901234567890123456789012345678901234567890123456789012345"};
  node n;
  open_node(&n);
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    assert_int_equal(
        vls_self_create(&n.self, n.store, vls_slice_str(names[i]), &n.rng, NULL, 0, start),
        VLS_MALFORMED);
  assert_false(vls_self_load(&n.self, n.store));
  vls_store_close(n.store);
}

static void card_is_signed_anew_only_when_the_addresses_differ(void **state) {
  (void)state;
  node n;
  vls_card_view view;
  vls_slice home[] = {vls_slice_str("home.example:7125"), vls_slice_str("[2001:db8::1]:7125")};
  make_node(&n);
  assert_true(vls_self_refresh(&n.self, n.store, &n.rng, home, 2, start + 1));
  assert_int_equal(seq_of_card(&n.self, &view), 2);
  assert_int_equal(view.card.n_addresses, 2);
  assert_true(vls_slice_eq(view.card.addresses[1], home[1]));
  assert_int_equal(view.devices[0].spk_id, 1);
  assert_false(vls_self_refresh(&n.self, n.store, &n.rng, home, 2, start + 2));
  vls_slice turned[] = {home[1], home[0]};
  assert_true(vls_self_refresh(&n.self, n.store, &n.rng, turned, 2, start + 3));
  assert_true(vls_self_refresh(&n.self, n.store, &n.rng, NULL, 0, start + 4));
  assert_int_equal(seq_of_card(&n.self, &view), 4);
  close_node(&n);
}

static void former_cards_are_kept_and_no_more_than_eight(void **state) {
  (void)state;
  node n;
  vls_card_view view;
  vls_buf card;
  make_node(&n);
  for (unsigned i = 0; i < 20; i++) {
    char text[] = "a.example:10";
    text[10] = (char)('0' + i / 10);
    text[11] = (char)('0' + i % 10);
    vls_slice address = vls_slice_str(text);
    assert_true(vls_self_refresh(&n.self, n.store, &n.rng, &address, 1, start + 1 + i));
  }
  vls_buf_init(&card, VLS_CARD_MAX);
  for (unsigned i = 0; i <= VLS_OWN_CARDS; i++) {
    vls_buf_clear(&card);
    assert_true(vls_self_card_at(n.store, i, &card));
    assert_int_equal(vls_card_open(&view, vls_buf_slice(&card)), VLS_OK);
    assert_int_equal(view.card.seq, 21 - i);
  }
  assert_false(vls_self_card_at(n.store, VLS_OWN_CARDS + 1, &card));
  vls_buf_done(&card);
  close_node(&n);
}

static void prekey_turns_after_seven_days_and_stays_thirty(void **state) {
  (void)state;
  node n;
  vls_card_view view;
  vls_prekey_row row;
  make_node(&n);
  assert_false(vls_self_refresh(&n.self, n.store, &n.rng, NULL, 0, start + 7 * day));
  uint64_t now = start;
  for (uint32_t id = 2; id <= 9; id++) {
    now += 7 * day + 1;
    assert_true(vls_self_refresh(&n.self, n.store, &n.rng, NULL, 0, now));
    assert_int_equal(n.self.spk_created, now);
    seq_of_card(&n.self, &view);
    assert_int_equal(view.devices[0].spk_id, id);
    for (uint32_t old = 1; old <= id; old++) {
      uint64_t made = start + (old - 1) * (7 * day + 1);
      assert_int_equal(vls_prekey_get(n.store, old, &row), now - made <= 30 * day);
    }
  }
  /* The one in the card opens what is sealed to it. */
  vls_dh_pair pair;
  assert_true(vls_prekey_get(n.store, 9, &row));
  vls_dh_from_priv(&pair, row.priv);
  assert_memory_equal(pair.pub, view.devices[0].spk, 32);
  close_node(&n);
}

static void prekey_in_the_card_is_never_dropped(void **state) {
  (void)state;
  node n;
  vls_prekey_row row;
  make_node(&n);
  vls_prekey_drop_before(n.store, start + 1000 * day);
  assert_true(vls_prekey_get(n.store, 1, &row));
  /* Off for a year: the new one at once, and the old one is too old. */
  assert_true(vls_self_refresh(&n.self, n.store, &n.rng, NULL, 0, start + 365 * day));
  assert_false(vls_prekey_get(n.store, 1, &row));
  assert_true(vls_prekey_get(n.store, 2, &row));
  close_node(&n);
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(self_is_absent_in_a_new_store),
      cmocka_unit_test(self_comes_back_as_it_was_made),
      cmocka_unit_test(self_is_made_once),
      cmocka_unit_test(self_of_a_bad_name_is_refused),
      cmocka_unit_test(card_is_signed_anew_only_when_the_addresses_differ),
      cmocka_unit_test(former_cards_are_kept_and_no_more_than_eight),
      cmocka_unit_test(prekey_turns_after_seven_days_and_stays_thirty),
      cmocka_unit_test(prekey_in_the_card_is_never_dropped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
