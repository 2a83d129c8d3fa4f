#include "link_pair.h"

static void handshake_brings_both_ends_up(void **state) {
  (void)state;
  line l;
  line_make(&l);
  run_line(&l, WIRE_MAX);
  assert_true(is_up(&l.a) && is_up(&l.b));
  assert_true(heard_was(&l.a, "U"));
  assert_true(heard_was(&l.b, "KPU"));
  assert_memory_equal(vls_link_peer(l.b.link), l.key_a.pub, 32);
  assert_memory_equal(vls_link_peer(l.a.link), l.key_b.pub, 32);
  assert_string_equal(vls_link_state_name(l.a.link), "up");
  line_end(&l);
}

static void handshake_comes_through_a_stream_cut_in_any_pieces(void **state) {
  (void)state;
  for (size_t piece = 1; piece < 200; piece += piece < 20 ? 1 : 17) {
    line l;
    line_make(&l);
    run_line(&l, piece);
    assert_true(is_up(&l.a) && is_up(&l.b));
    line_end(&l);
  }
}

/* The first flight cut once, at every place: nothing is said before all of it is here. */
static void first_flight_cut_at_every_position_is_answered_once_whole(void **state) {
  (void)state;
  line probe;
  line_make(&probe);
  size_t n = vls_link_out(probe.a.link)->n;
  line_end(&probe);
  for (size_t cut = 0; cut < n; cut++) {
    line l;
    vls_buf wire;
    vls_buf_init(&wire, WIRE_MAX);
    line_make(&l);
    take_out(&l.a, &wire);
    deliver(&l, &l.b, vls_slice_of(wire.p, cut));
    assert_int_equal(vls_link_out(l.b.link)->n, 0);
    deliver(&l, &l.b, vls_slice_of(wire.p + cut, wire.n - cut));
    assert_true(vls_link_out(l.b.link)->n > 0);
    run_line(&l, WIRE_MAX);
    assert_true(is_up(&l.a) && is_up(&l.b));
    vls_buf_done(&wire);
    line_end(&l);
  }
}

static void knock_with_another_key_gets_silence_for_ever(void **state) {
  (void)state;
  line l;
  uint8_t noise[1000];
  line_make(&l);
  l.b_knock[0] ^= 1;
  run_line(&l, 7);
  assert_int_equal(vls_link_state_of(l.b.link), VLS_LINK_SILENT);
  vls_rng_bytes(&l.a.rng, noise, sizeof noise);
  for (int i = 0; i < 1000; i++)
    deliver(&l, &l.b, vls_slice_of(noise, sizeof noise));
  assert_int_equal(l.b.err, VLS_OK);
  assert_int_equal(vls_link_out(l.b.link)->n, 0);
  assert_true(heard_was(&l.b, "K"));
  assert_int_equal(l.b.link->in.cap, 0); /* what a stranger says takes no memory */
  vls_link_close(l.b.link, VLS_CLOSE_BYE);
  assert_int_equal(vls_link_out(l.b.link)->n, 0);
  line_end(&l);
}

static void stranger_takes_less_than_8_kib(void **state) {
  (void)state;
  line l;
  static uint8_t noise[VLS_LINK_HELLO_MAX];
  line_make(&l);
  vls_link *stranger = vls_link_accept(&l.key_b, l.now);
  assert_int_equal(vls_link_feed(stranger, vls_slice_of(noise, sizeof noise)), VLS_OK);
  assert_true(sizeof *stranger + stranger->in.cap + stranger->out.cap + stranger->transcript.cap +
                  stranger->assembly.cap <
              8192 - 1024);
  assert_int_equal(vls_link_feed(stranger, vls_slice_of(noise, 1)), VLS_TOO_BIG);
  vls_link_free(stranger);
  line_end(&l);
}

