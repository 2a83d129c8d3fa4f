#include "proto/wire.h"

#include <stdio.h>
#include <stdlib.h>

#include "gen_wire.h"
#include "vec_hex.h"

enum { ROUNDS = 300 };

static size_t size_max(size_t a, size_t b) {
  return a > b ? a : b;
}

static void *new_message(const vls_wire_def *def) {
  return vls_calloc(1, def->size);
}

static vls_err decode(const vls_wire_def *def, vls_slice in, vls_wire_fault *fault) {
  void *msg = new_message(def);
  vls_err err = vls_wire_decode(def, VLS_WIRE_STRICT, in, msg, fault);
  free(msg);
  return err;
}

/* Encodes a random message of def; false when chance made it larger than def allows. */
static bool random_encoding(gen *g, const vls_wire_def *def, vls_buf *out) {
  void *msg = new_message(def);
  gen_message(g, def, msg);
  vls_buf_clear(out);
  vls_err err = vls_wire_encode(def, msg, out);
  free(msg);
  assert_true(err == VLS_OK || err == VLS_TOO_BIG);
  if (err == VLS_TOO_BIG) assert_int_equal(out->n, 0);
  return err == VLS_OK;
}

static void random_messages_survive_decode_and_encode(void **state) {
  (void)state;
  gen g;
  gen_init(&g, 1);
  vls_buf first, second;
  vls_buf_init(&first, GEN_ARENA);
  vls_buf_init(&second, GEN_ARENA);
  for (size_t d = 0; d < GEN_DEFS; d++) {
    const vls_wire_def *def = gen_def(d);
    size_t sound = 0;
    for (int i = 0; i < ROUNDS; i++) {
      if (!random_encoding(&g, def, &first)) continue;
      sound++;
      void *msg = new_message(def);
      vls_wire_fault fault;
      vls_err err = vls_wire_decode(def, VLS_WIRE_STRICT, vls_buf_slice(&first), msg, &fault);
      if (err != VLS_OK) fail_msg("%s.%s %s", def->name, fault.field, fault.what);
      assert_null(fault.what);
      vls_buf_clear(&second);
      assert_int_equal(vls_wire_encode(def, msg, &second), VLS_OK);
      assert_true(vls_slice_eq(vls_buf_slice(&first), vls_buf_slice(&second)));
      free(msg);
    }
    if (sound < ROUNDS / 20) fail_msg("%s: only %zu of %d fit", def->name, sound, ROUNDS);
  }
  vls_buf_done(&first);
  vls_buf_done(&second);
  gen_done(&g);
}

/* The encoder's bytes, read and written again by msgpack-c alone, are the same bytes. */
static void encoding_is_what_msgpack_c_makes_of_the_same_values(void **state) {
  (void)state;
  gen g;
  gen_init(&g, 2);
  vls_buf out;
  vls_buf_init(&out, GEN_ARENA);
  for (size_t d = 0; d < GEN_DEFS; d++) {
    for (int i = 0; i < ROUNDS / 10; i++) {
      if (!random_encoding(&g, gen_def(d), &out)) continue;
      msgpack_unpacked u;
      msgpack_unpacked_init(&u);
      size_t off = 0;
      assert_int_equal(msgpack_unpack_next(&u, (const char *)out.p, out.n, &off),
                       MSGPACK_UNPACK_SUCCESS);
      assert_int_equal(off, out.n);
      msgpack_sbuffer again;
      msgpack_sbuffer_init(&again);
      msgpack_packer pk;
      msgpack_packer_init(&pk, &again, msgpack_sbuffer_write);
      assert_int_equal(msgpack_pack_object(&pk, u.data), 0);
      assert_true(vls_slice_eq(vls_buf_slice(&out), vls_slice_of(again.data, again.size)));
      msgpack_sbuffer_destroy(&again);
      msgpack_unpacked_destroy(&u);
    }
  }
  vls_buf_done(&out);
  gen_done(&g);
}

static bool is_list(const vls_field *f) {
  return f->type == VLS_F_SUBS || f->type == VLS_F_FIXES || f->type == VLS_F_STRS;
}

