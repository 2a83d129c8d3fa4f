#include "client/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/rpc.h"

static vls_err to_wire(const char *json, vls_buf *out) {
  json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
  assert_non_null(value);
  vls_buf_init(out, VLS_RPC_FRAME_MAX);
  vls_err err = vls_json_to_wire(value, out);
  json_decref(value);
  return err;
}

static void json_there_and_back_is_the_same(void **state) {
  (void)state;
  static const char *const texts[] = {
      "{}",
      "[]",
      "null",
      "true",
      "0",
      "9223372036854775807",
      "\"\"",
      "\"Zażółć \\u0001\"",
      "{\"who\":\"Bao\",\"n\":17,\"list\":[1,[2,{\"x\":null}],false]}",
  };
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    vls_buf wire;
    size_t used;
    assert_int_equal(to_wire(texts[i], &wire), VLS_OK);
    assert_int_equal(vls_wire_scan(vls_buf_slice(&wire), VLS_WIRE_STRICT, &used), VLS_OK);
    assert_int_equal(used, wire.n);
    json_t *back = vls_json_from_wire(vls_buf_slice(&wire));
    json_t *first = json_loads(texts[i], JSON_DECODE_ANY, NULL);
    assert_true(json_equal(back, first));
    json_decref(back);
    json_decref(first);
    vls_buf_done(&wire);
  }
}

static void json_the_node_cannot_read_is_refused(void **state) {
  (void)state;
  static const char *const bad[] = {"-1", "1.5", "{\"a\":[1e3]}", "{\"a\":-9}"};
  vls_buf wire;
  for (size_t i = 0; i < 4; i++) {
    assert_int_equal(to_wire(bad[i], &wire), VLS_USAGE);
    vls_buf_done(&wire);
  }
  assert_int_equal(to_wire("[[[[[[[[[[[[1]]]]]]]]]]]]", &wire), VLS_TOO_BIG);
  vls_buf_done(&wire);
}

static void json_has_no_word_for_binary(void **state) {
  (void)state;
  assert_null(vls_json_from_wire(vls_slice_of("\xc4\x01x", 3)));
  assert_null(vls_json_from_wire(vls_slice_of("\x91\xc4\x01x", 4)));
  assert_null(vls_json_from_wire(vls_slice_of("\x81\x01\x01", 3))); /* a key that is no text */
}

static void json_numbers_beyond_its_own_are_text(void **state) {
  (void)state;
  json_t *value = vls_json_from_wire(vls_slice_of("\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9));
  assert_string_equal(json_string_value(value), "18446744073709551615");
  json_decref(value);
}

static void json_of_a_message_has_v_first_and_leaves_out_what_is_absent(void **state) {
  (void)state;
  vls_rpc_sent sent = {.to = vls_slice_str("Bao"), .n = 3};
  json_t *object = vls_json_new();
  vls_json_add(object, &vls_rpc_sent_def, &sent);
  vls_buf line;
  vls_buf_init(&line, VLS_GATE_MAX);
  vls_json_line(&line, object, JSON_COMPACT);
  static const char expected[] = "{\"v\":1,\"to\":\"Bao\",\"n\":3}\n";
  assert_int_equal(line.n, sizeof expected - 1);
  assert_memory_equal(line.p, expected, line.n);
  vls_buf_done(&line);
  json_decref(object);
}

static void json_has_every_kind_of_field_of_the_contract(void **state) {
  (void)state;
  vls_rpc_status s = {.state = vls_slice_str("ready"),
                      .version = vls_slice_str("1"),
                      .contacts = 2,
                      .listening = {vls_slice_str("a:1"), vls_slice_str("b:2")},
                      .n_listening = 2};
  vls_rpc_contact c = {.contact = 1, .verified = true};
  json_t *object = vls_json_new();
  vls_json_add(object, &vls_rpc_status_def, &s);
  assert_int_equal(json_object_size(object), 1 + vls_rpc_status_def.n_fields);
  assert_int_equal(json_array_size(json_object_get(object, "listening")), 2);
  assert_int_equal(json_array_size(json_object_get(object, "advertised")), 0);
  json_decref(object);
  object = vls_json_new();
  vls_json_add(object, &vls_rpc_contact_def, &c);
  assert_true(json_is_true(json_object_get(object, "verified")));
  assert_true(json_is_false(json_object_get(object, "online")));
  assert_null(json_object_get(object, "last_seen"));
  json_decref(object);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(json_there_and_back_is_the_same),
      cmocka_unit_test(json_the_node_cannot_read_is_refused),
      cmocka_unit_test(json_has_no_word_for_binary),
      cmocka_unit_test(json_numbers_beyond_its_own_are_text),
      cmocka_unit_test(json_of_a_message_has_v_first_and_leaves_out_what_is_absent),
      cmocka_unit_test(json_has_every_kind_of_field_of_the_contract),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
