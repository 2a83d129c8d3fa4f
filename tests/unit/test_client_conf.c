#include "client/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void becomes(const char *file, const char *section, const char *name, const char *value,
                    const char *expected) {
  vls_buf out;
  vls_buf_init(&out, VLS_CONF_MAX);
  assert_int_equal(vls_conf_set(vls_slice_str(file), section, name, value, &out), VLS_OK);
  assert_int_equal(vls_buf_put(&out, "", 1), VLS_OK);
  assert_string_equal((char *)out.p, expected);
  vls_buf_done(&out);
}

static void conf_a_new_file_gets_the_section(void **state) {
  (void)state;
  becomes("", "log", "level", "debug", "[log]\nlevel = debug\n");
}

static void conf_a_value_is_replaced_in_its_place(void **state) {
  (void)state;
  becomes("# mine\n[log]\n# why\nlevel = info\n\n[listen]\naddress = [::]:1\n", "log", "level",
          "debug", "# mine\n[log]\n# why\nlevel = debug\n\n[listen]\naddress = [::]:1\n");
}

static void conf_a_comment_behind_the_value_stays(void **state) {
  (void)state;
  becomes("[log]\nlevel=info ; as quiet as can be\n", "log", "level", "debug",
          "[log]\nlevel = debug ; as quiet as can be\n");
}

static void conf_the_same_key_of_another_section_stays(void **state) {
  (void)state;
  becomes("[a]\nx = 1\n[b]\nx = 2\n", "b", "x", "3", "[a]\nx = 1\n[b]\nx = 3\n");
}

static void conf_a_new_key_goes_to_the_end_of_its_section(void **state) {
  (void)state;
  becomes("[a]\nx = 1\n\n[b]\ny = 2\n", "a", "z", "3", "[a]\nx = 1\nz = 3\n\n[b]\ny = 2\n");
  becomes("[a]\nx = 1", "a", "z", "3", "[a]\nx = 1\nz = 3\n");
  becomes("[a]\nx = 1", "b", "z", "3", "[a]\nx = 1\n\n[b]\nz = 3\n");
  becomes("[a]\n", "a", "z", "", "[a]\nz =\n");
}

static void conf_further_lines_of_a_list_go(void **state) {
  (void)state;
  static const char file[] =
      "[listen]\naddress = [::]:1\n  0.0.0.0:1\n# between\n  127.0.0.1:2\naddress = x:3\n"
      "advertise = h:4\n";
  becomes(file, "listen", "address", "[::]:9",
          "[listen]\naddress = [::]:9\n# between\nadvertise = h:4\n");
}

static void conf_a_key_can_be_taken_out(void **state) {
  (void)state;
  becomes("[a]\nx = 1\ny = 2\n", "a", "x", NULL, "[a]\ny = 2\n");
  becomes("[a]\ny = 2\n", "a", "x", NULL, "[a]\ny = 2\n");
  becomes("", "a", "x", NULL, "");
}

static void conf_setting_twice_is_setting_once(void **state) {
  (void)state;
  static const char *const files[] = {"", "[a]\nx = 1\n", "[b]\n; c\n", "[a]\n\n\n[b]\nx=2 ; k\n",
                                      "x"};
  for (size_t i = 0; i < 5; i++) {
    vls_buf once, twice;
    vls_buf_init(&once, VLS_CONF_MAX);
    vls_buf_init(&twice, VLS_CONF_MAX);
    assert_int_equal(vls_conf_set(vls_slice_str(files[i]), "a", "x", "v", &once), VLS_OK);
    assert_int_equal(vls_conf_set(vls_buf_slice(&once), "a", "x", "v", &twice), VLS_OK);
    assert_true(vls_slice_eq(vls_buf_slice(&once), vls_buf_slice(&twice)));
    vls_buf_done(&once);
    vls_buf_done(&twice);
  }
}

static void conf_values_that_would_be_read_otherwise_are_refused(void **state) {
  (void)state;
  static const char *const bad[] = {"a\nb = c", "a\tb", "x ; y", ";x", "\x7f", "\x1b"};
  for (size_t i = 0; i < 6; i++) {
    vls_buf out;
    vls_buf_init(&out, VLS_CONF_MAX);
    assert_int_equal(vls_conf_set(vls_slice_str(""), "a", "x", bad[i], &out), VLS_USAGE);
    assert_int_equal(out.n, 0);
    vls_buf_done(&out);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(conf_a_new_file_gets_the_section),
      cmocka_unit_test(conf_a_value_is_replaced_in_its_place),
      cmocka_unit_test(conf_a_comment_behind_the_value_stays),
      cmocka_unit_test(conf_the_same_key_of_another_section_stays),
      cmocka_unit_test(conf_a_new_key_goes_to_the_end_of_its_section),
      cmocka_unit_test(conf_further_lines_of_a_list_go),
      cmocka_unit_test(conf_a_key_can_be_taken_out),
      cmocka_unit_test(conf_setting_twice_is_setting_once),
      cmocka_unit_test(conf_values_that_would_be_read_otherwise_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
