/* One dial: several addresses, names looked up, tried in turns a quarter of a second apart (RFC
 * 8305), through the proxy if there is one. The first that connects wins. */
#ifndef VALISE_DAEMON_DIAL_H
#define VALISE_DAEMON_DIAL_H

#include <uv.h>

#include "valise/types.h"

enum {
  VLS_DIAL_TARGETS = 8,     /* addresses given */
  VLS_DIAL_CANDIDATES = 24, /* addresses found */
  VLS_DIAL_NEXT_MS = 250,   /* "Connection Attempt Delay" of RFC 8305 section 5 */
  VLS_DIAL_MS = 15000,      /* for all of it */
  VLS_DIAL_PROXY_NEXT_MS = 3000,
  VLS_DIAL_PROXY_MS = 60000, /* a proxy such as Tor takes its time */
};

struct vls_daemon;

typedef struct vls_dialer vls_dialer;
/* Once, and never from within start: tcp, connected and the caller's to close and free, with the
 * peer's address in text and what it sent already in early; or NULL, and text says why, for people.
 */
typedef void (*vls_dialled)(void *data, uv_tcp_t *tcp, const char *text, vls_slice early);

/* list: n times "host:port", the best first; read before this returns. The dialer frees itself. */
vls_dialer *vls_dialer_start(struct vls_daemon *d, const vls_slice *list, size_t n,
                             vls_dialled done, void *data);
/* Gives up: done is not called any more. */
void vls_dialer_cancel(vls_dialer *dialer);

#endif
