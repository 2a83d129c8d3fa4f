#include "store/group_pass.h"

#include "store/sql.h"

enum { WRAP = 48 };

static void bind_two(sqlite3_stmt *q, uint64_t grp, const uint8_t id[32]) {
  vls_sql_int(q, 1, grp);
  vls_sql_blob(q, 2, vls_slice_of(id, 32));
}

/* Appends it, and gives it as borrowed. */
static bool keep(vls_buf *buf, vls_slice from, vls_slice *ret) {
  if (buf == NULL) return true;
  size_t at = buf->n;
  if (vls_buf_put_slice(buf, from) != VLS_OK) return false;
  *ret = vls_slice_of(buf->p + at, buf->n - at);
  return true;
}

/* --- records --- */

void vls_grecord_put(vls_store *store, vls_grecord_row *row) {
  sqlite3_stmt *q = vls_sql_write(
      store, "INSERT INTO grecord(grp,id,tag,event,at,record) VALUES(?,?,?,?,?,?) RETURNING n");
  bind_two(q, row->grp, row->id);
  vls_sql_int(q, 3, vls_tag(row->id));
  vls_sql_int(q, 4, row->event);
  vls_sql_int(q, 5, row->at);
  vls_sql_blob(q, 6, row->record);
  if (vls_sql_row(store, q)) row->n = vls_sql_get_int(q, 0);
  vls_sql_run(store, q);
}

static bool read_record(vls_store *store, sqlite3_stmt *q, vls_grecord_row *ret, vls_buf *record) {
  bool found = vls_sql_row(store, q);
  if (found) {
    *ret = (vls_grecord_row){.n = vls_sql_get_int(q, 0),
                             .grp = vls_sql_get_int(q, 1),
                             .event = vls_sql_get_int(q, 3),
                             .at = vls_sql_get_int(q, 4)};
    vls_sql_get_fix(store, q, 2, ret->id, 32);
    found = keep(record, vls_sql_get_blob(q, 5), &ret->record);
  }
  vls_sql_done(q);
  return found;
}

bool vls_grecord_get(vls_store *store, uint64_t n, vls_grecord_row *ret, vls_buf *record) {
  sqlite3_stmt *q = vls_sql(store, "SELECT n, grp, id, event, at, record FROM grecord WHERE n=?");
  vls_sql_int(q, 1, n);
  return read_record(store, q, ret, record);
}

bool vls_grecord_by_id(vls_store *store, uint64_t grp, const uint8_t id[32], vls_grecord_row *ret,
                       vls_buf *record) {
  sqlite3_stmt *q = vls_sql(store, "SELECT n, grp, id, event, at, record FROM grecord INDEXED BY "
                                   "grecord_tag WHERE grp=?1 AND tag=?3 AND id=?2 LIMIT 1");
  bind_two(q, grp, id);
  vls_sql_int(q, 3, vls_tag(id));
  return read_record(store, q, ret, record);
}

bool vls_grecord_has(vls_store *store, uint64_t grp, const uint8_t id[32]) {
  vls_grecord_row row;
  return vls_grecord_by_id(store, grp, id, &row, NULL);
}

void vls_grecord_set_event(vls_store *store, uint64_t n, uint64_t event) {
  sqlite3_stmt *q = vls_sql_write(store, "UPDATE grecord SET event=? WHERE n=?");
  vls_sql_int(q, 1, event);
  vls_sql_int(q, 2, n);
  vls_sql_run(store, q);
}

size_t vls_grecord_ids(vls_store *store, uint64_t grp, uint64_t after, uint8_t (*ret)[32],
                       uint64_t *ret_n, size_t max) {
  size_t n = 0;
  sqlite3_stmt *q = vls_sql(store, "SELECT n, id FROM grecord INDEXED BY grecord_n WHERE grp=? AND "
                                   "n>? ORDER BY n LIMIT ?");
  vls_sql_int(q, 1, grp);
  vls_sql_int(q, 2, after);
  vls_sql_int(q, 3, max);
  while (n < max && vls_sql_row(store, q)) {
    ret_n[n] = vls_sql_get_int(q, 0);
    vls_sql_get_fix(store, q, 1, ret[n++], 32);
  }
  vls_sql_done(q);
  return n;
}

uint64_t vls_grecord_count(vls_store *store, uint64_t grp, uint64_t after) {
  sqlite3_stmt *q =
      vls_sql(store, "SELECT count(*) FROM grecord INDEXED BY grecord_n WHERE grp=? AND n>?");
  vls_sql_int(q, 1, grp);
  vls_sql_int(q, 2, after);
  return vls_sql_one(store, q);
}

uint64_t vls_grecord_newest(vls_store *store, uint64_t grp) {
  sqlite3_stmt *q = vls_sql(store, "SELECT coalesce(max(n), 0) FROM grecord INDEXED BY grecord_n "
                                   "WHERE grp=?");
  vls_sql_int(q, 1, grp);
  return vls_sql_one(store, q);
}

