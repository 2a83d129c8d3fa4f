#include "store/sql.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "crypto/kdf.h"
#include "store/pages.h"
#include "store/vault_rows.h"

enum { DEFAULT_CACHE_KIB = 2048, CHECKPOINT_PAGES = 4096 };

static vls_err error_of(int code) {
  switch (code) { /* bytes that are there no longer, or are others */
  case SQLITE_IOERR_READ:
  case SQLITE_IOERR_SHORT_READ:
  case SQLITE_IOERR_CORRUPTFS: return VLS_DAMAGED;
  default: break;
  }
  switch (code & 0xff) {
  case SQLITE_FULL: return VLS_FULL;
  case SQLITE_BUSY:
  case SQLITE_LOCKED: return VLS_LOCKED;
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB: return VLS_DAMAGED;
  default: return VLS_STORAGE;
  }
}

static vls_err error_of_fault(const vls_vfs *vfs, vls_err err) {
  switch (vls_vfs_fault(vfs)) {
  case VLS_FAULT_NONE: return err;
  case VLS_FAULT_KEY: return VLS_FORGED;
  case VLS_FAULT_PLAIN: return VLS_STATE;
  case VLS_FAULT_NEWER: return VLS_NEWER;
  case VLS_FAULT_SYNC: return VLS_STORAGE;
  case VLS_FAULT_ROOT:
  case VLS_FAULT_MAP:
  case VLS_FAULT_PAGE:
  case VLS_FAULT_OLD_PAGE:
  case VLS_FAULT_LOG_HEAD:
  case VLS_FAULT_LOG_FRAME:
  case VLS_FAULT_LOG_SHORT:
  case VLS_FAULT_LOG_FOREIGN: return VLS_DAMAGED;
  }
  return err;
}

/* A quota, and a limit of the process: the system names them otherwise than a full disk. Of a sync
 * that failed nobody knows what it left, and this is asked of writes alone. */
static bool is_limit(sqlite3 *db) {
  if (db == NULL || sqlite3_extended_errcode(db) != SQLITE_IOERR_WRITE) return false;
  sqlite3_file *log = NULL;
  int error = 0;
  sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  if (log != NULL && log->pMethods != NULL)
    log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &error);
  return error == EDQUOT || error == EFBIG;
}

void vls_sql_fail(vls_store *store, int code, const char *doing) {
  if (store->error != VLS_OK) return;
  int extended = store->db != NULL ? sqlite3_extended_errcode(store->db) : code;
  if ((extended & 0xff) != (code & 0xff)) extended = code; /* of another statement */
  store->error = is_limit(store->db) ? VLS_FULL : error_of(extended);
  const char *why = store->db != NULL ? sqlite3_errmsg(store->db) : sqlite3_errstr(code);
  if (store->vfs != NULL && vls_vfs_fault(store->vfs) != VLS_FAULT_NONE) {
    why = vls_vfs_problem(store->vfs);
    store->error = error_of_fault(store->vfs, store->error);
  }
  snprintf(store->problem, sizeof store->problem, "%.120s: %s", doing, why);
}

static void pragma(vls_store *store, const char *sql) {
  if (store->error != VLS_OK) return;
  int code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
  if (code != SQLITE_OK) vls_sql_fail(store, code, sql);
}

/* What a process before this one left in the log counts once it is on the disk for sure. A sealed
 * store has seen to it. */
