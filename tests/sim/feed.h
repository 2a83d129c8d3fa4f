/* The event feed as one client hears it, and what must hold of it: nothing twice, nothing skipped,
 * and what was not acknowledged comes again. */
#ifndef VALISE_SIM_FEED_H
#define VALISE_SIM_FEED_H

#include "base/buf.h"

typedef struct sim_world sim_world;
typedef struct sim_person sim_person;

enum {
  SIM_FEEDS = 3,         /* connections of one person */
  SIM_LOG_MAX = 1 << 20, /* events of one node */
};

/* Every event a node ever told of, once, in order of its cursor. */
typedef struct sim_logged {
  uint64_t cursor;
  uint64_t after; /* somebody was told of it right after the event with this cursor */
  uint64_t hash, contact;
  bool is_gone; /* its contact was removed, and its texts with it: it need not come again */
} sim_logged;

typedef struct sim_event_log {
  sim_logged *event;
  size_t n, cap;
} sim_event_log;

/* One connection to the client socket. */
typedef struct sim_feed {
  bool is_wanted;  /* somebody runs this client */
  bool is_greeted; /* hello was answered */
  bool is_subscribed;
  bool is_slow;         /* told the node that it reads slowly: notifications must stop */
  uint64_t slow_batch;  /* ... in this batch */
  const char *consumer; /* NULL: live */
  uint64_t client;      /* 0: not connected */
  uint64_t at;          /* newest cursor heard on this connection */
  uint64_t acked;       /* the stored cursor is at least this: the node said so */
  uint64_t asked;       /* ... and at most this: acknowledgements whose answer was lost */
} sim_feed;

/* events.subscribe was answered. */
void sim_feed_subscribed(sim_world *w, sim_person *person, sim_feed *feed, vls_slice result);
/* A notification came. */
void sim_feed_notified(sim_world *w, sim_person *person, sim_feed *feed, vls_slice bytes);
/* The contact of this number is being removed. */
void sim_feed_forget(sim_person *person, uint64_t contact);
/* The client can't keep up and says so, or has caught up. */
void sim_feed_slow(sim_world *w, sim_person *person, unsigned via, bool is_slow);

#endif
