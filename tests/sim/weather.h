/* What befalls a world: faults that come again and again at random, and people's whims. */
#ifndef VALISE_SIM_WEATHER_H
#define VALISE_SIM_WEATHER_H

#include <stdbool.h>
#include <stdint.h>

#include "rng.h"

typedef struct sim_world sim_world;
typedef struct sim_person sim_person;

typedef enum sim_fault {
  SIM_FAULT_BREAK,    /* a link */
  SIM_FAULT_CRASH,    /* a node, at any point of a batch */
  SIM_FAULT_PART,     /* somebody is cut off for a time */
  SIM_FAULT_VANISH,   /* a client program goes away */
  SIM_FAULT_SLOW,     /* a client reads slowly for a time */
  SIM_FAULT_STRANGER, /* knocks */
  SIM_FAULT_CLOCK,    /* a wall clock jumps */
  SIM_FAULT_MOVE,     /* the traveller has another address */
  SIM_FAULT_BACK,     /* somebody's data is copied away, or goes back */
  SIM_FAULT_LOOK,     /* not a fault: the examiner comes */
  SIM_FAULTS,
} sim_fault;

typedef struct sim_weather {
  sim_rng rng;
  bool is_over;
  unsigned mean_s[SIM_FAULTS]; /* seconds between two, on average; 0: never */
  unsigned down_s;             /* a crashed node is off for up to so long, mostly much shorter */
  uint64_t skew_ms;            /* clocks are off by up to this */
  bool has_wild_clocks;        /* beyond what links bear: set right in the end */
  unsigned traveller;
  struct sim_backup *backup; /* of the one whose data goes back; NULL: nobody's does */
  unsigned forgetful;
  unsigned natted; /* index + 1 of the citizen nobody can ever dial, or 0 */
  unsigned houses; /* numbers given to travellers */
  /* People. */
  unsigned act_mean_s, acts_left;
  unsigned brief_per_mille; /* invitations that expire soon */
  unsigned long_per_mille;  /* texts of up to 64 KiB */
  bool may_alarm;           /* somebody has reason to */
  bool has_quarrels;        /* people block and remove each other */
} sim_weather;

/* Starts every fault that has a mean. */
void sim_weather_begin(sim_world *w);
void sim_weather_strike(sim_world *w, sim_fault fault);
/* A node is off for a random time. */
uint64_t sim_weather_down_ms(sim_world *w);

/* whims.c: a person has an idea, acts on it, and will have another. */
void sim_whim_begin(sim_world *w);
void sim_whim(sim_world *w, sim_person *person);
/* One invites, the link goes by hand, the other accepts. */
void sim_whim_meet(sim_world *w, unsigned inviter, unsigned guest);

/* random.c: a world of its own for every seed, and what happens in it until it is at peace. */
void sim_random_world(sim_world *w);

#endif
