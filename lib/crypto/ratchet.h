/* The Double Ratchet with header encryption (PEER 5b; Signal, "The Double Ratchet Algorithm",
 * section 4). A state is a plain value: open works on a copy, and the caller keeps the copy only
 * when header, body and signature all verified. Skipped message keys are handed out, not kept. */
#ifndef VALISE_CRYPTO_RATCHET_H
#define VALISE_CRYPTO_RATCHET_H

#include "crypto/keys.h"
#include "crypto/seal.h"

enum {
  VLS_RATCHET_SKIP = 2000, /* most keys one record may skip */
  VLS_RATCHET_KEEP = 4000, /* most skipped keys kept for a contact (enforced by the store) */
  VLS_RATCHET_SLACK = 500, /* so many fewer are left when some must go */
  VLS_RATCHET_CHAINS = 5,  /* receiving chains whose header keys are kept, the current among them */
  VLS_RATCHET_HEADER = 1 + 32 + 4 + 4, /* version, dh, pn be32, n be32 */
  VLS_RATCHET_EXTRA = VLS_N24 + VLS_RATCHET_HEADER + VLS_TAG + VLS_SEAL_EXTRA, /* 24+57+48 = 129 */
};

/* A receiving chain whose header key is still known. chain numbers count up from 1. */
typedef struct vls_recv_chain {
  uint64_t chain; /* 0: empty slot */
  uint8_t hk[32];
  uint32_t next_n; /* keys of n < next_n were derived: used or skipped */
} vls_recv_chain;

typedef struct vls_ratchet {
  uint8_t th[32]; /* the session: in every record's associated data */
  uint8_t rk[32];
  vls_dh_pair dhs;
  uint8_t dhr[32];
  uint8_t cks[32], ckr[32];
  uint8_t hks[32], nhks[32], nhkr[32];
  uint32_t ns, pns;
  uint64_t chain_count;
  bool can_send, has_dhr;
  vls_recv_chain recv[VLS_RATCHET_CHAINS]; /* recv[0] is the current one, newest first */
} vls_ratchet;

/* A: has sent nothing yet, knows B's signed prekey. Does the first DH turn. VLS_FORGED when spk_b
 * is not canonical or of small order. */
VLS_MUST vls_err vls_ratchet_init_a(vls_ratchet *r, const uint8_t th[32], const uint8_t rk[32],
                                    const uint8_t hk[32], const uint8_t nhk[32],
                                    const uint8_t spk_b[32], vls_rng *rng);
/* B: its signed prekey is its first ratchet key. Can send only after A's first record. */
void vls_ratchet_init_b(vls_ratchet *r, const uint8_t th[32], const uint8_t rk[32],
                        const uint8_t hk[32], const uint8_t nhk[32], const vls_dh_pair *spk_b);
void vls_ratchet_done(vls_ratchet *r);

/* Appends N24 | XChaCha20Poly1305(hk, N24, header) | SEAL(mk, N24, th | sealed header, pt), where
 * the sealed header is the 57 bytes between, that is pt.n + VLS_RATCHET_EXTRA bytes, and steps the
 * sending chain. The new state must be on disk before the record leaves. VLS_STATE when it cannot
 * send yet; VLS_LIMITED after 2^32 - 2 records in one chain; VLS_TOO_BIG at out's max (state
 * unchanged). */
VLS_MUST vls_err vls_ratchet_seal(vls_ratchet *r, vls_slice pt, vls_rng *rng, vls_buf *out);

/* What the header of a record says, once a header key opened it. */
typedef struct vls_ratchet_peek {
  uint64_t chain; /* the receiving chain it belongs to; chain_count + 1: a new one */
  bool turn;      /* it begins a new chain: a DH turn */
  bool old;       /* its key was derived before: look the skipped key (chain, n) up. None kept: it
                     is a duplicate, or its key expired */
  uint8_t dh[32];
  uint32_t pn, n;
  uint32_t skips; /* keys it passes over: what it costs to open it */
} vls_ratchet_peek;
/* VLS_UNKNOWN when no header key opens it, or when one does but the sender is not where this chain
 * left it (it went back to an older state); VLS_MALFORMED when too short, of another version or
 * with impossible counters; VLS_LIMITED when it would skip more than VLS_RATCHET_SKIP keys, in the
 * chain before a turn and in its own together. Does not change r. */
VLS_MUST vls_err vls_ratchet_look(const vls_ratchet *r, vls_slice record, vls_ratchet_peek *ret);

typedef struct vls_skipped {
  uint64_t chain;
  uint32_t n;
  uint8_t mk[32];
} vls_skipped;
/* Keys passed over, at most VLS_RATCHET_SKIP more with each record. Zero it before use. Once its
 * chain has left recv[] a key can't be asked for any more, and need not be kept. */
typedef struct vls_skips {
  vls_skipped *keys;
  size_t n, cap;
} vls_skips;
void vls_skips_done(vls_skips *s); /* wipes, frees, zeroes */

/* Opens a record that vls_ratchet_look read against the same state. `next` is a copy of the state
 * and is changed even on failure: throw it away unless VLS_OK. skipped_mk: the stored key when
 * look->old (never NULL then), else NULL. Appends the plaintext to pt; adds the keys passed over to
 * skips. VLS_FORGED when the body does not open or the new ratchet key is no key; VLS_TOO_BIG at
 * pt's max. On failure pt is as before; what was added to skips goes the way of `next`. */
VLS_MUST vls_err vls_ratchet_open(vls_ratchet *next, const vls_ratchet_peek *look,
                                  const uint8_t *skipped_mk, vls_slice record, vls_rng *rng,
                                  vls_buf *pt, vls_skips *skips);

/* The state as bytes for the store (fixed size, version byte first) and back. VLS_MALFORMED when
 * the bytes are not such a state. */
enum { VLS_RATCHET_STATE = 1 + 32 * 10 + 4 + 4 + 8 + 1 + 1 + VLS_RATCHET_CHAINS * (8 + 32 + 4) };
void vls_ratchet_pack(const vls_ratchet *r, uint8_t out[VLS_RATCHET_STATE]);
VLS_MUST vls_err vls_ratchet_unpack(vls_ratchet *ret, vls_slice in);

#endif
