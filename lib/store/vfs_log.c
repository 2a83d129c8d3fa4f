/* The log. SQLite writes a frame in two pieces, header and page, now and then the page alone or the
 * header alone over a frame that is there; on the disk a frame is one unit. The header waits for
 * its page, so the common case is one write. */
#include <stdlib.h>

#include "base/assert.h"
#include "store/sql.h"
#include "store/vfs_int.h"

static uint64_t frame_at(uint64_t k) {
  return VLS_HEAD_UNIT + (k - 1) * VLS_FRAME_UNIT;
}

static vls_slice unit_of(const vls_log *log) {
  return vls_slice_of(log->unit, sizeof log->unit);
}

static vls_unit_place place_of(const vls_log *log, uint64_t k) {
  return (vls_unit_place){VLS_ROLE_FRAME, k, vls_slice_of(log->id, sizeof log->id)};
}

/* The unit in log->unit as frame k, into log->plain. Which frame stands before it, and how many
 * were safe when it was written, it says itself. */
static bool open_frame(vls_vfs *vfs, uint64_t k, uint64_t *ret_before, uint64_t *ret_safe) {
  vls_log *log = &vfs->log;
  vls_unit_place place = place_of(log, k);
  log->held = 0;
  if (vls_unit_open(vfs->sealer, &place, unit_of(log), log->plain, ret_safe) != VLS_OK)
    return false;
  *ret_before = vls_be64_get(log->plain + VLS_FRAME_BODY);
  return true;
}

static bool is_staged(const vls_log *log, uint64_t k) {
  return log->staged > 0 && k >= log->first && k - log->first < log->staged;
}

static int flush(vls_log *log) {
  if (log->staged == 0) return SQLITE_OK;
  int code = log->file->pMethods->xWrite(log->file, log->stage, (int)(log->staged * VLS_FRAME_UNIT),
                                         (sqlite3_int64)frame_at(log->first));
  if (code == SQLITE_OK) log->staged = 0;
  return code;
}

static int read_unit(vls_log *log, uint64_t k, bool *ret_whole) {
  if (is_staged(log, k)) {
    memcpy(log->unit, log->stage[k - log->first], sizeof log->unit);
    *ret_whole = true;
    return SQLITE_OK;
  }
  return vls_vfs_read(log->file, log->unit, sizeof log->unit, frame_at(k), ret_whole);
}

/* A frame that ends a transaction says how large the database is after it. */
static bool is_commit(const vls_log *log) {
  return vls_be32_get(log->plain + 4) != 0;
}

/* k <= n + 1. */
static uint64_t *version_of(vls_log *log, uint64_t k) {
  if (k > log->cap) {
    log->cap = log->cap == 0 ? 64 : log->cap * 2;
    VLS_ASSERT(k <= log->cap);
    log->version = vls_realloc(log->version, log->cap * sizeof *log->version);
  }
  return &log->version[k - 1];
}

static uint64_t version_before(const vls_log *log, uint64_t k) {
  return k == 1 ? 0 : log->version[k - 2];
}

/* Frame k is not there, or not whole. The end of the log, unless the main file has it already, or a
 * later frame says that it was safe. */
static int at_the_end(vls_vfs *vfs, uint64_t k) {
  vls_log *log = &vfs->log;
  uint64_t before, safe;
  bool whole;
  if (k <= log->required) return vls_vfs_fail(vfs, VLS_FAULT_LOG_SHORT, k);
  for (uint64_t later = k + 1;; later++) {
    int code = read_unit(log, later, &whole);
    if (code != SQLITE_OK || !whole) return code;
    if (open_frame(vfs, later, &before, &safe) && safe >= k)
      return vls_vfs_fail(vfs, VLS_FAULT_LOG_FRAME, k);
  }
}

/* Reads on from the last frame that is known until k is, or the log ends. */
static int learn(vls_vfs *vfs, uint64_t k) {
  vls_log *log = &vfs->log;
  while (log->n < k) {
    bool whole;
    uint64_t next = log->n + 1, before, safe;
    int code = read_unit(log, next, &whole);
    if (code != SQLITE_OK) return code;
    if (!whole || !open_frame(vfs, next, &before, &safe) || before != version_before(log, next))
      return at_the_end(vfs, next);
    *version_of(log, next) = vls_unit_version(unit_of(log));
    log->n = next;
    log->held = next;
    if (is_commit(log)) log->commit = next;
  }
  return SQLITE_OK;
}

