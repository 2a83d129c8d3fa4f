#include "content/bodies.h"

#include "vec_hex.h"

static vls_item item_of(vls_item_kind kind, const vls_buf *body) {
  return (vls_item){.kind = kind, .body = vls_buf_slice(body)};
}

static vls_err read_bytes(uint64_t kind, const void *body, size_t n) {
  vls_content c;
  vls_item item = {.kind = kind, .body = vls_slice_of(body, n)};
  return vls_content_read(&c, &item);
}

static void hello_comes_back(void **state) {
  (void)state;
  vls_buf body;
  vls_content c;
  vls_buf_init(&body, 100);
  assert_int_equal(vls_body_hello(&body), VLS_OK);
  vls_item item = item_of(VLS_ITEM_HELLO, &body);
  assert_int_equal(vls_content_read(&c, &item), VLS_OK);
  assert_int_equal(c.kind, VLS_ITEM_HELLO);
  vls_buf_done(&body);
}

static void text_of_any_size_comes_back(void **state) {
  (void)state;
  static const size_t sizes[] = {1, 31, 32, 255, 256, 65535, 65536};
  static uint8_t bytes[VLS_TEXT_MAX + 1];
  memset(bytes, 'x', sizeof bytes);
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    vls_buf body;
    vls_content c;
    vls_slice text = vls_slice_of(bytes, sizes[i]);
    vls_buf_init(&body, 2 * VLS_TEXT_MAX);
    assert_int_equal(vls_body_text(&body, text), VLS_OK);
    vls_item item = item_of(VLS_ITEM_TEXT, &body);
    assert_int_equal(vls_content_read(&c, &item), VLS_OK);
    assert_int_equal(c.kind, VLS_ITEM_TEXT);
    assert_true(vls_slice_eq(c.text, text));
    vls_buf_done(&body);
  }
}

static void text_that_is_none_is_refused_by_both_sides(void **state) {
  (void)state;
  static uint8_t bytes[VLS_TEXT_MAX + 1];
  vls_buf body;
  memset(bytes, 'x', sizeof bytes);
  vls_buf_init(&body, 2 * VLS_TEXT_MAX);
  assert_int_equal(vls_body_text(&body, vls_slice_of(bytes, sizeof bytes)), VLS_TOO_BIG);
  static const struct {
    const char *text;
    size_t n;
  } bad[] = {{"", 0},         {"a\0b", 3},         {"\xff", 1},
             {"\xc0\x80", 2}, {"\xed\xa0\x80", 3}, {"caf\xc3", 4}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    uint8_t hostile[8] = {0x91, (uint8_t)(0xa0 | bad[i].n)};
    memcpy(hostile + 2, bad[i].text, bad[i].n);
    assert_int_equal(vls_body_text(&body, vls_slice_of(bad[i].text, bad[i].n)), VLS_MALFORMED);
    assert_int_equal(body.n, 0);
    assert_int_equal(read_bytes(VLS_ITEM_TEXT, hostile, 2 + bad[i].n), VLS_MALFORMED);
  }
  vls_buf_done(&body);
}

static void receipt_comes_back(void **state) {
  (void)state;
  static const uint8_t head[4] = {1, 2, 3, 4};
  for (unsigned level = 1; level <= 2; level++) {
    vls_buf body;
    vls_content c;
    vls_buf_init(&body, 100);
    assert_int_equal(vls_body_receipt(&body, level, head, 1, UINT64_MAX), VLS_OK);
    vls_item item = item_of(VLS_ITEM_RECEIPT, &body);
    assert_int_equal(vls_content_read(&c, &item), VLS_OK);
    assert_int_equal(c.kind, VLS_ITEM_RECEIPT);
    assert_int_equal(c.receipt.level, level);
    assert_int_equal(c.receipt.n_ranges, 1);
    assert_memory_equal(c.receipt.ranges[0].head, head, 4);
    assert_int_equal(c.receipt.ranges[0].from, 1);
    assert_true(c.receipt.ranges[0].to == UINT64_MAX);
    vls_buf_done(&body);
  }
}

