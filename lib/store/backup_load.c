/* Rows of a backup back into the tables, and the key of the recovery words. */
#include "base/assert.h"
#include "store/backup_groups.h"
#include "store/contacts.h"
#include "store/feed.h"
#include "store/messages.h"
#include "store/remarks.h"
#include "store/sql.h"

static const char *const tables[] = {
    "DELETE FROM contact",   "DELETE FROM talk",  "DELETE FROM chain",    "DELETE FROM own_key",
    "DELETE FROM own_chain", "DELETE FROM floor", "DELETE FROM consumer", "DELETE FROM feed",
    "DELETE FROM sent",      "DELETE FROM event", "DELETE FROM message",  "DELETE FROM backup",
    "DELETE FROM remark",
};

void vls_restore_forget(vls_store *store) {
  for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
    vls_sql_run(store, vls_sql_write(store, tables[i]));
  vls_restore_groups_forget(store);
}

void vls_restore_begin(vls_store *store) {
  vls_restore_forget(store);
  vls_floor_raise(store, "restoring", 1);
}

bool vls_restore_is_open(vls_store *store) {
  return vls_floor(store, "restoring") != 0;
}

void vls_restore_close(vls_store *store) {
  vls_sql_run(store, vls_sql_write(store, "DELETE FROM floor WHERE name='restoring'"));
}

static bool is_there(vls_store *store, sqlite3_stmt *q) {
  bool found = vls_sql_row(store, q);
  vls_sql_done(q);
  return found;
}

static vls_err put_former(vls_store *store, const vls_backup_former *r) {
  sqlite3_stmt *q = vls_sql(store, "SELECT 1 FROM own_key WHERE sign=?");
  vls_sql_blob(q, 1, vls_slice_of(r->sign, 32));
  if (is_there(store, q)) return VLS_MALFORMED;
  q = vls_sql_write(store, "INSERT INTO own_key(number, sign, dh, until) VALUES(?,?,?,?)");
  vls_sql_int(q, 1, r->number);
  vls_sql_blob(q, 2, vls_slice_of(r->sign, 32));
  vls_sql_blob(q, 3, vls_slice_of(r->dh, 32));
  vls_sql_int(q, 4, r->until);
  vls_sql_run(store, q);
  return VLS_OK;
}

static void copy(char *out, vls_slice s) {
  if (s.n > 0) memcpy(out, s.p, s.n);
  out[s.n] = '\0';
}

static bool is_known(vls_store *store, const uint8_t identity[32], vls_slice fold) {
  sqlite3_stmt *q = vls_sql(store, "SELECT 1 FROM contact WHERE identity=? OR fold=?");
  vls_sql_blob(q, 1, vls_slice_of(identity, 32));
  vls_sql_blob(q, 2, fold);
  return is_there(store, q);
}

static void fill_contact(vls_contact_row *row, const vls_backup_contact *r) {
  *row = (vls_contact_row){.id = r->id,
                           .state = (vls_contact_state)r->state,
                           .verified = r->verified,
                           .blocked = r->blocked,
                           .last_seen = r->last_seen};
  memcpy(row->identity, r->identity, 32);
  copy(row->name, r->name);
  copy(row->claim, r->claim);
  copy(row->problem, r->problem);
  if (r->n_psk > 0) {
    memcpy(row->psk, r->psk[0], 32);
    memcpy(row->knock, r->knock[0], 32);
  }
  if (r->n_psk > 1) {
    memcpy(row->psk2, r->psk[1], 32);
    memcpy(row->knock2, r->knock[1], 32);
  }
}

static void insert_contact(vls_store *store, const vls_backup_contact *r, vls_slice fold) {
  sqlite3_stmt *q = vls_sql_write(
      store, "INSERT INTO contact(id,identity,fold,card,card_seq,link,created,name,claim,state,"
             "verified,blocked,psk,knock,psk2,knock2,last_seen,problem) VALUES(?,?,?,?,?,?,?,'','',"
             "0,0,0,zeroblob(32),zeroblob(32),zeroblob(32),zeroblob(32),0,'')");
  vls_sql_int(q, 1, r->id);
  vls_sql_blob(q, 2, vls_slice_of(r->identity, 32));
  vls_sql_blob(q, 3, fold);
  vls_sql_blob(q, 4, r->card);
  vls_sql_int(q, 5, r->card_seq);
  vls_sql_blob(q, 6, r->link);
  vls_sql_int(q, 7, r->created);
  vls_sql_run(store, q);
}

