/* Records of a direct talk, as they come from a stranger, a network, a hostile contact and a
 * newcomer with a strange card. */
#include "base/assert.h"
#include "content/bodies.h"
#include "conv/direct.h"
#include "conv/first.h"
#include "crypto/kdf.h"
#include "crypto/pad.h"

enum { FROM_STRANGER, FROM_NETWORK, FROM_CONTACT, FROM_NEWCOMER, ORIGINS };

typedef struct talk {
  vls_rng rng;
  vls_dh_pair ik, spk;
  vls_sign_pair identity;
  vls_ratchet ana, bao;
} talk;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void begin(talk *t) {
  static const uint8_t seed[32] = {3}, th[32] = {4}, rk[32] = {5}, hk[32] = {6}, nhk[32] = {7};
  VLS_ASSERT(vls_crypto_init() == VLS_OK);
  vls_rng_init(&t->rng, seed);
  vls_dh_new(&t->ik, &t->rng);
  vls_dh_new(&t->spk, &t->rng);
  vls_sign_new(&t->identity, &t->rng);
  VLS_ASSERT(vls_ratchet_init_a(&t->ana, th, rk, hk, nhk, t->spk.pub, &t->rng) == VLS_OK);
  vls_ratchet_init_b(&t->bao, th, rk, hk, nhk, &t->spk);
}

/* Nobody knows who sends it: it may be the first record of a session, or of one there is. */
static void stranger(talk *t, vls_slice record) {
  vls_first first;
  vls_ratchet_peek look;
  vls_buf card;
  unsigned device;
  vls_first_keys keys = {.ik = &t->ik, .spk = &t->spk, .card = vls_slice_str("a card")};
  vls_buf_init(&card, VLS_CARD_MAX);
  if (vls_first_parse(&first, record) == VLS_OK)
    VLS_ASSERT(vls_first_card(&first, &keys, &device, &card) != VLS_OK);
  VLS_ASSERT(vls_ratchet_look(&t->bao, record, &look) != VLS_OK);
  vls_buf_done(&card);
}

/* Bao opens a record; true when it was one and every item was looked at. */
static bool open_record(talk *t, vls_slice record) {
  vls_ratchet_peek look;
  vls_ratchet next = t->bao;
  vls_skips skips = {0};
  vls_direct_in in;
  if (vls_ratchet_look(&t->bao, record, &look) != VLS_OK || look.old) return false;
  vls_err err = vls_direct_open(&next, &look, NULL, record, &t->rng, &skips, &in);
  if (err == VLS_OK) {
    vls_direct_ends ends = {t->identity.pub, t->identity.pub, t->ik.pub};
    uint8_t hash[32];
    vls_buf header;
    vls_buf_init(&header, 3072);
    for (size_t i = 0; i < in.event.n_items; i++) {
      vls_content content;
      vls_err read = vls_content_read(&content, &in.event.items[i]);
      VLS_ASSERT(read == VLS_OK || read < 0);
    }
    /* Nobody signed this. */
    VLS_ASSERT(vls_direct_verify(&in, &ends, hash, NULL, &header, hash) != VLS_OK);
    vls_buf_done(&header);
    vls_direct_in_done(&in);
  }
  vls_skips_done(&skips);
  return err == VLS_OK;
}

/* A true record with some bytes of the input laid over it: none of them, or it does not open. */
static void network(talk *t, vls_slice damage) {
  static const uint8_t event[256] = {0x95, 0x01};
  vls_buf record;
  vls_buf_init(&record, VLS_RECORD_MAX);
  VLS_ASSERT(vls_ratchet_seal(&t->ana, vls_slice_of(event, 256), &t->rng, &record) == VLS_OK);
  bool changed = false;
  for (size_t i = 0; i + 1 < damage.n; i += 2) {
    record.p[(damage.p[i] * 3u) % record.n] ^= damage.p[i + 1];
    changed = true;
  }
  VLS_ASSERT(!changed || !open_record(t, vls_buf_slice(&record)));
  vls_buf_done(&record);
}

/* A contact seals what it likes. */
static void contact(talk *t, vls_slice plain) {
  vls_buf padded, record;
  vls_buf_init(&padded, VLS_RECORD_MAX);
  vls_buf_init(&record, VLS_RECORD_MAX);
  if (vls_buf_put_slice(&padded, plain) == VLS_OK &&
      vls_pad(&padded, VLS_RATCHET_EXTRA) == VLS_OK &&
      vls_ratchet_seal(&t->ana, vls_buf_slice(&padded), &t->rng, &record) == VLS_OK)
    open_record(t, vls_buf_slice(&record));
  vls_buf_done(&padded);
  vls_buf_done(&record);
}

/* Somebody who holds an invitation begins a talk, with whatever bytes for a card. */
static void newcomer(talk *t, vls_slice card) {
  vls_ratchet ratchet;
  vls_x3dh_keys keys;
  vls_buf prefix, opened;
  unsigned index;
  vls_first first;
  vls_card_view view;
  vls_device bao = {.spk_id = 1};
  vls_slice bao_card = vls_slice_str("a card");
  vls_dh_pair ik;
  vls_dh_new(&ik, &t->rng);
  memcpy(bao.dh, t->ik.pub, 32);
  memcpy(bao.spk, t->spk.pub, 32);
  vls_first_conf conf = {.ik = &ik, .card = card, .their_card = bao_card, .their_device = &bao};
  vls_first_keys own = {.ik = &t->ik, .spk = &t->spk, .card = bao_card};
  vls_buf_init(&prefix, VLS_RECORD_MAX);
  vls_buf_init(&opened, VLS_CARD_MAX);
  if (card.n > 0 && card.n <= VLS_CARD_MAX) {
    VLS_ASSERT(vls_first_begin(&conf, &t->rng, &ratchet, &keys, &prefix) == VLS_OK);
    VLS_ASSERT(vls_ratchet_seal(&ratchet, bao_card, &t->rng, &prefix) == VLS_OK);
    VLS_ASSERT(vls_first_parse(&first, vls_buf_slice(&prefix)) == VLS_OK);
    VLS_ASSERT(vls_first_card(&first, &own, &index, &opened) == VLS_OK);
    VLS_ASSERT(vls_slice_eq(vls_buf_slice(&opened), card) && index == 0);
    if (vls_card_open(&view, card) == VLS_OK)
      VLS_ASSERT(vls_first_accept(&first, &own, card, &view.devices[0], &ratchet, &keys) == VLS_OK);
  }
  vls_buf_done(&prefix);
  vls_buf_done(&opened);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  talk t;
  if (n == 0) return 0;
  begin(&t);
  vls_slice rest = vls_slice_of(data + 1, n - 1);
  switch (data[0] % ORIGINS) {
  case FROM_STRANGER: stranger(&t, rest); break;
  case FROM_NETWORK: network(&t, rest); break;
  case FROM_CONTACT: contact(&t, rest); break;
  default: newcomer(&t, rest); break;
  }
  return 0;
}
