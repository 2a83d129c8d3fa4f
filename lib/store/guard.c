#include "store/guard.h"

#include "store/sql.h"

bool vls_knock_is_known(vls_store *store, const uint8_t nonce[24]) {
  sqlite3_stmt *q = vls_sql(store, "SELECT 1 FROM knock WHERE nonce=?");
  vls_sql_blob(q, 1, vls_slice_of(nonce, 24));
  bool seen = vls_sql_row(store, q);
  vls_sql_done(q);
  return seen;
}

vls_err vls_knock_seen(vls_store *store, const uint8_t nonce[24], uint64_t now_ms) {
  if (vls_knock_is_known(store, nonce)) return VLS_STALE;
  sqlite3_stmt *q = vls_sql_write(store, "INSERT INTO knock(nonce, at) VALUES(?,?)");
  vls_sql_blob(q, 1, vls_slice_of(nonce, 24));
  vls_sql_int(q, 2, now_ms);
  vls_sql_run(store, q);
  q = vls_sql_write(store, "DELETE FROM knock WHERE n<=(SELECT max(n) FROM knock)-?");
  vls_sql_int(q, 1, VLS_KNOCKS_KEPT);
  vls_sql_run(store, q);
  return VLS_OK;
}

void vls_knock_drop_before(vls_store *store, uint64_t at_ms) {
  sqlite3_stmt *q = vls_sql_write(store, "DELETE FROM knock WHERE at<?");
  vls_sql_int(q, 1, at_ms);
  vls_sql_run(store, q);
}

/* Does another one still fit in? */
static bool early_has_room(vls_store *store, const vls_early_row *row) {
  sqlite3_stmt *q =
      vls_sql(store, "SELECT count(*), total(length(record)) FROM early WHERE contact=? AND "
                     "NOT (seq>0 AND device=? AND seq=?)");
  vls_sql_int(q, 1, row->contact);
  vls_sql_blob(q, 2, vls_slice_of(row->device, 32));
  vls_sql_int(q, 3, row->seq);
  bool fits = vls_sql_row(store, q) && vls_sql_get_int(q, 0) < VLS_EARLY_MAX &&
              vls_sql_get_int(q, 1) + row->record.n <= VLS_EARLY_BYTES;
  vls_sql_done(q);
  return fits;
}

vls_err vls_early_put(vls_store *store, const vls_early_row *row, uint64_t now_ms) {
  sqlite3_stmt *q = vls_sql(store, "SELECT 1 FROM early WHERE contact=? AND id=? AND seq=?");
  vls_sql_int(q, 1, row->contact);
  vls_sql_blob(q, 2, vls_slice_of(row->id, 32));
  vls_sql_int(q, 3, row->seq);
  bool waits = vls_sql_row(store, q);
  vls_sql_done(q);
  if (waits) return VLS_OK;
  if (!early_has_room(store, row)) return VLS_LIMITED;
  q = vls_sql_write(store, "INSERT OR REPLACE INTO early(contact, id, record, at, device, seq) "
                           "VALUES(?,?,?,?,?,?)");
  vls_sql_int(q, 1, row->contact);
  vls_sql_blob(q, 2, vls_slice_of(row->id, 32));
  vls_sql_blob(q, 3, row->record);
  vls_sql_int(q, 4, now_ms);
  vls_sql_blob(q, 5, vls_slice_of(row->device, 32));
  vls_sql_int(q, 6, row->seq);
  vls_sql_run(store, q);
  return VLS_OK;
}

static bool read_early(vls_store *store, sqlite3_stmt *q, uint8_t ret_id[32], vls_buf *record) {
  bool found = vls_sql_row(store, q);
  if (found) {
    vls_sql_get_fix(store, q, 0, ret_id, 32);
    found = vls_buf_put_slice(record, vls_sql_get_blob(q, 1)) == VLS_OK;
  }
  vls_sql_done(q);
  return found;
}

