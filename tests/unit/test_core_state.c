/* STATE and RETURN from somebody hostile: who has the keys of a link but not of the device, or a
 * contact who lies. The node is Bao's; she calls herself Ana. */
#include "core_fake.h"

#include "core/state.h"
#include "crypto/kdf.h"
#include "store_dump.h"

/* What is true of her: all of the node's, and all of hers. */
static vls_state honest(world *w, const fake *f) {
  vls_state s = {.card = 1, .yours = 1, .n_mine = 1, .n_held = 1};
  vls_talk_row talk;
  assert_true(vls_talk_get(w->node[BAO].store, 1, &talk));
  s.held[0].seq = talk.out_seq;
  vls_card_view view;
  assert_int_equal(vls_card_open(&view, vls_buf_slice(&f->card)), VLS_OK);
  memcpy(s.held[0].device, view.devices[0].sign, 32);
  memcpy(s.held[0].head, talk.out_prev, 32);
  memcpy(s.mine[0].device, f->self.device.pub, 32);
  memcpy(s.mine[0].head, f->prev, 32);
  s.mine[0].seq = f->seq;
  return s;
}

/* A link on which she has not said how far she is. */
static void redial_silent(world *w, fake *f) {
  f->silent_state = true;
  f->returns = f->records = 0;
  fake_redial(w, f);
  assert_true(f->up);
}

static void state_says(world *w, fake *f, const vls_state *s) {
  fake_say_state(f, s);
  fake_run(w, f);
}

static void nothing_is_said_before_their_state_is_here(void **state) {
  (void)state;
  fake f;
  world *w = node_and_fake(&f);
  fake_say(w, &f, "one");
  redial_silent(w, &f);
  uint64_t n = say(w, BAO, "Ana", "for who is level");
  fake_say(w, &f, "two"); /* what she says is heard: she may be further on than she said */
  pass(w, 58000);
  fake_run(w, &f);
  assert_int_equal(f.records, 0);
  assert_string_equal(state_of(w, BAO, n), "queued");
  assert_false(w->fake_closed);
  pass(w, 3000);
  assert_true(w->fake_closed);
  redial_silent(w, &f);
  vls_state s = honest(w, &f);
  state_says(w, &f, &s);
  assert_true(f.records > 0);
  assert_string_equal(state_of(w, BAO, n), "sent");
  assert_string_equal(received(w, BAO), "one|two|");
  finish(w, &f);
}

/* Who stole the key of her links, and what belongs to them, but not the key of her device. */
static void stolen_link_key_reads_no_old_text(void **state) {
  (void)state;
  for (int how = 0; how < 4; how++) {
    fake f;
    citizen thief;
    world *w = node_and_fake(&f);
    fake_say(w, &f, "an old secret");
    citizen_make(&thief, 77);
    redial_silent(w, &f);
    vls_state s = honest(w, &f);
    vls_frame_state frame;
    vls_buf bytes;
    vls_buf_init(&bytes, vls_state_def.max_bytes);
    s.mine[0].seq = 0;
    memset(s.mine[0].head, 0, 32);
    const vls_sign_pair *signer = how == 0 ? &thief.device : &f.self.device;
    if (how == 1) memcpy(s.mine[0].device, thief.device.pub, 32); /* a device of nobody's */
    if (how == 1) signer = &thief.device;
    const uint8_t other_link[32] = {1};
    const uint8_t *link = how == 2 ? other_link : vls_link_hash(f.link);
    assert_int_equal(vls_state_sign(&frame, &bytes, &s, signer, link), VLS_OK);
    if (how == 3) bytes.p[0] ^= 1; /* not as it was signed */
    assert_int_equal(vls_link_send_state(f.link, &frame), VLS_OK);
    fake_run(w, &f);
    assert_true(w->fake_closed);
    assert_int_equal(f.returns, 0);
    assert_int_equal(f.records, 0);
    vls_buf_done(&bytes);
    citizen_end(&thief);
    finish(w, &f);
  }
}

