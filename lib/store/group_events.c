/* Table gevent. An event is found by a tag, the first bytes of its id: an index over whole ids
 * would be four times as large. */
#include "store/groups.h"
#include "store/messages.h"
#include "store/sql.h"

#define COLUMNS "SELECT n, id, device, seq, act, first, last, at, bytes, grp FROM gevent "

static void weigh(vls_store *store, uint64_t grp, uint64_t device, uint64_t more, uint64_t less) {
  sqlite3_stmt *q =
      vls_sql_write(store, "UPDATE gdevice SET bytes=max(bytes+?-?, 0) WHERE grp=? AND number=?");
  vls_sql_int(q, 1, more);
  vls_sql_int(q, 2, less);
  vls_sql_int(q, 3, grp);
  vls_sql_int(q, 4, device);
  vls_sql_run(store, q);
}

void vls_gevent_put(vls_store *store, vls_gevent_row *row) {
  sqlite3_stmt *q = vls_sql_write(store, "INSERT INTO gevent(grp,id,tag,device,seq,act,first,last,"
                                         "at,bytes) VALUES(?,?,?,?,?,?,?,?,?,?) RETURNING n");
  vls_sql_int(q, 1, row->grp);
  vls_sql_blob(q, 2, vls_slice_of(row->id, 32));
  vls_sql_int(q, 3, vls_tag(row->id));
  vls_sql_int(q, 4, row->device);
  vls_sql_int(q, 5, row->seq);
  vls_sql_int(q, 6, row->is_act);
  vls_sql_int(q, 7, row->first);
  vls_sql_int(q, 8, row->last);
  vls_sql_int(q, 9, row->at);
  vls_sql_blob(q, 10, row->bytes);
  if (vls_sql_row(store, q)) row->n = vls_sql_get_int(q, 0);
  vls_sql_run(store, q);
  if (row->device != 0)
    weigh(store, row->grp, row->device, vls_chain_cost(row->bytes.n, row->first != 0, 0), 0);
}

void vls_gevent_set_texts(vls_store *store, uint64_t n, uint64_t first, uint64_t last) {
  sqlite3_stmt *q = vls_sql_write(store, "UPDATE gevent SET first=?, last=? WHERE n=?");
  vls_sql_int(q, 1, first);
  vls_sql_int(q, 2, last);
  vls_sql_int(q, 3, n);
  vls_sql_run(store, q);
}

static bool read_event(vls_store *store, sqlite3_stmt *q, vls_gevent_row *ret, vls_buf *bytes) {
  *ret = (vls_gevent_row){.n = vls_sql_get_int(q, 0),
                          .device = vls_sql_get_int(q, 2),
                          .seq = vls_sql_get_int(q, 3),
                          .is_act = vls_sql_get_int(q, 4) != 0,
                          .first = vls_sql_get_int(q, 5),
                          .last = vls_sql_get_int(q, 6),
                          .at = vls_sql_get_int(q, 7),
                          .grp = vls_sql_get_int(q, 9)};
  vls_sql_get_fix(store, q, 1, ret->id, 32);
  if (bytes == NULL) return true;
  size_t at = bytes->n;
  if (vls_buf_put_slice(bytes, vls_sql_get_blob(q, 8)) != VLS_OK) return false;
  ret->bytes = vls_slice_of(bytes->p + at, bytes->n - at);
  return true;
}

static bool one(vls_store *store, sqlite3_stmt *q, vls_gevent_row *ret, vls_buf *bytes) {
  bool found = vls_sql_row(store, q) && read_event(store, q, ret, bytes);
  vls_sql_done(q);
  return found;
}

bool vls_gevent_get(vls_store *store, uint64_t n, vls_gevent_row *ret, vls_buf *bytes) {
  sqlite3_stmt *q = vls_sql(store, COLUMNS "WHERE n=?");
  vls_sql_int(q, 1, n);
  return one(store, q, ret, bytes);
}

bool vls_gevent_by_id(vls_store *store, uint64_t grp, const uint8_t id[32], vls_gevent_row *ret,
                      vls_buf *bytes) {
  sqlite3_stmt *q =
      vls_sql(store, COLUMNS "INDEXED BY gevent_tag WHERE grp=? AND tag=? AND id=? LIMIT 1");
  vls_sql_int(q, 1, grp);
  vls_sql_int(q, 2, vls_tag(id));
  vls_sql_blob(q, 3, vls_slice_of(id, 32));
  return one(store, q, ret, bytes);
}

bool vls_gevent_by_seq(vls_store *store, uint64_t grp, uint64_t device, uint64_t seq,
                       vls_gevent_row *ret, vls_buf *bytes) {
  sqlite3_stmt *q = vls_sql(store, COLUMNS "INDEXED BY gevent_seq WHERE grp=? AND device=? AND "
                                           "seq=? ORDER BY n LIMIT 1");
  vls_sql_int(q, 1, grp);
  vls_sql_int(q, 2, device);
  vls_sql_int(q, 3, seq);
  return one(store, q, ret, bytes);
}

bool vls_gevent_of_text(vls_store *store, uint64_t grp, uint64_t device, uint64_t seq, uint64_t n,
                        vls_gevent_row *ret, vls_buf *bytes) {
  sqlite3_stmt *q =
      vls_sql(store, COLUMNS "INDEXED BY gevent_seq WHERE grp=? AND device=? AND seq=? ORDER BY "
                             "first<=?4 AND last>=?4 DESC, n LIMIT 1");
  vls_sql_int(q, 1, grp);
  vls_sql_int(q, 2, device);
  vls_sql_int(q, 3, seq);
  vls_sql_int(q, 4, n);
  return one(store, q, ret, bytes);
}

