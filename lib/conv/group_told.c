#include "conv/group_int.h"

vls_group *vls_gr_new(const vls_group_me *me) {
  vls_group *g = vls_calloc(1, sizeof *g);
  g->me = *me;
  g->changed = true;
  g->last_told = &g->first_told;
  return g;
}

void vls_group_free(vls_group *g) {
  vls_group_told told;
  if (g == NULL) return;
  while (vls_group_poll(g, &told))
    vls_buf_done(&told.bytes);
  while (g->n_epochs > 0)
    vls_gr_epoch_drop(g, g->epochs[0]);
  for (size_t i = 0; i < PASTS; i++)
    vls_past_free(g->pasts[i].past);
  for (size_t i = 0; i < g->n_pending; i++)
    vls_buf_done(&g->pending[i].bytes);
  for (size_t i = 0; i < g->n_acts; i++)
    vls_buf_done(&g->acts[i].bytes);
  for (size_t i = 0; i < g->n_devices; i++) {
    free(g->devices[i].anns);
    free(g->devices[i].seqs);
  }
  vls_gr_rows_free(g);
  vls_authority_free(g->authority);
  free(g->acts);
  free(g->notes);
  free(g->people);
  free(g->devices);
  free(g->present.leaves);
  vls_wipe(g, sizeof *g);
  free(g);
}

void vls_gr_tell(vls_group *g, vls_told_kind kind, const uint8_t id[32], uint32_t device,
                 uint32_t leaf, vls_slice bytes) {
  if (g->loading) return;
  gr_told *t = vls_calloc(1, sizeof *t);
  t->told.kind = kind;
  t->told.leaf = leaf;
  memcpy(t->told.id, id, 32);
  if (device != NOBODY) {
    memcpy(t->told.who, g->people[g->devices[device].person].identity, 32);
    memcpy(t->told.device, g->devices[device].sign, 32);
  }
  vls_buf_init(&t->told.bytes, bytes.n);
  vls_err err = vls_buf_put_slice(&t->told.bytes, bytes);
  VLS_ASSERT(err == VLS_OK);
  *g->last_told = t;
  g->last_told = &t->next;
}

bool vls_group_poll(vls_group *g, vls_group_told *ret) {
  gr_told *t = g->first_told;
  if (t == NULL) return false;
  g->first_told = t->next;
  if (g->first_told == NULL) g->last_told = &g->first_told;
  *ret = t->told;
  free(t);
  return true;
}

/* Keys that were made and never announced do not push out the one that others wrap to. */
void vls_gr_key_add(vls_group *g, const vls_dh_pair *pair, uint64_t made) {
  uint32_t me = vls_gr_device(g, g->me.device->pub);
  size_t drop = g->n_keys;
  if (g->n_keys < VLS_GROUP_LEAF_KEYS) {
    g->n_keys++;
  } else {
    vls_gr_present(g);
    const gr_ann *now = me == NOBODY ? NULL : g->devices[me].now;
    drop = g->n_keys - 1;
    if (now != NULL && memcmp(g->keys[drop].pair.pub, now->dh, 32) == 0) drop--;
  }
  memmove(&g->keys[1], &g->keys[0], drop * sizeof g->keys[0]);
  g->keys[0] = (gr_key){*pair, made};
  g->new_self = true;
}

/* What is so */

const uint8_t *vls_group_id(const vls_group *g) {
  return g->id;
}

uint8_t vls_group_level(vls_group *g, const uint8_t identity[32]) {
  vls_gr_present(g);
  uint32_t person = vls_gr_person(g, identity);
  return person == NOBODY ? VLS_LEVEL_NONE : g->people[person].level;
}

static int by_bytes(const void *a, const void *b) {
  return memcmp(a, b, 32);
}

size_t vls_group_members(vls_group *g, uint8_t (*ret)[32]) {
  size_t n = 0;
  vls_gr_present(g);
  for (size_t i = 0; i < g->n_people; i++)
    if (g->people[i].level > VLS_LEVEL_NONE) memcpy(ret[n++], g->people[i].identity, 32);
  if (n > 1) qsort(ret, n, 32, by_bytes);
  return n;
}

static vls_err give_rules(vls_group *g, const vls_past *past, vls_group_rules *ret, vls_buf *name) {
  vls_act_rules rules;
  vls_gr_rules(g, past, &rules);
  *ret = rules.rules;
  vls_buf_clear(name);
  vls_err err = vls_buf_put_slice(name, rules.rules.name);
  ret->name = vls_buf_slice(name);
  return err;
}

vls_err vls_group_rules_now(vls_group *g, vls_group_rules *ret, vls_buf *name) {
  return g->authority == NULL ? VLS_STATE : give_rules(g, NULL, ret, name);
}

vls_err vls_group_rules_then(vls_group *g, const uint8_t id[32], vls_group_rules *ret,
                             vls_buf *name) {
  const gr_row *row = vls_gr_row(g, id);
  if (row == NULL || row->n_heads == 0) return VLS_STATE;
  return give_rules(g, vls_gr_past(g, row->heads, row->n_heads), ret, name);
}

void vls_group_root(vls_group *g, uint8_t ret[32]) {
  vls_gr_present(g);
  memcpy(ret, g->present.root, 32);
}

bool vls_group_epoch(vls_group *g, uint8_t ret_id[32]) {
  const gr_epoch *e = vls_gr_best(g, true);
  if (e != NULL) memcpy(ret_id, e->id, 32);
  return e != NULL;
}

bool vls_group_is_member(vls_group *g) {
  vls_gr_present(g);
  return vls_gr_leaf_of(&g->present, vls_gr_device(g, g->me.device->pub)) != NOBODY;
}

size_t vls_group_pending(const vls_group *g, size_t *ret_bytes) {
  *ret_bytes = g->pending_bytes;
  return g->n_pending;
}