/* A STATE that was good on another link, byte for byte. */
static void state_of_another_link_ends_this_one(void **state) {
  (void)state;
  fake f;
  vls_buf bytes;
  vls_frame_state frame;
  world *w = node_and_fake(&f);
  fake_say(w, &f, "one");
  redial_silent(w, &f);
  vls_state s = honest(w, &f);
  vls_buf_init(&bytes, vls_state_def.max_bytes);
  assert_int_equal(vls_state_sign(&frame, &bytes, &s, &f.self.device, vls_link_hash(f.link)),
                   VLS_OK);
  assert_int_equal(vls_link_send_state(f.link, &frame), VLS_OK);
  fake_run(w, &f);
  assert_false(w->fake_closed);
  redial_silent(w, &f);
  assert_int_equal(vls_link_send_state(f.link, &frame), VLS_OK);
  fake_run(w, &f);
  assert_true(w->fake_closed);
  vls_buf_done(&bytes);
  finish(w, &f);
}

static void state_of_another_form_ends_the_link(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t n;
  } bad[] = {{"", 0}, {"\x92", 1}, {"\x91\x01", 2}, {"\xdd\x04\x00\x00\x00", 5}};
  for (size_t i = 0; i < COUNT(bad) + 2; i++) {
    fake f;
    static uint8_t large[2000];
    world *w = node_and_fake(&f);
    redial_silent(w, &f);
    vls_slice body = i < COUNT(bad)
                         ? vls_slice_of((const uint8_t *)bad[i].bytes, bad[i].n)
                         : vls_slice_of(large, i == COUNT(bad) ? vls_frame_state_def.max_bytes
                                                               : vls_frame_state_def.max_bytes + 1);
    assert_int_equal(vls_link_frame(f.link, VLS_FRAME_STATE, body), VLS_OK);
    fake_run(w, &f);
    assert_true(w->fake_closed);
    finish(w, &f);
  }
}

/* She gets back what she said, to the last byte of its signature, and nothing of anybody else's. */
static void old_state_brings_their_own_events_back(void **state) {
  (void)state;
  fake f, g;
  world *w = node_and_fake(&f);
  fake_befriend(w, &g, 9, BAO);
  fake_say(w, &g, "what somebody else said");
  for (int i = 0; i < 10; i++)
    fake_say(w, &f, "mine");
  uint64_t last = f.seq;
  redial_silent(w, &f);
  vls_state s = honest(w, &f);
  s.mine[0].seq = 4;
  state_says(w, &f, &s);
  assert_int_equal(f.returns, last - 4);
  /* Chains of others: no device of hers has them. */
  redial_silent(w, &f);
  s = honest(w, &f);
  s.n_mine = 2;
  memcpy(s.mine[1].device, g.self.device.pub, 32);
  state_says(w, &f, &s);
  assert_int_equal(f.returns, 0);
  assert_false(w->fake_closed);
  fake_end(&g);
  finish(w, &f);
}

static void states_and_what_they_ask_for_have_a_budget(void **state) {
  (void)state;
  fake f;
  world *w = node_and_fake(&f);
  for (int i = 0; i < 5; i++)
    fake_say(w, &f, "x");
  subscribe(w, BAO, CLIENT, NULL);
  redial_silent(w, &f);
  vls_state s = honest(w, &f);
  uint64_t all = f.seq;
  s.mine[0].seq = 0;
  for (int i = 0; i < 200; i++)
    state_says(w, &f, &s);
  assert_true(f.returns <= VLS_STATES_MINUTE * all);
  assert_true(f.returns >= (VLS_STATES_MINUTE - 2) * all);
  assert_in_range(count_told(w, BAO, CLIENT, "alarm"), 1, 2);
  pass(w, 60000);
  fake_run(w, &f);
  uint64_t sessions = count_of(w->node[BAO].store, "SELECT count(*) FROM session");
  assert_in_range(sessions, 1, VLS_SESSIONS_MAX);
  finish(w, &f);
}

/* She names an event of Bao's that he never signed. Nothing is taken for a fact, and he is told
 * what it is: that she says so. */
