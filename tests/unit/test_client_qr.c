#include "client/qr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/cmd_contact.h"

/* Lines that the code of a text takes; 0 when there is none. */
static size_t lines_of(const char *text, bool fold) {
  char *printed = NULL;
  size_t n = 0, lines = 0;
  vls_out out = {.file = open_memstream(&printed, &n)};
  vls_err err = vls_qr_print(&out, text, fold);
  fclose(out.file);
  for (size_t i = 0; i < n; i++)
    lines += printed[i] == '\n';
  free(printed);
  return err == VLS_OK ? lines : 0;
}

static char *link_of(size_t n) {
  char *link = calloc(n + 8, 1);
  memcpy(link, "valise:", 7);
  memset(link + 7, 'q', n);
  return link;
}

static void qr_has_two_modules_a_line_and_a_quiet_zone(void **state) {
  (void)state;
  assert_int_equal(lines_of("v1", false), (21 + 8 + 1) / 2); /* version 1 */
}

static void qr_of_a_link_is_smaller_in_capitals(void **state) {
  (void)state;
  char *link = link_of(260);
  assert_true(lines_of(link, true) < lines_of(link, false));
  free(link);
}

static void qr_holds_the_longest_link(void **state) {
  (void)state;
  char *link = link_of(505);
  assert_true(lines_of(link, true) > 0);
  free(link);
}

static void qr_refuses_what_no_code_holds(void **state) {
  (void)state;
  char *link = link_of(5000);
  assert_int_equal(lines_of(link, true), 0);
  free(link);
}

static void link_folds_only_without_capitals(void **state) {
  (void)state;
  assert_true(vls_link_folds("valise:abc234"));
  assert_false(vls_link_folds("valise:Abc"));
  assert_false(vls_link_folds("valise:abc?x"));
  assert_false(vls_link_folds("valise:ä"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(qr_has_two_modules_a_line_and_a_quiet_zone),
      cmocka_unit_test(qr_of_a_link_is_smaller_in_capitals),
      cmocka_unit_test(qr_holds_the_longest_link),
      cmocka_unit_test(qr_refuses_what_no_code_holds),
      cmocka_unit_test(link_folds_only_without_capitals),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
