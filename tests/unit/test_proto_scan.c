#include "proto/wire.h"

#include <msgpack.h>
#include <stdlib.h>

#include "vec_hex.h"

enum { BIG = 70000 };

typedef struct scan_case {
  const char *hex;
  vls_err strict, lenient;
} scan_case;

static vls_err scan(vls_slice in, vls_wire_form form, size_t *ret_used) {
  /* A copy of its own size, so that reading past it is seen. */
  uint8_t *copy = malloc(in.n == 0 ? 1 : in.n);
  assert_non_null(copy);
  memcpy(copy, in.p, in.n);
  vls_err err = vls_wire_scan(vls_slice_of(copy, in.n), form, ret_used);
  free(copy);
  return err;
}

static void check(const scan_case *cases, size_t n) {
  for (size_t i = 0; i < n; i++) {
    vec_bytes v = vec_hex(cases[i].hex);
    size_t used = 0;
    vls_err strict = scan(vec_slice(&v), VLS_WIRE_STRICT, &used);
    vls_err lenient = scan(vec_slice(&v), VLS_WIRE_LENIENT, &used);
    if (strict != cases[i].strict || lenient != cases[i].lenient)
      fail_msg("%s: %s, %s", cases[i].hex, vls_err_name(strict), vls_err_name(lenient));
    if (lenient == VLS_OK) assert_int_equal(used, v.n);
  }
}

static void forms_longer_than_needed_are_refused(void **state) {
  (void)state;
  static const scan_case cases[] = {
      {"cc80", VLS_OK, VLS_OK},
      {"cc7f", VLS_MALFORMED, VLS_OK},
      {"cd0100", VLS_OK, VLS_OK},
      {"cd00ff", VLS_MALFORMED, VLS_OK},
      {"ce00010000", VLS_OK, VLS_OK},
      {"ce0000ffff", VLS_MALFORMED, VLS_OK},
      {"cf0000000100000000", VLS_OK, VLS_OK},
      {"cf00000000ffffffff", VLS_MALFORMED, VLS_OK},
      {"d90161", VLS_MALFORMED, VLS_OK},
      {"da000161", VLS_MALFORMED, VLS_OK},
      {"db0000000161", VLS_MALFORMED, VLS_OK},
      {"c40161", VLS_OK, VLS_OK}, /* there is no shorter binary */
      {"c400", VLS_OK, VLS_OK},
      {"c5000161", VLS_MALFORMED, VLS_OK},
      {"c60000000161", VLS_MALFORMED, VLS_OK},
      {"dc000101", VLS_MALFORMED, VLS_OK},
      {"dd0000000101", VLS_MALFORMED, VLS_OK},
      {"de0001a16101", VLS_MALFORMED, VLS_OK},
      {"df00000001a16101", VLS_MALFORMED, VLS_OK},
      {"dc001000000000000000000000000000000000", VLS_OK, VLS_OK},
      {"dc000f000000000000000000000000000000", VLS_MALFORMED, VLS_OK},
  };
  check(cases, sizeof cases / sizeof cases[0]);
}

static void payloads_take_the_shortest_length(void **state) {
  (void)state;
  static const struct {
    uint8_t type;
    size_t width, n;
    bool shortest;
  } cases[] = {
      {0xd9, 1, 31, false},    {0xd9, 1, 32, true},    {0xd9, 1, 255, true},
      {0xda, 2, 255, false},   {0xda, 2, 256, true},   {0xda, 2, 65535, true},
      {0xdb, 4, 65535, false}, {0xdb, 4, 65536, true}, {0xc4, 1, 255, true},
      {0xc5, 2, 255, false},   {0xc5, 2, 256, true},   {0xc6, 4, 65535, false},
      {0xc6, 4, 65536, true},
  };
  uint8_t *in = vls_calloc(BIG, 1);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    in[0] = cases[i].type;
    for (size_t k = 0; k < cases[i].width; k++)
      in[1 + k] = (uint8_t)(cases[i].n >> 8 * (cases[i].width - 1 - k));
    vls_slice all = vls_slice_of(in, 1 + cases[i].width + cases[i].n);
    size_t used;
    vls_err want = cases[i].shortest ? VLS_OK : VLS_MALFORMED;
    assert_int_equal(scan(all, VLS_WIRE_STRICT, &used), want);
    assert_int_equal(scan(all, VLS_WIRE_LENIENT, &used), VLS_OK);
    assert_int_equal(used, all.n);
    all.n--;
    assert_int_equal(scan(all, VLS_WIRE_LENIENT, &used), VLS_AGAIN);
  }
  free(in);
}

static void types_nobody_sends_are_refused(void **state) {
  (void)state;
  for (unsigned t = 0; t < 256; t++) {
    bool ours = t <= 0xc0 || (t >= 0xc2 && t <= 0xc6) || (t >= 0xcc && t <= 0xcf) ||
                (t >= 0xd9 && t <= 0xdf);
    uint8_t in[64] = {(uint8_t)t};
    size_t used;
    vls_err err = vls_wire_scan(vls_slice_of(in, sizeof in), VLS_WIRE_LENIENT, &used);
    if ((err != VLS_MALFORMED) != ours) fail_msg("type %02x: %s", t, vls_err_name(err));
  }
}

