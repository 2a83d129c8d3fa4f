/* A citizen the test plays itself, byte for byte: takes an invitation of a node, and then says what
 * no node of ours would say. */
#ifndef VALISE_TESTS_CORE_FAKE_H
#define VALISE_TESTS_CORE_FAKE_H

#include "citizen_make.h"
#include "core_people.h"

#include "carry/link_int.h"
#include "citizen/invite.h"
#include "content/bodies.h"
#include "conv/direct.h"
#include "conv/first.h"
#include "conv/state.h"

typedef struct fake {
  citizen self;
  vls_link *link;
  uint64_t id; /* of the accepted end at the node */
  int whom;
  vls_ratchet r;
  vls_x3dh_keys keys;
  vls_buf prefix, card; /* card: the node's */
  uint8_t peer_dh[32], peer_identity[32];
  uint64_t seq, stamp;
  uint8_t prev[32];
  uint64_t records, acks, closes, close_reason, silent_bytes;
  uint64_t returns, groups;
  vls_position theirs; /* how far the node says that its own events go */
  bool up, stated;
  bool silent_state, holds_nothing; /* it says no STATE; or that it has none of the events */
  vls_err err;
} fake;

static inline vls_now fake_now(const world *w) {
  return (vls_now){w->mono, INT64_C(1750000000000) + (int64_t)w->mono};
}

static inline void fake_make(fake *f, uint8_t number) {
  *f = (fake){.stamp = 1};
  citizen_make(&f->self, number);
  vls_buf_init(&f->prefix, VLS_RECORD_MAX);
  vls_buf_init(&f->card, VLS_CARD_MAX);
}

static inline void fake_end(fake *f) {
  vls_link_free(f->link);
  vls_buf_done(&f->prefix);
  vls_buf_done(&f->card);
  citizen_end(&f->self);
}

/* Raw bytes to the node. */
static inline void fake_bytes(world *w, fake *f, vls_slice bytes) {
  put_packet(w, f->whom, f->id, VLS_IN_BYTES, bytes);
  run(w);
}

/* Says how far it is, signed for this link. */
static inline void fake_say_state(fake *f, const vls_state *s) {
  vls_frame_state frame;
  vls_buf bytes;
  vls_buf_init(&bytes, vls_state_def.max_bytes);
  assert_int_equal(vls_state_sign(&frame, &bytes, s, &f->self.device, vls_link_hash(f->link)),
                   VLS_OK);
  assert_int_equal(vls_link_send_state(f->link, &frame), VLS_OK);
  vls_buf_done(&bytes);
}

/* Answers the first of a link: it holds all that the node says it has signed. */
static inline void fake_state(fake *f, vls_slice frame) {
  vls_state theirs, mine = {.n_mine = 1, .n_held = f->holds_nothing ? 0 : 1};
  assert_int_equal(vls_state_open(&theirs, frame, vls_link_hash(f->link)), VLS_OK);
  f->theirs = theirs.mine[0];
  if (f->stated || f->silent_state) return;
  f->stated = true;
  mine.card = theirs.yours > 0 ? theirs.yours : 1;
  mine.yours = theirs.card;
  mine.held[0] = theirs.mine[0];
  mine.mine[0].seq = f->seq <= INT64_MAX ? f->seq : INT64_MAX; /* a fuzzer chose it */
  memcpy(mine.mine[0].device, f->self.device.pub, 32);
  memcpy(mine.mine[0].head, f->prev, 32);
  fake_say_state(f, &mine);
}

