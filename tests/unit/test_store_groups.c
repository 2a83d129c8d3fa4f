#include "store_made.h"

#include "store/group_pass.h"
#include "store/group_rows.h"
#include "store/groups.h"
#include "store/messages.h"

static vls_slice str(const char *s) {
  return vls_slice_str(s);
}

static uint64_t put_group(vls_store *store, const char *name, unsigned number) {
  vls_grp_row row = {.state = VLS_GRP_MEMBER, .created = 7};
  uint8_t room[VLS_FOLD_MAX];
  vls_buf fold = {.p = NULL, .max = sizeof room};
  snprintf(row.name, sizeof row.name, "%s", name);
  key_of(row.gid, number);
  vls_grp_fold(&row, &fold);
  vls_grp_put(store, &row, vls_buf_slice(&fold));
  vls_buf_done(&fold);
  return row.id;
}

static uint64_t put_contact(vls_store *store, const char *name, unsigned number) {
  vls_contact_row row = {.state = VLS_CONTACT_READY};
  snprintf(row.name, sizeof row.name, "%s", name);
  key_of(row.identity, number);
  vls_contact_put(store, &row, str(name));
  return row.id;
}

static void groups_and_contacts_share_one_sequence_of_numbers(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  assert_int_equal(put_contact(store, "ana", 1), 1);
  assert_int_equal(put_group(store, "Choir", 2), 2);
  assert_int_equal(put_contact(store, "bao", 3), 3);
  assert_int_equal(put_group(store, "House", 4), 4);
  assert_int_equal(vls_grp_forget(store, 4), 0);
  assert_int_equal(vls_talk_next(store), 5);
  store_end(store);
}

static void group_is_found_by_name_and_by_id(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  uint64_t id = put_group(store, "Choir", 2);
  uint8_t gid[32];
  vls_grp_row row;
  assert_int_equal(vls_grp_by_fold(store, str("choir")), id);
  assert_int_equal(vls_grp_by_gid(store, key_of(gid, 2)), id);
  assert_int_equal(vls_grp_by_gid(store, key_of(gid, 3)), 0);
  vls_grp_set_link(store, id, str("link"));
  vls_grp_set_read(store, id, 9);
  assert_true(vls_grp_next(store, 0, &row));
  assert_string_equal(row.name, "Choir");
  assert_int_equal(row.read_n, 9);
  assert_int_equal(row.created, 7);
  snprintf(row.name, sizeof row.name, "Band");
  row.state = VLS_GRP_LEFT;
  vls_grp_update(store, &row, str("band"));
  assert_int_equal(vls_grp_by_fold(store, str("choir")), 0);
  assert_true(vls_grp_next(store, 0, &row));
  assert_int_equal(row.state, VLS_GRP_LEFT);
  assert_false(vls_grp_next(store, id, &row));
  store_end(store);
}

/* Names that are none, and those of who is forgotten, take no name from another group. */
static void group_without_a_name_is_told_apart_by_its_id(void **state) {
  (void)state;
  static const struct {
    const char *name;
    vls_grp_state state;
  } cases[] = {{"", VLS_GRP_MEMBER},
               {" ", VLS_GRP_MEMBER},
               {"\xff", VLS_GRP_MEMBER},
               {"Choir", VLS_GRP_FORGOTTEN}};
  vls_buf fold;
  vls_buf_init(&fold, VLS_FOLD_MAX);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    vls_grp_row row = {.state = cases[i].state};
    uint8_t expected[33] = {0};
    snprintf(row.name, sizeof row.name, "%s", cases[i].name);
    memcpy(expected + 1, key_of(row.gid, 3), 32);
    vls_buf_clear(&fold);
    vls_grp_fold(&row, &fold);
    assert_true(vls_slice_eq(vls_buf_slice(&fold), vls_slice_of(expected, sizeof expected)));
  }
  vls_buf_done(&fold);
}

static void link_of_a_group_is_whole_or_not_there(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  uint64_t id = put_group(store, "Choir", 2);
  vls_buf small = {.max = 3}, room = {.max = 4};
  assert_false(vls_grp_link(store, id, &room));
  vls_grp_set_link(store, id, str("link"));
  assert_false(vls_grp_link(store, id + 1, &room));
  assert_false(vls_grp_link(store, id, &small));
  assert_int_equal(small.n, 0);
  assert_true(vls_grp_link(store, id, &room));
  assert_true(vls_slice_eq(vls_buf_slice(&room), str("link")));
  vls_buf_done(&small);
  vls_buf_done(&room);
  store_end(store);
}

