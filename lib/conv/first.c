#include "conv/first.h"

enum { IDS = 4 + 4, HEAD = 32 + IDS, SEALED_AT = HEAD + VLS_N24 + 2 };

static vls_x3dh_transcript transcript(vls_slice card_a, vls_slice card_b, uint32_t spk_id,
                                      const uint8_t *opk, const uint8_t *ek) {
  return (vls_x3dh_transcript){.suite = VLS_SUITE_1,
                               .card_a = card_a,
                               .card_b = card_b,
                               .spk_id = spk_id,
                               .ek = ek,
                               .opk = vls_slice_of(opk, opk == NULL ? 0 : 32)};
}

static vls_err put_prefix(const vls_first_conf *conf, const vls_dh_pair *ek, const uint8_t key[32],
                          vls_rng *rng, vls_buf *prefix) {
  uint8_t n24[VLS_N24];
  vls_buf plain;
  vls_buf_init(&plain, VLS_CARD_MAX + 1);
  size_t at = prefix->n;
  vls_err err = vls_buf_put_u8(&plain, (uint8_t)conf->device_index);
  if (err == VLS_OK) err = vls_buf_put_slice(&plain, conf->card);
  if (err == VLS_OK) err = vls_buf_put(prefix, ek->pub, 32);
  if (err == VLS_OK) err = vls_buf_put_be32(prefix, conf->their_device->spk_id);
  if (err == VLS_OK) err = vls_buf_put_be32(prefix, conf->opk_id);
  vls_rng_bytes(rng, n24, sizeof n24);
  if (err == VLS_OK) err = vls_buf_put(prefix, n24, sizeof n24);
  if (err == VLS_OK) err = vls_buf_put_be16(prefix, (uint16_t)(plain.n + VLS_SEAL_EXTRA));
  uint8_t *out = err == VLS_OK ? vls_buf_grow(prefix, plain.n + VLS_SEAL_EXTRA) : NULL;
  if (out != NULL)
    vls_seal(out, key, n24, vls_slice_of(prefix->p + at, HEAD), vls_buf_slice(&plain));
  else if (err == VLS_OK)
    err = VLS_TOO_BIG;
  vls_buf_done(&plain);
  return err;
}

vls_err vls_first_begin(const vls_first_conf *conf, vls_rng *rng, vls_ratchet *ret_ratchet,
                        vls_x3dh_keys *ret_keys, vls_buf *prefix) {
  vls_dh_pair ek;
  uint8_t id_key[32];
  const vls_device *b = conf->their_device;
  vls_dh_new(&ek, rng);
  vls_x3dh_transcript t = transcript(conf->card, conf->their_card, b->spk_id, conf->opk, ek.pub);
  vls_err err = vls_x3dh_id_key_a(id_key, &ek, b->dh, b->spk, conf->opk, conf->their_card);
  if (err == VLS_OK) err = vls_x3dh_a(ret_keys, &t, conf->ik, &ek, b->dh, b->spk, conf->opk);
  if (err == VLS_OK)
    err = vls_ratchet_init_a(ret_ratchet, ret_keys->th, ret_keys->rk, ret_keys->hk, ret_keys->nhk,
                             b->spk, rng);
  if (err == VLS_OK) err = put_prefix(conf, &ek, id_key, rng, prefix);
  vls_wipe(&ek, sizeof ek);
  vls_wipe(id_key, sizeof id_key);
  return err;
}

vls_err vls_first_parse(vls_first *ret, vls_slice record) {
  if (record.n < SEALED_AT) return VLS_MALFORMED;
  size_t sealed = vls_be16_get(record.p + HEAD + VLS_N24);
  if (sealed < VLS_SEAL_EXTRA + 2 || sealed > VLS_CARD_MAX + 1 + VLS_SEAL_EXTRA)
    return VLS_MALFORMED;
  if (record.n < SEALED_AT + sealed + VLS_RATCHET_EXTRA) return VLS_MALFORMED;
  *ret = (vls_first){.ek = record.p,
                     .spk_id = vls_be32_get(record.p + 32),
                     .opk_id = vls_be32_get(record.p + 36),
                     .head = {record.p, HEAD},
                     .n24 = {record.p + HEAD, VLS_N24},
                     .sealed = {record.p + SEALED_AT, sealed},
                     .record = {record.p + SEALED_AT + sealed, record.n - SEALED_AT - sealed}};
  return VLS_OK;
}

vls_err vls_first_card(const vls_first *first, const vls_first_keys *keys, unsigned *ret_device,
                       vls_buf *ret_card) {
  uint8_t id_key[32], plain[VLS_CARD_MAX + 1];
  size_t n = first->sealed.n - VLS_SEAL_EXTRA;
  vls_err err = vls_x3dh_id_key_b(id_key, first->ek, keys->ik, keys->spk, keys->opk, keys->card);
  if (err == VLS_OK) err = vls_open(plain, id_key, first->n24.p, first->head, first->sealed);
  if (err == VLS_OK) {
    *ret_device = plain[0];
    err = vls_buf_put(ret_card, plain + 1, n - 1);
  }
  vls_wipe(id_key, sizeof id_key);
  vls_wipe(plain, sizeof plain);
  return err;
}

vls_err vls_first_accept(const vls_first *first, const vls_first_keys *keys, vls_slice their_card,
                         const vls_device *their_device, vls_ratchet *ret_ratchet,
                         vls_x3dh_keys *ret_keys) {
  vls_x3dh_transcript t = transcript(their_card, keys->card, first->spk_id,
                                     keys->opk == NULL ? NULL : keys->opk->pub, first->ek);
  vls_err err =
      vls_x3dh_b(ret_keys, &t, their_device->dh, first->ek, keys->ik, keys->spk, keys->opk);
  if (err != VLS_OK) return err;
  vls_ratchet_init_b(ret_ratchet, ret_keys->th, ret_keys->rk, ret_keys->hk, ret_keys->nhk,
                     keys->spk);
  return VLS_OK;
}
