#include "daemon/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

static vls_err parse(vls_config *config, const char *text, vls_trouble *why) {
  vls_config_init(config);
  return vls_config_parse(config, vls_slice_str(text), "valise.conf", why);
}

static void refused(const char *text, const char *message) {
  vls_config config;
  vls_trouble why = {.what = ""};
  assert_int_equal(parse(&config, text, &why), VLS_USAGE);
  assert_string_equal(why.what, message);
  vls_config_done(&config);
}

static void accepted(const char *text, vls_key key, const char *value) {
  vls_config config;
  vls_trouble why = {.what = ""};
  vls_err err = parse(&config, text, &why);
  assert_string_equal(why.what, "");
  assert_int_equal(err, VLS_OK);
  assert_string_equal(vls_config_text(&config, key), value);
  vls_config_done(&config);
}

static void config_unknown_words_get_a_suggestion(void **state) {
  (void)state;
  refused("[listen]\nadress = [::]:1\n",
          "valise.conf:2: unknown key \"adress\" in [listen]; did you mean \"address\"?");
  refused("[lisen]\naddress = [::]:1\n",
          "valise.conf:2: unknown section [lisen]; did you mean [listen]?");
  refused("[weather]\nrain = yes\n", "valise.conf:2: unknown section [weather]");
  refused("[dial]\nweather = rain\n", "valise.conf:2: unknown key \"weather\" in [dial]");
  refused("address = [::]:1\n", "valise.conf:1: \"address\" stands before any [section]");
}

static void config_bad_values_say_what_is_taken(void **state) {
  (void)state;
  refused("[direct]\nitems_per_event = 65\n",
          "valise.conf:2: direct.items_per_event: \"65\" is not a number from 1 to 64");
  refused("[direct]\nitems_per_event = 99999999999999999999\n",
          "valise.conf:2: direct.items_per_event: \"99999999999999999999\" is not a number from 1 "
          "to 64");
  refused("[direct]\nread_receipts = maybe\n",
          "valise.conf:2: direct.read_receipts: \"maybe\" is neither yes nor no");
  refused("[log]\nlevel = loud\n",
          "valise.conf:2: log.level: \"loud\" is none of debug, info, notice, warning, error");
  refused(
      "[dial]\nsocks5 = tor.example:9050\n",
      "valise.conf:2: dial.socks5: \"tor.example:9050\" is a name; an IP address is needed here, "
      "since looking it up would not go through the proxy");
  refused("[listen]\naddress = 2001:db8::1:4647\n",
          "valise.conf:2: listen.address: \"2001:db8::1:4647\" is not ADDRESS:PORT, such as "
          "192.0.2.7:4647 or [2001:db8::7]:4647");
  refused("[listen]\nadvertise = node.example:0\n",
          "valise.conf:2: listen.advertise: \"node.example:0\": nothing can be dialled at port 0");
  refused("[dial]\nsocks5_password_file = secret\n",
          "valise.conf:2: dial.socks5_password_file: \"secret\" is not an absolute path");
}

static void config_lines_that_are_none_are_refused(void **state) {
  (void)state;
  refused("[log]\nlevel\n", "valise.conf:2: neither [section] nor key = value nor # comment");
  refused("[log\nlevel = info\n", "valise.conf:1: neither [section] nor key = value nor # comment");
  refused(
      "[log]\nlevel = info\nlevel = debug\n",
      "valise.conf:3: log.level is set a second time (an indented line goes on with the key above "
      "it)");
  char line[400] = "[listen]\nadvertise = ";
  memset(line + strlen(line), 'a', 300);
  refused(line, "valise.conf:2: longer than 198 characters; a list may go on in indented lines");
}

static void config_nul_bytes_are_refused(void **state) {
  (void)state;
  static const char text[] = "[log]\nlevel = in\0fo\n";
  vls_config config;
  vls_trouble why;
  vls_config_init(&config);
  assert_int_equal(
      vls_config_parse(&config, vls_slice_of(text, sizeof text - 1), "valise.conf", &why),
      VLS_USAGE);
  assert_string_equal(why.what, "valise.conf:2: a NUL byte; this is not a text file");
  vls_config_done(&config);
}

