#include "link_pair.h"

static void fill(uint8_t *bytes, size_t n, uint8_t salt) {
  for (size_t i = 0; i < n; i++)
    bytes[i] = (uint8_t)(i * 31 + salt);
}

static void record_of_any_size_comes_through(void **state) {
  (void)state;
  static uint8_t bytes[VLS_RECORD_MAX];
  static const size_t sizes[] = {1, 256, 512, 65517, 65518, 65519, 70000, VLS_RECORD_MAX};
  line l;
  line_up(&l);
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    fill(bytes, sizes[i], (uint8_t)i);
    assert_int_equal(vls_link_send_record(l.a.link, vls_slice_of(bytes, sizes[i])), VLS_OK);
    run_line(&l, i % 2 == 0 ? WIRE_MAX : 1000);
    assert_int_equal(l.b.err, VLS_OK);
    assert_true(vls_slice_eq(vls_buf_slice(&l.b.last), vls_slice_of(bytes, sizes[i])));
  }
  assert_true(heard_was(&l.b, "KPUrrrrrrrr"));
  line_end(&l);
}

static void frames_cut_at_every_position_come_through(void **state) {
  (void)state;
  uint8_t bytes[300];
  fill(bytes, sizeof bytes, 1);
  line l;
  line_up(&l);
  for (size_t cut = 1; cut < sizeof bytes + 2 * 16 + 3; cut++) {
    vls_buf wire;
    vls_buf_init(&wire, WIRE_MAX);
    assert_int_equal(vls_link_send_record(l.b.link, vls_slice_of(bytes, sizeof bytes)), VLS_OK);
    take_out(&l.b, &wire);
    assert_int_equal(wire.n, 2 + 16 + 1 + sizeof bytes + 16);
    vls_buf_clear(&l.a.last);
    deliver(&l, &l.a, vls_slice_of(wire.p, cut));
    assert_int_equal(l.a.last.n, 0);
    deliver(&l, &l.a, vls_slice_of(wire.p + cut, wire.n - cut));
    assert_true(vls_slice_eq(vls_buf_slice(&l.a.last), vls_slice_of(bytes, sizeof bytes)));
    vls_buf_done(&wire);
  }
  line_end(&l);
}

static void every_kind_of_frame_comes_through(void **state) {
  (void)state;
  line l;
  static uint8_t card[VLS_CARD_MAX];
  line_up(&l);
  assert_int_equal(vls_link_send_ack(l.a.link, UINT64_MAX), VLS_OK);
  run_line(&l, WIRE_MAX);
  assert_true(l.b.count == UINT64_MAX);
  fill(card, sizeof card, 9);
  assert_int_equal(vls_link_send_card(l.a.link, vls_slice_of(card, sizeof card)), VLS_OK);
  run_line(&l, WIRE_MAX);
  assert_true(vls_slice_eq(vls_buf_slice(&l.b.last), vls_slice_of(card, sizeof card)));
  for (size_t n = 0; n <= 1024; n += 256)
    assert_int_equal(vls_link_send_decoy(l.a.link, n), VLS_OK);
  run_line(&l, WIRE_MAX);
  vls_link_close(l.a.link, VLS_CLOSE_USED);
  assert_int_equal(vls_link_state_of(l.a.link), VLS_LINK_CLOSED);
  vls_link_close(l.a.link, VLS_CLOSE_BYE);
  run_line(&l, WIRE_MAX);
  assert_int_equal(l.b.count, VLS_CLOSE_USED);
  assert_true(heard_was(&l.b, "KPUacx"));
  /* Closed: what still comes is nobody's business. */
  assert_int_equal(vls_link_send_record(l.b.link, vls_slice_str("late")), VLS_OK);
  run_line(&l, WIRE_MAX);
  assert_true(heard_was(&l.a, "U"));
  line_end(&l);
}

