/* Where the store of a node is. In memory it survives a crash: a crash is rollback. On the world's
 * disk, in clear or sealed, it is opened with each life of the node, and what a crash leaves of it
 * is what the disk had. */
#ifndef VALISE_SIM_STORE_H
#define VALISE_SIM_STORE_H

#include "disk.h"
#include "rng.h"
#include "valise/store.h"

typedef struct sim_world sim_world;
typedef struct sim_node sim_node;

enum { SIM_PLACE = 48 /* bytes of a file's name, with room for what stands behind it */ };

typedef enum sim_store_kind { SIM_STORE_MEMORY, SIM_STORE_PLAIN, SIM_STORE_SEALED } sim_store_kind;

/* What becomes of what a store on a disk has not synced. */
typedef enum sim_leaving {
  SIM_LEAVE_CHANCE, /* one of the next three, as the dice fall */
  SIM_LEAVE_KILLED, /* the process is gone: all of it is there */
  SIM_LEAVE_SOME,   /* the power is gone: some of it is there, sector by sector */
  SIM_LEAVE_NONE,   /* the power is gone: none of it is there */
  SIM_LEAVE_CLOSED, /* the store is closed in good order */
} sim_leaving;

typedef struct sim_place {
  sim_store_kind kind;
  const char *path; /* a file of the real disk instead; NULL: none. Borrowed */
  char file[SIM_PLACE], folder[SIM_PLACE];
  uint8_t key[32], uuid[16];
  sim_leaving leaving; /* how the next crash leaves it; then by chance again */
} sim_place;

/* The disk of a world: one for all of its nodes. */
typedef struct sim_disk {
  disk *d;             /* NULL until somebody needs it */
  sim_store_kind kind; /* of the stores of those who move in from now on */
  bool begins_old;     /* the day of a sweep begins with stores of the first version */
  sim_rng rng;
  disk_fate *fate; /* for the disk when it is made */
  void *fate_arg;
} sim_disk;

void sim_disk_done(sim_world *w);

/* A new node's store: in memory it is open at once. */
void sim_store_init(sim_world *w, sim_node *node);
/* Gives a node that is off a place on the world's disk. */
void sim_store_settle_in(sim_world *w, sim_node *node, sim_store_kind kind);
/* first.c: the store of a node that is off, until now in memory, is on the disk as the first
 * version of valised would have it. */
void sim_store_as_first(sim_world *w, sim_node *node);
/* Opens what is not open. Not VLS_OK only when a strike hit it (strike.h), or the disk is full. */
vls_err sim_store_open(sim_world *w, sim_node *node);
/* The life of its node is over. */
void sim_store_leave(sim_world *w, sim_node *node);
/* The disk was cut off while this node was at it: nothing it does counts any more. */
bool sim_store_is_cut(const sim_world *w, const sim_node *node);
/* A store that is off is closed for good; in memory it opens as a new one. */
void sim_store_lose(sim_world *w, sim_node *node);
/* SQLite's integrity_check of a store that is open, in no batch. */
void sim_store_check(sim_world *w, sim_node *node);
/* Encrypts the store of a node that is off, as the daemon does. False: a strike hit it, and it is
 * in clear as before, or already sealed. */
bool sim_store_seal(sim_world *w, sim_node *node);

#endif
