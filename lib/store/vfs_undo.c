/* Statement journals: SQLite keeps the first 64 KiB of one in memory and asks for a file when it
 * grows. It gets more memory: these are pages in clear. */
#include "store/vfs_int.h"

static vls_buf *bytes_of(sqlite3_file *file) {
  return (vls_buf *)((vls_vfs_file *)(void *)file + 1);
}

static int u_close(sqlite3_file *file) {
  vls_buf_done(bytes_of(file));
  return SQLITE_OK;
}

static int u_read(sqlite3_file *file, void *out, int n, sqlite3_int64 at) {
  const vls_buf *buf = bytes_of(file);
  size_t from = (size_t)at, want = (size_t)n;
  size_t have = from < buf->n ? buf->n - from : 0;
  if (have > want) have = want;
  if (have > 0) memcpy(out, buf->p + from, have);
  memset((uint8_t *)out + have, 0, want - have);
  return have == want ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int u_write(sqlite3_file *file, const void *p, int n, sqlite3_int64 at) {
  vls_buf *buf = bytes_of(file);
  size_t end = (size_t)at + (size_t)n, had = buf->n;
  if (end > had) {
    uint8_t *more = vls_buf_grow(buf, end - had);
    if (more == NULL) return SQLITE_FULL;
    memset(more, 0, end - had);
  }
  memcpy(buf->p + at, p, (size_t)n);
  return SQLITE_OK;
}

static int u_truncate(sqlite3_file *file, sqlite3_int64 size) {
  vls_buf *buf = bytes_of(file);
  if ((size_t)size < buf->n) buf->n = (size_t)size;
  return SQLITE_OK;
}

static int u_size(sqlite3_file *file, sqlite3_int64 *ret) {
  *ret = (sqlite3_int64)bytes_of(file)->n;
  return SQLITE_OK;
}

static int u_nothing(sqlite3_file *file, int arg) {
  (void)file;
  (void)arg;
  return SQLITE_OK;
}

static int u_reserved(sqlite3_file *file, int *ret) {
  (void)file;
  *ret = 0;
  return SQLITE_OK;
}

static int u_control(sqlite3_file *file, int op, void *arg) {
  (void)file;
  (void)op;
  (void)arg;
  return SQLITE_NOTFOUND;
}

static int u_zero(sqlite3_file *file) {
  (void)file;
  return 0;
}

const sqlite3_io_methods vls_undo_methods = {
    .iVersion = 1,
    .xClose = u_close,
    .xRead = u_read,
    .xWrite = u_write,
    .xTruncate = u_truncate,
    .xSync = u_nothing,
    .xFileSize = u_size,
    .xLock = u_nothing,
    .xUnlock = u_nothing,
    .xCheckReservedLock = u_reserved,
    .xFileControl = u_control,
    .xSectorSize = u_zero,
    .xDeviceCharacteristics = u_zero,
};
