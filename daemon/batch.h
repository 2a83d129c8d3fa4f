/* The rhythm of the node: what happened is fed to the core as it happens; the last thing before the
 * loop sleeps is to seal the batch, put it on disk, and only then perform what the core wants done.
 */
#ifndef VALISE_DAEMON_BATCH_H
#define VALISE_DAEMON_BATCH_H

#include <uv.h>

#include "daemon/outq.h"
#include "valise/core.h"

enum {
  VLS_ENTROPY_BYTES = 32, /* fresh ones, stirred in before anything else of a batch */
  VLS_QUIET_MS = 3000,    /* without a write before the store's log is moved into its main file */
};

struct vls_daemon;

typedef struct vls_batch {
  uv_prepare_t turn; /* the last thing before the loop sleeps */
  uv_idle_t again;   /* active while there is more to do: then it does not sleep */
  uv_timer_t due;    /* the core's deadline */
  uv_timer_t quiet;  /* checkpoint */
  uint64_t armed;    /* the deadline `due` is set for, or VLS_NEVER */
  unsigned inputs;
  bool open;           /* something was fed or ticked since the last seal */
  uint64_t started_ms; /* of this batch */
  uint64_t written_ms; /* the last commit */
  bool performing;
  bool dead;     /* the core is poisoned, or the node is over: nothing is fed any more */
  bool replaced; /* dead, and another one comes at the end of this turn */
  bool damaged;  /* and what is on the disk is to be saved first */
  vls_outq *dirty;
} vls_batch;

/* Monotonic and wall time of this moment. */
vls_now vls_batch_now(void);

/* Before the core exists: until then nothing is fed. */
void vls_batch_start(struct vls_daemon *d);
/* Nothing is fed any more; at the end of the turn store and core are opened anew. */
void vls_batch_replace(struct vls_daemon *d);
/* There is another core, or none, from now on. */
void vls_batch_renew(struct vls_daemon *d);
/* Feeds one input, if there is a core; ends the batch when that was the last it may hold. Not while
 * performing: what is found out then waits for the `attend` of its module. */
void vls_batch_feed(struct vls_daemon *d, const vls_input *in);
/* As part of a batch, tells the core to say goodbye. */
void vls_batch_drain(struct vls_daemon *d);
/* Seals, commits and performs what was fed; nothing when nothing was. */
void vls_batch_end(struct vls_daemon *d);
/* One more turn before the loop sleeps. */
void vls_batch_again(struct vls_daemon *d);
/* q has something to write: it leaves when the outputs of this batch are performed. */
void vls_batch_dirty(struct vls_daemon *d, vls_outq *q);

#endif
