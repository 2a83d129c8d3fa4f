#include "client/gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client_harmless.h"

static char *gated(const char *text, size_t n, vls_gate_form form) {
  vls_buf out;
  vls_buf_init(&out, VLS_GATE_MAX);
  vls_gate(&out, vls_slice_of(text, n), form);
  char *copy = calloc(out.n + 1, 1);
  if (out.n > 0) memcpy(copy, out.p, out.n);
  vls_buf_done(&out);
  return copy;
}

static void is_shown_as(vls_gate_form form, const char *text, const char *expected) {
  char *got = gated(text, strlen(text), form);
  assert_string_equal(got, expected);
  free(got);
}

static void becomes(vls_gate_form form, const char *text, const char *expected) {
  is_shown_as(form, text, expected);
  assert_harmless(expected, strlen(expected), form == VLS_GATE_BODY);
}

static void line_becomes(const char *text, const char *expected) {
  becomes(VLS_GATE_LINE, text, expected);
  assert_int_equal(vls_gate_is_clean(vls_slice_str(text)), strcmp(text, expected) == 0);
}

/* The oracle does not know where writing needs a joiner, so this does not ask it. */
static void written_becomes(const char *text, const char *expected) {
  is_shown_as(VLS_GATE_LINE, text, expected);
}

static void gate_plain_text_passes_unchanged(void **state) {
  (void)state;
  line_becomes("", "");
  line_becomes("Hello, Bao! 1 < 2 & \"so on\" \\ ~", "Hello, Bao! 1 < 2 & \"so on\" \\ ~");
  line_becomes("Zażółć gęślą jaźń", "Zażółć gęślą jaźń");
  line_becomes("Привет, 你好, こんにちは, 안녕하세요", "Привет, 你好, こんにちは, 안녕하세요");
  line_becomes("שלום, مرحبا بالعالم", "שלום, مرحبا بالعالم");
}

static void gate_controls_become_visible(void **state) {
  (void)state;
  line_becomes("a\nb\rc\td", "a\\nb\\rc\\td");
  line_becomes("\x01\x1f\x7f", "\\u{1}\\u{1F}\\u{7F}");
  line_becomes("\xc2\x80\xc2\x9f", "\\u{80}\\u{9F}");
  char *nul = gated("a\0b", 3, VLS_GATE_LINE);
  assert_string_equal(nul, "a\\u{0}b");
  free(nul);
}

static void gate_escape_sequences_lose_their_escape(void **state) {
  (void)state;
  line_becomes("\x1b[31mred", "\\u{1B}[31mred");
  line_becomes("\x1b]52;c;ZXZpbA==\x07", "\\u{1B}]52;c;ZXZpbA==\\u{7}");
  line_becomes("\x1b]8;;http://evil\x1b\\x", "\\u{1B}]8;;http://evil\\u{1B}\\x");
  line_becomes("\xc2\x9b"
               "1m",
               "\\u{9B}1m");
}

static void gate_direction_and_invisible_become_visible(void **state) {
  (void)state;
  line_becomes("\u202egpj.exe", "\\u{202E}gpj.exe");
  line_becomes("\u2066a\u2069\u200e\u200f\u061c", "\\u{2066}a\\u{2069}\\u{200E}\\u{200F}\\u{61C}");
  line_becomes("Bo\u200bao", "Bo\\u{200B}ao");
  line_becomes("\ufeff\u2060\u00ad\u034f\u3164\u115f",
               "\\u{FEFF}\\u{2060}\\u{AD}\\u{34F}\\u{3164}\\u{115F}");
  line_becomes("a\u2028b\u2029c", "a\\u{2028}b\\u{2029}c");
  line_becomes("\U000e0041\U000e007f", "\\u{E0041}\\u{E007F}");
  line_becomes("\ufdd0\uffff\U0001fffe", "\\u{FDD0}\\u{FFFF}\\u{1FFFE}");
}