static void confirm_log(vls_store *store) {
  sqlite3_file *log = NULL;
  if (store->error != VLS_OK || store->vfs != NULL) return;
  sqlite3_file_control(store->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  if (log == NULL || log->pMethods == NULL) return;
  int code = vls_write_back(log);
  if (code == SQLITE_OK) code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
  if (code != SQLITE_OK) vls_sql_fail(store, code, "writing the log again");
}

static const char *why_of(vls_err err) {
  switch ((int)err) {
  case VLS_LOCKED: return "another valised has this store open";
  case VLS_NEWER: return "the store was written by a newer valised";
  case VLS_FULL: return "the disk is full";
  case VLS_FORGED: return "the key does not open this store";
  case VLS_STATE: return "the store is not encrypted";
  case VLS_DAMAGED: return "a part of the store is not what was written there";
  default: return "the disk does not let the store be read or written";
  }
}

/* Every store is made in UTF-8; SQLite would believe a head that says otherwise. */
static void look_at_encoding(vls_store *store) {
  sqlite3_stmt *q = vls_sql(store, "PRAGMA encoding");
  bool right =
      vls_sql_row(store, q) && vls_slice_eq(vls_sql_get_blob(q, 0), vls_slice_str("UTF-8"));
  vls_sql_done(q);
  if (!right) vls_sql_fail(store, SQLITE_CORRUPT, "the encoding of the store");
}

/* How a store is opened. */
typedef struct opening {
  const char *path;
  const uint8_t *key, *uuid; /* NULL: in clear */
  const uint8_t *seed;
  unsigned cache_kib;
  bool is_copy; /* its rows stay as they are: the vault is beside the store it was copied from */
} opening;

static void set_up(vls_store *store, const opening *o) {
  /* Exclusive before the first read: no second daemon, and no -shm file beside the store. */
  pragma(store, "PRAGMA locking_mode=EXCLUSIVE");
  /* EXTRA: as FULL, and the journal with which WAL mode begins is gone for good before there is a
   * log: it would roll a new store back to nothing. */
  pragma(store, "PRAGMA synchronous=EXTRA");
  pragma(store, "PRAGMA journal_mode=WAL");
  pragma(store, "PRAGMA temp_store=MEMORY");
  pragma(store, "PRAGMA secure_delete=ON");
  pragma(store, "PRAGMA foreign_keys=OFF");
  char sql[64];
  snprintf(sql, sizeof sql, "PRAGMA cache_size=-%u",
           o->cache_kib == 0 ? DEFAULT_CACHE_KIB : o->cache_kib);
  pragma(store, sql);
  snprintf(sql, sizeof sql, "PRAGMA wal_autocheckpoint=%d", CHECKPOINT_PAGES);
  pragma(store, sql);
  /* Take the lock now, so that a second daemon is refused at its start and not at its first write.
   */
  pragma(store, "BEGIN IMMEDIATE");
  pragma(store, "COMMIT");
  look_at_encoding(store);
  /* SQLite has read the log by now, and has not written yet. */
  if (store->error == VLS_OK && o->key == NULL && vls_pages_log_is_cut(o->path))
    vls_sql_fail(store, SQLITE_CORRUPT, "the log of the store");
  confirm_log(store);
  if (store->error == VLS_OK) store->error = vls_schema_migrate(store);
}

/* Whose vault was in clear until now is known by a number in the store, and not by the vault: who
 * can write to that could put one in clear there. What is wrong, or NULL. */
static const char *open_vault(vls_store *store, const opening *o, sqlite3_vfs *vfs,
                              const uint8_t seed[32]) {
  static const char tail[] = "-vault", sealed[] = "vault sealed";
  if (store->error != VLS_OK || o->is_copy || strcmp(o->path, ":memory:") == 0) return NULL;
  size_t n = strlen(o->path), bytes = n + sizeof tail;
  char *path = vls_calloc(1, bytes);
  snprintf(path, bytes, "%s%s", o->path, tail);
  store->vault = vls_vault_new(seed, vfs, path, o->key, o->uuid);
  free(path);
  bool was_clear = o->key != NULL && vls_floor(store, sealed) == 0;
  int code = vls_vault_load(store->vault, was_clear);
  if (code != SQLITE_OK) {
    /* Not damage: nothing in the store itself is to be saved. */
    vls_sql_fail(store, code == SQLITE_FULL ? code : SQLITE_CANTOPEN, "the vault");
    return "its vault, the file with -vault behind the name, cannot be read";
  }
  if (was_clear) {
    vls_floor_raise(store, sealed, 1);
    vls_err err = vls_store_commit(store);
    (void)err; /* sticky */
  }
  vls_vault_recall(store);
  return NULL;
}

static vls_err open_it(vls_store **ret_store, const opening *o, const char **ret_why) {
  uint8_t seed[2][32];
  vls_err err = vls_crypto_init();
  if (err != VLS_OK) return err;
  vls_store *store = vls_calloc(1, sizeof *store);
  vls_sql_memory();
  vls_xwl(seed[0], 32, o->seed, "store vfs rng", (vls_slice){0});
  vls_xwl(seed[1], 32, o->seed, "store vault rng", (vls_slice){0});
  sqlite3_vfs *lower = sqlite3_vfs_find(NULL);
  VLS_ASSERT(lower != NULL); /* but for want of memory there is one */
  if (o->key != NULL) store->vfs = vls_vfs_new(lower, o->key, o->uuid, seed[0]);
  int code = sqlite3_open_v2(o->path, &store->db,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                             store->vfs != NULL ? vls_vfs_name(store->vfs) : NULL);
  if (code != SQLITE_OK) vls_sql_fail(store, code, "open");
  set_up(store, o);
  const char *why = open_vault(store, o, lower, seed[1]);
  vls_wipe(seed, sizeof seed);
  err = store->error;
  if (err == VLS_OK) {
    *ret_store = store;
    return VLS_OK;
  }
  if (ret_why != NULL) *ret_why = why != NULL && err != VLS_FULL ? why : why_of(err);
  vls_store_close(store);
  return err;
}

vls_err vls_store_open(vls_store **ret_store, const char *path, const uint8_t seed[32],
                       unsigned cache_kib, const char **ret_why) {
  opening o = {.path = path, .seed = seed, .cache_kib = cache_kib};
  return open_it(ret_store, &o, ret_why);
}

vls_err vls_store_open_sealed(vls_store **ret_store, const char *path, const uint8_t key[32],
                              const uint8_t uuid[16], const uint8_t seed[32], unsigned cache_kib,
                              const char **ret_why) {
  opening o = {.path = path, .key = key, .uuid = uuid, .seed = seed, .cache_kib = cache_kib};
  return open_it(ret_store, &o, ret_why);
}

vls_err vls_store_open_copy(vls_store **ret_store, const char *path, const uint8_t key[32],
                            const uint8_t uuid[16], const uint8_t seed[32], const char **ret_why) {
  opening o = {.path = path, .key = key, .uuid = uuid, .seed = seed, .is_copy = true};
  return open_it(ret_store, &o, ret_why);
}

void vls_store_stir(vls_store *store, vls_slice entropy) {
  if (store->vault != NULL) vls_rng_stir(&store->vault->rng, entropy);
  if (store->vfs != NULL) vls_vfs_stir(store->vfs, entropy);
}

vls_err vls_store_commit(vls_store *store) {
  if (store->error != VLS_OK) return store->error;
  int code = store->in_txn ? sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL) : SQLITE_OK;
  if (code != SQLITE_OK)
    vls_sql_fail(store, code, "commit");
  else
    store->in_txn = false;
  if (!store->in_txn) vls_vault_turned(store);
  return store->error;
}