/* Frame k in log->plain; *ret_found is false behind the end of the log. */
static int fetch(vls_vfs *vfs, uint64_t k, bool *ret_found) {
  vls_log *log = &vfs->log;
  bool whole;
  uint64_t before, safe;
  int code = learn(vfs, k);
  *ret_found = code == SQLITE_OK && k <= log->n;
  if (!*ret_found || log->held == k) return code;
  code = read_unit(log, k, &whole);
  if (code != SQLITE_OK) return code;
  /* What it says about the frame before it was true when it was written; SQLite may have changed
   * that one since, within one transaction. Its own version says that it is the one last written
   * here. */
  if (!whole || vls_unit_version(unit_of(log)) != log->version[k - 1] ||
      !open_frame(vfs, k, &before, &safe))
    return vls_vfs_fail(vfs, VLS_FAULT_LOG_FRAME, k);
  log->held = k;
  return SQLITE_OK;
}

/* Seals log->plain as frame k, and stages it. */
static int put_frame(vls_vfs *vfs, uint64_t k) {
  vls_log *log = &vfs->log;
  if (k > log->n + 1) return SQLITE_IOERR_WRITE;
  if (!is_staged(log, k)) {
    bool follows = log->staged < VLS_STAGED_MAX && k == log->first + log->staged;
    int code = follows ? SQLITE_OK : flush(log);
    if (code != SQLITE_OK) return code;
    if (log->staged == 0) log->first = k;
    log->staged++;
  }
  uint8_t *unit = log->stage[k - log->first];
  vls_unit_place place = place_of(log, k);
  vls_be64_put(log->plain + VLS_FRAME_BODY, version_before(log, k));
  if (log->commit >= k) log->commit = k - 1;
  if (is_commit(log)) log->commit = k;
  vls_unit_seal(vfs->sealer, &place, log->plain, VLS_FRAME_SEALED, log->safe, unit);
  *version_of(log, k) = vls_unit_version(vls_slice_of(unit, VLS_FRAME_UNIT));
  if (k > log->n) log->n = k;
  log->held = k;
  return SQLITE_OK;
}

/* A piece of a frame over what is there; from + n <= VLS_FRAME. */
static int patch(vls_vfs *vfs, uint64_t k, size_t from, const uint8_t *p, size_t n) {
  vls_log *log = &vfs->log;
  bool found;
  int code = fetch(vfs, k, &found);
  if (code != SQLITE_OK) return code;
  if (!found) memset(log->plain, 0, sizeof log->plain);
  if (from < VLS_FRAME_BODY)
    memcpy(log->plain + from, p, n < VLS_FRAME_BODY - from ? n : VLS_FRAME_BODY - from);
  return put_frame(vfs, k);
}

/* The header that waits goes on without its page. */
static int finish(vls_vfs *vfs) {
  vls_log *log = &vfs->log;
  uint64_t k = log->begun;
  log->begun = 0;
  return k == 0 ? SQLITE_OK : patch(vfs, k, 0, log->begun_head, VLS_FRAME_HEAD);
}

static int write_piece(vls_vfs *vfs, uint64_t k, size_t from, const uint8_t *p, size_t n) {
  vls_log *log = &vfs->log;
  if (log->begun == k && from == VLS_FRAME_HEAD && n == VLS_PAGE) {
    log->begun = 0;
    memcpy(log->plain, log->begun_head, VLS_FRAME_HEAD);
    memcpy(log->plain + VLS_FRAME_HEAD, p, VLS_PAGE_BODY);
    return put_frame(vfs, k);
  }
  int code = finish(vfs);
  if (code != SQLITE_OK) return code;
  if (from == 0 && n == VLS_FRAME_HEAD) {
    if (k > log->n + 1) return SQLITE_IOERR_WRITE;
    log->begun = k;
    memcpy(log->begun_head, p, n);
    return SQLITE_OK;
  }
  return patch(vfs, k, from, p, n);
}

static void start_anew(vls_log *log) {
  log->has_head = false;
  log->staged = 0;
  log->n = log->commit = log->safe = log->required = log->held = log->begun = 0;
}

/* SQLite begins the log again from the start: everything in it is in the main file. */
static int write_head(vls_vfs *vfs, const uint8_t *head) {
  vls_log *log = &vfs->log;
  uint8_t plain[VLS_HEAD_UNIT] = {0}, unit[VLS_HEAD_UNIT];
  start_anew(log);
  memcpy(plain, head, VLS_WAL_HEAD);
  memcpy(plain + VLS_WAL_HEAD, vfs->main.root.tag, 16);
  vls_unit_place place = {.role = VLS_ROLE_HEAD};
  vls_unit_seal(vfs->sealer, &place, plain, VLS_HEAD_UNIT - VLS_UNIT_EXTRA, 0, unit);
  int code = log->file->pMethods->xWrite(log->file, unit, sizeof unit, 0);
  if (code != SQLITE_OK) return code;
  memcpy(log->head, head, VLS_WAL_HEAD);
  memcpy(log->id, unit + sizeof unit - 24 - 16, sizeof log->id);
  log->has_head = true;
  return SQLITE_OK;
}

