/* A node whose data goes back: to an earlier day, with the file of its store copied away and put
 * back; or to what a backup holds, on a new device. The one place where a world touches the disk.
 */
#ifndef VALISE_SIM_BACKUP_H
#define VALISE_SIM_BACKUP_H

#include "person.h"

enum {
  SIM_DEVICES_MAX = 4,  /* a citizen had before: of more, nobody is asked (PEER 6.3) */
  SIM_RETURNS_MAX = 10, /* times that one person's data goes back */
};

/* How a text stood when the copy was made. */
typedef struct sim_stood {
  uint64_t n, arrived_n;
  bool announced, delivered, read, cancelled;
} sim_stood;

typedef struct sim_backup {
  char dir[64]; /* of its own, gone when the backup is done with */
  char store[96], copy[96];
  bool is_taken;
  unsigned n_times, n_devices; /* it went back, and as a new device */
  /* What the world had seen when the copy was made. */
  sim_stood *stood; /* SIM_COPIES_MAX for each of n_words */
  size_t n_words, n_events;
  unsigned n_invitations; /* of this person */
  uint64_t acked[SIM_FEEDS];
  sim_friend friend[SIM_CITIZENS_MAX];
  vls_buf file;                     /* a backup of the node, or empty */
  bool must_tell[SIM_CITIZENS_MAX]; /* they had texts of this person's that came back */
  bool tells_self;                  /* and the old copy of this person lacks them */
} sim_backup;

/* From now on this person's store is a file; the node starts with an empty one. */
void sim_backup_init(sim_world *w, sim_backup *backup, sim_person *person);
/* Nothing is half done: whom this person knows is known on both sides, and no call waits. */
bool sim_backup_may_take(const sim_world *w, const sim_person *person);
/* Copies the store; the node is off meanwhile. Makes a backup, too. */
void sim_backup_take(sim_world *w, sim_backup *backup, sim_person *person);
/* Nobody was met since, and no call waits. */
bool sim_backup_may_restore(const sim_world *w, const sim_backup *backup, const sim_person *person);
/* The copy in the store's place; or, as a new device, what is in the backup. What this node was
 * told or told since then is as if it never was; what others hold of it must come back. A backup
 * serves once: it knows nothing of the new device. */
void sim_backup_restore(sim_world *w, sim_backup *backup, sim_person *person, bool new_device);
/* In the end: who had reason to was told, though not of the same again within an hour. */
void sim_backup_check(sim_world *w, const sim_backup *backup, const sim_person *person);
/* Removes the files' names; the open store lives on without one. */
void sim_backup_done(sim_backup *backup);

#endif