static inline void fake_hear(world *w, fake *f) {
  vls_link_event ev;
  if (w->fake_in.n > 0) f->err = vls_link_feed(f->link, vls_buf_slice(&w->fake_in));
  vls_buf_clear(&w->fake_in);
  while (f->err == VLS_OK) {
    vls_err err = vls_link_next(f->link, &f->self.rng, fake_now(w), &ev);
    if (err == VLS_AGAIN) return;
    f->err = err;
    if (err != VLS_OK) return;
    switch (ev.type) {
    case VLS_LINK_EV_UP: f->up = true; break;
    case VLS_LINK_EV_RECORD: f->records++; break;
    case VLS_LINK_EV_ACK: f->acks = ev.count; break;
    case VLS_LINK_EV_CARD:
      vls_buf_clear(&f->card);
      assert_int_equal(vls_buf_put_slice(&f->card, ev.bytes), VLS_OK);
      break;
    case VLS_LINK_EV_CLOSE:
      f->closes++;
      f->close_reason = ev.count;
      return;
    case VLS_LINK_EV_STATE: fake_state(f, ev.bytes); break;
    case VLS_LINK_EV_RETURN: f->returns++; break;
    case VLS_LINK_EV_GROUP: f->groups++; break;
    case VLS_LINK_EV_KNOCK:
    case VLS_LINK_EV_PEER: fail_msg("not on this side");
    }
  }
}

/* Sends what its link has to say, and hears the answers, until nothing moves. */
static inline void fake_run(world *w, fake *f) {
  for (int i = 0; i < 20; i++) {
    vls_buf *out = vls_link_out(f->link);
    if (out->n > 0) {
      put_packet(w, f->whom, f->id, VLS_IN_BYTES, vls_buf_slice(out));
      vls_buf_drop(out, out->n);
    }
    run(w);
    fake_hear(w, f);
    if (vls_link_out(f->link)->n == 0 && w->fake_in.n == 0) return;
  }
}

/* A new stream to the node, and a knock on it. */
static inline void fake_dial_with(world *w, fake *f, const vls_dh_pair *dh, const uint8_t knock[32],
                                  const uint8_t psk[32]) {
  vls_link_free(f->link);
  f->up = f->stated = false;
  f->err = VLS_OK;
  f->acks = f->closes = 0;
  w->fake_closed = false;
  f->id = w->fake_hears = put_wire(w, FAKE, 1000 + w->next_link, f->whom);
  vls_buf_clear(&w->fake_in);
  f->link = vls_link_dial(dh, f->peer_dh, knock, psk, &f->self.rng, fake_now(w));
}

static inline void fake_stream(world *w, fake *f) {
  f->id = w->fake_hears = put_wire(w, FAKE, 1000 + w->next_link, f->whom);
  w->fake_closed = false;
  vls_buf_clear(&w->fake_in);
  run(w);
}

/* Sends one event of these items; extra bytes may be laid over it by the test before. */
static inline void fake_seal(fake *f, const vls_item *items, size_t n, vls_buf *record) {
  vls_direct_out out = {.ends = {.author = f->self.identity.pub,
                                 .device = f->self.device.pub,
                                 .recipient = f->peer_identity},
                        .device = &f->self.device,
                        .seq = ++f->seq,
                        .stamp = f->stamp,
                        .prev = f->prev,
                        .items = items,
                        .n_items = n,
                        .prefix = vls_buf_slice(&f->prefix)};
  vls_direct_sealed sealed;
  assert_int_equal(vls_direct_seal(&out, &f->r, &f->self.rng, record, &sealed), VLS_OK);
  memcpy(f->prev, sealed.hash, 32);
  vls_buf_clear(&f->prefix);
  vls_direct_sealed_done(&sealed);
}

static inline void fake_send_record(world *w, fake *f, vls_slice record) {
  assert_int_equal(vls_link_send_record(f->link, record), VLS_OK);
  fake_run(w, f);
}

static inline void fake_send(world *w, fake *f, const vls_item *items, size_t n) {
  vls_buf record;
  vls_buf_init(&record, VLS_RECORD_MAX);
  fake_seal(f, items, n, &record);
  fake_send_record(w, f, vls_buf_slice(&record));
  vls_buf_done(&record);
}

static inline void fake_say(world *w, fake *f, const char *text) {
  vls_buf body;
  vls_buf_init(&body, 2 * VLS_TEXT_MAX);
  assert_int_equal(vls_body_text(&body, vls_slice_str(text)), VLS_OK);
  vls_item item = {VLS_ITEM_TEXT, vls_buf_slice(&body)};
  fake_send(w, f, &item, 1);
  vls_buf_done(&body);
}

