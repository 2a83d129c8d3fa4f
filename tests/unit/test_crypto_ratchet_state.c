/* The state as a value: packed, restored, hostile. */
#include "ratchet_pair.h"

enum { FLAGS_AT = 1 + 10 * 32 + 4 + 4 + 8, CHAINS_AT = FLAGS_AT + 2, CHAIN_BYTES = 44 };

static void repack(side *s) {
  uint8_t bytes[VLS_RATCHET_STATE], again[VLS_RATCHET_STATE];
  vls_ratchet back;
  vls_ratchet_pack(&s->r, bytes);
  assert_int_equal(vls_ratchet_unpack(&back, vls_slice_of(bytes, sizeof bytes)), VLS_OK);
  vls_ratchet_pack(&back, again);
  assert_memory_equal(bytes, again, sizeof bytes);
  s->r = back;
}

static void state_packed_and_back_after_every_step_goes_on(void **state) {
  (void)state;
  talk t;
  talk_start(&t, 1);
  for (int i = 0; i < 12; i++) {
    repack(&t.a);
    repack(&t.b);
    (void)side_say(&t.a, "lost");
    record rec = side_say(&t.a, "there");
    repack(&t.a);
    assert_hears(&t.b, &rec, "there");
    repack(&t.b);
    rec = side_say(&t.b, "back");
    repack(&t.b);
    assert_hears(&t.a, &rec, "back");
  }
  talk_end(&t);
}

static vls_err unpack(const uint8_t *bytes, size_t n) {
  vls_ratchet back, untouched;
  memset(&back, 0x3c, sizeof back);
  untouched = back;
  vls_err err = vls_ratchet_unpack(&back, vls_slice_of(bytes, n));
  if (err != VLS_OK) assert_memory_equal(&back, &untouched, sizeof back);
  return err;
}

static void state_of_another_size_is_malformed(void **state) {
  (void)state;
  talk t;
  talk_start(&t, 2);
  uint8_t bytes[VLS_RATCHET_STATE + 1] = {0};
  vls_ratchet_pack(&t.a.r, bytes);
  for (size_t n = 0; n <= sizeof bytes; n++)
    assert_int_equal(unpack(bytes, n), n == VLS_RATCHET_STATE ? VLS_OK : VLS_MALFORMED);
  talk_end(&t);
}

/* Changes n bytes at `at` to v, expects a refusal, puts them back. */
static void assert_hostile(uint8_t *bytes, size_t at, uint8_t v, size_t n) {
  uint8_t good[64];
  memcpy(good, bytes + at, n);
  memset(bytes + at, v, n);
  assert_int_equal(unpack(bytes, VLS_RATCHET_STATE), VLS_MALFORMED);
  memcpy(bytes + at, good, n);
  assert_int_equal(unpack(bytes, VLS_RATCHET_STATE), VLS_OK);
}

static void state_that_cannot_be_is_malformed(void **state) {
  (void)state;
  talk t;
  talk_start(&t, 3);
  talk_round(&t);
  talk_round(&t);
  uint8_t bytes[VLS_RATCHET_STATE];
  vls_ratchet_pack(&t.b.r, bytes);
  assert_hostile(bytes, 0, 0, 1);
  assert_hostile(bytes, 0, 2, 1);
  assert_hostile(bytes, 1 + 4 * 32, 0xff, 32);      /* the peer's key: not canonical */
  assert_hostile(bytes, FLAGS_AT - 16, 0xff, 4);    /* ns */
  assert_hostile(bytes, FLAGS_AT - 12, 0xff, 4);    /* pns */
  assert_hostile(bytes, FLAGS_AT - 8, 0xff, 8);     /* more chains than slots say */
  assert_hostile(bytes, FLAGS_AT - 8, 0, 8);        /* fewer */
  assert_hostile(bytes, FLAGS_AT, 2, 1);            /* not a bool */
  assert_hostile(bytes, FLAGS_AT + 1, 0xff, 1);     /* not a bool */
  assert_hostile(bytes, FLAGS_AT, 0, 1);            /* a peer's key, and nothing to send on */
  assert_hostile(bytes, FLAGS_AT, 0, 2);            /* chains, and no peer's key */
  assert_hostile(bytes, CHAINS_AT, 0, CHAIN_BYTES); /* a gap */
  assert_hostile(bytes, CHAINS_AT + 7, 9, 1);       /* the wrong number */
  assert_hostile(bytes, CHAINS_AT + 2 * CHAIN_BYTES + 8, 1, 1); /* a key in an empty slot */
  assert_hostile(bytes, CHAINS_AT + 5 * CHAIN_BYTES - 1, 1, 1); /* a count in an empty slot */
  talk_end(&t);
}