static vls_err read_receipt(uint64_t level, size_t n_ranges, uint64_t from, uint64_t to) {
  vls_item_receipt receipt = {.level = level, .n_ranges = n_ranges};
  for (size_t i = 0; i < n_ranges; i++)
    receipt.ranges[i] = (vls_receipt_range){.from = 1, .to = 1};
  if (n_ranges > 0) receipt.ranges[n_ranges - 1] = (vls_receipt_range){.from = from, .to = to};
  vls_buf body;
  vls_buf_init(&body, 2000);
  assert_int_equal(vls_wire_encode(&vls_item_receipt_def, &receipt, &body), VLS_OK);
  vls_err err = read_bytes(VLS_ITEM_RECEIPT, body.p, body.n);
  vls_buf_done(&body);
  return err;
}

static void receipt_with_a_range_turned_round_is_refused(void **state) {
  (void)state;
  assert_int_equal(read_receipt(1, 1, 5, 5), VLS_OK);
  assert_int_equal(read_receipt(1, 1, 5, 4), VLS_MALFORMED);
  assert_int_equal(read_receipt(2, 16, 1, UINT64_MAX), VLS_OK);
  assert_int_equal(read_receipt(2, 16, UINT64_MAX, 1), VLS_MALFORMED);
}

static void card_comes_back_up_to_its_bound(void **state) {
  (void)state;
  static uint8_t bytes[VLS_CARD_MAX];
  for (size_t n = 1; n <= sizeof bytes; n += 1637) {
    vls_buf body;
    vls_content c;
    vls_slice card = vls_slice_of(bytes, n);
    vls_buf_init(&body, 2 * VLS_CARD_MAX);
    assert_int_equal(vls_body_card(&body, card), VLS_OK);
    vls_item item = item_of(VLS_ITEM_CARD, &body);
    assert_int_equal(vls_content_read(&c, &item), VLS_OK);
    assert_int_equal(c.kind, VLS_ITEM_CARD);
    assert_true(vls_slice_eq(c.card, card));
    vls_buf_done(&body);
  }
}

static void invitation_to_a_group_comes_back_up_to_its_bounds(void **state) {
  (void)state;
  static const struct {
    size_t name, note;
    vls_err err;
  } rows[] = {{1, 0, VLS_OK},
              {64, 256, VLS_OK},
              {0, 1, VLS_MALFORMED},
              {65, 1, VLS_TOO_BIG},
              {1, 257, VLS_TOO_BIG}};
  char text[257];
  memset(text, 'x', sizeof text);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    vls_item_group invitation = {.group = {1}, .seed = {2}, .until = UINT32_MAX, .approve = true};
    vls_buf body;
    vls_content c;
    invitation.name = vls_slice_of(text, rows[i].name);
    invitation.note = vls_slice_of(text, rows[i].note);
    vls_buf_init(&body, 600);
    assert_int_equal(vls_body_group(&body, &invitation), rows[i].err);
    vls_item item = item_of(VLS_ITEM_GROUP, &body);
    if (rows[i].err == VLS_OK) {
      assert_int_equal(vls_content_read(&c, &item), VLS_OK);
      assert_true(c.group.name.n == rows[i].name && c.group.note.n == rows[i].note);
      assert_true(c.group.approve && c.group.until == UINT32_MAX && c.group.seed[0] == 2);
      for (size_t n = 0; n < body.n; n++)
        assert_int_equal(read_bytes(VLS_ITEM_GROUP, body.p, n), VLS_MALFORMED);
    }
    vls_buf_done(&body);
  }
}

static void kind_of_another_version_is_not_found(void **state) {
  (void)state;
  static const uint64_t kinds[] = {7, 8, 255, 65534};
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    assert_int_equal(read_bytes(kinds[i], "\x91\x01", 2), VLS_NOT_FOUND);
    assert_int_equal(read_bytes(kinds[i], "", 0), VLS_NOT_FOUND);
  }
}

