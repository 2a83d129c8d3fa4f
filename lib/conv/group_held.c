/* Who holds what: for receipts (GROUP 7.8). */
#include "conv/group_int.h"

enum { KEY = sizeof((vls_group_held *)0)->device, HEAD = sizeof((vls_group_held *)0)->head };

typedef struct run {
  vls_group_held held;
  uint64_t heard;
} run;

static int by_heard(const void *a, const void *b) {
  const run *x = a, *y = b;
  if (x->heard != y->heard) return x->heard > y->heard ? -1 : 1;
  return memcmp(x->held.device, y->held.device, KEY);
}

static void newest_run(const vls_group *g, const gr_device *d, run *ret) {
  size_t i = d->n_seqs - 1;
  const gr_row *last = &g->rows[d->seqs[i].row];
  *ret = (run){.held = {.from = last->seq, .to = last->seq}, .heard = last->heard};
  memcpy(ret->held.device, d->sign, KEY);
  memcpy(ret->held.head, last->id, HEAD);
  while (i > 0 && d->seqs[i - 1].seq >= ret->held.from - 1)
    ret->held.from = d->seqs[--i].seq;
}

size_t vls_group_runs(const vls_group *g, vls_group_held *ret, size_t max) {
  run *runs = vls_calloc(g->n_devices + 1, sizeof *runs);
  size_t n = 0;
  for (size_t i = 0; i < g->n_devices; i++) {
    const gr_device *d = &g->devices[i];
    if (d->n_seqs == 0 || memcmp(d->sign, g->me.device->pub, 32) == 0) continue;
    newest_run(g, d, &runs[n++]);
  }
  if (n > 1) qsort(runs, n, sizeof *runs, by_heard);
  if (n > max) n = max;
  for (size_t i = 0; i < n; i++)
    ret[i] = runs[i].held;
  free(runs);
  return n;
}

bool vls_group_run_is_mine(const vls_group *g, const vls_group_held *held) {
  uint32_t mine = vls_gr_device(g, g->me.device->pub);
  if (mine == NOBODY || memcmp(held->device, g->me.device->pub, KEY) != 0) return false;
  const gr_device *d = &g->devices[mine];
  for (size_t i = d->n_seqs; i-- > 0 && d->seqs[i].seq >= held->to;)
    if (d->seqs[i].seq == held->to && memcmp(g->rows[d->seqs[i].row].id, held->head, HEAD) == 0)
      return true;
  return false;
}

bool vls_group_announced_by(const vls_group *g, const uint8_t device[32], uint8_t ret_id[32]) {
  uint32_t number = vls_gr_device(g, device);
  if (number == NOBODY || g->devices[number].n_anns == 0) return false;
  const gr_device *d = &g->devices[number];
  uint32_t first = d->anns[0].act;
  for (size_t i = 1; i < d->n_anns; i++)
    if (d->anns[i].act < first) first = d->anns[i].act;
  memcpy(ret_id, g->rows[g->acts[first].row].id, 32);
  return true;
}

const uint8_t *vls_group_owner(const vls_group *g, const uint8_t device[32]) {
  uint32_t number = vls_gr_device(g, device);
  return number == NOBODY ? NULL : g->people[g->devices[number].person].identity;
}

static int by_identity(const void *a, const void *b) {
  return memcmp(a, b, 32);
}

size_t vls_group_members_then(vls_group *g, const uint8_t id[32], uint8_t (*ret)[32]) {
  const gr_row *row = vls_gr_row(g, id);
  size_t n = 0;
  if (row == NULL || g->authority == NULL) return 0;
  const vls_past *past = vls_gr_past(g, row->heads, row->n_heads);
  for (uint32_t i = 0; i < g->n_people; i++)
    if (vls_past_level(g->authority, past, i) >= VLS_LEVEL_MEMBER)
      memcpy(ret[n++], g->people[i].identity, 32);
  if (n > 1) qsort(ret, n, 32, by_identity);
  return n;
}
