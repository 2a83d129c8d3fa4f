/* A listening socket that survives running out of descriptors: strangers go first, nobody spins,
 * and what cannot be taken is turned away instead of waiting in the kernel. */
#ifndef VALISE_DAEMON_ACCEPTOR_H
#define VALISE_DAEMON_ACCEPTOR_H

#include <stdbool.h>
#include <sys/socket.h>
#include <uv.h>

enum {
  VLS_ACCEPTS = 64,          /* connections taken before others have their turn */
  VLS_ACCEPT_REST_MS = 1000, /* pause when the system has nothing left to give */
};

struct vls_daemon;

typedef struct vls_acceptor vls_acceptor;
/* Takes fd. */
typedef void (*vls_accepted)(vls_acceptor *a, int fd, const struct sockaddr_storage *peer);

struct vls_acceptor {
  struct vls_daemon *d;
  int fd;
  vls_accepted accepted;
  uv_poll_t poll;
  uv_timer_t rest;
  unsigned open;   /* handles not yet closed */
  bool is_clients; /* one of them is taken with the descriptor kept in reserve */
  void (*closed)(vls_acceptor *a);
};

/* Takes fd, a listening, non-blocking socket. Returns a libuv error; then fd is still the caller's.
 */
int vls_acceptor_start(vls_acceptor *a, struct vls_daemon *d, int fd, vls_accepted accepted);
/* Closes the socket at once; `closed`, if not NULL, is called when the memory may go. */
void vls_acceptor_stop(vls_acceptor *a, void (*closed)(vls_acceptor *a));
/* Opens the descriptor kept in reserve; there may be none. */
void vls_acceptor_reserve(struct vls_daemon *d);

#endif
