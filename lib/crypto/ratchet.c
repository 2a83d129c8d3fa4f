#include "crypto/ratchet.h"

#include <stdlib.h>

#include "base/assert.h"
#include "crypto/kdf.h"

enum {
  HEADER_VERSION = 1,
  SEALED_HEADER = VLS_RATCHET_HEADER + VLS_TAG,
  BODY_AT = VLS_N24 + SEALED_HEADER,
};
/* Records a chain may have: n of the last is one less, and next_n never wraps. */
#define CHAIN_MAX (UINT32_MAX - 1)

static vls_slice key_slice(const uint8_t key[32]) {
  return vls_slice_of(key, 32);
}

/* KDF_RK of PEER 5b: a DH result turns the root key, begins a chain, names the next header key. */
static vls_err turn_root(uint8_t rk[32], const vls_dh_pair *own, const uint8_t peer[32],
                         uint8_t ret_ck[32], uint8_t ret_nhk[32]) {
  uint8_t dh[32], out[3][32];
  vls_err err = vls_dh(dh, own->priv, peer);
  if (err != VLS_OK) return err;
  vls_hkdf(out[0], sizeof out, key_slice(rk), key_slice(dh), vls_slice_str("valise 1 dr.root"));
  memcpy(rk, out[0], 32);
  memcpy(ret_ck, out[1], 32);
  memcpy(ret_nhk, out[2], 32);
  vls_wipe(dh, sizeof dh);
  vls_wipe(out, sizeof out);
  return VLS_OK;
}

vls_err vls_ratchet_init_a(vls_ratchet *r, const uint8_t th[32], const uint8_t rk[32],
                           const uint8_t hk[32], const uint8_t nhk[32], const uint8_t spk_b[32],
                           vls_rng *rng) {
  *r = (vls_ratchet){.can_send = true, .has_dhr = true};
  memcpy(r->th, th, sizeof r->th);
  memcpy(r->rk, rk, sizeof r->rk);
  memcpy(r->dhr, spk_b, sizeof r->dhr);
  memcpy(r->hks, hk, sizeof r->hks);
  memcpy(r->nhkr, nhk, sizeof r->nhkr);
  vls_dh_new(&r->dhs, rng);
  vls_err err = turn_root(r->rk, &r->dhs, r->dhr, r->cks, r->nhks);
  if (err != VLS_OK) vls_ratchet_done(r);
  return err;
}

void vls_ratchet_init_b(vls_ratchet *r, const uint8_t th[32], const uint8_t rk[32],
                        const uint8_t hk[32], const uint8_t nhk[32], const vls_dh_pair *spk_b) {
  *r = (vls_ratchet){.dhs = *spk_b};
  memcpy(r->th, th, sizeof r->th);
  memcpy(r->rk, rk, sizeof r->rk);
  memcpy(r->nhks, nhk, sizeof r->nhks);
  memcpy(r->nhkr, hk, sizeof r->nhkr);
}

void vls_ratchet_done(vls_ratchet *r) {
  vls_wipe(r, sizeof *r);
}

/* The body's associated data: th | sealed header. */
static void body_ad(uint8_t ad[32 + SEALED_HEADER], const vls_ratchet *r,
                    const uint8_t *sealed_header) {
  memcpy(ad, r->th, 32);
  memcpy(ad + 32, sealed_header, SEALED_HEADER);
}