static void claims_without_an_event_move_nothing(void **state) {
  (void)state;
  fake f;
  world *w = node_and_fake(&f);
  subscribe(w, BAO, CLIENT, NULL);
  fake_say(w, &f, "one");
  redial_silent(w, &f);
  vls_state s = honest(w, &f);
  uint64_t seq = s.held[0].seq;
  s.held[0].seq += 3;
  s.held[0].head[0] ^= 1;
  state_says(w, &f, &s);
  uint64_t n = say(w, BAO, "Ana", "waits");
  pass(w, 59000);
  fake_run(w, &f);
  assert_int_equal(count_told(w, BAO, CLIENT, "alarm"), 0);
  assert_string_equal(state_of(w, BAO, n), "queued");
  pass(w, 3000);
  assert_true(w->fake_closed);
  assert_int_equal(count_told(w, BAO, CLIENT, "alarm"), 1);
  assert_non_null(strstr(last_told(w, BAO, "alarm")->text, "and give none of them back"));
  vls_talk_row talk;
  assert_true(vls_talk_get(w->node[BAO].store, 1, &talk));
  assert_int_equal(talk.out_seq, seq);
  fake_redial(w, &f); /* she comes to her senses, and the talk goes on */
  redial_silent(w, &f);
  s = honest(w, &f);
  state_says(w, &f, &s);
  pass(w, 60000);
  fake_run(w, &f);
  assert_string_equal(state_of(w, BAO, n), "sent");
  finish(w, &f);
}

static void send_return(world *w, fake *f, const vls_frame_return *frame) {
  assert_int_equal(vls_link_send_return(f->link, frame), VLS_OK);
  fake_run(w, f);
}

/* An event as RETURN has it, signed by whom she likes. */
static void forge(vls_frame_return *ret, vls_buf *event, const fake *f, const vls_state *s,
                  const vls_sign_pair *signer, uint64_t seq) {
  vls_item_hashes hashes = {.n = 1};
  vls_buf header, body, item;
  uint8_t hash[32];
  vls_buf_init(&header, vls_event_header_def.max_bytes);
  vls_buf_init(&body, 100);
  vls_buf_init(&item, 200);
  assert_int_equal(vls_body_text(&body, vls_slice_str("you said so")), VLS_OK);
  vls_direct_event e = {.seq = seq, .stamp = 1, .n_items = 1};
  e.items[0] = (vls_item){VLS_ITEM_TEXT, vls_buf_slice(&body)};
  assert_int_equal(vls_wire_encode(&vls_item_def, &e.items[0], &item), VLS_OK);
  vls_item_hash(hashes.hash[0], vls_buf_slice(&item));
  uint8_t conversation[32];
  vls_direct_conversation(conversation, f->peer_identity, f->self.identity.pub);
  vls_event_facts facts = {.conversation = conversation,
                           .recipient = f->self.identity.pub,
                           .author = f->peer_identity,
                           .device = s->held[0].device,
                           .prev = s->held[0].head,
                           .seq = seq,
                           .stamp = 1};
  assert_int_equal(vls_event_header_make(&header, &facts, &hashes, hash), VLS_OK);
  vls_sign_hash(e.sig, signer, VLS_CTX_DIRECT, hash);
  assert_int_equal(vls_wire_encode(&vls_direct_event_def, &e, event), VLS_OK);
  *ret = (vls_frame_return){.seq = seq, .event = vls_buf_slice(event)};
  memcpy(ret->device, s->held[0].device, 32);
  memcpy(ret->head, hash, 32);
  vls_buf_done(&header);
  vls_buf_done(&body);
  vls_buf_done(&item);
}

