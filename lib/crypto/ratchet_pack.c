/* A ratchet's state as bytes, and back: the layout the store keeps. */
#include "crypto/ratchet.h"

#include "base/assert.h"

enum { STATE_VERSION = 1, CHAIN_BYTES = 8 + 32 + 4 };

/* The 32-byte fields in the order they are written; dhs is two. */
enum { KEYS = 10 };
_Static_assert(VLS_RATCHET_STATE ==
                   1 + KEYS * 32 + 4 + 4 + 8 + 1 + 1 + VLS_RATCHET_CHAINS * CHAIN_BYTES,
               "the size in the header is the size written");

static void key_fields(vls_ratchet *r, uint8_t *fields[KEYS]) {
  uint8_t *const all[KEYS] = {r->th,  r->rk,  r->dhs.priv, r->dhs.pub, r->dhr,
                              r->cks, r->ckr, r->hks,      r->nhks,    r->nhkr};
  memcpy(fields, all, sizeof all);
}

void vls_ratchet_pack(const vls_ratchet *r, uint8_t out[VLS_RATCHET_STATE]) {
  vls_ratchet copy = *r; /* so that one list of fields serves both ways */
  uint8_t *fields[KEYS], *at = out;
  key_fields(&copy, fields);
  *at++ = STATE_VERSION;
  for (size_t i = 0; i < KEYS; i++, at += 32)
    memcpy(at, fields[i], 32);
  vls_be32_put(at, r->ns);
  vls_be32_put(at + 4, r->pns);
  vls_be64_put(at + 8, r->chain_count);
  at[16] = r->can_send;
  at[17] = r->has_dhr;
  at += 18;
  for (size_t i = 0; i < VLS_RATCHET_CHAINS; i++, at += CHAIN_BYTES) {
    vls_be64_put(at, r->recv[i].chain);
    memcpy(at + 8, r->recv[i].hk, 32);
    vls_be32_put(at + 40, r->recv[i].next_n);
  }
  VLS_ASSERT(at == out + VLS_RATCHET_STATE);
  vls_ratchet_done(&copy);
}

/* The chains count down from the newest without a gap, as long as there were any; the rest is
 * empty. */
static bool chains_ok(const vls_ratchet *r) {
  static const vls_recv_chain empty;
  for (size_t i = 0; i < VLS_RATCHET_CHAINS; i++) {
    const vls_recv_chain *c = &r->recv[i];
    if (i < r->chain_count) {
      if (c->chain != r->chain_count - i) return false;
    } else if (c->chain != 0 || c->next_n != 0 || memcmp(c->hk, empty.hk, sizeof c->hk) != 0) {
      return false;
    }
  }
  return true;
}

/* B has nothing to send on before its first receiving chain; after it both sides have all. */
static bool flags_ok(const vls_ratchet *r) {
  if (r->can_send != r->has_dhr) return false;
  if (!r->can_send) return r->chain_count == 0 && r->ns == 0 && r->pns == 0;
  return vls_dh_check(r->dhr) == VLS_OK;
}

vls_err vls_ratchet_unpack(vls_ratchet *ret, vls_slice in) {
  if (in.n != VLS_RATCHET_STATE || in.p[0] != STATE_VERSION) return VLS_MALFORMED;
  vls_ratchet r = {.chain_count = 0};
  uint8_t *fields[KEYS];
  const uint8_t *at = in.p + 1;
  key_fields(&r, fields);
  for (size_t i = 0; i < KEYS; i++, at += 32)
    memcpy(fields[i], at, 32);
  r.ns = vls_be32_get(at);
  r.pns = vls_be32_get(at + 4);
  r.chain_count = vls_be64_get(at + 8);
  bool flags = at[16] <= 1 && at[17] <= 1;
  r.can_send = at[16] == 1;
  r.has_dhr = at[17] == 1;
  at += 18;
  for (size_t i = 0; i < VLS_RATCHET_CHAINS; i++, at += CHAIN_BYTES) {
    r.recv[i].chain = vls_be64_get(at);
    memcpy(r.recv[i].hk, at + 8, 32);
    r.recv[i].next_n = vls_be32_get(at + 40);
  }
  bool ok = flags && r.ns < UINT32_MAX && r.pns < UINT32_MAX && flags_ok(&r) && chains_ok(&r);
  if (ok) *ret = r;
  vls_ratchet_done(&r);
  return ok ? VLS_OK : VLS_MALFORMED;
}