static void forgotten_group_leaves_its_number_and_its_name(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  uint64_t id = put_group(store, "Choir", 2);
  uint8_t key[32];
  vls_message_row m = {.n = 1, .contact = id, .state = VLS_MSG_RECEIVED, .author = 3, .item = 5};
  m.body = str("la");
  vls_message_put(store, &m);
  vls_buf body = {.max = 10};
  assert_true(vls_message_get(store, 1, &m, &body));
  assert_int_equal(m.author, 3);
  assert_int_equal(m.item, 5);
  vls_buf_done(&body);
  vls_gevent_row e = {.grp = id, .device = vls_gdevice(store, id, key_of(key, 8), 3), .seq = 1};
  vls_gevent_put(store, &e);
  vls_grow row = {.kind = 1, .key = str("k"), .value = str("v")};
  vls_grow_put(store, id, &row);
  assert_int_equal(vls_grp_forget(store, id), 1);
  assert_false(vls_gevent_get(store, e.n, &e, NULL));
  vls_grow_query query = {.grp = id};
  assert_false(vls_grow_next(store, &query, &row));
  assert_int_equal(vls_message_newest(store), 1);
  assert_int_equal(vls_grp_by_fold(store, str("choir")), 0);
  assert_int_equal(put_group(store, "Choir", 3), id + 1);
  store_end(store);
}

static void events_are_found_by_id_and_by_place(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  uint64_t g = put_group(store, "Choir", 2), first, last;
  uint8_t key[32];
  vls_gdevice_row dev;
  uint64_t ana = vls_gdevice(store, g, key_of(key, 8), 3);
  assert_int_equal(ana, 1);
  assert_int_equal(vls_gdevice(store, g, key_of(key, 9), 4), 2);
  assert_int_equal(vls_gdevice(store, g, key_of(key, 8), 3), 1);
  vls_gevent_row act = {.grp = g, .device = 2, .seq = 1, .is_act = true, .bytes = str("act")};
  vls_gevent_row said = {.grp = g, .device = 1, .seq = 5, .at = 6, .bytes = str("said")};
  vls_gevent_row got;
  key_of(act.id, 20);
  key_of(said.id, 21);
  vls_gevent_put(store, &act);
  vls_gevent_put(store, &said);
  vls_gevent_set_texts(store, said.n, 30, 31);
  vls_buf bytes = {.max = 100};
  assert_true(vls_gevent_by_id(store, g, said.id, &got, &bytes));
  assert_int_equal(got.n, said.n);
  assert_true(vls_slice_eq(got.bytes, str("said")));
  assert_false(vls_gevent_by_id(store, g + 1, said.id, &got, &bytes));
  assert_false(vls_gevent_by_id(store, g, key, &got, &bytes));
  assert_true(vls_gevent_by_seq(store, g, 1, 5, &got, NULL));
  assert_int_equal(got.first, 30);
  assert_false(vls_gevent_by_seq(store, g, 1, 6, &got, NULL));
  assert_true(vls_gevent_next(store, g, true, 0, &got, NULL));
  assert_int_equal(got.n, act.n);
  assert_false(vls_gevent_next(store, g, true, act.n, &got, NULL));
  assert_true(vls_gevent_next(store, g, false, 0, &got, NULL));
  assert_int_equal(got.n, said.n);
  assert_true(vls_gevent_texts(store, g, 1, 1, UINT64_MAX, &first, &last));
  assert_int_equal(first, 30);
  assert_int_equal(last, 31);
  assert_false(vls_gevent_texts(store, g, 1, 6, 9, &first, &last));
  uint64_t before = vls_gdevice_bytes_of(store, g, 3);
  vls_gevent_replace(store, said.n, str("x"));
  assert_int_equal(vls_gdevice_bytes_of(store, g, 3), before - 3);
  assert_true(vls_gdevice_bytes(store, g) > before);
  assert_true(vls_gdevice_get(store, g, 2, &dev));
  assert_int_equal(dev.author, 4);
  assert_true(vls_gdevice_next(store, g, 1, &dev));
  assert_false(vls_gdevice_next(store, g, 2, &dev));
  assert_int_equal(vls_gevent_count(store, g, false), 1);
  vls_gevent_row twin = {.grp = g, .device = 1, .seq = 5, .at = 7, .bytes = str("twin")};
  key_of(twin.id, 22);
  vls_gevent_put(store, &twin);
  vls_gevent_set_texts(store, twin.n, 40, 41);
  assert_true(vls_gevent_of_text(store, g, 1, 5, 41, &got, NULL));
  assert_int_equal(got.n, twin.n);
  assert_true(vls_gevent_of_text(store, g, 1, 5, 30, &got, NULL));
  assert_int_equal(got.n, said.n);
  assert_false(vls_gevent_of_text(store, g, 1, 6, 30, &got, NULL));
  vls_buf_done(&bytes);
  store_end(store);
}