/* The version that frame k on the disk claims to have; 0 when there is none. */
static int version_on_disk(vls_log *log, uint64_t k, uint64_t *ret) {
  bool whole = false;
  *ret = 0;
  if (k == 0) return SQLITE_OK;
  int code = read_unit(log, k, &whole);
  if (code == SQLITE_OK && whole) *ret = vls_unit_version(unit_of(log));
  return code;
}

int vls_log_load(vls_vfs *vfs) {
  vls_log *log = &vfs->log;
  const vls_root *root = &vfs->main.root;
  uint8_t plain[VLS_HEAD_UNIT], unit[VLS_HEAD_UNIT];
  uint64_t counter, version, first;
  bool whole;
  start_anew(log);
  int code = vls_vfs_read(log->file, unit, sizeof unit, 0, &whole);
  if (code != SQLITE_OK || !whole) return code; /* a log without a head has no frames */
  code = version_on_disk(log, root->log_frames, &version);
  if (code == SQLITE_OK) code = version_on_disk(log, 1, &first);
  if (code != SQLITE_OK) return code;
  bool is_folded = version != 0 && version == root->log_version;
  vls_unit_place place = {.role = VLS_ROLE_HEAD};
  if (vls_unit_open(vfs->sealer, &place, vls_slice_of(unit, sizeof unit), plain, &counter) !=
      VLS_OK)
    /* Torn while the log was begun again, or of a log that has nothing yet: nothing is lost. */
    return is_folded || first == 0 ? SQLITE_OK : vls_vfs_fail(vfs, VLS_FAULT_LOG_HEAD, 0);
  memcpy(log->head, plain, VLS_WAL_HEAD);
  memcpy(log->id, unit + sizeof unit - 24 - 16, sizeof log->id);
  log->has_head = true;
  if (memcmp(log->id, root->log_id, sizeof log->id) == 0) {
    log->required = root->log_frames;
    if (!is_folded) return vls_vfs_fail(vfs, VLS_FAULT_LOG_SHORT, root->log_frames);
  } else if (memcmp(plain + VLS_WAL_HEAD, root->tag, sizeof root->tag) != 0) {
    return vls_vfs_fail(vfs, VLS_FAULT_LOG_FOREIGN, 0);
  }
  /* A process that was killed, or whose sync failed, may have left what only the system's cache
   * has. Nobody may act on what is read here before it is safe. */
  code = vls_write_back(log->file);
  return code == SQLITE_OK ? vls_vfs_sync(vfs, log->file, SQLITE_SYNC_NORMAL) : code;
}

static int l_read(sqlite3_file *file, void *buf, int amount, sqlite3_int64 offset) {
  vls_vfs *vfs = vls_vfs_of(file);
  vls_log *log = &vfs->log;
  uint8_t *out = buf;
  size_t n = (size_t)amount;
  uint64_t at = (uint64_t)offset;
  int code = finish(vfs);
  if (code == SQLITE_OK && at < VLS_WAL_HEAD) {
    size_t take = VLS_WAL_HEAD - at < n ? VLS_WAL_HEAD - at : n;
    if (log->has_head)
      memcpy(out, log->head + at, take);
    else
      memset(out, 0, take);
    out += take;
    at += take;
    n -= take;
  }
  while (code == SQLITE_OK && n > 0) {
    uint64_t k = (at - VLS_WAL_HEAD) / VLS_FRAME + 1;
    size_t from = (at - VLS_WAL_HEAD) % VLS_FRAME;
    size_t take = VLS_FRAME - from < n ? VLS_FRAME - from : n;
    bool found = false;
    memset(out, 0, take); /* reserved bytes, and what stands behind the end: SQLite sees no frame */
    if (log->has_head) code = fetch(vfs, k, &found);
    if (code == SQLITE_OK && found && from < VLS_FRAME_BODY)
      memcpy(out, log->plain + from, take < VLS_FRAME_BODY - from ? take : VLS_FRAME_BODY - from);
    out += take;
    at += take;
    n -= take;
  }
  return code;
}

