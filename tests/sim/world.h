/* A world: virtual time, the queue of what will happen, its trace, and everybody who lives in it.
 * All of it follows from one 64-bit seed. Single thread, no clock, no entropy of the machine. */
#ifndef VALISE_SIM_WORLD_H
#define VALISE_SIM_WORLD_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actor.h"
#include "club.h"
#include "ledger.h"
#include "middle.h"
#include "net.h"
#include "node.h"
#include "person.h"
#include "rng.h"
#include "store.h"
#include "stranger.h"
#include "strike.h"
#include "weather.h"

enum {
  SIM_TRACE_RING = 48,       /* lines kept to show when something fails */
  SIM_TRACE_LINE = 200,      /* bytes of a line */
  SIM_PENDING_MAX = 1 << 20, /* events in the queue: more is a storm */
};

#define SIM_SECOND UINT64_C(1000)
#define SIM_MINUTE (60 * SIM_SECOND)
#define SIM_HOUR (60 * SIM_MINUTE)
#define SIM_DAY (24 * SIM_HOUR)

/* What can happen, and what a, b and c of the event are then. */
typedef enum sim_event_type {
  SIM_EV_OPENED,   /* link, side */
  SIM_EV_ARRIVE,   /* link, side, count of bytes */
  SIM_EV_READ,     /* link, side */
  SIM_EV_SHUT,     /* link, side, sim_end_of */
  SIM_EV_BATCH,    /* node, life, batch */
  SIM_EV_TIMER,    /* node, life, deadline */
  SIM_EV_RESTART,  /* node */
  SIM_EV_QUIET,    /* node, life: nobody wrote for a while, perhaps */
  SIM_EV_ROOM,     /* node, life: there is room on its disk again */
  SIM_EV_WAKE,     /* person: looks at what is to be done */
  SIM_EV_ACT,      /* person: has an idea (whims.c) */
  SIM_EV_LETTER,   /* invitation: handed over, by whatever way people have */
  SIM_EV_WEATHER,  /* a fault of the profile, or the end of one */
  SIM_EV_HEAL,     /* a partition ends: its number */
  SIM_EV_STRANGER, /* somebody knocks who has no business here */
  SIM_EV_LOOK,     /* node, SIM_STRANGER: the examiner comes; node, other: after a block */
  SIM_EV_ACTOR,    /* actor: does what it does */
  SIM_EV_CLUB,     /* person: has an idea about the group */
  SIM_EV_SESSION,  /* node: goes on or off */
  SIM_EV_FOE,      /* node: taken over, it does what it does */
  SIM_EV_SPLIT,    /* two worlds for a time */
} sim_event_type;

typedef struct sim_event {
  uint64_t at, seq; /* order: time, then who came first */
  sim_event_type type;
  uint64_t a, b, c;
} sim_event;

typedef struct sim_queue {
  sim_event *heap;
  size_t n, cap;
  uint64_t next_seq;
} sim_queue;

typedef struct sim_trace {
  uint64_t hash;
  bool print;
  char ring[SIM_TRACE_RING][SIM_TRACE_LINE];
  uint64_t lines;
} sim_trace;

struct sim_world {
  uint64_t seed;
  const char *replay; /* the command that brings this world back; NULL: somebody else tells it */
  uint64_t now;       /* ms since the world began */
  uint64_t steps;
  sim_queue queue;
  sim_trace trace;
  sim_rng net_rng, people_rng;
  sim_net net;
  sim_disk disk;
  sim_strike strike;
  sim_ledger ledger;
  sim_weather weather;
  sim_stranger stranger;
  sim_node *node[SIM_CITIZENS_MAX]; /* node[i] is person[i]'s */
  sim_person *person[SIM_CITIZENS_MAX];
  unsigned n;
  sim_actor *actor[SIM_ACTORS_MAX];
  unsigned n_actors;
  sim_middle *middle; /* somebody on every line; NULL: nobody. Borrowed */
  sim_club *club;     /* a group of these citizens; NULL: none */
  bool is_metered;    /* work takes time: cost.h */
};

sim_world *sim_world_new(uint64_t seed, const char *replay, bool print);
/* Takes NULL. */
void sim_world_free(sim_world *w);
/* Something will happen in `delay` ms. */
void sim_after(sim_world *w, uint64_t delay, sim_event_type type, uint64_t a, uint64_t b,
               uint64_t c);
/* Lets `ms` of time pass. */
void sim_run(sim_world *w, uint64_t ms);
/* Lets time pass until it is so, or for `ms`. Whether it became so. */
typedef bool (*sim_condition)(sim_world *w, const void *arg);
bool sim_run_until(sim_world *w, sim_condition is_so, const void *arg, uint64_t ms);

/* One line of the trace: part of the hash, printed with --trace. who: an index, or SIM_STRANGER. */
void sim_trace_line(sim_world *w, unsigned who, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* FNV-1a, for traces and for comparing texts: not for anything that must resist anybody. */
uint64_t sim_hash(uint64_t hash, vls_slice bytes);
#define SIM_HASH_START UINT64_C(0xcbf29ce484222325)

/* An invariant does not hold: says which, in words, how it came to that and how to see it again.
 * Ends the process with 1. */
_Noreturn void sim_fail(sim_world *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
#define sim_expect(w, cond, ...) ((cond) ? (void)0 : sim_fail(w, __VA_ARGS__))

#endif
