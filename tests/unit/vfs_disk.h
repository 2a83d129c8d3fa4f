/* A disk in memory, as a SQLite VFS to put under the encrypting one. It knows what was synced and
 * what was not: after a power cut each sector that was not may be there or not. A fuse makes it
 * fail after so many writes. One per test; no locks, one process. */
#ifndef VALISE_TESTS_VFS_DISK_H
#define VALISE_TESTS_VFS_DISK_H

#include <stdio.h>
#include <stdlib.h>

#include "vec_hex.h"

#include "store/vfs.h"

enum { DISK_FILES = 6, DISK_SECTOR = 512, DISK_NAME = 128 };

typedef struct disk_op { /* not synced yet: bytes at `at`, or with p NULL a truncation to `at` */
  size_t at, n;
  uint8_t *p;
} disk_op;

typedef struct disk_entry {
  char name[DISK_NAME];
  bool exists, was; /* now, and when it was last synced */
  vls_buf now, safe;
  disk_op *ops;
  size_t n_ops;
} disk_entry;

typedef struct disk {
  sqlite3_vfs base;
  disk_entry entry[DISK_FILES];
  long fuse;       /* writes, truncations and syncs until it fails for good; < 0: never */
  bool fail_syncs; /* syncs alone fail, and lose nothing by themselves */
  size_t most;     /* bytes that a file may have; 0: any number */
  unsigned writes, syncs, opens;
} disk;

typedef struct disk_file {
  sqlite3_file base;
  disk *d;
  disk_entry *e;
} disk_file;

static inline bool disk_burnt(disk *d) {
  if (d->fuse < 0) return false;
  if (d->fuse == 0) return true;
  d->fuse--;
  return false;
}

static inline void disk_resize(vls_buf *buf, size_t n) {
  size_t had = buf->n;
  if (n > had) memset(vls_buf_grow(buf, n - had), 0, n - had);
  buf->n = n;
}

static inline void disk_note(disk_entry *e, size_t at, const void *p, size_t n) {
  e->ops = vls_realloc(e->ops, (e->n_ops + 1) * sizeof *e->ops);
  disk_op *op = &e->ops[e->n_ops++];
  *op = (disk_op){.at = at, .n = n};
  if (p == NULL) return;
  op->p = malloc(n);
  memcpy(op->p, p, n);
}

static inline void disk_forget_ops(disk_entry *e) {
  for (size_t i = 0; i < e->n_ops; i++)
    free(e->ops[i].p);
  free(e->ops);
  e->ops = NULL;
  e->n_ops = 0;
}

static inline void disk_copy(vls_buf *to, const vls_buf *from) {
  disk_resize(to, from->n);
  if (from->n > 0) memcpy(to->p, from->p, from->n);
}

static inline disk_entry *disk_entry_of(disk *d, const char *name, bool create) {
  for (size_t i = 0; i < DISK_FILES; i++)
    if (strcmp(d->entry[i].name, name) == 0) return &d->entry[i];
  for (size_t i = 0; create && i < DISK_FILES; i++) {
    disk_entry *e = &d->entry[i];
    if (e->name[0] != '\0') continue;
    snprintf(e->name, sizeof e->name, "%s", name);
    vls_buf_init(&e->now, SIZE_MAX / 2);
    vls_buf_init(&e->safe, SIZE_MAX / 2);
    return e;
  }
  assert_false(create);
  return NULL;
}

/* The contents as they are now, to look at and to spoil. */
static inline vls_buf *disk_bytes(disk *d, const char *name) {
  disk_entry *e = disk_entry_of(d, name, true);
  e->exists = true;
  return &e->now;
}

/* Everything is synced as it is: for tests that spoil bytes. */
static inline void disk_settle(disk *d) {
  for (size_t i = 0; i < DISK_FILES; i++) {
    disk_entry *e = &d->entry[i];
    disk_forget_ops(e);
    if (e->name[0] != '\0') disk_copy(&e->safe, &e->now);
    e->was = e->exists;
  }
}

