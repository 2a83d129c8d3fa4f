#include "client/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "client/problem.h"

static vls_buf a_buf(void) {
  vls_buf b;
  vls_buf_init(&b, VLS_RPC_FRAME_MAX * 2);
  return b;
}

#define OK(e) assert_int_equal(e, VLS_OK)

/* [1, msgid, nil, [0, 1, ... n-1]] */
static vls_buf a_list_response(size_t n) {
  vls_buf b = a_buf();
  OK(vls_pack_array(&b, 4));
  OK(vls_pack_uint(&b, 1));
  OK(vls_pack_uint(&b, 7));
  OK(vls_pack_nil(&b));
  OK(vls_pack_array(&b, n));
  for (size_t i = 0; i < n; i++)
    OK(vls_pack_uint(&b, i));
  return b;
}

static void frame_is_cut_only_when_complete(void **state) {
  (void)state;
  vls_buf b = a_list_response(20);
  vls_frame f;
  for (size_t n = 0; n < b.n; n++)
    assert_int_equal(vls_frame_cut(vls_slice_of(b.p, n), &f), VLS_AGAIN);
  OK(vls_frame_cut(vls_buf_slice(&b), &f));
  assert_int_equal(f.type, VLS_FRAME_RESPONSE);
  assert_int_equal(f.msgid, 7);
  assert_int_equal(f.error.n, 0);
  assert_int_equal(f.used, b.n);
  size_t whole = b.n;
  OK(vls_buf_put(&b, "\x94\x01", 2));
  OK(vls_frame_cut(vls_buf_slice(&b), &f));
  assert_int_equal(f.used, whole);
  vls_buf_done(&b);
}

static void frame_takes_lists_longer_than_one_message(void **state) {
  (void)state;
  vls_buf b = a_list_response(30000);
  vls_frame f;
  vls_items items;
  vls_slice item;
  OK(vls_frame_cut(vls_buf_slice(&b), &f));
  OK(vls_items_init(&items, f.body));
  uint64_t n = 0, v;
  for (; vls_items_next(&items, &item); n++) {
    OK(vls_wire_get_uint(item, &v));
    assert_int_equal(v, n);
  }
  assert_int_equal(n, 30000);
  vls_buf_done(&b);
}

static void frame_reads_errors_and_events(void **state) {
  (void)state;
  vls_buf b = a_buf();
  vls_frame f;
  OK(vls_pack_array(&b, 4));
  OK(vls_pack_uint(&b, 1));
  OK(vls_pack_uint(&b, 9));
  OK(vls_pack_str(&b, vls_slice_str("not_found: no")));
  OK(vls_pack_nil(&b));
  size_t first = b.n;
  OK(vls_pack_array(&b, 3));
  OK(vls_pack_uint(&b, 2));
  OK(vls_pack_str(&b, vls_slice_str("event")));
  OK(vls_pack_array(&b, 1));
  OK(vls_pack_map(&b, 0));
  OK(vls_frame_cut(vls_buf_slice(&b), &f));
  assert_true(vls_slice_eq(f.error, vls_slice_str("not_found: no")));
  OK(vls_frame_cut(vls_slice_of(b.p + first, b.n - first), &f));
  assert_int_equal(f.type, VLS_FRAME_EVENT);
  assert_true(vls_slice_eq(f.method, vls_slice_str("event")));
  assert_int_equal(f.body.n, 1);
  vls_buf_done(&b);
}

static void frame_refuses_what_is_none(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t n;
  } bad[] = {
      {"\x00", 1},                                 /* not an array */
      {"\x94\x00\x01\xc0\xc0", 5},                 /* a request */
      {"\x93\x01\x01\xc0", 4},                     /* a response of three */
      {"\x94\x02\x01\xc0\xc0", 5},                 /* a notification of four */
      {"\x94\x01\xa1x\xc0\xc0", 6},                /* msgid is text */
      {"\x94\x01\x01\x01\xc0", 5},                 /* error is a number */
      {"\x94\x01\x01\xa0\xc0", 5},                 /* error is empty */
      {"\x93\x02\xa1x\x92\xc0\xc0", 7},            /* two parameters */
      {"\x94\x01\x01\xc0\xca\x00\x00\x00\x00", 9}, /* a float */
      {"\x94\x01\x01\xc0\xff", 5},                 /* a negative number */
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    vls_frame f;
    assert_int_equal(vls_frame_cut(vls_slice_of(bad[i].bytes, bad[i].n), &f), VLS_MALFORMED);
  }
}

static void frame_announcing_too_much_is_refused_at_once(void **state) {
  (void)state;
  vls_frame f;
  assert_int_equal(vls_frame_cut(vls_slice_of("\x94\x01\x01\xc0\xdd\x04\x00\x00\x00", 9), &f),
                   VLS_TOO_BIG);
  vls_buf b = a_buf();
  memset(vls_buf_grow(&b, VLS_RPC_FRAME_MAX + 9), 'x', VLS_RPC_FRAME_MAX + 9);
  memcpy(b.p, "\x94\x01\x01\xc0\xdb\x00\x20\x00\x00", 9); /* text of 2 MiB */
  assert_int_equal(vls_frame_cut(vls_buf_slice(&b), &f), VLS_TOO_BIG);
  vls_buf_done(&b);
}

static void request_has_the_form_of_the_contract(void **state) {
  (void)state;
  vls_buf b = a_buf();
  OK(vls_frame_request(&b, 3, "status", (vls_slice){0}));
  assert_int_equal(b.n, 11);
  assert_memory_equal(b.p, "\x94\x00\x03\xa6status\x90", 11);
  vls_buf_clear(&b);
  OK(vls_frame_request(&b, 3, "x", vls_slice_of("\x80", 1)));
  assert_memory_equal(b.p, "\x94\x00\x03\xa1x\x91\x80", 7);
  vls_buf_done(&b);
}

static void problem_is_parsed_from_the_contracts_form(void **state) {
  (void)state;
  static const struct {
    const char *in, *text, *hint;
    vls_err err;
  } cases[] = {
      {"not_found: no contact is called \"Boa\"\nvalise contact list",
       "no contact is called \"Boa\"", "valise contact list", VLS_NOT_FOUND},
      {"storage: the disk is gone", "the disk is gone", NULL, VLS_STORAGE},
      {"rate_limited:", "a limit is reached", NULL, VLS_LIMITED},
      {"something else", "something else", NULL, VLS_SYSTEM},
      {"nosuchname: why", "why", NULL, VLS_SYSTEM},
      {"ok: fine", "fine", NULL, VLS_SYSTEM},
      {"identity_changed: x: y\n", "x: y", NULL, VLS_IDENTITY_CHANGED},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    vls_problem p = {0};
    assert_int_equal(vls_problem_parse(&p, vls_slice_str(cases[i].in)), cases[i].err);
    assert_string_equal(vls_problem_text(&p), cases[i].text);
    if (cases[i].hint == NULL)
      assert_null(p.hint);
    else
      assert_string_equal(p.hint, cases[i].hint);
    vls_problem_done(&p);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(frame_is_cut_only_when_complete),
      cmocka_unit_test(frame_takes_lists_longer_than_one_message),
      cmocka_unit_test(frame_reads_errors_and_events),
      cmocka_unit_test(frame_refuses_what_is_none),
      cmocka_unit_test(frame_announcing_too_much_is_refused_at_once),
      cmocka_unit_test(request_has_the_form_of_the_contract),
      cmocka_unit_test(problem_is_parsed_from_the_contracts_form),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
