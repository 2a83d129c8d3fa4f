#include "crypto/noise.h"

#include "crypto/kdf.h"
#include "vec_hex.h"
#include "vec_noise.h"

enum { CASES = sizeof vec_noise_cases / sizeof vec_noise_cases[0], OUT_MAX = 4096 };

/* Both ends of one handshake, and the last message between them. */
typedef struct pair {
  vls_noise a, b;
  vls_buf wire, payload;
} pair;

/* What may differ between the two ends. */
typedef struct ends {
  vls_noise_pattern pattern;
  const char *prologue_a, *prologue_b;
  uint8_t psk_a, psk_b; /* every byte of the psk */
} ends;

static const ends agreeing[] = {{VLS_NOISE_XKPSK3, "valise/link/1", "valise/link/1", 5, 5},
                                {VLS_NOISE_NK, "valise/link/1", "valise/link/1", 0, 0}};

static vls_dh_pair s_a, s_b;

static void start(pair *p, const ends *e) {
  uint8_t seed[32] = {42}, psk_a[32], psk_b[32];
  vls_rng rng;
  vls_rng_init(&rng, seed);
  vls_dh_new(&s_a, &rng);
  vls_dh_new(&s_b, &rng);
  memset(psk_a, e->psk_a, sizeof psk_a);
  memset(psk_b, e->psk_b, sizeof psk_b);
  bool nk = e->pattern == VLS_NOISE_NK;
  vls_noise_init(&p->a,
                 &(vls_noise_conf){.pattern = e->pattern,
                                   .initiator = true,
                                   .prologue = vls_slice_str(e->prologue_a),
                                   .s = nk ? NULL : &s_a,
                                   .rs = s_b.pub,
                                   .psk = nk ? NULL : psk_a},
                 &rng);
  vls_noise_init(
      &p->b,
      &(vls_noise_conf){.pattern = e->pattern, .prologue = vls_slice_str(e->prologue_b), .s = &s_b},
      &rng);
  if (!nk) vls_noise_set_psk(&p->b, psk_b); /* later, once it knows who calls */
  vls_buf_init(&p->wire, OUT_MAX);
  vls_buf_init(&p->payload, OUT_MAX);
}

static void finish(pair *p) {
  vls_noise_done(&p->a);
  vls_noise_done(&p->b);
  vls_buf_done(&p->wire);
  vls_buf_done(&p->payload);
}

static vls_err write_next(pair *p, const char *payload) {
  vls_noise *writer = p->a.step % 2 == 0 ? &p->a : &p->b;
  vls_buf_clear(&p->wire);
  return vls_noise_write(writer, vls_slice_str(payload), &p->wire);
}

static vls_noise *reader(pair *p) {
  return p->a.step > p->b.step ? &p->b : &p->a;
}

static vls_err read_next(pair *p) {
  vls_buf_clear(&p->payload);
  return vls_noise_read(reader(p), vls_buf_slice(&p->wire), &p->payload);
}

/* Moves good messages until `step` messages are done. */
static void advance(pair *p, unsigned step) {
  while (p->a.step < step || p->b.step < step) {
    assert_int_equal(write_next(p, "payload"), VLS_OK);
    assert_int_equal(p->wire.n, vls_noise_size(p->a.pattern, reader(p)->step) + 7);
    assert_int_equal(read_next(p), VLS_OK);
    assert_true(vls_slice_eq(vls_buf_slice(&p->payload), vls_slice_str("payload")));
  }
}

static unsigned messages_of(vls_noise_pattern pattern) {
  return pattern == VLS_NOISE_NK ? 2 : 3;
}