/* What the table says about a field written in this way. */
static bool allowed(const vls_wire_def *def, const vls_field *f, gen_how how) {
  switch (how) {
  case GEN_MIN:
  case GEN_MAX:
  case GEN_WIDE: return true;
  case GEN_NIL: return f->optional;
  case GEN_ABSENT: return f->optional && def->shape == VLS_MAP;
  case GEN_LIST: return is_list(f) && f->min == 0;
  case GEN_TEXT: return f->type == VLS_F_STR;
  case GEN_BINARY: return f->type == VLS_F_BIN || f->type == VLS_F_FIX;
  case GEN_NUMBER: return f->type == VLS_F_UINT;
  case GEN_TRUE: return f->type == VLS_F_BOOL;
  case GEN_BELOW:
  case GEN_ABOVE:
  case GEN_WIDER:
  case GEN_NEGATIVE:
  case GEN_FLOAT:
  case GEN_MAP:
  case GEN_TWICE:
  case GEN_RENAMED: return false;
  }
  return false;
}

static void try_field(const vls_wire_def *def, const vls_field *f, gen_how how) {
  msgpack_sbuffer out;
  msgpack_sbuffer_init(&out);
  msgpack_packer pk;
  msgpack_packer_init(&pk, &out, msgpack_sbuffer_write);
  gen_put(&pk, def, f, how);
  vls_wire_fault fault;
  vls_err err = decode(def, vls_slice_of(out.data, out.size), &fault);
  if ((err == VLS_OK) != allowed(def, f, how))
    fail_msg("%s.%s, way %d: %s %s", def->name, f->name, (int)how, vls_err_name(err), fault.what);
  assert_true((err == VLS_OK) == (fault.what == NULL));
  msgpack_sbuffer_destroy(&out);
}

static void every_field_keeps_its_type_and_bounds(void **state) {
  (void)state;
  for (size_t d = 0; d < GEN_DEFS; d++) {
    const vls_wire_def *def = gen_def(d);
    for (size_t k = 0; k < def->n_fields; k++)
      for (gen_how how = GEN_MIN; how <= GEN_RENAMED; how++)
        if (gen_applies(&def->fields[k], how) && (how != GEN_RENAMED || def->shape == VLS_MAP))
          try_field(def, &def->fields[k], how);
  }
}

static void every_prefix_and_every_tail_is_refused(void **state) {
  (void)state;
  gen g;
  gen_init(&g, 3);
  vls_buf out;
  vls_buf_init(&out, GEN_ARENA);
  for (size_t d = 0; d < GEN_DEFS; d++) {
    const vls_wire_def *def = gen_def(d);
    do {
    } while (!random_encoding(&g, def, &out) || out.n > 4096);
    for (size_t n = 0; n < out.n; n++) {
      /* A copy of its own size, so that reading past it is seen. */
      uint8_t *copy = vls_calloc(size_max(n, 1), 1);
      memcpy(copy, out.p, n);
      size_t used;
      assert_int_equal(vls_wire_scan(vls_slice_of(copy, n), VLS_WIRE_STRICT, &used), VLS_AGAIN);
      assert_int_equal(decode(def, vls_slice_of(copy, n), NULL), VLS_MALFORMED);
      free(copy);
    }
    assert_int_equal(vls_buf_put_u8(&out, 0xc0), VLS_OK);
    if (out.n <= def->max_bytes)
      assert_int_equal(decode(def, vls_buf_slice(&out), NULL), VLS_MALFORMED);
  }
  vls_buf_done(&out);
  gen_done(&g);
}

/* One flipped byte gives an error, or a message whose only encoding is those very bytes. */
static void every_flipped_byte_is_refused_or_canonical(void **state) {
  (void)state;
  gen g;
  gen_init(&g, 4);
  vls_buf out, again;
  vls_buf_init(&out, GEN_ARENA);
  vls_buf_init(&again, GEN_ARENA);
  for (size_t d = 0; d < GEN_PEER_DEFS; d++) {
    const vls_wire_def *def = gen_def(d);
    do {
    } while (!random_encoding(&g, def, &out) || out.n > 4096);
    for (size_t i = 0; i < 8 * out.n; i++) {
      out.p[i / 8] ^= (uint8_t)(1u << i % 8);
      void *msg = new_message(def);
      if (vls_wire_decode(def, VLS_WIRE_STRICT, vls_buf_slice(&out), msg, NULL) == VLS_OK) {
        vls_buf_clear(&again);
        assert_int_equal(vls_wire_encode(def, msg, &again), VLS_OK);
        assert_true(vls_slice_eq(vls_buf_slice(&out), vls_buf_slice(&again)));
      }
      free(msg);
      out.p[i / 8] ^= (uint8_t)(1u << i % 8);
    }
  }
  vls_buf_done(&out);
  vls_buf_done(&again);
  gen_done(&g);
}