static void roll_back(vls_store *store) {
  for (size_t i = 0; i < VLS_SQL_CACHED; i++)
    if (store->cache[i].stmt != NULL) sqlite3_reset(store->cache[i].stmt);
  if (!sqlite3_get_autocommit(store->db)) sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
  store->in_txn = false;
  store->error = VLS_OK;
  if (store->vault != NULL) store->vault->n_turning = 0; /* both keys stay known */
}

void vls_store_rollback(vls_store *store) {
  roll_back(store);
  memset(store->skipped, 0, sizeof store->skipped);
  vls_vault_recall(store);
}

void vls_store_close(vls_store *store) {
  if (store == NULL) return;
  bool is_well = store->db != NULL && !vls_store_is_spent(store);
  if (store->db != NULL) roll_back(store);
  if (is_well) {
    vls_vault_settle(store);
    roll_back(store);
  }
  for (size_t i = 0; i < VLS_SQL_CACHED; i++)
    sqlite3_finalize(store->cache[i].stmt);
  if (sqlite3_close(store->db) == SQLITE_OK) vls_vfs_free(store->vfs);
  vls_vault_free(store->vault);
  free(store);
}

void vls_store_checkpoint(vls_store *store) {
  if (store->error != VLS_OK || store->in_txn) return;
  /* A failure here loses nothing: the log stays and is read again. */
  sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
  sqlite3_db_release_memory(store->db);
}

