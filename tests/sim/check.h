/* The invariants, checked all along. Each failure says in words what does not hold. */
#ifndef VALISE_SIM_CHECK_H
#define VALISE_SIM_CHECK_H

#include "ledger.h"

enum {
  SIM_PAGE = 100,                /* messages of one answer to the examiner */
  SIM_PEACE_HOURS = 3,           /* with a good network, everything has arrived by then */
  SIM_QUIET_MINUTES = 60,        /* looked at in the end, when there is nothing left to do */
  SIM_QUIET_TICKS = 60,          /* timers a node may have in it, for each of its contacts */
  SIM_BUSY_CORE_BYTES = 1 << 20, /* heap of a core, without its store, whatever happens to it */
  SIM_BUSY_FRIEND_BYTES =
      3 << 20, /* and for each contact: 1 MiB on its way, in a buffer that doubles */
  SIM_IDLE_CORE_BYTES = 112 << 10,  /* and when it has nothing to do ... */
  SIM_LEFT_BYTES = 288 << 10,       /* heap that libraries and malloc keep after a whole world */
  SIM_IDLE_FRIEND_BYTES = 16 << 10, /* ... and for each contact with a link */
};

/* A text was shown: not one refused or cancelled, not twice, not by somebody blocked, in its
 * author's order. */
void sim_check_arrival(sim_world *w, size_t number, sim_copy *copy, uint64_t n);
/* The author hears of a receipt: the recipient's durable store has the text at this moment. */
void sim_check_delivered(sim_world *w, size_t number, sim_copy *copy);
/* ... and that the recipient's client said it was shown to a person. */
void sim_check_read(sim_world *w, size_t number, sim_copy *copy);
/* Everything one node has on disk against the ledger: nothing acknowledged is lost, nothing is
 * twice. When the node is in the middle of a batch, a moment later; when it is off, after it
 * started. */
void sim_examine(sim_world *w, unsigned who);
/* A block was confirmed: what appears from now on is a violation. */
void sim_check_block(sim_world *w, unsigned who, unsigned other);

/* Faults end and everybody is at home: everything that was promised must now come true, and then be
 * quiet. */
void sim_check_peace(sim_world *w);
/* Every text that a node has was announced to whoever listens there. */
void sim_check_announced(sim_world *w);

#endif