static void message_past_its_bytes_is_too_big(void **state) {
  (void)state;
  vls_buf out;
  vls_buf_init(&out, GEN_ARENA);
  vls_invite invite = {.version = 1, .opk_id = 1, .n_addresses = 4};
  char address[64];
  memset(address, 'x', sizeof address);
  for (size_t i = 0; i < 4; i++)
    invite.addresses[i] = vls_slice_of(address, sizeof address);
  assert_int_equal(vls_buf_put_u8(&out, 7), VLS_OK);
  assert_int_equal(vls_wire_encode(&vls_invite_def, &invite, &out), VLS_TOO_BIG);
  assert_int_equal(out.n, 1); /* as before */
  vls_buf_clear(&out);
  invite.n_addresses = 1;
  assert_int_equal(vls_wire_encode(&vls_invite_def, &invite, &out), VLS_OK);
  vls_buf_done(&out);

  uint8_t big[313] = {0};
  assert_int_equal(decode(&vls_invite_def, vls_slice_of(big, sizeof big), NULL), VLS_TOO_BIG);
}

static void full_buffer_is_left_as_it_was(void **state) {
  (void)state;
  vls_prekey prekey = {.id = 1, .created = 1};
  for (size_t max = 0; max < 38; max++) {
    vls_buf out;
    vls_buf_init(&out, max);
    vls_err err = vls_wire_encode(&vls_prekey_def, &prekey, &out);
    assert_int_equal(err, max < 37 ? VLS_TOO_BIG : VLS_OK);
    assert_int_equal(out.n, max < 37 ? 0 : 37);
    vls_buf_done(&out);
  }
}

static void text_must_be_utf8_without_nul(void **state) {
  (void)state;
  static const char *const wrong[] = {"9101",     "91a100",     "91a180",
                                      "91a2c080", "91a3eda080", "91a4f4908080",
                                      "91a2c3c3", "91a1ff",     "91a3e1ba20"};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    vec_bytes v = vec_hex(wrong[i]);
    vls_wire_fault fault;
    assert_int_equal(decode(&vls_item_text_def, vec_slice(&v), &fault), VLS_MALFORMED);
    assert_string_equal(fault.field, "text");
  }
  vec_bytes right = vec_hex("91a4f09f92bc");
  assert_int_equal(decode(&vls_item_text_def, vec_slice(&right), NULL), VLS_OK);
}

static void faults_name_what_a_person_mistyped(void **state) {
  (void)state;
  vls_wire_fault fault;
  vec_bytes unknown = vec_hex("81a46e616d65a141"); /* {name: "A"} for hello */
  assert_int_equal(decode(&vls_rpc_hello_def, vec_slice(&unknown), &fault), VLS_MALFORMED);
  assert_null(fault.field);
  assert_true(vls_slice_eq(fault.key, vls_slice_str("name")));
  assert_string_equal(fault.what, "is not known");

  vec_bytes missing = vec_hex("80");
  assert_int_equal(decode(&vls_rpc_hello_def, vec_slice(&missing), &fault), VLS_MALFORMED);
  assert_string_equal(fault.field, "api");
  assert_string_equal(fault.what, "is missing");

  vec_bytes twice = vec_hex("82a361706901a361706901");
  assert_int_equal(decode(&vls_rpc_hello_def, vec_slice(&twice), &fault), VLS_MALFORMED);
  assert_string_equal(fault.what, "is there twice");

  vec_bytes number_key = vec_hex("810101");
  assert_int_equal(decode(&vls_rpc_hello_def, vec_slice(&number_key), &fault), VLS_MALFORMED);
  assert_string_equal(fault.what, "has a key that is not text");
}

