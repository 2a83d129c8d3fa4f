#include "store_made.h"

#include "store/group_due.h"

static vls_gdue_row due_of(uint64_t grp, uint64_t contact, vls_gdue_kind kind, const char *body) {
  return (vls_gdue_row){
      .grp = grp, .contact = contact, .kind = kind, .at = 5, .body = vls_slice_str(body)};
}

static void what_is_due_comes_in_order_and_goes(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  vls_gdue_row a = due_of(1, 7, VLS_GDUE_INVITE, "a"), b = due_of(2, 7, VLS_GDUE_INVITE, "b"),
               c = due_of(1, 9, VLS_GDUE_REPORT, "c"), got;
  vls_buf body;
  vls_buf_init(&body, 100);
  assert_int_equal(vls_gdue_put(store, &a), VLS_OK);
  assert_int_equal(vls_gdue_put(store, &b), VLS_OK);
  assert_int_equal(vls_gdue_put(store, &c), VLS_OK);
  assert_true(vls_gdue_next(store, 7, VLS_GDUE_INVITE, 0, &got, &body));
  assert_true(got.n == a.n && got.grp == 1 && got.at == 5);
  assert_true(vls_slice_eq(got.body, vls_slice_str("a")));
  assert_true(vls_gdue_next(store, 7, VLS_GDUE_INVITE, got.n, &got, &body));
  assert_int_equal(got.n, b.n);
  assert_true(vls_slice_eq(got.body, vls_slice_str("b")));
  assert_false(vls_gdue_next(store, 7, VLS_GDUE_INVITE, got.n, &got, &body));
  assert_false(vls_gdue_next(store, 7, VLS_GDUE_REPORT, 0, &got, &body));
  assert_int_equal(vls_gdue_whom(store, VLS_GDUE_INVITE, 0), 7);
  assert_int_equal(vls_gdue_whom(store, VLS_GDUE_INVITE, 7), 0);
  assert_int_equal(vls_gdue_whom(store, VLS_GDUE_REPORT, 0), 9);
  vls_gdue_drop(store, a.n);
  vls_gdue_drop_of(store, 2, 7, VLS_GDUE_INVITE);
  assert_int_equal(vls_gdue_whom(store, VLS_GDUE_INVITE, 0), 0);
  vls_gdue_drop_before(store, 5);
  assert_int_equal(vls_gdue_whom(store, VLS_GDUE_REPORT, 0), 9);
  vls_gdue_drop_before(store, 6);
  assert_int_equal(vls_gdue_whom(store, VLS_GDUE_REPORT, 0), 0);
  vls_buf_done(&body);
  store_end(store);
}

static void so_much_waits_for_one_and_no_more(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  vls_gdue_row row = due_of(1, 7, VLS_GDUE_REPORT, "x");
  for (int i = 0; i < VLS_GDUE_MAX; i++)
    assert_int_equal(vls_gdue_put(store, &row), VLS_OK);
  assert_int_equal(vls_gdue_put(store, &row), VLS_LIMITED);
  row.kind = VLS_GDUE_INVITE;
  assert_int_equal(vls_gdue_put(store, &row), VLS_OK);
  row = due_of(1, 8, VLS_GDUE_REPORT, "x");
  assert_int_equal(vls_gdue_put(store, &row), VLS_OK);
  store_end(store);
}

static size_t count_reports(vls_store *store, uint64_t grp, uint64_t *ret_first) {
  vls_greport_row row = {0};
  vls_buf report;
  size_t n = 0;
  vls_buf_init(&report, 100000);
  while (vls_greport_next(store, grp, row.n, &row, &report)) {
    if (n++ == 0) *ret_first = row.event[0] | (uint64_t)row.event[1] << 8;
    assert_true(vls_slice_eq(row.report, vls_slice_str("report")));
  }
  vls_buf_done(&report);
  return n;
}

static vls_greport_row report_of(uint64_t grp, uint64_t by, unsigned event) {
  vls_greport_row row = {.grp = grp, .by = by, .at = 3, .report = vls_slice_str("report")};
  row.event[0] = (uint8_t)event;
  row.event[1] = (uint8_t)(event >> 8);
  return row;
}

static void report_on_one_event_by_one_is_kept_once(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  uint64_t first;
  vls_greport_row row = report_of(1, 7, 300);
  assert_true(vls_greport_put(store, &row));
  assert_false(vls_greport_put(store, &row));
  row = report_of(1, 8, 300);
  assert_true(vls_greport_put(store, &row));
  row = report_of(2, 8, 301);
  assert_true(vls_greport_put(store, &row));
  assert_int_equal(count_reports(store, 1, &first), 2);
  assert_int_equal(first, 300);
  assert_int_equal(count_reports(store, 0, &first), 3);
  vls_greport_drop_before(store, 4);
  assert_int_equal(count_reports(store, 0, &first), 0);
  store_end(store);
}

static void reports_are_bounded_for_each_and_for_all(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  uint64_t first = 0;
  for (unsigned i = 0; i <= VLS_GREPORTS_EACH; i++) {
    vls_greport_row row = report_of(1, 7, i);
    assert_true(vls_greport_put(store, &row));
  }
  assert_int_equal(count_reports(store, 1, &first), VLS_GREPORTS_EACH);
  assert_int_equal(first, 1); /* the oldest went */
  for (unsigned by = 8; by < 8 + VLS_GREPORTS_MAX / VLS_GREPORTS_EACH; by++)
    for (unsigned i = 0; i < VLS_GREPORTS_EACH; i++) {
      vls_greport_row row = report_of(1, by, 1000 + i);
      assert_true(vls_greport_put(store, &row));
    }
  assert_int_equal(count_reports(store, 1, &first), VLS_GREPORTS_MAX);
  assert_int_equal(first, 1000);
  store_end(store);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_due_comes_in_order_and_goes),
      cmocka_unit_test(so_much_waits_for_one_and_no_more),
      cmocka_unit_test(report_on_one_event_by_one_is_kept_once),
      cmocka_unit_test(reports_are_bounded_for_each_and_for_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
