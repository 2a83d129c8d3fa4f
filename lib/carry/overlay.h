/* Who is linked to whom in a large group (GROUP 7.1), computed by every member alone from the
 * roster: three Hamiltonian cycles, each in an order of its own. A member's place on them follows
 * from its key alone, so who comes and goes changes only who stands beside it. The neighbours are
 * six; where one cannot be reached, the next on the cycle takes the place. */
#ifndef VALISE_CARRY_OVERLAY_H
#define VALISE_CARRY_OVERLAY_H

#include "base/buf.h"

enum {
  VLS_OVERLAY_CYCLES = 3,
  VLS_OVERLAY_SLOTS = 2 * VLS_OVERLAY_CYCLES, /* a cycle, forwards or backwards */
  VLS_OVERLAY_MEMBERS = 1 << 20,
  VLS_OVERLAY_NOBODY = UINT32_MAX,
};

typedef struct vls_overlay vls_overlay;

/* n members, at least 2, by 32 bytes each that are theirs; self is one of them. seed: the group's
 * id. NULL: out of bounds. */
vls_overlay *vls_overlay_new(const uint8_t seed[32], const uint8_t (*keys)[32], uint32_t n,
                             uint32_t self);
/* Takes NULL. */
void vls_overlay_free(vls_overlay *overlay);
/* Who stands `step` places further in a slot, step from 0; VLS_OVERLAY_NOBODY once all others were
 * asked. */
uint32_t vls_overlay_at(const vls_overlay *overlay, unsigned slot, uint32_t step);
/* The neighbours: for each slot the first who can be reached and is not in a slot before it. Fills
 * ret with up to VLS_OVERLAY_SLOTS members. reach: n of them, borrowed. At most `steps` are tried
 * for a slot. */
size_t vls_overlay_neighbours(const vls_overlay *overlay, const bool *reach, uint32_t steps,
                              uint32_t ret[VLS_OVERLAY_SLOTS]);

#endif
