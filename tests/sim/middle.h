/* A man in the middle of every line between citizens: what goes over it is cut, doubled, dropped,
 * held back, changed, sent back to where it came from, or put into another conversation; and a
 * dial may end at somebody else's door. He holds no key. */
#ifndef VALISE_SIM_MIDDLE_H
#define VALISE_SIM_MIDDLE_H

#include "net.h"
#include "rng.h"

enum { SIM_MIDDLE_KEEPS = 8192 }; /* bytes of what went by, to be put in elsewhere */

typedef struct sim_middle {
  sim_rng rng;
  unsigned per_mille;        /* of all that is sent, what he touches */
  unsigned divert_per_mille; /* of dials */
  uint64_t touched, diverted;
  uint8_t kept[SIM_MIDDLE_KEEPS];
  size_t n_kept;
  size_t held_link; /* bytes of this link wait for the next that go the same way */
  unsigned held_side;
  uint8_t held[SIM_MIDDLE_KEEPS];
  size_t n_held;
} sim_middle;

/* True when he deals with these bytes, which `side` sent, himself. */
bool sim_middle_takes(sim_world *w, sim_link *link, unsigned side, vls_slice bytes);
/* Whose door a dial to citizen `meant` ends at. */
unsigned sim_middle_divert(sim_world *w, unsigned from, unsigned meant);

#endif
