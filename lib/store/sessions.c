#include "store/sessions.h"

#include "store/sql.h"

void vls_session_put(vls_store *store, uint64_t contact, const vls_session_row *row) {
  uint8_t state[VLS_RATCHET_STATE];
  vls_ratchet_pack(&row->ratchet, state);
  sqlite3_stmt *q = vls_sql_write(store, "INSERT OR REPLACE INTO session VALUES(?,?,?,?,?)");
  vls_sql_int(q, 1, contact);
  vls_sql_blob(q, 2, vls_slice_of(row->ratchet.th, 32));
  vls_sql_blob(q, 3, vls_slice_of(row->device, 32));
  vls_sql_blob(q, 4, vls_slice_of(state, sizeof state));
  vls_sql_int(q, 5, row->created);
  vls_sql_run(store, q);
  vls_wipe(state, sizeof state);
}

void vls_session_drop(vls_store *store, uint64_t contact, const uint8_t th[32]) {
  sqlite3_stmt *q = vls_sql_write(store, "DELETE FROM session WHERE contact=? AND th=?");
  vls_sql_int(q, 1, contact);
  vls_sql_blob(q, 2, vls_slice_of(th, 32));
  vls_sql_run(store, q);
  q = vls_sql_write(store, "DELETE FROM skipped WHERE contact=? AND th=?");
  vls_sql_int(q, 1, contact);
  vls_sql_blob(q, 2, vls_slice_of(th, 32));
  vls_sql_run(store, q);
}

void vls_session_drop_all(vls_store *store) {
  vls_sql_run(store, vls_sql_write(store, "DELETE FROM session"));
  vls_sql_run(store, vls_sql_write(store, "DELETE FROM skipped"));
}

size_t vls_session_load(vls_store *store, uint64_t contact, vls_session_row *ret_rows) {
  sqlite3_stmt *q = vls_sql(store, "SELECT state, device, created FROM session WHERE contact=? "
                                   "ORDER BY created DESC, th LIMIT ?");
  vls_sql_int(q, 1, contact);
  vls_sql_int(q, 2, VLS_SESSIONS_MAX);
  size_t n = 0;
  while (vls_sql_row(store, q)) {
    vls_sql_get_fix(store, q, 1, ret_rows[n].device, 32);
    ret_rows[n].created = vls_sql_get_int(q, 2);
    if (vls_ratchet_unpack(&ret_rows[n].ratchet, vls_sql_get_blob(q, 0)) == VLS_OK)
      n++;
    else
      vls_sql_fail(store, SQLITE_CORRUPT, "a session's state");
  }
  vls_sql_done(q);
  return n;
}

void vls_skipped_put(vls_store *store, uint64_t contact, const uint8_t th[32],
                     const vls_skips *skips, uint64_t now_ms) {
  for (size_t i = 0; i < skips->n; i++) {
    sqlite3_stmt *q = vls_sql_write(store, "INSERT OR REPLACE INTO skipped VALUES(?,?,?,?,?,?)");
    vls_sql_int(q, 1, contact);
    vls_sql_blob(q, 2, vls_slice_of(th, 32));
    vls_sql_int(q, 3, skips->keys[i].chain);
    vls_sql_int(q, 4, skips->keys[i].n);
    vls_sql_blob(q, 5, vls_slice_of(skips->keys[i].mk, 32));
    vls_sql_int(q, 6, now_ms);
    vls_sql_run(store, q);
  }
  if (skips->n == 0) return;
  sqlite3_stmt *q = vls_sql_write(
      store, "DELETE FROM skipped WHERE contact=?1 AND (th, chain, n) IN (SELECT th, chain, n FROM "
             "skipped WHERE contact=?1 ORDER BY at DESC, chain DESC, n DESC LIMIT -1 OFFSET ?2)");
  vls_sql_int(q, 1, contact);
  vls_sql_int(q, 2, VLS_RATCHET_KEEP);
  vls_sql_run(store, q);
}

static void bind_key(sqlite3_stmt *q, uint64_t contact, const uint8_t th[32], uint64_t chain,
                     uint32_t n) {
  vls_sql_int(q, 1, contact);
  vls_sql_blob(q, 2, vls_slice_of(th, 32));
  vls_sql_int(q, 3, chain);
  vls_sql_int(q, 4, n);
}

bool vls_skipped_get(vls_store *store, uint64_t contact, const uint8_t th[32], uint64_t chain,
                     uint32_t n, uint8_t ret_mk[32]) {
  sqlite3_stmt *q =
      vls_sql(store, "SELECT mk FROM skipped WHERE contact=? AND th=? AND chain=? AND n=?");
  bind_key(q, contact, th, chain, n);
  bool found = vls_sql_row(store, q);
  if (found) vls_sql_get_fix(store, q, 0, ret_mk, 32);
  vls_sql_done(q);
  return found;
}

void vls_skipped_drop(vls_store *store, uint64_t contact, const uint8_t th[32], uint64_t chain,
                      uint32_t n) {
  sqlite3_stmt *q =
      vls_sql_write(store, "DELETE FROM skipped WHERE contact=? AND th=? AND chain=? AND n=?");
  bind_key(q, contact, th, chain, n);
  vls_sql_run(store, q);
}

void vls_skipped_drop_before(vls_store *store, uint64_t at_ms) {
  sqlite3_stmt *q = vls_sql_write(store, "DELETE FROM skipped WHERE at<?");
  vls_sql_int(q, 1, at_ms);
  vls_sql_run(store, q);
}
