#include "store/remarks.h"

#include "store/sql.h"

#define COLUMNS "SELECT n, talk, kind, state, author, stamp, tie, item, seq, about FROM remark "

void vls_remarks_put(vls_store *store, const vls_remark_row *row) {
  sqlite3_stmt *q =
      vls_sql_write(store, "INSERT INTO remark(n, talk, kind, state, author, stamp, tie, item, "
                           "seq, about) VALUES(?,?,?,?,?,?,?,?,?,?)");
  vls_sql_int(q, 1, row->n);
  vls_sql_int(q, 2, row->talk);
  vls_sql_int(q, 3, row->kind);
  vls_sql_int(q, 4, row->state);
  vls_sql_int(q, 5, row->author);
  vls_sql_int(q, 6, row->stamp > INT64_MAX ? INT64_MAX : row->stamp);
  vls_sql_int(q, 7, row->tie);
  vls_sql_blob(q, 8, vls_slice_of(row->to, 32));
  vls_sql_int(q, 9, row->seq);
  vls_sql_int(q, 10, row->about);
  vls_sql_run(store, q);
}

/* Takes the row that the query is at, and gives the query back. */
static bool take(vls_store *store, sqlite3_stmt *q, vls_remark_row *ret) {
  bool found = vls_sql_row(store, q);
  if (found) {
    *ret = (vls_remark_row){.n = vls_sql_get_int(q, 0),
                            .talk = vls_sql_get_int(q, 1),
                            .kind = (vls_remark_kind)vls_sql_get_int(q, 2),
                            .state = (vls_remark_state)vls_sql_get_int(q, 3),
                            .author = vls_sql_get_int(q, 4),
                            .stamp = vls_sql_get_int(q, 5),
                            .tie = vls_sql_get_int(q, 6),
                            .seq = vls_sql_get_int(q, 8),
                            .about = vls_sql_get_int(q, 9)};
    vls_sql_get_fix(store, q, 7, ret->to, 32);
  }
  vls_sql_done(q);
  return found && vls_store_error(store) == VLS_OK;
}

bool vls_remarks_get(vls_store *store, uint64_t n, vls_remark_row *ret) {
  sqlite3_stmt *q = vls_sql(store, COLUMNS "WHERE n=?");
  vls_sql_int(q, 1, n);
  return take(store, q, ret);
}

void vls_remarks_set(vls_store *store, uint64_t n, uint64_t about, vls_remark_state state) {
  sqlite3_stmt *q = vls_sql_write(store, "UPDATE remark SET about=?, state=? WHERE n=?");
  vls_sql_int(q, 1, about);
  vls_sql_int(q, 2, state);
  vls_sql_int(q, 3, n);
  vls_sql_run(store, q);
}

bool vls_remarks_any(vls_store *store, uint64_t talk) {
  sqlite3_stmt *q = vls_sql(store, "SELECT EXISTS(SELECT 1 FROM remark WHERE talk=?)");
  vls_sql_int(q, 1, talk);
  return vls_sql_one(store, q) != 0;
}

void vls_remarks_drop_of(vls_store *store, uint64_t talk) {
  sqlite3_stmt *q = vls_sql_write(store, "DELETE FROM remark WHERE talk=?");
  vls_sql_int(q, 1, talk);
  vls_sql_run(store, q);
}

#define COUNTED COLUMNS "WHERE about=?1 AND kind=?2 AND state=1 "

bool vls_remarks_newest_of(vls_store *store, const vls_remark_row *like, vls_remark_state state,
                           vls_remark_row *ret) {
  sqlite3_stmt *q =
      vls_sql(store, COLUMNS "WHERE about=? AND kind=? AND state=? AND author=? ORDER BY stamp "
                             "DESC, tie DESC, n DESC LIMIT 1");
  vls_sql_int(q, 1, like->about);
  vls_sql_int(q, 2, like->kind);
  vls_sql_int(q, 3, state);
  vls_sql_int(q, 4, like->author);
  return take(store, q, ret);
}

bool vls_remarks_newest(vls_store *store, uint64_t about, vls_remark_kind kind,
                        vls_remark_row *ret) {
  sqlite3_stmt *q = vls_sql(store, COUNTED "ORDER BY stamp DESC, tie DESC, n DESC LIMIT 1");
  vls_sql_int(q, 1, about);
  vls_sql_int(q, 2, kind);
  return take(store, q, ret);
}

bool vls_remarks_oldest(vls_store *store, uint64_t about, vls_remark_kind kind,
                        vls_remark_row *ret) {
  sqlite3_stmt *q = vls_sql(store, COUNTED "ORDER BY stamp, tie, n LIMIT 1");
  vls_sql_int(q, 1, about);
  vls_sql_int(q, 2, kind);
  return take(store, q, ret);
}

uint64_t vls_remarks_count(vls_store *store, uint64_t about, vls_remark_kind kind) {
  sqlite3_stmt *q =
      vls_sql(store, "SELECT count(*) FROM remark WHERE about=? AND kind=? AND state=1");
  vls_sql_int(q, 1, about);
  vls_sql_int(q, 2, kind);
  return vls_sql_one(store, q);
}

