/* The client side of SOCKS5 (RFC 1928, RFC 1929) up to the moment the proxy says the way is open.
 * Pure: bytes in, bytes out. Names go to the proxy as they are: nothing is looked up here. */
#ifndef VALISE_DAEMON_SOCKS5_H
#define VALISE_DAEMON_SOCKS5_H

#include "base/buf.h"
#include "daemon/hostport.h"

enum {
  VLS_SOCKS5_TEXT_MAX = 255,
  VLS_SOCKS5_OUT_MAX = 3 + 2 * VLS_SOCKS5_TEXT_MAX + 7 + 255, /* password and target in one go */
  VLS_SOCKS5_IN_MAX = 262,
};

typedef struct vls_socks5 {
  unsigned state;
  const vls_hostport *target; /* borrowed for as long as this lives */
  vls_slice user, password;   /* borrowed likewise; an empty user: no authentication is offered */
  vls_buf in;                 /* part of an answer; at most VLS_SOCKS5_IN_MAX */
} vls_socks5;

/* Appends the first bytes to send to out. Free with done. */
void vls_socks5_init(vls_socks5 *s, const vls_hostport *target, vls_slice user, vls_slice password,
                     vls_buf *out);
void vls_socks5_done(vls_socks5 *s);
/* Takes bytes from the proxy and appends what to send to out (which has room for
 * VLS_SOCKS5_OUT_MAX). VLS_AGAIN: more is to come. VLS_OK: the way is open, and *ret_used bytes
 * were the proxy's, the rest is the peer's. VLS_MALFORMED, VLS_SYSTEM: no; *ret_why, a constant,
 * says why to a person. */
VLS_MUST vls_err vls_socks5_feed(vls_socks5 *s, vls_slice bytes, vls_buf *out, size_t *ret_used,
                                 const char **ret_why);

#endif
