/* A citizen with one device, made from a number: every key, and the signed card. */
#ifndef VALISE_TESTS_CITIZEN_MAKE_H
#define VALISE_TESTS_CITIZEN_MAKE_H

#include "vec_hex.h"

#include "citizen/card.h"
#include "crypto/kdf.h"

enum { MADE_AT = 1000, SPK_ID = 7 };

typedef struct citizen {
  vls_rng rng;
  vls_sign_pair identity, device;
  vls_dh_pair dh, spk;
  vls_buf cert, signed_spk, card;
} citizen;

/* The parts of a card: certificate and prekey as a device's, everything else plain. */
static inline vls_card citizen_facts(const citizen *c) {
  vls_card card = {.version = 1, .seq = 1, .suites = 1, .n_devices = 1};
  memcpy(card.identity, c->identity.pub, 32);
  card.name = vls_slice_str("Ana");
  assert_int_equal(vls_signed_parse(&card.devices[0].cert, vls_buf_slice(&c->cert)), VLS_OK);
  assert_int_equal(vls_signed_parse(&card.devices[0].spk, vls_buf_slice(&c->signed_spk)), VLS_OK);
  card.addresses[card.n_addresses++] = vls_slice_str("ana.example:7125");
  return card;
}

static inline void citizen_make(citizen *c, uint8_t number) {
  uint8_t seed[32] = {number};
  *c = (citizen){0};
  vls_rng_init(&c->rng, seed);
  vls_sign_new(&c->identity, &c->rng);
  vls_sign_new(&c->device, &c->rng);
  vls_dh_new(&c->dh, &c->rng);
  vls_dh_new(&c->spk, &c->rng);
  vls_buf_init(&c->cert, VLS_CARD_MAX);
  vls_buf_init(&c->signed_spk, VLS_CARD_MAX);
  vls_buf_init(&c->card, VLS_CARD_MAX);
  assert_int_equal(vls_cert_make(&c->cert, &c->identity, c->device.pub, c->dh.pub, MADE_AT),
                   VLS_OK);
  assert_int_equal(vls_prekey_make(&c->signed_spk, &c->device, SPK_ID, c->spk.pub, MADE_AT),
                   VLS_OK);
  vls_card facts = citizen_facts(c);
  assert_int_equal(vls_card_make(&c->card, &c->identity, &facts), VLS_OK);
}

static inline void citizen_end(citizen *c) {
  vls_buf_done(&c->cert);
  vls_buf_done(&c->signed_spk);
  vls_buf_done(&c->card);
}

#endif
