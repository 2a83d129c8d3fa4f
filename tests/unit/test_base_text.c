#include "base/text.h"

#include "vec_hex.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static void base32_rfc_4648_examples_match(void **state) {
  (void)state;
  static const char *const rows[][2] = {{"", ""},
                                        {"f", "my"},
                                        {"fo", "mzxq"},
                                        {"foo", "mzxw6"},
                                        {"foob", "mzxw6yq"},
                                        {"fooba", "mzxw6ytb"},
                                        {"foobar", "mzxw6ytboi"}};
  for (size_t i = 0; i < COUNT(rows); i++) {
    char text[32];
    uint8_t back[32];
    size_t n;
    vls_base32_put(text, vls_slice_str(rows[i][0]));
    assert_string_equal(text, rows[i][1]);
    assert_int_equal(strlen(text), vls_base32_len(strlen(rows[i][0])));
    assert_int_equal(vls_base32_get(text, strlen(text), back, sizeof back, &n), VLS_OK);
    assert_int_equal(n, strlen(rows[i][0]));
    assert_memory_equal(back, rows[i][0], n);
  }
}

static void base32_every_size_comes_back_in_either_case(void **state) {
  (void)state;
  uint8_t bytes[80], back[80];
  char text[130];
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = (uint8_t)(i * 151 + 77);
  for (size_t n = 0; n <= sizeof bytes; n++) {
    size_t got;
    vls_base32_put(text, vls_slice_of(bytes, n));
    assert_int_equal(strlen(text), vls_base32_len(n));
    for (size_t i = 0; i < strlen(text); i += 2)
      if (text[i] >= 'a') text[i] = (char)(text[i] - 'a' + 'A');
    assert_int_equal(vls_base32_get(text, strlen(text), back, n, &got), VLS_OK);
    assert_int_equal(got, n);
    assert_memory_equal(back, bytes, n);
    if (n > 0) assert_int_equal(vls_base32_get(text, strlen(text), back, n - 1, &got), VLS_TOO_BIG);
  }
}

static void base32_bad_text_is_malformed(void **state) {
  (void)state;
  static const char *const rows[] = {
      "a",  "abc", "abcdef",         /* lengths no bytes have */
      "mz", "mzx", "mzxwb",  "mzxr", /* bits left over that are not zero */
      "m0", "m1",  "m8",     "m=",   "m ", "my======", "m\xc3\xa9",
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    uint8_t back[32];
    size_t n = 99;
    assert_int_equal(vls_base32_get(rows[i], strlen(rows[i]), back, sizeof back, &n),
                     VLS_MALFORMED);
    assert_int_equal(n, 99);
  }
}

static void base32_one_text_for_one_value(void **state) {
  (void)state;
  static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
  int accepted = 0;
  for (int i = 0; i < 32; i++)
    for (int j = 0; j < 32; j++) {
      const char text[] = {digits[i], digits[j], 0};
      uint8_t back[1];
      size_t n;
      accepted += vls_base32_get(text, 2, back, 1, &n) == VLS_OK;
    }
  assert_int_equal(accepted, 256);
}

static void hex_has_two_small_digits_for_each_byte(void **state) {
  (void)state;
  char text[9];
  vls_hex_put(text, vls_slice_of((const uint8_t *)"\x00\x1f\xab\xff", 4));
  assert_string_equal(text, "001fabff");
  vls_hex_put(text, (vls_slice){0});
  assert_string_equal(text, "");
}

static size_t distance(const char *a, const char *b) {
  return vls_text_distance(vls_slice_str(a), vls_slice_str(b));
}

static void distance_counts_single_slips(void **state) {
  (void)state;
  assert_int_equal(distance("send", "send"), 0);
  assert_int_equal(distance("sned", "send"), 1);
  assert_int_equal(distance("sen", "send"), 1);
  assert_int_equal(distance("sendd", "send"), 1);
  assert_int_equal(distance("sand", "send"), 1);
  assert_int_equal(distance("", "send"), 4);
  assert_int_equal(distance("", ""), 0);
  assert_int_equal(distance("kitten", "sitting"), 3);
}

