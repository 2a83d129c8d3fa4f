#include "citizen/self.h"

#include "base/assert.h"
#include "base/text.h"
#include "crypto/kdf.h"

enum {
  SUITES = 1,
  BEYOND_LOST = 1 << 20, /* cards a lost device can have signed since its backup, were no clock
                            right; else the time is further on */
};

static void load_former(vls_self *self, vls_store *store) {
  static const uint8_t zeros[32];
  vls_former_key key = {0};
  self->n_former = 0;
  while (self->n_former < VLS_FORMER_KEYS && vls_former_next(store, key.number, &key))
    if (memcmp(key.dh_priv, zeros, 32) != 0)
      vls_dh_from_priv(&self->former[self->n_former++], key.dh_priv);
  vls_wipe(&key, sizeof key);
}

bool vls_self_load(vls_self *ret, vls_store *store) {
  vls_self_row row;
  vls_prekey_row spk;
  vls_buf signed_spk;
  *ret = (vls_self){0};
  if (!vls_self_get(store, &row)) return false;
  vls_sign_from_seed(&ret->identity, row.identity_seed);
  vls_sign_from_seed(&ret->device, row.device_seed);
  vls_dh_from_priv(&ret->dh, row.dh_priv);
  memcpy(ret->name, row.name.p, row.name.n < VLS_NAME_MAX ? row.name.n : VLS_NAME_MAX);
  ret->card_seq = row.card_seq;
  vls_buf_init(&ret->card, VLS_CARD_MAX);
  vls_buf_init(&ret->cert, VLS_CARD_MAX);
  vls_err err = vls_buf_put_slice(&ret->card, row.card);
  if (err == VLS_OK) err = vls_buf_put_slice(&ret->cert, row.cert);
  vls_buf_init(&signed_spk, VLS_CARD_MAX);
  if (vls_prekey_newest(store, &spk, &signed_spk)) ret->spk_created = spk.created;
  vls_wipe(&spk, sizeof spk);
  vls_buf_done(&signed_spk);
  vls_self_done(&row);
  load_former(ret, store);
  return err == VLS_OK;
}

static uint32_t new_prekey(vls_self *self, vls_store *store, vls_rng *rng, uint32_t last,
                           uint64_t now_ms, vls_buf *signed_out) {
  vls_dh_pair pair;
  vls_dh_new(&pair, rng);
  vls_prekey_row row = {.id = last + 1, .created = now_ms};
  memcpy(row.priv, pair.priv, 32);
  vls_buf_clear(signed_out);
  vls_err err = vls_prekey_make(signed_out, &self->device, row.id, pair.pub, now_ms);
  VLS_ASSERT(err == VLS_OK);
  vls_prekey_put(store, &row, vls_buf_slice(signed_out));
  self->spk_created = now_ms;
  vls_wipe(&pair, sizeof pair);
  vls_wipe(&row, sizeof row);
  return row.id;
}

/* A new card over the present facts into self->card. */
static void sign_card(vls_self *self, vls_slice spk, const vls_slice *addresses, size_t n) {
  vls_card card = {.version = 1, .seq = self->card_seq, .suites = SUITES, .n_devices = 1};
  memcpy(card.identity, self->identity.pub, 32);
  card.name = vls_slice_str(self->name);
  vls_err err = vls_signed_parse(&card.devices[0].cert, vls_buf_slice(&self->cert));
  if (err == VLS_OK) err = vls_signed_parse(&card.devices[0].spk, spk);
  for (size_t i = 0; i < n && card.n_addresses < 8; i++)
    if (addresses[i].n <= 128) card.addresses[card.n_addresses++] = addresses[i];
  vls_buf_clear(&self->card);
  if (err == VLS_OK) err = vls_card_make(&self->card, &self->identity, &card);
  VLS_ASSERT(err == VLS_OK);
}

/* New keys, certificate, prekey and card into ret; its identity, name and card_seq stand. */
static void make_device(vls_self *ret, vls_store *store, vls_rng *rng, uint32_t last_spk,
                        const vls_slice *addresses, size_t n_addresses, uint64_t now_ms) {
  vls_buf spk;
  vls_sign_new(&ret->device, rng);
  vls_dh_new(&ret->dh, rng);
  vls_buf_init(&ret->card, VLS_CARD_MAX);
  vls_buf_init(&ret->cert, VLS_CARD_MAX);
  vls_err err = vls_cert_make(&ret->cert, &ret->identity, ret->device.pub, ret->dh.pub, now_ms);
  VLS_ASSERT(err == VLS_OK);
  vls_buf_init(&spk, VLS_CARD_MAX);
  new_prekey(ret, store, rng, last_spk, now_ms, &spk);
  sign_card(ret, vls_buf_slice(&spk), addresses, n_addresses);
  vls_buf_done(&spk);
}

static void fill_row(vls_self_row *row, const vls_self *self) {
  *row = (vls_self_row){.name = vls_slice_str(self->name),
                        .cert = vls_buf_slice(&self->cert),
                        .card = vls_buf_slice(&self->card),
                        .card_seq = self->card_seq};
  memcpy(row->identity_seed, self->identity.priv, 32);
  memcpy(row->device_seed, self->device.priv, 32);
  memcpy(row->dh_priv, self->dh.priv, 32);
}

