/* What a thief of keys can do, and what it can't: the promises of PEER 5b as tests. Each thief gets
 * exactly the keys its test names, and every recorded record. */
#include <stdlib.h>

#include "ratchet_pair.h"
#include "x3dh_people.h"

enum { ROUNDS = 8, STEPS_AHEAD = 4 };

typedef struct session {
  people p;
  talk t;
  record from_a[ROUNDS], from_b[ROUNDS];
} session;

/* Ana and Bao agree, and talk while somebody records it. */
static session *recorded(bool with_opk) {
  session *s = vls_calloc(1, sizeof *s);
  people_meet(&s->p, 11, with_opk);
  /* people_meet pointed t at keys inside p, and p has not moved since. */
  vls_x3dh_keys a = keys_of_ana(&s->p), b = keys_of_bao(&s->p);
  s->t.a.rng = (vls_rng){{21}};
  s->t.b.rng = (vls_rng){{22}};
  vls_err err = vls_ratchet_init_a(&s->t.a.r, a.th, a.rk, a.hk, a.nhk, s->p.spk.pub, &s->t.a.rng);
  assert_int_equal(err, VLS_OK);
  vls_ratchet_init_b(&s->t.b.r, b.th, b.rk, b.hk, b.nhk, &s->p.spk);
  for (int i = 0; i < ROUNDS; i++) {
    s->from_a[i] = side_say(&s->t.a, "from Ana");
    assert_hears(&s->t.b, &s->from_a[i], "from Ana");
    s->from_b[i] = side_say(&s->t.b, "from Bao");
    assert_hears(&s->t.a, &s->from_b[i], "from Bao");
  }
  return s;
}

static void forget(session *s) {
  talk_end(&s->t);
  free(s);
}

/* As Bao would read them with these keys: how many of Ana's records open, from the first on. */
static int records_opened(const session *s, const vls_x3dh_keys *keys) {
  side thief = {.rng = {{66}}};
  char heard[RECORD_MAX];
  int n = 0;
  vls_ratchet_init_b(&thief.r, keys->th, keys->rk, keys->hk, keys->nhk, &s->p.spk);
  for (int i = 0; i < ROUNDS; i++) {
    n += side_hear(&thief, &s->from_a[i], heard) == VLS_OK;
    n += side_hear(&thief, &s->from_b[i], heard) == VLS_OK;
  }
  vls_skips_done(&thief.kept);
  return n;
}

static bool body_opens(const record *rec, const uint8_t mk[32], const uint8_t th[32]) {
  uint8_t ad[32 + 57], out[RECORD_MAX];
  memcpy(ad, th, 32);
  memcpy(ad + 32, rec->p + VLS_N24, 57);
  return vls_open(out, mk, rec->p, vls_slice_of(ad, sizeof ad),
                  vls_slice_of(rec->p + VLS_N24 + 57, rec->n - VLS_N24 - 57)) == VLS_OK;
}

/* Takes every 32 bytes of what it got for a message key or a chain key, and every record. */
static void assert_none_opens_with(const session *s, const void *loot, size_t n) {
  const uint8_t *p = loot, *th = s->t.a.r.th;
  for (size_t at = 0; at + 32 <= n; at += 4) {
    uint8_t ck[32], mk[32];
    memcpy(ck, p + at, 32);
    for (int i = 0; i < ROUNDS; i++)
      assert_false(body_opens(&s->from_a[i], ck, th) || body_opens(&s->from_b[i], ck, th));
    for (int step = 0; step < STEPS_AHEAD; step++) {
      vls_chain_step(ck, mk);
      for (int i = 0; i < ROUNDS; i++)
        assert_false(body_opens(&s->from_a[i], mk, th) || body_opens(&s->from_b[i], mk, th));
    }
  }
}

