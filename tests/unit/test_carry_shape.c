#include "link_pair.h"

#include "carry/shape.h"

/* RFC 4648 section 10, in the alphabet of section 5 and without padding. */
static void shape_is_base64url(void **state) {
  (void)state;
  static const char *const pairs[][2] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe", "-__-"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
    uint8_t text[16], clear[16];
    size_t n = strlen(pairs[i][0]);
    assert_int_equal(vls_shape_len(n), strlen(pairs[i][1]));
    vls_shape_put(text, vls_slice_str(pairs[i][0]));
    assert_memory_equal(text, pairs[i][1], vls_shape_len(n));
    vls_shape_get(clear, n, text);
    assert_memory_equal(clear, pairs[i][0], n);
  }
}

static void shape_of_any_bytes_comes_back_in_place(void **state) {
  (void)state;
  uint8_t seed[32] = {7}, clear[200], text[300];
  vls_rng rng;
  vls_rng_init(&rng, seed);
  for (size_t n = VLS_SHAPE_TELL; n <= sizeof clear; n++) {
    vls_rng_bytes(&rng, clear, n);
    vls_shape_put(text, vls_slice_of(clear, n));
    assert_true(vls_shape_is_text(text));
    assert_false(vls_shape_is_text(clear));
    vls_shape_get(text, n, text);
    assert_memory_equal(text, clear, n);
  }
}

static void one_byte_outside_the_alphabet_is_not_text(void **state) {
  (void)state;
  for (unsigned c = 0; c < 256; c++) {
    uint8_t p[VLS_SHAPE_TELL];
    memset(p, 'A', sizeof p);
    p[VLS_SHAPE_TELL - 1] = (uint8_t)c;
    bool expected = (c < 128 && strchr("-_", (int)c) != NULL && c != 0) || (c >= '0' && c <= '9') ||
                    (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    assert_int_equal(vls_shape_is_text(p), expected);
  }
}

static void line_print(line *l) {
  line_make(l);
  vls_link_print(l->a.link);
}

static void printable_flight_is_text_and_cut_anywhere_brings_both_ends_up(void **state) {
  (void)state;
  line probe;
  line_print(&probe);
  vls_buf *out = vls_link_out(probe.a.link);
  size_t n = out->n;
  for (size_t i = 0; i + VLS_SHAPE_TELL <= n; i++)
    assert_true(vls_shape_is_text(out->p + i));
  line_end(&probe);
  for (size_t cut = 0; cut < n; cut += cut < 200 || cut > n - 50 ? 1 : 13) {
    line l;
    vls_buf wire;
    vls_buf_init(&wire, WIRE_MAX);
    line_print(&l);
    take_out(&l.a, &wire);
    deliver(&l, &l.b, vls_slice_of(wire.p, cut));
    assert_int_equal(vls_link_out(l.b.link)->n, 0);
    deliver(&l, &l.b, vls_slice_of(wire.p + cut, wire.n - cut));
    run_line(&l, 11);
    assert_true(is_up(&l.a) && is_up(&l.b));
    vls_buf_done(&wire);
    line_end(&l);
  }
}

/* Every length of padding, whole groups of characters or not. */
static void printable_flight_of_any_length_is_read(void **state) {
  (void)state;
  bool seen[3] = {false};
  for (uint8_t i = 1; i < 60; i++) {
    line l;
    line_keys(&l);
    uint8_t seed[32] = {i, 1};
    vls_rng_init(&l.a.rng, seed);
    line_dial(&l);
    seen[vls_link_out(l.a.link)->n % 3] = true;
    vls_link_print(l.a.link);
    run_line(&l, WIRE_MAX);
    assert_true(is_up(&l.a) && is_up(&l.b));
    line_end(&l);
  }
  assert_true(seen[0] && seen[1] && seen[2]);
}

static void flipped_character_ends_in_no_link(void **state) {
  (void)state;
  line probe;
  line_print(&probe);
  size_t n = vls_link_out(probe.a.link)->n;
  line_end(&probe);
  for (size_t at = 0; at < n - 1; at += 3) { /* the last one has bits to spare */
    line l;
    vls_buf wire;
    vls_buf_init(&wire, WIRE_MAX);
    line_print(&l);
    take_out(&l.a, &wire);
    wire.p[at] = wire.p[at] == 'A' ? '_' : '~'; /* ~ counts as A */
    deliver(&l, &l.b, vls_buf_slice(&wire));
    run_line(&l, WIRE_MAX);
    assert_false(is_up(&l.a));
    assert_false(is_up(&l.b));
    vls_buf_done(&wire);
    line_end(&l);
  }
}

static void stranger_who_writes_text_hears_nothing(void **state) {
  (void)state;
  line l;
  uint8_t text[VLS_LINK_HELLO_MAX];
  line_make(&l);
  memset(text, 'x', sizeof text);
  deliver(&l, &l.b, vls_slice_of(text, sizeof text));
  assert_int_equal(vls_link_state_of(l.b.link), VLS_LINK_SILENT);
  assert_int_equal(vls_link_out(l.b.link)->n, 0);
  line_end(&l);
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shape_is_base64url),
      cmocka_unit_test(shape_of_any_bytes_comes_back_in_place),
      cmocka_unit_test(one_byte_outside_the_alphabet_is_not_text),
      cmocka_unit_test(printable_flight_is_text_and_cut_anywhere_brings_both_ends_up),
      cmocka_unit_test(printable_flight_of_any_length_is_read),
      cmocka_unit_test(flipped_character_ends_in_no_link),
      cmocka_unit_test(stranger_who_writes_text_hears_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
