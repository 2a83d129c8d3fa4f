#include "store/messages.h"

#include "store/sql.h"
#include "store_made.h"

static void say(vls_store *store, uint64_t n, uint64_t contact, vls_message_state state,
                const char *text) {
  vls_message_row row = {.n = n,
                         .contact = contact,
                         .state = state,
                         .seq = n,
                         .at = 10 * n,
                         .stamp = 20 * n,
                         .body = vls_slice_str(text),
                         .device = state == VLS_MSG_RECEIVED ? 1 : 0};
  vls_message_put(store, &row);
}

/* The numbers a query finds, as text: "3 2 1 ". */
static const char *found(vls_store *store, vls_message_query query, char out[200]) {
  vls_message_row row;
  size_t at = 0;
  out[0] = '\0';
  if (query.limit == 0) query.limit = 100;
  while (vls_message_next(store, &query, &row))
    at += (size_t)snprintf(out + at, 200 - at, "%u ", (unsigned)row.n);
  return out;
}

#define FINDS(want, ...)                                                                           \
  do {                                                                                             \
    char out[200];                                                                                 \
    assert_string_equal(found(store, (vls_message_query){__VA_ARGS__}, out), want);                \
  } while (0)

static void message_comes_back_at_its_largest(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  static uint8_t text[VLS_TEXT_MAX];
  memset(text, 'x', sizeof text);
  vls_message_row row = {.n = INT64_MAX,
                         .contact = 3,
                         .state = VLS_MSG_RECEIVED,
                         .device = 2,
                         .seq = UINT64_MAX,
                         .idx = 63,
                         .stamp = UINT64_MAX,
                         .at = 5,
                         .body = vls_slice_of(text, sizeof text)};
  vls_message_row back;
  vls_buf body;
  vls_buf_init(&body, VLS_TEXT_MAX);
  vls_message_put(store, &row);
  assert_true(vls_message_get(store, INT64_MAX, &back, &body));
  assert_int_equal(back.contact, 3);
  assert_int_equal(back.state, VLS_MSG_RECEIVED);
  assert_int_equal(back.device, 2);
  assert_true(back.seq == UINT64_MAX && back.stamp == UINT64_MAX);
  assert_int_equal(back.idx, 63);
  assert_true(vls_slice_eq(back.body, row.body));
  vls_message_set(store, INT64_MAX, VLS_MSG_SENT, 7, 8);
  vls_buf_clear(&body);
  assert_true(vls_message_get(store, INT64_MAX, &back, &body));
  assert_int_equal(back.state, VLS_MSG_SENT);
  assert_int_equal(back.seq, 7);
  assert_int_equal(back.idx, 8);
  assert_false(vls_message_get(store, 1, &back, &body));
  vls_buf_done(&body);
  store_end(store);
}

static void messages_are_found_by_contact_number_time_and_state(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  say(store, 1, 1, VLS_MSG_SENT, "one");
  say(store, 2, 2, VLS_MSG_RECEIVED, "two");
  say(store, 3, 1, VLS_MSG_RECEIVED, "three");
  say(store, 4, 1, VLS_MSG_QUEUED, "four");
  say(store, 5, 2, VLS_MSG_QUEUED, "five");
  FINDS("5 4 3 2 1 ", .limit = 100);
  FINDS("1 2 3 4 5 ", .oldest_first = true);
  FINDS("4 3 1 ", .contact = 1);
  FINDS("1 3 4 ", .contact = 1, .oldest_first = true);
  FINDS("5 4 ", .limit = 2);
  FINDS("1 2 ", .limit = 2, .oldest_first = true);
  FINDS("3 2 ", .before = 4, .after = 1);
  FINDS("5 4 ", .since = 40);
  FINDS("3 2 ", .received = true);
  FINDS("5 4 ", .queued = true);
  FINDS("4 ", .queued = true, .contact = 1);
  FINDS("", .contact = 9);
  store_end(store);
}