static void any_byte_of_a_frame_turned_over_is_noticed(void **state) {
  (void)state;
  uint8_t bytes[40];
  fill(bytes, sizeof bytes, 1);
  size_t size = 2 + 16 + 1 + sizeof bytes + 16;
  for (size_t at = 0; at < size; at++) {
    line l;
    vls_buf wire;
    vls_buf_init(&wire, WIRE_MAX);
    line_up(&l);
    assert_int_equal(vls_link_send_record(l.a.link, vls_slice_of(bytes, sizeof bytes)), VLS_OK);
    take_out(&l.a, &wire);
    wire.p[at] ^= 1;
    deliver(&l, &l.b, vls_buf_slice(&wire));
    assert_int_equal(l.b.err, VLS_FORGED);
    assert_true(heard_was(&l.b, "KPU"));
    vls_buf_done(&wire);
    line_end(&l);
  }
}

static void frames_repeated_left_out_or_turned_round_are_refused(void **state) {
  (void)state;
  for (int what = 0; what < 3; what++) {
    line l;
    vls_buf one, two;
    vls_buf_init(&one, WIRE_MAX);
    vls_buf_init(&two, WIRE_MAX);
    line_up(&l);
    assert_int_equal(vls_link_send_record(l.a.link, vls_slice_str("one")), VLS_OK);
    take_out(&l.a, &one);
    assert_int_equal(vls_link_send_record(l.a.link, vls_slice_str("two")), VLS_OK);
    take_out(&l.a, &two);
    if (what == 0) deliver(&l, &l.b, vls_buf_slice(&one));
    deliver(&l, &l.b, what == 0 ? vls_buf_slice(&one) : vls_buf_slice(&two));
    assert_int_equal(l.b.err, VLS_FORGED);
    vls_buf_done(&one);
    vls_buf_done(&two);
    line_end(&l);
  }
}

/* A frame of this type and body, sealed with the right keys. */
static vls_err hear_frame(line *l, int type, vls_slice body) {
  assert_int_equal(vls_link_frame(l->a.link, (vls_frame_type)type, body), VLS_OK);
  run_line(l, WIRE_MAX);
  return l->b.err;
}

static void frame_of_an_unknown_type_or_a_second_auth_ends_the_link(void **state) {
  (void)state;
  for (int type = 0; type < 256; type++) {
    line l;
    line_up(&l);
    bool known = type != VLS_FRAME_AUTH && type <= VLS_FRAME_GROUP;
    static const uint8_t body[10];
    vls_err err = hear_frame(&l, type, vls_slice_of(body, sizeof body));
    if (!known || type == VLS_FRAME_ACK)
      assert_int_equal(err, VLS_MALFORMED);
    else
      assert_int_equal(err, VLS_OK);
    line_end(&l);
  }
}

static void close_of_another_form_is_a_close_without_a_reason(void **state) {
  (void)state;
  line l;
  line_up(&l);
  assert_int_equal(hear_frame(&l, VLS_FRAME_CLOSE, vls_slice_str("x")), VLS_OK);
  assert_int_equal(l.b.count, 255);
  line_end(&l);
}

static void card_beyond_its_bound_ends_the_link(void **state) {
  (void)state;
  static uint8_t bytes[VLS_CARD_MAX + 1];
  line l;
  line_up(&l);
  assert_int_equal(hear_frame(&l, VLS_FRAME_CARD, vls_slice_of(bytes, sizeof bytes)), VLS_TOO_BIG);
  line_end(&l);
}

static void record_beyond_its_bound_ends_the_link(void **state) {
  (void)state;
  static uint8_t part[40000];
  line l;
  line_up(&l);
  vls_slice half = vls_slice_of(part, VLS_RECORD_MAX / 2);
  assert_int_equal(hear_frame(&l, VLS_FRAME_RECORD_PART, half), VLS_OK);
  assert_int_equal(hear_frame(&l, VLS_FRAME_RECORD, half), VLS_OK);
  assert_int_equal(l.b.last.n, VLS_RECORD_MAX);
  assert_int_equal(hear_frame(&l, VLS_FRAME_RECORD_PART, half), VLS_OK);
  assert_int_equal(hear_frame(&l, VLS_FRAME_RECORD_PART, half), VLS_OK);
  assert_int_equal(hear_frame(&l, VLS_FRAME_RECORD, vls_slice_str("x")), VLS_TOO_BIG);
  line_end(&l);
}

