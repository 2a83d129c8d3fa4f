/* From a store in clear to a sealed one, row by row: pages cannot be copied, since the old ones
 * have no room for nonce and tag. */
#include <stdio.h>

#include "store/sql.h"

enum { ROWS_PER_COMMIT = 4096, SQL_MAX = 512, COLUMNS_MAX = 64, NAME_MAX = 64 };

typedef struct copy {
  vls_store *from, *to;
  char table[NAME_MAX + 1];
} copy;

/* The next table by name; false behind the last. */
static bool next_table(copy *c) {
  sqlite3_stmt *q = vls_sql(c->from, "SELECT name FROM sqlite_schema WHERE type='table' AND name>? "
                                     "AND name NOT LIKE 'sqlite%' ORDER BY name LIMIT 1");
  vls_sql_text(q, 1, vls_slice_str(c->table));
  bool found = vls_sql_row(c->from, q);
  if (found) {
    vls_slice name = vls_sql_get_blob(q, 0);
    found = name.n <= NAME_MAX;
    if (!found)
      vls_sql_fail(c->from, SQLITE_CORRUPT, "a table with a name too long");
    else
      snprintf(c->table, sizeof c->table, "%.*s", (int)name.n, (const char *)name.p);
  }
  vls_sql_done(q);
  return found;
}

static sqlite3_stmt *insert_of(copy *c, int columns) {
  char sql[SQL_MAX];
  if (columns < 1 || columns > COLUMNS_MAX) {
    vls_sql_fail(c->to, SQLITE_SCHEMA, "a table with too many columns");
    return NULL;
  }
  int n = snprintf(sql, sizeof sql, "INSERT INTO \"%s\" VALUES(?", c->table);
  for (int i = 1; i < columns; i++)
    n += snprintf(sql + n, sizeof sql - (size_t)n, ",?");
  snprintf(sql + n, sizeof sql - (size_t)n, ")");
  return vls_sql_once(c->to, sql);
}

/* In the order of their row ids: where a table has none of its own, they are given anew in that
 * order. */
static vls_err copy_table(copy *c) {
  char sql[SQL_MAX];
  snprintf(sql, sizeof sql, "SELECT * FROM \"%s\"", c->table);
  sqlite3_stmt *rows = vls_sql_once(c->from, sql);
  int columns = rows == NULL ? 0 : sqlite3_column_count(rows);
  sqlite3_stmt *insert = insert_of(c, columns);
  vls_err err = VLS_OK;
  vls_sql_begin(c->to);
  vls_sql_empty(c->to, c->table);
  for (uint64_t n = 1; insert != NULL && err == VLS_OK && vls_sql_row(c->from, rows); n++) {
    vls_sql_begin(c->to);
    for (int i = 0; i < columns; i++)
      sqlite3_bind_value(insert, i + 1, sqlite3_column_value(rows, i));
    vls_sql_run(c->to, insert);
    if (n % ROWS_PER_COMMIT == 0) err = vls_store_commit(c->to);
  }
  sqlite3_finalize(insert);
  sqlite3_finalize(rows);
  if (err == VLS_OK) err = vls_store_commit(c->to);
  return err == VLS_OK ? vls_store_error(c->from) : err;
}

static uint64_t count(vls_store *store, const char *table) {
  char sql[SQL_MAX];
  snprintf(sql, sizeof sql, "SELECT count(*) FROM \"%s\"", table);
  sqlite3_stmt *q = vls_sql_once(store, sql);
  uint64_t n = vls_sql_row(store, q) ? vls_sql_get_int(q, 0) : 0;
  sqlite3_finalize(q);
  return n;
}

static vls_err copy_all(copy *c) {
  vls_err err = VLS_OK;
  while (err == VLS_OK && next_table(c)) {
    err = copy_table(c);
    if (err == VLS_OK && count(c->from, c->table) != count(c->to, c->table)) err = VLS_STORAGE;
  }
  if (err == VLS_OK) err = vls_store_error(c->from);
  if (err == VLS_OK) err = vls_store_error(c->to);
  if (err != VLS_OK) return err;
  /* Out of the log, which is gone when the store is closed: the caller has one file to put in
   * place. */
  int code = sqlite3_wal_checkpoint_v2(c->to->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
  if (code != SQLITE_OK) vls_sql_fail(c->to, code, "checkpoint");
  return vls_store_error(c->to);
}

static bool exists(const char *path) {
  sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
  int found = 0;
  int code = vfs->xAccess(vfs, path, SQLITE_ACCESS_EXISTS, &found);
  return code == SQLITE_OK && found != 0;
}

vls_err vls_store_seal(const char *plain_path, const char *sealed_path, const uint8_t key[32],
                       const uint8_t uuid[16], const uint8_t seed[32], const char **ret_why) {
  copy c = {0};
  if (exists(sealed_path)) {
    if (ret_why != NULL) *ret_why = "there is a file in the place of the sealed store";
    return VLS_EXISTS;
  }
  vls_err err = vls_store_open(&c.from, plain_path, seed, 0, ret_why);
  if (err != VLS_OK) return err;
  err = vls_store_open_copy(&c.to, sealed_path, key, uuid, seed, ret_why);
  if (err == VLS_OK) {
    err = copy_all(&c);
    if (err != VLS_OK && ret_why != NULL) *ret_why = "the copy could not be written";
  }
  vls_store_close(c.to);
  /* The copy's rows are under the keys as they are now: closing must not replace them. */
  vls_vault_free(c.from->vault);
  c.from->vault = NULL;
  vls_store_close(c.from);
  if (err == VLS_OK) { /* a look at whether it opens */
    err = vls_store_open_copy(&c.to, sealed_path, key, uuid, seed, ret_why);
    if (err == VLS_OK) vls_store_close(c.to);
  }
  return err;
}
