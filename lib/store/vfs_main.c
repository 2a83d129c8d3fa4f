/* The main file: pages that SQLite reads one by one and writes at checkpoints. */
#include "store/vfs_int.h"

enum { SQLITE_HEAD = 100 };

/* SQLite reads the head of a file before it has a lock, to learn the size of a page. This is what
 * it learns; the rest of page 1 it reads later, like any page. */
static int read_first_head(void *out, size_t n, uint64_t at) {
  uint8_t head[SQLITE_HEAD] = "SQLite format 3";
  vls_be16_put(head + 16, VLS_PAGE);
  head[18] = head[19] = 2; /* WAL */
  head[20] = VLS_RESERVED;
  head[21] = 64;
  head[22] = head[23] = 32;
  if (at + n > sizeof head) return SQLITE_IOERR_READ;
  memcpy(out, head + at, n);
  return SQLITE_OK;
}

/* Page `page` into out (VLS_PAGE bytes), its reserved bytes zeroed. */
static int get_page(vls_vfs *vfs, uint64_t page, uint8_t *out) {
  vls_main *m = &vfs->main;
  if (m->version[page] == 0) {
    memset(out, 0, VLS_PAGE);
    return SQLITE_OK;
  }
  bool whole;
  uint64_t gen;
  int code = vls_vfs_read(m->file, m->unit, VLS_PAGE, vls_page_at(page), &whole);
  if (code != SQLITE_OK) return code;
  vls_slice unit = vls_slice_of(m->unit, VLS_PAGE);
  vls_unit_place place = {.role = VLS_ROLE_PAGE, .index = page};
  if (!whole || vls_unit_open(vfs->sealer, &place, unit, out, &gen) != VLS_OK)
    return vls_vfs_fail(vfs, VLS_FAULT_PAGE, page + 1);
  if (vls_unit_version(unit) != m->version[page]) {
    vls_wipe(out, VLS_PAGE);
    return vls_vfs_fail(vfs, VLS_FAULT_OLD_PAGE, page + 1);
  }
  memset(out + VLS_PAGE_BODY, 0, VLS_RESERVED);
  return SQLITE_OK;
}

static int m_read(sqlite3_file *file, void *buf, int amount, sqlite3_int64 offset) {
  vls_vfs *vfs = vls_vfs_of(file);
  vls_main *m = &vfs->main;
  uint8_t *out = buf;
  size_t n = (size_t)amount;
  uint64_t at = (uint64_t)offset;
  if (!m->loaded) return read_first_head(buf, n, at);
  while (n > 0) {
    uint64_t page = at / VLS_PAGE, from = at % VLS_PAGE;
    size_t take = VLS_PAGE - from < n ? VLS_PAGE - from : n;
    if (page >= m->pages) {
      memset(out, 0, n);
      return SQLITE_IOERR_SHORT_READ;
    }
    int code = get_page(vfs, page, take == VLS_PAGE ? out : m->plain);
    if (code != SQLITE_OK) return code;
    if (take != VLS_PAGE) memcpy(out, m->plain + from, take);
    out += take;
    at += take;
    n -= take;
  }
  return SQLITE_OK;
}

int vls_page_put(vls_vfs *vfs, uint64_t page, const uint8_t *data) {
  vls_main *m = &vfs->main;
  memcpy(m->plain, data, VLS_PAGE_BODY);
  vls_unit_place place = {.role = VLS_ROLE_PAGE, .index = page};
  vls_unit_seal(vfs->sealer, &place, m->plain, VLS_PAGE_BODY, m->root.gen + 1, m->unit);
  int code =
      m->file->pMethods->xWrite(m->file, m->unit, VLS_PAGE, (sqlite3_int64)vls_page_at(page));
  if (code != SQLITE_OK) return code;
  vls_map_set(m, page, vls_unit_version(vls_slice_of(m->unit, VLS_PAGE)));
  return SQLITE_OK;
}

