#include "citizen/card.h"

static vls_err put_signed(vls_buf *out, const vls_sign_pair *pair, vls_sign_ctx ctx,
                          const vls_wire_def *def, const void *msg) {
  vls_buf body;
  vls_buf_init(&body, def->max_bytes);
  vls_err err = vls_wire_encode(def, msg, &body);
  if (err == VLS_OK) {
    vls_signed s = {.body = vls_buf_slice(&body)};
    vls_sign(s.sig, pair, ctx, s.body);
    err = vls_wire_encode(&vls_signed_def, &s, out);
  }
  vls_buf_done(&body);
  return err;
}

vls_err vls_cert_make(vls_buf *out, const vls_sign_pair *identity, const uint8_t sign[32],
                      const uint8_t dh[32], uint64_t created) {
  vls_device_cert cert = {.created = created};
  memcpy(cert.identity, identity->pub, 32);
  memcpy(cert.sign, sign, 32);
  memcpy(cert.dh, dh, 32);
  return put_signed(out, identity, VLS_CTX_DEVICE, &vls_device_cert_def, &cert);
}

vls_err vls_prekey_make(vls_buf *out, const vls_sign_pair *device, uint32_t id,
                        const uint8_t pub[32], uint64_t created) {
  vls_prekey prekey = {.id = id, .created = created};
  memcpy(prekey.pub, pub, 32);
  return put_signed(out, device, VLS_CTX_PREKEY, &vls_prekey_def, &prekey);
}

vls_err vls_card_make(vls_buf *out, const vls_sign_pair *identity, const vls_card *card) {
  return put_signed(out, identity, VLS_CTX_CARD, &vls_card_def, card);
}

vls_err vls_signed_parse(vls_signed *ret, vls_slice bytes) {
  return vls_wire_decode(&vls_signed_def, VLS_WIRE_STRICT, bytes, ret, NULL);
}

/* RFC 7748 section 7: the canonical encodings of points whose order divides 8. */
static const uint8_t small_order[][32] = {
    {0},
    {1},
    {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
     0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
     0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
    {0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1,
     0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c,
     0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
};

vls_err vls_key_check(const uint8_t pub[32]) {
  for (size_t i = 0; i < sizeof small_order / sizeof small_order[0]; i++)
    if (memcmp(pub, small_order[i], 32) == 0) return VLS_FORGED;
  return vls_dh_check(pub);
}

static vls_err verify(const vls_signed *s, const uint8_t pub[32], vls_sign_ctx ctx, bool known) {
  return known ? VLS_OK : vls_verify(s->sig, pub, ctx, s->body);
}

static vls_err open_device(vls_device *ret, const vls_card_device *d, const uint8_t identity[32],
                           bool known) {
  vls_device_cert cert;
  vls_prekey spk;
  vls_err err = verify(&d->cert, identity, VLS_CTX_DEVICE, known);
  if (err == VLS_OK)
    err = vls_wire_decode(&vls_device_cert_def, VLS_WIRE_STRICT, d->cert.body, &cert, NULL);
  if (err == VLS_OK && memcmp(cert.identity, identity, 32) != 0) err = VLS_FORGED;
  if (err == VLS_OK) err = vls_key_check(cert.dh);
  if (err == VLS_OK) err = verify(&d->spk, cert.sign, VLS_CTX_PREKEY, known);
  if (err == VLS_OK)
    err = vls_wire_decode(&vls_prekey_def, VLS_WIRE_STRICT, d->spk.body, &spk, NULL);
  if (err == VLS_OK) err = vls_key_check(spk.pub);
  if (err != VLS_OK) return err;
  memcpy(ret->sign, cert.sign, 32);
  memcpy(ret->dh, cert.dh, 32);
  memcpy(ret->spk, spk.pub, 32);
  ret->spk_id = (uint32_t)spk.id;
  return VLS_OK;
}

static vls_err open_card(vls_card_view *ret, vls_slice signed_card, bool known) {
  vls_signed s;
  if (signed_card.n > VLS_CARD_MAX) return VLS_TOO_BIG;
  vls_err err = vls_signed_parse(&s, signed_card);
  if (err == VLS_OK)
    err = vls_wire_decode(&vls_card_def, VLS_WIRE_STRICT, s.body, &ret->card, NULL);
  if (err == VLS_OK) err = verify(&s, ret->card.identity, VLS_CTX_CARD, known);
  if (err != VLS_OK) return err;
  ret->n_devices = 0;
  for (size_t i = 0; i < ret->card.n_devices; i++) {
    vls_device *device = &ret->devices[i];
    err = open_device(device, &ret->card.devices[i], ret->card.identity, known);
    if (err != VLS_OK) return err;
    if (vls_card_by_dh(ret, device->dh) != NULL || vls_card_by_sign(ret, device->sign) != NULL)
      return VLS_FORGED;
    ret->n_devices++;
  }
  return VLS_OK;
}

vls_err vls_card_open(vls_card_view *ret, vls_slice signed_card) {
  return open_card(ret, signed_card, false);
}

vls_err vls_card_open_known(vls_card_view *ret, vls_slice signed_card) {
  return open_card(ret, signed_card, true);
}

const vls_device *vls_card_by_dh(const vls_card_view *view, const uint8_t dh[32]) {
  for (size_t i = 0; i < view->n_devices; i++)
    if (memcmp(view->devices[i].dh, dh, 32) == 0) return &view->devices[i];
  return NULL;
}

const vls_device *vls_card_by_sign(const vls_card_view *view, const uint8_t sign[32]) {
  for (size_t i = 0; i < view->n_devices; i++)
    if (memcmp(view->devices[i].sign, sign, 32) == 0) return &view->devices[i];
  return NULL;
}
