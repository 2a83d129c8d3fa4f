#include "store/messages.h"
#include "store/sql.h"

static uint64_t count(vls_store *store, sqlite3_stmt *q, uint64_t a, uint64_t b) {
  vls_sql_int(q, 1, a);
  vls_sql_int(q, 2, b);
  return vls_sql_one(store, q);
}

void vls_outbox_put(vls_store *store, uint64_t contact, const vls_outbox_row *row, vls_slice extra,
                    vls_slice record) {
  sqlite3_stmt *q =
      vls_sql_write(store, "INSERT INTO outbox(contact,seq,first,last,at,record,extra) "
                           "VALUES(?,?,?,?,?,?,?)");
  vls_sql_int(q, 1, contact);
  vls_sql_int(q, 2, row->seq);
  vls_sql_int(q, 3, row->first);
  vls_sql_int(q, 4, row->last);
  vls_sql_int(q, 5, row->at);
  vls_sql_blob(q, 6, record);
  vls_sql_blob(q, 7, extra);
  vls_sql_run(store, q);
}

bool vls_outbox_unsealed(vls_store *store, uint64_t contact, uint64_t after, vls_outbox_row *ret,
                         vls_buf *extra) {
  sqlite3_stmt *q = vls_sql(store, "SELECT seq, first, last, at, record IS NULL, extra FROM outbox "
                                   "WHERE contact=? AND seq>? ORDER BY seq LIMIT 1");
  vls_sql_int(q, 1, contact);
  vls_sql_int(q, 2, after);
  bool found = vls_sql_row(store, q);
  if (found) {
    *ret = (vls_outbox_row){.seq = vls_sql_get_int(q, 0),
                            .first = vls_sql_get_int(q, 1),
                            .last = vls_sql_get_int(q, 2),
                            .at = vls_sql_get_int(q, 3),
                            .taken = vls_sql_get_int(q, 4) != 0};
    found = vls_buf_put_slice(extra, vls_sql_get_blob(q, 5)) == VLS_OK;
  }
  vls_sql_done(q);
  return found;
}

void vls_outbox_reseal(vls_store *store, uint64_t contact, uint64_t seq, vls_slice record) {
  sqlite3_stmt *q = vls_sql_write(store, "UPDATE outbox SET record=? WHERE contact=? AND seq=?");
  vls_sql_blob(q, 1, record);
  vls_sql_int(q, 2, contact);
  vls_sql_int(q, 3, seq);
  vls_sql_run(store, q);
}

void vls_outbox_reword(vls_store *store, uint64_t contact, uint64_t seq, vls_slice items) {
  sqlite3_stmt *q =
      vls_sql_write(store, "UPDATE outbox SET extra=? WHERE contact=? AND seq=? AND first=0");
  vls_sql_blob(q, 1, items);
  vls_sql_int(q, 2, contact);
  vls_sql_int(q, 3, seq);
  vls_sql_run(store, q);
}

void vls_outbox_put_by(vls_store *store, uint64_t contact, uint64_t seq, vls_slice items) {
  sqlite3_stmt *q = vls_sql_write(store, "UPDATE outbox SET first=0, last=0, extra=?, record=NULL "
                                         "WHERE contact=? AND seq=?");
  vls_sql_blob(q, 1, items);
  vls_sql_int(q, 2, contact);
  vls_sql_int(q, 3, seq);
  vls_sql_run(store, q);
}

bool vls_outbox_next(vls_store *store, uint64_t contact, uint64_t after, vls_outbox_row *ret,
                     vls_buf *record) {
  sqlite3_stmt *q =
      vls_sql(store, "SELECT seq, first, last, at, record FROM outbox WHERE contact=? "
                     "AND seq>? AND record IS NOT NULL ORDER BY seq LIMIT 1");
  vls_sql_int(q, 1, contact);
  vls_sql_int(q, 2, after);
  bool found = vls_sql_row(store, q);
  if (found) {
    *ret = (vls_outbox_row){.seq = vls_sql_get_int(q, 0),
                            .first = vls_sql_get_int(q, 1),
                            .last = vls_sql_get_int(q, 2),
                            .at = vls_sql_get_int(q, 3)};
    found = vls_buf_put_slice(record, vls_sql_get_blob(q, 4)) == VLS_OK;
  }
  vls_sql_done(q);
  return found;
}

static void taken(vls_store *store, uint64_t contact, uint64_t from, uint64_t upto) {
  sqlite3_stmt *q =
      vls_sql_write(store, "DELETE FROM outbox WHERE contact=? AND seq BETWEEN ? AND ? AND last=0");
  vls_sql_int(q, 1, contact);
  vls_sql_int(q, 2, from);
  vls_sql_int(q, 3, upto);
  vls_sql_run(store, q);
  q = vls_sql_write(store, "UPDATE outbox SET record=NULL WHERE contact=? AND seq BETWEEN ? AND ?");
  vls_sql_int(q, 1, contact);
  vls_sql_int(q, 2, from);
  vls_sql_int(q, 3, upto);
  vls_sql_run(store, q);
}

void vls_outbox_taken(vls_store *store, uint64_t contact, uint64_t seq) {
  taken(store, contact, seq, seq);
}

void vls_outbox_taken_upto(vls_store *store, uint64_t contact, uint64_t upto) {
  taken(store, contact, 0, upto);
}

uint64_t vls_outbox_ready(vls_store *store, uint64_t contact, uint64_t after) {
  return count(store,
               vls_sql(store, "SELECT count(*) FROM outbox WHERE contact=? AND seq>? AND record IS "
                              "NOT NULL"),
               contact, after);
}

bool vls_outbox_has(vls_store *store, uint64_t contact, uint64_t seq) {
  return count(store, vls_sql(store, "SELECT count(*) FROM outbox WHERE contact=? AND seq=?"),
               contact, seq) > 0;
}

void vls_outbox_delivered(vls_store *store, uint64_t contact, uint64_t upto) {
  sqlite3_stmt *q = vls_sql_write(store, "DELETE FROM outbox WHERE contact=? AND seq<=?");
  vls_sql_int(q, 1, contact);
  vls_sql_int(q, 2, upto);
  vls_sql_run(store, q);
}

#define UNDER_WAY                                                                                  \
  "SELECT count(*) FROM outbox o JOIN message m ON m.n BETWEEN o.first AND o.last AND "            \
  "m.contact=o.contact AND m.seq=o.seq AND m.state=1 WHERE o.last>0"

uint64_t vls_outbox_count(vls_store *store, uint64_t contact) {
  /* Not by first and last alone: texts of others, and theirs, have numbers in between. */
  if (contact == 0) return count(store, vls_sql(store, UNDER_WAY), 0, 0);
  return count(store, vls_sql(store, UNDER_WAY " AND o.contact=?"), contact, 0);
}

bool vls_outbox_has_texts(vls_store *store, uint64_t contact) {
  return count(store,
               vls_sql(store, "SELECT EXISTS(SELECT 1 FROM outbox WHERE contact=? AND last>0)"),
               contact, 0) > 0;
}

bool vls_outbox_has_bare(vls_store *store, uint64_t contact) {
  return count(store,
               vls_sql(store, "SELECT count(*) FROM (SELECT 1 FROM outbox WHERE contact=? AND "
                              "last=0 AND record IS NOT NULL LIMIT 1)"),
               contact, 0) > 0;
}

uint64_t vls_outbox_oldest(vls_store *store, uint64_t contact) {
  return count(store,
               vls_sql(store, "SELECT coalesce(min(first), 0) FROM outbox WHERE contact=? AND "
                              "first>0"),
               contact, 0);
}