bool vls_early_get(vls_store *store, uint64_t contact, const uint8_t device[32], uint64_t seq,
                   uint8_t ret_id[32], vls_buf *record) {
  sqlite3_stmt *q = vls_sql(store, "SELECT id, record FROM early WHERE contact=? AND device=? AND "
                                   "seq=? AND seq>0");
  vls_sql_int(q, 1, contact);
  vls_sql_blob(q, 2, vls_slice_of(device, 32));
  vls_sql_int(q, 3, seq);
  if (read_early(store, q, ret_id, record)) return true;
  q = vls_sql(store, "SELECT id, record FROM early WHERE contact=? AND seq=0 ORDER BY rowid "
                     "LIMIT 1");
  vls_sql_int(q, 1, contact);
  return read_early(store, q, ret_id, record);
}

void vls_early_drop(vls_store *store, uint64_t contact, const uint8_t id[32]) {
  sqlite3_stmt *q = vls_sql_write(store, "DELETE FROM early WHERE contact=? AND id=?");
  vls_sql_int(q, 1, contact);
  vls_sql_blob(q, 2, vls_slice_of(id, 32));
  vls_sql_run(store, q);
}

void vls_early_drop_upto(vls_store *store, uint64_t contact, const uint8_t device[32],
                         uint64_t seq) {
  sqlite3_stmt *q =
      vls_sql_write(store, "DELETE FROM early WHERE contact=? AND device=? AND seq>0 AND seq<=?");
  vls_sql_int(q, 1, contact);
  vls_sql_blob(q, 2, vls_slice_of(device, 32));
  vls_sql_int(q, 3, seq);
  vls_sql_run(store, q);
}

static uint64_t count(vls_store *store, sqlite3_stmt *q, uint64_t contact) {
  vls_sql_int(q, 1, contact);
  return vls_sql_one(store, q);
}

void vls_early_clear(vls_store *store, uint64_t contact) {
  sqlite3_stmt *q = vls_sql_write(store, "DELETE FROM early WHERE contact=?");
  vls_sql_int(q, 1, contact);
  vls_sql_run(store, q);
}

uint64_t vls_early_count(vls_store *store, uint64_t contact) {
  return count(store, vls_sql(store, "SELECT count(*) FROM early WHERE contact=?"), contact);
}

void vls_aside_put(vls_store *store, const uint8_t id[32], uint64_t contact, vls_slice why,
                   size_t bytes, uint64_t now_ms) {
  sqlite3_stmt *q = vls_sql_write(store, "INSERT OR REPLACE INTO aside VALUES(?,?,?,?,?)");
  vls_sql_blob(q, 1, vls_slice_of(id, 32));
  vls_sql_int(q, 2, contact);
  vls_sql_text(q, 3, why);
  vls_sql_int(q, 4, bytes);
  vls_sql_int(q, 5, now_ms);
  vls_sql_run(store, q);
  q = vls_sql_write(store, "DELETE FROM aside WHERE contact=?1 AND rowid NOT IN (SELECT rowid FROM "
                           "aside WHERE contact=?1 ORDER BY rowid DESC LIMIT ?2)");
  vls_sql_int(q, 1, contact);
  vls_sql_int(q, 2, VLS_ASIDE_EACH);
  vls_sql_run(store, q);
  q = vls_sql_write(store, "DELETE FROM aside WHERE rowid<=(SELECT max(rowid) FROM aside)-?");
  vls_sql_int(q, 1, VLS_ASIDE_MAX);
  vls_sql_run(store, q);
}

uint64_t vls_aside_count(vls_store *store, uint64_t contact) {
  return count(store, vls_sql(store, "SELECT count(*) FROM aside WHERE ?1=0 OR contact=?1"),
               contact);
}

bool vls_aside_newest(vls_store *store, uint64_t contact, uint64_t *ret_at, vls_buf *why) {
  sqlite3_stmt *q =
      vls_sql(store, "SELECT at, why FROM aside WHERE contact=? ORDER BY rowid DESC LIMIT 1");
  vls_sql_int(q, 1, contact);
  bool found = vls_sql_row(store, q);
  if (found) {
    *ret_at = vls_sql_get_int(q, 0);
    found = vls_buf_put_slice(why, vls_sql_get_blob(q, 1)) == VLS_OK;
  }
  vls_sql_done(q);
  return found;
}
