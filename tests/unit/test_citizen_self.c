#include "citizen/self.h"

#include "crypto/kdf.h"
#include "store/contacts.h"
#include "store/messages.h"
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
  assert_int_equal(vls_store_open(&n->store, ":memory:", seed, 0, NULL), VLS_OK);
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

static void say(vls_store *store, uint64_t n, vls_message_state s, uint64_t seq) {
  vls_message_row row = {.n = n,
                         .contact = 1,
                         .state = s,
                         .seq = seq,
                         .device = s == VLS_MSG_RECEIVED ? 1 : 0,
                         .body = vls_slice_str("text")};
  vls_message_put(store, &row);
}

static void expect_text(vls_store *store, uint64_t n, vls_message_state s, uint64_t device) {
  vls_message_row row;
  vls_buf body;
  vls_buf_init(&body, 64);
  assert_true(vls_message_get(store, n, &row, &body));
  assert_int_equal(row.state, s);
  assert_true(row.device == device);
  vls_buf_done(&body);
}

static void self_renewed_is_another_device_of_the_same_citizen(void **state) {
  (void)state;
  node n;
  vls_self again, back;
  vls_card_view view;
  make_node(&n);
  assert_int_equal(vls_self_renew(&again, n.store, &n.rng, NULL, 0, start + day), VLS_OK);
  assert_memory_equal(again.identity.pub, n.self.identity.pub, 32);
  assert_memory_not_equal(again.device.pub, n.self.device.pub, 32);
  assert_memory_not_equal(again.dh.pub, n.self.dh.pub, 32);
  assert_string_equal(again.name, "Ana");
  assert_int_equal(again.n_former, 1);
  assert_memory_equal(&again.former[0], &n.self.dh, sizeof n.self.dh);
  assert_true(seq_of_card(&again, &view) >= start + day);
  assert_null(vls_card_by_sign(&view, n.self.device.pub));
  assert_non_null(vls_card_by_sign(&view, again.device.pub));
  assert_int_equal(view.devices[0].spk_id, 2);
  assert_int_equal(vls_store_commit(n.store), VLS_OK);
  assert_true(vls_self_load(&back, n.store));
  assert_memory_equal(&back.device, &again.device, sizeof again.device);
  assert_int_equal(back.n_former, 1);
  vls_self_close(&back);
  vls_self_close(&again);
  close_node(&n);
}

static void self_renewed_under_a_wrong_clock_still_has_a_higher_card(void **state) {
  (void)state;
  node n;
  vls_self again;
  make_node(&n);
  assert_int_equal(vls_self_renew(&again, n.store, &n.rng, NULL, 0, 5), VLS_OK);
  assert_int_equal(again.card_seq, 1 + (1 << 20));
  vls_self_close(&again);
  close_node(&n);
}

static void self_cannot_be_renewed_without_an_identity(void **state) {
  (void)state;
  node n;
  open_node(&n);
  assert_int_equal(vls_self_renew(&n.self, n.store, &n.rng, NULL, 0, start), VLS_NOT_FOUND);
  vls_store_close(n.store);
}

