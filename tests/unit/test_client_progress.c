/* The bar, the lines in its place, and silence for scripts. */
#include "client/progress.h"

#include <setjmp.h>
#include <stdlib.h>

#include <cmocka.h>

typedef struct run {
  vls_cli cli;
  vls_progress progress;
  char *text;
  size_t n;
} run;

static void begin(run *r, const char *term, size_t width, uint64_t total) {
  *r = (run){.cli = {.mode = VLS_HUMAN, .tty_err = term != NULL}};
  r->cli.err = (vls_out){.file = open_memstream(&r->text, &r->n), .width = width};
  setenv("TERM", term != NULL ? term : "xterm", 1);
  vls_progress_begin(&r->progress, &r->cli, "Writing", total, 1000);
}

static void at(run *r, uint64_t done, uint64_t now) {
  vls_progress_at(&r->progress, done, done * 1000, now);
}

static void assert_said(run *r, const char *expected) {
  vls_progress_end(&r->progress);
  fclose(r->cli.err.file);
  assert_string_equal(r->text, expected);
  free(r->text);
}

static void progress_bar_fills_and_goes(void **state) {
  (void)state;
  run r;
  begin(&r, "xterm", 50, 1000);
  at(&r, 10, 1099); /* too soon */
  at(&r, 500, 1100);
  at(&r, 501, 1150);
  at(&r, 1000, 1200);
  assert_said(&r, "\rWriting [=======>      ]  50 %  500 kB\033[K"
                  "\rWriting [==============] 100 %  1.0 MB\033[K"
                  "\r\033[K");
}

static void progress_bar_fits_narrow_and_wide(void **state) {
  (void)state;
  run r;
  begin(&r, "xterm", 20, 10);
  at(&r, 5, 2000);
  assert_said(&r, "\rWriting [====>   ]  50 %  5.0 kB\033[K\r\033[K");
  begin(&r, "xterm", 500, 10);
  at(&r, 20, 2000); /* more than was expected */
  assert_said(&r,
              "\rWriting [========================================] 100 %  20 kB\033[K\r\033[K");
}

static void progress_without_total_is_a_size(void **state) {
  (void)state;
  run r;
  begin(&r, "xterm", 80, 0);
  at(&r, 5, 2000);
  assert_said(&r, "\rWriting  5.0 kB\033[K\r\033[K");
}

static void progress_without_a_terminal_is_lines(void **state) {
  (void)state;
  static const char *const terms[] = {NULL, "dumb", ""};
  for (size_t i = 0; i < 3; i++) {
    run r;
    begin(&r, terms[i], 0, 200);
    at(&r, 10, 5999);
    at(&r, 50, 6000);
    at(&r, 60, 7000);
    at(&r, 150, 11000);
    assert_said(&r, "Writing: 25 %, 50 kB\nWriting: 75 %, 150 kB\n");
  }
}

static void progress_is_silent_for_scripts(void **state) {
  (void)state;
  static const vls_mode modes[] = {VLS_JSON, VLS_TABBED, VLS_HUMAN};
  for (size_t i = 0; i < 3; i++) {
    run r;
    begin(&r, "xterm", 80, 200);
    r.cli.mode = modes[i];
    r.cli.quiet = modes[i] == VLS_HUMAN;
    vls_progress_begin(&r.progress, &r.cli, "Writing", 200, 1000);
    at(&r, 100, 100000);
    assert_said(&r, "");
  }
}

static void progress_huge_numbers_hold(void **state) {
  (void)state;
  static const struct {
    uint64_t bytes;
    const char *text;
  } sizes[] = {{0, "0 bytes"},      {999, "999 bytes"},  {1000, "1.0 kB"},        {65680, "65 kB"},
               {9999999, "9.9 MB"}, {10000000, "10 MB"}, {123456789012, "123 GB"}};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    char text[16];
    vls_progress_size(text, sizes[i].bytes);
    assert_string_equal(text, sizes[i].text);
  }
  run r;
  begin(&r, "xterm", 50, UINT64_MAX);
  vls_progress_at(&r.progress, UINT64_MAX / 2, 1, 5000);
  vls_progress_at(&r.progress, UINT64_MAX, 1, 6000);
  assert_said(&r, "\rWriting [=======>      ]  50 %  1 bytes\033[K"
                  "\rWriting [==============] 100 %  1 bytes\033[K\r\033[K");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(progress_bar_fills_and_goes),
      cmocka_unit_test(progress_bar_fits_narrow_and_wide),
      cmocka_unit_test(progress_without_total_is_a_size),
      cmocka_unit_test(progress_without_a_terminal_is_lines),
      cmocka_unit_test(progress_is_silent_for_scripts),
      cmocka_unit_test(progress_huge_numbers_hold),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