static void session_with_every_key_revealed_afterwards_does_not_open(void **state) {
  (void)state;
  session *s = recorded(true);
  const people *p = &s->p;
  /* What is left afterwards: identity keys, signed prekey, both ratchets. The ephemeral and the
   * one-time prekey were deleted when they had been used. */
  const vls_dh_pair loot[] = {p->ik_a, p->ik_b, p->spk};
  assert_none_opens_with(s, loot, sizeof loot);
  assert_none_opens_with(s, &s->t.a.r, sizeof s->t.a.r);
  assert_none_opens_with(s, &s->t.b.r, sizeof s->t.b.r);

  /* Three of the four secrets of X3DH are his now. The fourth he must guess. */
  const vls_dh_pair *own[] = {&p->ik_a, &p->ik_b, &p->spk, &s->t.a.r.dhs, &s->t.b.r.dhs};
  const vls_dh_pair *peer[] = {&p->opk, &p->ek, &p->ik_a, &p->ik_b, &p->spk};
  uint8_t secrets[4][32];
  dh_by_hand(secrets[0], &p->spk, &p->ik_a);
  dh_by_hand(secrets[1], &p->ik_b, &p->ek);
  dh_by_hand(secrets[2], &p->spk, &p->ek);
  for (size_t i = 0; i < 5; i++)
    for (size_t j = 0; j < 5; j++) {
      dh_by_hand(secrets[3], own[i], peer[j]);
      vls_x3dh_keys guess = keys_by_hand(&p->t, secrets, 4);
      assert_int_equal(records_opened(s, &guess), 0);
    }
  vls_x3dh_keys guess = keys_by_hand(&p->t, secrets, 3);
  assert_int_equal(records_opened(s, &guess), 0);

  /* The attack itself is sound: with the one-time prekey it works on the first chain, up to the
   * answer, whose ephemeral keys nobody kept. */
  dh_by_hand(secrets[3], &p->opk, &p->ek);
  vls_x3dh_keys right = keys_by_hand(&p->t, secrets, 4);
  assert_int_equal(records_opened(s, &right), 1);
  forget(s);
}

/* The limit: with no one-time prekey to delete, the first flight is as safe as the signed prekey,
 * which goes after 30 days. This is why every invite carries one. */
static void session_without_one_time_prekey_opens_up_to_the_first_answer(void **state) {
  (void)state;
  session *s = recorded(false);
  uint8_t secrets[3][32];
  dh_by_hand(secrets[0], &s->p.spk, &s->p.ik_a);
  dh_by_hand(secrets[1], &s->p.ik_b, &s->p.ek);
  dh_by_hand(secrets[2], &s->p.spk, &s->p.ek);
  vls_x3dh_keys keys = keys_by_hand(&s->p.t, secrets, 3);
  assert_int_equal(records_opened(s, &keys), 1);
  forget(s);
}

static void stolen_state_heals_after_one_round(void **state) {
  (void)state;
  session *s = recorded(true);
  side thief = {.r = s->t.a.r, .rng = {{77}}};
  char heard[RECORD_MAX];
  record rec = side_say(&s->t.a, "read by nobody but Bao");
  assert_hears(&s->t.b, &rec, "read by nobody but Bao");
  rec = side_say(&s->t.b, "the thief reads this");
  assert_int_equal(side_hear(&thief, &rec, heard), VLS_OK);
  assert_hears(&s->t.a, &rec, "the thief reads this");
  rec = side_say(&s->t.a, "a new key of Ana's");
  assert_hears(&s->t.b, &rec, "a new key of Ana's");
  for (int i = 0; i < 3; i++) {
    rec = side_say(&s->t.b, "healed");
    /* The header key of one more chain was in what it stole; its message keys were not. */
    assert_int_equal(side_hear(&thief, &rec, heard), i == 0 ? VLS_FORGED : VLS_UNKNOWN);
    assert_hears(&s->t.a, &rec, "healed");
    talk_round(&s->t);
  }
  vls_skips_done(&thief.kept);
  forget(s);
}

/* A thief with Bao's identity keys, but not his prekeys, makes a first message "from Ana". The
 * ephemeral is the thief's own; what it lacks is DH(IKa, SPKb). */