static void group_frame_of_any_size_comes_through_and_no_larger(void **state) {
  (void)state;
  static uint8_t bytes[VLS_LINK_GROUP_MAX];
  static const size_t sizes[] = {1, 65518, 65519, VLS_RECORD_MAX + 1, VLS_LINK_GROUP_MAX};
  line l;
  line_up(&l);
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    fill(bytes, sizes[i], (uint8_t)i);
    assert_int_equal(vls_link_send_group(l.a.link, vls_slice_of(bytes, sizes[i])), VLS_OK);
    run_line(&l, WIRE_MAX);
    assert_int_equal(l.b.err, VLS_OK);
    assert_true(vls_slice_eq(vls_buf_slice(&l.b.last), vls_slice_of(bytes, sizes[i])));
  }
  assert_true(heard_was(&l.b, "KPUggggg"));
  vls_slice half = vls_slice_of(bytes, VLS_LINK_GROUP_MAX / 2);
  assert_int_equal(hear_frame(&l, VLS_FRAME_RECORD_PART, half), VLS_OK);
  assert_int_equal(hear_frame(&l, VLS_FRAME_RECORD_PART, half), VLS_OK);
  assert_int_equal(hear_frame(&l, VLS_FRAME_GROUP, vls_slice_str("x")), VLS_TOO_BIG);
  line_end(&l);
}

/* What a frame of a group may take, a record may not. */
static void record_as_large_as_a_group_frame_ends_the_link(void **state) {
  (void)state;
  static uint8_t part[VLS_RECORD_MAX / 2 + 1];
  line l;
  line_up(&l);
  assert_int_equal(hear_frame(&l, VLS_FRAME_RECORD_PART, vls_slice_of(part, sizeof part)), VLS_OK);
  assert_int_equal(hear_frame(&l, VLS_FRAME_RECORD, vls_slice_of(part, sizeof part)), VLS_TOO_BIG);
  line_end(&l);
}

/* Parts of nothing cost nothing, and other frames may stand between parts. */
static void record_in_many_parts_with_others_between_comes_through(void **state) {
  (void)state;
  line l;
  line_up(&l);
  for (int i = 0; i < 100; i++) {
    assert_int_equal(hear_frame(&l, VLS_FRAME_RECORD_PART, (vls_slice){0}), VLS_OK);
    assert_int_equal(hear_frame(&l, VLS_FRAME_RECORD_PART, vls_slice_str("ab")), VLS_OK);
  }
  assert_int_equal(vls_link_send_ack(l.a.link, 3), VLS_OK);
  assert_int_equal(hear_frame(&l, VLS_FRAME_RECORD, vls_slice_str("!")), VLS_OK);
  assert_int_equal(l.b.last.n, 201);
  assert_true(heard_was(&l.b, "KPUar"));
  assert_int_equal(hear_frame(&l, VLS_FRAME_RECORD, vls_slice_str("next")), VLS_OK);
  assert_true(vls_slice_eq(vls_buf_slice(&l.b.last), vls_slice_str("next")));
  line_end(&l);
}

/* The length is sealed too; a sender with the keys can still lie in it. */
static void frame_of_an_impossible_length_ends_the_link(void **state) {
  (void)state;
  static const uint16_t lengths[] = {0, VLS_FRAME_MAX + 1, UINT16_MAX};
  for (size_t i = 0; i < 3; i++) {
    line l;
    uint8_t head[2 + 16];
    line_up(&l);
    vls_be16_put(head, lengths[i]);
    vls_cipher_seal(&l.a.link->send, head, (vls_slice){0}, (vls_slice){head, 2});
    deliver(&l, &l.b, vls_slice_of(head, sizeof head));
    assert_int_equal(l.b.err, VLS_MALFORMED);
    line_end(&l);
  }
}

