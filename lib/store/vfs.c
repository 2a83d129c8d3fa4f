#include "store/vfs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "crypto/kdf.h"
#include "store/sql.h"
#include "store/vfs_int.h"

static const char *const words[] = {
#define X(name, text) text,
    VLS_FAULT_LIST(X)
#undef X
};

int vls_vfs_fail(vls_vfs *vfs, vls_fault fault, uint64_t where) {
  if (vfs->fault == VLS_FAULT_NONE) {
    vfs->fault = fault;
    if (where == 0)
      snprintf(vfs->problem, sizeof vfs->problem, "%s", words[fault]);
    else
      snprintf(vfs->problem, sizeof vfs->problem, "%s: %llu", words[fault],
               (unsigned long long)where);
  }
  return SQLITE_IOERR_DATA;
}

vls_fault vls_vfs_fault(const vls_vfs *vfs) {
  return vfs->fault;
}

const char *vls_vfs_problem(const vls_vfs *vfs) {
  return vfs->problem;
}

bool vls_vfs_is_dead(const vls_vfs *vfs) {
  return vfs->dead;
}

void vls_vfs_die(vls_vfs *vfs, int code) {
  sqlite3_file *main = vfs->main.file;
  int error = 0;
  main->pMethods->xFileControl(main, SQLITE_FCNTL_LAST_ERRNO, &error);
  vfs->dead = true;
  vfs->full =
      code == SQLITE_FULL || (code == SQLITE_IOERR_WRITE && (error == EDQUOT || error == EFBIG));
}

int vls_vfs_refusal(const vls_vfs *vfs, int code) {
  return vfs->full ? SQLITE_FULL : code;
}

int vls_vfs_sync(vls_vfs *vfs, sqlite3_file *lower, int flags) {
  int code = lower->pMethods->xSync(lower, flags);
  if (code == SQLITE_OK) return code;
  vfs->dead = true;
  vls_vfs_fail(vfs, VLS_FAULT_SYNC, 0);
  return code;
}

int vls_vfs_read(sqlite3_file *lower, void *buf, size_t n, uint64_t at, bool *ret_whole) {
  int code = lower->pMethods->xRead(lower, buf, (int)n, (sqlite3_int64)at);
  *ret_whole = code == SQLITE_OK;
  return code == SQLITE_IOERR_SHORT_READ ? SQLITE_OK : code;
}

int vls_vfs_control(sqlite3_file *lower, int op, void *arg) {
  switch (op) {
  case SQLITE_FCNTL_LOCKSTATE:
  case SQLITE_FCNTL_LAST_ERRNO:
  case SQLITE_FCNTL_PERSIST_WAL:
  case SQLITE_FCNTL_POWERSAFE_OVERWRITE:
  case SQLITE_FCNTL_HAS_MOVED: return lower->pMethods->xFileControl(lower, op, arg);
  default:
    return SQLITE_NOTFOUND; /* sizes and mappings of the lower file are not SQLite's affair */
  }
}

