#include "crypto/seal.h"

#include <sodium.h>

#include "crypto/kdf.h"
#include "crypto/rng.h"
#include "vec_hex.h"
#include "vec_rfc.h"

enum { TEXT = 100, SEALED = TEXT + VLS_SEAL_EXTRA };

/* One sealed text and all that opens it. */
typedef struct fixture {
  uint8_t key[32], n24[VLS_N24], ad[113], pt[TEXT], sealed[SEALED];
} fixture;

static vls_slice ad_of(const fixture *f) {
  return vls_slice_of(f->ad, sizeof f->ad);
}
static vls_slice sealed_of(const fixture *f) {
  return vls_slice_of(f->sealed, sizeof f->sealed);
}

static fixture sealed_fixture(void) {
  fixture f;
  uint8_t seed[32] = {1};
  vls_rng rng;
  vls_rng_init(&rng, seed);
  vls_rng_bytes(&rng, &f, offsetof(fixture, sealed));
  vls_seal(f.sealed, f.key, f.n24, ad_of(&f), vls_slice_of(f.pt, sizeof f.pt));
  return f;
}

static vls_err open_fixture(const fixture *f, uint8_t out[TEXT]) {
  memset(out, 0xaa, TEXT);
  return vls_open(out, f->key, f->n24, ad_of(f), sealed_of(f));
}

static void assert_refused(const fixture *f) {
  static const uint8_t zero[TEXT];
  uint8_t out[TEXT];
  assert_int_equal(open_fixture(f, out), VLS_FORGED);
  assert_memory_equal(out, zero, sizeof out);
}

static void aead_rfc_8439_and_xchacha_vectors_match(void **state) {
  (void)state;
  vec_bytes text = vec_hex(vec_aead.text), ad = vec_hex(vec_aead.ad), key = vec_hex(vec_aead.key);
  uint8_t out[512];
  crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, text.p, text.n, ad.p, ad.n, NULL,
                                            vec_hex(vec_aead.nonce12).p, key.p);
  vec_equal(out, vec_aead.sealed);

  vec_bytes n24 = vec_hex(vec_aead.nonce24), sealed = vec_hex(vec_aead.x_sealed);
  vls_xchacha_seal(out, key.p, n24.p, vec_slice(&ad), vec_slice(&text));
  vec_equal(out, vec_aead.x_sealed);
  assert_int_equal(vls_xchacha_open(out, key.p, n24.p, vec_slice(&ad), vec_slice(&sealed)), VLS_OK);
  vec_equal(out, vec_aead.text);
}

static void aead_rfc_8439_a5_opens(void **state) {
  (void)state;
  vec_bytes sealed = vec_hex(vec_aead_a5.sealed), ad = vec_hex(vec_aead_a5.ad);
  uint8_t out[512];
  assert_int_equal(crypto_aead_chacha20poly1305_ietf_decrypt(
                       out, NULL, NULL, sealed.p, sealed.n, ad.p, ad.n,
                       vec_hex(vec_aead_a5.nonce12).p, vec_hex(vec_aead_a5.key).p),
                   0);
  vec_equal(out, vec_aead_a5.text);
}

/* SEAL written out step by step, as PEER 1 has it. */
static void seal_is_commitment_then_chacha(void **state) {
  (void)state;
  fixture f = sealed_fixture();
  static const uint8_t nonce[12];
  uint8_t prk[32], hash[32], both[64], want[SEALED];
  vls_hkdf_extract(prk, vls_slice_of(f.n24, sizeof f.n24), vls_slice_of(f.key, sizeof f.key));
  vls_sha256(hash, ad_of(&f));
  vls_xwl(both, sizeof both, prk, "seal", vls_slice_of(hash, sizeof hash));
  memcpy(want, both + 32, 32);
  crypto_aead_chacha20poly1305_ietf_encrypt(want + 32, NULL, f.pt, TEXT, f.ad, sizeof f.ad, NULL,
                                            nonce, both);
  assert_memory_equal(f.sealed, want, sizeof want);
}

static void seal_opens_at_every_size(void **state) {
  (void)state;
  fixture f = sealed_fixture();
  for (size_t n = 0; n <= TEXT; n++) {
    uint8_t out[TEXT];
    vls_seal(f.sealed, f.key, f.n24, ad_of(&f), vls_slice_of(f.pt, n));
    assert_int_equal(
        vls_open(out, f.key, f.n24, ad_of(&f), vls_slice_of(f.sealed, n + VLS_SEAL_EXTRA)), VLS_OK);
    assert_memory_equal(out, f.pt, n);
  }
}