static void state_before_the_first_record_has_its_own_rules(void **state) {
  (void)state;
  talk t;
  talk_start(&t, 6);
  uint8_t bytes[VLS_RATCHET_STATE];
  vls_ratchet_pack(&t.b.r, bytes);
  assert_hostile(bytes, FLAGS_AT, 2, 2);      /* not bools, though both the same */
  assert_hostile(bytes, FLAGS_AT - 16, 1, 4); /* records sent, and nothing to send on */
  assert_hostile(bytes, FLAGS_AT - 12, 1, 4);
  talk_end(&t);
}

static void state_of_random_bytes_never_harms(void **state) {
  (void)state;
  vls_rng rng = {{9}};
  uint8_t bytes[VLS_RATCHET_STATE];
  talk t;
  talk_start(&t, 4);
  talk_round(&t);
  for (int i = 0; i < 5000; i++) {
    if (i % 2 == 0) {
      vls_rng_bytes(&rng, bytes, sizeof bytes);
      bytes[0] = 1;
      assert_int_equal(unpack(bytes, sizeof bytes), VLS_MALFORMED);
    } else {
      vls_ratchet_pack(&t.a.r, bytes);
      bytes[vls_rng_below(&rng, sizeof bytes)] ^= (uint8_t)(1u << vls_rng_below(&rng, 8));
      vls_ratchet r;
      if (vls_ratchet_unpack(&r, vls_slice_of(bytes, sizeof bytes)) != VLS_OK) continue;
      side odd = {.r = r, .rng = rng}; /* accepted: then it can be used, whatever it holds */
      record rec = side_say(&odd, "x");
      char heard[RECORD_MAX];
      (void)side_hear(&t.b, &rec, heard);
      vls_skips_done(&odd.kept);
      vls_skips_done(&t.b.kept);
    }
  }
  talk_end(&t);
}

/* The keystream of a sealed body: ciphertext xor text. */
static void keystream(uint8_t *out, const record *rec, const char *text) {
  const uint8_t *ct = rec->p + rec->n - VLS_TAG - strlen(text);
  for (size_t i = 0; i < strlen(text); i++)
    out[i] = ct[i] ^ (uint8_t)text[i];
}

static void state_restored_never_repeats_a_keystream(void **state) {
  (void)state;
  enum { TIMES = 50 };
  static const char text[] = "the same words, sealed under the same message key";
  static uint8_t streams[TIMES][sizeof text - 1];
  static record recs[TIMES];
  talk t;
  talk_start(&t, 5);
  talk_round(&t);
  uint8_t saved[VLS_RATCHET_STATE];
  vls_ratchet_pack(&t.a.r, saved);
  vls_rng at_saving = t.a.rng;
  for (uint32_t i = 0; i < TIMES; i++) { /* every restore stirs, as the daemon does each batch */
    uint8_t fresh[4];
    vls_be32_put(fresh, i);
    t.a.rng = at_saving;
    vls_rng_stir(&t.a.rng, vls_slice_of(fresh, sizeof fresh));
    assert_int_equal(vls_ratchet_unpack(&t.a.r, vls_slice_of(saved, sizeof saved)), VLS_OK);
    recs[i] = side_say(&t.a, text);
    keystream(streams[i], &recs[i], text);
    for (uint32_t j = 0; j < i; j++) {
      assert_memory_not_equal(recs[i].p, recs[j].p, VLS_N24);
      assert_memory_not_equal(recs[i].p + VLS_N24, recs[j].p + VLS_N24, 57);
      assert_memory_not_equal(streams[i], streams[j], 16);
    }
  }
  assert_hears(&t.b, &recs[TIMES / 2], text); /* one of them is accepted, the others are too late */
  assert_refuses(&t.b, &recs[0], VLS_DUPLICATE);
  talk_end(&t);
}

static int setup(void **state) {
  (void)state;
  return vls_crypto_init() == VLS_OK ? 0 : -1;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(state_packed_and_back_after_every_step_goes_on),
      cmocka_unit_test(state_of_another_size_is_malformed),
      cmocka_unit_test(state_that_cannot_be_is_malformed),
      cmocka_unit_test(state_before_the_first_record_has_its_own_rules),
      cmocka_unit_test(state_of_random_bytes_never_harms),
      cmocka_unit_test(state_restored_never_repeats_a_keystream),
  };
  return cmocka_run_group_tests(tests, setup, NULL);
}
