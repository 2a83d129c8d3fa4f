#include "crypto/epoch.h"

static const uint8_t zeros[32];
static const vls_slice nothing;

enum { HEAD_AT = VLS_N24, BODY_AT = VLS_N24 + VLS_GROUP_HEAD + VLS_TAG };

void vls_epoch_joiner(uint8_t ret_joiner[32], const uint8_t init_base[32],
                      const uint8_t commit_secret[32], vls_slice gctx) {
  uint8_t prk[32];
  vls_hkdf_extract(prk, vls_slice_of(init_base, 32), vls_slice_of(commit_secret, 32));
  vls_xwl(ret_joiner, 32, prk, "joiner", gctx);
  vls_wipe(prk, sizeof prk);
}

void vls_epoch_begin(vls_epoch *ret, const uint8_t joiner[32], vls_slice gctx) {
  uint8_t prk[32], epoch[32];
  vls_hkdf_extract(prk, vls_slice_of(joiner, 32), vls_slice_of(zeros, 32));
  vls_xwl(epoch, 32, prk, "epoch", gctx);
  vls_xwl(ret->encryption, 32, epoch, "encryption", nothing);
  vls_xwl(ret->sender_data, 32, epoch, "sender_data", nothing);
  vls_xwl(ret->confirm, 32, epoch, "confirm", nothing);
  vls_xwl(ret->exporter, 32, epoch, "exporter", nothing);
  vls_xwl(ret->init, 32, epoch, "init", nothing);
  vls_sha256(ret->context, gctx);
  vls_wipe(prk, sizeof prk);
  vls_wipe(epoch, sizeof epoch);
}

void vls_epoch_chain(uint8_t ret_ck[32], const vls_epoch *epoch, uint32_t leaf,
                     const uint8_t device[32]) {
  uint8_t who[4 + 32];
  vls_be32_put(who, leaf);
  memcpy(who + 4, device, 32);
  vls_xwl(ret_ck, 32, epoch->encryption, "sender", vls_slice_of(who, sizeof who));
}

void vls_epoch_confirm(uint8_t ret_tag[32], const vls_epoch *epoch, const uint8_t commit_hash[32]) {
  vls_slice part = vls_slice_of(commit_hash, 32);
  vls_hmac(ret_tag, vls_slice_of(epoch->confirm, 32), &part, 1);
}

static void wrap_keys(uint8_t z[64], const uint8_t shared[32], const uint8_t ephemeral[32],
                      const uint8_t leaf[32], const uint8_t commit_hash[32]) {
  static const char label[] = "valise 1 wrap";
  uint8_t info[sizeof label - 1 + 96];
  memcpy(info, label, sizeof label - 1);
  memcpy(info + sizeof label - 1, ephemeral, 32);
  memcpy(info + sizeof label - 1 + 32, leaf, 32);
  memcpy(info + sizeof label - 1 + 64, commit_hash, 32);
  vls_hkdf(z, 64, nothing, vls_slice_of(shared, 32), vls_slice_of(info, sizeof info));
}

static void wrap_tag(uint8_t tag[32], const uint8_t z[64], const uint8_t hidden[32]) {
  vls_slice part = vls_slice_of(hidden, 32);
  vls_hmac(tag, vls_slice_of(z + 32, 32), &part, 1);
}

static void mix(uint8_t out[32], const uint8_t a[32], const uint8_t b[32]) {
  for (size_t i = 0; i < 32; i++)
    out[i] = a[i] ^ b[i];
}

vls_err vls_wrap(uint8_t ret_wrap[VLS_WRAP], const vls_dh_pair *ephemeral, const uint8_t leaf[32],
                 const uint8_t commit_hash[32], const uint8_t commit_secret[32]) {
  uint8_t shared[32], z[64], tag[32];
  vls_err err = vls_dh(shared, ephemeral->priv, leaf);
  if (err != VLS_OK) return err;
  wrap_keys(z, shared, ephemeral->pub, leaf, commit_hash);
  mix(ret_wrap, commit_secret, z);
  wrap_tag(tag, z, ret_wrap);
  memcpy(ret_wrap + 32, tag, VLS_WRAP_TAG);
  vls_wipe(shared, sizeof shared);
  vls_wipe(z, sizeof z);
  return VLS_OK;
}

vls_err vls_unwrap(uint8_t ret_secret[32], const uint8_t wrap[VLS_WRAP],
                   const uint8_t ephemeral[32], const vls_dh_pair *leaf,
                   const uint8_t commit_hash[32]) {
  uint8_t shared[32], z[64], tag[32];
  vls_err err = vls_dh(shared, leaf->priv, ephemeral);
  if (err != VLS_OK) return err;
  wrap_keys(z, shared, ephemeral, leaf->pub, commit_hash);
  wrap_tag(tag, z, wrap);
  if (!vls_secret_eq(tag, wrap + 32, VLS_WRAP_TAG))
    err = VLS_FORGED;
  else
    mix(ret_secret, wrap, z);
  vls_wipe(shared, sizeof shared);
  vls_wipe(z, sizeof z);
  return err;
}

/* The associated data of the body: which epoch, and the head as sent. */
static void body_ad(uint8_t ad[32 + VLS_GROUP_HEAD + VLS_TAG], const vls_epoch *epoch,
                    const uint8_t *message) {
  memcpy(ad, epoch->context, 32);
  memcpy(ad + 32, message + HEAD_AT, VLS_GROUP_HEAD + VLS_TAG);
}

void vls_group_seal(uint8_t *out, const vls_epoch *epoch, const uint8_t mk[32], vls_group_head head,
                    const uint8_t n24[VLS_N24], vls_slice padded) {
  uint8_t plain[VLS_GROUP_HEAD], ad[32 + VLS_GROUP_HEAD + VLS_TAG];
  memcpy(out, n24, VLS_N24);
  vls_be32_put(plain, head.leaf);
  vls_be32_put(plain + 4, head.generation);
  vls_xchacha_seal(out + HEAD_AT, epoch->sender_data, n24, nothing,
                   vls_slice_of(plain, sizeof plain));
  body_ad(ad, epoch, out);
  vls_seal(out + BODY_AT, mk, n24, vls_slice_of(ad, sizeof ad), padded);
}

vls_err vls_group_look(vls_group_head *ret, const vls_epoch *epoch, vls_slice message) {
  uint8_t plain[VLS_GROUP_HEAD];
  if (message.n < VLS_GROUP_EXTRA) return VLS_MALFORMED;
  vls_slice sealed = vls_slice_of(message.p + HEAD_AT, VLS_GROUP_HEAD + VLS_TAG);
  if (vls_xchacha_open(plain, epoch->sender_data, message.p, nothing, sealed) != VLS_OK)
    return VLS_UNKNOWN;
  *ret = (vls_group_head){vls_be32_get(plain), vls_be32_get(plain + 4)};
  return VLS_OK;
}

vls_err vls_group_open(uint8_t *out, const vls_epoch *epoch, const uint8_t mk[32],
                       vls_slice message) {
  uint8_t ad[32 + VLS_GROUP_HEAD + VLS_TAG];
  if (message.n < VLS_GROUP_EXTRA) return VLS_MALFORMED;
  body_ad(ad, epoch, message.p);
  return vls_open(out, mk, message.p, vls_slice_of(ad, sizeof ad),
                  vls_slice_of(message.p + BODY_AT, message.n - BODY_AT));
}