static void body_that_breaks_its_table_is_refused(void **state) {
  (void)state;
  static const struct {
    vls_item_kind kind;
    const char *body;
    size_t n;
  } rows[] = {
      {VLS_ITEM_HELLO, "", 0},
      {VLS_ITEM_HELLO, "\x91\x02", 2},                                /* another version */
      {VLS_ITEM_HELLO, "\x91\x01\x00", 3},                            /* more behind */
      {VLS_ITEM_HELLO, "\x92\x01\x01", 3},                            /* more fields */
      {VLS_ITEM_HELLO, "\x91\xcc\x01", 3},                            /* not the shortest form */
      {VLS_ITEM_HELLO, "\x81\x01\x01", 3},                            /* a map */
      {VLS_ITEM_TEXT, "\x91\xc4\x01x", 4},                            /* binary for text */
      {VLS_ITEM_TEXT, "\x91\xdb\xff\xff\xff\xff", 6},                 /* announces 4 GiB */
      {VLS_ITEM_TEXT, "\xdd\xff\xff\xff\xff", 5},                     /* announces 4 G values */
      {VLS_ITEM_TEXT, "\x91\xca\0\0\0\0", 6},                         /* a float */
      {VLS_ITEM_RECEIPT, "\x92\x03\x91\x93\xc4\x04\1\2\3\4\1\1", 12}, /* level 3 */
      {VLS_ITEM_RECEIPT, "\x92\x00\x91\x93\xc4\x04\1\2\3\4\1\1", 12}, /* level 0 */
      {VLS_ITEM_RECEIPT, "\x92\x01\x90", 3},                          /* no range */
      {VLS_ITEM_RECEIPT, "\x92\x01\x91\x93\xc4\x03\1\2\3\1\1", 11},   /* a head of 3 bytes */
      {VLS_ITEM_RECEIPT, "\x92\x01\x91\x93\xc4\x04\1\2\3\4\0\1", 12}, /* from 0 */
      {VLS_ITEM_CARD, "\x91\xc4\x00", 3},                             /* an empty card */
      {VLS_ITEM_CARD, "\x91\xa1x", 3},                                /* text for binary */
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    assert_true(read_bytes(rows[i].kind, rows[i].body, rows[i].n) < 0 &&
                read_bytes(rows[i].kind, rows[i].body, rows[i].n) != VLS_NOT_FOUND);
}

static void body_cut_short_is_refused(void **state) {
  (void)state;
  static const uint8_t head[4] = {1};
  for (int kind = VLS_ITEM_HELLO; kind <= VLS_ITEM_CARD; kind++) {
    vls_buf body;
    vls_err err = VLS_OK;
    vls_buf_init(&body, 100);
    if (kind == VLS_ITEM_HELLO)
      err = vls_body_hello(&body);
    else if (kind == VLS_ITEM_TEXT)
      err = vls_body_text(&body, vls_slice_str("some words"));
    else if (kind == VLS_ITEM_RECEIPT)
      err = vls_body_receipt(&body, 1, head, 1, 300);
    else
      err = vls_body_card(&body, vls_slice_str("a card"));
    assert_int_equal(err, VLS_OK);
    for (size_t n = 0; n < body.n; n++)
      assert_int_equal(read_bytes((uint64_t)kind, body.p, n), VLS_MALFORMED);
    assert_int_equal(read_bytes((uint64_t)kind, body.p, body.n), VLS_OK);
    vls_buf_done(&body);
  }
}

static void body_that_does_not_fit_leaves_the_buffer_alone(void **state) {
  (void)state;
  vls_buf body;
  vls_buf_init(&body, 5);
  assert_int_equal(vls_body_text(&body, vls_slice_str("too long")), VLS_TOO_BIG);
  assert_int_equal(vls_body_card(&body, vls_slice_str("too long")), VLS_TOO_BIG);
  assert_int_equal(body.n, 0);
  vls_buf_done(&body);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hello_comes_back),
      cmocka_unit_test(text_of_any_size_comes_back),
      cmocka_unit_test(text_that_is_none_is_refused_by_both_sides),
      cmocka_unit_test(receipt_comes_back),
      cmocka_unit_test(receipt_with_a_range_turned_round_is_refused),
      cmocka_unit_test(card_comes_back_up_to_its_bound),
      cmocka_unit_test(invitation_to_a_group_comes_back_up_to_its_bounds),
      cmocka_unit_test(kind_of_another_version_is_not_found),
      cmocka_unit_test(body_that_breaks_its_table_is_refused),
      cmocka_unit_test(body_cut_short_is_refused),
      cmocka_unit_test(body_that_does_not_fit_leaves_the_buffer_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
