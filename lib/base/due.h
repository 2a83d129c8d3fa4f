/* Moments, the next one first: a binary heap of what its owners embed. Taking the first, adding and
 * changing one cost O(log n), however many there are. */
#ifndef VALISE_BASE_DUE_H
#define VALISE_BASE_DUE_H

#include <stddef.h>
#include <stdint.h>

/* Zeroed: not in a heap. */
typedef struct vls_due {
  uint64_t at;  /* mono_ms, while it is in the heap */
  size_t place; /* counted from 1; 0: not in it */
} vls_due;

/* Zeroed: empty. Borrows what is in it. */
typedef struct vls_dues {
  vls_due **list;
  size_t n, cap;
} vls_dues;

/* Puts it there, or moves it; VLS_NEVER takes it out. */
void vls_due_set(vls_dues *dues, vls_due *due, uint64_t at);
/* As set, but only if that is earlier. */
void vls_due_by(vls_dues *dues, vls_due *due, uint64_t at);
/* Takes the earliest out if its time has come; NULL: none. */
vls_due *vls_due_take(vls_dues *dues, uint64_t now);
/* The earliest moment, or VLS_NEVER. */
uint64_t vls_due_next(const vls_dues *dues);
void vls_dues_done(vls_dues *dues);

#endif
