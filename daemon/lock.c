#include "daemon/lock.h"

#include <malloc.h>
#include <stdio.h>

#include "base/assert.h"
#include "daemon/daemon.h"
#include "daemon/lock_int.h"
#include "daemon/notify.h"
#include "valise/secret.h"

static const vls_sm_row rows[] = {
    [VLS_LOCK_PLAIN] = {"plain", VLS_BIT(VLS_LOCK_SEALING) | VLS_BIT(VLS_LOCK_SALVAGING)},
    [VLS_LOCK_OPEN] = {"open", VLS_BIT(VLS_LOCK_LOCKING) | VLS_BIT(VLS_LOCK_SALVAGING)},
    [VLS_LOCK_LOCKED] = {"locked", VLS_BIT(VLS_LOCK_UNLOCKING) | VLS_BIT(VLS_LOCK_OPEN) |
                                       VLS_BIT(VLS_LOCK_SALVAGING)},
    [VLS_LOCK_UNLOCKING] = {"unlocking", VLS_BIT(VLS_LOCK_OPEN) | VLS_BIT(VLS_LOCK_LOCKED) |
                                             VLS_BIT(VLS_LOCK_SALVAGING)},
    [VLS_LOCK_LOCKING] = {"locking", VLS_BIT(VLS_LOCK_LOCKED) | VLS_BIT(VLS_LOCK_SALVAGING)},
    [VLS_LOCK_SEALING] = {"sealing", VLS_BIT(VLS_LOCK_OPEN) | VLS_BIT(VLS_LOCK_PLAIN) |
                                         VLS_BIT(VLS_LOCK_SALVAGING)},
    [VLS_LOCK_SALVAGING] = {"salvaging", VLS_BIT(VLS_LOCK_OPEN) | VLS_BIT(VLS_LOCK_PLAIN) |
                                             VLS_BIT(VLS_LOCK_DAMAGED)},
    [VLS_LOCK_DAMAGED] = {"damaged", 0},
};

vls_lock_state vls_lock_state_of(const vls_daemon *d) {
  return (vls_lock_state)d->lock.sm.state;
}

bool vls_lock_is_open(const vls_daemon *d) {
  vls_lock_state state = vls_lock_state_of(d);
  return state == VLS_LOCK_PLAIN || state == VLS_LOCK_OPEN;
}

const char *vls_lock_state_name(const vls_daemon *d) {
  return rows[vls_lock_state_of(d)].name;
}

bool vls_lock_is_sealed(const vls_daemon *d) {
  vls_lock_state state = vls_lock_state_of(d);
  if (state == VLS_LOCK_SALVAGING || state == VLS_LOCK_DAMAGED) return d->lock.keys.n > 0;
  return state != VLS_LOCK_PLAIN && state != VLS_LOCK_SEALING;
}

vls_err vls_lock_refuse(const vls_daemon *d, vls_trouble *ret_why) {
  const vls_trouble *broken = &d->lock.broken;
  vls_lock_state state = vls_lock_state_of(d);
  if (state == VLS_LOCK_SALVAGING || state == VLS_LOCK_DAMAGED)
    return vls_damaged_refuse(d, ret_why);
  if (state == VLS_LOCK_SEALING)
    return vls_trouble_set(ret_why, VLS_BUSY,
                           "the node is encrypting its store; try again when it is done");
  if (broken->what[0] != '\0') {
    *ret_why = *broken;
    return VLS_NODE_LOCKED;
  }
  vls_trouble_set(ret_why, VLS_NODE_LOCKED, "%s", vls_err_text(VLS_NODE_LOCKED));
  return vls_trouble_hint(ret_why, VLS_NODE_LOCKED, "valise unlock");
}

/* --- the key --- */

static void take_key(vls_daemon *d, const uint8_t key[32], const vls_keyfile *keys) {
  d->lock.key = vls_secret_new(32);
  memcpy(d->lock.key, key, 32);
  d->lock.keys = *keys;
}

void vls_lock_forget_key(vls_daemon *d) {
  vls_secret_free(d->lock.key);
  d->lock.key = NULL;
}

