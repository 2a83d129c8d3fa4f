#include "crypto/kdf.h"

#include "vec_hex.h"
#include "vec_hkdf.h"
#include "vec_rfc.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static void sha256_fips_180_examples_match(void **state) {
  (void)state;
  uint8_t hash[VLS_HASH];
  for (size_t i = 0; i < COUNT(vec_sha256); i++) {
    vls_sha256(hash, vls_slice_str(vec_sha256[i].text));
    vec_equal(hash, vec_sha256[i].hash);
  }
  static uint8_t a[1000];
  static vls_slice parts[1000];
  memset(a, 'a', sizeof a);
  for (size_t i = 0; i < COUNT(parts); i++)
    parts[i] = vls_slice_of(a, sizeof a);
  vls_sha256_parts(hash, parts, COUNT(parts));
  vec_equal(hash, vec_sha256_million_a);
}

static void sha256_nothing_is_the_empty_hash(void **state) {
  (void)state;
  uint8_t hash[VLS_HASH];
  vls_sha256(hash, (vls_slice){NULL, 0});
  vec_equal(hash, vec_sha256[0].hash);
  vls_sha256_parts(hash, NULL, 0);
  vec_equal(hash, vec_sha256[0].hash);
}

static void hmac_rfc_4231_cases_match_however_split(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(vec_hmac); i++) {
    vec_bytes key = vec_hex(vec_hmac[i].key), data = vec_hex(vec_hmac[i].data);
    for (size_t cut = 0; cut <= data.n; cut++) {
      const vls_slice parts[] = {{data.p, cut}, {data.p + cut, data.n - cut}};
      uint8_t mac[VLS_HASH];
      vls_hmac(mac, vec_slice(&key), parts, 2);
      vec_equal(mac, vec_hmac[i].mac);
    }
  }
}

static void chain_step_is_two_macs_under_one_key(void **state) {
  (void)state;
  uint8_t ck[VLS_KEY], mk[VLS_KEY], want_mk[VLS_KEY], want_ck[VLS_KEY];
  for (uint8_t i = 0; i < VLS_KEY; i++)
    ck[i] = i;
  const vls_slice one = vls_slice_of("\1", 1), two = vls_slice_of("\2", 1);
  vls_hmac(want_mk, vls_slice_of(ck, sizeof ck), &one, 1);
  vls_hmac(want_ck, vls_slice_of(ck, sizeof ck), &two, 1);
  vls_chain_step(ck, mk);
  assert_memory_equal(mk, want_mk, sizeof mk);
  assert_memory_equal(ck, want_ck, sizeof ck);
}

static void hkdf_wycheproof_cases_match(void **state) {
  (void)state;
  static uint8_t okm[VLS_HKDF_MAX];
  for (size_t i = 0; i < COUNT(vec_hkdf_cases); i++) {
    const vec_hkdf *v = &vec_hkdf_cases[i];
    vec_bytes ikm = vec_hex(v->ikm), salt = vec_hex(v->salt), info = vec_hex(v->info);
    vls_hkdf(okm, v->size, vec_slice(&salt), vec_slice(&ikm), vec_slice(&info));
    if (v->size > 256) vls_sha256(okm, vls_slice_of(okm, v->size));
    vec_equal(okm, v->okm);
  }
}

static void hkdf_empty_salt_is_32_zero_bytes(void **state) {
  (void)state;
  static const uint8_t zero[32];
  uint8_t a[VLS_KEY], b[VLS_KEY];
  vls_hkdf_extract(a, (vls_slice){NULL, 0}, vls_slice_str("ikm"));
  vls_hkdf_extract(b, vls_slice_of(zero, sizeof zero), vls_slice_str("ikm"));
  assert_memory_equal(a, b, sizeof a);
}

/* The info of PEER 1 written out by hand, on both sides of the one-byte length prefix. */
static void xwl_info_is_size_label_and_context_with_lengths(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 63, 64, 300, 16383};
  static uint8_t info[2 + 1 + 11 + 2 + 16383], ctx[16383];
  uint8_t secret[VLS_KEY] = {1, 2, 3}, got[77], want[77];
  memset(ctx, 0x5a, sizeof ctx);
  for (size_t i = 0; i < COUNT(sizes); i++) {
    size_t n = 0, size = sizes[i];
    memcpy(info, "\0\115\13valise 1 rk", 14);
    n = 14;
    if (size < 64) {
      info[n++] = (uint8_t)size;
    } else {
      info[n++] = (uint8_t)(0x40 | size >> 8);
      info[n++] = (uint8_t)size;
    }
    memcpy(info + n, ctx, size);
    vls_hkdf_expand(want, sizeof want, secret, vls_slice_of(info, n + size));
    vls_xwl(got, sizeof got, secret, "rk", vls_slice_of(ctx, size));
    assert_memory_equal(got, want, sizeof got);
  }
}

static void xwl_size_label_and_context_each_matter(void **state) {
  (void)state;
  uint8_t secret[VLS_KEY] = {9}, base[32], other[33];
  vls_xwl(base, 32, secret, "ab", vls_slice_str("c"));
  vls_xwl(other, 33, secret, "ab", vls_slice_str("c"));
  assert_memory_not_equal(base, other, 32);
  vls_xwl(other, 32, secret, "a", vls_slice_str("bc"));
  assert_memory_not_equal(base, other, 32);
  vls_xwl(other, 32, secret, "ab", vls_slice_str("d"));
  assert_memory_not_equal(base, other, 32);
}

static void blake2b_rfc_7693_abc_matches(void **state) {
  (void)state;
  uint8_t out[64], keyed[64];
  vls_blake2b(out, 64, vls_slice_str("abc"), (vls_slice){NULL, 0});
  vec_equal(out, vec_blake2b_abc);
  vls_blake2b(keyed, 64, vls_slice_str("abc"), vls_slice_str("key"));
  assert_memory_not_equal(out, keyed, 64);
  vls_blake2b(out, 1, vls_slice_str("abc"), (vls_slice){NULL, 0});
}

static void secret_eq_finds_every_flipped_bit(void **state) {
  (void)state;
  uint8_t a[32] = {1}, b[32] = {1};
  assert_true(vls_secret_eq(a, b, sizeof a));
  assert_true(vls_secret_eq(a, b, 0));
  for (size_t bit = 0; bit < 256; bit++) {
    b[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    assert_false(vls_secret_eq(a, b, sizeof a));
    b[bit / 8] ^= (uint8_t)(1u << (bit % 8));
  }
}

static int setup(void **state) {
  (void)state;
  return vls_crypto_init() == VLS_OK && vls_crypto_init() == VLS_OK ? 0 : -1;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sha256_fips_180_examples_match),
      cmocka_unit_test(sha256_nothing_is_the_empty_hash),
      cmocka_unit_test(hmac_rfc_4231_cases_match_however_split),
      cmocka_unit_test(chain_step_is_two_macs_under_one_key),
      cmocka_unit_test(hkdf_wycheproof_cases_match),
      cmocka_unit_test(hkdf_empty_salt_is_32_zero_bytes),
      cmocka_unit_test(xwl_info_is_size_label_and_context_with_lengths),
      cmocka_unit_test(xwl_size_label_and_context_each_matter),
      cmocka_unit_test(blake2b_rfc_7693_abc_matches),
      cmocka_unit_test(secret_eq_finds_every_flipped_bit),
  };
  return cmocka_run_group_tests(tests, setup, NULL);
}