static void another_psk_ends_the_link_at_the_third_message(void **state) {
  (void)state;
  line l;
  line_make(&l);
  l.b_psk[31] ^= 1;
  run_line(&l, WIRE_MAX);
  assert_int_equal(l.b.err, VLS_FORGED);
  assert_true(heard_was(&l.b, "K"));
  assert_false(is_up(&l.a));
  line_end(&l);
}

/* Zeros are the psk of an invitation: a contact's link does not go back to them. */
static void psk_of_zeros_is_not_that_of_a_contact(void **state) {
  (void)state;
  line l;
  line_keys(&l);
  memset(l.psk, 0, 32);
  line_dial(&l);
  run_line(&l, WIRE_MAX);
  assert_int_equal(l.b.err, VLS_FORGED);
  line_end(&l);
}

static void another_static_key_at_the_far_end_ends_the_link(void **state) {
  (void)state;
  line l;
  line_keys(&l);
  l.a.link = vls_link_dial(&l.key_a, l.key_a.pub, l.knock, l.psk, &l.a.rng, l.now);
  l.b.link = vls_link_accept(&l.key_b, l.now);
  run_line(&l, WIRE_MAX);
  assert_int_equal(l.b.err, VLS_FORGED);
  assert_int_equal(vls_link_out(l.b.link)->n, 0);
  line_end(&l);
}

/* It calls the key of a device that is no more: the one that took its place can answer, and knows.
 */
static void former_key_is_answered_by_who_has_it(void **state) {
  (void)state;
  for (int at = 0; at < 3; at++) { /* it is the first, the second, or none of them */
    line l;
    vls_dh_pair formers[2], called;
    line_keys(&l);
    vls_dh_new(&formers[0], &l.b.rng);
    vls_dh_new(&formers[1], &l.b.rng);
    vls_dh_new(&called, &l.b.rng);
    if (at < 2) called = formers[at];
    l.a.link = vls_link_dial(&l.key_a, called.pub, l.knock, l.psk, &l.a.rng, l.now);
    l.b.link = vls_link_accept(&l.key_b, l.now);
    vls_link_formers(l.b.link, formers, 2);
    run_line(&l, WIRE_MAX);
    bool up = vls_link_state_of(l.b.link) == VLS_LINK_UP;
    assert_int_equal(up, at < 2);
    if (up) assert_true(vls_link_by_former(l.b.link));
    if (up) assert_memory_equal(vls_link_hash(l.a.link), vls_link_hash(l.b.link), 32);
    line_end(&l);
  }
}

static void knock_a_day_early_or_late_is_stale(void **state) {
  (void)state;
  static const int64_t skews[] = {-25, -24, 0, 24, 25};
  for (size_t i = 0; i < 5; i++) {
    line l;
    line_make(&l);
    l.now.wall_ms += skews[i] * 3600 * 1000;
    run_line(&l, WIRE_MAX);
    assert_int_equal(is_up(&l.b), skews[i] >= -24 && skews[i] <= 24);
    if (!is_up(&l.b)) assert_int_equal(vls_link_state_of(l.b.link), VLS_LINK_SILENT);
    line_end(&l);
  }
}

/* The same first flight twice: its nonce tells, and the caller must look (the store remembers). */
static void first_flight_replayed_has_the_nonce_it_had(void **state) {
  (void)state;
  line l;
  vls_buf wire;
  uint8_t nonce[24];
  vls_buf_init(&wire, WIRE_MAX);
  line_make(&l);
  take_out(&l.a, &wire);
  deliver(&l, &l.b, vls_buf_slice(&wire));
  memcpy(nonce, vls_link_nonce(l.b.link), 24);
  vls_link_free(l.b.link);
  l.b.link = vls_link_accept(&l.key_b, l.now);
  deliver(&l, &l.b, vls_buf_slice(&wire));
  assert_memory_equal(vls_link_nonce(l.b.link), nonce, 24);
  assert_memory_equal(nonce, wire.p, 24);
  /* And even when answered, the replay can't go on: its second flight was for other keys. */
  run_line(&l, WIRE_MAX);
  assert_true(is_up(&l.b));
  vls_buf_done(&wire);
  line_end(&l);
}

