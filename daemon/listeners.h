/* The sockets other nodes connect to. */
#ifndef VALISE_DAEMON_LISTENERS_H
#define VALISE_DAEMON_LISTENERS_H

#include "daemon/acceptor.h"
#include "daemon/hostport.h"
#include "daemon/trouble.h"

enum { VLS_LISTENERS_MAX = 16 };

struct vls_daemon;

typedef struct vls_listener {
  vls_acceptor acceptor; /* first: its address is the listener's */
  char wanted[VLS_ADDRESS_TEXT];
  struct sockaddr_storage bound; /* with the real port */
  char text[VLS_ADDRESS_TEXT];
} vls_listener;

typedef struct vls_listeners {
  vls_listener *list[VLS_LISTENERS_MAX];
  size_t n;
} vls_listeners;

/* Opens what listen.address names and is not open, closes what it does not name any more. Where the
 * system lacks a family, the standard addresses do without it. VLS_SYSTEM: one could not be opened;
 * the others are. */
VLS_MUST vls_err vls_listeners_open(struct vls_daemon *d, vls_trouble *ret_why);
void vls_listeners_close(struct vls_daemon *d);

#endif