static void config_lists_go_on_in_indented_lines(void **state) {
  (void)state;
  accepted("[listen]\nadvertise = node.example:1,\n  192.0.2.1:2\n  [2001:db8::1]:3 ; home\n",
           VLS_KEY_LISTEN_ADVERTISE, "node.example:1, 192.0.2.1:2, [2001:db8::1]:3");
  accepted("[listen]\naddress =\n", VLS_KEY_LISTEN_ADDRESS, "");
  accepted("# a comment\n[log]\n; another\nlevel = debug\n", VLS_KEY_LOG_LEVEL, "debug");
}

static void config_list_entries_are_trimmed_and_empty_ones_skipped(void **state) {
  (void)state;
  vls_config config;
  vls_trouble why;
  assert_int_equal(parse(&config, "[listen]\nadvertise = , a.example:1 ,, b.example:2,\n", &why),
                   VLS_OK);
  vls_slice list[VLS_KEYS];
  assert_int_equal(vls_config_list(&config, VLS_KEY_LISTEN_ADVERTISE, list, 8), 2);
  assert_true(vls_slice_eq(list[0], vls_slice_str("a.example:1")));
  assert_true(vls_slice_eq(list[1], vls_slice_str("b.example:2")));
  vls_config_done(&config);
}

static void config_a_later_file_replaces_an_earlier_one(void **state) {
  (void)state;
  vls_config config;
  vls_trouble why;
  assert_int_equal(parse(&config, "[listen]\nadvertise = a.example:1\n", &why), VLS_OK);
  assert_int_equal(vls_config_parse(&config, vls_slice_str("[listen]\nadvertise = b.example:2\n"),
                                    "conf.d/1.conf", &why),
                   VLS_OK);
  assert_string_equal(vls_config_text(&config, VLS_KEY_LISTEN_ADVERTISE), "b.example:2");
  assert_string_equal(vls_config_from(&config, VLS_KEY_LISTEN_ADVERTISE), "conf.d/1.conf:2");
  vls_config_done(&config);
}

static void config_keys_that_contradict_each_other_are_refused(void **state) {
  (void)state;
  vls_config config;
  vls_trouble why;
  assert_int_equal(parse(&config, "[dial]\nsocks5_user = ana\n", &why), VLS_OK);
  assert_int_equal(vls_config_check(&config, &why), VLS_USAGE);
  assert_string_equal(why.what, "valise.conf:2: dial.socks5_user is set, but dial.socks5 is not");
  vls_config_done(&config);
}

static void config_yes_has_many_names(void **state) {
  (void)state;
  static const char *const yes[] = {"yes", "true", "on", "1", "YES"};
  for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
    vls_config config;
    vls_trouble why;
    vls_config_init(&config);
    assert_int_equal(vls_config_set(&config, VLS_KEY_DIAL_ENABLED, "off", "test", &why), VLS_OK);
    assert_false(vls_config_yes(&config, VLS_KEY_DIAL_ENABLED));
    assert_int_equal(vls_config_set(&config, VLS_KEY_DIAL_ENABLED, yes[i], "test", &why), VLS_OK);
    assert_true(vls_config_yes(&config, VLS_KEY_DIAL_ENABLED));
    vls_config_done(&config);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(config_unknown_words_get_a_suggestion),
      cmocka_unit_test(config_bad_values_say_what_is_taken),
      cmocka_unit_test(config_lines_that_are_none_are_refused),
      cmocka_unit_test(config_nul_bytes_are_refused),
      cmocka_unit_test(config_lists_go_on_in_indented_lines),
      cmocka_unit_test(config_list_entries_are_trimmed_and_empty_ones_skipped),
      cmocka_unit_test(config_a_later_file_replaces_an_earlier_one),
      cmocka_unit_test(config_keys_that_contradict_each_other_are_refused),
      cmocka_unit_test(config_yes_has_many_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
