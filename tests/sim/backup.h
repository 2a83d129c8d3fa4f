/* A node whose machine is put back to an earlier day: the file of its store, copied and copied
 * back. The one place where a world touches the disk. */
#ifndef VALISE_SIM_BACKUP_H
#define VALISE_SIM_BACKUP_H

#include "feed.h"

typedef struct sim_backup {
  char dir[64]; /* of its own, gone when the backup is done with */
  char store[96], copy[96];
  size_t n_words, n_events; /* what the world had seen when the copy was made */
  uint64_t acked[SIM_FEEDS];
} sim_backup;

/* From now on this person's store is a file; the node starts with an empty one. */
void sim_backup_init(sim_world *w, sim_backup *backup, sim_person *person);
/* Copies the store. The node is off meanwhile. */
void sim_backup_take(sim_world *w, sim_backup *backup, sim_person *person);
/* Puts the copy in the store's place: what this node was told or told since then is as if it never
 * was. */
void sim_backup_restore(sim_world *w, sim_backup *backup, sim_person *person);
/* Removes the files' names; the open store lives on without one. */
void sim_backup_done(sim_backup *backup);

#endif
