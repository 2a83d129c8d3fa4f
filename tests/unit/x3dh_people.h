/* Ana and Bao before they meet: every key of both sides, from one seed. */
#ifndef VALISE_TESTS_X3DH_PEOPLE_H
#define VALISE_TESTS_X3DH_PEOPLE_H

#include "crypto/kdf.h"
#include "crypto/x3dh.h"
#include "vec_hex.h"

typedef struct people {
  vls_dh_pair ik_a, ek;         /* Ana's identity key and the ephemeral of this session */
  vls_dh_pair ik_b, spk, opk;   /* Bao's identity key, signed prekey, one-time prekey */
  vls_sign_pair sign_a, sign_b; /* what they sign with */
  bool with_opk;
  vls_x3dh_transcript t;
} people;

static inline void people_meet(people *p, uint8_t seed_n, bool with_opk) {
  uint8_t seed[32] = {seed_n};
  vls_rng rng;
  vls_rng_init(&rng, seed);
  vls_dh_new(&p->ik_a, &rng);
  vls_dh_new(&p->ek, &rng);
  vls_dh_new(&p->ik_b, &rng);
  vls_dh_new(&p->spk, &rng);
  vls_dh_new(&p->opk, &rng);
  vls_sign_new(&p->sign_a, &rng);
  vls_sign_new(&p->sign_b, &rng);
  p->with_opk = with_opk;
  p->t = (vls_x3dh_transcript){.suite = VLS_SUITE_1,
                               .card_a = vls_slice_str("card of Ana"),
                               .card_b = vls_slice_str("card of Bao"),
                               .spk_id = 7,
                               .opk = vls_slice_of(p->opk.pub, with_opk ? 32 : 0),
                               .ek = p->ek.pub};
}

static inline vls_x3dh_keys keys_of_ana(const people *p) {
  vls_x3dh_keys keys;
  vls_err err = vls_x3dh_a(&keys, &p->t, &p->ik_a, &p->ek, p->ik_b.pub, p->spk.pub,
                           p->with_opk ? p->opk.pub : NULL);
  assert_int_equal(err, VLS_OK);
  return keys;
}

static inline vls_x3dh_keys keys_of_bao(const people *p) {
  vls_x3dh_keys keys;
  vls_err err = vls_x3dh_b(&keys, &p->t, p->ik_a.pub, p->ek.pub, &p->ik_b, &p->spk,
                           p->with_opk ? &p->opk : NULL);
  assert_int_equal(err, VLS_OK);
  return keys;
}

/* The keys of a session from its shared secrets, in the order of PEER 5b: what the formula says,
 * and all that a thief can do with what it got. */
static inline vls_x3dh_keys keys_by_hand(const vls_x3dh_transcript *t, const uint8_t (*secrets)[32],
                                         size_t n) {
  uint8_t ikm[5 * 32], info[13 + 32], sk[32];
  vls_x3dh_keys keys;
  memset(ikm, 0xff, 32);
  memcpy(ikm + 32, secrets, 32 * n);
  vls_x3dh_hash(keys.th, t);
  memcpy(info, "valise 1 x3dh", 13);
  memcpy(info + 13, keys.th, 32);
  vls_hkdf(sk, 32, (vls_slice){NULL, 0}, vls_slice_of(ikm, 32 + 32 * n),
           vls_slice_of(info, sizeof info));
  const vls_slice th = vls_slice_of(keys.th, 32);
  vls_xwl(keys.rk, 32, sk, "rk", th);
  vls_xwl(keys.hk, 32, sk, "hk", th);
  vls_xwl(keys.nhk, 32, sk, "nhk", th);
  vls_xwl(keys.link_psk, 32, sk, "psk", th);
  vls_xwl(keys.drop_a, 32, sk, "drop.a", th);
  vls_xwl(keys.drop_b, 32, sk, "drop.b", th);
  vls_xwl(keys.knock, 32, sk, "knock", th);
  return keys;
}

static inline void dh_by_hand(uint8_t ret[32], const vls_dh_pair *own, const vls_dh_pair *peer) {
  assert_int_equal(vls_dh(ret, own->priv, peer->pub), VLS_OK);
}

#endif