static void init_from_vector(vls_noise *noise, const vec_noise *v, bool initiator, vls_rng *rng) {
  vls_dh_pair s, e;
  const char *s_hex = initiator ? v->init_static : v->resp_static;
  vec_bytes prologue = vec_hex(v->prologue), rs = vec_hex(v->resp_public);
  vec_bytes psk = vec_hex(v->psk == NULL ? "" : v->psk);
  if (s_hex != NULL) vls_dh_from_priv(&s, vec_hex(s_hex).p);
  vls_dh_from_priv(&e, vec_hex(initiator ? v->init_ephemeral : v->resp_ephemeral).p);
  vls_noise_init(noise,
                 &(vls_noise_conf){.pattern = v->pattern,
                                   .initiator = initiator,
                                   .prologue = vec_slice(&prologue),
                                   .s = s_hex == NULL ? NULL : &s,
                                   .rs = initiator ? rs.p : NULL,
                                   .psk = psk.n > 0 ? psk.p : NULL,
                                   .fixed_e = &e},
                 rng);
}

static void noise_published_vectors_match_byte_for_byte(void **state) {
  (void)state;
  for (size_t i = 0; i < CASES; i++) {
    const vec_noise *v = &vec_noise_cases[i];
    pair p;
    vls_rng rng = {{0}};
    vls_buf_init(&p.wire, OUT_MAX);
    vls_buf_init(&p.payload, OUT_MAX);
    init_from_vector(&p.a, v, true, &rng);
    init_from_vector(&p.b, v, false, &rng);
    unsigned n = messages_of(v->pattern);
    for (unsigned m = 0; m < n; m++) {
      vec_bytes payload = vec_hex(v->messages[m].payload);
      vls_buf_clear(&p.wire);
      assert_int_equal(vls_noise_write(m % 2 == 0 ? &p.a : &p.b, vec_slice(&payload), &p.wire),
                       VLS_OK);
      assert_int_equal(p.wire.n, strlen(v->messages[m].ciphertext) / 2);
      vec_equal(p.wire.p, v->messages[m].ciphertext);
      assert_int_equal(read_next(&p), VLS_OK);
      assert_true(vls_slice_eq(vls_buf_slice(&p.payload), vec_slice(&payload)));
    }
    vec_equal(vls_noise_hash(&p.a), v->handshake_hash);
    vec_equal(vls_noise_hash(&p.b), v->handshake_hash);

    vls_cipher a_send, a_recv, b_send, b_recv;
    vls_noise_split(&p.a, &a_send, &a_recv);
    vls_noise_split(&p.b, &b_send, &b_recv);
    for (unsigned m = n; m < VEC_NOISE_MESSAGES;
         m++) { /* NK: two of each; XK: from the responder */
      vec_bytes payload = vec_hex(v->messages[m].payload);
      bool from_a = m % 2 == 0;
      uint8_t ct[256], pt[256];
      vls_cipher_seal(from_a ? &a_send : &b_send, ct, (vls_slice){NULL, 0}, vec_slice(&payload));
      vec_equal(ct, v->messages[m].ciphertext);
      assert_int_equal(vls_cipher_open(from_a ? &b_recv : &a_recv, pt, (vls_slice){NULL, 0},
                                       vls_slice_of(ct, payload.n + 16)),
                       VLS_OK);
      assert_memory_equal(pt, payload.p, payload.n);
    }
    finish(&p);
  }
}

static void noise_names_the_peer_only_when_verified(void **state) {
  (void)state;
  pair p;
  start(&p, &agreeing[0]);
  assert_memory_equal(vls_noise_peer(&p.a), s_b.pub, 32);
  for (unsigned step = 0; step < 3; step++) {
    assert_null(vls_noise_peer(&p.b));
    assert_false(vls_noise_finished(&p.a) || vls_noise_finished(&p.b));
    advance(&p, step + 1);
  }
  assert_true(vls_noise_finished(&p.a) && vls_noise_finished(&p.b));
  assert_memory_equal(vls_noise_peer(&p.b), s_a.pub, 32);
  assert_memory_equal(vls_noise_hash(&p.a), vls_noise_hash(&p.b), 32);
  finish(&p);
  start(&p, &agreeing[1]);
  advance(&p, 2);
  assert_null(vls_noise_peer(&p.b)); /* NK: whoever it was */
  finish(&p);
}

