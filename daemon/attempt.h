/* One try of a dial: one address, and the proxy's handshake if it goes through one. */
#ifndef VALISE_DAEMON_ATTEMPT_H
#define VALISE_DAEMON_ATTEMPT_H

#include <sys/queue.h>
#include <uv.h>

#include "daemon/socks5.h"

struct vls_daemon;

typedef struct vls_attempt vls_attempt;
/* Once. why == NULL: connected, then vls_attempt_take; else why, for people, then
 * vls_attempt_close. */
typedef void (*vls_attempted)(vls_attempt *a, const char *why, vls_slice early);

struct vls_attempt {
  struct vls_daemon *d;
  void *data; /* of the owner */
  vls_attempted done;
  uv_tcp_t *tcp;
  uv_connect_t req;
  const vls_hostport *through; /* what the proxy is asked for; NULL without a proxy */
  vls_socks5 socks;
  char text[VLS_HOST_MAX + 8]; /* "host:port", for people */
  LIST_ENTRY(vls_attempt) entry;
};

/* Starts; done never comes from within. With a proxy, `target` (borrowed) is what it is asked for
 * and addr is not looked at. NULL: *ret_why, a constant, says why. */
vls_attempt *vls_attempt_start(struct vls_daemon *d, const struct sockaddr *addr,
                               const vls_hostport *target, vls_attempted done, void *data,
                               const char **ret_why);
/* The handle is the caller's; the attempt is freed. */
uv_tcp_t *vls_attempt_take(vls_attempt *a);
/* Closes and frees. done does not come any more. */
void vls_attempt_close(vls_attempt *a);

#endif
