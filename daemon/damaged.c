/* The store is damaged. A new start would only find it so again; what can be read of it is saved,
 * and the node goes on with that. When it cannot be, the node stays, to say why. */
#include <stdio.h>

#include "daemon/daemon.h"
#include "daemon/lock_int.h"
#include "daemon/notify.h"

void vls_damaged_say(vls_daemon *d) {
  const vls_trouble *broken = &d->lock.broken;
  if (vls_lock_state_of(d) == VLS_LOCK_SALVAGING) {
    vls_notify_ready("The store is damaged: saving what can be read of it");
    return;
  }
  VLS_LOG(&d->log, VLS_ERROR, "damaged", vls_log_s("why", broken->what),
          vls_log_s("try", broken->hint), vls_log_s("clients", d->paths.socket));
  vls_notify_ready("The store is damaged, and cannot be saved: valise doctor");
}

vls_err vls_damaged_refuse(const vls_daemon *d, vls_trouble *ret_why) {
  if (vls_lock_state_of(d) == VLS_LOCK_SALVAGING) {
    vls_trouble_set(ret_why, VLS_BUSY,
                    "the store is damaged, and what can be read of it is being saved; try again "
                    "when it is done");
    return vls_trouble_hint(ret_why, VLS_BUSY, "valise status");
  }
  *ret_why = d->lock.broken;
  return VLS_DAMAGED;
}

/* It stays as it is. */
static void give_up(vls_daemon *d, const vls_trouble *why) {
  vls_sm_move(&d->lock.sm, VLS_LOCK_DAMAGED);
  vls_lock_forget_key(d);
  d->lock.broken = *why;
  if (d->rpcd.open) vls_damaged_say(d); /* else it follows when that is */
}

/* Whoever waited for the node to be locked, or its store encrypted, hears that it will not be. */
static void end_waiting(vls_daemon *d) {
  vls_lock *lock = &d->lock;
  vls_trouble why;
  vls_err err =
      vls_trouble_set(&why, VLS_DAMAGED, "the store is damaged: what can be read is being saved");
  if (vls_lock_state_of(d) == VLS_LOCK_LOCKING)
    vls_calls_answer(d, lock->client, lock->msgid, err, &why);
  if (vls_lock_state_of(d) != VLS_LOCK_SEALING || lock->job == NULL) return;
  vls_calls_answer(d, lock->job->client, lock->job->msgid, err, &why);
  vls_job_free(lock->job);
  lock->job = NULL;
}

void vls_lock_damaged(vls_daemon *d, const char *what) {
  vls_lock *lock = &d->lock;
  uint64_t now = uv_hrtime() / 1000000;
  vls_trouble why;
  vls_job *job;
  if (lock->salvages > 0 && now - lock->salvaged_ms > VLS_SALVAGE_STEADY_MS) lock->salvages = 0;
  lock->salvaged_ms = now;
  VLS_LOG(&d->log, VLS_ERROR, "store.damaged", vls_log_s("why", what),
          vls_log_s("then", "what can be read of it is saved, and the node goes on with that"));
  vls_listeners_close(d);
  end_waiting(d);
  vls_sm_move(&lock->sm, VLS_LOCK_SALVAGING);
  if (lock->salvages >= VLS_SALVAGES_MAX) {
    vls_trouble_set(&why, VLS_DAMAGED, "the store %s is damaged again, soon after it was saved: %s",
                    d->paths.store, what);
    vls_trouble_hint(&why, VLS_DAMAGED, "look after the disk and the memory of this machine");
    give_up(d, &why);
    return;
  }
  if (vls_job_new(&job, d, VLS_JOB_SALVAGE, &why) != VLS_OK) {
    give_up(d, &why);
    return;
  }
  job->paths = &d->paths;
  job->keys = lock->keys;
  job->is_sealed = lock->key != NULL;
  if (job->is_sealed) memcpy(job->key, lock->key, sizeof job->key);
  /* What only seemed damaged stays; what still seems so when all of it could be read has rows that
   * are not right. */
  job->look_first = lock->salvages == 0;
  job->now_ms = (uint64_t)vls_batch_now().wall_ms;
  lock->salvages++;
  if (d->rpcd.open) vls_damaged_say(d);
  vls_lock_run_job(d, job);
}

static void say_saved(vls_daemon *d, const vls_rescued *saved) {
  const vls_salvage_report *r = &saved->report;
  if (!saved->replaced) {
    VLS_LOG(&d->log, VLS_WARNING, "store.whole",
            vls_log_s("why", "all of it could be read after all: nothing was changed"));
    return;
  }
  VLS_LOG(&d->log, VLS_WARNING, "store.salvaged", vls_log_u("texts", r->texts),
          vls_log_u("lost_texts", r->lost_texts), vls_log_s("counted", r->counted ? "yes" : "no"),
          vls_log_u("lost_contacts", r->lost_contacts), vls_log_u("pages", r->pages),
          vls_log_u("lost_pages", r->lost_pages), vls_log_u("lost_rows", r->lost_rows),
          vls_log_s("sessions", r->renew ? "begun anew, as a new device" : "go on"),
          vls_log_s("damaged", saved->kept));
}

void vls_damaged_saved(vls_daemon *d, vls_job *job) {
  vls_err err = job->err;
  vls_trouble why = job->why;
  if (err != VLS_OK) {
    give_up(d, &why);
    return;
  }
  say_saved(d, &job->rescued);
  err = vls_lock_open_node(d, &why);
  if (err == VLS_OK) {
    vls_lock_begin_node(d, job->is_sealed ? VLS_LOCK_OPEN : VLS_LOCK_PLAIN);
    return;
  }
  give_up(d, &why);
}
