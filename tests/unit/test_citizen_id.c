#include "citizen/id.h"

#include "crypto/kdf.h"
#include "vec_hex.h"

static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";

static void key_of(uint8_t key[32], uint8_t number) {
  vls_sha256(key, vls_slice_of(&number, 1));
}

static void id_text_comes_back_in_either_case(void **state) {
  (void)state;
  for (uint8_t k = 0; k < 50; k++) {
    uint8_t key[32], back[32];
    char text[VLS_ID_TEXT + 1];
    key_of(key, k);
    vls_id_text(text, key);
    assert_int_equal(strlen(text), VLS_ID_TEXT);
    assert_memory_equal(text, "v1", 2);
    assert_int_equal(vls_id_parse(back, vls_slice_str(text)), VLS_OK);
    assert_memory_equal(back, key, 32);
    for (size_t i = 0; i < VLS_ID_TEXT; i++)
      if (text[i] >= 'a' && text[i] <= 'z') text[i] = (char)(text[i] - 'a' + 'A');
    assert_int_equal(vls_id_parse(back, vls_slice_str(text)), VLS_OK);
    assert_memory_equal(back, key, 32);
  }
}

static void id_of_a_known_key_is_known(void **state) {
  (void)state;
  uint8_t key[32];
  char text[VLS_ID_TEXT + 1];
  for (size_t i = 0; i < 32; i++)
    key[i] = (uint8_t)i;
  vls_id_text(text, key);
  assert_string_equal(text, "v1aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dyp4mqq");
}

/* 16 bits of checksum let one slip in 65,536 pass: no more than chance does. Such an id names
 * nobody. */
static void id_with_a_letter_changed_is_refused_but_by_chance(void **state) {
  (void)state;
  unsigned slipped = 0, tried = 0;
  for (uint8_t k = 0; k < 20; k++) {
    uint8_t key[32], back[32];
    char text[VLS_ID_TEXT + 1];
    key_of(key, k);
    vls_id_text(text, key);
    for (size_t i = 2; i < VLS_ID_TEXT; i++) {
      char right = text[i];
      for (size_t l = 0; l < 32; l++) {
        if (letters[l] == right) continue;
        text[i] = letters[l];
        tried++;
        if (vls_id_parse(back, vls_slice_str(text)) == VLS_OK) slipped++;
      }
      text[i] = right;
    }
  }
  assert_int_equal(tried, 20 * 55 * 31);
  assert_true(slipped <= 2);
}

static void id_of_another_form_is_refused(void **state) {
  (void)state;
  uint8_t key[32], back[32];
  char text[VLS_ID_TEXT + 2];
  key_of(key, 1);
  vls_id_text(text, key);
  for (size_t n = 0; n < VLS_ID_TEXT; n++)
    assert_int_equal(vls_id_parse(back, vls_slice_of(text, n)), VLS_MALFORMED);
  text[VLS_ID_TEXT] = 'a';
  assert_int_equal(vls_id_parse(back, vls_slice_of(text, VLS_ID_TEXT + 1)), VLS_MALFORMED);
  text[1] = '2';
  assert_int_equal(vls_id_parse(back, vls_slice_of(text, VLS_ID_TEXT)), VLS_MALFORMED);
  text[1] = '1';
  text[0] = 'w';
  assert_int_equal(vls_id_parse(back, vls_slice_of(text, VLS_ID_TEXT)), VLS_MALFORMED);
  text[0] = 'v';
  text[20] = '1'; /* no letter of base32 */
  assert_int_equal(vls_id_parse(back, vls_slice_of(text, VLS_ID_TEXT)), VLS_MALFORMED);
}

static void safety_number_is_60_digits_and_the_same_on_both_sides(void **state) {
  (void)state;
  char seen[8][VLS_SAFETY_DIGITS + 1];
  for (uint8_t k = 0; k < 8; k++) {
    uint8_t a[32], b[32];
    char other[VLS_SAFETY_DIGITS + 1];
    key_of(a, k);
    key_of(b, (uint8_t)(k + 100));
    vls_safety_number(seen[k], a, b);
    vls_safety_number(other, b, a);
    assert_string_equal(seen[k], other);
    assert_int_equal(strspn(seen[k], "0123456789"), VLS_SAFETY_DIGITS);
    assert_int_equal(strlen(seen[k]), VLS_SAFETY_DIGITS);
    assert_true(memcmp(seen[k], seen[k] + 30, 30) <= 0);
    for (uint8_t i = 0; i < k; i++)
      assert_string_not_equal(seen[i], seen[k]);
  }
}

/* PEER 3.5, once more by hand. */
static void safety_number_follows_the_clause(void **state) {
  (void)state;
  uint8_t key[2][32];
  char half[2][31], want[61], got[61];
  for (uint8_t k = 0; k < 2; k++) {
    uint8_t h[32], bytes[64];
    key_of(key[k], k);
    memcpy(bytes, "valise safety", 13);
    memcpy(bytes + 13, key[k], 32);
    vls_sha256(h, vls_slice_of(bytes, 13 + 32));
    for (int i = 0; i < 5199; i++) {
      memcpy(bytes, h, 32);
      memcpy(bytes + 32, key[k], 32);
      vls_sha256(h, vls_slice_of(bytes, 64));
    }
    for (int g = 0; g < 6; g++) {
      unsigned long long v = 0;
      for (int i = 0; i < 5; i++)
        v = v * 256 + h[5 * g + i];
      for (int d = 4; d >= 0; d--) {
        half[k][5 * g + d] = (char)('0' + v % 10);
        v /= 10;
      }
    }
    half[k][30] = '\0';
  }
  bool swap = strcmp(half[0], half[1]) > 0;
  memcpy(want, half[swap ? 1 : 0], 30);
  memcpy(want + 30, half[swap ? 0 : 1], 31);
  vls_safety_number(got, key[0], key[1]);
  assert_string_equal(got, want);
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(id_text_comes_back_in_either_case),
      cmocka_unit_test(id_of_a_known_key_is_known),
      cmocka_unit_test(id_with_a_letter_changed_is_refused_but_by_chance),
      cmocka_unit_test(id_of_another_form_is_refused),
      cmocka_unit_test(safety_number_is_60_digits_and_the_same_on_both_sides),
      cmocka_unit_test(safety_number_follows_the_clause),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
