#include "store/contacts.h"

#include "base/assert.h"
#include "base/text.h"
#include "store/feed.h"
#include "store/groups.h"
#include "store/messages.h"
#include "store/remarks.h"
#include "store/sessions.h"
#include "store/sql.h"

void vls_contact_fold(const vls_contact_row *row, vls_buf *out) {
  vls_err err;
  if (row->state == VLS_CONTACT_REMOVED || row->state == VLS_CONTACT_MEMBER) {
    err = vls_buf_put_u8(out, 0);
    if (err == VLS_OK) err = vls_buf_put(out, row->identity, 32);
  } else {
    err = vls_name_fold(vls_slice_str(row->name), out);
    if (err == VLS_OK && out->n == 0) err = vls_buf_put_slice(out, vls_slice_str(row->name));
  }
  if (err != VLS_OK) { /* a name that folds to nothing usable still needs a key of its own */
    vls_buf_clear(out);
    err = vls_buf_put(out, row->identity, 32);
  }
  VLS_ASSERT(err == VLS_OK);
}

static vls_slice text_of(const char *s) {
  return vls_slice_str(s);
}

static void bind_contact(sqlite3_stmt *q, const vls_contact_row *row, vls_slice fold) {
  vls_sql_text(q, 1, text_of(row->name));
  vls_sql_blob(q, 2, fold);
  vls_sql_text(q, 3, text_of(row->claim));
  vls_sql_int(q, 4, row->state);
  vls_sql_int(q, 5, row->verified);
  vls_sql_int(q, 6, row->blocked);
  vls_sql_blob(q, 7, vls_slice_of(row->psk, 32));
  vls_sql_blob(q, 8, vls_slice_of(row->knock, 32));
  vls_sql_int(q, 9, row->last_seen);
  vls_sql_text(q, 10, text_of(row->problem));
  vls_sql_blob(q, 11, vls_slice_of(row->psk2, 32));
  vls_sql_blob(q, 12, vls_slice_of(row->knock2, 32));
}

void vls_contact_put(vls_store *store, vls_contact_row *row, vls_slice fold) {
  row->id = vls_talk_next(store);
  sqlite3_stmt *q = vls_sql_write(
      store,
      "INSERT INTO contact(name,fold,claim,state,verified,blocked,psk,knock,last_seen,problem,"
      "psk2,knock2,identity,created,card,card_seq,link,id) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,"
      "zeroblob(0),0,zeroblob(0),?)");
  bind_contact(q, row, fold);
  vls_sql_blob(q, 13, vls_slice_of(row->identity, 32));
  vls_sql_int(q, 14, row->created);
  vls_sql_int(q, 15, row->id);
  vls_sql_run(store, q);
}

void vls_contact_update(vls_store *store, const vls_contact_row *row, vls_slice fold) {
  sqlite3_stmt *q =
      vls_sql_write(store, "UPDATE contact SET name=?,fold=?,claim=?,state=?,verified=?,"
                           "blocked=?,psk=?,knock=?,last_seen=?,problem=?,psk2=?,"
                           "knock2=? WHERE id=?");
  bind_contact(q, row, fold);
  vls_sql_int(q, 13, row->id);
  vls_sql_run(store, q);
}

static void copy_text(char *out, size_t max, vls_slice s) {
  size_t n = s.n < max ? s.n : max;
  if (n > 0) memcpy(out, s.p, n);
  out[n] = '\0';
}

bool vls_contact_next(vls_store *store, uint64_t after, vls_contact_row *ret) {
  sqlite3_stmt *q =
      vls_sql(store, "SELECT id,identity,name,claim,state,verified,blocked,card_seq,psk,"
                     "knock,created,last_seen,problem,psk2,knock2 FROM contact WHERE id>? "
                     "ORDER BY id LIMIT 1");
  vls_sql_int(q, 1, after);
  bool found = vls_sql_row(store, q);
  if (found) {
    ret->id = vls_sql_get_int(q, 0);
    vls_sql_get_fix(store, q, 1, ret->identity, 32);
    copy_text(ret->name, VLS_NAME_MAX, vls_sql_get_blob(q, 2));
    copy_text(ret->claim, VLS_NAME_MAX, vls_sql_get_blob(q, 3));
    ret->state = (vls_contact_state)vls_sql_get_int(q, 4);
    ret->verified = vls_sql_get_int(q, 5) != 0;
    ret->blocked = vls_sql_get_int(q, 6) != 0;
    ret->card_seq = vls_sql_get_int(q, 7);
    vls_sql_get_fix(store, q, 8, ret->psk, 32);
    vls_sql_get_fix(store, q, 9, ret->knock, 32);
    ret->created = vls_sql_get_int(q, 10);
    ret->last_seen = vls_sql_get_int(q, 11);
    copy_text(ret->problem, VLS_PROBLEM_MAX, vls_sql_get_blob(q, 12));
    vls_sql_get_fix(store, q, 13, ret->psk2, 32);
    vls_sql_get_fix(store, q, 14, ret->knock2, 32);
  }
  vls_sql_done(q);
  return found;
}