vls_err vls_ratchet_seal(vls_ratchet *r, vls_slice pt, vls_rng *rng, vls_buf *out) {
  if (!r->can_send) return VLS_STATE;
  if (r->ns >= CHAIN_MAX) return VLS_LIMITED;
  if (pt.n > SIZE_MAX - VLS_RATCHET_EXTRA) return VLS_TOO_BIG;
  uint8_t *n24 = vls_buf_grow(out, pt.n + VLS_RATCHET_EXTRA);
  if (n24 == NULL) return VLS_TOO_BIG;
  uint8_t *sealed_header = n24 + VLS_N24;
  uint8_t header[VLS_RATCHET_HEADER], ad[32 + SEALED_HEADER], mk[32];
  header[0] = HEADER_VERSION;
  memcpy(header + 1, r->dhs.pub, 32);
  vls_be32_put(header + 33, r->pns);
  vls_be32_put(header + 37, r->ns);
  vls_rng_bytes(rng, n24, VLS_N24);
  vls_xchacha_seal(sealed_header, r->hks, n24, (vls_slice){NULL, 0},
                   vls_slice_of(header, sizeof header));
  body_ad(ad, r, sealed_header);
  vls_chain_step(r->cks, mk);
  vls_seal(n24 + BODY_AT, mk, n24, vls_slice_of(ad, sizeof ad), pt);
  vls_wipe(mk, sizeof mk);
  r->ns++;
  return VLS_OK;
}

static bool open_header(uint8_t header[VLS_RATCHET_HEADER], const uint8_t hk[32],
                        vls_slice record) {
  return vls_xchacha_open(header, hk, record.p, (vls_slice){NULL, 0},
                          vls_slice_of(record.p + VLS_N24, SEALED_HEADER)) == VLS_OK;
}

enum { NEW_CHAIN = VLS_RATCHET_CHAINS, NO_CHAIN };

/* Which key opens the header: an index into recv, NEW_CHAIN or NO_CHAIN. The likely ones first. */
static unsigned find_chain(const vls_ratchet *r, vls_slice record,
                           uint8_t header[VLS_RATCHET_HEADER]) {
  if (r->recv[0].chain != 0 && open_header(header, r->recv[0].hk, record)) return 0;
  if (open_header(header, r->nhkr, record)) return NEW_CHAIN;
  for (unsigned i = 1; i < VLS_RATCHET_CHAINS && r->recv[i].chain != 0; i++)
    if (open_header(header, r->recv[i].hk, record)) return i;
  return NO_CHAIN;
}

/* Keys that record n = look->n of a chain passes over, in its own chain and, on a turn, at the end
 * of the one before. */
static uint64_t skips_of(const vls_ratchet *r, const vls_ratchet_peek *look) {
  const vls_recv_chain *now = &r->recv[0];
  if (look->old) return 0;
  if (!look->turn) return look->n - now->next_n;
  uint64_t before = now->chain != 0 && look->pn > now->next_n ? look->pn - now->next_n : 0;
  return before + look->n;
}

vls_err vls_ratchet_look(const vls_ratchet *r, vls_slice record, vls_ratchet_peek *ret) {
  if (record.n < VLS_RATCHET_EXTRA) return VLS_MALFORMED;
  uint8_t header[VLS_RATCHET_HEADER];
  unsigned found = find_chain(r, record, header);
  if (found == NO_CHAIN) return VLS_UNKNOWN;
  vls_ratchet_peek look = {.pn = vls_be32_get(header + 33), .n = vls_be32_get(header + 37)};
  memcpy(look.dh, header + 1, sizeof look.dh);
  if (header[0] != HEADER_VERSION || look.pn > CHAIN_MAX || look.n >= CHAIN_MAX)
    return VLS_MALFORMED;
  if (found == NEW_CHAIN) {
    look.turn = true;
    look.chain = r->chain_count + 1;
    if (r->chain_count == 0 && look.pn != 0) return VLS_MALFORMED; /* there was no chain before */
  } else {
    const vls_recv_chain *c = &r->recv[found];
    look.chain = c->chain;
    look.old = found != 0 || look.n < c->next_n;
    /* A sender that went back to an old state and on from there: nobody here has that key. */
    if (found != 0 && look.n >= c->next_n) return VLS_UNKNOWN;
    if (found == 0 && memcmp(look.dh, r->dhr, sizeof look.dh) != 0) return VLS_UNKNOWN;
  }
  uint64_t skips = skips_of(r, &look);
  if (skips > VLS_RATCHET_SKIP) return VLS_LIMITED;
  look.skips = (uint32_t)skips;
  *ret = look;
  return VLS_OK;
}

