/* Strangers by where they come from, so that each newcomer costs the same, however many are here.
 */
#ifndef VALISE_DAEMON_SOURCES_H
#define VALISE_DAEMON_SOURCES_H

#include <sys/queue.h>

#include "valise/types.h"

enum { VLS_SOURCE_BUCKETS = 1024 };

/* An IPv4 address or an IPv6 /64 network. */
typedef struct vls_source {
  uint8_t family;
  uint8_t net[8];
} vls_source;

struct vls_stream;

/* One place, while strangers from it are here. */
typedef struct vls_source_row {
  vls_source source;
  size_t n;
  TAILQ_HEAD(, vls_stream) strangers; /* oldest first */
  LIST_ENTRY(vls_source_row) bucket;
} vls_source_row;

typedef struct vls_sources {
  LIST_HEAD(, vls_source_row) buckets[VLS_SOURCE_BUCKETS];
} vls_sources;

/* NULL when nobody from there is here. */
vls_source_row *vls_source_find(const vls_sources *sources, const vls_source *source);
void vls_source_enter(vls_sources *sources, const vls_source *source, struct vls_stream *stream);
/* Takes one that entered and did not leave. */
void vls_source_leave(struct vls_stream *stream);

#endif
