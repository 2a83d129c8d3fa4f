#include "store/messages.h"

#include "crypto/kdf.h"
#include "store/remarks.h"
#include "store/sql.h"

uint64_t vls_message_newest(vls_store *store) {
  sqlite3_stmt *q = vls_sql(store, "SELECT coalesce(max(n), 0) FROM message");
  uint64_t n = vls_sql_one(store, q);
  uint64_t floor = vls_floor(store, "message");
  return n > floor ? n : floor;
}

void vls_message_put(vls_store *store, const vls_message_row *row) {
  sqlite3_stmt *q = vls_sql_write(store, "INSERT INTO message VALUES(?,?,?,?,?,?,?,?,?,?,?,?)");
  vls_sql_int(q, 1, row->n);
  vls_sql_int(q, 2, row->contact);
  vls_sql_int(q, 3, row->state);
  vls_sql_int(q, 4, row->device);
  vls_sql_int(q, 5, row->seq);
  vls_sql_int(q, 6, row->idx);
  vls_sql_int(q, 7, row->stamp);
  vls_sql_int(q, 8, row->at);
  vls_sql_text(q, 9, row->body);
  vls_sql_int(q, 10, row->author);
  vls_sql_int(q, 11, row->item);
  vls_sql_int(q, 12, row->kind);
  vls_sql_run(store, q);
}

void vls_message_set(vls_store *store, uint64_t n, vls_message_state state, uint64_t seq,
                     uint64_t idx) {
  sqlite3_stmt *q = vls_sql_write(store, "UPDATE message SET state=?, seq=?, idx=? WHERE n=?");
  vls_sql_int(q, 1, state);
  vls_sql_int(q, 2, seq);
  vls_sql_int(q, 3, idx);
  vls_sql_int(q, 4, n);
  vls_sql_run(store, q);
}

#define OF_MESSAGE                                                                                 \
  "SELECT n, contact, state, device, seq, idx, stamp, at, body, author, item, kind FROM message "
#define COLUMNS OF_MESSAGE "WHERE "
/* Words of an edited text are found in each of its versions. A parameter alone as the pattern would
 * have SQLite prepare the statement again for each value. */
#define FOUND                                                                                      \
  "(?5='' OR body LIKE ?5 ESCAPE '\\' OR EXISTS(SELECT 1 FROM remark r JOIN message e ON e.n=r.n " \
  "WHERE r.about=message.n AND r.kind=18 AND r.state=1 AND e.body LIKE (?5||'') ESCAPE '\\')) "
#define WINDOW                                                                                     \
  "n<?2 AND n>?3 AND at>=?4 AND " FOUND "AND (?7=0 OR state=4) AND (?8=0 OR state=0) AND (?9=0 "   \
  "OR kind<=16) "

static sqlite3_stmt *open_query(vls_store *store, const vls_message_query *query) {
  if (query->contact != 0 && query->queued && query->oldest_first)
    /* Asked for each event of a queue: its own index, however long the talk is. */
    return vls_sql(store,
                   OF_MESSAGE "INDEXED BY message_queued WHERE contact=?1 AND state=0 AND " WINDOW
                              "ORDER BY n LIMIT ?6");
  if (query->contact != 0)
    return query->oldest_first
               ? vls_sql(store, COLUMNS "contact=?1 AND " WINDOW "ORDER BY n LIMIT ?6")
               : vls_sql(store, COLUMNS "contact=?1 AND " WINDOW "ORDER BY n DESC LIMIT ?6");
  return query->oldest_first ? vls_sql(store, COLUMNS WINDOW "ORDER BY n LIMIT ?6")
                             : vls_sql(store, COLUMNS WINDOW "ORDER BY n DESC LIMIT ?6");
}

/* %text% with LIKE's own signs escaped. */
static void bind_search(sqlite3_stmt *q, vls_slice search) {
  if (search.n == 0 || q == NULL) {
    vls_sql_text(q, 5, (vls_slice){0});
    return;
  }
  vls_buf like;
  vls_buf_init(&like, 2 * search.n + 2);
  vls_err err = vls_buf_put_u8(&like, '%');
  for (size_t i = 0; i < search.n && err == VLS_OK; i++) {
    uint8_t c = search.p[i];
    if (c == '%' || c == '_' || c == '\\') err = vls_buf_put_u8(&like, '\\');
    if (err == VLS_OK) err = vls_buf_put_u8(&like, c);
  }
  if (err == VLS_OK) err = vls_buf_put_u8(&like, '%');
  if (err == VLS_OK) sqlite3_bind_text(q, 5, (const char *)like.p, (int)like.n, SQLITE_TRANSIENT);
  vls_buf_done(&like);
}

