/* How a record gets to all members of a large group over few links: Plumtree (Leitao, Pereira,
 * Rodrigues, "Epidemic Broadcast Trees", SRDS 2007). To some neighbours a record is sent at once
 * (eager), to the others only its id (lazy). Who gets one twice says so, and that link becomes
 * lazy: what is left is a tree. Who hears of an id and does not get the record asks for it, and
 * that link becomes eager: so the tree mends itself. How long it waits follows from how long
 * records usually come behind their announcements, as RFC 6298 does it.
 *
 * A state machine of ids; records are the caller's. What a neighbour does wrong costs its own link
 * at most. Time is any clock in ms that does not go back. */
#ifndef VALISE_CARRY_SPREAD_H
#define VALISE_CARRY_SPREAD_H

#include "base/buf.h"

enum {
  VLS_SPREAD_PEERS = 32,     /* links at once */
  VLS_SPREAD_SEEN = 8192,    /* ids remembered, the newest */
  VLS_SPREAD_MISSING = 1024, /* heard of and not here */
  VLS_SPREAD_ASKED = 8,      /* who announced one, as far as they are remembered */
  VLS_SPREAD_WAIT_MIN = 100, /* ms until an announced record is asked for, at least */
  VLS_SPREAD_WAIT_MAX = 10000,
};
#define VLS_SPREAD_SELF UINT32_MAX /* in the place of a peer: this node */

typedef enum vls_spread_kind {
  VLS_SPREAD_RECORD, /* out only: send the record */
  VLS_SPREAD_IHAVE,  /* I have this one */
  VLS_SPREAD_GRAFT,  /* send it to me, and what follows at once */
  VLS_SPREAD_PRUNE,  /* I get these from elsewhere; ids alone from now on (id: the one it was) */
} vls_spread_kind;

typedef struct vls_spread_out {
  vls_spread_kind kind;
  uint32_t peer;
  uint8_t id[32];
} vls_spread_out;

typedef struct vls_spread vls_spread;

vls_spread *vls_spread_new(void);
/* Takes NULL. */
void vls_spread_free(vls_spread *spread);

/* A neighbour's link is up: eager at first. rtt: measured, ms. VLS_LIMITED: VLS_SPREAD_PEERS are.
 * Again for one that is up: another rtt. */
VLS_MUST vls_err vls_spread_up(vls_spread *spread, uint32_t peer, uint32_t rtt);
void vls_spread_down(vls_spread *spread, uint32_t peer);

/* A record is here and on disk: mine, or from a peer. VLS_DUPLICATE: it was. */
VLS_MUST vls_err vls_spread_got(vls_spread *spread, const uint8_t id[32], uint32_t from,
                                uint64_t now);
/* A record came again that is here, though it may be forgotten above. */
void vls_spread_again(vls_spread *spread, const uint8_t id[32], uint32_t from);
/* What a neighbour said. has: the caller still has that record. VLS_NOT_FOUND: no neighbour. */
VLS_MUST vls_err vls_spread_heard(vls_spread *spread, vls_spread_kind kind, const uint8_t id[32],
                                  uint32_t from, bool has, uint64_t now);
void vls_spread_tick(vls_spread *spread, uint64_t now);
/* When to tick next; VLS_NEVER. */
uint64_t vls_spread_deadline(const vls_spread *spread);
/* What to send next; false: nothing is left. */
bool vls_spread_poll(vls_spread *spread, vls_spread_out *ret);

/* Links to which records go at once. */
size_t vls_spread_eager(const vls_spread *spread);

#endif