/* What is left of words and keys where nobody owns it any more. */
static void clean_up(vls_daemon *d) {
  vls_rpcd_trim(d);
  vls_streams_trim(d);
  vls_wipe(d->read_buffer, VLS_READ_BUFFER);
  vls_job_scrub();
  malloc_trim(0);
}

/* --- opening --- */

static void say_locked(vls_daemon *d) {
  const vls_trouble *broken = &d->lock.broken;
  bool is_broken = broken->what[0] != '\0';
  VLS_LOG(&d->log, is_broken ? VLS_ERROR : VLS_NOTICE, "locked",
          vls_log_s("why", is_broken ? broken->what : "the store is encrypted"),
          vls_log_s("try", is_broken ? broken->hint : "valise unlock"),
          vls_log_s("clients", d->paths.socket));
  vls_notify_ready(is_broken ? "Locked, and cannot be unlocked: valise doctor"
                             : "Locked: valise unlock");
}

vls_err vls_lock_open_node(vls_daemon *d, vls_trouble *why) {
  vls_err err = vls_life_open(d, why);
  if (err != VLS_OK) return err;
  vls_batch_renew(d);
  err = vls_listeners_open(d, why);
  if (err == VLS_OK) return VLS_OK;
  vls_listeners_close(d);
  vls_life_close(d);
  return err;
}

void vls_lock_begin_node(vls_daemon *d, vls_lock_state state) {
  vls_sm_move(&d->lock.sm, state);
  vls_rpcd_introduce(d);
  vls_reach_tell(d, true);
  vls_daemon_announce(d);
}

/* The store is encrypted: whether what is needed to open it is there. */
static vls_err look_for_keys(vls_daemon *d, vls_trouble *why) {
  vls_err err = vls_keys_read(&d->lock.keys, d->paths.keys, why);
  if (err != VLS_NOT_FOUND) return err;
  vls_trouble_set(why, err, "the store is encrypted, and its key file %s is missing",
                  d->paths.keys);
  return vls_trouble_hint(why, err, "put a copy of it back, from a backup of %s", d->paths.keys);
}

static vls_err open_by_credential(vls_daemon *d, vls_trouble *why) {
  uint8_t *credential = vls_secret_new(VLS_CREDENTIAL_ROOM), *key = vls_secret_new(32);
  size_t n = 0;
  vls_err err = vls_keys_credential(credential, &n, why);
  if (err == VLS_OK)
    err = vls_keyslot_open_credential(&d->lock.keys, vls_slice_of(credential, n), key, NULL);
  if (err == VLS_OK)
    take_key(d, key, &d->lock.keys);
  else if (err != VLS_NOT_FOUND)
    VLS_LOG(&d->log, VLS_WARNING, "credential.refused",
            vls_log_s("why", err == VLS_FORGED ? "it does not open this store" : why->what));
  vls_secret_free(credential);
  vls_secret_free(key);
  return err;
}

/* What is there, and whether it can be opened now. VLS_NODE_LOCKED when not; `broken` may say why
 * it never will be. */
static vls_err find_store(vls_daemon *d, vls_store_kind *ret_kind, vls_trouble *why) {
  d->lock.broken.what[0] = d->lock.broken.hint[0] = '\0';
  vls_err err = vls_paths_private_dir(d->paths.data, false, why);
  if (err == VLS_OK) err = vls_rescue_tidy(&d->paths, why);
  if (err == VLS_OK) err = vls_migrate_look(&d->paths, ret_kind, why);
  if (err == VLS_OK) err = vls_migrate_tidy(&d->paths, *ret_kind, why);
  if (err != VLS_OK || *ret_kind == VLS_STORE_PLAIN) return err;
  if (*ret_kind == VLS_STORE_SEALED) {
    err = look_for_keys(d, &d->lock.broken);
    return err == VLS_OK ? VLS_OK : VLS_NODE_LOCKED;
  }
  vls_keyfile keys;
  if (vls_keys_read(&keys, d->paths.keys, why) == VLS_NOT_FOUND) return VLS_OK; /* a new node */
  vls_trouble_set(&d->lock.broken, VLS_NOT_FOUND,
                  "there is a key file %s, but the store %s is missing", d->paths.keys,
                  d->paths.store);
  vls_trouble_hint(&d->lock.broken, VLS_NOT_FOUND,
                   "put a copy of the store back, or remove the key file to begin anew");
  return VLS_NODE_LOCKED;
}

