#include "x3dh_people.h"

enum { SECRETS = 8 }; /* vls_x3dh_keys is th and seven keys of 32 bytes */
_Static_assert(sizeof(vls_x3dh_keys) == SECRETS * 32, "every field is compared");

static const uint8_t *field(const vls_x3dh_keys *keys, int i) {
  return (const uint8_t *)keys + 32 * i;
}

static void assert_all_differ(const vls_x3dh_keys *x, const vls_x3dh_keys *y) {
  for (int i = 0; i < SECRETS; i++)
    for (int j = 0; j < SECRETS; j++)
      assert_memory_not_equal(field(x, i), field(y, j), 32);
}

static void x3dh_both_sides_agree(void **state) {
  (void)state;
  for (uint8_t seed = 0; seed < 20; seed++) {
    people p;
    people_meet(&p, seed, seed % 2 == 0);
    vls_x3dh_keys a = keys_of_ana(&p), b = keys_of_bao(&p);
    assert_memory_equal(&a, &b, sizeof a);
    for (int i = 0; i < SECRETS; i++)
      for (int j = 0; j < i; j++)
        assert_memory_not_equal(field(&a, i), field(&a, j), 32);
  }
}

static void x3dh_follows_the_formula(void **state) {
  (void)state;
  for (int with_opk = 0; with_opk < 2; with_opk++) {
    people p;
    people_meet(&p, 3, with_opk);
    uint8_t secrets[4][32];
    dh_by_hand(secrets[0], &p.ik_a, &p.spk);
    dh_by_hand(secrets[1], &p.ek, &p.ik_b);
    dh_by_hand(secrets[2], &p.ek, &p.spk);
    dh_by_hand(secrets[3], &p.ek, &p.opk);
    vls_x3dh_keys want = keys_by_hand(&p.t, secrets, with_opk ? 4 : 3), got = keys_of_ana(&p);
    assert_memory_equal(&got, &want, sizeof got);
  }
}

static void x3dh_hash_has_every_part_with_its_length(void **state) {
  (void)state;
  people p;
  people_meet(&p, 4, true);
  uint8_t bytes[4 + 2 + 4 + 11 + 4 + 11 + 4 + 4 + 4 + 32 + 4 + 32], want[32], got[32];
  memcpy(bytes, "\0\0\0\2\0\1\0\0\0\13card of Ana\0\0\0\13card of Bao\0\0\0\4\0\0\0\7\0\0\0\40",
         48);
  memcpy(bytes + 48, p.opk.pub, 32);
  memcpy(bytes + 80, "\0\0\0\40", 4);
  memcpy(bytes + 84, p.ek.pub, 32);
  vls_sha256(want, vls_slice_of(bytes, sizeof bytes));
  vls_x3dh_hash(got, &p.t);
  assert_memory_equal(got, want, sizeof got);
}

static void x3dh_any_other_transcript_gives_other_keys(void **state) {
  (void)state;
  people good;
  people_meet(&good, 5, true);
  vls_x3dh_keys base = keys_of_ana(&good);
  for (int change = 0; change < 7; change++) {
    people p = good;
    switch (change) {
    case 0: p.t.suite = 2; break;
    case 1: p.t.card_a = vls_slice_str("card of Anb"); break;
    case 2: p.t.card_b = vls_slice_str("card of Bap"); break;
    case 3: p.t.spk_id = 8; break;
    case 4: p.with_opk = false, p.t.opk.n = 0; break;
    case 5: /* the same bytes, cut elsewhere */
      p.t.card_a = vls_slice_str("card of Anac");
      p.t.card_b = vls_slice_str("ard of Bao");
      break;
    default: p.ek.priv[5] ^= 1, vls_dh_from_priv(&p.ek, p.ek.priv), p.t.ek = p.ek.pub; break;
    }
    vls_x3dh_keys other = keys_of_ana(&p), bao = keys_of_bao(&p);
    assert_all_differ(&base, &other);
    assert_memory_equal(&other, &bao, sizeof bao);
  }
}