static void depth_ends_at_eight(void **state) {
  (void)state;
  static const scan_case cases[] = {
      {"919191919191919100", VLS_OK, VLS_OK},
      {"9191919191919190", VLS_OK, VLS_OK},
      {"81a16181a16181a16181a16181a16181a16181a16181a16100", VLS_OK, VLS_OK},
      {"91919191919191919100", VLS_TOO_BIG, VLS_TOO_BIG},
      {"919191919191919190", VLS_TOO_BIG, VLS_TOO_BIG}, /* an empty one is one, too */
      {"919191919191919180", VLS_TOO_BIG, VLS_TOO_BIG},
      {"9191919191919191dc0000", VLS_MALFORMED, VLS_TOO_BIG},
  };
  check(cases, sizeof cases / sizeof cases[0]);
}

static void announced_counts_must_fit_in_what_is_left(void **state) {
  (void)state;
  static const scan_case cases[] = {
      {"dd04000000", VLS_TOO_BIG, VLS_TOO_BIG}, /* msgpack-c would reserve 2 GiB */
      {"ddffffffff", VLS_TOO_BIG, VLS_TOO_BIG},
      {"dfffffffff", VLS_TOO_BIG, VLS_TOO_BIG},
      {"df04000000", VLS_TOO_BIG, VLS_TOO_BIG},
      {"dcffff", VLS_TOO_BIG, VLS_TOO_BIG},
      {"deffff", VLS_TOO_BIG, VLS_TOO_BIG},
      {"dc0fff00", VLS_AGAIN, VLS_AGAIN},
      {"9f", VLS_AGAIN, VLS_AGAIN},
      {"9200", VLS_AGAIN, VLS_AGAIN},
      {"82a16100a162", VLS_AGAIN, VLS_AGAIN},
      {"c6ffffffff", VLS_AGAIN, VLS_AGAIN},
      {"dbffffffff61", VLS_AGAIN, VLS_AGAIN},
      {"a5", VLS_AGAIN, VLS_AGAIN},
      {"cd01", VLS_AGAIN, VLS_AGAIN},
      {"", VLS_AGAIN, VLS_AGAIN},
  };
  check(cases, sizeof cases / sizeof cases[0]);
}

/* n values, the first of them an array of `extra` more when that is not 0. */
static vls_err scan_array_of(size_t n, size_t extra) {
  uint8_t *in = vls_calloc(BIG, 1);
  in[0] = 0xdc;
  vls_be16_put(in + 1, (uint16_t)n);
  if (extra > 0) in[3] = (uint8_t)(0x90 | extra);
  size_t used;
  vls_err err = vls_wire_scan(vls_slice_of(in, 3 + n + extra), VLS_WIRE_STRICT, &used);
  if (err == VLS_OK) assert_int_equal(used, 3 + n + extra);
  free(in);
  return err;
}

static void elements_end_at_4096(void **state) {
  (void)state;
  assert_int_equal(scan_array_of(4095, 0), VLS_OK); /* and the array itself: 4,096 */
  assert_int_equal(scan_array_of(4096, 0), VLS_TOO_BIG);
  assert_int_equal(scan_array_of(4097, 0), VLS_TOO_BIG);
  assert_int_equal(scan_array_of(4085, 10), VLS_OK);
  assert_int_equal(scan_array_of(4086, 10), VLS_TOO_BIG);
}

/* Everything msgpack-c's packer writes with these types is strict, whole, and ends where it says.
 */
static void pack_random(msgpack_packer *pk, uint64_t *seed, int depth) {
  *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
  uint64_t r = *seed >> 33;
  char run[300] = {0};
  size_t n = r / 8 % sizeof run;
  switch (r % (depth < 5 ? 7 : 5)) {
  case 0: msgpack_pack_nil(pk); break;
  case 1: msgpack_pack_true(pk); break;
  case 2: msgpack_pack_uint64(pk, *seed >> (r / 8 % 64)); break;
  case 3: msgpack_pack_bin(pk, n), msgpack_pack_bin_body(pk, run, n); break;
  case 4: msgpack_pack_str(pk, n), msgpack_pack_str_body(pk, run, n); break;
  case 5:
    msgpack_pack_array(pk, n / 16);
    for (size_t i = 0; i < n / 16; i++)
      pack_random(pk, seed, depth + 1);
    break;
  default:
    msgpack_pack_map(pk, n / 32);
    for (size_t i = 0; i < n / 32 * 2; i++)
      pack_random(pk, seed, depth + 1);
    break;
  }
}

