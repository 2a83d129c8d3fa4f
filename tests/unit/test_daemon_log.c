#include "daemon/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char lines[8192];

static int open_pipe(int *ret_read) {
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  *ret_read = ends[0];
  return ends[1];
}

static void collect(int from, int to) {
  close(to);
  size_t n = 0;
  ssize_t got;
  while ((got = read(from, lines + n, sizeof lines - 1 - n)) > 0)
    n += (size_t)got;
  lines[n] = '\0';
  close(from);
}

static void log_values_cannot_end_a_line_or_forge_a_key(void **state) {
  (void)state;
  int from, to = open_pipe(&from);
  vls_logger log;
  vls_log_init(&log, to, VLS_INFO);
  VLS_LOG(&log, VLS_INFO, "test", vls_log_s("why", "a\nlevel=error \"b\" \\ \x1b[2J\xe2\x80\xae"),
          vls_log_s("plain", "word"), vls_log_s("empty", ""), vls_log_u("n", 7));
  collect(from, to);
  const char *expected = " info test why=\"a\\x0alevel=error \\\"b\\\" \\\\ "
                         "\\x1b[2J\\xe2\\x80\\xae\" plain=word empty=\"\" n=7\n";
  assert_string_equal(strchr(lines, ' '), expected);
}

static void log_text_escaped_before_is_not_escaped_again(void **state) {
  (void)state;
  int from, to = open_pipe(&from);
  vls_logger log;
  vls_log_init(&log, to, VLS_INFO);
  vls_log_text(&log, VLS_NOTICE, "core", (vls_slice){(const uint8_t *)"a \\x1b\n", 7});
  collect(from, to);
  assert_string_equal(strchr(lines, ' '), " notice core msg=\"a \\x1b\\x0a\"\n");
}

static void log_below_its_level_is_silent(void **state) {
  (void)state;
  int from, to = open_pipe(&from);
  vls_logger log;
  vls_log_init(&log, to, VLS_WARNING);
  VLS_LOG(&log, VLS_NOTICE, "test", vls_log_u("n", 1));
  collect(from, to);
  assert_string_equal(lines, "");
}

static void log_long_lines_are_cut(void **state) {
  (void)state;
  int from, to = open_pipe(&from);
  char text[4 * VLS_LOG_LINE];
  memset(text, '\n', sizeof text);
  vls_logger log;
  vls_log_init(&log, to, VLS_INFO);
  VLS_LOG(&log, VLS_INFO, "test", vls_log_b("a", (vls_slice){(uint8_t *)text, sizeof text}),
          vls_log_b("b", (vls_slice){(uint8_t *)text, sizeof text}));
  collect(from, to);
  assert_true(strlen(lines) <= VLS_LOG_LINE);
  assert_ptr_equal(strchr(lines, '\n'), lines + strlen(lines) - 1);
}

static void log_a_flood_of_one_kind_is_cut_and_counted(void **state) {
  (void)state;
  int from, to = open_pipe(&from);
  vls_logger log;
  vls_log_init(&log, to, VLS_INFO);
  for (int i = 0; i < 3 * VLS_LOG_BURST; i++)
    VLS_LOG(&log, VLS_INFO, "flood", vls_log_u("n", 1));
  VLS_LOG(&log, VLS_INFO, "other", vls_log_u("n", 1));
  for (size_t i = 0; i < VLS_LOG_KINDS; i++)
    log.kinds[i].window = 0; /* some time later */
  VLS_LOG(&log, VLS_INFO, "flood", vls_log_u("n", 2));
  collect(from, to);
  int floods = 0;
  for (const char *p = lines; (p = strstr(p, "flood")) != NULL; p++)
    floods++;
  /* A window may begin anew while the test runs. */
  assert_true(floods == VLS_LOG_BURST + 1 || floods == 2 * VLS_LOG_BURST + 1);
  assert_non_null(strstr(lines, "other"));
  assert_non_null(strstr(lines, "n=2 suppressed="));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(log_values_cannot_end_a_line_or_forge_a_key),
      cmocka_unit_test(log_text_escaped_before_is_not_escaped_again),
      cmocka_unit_test(log_below_its_level_is_silent),
      cmocka_unit_test(log_long_lines_are_cut),
      cmocka_unit_test(log_a_flood_of_one_kind_is_cut_and_counted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
