#include "citizen/card.h"
#include "crypto/kdf.h"
#include "event/group.h"

/* What others sign for a group: devices, their leaves, and the proof of an invitation. */

vls_err vls_group_cert_check(vls_device_cert *ret, const vls_signed *cert) {
  vls_err err = vls_wire_decode(&vls_device_cert_def, VLS_WIRE_STRICT, cert->body, ret, NULL);
  return err == VLS_OK ? vls_verify(cert->sig, ret->identity, VLS_CTX_DEVICE, cert->body) : err;
}

vls_err vls_group_leaf_check(vls_group_leaf *ret, const vls_signed *cert, const vls_signed *leaf,
                             const uint8_t group[32]) {
  vls_device_cert device;
  vls_err err = vls_group_cert_check(&device, cert);
  if (err == VLS_OK)
    err = vls_wire_decode(&vls_group_leaf_def, VLS_WIRE_STRICT, leaf->body, ret, NULL);
  if (err != VLS_OK) return err;
  if (ret->dh.n != 0 && ret->dh.n != 32) return VLS_MALFORMED;
  if (memcmp(ret->identity, device.identity, 32) != 0 ||
      memcmp(ret->device, device.sign, 32) != 0 || memcmp(ret->group, group, 32) != 0)
    return VLS_FORGED;
  err = vls_verify(leaf->sig, ret->device, VLS_CTX_PREKEY, leaf->body);
  if (err == VLS_OK && ret->dh.n == 32) err = vls_key_check(ret->dh.p);
  return err;
}

vls_err vls_group_leaf_make(vls_buf *out, const vls_sign_pair *device, const uint8_t group[32],
                            const uint8_t identity[32], uint64_t made, const uint8_t *dh) {
  vls_group_leaf leaf = {.made = made};
  vls_signed s;
  vls_buf body;
  memcpy(leaf.group, group, 32);
  memcpy(leaf.identity, identity, 32);
  memcpy(leaf.device, device->pub, 32);
  if (dh != NULL) leaf.dh = vls_slice_of(dh, 32);
  vls_buf_init(&body, vls_group_leaf_def.max_bytes);
  vls_err err = vls_wire_encode(&vls_group_leaf_def, &leaf, &body);
  s.body = vls_buf_slice(&body);
  if (err == VLS_OK) {
    vls_sign(s.sig, device, VLS_CTX_PREKEY, s.body);
    err = vls_wire_encode(&vls_signed_def, &s, out);
  }
  vls_buf_done(&body);
  return err;
}

static void proof_bytes(uint8_t out[64], const uint8_t group[32], const uint8_t who[32]) {
  memcpy(out, group, 32);
  memcpy(out + 32, who, 32);
}

void vls_group_proof_make(uint8_t ret[VLS_SIG], const vls_sign_pair *invite,
                          const uint8_t group[32], const uint8_t who[32]) {
  uint8_t m[64];
  proof_bytes(m, group, who);
  vls_sign(ret, invite, VLS_CTX_INVITE, vls_slice_of(m, sizeof m));
}

vls_err vls_group_proof_check(const uint8_t proof[VLS_SIG], const uint8_t invite[32],
                              const uint8_t group[32], const uint8_t who[32]) {
  uint8_t m[64];
  proof_bytes(m, group, who);
  return vls_verify(proof, invite, VLS_CTX_INVITE, vls_slice_of(m, sizeof m));
}

void vls_group_knock_key(uint8_t ret_key[32], const uint8_t invite[32], const uint8_t group[32]) {
  vls_xwl(ret_key, 32, invite, "group knock", vls_slice_of(group, 32));
}

vls_err vls_group_ask_check(const vls_group_ask *ask, const uint8_t group[32],
                            vls_device_cert *ret) {
  vls_group_leaf leaf;
  vls_card_view view;
  vls_err err = vls_group_cert_check(ret, &ask->cert);
  if (err == VLS_OK) err = vls_group_leaf_check(&leaf, &ask->cert, &ask->leaf, group);
  if (err == VLS_OK && leaf.dh.n == 0) err = VLS_MALFORMED;
  if (err == VLS_OK) err = vls_group_proof_check(ask->proof, ask->key, group, ret->identity);
  if (err == VLS_OK) err = vls_card_open(&view, ask->card);
  if (err != VLS_OK) return err;
  const vls_device *device = vls_card_by_sign(&view, ret->sign);
  bool same = memcmp(view.card.identity, ret->identity, 32) == 0 && device != NULL &&
              memcmp(device->dh, ret->dh, 32) == 0;
  return same ? VLS_OK : VLS_FORGED;
}

vls_err vls_group_receipt_make(vls_buf *out, const vls_sign_pair *device, const uint8_t group[32],
                               uint64_t made, const vls_group_held *held, size_t n) {
  vls_group_receipt receipt = {.made = made, .n_held = n};
  vls_signed s;
  vls_buf body;
  memcpy(receipt.group, group, 32);
  memcpy(receipt.device, device->pub, 32);
  if (n > 0) memcpy(receipt.held, held, n * sizeof *held);
  vls_buf_init(&body, vls_group_receipt_def.max_bytes);
  vls_err err = vls_wire_encode(&vls_group_receipt_def, &receipt, &body);
  s.body = vls_buf_slice(&body);
  if (err == VLS_OK) {
    vls_sign(s.sig, device, VLS_CTX_GROUP_RECEIPT, s.body);
    err = vls_wire_encode(&vls_signed_def, &s, out);
  }
  vls_buf_done(&body);
  return err;
}

vls_err vls_group_receipt_check(vls_group_receipt *ret, vls_slice receipt,
                                const uint8_t group[32]) {
  vls_signed s;
  vls_err err = vls_signed_parse(&s, receipt);
  if (err == VLS_OK)
    err = vls_wire_decode(&vls_group_receipt_def, VLS_WIRE_STRICT, s.body, ret, NULL);
  if (err != VLS_OK) return err;
  for (size_t i = 0; i < ret->n_held; i++)
    if (ret->held[i].from > ret->held[i].to) return VLS_MALFORMED;
  if (memcmp(ret->group, group, 32) != 0) return VLS_FORGED;
  return vls_verify(s.sig, ret->device, VLS_CTX_GROUP_RECEIPT, s.body);
}