/* Words in Bao's mouth: only his own signature makes them his, and only in their place. */
static void forged_events_are_not_mine(void **state) {
  (void)state;
  for (int how = 0; how < 6; how++) {
    fake f;
    vls_buf event;
    vls_frame_return frame;
    world *w = node_and_fake(&f);
    fake_say(w, &f, "one");
    redial_silent(w, &f);
    vls_state s = honest(w, &f);
    uint64_t seq = s.held[0].seq;
    vls_self bao;
    assert_true(vls_self_load(&bao, w->node[BAO].store));
    bool right = how >= 3; /* with his own key, which she can't have */
    vls_buf_init(&event, vls_direct_event_def.max_bytes);
    forge(&frame, &event, &f, &s, right ? &bao.device : &f.self.device, seq + (how == 3 ? 2 : 1));
    s.held[0].seq += 1;
    memcpy(s.held[0].head, frame.head, 32);
    if (how != 1 && how != 4) state_says(w, &f, &s); /* 1, 4: nobody asked for it */
    if (how == 2) memcpy(frame.device, f.self.device.pub, 32);
    send_return(w, &f, &frame);
    if (how == 5) send_return(w, &f, &frame); /* twice: taken once */
    vls_talk_row talk;
    assert_true(vls_talk_get(w->node[BAO].store, 1, &talk));
    pass(w, 1000);
    assert_int_equal(
        count_of(w->node[BAO].store, "SELECT count(*) FROM message WHERE body='you said so'"),
        how == 5);
    if (how != 5) assert_true(talk.out_seq <= seq + 1);
    vls_buf_done(&event);
    vls_self_close(&bao);
    finish(w, &f);
  }
}

/* A place without an event: up to a bound, and what waits is held, not sent and not delivered. */
static void place_moves_the_chain_up_to_a_bound(void **state) {
  (void)state;
  for (int beyond = 0; beyond < 2; beyond++) {
    fake f;
    world *w = node_and_fake(&f);
    fake_say(w, &f, "one");
    redial_silent(w, &f);
    uint64_t n = say(w, BAO, "Ana", "may have been sent");
    vls_state s = honest(w, &f);
    uint64_t to = s.held[0].seq + VLS_JUMP_MAX + (uint64_t)beyond;
    s.held[0].seq = to;
    memset(s.held[0].head, 5, 32);
    state_says(w, &f, &s);
    vls_frame_return frame = {.seq = to};
    memcpy(frame.device, s.held[0].device, 32);
    memset(frame.head, 5, 32);
    send_return(w, &f, &frame);
    state_says(w, &f, &s);
    pass(w, 1000);
    fake_run(w, &f);
    vls_talk_row talk;
    assert_true(vls_talk_get(w->node[BAO].store, 1, &talk));
    assert_int_equal(talk.out_seq >= to, !beyond);
    assert_string_equal(state_of(w, BAO, n), beyond ? "queued" : "failed");
    finish(w, &f);
  }
}

/* Frames that bring nothing cost her her turn, like records. */
static void returns_that_bring_nothing_are_waste(void **state) {
  (void)state;
  fake f;
  world *w = node_and_fake(&f);
  redial_silent(w, &f);
  vls_state s = honest(w, &f);
  state_says(w, &f, &s);
  vls_frame_return frame = {.seq = 1000};
  memcpy(frame.device, s.held[0].device, 32);
  for (int i = 0; i < VLS_WASTE_MINUTE + 10; i++) {
    assert_int_equal(vls_link_send_return(f.link, &frame), VLS_OK);
    if (i % 500 == 0) fake_run(w, &f);
  }
  fake_run(w, &f);
  assert_true(w->node[BAO].paused >= 1);
  finish(w, &f);
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_is_said_before_their_state_is_here),
      cmocka_unit_test(stolen_link_key_reads_no_old_text),
      cmocka_unit_test(state_of_another_link_ends_this_one),
      cmocka_unit_test(state_of_another_form_ends_the_link),
      cmocka_unit_test(old_state_brings_their_own_events_back),
      cmocka_unit_test(states_and_what_they_ask_for_have_a_budget),
      cmocka_unit_test(claims_without_an_event_move_nothing),
      cmocka_unit_test(forged_events_are_not_mine),
      cmocka_unit_test(place_moves_the_chain_up_to_a_bound),
      cmocka_unit_test(returns_that_bring_nothing_are_waste),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