static void on_patience(uv_timer_t *timer) {
  vls_daemon *d = timer->data;
  d->lock.hurry = true;
}

/* A damaged store is no reason not to start: nothing but this makes it better. */
static vls_err begin_or_salvage(vls_daemon *d, vls_trouble *why) {
  vls_err err = vls_life_open(d, why);
  if (err != VLS_DAMAGED) return err;
  vls_lock_damaged(d, why->what);
  return VLS_OK;
}

vls_err vls_lock_start(vls_daemon *d, vls_trouble *ret_why) {
  vls_lock *lock = &d->lock;
  vls_store_kind kind = VLS_STORE_NONE;
  uv_timer_init(&d->loop, &lock->patience);
  lock->patience.data = d;
  vls_sm_init(&lock->sm, rows, sizeof rows / sizeof rows[0], VLS_LOCK_LOCKED);
  vls_err err = find_store(d, &kind, ret_why);
  if (err == VLS_OK && kind != VLS_STORE_SEALED) {
    vls_sm_init(&lock->sm, rows, sizeof rows / sizeof rows[0], VLS_LOCK_PLAIN);
    return begin_or_salvage(d, ret_why);
  }
  vls_trouble no_credential;
  if (err == VLS_OK && open_by_credential(d, &no_credential) != VLS_OK) err = VLS_NODE_LOCKED;
  if (err != VLS_OK) return err == VLS_NODE_LOCKED ? VLS_OK : err;
  err = begin_or_salvage(d, ret_why);
  if (err == VLS_OK && d->core != NULL) vls_sm_move(&lock->sm, VLS_LOCK_OPEN);
  if (err != VLS_OK) vls_lock_forget_key(d);
  if (err != VLS_FORGED) return err;
  lock->broken = *ret_why; /* the key file is another store's: no start will change that */
  return VLS_OK;
}

void vls_lock_told(vls_daemon *d) {
  vls_lock_state state = vls_lock_state_of(d);
  if (d->core != NULL)
    vls_daemon_announce(d);
  else if (state == VLS_LOCK_SALVAGING || state == VLS_LOCK_DAMAGED)
    vls_damaged_say(d);
  else
    say_locked(d);
}

void vls_lock_done(vls_daemon *d) {
  vls_lock_forget_key(d);
}

/* --- calls --- */

static void on_worked(uv_work_t *req, int status);

static void on_work(uv_work_t *req) {
  vls_job_work(req->data);
}

void vls_lock_run_job(vls_daemon *d, vls_job *job) {
  d->lock.job = job;
  int error = uv_queue_work(&d->loop, &job->req, on_work, on_worked);
  VLS_ASSERT(error == 0);
}

/* A job for this call, with the credential if there is one. VLS_BUSY, VLS_LIMITED. */
static vls_err new_job(vls_ask *ask, vls_job_kind kind, vls_job **ret_job) {
  vls_lock *lock = &ask->d->lock;
  uint64_t now = uv_hrtime() / 1000000;
  if (lock->job != NULL)
    return vls_trouble_set(&ask->why, VLS_BUSY, "another passphrase is being tried; one at a time");
  if (now < lock->not_before)
    return vls_trouble_set(&ask->why, VLS_LIMITED,
                           "%u wrong passphrases: the next can be tried in %llu s", lock->wrong,
                           (unsigned long long)((lock->not_before - now + 999) / 1000));
  vls_err err = vls_job_new(ret_job, ask->d, kind, &ask->why);
  if (err != VLS_OK) return err;
  vls_job *job = *ret_job;
  job->client = ask->client;
  job->msgid = ask->msgid;
  job->keys = lock->keys;
  job->paths = &ask->d->paths;
  return VLS_OK;
}

static vls_err begin_job(vls_ask *ask, vls_job *job) {
  ask->later = true;
  vls_lock_run_job(ask->d, job);
  return VLS_OK;
}