static void renewing_keeps_what_is_shown_and_holds_what_may_have_left(void **state) {
  (void)state;
  node n;
  vls_self again;
  vls_former_chain chain;
  vls_talk_row talk = {.out_seq = 9, .delivered = 6, .seen = 4, .read_n = 3, .card_sent = 1};
  vls_invite_row invite = {.expires = start + day};
  const uint8_t sig[64] = {0};
  uint64_t oldest;
  make_node(&n);
  memset(talk.out_prev, 7, 32);
  vls_talk_put(n.store, 1, &talk);
  say(n.store, 1, VLS_MSG_SENT, 4);
  say(n.store, 2, VLS_MSG_SENT, 6);
  say(n.store, 3, VLS_MSG_SENT, 7);
  say(n.store, 4, VLS_MSG_QUEUED, 0);
  say(n.store, 5, VLS_MSG_RECEIVED, 2);
  say(n.store, 6, VLS_MSG_CANCELLED, 0);
  vls_event_row event = {.contact = 1, .seq = 7, .header = vls_slice_str("header"), .sig = sig};
  vls_event_put(n.store, &event);
  vls_invite_put(n.store, &invite);
  assert_int_equal(vls_self_renew(&again, n.store, &n.rng, NULL, 0, start), VLS_OK);
  expect_text(n.store, 1, VLS_MSG_READ, VLS_FORMER_FIRST);
  expect_text(n.store, 2, VLS_MSG_DELIVERED, VLS_FORMER_FIRST);
  expect_text(n.store, 3, VLS_MSG_HELD, VLS_FORMER_FIRST);
  expect_text(n.store, 4, VLS_MSG_HELD, 0);
  expect_text(n.store, 5, VLS_MSG_RECEIVED, 1);
  expect_text(n.store, 6, VLS_MSG_CANCELLED, 0);
  assert_int_equal(vls_message_held(n.store, 1, &oldest), 2);
  assert_int_equal(oldest, 3);
  assert_int_equal(vls_invite_open(n.store, start), 0);
  assert_true(vls_talk_get(n.store, 1, &talk));
  assert_int_equal(talk.out_seq, 0);
  assert_int_equal(talk.delivered + talk.seen + talk.card_sent, 0);
  assert_int_equal(talk.read_n, 3);
  /* The new device's first event has its own place. */
  event.header = vls_slice_str("another");
  vls_event_put(n.store, &event);
  assert_true(vls_former_chain_get(n.store, 1, n.self.device.pub, &chain));
  assert_int_equal(chain.seq, 9);
  assert_int_equal(chain.proved, 6);
  assert_int_equal(chain.head[31], 7);
  /* A receipt for event 7 proves one text; the other is released by its author. */
  vls_former_chain_prove(n.store, 1, chain.number, 7, true);
  assert_false(vls_former_chain_next(n.store, 1, 0, true, &chain));
  assert_true(vls_former_chain_next(n.store, 1, 0, false, &chain));
  expect_text(n.store, 3, VLS_MSG_DELIVERED, VLS_FORMER_FIRST);
  assert_int_equal(vls_message_release(n.store, 1), 1);
  expect_text(n.store, 4, VLS_MSG_QUEUED, 0);
  assert_int_equal(vls_store_commit(n.store), VLS_OK);
  vls_self_close(&again);
  close_node(&n);
}

static void former_link_keys_are_four_and_their_time_ends(void **state) {
  (void)state;
  node n;
  make_node(&n);
  for (unsigned i = 0; i < VLS_FORMER_KEYS + 2; i++) {
    vls_self again;
    vls_dh_pair before = n.self.dh;
    assert_int_equal(vls_self_renew(&again, n.store, &n.rng, NULL, 0, start + i * day), VLS_OK);
    vls_self_close(&n.self);
    n.self = again;
    assert_int_equal(n.self.n_former, i < VLS_FORMER_KEYS ? i + 1 : VLS_FORMER_KEYS);
    assert_memory_equal(&n.self.former[0], &before, sizeof before);
  }
  vls_former_drop_before(n.store, start + VLS_FORMER_MS + 4 * day + 1);
  vls_self_close(&n.self);
  assert_true(vls_self_load(&n.self, n.store));
  assert_int_equal(n.self.n_former, 1);
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
      cmocka_unit_test(self_renewed_is_another_device_of_the_same_citizen),
      cmocka_unit_test(self_renewed_under_a_wrong_clock_still_has_a_higher_card),
      cmocka_unit_test(self_cannot_be_renewed_without_an_identity),
      cmocka_unit_test(renewing_keeps_what_is_shown_and_holds_what_may_have_left),
      cmocka_unit_test(former_link_keys_are_four_and_their_time_ends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
