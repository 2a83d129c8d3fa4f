/* What a node's work would cost on a real machine: every cryptographic call and every step of
 * SQLite that its core makes has a price, and while a node works off what it owes, nothing else
 * happens there. So a world in which time is free of charge shows who keeps whom waiting. The
 * prices are a slow machine's, rounded up; the same seed costs the same. */
#ifndef VALISE_SIM_COST_H
#define VALISE_SIM_COST_H

#include <stddef.h>
#include <stdint.h>

typedef struct sim_world sim_world;
typedef struct sim_node sim_node;

/* Prices in ns. */
enum {
  SIM_NS_DH = 60000,
  SIM_NS_SIGN = 35000,
  SIM_NS_VERIFY = 90000,
  SIM_NS_AEAD = 600, /* sealing or opening, and trying a knock's key */
  SIM_NS_HASH = 500,
  SIM_NS_KIB = 1500,  /* each KiB that is sealed, opened or hashed */
  SIM_NS_STEP = 2000, /* of a statement ... */
  SIM_NS_OP = 40,     /* ... and each operation of SQLite's machine in it: a scan is many */
  SIM_NS_COMMIT = 100000,
};

/* Counts of what was done; those of a node are its core's and store's alone. */
typedef struct sim_cost {
  uint64_t dh, signs, verifies, aeads, hashes, bytes; /* bytes: sealed, opened, hashed */
  uint64_t steps, ops, commits;
} sim_cost;

/* Nanoseconds that all of it takes. */
uint64_t sim_cost_ns(const sim_cost *cost);
/* a - b. */
sim_cost sim_cost_since(const sim_cost *a, const sim_cost *b);
/* Everything that this process did so far. */
sim_cost sim_cost_now(void);

/* Around each call of a core: between the two, work is that node's. No-ops unless the world is
 * metered. */
typedef struct sim_meter {
  sim_cost cost;
  size_t heap;
} sim_meter;
sim_meter sim_meter_begin(const sim_world *w);
void sim_meter_end(sim_world *w, sim_node *node, const sim_meter *began);
/* Nothing more can happen at this node before that moment; 0: it is free. */
uint64_t sim_busy_until(const sim_world *w, const sim_node *node);
/* Bytes of the store's pages, the log aside. */
uint64_t sim_disk_bytes(const sim_node *node);

#endif
