/* Typing recovery words: completion, going back, numbers, pastes; and any keys at all. */
#include "client/entry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define UP "\033[A"
#define DOWN "\033OB"

static vls_entry_is type(vls_entry *e, const char *keys) {
  vls_entry_is is = VLS_ENTRY_OPEN;
  for (; *keys != '\0' && is == VLS_ENTRY_OPEN; keys++)
    is = vls_entry_key(e, (uint8_t)*keys);
  return is;
}

/* What is shown, and what stands beside it. */
static void assert_shows(const vls_entry *e, const char *line, const char *beside) {
  vls_buf a, b;
  vls_buf_init(&a, 256);
  vls_buf_init(&b, 256);
  vls_entry_show(e, &a, &b);
  assert_int_equal(vls_buf_put_u8(&a, 0), VLS_OK);
  assert_int_equal(vls_buf_put_u8(&b, 0), VLS_OK);
  assert_string_equal((char *)a.p, line);
  assert_string_equal((char *)b.p, beside);
  vls_buf_done(&a);
  vls_buf_done(&b);
}

/* 24 words that belong together, and their secret. */
static void make_words(uint8_t secret[VLS_WORDS_SECRET], char text[VLS_WORDS_TEXT]) {
  for (size_t i = 0; i < VLS_WORDS_SECRET; i++)
    secret[i] = (uint8_t)(7 * i + 3);
  vls_words_text(text, secret);
}

static void assert_gives(const vls_entry *e, const uint8_t secret[VLS_WORDS_SECRET]) {
  char text[VLS_WORDS_TEXT];
  uint8_t got[VLS_WORDS_SECRET];
  vls_entry_text(e, text);
  assert_int_equal(vls_words_parse(got, vls_slice_str(text), NULL), VLS_OK);
  assert_memory_equal(got, secret, sizeof got);
}

static void entry_four_letters_are_enough(void **state) {
  (void)state;
  uint8_t secret[VLS_WORDS_SECRET];
  char text[VLS_WORDS_TEXT];
  vls_entry e;
  make_words(secret, text);
  vls_entry_init(&e);
  for (char *word = text; word != NULL;) {
    char keys[8] = "";
    size_t n = strcspn(word, " ");
    memcpy(keys, word, n < VLS_WORD_PREFIX ? n : VLS_WORD_PREFIX);
    word = word[n] == ' ' ? word + n + 1 : NULL;
    assert_int_equal(type(&e, keys), VLS_ENTRY_OPEN);
    assert_int_equal(type(&e, "\n"), word == NULL ? VLS_ENTRY_WHOLE : VLS_ENTRY_OPEN);
  }
  assert_gives(&e, secret);
}

static void entry_paste_of_all_words_is_taken(void **state) {
  (void)state;
  uint8_t secret[VLS_WORDS_SECRET];
  char text[VLS_WORDS_TEXT], *word = text, list[1024] = "";
  vls_entry e;
  make_words(secret, text);
  vls_entry_init(&e);
  assert_int_equal(type(&e, text), VLS_ENTRY_OPEN);
  assert_int_equal(type(&e, "\n"), VLS_ENTRY_WHOLE);
  assert_gives(&e, secret);
  /* With its numbers, as it may have been noted. */
  for (size_t i = 0, at = 0; i < VLS_WORDS; i++) {
    size_t n = strcspn(word, " ");
    at += (size_t)snprintf(list + at, sizeof list - at, "%2zu. %.*s\r\n", i + 1, (int)n, word);
    word += n + 1;
  }
  vls_entry_init(&e);
  assert_int_equal(type(&e, list), VLS_ENTRY_WHOLE);
  assert_gives(&e, secret);
}

static void entry_tab_completes_as_far_as_it_can(void **state) {
  (void)state;
  vls_entry e;
  vls_entry_init(&e);
  type(&e, "abo");
  assert_shows(&e, "Word 1 of 24: abo", "about above");
  type(&e, "\t");
  assert_shows(&e, "Word 1 of 24: abo", "about above");
  type(&e, "v\t");
  assert_shows(&e, "Word 1 of 24: above", "");
  type(&e, "\n");
  type(&e, "Elev"); /* of either case */
  assert_shows(&e, "Word 2 of 24: elev", "elevator");
}

static void entry_says_what_is_not_in_the_list(void **state) {
  (void)state;
  vls_entry e;
  vls_entry_init(&e);
  type(&e, "abandom");
  assert_shows(&e, "Word 1 of 24: abandom", "not in the list");
  type(&e, "\n");
  assert_shows(&e, "Word 1 of 24: abandom", "not in the list; did you mean abandon?");
  type(&e, "\b");
  assert_shows(&e, "Word 1 of 24: abando", "abandon");
  type(&e, " ");
  assert_shows(&e, "Word 2 of 24: ", "");
  type(&e, "xqzjv\n");
  assert_shows(&e, "Word 2 of 24: xqzjv", "not in the list");
  type(&e, "\025\n");
  assert_shows(&e, "Word 2 of 24: ", "type the word, or the first four letters of it");
  type(&e, "ab\n");
  assert_shows(&e, "Word 2 of 24: ab", "10 words begin like this: go on typing");
}

