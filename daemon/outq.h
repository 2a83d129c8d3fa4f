/* What waits to be written to one stream, with a bound. What is put in one turn of the loop leaves
 * with one system call at its end. */
#ifndef VALISE_DAEMON_OUTQ_H
#define VALISE_DAEMON_OUTQ_H

#include <uv.h>

#include "base/buf.h"

typedef struct vls_outq {
  uv_stream_t *stream; /* borrowed; NULL when there is none any more */
  uv_write_t req;
  vls_buf wait;                     /* not yet given to libuv */
  vls_buf flight;                   /* with libuv until req is done */
  size_t sent;                      /* bytes of flight the kernel had taken before */
  bool busy;                        /* req is under way */
  void (*wrote)(struct vls_outq *); /* a write ended; may be NULL */
  void *data;                       /* of the owner */
  bool dirty;                       /* in the list of vls_batch_flush */
  struct vls_outq *next_dirty;
} vls_outq;

/* max: bytes that may wait, in flight or not. The stream must outlive the queue or be closed first.
 */
void vls_outq_init(vls_outq *q, uv_stream_t *stream, size_t max, void (*wrote)(vls_outq *),
                   void *data);
/* Frees; the stream's handle must be closed (in its close callback or later). */
void vls_outq_done(vls_outq *q);
/* VLS_TOO_BIG: over max, and nothing was taken. */
VLS_MUST vls_err vls_outq_put(vls_outq *q, vls_slice bytes);
/* Writes what the kernel takes now; the rest follows by itself. Errors come to the reader of the
 * stream, and end the queue. */
void vls_outq_flush(vls_outq *q);
/* Bytes not yet in the kernel. */
size_t vls_outq_size(const vls_outq *q);
/* Gives memory back that nothing waits in. */
void vls_outq_trim(vls_outq *q);

#endif
