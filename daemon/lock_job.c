#include "daemon/lock_job.h"

#include <errno.h>
#include <sys/random.h>

#include "base/assert.h"
#include "base/buf.h"
#include "valise/secret.h"

enum { SCRUB = 48 << 10 };

vls_err vls_job_new(vls_job **ret_job, struct vls_daemon *d, vls_job_kind kind,
                    vls_trouble *ret_why) {
  vls_job *job = vls_secret_new(sizeof *job);
  job->d = d;
  job->kind = kind;
  job->log_fd = -1;
  job->req.data = job;
  if (getrandom(job->seed, sizeof job->seed, 0) != (ssize_t)sizeof job->seed) {
    vls_job_free(job);
    return vls_trouble_set(ret_why, VLS_SYSTEM, "the system gives no random numbers: %s",
                           strerror(errno));
  }
  *ret_job = job;
  return VLS_OK;
}

void vls_job_free(vls_job *job) {
  vls_secret_free(job);
}

void vls_job_take(vls_secret_text *ret, vls_slice passphrase) {
  VLS_ASSERT(passphrase.n <= sizeof ret->p);
  ret->n = passphrase.n;
  if (passphrase.n > 0) memcpy(ret->p, passphrase.p, passphrase.n);
}

bool vls_job_has(const vls_keyfile *keys, vls_keyslot_kind kind) {
  for (size_t i = 0; i < keys->n; i++)
    if (keys->slot[i].kind == kind) return true;
  return false;
}

void vls_job_scrub(void) {
  uint8_t room[SCRUB];
  vls_wipe(room, sizeof room);
}

static vls_slice text_of(const vls_secret_text *text) {
  return vls_slice_of(text->p, text->n);
}

static vls_slice credential_of(const vls_job *job) {
  return vls_slice_of(job->credential, job->n_credential);
}

static vls_err explain(vls_job *job, vls_err err) {
  vls_trouble *why = &job->why;
  switch ((int)err) {
  case VLS_OK: return VLS_OK;
  case VLS_FORGED:
    if (job->passphrase.n == 0)
      return vls_trouble_set(why, err, "the credential of the service does not open this store");
    return vls_trouble_set(why, VLS_PASSPHRASE, "%s", vls_err_text(VLS_PASSPHRASE));
  case VLS_NOT_FOUND:
    vls_trouble_set(why, err, "no passphrase opens this store, only the credential of its service");
    return vls_trouble_hint(why, err, "systemctl restart valised");
  case VLS_SYSTEM:
    vls_trouble_set(why, err,
                    "there is not enough memory: trying a passphrase takes 256 MiB for a "
                    "moment");
    return vls_trouble_hint(why, err, "free -h");
  case VLS_LIMITED:
    return vls_trouble_set(why, err, "the key file has no room for another way to open it");
  case VLS_STATE: return vls_trouble_set(why, err, "nothing else would open the store");
  default: return vls_trouble_set(why, err, "%s", vls_err_text(err));
  }
}

/* Who has a passphrase must say it; where there is none, the credential will do. */
static vls_err open_keys(vls_job *job, size_t *ret_at) {
  if (job->passphrase.n > 0 || vls_job_has(&job->keys, VLS_SLOT_PASSPHRASE))
    return vls_keyslot_open_passphrase(&job->keys, text_of(&job->passphrase), job->key, ret_at);
  return vls_keyslot_open_credential(&job->keys, credential_of(job), job->key, ret_at);
}

static void drop_all(vls_keyfile *keys, vls_keyslot_kind kind, vls_err *err) {
  for (size_t i = keys->n; i-- > 0 && *err == VLS_OK;)
    if (keys->slot[i].kind == kind) *err = vls_keyslot_drop(keys, i);
}

static vls_err change_passphrase(vls_job *job) {
  size_t at = 0;
  vls_err err = open_keys(job, &at);
  if (err != VLS_OK) return err;
  if (job->fresh.n == 0) {
    /* What stays must open, and not only be there. */
    uint8_t key[32];
    err = vls_keyslot_open_credential(&job->keys, credential_of(job), key, NULL);
    vls_wipe(key, sizeof key);
    if (err != VLS_OK) return VLS_STATE;
    drop_all(&job->keys, VLS_SLOT_PASSPHRASE, &err);
    return err;
  }
  if (job->keys.slot[at].kind == VLS_SLOT_PASSPHRASE)
    return vls_keyslot_change(&job->keys, at, job->key, text_of(&job->fresh), VLS_ARGON_MODERATE,
                              job->seed[0]);
  return vls_keyslot_add_passphrase(&job->keys, job->key, text_of(&job->fresh), VLS_ARGON_MODERATE,
                                    job->seed[0]);
}

static vls_err change_credential(vls_job *job) {
  size_t at = 0;
  vls_err err = open_keys(job, &at);
  if (err != VLS_OK) return err;
  if (job->use) /* before the old one goes: a key file is never without a way to open it */
    err = vls_keyslot_add_credential(&job->keys, job->key, credential_of(job), job->seed[0]);
  size_t keep = job->keys.n;
  for (size_t i = job->use ? keep - 1 : keep; i-- > 0 && err == VLS_OK;)
    if (job->keys.slot[i].kind == VLS_SLOT_CREDENTIAL) err = vls_keyslot_drop(&job->keys, i);
  return err;
}

static vls_err make_first(vls_job *job) {
  vls_keyfile_new(&job->keys, job->key, job->seed[1]);
  if (job->fresh.n > 0)
    return vls_keyslot_add_passphrase(&job->keys, job->key, text_of(&job->fresh),
                                      VLS_ARGON_MODERATE, job->seed[0]);
  return vls_keyslot_add_credential(&job->keys, job->key, credential_of(job), job->seed[0]);
}

static vls_err migrate(vls_job *job) {
  vls_migration m = {.paths = job->paths,
                     .keys = &job->keys,
                     .key = job->key,
                     .seed = job->seed[2],
                     .log_fd = job->log_fd};
  return vls_migrate_run(&m, &job->why);
}

static vls_err salvage(vls_job *job) {
  vls_rescue rescue = {.paths = job->paths,
                       .key = job->is_sealed ? job->key : NULL,
                       .uuid = job->is_sealed ? job->keys.uuid : NULL,
                       .seed = &job->seed[0][0],
                       .now_ms = job->now_ms,
                       .look_first = job->look_first,
                       .renew = !job->look_first};
  return vls_rescue_run(&rescue, &job->rescued, &job->why);
}

void vls_job_work(vls_job *job) {
  switch (job->kind) {
  case VLS_JOB_UNLOCK:
    job->err = explain(
        job, vls_keyslot_open_passphrase(&job->keys, text_of(&job->passphrase), job->key, NULL));
    break;
  case VLS_JOB_PASSPHRASE: job->err = explain(job, change_passphrase(job)); break;
  case VLS_JOB_CREDENTIAL: job->err = explain(job, change_credential(job)); break;
  case VLS_JOB_FIRST: job->err = explain(job, make_first(job)); break;
  case VLS_JOB_MIGRATE: job->err = migrate(job); break;
  case VLS_JOB_SALVAGE: job->err = salvage(job); break;
  }
  vls_job_scrub();
}