/* Numbers beyond what the store can hold are a client's, and mean what they say. */
static void query_with_numbers_of_64_bits_finds_what_they_say(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  say(store, 1, 1, VLS_MSG_SENT, "one");
  FINDS("1 ", .before = UINT64_MAX);
  FINDS("", .after = UINT64_MAX);
  FINDS("", .after = (uint64_t)INT64_MAX + 1);
  FINDS("", .since = UINT64_MAX);
  FINDS("1 ", .limit = UINT64_MAX);
  FINDS("", .contact = UINT64_MAX);
  store_end(store);
}

static void search_takes_its_own_signs_as_letters(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  say(store, 1, 1, VLS_MSG_SENT, "100% sure");
  say(store, 2, 1, VLS_MSG_SENT, "100 euros");
  say(store, 3, 1, VLS_MSG_SENT, "snake_case");
  say(store, 4, 1, VLS_MSG_SENT, "snakeXcase");
  say(store, 5, 1, VLS_MSG_SENT, "C:\\home");
  say(store, 6, 1, VLS_MSG_SENT, "C:home");
  say(store, 7, 1, VLS_MSG_SENT, "a 'quoted' word; Gr\xc3\xbc\xc3\x9f");
  FINDS("1 ", .search = vls_slice_str("0%"));
  FINDS("3 ", .search = vls_slice_str("e_c"));
  FINDS("5 ", .search = vls_slice_str(":\\"));
  FINDS("5 ", .search = vls_slice_str("\\"));
  FINDS("", .search = vls_slice_str("\\%"));
  FINDS("1 ", .search = vls_slice_str("%"));
  FINDS("3 ", .search = vls_slice_str("_"));
  FINDS("7 ", .search = vls_slice_str("'QUOTED'"));
  FINDS("7 ", .search = vls_slice_str("\xc3\xbc"));
  FINDS("4 3 ", .search = vls_slice_str("SNAKE"), .contact = 1);
  char longest[129];
  memset(longest, '%', 128);
  longest[128] = '\0';
  FINDS("", .search = vls_slice_str(longest));
  store_end(store);
}

static void query_ended_early_can_be_asked_again(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  for (uint64_t n = 1; n <= 9; n++)
    say(store, n, 1, VLS_MSG_SENT, "text");
  vls_message_query query = {.limit = 100};
  vls_message_row row;
  assert_true(vls_message_next(store, &query, &row));
  vls_message_end(&query);
  assert_null(query.cursor);
  vls_message_end(&query);
  FINDS("9 8 7 6 5 4 3 2 1 ", .limit = 100);
  store_end(store);
}

static void counts_are_of_what_they_say(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  for (uint64_t n = 1; n <= 20; n++)
    say(store, n, 1 + n % 2, n % 4 < 2 ? VLS_MSG_RECEIVED : VLS_MSG_QUEUED, "text");
  assert_int_equal(vls_message_count_unread(store, 1, 0), 5);
  assert_int_equal(vls_message_count_unread(store, 1, 8), 3);
  assert_int_equal(vls_message_count_unread(store, 1, 20), 0);
  assert_int_equal(vls_message_count_queued(store, 1), 5);
  assert_int_equal(vls_message_count_queued(store, 0), 10);
  vls_message_fail(store, 1, 0);
  assert_int_equal(vls_message_count_queued(store, 1), 0);
  assert_int_equal(vls_message_count_queued(store, 0), 5);
  store_end(store);
}

/* Texts 1..3 came in event 5, 4..5 in event 6 of device 1; text 6 in event 1 of device 2. */
static void seq_upto_counts_only_events_shown_whole(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  static const uint64_t seqs[] = {5, 5, 5, 6, 6, 1};
  for (uint64_t n = 1; n <= 6; n++) {
    vls_message_row row = {.n = n,
                           .contact = 1,
                           .state = VLS_MSG_RECEIVED,
                           .seq = seqs[n - 1],
                           .device = n == 6 ? 2 : 1};
    vls_message_put(store, &row);
  }
  assert_int_equal(vls_message_seq_upto(store, 1, 1, 0), 0);
  assert_int_equal(vls_message_seq_upto(store, 1, 1, 1), 4);
  assert_int_equal(vls_message_seq_upto(store, 1, 1, 2), 4);
  assert_int_equal(vls_message_seq_upto(store, 1, 1, 3), 5);
  assert_int_equal(vls_message_seq_upto(store, 1, 1, 4), 5);
  assert_int_equal(vls_message_seq_upto(store, 1, 1, 100), 6);
  assert_int_equal(vls_message_seq_upto(store, 1, 2, 5), 0);
  assert_int_equal(vls_message_seq_upto(store, 1, 2, 6), 1);
  assert_int_equal(vls_message_seq_upto(store, 2, 1, 100), 0);
  store_end(store);
}

