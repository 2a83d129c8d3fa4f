/* The lock of the node (RPC 6): whether its store is encrypted, and whether it is open. A locked
 * node answers its clients and does nothing else: no core, no links, no keys in memory.
 *
 * What takes long or much memory (Argon2id, encrypting a store) runs beside the loop, one at a
 * time. */
#ifndef VALISE_DAEMON_LOCK_H
#define VALISE_DAEMON_LOCK_H

#include <uv.h>

#include "base/sm.h"
#include "daemon/calls.h"
#include "valise/keyslot.h"

enum {
  VLS_LOCK_FREE_TRIES = 3,             /* wrong passphrases before the first wait */
  VLS_LOCK_WAIT_MS = 2000,             /* which doubles with each further one, up to */
  VLS_LOCK_WAIT_MAX_MS = 900000,       /* this */
  VLS_SALVAGES_MAX = 2,                /* of a damaged store in a row; then it is left alone */
  VLS_SALVAGE_STEADY_MS = 3600 * 1000, /* so long without damage, and they are counted anew */
};

typedef enum vls_lock_state {
  VLS_LOCK_PLAIN,     /* the store is in clear, and open */
  VLS_LOCK_OPEN,      /* encrypted, and open */
  VLS_LOCK_LOCKED,    /* encrypted, and nobody has the key */
  VLS_LOCK_UNLOCKING, /* a passphrase is being tried */
  VLS_LOCK_LOCKING,   /* links say goodbye */
  VLS_LOCK_SEALING,   /* links say goodbye, then the store is encrypted */
  VLS_LOCK_SALVAGING, /* the store is damaged: what can be read of it is being saved */
  VLS_LOCK_DAMAGED,   /* and that cannot be done */
} vls_lock_state;

struct vls_daemon;
struct vls_job;

typedef struct vls_lock {
  vls_sm sm;
  vls_keyfile keys;
  uint8_t *key;           /* 32 bytes in guarded memory, while OPEN or SALVAGING; else NULL */
  vls_trouble broken;     /* while LOCKED: why no passphrase can open it, or empty; while DAMAGED */
  struct vls_job *job;    /* under way; or NULL */
  uint64_t client, msgid; /* of the call that waits for LOCKING or SEALING */
  unsigned wrong;       /* passphrases in a row, of this process: whoever can start another can also
                           read the key file, and try without asking */
  uint64_t not_before;  /* mono ms: no passphrase is tried before */
  uv_timer_t patience;  /* for goodbyes */
  bool hurry;           /* it is over */
  unsigned salvages;    /* in a row */
  uint64_t salvaged_ms; /* mono: the last one */
} vls_lock;

/* At the start: opens the store, or finds that it is locked and why. On failure the node cannot
 * start. */
VLS_MUST vls_err vls_lock_start(struct vls_daemon *d, vls_trouble *ret_why);
/* Says in the log whether it is open. */
void vls_lock_told(struct vls_daemon *d);
/* The last thing of a turn: goes on when links have said goodbye. */
void vls_lock_attend(struct vls_daemon *d);
/* At the end of the process: wipes. */
void vls_lock_done(struct vls_daemon *d);

/* Whether the store is encrypted on the disk. */
bool vls_lock_is_sealed(const struct vls_daemon *d);
/* Whether there is a core that takes calls. */
bool vls_lock_is_open(const struct vls_daemon *d);
/* For hello and status while it is not: "locked", "unlocking", "locking", "sealing", "salvaging",
 * "damaged". */
const char *vls_lock_state_name(const struct vls_daemon *d);
/* The store is damaged, and nobody has it open any more: saves what can be read of it. what: how it
 * was found out. */
void vls_lock_damaged(struct vls_daemon *d, const char *what);
/* Why a call cannot be answered now. VLS_NODE_LOCKED; VLS_BUSY while SEALING or SALVAGING;
 * VLS_DAMAGED. */
VLS_MUST vls_err vls_lock_refuse(const struct vls_daemon *d, vls_trouble *ret_why);

/* The methods of RPC 6. */
VLS_MUST vls_err vls_lock_lock(vls_ask *ask);
VLS_MUST vls_err vls_lock_unlock(vls_ask *ask);
VLS_MUST vls_err vls_lock_passphrase(vls_ask *ask);
VLS_MUST vls_err vls_lock_credential(vls_ask *ask);
VLS_MUST vls_err vls_lock_keys(vls_ask *ask);

#endif
