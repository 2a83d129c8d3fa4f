/* Where others can reach this node: told to the core at the start and when it changes. The kernel
 * says so by itself (rtnetlink(7)); nothing is polled. */
#ifndef VALISE_DAEMON_REACH_H
#define VALISE_DAEMON_REACH_H

#include <uv.h>

#include "daemon/hostport.h"
#include "valise/core.h"

enum {
  VLS_REACH_SETTLE_MS = 1000, /* interfaces come and go in bursts */
  VLS_REACH_AGAIN_MS = 5000,  /* when the system did not tell what addresses there are */
  VLS_REACH_TEXT = VLS_HOST_MAX + 8,
};

struct vls_daemon;

typedef struct vls_reach_list {
  char text[VLS_ADDRESSES_MAX][VLS_REACH_TEXT];
  size_t n;
} vls_reach_list;

typedef struct vls_reach {
  int fd; /* netlink, or -1: then there is nothing to watch */
  uv_poll_t poll;
  uv_timer_t settle;
  bool lost;       /* an address went away since it last settled */
  uint64_t digest; /* of all addresses of this machine */
  vls_reach_list told;
  bool telling; /* told holds what the core knows */
} vls_reach;

/* How good an address is for others: 0 none at all (link-local, unspecified), 1 this machine, 2
 * this site, 3 the whole world. */
unsigned vls_reach_rank(const struct sockaddr *addr);

/* NULL when it is fit to be dialled; else why not, a constant. Cards and invitations are others'
 * words: this machine is dialled only by a node that is to be found there itself. */
const char *vls_reach_unfit(const struct vls_daemon *d, const struct sockaddr *addr);

/* Watches, and tells the core for the first time. After the listeners. */
void vls_reach_start(struct vls_daemon *d);
/* Tells the core if something changed; always, when `anyway`. */
void vls_reach_tell(struct vls_daemon *d, bool anyway);

#endif
