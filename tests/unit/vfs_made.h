/* Databases over a disk in memory: sealed ones and plain ones, and people who write into both. */
#ifndef VALISE_TESTS_VFS_MADE_H
#define VALISE_TESTS_VFS_MADE_H

#include <stdio.h>
#include <stdlib.h>

#include "vec_hex.h"

#include "disk.h"
#include "store/vfs.h"

#define MAIN "/d/node.db"
#define LOG "/d/node.db-wal"

typedef struct box {
  disk *d;
  vls_vfs *vfs; /* NULL: plain */
  sqlite3 *db;
  uint8_t key[32], uuid[16], seed[32];
  int cache_pages, checkpoint_pages;
} box;

typedef struct dice {
  uint64_t state;
} dice;

static inline uint32_t dice_roll(void *arg) {
  dice *d = arg;
  d->state += UINT64_C(0x9e3779b97f4a7c15);
  uint64_t z = d->state;
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return (uint32_t)(z >> 32);
}

static inline unsigned roll(dice *d, unsigned bound) {
  return dice_roll(d) % bound;
}

static inline void box_make(box *b, bool sealed) {
  *b = (box){.d = disk_new(), .cache_pages = 10, .checkpoint_pages = 50};
  memset(b->key, 0x11, sizeof b->key);
  memset(b->uuid, 0x22, sizeof b->uuid);
  if (sealed) b->seed[0] = 1;
}

static inline int box_exec(box *b, const char *sql) {
  return sqlite3_exec(b->db, sql, NULL, NULL, NULL);
}

static inline void box_must(box *b, const char *sql) {
  int code = box_exec(b, sql);
  if (code != SQLITE_OK)
    print_error("%s: %s (%s)\n", sql, sqlite3_errmsg(b->db),
                b->vfs != NULL ? vls_vfs_problem(b->vfs) : "plain");
  assert_int_equal(code, SQLITE_OK);
}

static inline void box_close(box *b) {
  if (b->db != NULL) assert_int_equal(sqlite3_close(b->db), SQLITE_OK);
  b->db = NULL;
  if (b->vfs != NULL)
    vls_vfs_free(b->vfs);
  else
    sqlite3_vfs_unregister(&b->d->base);
  b->vfs = NULL;
}

/* SQLite's code of the first thing that failed; SQLITE_OK: it is open. Closed again by box_close.
 */
