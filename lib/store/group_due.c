#include "store/group_due.h"

#include "store/sql.h"

static bool has_room(vls_store *store, const vls_gdue_row *row) {
  sqlite3_stmt *q = vls_sql(store, "SELECT count(*) FROM gdue WHERE kind=? AND contact=?");
  vls_sql_int(q, 1, row->kind);
  vls_sql_int(q, 2, row->contact);
  return vls_sql_one(store, q) < VLS_GDUE_MAX;
}

vls_err vls_gdue_put(vls_store *store, vls_gdue_row *row) {
  if (!has_room(store, row)) return VLS_LIMITED;
  sqlite3_stmt *q = vls_sql_write(
      store, "INSERT INTO gdue(grp, contact, kind, at, body) VALUES(?,?,?,?,?) RETURNING n");
  vls_sql_int(q, 1, row->grp);
  vls_sql_int(q, 2, row->contact);
  vls_sql_int(q, 3, row->kind);
  vls_sql_int(q, 4, row->at);
  vls_sql_blob(q, 5, row->body);
  if (vls_sql_row(store, q)) row->n = vls_sql_get_int(q, 0);
  vls_sql_run(store, q);
  return VLS_OK;
}

bool vls_gdue_next(vls_store *store, uint64_t contact, vls_gdue_kind kind, uint64_t after,
                   vls_gdue_row *ret, vls_buf *body) {
  sqlite3_stmt *q = vls_sql(store, "SELECT n, grp, at, body FROM gdue WHERE contact=? AND kind=? "
                                   "AND n>? ORDER BY n LIMIT 1");
  vls_sql_int(q, 1, contact);
  vls_sql_int(q, 2, kind);
  vls_sql_int(q, 3, after);
  bool found = vls_sql_row(store, q);
  if (found) {
    size_t from = body->n;
    *ret = (vls_gdue_row){.n = vls_sql_get_int(q, 0),
                          .grp = vls_sql_get_int(q, 1),
                          .contact = contact,
                          .kind = kind,
                          .at = vls_sql_get_int(q, 2)};
    found = vls_buf_put_slice(body, vls_sql_get_blob(q, 3)) == VLS_OK;
    ret->body = (vls_slice){body->p + from, body->n - from};
  }
  vls_sql_done(q);
  return found;
}

void vls_gdue_drop(vls_store *store, uint64_t n) {
  sqlite3_stmt *q = vls_sql_write(store, "DELETE FROM gdue WHERE n=?");
  vls_sql_int(q, 1, n);
  vls_sql_run(store, q);
}

void vls_gdue_drop_of(vls_store *store, uint64_t grp, uint64_t contact, vls_gdue_kind kind) {
  sqlite3_stmt *q = vls_sql_write(store, "DELETE FROM gdue WHERE grp=? AND contact=? AND kind=?");
  vls_sql_int(q, 1, grp);
  vls_sql_int(q, 2, contact);
  vls_sql_int(q, 3, kind);
  vls_sql_run(store, q);
}

uint64_t vls_gdue_whom(vls_store *store, vls_gdue_kind kind, uint64_t after) {
  sqlite3_stmt *q =
      vls_sql(store, "SELECT ifnull(min(contact), 0) FROM gdue WHERE kind=? AND contact>?");
  vls_sql_int(q, 1, kind);
  vls_sql_int(q, 2, after);
  return vls_sql_one(store, q);
}

void vls_gdue_drop_before(vls_store *store, uint64_t at_ms) {
  sqlite3_stmt *q = vls_sql_write(store, "DELETE FROM gdue WHERE at<?");
  vls_sql_int(q, 1, at_ms);
  vls_sql_run(store, q);
}

/* What is beyond the bounds goes, the oldest first. */
static void trim_reports(vls_store *store, const vls_greport_row *row) {
  sqlite3_stmt *q = vls_sql_write(
      store, "DELETE FROM greport WHERE grp=?1 AND who=?2 AND n NOT IN (SELECT n FROM greport "
             "WHERE grp=?1 AND who=?2 ORDER BY n DESC LIMIT ?3)");
  vls_sql_int(q, 1, row->grp);
  vls_sql_int(q, 2, row->by);
  vls_sql_int(q, 3, VLS_GREPORTS_EACH);
  vls_sql_run(store, q);
  q = vls_sql_write(store, "DELETE FROM greport WHERE grp=?1 AND n NOT IN (SELECT n FROM greport "
                           "WHERE grp=?1 ORDER BY n DESC LIMIT ?2)");
  vls_sql_int(q, 1, row->grp);
  vls_sql_int(q, 2, VLS_GREPORTS_MAX);
  vls_sql_run(store, q);
}

bool vls_greport_put(vls_store *store, vls_greport_row *row) {
  sqlite3_stmt *q =
      vls_sql(store, "SELECT count(*) FROM greport WHERE grp=? AND who=? AND event=?");
  vls_sql_int(q, 1, row->grp);
  vls_sql_int(q, 2, row->by);
  vls_sql_blob(q, 3, vls_slice_of(row->event, 32));
  bool fresh = vls_sql_one(store, q) == 0;
  q = vls_sql_write(store, "INSERT OR REPLACE INTO greport(grp, who, event, at, report) "
                           "VALUES(?,?,?,?,?) RETURNING n");
  vls_sql_int(q, 1, row->grp);
  vls_sql_int(q, 2, row->by);
  vls_sql_blob(q, 3, vls_slice_of(row->event, 32));
  vls_sql_int(q, 4, row->at);
  vls_sql_blob(q, 5, row->report);
  if (vls_sql_row(store, q)) row->n = vls_sql_get_int(q, 0);
  vls_sql_run(store, q);
  if (fresh) trim_reports(store, row);
  return fresh;
}

bool vls_greport_next(vls_store *store, uint64_t grp, uint64_t after, vls_greport_row *ret,
                      vls_buf *report) {
  sqlite3_stmt *q = vls_sql(store, "SELECT n, grp, who, event, at, report FROM greport WHERE n>?1 "
                                   "AND (?2=0 OR grp=?2) ORDER BY n LIMIT 1");
  vls_sql_int(q, 1, after);
  vls_sql_int(q, 2, grp);
  bool found = vls_sql_row(store, q);
  if (found) {
    size_t from = report->n;
    *ret = (vls_greport_row){.n = vls_sql_get_int(q, 0),
                             .grp = vls_sql_get_int(q, 1),
                             .by = vls_sql_get_int(q, 2),
                             .at = vls_sql_get_int(q, 4)};
    vls_sql_get_fix(store, q, 3, ret->event, 32);
    found = vls_buf_put_slice(report, vls_sql_get_blob(q, 5)) == VLS_OK;
    ret->report = (vls_slice){report->p + from, report->n - from};
  }
  vls_sql_done(q);
  return found;
}

void vls_greport_drop_before(vls_store *store, uint64_t at_ms) {
  sqlite3_stmt *q = vls_sql_write(store, "DELETE FROM greport WHERE at<?");
  vls_sql_int(q, 1, at_ms);
  vls_sql_run(store, q);
}
