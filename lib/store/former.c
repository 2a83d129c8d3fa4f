#include "store/former.h"

#include "store/backup_groups.h"
#include "store/contacts.h"
#include "store/messages.h"
#include "store/sessions.h"
#include "store/sql.h"

static void run(vls_store *store, const char *sql) {
  vls_sql_run(store, vls_sql_write(store, sql));
}

static void run_with(vls_store *store, const char *sql, uint64_t a) {
  sqlite3_stmt *q = vls_sql_write(store, sql);
  vls_sql_int(q, 1, a);
  vls_sql_run(store, q);
}

uint64_t vls_former_number(vls_store *store) {
  uint64_t next =
      vls_sql_one(store, vls_sql(store, "SELECT coalesce(max(number) + 1, 0) FROM own_key"));
  return next < VLS_FORMER_FIRST ? VLS_FORMER_FIRST : next;
}

void vls_former_retire(vls_store *store, vls_former_key *row) {
  vls_former_groups(store, row->sign);
  vls_message_mix(store); /* held texts may be queued again, behind younger ones */
  row->number = vls_former_number(store);
  sqlite3_stmt *q = vls_sql_write(store, "INSERT INTO own_key VALUES(?,?,?,?)");
  vls_sql_int(q, 1, row->number);
  vls_sql_blob(q, 2, vls_slice_of(row->sign, 32));
  vls_sql_blob(q, 3, vls_slice_of(row->dh_priv, 32));
  vls_sql_int(q, 4, row->until);
  vls_sql_run(store, q);
  run_with(store,
           "INSERT INTO own_chain SELECT contact, ?, out_seq, out_prev, delivered, 0 FROM talk",
           row->number);
  run_with(store,
           "UPDATE message SET device=?, state=coalesce((SELECT CASE WHEN message.seq<=seen THEN 6 "
           "WHEN message.seq<=delivered THEN 5 END FROM talk WHERE contact=message.contact), 7) "
           "WHERE device=0 AND state=1",
           row->number);
  run_with(store, "UPDATE message SET device=? WHERE device=0 AND state=2 AND seq>0", row->number);
  run(store, "UPDATE message SET state=7 WHERE device=0 AND state=0");
  run_with(store, "UPDATE event SET device=? WHERE device=0", row->number);
  run(store, "UPDATE talk SET out_seq=0, out_prev=zeroblob(32), delivered=0, seen=0, card_sent=0");
  vls_chain_weigh(store); /* a backup does not say */
  vls_event_find_texts(store);
}

void vls_former_clear(vls_store *store, uint64_t now_ms) {
  vls_former_groups_clear(store);
  vls_session_drop_all(store);
  run(store, "DELETE FROM outbox");
  run(store, "DELETE FROM early");
  run(store, "DELETE FROM prekey");
  run(store, "DELETE FROM own_card");
  run_with(store,
           "UPDATE invite SET opk=zeroblob(32), expires=min(expires, max(?, 1) - 1) WHERE state=0",
           now_ms);
  /* Whose invitation was taken and not confirmed is met again by it, from the beginning. */
  run(store, "UPDATE contact SET card_seq=0 WHERE state=0");
}

static void read_key(vls_store *store, sqlite3_stmt *q, vls_former_key *ret) {
  ret->number = vls_sql_get_int(q, 0);
  vls_sql_get_fix(store, q, 1, ret->sign, 32);
  vls_sql_get_fix(store, q, 2, ret->dh_priv, 32);
  ret->until = vls_sql_get_int(q, 3);
}

bool vls_former_next(vls_store *store, uint64_t before, vls_former_key *ret) {
  sqlite3_stmt *q = vls_sql(store, "SELECT number, sign, dh, until FROM own_key WHERE number<? "
                                   "ORDER BY number DESC LIMIT 1");
  vls_sql_int(q, 1, before == 0 ? INT64_MAX : before);
  bool found = vls_sql_row(store, q);
  if (found) read_key(store, q, ret);
  vls_sql_done(q);
  return found;
}

