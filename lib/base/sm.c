#include "base/sm.h"

#include "base/assert.h"

void vls_sm_move(vls_sm *sm, unsigned state) {
  VLS_ASSERT(sm->state < sm->n_rows && state < sm->n_rows);
  VLS_ASSERT((sm->rows[sm->state].moves & VLS_BIT(state)) != 0);
  sm->state = state;
}

const char *vls_sm_name(const vls_sm *sm) {
  return sm->rows[sm->state].name;
}
