/* Tables of groups and remarks at their edges: a store that failed gives nothing more and changes
 * nothing; lists that fill what they are given; texts, versions and signs that go. */
#include "store_made.h"

#include "store/feed.h"
#include "store/group_due.h"
#include "store/group_pass.h"
#include "store/group_rows.h"
#include "store/groups.h"
#include "store/messages.h"
#include "store/remarks.h"
#include "store/sql.h"

static const uint8_t gid[32] = {1}, event_id[32] = {2}, device[32] = {3}, record_id[32] = {4};

static vls_slice str(const char *s) {
  return vls_slice_str(s);
}

static void put_text(vls_store *store, uint64_t n, const char *text) {
  vls_message_row row = {
      .n = n, .contact = 1, .state = VLS_MSG_RECEIVED, .device = 1, .seq = n, .body = str(text)};
  vls_message_put(store, &row);
}

static void put_group(vls_store *store) {
  vls_grp_row row = {.state = VLS_GRP_MEMBER, .name = "Choir"};
  memcpy(row.gid, gid, 32);
  vls_grp_put(store, &row, str("choir"));
  assert_int_equal(row.id, 1);
}

/* A store with one of each. */
static vls_store *made(void) {
  vls_store *store = store_in_memory();
  vls_gevent_row event = {.grp = 1, .seq = 1, .first = 1, .last = 1, .bytes = str("event")};
  vls_grecord_row record = {.grp = 1, .event = 1, .record = str("record")};
  vls_gdue_row due = {.grp = 1, .contact = 2, .kind = VLS_GDUE_INVITE, .body = str("item")};
  vls_greport_row report = {.grp = 1, .by = 2, .report = str("report")};
  vls_gnote_row note = {.what = 1, .version = 1, .body = str("card")};
  vls_gask_row ask = {.ask = str("ask")};
  vls_grow row = {1, str("key"), VLS_GROW_STATE, str("value")};
  vls_remark_row remark = {
      .n = 2, .talk = 1, .kind = VLS_REMARK_REACTION, .state = VLS_REMARK_COUNTS, .about = 1};
  put_group(store);
  put_text(store, 1, "a text");
  put_text(store, 2, "+1");
  memcpy(event.id, event_id, 32);
  memcpy(record.id, record_id, 32);
  vls_gevent_put(store, &event);
  vls_grecord_put(store, &record);
  assert_int_equal(vls_gdue_put(store, &due), VLS_OK);
  assert_true(vls_greport_put(store, &report));
  assert_true(vls_gnote_put(store, 1, &note));
  assert_int_equal(vls_gask_put(store, 1, &ask), VLS_OK);
  vls_grow_put(store, 1, &row);
  vls_remarks_put(store, &remark);
  vls_gmark_put(store, 1, device, &(vls_gmark){.n = 1});
  assert_int_equal(vls_gdevice(store, 1, device, 2), 1);
  assert_int_equal(vls_store_commit(store), VLS_OK);
  vls_sql_fail(store, SQLITE_FULL, "a disk that is full");
  return store;
}

/* It says why, and after a rollback all is as it was. */
static void end(vls_store *store) {
  uint64_t first, last;
  assert_int_equal(vls_store_error(store), VLS_FULL);
  assert_int_equal(vls_store_commit(store), VLS_FULL);
  vls_store_rollback(store);
  assert_int_equal(vls_grp_by_gid(store, gid), 1);
  assert_true(vls_gevent_texts(store, 1, 0, 1, 1, &first, &last));
  assert_true(vls_grecord_has(store, 1, record_id));
  assert_int_equal(vls_gevent_newest(store), 1);
  assert_int_equal(vls_grecord_newest(store, 1), 1);
  assert_int_equal(vls_remarks_count(store, 1, VLS_REMARK_REACTION), 1);
  store_end(store);
}

