/* Two citizens with a session each to the other, as a store would keep it: state and skipped keys.
 */
#ifndef VALISE_TESTS_RATCHET_PAIR_H
#define VALISE_TESTS_RATCHET_PAIR_H

#include "crypto/kdf.h"
#include "crypto/ratchet.h"
#include "vec_hex.h"

enum { RECORD_MAX = 4096 };

typedef struct side {
  vls_ratchet r;
  vls_rng rng;
  vls_skips kept;
} side;

typedef struct talk {
  side a, b;
} talk;

static inline void talk_start(talk *t, uint32_t seed_n) {
  uint8_t seed[32] = {0}, keys[4][32];
  vls_be32_put(seed, seed_n);
  *t = (talk){0};
  vls_rng_init(&t->a.rng, seed);
  seed[31] = 1;
  vls_rng_init(&t->b.rng, seed);
  vls_rng_bytes(&t->b.rng, keys, sizeof keys);
  vls_dh_pair spk;
  vls_dh_new(&spk, &t->b.rng);
  vls_err err = vls_ratchet_init_a(&t->a.r, keys[0], keys[1], keys[2], keys[3], spk.pub, &t->a.rng);
  assert_int_equal(err, VLS_OK);
  vls_ratchet_init_b(&t->b.r, keys[0], keys[1], keys[2], keys[3], &spk);
}

static inline void talk_end(talk *t) {
  vls_skips_done(&t->a.kept);
  vls_skips_done(&t->b.kept);
}

/* A record is kept by value, so that tests can lose, repeat and damage it. */
typedef struct record {
  uint8_t p[RECORD_MAX];
  size_t n;
} record;

static inline vls_slice record_slice(const record *rec) {
  return vls_slice_of(rec->p, rec->n);
}

static inline record side_say(side *from, const char *text) {
  record rec = {.n = 0};
  vls_buf out;
  vls_buf_init(&out, RECORD_MAX);
  assert_int_equal(vls_ratchet_seal(&from->r, vls_slice_str(text), &from->rng, &out), VLS_OK);
  assert_int_equal(out.n, strlen(text) + VLS_RATCHET_EXTRA);
  memcpy(rec.p, out.p, out.n);
  rec.n = out.n;
  vls_buf_done(&out);
  return rec;
}

static inline size_t side_kept(const side *s, uint64_t chain, uint32_t n) {
  for (size_t i = 0; i < s->kept.n; i++)
    if (s->kept.keys[i].chain == chain && s->kept.keys[i].n == n) return i;
  return SIZE_MAX;
}

/* What a node does with a record: look, open on a copy, keep the copy. VLS_DUPLICATE when its key
 * is spent. text: room for RECORD_MAX. */
static inline vls_err side_hear(side *to, const record *rec, char *text) {
  vls_ratchet_peek look;
  vls_err err = vls_ratchet_look(&to->r, record_slice(rec), &look);
  if (err != VLS_OK) return err;
  size_t at = look.old ? side_kept(to, look.chain, look.n) : SIZE_MAX;
  if (look.old && at == SIZE_MAX) return VLS_DUPLICATE;
  vls_ratchet next = to->r;
  size_t kept_before = to->kept.n;
  vls_buf pt;
  vls_buf_init(&pt, RECORD_MAX);
  err = vls_ratchet_open(&next, &look, look.old ? to->kept.keys[at].mk : NULL, record_slice(rec),
                         &to->rng, &pt, &to->kept);
  if (err == VLS_OK) {
    to->r = next;
    if (pt.n > 0) memcpy(text, pt.p, pt.n);
    text[pt.n] = '\0';
    if (look.old) to->kept.keys[at] = to->kept.keys[--to->kept.n];
  } else {
    assert_int_equal(pt.n, 0);
    to->kept.n = kept_before;
  }
  vls_buf_done(&pt);
  return err;
}

static inline void assert_hears(side *to, const record *rec, const char *text) {
  char heard[RECORD_MAX];
  assert_int_equal(side_hear(to, rec, heard), VLS_OK);
  assert_string_equal(heard, text);
}

/* Refused with err, and not one byte of the state has changed. */
static inline void assert_refuses(side *to, const record *rec, vls_err err) {
  char heard[RECORD_MAX];
  vls_ratchet before = to->r;
  assert_int_equal(side_hear(to, rec, heard), err);
  assert_memory_equal(&before, &to->r, sizeof before);
}

/* One record each way: a whole turn of the root. */
static inline void talk_round(talk *t) {
  record from_a = side_say(&t->a, "ping");
  assert_hears(&t->b, &from_a, "ping");
  record from_b = side_say(&t->b, "pong");
  assert_hears(&t->a, &from_b, "pong");
}

#endif
