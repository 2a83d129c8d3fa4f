/* Ana and Bao talk while somebody makes trouble at Ana's: how long a text takes until it is
 * delivered, before and meanwhile, and what the trouble costs Ana's node. The bounds are the
 * table of SECURITY.md. */
#ifndef VALISE_SIM_SIEGE_H
#define VALISE_SIM_SIEGE_H

#include "script.h"

enum {
  SIM_SIEGE_TEXTS = 200,      /* in each of the two measurements */
  SIM_SIEGE_SLOWER = 2,       /* times the quiet p99 that honest contacts may wait */
  SIM_SIEGE_INVITATIONS = 60, /* open at Ana's: so many more keys for every stranger */
};

/* What the trouble may cost Ana's node. */
typedef struct sim_budget {
  uint64_t cpu_ms;   /* in a minute of it, by the prices of cost.h */
  uint64_t disk_kib; /* in a minute of it: pages of the store that are used and were not before */
  uint64_t heap_kib; /* at any time, and more than before */
} sim_budget;

typedef struct sim_siege {
  sim_world *w;
  sim_person *ana, *bao;
  uint64_t quiet_p99;
  sim_cost before;
  uint64_t disk_before, began;
} sim_siege;

/* Two friends in a town with short ways, a measured world from now on, and how they talk. */
void sim_siege_begin(sim_world *w, sim_siege *siege);
/* Trouble began a moment ago: talks meanwhile, a text every `gap` ms, then for the rest of `ms`
 * lets it go on. What does not hold fails the world. */
void sim_siege_hold(sim_siege *siege, uint64_t gap, uint64_t ms, const sim_budget *most);

#endif