vls_err vls_store_fold(vls_store *store) {
  int code =
      store->error != VLS_OK
          ? SQLITE_OK
          : sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
  if (code != SQLITE_OK) vls_sql_fail(store, code, "checkpoint");
  return store->error;
}

vls_err vls_store_prove(vls_store *store) {
  vls_floor_raise(store, "opened", vls_floor(store, "opened") + 1);
  vls_err err = vls_store_commit(store);
  return err == VLS_OK ? vls_store_fold(store) : err;
}

vls_err vls_store_verify(vls_store *store) {
  sqlite3_stmt *q = NULL;
  int code = sqlite3_prepare_v2(store->db, "PRAGMA integrity_check(1)", -1, &q, NULL);
  if (code != SQLITE_OK) {
    vls_sql_fail(store, code, "integrity_check");
    return store->error;
  }
  bool whole = vls_sql_row(store, q) && vls_slice_eq(vls_sql_get_blob(q, 0), vls_slice_str("ok"));
  sqlite3_finalize(q);
  if (!whole) vls_sql_fail(store, SQLITE_CORRUPT, "integrity_check");
  return store->error;
}

void vls_store_limit_log(vls_store *store, unsigned pages) {
  sqlite3_wal_autocheckpoint(store->db, pages > CHECKPOINT_PAGES ? CHECKPOINT_PAGES : (int)pages);
}

bool vls_store_is_spent(const vls_store *store) {
  return store->error != VLS_OK || (store->vfs != NULL && vls_vfs_is_dead(store->vfs));
}

const char *vls_store_problem(const vls_store *store) {
  return store->problem;
}
vls_err vls_store_error(const vls_store *store) {
  return store->error;
}
bool vls_store_dirty(const vls_store *store) {
  bool turns = store->vault != NULL && store->vault->n_turning > 0;
  return store->in_txn || turns || store->error != VLS_OK;
}

bool vls_store_is_sealed(const vls_store *store) {
  return store->vfs != NULL;
}

uint64_t vls_store_bytes(vls_store *store) {
  sqlite3_stmt *q =
      vls_sql(store, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");
  return vls_sql_one(store, q);
}

sqlite3_stmt *vls_sql(vls_store *store, const char *sql) {
  if (store->error != VLS_OK) return NULL;
  size_t at = ((uintptr_t)sql >> 3) * 0x9e3779b97f4a7c15u >> 40;
  for (size_t i = 0; i < VLS_SQL_CACHED; i++) {
    size_t k = (at + i) & (VLS_SQL_CACHED - 1);
    if (store->cache[k].sql == sql) return store->cache[k].stmt;
    if (store->cache[k].sql != NULL) continue;
    int code = sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                  &store->cache[k].stmt, NULL);
    if (code != SQLITE_OK) { /* a table that every store has is not there */
      vls_sql_fail(store, code == SQLITE_ERROR ? SQLITE_CORRUPT : code, sql);
      return NULL;
    }
    store->cache[k].sql = sql;
    return store->cache[k].stmt;
  }
  VLS_ASSERT(false && "more statements than VLS_SQL_CACHED");
  return NULL;
}

void vls_sql_begin(vls_store *store) {
  if (store->error != VLS_OK || store->in_txn) return;
  int code = sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
  if (code != SQLITE_OK)
    vls_sql_fail(store, code, "begin");
  else
    store->in_txn = true;
}

sqlite3_stmt *vls_sql_write(vls_store *store, const char *sql) {
  vls_sql_begin(store);
  return vls_sql(store, sql);
}

