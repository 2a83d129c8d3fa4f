#include "store/contacts.h"

#include "store/feed.h"
#include "store/guard.h"
#include "store/messages.h"
#include "store/sessions.h"
#include "store_made.h"

static vls_contact_row contact_row(uint8_t number) {
  vls_contact_row row = {.state = VLS_CONTACT_READY,
                         .verified = true,
                         .blocked = true,
                         .created = 1000,
                         .last_seen = UINT64_MAX >> 1};
  memset(row.identity, number, 32);
  memset(row.psk, number + 1, 32);
  memset(row.knock, number + 2, 32);
  memset(row.psk2, number + 3, 32);
  memset(row.knock2, number + 4, 32);
  memset(row.name, 'a' + number, VLS_NAME_MAX);
  memset(row.claim, 'A' + number, VLS_NAME_MAX);
  memset(row.problem, 'p', VLS_PROBLEM_MAX);
  return row;
}

static void put(vls_store *store, vls_contact_row *row) {
  vls_contact_put(store, row, vls_slice_str(row->name));
}

static void contact_comes_back_at_its_longest(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  vls_contact_row row = contact_row(1), back = {0};
  put(store, &row);
  assert_int_equal(row.id, 1);
  assert_true(vls_contact_next(store, 0, &back));
  assert_memory_equal(&back, &row, sizeof back);
  assert_false(vls_contact_next(store, 1, &back));
  store_end(store);
}

static void contact_changes_but_for_its_identity(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  vls_contact_row row = contact_row(1), back = {0};
  put(store, &row);
  row.state = VLS_CONTACT_REMOVED;
  row.verified = row.blocked = false;
  row.name[3] = row.claim[0] = row.problem[9] = '\0';
  memset(row.name + 3, 0, sizeof row.name - 3);
  memset(row.claim, 0, sizeof row.claim);
  memset(row.problem + 9, 0, sizeof row.problem - 9);
  row.last_seen = 7;
  memset(row.psk, 0, 32);
  vls_contact_update(store, &row, vls_slice_str("another fold"));
  assert_true(vls_contact_next(store, 0, &back));
  vls_contact_row want = row;
  memset(&back.name[4], 0, sizeof back.name - 4);
  memset(&back.claim[1], 0, sizeof back.claim - 1);
  memset(&back.problem[10], 0, sizeof back.problem - 10);
  assert_memory_equal(&back, &want, sizeof back);
  assert_int_equal(vls_contact_by_fold(store, vls_slice_str("another fold")), 1);
  store_end(store);
}

static void contacts_are_found_by_fold_and_in_order(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  vls_contact_row row, back = {0};
  for (uint8_t i = 0; i < 5; i++) {
    row = contact_row(i);
    put(store, &row);
    assert_int_equal(vls_contact_by_fold(store, vls_slice_str(row.name)), i + 1u);
  }
  assert_int_equal(vls_contact_by_fold(store, vls_slice_str("nobody")), 0);
  for (uint64_t id = 1; vls_contact_next(store, back.id, &back); id++)
    assert_int_equal(back.id, id);
  assert_int_equal(back.id, 5);
  store_end(store);
}

static void contact_with_a_fold_or_identity_that_is_there_fails(void **state) {
  (void)state;
  for (int identity = 0; identity < 2; identity++) {
    vls_store *store = store_in_memory();
    vls_contact_row a = contact_row(1), b = contact_row(identity ? 1 : 2);
    put(store, &a);
    vls_contact_put(store, &b, vls_slice_str(identity ? "other" : a.name));
    assert_int_equal(vls_store_error(store), VLS_STORAGE);
    vls_store_close(store);
  }
}

static void card_and_link_come_back(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  vls_contact_row row = contact_row(1), back;
  vls_buf out;
  vls_buf_init(&out, 100);
  put(store, &row);
  assert_false(vls_contact_card(store, 1, &out));
  assert_false(vls_contact_link(store, 1, &out));
  assert_false(vls_contact_card(store, 2, &out));
  vls_contact_set_card(store, 1, UINT64_MAX, vls_slice_str("card"));
  vls_contact_set_link(store, 1, vls_slice_str("link"));
  assert_true(vls_contact_card(store, 1, &out));
  assert_true(vls_contact_link(store, 1, &out));
  assert_true(vls_slice_eq(vls_buf_slice(&out), vls_slice_str("cardlink")));
  assert_true(vls_contact_next(store, 0, &back));
  assert_true(back.card_seq == UINT64_MAX);
  vls_buf small;
  vls_buf_init(&small, 3);
  assert_false(vls_contact_card(store, 1, &small)); /* it does not fit: as if it were not there */
  vls_buf_done(&small);
  vls_buf_done(&out);
  store_end(store);
}

