#include "store/sessions.h"

#include "store/sql.h"
#include "store/vault_rows.h"

void vls_session_put(vls_store *store, uint64_t contact, const vls_session_row *row) {
  uint8_t state[VLS_RATCHET_STATE], sealed[VLS_ROW_MAX];
  vls_row_key key = {.contact = contact, .th = row->ratchet.th};
  vls_ratchet_pack(&row->ratchet, state);
  vls_slice stored = vls_row_seal(store, VLS_ROW_SESSION, &key, state, sealed);
  sqlite3_stmt *q = vls_sql_write(store, "INSERT OR REPLACE INTO session VALUES(?,?,?,?,?)");
  vls_sql_int(q, 1, contact);
  vls_sql_blob(q, 2, vls_slice_of(row->ratchet.th, 32));
  vls_sql_blob(q, 3, vls_slice_of(row->device, 32));
  vls_sql_blob(q, 4, stored);
  vls_sql_int(q, 5, row->created);
  vls_sql_run(store, q);
  vls_wipe(state, sizeof state);
  vls_row_spend(store, VLS_ROW_SESSION, contact);
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
  vls_row_spend(store, VLS_ROW_SESSION, contact);
  vls_row_spend(store, VLS_ROW_SKIPPED, contact);
}

void vls_session_drop_of(vls_store *store, uint64_t contact) {
  sqlite3_stmt *q = vls_sql_write(store, "DELETE FROM session WHERE contact=?");
  vls_sql_int(q, 1, contact);
  vls_sql_run(store, q);
  q = vls_sql_write(store, "DELETE FROM skipped WHERE contact=?");
  vls_sql_int(q, 1, contact);
  vls_sql_run(store, q);
  vls_row_spend(store, VLS_ROW_SESSION, contact);
  vls_row_spend(store, VLS_ROW_SKIPPED, contact);
}

void vls_session_drop_all(vls_store *store) {
  uint64_t contact = 0, last = 0;
  do { /* whoever has nothing has nothing to spend */
    sqlite3_stmt *q = vls_sql(store, "SELECT min(contact) FROM (SELECT contact FROM session WHERE "
                                     "contact>?1 UNION ALL SELECT contact FROM skipped WHERE "
                                     "contact>?1)");
    vls_sql_int(q, 1, last);
    last = contact = vls_sql_one(store, q);
    if (contact > 0) vls_session_drop_of(store, contact);
  } while (contact > 0);
}

/* Reads the row that q stands on; false when its key is not in the vault any more. */
static bool read_session(vls_store *store, sqlite3_stmt *q, uint64_t contact,
                         vls_session_row *ret) {
  uint8_t state[VLS_RATCHET_STATE], th[32];
  vls_row_key key = {.contact = contact, .th = th};
  vls_sql_get_fix(store, q, 1, ret->device, 32);
  vls_sql_get_fix(store, q, 3, th, 32);
  ret->created = vls_sql_get_int(q, 2);
  bool found = vls_row_open(store, VLS_ROW_SESSION, &key, vls_sql_get_blob(q, 0), state);
  if (found && vls_ratchet_unpack(&ret->ratchet, vls_slice_of(state, sizeof state)) != VLS_OK) {
    vls_sql_fail(store, SQLITE_CORRUPT, "a session's state");
    found = false;
  }
  vls_wipe(state, sizeof state);
  return found;
}

size_t vls_session_load(vls_store *store, uint64_t contact, vls_session_row *ret_rows) {
  sqlite3_stmt *q = vls_sql(store, "SELECT state, device, created, th FROM session WHERE contact=? "
                                   "ORDER BY created DESC, th LIMIT ?");
  vls_sql_int(q, 1, contact);
  vls_sql_int(q, 2, VLS_SESSIONS_MAX);
  size_t n = 0;
  while (vls_sql_row(store, q))
    n += read_session(store, q, contact, &ret_rows[n]);
  vls_sql_done(q);
  return n;
}

