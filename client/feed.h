/* The events of the node, one after the other, across a lost connection. */
#ifndef VALISE_CLIENT_FEED_H
#define VALISE_CLIENT_FEED_H

#include "client/cmd.h"

typedef struct vls_feed {
  vls_cli *cli;
  const char *consumer; /* whose cursor; NULL: the default one */
  bool live;            /* only what happens from now on; nothing can be acknowledged */
  bool open;
  uint64_t last;   /* cursor of the last event that was seen */
  uint64_t newest; /* the newest event when it was opened */
} vls_feed;

/* Subscribes: before anything is done whose event must not be missed. */
VLS_MUST vls_err vls_feed_open(vls_feed *feed);
/* The next event; its slices are good until the next call to the node. After a lost connection goes
 * on where it was, as soon as the node is back. VLS_AGAIN at the deadline (vls_when_mono,
 * VLS_NEVER). */
VLS_MUST vls_err vls_feed_next(vls_feed *feed, uint64_t deadline, vls_rpc_event *ret_event);
/* This event and all before it were dealt with. */
VLS_MUST vls_err vls_feed_ack(vls_feed *feed, uint64_t cursor);
/* After a VLS_NO_DAEMON: connects again and goes on, trying until the deadline. */
VLS_MUST vls_err vls_feed_resume(vls_feed *feed, uint64_t deadline);

#endif
