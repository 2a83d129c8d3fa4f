#include "client/suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

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
      cmocka_unit_test(suggestion_is_the_nearest_word),
      cmocka_unit_test(suggestion_is_missing_when_nothing_is_near),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
