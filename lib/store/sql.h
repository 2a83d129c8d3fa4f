/* A thin layer over SQLite for the table files; nothing outside store/ includes this. */
#ifndef VALISE_STORE_SQL_H
#define VALISE_STORE_SQL_H

#include <sqlite3.h>

#include "store/db.h"
#include "store/vault.h"
#include "store/vfs.h"

enum {
  VLS_SQL_CACHED = 256, /* prepared statements; a power of two */
  VLS_COUNTS = 16,      /* contacts of whom it is known how many skipped keys are kept */
};

struct vls_store {
  sqlite3 *db;
  vls_vfs *vfs;     /* of a sealed store; else NULL */
  vls_vault *vault; /* NULL: of a store in memory, or of a copy */
  vls_err error;
  bool in_txn;
  char problem[256];
  struct {
    uint64_t contact, n; /* at most n rows, in the open transaction too; contact 0: nobody's */
  } skipped[VLS_COUNTS];
  struct {
    const char *sql;
    sqlite3_stmt *stmt;
  } cache[VLS_SQL_CACHED];
};

/* Writes a file over itself, for a sync that follows. A sync that failed may leave in the system's
 * cache what the disk does not have, and it looks clean there: the next sync says that all is well
 * (fsync(2) tells of an error once). So nobody may act on a log that an earlier process left before
 * it was written again. SQLite's codes. */
int vls_write_back(sqlite3_file *file);

/* A prepared statement, ready to bind; NULL once the store has failed. sql must be a literal: the
 * cache knows it by its address. Give it back with vls_sql_done. */
sqlite3_stmt *vls_sql(vls_store *store, const char *sql);
/* The same for a statement that writes: opens the transaction first. */
sqlite3_stmt *vls_sql_write(vls_store *store, const char *sql);
void vls_sql_begin(vls_store *store);
/* A statement that is made when it runs and not kept: the caller finalizes it. */
sqlite3_stmt *vls_sql_once(vls_store *store, const char *sql);
/* Every row of a table goes: what a new store has by itself makes way for another's. */
void vls_sql_empty(vls_store *store, const char *table);
/* Binding is 1-based, as in SQLite. Bytes are borrowed until vls_sql_done. All take a NULL q. */
void vls_sql_int(sqlite3_stmt *q, int at, uint64_t v);
void vls_sql_blob(sqlite3_stmt *q, int at, vls_slice v);
void vls_sql_text(sqlite3_stmt *q, int at, vls_slice v);
/* True when there is a row. False at the end, on failure, and when q is NULL. */
bool vls_sql_row(vls_store *store, sqlite3_stmt *q);
/* Runs it to the end and gives it back. */
void vls_sql_run(vls_store *store, sqlite3_stmt *q);
void vls_sql_done(sqlite3_stmt *q);
/* Columns are 0-based. Bytes are good until the next step. */
uint64_t vls_sql_get_int(sqlite3_stmt *q, int col);
vls_slice vls_sql_get_blob(sqlite3_stmt *q, int col);
/* The number that the query gives, 0 when there is no row; gives the query back. */
uint64_t vls_sql_one(vls_store *store, sqlite3_stmt *q);
/* Copies a blob of exactly n bytes; anything else is a damaged store: sticky VLS_STORAGE, zeros. */
void vls_sql_get_fix(vls_store *store, sqlite3_stmt *q, int col, uint8_t *out, size_t n);
void vls_sql_fail(vls_store *store, int sqlite_code, const char *doing);

/* A number that outlives the rows it counted, so that none is given twice: the highest n ever
 * raised under this name, 0 at first. */
void vls_floor_raise(vls_store *store, const char *name, uint64_t n);
uint64_t vls_floor(vls_store *store, const char *name);

/* SQLite gives memory back wiped. Before anything else of SQLite's is called. */
void vls_sql_memory(void);

/* Brings an empty or older store to the present version. */
VLS_MUST vls_err vls_schema_migrate(vls_store *store);

#endif