static void distance_is_the_same_both_ways(void **state) {
  (void)state;
  static const char *const words[] = {"",        "a",       "send",  "sned",
                                      "contact", "cnotatc", "watch", "wathc"};
  for (size_t i = 0; i < COUNT(words); i++)
    for (size_t j = 0; j < COUNT(words); j++)
      assert_int_equal(distance(words[i], words[j]), distance(words[j], words[i]));
}

static void distance_gives_up_on_long_words(void **state) {
  (void)state;
  char word[VLS_DISTANCE_WORD + 2];
  memset(word, 'a', sizeof word - 1);
  word[sizeof word - 1] = '\0';
  assert_true(distance(word, "a") == SIZE_MAX);
  assert_true(distance("a", word) == SIZE_MAX);
  word[VLS_DISTANCE_WORD] = '\0';
  assert_int_equal(distance(word, ""), VLS_DISTANCE_WORD);
}

static void utf8_well_formed_is_ok(void **state) {
  (void)state;
  static const char *const rows[] = {"",
                                     "plain",
                                     "\x7f",
                                     "\xc2\x80",
                                     "\xdf\xbf",
                                     "\xe0\xa0\x80",
                                     "\xed\x9f\xbf",
                                     "\xee\x80\x80",
                                     "\xef\xbf\xbf",
                                     "\xf0\x90\x80\x80",
                                     "\xf4\x8f\xbf\xbf",
                                     "Bảo gửi Ana 💼"};
  for (size_t i = 0; i < COUNT(rows); i++)
    assert_true(vls_utf8_ok(vls_slice_str(rows[i])));
}

static void utf8_ill_formed_is_not_ok(void **state) {
  (void)state;
  static const char *const rows[] = {"\x80",
                                     "\xbf",
                                     "a\xc2",
                                     "\xc2"
                                     "a",
                                     "\xe2\x82",
                                     "\xe2\x82"
                                     "a",
                                     "\xf0\x9f\x92",
                                     "\xfe",
                                     "\xff",
                                     "\xc0\x80",
                                     "\xc1\xbf",
                                     "\xe0\x80\x80",
                                     "\xe0\x9f\xbf",
                                     "\xf0\x80\x80\x80",
                                     "\xf0\x8f\xbf\xbf",
                                     "\xed\xa0\x80",
                                     "\xed\xbf\xbf",
                                     "\xf4\x90\x80\x80",
                                     "\xf5\x80\x80\x80",
                                     "\xf8\x88\x80\x80\x80",
                                     "\xed\xa0\xbd\xed\xb2\xbc"};
  for (size_t i = 0; i < COUNT(rows); i++)
    assert_false(vls_utf8_ok(vls_slice_str(rows[i])));
  assert_false(vls_utf8_ok(vls_slice_of("a\0b", 3)));
  assert_false(vls_utf8_ok(vls_slice_of("\0", 1)));
}

static void fold(const char *name, vls_buf *out) {
  vls_buf_clear(out);
  assert_int_equal(vls_name_fold(vls_slice_str(name), out), VLS_OK);
}

static bool same(const char *x, const char *y) {
  vls_buf a, b;
  vls_buf_init(&a, 256);
  vls_buf_init(&b, 256);
  fold(x, &a);
  fold(y, &b);
  bool eq = vls_slice_eq(vls_buf_slice(&a), vls_buf_slice(&b));
  vls_buf_done(&a);
  vls_buf_done(&b);
  return eq;
}

static void names_that_look_alike_fold_together(void **state) {
  (void)state;
  assert_true(same("Ana", "ana"));
  assert_true(same("Ana", "АNа"));       /* Cyrillic A and a */
  assert_true(same("TOM", "ΤΟΜ"));       /* Greek capitals */
  assert_true(same("BETH", "ΒΕΤΗ"));     /* Greek capitals */
  assert_true(same("paypal", "раураӏ")); /* Cyrillic */
  assert_true(same("Bảo", "Bảo"));       /* composed and not */
  assert_true(same("Zoë", "Zoё"));       /* the accent is part of the Cyrillic letter */
  assert_true(same("Ána", "А́na"));       /* the accent follows the Cyrillic letter */
  assert_true(same("file", "ﬁle"));      /* ligature */
  assert_true(same("Ana", "Ａｎａ"));    /* full width */
  assert_true(same("ana", "𝐀𝐧𝐚"));       /* mathematical */
  assert_true(same("Ana", "A\xe2\x80\x8bn\xc2\xad"
                          "a\xe2\x80\x8d")); /* zero-width, soft hyphen */
  assert_true(same("Strasse", "Straße"));
  assert_true(same("ana li", " ana  li "));
  assert_true(same("ana li", "ana\xc2\xa0\xe2\x80\x83li")); /* no-break and em space */
  assert_true(same("", "\xe2\x80\x8b"));
}