int vls_vfs_traits(sqlite3_file *lower) {
  /* Only this survives our layout; atomic writes of one page do not. */
  return lower->pMethods->xDeviceCharacteristics(lower) & SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static vls_vfs *self(sqlite3_vfs *base) {
  return base->pAppData;
}

static int open_main(vls_vfs *vfs, vls_vfs_file *f, const char *name, int flags, int *ret_flags) {
  if (vfs->main.file != NULL) return SQLITE_CANTOPEN; /* one store for each VFS */
  sqlite3_file *lower = (sqlite3_file *)(f + 1);
  int code = vfs->lower->xOpen(vfs->lower, name, lower, flags, ret_flags);
  if (code != SQLITE_OK) return code;
  vfs->main.file = lower;
  f->base.pMethods = &vls_main_methods;
  return SQLITE_OK;
}

static int open_log(vls_vfs *vfs, vls_vfs_file *f, const char *name, int flags, int *ret_flags) {
  if (!vfs->main.loaded || vfs->log.file != NULL) return SQLITE_CANTOPEN;
  sqlite3_file *lower = (sqlite3_file *)(f + 1);
  int code = vfs->lower->xOpen(vfs->lower, name, lower, flags, ret_flags);
  if (code != SQLITE_OK) return code;
  vfs->log.file = lower;
  code = vls_log_load(vfs);
  if (code == SQLITE_OK) {
    f->base.pMethods = &vls_log_methods;
    return SQLITE_OK;
  }
  lower->pMethods->xClose(lower);
  vfs->log.file = NULL;
  return code;
}

static int v_open(sqlite3_vfs *base, const char *name, sqlite3_file *file, int flags,
                  int *ret_flags) {
  vls_vfs *vfs = self(base);
  vls_vfs_file *f = (vls_vfs_file *)(void *)file;
  memset(f, 0, (size_t)base->szOsFile);
  f->vfs = vfs;
  if (flags & SQLITE_OPEN_MAIN_DB) return open_main(vfs, f, name, flags, ret_flags);
  if (flags & SQLITE_OPEN_WAL) return open_log(vfs, f, name, flags, ret_flags);
  return SQLITE_CANTOPEN; /* it would be in clear */
}

static int v_delete(sqlite3_vfs *base, const char *name, int sync_dir) {
  vls_vfs *vfs = self(base);
  return vfs->lower->xDelete(vfs->lower, name, sync_dir);
}

static int v_access(sqlite3_vfs *base, const char *name, int flags, int *ret) {
  /* A rollback journal is never ours: whoever laid one beside the store gets no playback of it. */
  static const char tail[] = "-journal";
  vls_vfs *vfs = self(base);
  size_t n = strlen(name), n_tail = sizeof tail - 1;
  *ret = 0;
  if (n >= n_tail && memcmp(name + n - n_tail, tail, n_tail) == 0) return SQLITE_OK;
  return vfs->lower->xAccess(vfs->lower, name, flags, ret);
}

static int v_full_name(sqlite3_vfs *base, const char *name, int n, char *out) {
  vls_vfs *vfs = self(base);
  return vfs->lower->xFullPathname(vfs->lower, name, n, out);
}

static int v_randomness(sqlite3_vfs *base, int n, char *out) {
  vls_vfs *vfs = self(base);
  return vfs->lower->xRandomness(vfs->lower, n, out);
}

static int v_sleep(sqlite3_vfs *base, int us) {
  vls_vfs *vfs = self(base);
  return vfs->lower->xSleep(vfs->lower, us);
}

static int v_time(sqlite3_vfs *base, double *ret) {
  vls_vfs *vfs = self(base);
  return vfs->lower->xCurrentTime(vfs->lower, ret);
}

static int v_last_error(sqlite3_vfs *base, int n, char *out) {
  vls_vfs *vfs = self(base);
  return vfs->lower->xGetLastError(vfs->lower, n, out);
}

vls_vfs *vls_vfs_new(sqlite3_vfs *lower, const uint8_t key[32], const uint8_t uuid[16],
                     const uint8_t seed[32]) {
  vls_err err = vls_crypto_init();
  VLS_ASSERT(err == VLS_OK);
  vls_vfs *vfs = vls_calloc(1, sizeof *vfs);
  vls_sql_memory();
  vfs->lower = lower != NULL ? lower : sqlite3_vfs_find(NULL);
  VLS_ASSERT(vfs->lower != NULL);
  vfs->sealer = vls_sealer_new(key, uuid, seed);
  snprintf(vfs->name, sizeof vfs->name, "valise-%p", (void *)vfs); /* unique while it lives */
  vfs->base = (sqlite3_vfs){
      .iVersion = 1,
      .szOsFile = (int)sizeof(vls_vfs_file) + vfs->lower->szOsFile,
      .mxPathname = vfs->lower->mxPathname,
      .zName = vfs->name,
      .pAppData = vfs,
      .xOpen = v_open,
      .xDelete = v_delete,
      .xAccess = v_access,
      .xFullPathname = v_full_name,
      .xRandomness = v_randomness,
      .xSleep = v_sleep,
      .xCurrentTime = v_time,
      .xGetLastError = v_last_error,
  };
  int code = sqlite3_vfs_register(&vfs->base, 0);
  VLS_ASSERT(code == SQLITE_OK);
  return vfs;
}

void vls_vfs_free(vls_vfs *vfs) {
  if (vfs == NULL) return;
  VLS_ASSERT(vfs->main.file == NULL && vfs->log.file == NULL);
  sqlite3_vfs_unregister(&vfs->base);
  vls_sealer_free(vfs->sealer);
  vls_wipe(vfs, sizeof *vfs); /* the last pages and frames are in it */
  free(vfs);
}

const char *vls_vfs_name(const vls_vfs *vfs) {
  return vfs->name;
}

void vls_vfs_stir(vls_vfs *vfs, vls_slice entropy) {
  vls_sealer_stir(vfs->sealer, entropy);
}