/* Two operations a frame: after 500 frames the keys turn, in each direction by itself. */
static void keys_turn_and_frames_go_on(void **state) {
  (void)state;
  line l;
  line_up(&l);
  uint8_t k[32], bytes[64];
  for (int round = 0; round < 6; round++) {
    memcpy(k, l.a.link->send.k, 32);
    for (int i = 0; i < 500; i++) {
      fill(bytes, sizeof bytes, (uint8_t)i);
      assert_int_equal(vls_link_send_record(l.a.link, vls_slice_of(bytes, sizeof bytes)), VLS_OK);
      if (i % 3 == 0) assert_int_equal(vls_link_send_ack(l.b.link, (uint64_t)i), VLS_OK);
      run_line(&l, WIRE_MAX);
      assert_memory_equal(l.b.last.p, bytes, sizeof bytes);
    }
    assert_memory_not_equal(k, l.a.link->send.k, 32);
    assert_memory_equal(l.a.link->send.k, l.b.link->recv.k, 32);
  }
  assert_true(is_up(&l.a) && is_up(&l.b));
  line_end(&l);
}

static void idle_link_holds_no_large_buffer(void **state) {
  (void)state;
  static uint8_t bytes[VLS_RECORD_MAX];
  line l;
  line_up(&l);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(vls_link_send_record(l.a.link, vls_slice_of(bytes, sizeof bytes)), VLS_OK);
    run_line(&l, 65536);
  }
  assert_int_equal(l.b.last.n, sizeof bytes);
  assert_true(l.b.link->in.cap <= 4096);
  assert_int_equal(l.b.link->assembly.cap, 0);
  assert_int_equal(l.b.link->transcript.cap, 0);
  line_end(&l);
}

static void input_beyond_its_bound_is_too_big(void **state) {
  (void)state;
  static uint8_t bytes[VLS_LINK_IN_MAX + 1];
  line l;
  line_up(&l);
  assert_int_equal(vls_link_feed(l.b.link, vls_slice_of(bytes, sizeof bytes)), VLS_TOO_BIG);
  line_end(&l);
}

/* Nobody takes the bytes away: sending stops at the bound. */
static void output_beyond_its_bound_is_too_big(void **state) {
  (void)state;
  static uint8_t bytes[65000];
  line l;
  vls_err err = VLS_OK;
  line_up(&l);
  for (int i = 0; i < 100 && err == VLS_OK; i++)
    err = vls_link_send_record(l.a.link, vls_slice_of(bytes, sizeof bytes));
  assert_int_equal(err, VLS_TOO_BIG);
  assert_true(vls_link_out(l.a.link)->n <= VLS_LINK_OUT_MAX);
  while (vls_link_send_decoy(l.a.link, 0) == VLS_OK)
    continue;
  vls_link_close(l.a.link, VLS_CLOSE_BYE); /* without a word, for lack of room */
  assert_int_equal(vls_link_state_of(l.a.link), VLS_LINK_CLOSED);
  line_end(&l);
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(record_of_any_size_comes_through),
      cmocka_unit_test(frames_cut_at_every_position_come_through),
      cmocka_unit_test(every_kind_of_frame_comes_through),
      cmocka_unit_test(any_byte_of_a_frame_turned_over_is_noticed),
      cmocka_unit_test(frames_repeated_left_out_or_turned_round_are_refused),
      cmocka_unit_test(frame_of_an_unknown_type_or_a_second_auth_ends_the_link),
      cmocka_unit_test(close_of_another_form_is_a_close_without_a_reason),
      cmocka_unit_test(card_beyond_its_bound_ends_the_link),
      cmocka_unit_test(record_beyond_its_bound_ends_the_link),
      cmocka_unit_test(group_frame_of_any_size_comes_through_and_no_larger),
      cmocka_unit_test(record_as_large_as_a_group_frame_ends_the_link),
      cmocka_unit_test(record_in_many_parts_with_others_between_comes_through),
      cmocka_unit_test(frame_of_an_impossible_length_ends_the_link),
      cmocka_unit_test(keys_turn_and_frames_go_on),
      cmocka_unit_test(idle_link_holds_no_large_buffer),
      cmocka_unit_test(input_beyond_its_bound_is_too_big),
      cmocka_unit_test(output_beyond_its_bound_is_too_big),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
