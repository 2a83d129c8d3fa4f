#include "conv/group_int.h"

#include "crypto/kdf.h"

uint32_t vls_gr_person(const vls_group *g, const uint8_t identity[32]) {
  for (size_t i = 0; i < g->n_people; i++)
    if (memcmp(g->people[i].identity, identity, 32) == 0) return (uint32_t)i;
  return NOBODY;
}

uint32_t vls_gr_person_add(vls_group *g, const uint8_t identity[32]) {
  uint32_t old = vls_gr_person(g, identity);
  if (old != NOBODY) return old;
  if (g->n_people == VLS_GROUP_CITIZENS) return NOBODY;
  if (g->people == NULL) g->people = vls_calloc(VLS_GROUP_CITIZENS, sizeof *g->people);
  memcpy(g->people[g->n_people].identity, identity, 32);
  return (uint32_t)g->n_people++;
}

uint32_t vls_gr_device(const vls_group *g, const uint8_t sign[32]) {
  for (size_t i = 0; i < g->n_devices; i++)
    if (memcmp(g->devices[i].sign, sign, 32) == 0) return (uint32_t)i;
  return NOBODY;
}

uint32_t vls_gr_device_add(vls_group *g, uint32_t person, const uint8_t sign[32],
                           const uint8_t link[32]) {
  uint32_t old = vls_gr_device(g, sign);
  if (old != NOBODY) return g->devices[old].person == person ? old : NOBODY;
  gr_person *p = &g->people[person];
  if (p->n_devices == VLS_GROUP_DEVICES) return NOBODY;
  g->devices = vls_realloc(g->devices, (g->n_devices + 1) * sizeof *g->devices);
  g->devices[g->n_devices] = (gr_device){.person = person};
  memcpy(g->devices[g->n_devices].sign, sign, 32);
  memcpy(g->devices[g->n_devices].link, link, 32);
  p->devices[p->n_devices++] = (uint32_t)g->n_devices;
  return (uint32_t)g->n_devices++;
}

void vls_gr_announce(vls_group *g, uint32_t device, uint32_t act, uint64_t made,
                     const uint8_t *dh) {
  gr_device *d = &g->devices[device];
  d->anns = vls_realloc(d->anns, (d->n_anns + 1) * sizeof *d->anns);
  gr_ann *ann = &d->anns[d->n_anns++];
  *ann = (gr_ann){.act = act, .made = made, .gone = dh == NULL};
  if (dh != NULL) memcpy(ann->dh, dh, 32);
  d->now = NULL; /* they moved */
}

bool vls_gr_announced(const vls_group *g, const vls_past *past, uint32_t device) {
  const gr_device *d = &g->devices[device];
  for (size_t i = 0; i < d->n_anns; i++)
    if (vls_past_has(past, d->anns[i].act)) return true;
  return false;
}

/* Of two announcements of a device the one that counts (GROUP 3.2). */
static const gr_ann *newer(const gr_ann *a, const gr_ann *b) {
  if (a == NULL || b == NULL) return a == NULL ? b : a;
  if (a->made != b->made) return a->made > b->made ? a : b;
  return memcmp(a->dh, b->dh, 32) <= 0 ? a : b;
}

static const gr_ann *leaf_key(const vls_group *g, const vls_past *past, const gr_change *change,
                              uint32_t device) {
  const gr_device *d = &g->devices[device];
  const gr_ann *best = NULL;
  for (size_t i = 0; i < d->n_anns; i++)
    if (past == NULL || vls_past_has(past, d->anns[i].act)) best = newer(best, &d->anns[i]);
  if (change != NULL && change->device == device) best = newer(best, &change->ann);
  if (change != NULL && change->device2 == device) best = newer(best, &change->ann2);
  return best == NULL || best->gone ? NULL : best;
}

typedef struct sortable {
  const uint8_t *identity, *sign;
  gr_leaf leaf;
} sortable;

static int by_keys(const void *a, const void *b) {
  const sortable *x = a, *y = b;
  int d = memcmp(x->identity, y->identity, 32);
  return d != 0 ? d : memcmp(x->sign, y->sign, 32);
}

static void hash_roster(const vls_group *g, gr_roster *r) {
  vls_buf all;
  vls_buf_init(&all, 32 + VLS_GROUP_LEAVES * 96);
  vls_err err = vls_buf_put_slice(&all, vls_slice_str("valise roster"));
  if (err == VLS_OK) err = vls_buf_put_be32(&all, (uint32_t)r->n);
  for (size_t i = 0; i < r->n && err == VLS_OK; i++) {
    const gr_device *d = &g->devices[r->leaves[i].device];
    err = vls_buf_put(&all, g->people[d->person].identity, 32);
    if (err == VLS_OK) err = vls_buf_put(&all, d->sign, 32);
    if (err == VLS_OK) err = vls_buf_put(&all, r->leaves[i].dh, 32);
  }
  VLS_ASSERT(err == VLS_OK);
  vls_sha256(r->root, vls_buf_slice(&all));
  vls_buf_done(&all);
}

void vls_gr_roster(vls_group *g, const vls_past *past, const gr_change *change, gr_roster *ret) {
  sortable *all = vls_calloc(g->n_devices + 1, sizeof *all);
  size_t n = 0;
  for (uint32_t p = 0; p < g->n_people; p++) {
    uint8_t level = past == NULL ? g->people[p].level : vls_past_level(g->authority, past, p);
    if (change != NULL && change->person == p) level = change->level;
    for (size_t i = 0; level > 0 && i < g->people[p].n_devices; i++) {
      uint32_t d = g->people[p].devices[i];
      const gr_ann *ann = leaf_key(g, past, change, d);
      if (ann == NULL) continue;
      all[n] = (sortable){g->people[p].identity, g->devices[d].sign, {.device = d}};
      memcpy(all[n++].leaf.dh, ann->dh, 32);
    }
  }
  if (n > 1) qsort(all, n, sizeof *all, by_keys);
  if (n > VLS_GROUP_LEAVES) n = VLS_GROUP_LEAVES;
  *ret = (gr_roster){.leaves = vls_calloc(n + 1, sizeof *ret->leaves), .n = n};
  for (size_t i = 0; i < n; i++)
    ret->leaves[i] = all[i].leaf;
  free(all);
  hash_roster(g, ret);
}

void vls_gr_present(vls_group *g) {
  if (!g->changed || g->authority == NULL) return;
  g->changed = false;
  for (uint32_t p = 0; p < g->n_people; p++)
    g->people[p].level = vls_authority_level(g->authority, p);
  free(g->present.leaves);
  vls_gr_roster(g, NULL, NULL, &g->present);
  for (size_t d = 0; d < g->n_devices; d++)
    g->devices[d].now = NULL;
  for (size_t i = 0; i < g->present.n; i++) {
    uint32_t d = g->present.leaves[i].device;
    g->devices[d].now = leaf_key(g, NULL, NULL, d);
  }
}

uint32_t vls_gr_leaf_of(const gr_roster *roster, uint32_t device) {
  for (size_t i = 0; i < roster->n; i++)
    if (roster->leaves[i].device == device) return (uint32_t)i;
  return NOBODY;
}

/* Both are in one order. */
bool vls_gr_within(const gr_roster *a, const gr_roster *b) {
  size_t k = 0;
  for (size_t i = 0; i < a->n; i++) {
    while (k < b->n && b->leaves[k].device != a->leaves[i].device)
      k++;
    if (k == b->n || memcmp(a->leaves[i].dh, b->leaves[k].dh, 32) != 0) return false;
  }
  return true;
}
