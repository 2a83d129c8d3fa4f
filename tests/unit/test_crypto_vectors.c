/* proto/vectors: the project's own vectors, for whoever writes a second implementation. Each file
 * is made anew here and compared. After a change of the protocol: test_crypto_vectors --write */
#include <stdio.h>

#include "crypto/knock.h"
#include "base/text.h"
#include "ratchet_pair.h"
#include "x3dh_people.h"

enum { FILE_MAX = 64 * 1024 };

static bool writing;

static void put_text(vls_buf *out, const char *text) {
  assert_int_equal(vls_buf_put(out, text, strlen(text)), VLS_OK);
}

static void put(vls_buf *out, const char *name, const void *bytes, size_t n) {
  char hex[2 * 1024 + 1];
  assert_true(n <= 1024);
  vls_hex_put(hex, vls_slice_of(bytes, n));
  put_text(out, name);
  put_text(out, n > 0 ? " = " : " =");
  put_text(out, hex);
  put_text(out, "\n");
}

static void put_number(vls_buf *out, const char *name, uint32_t v) {
  char line[64];
  snprintf(line, sizeof line, "%s = %u\n", name, v);
  put_text(out, line);
}

static void compare(const vls_buf *made, const char *name) {
  char path[512];
  static uint8_t have[FILE_MAX];
  snprintf(path, sizeof path, VALISE_SOURCE_DIR "/proto/vectors/%s", name);
  FILE *file = fopen(path, writing ? "wb" : "rb");
  assert_non_null(file);
  if (writing) {
    assert_int_equal(fwrite(made->p, 1, made->n, file), made->n);
  } else {
    size_t n = fread(have, 1, sizeof have, file);
    assert_int_equal(n, made->n);
    assert_memory_equal(have, made->p, n);
  }
  assert_int_equal(fclose(file), 0);
}

static vls_rng counting(uint8_t n) {
  uint8_t seed[32] = {n};
  vls_rng rng;
  vls_rng_init(&rng, seed);
  return rng;
}

static void vectors_of_seal_are_what_this_code_makes(void **state) {
  (void)state;
  static const size_t sizes[][2] = {{0, 0},   {1, 0},   {0, 1},   {113, 16},
                                    {5, 127}, {64, 64}, {89, 300}};
  vls_rng rng = counting(1);
  vls_buf out;
  vls_buf_init(&out, FILE_MAX);
  put_text(&out, "# SEAL (PEER 1): sealed = C(32) | ChaCha20-Poly1305(ek, nonce 0, ad, pt).\n");
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    uint8_t key[32], n24[VLS_N24], ad[128], pt[300], sealed[300 + VLS_SEAL_EXTRA], opened[300];
    size_t n_ad = sizes[i][0], n = sizes[i][1];
    vls_rng_bytes(&rng, key, sizeof key);
    vls_rng_bytes(&rng, n24, sizeof n24);
    vls_rng_bytes(&rng, ad, n_ad);
    vls_rng_bytes(&rng, pt, n);
    vls_seal(sealed, key, n24, vls_slice_of(ad, n_ad), vls_slice_of(pt, n));
    put_text(&out, "\n");
    put(&out, "key", key, sizeof key);
    put(&out, "n24", n24, sizeof n24);
    put(&out, "ad", ad, n_ad);
    put(&out, "pt", pt, n);
    put(&out, "sealed", sealed, n + VLS_SEAL_EXTRA);
    assert_int_equal(vls_open(opened, key, n24, vls_slice_of(ad, n_ad),
                              vls_slice_of(sealed, n + VLS_SEAL_EXTRA)),
                     VLS_OK);
  }
  compare(&out, "seal.txt");
  vls_buf_done(&out);
}

static void vectors_of_knock_are_what_this_code_makes(void **state) {
  (void)state;
  vls_rng rng = counting(2);
  vls_buf out, knock;
  vls_buf_init(&out, FILE_MAX);
  vls_buf_init(&knock, 2048);
  put_text(&out, "# The knock (PEER 4). padding follows the sealed part.\n");
  for (uint32_t i = 0; i < 4; i++) {
    uint8_t key[32], message[48], ad[32];
    vls_rng_bytes(&rng, key, sizeof key);
    vls_rng_bytes(&rng, message, sizeof message);
    vls_rng_bytes(&rng, ad, sizeof ad);
    vls_slice bound = vls_slice_of(ad, i % 2 == 0 ? 0 : sizeof ad);
    vls_slice inside = vls_slice_of(message, sizeof message);
    do { /* a short padding keeps the file short */
      vls_buf_clear(&knock);
      assert_int_equal(vls_knock_put(&knock, key, inside, 1700000000 + i, bound, &rng), VLS_OK);
    } while (knock.n > vls_knock_size(sizeof message) + 40);
    put_text(&out, "\n");
    put(&out, "key", key, sizeof key);
    put(&out, "message", message, sizeof message);
    put(&out, "ad", bound.p, bound.n);
    put_number(&out, "time", 1700000000 + i);
    put(&out, "knock", knock.p, knock.n);
  }
  compare(&out, "knock.txt");
  vls_buf_done(&out);
  vls_buf_done(&knock);
}