vls_err vls_lock_unlock(vls_ask *ask) {
  vls_daemon *d = ask->d;
  const vls_rpc_unlock *p = ask->params;
  vls_store_kind kind;
  vls_job *job;
  if (vls_lock_is_open(d)) return vls_trouble_set(&ask->why, VLS_STATE, "the node is not locked");
  if (vls_lock_state_of(d) == VLS_LOCK_SALVAGING || vls_lock_state_of(d) == VLS_LOCK_DAMAGED)
    return vls_damaged_refuse(d, &ask->why);
  if (vls_lock_state_of(d) != VLS_LOCK_LOCKED)
    return vls_trouble_set(&ask->why, VLS_BUSY, "the node is %s", vls_lock_state_name(d));
  vls_err err = find_store(d, &kind, &ask->why);
  if (err == VLS_NODE_LOCKED) ask->why = d->lock.broken;
  if (err == VLS_OK && kind != VLS_STORE_SEALED) {
    vls_trouble_set(&ask->why, VLS_STATE, "the store is not encrypted any more");
    err = vls_trouble_hint(&ask->why, VLS_STATE, "systemctl --user restart valised");
  }
  if (err == VLS_OK) err = new_job(ask, VLS_JOB_UNLOCK, &job);
  if (err != VLS_OK) return err;
  vls_job_take(&job->passphrase, p->passphrase);
  vls_sm_move(&d->lock.sm, VLS_LOCK_UNLOCKING);
  return begin_job(ask, job);
}

/* Common to both changes: the store is open, and who asks says a passphrase if there is one. */
static vls_err new_change(vls_ask *ask, vls_job_kind kind, bool has_passphrase,
                          vls_slice passphrase, vls_job **ret_job) {
  vls_daemon *d = ask->d;
  bool plain = vls_lock_state_of(d) == VLS_LOCK_PLAIN;
  if (!vls_lock_is_open(d)) return vls_lock_refuse(d, &ask->why);
  bool needs = !plain && vls_job_has(&d->lock.keys, VLS_SLOT_PASSPHRASE);
  if (needs && !has_passphrase)
    return vls_trouble_set(&ask->why, VLS_USAGE, "the present passphrase is needed");
  if (!needs && has_passphrase)
    return vls_trouble_set(&ask->why, VLS_USAGE, "the store has no passphrase yet");
  vls_err err = new_job(ask, plain ? VLS_JOB_FIRST : kind, ret_job);
  if (err != VLS_OK) return err;
  if (has_passphrase) vls_job_take(&(*ret_job)->passphrase, passphrase);
  vls_trouble none;
  err = vls_keys_credential((*ret_job)->credential, &(*ret_job)->n_credential, &none);
  if (err != VLS_OK) (*ret_job)->n_credential = 0;
  return VLS_OK;
}

vls_err vls_lock_passphrase(vls_ask *ask) {
  const vls_rpc_passphrase *p = ask->params;
  vls_job *job;
  if (vls_lock_state_of(ask->d) == VLS_LOCK_PLAIN && !p->has_new)
    return vls_trouble_set(&ask->why, VLS_STATE, "the store has no passphrase");
  vls_err err = new_change(ask, VLS_JOB_PASSPHRASE, p->has_passphrase, p->passphrase, &job);
  if (err != VLS_OK) return err;
  if (p->has_new) vls_job_take(&job->fresh, p->new);
  return begin_job(ask, job);
}

vls_err vls_lock_credential(vls_ask *ask) {
  const vls_rpc_credential *p = ask->params;
  vls_job *job;
  if (vls_lock_state_of(ask->d) == VLS_LOCK_PLAIN && !p->use)
    return vls_trouble_set(&ask->why, VLS_STATE, "the store is not encrypted");
  vls_err err = new_change(ask, VLS_JOB_CREDENTIAL, p->has_passphrase, p->passphrase, &job);
  if (err != VLS_OK) return err;
  job->use = p->use;
  if (p->use && job->n_credential == 0) {
    err = vls_keys_credential(job->credential, &job->n_credential, &ask->why);
    vls_job_free(job);
    return vls_trouble_hint(&ask->why, err, "man valised, about LoadCredentialEncrypted");
  }
  return begin_job(ask, job);
}