static void gate_joiners_pass_only_where_writing_needs_them(void **state) {
  (void)state;
  written_becomes("می\u200cخواهم", "می\u200cخواهم");
  written_becomes("क्\u200dष", "क्\u200dष");
  written_becomes("a\u200cb\u200dc", "a\\u{200C}b\\u{200D}c");
  written_becomes("م\u200c", "م\\u{200C}");
  written_becomes("م\u200c\u200cم", "م\\u{200C}\\u{200C}م");
  written_becomes("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧");
  written_becomes("👩\u200dx", "👩\\u{200D}x");
  /* What the joiner or selector was for must itself pass. */
  written_becomes("م\u064e\u064e\u064e\u064e\u200c\u064eم",
                  "م\u064e\u064e\u064e\u064e\\u{200C}\\u{64E}م");
  written_becomes("1\ufe0f\u20e3", "1\ufe0f\u20e3");
  written_becomes("a\ufe0f\u20e3", "a\\u{FE0F}\\u{20E3}");
  written_becomes("\ufe0f\u20e3", "\\u{FE0F}\\u{20E3}");
  written_becomes("❤\ufe0f 1\ufe0f\u20e3", "❤\ufe0f 1\ufe0f\u20e3");
  written_becomes("a\ufe0f 1\ufe0f", "a\\u{FE0F} 1\\u{FE0F}");
  written_becomes("❤\ufe0f\ufe0f", "❤\ufe0f\\u{FE0F}");
  written_becomes("葛\U000e0100x\U000e0100", "葛\U000e0100x\\u{E0100}");
}

static void gate_marks_are_counted(void **state) {
  (void)state;
  line_becomes("e\u0301", "e\u0301");
  line_becomes("a\u0301\u0302\u0303\u0304", "a\u0301\u0302\u0303\u0304");
  line_becomes("a\u0301\u0302\u0303\u0304\u0305\u0306",
               "a\u0301\u0302\u0303\u0304\\u{305}\\u{306}");
  line_becomes("\u0301x", "\\u{301}x");
  line_becomes("a\u200b\u0301", "a\\u{200B}\\u{301}");
  becomes(VLS_GATE_BODY, "a\n\u0301", "a\n\\u{301}");
}

static void gate_bytes_that_are_not_utf8_become_visible(void **state) {
  (void)state;
  line_becomes("\xff\xfe", "\\xFF\\xFE");
  line_becomes("a\xe2\x80", "a\\xE2\\x80");
  line_becomes("\xc0\xaf", "\\xC0\\xAF");
  line_becomes("\xed\xa0\x80", "\\xED\\xA0\\x80");
  line_becomes("\xf4\x90\x80\x80", "\\xF4\\x90\\x80\\x80");
}

static void gate_body_keeps_lines_and_tabs(void **state) {
  (void)state;
  becomes(VLS_GATE_BODY, "a\nb\tc\r\nd\re", "a\nb\tc\nd\\re");
  becomes(VLS_GATE_BODY,
          "a\vb\fc\xc2\x85"
          "d",
          "a\\u{B}b\\u{C}c\\u{85}d");
}

static void gate_plain_can_be_undone(void **state) {
  (void)state;
  becomes(VLS_GATE_PLAIN, "a\\n\n\t\\", "a\\\\n\\n\\t\\\\");
  becomes(VLS_GATE_PLAIN, "\\u{202E}\u202e", "\\\\u{202E}\\u{202E}");
}