static inline void disk_write_some(vls_buf *safe, const disk_op *op, uint32_t (*dice)(void *),
                                   void *arg) {
  if (op->p == NULL) {
    if ((dice(arg) & 1) && op->at < safe->n) safe->n = op->at;
    return;
  }
  for (size_t i = 0; i < op->n;) {
    size_t to_edge = DISK_SECTOR - (op->at + i) % DISK_SECTOR;
    size_t n = to_edge < op->n - i ? to_edge : op->n - i;
    if (dice(arg) & 1) {
      if (op->at + i + n > safe->n) disk_resize(safe, op->at + i + n);
      memcpy(safe->p + op->at + i, op->p + i, n);
    }
    i += n;
  }
}

/* What was synced is there; what was not, sector by sector, as the dice fall. */
static inline void disk_power_cut(disk *d, uint32_t (*dice)(void *), void *arg) {
  for (size_t i = 0; i < DISK_FILES; i++) {
    disk_entry *e = &d->entry[i];
    if (e->name[0] == '\0') continue;
    for (size_t k = 0; k < e->n_ops; k++)
      disk_write_some(&e->safe, &e->ops[k], dice, arg);
    disk_forget_ops(e);
    if (e->exists != e->was && (dice(arg) & 1)) e->was = e->exists;
    e->exists = e->was;
    if (!e->exists) e->safe.n = 0;
    disk_copy(&e->now, &e->safe);
  }
  d->fuse = -1;
}

static inline int d_close(sqlite3_file *f) {
  (void)f;
  return SQLITE_OK;
}

static inline disk_file *d_of(sqlite3_file *f) {
  return (disk_file *)(void *)f;
}

static inline int d_read(sqlite3_file *f, void *out, int n, sqlite3_int64 at) {
  const vls_buf *b = &d_of(f)->e->now;
  size_t have = (size_t)at < b->n ? b->n - (size_t)at : 0;
  if (have > (size_t)n) have = (size_t)n;
  if (have > 0) memcpy(out, b->p + at, have);
  memset((uint8_t *)out + have, 0, (size_t)n - have);
  return have == (size_t)n ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static inline int d_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at) {
  disk_file *file = d_of(f);
  if (disk_burnt(file->d)) return SQLITE_IOERR_WRITE;
  if (file->d->most > 0 && (size_t)at + (size_t)n > file->d->most) return SQLITE_FULL;
  file->d->writes++;
  vls_buf *b = &file->e->now;
  if ((size_t)at + (size_t)n > b->n) disk_resize(b, (size_t)at + (size_t)n);
  memcpy(b->p + at, p, (size_t)n);
  disk_note(file->e, (size_t)at, p, (size_t)n);
  return SQLITE_OK;
}

static inline int d_truncate(sqlite3_file *f, sqlite3_int64 size) {
  disk_file *file = d_of(f);
  if (disk_burnt(file->d)) return SQLITE_IOERR_TRUNCATE;
  if ((size_t)size < file->e->now.n) file->e->now.n = (size_t)size;
  disk_note(file->e, (size_t)size, NULL, 0);
  return SQLITE_OK;
}

static inline int d_sync(sqlite3_file *f, int flags) {
  (void)flags;
  disk_file *file = d_of(f);
  if (disk_burnt(file->d) || file->d->fail_syncs) return SQLITE_IOERR_FSYNC;
  file->d->syncs++;
  disk_forget_ops(file->e);
  disk_copy(&file->e->safe, &file->e->now);
  file->e->was = file->e->exists;
  return SQLITE_OK;
}

static inline int d_size(sqlite3_file *f, sqlite3_int64 *ret) {
  *ret = (sqlite3_int64)d_of(f)->e->now.n;
  return SQLITE_OK;
}