static void put_record(vls_store *store, uint64_t grp, unsigned number, uint64_t at) {
  vls_grecord_row row = {.grp = grp, .at = at, .record = str("record")};
  key_of(row.id, number);
  assert_false(vls_grecord_has(store, grp, row.id));
  vls_grecord_put(store, &row);
  assert_true(vls_grecord_has(store, grp, row.id));
  assert_int_equal(row.n, vls_grecord_newest(store, grp));
}

static void records_are_listed_and_dropped_by_age(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  uint8_t ids[4][32], key[32];
  uint64_t last[4] = {0};
  for (unsigned i = 1; i <= VLS_GRECORD_DROP + 10; i++)
    put_record(store, 1 + i % 2, i, i);
  assert_int_equal(vls_grecord_count(store, 1, 0), VLS_GRECORD_DROP / 2 + 5);
  assert_int_equal(vls_grecord_ids(store, 1, 2, ids, last, 4), 4);
  assert_int_equal(last[0], 4);
  assert_int_equal(last[3], 10);
  assert_memory_equal(ids[0], key_of(key, 4), 32);
  assert_int_equal(vls_grecord_ids(store, 1, VLS_GRECORD_DROP + 9, ids, last, 4), 1);
  assert_false(vls_grecord_drop_before(store, 1));
  assert_false(vls_grecord_drop_before(store, 3));
  assert_int_equal(vls_grecord_count(store, 1, 0), VLS_GRECORD_DROP / 2 + 4);
  assert_true(vls_grecord_drop_before(store, UINT64_MAX >> 1));
  assert_false(vls_grecord_drop_before(store, UINT64_MAX >> 1));
  assert_int_equal(vls_grecord_count(store, 1, 0), 1); /* for its number */
  vls_grecord_row row;
  vls_buf record = {.max = 10};
  assert_true(vls_grecord_by_id(store, 1, key_of(key, VLS_GRECORD_DROP + 10), &row, &record));
  assert_true(vls_slice_eq(row.record, str("record")));
  vls_grecord_set_event(store, row.n, 77);
  assert_true(vls_grecord_get(store, row.n, &row, NULL));
  assert_int_equal(row.event, 77);
  vls_buf_done(&record);
  store_end(store);
}

static void of_notes_the_newest_counts(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  vls_gnote_row note = {.what = 1, .version = 5, .body = str("five")}, got;
  vls_buf body = {.max = 100};
  key_of(note.who, 1);
  assert_true(vls_gnote_put(store, 1, &note));
  assert_false(vls_gnote_put(store, 1, &note));
  note.version = 4;
  assert_false(vls_gnote_put(store, 1, &note));
  note.version = 6;
  note.body = str("six");
  assert_true(vls_gnote_put(store, 1, &note));
  assert_true(vls_gnote_get(store, 1, 1, note.who, &got, &body));
  assert_true(vls_slice_eq(got.body, str("six")));
  assert_false(vls_gnote_get(store, 1, 2, note.who, &got, &body));
  key_of(note.who, 2);
  assert_true(vls_gnote_put(store, 1, &note));
  assert_true(vls_gnote_next(store, 1, 1, NULL, &got, NULL));
  assert_true(vls_gnote_next(store, 1, 1, got.who, &got, NULL));
  assert_memory_equal(got.who, note.who, 32);
  assert_false(vls_gnote_next(store, 1, 1, got.who, &got, NULL));
  vls_gnote_drop(store, 1, 1, note.who);
  assert_false(vls_gnote_get(store, 1, 1, note.who, &got, NULL));
  vls_buf_done(&body);
  store_end(store);
}