static void read_message(sqlite3_stmt *q, vls_message_row *ret) {
  *ret = (vls_message_row){.n = vls_sql_get_int(q, 0),
                           .contact = vls_sql_get_int(q, 1),
                           .state = (vls_message_state)vls_sql_get_int(q, 2),
                           .device = vls_sql_get_int(q, 3),
                           .seq = vls_sql_get_int(q, 4),
                           .idx = vls_sql_get_int(q, 5),
                           .stamp = vls_sql_get_int(q, 6),
                           .at = vls_sql_get_int(q, 7),
                           .body = vls_sql_get_blob(q, 8),
                           .author = vls_sql_get_int(q, 9),
                           .item = vls_sql_get_int(q, 10),
                           .kind = (unsigned)vls_sql_get_int(q, 11)};
}

/* A bound of 64 bits from a client, where SQLite's end at 63. */
static uint64_t within(uint64_t v) {
  return v > INT64_MAX ? INT64_MAX : v;
}

bool vls_message_next(vls_store *store, vls_message_query *query, vls_message_row *ret) {
  sqlite3_stmt *q = query->cursor;
  if (q == NULL) {
    q = open_query(store, query);
    vls_sql_int(q, 1, query->contact);
    vls_sql_int(q, 2, query->before == 0 ? INT64_MAX : within(query->before));
    vls_sql_int(q, 3, within(query->after));
    vls_sql_int(q, 4, within(query->since));
    bind_search(q, query->search);
    vls_sql_int(q, 6, within(query->limit));
    vls_sql_int(q, 7, query->received);
    vls_sql_int(q, 8, query->queued);
    vls_sql_int(q, 9, query->texts);
    query->cursor = q;
  }
  if (!vls_sql_row(store, q)) {
    vls_message_end(query);
    return false;
  }
  read_message(q, ret);
  return true;
}

void vls_message_end(vls_message_query *query) {
  vls_sql_done(query->cursor);
  query->cursor = NULL;
}

bool vls_message_get(vls_store *store, uint64_t n, vls_message_row *ret, vls_buf *body) {
  sqlite3_stmt *q = vls_sql(store, COLUMNS "n=?");
  vls_sql_int(q, 1, n);
  bool found = vls_sql_row(store, q);
  if (found) {
    read_message(q, ret);
    found = vls_buf_put_slice(body, ret->body) == VLS_OK;
    ret->body = vls_buf_slice(body);
  }
  vls_sql_done(q);
  return found;
}

static uint64_t count(vls_store *store, sqlite3_stmt *q, uint64_t a, uint64_t b) {
  vls_sql_int(q, 1, a);
  vls_sql_int(q, 2, b);
  return vls_sql_one(store, q);
}

uint64_t vls_message_count_unread(vls_store *store, uint64_t contact, uint64_t after) {
  return count(store,
               vls_sql(store, "SELECT count(*) FROM message WHERE contact=? AND n>? "
                              "AND state=4 AND kind<=16"),
               contact, after);
}

uint64_t vls_message_count_queued(vls_store *store, uint64_t contact) {
  if (contact == 0)
    return count(store,
                 vls_sql(store, "SELECT count(*) FROM message INDEXED BY "
                                "message_queued WHERE state=0"),
                 0, 0);
  return count(store,
               vls_sql(store, "SELECT count(*) FROM message INDEXED BY message_queued "
                              "WHERE contact=? AND state=0"),
               contact, 0);
}

uint64_t vls_message_seq_upto(vls_store *store, uint64_t contact, uint64_t device, uint64_t upto) {
  /* An event of which a later text was not shown yet does not count. */
  sqlite3_stmt *q =
      vls_sql(store, "SELECT seq-(seq=coalesce((SELECT seq FROM message WHERE "
                     "contact=?1 AND n>?2 AND state=4 AND device=?3 ORDER BY n LIMIT 1),"
                     "0)) FROM message WHERE contact=?1 AND n<=?2 AND state=4 AND "
                     "device=?3 ORDER BY n DESC LIMIT 1");
  vls_sql_int(q, 3, device);
  return count(store, q, contact, upto);
}