uint64_t vls_contact_by_fold(vls_store *store, vls_slice fold) {
  sqlite3_stmt *q = vls_sql(store, "SELECT id FROM contact WHERE fold=?");
  vls_sql_blob(q, 1, fold);
  return vls_sql_one(store, q);
}

static bool get_bytes(vls_store *store, const char *sql, uint64_t id, vls_buf *out) {
  sqlite3_stmt *q = vls_sql(store, sql);
  vls_sql_int(q, 1, id);
  bool found = vls_sql_row(store, q) && vls_sql_get_blob(q, 0).n > 0;
  if (found) found = vls_buf_put_slice(out, vls_sql_get_blob(q, 0)) == VLS_OK;
  vls_sql_done(q);
  return found;
}

bool vls_contact_card(vls_store *store, uint64_t id, vls_buf *out) {
  return get_bytes(store, "SELECT card FROM contact WHERE id=?", id, out);
}

void vls_contact_set_card(vls_store *store, uint64_t id, uint64_t seq, vls_slice card) {
  sqlite3_stmt *q = vls_sql_write(store, "UPDATE contact SET card_seq=?, card=? WHERE id=?");
  vls_sql_int(q, 1, seq);
  vls_sql_blob(q, 2, card);
  vls_sql_int(q, 3, id);
  vls_sql_run(store, q);
}

bool vls_contact_link(vls_store *store, uint64_t id, vls_buf *out) {
  return get_bytes(store, "SELECT link FROM contact WHERE id=?", id, out);
}

void vls_contact_set_link(vls_store *store, uint64_t id, vls_slice link) {
  sqlite3_stmt *q = vls_sql_write(store, "UPDATE contact SET link=? WHERE id=?");
  vls_sql_blob(q, 1, link);
  vls_sql_int(q, 2, id);
  vls_sql_run(store, q);
}

static void run_for(vls_store *store, const char *sql, uint64_t id) {
  sqlite3_stmt *q = vls_sql_write(store, sql);
  vls_sql_int(q, 1, id);
  vls_sql_run(store, q);
}

uint64_t vls_contact_forget(vls_store *store, uint64_t id) {
  sqlite3_stmt *q = vls_sql(store, "SELECT count(*) FROM message WHERE contact=?");
  vls_sql_int(q, 1, id);
  uint64_t texts = vls_sql_one(store, q);
  /* Numbers are never given twice, though the newest text or event may go now. */
  vls_floor_raise(store, "message", vls_message_newest(store));
  vls_floor_raise(store, "feed", vls_feed_newest(store));
  run_for(store, "UPDATE contact SET card=zeroblob(0), card_seq=0, link=zeroblob(0) WHERE id=?",
          id);
  vls_session_drop_of(store, id);
  run_for(store, "DELETE FROM message WHERE contact=?", id);
  vls_remarks_drop_of(store, id);
  run_for(store, "DELETE FROM outbox WHERE contact=? AND first>0", id);
  run_for(store,
          "DELETE FROM event WHERE contact=?1 AND NOT (device=0 AND seq IN "
          "(SELECT seq FROM outbox WHERE contact=?1))",
          id);
  run_for(store, "UPDATE chain SET bytes=0 WHERE contact=?", id);
  run_for(store, "DELETE FROM early WHERE contact=?", id);
  run_for(store, "DELETE FROM feed WHERE contact=?", id);
  return texts;
}

bool vls_talk_get(vls_store *store, uint64_t contact, vls_talk_row *ret) {
  *ret = (vls_talk_row){0};
  sqlite3_stmt *q =
      vls_sql(store, "SELECT out_seq,out_prev,delivered,seen,read_n,read_seq,card_sent "
                     "FROM talk WHERE contact=?");
  vls_sql_int(q, 1, contact);
  bool found = vls_sql_row(store, q);
  if (found) {
    ret->out_seq = vls_sql_get_int(q, 0);
    vls_sql_get_fix(store, q, 1, ret->out_prev, 32);
    ret->delivered = vls_sql_get_int(q, 2);
    ret->seen = vls_sql_get_int(q, 3);
    ret->read_n = vls_sql_get_int(q, 4);
    ret->read_seq = vls_sql_get_int(q, 5);
    ret->card_sent = vls_sql_get_int(q, 6);
  }
  vls_sql_done(q);
  return found;
}

