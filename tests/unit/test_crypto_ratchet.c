#include "ratchet_pair.h"

/* Sends n records and loses them all. */
static void lose(side *from, int n) {
  for (int i = 0; i < n; i++)
    (void)side_say(from, "lost");
}

/* A record whose header says what we like, under the sender's own header key: a hostile contact. */
static record with_header(const side *from, const uint8_t header[VLS_RATCHET_HEADER]) {
  record rec = {.n = VLS_RATCHET_EXTRA + 16};
  vls_xchacha_seal(rec.p + VLS_N24, from->r.hks, rec.p, (vls_slice){NULL, 0},
                   vls_slice_of(header, VLS_RATCHET_HEADER));
  return rec;
}

typedef struct header_fields {
  uint8_t version;
  uint32_t pn, n;
} header_fields;

static record lie(const side *from, header_fields f, const uint8_t dh[32]) {
  uint8_t header[VLS_RATCHET_HEADER];
  header[0] = f.version;
  memcpy(header + 1, dh, 32);
  vls_be32_put(header + 33, f.pn);
  vls_be32_put(header + 37, f.n);
  return with_header(from, header);
}

static void ratchet_in_order_opens_both_ways(void **state) {
  (void)state;
  talk t;
  talk_start(&t, 1);
  for (int i = 0; i < 20; i++) {
    talk_round(&t);
    record twice = side_say(&t.a, "again");
    assert_hears(&t.b, &twice, "again");
  }
  assert_int_equal(t.a.r.chain_count, 20);
  assert_int_equal(t.a.kept.n + t.b.kept.n, 0);
  record empty = side_say(&t.b, "");
  assert_hears(&t.a, &empty, "");
  talk_end(&t);
}

static void ratchet_b_speaks_only_when_spoken_to(void **state) {
  (void)state;
  talk t;
  talk_start(&t, 2);
  vls_buf out;
  vls_buf_init(&out, RECORD_MAX);
  assert_int_equal(vls_ratchet_seal(&t.b.r, vls_slice_str("me first"), &t.b.rng, &out), VLS_STATE);
  assert_int_equal(out.n, 0);
  vls_buf_done(&out);
  talk_end(&t);
}

static void ratchet_duplicate_is_old_without_a_key(void **state) {
  (void)state;
  talk t;
  talk_start(&t, 3);
  record first = side_say(&t.a, "first"), second = side_say(&t.a, "second");
  assert_hears(&t.b, &second, "second");
  assert_hears(&t.b, &first, "first");
  for (int chains = 0; chains <= VLS_RATCHET_CHAINS; chains++) {
    assert_refuses(&t.b, &first, VLS_DUPLICATE); /* still known from a chain long past */
    assert_refuses(&t.b, &second, VLS_DUPLICATE);
    talk_round(&t);
  }
  assert_refuses(&t.b, &first, VLS_UNKNOWN); /* the sixth chain pushed the first out */
  talk_end(&t);
}

static void ratchet_skip_2000_is_accepted_2001_refused(void **state) {
  (void)state;
  talk t;
  talk_start(&t, 4);
  record one = side_say(&t.a, "one");
  assert_hears(&t.b, &one, "one");
  lose(&t.a, VLS_RATCHET_SKIP);
  record at_bound = side_say(&t.a, "at the bound"), past = side_say(&t.a, "past it");
  assert_refuses(&t.b, &past, VLS_LIMITED);
  assert_hears(&t.b, &at_bound, "at the bound");
  assert_int_equal(t.b.kept.n, VLS_RATCHET_SKIP);
  assert_hears(&t.b, &past, "past it");
  talk_end(&t);
}

static void ratchet_skip_bound_counts_both_chains_of_a_turn(void **state) {
  (void)state;
  talk t;
  talk_start(&t, 5);
  talk_round(&t);
  record one = side_say(&t.a, "one");
  assert_hears(&t.b, &one, "one");
  lose(&t.a, 1500); /* the end of this chain */
  record from_b = side_say(&t.b, "your turn");
  assert_hears(&t.a, &from_b, "your turn");
  lose(&t.a, 500); /* the beginning of the next */
  record at_bound = side_say(&t.a, "at the bound"), past = side_say(&t.a, "past it");
  assert_refuses(&t.b, &past, VLS_LIMITED);
  assert_hears(&t.b, &at_bound, "at the bound");
  assert_int_equal(t.b.kept.n, VLS_RATCHET_SKIP);
  talk_end(&t);
}

static void ratchet_first_record_may_skip_too(void **state) {
  (void)state;
  talk t;
  talk_start(&t, 6);
  lose(&t.a, VLS_RATCHET_SKIP);
  record at_bound = side_say(&t.a, "here I am"), past = side_say(&t.a, "and on");
  assert_refuses(&t.b, &past, VLS_LIMITED);
  assert_hears(&t.b, &at_bound, "here I am");
  talk_end(&t);
}