static int l_write(sqlite3_file *file, const void *buf, int amount, sqlite3_int64 offset) {
  vls_vfs *vfs = vls_vfs_of(file);
  const uint8_t *p = buf;
  size_t n = (size_t)amount;
  uint64_t at = (uint64_t)offset;
  if (vfs->dead) return vls_vfs_refusal(vfs, SQLITE_IOERR_WRITE);
  if (at == 0 && n == VLS_WAL_HEAD) return write_head(vfs, p);
  if (at < VLS_WAL_HEAD || !vfs->log.has_head) return SQLITE_IOERR_WRITE;
  while (n > 0) {
    uint64_t k = (at - VLS_WAL_HEAD) / VLS_FRAME + 1;
    size_t from = (at - VLS_WAL_HEAD) % VLS_FRAME;
    size_t take = VLS_FRAME - from < n ? VLS_FRAME - from : n;
    int code = write_piece(vfs, k, from, p, take);
    if (code != SQLITE_OK) return code;
    p += take;
    at += take;
    n -= take;
  }
  return SQLITE_OK;
}

static int l_truncate(sqlite3_file *file, sqlite3_int64 size) {
  vls_vfs *vfs = vls_vfs_of(file);
  vls_log *log = &vfs->log;
  if (vfs->dead) return vls_vfs_refusal(vfs, SQLITE_IOERR_TRUNCATE);
  int code = finish(vfs);
  if (code != SQLITE_OK) return code;
  uint64_t frames = 0, keep = 0;
  if (size > VLS_WAL_HEAD) {
    frames = ((uint64_t)size - VLS_WAL_HEAD + VLS_FRAME - 1) / VLS_FRAME;
    keep = frame_at(frames + 1);
  } else if (size > 0) {
    keep = VLS_HEAD_UNIT;
  }
  code = flush(log);
  if (code != SQLITE_OK) return code;
  if (keep == 0) start_anew(log);
  if (log->n > frames) log->n = frames;
  if (log->commit > frames) log->commit = frames;
  if (log->safe > frames) log->safe = frames;
  log->held = 0;
  return log->file->pMethods->xTruncate(log->file, (sqlite3_int64)keep);
}

static int l_sync(sqlite3_file *file, int flags) {
  vls_vfs *vfs = vls_vfs_of(file);
  if (vfs->dead) return vls_vfs_refusal(vfs, SQLITE_IOERR_FSYNC);
  int code = finish(vfs);
  if (code == SQLITE_OK) code = flush(&vfs->log);
  if (code == SQLITE_OK) code = vls_vfs_sync(vfs, vfs->log.file, flags);
  if (code == SQLITE_OK) vfs->log.safe = vfs->log.commit;
  return code;
}

static int l_size(sqlite3_file *file, sqlite3_int64 *ret) {
  vls_vfs *vfs = vls_vfs_of(file);
  sqlite3_int64 size = 0;
  int code = finish(vfs);
  if (code == SQLITE_OK) code = flush(&vfs->log);
  if (code == SQLITE_OK) code = vfs->log.file->pMethods->xFileSize(vfs->log.file, &size);
  *ret = 0;
  if (size < VLS_HEAD_UNIT) return code;
  sqlite3_int64 frames = (size - VLS_HEAD_UNIT) / VLS_FRAME_UNIT;
  sqlite3_int64 rest = (size - VLS_HEAD_UNIT) % VLS_FRAME_UNIT;
  *ret = VLS_WAL_HEAD + frames * VLS_FRAME + (rest < VLS_FRAME ? rest : VLS_FRAME - 1);
  return code;
}

static int l_close(sqlite3_file *file) {
  vls_vfs *vfs = vls_vfs_of(file);
  vls_log *log = &vfs->log;
  sqlite3_file *lower = log->file;
  free(log->version);
  vls_wipe(log, sizeof *log);
  return lower->pMethods->xClose(lower);
}

static int l_lock(sqlite3_file *file, int level) {
  (void)file;
  (void)level;
  return SQLITE_OK; /* the lock is on the main file */
}

static int l_reserved(sqlite3_file *file, int *ret) {
  (void)file;
  *ret = 0;
  return SQLITE_OK;
}

static int l_control(sqlite3_file *file, int op, void *arg) {
  return vls_vfs_control(vls_vfs_of(file)->log.file, op, arg);
}

static int l_sector(sqlite3_file *file) {
  sqlite3_file *lower = vls_vfs_of(file)->log.file;
  return lower->pMethods->xSectorSize(lower);
}

static int l_traits(sqlite3_file *file) {
  return vls_vfs_traits(vls_vfs_of(file)->log.file);
}

const sqlite3_io_methods vls_log_methods = {
    .iVersion = 1,
    .xClose = l_close,
    .xRead = l_read,
    .xWrite = l_write,
    .xTruncate = l_truncate,
    .xSync = l_sync,
    .xFileSize = l_size,
    .xLock = l_lock,
    .xUnlock = l_lock,
    .xCheckReservedLock = l_reserved,
    .xFileControl = l_control,
    .xSectorSize = l_sector,
    .xDeviceCharacteristics = l_traits,
};