static void span_is_the_numbers_of_my_texts_in_events(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  uint64_t first, last;
  /* n: 2 in event 1; 4, 5 in event 3; 7 cancelled; 8 in event 4 */
  static const uint64_t rows[][3] = {{2, VLS_MSG_SENT, 1},      {4, VLS_MSG_SENT, 3},
                                     {5, VLS_MSG_SENT, 3},      {6, VLS_MSG_RECEIVED, 3},
                                     {7, VLS_MSG_CANCELLED, 0}, {8, VLS_MSG_SENT, 4}};
  for (size_t i = 0; i < COUNT(rows); i++) {
    vls_message_row row = {
        .n = rows[i][0], .contact = 1, .state = (vls_message_state)rows[i][1], .seq = rows[i][2]};
    vls_message_put(store, &row);
  }
  static const uint64_t events[][3] = {{1, 2, 2}, {2, 0, 0}, {3, 4, 5}, {4, 8, 8}};
  static const uint8_t sig[64];
  for (size_t i = 0; i < COUNT(events); i++)
    vls_event_put(store, &(vls_event_row){.contact = 1,
                                          .seq = events[i][0],
                                          .first = events[i][1],
                                          .last = events[i][2],
                                          .sig = sig});
  assert_true(vls_message_span(store, 1, 1, 4, &first, &last));
  assert_int_equal(first, 2);
  assert_int_equal(last, 8);
  assert_true(vls_message_span(store, 1, 2, 3, &first, &last));
  assert_int_equal(first, 4);
  assert_int_equal(last, 5);
  assert_false(vls_message_span(store, 1, 2, 2, &first, &last));
  assert_false(vls_message_span(store, 1, 5, 9, &first, &last));
  assert_false(vls_message_span(store, 2, 1, 9, &first, &last));
  store_end(store);
}

static void event_comes_back_for_each_device(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  uint8_t sig[64], back[64];
  vls_buf header;
  vls_buf_init(&header, 100);
  for (uint8_t device = 0; device < 3; device++) {
    memset(sig, device, sizeof sig);
    vls_event_row event = {
        .contact = 1, .device = device, .seq = 1, .header = vls_slice_of(&device, 1), .sig = sig};
    vls_event_put(store, &event);
  }
  for (uint8_t device = 0; device < 3; device++) {
    vls_buf_clear(&header);
    assert_true(vls_event_get(store, 1, device, 1, &header, back));
    assert_int_equal(header.p[0], device);
    assert_int_equal(back[63], device);
  }
  assert_true(vls_event_get(store, 1, 0, 1, &header, NULL));
  assert_false(vls_event_get(store, 1, 0, 2, &header, back));
  assert_false(vls_event_get(store, 2, 0, 1, &header, back));
  vls_buf_done(&header);
  store_end(store);
}

/* Events 1..4 of a device: two with texts, two without. */
static void put_events(vls_store *store, uint64_t device, uint64_t n) {
  static const uint8_t sig[64];
  for (uint64_t seq = 1; seq <= 4; seq++) {
    bool has = seq % 2 == 0;
    vls_event_row event = {.contact = 1, .device = device, .seq = seq, .sig = sig};
    if (has) event.first = n;
    for (uint64_t idx = 0; has && idx < 3; idx++)
      vls_message_put(store, &(vls_message_row){.n = event.last = n++,
                                                .contact = 1,
                                                .state = VLS_MSG_RECEIVED,
                                                .device = device,
                                                .seq = seq,
                                                .idx = idx});
    vls_event_put(store, &event);
  }
}

