/* One TCP connection with another node, by the core's number for it: what the core calls a link. */
#ifndef VALISE_DAEMON_STREAM_H
#define VALISE_DAEMON_STREAM_H

#include <sys/queue.h>
#include <uv.h>

#include "base/sm.h"
#include "daemon/dial.h"
#include "daemon/hostport.h"
#include "daemon/outq.h"
#include "daemon/sources.h"

enum {
  VLS_STREAM_QUEUE_MAX = 4 << 20, /* bytes waiting for a node that reads slowly; then it is cut */
  VLS_STREAM_LINGER_MS = 2000,    /* for the last bytes to arrive before the connection goes */
  VLS_STREAM_WHY = 256,
};

typedef enum vls_stream_state {
  VLS_STREAM_DIALLING,
  VLS_STREAM_UP,
  VLS_STREAM_LINGER, /* the core is done with it; the last bytes are on their way */
  VLS_STREAM_GONE,   /* until libuv lets go of the memory */
} vls_stream_state;

typedef struct vls_stream vls_stream;
struct vls_stream {
  struct vls_daemon *d;
  uint64_t link;
  vls_sm sm;
  uv_tcp_t *tcp;
  vls_dialer *dialer;
  vls_outq out;
  uv_shutdown_t shutdown;
  bool accepted, stranger, paused;
  bool failed;            /* found out while outputs were performed; `why` waits for attend */
  vls_source_row *source; /* of a stranger */
  char peer[VLS_ADDRESS_TEXT];
  char why[VLS_STREAM_WHY];
  uint64_t linger_until;          /* loop time in ms */
  LIST_ENTRY(vls_stream) bucket;  /* by link, while the core knows it */
  TAILQ_ENTRY(vls_stream) line;   /* of strangers or of the lingering, oldest first */
  TAILQ_ENTRY(vls_stream) same;   /* strangers from one place */
  STAILQ_ENTRY(vls_stream) fault; /* failed */
};

/* A connection for a dial or an accepted descriptor, not yet in any table. */
vls_stream *vls_stream_new(struct vls_daemon *d, uint64_t link);
/* The handle is open: it is the connection's now. peer: for people. */
void vls_stream_up(vls_stream *stream, uv_tcp_t *tcp, const char *peer);
/* Reads, unless the core asked for a pause. */
void vls_stream_read(vls_stream *stream);
/* Closes the descriptor at once; the memory follows by itself. */
void vls_stream_close(vls_stream *stream);

#endif
