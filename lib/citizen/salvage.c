/* A damaged store becomes a whole one again, of the same citizen. */
#include "valise/salvage.h"

#include "base/assert.h"
#include "citizen/self.h"
#include "crypto/kdf.h"
#include "store/contacts.h"
#include "store/salvage.h"

enum { SEED = 32 }; /* one each for reading, writing and new keys: none may draw what another did */

static vls_err open_store(vls_store **ret, const vls_salvage_conf *conf, const char **ret_why) {
  if (conf->key == NULL) return vls_store_open(ret, conf->path, conf->seed, 0, ret_why);
  return vls_store_open_sealed(ret, conf->path, conf->key, conf->uuid, conf->seed, 0, ret_why);
}

vls_err vls_salvage_check(const vls_salvage_conf *conf, const char **ret_why) {
  vls_store *store = NULL;
  vls_err err = open_store(&store, conf, ret_why);
  if (err == VLS_OK) err = vls_store_verify(store);
  vls_store_close(store);
  return err;
}

/* The identity is right when its card says so, and nobody else could have made that. */
static bool self_is_right(vls_store *store) {
  vls_self self;
  vls_card_view view;
  if (!vls_self_load(&self, store)) return false;
  bool right = vls_card_open(&view, vls_buf_slice(&self.card)) == VLS_OK &&
               memcmp(view.card.identity, self.identity.pub, 32) == 0;
  vls_self_close(&self);
  return right;
}

/* Of one device alone it is plain which one the events are of; of another one the number stays
 * taken. */
static void mend_chains(vls_store *store, uint64_t contact) {
  vls_buf card;
  vls_card_view view;
  uint64_t number;
  vls_buf_init(&card, VLS_CARD_MAX);
  bool known = vls_contact_card(store, contact, &card) &&
               vls_card_open(&view, vls_buf_slice(&card)) == VLS_OK && view.n_devices == 1;
  while (vls_salvage_lost_chain(store, contact, &number) && vls_store_error(store) == VLS_OK) {
    uint8_t device[32] = {0};
    vls_be64_put(device + 24, number);
    vls_chain_row row = {0};
    if (known) vls_chain_get(store, contact, view.devices[0].sign, &row);
    if (known && row.number == 0) memcpy(device, view.devices[0].sign, 32);
    vls_salvage_chain(store, contact, number, device);
  }
  vls_buf_done(&card);
}

static void mend_all_chains(vls_store *store) {
  vls_contact_row row = {0};
  while (vls_contact_next(store, row.id, &row))
    mend_chains(store, row.id);
  vls_wipe(&row, sizeof row);
}

static vls_err renew(vls_store *store, const vls_salvage_conf *conf) {
  vls_self self;
  vls_rng rng;
  vls_rng_init(&rng, conf->seed + 2 * (size_t)SEED);
  vls_err err = vls_self_renew(&self, store, &rng, NULL, 0, conf->now_ms);
  if (err == VLS_OK) vls_self_close(&self);
  vls_rng_done(&rng);
  return err;
}

static vls_err fill(vls_store *to, const vls_salvage_conf *conf, vls_salvage_report *ret,
                    const char **ret_why) {
  vls_err err = vls_salvage_rows(conf, to, ret);
  if (err != VLS_OK) return err;
  if (!self_is_right(to)) {
    *ret_why = "the keys of the identity are on a damaged page";
    return VLS_NOT_FOUND;
  }
  ret->renew = ret->renew || conf->renew;
  vls_salvage_mend(to, conf->now_ms, ret);
  mend_all_chains(to);
  if (ret->renew) err = renew(to, conf);
  if (err != VLS_OK) return err;
  vls_salvage_put(to, ret, conf->now_ms);
  err = vls_store_commit(to);
  if (err == VLS_OK) err = vls_store_verify(to);
  return err == VLS_OK ? vls_store_fold(to) : err;
}

vls_err vls_salvage_run(const vls_salvage_conf *conf, vls_salvage_report *ret,
                        const char **ret_why) {
  vls_store *to = NULL;
  const char *ignored = NULL;
  if (ret_why == NULL) ret_why = &ignored;
  *ret = (vls_salvage_report){0};
  vls_err err =
      vls_store_open_copy(&to, conf->out_path, conf->key, conf->uuid, conf->seed + SEED, ret_why);
  if (err == VLS_OK) err = fill(to, conf, ret, ret_why);
  vls_store_close(to);
  return err;
}