static void second_flight_of_another_handshake_is_refused(void **state) {
  (void)state;
  line one, two;
  vls_buf wire;
  vls_buf_init(&wire, WIRE_MAX);
  line_make(&one);
  line_make(&two);
  vls_link_free(two.a.link); /* another first flight, with the same keys */
  two.a.link = vls_link_dial(&two.key_a, two.key_b.pub, two.knock, two.psk, &two.a.rng, two.now);
  take_out(&two.a, &wire);
  deliver(&two, &two.b, vls_buf_slice(&wire));
  vls_buf_clear(&wire);
  take_out(&two.b, &wire);
  deliver(&one, &one.a, vls_buf_slice(&wire));
  assert_int_equal(one.a.err, VLS_FORGED);
  vls_buf_done(&wire);
  line_end(&one);
  line_end(&two);
}

/* Runs the whole handshake with one bit of the n-th flight turned over. */
static bool comes_up_with_a_bit_turned(unsigned flight, size_t at, size_t *ret_size) {
  line l;
  vls_buf wire;
  vls_buf_init(&wire, WIRE_MAX);
  line_make(&l);
  for (unsigned i = 0; i < 6; i++) {
    end *from = i % 2 == 0 ? &l.a : &l.b, *to = i % 2 == 0 ? &l.b : &l.a;
    if (from->err != VLS_OK) break;
    vls_buf_clear(&wire);
    take_out(from, &wire);
    if (i == flight) {
      *ret_size = wire.n;
      if (at < wire.n) wire.p[at] ^= 0x40;
    }
    deliver(&l, to, vls_buf_slice(&wire));
  }
  bool up = is_up(&l.a) && is_up(&l.b);
  vls_buf_done(&wire);
  line_end(&l);
  return up;
}

/* Every byte counts, the padding too: a link that comes up has the same handshake on both ends. */
static void any_byte_of_the_handshake_turned_over_is_noticed(void **state) {
  (void)state;
  for (unsigned flight = 0; flight < 4; flight++) {
    size_t size = 0;
    assert_true(comes_up_with_a_bit_turned(flight, SIZE_MAX, &size));
    for (size_t at = 0; at<size; at += size> 300 ? 7 : 1)
      assert_false(comes_up_with_a_bit_turned(flight, at, &size));
  }
}

static void reflected_bytes_are_refused(void **state) {
  (void)state;
  line l;
  vls_buf wire;
  vls_buf_init(&wire, WIRE_MAX);
  line_make(&l);
  take_out(&l.a, &wire);
  deliver(&l, &l.a, vls_buf_slice(&wire));
  assert_int_equal(l.a.err, VLS_FORGED);
  line_end(&l);

  line_up(&l);
  vls_buf_clear(&wire);
  assert_int_equal(vls_link_send_record(l.a.link, vls_slice_str("mine")), VLS_OK);
  take_out(&l.a, &wire);
  deliver(&l, &l.a, vls_buf_slice(&wire));
  assert_int_equal(l.a.err, VLS_FORGED);
  vls_buf_done(&wire);
  line_end(&l);
}

/* Frames instead of AUTH, sealed with the right keys. */
static void frame_before_auth_ends_the_link(void **state) {
  (void)state;
  for (int type = 0; type < 256; type++) {
    line l;
    vls_buf wire;
    uint8_t body[VLS_HASH] = {0};
    vls_buf_init(&wire, WIRE_MAX);
    line_make(&l);
    take_out(&l.a, &wire);
    deliver(&l, &l.b, vls_buf_slice(&wire));
    vls_buf_clear(&wire);
    take_out(&l.b, &wire);
    deliver(&l, &l.a, vls_buf_slice(&wire));
    /* a has message 3 and AUTH waiting: AUTH becomes something else. */
    vls_buf *out = vls_link_out(l.a.link);
    out->n = vls_noise_size(VLS_NOISE_XKPSK3, 2);
    l.a.link->send.n = 0;
    assert_int_equal(
        vls_link_frame(l.a.link, (vls_frame_type)type, vls_slice_of(body, sizeof body)), VLS_OK);
    run_line(&l, WIRE_MAX);
    assert_int_equal(l.b.err, type == VLS_FRAME_AUTH ? VLS_FORGED : VLS_MALFORMED);
    assert_true(heard_was(&l.b, "KP"));
    vls_buf_done(&wire);
    line_end(&l);
  }
}