static vls_err put_contact(vls_store *store, const vls_backup_contact *r) {
  vls_contact_row row;
  vls_buf key;
  fill_contact(&row, r);
  vls_buf_init(&key, VLS_FOLD_MAX);
  vls_contact_fold(&row, &key);
  vls_slice fold = vls_buf_slice(&key);
  bool known = is_known(store, r->identity, fold);
  if (!known) {
    vls_talk_row talk = {.out_seq = r->out_seq,
                         .delivered = r->delivered,
                         .seen = r->seen,
                         .read_n = r->read_n,
                         .read_seq = r->read_seq};
    memcpy(talk.out_prev, r->out_prev, 32);
    insert_contact(store, r, fold);
    vls_contact_update(store, &row, fold);
    vls_talk_put(store, r->id, &talk);
  }
  vls_wipe(&row, sizeof row);
  vls_buf_done(&key);
  return known ? VLS_MALFORMED : VLS_OK;
}

static void put_chain(vls_store *store, const vls_backup_chain *r) {
  sqlite3_stmt *q =
      vls_sql_write(store, "INSERT INTO chain(contact,device,number,seq,head) VALUES(?,?,?,?,?)");
  vls_sql_int(q, 1, r->contact);
  vls_sql_blob(q, 2, vls_slice_of(r->device, 32));
  vls_sql_int(q, 3, r->number);
  vls_sql_int(q, 4, r->seq);
  vls_sql_blob(q, 5, vls_slice_of(r->head, 32));
  vls_sql_run(store, q);
}

static void put_own_chain(vls_store *store, const vls_backup_own_chain *r) {
  sqlite3_stmt *q =
      vls_sql_write(store, "INSERT INTO own_chain(contact,number,seq,head,proved,asked) "
                           "VALUES(?,?,?,?,?,?)");
  vls_sql_int(q, 1, r->contact);
  vls_sql_int(q, 2, r->number);
  vls_sql_int(q, 3, r->seq);
  vls_sql_blob(q, 4, vls_slice_of(r->head, 32));
  vls_sql_int(q, 5, r->proved);
  vls_sql_int(q, 6, r->asked);
  vls_sql_run(store, q);
}

static void put_counters(vls_store *store, const vls_backup_counters *r) {
  vls_floor_raise(store, "message", r->message);
  vls_floor_raise(store, "feed", r->feed);
  vls_floor_raise(store, "trimmed", r->trimmed);
  vls_floor_raise(store, "invite", r->invite);
}

static void put_consumer(vls_store *store, const vls_backup_consumer *r) {
  sqlite3_stmt *q = vls_sql_write(store, "INSERT INTO consumer(name,cursor) VALUES(?,?)");
  vls_sql_text(q, 1, r->name);
  vls_sql_int(q, 2, r->cursor);
  vls_sql_run(store, q);
}

static void put_event(vls_store *store, const vls_backup_event *r) {
  sqlite3_stmt *q =
      vls_sql_write(store, "INSERT INTO event(contact,device,seq,header,sig,first,last) "
                           "VALUES(?,?,?,?,?,?,?)");
  vls_sql_int(q, 1, r->contact);
  vls_sql_int(q, 2, r->device);
  vls_sql_int(q, 3, r->seq);
  vls_sql_blob(q, 4, r->header);
  vls_sql_blob(q, 5, vls_slice_of(r->sig, 64));
  vls_sql_int(q, 6, r->first);
  vls_sql_int(q, 7, r->last);
  vls_sql_run(store, q);
}

