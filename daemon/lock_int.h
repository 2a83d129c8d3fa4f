/* What the files of the lock share: lock.c is lock and unlock, damaged.c what follows when the
 * store is damaged. */
#ifndef VALISE_DAEMON_LOCK_INT_H
#define VALISE_DAEMON_LOCK_INT_H

#include "daemon/lock.h"
#include "daemon/lock_job.h"

vls_lock_state vls_lock_state_of(const struct vls_daemon *d);
/* Store, core, listeners; on failure nothing is open. */
VLS_MUST vls_err vls_lock_open_node(struct vls_daemon *d, vls_trouble *why);
/* It is open: clients that greeted the daemon need not do it again. */
void vls_lock_begin_node(struct vls_daemon *d, vls_lock_state state);
void vls_lock_forget_key(struct vls_daemon *d);
/* Beside the loop; d->lock.job until it is done. */
void vls_lock_run_job(struct vls_daemon *d, struct vls_job *job);

/* damaged.c. The job is done. */
void vls_damaged_saved(struct vls_daemon *d, struct vls_job *job);
/* Says in the log, and to systemd, that the store is being saved, or cannot be. */
void vls_damaged_say(struct vls_daemon *d);
/* For every call that needs the store. */
VLS_MUST vls_err vls_damaged_refuse(const struct vls_daemon *d, vls_trouble *ret_why);

#endif