static void failed_store_takes_nothing_of_groups(void **state) {
  (void)state;
  vls_store *store = made();
  vls_gevent_row event = {.grp = 1, .seq = 2, .bytes = str("more")};
  vls_grecord_row record = {.grp = 1, .record = str("more")};
  vls_gdue_row due = {.grp = 1, .contact = 2, .kind = VLS_GDUE_INVITE, .body = str("more")};
  vls_greport_row report = {.grp = 1, .by = 3, .report = str("more")};
  vls_gnote_row note = {.what = 1, .version = 2, .body = str("newer")};
  vls_grow row = {1, str("key"), VLS_GROW_STATE, str("other")};
  vls_grp_row group = {.state = VLS_GRP_MEMBER, .name = "House", .gid = {9}};
  vls_remark_row remark = {.n = 1, .talk = 1, .kind = VLS_REMARK_EDIT, .stamp = UINT64_MAX};
  vls_grp_put(store, &group, str("house"));
  vls_gevent_put(store, &event);
  vls_grecord_put(store, &record);
  assert_true(vls_gdue_put(store, &due) == VLS_OK || due.n == 0);
  assert_true(!vls_greport_put(store, &report) || report.n == 0);
  vls_gnote_put(store, 1, &note);
  vls_grow_put(store, 1, &row);
  vls_grow_drop(store, 1, &row);
  vls_remarks_put(store, &remark);
  vls_gevent_replace(store, 1, str("gone"));
  vls_gevent_set_texts(store, 1, 0, 0);
  vls_grecord_set_event(store, 1, 9);
  assert_int_equal(event.n, 0);
  assert_int_equal(record.n, 0);
  assert_int_equal(vls_grp_forget(store, 1), 0);
  assert_int_equal(vls_gevent_forget(store, 1, UINT64_MAX), 0);
  assert_int_equal(vls_remarks_orphan(store, 1), 0);
  vls_remarks_wipe(store, 1);
  vls_remarks_give_up(store, 1);
  end(store);
}

static void failed_store_gives_nothing_of_groups(void **state) {
  (void)state;
  vls_store *store = made();
  vls_gevent_row event;
  vls_grecord_row record;
  vls_grp_row group;
  vls_gask_row ask;
  vls_gnote_row note;
  vls_remark_row remark;
  vls_remark_tally tally[VLS_REMARK_SIGNS];
  vls_grow_query query = {.grp = 1};
  vls_grow row;
  vls_gmark mark;
  vls_buf bytes;
  uint8_t ids[2][32];
  uint64_t first = 7, last = 7, numbers[2];
  vls_buf_init(&bytes, 1000);
  assert_false(vls_gevent_get(store, 1, &event, &bytes));
  assert_false(vls_gevent_by_id(store, 1, event_id, &event, &bytes));
  assert_false(vls_gevent_next(store, 1, false, 0, &event, &bytes));
  assert_false(vls_gevent_texts(store, 1, 0, 1, 9, &first, &last));
  assert_false(vls_grecord_get(store, 1, &record, &bytes));
  assert_int_equal(vls_grecord_ids(store, 1, 0, ids, numbers, 2), 0);
  assert_false(vls_grp_next(store, 0, &group));
  assert_false(vls_grp_link(store, 1, &bytes));
  assert_false(vls_gask_next(store, 1, NULL, &ask, &bytes));
  assert_false(vls_gnote_next(store, 1, 1, NULL, &note, &bytes));
  assert_false(vls_gmark_get(store, 1, device, &mark));
  assert_false(vls_grow_next(store, &query, &row));
  vls_grow_end(&query);
  assert_false(vls_remarks_get(store, 2, &remark));
  assert_int_equal(vls_remarks_about(store, 1, 0, numbers, 2), 0);
  assert_int_equal(vls_remarks_edits(store, 1, numbers, 2), 0);
  assert_int_equal(vls_remarks_tally(store, 1, tally, &first), 0);
  assert_int_equal(vls_message_find_unsent(store, 1, str("a text"), &remark, 9), 0);
  vls_buf_done(&bytes);
  end(store);
}