static void x3dh_other_keys_than_in_the_cards_do_not_agree(void **state) {
  (void)state;
  people good;
  people_meet(&good, 6, true);
  vls_x3dh_keys base = keys_of_ana(&good);
  for (int change = 0; change < 3; change++) {
    people p = good;
    vls_dh_pair *pair = change == 0 ? &p.ik_a : change == 1 ? &p.ik_b : &p.spk;
    pair->priv[9] ^= 1;
    vls_dh_from_priv(pair, pair->priv);
    vls_x3dh_keys bao = keys_of_bao(&p);
    for (int i = 1; i < SECRETS; i++) /* th is the same; nothing else may be */
      assert_memory_not_equal(field(&base, i), field(&bao, i), 32);
  }
}

static void x3dh_id_key_agrees_and_binds(void **state) {
  (void)state;
  for (int with_opk = 0; with_opk < 2; with_opk++) {
    people p;
    people_meet(&p, 7, with_opk);
    uint8_t a[32], b[32], other[32];
    const uint8_t *opk_pub = with_opk ? p.opk.pub : NULL;
    const vls_dh_pair *opk = with_opk ? &p.opk : NULL;
    vls_err err = vls_x3dh_id_key_a(a, &p.ek, p.ik_b.pub, p.spk.pub, opk_pub, p.t.card_b);
    assert_int_equal(err, VLS_OK);
    err = vls_x3dh_id_key_b(b, p.ek.pub, &p.ik_b, &p.spk, opk, p.t.card_b);
    assert_int_equal(err, VLS_OK);
    assert_memory_equal(a, b, 32);
    err = vls_x3dh_id_key_b(other, p.ek.pub, &p.ik_b, &p.spk, opk, p.t.card_a);
    assert_int_equal(err, VLS_OK);
    assert_memory_not_equal(a, other, 32);
    err = vls_x3dh_id_key_b(other, p.ek.pub, &p.ik_b, &p.spk, with_opk ? NULL : &p.opk, p.t.card_b);
    assert_int_equal(err, VLS_OK);
    assert_memory_not_equal(a, other, 32);
  }
}

static void x3dh_bad_public_key_is_forged(void **state) {
  (void)state;
  people good;
  people_meet(&good, 8, true);
  vls_x3dh_keys keys;
  uint8_t k[32];
  for (int which = 0; which < 4; which++)
    for (int high = 0; high < 2; high++) { /* of small order, or not canonical */
      people p = good;
      uint8_t *bad = which == 0   ? p.ik_b.pub
                     : which == 1 ? p.spk.pub
                     : which == 2 ? p.opk.pub
                                  : p.ik_a.pub;
      memset(bad, high ? 0xff : 0, 32);
      p.t.opk = vls_slice_of(p.opk.pub, 32);
      if (which == 3) {
        assert_int_equal(vls_x3dh_b(&keys, &p.t, p.ik_a.pub, p.ek.pub, &p.ik_b, &p.spk, &good.opk),
                         VLS_FORGED);
        continue;
      }
      assert_int_equal(vls_x3dh_a(&keys, &p.t, &p.ik_a, &p.ek, p.ik_b.pub, p.spk.pub, p.opk.pub),
                       VLS_FORGED);
      assert_int_equal(vls_x3dh_id_key_a(k, &p.ek, p.ik_b.pub, p.spk.pub, p.opk.pub, p.t.card_b),
                       VLS_FORGED);
    }
  static const uint8_t zero[32];
  people p = good;
  p.t.ek = zero;
  assert_int_equal(vls_x3dh_b(&keys, &p.t, p.ik_a.pub, zero, &p.ik_b, &p.spk, &p.opk), VLS_FORGED);
  assert_int_equal(vls_x3dh_id_key_b(k, zero, &p.ik_b, &p.spk, &p.opk, p.t.card_b), VLS_FORGED);
}

static int setup(void **state) {
  (void)state;
  return vls_crypto_init() == VLS_OK ? 0 : -1;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(x3dh_both_sides_agree),
      cmocka_unit_test(x3dh_follows_the_formula),
      cmocka_unit_test(x3dh_hash_has_every_part_with_its_length),
      cmocka_unit_test(x3dh_any_other_transcript_gives_other_keys),
      cmocka_unit_test(x3dh_other_keys_than_in_the_cards_do_not_agree),
      cmocka_unit_test(x3dh_id_key_agrees_and_binds),
      cmocka_unit_test(x3dh_bad_public_key_is_forged),
  };
  return cmocka_run_group_tests(tests, setup, NULL);
}