static void noise_every_flipped_byte_of_every_message_is_refused(void **state) {
  (void)state;
  for (size_t i = 0; i < 2; i++)
    for (unsigned m = 0; m < messages_of(agreeing[i].pattern); m++) {
      pair p;
      start(&p, &agreeing[i]);
      advance(&p, m);
      assert_int_equal(write_next(&p, "payload"), VLS_OK);
      vls_buf_clear(&p.payload);
      for (size_t at = 0; at < p.wire.n; at++) {
        vls_noise copy = *reader(&p);
        p.wire.p[at] ^= 1;
        assert_int_equal(vls_noise_read(&copy, vls_buf_slice(&p.wire), &p.payload), VLS_FORGED);
        assert_int_equal(p.payload.n, 0);
        assert_false(vls_noise_finished(&copy));
        p.wire.p[at] ^= 1;
      }
      assert_int_equal(read_next(&p), VLS_OK);
      finish(&p);
    }
}

static void noise_every_truncation_is_refused(void **state) {
  (void)state;
  for (unsigned m = 0; m < 3; m++) {
    pair p;
    start(&p, &agreeing[0]);
    advance(&p, m);
    assert_int_equal(write_next(&p, "payload"), VLS_OK);
    vls_buf_clear(&p.payload);
    for (size_t n = 0; n < p.wire.n; n++) {
      vls_noise copy = *reader(&p);
      vls_err err = vls_noise_read(&copy, vls_slice_of(p.wire.p, n), &p.payload);
      assert_int_equal(err, n < p.wire.n - 7 ? VLS_MALFORMED : VLS_FORGED);
      assert_int_equal(p.payload.n, 0);
    }
    finish(&p);
  }
}

static void noise_wrong_psk_is_refused_at_message_3(void **state) {
  (void)state;
  pair p;
  start(&p, &(ends){VLS_NOISE_XKPSK3, "p", "p", 5, 6});
  advance(&p, 2);
  assert_int_equal(write_next(&p, ""), VLS_OK);
  assert_int_equal(read_next(&p), VLS_FORGED);
  assert_false(vls_noise_finished(&p.b));
  assert_null(vls_noise_peer(&p.b));
  finish(&p);
}

static void noise_wrong_prologue_is_refused_at_message_1(void **state) {
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    pair p;
    start(&p, &(ends){agreeing[i].pattern, "valise/link/1", "valise/link/2", 0, 0});
    assert_int_equal(write_next(&p, ""), VLS_OK);
    assert_int_equal(read_next(&p), VLS_FORGED);
    finish(&p);
  }
}

static void noise_bad_ephemeral_is_refused(void **state) {
  (void)state;
  static const uint8_t bad[][32] = {{0}, {1}};
  for (size_t i = 0; i < 2; i++) {
    pair p;
    start(&p, &agreeing[0]);
    assert_int_equal(write_next(&p, ""), VLS_OK);
    memcpy(p.wire.p, bad[i], 32);
    assert_int_equal(read_next(&p), VLS_FORGED);
    finish(&p);
  }
  pair p;
  start(&p, &agreeing[0]);
  assert_int_equal(write_next(&p, ""), VLS_OK);
  memset(p.wire.p, 0xff, 32); /* not canonical */
  assert_int_equal(read_next(&p), VLS_FORGED);
  finish(&p);
  start(&p, &agreeing[0]);
  memset(p.a.rs, 0, sizeof p.a.rs); /* a contact's card with a small-order key */
  assert_int_equal(write_next(&p, ""), VLS_FORGED);
  assert_int_equal(p.wire.n, 0);
  finish(&p);
}

static void noise_no_payload_expected_means_none_accepted(void **state) {
  (void)state;
  pair p;
  start(&p, &agreeing[0]);
  assert_int_equal(write_next(&p, "x"), VLS_OK);
  vls_noise copy = p.b;
  assert_int_equal(vls_noise_read(&copy, vls_buf_slice(&p.wire), NULL), VLS_MALFORMED);
  finish(&p);
  start(&p, &agreeing[0]);
  assert_int_equal(write_next(&p, ""), VLS_OK);
  assert_int_equal(vls_noise_read(&p.b, vls_buf_slice(&p.wire), NULL), VLS_OK);
  finish(&p);
}

