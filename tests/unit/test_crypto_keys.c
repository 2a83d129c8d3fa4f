#include "crypto/keys.h"

#include <sodium.h>

#include "crypto/kdf.h"
#include "vec_hex.h"
#include "vec_rfc.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
enum { CONTEXTS = VLS_CTX_GROUP_RECEIPT + 1 };

static const uint8_t zero[32];

static void dh_rfc_7748_multiplications_match(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(vec_x25519); i++) {
    vec_bytes k = vec_hex(vec_x25519[i].k), u = vec_hex(vec_x25519[i].u);
    uint8_t out[32];
    if (u.p[31] > 0x7f) { /* the RFC masks that bit; we refuse to see two names of one key */
      assert_int_equal(vls_dh(out, k.p, u.p), VLS_FORGED);
      u.p[31] &= 0x7f;
    }
    assert_int_equal(vls_dh(out, k.p, u.p), VLS_OK);
    vec_equal(out, vec_x25519[i].out);
  }
}

static void dh_rfc_7748_iterated_1000_times_matches(void **state) {
  (void)state;
  uint8_t k[32] = {9}, u[32] = {9}, out[32];
  for (int i = 1; i <= 1000; i++) {
    assert_int_equal(vls_dh(out, k, u), VLS_OK);
    memcpy(u, k, sizeof u);
    memcpy(k, out, sizeof k);
    /* k is the next private key and, one round on, a point: always reduced, so canonical. */
    if (i == 1) vec_equal(k, vec_x25519_after_1);
  }
  vec_equal(k, vec_x25519_after_1000);
}

static void dh_rfc_7748_exchange_agrees(void **state) {
  (void)state;
  vls_dh_pair a, b;
  uint8_t x[32], y[32];
  vls_dh_from_priv(&a, vec_hex(vec_x25519_dh.priv_a).p);
  vls_dh_from_priv(&b, vec_hex(vec_x25519_dh.priv_b).p);
  vec_equal(a.pub, vec_x25519_dh.pub_a);
  vec_equal(b.pub, vec_x25519_dh.pub_b);
  assert_int_equal(vls_dh(x, a.priv, b.pub), VLS_OK);
  assert_int_equal(vls_dh(y, b.priv, a.pub), VLS_OK);
  vec_equal(x, vec_x25519_dh.shared);
  vec_equal(y, vec_x25519_dh.shared);
}

static void dh_small_order_point_is_refused_and_zeroed(void **state) {
  (void)state;
  uint8_t priv[32] = {77}, out[32];
  for (size_t i = 0; i < COUNT(vec_x25519_refused); i++) {
    vec_bytes u = vec_hex(vec_x25519_refused[i]);
    for (int top = 0; top < 2; top++, u.p[31] |= 0x80) {
      memset(out, 1, sizeof out);
      assert_int_equal(vls_dh(out, priv, u.p), VLS_FORGED);
      assert_memory_equal(out, zero, sizeof out);
    }
  }
}

static void dh_non_canonical_point_is_refused(void **state) {
  (void)state;
  uint8_t u[32], out[32], priv[32] = {5};
  memset(u, 0xff, sizeof u);
  u[31] = 0x7f;
  for (unsigned low = 0; low < 256; low++) { /* p = 2^255 - 19 ends in ed */
    u[0] = (uint8_t)low;
    assert_int_equal(vls_dh_check(u), low >= 0xed ? VLS_FORGED : VLS_OK);
    if (low >= 0xed) assert_int_equal(vls_dh(out, priv, u), VLS_FORGED);
  }
  u[0] = 0xff;
  for (size_t i = 1; i < 31; i++) {
    u[i] = 0xfe;
    assert_int_equal(vls_dh_check(u), VLS_OK);
    u[i] = 0xff;
  }
  u[31] = 0x7e;
  assert_int_equal(vls_dh_check(u), VLS_OK);
  u[31] = 0x80;
  assert_int_equal(vls_dh_check(u), VLS_FORGED);
}

static void ed25519_rfc_8032_signatures_match(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(vec_ed25519); i++) {
    vec_bytes m = vec_hex(vec_ed25519[i].message);
    vls_sign_pair pair;
    uint8_t sig[VLS_SIG];
    vls_sign_from_seed(&pair, vec_hex(vec_ed25519[i].seed).p);
    vec_equal(pair.pub, vec_ed25519[i].pub);
    vec_equal(pair.priv, vec_ed25519[i].seed);
    crypto_sign_detached(sig, NULL, m.p, m.n, pair.priv);
    vec_equal(sig, vec_ed25519[i].sig);
  }
}

