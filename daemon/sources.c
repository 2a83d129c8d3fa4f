#include "daemon/sources.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "daemon/stream.h"

/* Whoever chooses addresses that meet in one bucket makes it as long as there are strangers, no
 * longer. */
static size_t bucket_of(const vls_source *source) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (size_t i = 0; i < sizeof *source; i++)
    hash = (hash ^ ((const uint8_t *)source)[i]) * UINT64_C(0x100000001b3);
  return (size_t)(hash >> 32) % VLS_SOURCE_BUCKETS;
}

vls_source_row *vls_source_find(const vls_sources *sources, const vls_source *source) {
  vls_source_row *row;
  LIST_FOREACH(row, &sources->buckets[bucket_of(source)], bucket) {
    if (memcmp(&row->source, source, sizeof *source) == 0) return row;
  }
  return NULL;
}

void vls_source_enter(vls_sources *sources, const vls_source *source, vls_stream *stream) {
  vls_source_row *row = vls_source_find(sources, source);
  if (row == NULL) {
    row = vls_calloc(1, sizeof *row);
    row->source = *source;
    TAILQ_INIT(&row->strangers);
    LIST_INSERT_HEAD(&sources->buckets[bucket_of(source)], row, bucket);
  }
  TAILQ_INSERT_TAIL(&row->strangers, stream, same);
  row->n++;
  stream->source = row;
}

void vls_source_leave(vls_stream *stream) {
  vls_source_row *row = stream->source;
  stream->source = NULL;
  TAILQ_REMOVE(&row->strangers, stream, same);
  if (--row->n > 0) return;
  LIST_REMOVE(row, bucket);
  free(row);
}