bool vls_message_range(vls_store *store, uint64_t contact, uint64_t from, uint64_t to,
                       uint64_t *ret_first, uint64_t *ret_last) {
  sqlite3_stmt *q = vls_sql(store, "SELECT min(first), max(last) FROM outbox "
                                   "WHERE contact=? AND seq BETWEEN ? AND ? AND last>0");
  vls_sql_int(q, 1, contact);
  vls_sql_int(q, 2, from);
  vls_sql_int(q, 3, to);
  bool found = vls_sql_row(store, q) && vls_sql_get_int(q, 1) != 0;
  if (found) {
    *ret_first = vls_sql_get_int(q, 0);
    *ret_last = vls_sql_get_int(q, 1);
  }
  vls_sql_done(q);
  return found;
}

bool vls_message_span(vls_store *store, uint64_t contact, uint64_t from, uint64_t to,
                      uint64_t *ret_first, uint64_t *ret_last) {
  /* By the events: whoever sends receipts must not make us look through all that was ever said. */
  sqlite3_stmt *q = vls_sql(store, "SELECT coalesce(min(first), 0), coalesce(max(last), 0) FROM "
                                   "event WHERE contact=? AND device=0 AND seq BETWEEN ? AND ? AND "
                                   "first>0");
  vls_sql_int(q, 1, contact);
  vls_sql_int(q, 2, within(from));
  vls_sql_int(q, 3, within(to));
  bool found = vls_sql_row(store, q);
  *ret_first = found ? vls_sql_get_int(q, 0) : 0;
  *ret_last = found ? vls_sql_get_int(q, 1) : 0;
  vls_sql_done(q);
  return *ret_first != 0;
}

void vls_message_fail(vls_store *store, uint64_t contact, uint64_t delivered) {
  sqlite3_stmt *q = vls_sql_write(
      store, "UPDATE message SET state=2 WHERE contact=? AND (state=0 OR (state=1 AND seq>?))");
  vls_sql_int(q, 1, contact);
  vls_sql_int(q, 2, delivered);
  vls_sql_run(store, q);
}

void vls_message_revive(vls_store *store, uint64_t contact) {
  sqlite3_stmt *q =
      vls_sql_write(store, "UPDATE message SET state=1 WHERE contact=? AND state=2 AND seq>0");
  vls_sql_int(q, 1, contact);
  vls_sql_run(store, q);
}

uint64_t vls_message_held(vls_store *store, uint64_t contact, uint64_t *ret_oldest) {
  sqlite3_stmt *q = vls_sql(store, "SELECT count(*), coalesce(min(n), 0) FROM message INDEXED BY "
                                   "message_held WHERE contact=? AND state=7");
  vls_sql_int(q, 1, contact);
  bool found = vls_sql_row(store, q);
  uint64_t n = found ? vls_sql_get_int(q, 0) : 0;
  *ret_oldest = found ? vls_sql_get_int(q, 1) : 0;
  vls_sql_done(q);
  return n;
}

uint64_t vls_message_release(vls_store *store, uint64_t contact) {
  uint64_t oldest, n = vls_message_held(store, contact, &oldest);
  if (n == 0) return 0;
  sqlite3_stmt *q = vls_sql_write(store, "UPDATE message SET state=0, device=0, seq=0, idx=0 "
                                         "WHERE contact=? AND state=7");
  vls_sql_int(q, 1, contact);
  vls_sql_run(store, q);
  return n;
}

#define SAME                                                                                       \
  "AND at<=?2 AND body=?3 AND kind=?4 AND (?4=0 OR EXISTS(SELECT 1 FROM remark r WHERE "           \
  "r.n=message.n AND r.item=?5)) ORDER BY n LIMIT 1"