static void seal_any_flipped_bit_is_refused(void **state) {
  (void)state;
  fixture f = sealed_fixture();
  for (size_t bit = 0; bit < 8 * SEALED; bit++) {
    f.sealed[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    assert_refused(&f);
    f.sealed[bit / 8] ^= (uint8_t)(1u << (bit % 8));
  }
}

static void seal_binds_key_nonce_and_ad(void **state) {
  (void)state;
  fixture f = sealed_fixture();
  for (size_t i = 0; i < sizeof f.key + sizeof f.n24 + sizeof f.ad; i++) {
    ((uint8_t *)&f)[i] ^= 0x10; /* key, n24 and ad are the first members */
    assert_refused(&f);
    ((uint8_t *)&f)[i] ^= 0x10;
  }
  uint8_t out[TEXT];
  assert_int_equal(vls_open(out, f.key, f.n24, vls_slice_of(f.ad, sizeof f.ad - 1), sealed_of(&f)),
                   VLS_FORGED);
  assert_int_equal(open_fixture(&f, out), VLS_OK);
}

/* Plain ChaCha20-Poly1305 would let somebody who knows two keys make one ciphertext for both. Even
 * the forger's best start, a right tag under the other key, fails on the commitment. */
static void seal_commits_to_its_key(void **state) {
  (void)state;
  fixture f = sealed_fixture(), g = f;
  g.key[0] ^= 1;
  vls_seal(g.sealed, g.key, g.n24, ad_of(&g), vls_slice_of(g.pt, sizeof g.pt));
  assert_memory_not_equal(f.sealed, g.sealed, VLS_HASH);
  memcpy(g.sealed, f.sealed, VLS_HASH); /* f's commitment, g's valid body */
  assert_refused(&g);
  memcpy(f.sealed + VLS_HASH, g.sealed + VLS_HASH, SEALED - VLS_HASH);
  assert_refused(&f);
}

static void open_too_short_is_malformed(void **state) {
  (void)state;
  fixture f = sealed_fixture();
  uint8_t out[TEXT];
  for (size_t n = 0; n < VLS_SEAL_EXTRA; n++)
    assert_int_equal(vls_open(out, f.key, f.n24, ad_of(&f), vls_slice_of(f.sealed, n)),
                     VLS_MALFORMED);
  for (size_t n = 0; n < VLS_TAG; n++)
    assert_int_equal(vls_xchacha_open(out, f.key, f.n24, ad_of(&f), vls_slice_of(f.sealed, n)),
                     VLS_MALFORMED);
  for (size_t n = VLS_SEAL_EXTRA; n < SEALED; n++)
    assert_int_equal(vls_open(out, f.key, f.n24, ad_of(&f), vls_slice_of(f.sealed, n)), VLS_FORGED);
}

static void xchacha_any_flipped_byte_is_refused_and_zeroed(void **state) {
  (void)state;
  static const uint8_t zero[TEXT];
  fixture f = sealed_fixture();
  uint8_t sealed[TEXT + VLS_TAG], out[TEXT];
  vls_xchacha_seal(sealed, f.key, f.n24, ad_of(&f), vls_slice_of(f.pt, TEXT));
  for (size_t i = 0; i < sizeof sealed; i++) {
    sealed[i] ^= 1;
    memset(out, 1, sizeof out);
    assert_int_equal(
        vls_xchacha_open(out, f.key, f.n24, ad_of(&f), vls_slice_of(sealed, sizeof sealed)),
        VLS_FORGED);
    assert_memory_equal(out, zero, sizeof out);
    sealed[i] ^= 1;
  }
}

static int setup(void **state) {
  (void)state;
  return vls_crypto_init() == VLS_OK ? 0 : -1;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(aead_rfc_8439_and_xchacha_vectors_match),
      cmocka_unit_test(aead_rfc_8439_a5_opens),
      cmocka_unit_test(seal_is_commitment_then_chacha),
      cmocka_unit_test(seal_opens_at_every_size),
      cmocka_unit_test(seal_any_flipped_bit_is_refused),
      cmocka_unit_test(seal_binds_key_nonce_and_ad),
      cmocka_unit_test(seal_commits_to_its_key),
      cmocka_unit_test(open_too_short_is_malformed),
      cmocka_unit_test(xchacha_any_flipped_byte_is_refused_and_zeroed),
  };
  return cmocka_run_group_tests(tests, setup, NULL);
}
