#include "client/suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void distance_counts_single_slips(void **state) {
  (void)state;
  assert_int_equal(vls_suggest_distance("send", "send"), 0);
  assert_int_equal(vls_suggest_distance("sned", "send"), 1);
  assert_int_equal(vls_suggest_distance("sen", "send"), 1);
  assert_int_equal(vls_suggest_distance("sendd", "send"), 1);
  assert_int_equal(vls_suggest_distance("sand", "send"), 1);
  assert_int_equal(vls_suggest_distance("", "send"), 4);
  assert_int_equal(vls_suggest_distance("kitten", "sitting"), 3);
}

static void distance_is_the_same_both_ways(void **state) {
  (void)state;
  static const char *const words[] = {"",        "a",       "send",  "sned",
                                      "contact", "cnotatc", "watch", "wathc"};
  for (size_t i = 0; i < 8; i++)
    for (size_t j = 0; j < 8; j++)
      assert_int_equal(vls_suggest_distance(words[i], words[j]),
                       vls_suggest_distance(words[j], words[i]));
}

static void distance_gives_up_on_long_words(void **state) {
  (void)state;
  char word[VLS_SUGGEST_WORD + 2];
  memset(word, 'a', sizeof word - 1);
  word[sizeof word - 1] = '\0';
  assert_true(vls_suggest_distance(word, "a") == SIZE_MAX);
  assert_true(vls_suggest_distance("a", word) == SIZE_MAX);
  word[VLS_SUGGEST_WORD] = '\0';
  assert_int_equal(vls_suggest_distance(word, ""), VLS_SUGGEST_WORD);
}

static const char *best_of(const char *word) {
  static const char *const list[] = {"init", "status", "doctor", "send",
                                     "read", "recv",   "watch",  "contact"};
  vls_suggest s = vls_suggest_for(word);
  for (size_t i = 0; i < 8; i++)
    vls_suggest_try(&s, list[i]);
  return s.best;
}

static void suggestion_is_the_nearest_word(void **state) {
  (void)state;
  assert_string_equal(best_of("sned"), "send");
  assert_string_equal(best_of("stauts"), "status");
  assert_string_equal(best_of("docter"), "doctor");
  assert_string_equal(best_of("cont"), "contact");
  assert_string_equal(best_of("contcat"), "contact");
  assert_string_equal(best_of("rea"), "read");
}

static void suggestion_is_missing_when_nothing_is_near(void **state) {
  (void)state;
  assert_null(best_of("frobnicate"));
  assert_null(best_of("x"));
  assert_null(best_of(""));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(distance_counts_single_slips),
      cmocka_unit_test(distance_is_the_same_both_ways),
      cmocka_unit_test(distance_gives_up_on_long_words),
      cmocka_unit_test(suggestion_is_the_nearest_word),
      cmocka_unit_test(suggestion_is_missing_when_nothing_is_near),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