uint64_t vls_message_find_unsent(vls_store *store, uint64_t contact, vls_slice text,
                                 const vls_remark_row *remark, uint64_t by) {
  static const char *const sql[] = {
      "SELECT n FROM message INDEXED BY message_queued WHERE contact=?1 AND state=0 " SAME,
      "SELECT n FROM message INDEXED BY message_held WHERE contact=?1 AND state=7 AND seq=0 " SAME};
  uint64_t n = 0;
  for (size_t i = 0; i < sizeof sql / sizeof sql[0] && n == 0; i++) {
    sqlite3_stmt *q = vls_sql(store, sql[i]);
    vls_sql_text(q, 3, text);
    vls_sql_int(q, 4, remark == NULL ? 0 : remark->kind);
    vls_sql_blob(q, 5, remark == NULL ? (vls_slice){0} : vls_slice_of(remark->to, 32));
    n = count(store, q, contact, within(by));
  }
  return n;
}

void vls_message_set_kind(vls_store *store, uint64_t n, unsigned kind) {
  sqlite3_stmt *q = vls_sql_write(store, "UPDATE message SET kind=? WHERE n=?");
  vls_sql_int(q, 1, kind);
  vls_sql_int(q, 2, n);
  vls_sql_run(store, q);
}

uint64_t vls_message_by_item(vls_store *store, uint64_t talk, uint64_t item, uint64_t after) {
  sqlite3_stmt *q = vls_sql(store, "SELECT n FROM message INDEXED BY message_item WHERE item=? AND "
                                   "item>0 AND n>? AND contact=? ORDER BY n LIMIT 1");
  vls_sql_int(q, 1, item);
  vls_sql_int(q, 2, after);
  vls_sql_int(q, 3, talk);
  return vls_sql_one(store, q);
}

void vls_message_reword(vls_store *store, uint64_t n, vls_slice text) {
  sqlite3_stmt *q = vls_sql_write(store, "UPDATE message SET body=? WHERE n=?");
  vls_sql_text(q, 1, text);
  vls_sql_int(q, 2, n);
  vls_sql_run(store, q);
}

uint64_t vls_message_at(vls_store *store, uint64_t contact, uint64_t device, uint64_t seq,
                        uint64_t idx) {
  uint64_t first, last;
  vls_event_texts(store, contact, device, seq, &first, &last);
  if (first == 0) return 0;
  sqlite3_stmt *q = vls_sql(store, "SELECT n FROM message WHERE n BETWEEN ? AND ? AND contact=? "
                                   "AND device=? AND seq=? AND idx=?");
  vls_sql_int(q, 1, first);
  vls_sql_int(q, 2, last);
  vls_sql_int(q, 3, contact);
  vls_sql_int(q, 4, device);
  vls_sql_int(q, 5, seq);
  vls_sql_int(q, 6, idx);
  return vls_sql_one(store, q);
}

void vls_message_claim(vls_store *store, uint64_t n, vls_message_state state, uint64_t device,
                       uint64_t seq, uint64_t idx) {
  sqlite3_stmt *q =
      vls_sql_write(store, "UPDATE message SET state=?, device=?, seq=?, idx=? WHERE n=?");
  vls_sql_int(q, 1, state);
  vls_sql_int(q, 2, device);
  vls_sql_int(q, 3, seq);
  vls_sql_int(q, 4, idx);
  vls_sql_int(q, 5, n);
  vls_sql_run(store, q);
}

void vls_message_hold(vls_store *store, uint64_t contact, uint64_t delivered) {
  sqlite3_stmt *q = vls_sql_write(store, "UPDATE message SET state=7 WHERE contact=? AND device=0 "
                                         "AND (state=0 OR (state=1 AND seq>?))");
  vls_sql_int(q, 1, contact);
  vls_sql_int(q, 2, delivered);
  vls_sql_run(store, q);
}

void vls_event_put(vls_store *store, const vls_event_row *row) {
  sqlite3_stmt *q = vls_sql_write(store, "INSERT INTO event(contact,device,seq,first,last,header,"
                                         "sig) VALUES(?,?,?,?,?,?,?)");
  vls_sql_int(q, 1, row->contact);
  vls_sql_int(q, 2, row->device);
  vls_sql_int(q, 3, row->seq);
  vls_sql_int(q, 4, row->first);
  vls_sql_int(q, 5, row->first == 0 ? 1 : row->last);
  vls_sql_blob(q, 6, row->header);
  vls_sql_blob(q, 7, vls_slice_of(row->sig, 64));
  vls_sql_run(store, q);
}

