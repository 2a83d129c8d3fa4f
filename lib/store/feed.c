#include "store/feed.h"

#include "store/sql.h"

uint64_t vls_feed_newest(vls_store *store) {
  /* The sequence survives a trim and the removal of a contact: numbers are never given twice. */
  uint64_t floor = vls_floor(store, "feed");
  uint64_t n = vls_sql_one(
      store, vls_sql(store, "SELECT max((SELECT coalesce(max(c), 0) FROM feed), (SELECT "
                            "coalesce(max(cursor), 0) / 128 FROM consumer))"));
  return n > floor ? n : floor;
}

uint64_t vls_feed_oldest(vls_store *store) {
  return vls_sql_one(store, vls_sql(store, "SELECT coalesce(min(c), 0) FROM feed"));
}

uint64_t vls_feed_trimmed(vls_store *store) {
  return vls_floor(store, "trimmed");
}

void vls_feed_put(vls_store *store, const vls_feed_row *row) {
  sqlite3_stmt *q = vls_sql_write(store, "INSERT INTO feed VALUES(?,?,?,?,?,?,?)");
  vls_sql_int(q, 1, row->c);
  vls_sql_int(q, 2, row->type);
  vls_sql_int(q, 3, row->contact);
  vls_sql_int(q, 4, row->first);
  vls_sql_int(q, 5, row->last);
  vls_sql_int(q, 6, row->at);
  vls_sql_text(q, 7, row->text);
  vls_sql_run(store, q);
}

bool vls_feed_next(vls_store *store, uint64_t from, vls_feed_row *ret, vls_buf *buf) {
  sqlite3_stmt *q = vls_sql(store, "SELECT c, type, contact, first, last, at, text FROM feed "
                                   "WHERE c>=? ORDER BY c LIMIT 1");
  vls_sql_int(q, 1, from);
  bool found = vls_sql_row(store, q);
  if (found) {
    *ret = (vls_feed_row){.c = vls_sql_get_int(q, 0),
                          .type = (vls_feed_type)vls_sql_get_int(q, 1),
                          .contact = vls_sql_get_int(q, 2),
                          .first = vls_sql_get_int(q, 3),
                          .last = vls_sql_get_int(q, 4),
                          .at = vls_sql_get_int(q, 5)};
    vls_buf_clear(buf);
    found = vls_buf_put_slice(buf, vls_sql_get_blob(q, 6)) == VLS_OK;
    ret->text = vls_buf_slice(buf);
  }
  vls_sql_done(q);
  return found;
}

/* Everything below c that is older than before_ms goes; who comes too late is told of a gap. */
static void drop_below(vls_store *store, uint64_t c, uint64_t before_ms) {
  sqlite3_stmt *q = vls_sql(store, "SELECT coalesce(max(c), 0) FROM feed WHERE c<? AND at<?");
  vls_sql_int(q, 1, c);
  vls_sql_int(q, 2, before_ms);
  uint64_t newest = vls_sql_one(store, q);
  if (newest == 0) return;
  vls_floor_raise(store, "trimmed", newest);
  q = vls_sql_write(store, "DELETE FROM feed WHERE c<? AND at<?");
  vls_sql_int(q, 1, c);
  vls_sql_int(q, 2, before_ms);
  vls_sql_run(store, q);
}

void vls_feed_trim(vls_store *store, uint64_t before_ms, uint64_t acked_below) {
  uint64_t newest = vls_feed_newest(store);
  drop_below(store, acked_below, before_ms);
  if (newest > VLS_FEED_MAX) drop_below(store, newest - VLS_FEED_MAX + 1, INT64_MAX);
}

uint64_t vls_consumer_get(vls_store *store, vls_slice name) {
  sqlite3_stmt *q = vls_sql(store, "SELECT cursor FROM consumer WHERE name=?");
  vls_sql_text(q, 1, name);
  return vls_sql_one(store, q);
}

vls_err vls_consumer_put(vls_store *store, vls_slice name, uint64_t cursor) {
  sqlite3_stmt *q = vls_sql(store, "SELECT count(*) FROM consumer WHERE name<>?");
  vls_sql_text(q, 1, name);
  if (vls_sql_one(store, q) >= VLS_CONSUMERS_MAX) return VLS_LIMITED;
  q = vls_sql_write(store, "INSERT INTO consumer VALUES(?1,?2) ON CONFLICT(name) DO UPDATE SET "
                           "cursor=max(cursor, ?2)");
  vls_sql_text(q, 1, name);
  vls_sql_int(q, 2, cursor);
  vls_sql_run(store, q);
  return VLS_OK;
}

uint64_t vls_consumer_lowest(vls_store *store) {
  return vls_sql_one(store, vls_sql(store, "SELECT coalesce(min(cursor), 0) FROM consumer"));
}

bool vls_sent_get(vls_store *store, vls_slice cid, vls_buf *reply) {
  sqlite3_stmt *q = vls_sql(store, "SELECT reply FROM sent WHERE cid=?");
  vls_sql_text(q, 1, cid);
  bool found = vls_sql_row(store, q);
  if (found) found = vls_buf_put_slice(reply, vls_sql_get_blob(q, 0)) == VLS_OK;
  vls_sql_done(q);
  return found;
}

void vls_sent_put(vls_store *store, vls_slice cid, vls_slice reply, uint64_t at_ms) {
  sqlite3_stmt *q = vls_sql_write(store, "INSERT OR REPLACE INTO sent VALUES(?,?,?)");
  vls_sql_text(q, 1, cid);
  vls_sql_blob(q, 2, reply);
  vls_sql_int(q, 3, at_ms);
  vls_sql_run(store, q);
}

void vls_sent_drop_before(vls_store *store, uint64_t at_ms) {
  sqlite3_stmt *q = vls_sql_write(store, "DELETE FROM sent WHERE at<?");
  vls_sql_int(q, 1, at_ms);
  vls_sql_run(store, q);
}
