/* Room on the disk. A node that fills it to the last byte could not even fold its log into the
 * store; so below a floor of free space nothing new is taken, and a small file is kept in reserve
 * that makes way when there is none at all. */
#ifndef VALISE_DAEMON_ROOM_H
#define VALISE_DAEMON_ROOM_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

enum {
  VLS_ROOM_PART = 16,             /* the floor is at most this part of the disk */
  VLS_ROOM_LEAST = 64 << 10,      /* and not below so many bytes */
  VLS_ROOM_RESERVE_MAX = 1 << 20, /* bytes kept in reserve: as many as the floor, or these */
  VLS_ROOM_AGAIN_MS = 1000,       /* until it is looked for again; doubles up to */
  VLS_ROOM_AGAIN_MAX_MS = 30000,
  VLS_ROOM_STEADY_MS = 60000, /* without a write that failed, and the waiting is short again */
};

struct vls_daemon;

typedef struct vls_room {
  uv_timer_t retry;   /* active while `low` */
  uint64_t floor;     /* bytes */
  uint64_t failed_ms; /* when a write failed last, by the loop's clock */
  uint64_t wait_ms;
  bool failed; /* just now */
  bool low;    /* the core was told so, or is to begin so */
} vls_room;

/* Before all of the others. */
void vls_room_start(struct vls_daemon *d);
/* Before the store is opened: finds the floor; where there is less, the reserve makes way. */
void vls_room_before(struct vls_daemon *d);
/* The store is open, the core not yet: folds in the log, puts the reserve back, and says in `low`
 * whether there is room. */
void vls_room_measure(struct vls_daemon *d);
/* The core began as `low` says: log and timer follow. */
void vls_room_tell(struct vls_daemon *d);
/* A write failed for want of room, whatever the disk says of itself. */
void vls_room_failed(struct vls_daemon *d);
/* After each commit: cheap. */
void vls_room_check(struct vls_daemon *d);

#endif