void vls_event_find_texts(vls_store *store) {
  vls_sql_run(
      store, vls_sql_write(store, "UPDATE event SET first=m.f, last=m.l FROM (SELECT contact AS c, "
                                  "device AS d, seq AS s, min(n) AS f, max(n) AS l FROM message "
                                  "WHERE seq>0 GROUP BY contact, device, seq) AS m WHERE first=0 "
                                  "AND last=0 AND contact=m.c AND device=m.d AND seq=m.s"));
  vls_sql_run(store, vls_sql_write(store, "UPDATE event SET last=1 WHERE first=0"));
}

void vls_event_texts(vls_store *store, uint64_t contact, uint64_t device, uint64_t seq,
                     uint64_t *ret_first, uint64_t *ret_last) {
  sqlite3_stmt *q =
      vls_sql(store, "SELECT first, last FROM event WHERE contact=? AND device=? AND seq=?");
  vls_sql_int(q, 1, contact);
  vls_sql_int(q, 2, device);
  vls_sql_int(q, 3, seq);
  bool found = vls_sql_row(store, q);
  *ret_first = found ? vls_sql_get_int(q, 0) : 0;
  *ret_last = found && *ret_first > 0 ? vls_sql_get_int(q, 1) : 0;
  vls_sql_done(q);
}

bool vls_event_device(vls_store *store, uint64_t contact, uint64_t from, uint64_t *ret_device) {
  sqlite3_stmt *q = vls_sql(store, "SELECT device FROM event WHERE contact=? AND device>=? ORDER "
                                   "BY device LIMIT 1");
  vls_sql_int(q, 1, contact);
  vls_sql_int(q, 2, from);
  bool found = vls_sql_row(store, q);
  if (found) *ret_device = vls_sql_get_int(q, 0);
  vls_sql_done(q);
  return found;
}

uint64_t vls_event_after(vls_store *store, uint64_t contact, uint64_t seq) {
  sqlite3_stmt *q = vls_sql(store, "SELECT seq FROM event WHERE contact=? AND device=0 AND seq>? "
                                   "ORDER BY seq LIMIT 1");
  return count(store, q, contact, seq);
}

void vls_event_cut(vls_store *store, uint64_t contact, uint64_t from) {
  static const char *const sql[] = {
      ("UPDATE message SET state=0, seq=0, idx=0 WHERE contact=?1 AND device=0 AND state=1 AND "
       "seq>=?2"),
      "DELETE FROM outbox WHERE contact=?1 AND seq>=?2",
      "DELETE FROM event WHERE contact=?1 AND device=0 AND seq>=?2"};
  for (size_t i = 0; i < sizeof sql / sizeof sql[0]; i++) {
    sqlite3_stmt *q = vls_sql_write(store, sql[i]);
    vls_sql_int(q, 1, contact);
    vls_sql_int(q, 2, from);
    vls_sql_run(store, q);
  }
}

bool vls_event_get(vls_store *store, uint64_t contact, uint64_t device, uint64_t seq,
                   vls_buf *header, uint8_t *ret_sig) {
  sqlite3_stmt *q =
      vls_sql(store, "SELECT header, sig FROM event WHERE contact=? AND device=? AND seq=?");
  vls_sql_int(q, 1, contact);
  vls_sql_int(q, 2, device);
  vls_sql_int(q, 3, seq);
  bool found = vls_sql_row(store, q);
  if (found) found = vls_buf_put_slice(header, vls_sql_get_blob(q, 0)) == VLS_OK;
  if (found && ret_sig != NULL) vls_sql_get_fix(store, q, 1, ret_sig, 64);
  vls_sql_done(q);
  return found;
}

bool vls_event_head(vls_store *store, uint64_t contact, uint64_t device, uint64_t seq,
                    uint8_t ret_hash[32]) {
  vls_buf header;
  vls_buf_init(&header, vls_event_header_def.max_bytes);
  bool found = vls_event_get(store, contact, device, seq, &header, NULL);
  if (found) vls_sha256(ret_hash, vls_buf_slice(&header));
  vls_buf_done(&header);
  return found;
}