vls_err vls_lock_keys(vls_ask *ask) {
  const vls_daemon *d = ask->d;
  vls_rpc_keys keys = {.sealed = vls_lock_is_sealed(d)};
  for (size_t i = 0; keys.sealed && i < d->lock.keys.n; i++)
    if (d->lock.keys.slot[i].kind == VLS_SLOT_PASSPHRASE)
      keys.passphrases++;
    else
      keys.credentials++;
  return vls_wire_encode(&vls_rpc_keys_def, &keys, ask->result);
}

/* --- closing --- */

static void say_goodbye(vls_daemon *d) {
  d->lock.hurry = false;
  vls_listeners_close(d);
  vls_batch_drain(d);
  uv_timer_start(&d->lock.patience, on_patience, VLS_DRAIN_MS, 0);
}

vls_err vls_lock_lock(vls_ask *ask) {
  vls_daemon *d = ask->d;
  vls_lock *lock = &d->lock;
  if (vls_lock_state_of(d) == VLS_LOCK_PLAIN) {
    vls_trouble_set(&ask->why, VLS_STATE, "the store is not encrypted: there is nothing to lock");
    return vls_trouble_hint(&ask->why, VLS_STATE, "valise passphrase");
  }
  if (vls_lock_state_of(d) == VLS_LOCK_LOCKED)
    return vls_trouble_set(&ask->why, VLS_STATE, "the node is locked already");
  if (vls_lock_state_of(d) == VLS_LOCK_SALVAGING || vls_lock_state_of(d) == VLS_LOCK_DAMAGED)
    return vls_damaged_refuse(d, &ask->why);
  if (vls_lock_state_of(d) != VLS_LOCK_OPEN || lock->job != NULL)
    return vls_trouble_set(&ask->why, VLS_BUSY, "a passphrase is being tried; try again shortly");
  lock->client = ask->client;
  lock->msgid = ask->msgid;
  ask->later = true;
  vls_sm_move(&lock->sm, VLS_LOCK_LOCKING);
  say_goodbye(d);
  return VLS_OK;
}

static void close_node(vls_daemon *d) {
  uv_timer_stop(&d->lock.patience);
  vls_streams_drop(d);
  vls_life_close(d);
  vls_batch_renew(d);
  vls_rpcd_part(d);
}

void vls_lock_attend(vls_daemon *d) {
  vls_lock *lock = &d->lock;
  bool closing =
      vls_lock_state_of(d) == VLS_LOCK_LOCKING || vls_lock_state_of(d) == VLS_LOCK_SEALING;
  if (!closing || d->core == NULL || d->draining) return;
  if (d->streams.count > 0 && !lock->hurry) return;
  if (vls_lock_state_of(d) == VLS_LOCK_SEALING) {
    lock->job->log_fd = vls_migrate_open_log(&d->paths);
    close_node(d);
    lock->job->kind = VLS_JOB_MIGRATE;
    vls_lock_run_job(d, lock->job);
    return;
  }
  close_node(d);
  vls_lock_forget_key(d);
  clean_up(d);
  vls_sm_move(&lock->sm, VLS_LOCK_LOCKED);
  say_locked(d);
  vls_calls_answer(d, lock->client, lock->msgid, VLS_OK, &lock->broken);
}

/* --- what a job found --- */

static void count_wrong(vls_daemon *d) {
  vls_lock *lock = &d->lock;
  uint64_t wait = VLS_LOCK_WAIT_MS;
  lock->wrong++;
  VLS_LOG(&d->log, VLS_WARNING, "passphrase.wrong", vls_log_u("in_a_row", lock->wrong));
  if (lock->wrong < VLS_LOCK_FREE_TRIES) return;
  for (unsigned i = VLS_LOCK_FREE_TRIES; i < lock->wrong && wait < VLS_LOCK_WAIT_MAX_MS; i++)
    wait *= 2;
  if (wait > VLS_LOCK_WAIT_MAX_MS) wait = VLS_LOCK_WAIT_MAX_MS;
  lock->not_before = uv_hrtime() / 1000000 + wait;
}

/* The key is the right one. */
static vls_err salvage_unlocked(vls_daemon *d, vls_job *job) {
  vls_lock_damaged(d, job->why.what);
  vls_trouble_set(&job->why, VLS_DAMAGED,
                  "the passphrase is right, but the store is damaged; what can be read of it is "
                  "being saved, and the node goes on with that");
  return vls_trouble_hint(&job->why, VLS_DAMAGED, "valise status, then valise doctor");
}

