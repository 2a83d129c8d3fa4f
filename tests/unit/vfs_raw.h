/* A sealed main file and its log, without SQLite between them and the test. */
#ifndef VALISE_TESTS_VFS_RAW_H
#define VALISE_TESTS_VFS_RAW_H

#include "vfs_made.h"

/* Opens main and log as SQLite would, without SQLite. */
typedef struct raw {
  box b;
  sqlite3_vfs *vfs;
  sqlite3_file *main, *log;
} raw;

/* SQLite's names of files have NULs behind them. */
static const char main_name[] = MAIN "\0\0\0", log_name[] = LOG "\0\0\0";

static inline void raw_open(raw *r) {
  r->b.vfs = vls_vfs_new(&r->b.d->base, r->b.key, r->b.uuid, r->b.seed);
  r->vfs = sqlite3_vfs_find(vls_vfs_name(r->b.vfs));
  r->main = vls_calloc(1, (size_t)r->vfs->szOsFile);
  r->log = vls_calloc(1, (size_t)r->vfs->szOsFile);
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, code;
  code = r->vfs->xOpen(r->vfs, main_name, r->main, flags | SQLITE_OPEN_MAIN_DB, NULL);
  assert_int_equal(code, SQLITE_OK);
  assert_int_equal(r->main->pMethods->xLock(r->main, SQLITE_LOCK_SHARED), SQLITE_OK);
  code = r->vfs->xOpen(r->vfs, log_name, r->log, flags | SQLITE_OPEN_WAL, NULL);
  assert_int_equal(code, SQLITE_OK);
}

static inline void raw_close(raw *r) {
  r->log->pMethods->xClose(r->log);
  r->main->pMethods->xClose(r->main);
  free(r->log);
  free(r->main);
  vls_vfs_free(r->b.vfs);
  r->b.vfs = NULL;
}

#endif