static inline void fake_receipt(world *w, fake *f, unsigned level, const uint8_t device[4],
                                uint64_t from, uint64_t to) {
  vls_buf body;
  vls_buf_init(&body, 200);
  assert_int_equal(vls_body_receipt(&body, level, device, from, to), VLS_OK);
  vls_item item = {VLS_ITEM_RECEIPT, vls_buf_slice(&body)};
  fake_send(w, f, &item, 1);
  vls_buf_done(&body);
}

/* Takes the link as far as the node's card. */
static inline void fake_take_link(world *w, fake *f, int whom, vls_slice link,
                                  vls_invite *ret_invite, uint8_t bytes[VLS_INVITE_BYTES]) {
  uint8_t knock[32];
  static const uint8_t zeros[32];
  assert_int_equal(vls_invite_parse(ret_invite, bytes, link), VLS_OK);
  f->whom = whom;
  memcpy(f->peer_dh, ret_invite->dh, 32);
  memcpy(f->peer_identity, ret_invite->identity, 32);
  vls_invite_knock_key(knock, ret_invite->secret);
  fake_dial_with(w, f, &f->self.dh, knock, zeros);
  fake_run(w, f);
}

/* A session by X3DH with the node's card; its prefix waits for the first record. */
static inline void fake_begin(fake *f, uint32_t opk_id, const uint8_t *opk) {
  vls_card_view view;
  assert_int_equal(vls_card_open(&view, vls_buf_slice(&f->card)), VLS_OK);
  vls_first_conf conf = {.ik = &f->self.dh,
                         .card = vls_buf_slice(&f->self.card),
                         .their_card = vls_buf_slice(&f->card),
                         .their_device = &view.devices[0],
                         .opk_id = opk_id,
                         .opk = opk};
  vls_x3dh_keys keys;
  vls_buf_clear(&f->prefix);
  assert_int_equal(vls_first_begin(&conf, &f->self.rng, &f->r, &keys, &f->prefix), VLS_OK);
  if (opk != NULL) f->keys = keys; /* of the links: they stay when a session begins anew */
}

static inline void fake_hello(world *w, fake *f) {
  vls_buf body;
  vls_buf_init(&body, 100);
  assert_int_equal(vls_body_hello(&body), VLS_OK);
  vls_item item = {VLS_ITEM_HELLO, vls_buf_slice(&body)};
  fake_send(w, f, &item, 1);
  vls_buf_done(&body);
}

/* A contact of the node's, under the name "Ana" of citizen_make, linked. */
static inline void fake_befriend(world *w, fake *f, uint8_t number, int whom) {
  char link[520];
  vls_invite invited;
  uint8_t bytes[VLS_INVITE_BYTES];
  fake_make(f, number);
  fake_take_link(w, f, whom, invite(w, whom, link), &invited, bytes);
  assert_true(f->up && f->card.n > 0);
  fake_begin(f, (uint32_t)invited.opk_id, invited.opk);
  fake_hello(w, f);
  assert_true(f->records >= 1 && f->err == VLS_OK);
}

/* A new link with the session's keys. */
static inline void fake_redial(world *w, fake *f) {
  fake_dial_with(w, f, &f->self.dh, f->keys.knock, f->keys.link_psk);
  fake_run(w, f);
}

/* The node is Bao's here; the hostile contact calls herself Ana. */
static inline world *node_and_fake(fake *f) {
  world *w = world_new(0);
  node_start(w, BAO);
  say_hello(w, BAO, CLIENT);
  vls_rpc_init init = {.name = vls_slice_str("Bao")};
  assert_true(call(w, BAO, "init", &vls_rpc_init_def, &init));
  fake_befriend(w, f, 1, BAO);
  return w;
}

static inline void finish(world *w, fake *f) {
  fake_end(f);
  world_free(w);
}

#endif
