/* The SOCKS5 proxy of the configuration, with its password read. */
#ifndef VALISE_DAEMON_PROXY_H
#define VALISE_DAEMON_PROXY_H

#include <sys/socket.h>

#include "daemon/config.h"
#include "daemon/socks5.h"

typedef struct vls_proxy {
  bool on;
  struct sockaddr_storage addr;
  char user[VLS_SOCKS5_TEXT_MAX + 1], password[VLS_SOCKS5_TEXT_MAX + 1];
} vls_proxy;

/* Wipe with done. VLS_USAGE: the password file is missing, open to others, or too long. */
VLS_MUST vls_err vls_proxy_load(vls_proxy *ret_proxy, const vls_config *config,
                                vls_trouble *ret_why);
void vls_proxy_done(vls_proxy *proxy);

#endif