static void talk_comes_back(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  vls_talk_row row = {1, {2}, 3, 4, 5, 6, 7}, back, zeros = {0};
  assert_false(vls_talk_get(store, 1, &back));
  assert_memory_equal(&back, &zeros, sizeof back);
  vls_talk_put(store, 1, &row);
  row.out_seq = UINT64_MAX;
  vls_talk_put(store, 1, &row);
  assert_true(vls_talk_get(store, 1, &back));
  assert_memory_equal(&back, &row, sizeof back);
  store_end(store);
}

static void chain_of_each_device_has_its_own_number(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  vls_chain_row row, zeros = {0};
  uint8_t key[32], head[32];
  vls_chain_get(store, 1, key_of(key, 1), &row);
  assert_memory_equal(&row, &zeros, sizeof row);
  assert_int_equal(vls_chain_put(store, 1, key_of(key, 1), 1, key_of(head, 11), 7), 1);
  assert_int_equal(vls_chain_put(store, 1, key_of(key, 2), 1, key_of(head, 21), 7), 2);
  assert_int_equal(vls_chain_put(store, 2, key_of(key, 1), 1, key_of(head, 31), 7), 1);
  assert_int_equal(vls_chain_put(store, 1, key_of(key, 1), 9, key_of(head, 19), 7), 1);
  assert_int_equal(vls_chain_put(store, 1, key_of(key, 3), 1, key_of(head, 41), 7), 3);
  vls_chain_get(store, 1, key_of(key, 1), &row);
  assert_int_equal(row.number, 1);
  assert_int_equal(row.seq, 9);
  assert_memory_equal(row.head, key_of(head, 19), 32);
  vls_chain_get(store, 1, key_of(key, 2), &row);
  assert_int_equal(row.number, 2);
  assert_int_equal(row.seq, 1);
  store_end(store);
}

/* By their events one by one, or all over again. */
static void bytes_of_a_contact_are_those_of_all_its_devices(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  uint8_t key[32], sig[64] = {0};
  uint64_t sum = 0, header = 200, n = 0;
  for (uint64_t device = 1; device <= 2; device++)
    for (uint64_t seq = 1; seq <= 3; seq++) {
      vls_message_row m = {.n = ++n,
                           .contact = 1,
                           .state = VLS_MSG_RECEIVED,
                           .device = device,
                           .seq = seq,
                           .body = vls_slice_str("\xc3\xa4 five")};
      vls_event_row e = {.contact = 1, .device = device, .seq = seq, .sig = sig};
      uint8_t bytes[300] = {0};
      e.header = vls_slice_of(bytes, ++header);
      uint64_t cost = vls_chain_cost(header, 1, m.body.n);
      vls_message_put(store, &m);
      vls_event_put(store, &e);
      vls_chain_put(store, 1, key_of(key, (uint8_t)device), seq, key, cost);
      sum += cost;
    }
  vls_message_put(store, &(vls_message_row){.n = ++n, .contact = 1, .state = VLS_MSG_SENT});
  vls_chain_put(store, 2, key_of(key, 9), 1, key, 5);
  assert_int_equal(vls_chain_bytes(store, 1), sum);
  vls_chain_weigh(store);
  assert_int_equal(vls_chain_bytes(store, 1), sum);
  assert_int_equal(vls_chain_bytes(store, 2), 0);
  assert_int_equal(vls_chain_bytes(store, 3), 0);
  store_end(store);
}

