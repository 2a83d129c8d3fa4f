/* Keys of a group for as long as its roster stays the same: RFC 9420's key schedule (section 8)
 * with a flat roster in place of the tree. Pure functions.
 *
 *   joiner = XWL(Extract(init of the base, commit secret), "joiner", gctx)
 *   epoch  = XWL(Extract(joiner, 0^32), "epoch", gctx); each secret = XWL(epoch, its name, "")
 *
 * Adding only: the commit secret is zeros and the newcomer is handed the joiner, which does not
 * lead back. Removing: a fresh one, wrapped to every leaf that stays. */
#ifndef VALISE_CRYPTO_EPOCH_H
#define VALISE_CRYPTO_EPOCH_H

#include "crypto/kdf.h"
#include "crypto/keys.h"
#include "crypto/seal.h"

enum {
  VLS_WRAP_TAG = 16,
  VLS_WRAP = 32 + VLS_WRAP_TAG, /* a commit secret for one leaf */
  VLS_GROUP_HEAD = 4 + 4,       /* leaf, generation */
  VLS_GROUP_EXTRA = VLS_N24 + VLS_GROUP_HEAD + VLS_TAG + VLS_SEAL_EXTRA,
};

/* Secrets: wipe when used. `encryption` is wiped as soon as every leaf's chain was begun. */
typedef struct vls_epoch {
  uint8_t encryption[32], sender_data[32], confirm[32], exporter[32], init[32];
  uint8_t context[32]; /* SHA256(gctx): no secret */
} vls_epoch;

/* gctx: group id | base epoch | SHA256(sorted control heads) | roster root | suite, by the caller.
 */
void vls_epoch_joiner(uint8_t ret_joiner[32], const uint8_t init_base[32],
                      const uint8_t commit_secret[32], vls_slice gctx);
void vls_epoch_begin(vls_epoch *ret, const uint8_t joiner[32], vls_slice gctx);
/* The chain of one sending device: ck for vls_chain_step. device: its Ed25519 key. */
void vls_epoch_chain(uint8_t ret_ck[32], const vls_epoch *epoch, uint32_t leaf,
                     const uint8_t device[32]);
/* confirm = HMAC(confirm, SHA256(commit without tag and signature)): who computed other keys from
 * the same commit is noticed. */
void vls_epoch_confirm(uint8_t ret_tag[32], const vls_epoch *epoch, const uint8_t commit_hash[32]);

/* Wraps a commit secret to a leaf's X25519 key under the commit's one ephemeral key. z = HKDF(0,
 * DH, "valise 1 wrap" | E | leaf | commit hash, 64) is used once; what is sent is the secret XOR
 * z[0..32) and the first 16 bytes of HMAC(z[32..64), that). VLS_FORGED: a bad key, or not for this
 * leaf. */
VLS_MUST vls_err vls_wrap(uint8_t ret_wrap[VLS_WRAP], const vls_dh_pair *ephemeral,
                          const uint8_t leaf[32], const uint8_t commit_hash[32],
                          const uint8_t commit_secret[32]);
VLS_MUST vls_err vls_unwrap(uint8_t ret_secret[32], const uint8_t wrap[VLS_WRAP],
                            const uint8_t ephemeral[32], const vls_dh_pair *leaf,
                            const uint8_t commit_hash[32]);

/* Who sent it, and with which step of their chain. */
typedef struct vls_group_head {
  uint32_t leaf, generation;
} vls_group_head;

/* message = N24 | XChaCha20Poly1305(sender_data, N24, leaf be32 | generation be32) | SEAL(mk, N24,
 * SHA256(gctx) | head as sent, padded event). Writes padded.n + VLS_GROUP_EXTRA bytes. */
void vls_group_seal(uint8_t *out, const vls_epoch *epoch, const uint8_t mk[32], vls_group_head head,
                    const uint8_t n24[VLS_N24], vls_slice padded);
/* Reads the head. VLS_UNKNOWN: not of this epoch. VLS_MALFORMED: too short. */
VLS_MUST vls_err vls_group_look(vls_group_head *ret, const vls_epoch *epoch, vls_slice message);
/* Writes message.n - VLS_GROUP_EXTRA bytes. VLS_FORGED: out is zeroed then. */
VLS_MUST vls_err vls_group_open(uint8_t *out, const vls_epoch *epoch, const uint8_t mk[32],
                                vls_slice message);

#endif
