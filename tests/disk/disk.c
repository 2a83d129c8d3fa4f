#include "disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

void disk_resize(vls_buf *buf, size_t n) {
  size_t had = buf->n;
  if (n > had) memset(vls_buf_grow(buf, n - had), 0, n - had);
  buf->n = n;
}

void disk_copy(vls_buf *to, const vls_buf *from) {
  disk_resize(to, from->n);
  if (from->n > 0) memcpy(to->p, from->p, from->n);
}

disk_entry *disk_entry_of(disk *d, const char *name, bool create) {
  size_t i = 0;
  for (; i < DISK_FILES && d->entry[i] != NULL; i++)
    if (strcmp(d->entry[i]->name, name) == 0) return d->entry[i];
  if (!create) return NULL;
  VLS_ASSERT(i < DISK_FILES);
  disk_entry *e = d->entry[i] = vls_calloc(1, sizeof *e);
  snprintf(e->name, sizeof e->name, "%s", name);
  vls_buf_init(&e->now, SIZE_MAX / 2);
  vls_buf_init(&e->safe, SIZE_MAX / 2);
  return e;
}

vls_buf *disk_bytes(disk *d, const char *name) {
  disk_entry *e = disk_entry_of(d, name, true);
  e->exists = true;
  return &e->now;
}

void disk_settle(disk *d) {
  for (size_t i = 0; i < DISK_FILES && d->entry[i] != NULL; i++) {
    disk_entry *e = d->entry[i];
    disk_forget_ops(e);
    disk_copy(&e->safe, &e->now);
    e->was = e->exists;
  }
}

bool disk_exists(disk *d, const char *name) {
  const disk_entry *e = disk_entry_of(d, name, false);
  return e != NULL && e->exists;
}

bool disk_rename(disk *d, const char *from, const char *to) {
  disk_entry *e = disk_entry_of(d, from, false), *over = disk_entry_of(d, to, true);
  if (e == NULL || !e->exists || disk_ask(d, DISK_RENAME, from) != DISK_FINE) return false;
  disk_forget_ops(over);
  disk_copy(&over->now, &e->now);
  disk_copy(&over->safe, &e->safe);
  for (size_t i = 0; i < e->n_ops; i++) /* what was not synced moves along */
    disk_note(over, e->ops[i].at, e->ops[i].p, e->ops[i].n);
  disk_forget_ops(e);
  over->exists = true;
  e->exists = false;
  e->now.n = e->safe.n = 0;
  disk_sync_names(d);
  return true;
}

static int remove_file(disk *d, const char *name, bool sync_dir) {
  disk_entry *e = disk_entry_of(d, name, false);
  if (e == NULL || !e->exists) return SQLITE_IOERR_DELETE_NOENT;
  if (disk_ask(d, DISK_DELETE, name) != DISK_FINE) return SQLITE_IOERR_DELETE;
  e->exists = false;
  e->now.n = 0;
  disk_note(e, 0, NULL, 0);
  if (sync_dir) disk_sync_names(d);
  return SQLITE_OK;
}

bool disk_remove(disk *d, const char *name) {
  return remove_file(d, name, true) == SQLITE_OK;
}

static int d_close(sqlite3_file *f) {
  (void)f;
  return SQLITE_OK;
}

static disk_file *d_of(sqlite3_file *f) {
  return (disk_file *)(void *)f;
}

static int d_read(sqlite3_file *f, void *out, int n, sqlite3_int64 at) {
  disk_file *file = d_of(f);
  const vls_buf *b = &file->e->now;
  if (disk_ask(file->d, DISK_READ, file->e->name) != DISK_FINE) return SQLITE_IOERR_READ;
  size_t have = (size_t)at < b->n ? b->n - (size_t)at : 0;
  if (have > (size_t)n) have = (size_t)n;
  if (have > 0) memcpy(out, b->p + at, have);
  memset((uint8_t *)out + have, 0, (size_t)n - have);
  return have == (size_t)n ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int d_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at) {
  disk_file *file = d_of(f);
  switch (disk_ask(file->d, DISK_WRITE, file->e->name)) {
  case DISK_SHORT:
  case DISK_TEAR: disk_tear(file->e, (size_t)at, p, (size_t)n); return SQLITE_IOERR_WRITE;
  case DISK_CUT:
  case DISK_EIO: return SQLITE_IOERR_WRITE;
  case DISK_FULL: return file->d->limit == 0 ? SQLITE_FULL : SQLITE_IOERR_WRITE;
  case DISK_FINE: break;
  }
  if (file->d->most > 0 && (size_t)at + (size_t)n > file->d->most) return SQLITE_FULL;
  file->d->writes++;
  vls_buf *b = &file->e->now;
  if ((size_t)at + (size_t)n > b->n) disk_resize(b, (size_t)at + (size_t)n);
  memcpy(b->p + at, p, (size_t)n);
  disk_note(file->e, (size_t)at, p, (size_t)n);
  return SQLITE_OK;
}

static int d_truncate(sqlite3_file *f, sqlite3_int64 size) {
  disk_file *file = d_of(f);
  if (disk_ask(file->d, DISK_TRUNCATE, file->e->name) != DISK_FINE) return SQLITE_IOERR_TRUNCATE;
  if ((size_t)size < file->e->now.n) file->e->now.n = (size_t)size;
  disk_note(file->e, (size_t)size, NULL, 0);
  return SQLITE_OK;
}

