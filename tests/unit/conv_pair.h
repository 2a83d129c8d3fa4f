/* Ana writes to Bao: both citizens, the session that X3DH gives them, and what she says in it. */
#ifndef VALISE_TESTS_CONV_PAIR_H
#define VALISE_TESTS_CONV_PAIR_H

#include <stdio.h>

#include "citizen_make.h"

#include "conv/direct.h"
#include "conv/first.h"
#include "crypto/pad.h"

enum { OPK_ID = 12 };

typedef struct pair {
  citizen ana, bao;
  vls_dh_pair opk;
  bool with_opk;
  vls_ratchet a, b;
  vls_x3dh_keys keys_a, keys_b;
  vls_buf prefix;
} pair;

static inline vls_first_conf conf_of_ana(const pair *p, const vls_card_view *bao) {
  return (vls_first_conf){.ik = &p->ana.dh,
                          .card = vls_buf_slice(&p->ana.card),
                          .their_card = vls_buf_slice(&p->bao.card),
                          .their_device = &bao->devices[0],
                          .opk_id = p->with_opk ? OPK_ID : 0,
                          .opk = p->with_opk ? p->opk.pub : NULL};
}

static inline vls_first_keys keys_of_bao(const pair *p) {
  return (vls_first_keys){.ik = &p->bao.dh,
                          .spk = &p->bao.spk,
                          .opk = p->with_opk ? &p->opk : NULL,
                          .card = vls_buf_slice(&p->bao.card)};
}

/* Both, before anything was said. */
static inline void pair_make(pair *p, bool with_opk) {
  *p = (pair){.with_opk = with_opk};
  citizen_make(&p->ana, 1);
  citizen_make(&p->bao, 2);
  vls_dh_new(&p->opk, &p->bao.rng);
  vls_buf_init(&p->prefix, VLS_RECORD_MAX);
}

static inline void pair_begin(pair *p) {
  vls_card_view bao;
  assert_int_equal(vls_card_open(&bao, vls_buf_slice(&p->bao.card)), VLS_OK);
  vls_first_conf conf = conf_of_ana(p, &bao);
  vls_buf_clear(&p->prefix);
  assert_int_equal(vls_first_begin(&conf, &p->ana.rng, &p->a, &p->keys_a, &p->prefix), VLS_OK);
}

/* A session on both sides, as if the first record had come. */
static inline void pair_meet(pair *p) {
  vls_first first;
  vls_card_view ana;
  uint8_t filler[VLS_RATCHET_EXTRA] = {0};
  pair_make(p, true);
  pair_begin(p);
  size_t n = p->prefix.n;
  assert_int_equal(vls_buf_put(&p->prefix, filler, sizeof filler), VLS_OK);
  assert_int_equal(vls_first_parse(&first, vls_buf_slice(&p->prefix)), VLS_OK);
  vls_first_keys keys = keys_of_bao(p);
  assert_int_equal(vls_card_open(&ana, vls_buf_slice(&p->ana.card)), VLS_OK);
  assert_int_equal(vls_first_accept(&first, &keys, vls_buf_slice(&p->ana.card), &ana.devices[0],
                                    &p->b, &p->keys_b),
                   VLS_OK);
  p->prefix.n = n;
}

static inline void pair_end(pair *p) {
  citizen_end(&p->ana);
  citizen_end(&p->bao);
  vls_buf_done(&p->prefix);
}

static inline vls_direct_out out_of_ana(const pair *p, const vls_item *items, size_t n) {
  static const uint8_t zeros[32];
  return (vls_direct_out){.ends = {.author = p->ana.identity.pub,
                                   .device = p->ana.device.pub,
                                   .recipient = p->bao.identity.pub},
                          .device = &p->ana.device,
                          .seq = 1,
                          .stamp = 1700000000000,
                          .prev = zeros,
                          .items = items,
                          .n_items = n};
}

/* An item of any table; the body is appended to buf, which must not move. */
static inline vls_item item_in(vls_buf *buf, vls_item_kind kind, const vls_wire_def *def,
                               const void *body) {
  if (buf->cap < buf->max) { /* take all of its room at once */
    assert_non_null(vls_buf_grow(buf, buf->max));
    buf->n = 0;
  }
  size_t at = buf->n;
  assert_int_equal(vls_wire_encode(def, body, buf), VLS_OK);
  return (vls_item){.kind = kind, .body = vls_slice_of(buf->p + at, buf->n - at)};
}

static inline vls_item receipt_item(vls_buf *buf, uint64_t to) {
  vls_item_receipt receipt = {.level = 2, .ranges = {{.from = 1, .to = to}}, .n_ranges = 1};
  return item_in(buf, VLS_ITEM_RECEIPT, &vls_item_receipt_def, &receipt);
}

static inline vls_item text_item(vls_buf *buf, vls_slice text) {
  vls_item_text body = {.text = text};
  return item_in(buf, VLS_ITEM_TEXT, &vls_item_text_def, &body);
}

/* Opens a record on Bao's side with a copy of the state, kept when it opened. */
static inline vls_err open_at_bao(pair *p, vls_slice record, vls_direct_in *ret) {
  vls_ratchet next = p->b;
  vls_ratchet_peek look;
  vls_skips skips = {0};
  vls_err err = vls_ratchet_look(&p->b, record, &look);
  if (err == VLS_OK && look.old) err = VLS_DUPLICATE;
  if (err == VLS_OK) err = vls_direct_open(&next, &look, NULL, record, &p->bao.rng, &skips, ret);
  if (err == VLS_OK) p->b = next;
  vls_skips_done(&skips);
  return err;
}

static inline vls_err verify_at_bao(const vls_direct_in *in, const vls_direct_ends *ends,
                                    const uint8_t *prev, const uint8_t *th, uint8_t hash[32]) {
  vls_buf header;
  static const uint8_t zeros[32];
  vls_buf_init(&header, 4096);
  vls_err err = vls_direct_verify(in, ends, prev == NULL ? zeros : prev, th, &header, hash);
  vls_buf_done(&header);
  return err;
}

#endif