static void wraps_are_given_one_by_one(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  uint8_t commit[32], wraps[3 * 48] = {0}, got[48];
  key_of(commit, 1);
  memset(wraps, 1, 48);
  memset(wraps + 96, 3, 48);
  vls_gwrap_put(store, 1, commit, 10, vls_slice_of(wraps, sizeof wraps));
  assert_true(vls_gwrap_get(store, 1, commit, 2, got));
  assert_memory_equal(got, wraps + 96, 48);
  assert_false(vls_gwrap_get(store, 1, commit, 1, got));
  assert_false(vls_gwrap_get(store, 1, commit, 3, got));
  assert_false(vls_gwrap_get(store, 2, commit, 0, got));
  vls_gwrap_drop_before(store, 10);
  assert_true(vls_gwrap_get(store, 1, commit, 0, got));
  vls_gwrap_drop_before(store, 11);
  assert_false(vls_gwrap_get(store, 1, commit, 0, got));
  store_end(store);
}

static void marks_and_asks_come_back(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  vls_gmark mark = {.mark = {1}, .n = 5}, got;
  uint8_t key[32];
  vls_gmark_put(store, 1, key_of(key, 1), &mark);
  assert_true(vls_gmark_get(store, 1, key, &got));
  assert_int_equal(got.n, 5);
  vls_gmark_drop(store, 1, key);
  assert_false(vls_gmark_get(store, 1, key, &got));
  vls_gask_row ask = {.at = 3, .ask = str("ask")}, found;
  for (unsigned i = 0; i < VLS_GASK_MAX; i++) {
    key_of(ask.identity, i);
    assert_int_equal(vls_gask_put(store, 1, &ask), VLS_OK);
  }
  assert_int_equal(vls_gask_put(store, 1, &ask), VLS_OK); /* once more the same */
  key_of(ask.identity, VLS_GASK_MAX);
  assert_int_equal(vls_gask_put(store, 1, &ask), VLS_LIMITED);
  assert_int_equal(vls_gask_put(store, 2, &ask), VLS_OK);
  assert_true(vls_gask_next(store, 2, NULL, &found, NULL));
  vls_gask_drop(store, 2, ask.identity);
  assert_false(vls_gask_get(store, 2, ask.identity, &found, NULL));
  store_end(store);
}

static void words_go_in_portions_with_their_texts(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  uint64_t grp = put_group(store, "Choir", 2);
  for (unsigned i = 1; i <= VLS_GEVENT_FORGET + 2; i++) {
    vls_gevent_row row = {
        .grp = grp, .seq = i, .first = i, .last = i, .at = i, .bytes = str("an event")};
    vls_message_row m = {.n = i, .contact = grp, .seq = i, .stamp = i, .at = i, .body = str("x")};
    key_of(row.id, i);
    vls_message_put(store, &m);
    vls_gevent_put(store, &row);
  }
  vls_gevent_row act = {.grp = grp, .seq = 9999, .at = 1, .is_act = true, .bytes = str("an act")};
  vls_gevent_put(store, &act);
  assert_int_equal(vls_gevent_forget(store, grp + 1, 1000000), 0);
  assert_int_equal(vls_gevent_forget(store, grp, VLS_GEVENT_FORGET + 2), VLS_GEVENT_FORGET);
  assert_int_equal(vls_gevent_forget(store, grp, VLS_GEVENT_FORGET + 2), 1);
  assert_int_equal(vls_gevent_forget(store, grp, VLS_GEVENT_FORGET + 2), 0);
  assert_int_equal(vls_gevent_count(store, grp, false), 1);
  assert_int_equal(vls_gevent_count(store, grp, true), 1);
  assert_int_equal(vls_grp_forget(store, grp), 1); /* one text is left */
  assert_int_equal(vls_message_newest(store), VLS_GEVENT_FORGET + 2);
  store_end(store);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(groups_and_contacts_share_one_sequence_of_numbers),
      cmocka_unit_test(group_is_found_by_name_and_by_id),
      cmocka_unit_test(group_without_a_name_is_told_apart_by_its_id),
      cmocka_unit_test(link_of_a_group_is_whole_or_not_there),
      cmocka_unit_test(forgotten_group_leaves_its_number_and_its_name),
      cmocka_unit_test(events_are_found_by_id_and_by_place),
      cmocka_unit_test(records_are_listed_and_dropped_by_age),
      cmocka_unit_test(of_notes_the_newest_counts),
      cmocka_unit_test(words_go_in_portions_with_their_texts),
      cmocka_unit_test(wraps_are_given_one_by_one),
      cmocka_unit_test(marks_and_asks_come_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
