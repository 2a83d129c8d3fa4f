/* A link between Ana, who dials, and Bao, over a network that cuts, flips, drops and invents, and
 * with an Ana who may frame anything once keys are agreed. The input is the script, two bytes and
 * some payload a step. Whatever happens is an error or an event within its bounds. The handshake is
 * done once, by the real code, and cloned for every input. */
#ifndef VALISE_FUZZ_LINK_SCRIPT_H
#define VALISE_FUZZ_LINK_SCRIPT_H

#include <stdlib.h>

#include "base/assert.h"
#include "carry/link.h"
#include "carry/link_int.h"
#include "crypto/kdf.h"

enum { ALL = 255, UNIT = 32 };
enum { DIALLED, UP = 4, PRINTED, STAGES };

typedef struct end {
  vls_link *link;
  vls_rng rng;
  bool over;
} end;

typedef struct pair {
  end ana, bao;
} pair;

static const vls_now now = {.mono_ms = 1000, .wall_ms = INT64_C(1750000000000)};
static const uint8_t knock_key[32] = "the knock key of these contacts.";
static const uint8_t psk[32] = "the psk of their session is this";

static inline void on_event(end *e, const vls_link_event *ev) {
  switch (ev->type) {
  case VLS_LINK_EV_KNOCK:
    if (vls_link_try(e->link, knock_key) == VLS_OK && vls_link_fresh(e->link, now))
      vls_link_admit(e->link, psk);
    else
      vls_link_silence(e->link);
    return;
  case VLS_LINK_EV_PEER: vls_link_approve(e->link); return;
  case VLS_LINK_EV_RECORD: VLS_ASSERT(ev->bytes.n <= VLS_RECORD_MAX); return;
  case VLS_LINK_EV_CARD: VLS_ASSERT(ev->bytes.n <= VLS_CARD_MAX); return;
  case VLS_LINK_EV_CLOSE: VLS_ASSERT(ev->count <= 255), e->over = true; return;
  case VLS_LINK_EV_STATE: VLS_ASSERT(ev->bytes.n <= vls_frame_state_def.max_bytes); return;
  case VLS_LINK_EV_GROUP: VLS_ASSERT(ev->bytes.n <= VLS_LINK_GROUP_MAX); return;
  case VLS_LINK_EV_RETURN: VLS_ASSERT(ev->bytes.n <= VLS_RECORD_MAX); return;
  case VLS_LINK_EV_UP:
  case VLS_LINK_EV_ACK: return;
  }
}

static inline void feed(end *e, vls_slice bytes) {
  if (e->over) return;
  if (vls_link_feed(e->link, bytes) != VLS_OK) e->over = true;
  while (!e->over) {
    vls_link_event ev;
    vls_err err = vls_link_next(e->link, &e->rng, now, &ev);
    if (err == VLS_AGAIN) return;
    if (err == VLS_OK)
      on_event(e, &ev);
    else
      e->over = true;
  }
}

static inline void deliver(end *from, end *to, size_t n) {
  vls_buf *out = vls_link_out(from->link);
  if (n > out->n) n = out->n;
  feed(to, vls_slice_of(out->p, n));
  vls_buf_drop(out, n);
}

static inline void flip(end *from, size_t at) {
  vls_buf *out = vls_link_out(from->link);
  if (at < out->n) out->p[at] ^= 1;
}

/* Runs one step; returns how much of the payload it used. */
static inline size_t step(end *ana, end *bao, unsigned op, size_t arg, vls_slice rest) {
  end *from = op % 2 == 0 ? ana : bao, *to = op % 2 == 0 ? bao : ana;
  vls_link_state state = vls_link_state_of(from->link);
  vls_slice body = {rest.p, rest.n < arg ? rest.n : arg};
  switch (op / 2 % 5) {
  case 0: deliver(from, to, arg == ALL ? SIZE_MAX : arg * UNIT); return 0;
  case 1: deliver(from, to, arg); return 0;
  case 2: flip(from, arg); return 0;
  case 3: feed(to, body); return body.n;
  default:
    if (from->over || (state != VLS_LINK_UP && state != VLS_LINK_AUTH) || body.n == 0) return 0;
    vls_err err =
        vls_link_frame(from->link, (vls_frame_type)body.p[0], vls_slice_of(body.p + 1, body.n - 1));
    VLS_ASSERT(err == VLS_OK || err == VLS_TOO_BIG);
    return body.n;
  }
}

static inline void clone_buf(vls_buf *to, const vls_buf *from) {
  vls_buf_init(to, from->max);
  VLS_ASSERT(vls_buf_put_slice(to, vls_buf_slice(from)) == VLS_OK);
}

static inline void clone(end *to, const end *from) {
  *to = *from;
  to->link = vls_calloc(1, sizeof *to->link);
  *to->link = *from->link;
  clone_buf(&to->link->in, &from->link->in);
  clone_buf(&to->link->out, &from->link->out);
  clone_buf(&to->link->transcript, &from->link->transcript);
  clone_buf(&to->link->assembly, &from->link->assembly);
}

/* Ana has dialled; each stage after that, up to UP: the other end has heard everything. PRINTED:
 * she has dialled, in the printable form. */
static inline void make_stages(pair stages[STAGES]) {
  static const uint8_t seed_a[32] = {1}, seed_b[32] = {2};
  pair *first = &stages[DIALLED];
  vls_dh_pair s_a, s_b;
  VLS_ASSERT(vls_crypto_init() == VLS_OK);
  vls_rng_init(&first->ana.rng, seed_a);
  vls_rng_init(&first->bao.rng, seed_b);
  vls_dh_new(&s_a, &first->ana.rng);
  vls_dh_new(&s_b, &first->bao.rng);
  first->ana.link = vls_link_dial(&s_a, s_b.pub, knock_key, psk, &first->ana.rng, now);
  first->bao.link = vls_link_accept(&s_b, now);
  for (unsigned i = 1; i <= UP; i++) {
    pair *next = &stages[i];
    clone(&next->ana, &stages[i - 1].ana);
    clone(&next->bao, &stages[i - 1].bao);
    if (i % 2 == 1)
      deliver(&next->ana, &next->bao, SIZE_MAX);
    else
      deliver(&next->bao, &next->ana, SIZE_MAX);
  }
  VLS_ASSERT(vls_link_state_of(stages[UP].ana.link) == VLS_LINK_UP);
  VLS_ASSERT(vls_link_state_of(stages[UP].bao.link) == VLS_LINK_UP);
  clone(&stages[PRINTED].ana, &first->ana);
  clone(&stages[PRINTED].bao, &first->bao);
  vls_link_print(stages[PRINTED].ana.link);
}

static inline void play(unsigned stage, vls_slice script) {
  static pair stages[STAGES];
  pair here;
  if (stages[DIALLED].ana.link == NULL) make_stages(stages);
  clone(&here.ana, &stages[stage].ana);
  clone(&here.bao, &stages[stage].bao);
  for (size_t at = 0; at + 2 <= script.n;) {
    vls_slice rest = {script.p + at + 2, script.n - at - 2};
    at += 2 + step(&here.ana, &here.bao, script.p[at], script.p[at + 1], rest);
  }
  vls_link_free(here.ana.link);
  vls_link_free(here.bao.link);
}

#endif