vls_err vls_self_create(vls_self *ret, vls_store *store, vls_slice name, vls_rng *rng,
                        const vls_slice *addresses, size_t n_addresses, uint64_t now_ms) {
  vls_self_row row = {0};
  if (vls_self_get(store, &row)) {
    vls_self_done(&row);
    return VLS_EXISTS;
  }
  if (name.n == 0 || name.n > VLS_NAME_MAX || !vls_utf8_ok(name)) return VLS_MALFORMED;
  *ret = (vls_self){.card_seq = 1};
  memcpy(ret->name, name.p, name.n);
  vls_sign_new(&ret->identity, rng);
  make_device(ret, store, rng, 0, addresses, n_addresses, now_ms);
  fill_row(&row, ret);
  vls_self_put(store, &row);
  vls_wipe(&row, sizeof row);
  return VLS_OK;
}

vls_err vls_self_renew(vls_self *ret, vls_store *store, vls_rng *rng, const vls_slice *addresses,
                       size_t n_addresses, uint64_t now_ms) {
  vls_self old;
  vls_prekey_row spk;
  vls_buf bytes;
  vls_self_row row;
  if (!vls_self_load(&old, store)) return VLS_NOT_FOUND;
  vls_former_key former = {.until = now_ms + VLS_FORMER_MS};
  memcpy(former.sign, old.device.pub, 32);
  memcpy(former.dh_priv, old.dh.priv, 32);
  vls_former_retire(store, &former);
  vls_buf_init(&bytes, VLS_CARD_MAX);
  uint32_t last = vls_prekey_newest(store, &spk, &bytes) ? spk.id : 0;
  vls_former_clear(store, now_ms);
  *ret = (vls_self){.identity = old.identity, .card_seq = old.card_seq + BEYOND_LOST};
  if (now_ms > ret->card_seq) ret->card_seq = now_ms;
  memcpy(ret->name, old.name, sizeof ret->name);
  make_device(ret, store, rng, last, addresses, n_addresses, now_ms);
  fill_row(&row, ret);
  vls_self_replace(store, &row);
  load_former(ret, store);
  vls_wipe(&row, sizeof row);
  vls_wipe(&former, sizeof former);
  vls_wipe(&spk, sizeof spk);
  vls_buf_done(&bytes);
  vls_self_close(&old);
  return VLS_OK;
}

void vls_self_close(vls_self *self) {
  vls_buf_done(&self->card);
  vls_buf_done(&self->cert);
  vls_wipe(self, sizeof *self);
}

static bool same_addresses(const vls_self *self, const vls_slice *addresses, size_t n) {
  vls_card_view view;
  if (vls_card_open(&view, vls_buf_slice(&self->card)) != VLS_OK) return false;
  if (view.card.n_addresses != n) return false;
  for (size_t i = 0; i < n; i++)
    if (!vls_slice_eq(view.card.addresses[i], addresses[i])) return false;
  return true;
}

bool vls_self_refresh(vls_self *self, vls_store *store, vls_rng *rng, const vls_slice *addresses,
                      size_t n_addresses, uint64_t now_ms) {
  bool due = now_ms > self->spk_created + VLS_PREKEY_ROTATE_MS;
  if (!due && same_addresses(self, addresses, n_addresses)) return false;
  vls_prekey_row spk;
  vls_buf signed_spk;
  vls_buf_init(&signed_spk, VLS_CARD_MAX);
  bool found = vls_prekey_newest(store, &spk, &signed_spk);
  if (due || !found) {
    new_prekey(self, store, rng, found ? spk.id : 0, now_ms, &signed_spk);
    if (now_ms > VLS_PREKEY_KEEP_MS) vls_prekey_drop_before(store, now_ms - VLS_PREKEY_KEEP_MS);
  }
  self->card_seq++;
  sign_card(self, vls_buf_slice(&signed_spk), addresses, n_addresses);
  vls_self_set_card(store, self->card_seq, vls_buf_slice(&self->card));
  vls_wipe(&spk, sizeof spk);
  vls_buf_done(&signed_spk);
  return true;
}

void vls_self_drop_formers(vls_self *self, vls_store *store, uint64_t now_ms) {
  vls_former_drop_before(store, now_ms);
  vls_wipe(self->former, sizeof self->former);
  load_former(self, store);
}

void vls_self_overtake(vls_self *self, vls_store *store, const vls_slice *addresses,
                       size_t n_addresses, uint64_t seq) {
  vls_prekey_row spk;
  vls_buf signed_spk;
  if (seq < self->card_seq || seq >= INT64_MAX) return;
  vls_buf_init(&signed_spk, VLS_CARD_MAX);
  if (vls_prekey_newest(store, &spk, &signed_spk)) {
    self->card_seq = seq + 1;
    sign_card(self, vls_buf_slice(&signed_spk), addresses, n_addresses);
    vls_self_set_card(store, self->card_seq, vls_buf_slice(&self->card));
  }
  vls_wipe(&spk, sizeof spk);
  vls_buf_done(&signed_spk);
}