static void lenient_takes_long_forms_and_nothing_else(void **state) {
  (void)state;
  vls_rpc_hello hello;
  vec_bytes longer = vec_hex("de0001d903617069cf0000000000000001");
  assert_int_equal(decode(&vls_rpc_hello_def, vec_slice(&longer), NULL), VLS_MALFORMED);
  assert_int_equal(
      vls_wire_decode(&vls_rpc_hello_def, VLS_WIRE_LENIENT, vec_slice(&longer), &hello, NULL),
      VLS_OK);
  assert_int_equal(hello.api, 1);
  static const char *const wrong[] = {"de0001d903617069d001", "81a3617069ca3f800000",
                                      "81a3617069d40100", "81a3617069ff", "81c403617069cc01"};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    vec_bytes v = vec_hex(wrong[i]);
    assert_int_equal(
        vls_wire_decode(&vls_rpc_hello_def, VLS_WIRE_LENIENT, vec_slice(&v), &hello, NULL),
        VLS_MALFORMED);
  }
}

static void map_that_finds_no_room_is_left_out_whole(void **state) {
  (void)state;
  vls_rpc_hello hello = {.api = 1};
  vls_buf out;
  vls_buf_init(&out, 64);
  assert_int_equal(vls_wire_encode(&vls_rpc_hello_def, &hello, &out), VLS_OK);
  size_t whole = out.n;
  vls_buf_done(&out);
  for (size_t max = 0; max < whole; max++) {
    vls_buf_init(&out, max);
    assert_int_equal(vls_wire_encode(&vls_rpc_hello_def, &hello, &out), VLS_TOO_BIG);
    assert_int_equal(out.n, 0);
    vls_buf_done(&out);
  }
}

static void unknown_key_is_refused_when_nobody_asks_for_the_fault(void **state) {
  (void)state;
  vec_bytes unknown = vec_hex("81a46e616d65a141");
  assert_int_equal(decode(&vls_rpc_hello_def, vec_slice(&unknown), NULL), VLS_MALFORMED);
}

/* No message of today has one; the codec promises it. */
static void optional_field_of_an_array_is_nil(void **state) {
  (void)state;
  typedef struct maybe {
    uint64_t n;
    bool has_n;
  } maybe;
  static const vls_field field = {.name = "n",
                                  .type = VLS_F_UINT,
                                  .optional = true,
                                  .at = offsetof(maybe, n),
                                  .has = offsetof(maybe, has_n),
                                  .max = 9};
  const vls_wire_def def = {"maybe", VLS_ARRAY, 16, sizeof(maybe), &field, 1, "2"};
  maybe none = {0}, one = {7, true}, got;
  vls_buf out;
  vls_buf_init(&out, 16);
  assert_int_equal(vls_wire_encode(&def, &none, &out), VLS_OK);
  assert_memory_equal(out.p, "\x91\xc0", 2);
  got = one;
  assert_int_equal(vls_wire_decode(&def, VLS_WIRE_STRICT, vls_buf_slice(&out), &got, NULL), VLS_OK);
  assert_false(got.has_n);
  vls_buf_clear(&out);
  assert_int_equal(vls_wire_encode(&def, &one, &out), VLS_OK);
  assert_int_equal(vls_wire_decode(&def, VLS_WIRE_STRICT, vls_buf_slice(&out), &got, NULL), VLS_OK);
  assert_true(got.has_n && got.n == 7);
  vls_buf_done(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_messages_survive_decode_and_encode),
      cmocka_unit_test(encoding_is_what_msgpack_c_makes_of_the_same_values),
      cmocka_unit_test(every_field_keeps_its_type_and_bounds),
      cmocka_unit_test(every_prefix_and_every_tail_is_refused),
      cmocka_unit_test(every_flipped_byte_is_refused_or_canonical),
      cmocka_unit_test(message_past_its_bytes_is_too_big),
      cmocka_unit_test(full_buffer_is_left_as_it_was),
      cmocka_unit_test(text_must_be_utf8_without_nul),
      cmocka_unit_test(faults_name_what_a_person_mistyped),
      cmocka_unit_test(lenient_takes_long_forms_and_nothing_else),
      cmocka_unit_test(map_that_finds_no_room_is_left_out_whole),
      cmocka_unit_test(unknown_key_is_refused_when_nobody_asks_for_the_fault),
      cmocka_unit_test(optional_field_of_an_array_is_nil),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
