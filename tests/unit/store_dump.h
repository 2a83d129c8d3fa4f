/* A store's tables as text, to compare two of them. */
#ifndef VALISE_TESTS_STORE_DUMP_H
#define VALISE_TESTS_STORE_DUMP_H

#include "base/text.h"
#include "store_made.h"
#include "store/sql.h"

/* Every row that the query gives, a line each; to free(). */
static inline char *dump_of(vls_store *store, const char *sql) {
  sqlite3_stmt *q = NULL;
  vls_buf out;
  vls_buf_init(&out, 256 << 20);
  assert_int_equal(sqlite3_prepare_v2(store->db, sql, -1, &q, NULL), SQLITE_OK);
  while (sqlite3_step(q) == SQLITE_ROW) {
    for (int i = 0; i < sqlite3_column_count(q); i++) {
      const void *bytes = sqlite3_column_blob(q, i);
      size_t n = (size_t)sqlite3_column_bytes(q, i);
      char *hex = vls_calloc(2 * n + 2, 1);
      vls_hex_put(hex, vls_slice_of(bytes, n));
      hex[2 * n] = i + 1 < sqlite3_column_count(q) ? ' ' : '\n';
      assert_int_equal(vls_buf_put(&out, hex, 2 * n + 1), VLS_OK);
      free(hex);
    }
  }
  sqlite3_finalize(q);
  assert_int_equal(vls_buf_put_u8(&out, 0), VLS_OK);
  char *text = strdup((const char *)out.p);
  vls_buf_done(&out);
  return text;
}

static inline void same_rows(vls_store *a, vls_store *b, const char *sql) {
  char *one = dump_of(a, sql), *other = dump_of(b, sql);
  if (strcmp(one, other) != 0) print_error("differs: %s\n", sql);
  assert_string_equal(one, other);
  free(one);
  free(other);
}

static inline uint64_t count_of(vls_store *store, const char *sql) {
  sqlite3_stmt *q = NULL;
  assert_int_equal(sqlite3_prepare_v2(store->db, sql, -1, &q, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(q), SQLITE_ROW);
  uint64_t n = (uint64_t)sqlite3_column_int64(q, 0);
  sqlite3_finalize(q);
  return n;
}

#endif