bool vls_gevent_next(vls_store *store, uint64_t grp, bool acts, uint64_t after, vls_gevent_row *ret,
                     vls_buf *bytes) {
  sqlite3_stmt *q = vls_sql(store, COLUMNS "INDEXED BY gevent_act WHERE grp=? AND act=? AND n>? "
                                           "ORDER BY n LIMIT 1");
  vls_sql_int(q, 1, grp);
  vls_sql_int(q, 2, acts);
  vls_sql_int(q, 3, after);
  return one(store, q, ret, bytes);
}

static uint64_t within(uint64_t v) {
  return v > INT64_MAX ? INT64_MAX : v;
}

bool vls_gevent_texts(vls_store *store, uint64_t grp, uint64_t device, uint64_t from, uint64_t to,
                      uint64_t *ret_first, uint64_t *ret_last) {
  sqlite3_stmt *q = vls_sql(store, "SELECT coalesce(min(first), 0), coalesce(max(last), 0) FROM "
                                   "gevent INDEXED BY gevent_seq WHERE grp=? AND device=? AND seq "
                                   "BETWEEN ? AND ? AND first>0");
  vls_sql_int(q, 1, grp);
  vls_sql_int(q, 2, device);
  vls_sql_int(q, 3, within(from));
  vls_sql_int(q, 4, within(to));
  bool found = vls_sql_row(store, q);
  *ret_first = found ? vls_sql_get_int(q, 0) : 0;
  *ret_last = found ? vls_sql_get_int(q, 1) : 0;
  vls_sql_done(q);
  return *ret_first != 0;
}

void vls_gevent_replace(vls_store *store, uint64_t n, vls_slice bytes) {
  vls_gevent_row row;
  sqlite3_stmt *q = vls_sql(store, "SELECT length(bytes) FROM gevent WHERE n=?");
  vls_sql_int(q, 1, n);
  uint64_t before = vls_sql_one(store, q);
  if (!vls_gevent_get(store, n, &row, NULL)) return;
  q = vls_sql_write(store, "UPDATE gevent SET bytes=? WHERE n=?");
  vls_sql_blob(q, 1, bytes);
  vls_sql_int(q, 2, n);
  vls_sql_run(store, q);
  if (row.device != 0) weigh(store, row.grp, row.device, bytes.n, before);
}

uint64_t vls_gevent_count(vls_store *store, uint64_t grp, bool acts) {
  sqlite3_stmt *q = vls_sql(store, "SELECT count(*) FROM gevent WHERE grp=? AND act=?");
  vls_sql_int(q, 1, grp);
  vls_sql_int(q, 2, acts);
  return vls_sql_one(store, q);
}

uint64_t vls_gevent_newest(vls_store *store) {
  return vls_sql_one(store, vls_sql(store, "SELECT coalesce(max(n), 0) FROM gevent"));
}

static void drop_texts(vls_store *store, const vls_gevent_row *row) {
  sqlite3_stmt *q =
      vls_sql_write(store, "DELETE FROM message WHERE contact=? AND n BETWEEN ? AND ? "
                           "AND device=? AND seq=?");
  vls_sql_int(q, 1, row->grp);
  vls_sql_int(q, 2, row->first);
  vls_sql_int(q, 3, row->last);
  vls_sql_int(q, 4, row->device);
  vls_sql_int(q, 5, row->seq);
  vls_sql_run(store, q);
}

static bool oldest_words(vls_store *store, uint64_t grp, uint64_t at_ms, vls_gevent_row *ret,
                         uint64_t *ret_bytes) {
  sqlite3_stmt *q = vls_sql(store, "SELECT n, device, seq, first, last, length(bytes) FROM gevent "
                                   "WHERE grp=? AND act=0 AND at<? ORDER BY n LIMIT 1");
  vls_sql_int(q, 1, grp);
  vls_sql_int(q, 2, at_ms);
  bool found = vls_sql_row(store, q);
  if (found) {
    *ret = (vls_gevent_row){.n = vls_sql_get_int(q, 0),
                            .grp = grp,
                            .device = vls_sql_get_int(q, 1),
                            .seq = vls_sql_get_int(q, 2),
                            .first = vls_sql_get_int(q, 3),
                            .last = vls_sql_get_int(q, 4)};
    *ret_bytes = vls_sql_get_int(q, 5);
  }
  vls_sql_done(q);
  return found;
}

size_t vls_gevent_forget(vls_store *store, uint64_t grp, uint64_t at_ms) {
  vls_gevent_row row;
  uint64_t bytes;
  size_t n = 0;
  sqlite3_stmt *q;
  if (!oldest_words(store, grp, at_ms, &row, &bytes)) return 0;
  /* Numbers are never given twice, though the newest may go now. */
  vls_floor_raise(store, "message", vls_message_newest(store));
  for (; n < VLS_GEVENT_FORGET && oldest_words(store, grp, at_ms, &row, &bytes); n++) {
    if (row.first != 0) drop_texts(store, &row);
    if (row.device != 0) weigh(store, grp, row.device, 0, vls_chain_cost(bytes, row.first != 0, 0));
    q = vls_sql_write(store, "DELETE FROM gevent WHERE n=?");
    vls_sql_int(q, 1, row.n);
    vls_sql_run(store, q);
  }
  /* The newest stays: places of comparisons are never given twice. */
  q = vls_sql_write(store,
                    "DELETE FROM grecord WHERE grp=?1 AND event>0 AND event NOT IN (SELECT n "
                    "FROM gevent WHERE grp=?1) AND n<(SELECT max(n) FROM grecord)");
  vls_sql_int(q, 1, grp);
  vls_sql_run(store, q);
  return n;
}