static void put_message(vls_store *store, const vls_backup_message *r) {
  vls_message_row row = {.n = r->n,
                         .contact = r->contact,
                         .state = (vls_message_state)r->state,
                         .device = r->device,
                         .seq = r->seq,
                         .idx = r->idx,
                         .stamp = r->stamp,
                         .at = r->at,
                         .body = r->body};
  vls_message_put(store, &row);
}

static void put_remark(vls_store *store, const vls_backup_remark *r) {
  vls_remark_row row = {.n = r->n,
                        .talk = r->talk,
                        .kind = (vls_remark_kind)r->kind,
                        .state = (vls_remark_state)r->state,
                        .author = r->author,
                        .stamp = r->stamp,
                        .tie = r->tie,
                        .seq = r->seq,
                        .about = r->about};
  memcpy(row.to, r->item, 32);
  vls_remarks_put(store, &row);
  vls_message_set_kind(store, r->n, (unsigned)r->kind);
}

static void put_feed(vls_store *store, const vls_backup_feed *r) {
  vls_feed_row row = {.c = r->c,
                      .type = (vls_feed_type)r->type,
                      .contact = r->contact,
                      .first = r->first,
                      .last = r->last,
                      .at = r->at,
                      .text = r->text};
  vls_feed_put(store, &row);
}

vls_err vls_restore_row(vls_store *store, const vls_backup_row *row) {
  switch (row->kind) {
  case VLS_BACKUP_FORMER: return put_former(store, &row->former);
  case VLS_BACKUP_CONTACT: return put_contact(store, &row->contact);
  case VLS_BACKUP_CHAIN: put_chain(store, &row->chain); break;
  case VLS_BACKUP_OWN_CHAIN: put_own_chain(store, &row->own_chain); break;
  case VLS_BACKUP_COUNTERS: put_counters(store, &row->counters); break;
  case VLS_BACKUP_CONSUMER: put_consumer(store, &row->consumer); break;
  case VLS_BACKUP_FEED: put_feed(store, &row->feed); break;
  case VLS_BACKUP_SENT: vls_sent_put(store, row->sent.cid, row->sent.reply, row->sent.at); break;
  case VLS_BACKUP_EVENT: put_event(store, &row->event); break;
  case VLS_BACKUP_MESSAGE: put_message(store, &row->message); break;
  case VLS_BACKUP_REMARK: put_remark(store, &row->remark); break;
  case VLS_BACKUP_GROUP:
  case VLS_BACKUP_GROUP_DEVICE:
  case VLS_BACKUP_GROUP_ROW:
  case VLS_BACKUP_GROUP_EVENT:
  case VLS_BACKUP_SAID: return vls_restore_groups_row(store, row);
  case VLS_BACKUP_PADDING:
  case VLS_BACKUP_START:
  case VLS_BACKUP_SELF:
  case VLS_BACKUP_SETTING:
  case VLS_BACKUP_END: break;
  }
  return VLS_OK;
}

/* --- the key of the words --- */

bool vls_backup_key_get(vls_store *store, uint8_t ret_key[32]) {
  sqlite3_stmt *q = vls_sql(store, "SELECT key FROM backup");
  bool found = vls_sql_row(store, q);
  memset(ret_key, 0, 32);
  if (found) vls_sql_get_fix(store, q, 0, ret_key, 32);
  vls_sql_done(q);
  return found;
}

uint64_t vls_backup_key_since(vls_store *store) {
  return vls_sql_one(store, vls_sql(store, "SELECT coalesce(max(since), 0) FROM backup"));
}

void vls_backup_key_put(vls_store *store, const uint8_t key[32], uint64_t now_ms) {
  sqlite3_stmt *q = vls_sql_write(store, "INSERT OR REPLACE INTO backup(one,key,since) "
                                         "VALUES(1,?,?)");
  vls_sql_blob(q, 1, vls_slice_of(key, 32));
  vls_sql_int(q, 2, now_ms);
  vls_sql_run(store, q);
}

uint64_t vls_backup_last(vls_store *store) {
  return vls_floor(store, "backup");
}

void vls_backup_mark_made(vls_store *store, uint64_t now_ms) {
  vls_floor_raise(store, "backup", now_ms);
}