size_t vls_remarks_about(vls_store *store, uint64_t about, uint64_t after, uint64_t *numbers,
                         size_t max) {
  sqlite3_stmt *q =
      vls_sql(store, "SELECT n FROM remark WHERE about=? AND kind IN (17, 18, 19) AND state=1 AND "
                     "n>? ORDER BY n LIMIT ?");
  size_t n = 0;
  vls_sql_int(q, 1, about);
  vls_sql_int(q, 2, after);
  vls_sql_int(q, 3, max);
  while (n < max && vls_sql_row(store, q))
    numbers[n++] = vls_sql_get_int(q, 0);
  vls_sql_done(q);
  return n;
}

size_t vls_remarks_edits(vls_store *store, uint64_t about, uint64_t *numbers, size_t max) {
  sqlite3_stmt *q = vls_sql(store, "SELECT n FROM remark WHERE about=? AND kind=18 LIMIT ?");
  size_t n = 0;
  vls_sql_int(q, 1, about);
  vls_sql_int(q, 2, max);
  while (n < max && vls_sql_row(store, q))
    numbers[n++] = vls_sql_get_int(q, 0);
  vls_sql_done(q);
  return n;
}

bool vls_remarks_next_reply(vls_store *store, uint64_t about, uint64_t after, vls_remark_row *ret) {
  sqlite3_stmt *q = vls_sql(store, COLUMNS "INDEXED BY remark_reply WHERE about=?1 AND kind=16 AND "
                                           "n>?2 ORDER BY n LIMIT 1");
  vls_sql_int(q, 1, about);
  vls_sql_int(q, 2, after);
  return take(store, q, ret);
}

size_t vls_remarks_tally(vls_store *store, uint64_t about, vls_remark_tally ret[VLS_REMARK_SIGNS],
                         uint64_t *ret_all) {
  sqlite3_stmt *q =
      vls_sql(store, "SELECT m.body, count(*) AS c, max(r.author=0), sum(count(*)) OVER () FROM "
                     "remark r JOIN message m ON m.n=r.n WHERE r.about=? AND r.kind=17 AND "
                     "r.state=1 GROUP BY m.body ORDER BY c DESC, m.body");
  size_t n = 0;
  *ret_all = 0;
  vls_sql_int(q, 1, about);
  while (n < VLS_REMARK_SIGNS && vls_sql_row(store, q)) {
    vls_slice sign = vls_sql_get_blob(q, 0);
    vls_remark_tally *t = &ret[n];
    *ret_all = vls_sql_get_int(q, 3);
    if (sign.n == 0 || sign.n >= sizeof t->sign) continue;
    *t = (vls_remark_tally){.count = vls_sql_get_int(q, 1), .mine = vls_sql_get_int(q, 2) != 0};
    memcpy(t->sign, sign.p, sign.n);
    n++;
  }
  vls_sql_done(q);
  return n;
}

uint64_t vls_remarks_waiting(vls_store *store, uint64_t talk) {
  sqlite3_stmt *q = vls_sql(store, "SELECT count(*) FROM remark WHERE talk=? AND state=0");
  vls_sql_int(q, 1, talk);
  return vls_sql_one(store, q);
}

bool vls_remarks_waiting_for(vls_store *store, uint64_t talk, const uint8_t to[32],
                             vls_remark_row *ret) {
  sqlite3_stmt *q =
      vls_sql(store, COLUMNS "WHERE talk=? AND item=? AND state=0 ORDER BY n LIMIT 1");
  vls_sql_int(q, 1, talk);
  vls_sql_blob(q, 2, vls_slice_of(to, 32));
  return take(store, q, ret);
}

void vls_remarks_give_up(vls_store *store, uint64_t talk) {
  sqlite3_stmt *q =
      vls_sql_write(store, "UPDATE remark SET state=3 WHERE n=(SELECT min(n) FROM remark WHERE "
                           "talk=? AND state=0)");
  vls_sql_int(q, 1, talk);
  vls_sql_run(store, q);
}

uint64_t vls_remarks_orphan(vls_store *store, uint64_t about) {
  sqlite3_stmt *q = vls_sql(store, "SELECT count(*) FROM remark WHERE about=?");
  vls_sql_int(q, 1, about);
  uint64_t n = about == 0 ? 0 : vls_sql_one(store, q);
  if (n == 0) return 0;
  q = vls_sql_write(store, "UPDATE remark SET about=0, state=0 WHERE about=?");
  vls_sql_int(q, 1, about);
  vls_sql_run(store, q);
  return n;
}

void vls_remarks_drop(vls_store *store, uint64_t n) {
  sqlite3_stmt *q = vls_sql_write(store, "DELETE FROM remark WHERE n=?");
  vls_sql_int(q, 1, n);
  vls_sql_run(store, q);
}

void vls_remarks_wipe(vls_store *store, uint64_t about) {
  static const char *const sql[] = {
      "UPDATE message SET body='' WHERE n=?",
      "UPDATE message SET body='' WHERE n IN (SELECT n FROM remark WHERE about=? AND kind=18)"};
  for (size_t i = 0; i < sizeof sql / sizeof sql[0]; i++) {
    sqlite3_stmt *q = vls_sql_write(store, sql[i]);
    vls_sql_int(q, 1, about);
    vls_sql_run(store, q);
  }
}

bool vls_remarks_walk(vls_store *store, uint64_t after, vls_remark_row *ret) {
  sqlite3_stmt *q = vls_sql(store, COLUMNS "WHERE n>? ORDER BY n LIMIT 1");
  vls_sql_int(q, 1, after);
  return take(store, q, ret);
}