static void entry_whole_word_wins_over_longer_ones(void **state) {
  (void)state;
  vls_entry e;
  vls_entry_init(&e);
  type(&e, "act\n");
  assert_int_equal(e.word[0], vls_word_find(vls_slice_str("act")));
  assert_shows(&e, "Word 2 of 24: ", "");
}

static void entry_goes_back_and_to_numbers(void **state) {
  (void)state;
  uint8_t secret[VLS_WORDS_SECRET];
  char text[VLS_WORDS_TEXT];
  vls_entry e;
  make_words(secret, text);
  vls_entry_init(&e);
  type(&e, text);
  e.word[6] = vls_word_find(vls_slice_str("zoo")) - 1;
  assert_int_equal(type(&e, "\n"), VLS_ENTRY_WHOLE);
  vls_entry_say(&e, "they do not belong together");
  vls_buf a, b;
  vls_buf_init(&a, 256);
  vls_buf_init(&b, 256);
  vls_entry_show(&e, &a, &b);
  assert_true(vls_slice_eq(vls_buf_slice(&b), vls_slice_str("they do not belong together")));
  vls_buf_done(&a);
  vls_buf_done(&b);
  type(&e, "\025"
           "7\n");
  assert_shows(&e, "Word 7 of 24: zone", "");
  type(&e, UP UP DOWN);
  assert_int_equal(e.at, 5);
  type(&e, DOWN "\025\b"); /* from an empty one to the one before */
  assert_int_equal(e.at, 5);
  type(&e, "\025"
           "25\n");
  assert_int_equal(e.at, 5);
  assert_string_equal(e.note, "there is no word 25 here");
  type(&e, "7 ");
  assert_int_equal(e.at, 6);
  char *word = text;
  for (int i = 0; i < 6; i++)
    word = strchr(word, ' ') + 1;
  char keys[16] = "";
  snprintf(keys, sizeof keys, "%.*s", (int)strcspn(word, " "), word); /* over the wrong one */
  type(&e, keys);
  assert_int_equal(type(&e, "\n"), VLS_ENTRY_WHOLE);
  assert_gives(&e, secret);
}

static void entry_some_words_alone(void **state) {
  (void)state;
  static const size_t places[] = {2, 9, 23};
  vls_entry e;
  char text[VLS_WORDS_TEXT];
  vls_entry_init_some(&e, places, 3);
  type(&e, "zoo\n");
  assert_shows(&e, "Word 10: ", "");
  type(&e, "5\n");
  assert_string_equal(e.note, "there is no word 5 here");
  type(&e, "24\nabout\n");
  assert_int_equal(e.at, 1);
  assert_int_equal(type(&e, "zebra\n"), VLS_ENTRY_WHOLE);
  vls_entry_text(&e, text);
  assert_string_equal(text, "zoo zebra about");
}

static void entry_control_d_gives_up_only_on_an_empty_word(void **state) {
  (void)state;
  vls_entry e;
  vls_entry_init(&e);
  assert_int_equal(type(&e, "a\004"), VLS_ENTRY_OPEN);
  assert_int_equal(type(&e, "\b\004"), VLS_ENTRY_LEFT);
}

static void entry_any_keys_keep_it_in_bounds(void **state) {
  (void)state;
  static const char likely[] = "abandonzoo12479 \t\n\b\025\033[ABCDO.)";
  uint32_t seed = 12345;
  vls_entry e;
  vls_buf a, b;
  vls_buf_init(&a, 256);
  vls_buf_init(&b, 256);
  vls_entry_init(&e);
  for (int i = 0; i < 200000; i++) {
    seed = seed * 1664525 + 1013904223;
    uint8_t c =
        seed >> 31 ? (uint8_t)(seed >> 20) : (uint8_t)likely[(seed >> 16) % (sizeof likely - 1)];
    if (vls_entry_key(&e, c) != VLS_ENTRY_OPEN) vls_entry_init(&e);
    assert_true(e.at < e.n && e.n_typed <= VLS_ENTRY_TYPED && e.typed[e.n_typed] == '\0');
    if (i % 16 != 0) continue;
    vls_buf_clear(&a);
    vls_buf_clear(&b);
    vls_entry_show(&e, &a, &b);
    for (size_t k = 0; k < a.n + b.n; k++) {
      uint8_t shown = k < a.n ? a.p[k] : b.p[k - a.n];
      assert_true(shown >= 0x20 && shown < 0x7f);
    }
  }
  vls_buf_done(&a);
  vls_buf_done(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(entry_four_letters_are_enough),
      cmocka_unit_test(entry_paste_of_all_words_is_taken),
      cmocka_unit_test(entry_tab_completes_as_far_as_it_can),
      cmocka_unit_test(entry_says_what_is_not_in_the_list),
      cmocka_unit_test(entry_whole_word_wins_over_longer_ones),
      cmocka_unit_test(entry_goes_back_and_to_numbers),
      cmocka_unit_test(entry_some_words_alone),
      cmocka_unit_test(entry_control_d_gives_up_only_on_an_empty_word),
      cmocka_unit_test(entry_any_keys_keep_it_in_bounds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