static void expect_texts(vls_store *store) {
  static const uint64_t firsts[] = {0, 1, 0, 4}; /* of device 1; device 2 comes behind it */
  for (uint64_t device = 1; device <= 2; device++)
    for (uint64_t seq = 1; seq <= 4; seq++) {
      uint64_t first, last, expected = firsts[seq - 1];
      if (expected > 0) expected += (device - 1) * 6;
      vls_event_texts(store, 1, device, seq, &first, &last);
      assert_int_equal(first, expected);
      assert_int_equal(last, expected == 0 ? 0 : expected + 2);
    }
}

/* Also where an older version, or a backup of one, did not note it. */
static void event_knows_where_its_texts_are(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  put_events(store, 1, 1);
  put_events(store, 2, 7);
  expect_texts(store);
  vls_sql_run(store, vls_sql_write(store, "UPDATE event SET first=0, last=0 WHERE seq<>3"));
  vls_event_find_texts(store);
  expect_texts(store);
  vls_event_find_texts(store); /* nothing is looked for twice */
  expect_texts(store);
  store_end(store);
}

static void outbox_put(vls_store *store, uint64_t seq, uint64_t first, uint64_t last) {
  vls_outbox_row row = {.seq = seq, .first = first, .last = last, .at = 10 * seq};
  char record[32];
  snprintf(record, sizeof record, "record %u", (unsigned)seq);
  vls_outbox_put(store, 1, &row, vls_slice_str("extra"), vls_slice_str(record));
}

static uint64_t next_in_outbox(vls_store *store, uint64_t after) {
  vls_outbox_row row;
  vls_buf record;
  vls_buf_init(&record, 100);
  uint64_t seq = vls_outbox_next(store, 1, after, &row, &record) ? row.seq : 0;
  vls_buf_done(&record);
  return seq;
}

/* Texts first..last in event seq. */
static void in_event(vls_store *store, uint64_t seq, uint64_t first, uint64_t last) {
  for (uint64_t n = first; n <= last; n++) {
    vls_message_row row = {.n = n, .contact = 1, .state = VLS_MSG_SENT, .seq = seq};
    vls_message_put(store, &row);
  }
  outbox_put(store, seq, first, last);
}

/* Numbers are given over all talks: between two of one event stand texts of others, and theirs. */
static void outbox_counts_texts_and_not_numbers(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  say(store, 1, 1, VLS_MSG_SENT, "mine");
  say(store, 2, 1, VLS_MSG_RECEIVED, "theirs");
  say(store, 3, 2, VLS_MSG_SENT, "to another");
  say(store, 4, 1, VLS_MSG_CANCELLED, "taken back");
  vls_message_set(store, 1, VLS_MSG_SENT, 7, 0);
  in_event(store, 7, 5, 5);
  vls_outbox_delivered(store, 1, 7);
  outbox_put(store, 7, 1, 5);
  assert_int_equal(vls_outbox_count(store, 1), 2);
  assert_int_equal(vls_outbox_count(store, 0), 2);
  vls_message_fail(store, 1, 7);
  assert_int_equal(vls_outbox_count(store, 1), 2); /* it had arrived */
  vls_message_fail(store, 1, 6);
  assert_int_equal(vls_outbox_count(store, 1), 0);
  vls_message_revive(store, 1);
  assert_int_equal(vls_outbox_count(store, 1), 2);
  store_end(store);
}

static void outbox_knows_of_an_event_without_texts(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  in_event(store, 1, 1, 1);
  assert_false(vls_outbox_has_bare(store, 1));
  outbox_put(store, 2, 0, 0);
  assert_true(vls_outbox_has_bare(store, 1));
  assert_false(vls_outbox_has_bare(store, 2));
  vls_outbox_taken(store, 1, 2);
  assert_false(vls_outbox_has_bare(store, 1));
  store_end(store);
}