uint64_t vls_grecord_before(vls_store *store, uint64_t grp, uint64_t at_ms) {
  sqlite3_stmt *q =
      vls_sql(store, "SELECT n FROM grecord WHERE grp=? AND at<? ORDER BY n DESC LIMIT 1");
  vls_sql_int(q, 1, grp);
  vls_sql_int(q, 2, at_ms);
  return vls_sql_one(store, q);
}

bool vls_grecord_drop_before(vls_store *store, uint64_t at_ms) {
  /* They came in the order of their numbers: no index over the time is needed. Numbers are never
   * given twice, so one stays. */
  sqlite3_stmt *q = vls_sql(store, "SELECT n FROM grecord WHERE at>=? OR n=(SELECT max(n) FROM "
                                   "grecord) ORDER BY n LIMIT 1");
  vls_sql_int(q, 1, at_ms);
  uint64_t end = vls_sql_one(store, q);
  q = vls_sql(store, "SELECT n FROM grecord WHERE n<? ORDER BY n LIMIT 1 OFFSET ?");
  vls_sql_int(q, 1, end);
  vls_sql_int(q, 2, VLS_GRECORD_DROP);
  uint64_t part = vls_sql_one(store, q);
  q = vls_sql(store, "SELECT EXISTS(SELECT 1 FROM grecord WHERE n<?)");
  vls_sql_int(q, 1, end);
  if (vls_sql_one(store, q) == 0) return false;
  q = vls_sql_write(store, "DELETE FROM grecord WHERE n<?");
  vls_sql_int(q, 1, part != 0 ? part : end);
  vls_sql_run(store, q);
  return part != 0;
}

/* --- wraps --- */

void vls_gwrap_put(vls_store *store, uint64_t grp, const uint8_t commit[32], uint64_t at_ms,
                   vls_slice wraps) {
  sqlite3_stmt *q = vls_sql_write(store, "INSERT OR REPLACE INTO gwrap VALUES(?,?,?,?)");
  bind_two(q, grp, commit);
  vls_sql_int(q, 3, at_ms);
  vls_sql_blob(q, 4, wraps);
  vls_sql_run(store, q);
}

bool vls_gwrap_get(vls_store *store, uint64_t grp, const uint8_t commit[32], uint32_t leaf,
                   uint8_t ret[48]) {
  static const uint8_t none[WRAP];
  sqlite3_stmt *q = vls_sql(store, "SELECT substr(wraps, ?, 48) FROM gwrap WHERE grp=? AND id=?");
  vls_sql_int(q, 1, (uint64_t)leaf * WRAP + 1);
  vls_sql_int(q, 2, grp);
  vls_sql_blob(q, 3, vls_slice_of(commit, 32));
  bool found = vls_sql_row(store, q) && vls_sql_get_blob(q, 0).n == WRAP &&
               memcmp(vls_sql_get_blob(q, 0).p, none, WRAP) != 0;
  if (found) memcpy(ret, vls_sql_get_blob(q, 0).p, WRAP);
  vls_sql_done(q);
  return found;
}

void vls_gwrap_drop_before(vls_store *store, uint64_t at_ms) {
  sqlite3_stmt *q = vls_sql(store, "SELECT count(*) FROM gwrap WHERE at<?");
  vls_sql_int(q, 1, at_ms);
  if (vls_sql_one(store, q) == 0) return; /* no transaction for nothing */
  q = vls_sql_write(store, "DELETE FROM gwrap WHERE at<?");
  vls_sql_int(q, 1, at_ms);
  vls_sql_run(store, q);
}

/* --- notes --- */

bool vls_gnote_put(vls_store *store, uint64_t grp, const vls_gnote_row *row) {
  vls_gnote_row now;
  if (vls_gnote_get(store, grp, row->what, row->who, &now, NULL) && now.version >= row->version)
    return false;
  sqlite3_stmt *q = vls_sql_write(store, "INSERT OR REPLACE INTO gnote(grp,who,what,version,body) "
                                         "VALUES(?,?,?,?,?)");
  bind_two(q, grp, row->who);
  vls_sql_int(q, 3, row->what);
  vls_sql_int(q, 4, row->version);
  vls_sql_blob(q, 5, row->body);
  vls_sql_run(store, q);
  return true;
}

static bool read_note(vls_store *store, sqlite3_stmt *q, vls_gnote_row *ret, vls_buf *body) {
  bool found = vls_sql_row(store, q);
  if (found) {
    *ret = (vls_gnote_row){.what = vls_sql_get_int(q, 0), .version = vls_sql_get_int(q, 2)};
    vls_sql_get_fix(store, q, 1, ret->who, 32);
    found = keep(body, vls_sql_get_blob(q, 3), &ret->body);
  }
  vls_sql_done(q);
  return found;
}