static inline int box_try(box *b) {
  static const char *const first[] = {
      "PRAGMA locking_mode=EXCLUSIVE",
      "PRAGMA journal_mode=WAL",
      "PRAGMA synchronous=FULL",
      "PRAGMA temp_store=MEMORY",
      "PRAGMA secure_delete=ON",
      "BEGIN IMMEDIATE",
      "COMMIT",
  };
  char sql[96];
  if (b->seed[0] != 0) {
    b->seed[1]++;
    b->vfs = vls_vfs_new(&b->d->base, b->key, b->uuid, b->seed);
  } else {
    b->d->base.zName = "plain-disk";
    sqlite3_vfs_register(&b->d->base, 0);
  }
  const char *name = b->vfs != NULL ? vls_vfs_name(b->vfs) : b->d->base.zName;
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  int code = sqlite3_open_v2(MAIN, &b->db, flags, name), reserved = 48;
  /* A plain one keeps as much of each page free, so that both have the same pages. */
  if (b->vfs == NULL) sqlite3_file_control(b->db, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
  for (size_t i = 0; code == SQLITE_OK && i < sizeof first / sizeof first[0]; i++)
    code = box_exec(b, first[i]);
  snprintf(sql, sizeof sql, "PRAGMA cache_size=%d; PRAGMA wal_autocheckpoint=%d", b->cache_pages,
           b->checkpoint_pages);
  if (code == SQLITE_OK) code = box_exec(b, sql);
  return code;
}

static inline void box_open(box *b) {
  int code = box_try(b);
  if (code != SQLITE_OK)
    print_error("open: %d %s (%s)\n", code, sqlite3_errmsg(b->db),
                b->vfs != NULL ? vls_vfs_problem(b->vfs) : "plain");
  assert_int_equal(code, SQLITE_OK);
}

/* The process is gone, without a word: what it wrote is in the system's hands. */
static inline void box_kill(box *b) {
  b->d->fuse = 0;
  box_close(b);
  b->d->fuse = -1;
}

static inline void box_end(box *b) {
  if (b->db != NULL) box_close(b);
  disk_free(b->d);
}

static inline int box_text(box *b, const char *sql, char *out, size_t n) {
  sqlite3_stmt *q = NULL;
  int code = sqlite3_prepare_v2(b->db, sql, -1, &q, NULL);
  if (code == SQLITE_OK) code = sqlite3_step(q);
  if (code == SQLITE_ROW) snprintf(out, n, "%s", (const char *)sqlite3_column_text(q, 0));
  sqlite3_finalize(q);
  return code == SQLITE_ROW ? SQLITE_OK : code;
}

static inline void box_check(box *b) {
  char text[256] = "";
  assert_int_equal(box_text(b, "PRAGMA integrity_check", text, sizeof text), SQLITE_OK);
  assert_string_equal(text, "ok");
}

static inline uint64_t mix(uint64_t hash, const void *p, size_t n) {
  const uint8_t *bytes = p;
  for (size_t i = 0; i < n; i++)
    hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
  return hash;
}

/* A hash over every row of every table. SQLite's code. */
static inline int box_state(box *b, uint64_t *ret) {
  static const char *const all[] = {"SELECT type, name, sql FROM sqlite_schema ORDER BY name",
                                    "SELECT id, k, body FROM t ORDER BY id",
                                    "SELECT k, id FROM t ORDER BY k, id"};
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    sqlite3_stmt *q = NULL;
    int code = sqlite3_prepare_v2(b->db, all[i], -1, &q, NULL);
    if (code != SQLITE_OK && i == 0) return code;
    if (code == SQLITE_ERROR) continue; /* no table yet */
    while (code == SQLITE_OK || code == SQLITE_ROW) {
      code = sqlite3_step(q);
      for (int c = 0; code == SQLITE_ROW && c < sqlite3_column_count(q); c++) {
        const void *p = sqlite3_column_blob(q, c);
        size_t n = (size_t)sqlite3_column_bytes(q, c);
        hash = mix(hash, &n, sizeof n);
        hash = mix(hash, p, n);
      }
    }
    sqlite3_finalize(q);
    if (code != SQLITE_DONE) return code;
  }
  *ret = hash;
  return SQLITE_OK;
}

static inline uint64_t box_must_state(box *b) {
  uint64_t state = 0;
  assert_int_equal(box_state(b, &state), SQLITE_OK);
  return state;
}

#define SCHEMA                                                                                     \
  "CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, k INTEGER, body BLOB);"                    \
  "CREATE INDEX IF NOT EXISTS t_k ON t(k)"

/* One random statement. */
static inline void random_sql(dice *d, char *sql, size_t n) {
  unsigned from = roll(d, 400), count = 1 + roll(d, 30), size = roll(d, 4) == 0 ? 6000 : 200;
  switch (roll(d, 8)) {
  case 0: snprintf(sql, n, "DELETE FROM t WHERE id BETWEEN %u AND %u", from, from + count); break;
  case 1:
    snprintf(sql, n,
             "UPDATE t SET k=k+1, body=CAST(body || 'x%u' AS BLOB) WHERE id BETWEEN %u AND %u",
             roll(d, 1000), from, from + count);
    break;
  case 2: snprintf(sql, n, "UPDATE t SET k=k*7%%1009 WHERE k%%3=%u", roll(d, 3)); break;
  case 3: snprintf(sql, n, "DELETE FROM t WHERE k%%5=%u", roll(d, 5)); break;
  default:
    snprintf(sql, n,
             "WITH RECURSIVE c(i) AS (SELECT %u UNION ALL SELECT i+1 FROM c WHERE i<%u) "
             "INSERT OR REPLACE INTO t SELECT i, i*31%%1009, "
             "CAST(replace(hex(zeroblob(%u)),'00','word'||i) AS BLOB) FROM c",
             from, from + count, roll(d, size / 8) + 1);
  }
}

#endif