static inline int d_nothing(sqlite3_file *f, int arg) {
  (void)f;
  (void)arg;
  return SQLITE_OK;
}

static inline int d_reserved(sqlite3_file *f, int *ret) {
  (void)f;
  *ret = 0;
  return SQLITE_OK;
}

static inline int d_control(sqlite3_file *f, int op, void *arg) {
  (void)f;
  (void)op;
  (void)arg;
  return SQLITE_NOTFOUND;
}

static inline int d_sector(sqlite3_file *f) {
  (void)f;
  return DISK_SECTOR;
}

static inline int d_traits(sqlite3_file *f) {
  (void)f;
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods disk_methods = {
    1,         d_close,   d_read,     d_write,   d_truncate, d_sync,   d_size,
    d_nothing, d_nothing, d_reserved, d_control, d_sector,   d_traits, NULL,
    NULL,      NULL,      NULL,       NULL,      NULL,
};

static inline int d_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags,
                         int *ret_flags) {
  disk *d = v->pAppData;
  disk_file *file = d_of(f);
  memset(file, 0, sizeof *file);
  assert_non_null(name); /* a temporary file: it would be in clear */
  d->opens++;
  disk_entry *e = disk_entry_of(d, name, true);
  e->exists = true;
  *file = (disk_file){.base = {&disk_methods}, .d = d, .e = e};
  if (ret_flags != NULL) *ret_flags = flags;
  return SQLITE_OK;
}

static inline int d_delete(sqlite3_vfs *v, const char *name, int sync_dir) {
  disk *d = v->pAppData;
  disk_entry *e = disk_entry_of(d, name, false);
  if (disk_burnt(d)) return SQLITE_IOERR_DELETE;
  if (e == NULL || !e->exists) return SQLITE_IOERR_DELETE_NOENT;
  e->exists = false;
  e->now.n = 0;
  disk_note(e, 0, NULL, 0);
  if (sync_dir) e->was = false;
  return SQLITE_OK;
}

static inline int d_access(sqlite3_vfs *v, const char *name, int flags, int *ret) {
  (void)flags;
  disk_entry *e = disk_entry_of(v->pAppData, name, false);
  *ret = e != NULL && e->exists;
  return SQLITE_OK;
}

static inline int d_full(sqlite3_vfs *v, const char *name, int n, char *out) {
  (void)v;
  snprintf(out, (size_t)n, "%s", name);
  return SQLITE_OK;
}

static inline int d_random(sqlite3_vfs *v, int n, char *out) {
  (void)v;
  memset(out, 0, (size_t)n);
  return n;
}

static inline int d_time(sqlite3_vfs *v, double *ret) {
  (void)v;
  *ret = 0;
  return SQLITE_OK;
}

static inline int d_sleep(sqlite3_vfs *v, int us) {
  (void)v;
  return us;
}

static inline int d_error(sqlite3_vfs *v, int n, char *out) {
  (void)v;
  (void)n;
  (void)out;
  return 0;
}

static inline disk *disk_new(void) {
  disk *d = vls_calloc(1, sizeof *d);
  d->fuse = -1;
  d->base = (sqlite3_vfs){
      .iVersion = 1,
      .szOsFile = sizeof(disk_file),
      .mxPathname = DISK_NAME - 1,
      .zName = "test-disk",
      .pAppData = d,
      .xOpen = d_open,
      .xDelete = d_delete,
      .xAccess = d_access,
      .xFullPathname = d_full,
      .xRandomness = d_random,
      .xSleep = d_sleep,
      .xCurrentTime = d_time,
      .xGetLastError = d_error,
  };
  return d;
}

static inline void disk_free(disk *d) {
  for (size_t i = 0; i < DISK_FILES; i++) {
    disk_forget_ops(&d->entry[i]);
    free(d->entry[i].now.p);
    free(d->entry[i].safe.p);
  }
  free(d);
}

#endif
