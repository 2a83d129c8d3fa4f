/* A node: a real core over a real store (store.h), fed like the daemon feeds it, and crashed like
 * no daemon should be. */
#ifndef VALISE_SIM_NODE_H
#define VALISE_SIM_NODE_H

#include "base/buf.h"
#include "cost.h"
#include "rng.h"
#include "store.h"
#include "valise/core.h"

typedef struct sim_world sim_world;

enum {
  SIM_BUSY_TICKS = 3, /* batches at one instant in which a timer was due: more is a busy timer */
  SIM_PROBE_MAX = 2 << 20, /* bytes of one answer to the examiner */
};

/* Where the next crash strikes. */
typedef enum sim_crash_point {
  SIM_CRASH_NONE,
  SIM_CRASH_SEALED,    /* between seal and commit */
  SIM_CRASH_DISK,      /* the commit fails: the core must be poisoned, then it is gone */
  SIM_CRASH_COMMITTED, /* on disk, but no output was performed */
  SIM_CRASH_HALFWAY,   /* after some of the outputs */
} sim_crash_point;

typedef struct sim_node {
  unsigned who;
  vls_store *store;         /* NULL while it is off, unless it is in memory */
  sim_place place;          /* of the store */
  vls_core *core;           /* NULL while it is off */
  uint32_t life;            /* what was meant for an earlier life does not reach this one */
  unsigned house;           /* where it is: sim_net_address */
  unsigned items_per_event; /* 0: the default */
  uint64_t history_max;     /* 0: the default */
  int64_t skew_ms;          /* of its wall clock */
  uint64_t mono_start;      /* its monotonic clock when the world began: any number */
  sim_rng entropy;
  uint64_t next_accepted, next_client;
  bool is_stopping; /* every link ends now, those of strangers among them */
  bool batch_open;
  bool is_performing; /* its outputs are being carried out: it must not be asked now */
  uint64_t batch;     /* number of the open or the next one */
  unsigned batch_inputs;
  uint64_t timer_set; /* mono_ms for which an event is in the queue */
  uint64_t busy_at;   /* the instant of the last timer batch, and how many there */
  unsigned busy_count;
  uint64_t commits, ticks, crashes;
  uint64_t written_at; /* the last commit */
  bool is_quiet_set;   /* somebody will look whether it is quiet */
  bool has_no_room;    /* its disk was full */
  sim_crash_point crash_point;
  uint64_t crash_commit;  /* at the commit of this number */
  uint64_t crash_down_ms; /* and stays off so long; VLS_NEVER: until somebody starts it */
  size_t core_bytes,
      last_core_bytes;   /* heap that a free of its core gave back: the most; the last */
  uint64_t probe_client; /* the examiner's connection in this life, or 0 */
  uint64_t probe_msgid;
  vls_buf probe_reply;
  sim_cost cost;           /* of a metered world: all it did ... */
  uint64_t busy_until_ns;  /* ... when it will be done with that ... */
  int64_t heap, heap_most; /* ... and what its core holds, since the world is metered */
} sim_node;

sim_node *sim_node_new(sim_world *w, unsigned who);
void sim_node_free(sim_world *w, sim_node *node);
void sim_node_start(sim_world *w, sim_node *node);
/* A power cut, now, or whatever place.leaving says. down_ms as crash_down_ms. */
void sim_node_crash(sim_world *w, sim_node *node, uint64_t down_ms);
/* SIGTERM: says goodbye on every link, then is off. */
void sim_node_stop(sim_world *w, sim_node *node, uint64_t down_ms);
/* A crash at the nth commit from now (1: the next one). */
void sim_node_plan_crash(sim_node *node, sim_crash_point point, uint64_t nth, uint64_t down_ms);
/* Its store is gone, and what is in its place now is opened: for one in memory, nothing. The node
 * must be off. */
void sim_node_lose_everything(sim_world *w, sim_node *node);
/* Moves to another address and tells its core. */
void sim_node_move(sim_world *w, sim_node *node, unsigned house);

/* Hands one input to the core; nothing happens while it is off. */
void sim_node_feed(sim_world *w, sim_node *node, const vls_input *in);
void sim_node_command(sim_world *w, sim_node *node, uint64_t client, uint64_t msgid,
                      const char *method, vls_slice params);
/* Seals, commits, performs. */
void sim_node_end_batch(sim_world *w, sim_node *node);
void sim_node_timer(sim_world *w, sim_node *node, uint64_t deadline);
/* Moves the log of a store on a disk into its main file when nobody wrote for a while. */
void sim_node_quiet(sim_world *w, sim_node *node);
vls_now sim_node_clock(const sim_world *w, const sim_node *node);

/* A call on a connection of its own, answered at once. False when the node is off, in the middle of
 * a batch, or crashed at just this commit. The slices borrow until the next call of this node;
 * ret_error is empty when it went well. */
bool sim_node_call(sim_world *w, sim_node *node, const char *method, vls_slice params,
                   vls_slice *ret_error, vls_slice *ret_result);
/* So the examiner asks, who is never refused. Not in the middle of a batch: what is not on disk yet
 * must not be asked about, or the question would commit it. */
bool sim_node_probe(sim_world *w, sim_node *node, const char *method, vls_slice params,
                    vls_slice *ret_result);
/* Bytes of heap in use now. */
size_t sim_heap_bytes(void);

#endif