void vls_talk_put(vls_store *store, uint64_t contact, const vls_talk_row *row) {
  sqlite3_stmt *q = vls_sql_write(store, "INSERT OR REPLACE INTO talk VALUES(?,?,?,?,?,?,?,?)");
  vls_sql_int(q, 1, contact);
  vls_sql_int(q, 2, row->out_seq);
  vls_sql_blob(q, 3, vls_slice_of(row->out_prev, 32));
  vls_sql_int(q, 4, row->delivered);
  vls_sql_int(q, 5, row->seen);
  vls_sql_int(q, 6, row->read_n);
  vls_sql_int(q, 7, row->read_seq);
  vls_sql_int(q, 8, row->card_sent);
  vls_sql_run(store, q);
}

void vls_chain_get(vls_store *store, uint64_t contact, const uint8_t device[32],
                   vls_chain_row *ret) {
  *ret = (vls_chain_row){0};
  sqlite3_stmt *q =
      vls_sql(store, "SELECT number, seq, head FROM chain WHERE contact=? AND device=?");
  vls_sql_int(q, 1, contact);
  vls_sql_blob(q, 2, vls_slice_of(device, 32));
  if (vls_sql_row(store, q)) {
    ret->number = vls_sql_get_int(q, 0);
    ret->seq = vls_sql_get_int(q, 1);
    vls_sql_get_fix(store, q, 2, ret->head, 32);
  }
  vls_sql_done(q);
}

size_t vls_chain_newest(vls_store *store, uint64_t contact, vls_chain_at *ret_rows, size_t max) {
  size_t n = 0;
  sqlite3_stmt *q = vls_sql(store, "SELECT device, number, seq, head FROM chain WHERE contact=? "
                                   "ORDER BY number DESC LIMIT ?");
  vls_sql_int(q, 1, contact);
  vls_sql_int(q, 2, max);
  while (n < max && vls_sql_row(store, q)) {
    vls_chain_at *at = &ret_rows[n++];
    vls_sql_get_fix(store, q, 0, at->device, 32);
    at->row.number = vls_sql_get_int(q, 1);
    at->row.seq = vls_sql_get_int(q, 2);
    vls_sql_get_fix(store, q, 3, at->row.head, 32);
  }
  vls_sql_done(q);
  return n;
}

uint64_t vls_chain_cost(size_t header, size_t texts, size_t bytes) {
  return VLS_EVENT_COST + header + texts * VLS_TEXT_COST + bytes;
}

uint64_t vls_chain_bytes(vls_store *store, uint64_t contact) {
  sqlite3_stmt *q = vls_sql(store, "SELECT coalesce(sum(bytes), 0) FROM chain WHERE contact=?");
  vls_sql_int(q, 1, contact);
  return vls_sql_one(store, q);
}

void vls_chain_weigh(vls_store *store) {
  sqlite3_stmt *q = vls_sql_write(
      store, "UPDATE chain SET bytes=(SELECT coalesce(sum(?1+length(header)),0) FROM event WHERE "
             "contact=chain.contact AND device=chain.number)+(SELECT coalesce(sum(?2+length(CAST("
             "body AS BLOB))),0) FROM message WHERE contact=chain.contact AND state=4 AND "
             "device=chain.number)");
  vls_sql_int(q, 1, VLS_EVENT_COST);
  vls_sql_int(q, 2, VLS_TEXT_COST);
  vls_sql_run(store, q);
}

uint64_t vls_chain_put(vls_store *store, uint64_t contact, const uint8_t device[32], uint64_t seq,
                       const uint8_t head[32], uint64_t bytes) {
  vls_chain_row last;
  vls_chain_get(store, contact, device, &last);
  sqlite3_stmt *q;
  if (last.number != 0) {
    q = vls_sql_write(store, "UPDATE chain SET seq=?3, head=?4, bytes=bytes+?6 WHERE contact=?1 "
                             "AND device=?2");
  } else {
    /* Chains are never deleted, so the count gives each device a number of its own. */
    q = vls_sql(store, "SELECT count(*) + 1 FROM chain WHERE contact=?");
    vls_sql_int(q, 1, contact);
    last.number = vls_sql_one(store, q);
    q = vls_sql_write(store, "INSERT INTO chain VALUES(?1,?2,?5,?3,?4,?6)");
    vls_sql_int(q, 5, last.number);
  }
  vls_sql_int(q, 1, contact);
  vls_sql_blob(q, 2, vls_slice_of(device, 32));
  vls_sql_int(q, 3, seq);
  vls_sql_blob(q, 4, vls_slice_of(head, 32));
  vls_sql_int(q, 6, bytes);
  vls_sql_run(store, q);
  return last.number;
}
