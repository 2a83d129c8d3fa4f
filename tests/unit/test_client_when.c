#include "client/when.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

/* 2026-05-20 12:00:00 in Moscow, which has no summer time. */
static const int64_t noon = INT64_C(1779267600) * 1000;

static int in_moscow(void **state) {
  (void)state;
  setenv("TZ", "MSK-3", 1);
  tzset();
  return 0;
}

static void span_understands_units_and_sums(void **state) {
  (void)state;
  static const struct {
    const char *text;
    uint64_t ms;
  } good[] = {{"500ms", 500},         {"30s", 30 * SECOND}, {"5m", 5 * MINUTE},  {"2h", 2 * HOUR},
              {"7d", 7ULL * DAY},     {"1w", 7ULL * DAY},   {"90", 90 * SECOND}, {"0", 0},
              {"1h30m", 90 * MINUTE}, {"1m1s1ms", 61001}};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    uint64_t ms = 1;
    assert_int_equal(vls_when_span(good[i].text, &ms), VLS_OK);
    assert_int_equal(ms, good[i].ms);
  }
}

static void span_refuses_what_is_none(void **state) {
  (void)state;
  static const char *const bad[] = {"",      "s",    "5x", "-5s", "5 s",
                                    "1.5h",  "1h30", "h1", "5S",  "99999999999999999999s",
                                    "4000d", "1e3",  "5mm"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    uint64_t ms = 77;
    assert_int_equal(vls_when_span(bad[i], &ms), VLS_USAGE);
    assert_int_equal(ms, 77);
  }
}

static void since_understands_days_and_moments(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t back; /* before noon, ms */
  } good[] = {{"2h", 2 * HOUR},
              {"today", 12 * HOUR},
              {"yesterday", 36 * HOUR},
              {"2026-05-20", 12 * HOUR},
              {"2026-05-19", 36 * HOUR},
              {"2026-05-20 11:30", 30 * MINUTE},
              {"2026-05-20T11:59:30", 30 * SECOND}};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    int64_t ms;
    assert_int_equal(vls_when_since(good[i].text, noon, &ms), VLS_OK);
    assert_int_equal(noon - ms, good[i].back);
  }
}

static void since_refuses_what_is_none(void **state) {
  (void)state;
  static const char *const bad[] = {"",         "2026-13-01", "2026-05-20x", "20.5.2026",
                                    "tomorrow", "12",         "x2h"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    int64_t ms;
    assert_int_equal(vls_when_since(bad[i], noon, &ms), VLS_USAGE);
  }
}

static void local_names_the_day_only_when_it_must(void **state) {
  (void)state;
  char text[VLS_WHEN_TEXT];
  vls_when_local(text, noon - HOUR, noon);
  assert_string_equal(text, "11:00");
  vls_when_local(text, noon - 13 * HOUR, noon);
  assert_string_equal(text, "yesterday 23:00");
  vls_when_local(text, noon - 3LL * DAY, noon);
  assert_string_equal(text, "17 May 12:00");
  vls_when_local(text, noon - 365LL * DAY, noon);
  assert_string_equal(text, "20 May 2025 12:00");
  vls_when_local(text, noon + 1LL * DAY, noon);
  assert_string_equal(text, "21 May 12:00");
}

static void relative_says_how_far(void **state) {
  (void)state;
  static const struct {
    int64_t ms;
    const char *text;
  } cases[] = {{0, "just now"},
               {-9 * SECOND, "just now"},
               {9 * SECOND, "just now"},
               {-30 * SECOND, "30 s ago"},
               {-5 * MINUTE, "5 min ago"},
               {-3 * HOUR, "3 h ago"},
               {-47LL * HOUR, "47 h ago"},
               {-5LL * DAY, "5 days ago"},
               {5 * MINUTE, "in 5 min"},
               {7LL * DAY - 20, "in 7 days"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char text[VLS_WHEN_TEXT];
    vls_when_relative(text, noon + cases[i].ms, noon);
    assert_string_equal(text, cases[i].text);
  }
}

static void iso_has_the_offset(void **state) {
  (void)state;
  char text[VLS_WHEN_TEXT];
  vls_when_iso(text, noon);
  assert_string_equal(text, "2026-05-20T12:00:00+0300");
}

static void texts_hold_any_time(void **state) {
  (void)state;
  static const int64_t far[] = {0, -1, INT64_MAX, INT64_MIN + 1, INT64_MAX / 1000};
  for (size_t i = 0; i < sizeof far / sizeof far[0]; i++) {
    char text[VLS_WHEN_TEXT];
    vls_when_iso(text, far[i]);
    assert_true(strlen(text) < sizeof text);
    vls_when_local(text, far[i], noon);
    assert_true(strlen(text) < sizeof text);
    vls_when_relative(text, far[i], noon);
    assert_true(strlen(text) < sizeof text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(span_understands_units_and_sums),
      cmocka_unit_test(span_refuses_what_is_none),
      cmocka_unit_test(since_understands_days_and_moments),
      cmocka_unit_test(since_refuses_what_is_none),
      cmocka_unit_test(local_names_the_day_only_when_it_must),
      cmocka_unit_test(relative_says_how_far),
      cmocka_unit_test(iso_has_the_offset),
      cmocka_unit_test(texts_hold_any_time),
  };
  return cmocka_run_group_tests(tests, in_moscow, NULL);
}