void vls_skips_done(vls_skips *s) {
  if (s->keys != NULL) vls_wipe(s->keys, s->cap * sizeof *s->keys);
  free(s->keys);
  *s = (vls_skips){0};
}

static void skips_reserve(vls_skips *s, size_t more) {
  if (more <= s->cap - s->n) return;
  vls_skips larger = {.n = s->n, .cap = s->n + more};
  larger.keys = vls_calloc(larger.cap, sizeof *larger.keys);
  if (s->n > 0) memcpy(larger.keys, s->keys, s->n * sizeof *s->keys);
  vls_skips_done(s);
  *s = larger;
}

/* Steps the current receiving chain up to, not including, n; every key passed over goes to skips.
 */
static void skip_to(vls_ratchet *r, uint32_t n, vls_skips *skips) {
  vls_recv_chain *c = &r->recv[0];
  for (; c->next_n < n; c->next_n++) {
    vls_skipped *key = &skips->keys[skips->n++];
    key->chain = c->chain;
    key->n = c->next_n;
    vls_chain_step(r->ckr, key->mk);
  }
}

/* DHRatchetHE of the specification: the peer's new key begins a receiving chain, and ours, made
 * now, the sending chain that answers it. */
static vls_err dh_turn(vls_ratchet *r, const uint8_t dh[32], vls_rng *rng) {
  memmove(&r->recv[1], &r->recv[0], sizeof r->recv - sizeof r->recv[0]);
  r->recv[0] = (vls_recv_chain){.chain = ++r->chain_count};
  memcpy(r->recv[0].hk, r->nhkr, 32);
  memcpy(r->hks, r->nhks, 32);
  memcpy(r->dhr, dh, sizeof r->dhr);
  r->has_dhr = true;
  r->pns = r->ns;
  r->ns = 0;
  vls_err err = turn_root(r->rk, &r->dhs, r->dhr, r->ckr, r->nhkr);
  if (err != VLS_OK) return err;
  vls_dh_new(&r->dhs, rng);
  r->can_send = true;
  return turn_root(r->rk, &r->dhs, r->dhr, r->cks, r->nhks);
}

/* Steps the state to the record's key. */
static vls_err reach(vls_ratchet *r, const vls_ratchet_peek *look, vls_rng *rng, vls_skips *skips,
                     uint8_t ret_mk[32]) {
  uint64_t n = skips_of(r, look);
  VLS_ASSERT(n <= VLS_RATCHET_SKIP && look->chain == r->chain_count + (look->turn ? 1 : 0));
  skips_reserve(skips, (size_t)n);
  if (look->turn) {
    if (r->chain_count > 0) skip_to(r, look->pn, skips);
    vls_err err = dh_turn(r, look->dh, rng);
    if (err != VLS_OK) return err;
  }
  skip_to(r, look->n, skips);
  vls_chain_step(r->ckr, ret_mk);
  r->recv[0].next_n++;
  return VLS_OK;
}

vls_err vls_ratchet_open(vls_ratchet *next, const vls_ratchet_peek *look, const uint8_t *skipped_mk,
                         vls_slice record, vls_rng *rng, vls_buf *pt, vls_skips *skips) {
  VLS_ASSERT(look->old == (skipped_mk != NULL) && record.n >= VLS_RATCHET_EXTRA);
  uint8_t mk[32], ad[32 + SEALED_HEADER];
  if (look->old) {
    memcpy(mk, skipped_mk, sizeof mk);
  } else {
    vls_err err = reach(next, look, rng, skips, mk);
    if (err != VLS_OK) return err;
  }
  size_t n = record.n - VLS_RATCHET_EXTRA;
  uint8_t *out = vls_buf_grow(pt, n);
  vls_err err = VLS_TOO_BIG;
  if (out != NULL) {
    body_ad(ad, next, record.p + VLS_N24);
    err = vls_open(out, mk, record.p, vls_slice_of(ad, sizeof ad),
                   vls_slice_of(record.p + BODY_AT, record.n - BODY_AT));
    if (err != VLS_OK) pt->n -= n;
  }
  vls_wipe(mk, sizeof mk);
  return err;
}