static void gate_json_escapes_and_stays_the_same_value(void **state) {
  (void)state;
  static const struct {
    const char *in, *out;
  } cases[] = {
      {"{\"a\":\"b\"}\n", "{\"a\":\"b\"}\n"},
      {"\"\x7f\xc2\x9b\"", "\"\\u007f\\u009b\""},
      {"\"\u202e\u200b\ufeff\"", "\"\\u202e\\u200b\\ufeff\""},
      {"\"\U000e0041\"", "\"\\udb40\\udc41\""},
      {"\"a\u0301\u0301\u0301\u0301\u0301\"", "\"a\u0301\u0301\u0301\u0301\\u0301\""},
      {"\"\u0301\"", "\"\\u0301\""},
      {"\"\xff\"", "\"\\ufffd\""},
      {"\"\x1b\"", "\"\\u001b\""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    vls_buf out;
    vls_buf_init(&out, VLS_GATE_MAX);
    vls_gate_json(&out, vls_slice_str(cases[i].in));
    assert_int_equal(out.n, strlen(cases[i].out));
    assert_memory_equal(out.p, cases[i].out, out.n);
    vls_buf_done(&out);
  }
}

static void gate_any_bytes_come_out_harmless(void **state) {
  (void)state;
  uint32_t seed = 1;
  for (unsigned round = 0; round < 20000; round++) {
    char bytes[48];
    for (size_t i = 0; i < sizeof bytes; i++) {
      seed = seed * 1664525 + 1013904223;
      /* Half of them from lead bytes of what is dangerous. */
      static const char often[] = "\x1b\xe2\x80\xae\x8b\xcc\x81\xf3\xa0\xc2\x9b\xd9\x85"
                                  "a";
      bytes[i] = (seed >> 30) < 2 ? often[(seed >> 8) % (sizeof often - 1)] : (char)(seed >> 16);
    }
    for (int form = VLS_GATE_LINE; form <= VLS_GATE_PLAIN; form++) {
      char *got = gated(bytes, sizeof bytes, (vls_gate_form)form);
      /* A joiner between two letters of Arabic is what writing needs; the oracle does not know
       * that. */
      if (strstr(got, "\u200c") == NULL && strstr(got, "\u200d") == NULL)
        assert_harmless(got, strlen(got), form == VLS_GATE_BODY);
      free(got);
    }
  }
}

static void gate_every_code_point_alone_is_harmless(void **state) {
  (void)state;
  for (uint32_t c = 0x80; c <= 0x10ffff; c++) {
    char text[8];
    size_t n = 0;
    if (c >= 0xd800 && c <= 0xdfff) continue;
    if (c >= 0x10000) {
      text[n++] = (char)(0xf0 | c >> 18);
      text[n++] = (char)(0x80 | (c >> 12 & 63));
    } else if (c >= 0x800) {
      text[n++] = (char)(0xe0 | c >> 12);
    } else {
      text[n++] = (char)(0xc0 | c >> 6);
    }
    if (c >= 0x800) text[n++] = (char)(0x80 | (c >> 6 & 63));
    text[n++] = (char)(0x80 | (c & 63));
    vls_buf out;
    vls_buf_init(&out, VLS_GATE_MAX);
    vls_gate(&out, vls_slice_of(text, n), VLS_GATE_LINE);
    assert_harmless(out.p, out.n, false);
    vls_buf_done(&out);
  }
}

static void gate_width_counts_columns(void **state) {
  (void)state;
  assert_int_equal(vls_gate_width(vls_slice_str("abc")), 3);
  assert_int_equal(vls_gate_width(vls_slice_str("e\u0301")), 1);
  assert_int_equal(vls_gate_width(vls_slice_str("你好")), 4);
  assert_int_equal(vls_gate_width(vls_slice_str("Привет")), 6);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gate_plain_text_passes_unchanged),
      cmocka_unit_test(gate_controls_become_visible),
      cmocka_unit_test(gate_escape_sequences_lose_their_escape),
      cmocka_unit_test(gate_direction_and_invisible_become_visible),
      cmocka_unit_test(gate_joiners_pass_only_where_writing_needs_them),
      cmocka_unit_test(gate_marks_are_counted),
      cmocka_unit_test(gate_bytes_that_are_not_utf8_become_visible),
      cmocka_unit_test(gate_body_keeps_lines_and_tabs),
      cmocka_unit_test(gate_plain_can_be_undone),
      cmocka_unit_test(gate_json_escapes_and_stays_the_same_value),
      cmocka_unit_test(gate_any_bytes_come_out_harmless),
      cmocka_unit_test(gate_every_code_point_alone_is_harmless),
      cmocka_unit_test(gate_width_counts_columns),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