static uint64_t count_skipped(vls_store *store, uint64_t contact) {
  sqlite3_stmt *q = vls_sql(store, "SELECT count(*) FROM skipped WHERE contact=?");
  vls_sql_int(q, 1, contact);
  return vls_sql_one(store, q);
}

/* Some more go than must, or each further key would cost looking through all of them. */
static void drop_oldest(vls_store *store, uint64_t contact, uint64_t *n) {
  *n = count_skipped(store, contact);
  if (*n <= VLS_RATCHET_KEEP) return;
  *n = VLS_RATCHET_KEEP - VLS_RATCHET_SLACK;
  sqlite3_stmt *q = vls_sql_write(
      store, "DELETE FROM skipped WHERE contact=?1 AND (th, chain, n) IN (SELECT th, chain, n FROM "
             "skipped WHERE contact=?1 ORDER BY at DESC, chain DESC, n DESC LIMIT -1 OFFSET ?2)");
  vls_sql_int(q, 1, contact);
  vls_sql_int(q, 2, *n);
  vls_sql_run(store, q);
  vls_row_spend(store, VLS_ROW_SKIPPED, contact);
}

void vls_skipped_put(vls_store *store, uint64_t contact, const uint8_t th[32],
                     const vls_skips *skips, uint64_t now_ms) {
  uint8_t sealed[VLS_ROW_MAX];
  uint64_t *known = &store->skipped[contact % VLS_COUNTS].contact;
  uint64_t *n = &store->skipped[contact % VLS_COUNTS].n;
  if (skips->n == 0) return;
  if (*known != contact) *n = count_skipped(store, contact);
  *known = contact;
  *n += skips->n;
  for (size_t i = 0; i < skips->n; i++) {
    vls_row_key key = {contact, th, skips->keys[i].chain, skips->keys[i].n};
    vls_slice stored = vls_row_seal(store, VLS_ROW_SKIPPED, &key, skips->keys[i].mk, sealed);
    sqlite3_stmt *q = vls_sql_write(store, "INSERT OR REPLACE INTO skipped VALUES(?,?,?,?,?,?)");
    vls_sql_int(q, 1, contact);
    vls_sql_blob(q, 2, vls_slice_of(th, 32));
    vls_sql_int(q, 3, skips->keys[i].chain);
    vls_sql_int(q, 4, skips->keys[i].n);
    vls_sql_blob(q, 5, stored);
    vls_sql_int(q, 6, now_ms);
    vls_sql_run(store, q);
  }
  if (*n > VLS_RATCHET_KEEP) drop_oldest(store, contact, n);
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
  vls_row_key key = {contact, th, chain, n};
  bool found = vls_sql_row(store, q) &&
               vls_row_open(store, VLS_ROW_SKIPPED, &key, vls_sql_get_blob(q, 0), ret_mk);
  vls_sql_done(q);
  return found;
}

void vls_skipped_drop(vls_store *store, uint64_t contact, const uint8_t th[32], uint64_t chain,
                      uint32_t n) {
  sqlite3_stmt *q =
      vls_sql_write(store, "DELETE FROM skipped WHERE contact=? AND th=? AND chain=? AND n=?");
  bind_key(q, contact, th, chain, n);
  vls_sql_run(store, q);
  vls_row_spend(store, VLS_ROW_SKIPPED, contact);
}

void vls_skipped_drop_before(vls_store *store, uint64_t at_ms) {
  uint64_t contact = 0;
  for (;;) {
    sqlite3_stmt *q = vls_sql(store, "SELECT contact FROM skipped WHERE at<? AND contact>? ORDER "
                                     "BY contact LIMIT 1");
    vls_sql_int(q, 1, at_ms);
    vls_sql_int(q, 2, contact);
    contact = vls_sql_one(store, q);
    if (contact == 0) return;
    q = vls_sql_write(store, "DELETE FROM skipped WHERE contact=? AND at<?");
    vls_sql_int(q, 1, contact);
    vls_sql_int(q, 2, at_ms);
    vls_sql_run(store, q);
    vls_row_spend(store, VLS_ROW_SKIPPED, contact);
  }
}
