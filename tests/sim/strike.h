/* One fault of a disk at one operation, in the day of a citizen (scenario_day.c). The day is played
 * once; at each operation of the disk the process forks, and what the fault brings about is played
 * in the child: the days that begin alike are played together. */
#ifndef VALISE_SIM_STRIKE_H
#define VALISE_SIM_STRIKE_H

#include <stdbool.h>
#include <stdint.h>

#include "disk.h"
#include "store.h"

typedef struct sim_world sim_world;

enum { SIM_JOBS_MAX = 16 };

/* What happens, and what is left of what was not synced. */
typedef struct sim_blow {
  const char *name;
  disk_fault fault;
  sim_leaving leaving; /* of DISK_CUT and DISK_TEAR */
  unsigned deeds;      /* bits of disk_deed */
} sim_blow;

typedef struct sim_strike {
  bool is_on;      /* it has struck */
  uint64_t number; /* of the operation */
  unsigned who;    /* whose store */
  disk_deed deed;
  const sim_blow *blow;
  void (*aftermath)(sim_world *w); /* what is played then */
} sim_strike;

/* The orders for a sweep. */
typedef struct sim_sweep {
  uint64_t seed;
  sim_store_kind kind; /* in memory: on the disk later, as the first version had it */
  uint64_t one_in;     /* of so many cases one is played, which the draw decides; 1: all */
  uint64_t draw;       /* 0 for main: by chance, but 1 where CI is set */
  uint64_t after;      /* operations up to this one are left out */
  unsigned jobs;       /* children at a time */
  uint64_t number;     /* or just this operation, with this blow, in this process */
  const char *blow;
  bool trace;
} sim_sweep;

/* Plays it and prints what came of it. 0, 1 when something is broken, 2 for a blow unknown. */
int sim_sweep_play(const sim_sweep *orders);
/* Never returns: plays what comes after, and ends the process. */
_Noreturn void sim_strike_aftermath(sim_world *w);

/* scenario_day.c */
void sim_day(sim_world *w);
void sim_day_after(sim_world *w);

#endif
