/* One client: its frames in, with a bound on what is under way; responses and notifications out,
 * with a bound on what it leaves unread. */
#ifndef VALISE_DAEMON_CALLER_H
#define VALISE_DAEMON_CALLER_H

#include <sys/queue.h>
#include <uv.h>

#include "daemon/outq.h"
#include "proto/rpc.h"

enum {
  VLS_CALLER_FULL = 256 << 10,    /* unread bytes after which notifications stop */
  VLS_CALLER_DRAINED = 64 << 10,  /* and below which they go on */
  VLS_CALLER_QUEUE_MAX = 8 << 20, /* unread bytes after which it is disconnected */
};

struct vls_daemon;

typedef struct vls_caller vls_caller;
struct vls_caller {
  struct vls_daemon *d;
  uint64_t id;
  uv_pipe_t pipe;
  vls_outq out;
  vls_buf in; /* bytes of frames not yet dealt with */
  unsigned in_flight;
  bool gone;    /* closed; the memory follows by itself */
  bool greeted; /* hello was its first call */
  bool subscribed;
  bool held;     /* IN_FLIGHT reached: nothing is read */
  bool full;     /* the core was told so */
  bool ended;    /* it will send no more; what it asked for is still answered */
  bool waiting;  /* in the list for attend */
  bool too_slow; /* its queue is over the bound */
  LIST_ENTRY(vls_caller) entry;
  STAILQ_ENTRY(vls_caller) wait;
};

/* Takes fd, a connected socket; NULL when libuv refuses it (fd is closed). */
vls_caller *vls_caller_new(struct vls_daemon *d, int fd, uint64_t id);
/* Deals with what is in its buffer as far as allowed. Not while performing. */
void vls_caller_go_on(vls_caller *caller);
/* Closes; the core hears of it. Not while performing. */
void vls_caller_close(vls_caller *caller, const char *why);
/* Queues a frame. Safe while performing. */
void vls_caller_send(vls_caller *caller, vls_slice frame);
/* Takes no more; closes once what it was answered is written. Not while performing. */
void vls_caller_end(vls_caller *caller);
/* Stops reading for good. */
void vls_caller_mute(vls_caller *caller);

#endif
