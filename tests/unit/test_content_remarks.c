#include "vec_hex.h"

#include "content/remarks.h"

static const uint8_t item_id[32] = {1, 2, 3};

static vls_err there_and_back(vls_remark *ret, vls_buf *body, vls_remark remark) {
  vls_buf_clear(body);
  vls_err err = vls_remark_put(body, &remark);
  if (err != VLS_OK) return err;
  vls_item item = {.kind = remark.kind, .body = vls_buf_slice(body)};
  return vls_remark_read(ret, &item);
}

static void every_kind_comes_back_as_it_was_said(void **state) {
  (void)state;
  vls_buf body;
  vls_buf_init(&body, 70000);
  for (unsigned kind = VLS_REMARK_REPLY; kind <= VLS_REMARK_MENTION; kind++) {
    vls_remark got, said = {.kind = (vls_remark_kind)kind, .to = item_id};
    if (kind == VLS_REMARK_MENTION)
      said.at = 65535, said.n = 256;
    else
      said.text = vls_slice_str("Gr\xc3\xbc\xc3\x9f"
                                "e");
    assert_int_equal(there_and_back(&got, &body, said), VLS_OK);
    assert_int_equal(got.kind, kind);
    assert_memory_equal(got.to, item_id, 32);
    assert_true(vls_slice_eq(got.text, said.text));
    assert_true(got.at == said.at && got.n == said.n);
  }
  vls_buf_done(&body);
}

static void texts_end_at_their_bounds(void **state) {
  (void)state;
  static const struct {
    vls_remark_kind kind;
    size_t min, max;
  } bounds[] = {{VLS_REMARK_REPLY, 1, 65500},
                {VLS_REMARK_REACTION, 0, 32},
                {VLS_REMARK_EDIT, 1, 65500},
                {VLS_REMARK_DELETE, 0, 256}};
  static uint8_t words[65501];
  vls_buf body;
  vls_remark got;
  memset(words, 'a', sizeof words);
  vls_buf_init(&body, 70000);
  for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
    vls_remark r = {.kind = bounds[i].kind, .to = item_id};
    r.text = vls_slice_of(words, bounds[i].min);
    assert_int_equal(there_and_back(&got, &body, r), VLS_OK);
    r.text = vls_slice_of(words, bounds[i].max);
    assert_int_equal(there_and_back(&got, &body, r), VLS_OK);
    r.text = vls_slice_of(words, bounds[i].max + 1);
    assert_int_equal(there_and_back(&got, &body, r), VLS_TOO_BIG);
    r.text = vls_slice_str("\xff");
    assert_int_equal(there_and_back(&got, &body, r), VLS_MALFORMED);
  }
  vls_remark empty = {.kind = VLS_REMARK_EDIT, .to = item_id};
  assert_int_equal(there_and_back(&got, &body, empty), VLS_MALFORMED);
  vls_remark mention = {.kind = VLS_REMARK_MENTION, .to = item_id};
  assert_int_equal(there_and_back(&got, &body, mention), VLS_MALFORMED);
  mention.n = 257;
  assert_int_equal(there_and_back(&got, &body, mention), VLS_TOO_BIG);
  mention.n = 1, mention.at = 65536;
  assert_int_equal(there_and_back(&got, &body, mention), VLS_TOO_BIG);
  vls_buf_done(&body);
}

static void other_kinds_and_broken_bodies_are_refused(void **state) {
  (void)state;
  vls_remark got;
  vls_item item = {.kind = VLS_ITEM_TEXT};
  assert_int_equal(vls_remark_read(&got, &item), VLS_NOT_FOUND);
  item.kind = VLS_REMARK_MENTION + 1;
  assert_int_equal(vls_remark_read(&got, &item), VLS_NOT_FOUND);
  item = (vls_item){.kind = VLS_REMARK_EDIT, .body = vls_slice_str("\x91\xc0")};
  assert_int_equal(vls_remark_read(&got, &item), VLS_MALFORMED);
  vls_remark none = {.kind = (vls_remark_kind)0, .to = item_id};
  vls_buf body;
  vls_buf_init(&body, 100);
  assert_int_equal(vls_remark_put(&body, &none), VLS_MALFORMED);
  vls_buf_done(&body);
}

static void only_authors_edit_and_superiors_delete(void **state) {
  (void)state;
  static const uint8_t ana[32] = {1}, bao[32] = {2};
  vls_remark_case own = {ana, ana, 1, 1}, other = {ana, bao, 1, 1}, mod = {ana, bao, 2, 1},
                  equal = {ana, bao, 3, 3}, direct = {ana, bao, 0, 0};
  assert_true(vls_remark_counts(VLS_REMARK_EDIT, &own));
  assert_false(vls_remark_counts(VLS_REMARK_EDIT, &mod));
  assert_true(vls_remark_counts(VLS_REMARK_DELETE, &own));
  assert_false(vls_remark_counts(VLS_REMARK_DELETE, &other));
  assert_true(vls_remark_counts(VLS_REMARK_DELETE, &mod));
  assert_false(vls_remark_counts(VLS_REMARK_DELETE, &equal));
  assert_false(vls_remark_counts(VLS_REMARK_DELETE, &direct));
  assert_true(vls_remark_counts(VLS_REMARK_REACTION, &direct));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_kind_comes_back_as_it_was_said),
      cmocka_unit_test(texts_end_at_their_bounds),
      cmocka_unit_test(other_kinds_and_broken_bodies_are_refused),
      cmocka_unit_test(only_authors_edit_and_superiors_delete),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