static void ratchet_five_chains_stay_open(void **state) {
  (void)state;
  talk t;
  talk_start(&t, 7);
  enum { CHAINS = VLS_RATCHET_CHAINS + 1 };
  record late[CHAINS];
  for (int i = 0; i < CHAINS; i++) {
    late[i] = side_say(&t.a, "late");
    talk_round(&t);
  }
  assert_refuses(&t.b, &late[0], VLS_UNKNOWN);
  for (int i = 1; i < CHAINS; i++) {
    assert_hears(&t.b, &late[i], "late");
    assert_refuses(&t.b, &late[i], VLS_DUPLICATE);
  }
  talk_end(&t);
}

static void ratchet_flipped_byte_leaves_the_state_untouched(void **state) {
  (void)state;
  talk t;
  talk_start(&t, 8);
  for (int turn = 0; turn < 2; turn++) { /* a record that turns the root, and one that does not */
    record rec = side_say(&t.a, "message");
    for (size_t i = 0; i < rec.n; i++) {
      rec.p[i] ^= 1;
      /* N24 is under the header as well, so it fails there. */
      assert_refuses(&t.b, &rec, i < VLS_N24 + 57 ? VLS_UNKNOWN : VLS_FORGED);
      assert_int_equal(t.b.kept.n, 0);
      rec.p[i] ^= 1;
    }
    assert_hears(&t.b, &rec, "message");
  }
  talk_end(&t);
}

static void ratchet_damaged_skipped_record_keeps_its_key(void **state) {
  (void)state;
  talk t;
  talk_start(&t, 9);
  record late = side_say(&t.a, "late"), now = side_say(&t.a, "now");
  assert_hears(&t.b, &now, "now");
  late.p[late.n - 1] ^= 1;
  assert_refuses(&t.b, &late, VLS_FORGED);
  late.p[late.n - 1] ^= 1;
  assert_hears(&t.b, &late, "late");
  talk_end(&t);
}

static void ratchet_truncated_record_is_refused(void **state) {
  (void)state;
  talk t;
  talk_start(&t, 10);
  record rec = side_say(&t.a, "message");
  for (size_t full = rec.n; rec.n > 0;) {
    rec.n--;
    assert_refuses(&t.b, &rec, rec.n < full - 7 ? VLS_MALFORMED : VLS_FORGED);
  }
  talk_end(&t);
}

static void ratchet_header_of_another_record_is_refused(void **state) {
  (void)state;
  talk t;
  talk_start(&t, 11);
  record one = side_say(&t.a, "one"), two = side_say(&t.a, "two");
  record mixed = two;
  memcpy(mixed.p, one.p, VLS_N24 + 57);
  assert_refuses(&t.b, &mixed, VLS_FORGED);
  assert_hears(&t.b, &one, "one");
  assert_hears(&t.b, &two, "two");
  talk_end(&t);
}

static void ratchet_record_of_another_session_is_unknown(void **state) {
  (void)state;
  talk t, other;
  talk_start(&t, 12);
  talk_start(&other, 13);
  record rec = side_say(&other.a, "wrong house");
  assert_refuses(&t.b, &rec, VLS_UNKNOWN);
  /* Same keys, another transcript: th is in what the body authenticates. */
  talk_start(&other, 12);
  other.a.r.th[0] ^= 1;
  rec = side_say(&other.a, "wrong transcript");
  assert_refuses(&t.b, &rec, VLS_FORGED);
  talk_end(&t);
  talk_end(&other);
}

static void ratchet_hostile_header_is_refused(void **state) {
  (void)state;
  static const uint8_t zero[32];
  uint8_t high[32];
  memset(high, 0xff, sizeof high);
  talk t;
  talk_start(&t, 14);
  const uint8_t *dh = t.a.r.dhs.pub;
  const struct {
    header_fields f;
    const uint8_t *dh;
    vls_err err;
  } lies[] = {
      {{0, 0, 0}, dh, VLS_MALFORMED},
      {{2, 0, 0}, dh, VLS_MALFORMED},
      {{1, 1, 0}, dh, VLS_MALFORMED}, /* no chain came before the first */
      {{1, 0, UINT32_MAX}, dh, VLS_MALFORMED},
      {{1, 0, UINT32_MAX - 1}, dh, VLS_MALFORMED},
      {{1, 0, UINT32_MAX - 2}, dh, VLS_LIMITED},
      {{1, 0, VLS_RATCHET_SKIP + 1}, dh, VLS_LIMITED},
      {{1, 0, VLS_RATCHET_SKIP}, dh, VLS_FORGED},
      {{1, 0, 0}, zero, VLS_FORGED},
      {{1, 0, 0}, high, VLS_FORGED},
  };
  for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
    record rec = lie(&t.a, lies[i].f, lies[i].dh);
    assert_refuses(&t.b, &rec, lies[i].err);
  }
  talk_round(&t);
  record turned = lie(&t.a, (header_fields){1, UINT32_MAX, 0}, dh);
  assert_refuses(&t.b, &turned, VLS_MALFORMED);
  turned = lie(&t.a, (header_fields){1, UINT32_MAX - 1, UINT32_MAX - 2}, dh);
  assert_refuses(&t.b, &turned, VLS_LIMITED); /* the sum does not wrap */
  talk_end(&t);
}