static void link_not_approved_says_nothing_and_waits(void **state) {
  (void)state;
  line l;
  vls_link_event ev;
  line_make(&l);
  vls_buf wire;
  vls_buf_init(&wire, WIRE_MAX);
  take_out(&l.a, &wire);
  deliver(&l, &l.b, vls_buf_slice(&wire));
  vls_buf_clear(&wire);
  take_out(&l.b, &wire);
  deliver(&l, &l.a, vls_buf_slice(&wire));
  vls_buf_clear(&wire);
  take_out(&l.a, &wire);
  assert_int_equal(vls_link_feed(l.b.link, vls_buf_slice(&wire)), VLS_OK);
  assert_int_equal(vls_link_next(l.b.link, &l.b.rng, l.now, &ev), VLS_OK);
  assert_int_equal(ev.type, VLS_LINK_EV_PEER);
  assert_int_equal(vls_link_next(l.b.link, &l.b.rng, l.now, &ev), VLS_AGAIN);
  assert_int_equal(vls_link_out(l.b.link)->n, 0);
  vls_link_approve(l.b.link);
  hear(&l, &l.b);
  assert_true(is_up(&l.b));
  vls_buf_done(&wire);
  line_end(&l);
}

static void link_is_worn_after_two_hours_or_a_gibibyte(void **state) {
  (void)state;
  line l;
  line_up(&l);
  vls_now later = l.now;
  assert_false(vls_link_worn(l.a.link, later));
  later.mono_ms += VLS_LINK_LIFE_MS - 1;
  assert_false(vls_link_worn(l.a.link, later));
  later.mono_ms++;
  assert_true(vls_link_worn(l.a.link, later));
  l.a.link->sent = VLS_LINK_LIFE_BYTES;
  assert_true(vls_link_worn(l.a.link, l.now));
  vls_link_close(l.a.link, VLS_CLOSE_REKEY);
  assert_false(vls_link_worn(l.a.link, later));
  line_end(&l);
}

static void link_free_takes_null(void **state) {
  (void)state;
  vls_link_free(NULL);
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(handshake_brings_both_ends_up),
      cmocka_unit_test(handshake_comes_through_a_stream_cut_in_any_pieces),
      cmocka_unit_test(first_flight_cut_at_every_position_is_answered_once_whole),
      cmocka_unit_test(knock_with_another_key_gets_silence_for_ever),
      cmocka_unit_test(stranger_takes_less_than_8_kib),
      cmocka_unit_test(another_psk_ends_the_link_at_the_third_message),
      cmocka_unit_test(psk_of_zeros_is_not_that_of_a_contact),
      cmocka_unit_test(another_static_key_at_the_far_end_ends_the_link),
      cmocka_unit_test(former_key_is_answered_by_who_has_it),
      cmocka_unit_test(knock_a_day_early_or_late_is_stale),
      cmocka_unit_test(first_flight_replayed_has_the_nonce_it_had),
      cmocka_unit_test(second_flight_of_another_handshake_is_refused),
      cmocka_unit_test(any_byte_of_the_handshake_turned_over_is_noticed),
      cmocka_unit_test(reflected_bytes_are_refused),
      cmocka_unit_test(frame_before_auth_ends_the_link),
      cmocka_unit_test(link_not_approved_says_nothing_and_waits),
      cmocka_unit_test(link_is_worn_after_two_hours_or_a_gibibyte),
      cmocka_unit_test(link_free_takes_null),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