static void sign_verifies_for_its_own_context_only(void **state) {
  (void)state;
  vls_sign_pair pair;
  uint8_t seed[32] = {1}, sig[VLS_SIG];
  vls_sign_from_seed(&pair, seed);
  const vls_slice m = vls_slice_str("header");
  for (int made = 0; made < CONTEXTS; made++) {
    vls_sign(sig, &pair, (vls_sign_ctx)made, m);
    for (int asked = 0; asked < CONTEXTS; asked++)
      assert_int_equal(vls_verify(sig, pair.pub, (vls_sign_ctx)asked, m),
                       asked == made ? VLS_OK : VLS_FORGED);
  }
}

static void sign_is_ed25519_over_tag_context_and_hash(void **state) {
  (void)state;
  vls_sign_pair pair;
  uint8_t seed[32] = {2}, sig[VLS_SIG], want[VLS_SIG], hash[VLS_HASH], bytes[60];
  vls_sign_from_seed(&pair, seed);
  vls_sha256(hash, vls_slice_str("m"));
  memcpy(bytes, "valise-sig-v1\0group.control\0", 28);
  memcpy(bytes + 28, hash, sizeof hash);
  crypto_sign_detached(want, NULL, bytes, sizeof bytes, pair.priv);
  vls_sign(sig, &pair, VLS_CTX_GROUP_CONTROL, vls_slice_str("m"));
  assert_memory_equal(sig, want, sizeof sig);
  vls_sign_hash(sig, &pair, VLS_CTX_GROUP_CONTROL, hash);
  assert_memory_equal(sig, want, sizeof sig);
  assert_int_equal(vls_verify_hash(sig, pair.pub, VLS_CTX_GROUP_CONTROL, hash), VLS_OK);
}

static void sign_any_flipped_bit_is_refused(void **state) {
  (void)state;
  vls_sign_pair pair;
  uint8_t seed[32] = {3}, sig[VLS_SIG], m[20] = {0};
  vls_sign_from_seed(&pair, seed);
  vls_sign(sig, &pair, VLS_CTX_DIRECT, vls_slice_of(m, sizeof m));
  for (size_t bit = 0; bit < 8 * sizeof sig; bit++) {
    sig[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    assert_int_equal(vls_verify(sig, pair.pub, VLS_CTX_DIRECT, vls_slice_of(m, sizeof m)),
                     VLS_FORGED);
    sig[bit / 8] ^= (uint8_t)(1u << (bit % 8));
  }
  for (size_t i = 0; i < sizeof m; i++) {
    m[i] ^= 1;
    assert_int_equal(vls_verify(sig, pair.pub, VLS_CTX_DIRECT, vls_slice_of(m, sizeof m)),
                     VLS_FORGED);
    m[i] ^= 1;
  }
  /* A key of small order would accept almost anything. */
  assert_int_equal(vls_verify(sig, zero, VLS_CTX_DIRECT, vls_slice_of(m, sizeof m)), VLS_FORGED);
}

static void new_keys_come_from_the_rng_alone(void **state) {
  (void)state;
  uint8_t seed[32] = {4};
  vls_rng a, b;
  vls_rng_init(&a, seed);
  vls_rng_init(&b, seed);
  vls_dh_pair d1, d2, d3;
  vls_sign_pair s1, s2;
  vls_dh_new(&d1, &a);
  vls_dh_new(&d2, &b);
  assert_memory_equal(&d1, &d2, sizeof d1);
  vls_dh_new(&d3, &a);
  assert_memory_not_equal(d1.pub, d3.pub, sizeof d1.pub);
  vls_rng_init(&a, seed);
  vls_rng_init(&b, seed);
  vls_sign_new(&s1, &a);
  vls_sign_new(&s2, &b);
  assert_memory_equal(&s1, &s2, sizeof s1);
}

static int setup(void **state) {
  (void)state;
  return vls_crypto_init() == VLS_OK ? 0 : -1;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(dh_rfc_7748_multiplications_match),
      cmocka_unit_test(dh_rfc_7748_iterated_1000_times_matches),
      cmocka_unit_test(dh_rfc_7748_exchange_agrees),
      cmocka_unit_test(dh_small_order_point_is_refused_and_zeroed),
      cmocka_unit_test(dh_non_canonical_point_is_refused),
      cmocka_unit_test(ed25519_rfc_8032_signatures_match),
      cmocka_unit_test(sign_verifies_for_its_own_context_only),
      cmocka_unit_test(sign_is_ed25519_over_tag_context_and_hash),
      cmocka_unit_test(sign_any_flipped_bit_is_refused),
      cmocka_unit_test(new_keys_come_from_the_rng_alone),
  };
  return cmocka_run_group_tests(tests, setup, NULL);
}