static void thief_of_identity_keys_cannot_pose_as_ana(void **state) {
  (void)state;
  for (int with_opk = 0; with_opk < 2; with_opk++) {
    people p;
    people_meet(&p, 12, with_opk);
    vls_x3dh_keys bao = keys_of_bao(&p);
    uint8_t secrets[4][32];
    dh_by_hand(secrets[1], &p.ek, &p.ik_b);
    dh_by_hand(secrets[2], &p.ek, &p.spk);
    dh_by_hand(secrets[3], &p.ek, &p.opk);
    const vls_dh_pair *own[] = {&p.ek, &p.ik_b};
    const vls_dh_pair *peer[] = {&p.ik_a, &p.ik_b, &p.spk, &p.opk, &p.ek};
    for (size_t i = 0; i < 2; i++)
      for (size_t j = 0; j < 5; j++) {
        dh_by_hand(secrets[0], own[i], peer[j]);
        vls_x3dh_keys guess = keys_by_hand(&p.t, secrets, with_opk ? 4 : 3);
        assert_memory_not_equal(guess.rk, bao.rk, 32);
        assert_memory_not_equal(guess.hk, bao.hk, 32);

        side thief = {.rng = {{88}}}, bao_side = {.rng = {{89}}};
        vls_err err = vls_ratchet_init_a(&thief.r, guess.th, guess.rk, guess.hk, guess.nhk,
                                         p.spk.pub, &thief.rng);
        assert_int_equal(err, VLS_OK);
        vls_ratchet_init_b(&bao_side.r, bao.th, bao.rk, bao.hk, bao.nhk, &p.spk);
        record rec = side_say(&thief, "I am Ana");
        assert_refuses(&bao_side, &rec, VLS_UNKNOWN);
      }
  }
}

/* With the signed prekey as well the thief computes the same session as Bao: no key agreement can
 * stop that, which is why the first body carries SIGN("x3dh", th) under Ana's identity. */
static void thief_of_prekeys_too_is_stopped_by_the_signature(void **state) {
  (void)state;
  people p;
  people_meet(&p, 13, true);
  vls_x3dh_keys bao = keys_of_bao(&p);
  uint8_t secrets[4][32], sig[VLS_SIG];
  dh_by_hand(secrets[0], &p.spk, &p.ik_a); /* from the other end: no key of Ana's is needed */
  dh_by_hand(secrets[1], &p.ek, &p.ik_b);
  dh_by_hand(secrets[2], &p.ek, &p.spk);
  dh_by_hand(secrets[3], &p.ek, &p.opk);
  vls_x3dh_keys thief = keys_by_hand(&p.t, secrets, 4);
  assert_memory_equal(&thief, &bao, sizeof bao);

  vls_sign_hash(sig, &p.sign_b, VLS_CTX_X3DH, bao.th); /* all it can sign with */
  assert_int_equal(vls_verify_hash(sig, p.sign_a.pub, VLS_CTX_X3DH, bao.th), VLS_FORGED);
  people earlier; /* a true signature of Ana's, from a session she did begin */
  people_meet(&earlier, 14, true);
  vls_x3dh_keys then = keys_of_ana(&earlier);
  vls_sign_hash(sig, &p.sign_a, VLS_CTX_X3DH, then.th);
  assert_int_equal(vls_verify_hash(sig, p.sign_a.pub, VLS_CTX_X3DH, then.th), VLS_OK);
  assert_int_equal(vls_verify_hash(sig, p.sign_a.pub, VLS_CTX_X3DH, bao.th), VLS_FORGED);
  vls_sign_hash(sig, &p.sign_a, VLS_CTX_DIRECT, bao.th); /* or one she made for another purpose */
  assert_int_equal(vls_verify_hash(sig, p.sign_a.pub, VLS_CTX_X3DH, bao.th), VLS_FORGED);
}

static int setup(void **state) {
  (void)state;
  return vls_crypto_init() == VLS_OK ? 0 : -1;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(session_with_every_key_revealed_afterwards_does_not_open),
      cmocka_unit_test(session_without_one_time_prekey_opens_up_to_the_first_answer),
      cmocka_unit_test(stolen_state_heals_after_one_round),
      cmocka_unit_test(thief_of_identity_keys_cannot_pose_as_ana),
      cmocka_unit_test(thief_of_prekeys_too_is_stopped_by_the_signature),
  };
  return cmocka_run_group_tests(tests, setup, NULL);
}