static vls_err unlocked(vls_daemon *d, vls_job *job) {
  if (job->err == VLS_OK) {
    take_key(d, job->key, &job->keys);
    job->err = vls_lock_open_node(d, &job->why);
    if (job->err == VLS_DAMAGED) return salvage_unlocked(d, job);
    if (job->err != VLS_OK) vls_lock_forget_key(d);
  }
  if (job->err != VLS_OK) {
    vls_sm_move(&d->lock.sm, VLS_LOCK_LOCKED);
    return job->err;
  }
  vls_lock_begin_node(d, VLS_LOCK_OPEN);
  return VLS_OK;
}

static vls_err changed(vls_daemon *d, vls_job *job) {
  if (job->err != VLS_OK) return job->err;
  vls_err err = vls_keys_write(&job->keys, d->paths.keys, &job->why);
  if (err == VLS_OK) d->lock.keys = job->keys;
  VLS_LOG(&d->log, VLS_NOTICE, "keys.changed", vls_log_u("slots", d->lock.keys.n));
  return err;
}

/* Whichever store is there now: the migration ended before its moment, or after it. */
static vls_err migrated(vls_daemon *d, vls_job *job) {
  vls_store_kind kind = VLS_STORE_PLAIN;
  vls_trouble why;
  vls_err err = vls_migrate_look(&d->paths, &kind, &why);
  if (err == VLS_OK && kind == VLS_STORE_SEALED) take_key(d, job->key, &job->keys);
  if (err == VLS_OK) err = vls_lock_open_node(d, &why);
  if (err == VLS_DAMAGED) {
    vls_lock_damaged(d, why.what);
    job->why = why;
    return err;
  }
  if (err != VLS_OK) {
    VLS_LOG(&d->log, VLS_ERROR, "store.lost", vls_log_s("why", why.what));
    d->exit_code = vls_err_exit(err);
    uv_stop(&d->loop);
    job->why = why;
    return err;
  }
  vls_lock_begin_node(d, kind == VLS_STORE_SEALED ? VLS_LOCK_OPEN : VLS_LOCK_PLAIN);
  VLS_LOG(&d->log, job->err == VLS_OK ? VLS_NOTICE : VLS_ERROR, "store.sealed",
          vls_log_s("result", job->err == VLS_OK ? "encrypted" : job->why.what));
  return job->err;
}

static void on_worked(uv_work_t *req, int status) {
  vls_job *job = req->data;
  vls_daemon *d = job->d;
  vls_err err = job->err;
  (void)status; /* a job under way is not cancelled */
  if (err == VLS_PASSPHRASE) count_wrong(d);
  if (err == VLS_OK && job->passphrase.n > 0) d->lock.wrong = 0;
  if (job->kind == VLS_JOB_FIRST && err == VLS_OK && vls_lock_state_of(d) == VLS_LOCK_PLAIN &&
      !d->draining && !d->batch.dead) {
    vls_wipe(&job->fresh, sizeof job->fresh);
    vls_sm_move(&d->lock.sm, VLS_LOCK_SEALING);
    say_goodbye(d);
    return; /* the job goes on */
  }
  d->lock.job = NULL;
  if (job->kind == VLS_JOB_SALVAGE) {
    vls_damaged_saved(d, job);
    vls_job_free(job);
    vls_job_scrub();
    return;
  }
  switch (job->kind) {
  case VLS_JOB_UNLOCK: err = unlocked(d, job); break;
  case VLS_JOB_PASSPHRASE:
  case VLS_JOB_CREDENTIAL: err = changed(d, job); break;
  case VLS_JOB_MIGRATE: err = migrated(d, job); break;
  case VLS_JOB_SALVAGE: break;
  case VLS_JOB_FIRST:
    if (err == VLS_OK) err = vls_trouble_set(&job->why, VLS_STATE, "the node is stopping");
    break;
  }
  vls_calls_answer(d, job->client, job->msgid, err, &job->why);
  vls_job_free(job);
  vls_job_scrub();
}