static void whatever_msgpack_c_packs_is_strict(void **state) {
  (void)state;
  uint64_t seed = 5;
  int sound = 0;
  for (int i = 0; i < 3000; i++) {
    msgpack_sbuffer out;
    msgpack_sbuffer_init(&out);
    msgpack_packer pk;
    msgpack_packer_init(&pk, &out, msgpack_sbuffer_write);
    pack_random(&pk, &seed, 0);
    size_t used = 0;
    vls_err err = scan(vls_slice_of(out.data, out.size), VLS_WIRE_STRICT, &used);
    assert_true(err == VLS_OK || err == VLS_TOO_BIG); /* too many elements, by chance */
    if (err == VLS_OK) assert_int_equal(used, out.size);
    sound += err == VLS_OK;
    msgpack_sbuffer_destroy(&out);
  }
  assert_true(sound > 2500);
}

static void split_gives_the_extent_of_each_element(void **state) {
  (void)state;
  vec_bytes v = vec_hex("9400a568656c6c6f920102c0");
  vls_slice parts[4];
  size_t n = 0;
  assert_int_equal(vls_wire_split(vec_slice(&v), VLS_WIRE_STRICT, parts, 4, &n), VLS_OK);
  assert_int_equal(n, 4);
  uint64_t zero = 1;
  vls_slice hello;
  assert_int_equal(vls_wire_get_uint(parts[0], &zero), VLS_OK);
  assert_int_equal(zero, 0);
  assert_int_equal(vls_wire_get_str(parts[1], &hello), VLS_OK);
  assert_true(vls_slice_eq(hello, vls_slice_str("hello")));
  assert_int_equal(parts[2].n, 3);
  assert_true(vls_wire_is_nil(parts[3]));
  assert_int_equal(vls_wire_split(vec_slice(&v), VLS_WIRE_STRICT, parts, 3, &n), VLS_TOO_BIG);

  vec_bytes empty = vec_hex("90"), map = vec_hex("80"), tail = vec_hex("9000"), cut = vec_hex("91");
  assert_int_equal(vls_wire_split(vec_slice(&empty), VLS_WIRE_STRICT, parts, 0, &n), VLS_OK);
  assert_int_equal(n, 0);
  assert_int_equal(vls_wire_split(vec_slice(&map), VLS_WIRE_STRICT, parts, 4, &n), VLS_MALFORMED);
  assert_int_equal(vls_wire_split(vec_slice(&tail), VLS_WIRE_STRICT, parts, 4, &n), VLS_MALFORMED);
  assert_int_equal(vls_wire_split(vec_slice(&cut), VLS_WIRE_STRICT, parts, 4, &n), VLS_AGAIN);
}

static void scalars_must_fill_their_bytes(void **state) {
  (void)state;
  static const struct {
    const char *hex;
    bool ok;
    uint64_t v;
  } numbers[] = {
      {"00", true, 0},
      {"7f", true, 127},
      {"cc80", true, 128},
      {"cd0100", true, 256},
      {"ce80000000", true, 0x80000000},
      {"cfffffffffffffffff", true, UINT64_MAX},
      {"0000", false, 0},
      {"ff", false, 0},
      {"d001", false, 0},
      {"cc", false, 0},
      {"", false, 0},
      {"a0", false, 0},
      {"90", false, 0},
      {"c0", false, 0},
      {"91", false, 0},
      {"ca00000000", false, 0},
  };
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
    vec_bytes v = vec_hex(numbers[i].hex);
    uint64_t got = 0;
    vls_err err = vls_wire_get_uint(vec_slice(&v), &got);
    assert_int_equal(err, numbers[i].ok ? VLS_OK : VLS_MALFORMED);
    assert_int_equal(got, numbers[i].v);
  }
  static const char *const texts[] = {"a161", "d90161", "da000161", "db0000000161"};
  for (size_t i = 0; i < 4; i++) {
    vec_bytes v = vec_hex(texts[i]);
    vls_slice s;
    assert_int_equal(vls_wire_get_str(vec_slice(&v), &s), VLS_OK);
    assert_true(vls_slice_eq(s, vls_slice_str("a")));
  }
  static const char *const wrong[] = {"a1", "a16161", "a100", "a1ff",  "c40161",
                                      "00", "",       "91a0", "dc0000"};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    vec_bytes v = vec_hex(wrong[i]);
    vls_slice s;
    assert_int_equal(vls_wire_get_str(vec_slice(&v), &s), VLS_MALFORMED);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(forms_longer_than_needed_are_refused),
      cmocka_unit_test(payloads_take_the_shortest_length),
      cmocka_unit_test(types_nobody_sends_are_refused),
      cmocka_unit_test(depth_ends_at_eight),
      cmocka_unit_test(announced_counts_must_fit_in_what_is_left),
      cmocka_unit_test(elements_end_at_4096),
      cmocka_unit_test(whatever_msgpack_c_packs_is_strict),
      cmocka_unit_test(split_gives_the_extent_of_each_element),
      cmocka_unit_test(scalars_must_fill_their_bytes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