sqlite3_stmt *vls_sql_once(vls_store *store, const char *sql) {
  sqlite3_stmt *q = NULL;
  if (store->error != VLS_OK) return NULL;
  int code = sqlite3_prepare_v2(store->db, sql, -1, &q, NULL);
  if (code != SQLITE_OK) vls_sql_fail(store, code, sql);
  return q;
}

void vls_sql_empty(vls_store *store, const char *table) {
  char sql[128];
  int n = snprintf(sql, sizeof sql, "DELETE FROM \"%s\"", table);
  VLS_ASSERT(n > 0 && (size_t)n < sizeof sql);
  vls_sql_begin(store);
  sqlite3_stmt *q = vls_sql_once(store, sql);
  vls_sql_run(store, q);
  sqlite3_finalize(q);
}

/* SQLite's integers are signed; ours never use the top bit but for times set by a hostile clock. */
void vls_sql_int(sqlite3_stmt *q, int at, uint64_t v) {
  if (q != NULL) sqlite3_bind_int64(q, at, (sqlite3_int64)v);
}

void vls_sql_blob(sqlite3_stmt *q, int at, vls_slice v) {
  if (q != NULL)
    sqlite3_bind_blob64(q, at, v.p != NULL ? (const void *)v.p : "", v.n, SQLITE_STATIC);
}

void vls_sql_text(sqlite3_stmt *q, int at, vls_slice v) {
  const char *p = v.p != NULL ? (const char *)v.p : "";
  if (q != NULL) sqlite3_bind_text64(q, at, p, v.n, SQLITE_STATIC, SQLITE_UTF8);
}

bool vls_sql_row(vls_store *store, sqlite3_stmt *q) {
  if (q == NULL || store->error != VLS_OK) return false;
  int code = sqlite3_step(q);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) vls_sql_fail(store, code, sqlite3_sql(q));
  return false;
}

void vls_sql_run(vls_store *store, sqlite3_stmt *q) {
  while (vls_sql_row(store, q))
    continue;
  vls_sql_done(q);
}

void vls_sql_done(sqlite3_stmt *q) {
  if (q == NULL) return;
  sqlite3_reset(q);
  sqlite3_clear_bindings(q);
}

uint64_t vls_sql_get_int(sqlite3_stmt *q, int col) {
  return (uint64_t)sqlite3_column_int64(q, col);
}

uint64_t vls_sql_one(vls_store *store, sqlite3_stmt *q) {
  uint64_t n = vls_sql_row(store, q) ? vls_sql_get_int(q, 0) : 0;
  vls_sql_done(q);
  return n;
}

vls_slice vls_sql_get_blob(sqlite3_stmt *q, int col) {
  const void *p = sqlite3_column_blob(q, col); /* before bytes(): SQLite's rule */
  return vls_slice_of(p, (size_t)sqlite3_column_bytes(q, col));
}

void vls_sql_get_fix(vls_store *store, sqlite3_stmt *q, int col, uint8_t *out, size_t n) {
  vls_slice v = vls_sql_get_blob(q, col);
  memset(out, 0, n);
  if (v.n == n)
    memcpy(out, v.p, n);
  else
    vls_sql_fail(store, SQLITE_CORRUPT, "a key of the wrong size");
}

void vls_floor_raise(vls_store *store, const char *name, uint64_t n) {
  sqlite3_stmt *q = vls_sql_write(store, "INSERT INTO floor VALUES(?1, ?2) ON CONFLICT(name) DO "
                                         "UPDATE SET n=?2 WHERE n<?2");
  vls_sql_text(q, 1, vls_slice_str(name));
  vls_sql_int(q, 2, n);
  vls_sql_run(store, q);
}

uint64_t vls_floor(vls_store *store, const char *name) {
  sqlite3_stmt *q = vls_sql(store, "SELECT n FROM floor WHERE name=?");
  vls_sql_text(q, 1, vls_slice_str(name));
  return vls_sql_one(store, q);
}