/* What does not fit into the buffer of the caller is not given in part. */
static void what_does_not_fit_is_not_given(void **state) {
  (void)state;
  vls_store *store = made();
  vls_gevent_row event;
  vls_grecord_row record;
  vls_buf bytes;
  vls_store_rollback(store);
  vls_buf_init(&bytes, 3);
  assert_false(vls_gevent_get(store, 1, &event, &bytes));
  assert_false(vls_grecord_get(store, 1, &record, &bytes));
  vls_buf_done(&bytes);
  vls_store_rollback(store);
  vls_store_close(store);
}

static void forgotten_group_has_a_key_that_no_name_has(void **state) {
  (void)state;
  vls_grp_row row = {.state = VLS_GRP_FORGOTTEN, .name = "Choir", .gid = {5}};
  vls_buf fold;
  vls_buf_init(&fold, VLS_FOLD_MAX);
  vls_grp_fold(&row, &fold);
  assert_int_equal(fold.n, 33);
  assert_int_equal(fold.p[0], 0);
  assert_memory_equal(fold.p + 1, row.gid, 32);
  vls_buf_clear(&fold);
  row.state = VLS_GRP_MEMBER;
  row.name[0] = '\0'; /* nothing to fold */
  vls_grp_fold(&row, &fold);
  assert_int_equal(fold.n, 33);
  vls_buf_done(&fold);
}

static void put_remark(vls_store *store, uint64_t n, vls_remark_kind kind, const char *words) {
  vls_remark_row row = {.n = n,
                        .talk = 1,
                        .kind = kind,
                        .state = VLS_REMARK_COUNTS,
                        .author = n,
                        .stamp = n,
                        .about = 1};
  put_text(store, n, words);
  vls_remarks_put(store, &row);
}

static void lists_of_remarks_end_where_they_are_full(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  vls_remark_tally tally[VLS_REMARK_SIGNS];
  uint64_t numbers[2], all;
  char sign[8];
  put_text(store, 1, "a text");
  for (unsigned i = 0; i < VLS_REMARK_SIGNS + 2; i++) {
    snprintf(sign, sizeof sign, "s%u", i);
    put_remark(store, 10 + i, VLS_REMARK_REACTION, sign);
  }
  put_remark(store, 100, VLS_REMARK_REACTION, "a sign that is longer than any sign may be at all");
  put_remark(store, 101, VLS_REMARK_EDIT, "another");
  put_remark(store, 102, VLS_REMARK_EDIT, "and another");
  put_remark(store, 103, VLS_REMARK_EDIT, "the last");
  assert_int_equal(vls_remarks_tally(store, 1, tally, &all), VLS_REMARK_SIGNS);
  assert_int_equal(all, VLS_REMARK_SIGNS + 3);
  assert_int_equal(vls_remarks_about(store, 1, 0, numbers, 2), 2);
  assert_int_equal(numbers[1], 11);
  assert_int_equal(vls_remarks_edits(store, 1, numbers, 2), 2);
  assert_int_equal(vls_remarks_orphan(store, 1), VLS_REMARK_SIGNS + 6);
  assert_int_equal(vls_remarks_orphan(store, 1), 0);
  assert_int_equal(vls_remarks_orphan(store, 0), 0);
  vls_remarks_drop(store, 103);
  assert_false(vls_remarks_get(store, 103, &(vls_remark_row){0}));
  store_end(store);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(failed_store_takes_nothing_of_groups),
      cmocka_unit_test(failed_store_gives_nothing_of_groups),
      cmocka_unit_test(what_does_not_fit_is_not_given),
      cmocka_unit_test(forgotten_group_has_a_key_that_no_name_has),
      cmocka_unit_test(lists_of_remarks_end_where_they_are_full),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
