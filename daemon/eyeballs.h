/* Which address to try next (RFC 8305 section 4): families take turns, so that one broken family
 * costs a quarter of a second and not a minute. Pure: no sockets, no clock. */
#ifndef VALISE_DAEMON_EYEBALLS_H
#define VALISE_DAEMON_EYEBALLS_H

#include <stddef.h>
#include <sys/socket.h>

/* An address to try, and which of the names given it came from. */
typedef struct vls_candidate {
  struct sockaddr_storage addr;
  unsigned target;
} vls_candidate;

/* Orders list[0..n) so that families alternate, each in the order it was in. after: the family
 * tried last (another one comes first, if there is one), or AF_UNSPEC: the first entry leads. */
void vls_eyeballs_order(vls_candidate *list, size_t n, int after);

#endif
