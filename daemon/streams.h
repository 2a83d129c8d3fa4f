/* All connections with other nodes: by number, with strangers in the order they came, and the
 * bounds. */
#ifndef VALISE_DAEMON_STREAMS_H
#define VALISE_DAEMON_STREAMS_H

#include "daemon/stream.h"

enum { VLS_STREAM_BUCKETS = 1024 };

struct vls_daemon;

typedef struct vls_streams {
  LIST_HEAD(, vls_stream) buckets[VLS_STREAM_BUCKETS];
  TAILQ_HEAD(, vls_stream) strangers; /* accepted, and not one byte was answered yet */
  vls_sources sources;                /* the same by where they come from */
  TAILQ_HEAD(, vls_stream) lingering;
  STAILQ_HEAD(, vls_stream) faults;
  uv_timer_t linger;
  size_t count, n_strangers; /* count: descriptors in use or about to be, lingering ones too */
  size_t max;                /* what descriptors allow; limits.links may say less */
  uint64_t next_accepted;
} vls_streams;

/* max: connections that the descriptors of this process allow. */
void vls_streams_start(struct vls_daemon *d, size_t max);
/* Closes all that the core knew, without telling it: its place is taken by another, or by none. */
void vls_streams_drop(struct vls_daemon *d);
/* Closes all, for good. */
void vls_streams_stop(struct vls_daemon *d);

/* A connection came in; takes fd. Sheds a stranger where a bound is reached, and closes fd where
 * there is none to shed. */
void vls_streams_accept(struct vls_daemon *d, int fd, const struct sockaddr *peer);
/* Links at one time: limits.links, or what descriptors allow. */
size_t vls_streams_max(const struct vls_daemon *d);
/* Closes the oldest stranger; false when there is none. */
bool vls_streams_shed(struct vls_daemon *d);

/* What the core wants. Numbers it has let go of, or is about to hear are closed, are ignored. */
void vls_streams_dial(struct vls_daemon *d, uint64_t link, const vls_slice *list, size_t n);
void vls_streams_send(struct vls_daemon *d, uint64_t link, vls_slice bytes);
void vls_streams_close(struct vls_daemon *d, uint64_t link);
void vls_streams_pause(struct vls_daemon *d, uint64_t link, bool pause);

/* Tells the core what was found out while its outputs were performed. */
void vls_streams_attend(struct vls_daemon *d);
/* Gives memory back after traffic. */
void vls_streams_trim(struct vls_daemon *d);

/* For stream.c: the connection is over, and the core hears why. Not while performing. */
void vls_streams_gone(vls_stream *stream, const char *why);
/* For stream.c: lingering is over. */
void vls_streams_lingered(vls_stream *stream);

#endif
