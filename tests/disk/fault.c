/* What goes wrong with a disk. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disk.h"

static bool begins(const char *name, const char *prefix) {
  return prefix[0] != '\0' && strncmp(name, prefix, strlen(prefix)) == 0;
}

disk_fault disk_ask(disk *d, disk_deed deed, const char *name) {
  bool is_change = deed != DISK_READ;
  if (begins(name, d->dead)) return is_change ? DISK_CUT : DISK_FINE;
  if (d->fuse == 0 && is_change && deed != DISK_OPEN) return DISK_CUT;
  if (d->fuse > 0 && is_change && deed != DISK_OPEN) d->fuse--;
  d->number++;
  disk_fault fault = d->fate == NULL ? DISK_FINE : d->fate(d->fate_arg, d->number, deed, name);
  if (fault == DISK_FULL)
    snprintf(d->full, sizeof d->full, "%.*s", (int)(strrchr(name, '/') + 1 - name), name);
  bool wants_room = deed == DISK_WRITE || deed == DISK_OPEN;
  return fault == DISK_FINE && wants_room && begins(name, d->full) ? DISK_FULL : fault;
}

void disk_note(disk_entry *e, size_t at, const void *p, size_t n) {
  if (e->n_ops == e->cap_ops) {
    e->cap_ops = e->cap_ops == 0 ? 16 : 2 * e->cap_ops;
    e->ops = vls_realloc(e->ops, e->cap_ops * sizeof *e->ops);
  }
  disk_op *op = &e->ops[e->n_ops++];
  *op = (disk_op){.at = at, .n = n};
  if (p == NULL) return;
  op->p = vls_calloc(1, n);
  memcpy(op->p, p, n);
}

void disk_forget_ops(disk_entry *e) {
  for (size_t i = 0; i < e->n_ops; i++)
    free(e->ops[i].p);
  free(e->ops);
  e->ops = NULL;
  e->n_ops = e->cap_ops = 0;
}

static void put(vls_buf *to, size_t at, const uint8_t *p, size_t n) {
  if (at + n > to->n) disk_resize(to, at + n);
  memcpy(to->p + at, p, n);
}

void disk_make_safe(disk_entry *e) {
  for (size_t i = 0; i < e->n_ops; i++) {
    const disk_op *op = &e->ops[i];
    if (op->p != NULL)
      put(&e->safe, op->at, op->p, op->n);
    else if (op->at < e->safe.n)
      e->safe.n = op->at;
  }
  disk_forget_ops(e);
}

void disk_sync_names(disk *d) {
  for (size_t i = 0; i < DISK_FILES && d->entry[i] != NULL; i++)
    d->entry[i]->was = d->entry[i]->exists;
}

/* What comes with the op, sector by sector as the dice fall. */
static void write_some(vls_buf *safe, const disk_op *op, uint32_t (*dice)(void *), void *arg) {
  if (op->p == NULL) {
    if ((dice(arg) & 1) && op->at < safe->n) safe->n = op->at;
    return;
  }
  for (size_t i = 0; i < op->n;) {
    size_t to_edge = DISK_SECTOR - (op->at + i) % DISK_SECTOR;
    size_t n = to_edge < op->n - i ? to_edge : op->n - i;
    if (dice(arg) & 1) put(safe, op->at + i, op->p + i, n);
    i += n;
  }
}

void disk_power_cut(disk *d, const char *prefix, uint32_t (*dice)(void *), void *arg) {
  for (size_t i = 0; i < DISK_FILES && d->entry[i] != NULL; i++) {
    disk_entry *e = d->entry[i];
    if (strncmp(e->name, prefix, strlen(prefix)) != 0) continue;
    for (size_t k = 0; k < e->n_ops && dice != NULL; k++)
      write_some(&e->safe, &e->ops[k], dice, arg);
    disk_forget_ops(e);
    if (e->exists != e->was && dice != NULL && (dice(arg) & 1)) e->was = e->exists;
    e->exists = e->was;
    if (!e->exists) e->safe.n = 0;
    disk_copy(&e->now, &e->safe);
  }
  disk_revive(d);
}

void disk_revive(disk *d) {
  d->dead[0] = '\0';
  d->fuse = -1;
}

void disk_kill(disk *d, const char *prefix) {
  snprintf(d->dead, sizeof d->dead, "%s", prefix);
}

void disk_fill(disk *d, const char *prefix) {
  snprintf(d->full, sizeof d->full, "%s", prefix);
}

void disk_mend(disk *d) {
  d->full[0] = '\0';
}

void disk_tear(disk_entry *e, size_t at, const uint8_t *p, size_t n) {
  size_t half = n / 2 + DISK_SECTOR / 2;
  if (n <= DISK_SECTOR) return;
  if (half > n) half = n / 2;
  put(&e->now, at, p, half);
  disk_note(e, at, p, half);
}