void vls_former_drop_before(vls_store *store, uint64_t now_ms) {
  sqlite3_stmt *q = vls_sql(store, "SELECT 1 FROM own_key WHERE until<? AND dh<>zeroblob(32)");
  vls_sql_int(q, 1, now_ms);
  bool found = vls_sql_row(store, q);
  vls_sql_done(q);
  if (found) run_with(store, "UPDATE own_key SET dh=zeroblob(32) WHERE until<?", now_ms);
}

#define CHAIN                                                                                      \
  "SELECT c.number, k.sign, c.seq, c.head, c.proved FROM own_chain c JOIN own_key k ON "           \
  "k.number=c.number WHERE c.contact=? "

static bool read_chain(vls_store *store, sqlite3_stmt *q, vls_former_chain *ret) {
  bool found = vls_sql_row(store, q);
  if (found) {
    *ret = (vls_former_chain){.number = vls_sql_get_int(q, 0),
                              .seq = vls_sql_get_int(q, 2),
                              .proved = vls_sql_get_int(q, 4)};
    vls_sql_get_fix(store, q, 1, ret->sign, 32);
    vls_sql_get_fix(store, q, 3, ret->head, 32);
  }
  vls_sql_done(q);
  return found;
}

bool vls_former_chain_next(vls_store *store, uint64_t contact, uint64_t before, bool open,
                           vls_former_chain *ret) {
  sqlite3_stmt *q = open ? vls_sql(store, CHAIN "AND c.number<? AND c.asked=0 "
                                                "ORDER BY c.number DESC LIMIT 1")
                         : vls_sql(store, CHAIN "AND c.number<? ORDER BY c.number DESC LIMIT 1");
  vls_sql_int(q, 1, contact);
  vls_sql_int(q, 2, before == 0 ? INT64_MAX : before);
  return read_chain(store, q, ret);
}

bool vls_former_chain_get(vls_store *store, uint64_t contact, const uint8_t sign[32],
                          vls_former_chain *ret) {
  sqlite3_stmt *q = vls_sql(store, CHAIN "AND k.sign=?");
  vls_sql_int(q, 1, contact);
  vls_sql_blob(q, 2, vls_slice_of(sign, 32));
  return read_chain(store, q, ret);
}

void vls_former_chain_grow(vls_store *store, uint64_t contact, uint64_t number, uint64_t seq,
                           const uint8_t head[32]) {
  sqlite3_stmt *q =
      vls_sql_write(store, "UPDATE own_chain SET seq=?, head=? WHERE contact=? AND number=?");
  vls_sql_int(q, 1, seq);
  vls_sql_blob(q, 2, vls_slice_of(head, 32));
  vls_sql_int(q, 3, contact);
  vls_sql_int(q, 4, number);
  vls_sql_run(store, q);
}

void vls_former_chain_prove(vls_store *store, uint64_t contact, uint64_t number, uint64_t proved,
                            bool asked) {
  sqlite3_stmt *q =
      vls_sql_write(store, "UPDATE own_chain SET proved=max(proved, ?), asked=max(asked, ?) "
                           "WHERE contact=? AND number=?");
  vls_sql_int(q, 1, proved);
  vls_sql_int(q, 2, asked);
  vls_sql_int(q, 3, contact);
  vls_sql_int(q, 4, number);
  vls_sql_run(store, q);
  q = vls_sql_write(store, "UPDATE message SET state=5 WHERE contact=? AND device=? AND "
                           "state IN (1, 7) AND seq BETWEEN 1 AND ?");
  vls_sql_int(q, 1, contact);
  vls_sql_int(q, 2, number);
  vls_sql_int(q, 3, proved);
  vls_sql_run(store, q);
}

void vls_former_chain_read(vls_store *store, uint64_t contact, uint64_t number, uint64_t read) {
  sqlite3_stmt *q = vls_sql_write(store, "UPDATE message SET state=6 WHERE contact=? AND device=? "
                                         "AND state=5 AND seq BETWEEN 1 AND ?");
  vls_sql_int(q, 1, contact);
  vls_sql_int(q, 2, number);
  vls_sql_int(q, 3, read);
  vls_sql_run(store, q);
}
