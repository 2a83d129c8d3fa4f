/* State machines as tables: every legal move is a bit in a row, every other is our bug. */
#ifndef VALISE_BASE_SM_H
#define VALISE_BASE_SM_H

#include <stdint.h>

#define VLS_BIT(state) (1u << (state))

typedef struct vls_sm_row {
  const char *name;
  uint32_t moves; /* VLS_BIT of every state that may follow */
} vls_sm_row;

typedef struct vls_sm {
  const vls_sm_row *rows;
  unsigned n_rows, state;
} vls_sm;

static inline void vls_sm_init(vls_sm *sm, const vls_sm_row *rows, unsigned n_rows,
                               unsigned state) {
  *sm = (vls_sm){rows, n_rows, state};
}
/* Asserts that the row allows it. */
void vls_sm_move(vls_sm *sm, unsigned state);
const char *vls_sm_name(const vls_sm *sm);

#endif