static int d_sync(sqlite3_file *f, int flags) {
  (void)flags;
  disk_file *file = d_of(f);
  disk_fault fault = disk_ask(file->d, DISK_SYNC, file->e->name);
  if (fault == DISK_EIO) disk_forget_ops(file->e);
  if (fault == DISK_SHORT) disk_make_safe(file->e);
  if (fault != DISK_FINE || file->d->fail_syncs) return SQLITE_IOERR_FSYNC;
  file->d->syncs++;
  disk_make_safe(file->e);
  file->e->was = file->e->exists;
  if (file->has_new_name) disk_sync_names(file->d);
  file->has_new_name = false;
  return SQLITE_OK;
}

static int d_size(sqlite3_file *f, sqlite3_int64 *ret) {
  *ret = (sqlite3_int64)d_of(f)->e->now.n;
  return SQLITE_OK;
}

static int d_nothing(sqlite3_file *f, int arg) {
  (void)f;
  (void)arg;
  return SQLITE_OK;
}

static int d_reserved(sqlite3_file *f, int *ret) {
  (void)f;
  *ret = 0;
  return SQLITE_OK;
}

static int d_control(sqlite3_file *f, int op, void *arg) {
  if (op != SQLITE_FCNTL_LAST_ERRNO) return SQLITE_NOTFOUND;
  *(int *)arg = d_of(f)->d->limit;
  return SQLITE_OK;
}

static int d_sector(sqlite3_file *f) {
  (void)f;
  return DISK_SECTOR;
}

static int d_traits(sqlite3_file *f) {
  (void)f;
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods methods = {
    1,         d_close,   d_read,     d_write,   d_truncate, d_sync,   d_size,
    d_nothing, d_nothing, d_reserved, d_control, d_sector,   d_traits, NULL,
    NULL,      NULL,      NULL,       NULL,      NULL,
};

/* NULL: the name is this disk's. */
static sqlite3_vfs *outer_of(const disk *d, const char *name) {
  bool mine =
      d->outer == NULL || (name != NULL && strncmp(name, d->prefix, strlen(d->prefix)) == 0);
  return mine ? NULL : d->outer;
}

static int d_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *ret_flags) {
  disk *d = v->pAppData;
  sqlite3_vfs *outer = outer_of(d, name);
  if (outer != NULL) return outer->xOpen(outer, name, f, flags, ret_flags);
  disk_file *file = d_of(f);
  memset(file, 0, sizeof *file);
  VLS_ASSERT(name != NULL); /* a temporary file: it would be in clear */
  bool is_new = !disk_exists(d, name);
  if (is_new && !(flags & SQLITE_OPEN_CREATE)) return SQLITE_CANTOPEN;
  switch (disk_ask(d, DISK_OPEN, name)) {
  case DISK_FULL:
    if (!is_new) break;
    return SQLITE_FULL;
  case DISK_CUT:
  case DISK_TEAR:
  case DISK_SHORT:
  case DISK_EIO: return SQLITE_CANTOPEN;
  case DISK_FINE: break;
  }
  d->opens++;
  disk_entry *e = disk_entry_of(d, name, true);
  e->exists = true;
  const int logs = SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL;
  *file = (disk_file){
      .base = {&methods}, .d = d, .e = e, .has_new_name = is_new && (flags & logs) != 0};
  if (ret_flags != NULL) *ret_flags = flags;
  return SQLITE_OK;
}

static int d_delete(sqlite3_vfs *v, const char *name, int sync_dir) {
  disk *d = v->pAppData;
  sqlite3_vfs *outer = outer_of(d, name);
  if (outer != NULL) return outer->xDelete(outer, name, sync_dir);
  return remove_file(d, name, sync_dir != 0);
}

static int d_access(sqlite3_vfs *v, const char *name, int flags, int *ret) {
  disk *d = v->pAppData;
  sqlite3_vfs *outer = outer_of(d, name);
  if (outer != NULL) return outer->xAccess(outer, name, flags, ret);
  *ret = disk_exists(d, name);
  return SQLITE_OK;
}

static int d_full(sqlite3_vfs *v, const char *name, int n, char *out) {
  sqlite3_vfs *outer = outer_of(v->pAppData, name);
  if (outer != NULL) return outer->xFullPathname(outer, name, n, out);
  snprintf(out, (size_t)n, "%s", name);
  return SQLITE_OK;
}

static int d_random(sqlite3_vfs *v, int n, char *out) {
  (void)v;
  memset(out, 0, (size_t)n);
  return n;
}

static int d_time(sqlite3_vfs *v, double *ret) {
  (void)v;
  *ret = 0;
  return SQLITE_OK;
}

static int d_sleep(sqlite3_vfs *v, int us) {
  (void)v;
  return us;
}

static int d_error(sqlite3_vfs *v, int n, char *out) {
  (void)v;
  (void)n;
  (void)out;
  return 0;
}

disk *disk_new(void) {
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

void disk_register(disk *d, const char *prefix) {
  d->outer = sqlite3_vfs_find(NULL);
  d->prefix = prefix;
  if (d->base.szOsFile < d->outer->szOsFile) d->base.szOsFile = d->outer->szOsFile;
  if (d->base.mxPathname < d->outer->mxPathname) d->base.mxPathname = d->outer->mxPathname;
  sqlite3_vfs_register(&d->base, 1);
}

void disk_free(disk *d) {
  if (d == NULL) return;
  if (d->outer != NULL) {
    sqlite3_vfs_unregister(&d->base);
    sqlite3_vfs_register(d->outer, 1);
  }
  for (size_t i = 0; i < DISK_FILES && d->entry[i] != NULL; i++) {
    disk_forget_ops(d->entry[i]);
    free(d->entry[i]->now.p);
    free(d->entry[i]->safe.p);
    free(d->entry[i]);
  }
  free(d);
}