/* Its backup brought the sender back to before it turned: the chain it goes on with is closed. */
static void ratchet_sender_gone_back_in_time_is_unknown(void **state) {
  (void)state;
  talk t;
  talk_start(&t, 15);
  record one = side_say(&t.a, "one");
  assert_hears(&t.b, &one, "one");
  side old_a = {.r = t.a.r, .rng = t.a.rng};
  vls_rng_stir(&old_a.rng, vls_slice_str("another day"));
  record answer = side_say(&t.b, "answer");
  assert_hears(&t.a, &answer, "answer");
  record turned = side_say(&t.a, "turned");
  assert_hears(&t.b, &turned, "turned");
  record past_the_end = side_say(&old_a, "from the past");
  assert_refuses(&t.b, &past_the_end, VLS_UNKNOWN);
  /* The same answer, read again by the old state: a turn with another key in a chain we know. */
  assert_hears(&old_a, &answer, "answer");
  record forked = side_say(&old_a, "forked");
  assert_refuses(&t.b, &forked, VLS_UNKNOWN);
  vls_skips_done(&old_a.kept);
  talk_end(&t);
}

static void ratchet_full_chain_is_limited(void **state) {
  (void)state;
  talk t;
  talk_start(&t, 16);
  vls_buf out;
  vls_buf_init(&out, RECORD_MAX);
  t.a.r.ns = UINT32_MAX - 2;
  (void)side_say(&t.a, "the last of this chain");
  vls_ratchet before = t.a.r;
  assert_int_equal(vls_ratchet_seal(&t.a.r, vls_slice_str("x"), &t.a.rng, &out), VLS_LIMITED);
  assert_memory_equal(&before, &t.a.r, sizeof before);
  vls_buf_done(&out);
  talk_end(&t);
}

static void ratchet_full_buffer_changes_nothing(void **state) {
  (void)state;
  talk t;
  talk_start(&t, 17);
  vls_buf out;
  vls_buf_init(&out, VLS_RATCHET_EXTRA + 4);
  vls_ratchet before = t.a.r;
  assert_int_equal(vls_ratchet_seal(&t.a.r, vls_slice_str("12345"), &t.a.rng, &out), VLS_TOO_BIG);
  assert_memory_equal(&before, &t.a.r, sizeof before);
  assert_int_equal(out.n, 0);
  record rec = side_say(&t.a, "12345");
  vls_buf small;
  vls_buf_init(&small, 4);
  vls_ratchet_peek look;
  vls_skips skips = {0};
  vls_ratchet next = t.b.r;
  assert_int_equal(vls_ratchet_look(&t.b.r, record_slice(&rec), &look), VLS_OK);
  assert_int_equal(
      vls_ratchet_open(&next, &look, NULL, record_slice(&rec), &t.b.rng, &small, &skips),
      VLS_TOO_BIG);
  assert_int_equal(small.n, 0);
  assert_hears(&t.b, &rec, "12345");
  vls_skips_done(&skips);
  vls_buf_done(&out);
  vls_buf_done(&small);
  talk_end(&t);
}

static void ratchet_bad_signed_prekey_is_forged_and_wiped(void **state) {
  (void)state;
  static const uint8_t zero[32];
  static const vls_ratchet wiped;
  vls_ratchet r;
  vls_rng rng = {{1}};
  assert_int_equal(vls_ratchet_init_a(&r, zero, zero, zero, zero, zero, &rng), VLS_FORGED);
  assert_memory_equal(&r, &wiped, sizeof r);
}

static int setup(void **state) {
  (void)state;
  return vls_crypto_init() == VLS_OK ? 0 : -1;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ratchet_in_order_opens_both_ways),
      cmocka_unit_test(ratchet_b_speaks_only_when_spoken_to),
      cmocka_unit_test(ratchet_duplicate_is_old_without_a_key),
      cmocka_unit_test(ratchet_skip_2000_is_accepted_2001_refused),
      cmocka_unit_test(ratchet_skip_bound_counts_both_chains_of_a_turn),
      cmocka_unit_test(ratchet_first_record_may_skip_too),
      cmocka_unit_test(ratchet_five_chains_stay_open),
      cmocka_unit_test(ratchet_flipped_byte_leaves_the_state_untouched),
      cmocka_unit_test(ratchet_damaged_skipped_record_keeps_its_key),
      cmocka_unit_test(ratchet_truncated_record_is_refused),
      cmocka_unit_test(ratchet_header_of_another_record_is_refused),
      cmocka_unit_test(ratchet_record_of_another_session_is_unknown),
      cmocka_unit_test(ratchet_hostile_header_is_refused),
      cmocka_unit_test(ratchet_sender_gone_back_in_time_is_unknown),
      cmocka_unit_test(ratchet_full_chain_is_limited),
      cmocka_unit_test(ratchet_full_buffer_changes_nothing),
      cmocka_unit_test(ratchet_bad_signed_prekey_is_forged_and_wiped),
  };
  return cmocka_run_group_tests(tests, setup, NULL);
}