static void vectors_of_x3dh_are_what_this_code_makes(void **state) {
  (void)state;
  vls_buf out;
  vls_buf_init(&out, FILE_MAX);
  put_text(&out,
           "# X3DH (PEER 5b). ik_a, ek, ik_b, spk and opk are private keys; opk may be absent.\n");
  for (uint8_t i = 0; i < 4; i++) {
    people p;
    uint8_t id[32];
    people_meet(&p, i, i % 2 == 0);
    vls_x3dh_keys keys = keys_of_ana(&p);
    vls_err err = vls_x3dh_id_key_a(id, &p.ek, p.ik_b.pub, p.spk.pub, p.with_opk ? p.opk.pub : NULL,
                                    p.t.card_b);
    assert_int_equal(err, VLS_OK);
    put_text(&out, "\n");
    put_number(&out, "suite", (uint32_t)p.t.suite);
    put(&out, "card_a", p.t.card_a.p, p.t.card_a.n);
    put(&out, "card_b", p.t.card_b.p, p.t.card_b.n);
    put_number(&out, "spk_id", p.t.spk_id);
    put(&out, "ik_a", p.ik_a.priv, 32);
    put(&out, "ek", p.ek.priv, 32);
    put(&out, "ik_b", p.ik_b.priv, 32);
    put(&out, "spk", p.spk.priv, 32);
    put(&out, "opk", p.opk.priv, p.with_opk ? 32 : 0);
    put(&out, "k_id", id, 32);
    put(&out, "th", keys.th, 32);
    put(&out, "rk", keys.rk, 32);
    put(&out, "hk", keys.hk, 32);
    put(&out, "nhk", keys.nhk, 32);
    put(&out, "psk", keys.link_psk, 32);
    put(&out, "drop.a", keys.drop_a, 32);
    put(&out, "drop.b", keys.drop_b, 32);
    put(&out, "knock", keys.knock, 32);
  }
  compare(&out, "x3dh.txt");
  vls_buf_done(&out);
}

/* One record spoken and written down; `dh` is the private key its header names. */
static record spoken(vls_buf *out, side *from, const char *who, const char *text) {
  put_text(out, "\n");
  put_text(out, who);
  put(out, ".dh", from->r.dhs.priv, 32);
  put(out, "text", text, strlen(text));
  record rec = side_say(from, text);
  put(out, "record", rec.p, rec.n);
  return rec;
}

static void vectors_of_ratchet_are_what_this_code_makes(void **state) {
  (void)state;
  talk t;
  vls_buf out;
  vls_buf_init(&out, FILE_MAX);
  talk_start(&t, 99);
  uint8_t packed[VLS_RATCHET_STATE];
  /* What A began with, found again from B: rk is not turned there yet. */
  put_text(&out,
           "# The Double Ratchet (PEER 5b). A begins with rk, hk, nhk and the public key of spk.\n"
           "# Records stand in the order they were made. B reads a1, a0, then answers; A reads\n"
           "# b1 (never b0), then answers; B reads a2 and a3. dh: the sender's private ratchet\n"
           "# key at the time. N24 is the first 24 bytes of a record.\n\n");
  put(&out, "th", t.b.r.th, 32);
  put(&out, "rk", t.b.r.rk, 32);
  put(&out, "hk", t.b.r.nhkr, 32);
  put(&out, "nhk", t.b.r.nhks, 32);
  put(&out, "spk", t.b.r.dhs.priv, 32);
  record a0 = spoken(&out, &t.a, "a", "a0"), a1 = spoken(&out, &t.a, "a", "a1");
  assert_hears(&t.b, &a1, "a1");
  assert_hears(&t.b, &a0, "a0");
  (void)spoken(&out, &t.b, "b", "b0");
  record b1 = spoken(&out, &t.b, "b", "b1, and b0 is lost");
  assert_hears(&t.a, &b1, "b1, and b0 is lost");
  record a2 = spoken(&out, &t.a, "a", "a2"), a3 = spoken(&out, &t.a, "a", "");
  assert_hears(&t.b, &a2, "a2");
  assert_hears(&t.b, &a3, "");
  put_text(&out,
           "\n# The states at the end, as the store keeps them, and the key A kept for b0.\n");
  vls_ratchet_pack(&t.a.r, packed);
  put(&out, "a.state", packed, sizeof packed);
  vls_ratchet_pack(&t.b.r, packed);
  put(&out, "b.state", packed, sizeof packed);
  assert_int_equal(t.a.kept.n, 1);
  put(&out, "b0.mk", t.a.kept.keys[0].mk, 32);
  compare(&out, "ratchet.txt");
  vls_buf_done(&out);
  talk_end(&t);
}

int main(int argc, char **argv) {
  if (vls_crypto_init() != VLS_OK) return 1;
  writing = argc == 2 && strcmp(argv[1], "--write") == 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(vectors_of_seal_are_what_this_code_makes),
      cmocka_unit_test(vectors_of_knock_are_what_this_code_makes),
      cmocka_unit_test(vectors_of_x3dh_are_what_this_code_makes),
      cmocka_unit_test(vectors_of_ratchet_are_what_this_code_makes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