static int m_write(sqlite3_file *file, const void *buf, int amount, sqlite3_int64 offset) {
  vls_vfs *vfs = vls_vfs_of(file);
  const uint8_t *data = buf;
  if (vfs->dead || !vfs->main.loaded) return SQLITE_IOERR_WRITE;
  if (amount != VLS_PAGE || offset % VLS_PAGE != 0) return SQLITE_IOERR_WRITE;
  /* Page 1 of a file that would leave WAL mode, or lose the room for nonces and tags. */
  if (offset == 0 && (data[18] != 2 || data[19] != 2 || data[20] != VLS_RESERVED))
    return SQLITE_IOERR_WRITE;
  return vls_page_put(vfs, (uint64_t)offset / VLS_PAGE, data);
}

static int m_truncate(sqlite3_file *file, sqlite3_int64 size) {
  vls_vfs *vfs = vls_vfs_of(file);
  if (vfs->dead || !vfs->main.loaded || size < VLS_PAGE) return SQLITE_IOERR_TRUNCATE;
  vls_map_truncate(&vfs->main, (uint64_t)size / VLS_PAGE);
  return SQLITE_OK;
}

static int m_sync(sqlite3_file *file, int flags) {
  vls_vfs *vfs = vls_vfs_of(file);
  if (vfs->dead || !vfs->main.loaded) return SQLITE_IOERR_FSYNC;
  return vls_map_sync(vfs, flags);
}

static int m_size(sqlite3_file *file, sqlite3_int64 *ret) {
  vls_main *m = &vls_vfs_of(file)->main;
  if (!m->loaded) return SQLITE_IOERR_FSTAT;
  *ret = (sqlite3_int64)(m->pages * VLS_PAGE);
  return SQLITE_OK;
}

/* Whatever SQLite asks for, it gets the file for itself: what is in memory from here on must be all
 * there is. */
static int m_lock(sqlite3_file *file, int level) {
  (void)level;
  vls_vfs *vfs = vls_vfs_of(file);
  vls_main *m = &vfs->main;
  if (m->loaded) return SQLITE_OK;
  const sqlite3_io_methods *lower = m->file->pMethods;
  int code = lower->xLock(m->file, SQLITE_LOCK_SHARED);
  if (code != SQLITE_OK) return code;
  code = lower->xLock(m->file, SQLITE_LOCK_EXCLUSIVE);
  if (code == SQLITE_OK) code = vls_map_load(vfs);
  if (code != SQLITE_OK) lower->xUnlock(m->file, SQLITE_LOCK_NONE);
  return code;
}

static int m_unlock(sqlite3_file *file, int level) {
  vls_vfs *vfs = vls_vfs_of(file);
  vls_main *m = &vfs->main;
  if (level != SQLITE_LOCK_NONE || !m->loaded) return SQLITE_OK;
  vls_map_unload(vfs);
  return m->file->pMethods->xUnlock(m->file, SQLITE_LOCK_NONE);
}

static int m_close(sqlite3_file *file) {
  vls_vfs *vfs = vls_vfs_of(file);
  vls_map_unload(vfs);
  sqlite3_file *lower = vfs->main.file;
  vfs->main.file = NULL;
  return lower->pMethods->xClose(lower);
}

static int m_reserved(sqlite3_file *file, int *ret) {
  sqlite3_file *lower = vls_vfs_of(file)->main.file;
  return lower->pMethods->xCheckReservedLock(lower, ret);
}

static int m_control(sqlite3_file *file, int op, void *arg) {
  return vls_vfs_control(vls_vfs_of(file)->main.file, op, arg);
}

static int m_sector(sqlite3_file *file) {
  sqlite3_file *lower = vls_vfs_of(file)->main.file;
  return lower->pMethods->xSectorSize(lower);
}

static int m_traits(sqlite3_file *file) {
  return vls_vfs_traits(vls_vfs_of(file)->main.file);
}

/* Version 1: no shared memory, so WAL works in exclusive locking mode only, and no mapping. */
const sqlite3_io_methods vls_main_methods = {
    .iVersion = 1,
    .xClose = m_close,
    .xRead = m_read,
    .xWrite = m_write,
    .xTruncate = m_truncate,
    .xSync = m_sync,
    .xFileSize = m_size,
    .xLock = m_lock,
    .xUnlock = m_unlock,
    .xCheckReservedLock = m_reserved,
    .xFileControl = m_control,
    .xSectorSize = m_sector,
    .xDeviceCharacteristics = m_traits,
};
