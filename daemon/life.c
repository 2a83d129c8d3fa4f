#include "daemon/life.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "daemon/daemon.h"

enum { SEED_BYTES = 32 };

static vls_err draw(uint8_t seed[SEED_BYTES], vls_trouble *why) {
  if (getrandom(seed, SEED_BYTES, 0) == SEED_BYTES) return VLS_OK;
  return vls_trouble_set(why, VLS_SYSTEM, "the system gives no random numbers: %s",
                         strerror(errno));
}

static vls_err open_file(vls_daemon *d, const char **reason, vls_trouble *why) {
  unsigned cache = (unsigned)vls_config_num(&d->config, VLS_KEY_STORE_CACHE_KIB);
  const vls_lock *lock = &d->lock;
  uint8_t seed[SEED_BYTES];
  vls_err err = draw(seed, why);
  if (err != VLS_OK) return err;
  if (lock->key == NULL)
    err = vls_store_open(&d->store, d->paths.store, seed, cache, reason);
  else
    err = vls_store_open_sealed(&d->store, d->paths.store, lock->key, lock->keys.uuid, seed, cache,
                                reason);
  vls_wipe(seed, sizeof seed);
  return err;
}

static vls_err open_store(vls_daemon *d, vls_trouble *why) {
  const char *reason = NULL;
  vls_err err = open_file(d, &reason, why);
  if (err == VLS_OK || err == VLS_SYSTEM) return err;
  if (err == VLS_LOCKED || err == VLS_FULL) reason = NULL; /* the same in other words */
  vls_trouble_set(why, err, "cannot open the store %s: %s%s%s", d->paths.store, vls_err_text(err),
                  reason != NULL ? ": " : "", reason != NULL ? reason : "");
  if (err == VLS_LOCKED)
    return vls_trouble_hint(why, err, "valise status, or systemctl --user stop valised");
  if (err == VLS_FULL) return vls_trouble_hint(why, err, "df -h %s", d->paths.data);
  return err;
}

/* A full disk is no reason not to read. */
static vls_err prove_store(vls_daemon *d, vls_trouble *why) {
  vls_err err = vls_store_prove(d->store);
  if (err == VLS_FULL) {
    vls_store_rollback(d->store);
    d->room.failed = true;
    return VLS_OK;
  }
  if (err == VLS_OK) return err;
  return vls_trouble_set(why, err, "cannot write the store %s: %s: %s", d->paths.store,
                         vls_err_text(err), vls_store_problem(d->store));
}

static vls_err open_core(vls_daemon *d, vls_trouble *why) {
  uint8_t seed[SEED_BYTES];
  vls_err err = draw(seed, why);
  if (err != VLS_OK) return err;
  vls_core_conf conf = {
      .store = d->store,
      .seed = seed,
      .version = VALISE_VERSION,
      .items_per_event = (unsigned)vls_config_num(&d->config, VLS_KEY_DIRECT_ITEMS_PER_EVENT),
      .random_first = !vls_config_yes(&d->config, VLS_KEY_DIAL_PRINTABLE),
      .no_read_receipts = !vls_config_yes(&d->config, VLS_KEY_DIRECT_READ_RECEIPTS),
      .history_max = vls_config_num(&d->config, VLS_KEY_LIMITS_CONTACT_MIB) << 20,
      .no_room = d->room.low,
  };
  err = vls_core_new(&d->core, &conf, vls_batch_now());
  vls_wipe(seed, sizeof seed);
  if (err == VLS_OK) return VLS_OK;
  return vls_trouble_set(why, err, "cannot read the store %s: %s: %s", d->paths.store,
                         vls_err_text(err), vls_store_problem(d->store));
}

vls_err vls_life_open(vls_daemon *d, vls_trouble *ret_why) {
  vls_room_before(d);
  vls_err err = open_store(d, ret_why);
  if (err == VLS_OK) err = prove_store(d, ret_why);
  if (err == VLS_OK) vls_room_measure(d);
  if (err == VLS_OK) err = open_core(d, ret_why);
  if (err != VLS_OK) vls_life_close(d);
  return err;
}

void vls_life_close(vls_daemon *d) {
  vls_core_free(d->core);
  vls_store_close(d->store);
  d->core = NULL;
  d->store = NULL;
}

/* What is on the disk is saved first, beside the loop; the lock goes on from there. */
static void salvage(vls_daemon *d, const char *what) {
  vls_batch_renew(d);
  vls_lock_damaged(d, what);
}

void vls_life_renew(vls_daemon *d) {
  vls_trouble why;
  bool damaged = d->batch.damaged;
  vls_trouble_set(&why, VLS_DAMAGED, "%s", vls_store_problem(d->store));
  vls_streams_drop(d);
  vls_rpcd_renew(d);
  vls_life_close(d);
  vls_err err = damaged ? VLS_DAMAGED : vls_life_open(d, &why);
  if (err == VLS_DAMAGED) {
    salvage(d, why.what);
    return;
  }
  if (err != VLS_OK) {
    VLS_LOG(&d->log, VLS_ERROR, "store.lost", vls_log_s("why", why.what));
    d->exit_code = vls_err_exit(err);
    uv_stop(&d->loop);
    return;
  }
  vls_batch_renew(d);
  VLS_LOG(&d->log, VLS_NOTICE, "store.again", vls_log_s("data", d->paths.data));
  vls_rpcd_introduce(d);
  vls_reach_tell(d, true);
  vls_room_tell(d);
}