static void outbox_gives_what_no_link_has_taken(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  vls_outbox_row row;
  vls_buf record;
  vls_buf_init(&record, 100);
  in_event(store, 3, 1, 2);
  outbox_put(store, 4, 0, 0); /* a receipt */
  in_event(store, 5, 3, 3);
  assert_true(vls_outbox_next(store, 1, 0, &row, &record));
  assert_int_equal(row.seq, 3);
  assert_int_equal(row.first, 1);
  assert_int_equal(row.last, 2);
  assert_int_equal(row.at, 30);
  assert_true(vls_slice_eq(vls_buf_slice(&record), vls_slice_str("record 3")));
  assert_int_equal(next_in_outbox(store, 3), 4);
  assert_int_equal(next_in_outbox(store, 5), 0);
  assert_int_equal(vls_outbox_count(store, 1), 3);
  assert_int_equal(vls_outbox_count(store, 0), 3);
  assert_int_equal(vls_outbox_count(store, 2), 0);
  vls_outbox_taken(store, 1, 3);
  vls_outbox_taken(store, 1, 4);
  vls_outbox_taken(store, 1, 99);
  assert_int_equal(next_in_outbox(store, 0), 5);
  assert_int_equal(vls_outbox_count(store, 1), 3); /* still without a receipt */
  assert_int_equal(vls_outbox_oldest(store, 1), 1);
  vls_buf_done(&record);
  store_end(store);
}

static void outbox_seals_again_what_has_no_receipt(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  vls_outbox_row row = {0};
  vls_buf extra;
  vls_buf_init(&extra, 100);
  for (uint64_t seq = 1; seq <= 3; seq++)
    outbox_put(store, seq, seq, seq);
  vls_outbox_taken(store, 1, 1);
  assert_true(vls_outbox_unsealed(store, 1, 0, &row, &extra));
  assert_int_equal(row.seq, 1);
  assert_true(row.taken);
  assert_true(vls_slice_eq(vls_buf_slice(&extra), vls_slice_str("extra")));
  vls_outbox_reseal(store, 1, 1, vls_slice_str("anew"));
  assert_int_equal(next_in_outbox(store, 0), 1);
  assert_true(vls_outbox_unsealed(store, 1, 1, &row, &extra));
  assert_int_equal(row.seq, 2);
  assert_false(row.taken);
  assert_false(vls_outbox_unsealed(store, 1, 3, &row, &extra));
  vls_buf_done(&extra);
  store_end(store);
}

static void receipt_covers_what_came_before(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  uint64_t first, last;
  outbox_put(store, 1, 1, 2);
  outbox_put(store, 2, 0, 0);
  outbox_put(store, 3, 5, 5);
  in_event(store, 4, 6, 9);
  assert_true(vls_message_range(store, 1, 1, 3, &first, &last));
  assert_int_equal(first, 1);
  assert_int_equal(last, 5);
  assert_false(vls_message_range(store, 1, 2, 2, &first, &last));
  assert_false(vls_message_range(store, 2, 1, 9, &first, &last));
  vls_outbox_delivered(store, 1, 3);
  assert_int_equal(vls_outbox_count(store, 1), 4);
  assert_int_equal(vls_outbox_oldest(store, 1), 6);
  vls_outbox_delivered(store, 1, 4);
  assert_int_equal(vls_outbox_oldest(store, 1), 0);
  assert_false(vls_message_range(store, 1, 1, 9, &first, &last));
  store_end(store);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(message_comes_back_at_its_largest),
      cmocka_unit_test(messages_are_found_by_contact_number_time_and_state),
      cmocka_unit_test(query_with_numbers_of_64_bits_finds_what_they_say),
      cmocka_unit_test(search_takes_its_own_signs_as_letters),
      cmocka_unit_test(query_ended_early_can_be_asked_again),
      cmocka_unit_test(counts_are_of_what_they_say),
      cmocka_unit_test(seq_upto_counts_only_events_shown_whole),
      cmocka_unit_test(span_is_the_numbers_of_my_texts_in_events),
      cmocka_unit_test(event_comes_back_for_each_device),
      cmocka_unit_test(event_knows_where_its_texts_are),
      cmocka_unit_test(outbox_counts_texts_and_not_numbers),
      cmocka_unit_test(outbox_knows_of_an_event_without_texts),
      cmocka_unit_test(outbox_gives_what_no_link_has_taken),
      cmocka_unit_test(outbox_seals_again_what_has_no_receipt),
      cmocka_unit_test(receipt_covers_what_came_before),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
