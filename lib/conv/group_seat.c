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

size_t vls_group_wants(vls_group *g, vls_group_place *ret, size_t max) {
  size_t n = 0;
  uint32_t me = vls_gr_device(g, g->me.device->pub);
  for (size_t i = 0; i < g->n_epochs && n < max; i++) {
    const gr_epoch *e = g->epochs[i];
    uint32_t leaf = me == NOBODY ? NOBODY : vls_gr_leaf_of(&e->roster, me);
    if (e->open || leaf == NOBODY) continue;
    if (!e->fresh && vls_gr_was_in_base(g, e, leaf)) continue; /* opens with its base */
    memcpy(ret[n].commit, e->id, 32);
    ret[n++].leaf = leaf;
  }
  return n;
}

bool vls_group_has_keys(vls_group *g) {
  return vls_gr_best(g, false) != NULL;
}

bool vls_group_was_removed(const vls_group *g, const uint8_t identity[32]) {
  uint32_t person = vls_gr_person(g, identity);
  for (size_t i = 0; i < g->n_acts && person != NOBODY; i++)
    if (g->acts[i].kind == VLS_GROUP_REMOVE && g->acts[i].target == person) return true;
  return false;
}

size_t vls_group_unopened(const vls_group *g, uint8_t (*ret)[32], size_t max) {
  size_t n = 0;
  for (size_t i = 0; i < g->n_pending && n < max; i++)
    if (!g->pending[i].is_event) memcpy(ret[n++], g->pending[i].id, 32);
  return n;
}
