/* A dialled link and an accepted one, and the stream between them in the test's hands. */
#ifndef VALISE_TESTS_LINK_PAIR_H
#define VALISE_TESTS_LINK_PAIR_H

#include "vec_hex.h"

#include "carry/link_int.h"
#include "crypto/kdf.h"

enum { WIRE_MAX = 1 << 20 };

typedef struct end {
  vls_link *link;
  vls_rng rng;
  vls_buf heard; /* one letter for each event: K P U r a c x */
  vls_buf last;  /* the bytes of the last record or card */
  uint64_t count;
  vls_err err;
} end;

typedef struct line {
  end a, b; /* a dials */
  vls_dh_pair key_a, key_b;
  uint8_t knock[32], psk[32];     /* both sides' */
  uint8_t b_knock[32], b_psk[32]; /* what b believes in; the same unless a test says otherwise */
  vls_now now;
} line;

static inline void end_init(end *e, uint8_t seed_n) {
  uint8_t seed[32] = {seed_n};
  vls_rng_init(&e->rng, seed);
  vls_buf_init(&e->heard, 100000);
  vls_buf_init(&e->last, VLS_LINK_GROUP_MAX);
}

static inline void line_keys(line *l) {
  *l = (line){.now = {.mono_ms = 1000, .wall_ms = INT64_C(1700000000000)}};
  end_init(&l->a, 1);
  end_init(&l->b, 2);
  vls_dh_new(&l->key_a, &l->a.rng);
  vls_dh_new(&l->key_b, &l->b.rng);
  vls_rng_bytes(&l->a.rng, l->knock, 32);
  vls_rng_bytes(&l->a.rng, l->psk, 32);
  memcpy(l->b_knock, l->knock, 32);
  memcpy(l->b_psk, l->psk, 32);
}

static inline void line_dial(line *l) {
  l->a.link = vls_link_dial(&l->key_a, l->key_b.pub, l->knock, l->psk, &l->a.rng, l->now);
  l->b.link = vls_link_accept(&l->key_b, l->now);
}

static inline void line_make(line *l) {
  line_keys(l);
  line_dial(l);
}

static inline void end_done(end *e) {
  vls_link_free(e->link);
  vls_buf_done(&e->heard);
  vls_buf_done(&e->last);
}

static inline void line_end(line *l) {
  end_done(&l->a);
  end_done(&l->b);
}

static inline void on_knock(line *l, end *e) {
  if (vls_link_try(e->link, l->b_knock) == VLS_OK && vls_link_fresh(e->link, l->now))
    vls_link_admit(e->link, l->b_psk);
  else
    vls_link_silence(e->link);
}

/* Everything that happened at this end, until it wants more bytes or the peer broke the protocol.
 */
static inline void hear(line *l, end *e) {
  vls_link_event ev;
  while (e->err == VLS_OK) {
    vls_err err = vls_link_next(e->link, &e->rng, l->now, &ev);
    if (err == VLS_AGAIN) return;
    e->err = err;
    if (err != VLS_OK) return;
    static const char letters[] = "KPUracsbgx";
    assert_int_equal(vls_buf_put_u8(&e->heard, (uint8_t)letters[ev.type]), VLS_OK);
    if (ev.type == VLS_LINK_EV_KNOCK) on_knock(l, e);
    if (ev.type == VLS_LINK_EV_PEER) vls_link_approve(e->link);
    if (ev.type == VLS_LINK_EV_RECORD || ev.type == VLS_LINK_EV_CARD ||
        ev.type == VLS_LINK_EV_GROUP) {
      vls_buf_clear(&e->last);
      assert_int_equal(vls_buf_put_slice(&e->last, ev.bytes), VLS_OK);
    }
    e->count = ev.count;
    if (ev.type == VLS_LINK_EV_CLOSE) return;
  }
}

static inline void deliver(line *l, end *to, vls_slice bytes) {
  if (to->err != VLS_OK) return;
  to->err = vls_link_feed(to->link, bytes);
  hear(l, to);
}

/* Takes what an end has to say off it. */
static inline void take_out(end *from, vls_buf *wire) {
  vls_buf *out = vls_link_out(from->link);
  assert_int_equal(vls_buf_put_slice(wire, vls_buf_slice(out)), VLS_OK);
  vls_buf_drop(out, out->n);
}

/* Moves bytes both ways, at most `piece` at a time, until nothing moves. */
static inline void run_line(line *l, size_t piece) {
  vls_buf wire;
  bool moved = true;
  vls_buf_init(&wire, 8 * WIRE_MAX);
  while (moved) {
    moved = false;
    for (int way = 0; way < 2; way++) {
      end *from = way == 0 ? &l->a : &l->b, *to = way == 0 ? &l->b : &l->a;
      vls_buf_clear(&wire);
      take_out(from, &wire);
      for (size_t at = 0; at < wire.n; at += piece) {
        size_t n = wire.n - at < piece ? wire.n - at : piece;
        deliver(l, to, vls_slice_of(wire.p + at, n));
        moved = true;
      }
    }
  }
  vls_buf_done(&wire);
}

static inline bool is_up(const end *e) {
  return e->err == VLS_OK && vls_link_state_of(e->link) == VLS_LINK_UP;
}

static inline void line_up(line *l) {
  line_make(l);
  run_line(l, WIRE_MAX);
  assert_true(is_up(&l->a) && is_up(&l->b));
}

static inline bool heard_was(const end *e, const char *want) {
  return vls_slice_eq(vls_buf_slice(&e->heard), vls_slice_str(want));
}

#endif