bool vls_gnote_get(vls_store *store, uint64_t grp, uint64_t what, const uint8_t who[32],
                   vls_gnote_row *ret, vls_buf *body) {
  sqlite3_stmt *q = vls_sql(store, "SELECT what, who, version, body FROM gnote WHERE grp=? AND "
                                   "who=? AND what=?");
  bind_two(q, grp, who);
  vls_sql_int(q, 3, what);
  return read_note(store, q, ret, body);
}

bool vls_gnote_next(vls_store *store, uint64_t grp, uint64_t what, const uint8_t *after,
                    vls_gnote_row *ret, vls_buf *body) {
  sqlite3_stmt *q = vls_sql(store, "SELECT what, who, version, body FROM gnote WHERE grp=? AND "
                                   "who>? AND what=? ORDER BY who LIMIT 1");
  vls_sql_int(q, 1, grp);
  vls_sql_blob(q, 2, vls_slice_of(after, after == NULL ? 0 : 32));
  vls_sql_int(q, 3, what);
  return read_note(store, q, ret, body);
}

void vls_gnote_drop(vls_store *store, uint64_t grp, uint64_t what, const uint8_t who[32]) {
  sqlite3_stmt *q = vls_sql_write(store, "DELETE FROM gnote WHERE grp=? AND who=? AND what=?");
  bind_two(q, grp, who);
  vls_sql_int(q, 3, what);
  vls_sql_run(store, q);
}

/* --- marks --- */

bool vls_gmark_get(vls_store *store, uint64_t grp, const uint8_t device[32], vls_gmark *ret) {
  sqlite3_stmt *q = vls_sql(store, "SELECT mark, n FROM gmark WHERE grp=? AND device=?");
  bind_two(q, grp, device);
  bool found = vls_sql_row(store, q);
  if (found) {
    vls_sql_get_fix(store, q, 0, ret->mark, 16);
    ret->n = vls_sql_get_int(q, 1);
  }
  vls_sql_done(q);
  return found;
}

void vls_gmark_put(vls_store *store, uint64_t grp, const uint8_t device[32],
                   const vls_gmark *mark) {
  sqlite3_stmt *q = vls_sql_write(store, "INSERT OR REPLACE INTO gmark VALUES(?,?,?,?)");
  bind_two(q, grp, device);
  vls_sql_blob(q, 3, vls_slice_of(mark->mark, 16));
  vls_sql_int(q, 4, mark->n);
  vls_sql_run(store, q);
}

void vls_gmark_drop(vls_store *store, uint64_t grp, const uint8_t device[32]) {
  sqlite3_stmt *q = vls_sql_write(store, "DELETE FROM gmark WHERE grp=? AND device=?");
  bind_two(q, grp, device);
  vls_sql_run(store, q);
}

/* --- who asks --- */

vls_err vls_gask_put(vls_store *store, uint64_t grp, const vls_gask_row *row) {
  sqlite3_stmt *q = vls_sql(store, "SELECT count(*) FROM gask WHERE grp=? AND identity<>?");
  bind_two(q, grp, row->identity);
  if (vls_sql_one(store, q) >= VLS_GASK_MAX) return VLS_LIMITED;
  q = vls_sql_write(store, "INSERT OR REPLACE INTO gask VALUES(?,?,?,?)");
  bind_two(q, grp, row->identity);
  vls_sql_int(q, 3, row->at);
  vls_sql_blob(q, 4, row->ask);
  vls_sql_run(store, q);
  return VLS_OK;
}

static bool read_ask(vls_store *store, sqlite3_stmt *q, vls_gask_row *ret, vls_buf *ask) {
  bool found = vls_sql_row(store, q);
  if (found) {
    *ret = (vls_gask_row){.at = vls_sql_get_int(q, 1)};
    vls_sql_get_fix(store, q, 0, ret->identity, 32);
    found = keep(ask, vls_sql_get_blob(q, 2), &ret->ask);
  }
  vls_sql_done(q);
  return found;
}

bool vls_gask_get(vls_store *store, uint64_t grp, const uint8_t identity[32], vls_gask_row *ret,
                  vls_buf *ask) {
  sqlite3_stmt *q = vls_sql(store, "SELECT identity, at, ask FROM gask WHERE grp=? AND identity=?");
  bind_two(q, grp, identity);
  return read_ask(store, q, ret, ask);
}

bool vls_gask_next(vls_store *store, uint64_t grp, const uint8_t *after, vls_gask_row *ret,
                   vls_buf *ask) {
  sqlite3_stmt *q = vls_sql(store, "SELECT identity, at, ask FROM gask WHERE grp=? AND identity>? "
                                   "ORDER BY identity LIMIT 1");
  vls_sql_int(q, 1, grp);
  vls_sql_blob(q, 2, vls_slice_of(after, after == NULL ? 0 : 32));
  return read_ask(store, q, ret, ask);
}

void vls_gask_drop(vls_store *store, uint64_t grp, const uint8_t identity[32]) {
  sqlite3_stmt *q = vls_sql_write(store, "DELETE FROM gask WHERE grp=? AND identity=?");
  bind_two(q, grp, identity);
  vls_sql_run(store, q);
}