/* One of everything that belongs to a contact. */
static void fill(vls_store *store, uint64_t contact, uint64_t n) {
  uint8_t key[32], sig[64] = {0};
  vls_message_row m = {
      .n = n, .contact = contact, .state = VLS_MSG_SENT, .seq = 1, .body = vls_slice_str("text")};
  vls_outbox_row o = {.seq = 1, .first = n, .last = n};
  vls_feed_row f = {.c = n, .type = VLS_FEED_MESSAGE, .contact = contact, .first = n, .last = n};
  vls_session_row s = {.created = 1};
  vls_skipped skipped = {.chain = 1};
  vls_skips skips = {&skipped, 1, 1};
  vls_talk_row talk = {.out_seq = 5};
  key_of(s.ratchet.th, (unsigned)contact);
  vls_message_put(store, &m);
  vls_event_row event = {
      .contact = contact, .seq = 1, .header = vls_slice_str("header"), .sig = sig};
  vls_event_put(store, &event);
  vls_outbox_put(store, contact, &o, vls_slice_str(""), vls_slice_str("record"));
  vls_feed_put(store, &f);
  vls_session_put(store, contact, &s);
  vls_skipped_put(store, contact, s.ratchet.th, &skips, 1);
  uint8_t id[32];
  vls_early_row early = {.contact = contact,
                         .device = key_of(key, 1),
                         .seq = 9,
                         .id = key_of(id, 1),
                         .record = vls_slice_str("early")};
  assert_int_equal(vls_early_put(store, &early, 1), VLS_OK);
  vls_talk_put(store, contact, &talk);
  vls_chain_put(store, contact, key_of(key, 1), 3, key_of(key, 1), 100);
  vls_contact_set_card(store, contact, 4, vls_slice_str("card"));
  vls_contact_set_link(store, contact, vls_slice_str("link"));
}

static bool has_anything(vls_store *store, uint64_t contact, uint64_t n) {
  vls_buf out;
  vls_message_row m;
  vls_outbox_row o;
  vls_feed_row f;
  vls_session_row s[VLS_SESSIONS_MAX];
  uint8_t th[32], mk[32];
  vls_buf_init(&out, 1000);
  bool any =
      vls_message_get(store, n, &m, &out) || vls_event_get(store, contact, 0, 1, &out, NULL) ||
      vls_outbox_next(store, contact, 0, &o, &out) ||
      (vls_feed_next(store, n, &f, &out) && f.c == n) || vls_session_load(store, contact, s) > 0 ||
      vls_skipped_get(store, contact, key_of(th, (unsigned)contact), 1, 0, mk) ||
      vls_early_count(store, contact) > 0 || vls_contact_card(store, contact, &out) ||
      vls_contact_link(store, contact, &out);
  vls_buf_done(&out);
  return any;
}

static void contact_forgotten_leaves_its_place_in_the_chains_only(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  vls_contact_row a = contact_row(1), b = contact_row(2);
  vls_chain_row chain;
  vls_talk_row talk;
  uint8_t key[32];
  put(store, &a);
  put(store, &b);
  fill(store, a.id, 1);
  fill(store, b.id, 2);
  assert_true(has_anything(store, b.id, 2));
  assert_int_equal(vls_contact_forget(store, b.id), 1);
  assert_false(has_anything(store, b.id, 2));
  assert_true(has_anything(store, a.id, 1));
  vls_chain_get(store, b.id, key_of(key, 1), &chain);
  assert_int_equal(chain.seq, 3);
  assert_int_equal(vls_chain_bytes(store, b.id), 0);
  assert_true(vls_chain_bytes(store, a.id) > 0);
  assert_true(vls_talk_get(store, b.id, &talk));
  assert_int_equal(talk.out_seq, 5);
  store_end(store);
}

/* Clients hold numbers of texts and events: they never come to mean others. */
static void numbers_go_on_after_the_newest_was_forgotten(void **state) {
  (void)state;
  place p;
  place_make(&p);
  vls_store *store = store_at(p.path);
  vls_contact_row a = contact_row(1), b = contact_row(2);
  put(store, &a);
  put(store, &b);
  fill(store, a.id, 1);
  fill(store, b.id, 2);
  vls_contact_forget(store, b.id);
  assert_int_equal(vls_message_newest(store), 2);
  assert_int_equal(vls_feed_newest(store), 2);
  vls_contact_forget(store, a.id);
  vls_contact_forget(store, a.id); /* with nothing left at all */
  store_end(store);
  store = store_at(p.path);
  assert_int_equal(vls_message_newest(store), 2);
  assert_int_equal(vls_feed_newest(store), 2);
  store_end(store);
  place_end(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(contact_comes_back_at_its_longest),
      cmocka_unit_test(contact_changes_but_for_its_identity),
      cmocka_unit_test(contacts_are_found_by_fold_and_in_order),
      cmocka_unit_test(contact_with_a_fold_or_identity_that_is_there_fails),
      cmocka_unit_test(card_and_link_come_back),
      cmocka_unit_test(talk_comes_back),
      cmocka_unit_test(chain_of_each_device_has_its_own_number),
      cmocka_unit_test(bytes_of_a_contact_are_those_of_all_its_devices),
      cmocka_unit_test(contact_forgotten_leaves_its_place_in_the_chains_only),
      cmocka_unit_test(numbers_go_on_after_the_newest_was_forgotten),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
