/* The few types every part shares. */
#ifndef VALISE_TYPES_H
#define VALISE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "valise/err.h"

/* Borrowed bytes: never freed through, never outlives its owner. */
typedef struct vls_slice {
  const uint8_t *p;
  size_t n;
} vls_slice;

/* Time is passed in and frozen for the whole call. mono_ms never goes back and starts anywhere;
 * wall_ms is milliseconds since 1970 and may jump either way. */
typedef struct vls_now {
  uint64_t mono_ms;
  int64_t wall_ms;
} vls_now;

#define VLS_NEVER UINT64_MAX

#endif