static void names_that_differ_stay_apart(void **state) {
  (void)state;
  assert_false(same("Ana", "Anna"));
  assert_false(same("Ana Li", "Anali"));
  assert_false(same("Ana", "Ána"));
  assert_false(same("Мария", "Марина"));
  assert_false(same("Νίκος", "Νίκη"));
  assert_false(same("小明", "小红"));
}

static void name_folded_twice_is_folded_once(void **state) {
  (void)state;
  static const char *const names[] = {"Ana",      "Ёлка",  "ΤΟΜ Νίκος", "ﬁ Straße",
                                      "İstanbul", "Bảo 💼", "ﷺ"};
  for (size_t i = 0; i < COUNT(names); i++) {
    vls_buf once, twice;
    vls_buf_init(&once, 256);
    vls_buf_init(&twice, 256);
    fold(names[i], &once);
    assert_int_equal(vls_name_fold(vls_buf_slice(&once), &twice), VLS_OK);
    assert_true(vls_slice_eq(vls_buf_slice(&once), vls_buf_slice(&twice)));
    vls_buf_done(&once);
    vls_buf_done(&twice);
  }
}

static void name_that_cannot_be_folded_leaves_out_as_it_was(void **state) {
  (void)state;
  vls_buf out;
  vls_buf_init(&out, 6);
  assert_int_equal(vls_buf_put(&out, "ab", 2), VLS_OK);
  assert_int_equal(vls_name_fold(vls_slice_str("\xff"), &out), VLS_MALFORMED);
  assert_int_equal(vls_name_fold(vls_slice_str("12345"), &out), VLS_TOO_BIG);
  assert_int_equal(out.n, 2);
  assert_int_equal(vls_name_fold(vls_slice_str("1234"), &out), VLS_OK);
  assert_memory_equal(out.p, "ab1234", 6);
  vls_buf_done(&out);
}

static void what_is_cut_loses_no_half_of_a_character(void **state) {
  (void)state;
  static const char all[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"; /* 1, 2, 3, 4 bytes */
  static const size_t whole[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10};
  char out[16];
  for (size_t n = 0; n < sizeof whole / sizeof whole[0]; n++) {
    assert_int_equal(vls_utf8_whole(all, n), whole[n]);
    vls_text_copy(out, vls_slice_str(all), n);
    assert_int_equal(strlen(out), whole[n]);
  }
  assert_int_equal(vls_utf8_whole("\x80\x80\x80\x80\x80", 5), 5); /* no character begins there */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_cut_loses_no_half_of_a_character),
      cmocka_unit_test(base32_rfc_4648_examples_match),
      cmocka_unit_test(base32_every_size_comes_back_in_either_case),
      cmocka_unit_test(base32_bad_text_is_malformed),
      cmocka_unit_test(base32_one_text_for_one_value),
      cmocka_unit_test(hex_has_two_small_digits_for_each_byte),
      cmocka_unit_test(distance_counts_single_slips),
      cmocka_unit_test(distance_is_the_same_both_ways),
      cmocka_unit_test(distance_gives_up_on_long_words),
      cmocka_unit_test(utf8_well_formed_is_ok),
      cmocka_unit_test(utf8_ill_formed_is_not_ok),
      cmocka_unit_test(names_that_look_alike_fold_together),
      cmocka_unit_test(names_that_differ_stay_apart),
      cmocka_unit_test(name_folded_twice_is_folded_once),
      cmocka_unit_test(name_that_cannot_be_folded_leaves_out_as_it_was),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
