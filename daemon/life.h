/* Store and core, from open to close. A core whose commit failed is of no use any more: what is on
 * the disk is right, and a new core is made from it. */
#ifndef VALISE_DAEMON_LIFE_H
#define VALISE_DAEMON_LIFE_H

#include "daemon/trouble.h"

struct vls_daemon;

/* Opens the store, with the key of the lock if there is one, and reads the core from it. When the
 * disk is full the core begins without room. On failure nothing is open. VLS_LOCKED, VLS_NEWER,
 * VLS_STORAGE, VLS_FULL, VLS_SYSTEM; VLS_FORGED: the key is another store's. */
VLS_MUST vls_err vls_life_open(struct vls_daemon *d, vls_trouble *ret_why);
/* Takes what is not open. */
void vls_life_close(struct vls_daemon *d);
/* The last thing of a turn, after a commit failed for want of room: ends links and whoever waits,
 * and begins again from the disk. When that fails the node ends. */
void vls_life_renew(struct vls_daemon *d);

#endif