static void noise_full_buffer_is_too_big_and_can_be_tried_again(void **state) {
  (void)state;
  pair p;
  start(&p, &agreeing[0]);
  vls_buf small;
  vls_buf_init(&small, 47);
  vls_noise before = p.a;
  assert_int_equal(vls_noise_write(&p.a, (vls_slice){NULL, 0}, &small), VLS_TOO_BIG);
  assert_memory_equal(&before, &p.a, sizeof before);
  static uint8_t huge[65536];
  vls_buf large;
  vls_buf_init(&large, 1 << 20);
  assert_int_equal(vls_noise_write(&p.a, vls_slice_of(huge, 65536 - 48), &large), VLS_TOO_BIG);
  assert_int_equal(vls_noise_write(&p.a, vls_slice_of(huge, 65535 - 48), &large), VLS_OK);
  assert_int_equal(large.n, 65535);
  vls_buf_done(&small);
  vls_buf_done(&large);
  finish(&p);
}

static void noise_payload_without_room_fails_the_handshake(void **state) {
  (void)state;
  pair p;
  start(&p, &agreeing[0]);
  assert_int_equal(write_next(&p, "12345678"), VLS_OK);
  vls_buf small;
  vls_buf_init(&small, 7);
  assert_int_equal(vls_noise_read(&p.b, vls_buf_slice(&p.wire), &small), VLS_TOO_BIG);
  assert_int_equal(small.n, 0);
  assert_false(vls_noise_finished(&p.b));
  vls_buf_done(&small);
  finish(&p);
}

static void noise_message_longer_than_its_bound_is_refused(void **state) {
  (void)state;
  static uint8_t huge[65536];
  pair p;
  vls_buf large;
  vls_buf_init(&large, 1 << 20);
  start(&p, &agreeing[0]);
  assert_int_equal(vls_noise_read(&p.b, vls_slice_of(huge, sizeof huge), &large), VLS_MALFORMED);
  assert_int_equal(large.n, 0);
  vls_buf_done(&large);
  finish(&p);
}

static void noise_sizes_are_those_of_the_patterns(void **state) {
  (void)state;
  assert_int_equal(vls_noise_size(VLS_NOISE_XKPSK3, 0), 48);
  assert_int_equal(vls_noise_size(VLS_NOISE_XKPSK3, 1), 48);
  assert_int_equal(vls_noise_size(VLS_NOISE_XKPSK3, 2), 64);
  assert_int_equal(vls_noise_size(VLS_NOISE_XKPSK3, 3), 0);
  assert_int_equal(vls_noise_size(VLS_NOISE_NK, 1), 48);
  assert_int_equal(vls_noise_size(VLS_NOISE_NK, 2), 0);
}

static int setup(void **state) {
  (void)state;
  return vls_crypto_init() == VLS_OK ? 0 : -1;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(noise_published_vectors_match_byte_for_byte),
      cmocka_unit_test(noise_names_the_peer_only_when_verified),
      cmocka_unit_test(noise_every_flipped_byte_of_every_message_is_refused),
      cmocka_unit_test(noise_every_truncation_is_refused),
      cmocka_unit_test(noise_wrong_psk_is_refused_at_message_3),
      cmocka_unit_test(noise_wrong_prologue_is_refused_at_message_1),
      cmocka_unit_test(noise_bad_ephemeral_is_refused),
      cmocka_unit_test(noise_no_payload_expected_means_none_accepted),
      cmocka_unit_test(noise_full_buffer_is_too_big_and_can_be_tried_again),
      cmocka_unit_test(noise_payload_without_room_fails_the_handshake),
      cmocka_unit_test(noise_message_longer_than_its_bound_is_refused),
      cmocka_unit_test(noise_sizes_are_those_of_the_patterns),
  };
  return cmocka_run_group_tests(tests, setup, NULL);
}
