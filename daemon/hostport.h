/* "host:port" as people write it, and addresses as people read them. */
#ifndef VALISE_DAEMON_HOSTPORT_H
#define VALISE_DAEMON_HOSTPORT_H

#include <sys/socket.h>

#include "valise/types.h"

enum { VLS_HOST_MAX = 253, VLS_ADDRESS_TEXT = 64 };

typedef struct vls_hostport {
  char host[VLS_HOST_MAX + 1]; /* without brackets */
  uint16_t port;
  bool literal;                 /* host is an IP address, and addr is it */
  struct sockaddr_storage addr; /* with the port */
} vls_hostport;

/* "192.0.2.1:4647", "[2001:db8::1]:4647", "node.example:4647". VLS_MALFORMED for anything else: no
 * port, an IPv6 address without brackets, characters no name has. Port 0 is taken as it is. */
VLS_MUST vls_err vls_hostport_parse(vls_slice text, vls_hostport *ret);
/* Writes "192.0.2.1:4647" or "[2001:db8::1]:4647"; ret has VLS_ADDRESS_TEXT bytes. */
void vls_address_text(const struct sockaddr *addr, char *ret);
/* The port, in host order; 0 for what is not an IP address. */
uint16_t vls_address_port(const struct sockaddr *addr);
void vls_address_set_port(struct sockaddr *addr, uint16_t port);
/* 0.0.0.0 and ::. */
bool vls_address_is_any(const struct sockaddr *addr);

#endif
