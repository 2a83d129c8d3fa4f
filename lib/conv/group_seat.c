/* Who sits in the roster, and which acts are here. */
#include "conv/group_int.h"

bool vls_group_seat_at(vls_group *g, uint32_t leaf, vls_group_seat *ret) {
  vls_gr_present(g);
  if (leaf >= g->present.n) return false;
  const gr_device *d = &g->devices[g->present.leaves[leaf].device];
  *ret = (vls_group_seat){g->people[d->person].identity, d->sign, d->link};
  return true;
}

bool vls_group_seat_of(vls_group *g, const uint8_t device[32], uint32_t *ret_leaf) {
  vls_gr_present(g);
  uint32_t number = vls_gr_device(g, device);
  if (number == NOBODY) return false;
  *ret_leaf = vls_gr_leaf_of(&g->present, number);
  return *ret_leaf != NOBODY;
}

bool vls_group_act_at(const vls_group *g, uint32_t number, const uint8_t **ret_id,
                      vls_slice *ret_event) {
  if (number >= g->n_acts) return false;
  *ret_id = g->rows[g->acts[number].row].id;
  *ret_event = vls_buf_slice(&g->acts[number].bytes);
  return true;
}

bool vls_group_has(const vls_group *g, const uint8_t id[32]) {
  return vls_gr_row(g, id) != NULL;
}
