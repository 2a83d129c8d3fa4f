/* The tables as rows of a backup, in the order of the file, while the node goes on. */
#include "base/assert.h"
#include "base/text.h"
#include "crypto/kdf.h"
#include "store/backup_groups.h"
#include "store/contacts.h"
#include "store/feed.h"
#include "store/groups.h"
#include "store/messages.h"
#include "store/remarks.h"
#include "store/sql.h"

void vls_backup_walk_init(vls_backup_walk *ret, vls_store *store, uint64_t now_ms) {
  *ret = (vls_backup_walk){.kind = VLS_BACKUP_FORMER, .made = now_ms};
  vls_buf_init(&ret->room, 2 * VLS_BACKUP_ROW_MAX);
  ret->contact = vls_talk_next(store) - 1;
  ret->gevent = vls_gevent_newest(store);
  ret->event = vls_sql_one(store, vls_sql(store, "SELECT coalesce(max(n), 0) FROM event"));
  ret->message = vls_message_newest(store);
  ret->feed = vls_feed_newest(store);
  ret->n_contacts = vls_sql_one(store, vls_sql(store, "SELECT count(*) FROM contact"));
  ret->n_events = vls_sql_one(store, vls_sql(store, "SELECT count(*) FROM event"));
  ret->n_messages = vls_sql_one(store, vls_sql(store, "SELECT count(*) FROM message"));
}

void vls_backup_walk_done(vls_backup_walk *walk) {
  vls_buf_done(&walk->room);
  vls_wipe(walk, sizeof *walk);
}

/* --- what a row takes from the store --- */

/* Copied, since the row outlives the statement. */
static vls_slice keep(vls_backup_walk *w, vls_slice s) {
  size_t at = w->room.n;
  vls_err err = vls_buf_put_slice(&w->room, s);
  VLS_ASSERT(err == VLS_OK && (w->room.p != NULL || s.n == 0));
  return (vls_slice){w->room.p + at, s.n};
}

static vls_slice keep_blob(vls_backup_walk *w, sqlite3_stmt *q, int col, size_t max) {
  vls_slice s = vls_sql_get_blob(q, col);
  if (s.n > max) s.n = 0;
  return keep(w, s);
}

/* Text that a reader will take: whole characters, within its bound. */
static vls_slice keep_text(vls_backup_walk *w, vls_slice s, size_t max) {
  if (s.n > max) s.n = max;
  for (size_t cut = 0; cut < 4 && s.n > 0 && !vls_utf8_ok(s); cut++)
    s.n--;
  if (!vls_utf8_ok(s)) s.n = 0;
  return keep(w, s);
}

static vls_slice keep_column(vls_backup_walk *w, sqlite3_stmt *q, int col, size_t max) {
  return keep_text(w, vls_sql_get_blob(q, col), max);
}

static uint64_t whole(sqlite3_stmt *q, int col) {
  uint64_t v = vls_sql_get_int(q, col);
  return v > INT64_MAX ? 0 : v;
}

/* Where a chain of events stood when the walk began. False: it had none then. */
static bool stood(const vls_backup_walk *w, vls_store *store, uint64_t contact, uint64_t device,
                  uint64_t *seq, uint8_t head[32]) {
  sqlite3_stmt *q = vls_sql(store, "SELECT n FROM event WHERE contact=? AND device=? AND seq=?");
  vls_sql_int(q, 1, contact);
  vls_sql_int(q, 2, device);
  vls_sql_int(q, 3, *seq);
  uint64_t n = vls_sql_one(store, q);
  if (n <= w->event) return true; /* 0: it is so old that it was forgotten */
  q = vls_sql(store, "SELECT seq, header FROM event WHERE contact=? AND device=? AND n<=? "
                     "ORDER BY seq DESC LIMIT 1");
  vls_sql_int(q, 1, contact);
  vls_sql_int(q, 2, device);
  vls_sql_int(q, 3, w->event);
  bool found = vls_sql_row(store, q);
  *seq = found ? vls_sql_get_int(q, 0) : 0;
  memset(head, 0, 32);
  if (found) vls_sha256(head, vls_sql_get_blob(q, 1));
  vls_sql_done(q);
  return found;
}

/* --- one row of each kind; false: there are no more --- */

static bool next_former(vls_backup_walk *w, vls_store *store, vls_backup_former *ret) {
  sqlite3_stmt *q = vls_sql(store, "SELECT number, sign, dh, until FROM own_key WHERE number>? "
                                   "ORDER BY number LIMIT 1");
  vls_sql_int(q, 1, w->after[0]);
  bool found = vls_sql_row(store, q);
  if (found) {
    ret->number = w->after[0] = vls_sql_get_int(q, 0);
    vls_sql_get_fix(store, q, 1, ret->sign, 32);
    vls_sql_get_fix(store, q, 2, ret->dh, 32);
    ret->until = whole(q, 3);
  }
  vls_sql_done(q);
  return found;
}

static void add_keys(vls_backup_contact *ret, const uint8_t psk[32], const uint8_t knock[32]) {
  static const uint8_t zeros[32];
  if (memcmp(psk, zeros, 32) == 0 && memcmp(knock, zeros, 32) == 0) return;
  memcpy(ret->psk[ret->n_psk++], psk, 32);
  memcpy(ret->knock[ret->n_knock++], knock, 32);
}

static void fill_talk(const vls_backup_walk *w, vls_store *store, vls_backup_contact *ret) {
  vls_talk_row talk;
  if (!vls_talk_get(store, ret->id, &talk)) return;
  if (talk.out_seq > 0) (void)stood(w, store, ret->id, 0, &talk.out_seq, talk.out_prev);
  ret->out_seq = talk.out_seq;
  memcpy(ret->out_prev, talk.out_prev, 32);
  ret->delivered = talk.delivered < talk.out_seq ? talk.delivered : talk.out_seq;
  ret->seen = talk.seen < talk.out_seq ? talk.seen : talk.out_seq;
  ret->read_n = talk.read_n < w->message ? talk.read_n : w->message;
  ret->read_seq = talk.read_seq;
}

static bool next_contact(vls_backup_walk *w, vls_store *store, vls_backup_contact *ret) {
  vls_contact_row row;
  if (!vls_contact_next(store, w->after[0], &row) || row.id > w->contact) return false;
  /* Who is a member only is so again as soon as the group says it. */
  bool member = row.state == VLS_CONTACT_MEMBER;
  *ret = (vls_backup_contact){.id = row.id,
                              .state = member ? VLS_CONTACT_REMOVED : row.state,
                              .verified = row.verified,
                              .blocked = row.blocked,
                              .card_seq = row.card_seq,
                              .created = row.created,
                              .last_seen = row.last_seen};
  w->after[0] = row.id;
  memcpy(ret->identity, row.identity, 32);
  ret->name = keep_text(w, vls_slice_str(row.name), VLS_NAME_MAX);
  ret->claim = keep_text(w, vls_slice_str(row.claim), VLS_NAME_MAX);
  ret->problem = keep_text(w, vls_slice_str(row.problem), VLS_PROBLEM_MAX);
  add_keys(ret, row.psk, row.knock);
  add_keys(ret, row.psk2, row.knock2);
  size_t at = w->room.n;
  if (vls_contact_card(store, row.id, &w->room))
    ret->card = (vls_slice){w->room.p + at, w->room.n - at};
  at = w->room.n;
  if (vls_contact_link(store, row.id, &w->room))
    ret->link = (vls_slice){w->room.p + at, w->room.n - at};
  fill_talk(w, store, ret);
  vls_wipe(&row, sizeof row);
  return true;
}

static bool next_chain(vls_backup_walk *w, vls_store *store, vls_backup_chain *ret) {
  for (;;) {
    sqlite3_stmt *q =
        vls_sql(store, "SELECT contact, device, number, seq, head FROM chain WHERE contact<=?1 AND "
                       "(contact, device)>(?2, ?3) ORDER BY contact, device LIMIT 1");
    vls_sql_int(q, 1, w->contact);
    vls_sql_int(q, 2, w->after[0]);
    vls_sql_blob(q, 3, vls_slice_of(w->after_key, w->n_after_key));
    bool found = vls_sql_row(store, q);
    if (found) {
      ret->contact = w->after[0] = vls_sql_get_int(q, 0);
      vls_sql_get_fix(store, q, 1, ret->device, 32);
      ret->number = vls_sql_get_int(q, 2);
      ret->seq = vls_sql_get_int(q, 3);
      vls_sql_get_fix(store, q, 4, ret->head, 32);
      memcpy(w->after_key, ret->device, 32);
      w->n_after_key = 32;
    }
    vls_sql_done(q);
    if (!found) return false;
    if (stood(w, store, ret->contact, ret->number, &ret->seq, ret->head)) return true;
  }
}

static bool next_own_chain(vls_backup_walk *w, vls_store *store, vls_backup_own_chain *ret) {
  sqlite3_stmt *q =
      vls_sql(store, "SELECT contact, number, seq, head, proved, asked FROM own_chain "
                     "WHERE contact<=?1 AND (contact, number)>(?2, ?3) ORDER BY "
                     "contact, number LIMIT 1");
  vls_sql_int(q, 1, w->contact);
  vls_sql_int(q, 2, w->after[0]);
  vls_sql_int(q, 3, w->after[1]);
  bool found = vls_sql_row(store, q);
  if (found) {
    ret->contact = w->after[0] = vls_sql_get_int(q, 0);
    ret->number = w->after[1] = vls_sql_get_int(q, 1);
    ret->seq = vls_sql_get_int(q, 2);
    vls_sql_get_fix(store, q, 3, ret->head, 32);
    ret->proved = whole(q, 4);
    ret->asked = vls_sql_get_int(q, 5) != 0;
  }
  vls_sql_done(q);
  if (found && ret->seq > 0) (void)stood(w, store, ret->contact, ret->number, &ret->seq, ret->head);
  return found;
}

static bool next_counters(vls_backup_walk *w, vls_store *store, vls_backup_counters *ret) {
  if (w->after[0] != 0) return false;
  w->after[0] = 1;
  uint64_t trimmed = vls_feed_trimmed(store);
  uint64_t invite = vls_floor(store, "invite");
  uint64_t newest = vls_sql_one(store, vls_sql(store, "SELECT coalesce(max(id), 0) FROM invite"));
  *ret = (vls_backup_counters){.message = w->message,
                               .feed = w->feed,
                               .trimmed = trimmed < w->feed ? trimmed : w->feed,
                               .invite = newest > invite ? newest : invite};
  return true;
}

static bool next_consumer(vls_backup_walk *w, vls_store *store, vls_backup_consumer *ret) {
  sqlite3_stmt *q =
      vls_sql(store, "SELECT name, cursor FROM consumer WHERE name>? AND "
                     "length(CAST(name AS BLOB)) BETWEEN 1 AND 32 ORDER BY name LIMIT 1");
  vls_sql_text(q, 1, vls_slice_of(w->after_key, w->n_after_key));
  bool found = vls_sql_row(store, q);
  if (found) {
    uint64_t most = w->feed << 7 | 127;
    ret->name = keep_column(w, q, 0, 32);
    ret->cursor = vls_sql_get_int(q, 1) < most ? vls_sql_get_int(q, 1) : most;
    memcpy(w->after_key, ret->name.p, ret->name.n);
    w->n_after_key = ret->name.n;
  }
  vls_sql_done(q);
  return found;
}

static bool next_feed(vls_backup_walk *w, vls_store *store, vls_backup_feed *ret) {
  sqlite3_stmt *q = vls_sql(store, "SELECT c, type, contact, first, last, at, text FROM feed WHERE "
                                   "c>? AND c<=? AND contact<=? ORDER BY c LIMIT 1");
  vls_sql_int(q, 1, w->after[0]);
  vls_sql_int(q, 2, w->feed);
  vls_sql_int(q, 3, w->contact);
  bool found = vls_sql_row(store, q);
  if (found) {
    *ret = (vls_backup_feed){.c = vls_sql_get_int(q, 0),
                             .type = vls_sql_get_int(q, 1),
                             .contact = vls_sql_get_int(q, 2),
                             .first = whole(q, 3),
                             .last = whole(q, 4),
                             .at = whole(q, 5)};
    ret->text = keep_column(w, q, 6, 1024);
    w->after[0] = ret->c;
  }
  vls_sql_done(q);
  return found;
}

static bool next_sent(vls_backup_walk *w, vls_store *store, vls_backup_sent *ret) {
  /* What came later speaks of texts that are not in this backup. */
  sqlite3_stmt *q = vls_sql(store, "SELECT cid, reply, at FROM sent WHERE cid>? AND at<? AND "
                                   "length(CAST(cid AS BLOB)) BETWEEN 1 AND 64 AND "
                                   "length(reply) BETWEEN 1 AND 65536 ORDER BY cid LIMIT 1");
  vls_sql_text(q, 1, vls_slice_of(w->after_key, w->n_after_key));
  vls_sql_int(q, 2, w->made);
  bool found = vls_sql_row(store, q);
  if (found) {
    ret->cid = keep_column(w, q, 0, 64);
    ret->reply = keep_blob(w, q, 1, 65536);
    ret->at = whole(q, 2);
    memcpy(w->after_key, ret->cid.p, ret->cid.n);
    w->n_after_key = ret->cid.n;
  }
  vls_sql_done(q);
  return found;
}

static bool next_event(vls_backup_walk *w, vls_store *store, vls_backup_event *ret) {
  sqlite3_stmt *q =
      vls_sql(store, "SELECT contact, device, seq, header, sig, first, last FROM event WHERE "
                     "contact<=?1 AND (contact, device, seq)>(?2, ?3, ?4) AND n<=?5 "
                     "ORDER BY contact, device, seq LIMIT 1");
  vls_sql_int(q, 1, w->contact);
  vls_sql_int(q, 2, w->after[0]);
  vls_sql_int(q, 3, w->after[1]);
  vls_sql_int(q, 4, w->after[2]);
  vls_sql_int(q, 5, w->event);
  bool found = vls_sql_row(store, q);
  if (found) {
    ret->contact = w->after[0] = vls_sql_get_int(q, 0);
    ret->device = w->after[1] = vls_sql_get_int(q, 1);
    ret->seq = w->after[2] = vls_sql_get_int(q, 2);
    ret->header = keep_blob(w, q, 3, vls_event_header_def.max_bytes);
    vls_sql_get_fix(store, q, 4, ret->sig, 64);
    ret->first = whole(q, 5);
    ret->last = whole(q, 6);
    if (ret->header.n == 0) vls_sql_fail(store, SQLITE_CORRUPT, "an event without a header");
  }
  vls_sql_done(q);
  return found && vls_store_error(store) == VLS_OK;
}

static bool next_message(vls_backup_walk *w, vls_store *store, vls_backup_message *ret) {
  vls_message_query query = {.after = w->after[0],
                             .before = w->message == UINT64_MAX ? 0 : w->message + 1,
                             .oldest_first = true,
                             .limit = 1};
  vls_message_row row;
  bool found = vls_message_next(store, &query, &row);
  if (found) {
    *ret = (vls_backup_message){.n = row.n,
                                .contact = row.contact,
                                .state = row.state,
                                .device = row.device,
                                .seq = row.seq,
                                .idx = row.idx,
                                .stamp = row.stamp,
                                .at = row.at > INT64_MAX ? 0 : row.at};
    ret->body = keep_text(w, row.body, VLS_TEXT_MAX);
    w->after[0] = row.n;
  }
  vls_message_end(&query);
  uint64_t seq = ret->seq;
  uint8_t head[32];
  if (found && ret->state == VLS_MSG_SENT && ret->device == 0 &&
      !(stood(w, store, ret->contact, 0, &seq, head) && seq == ret->seq)) {
    ret->state = VLS_MSG_QUEUED; /* it was signed after the walk began */
    ret->seq = ret->idx = 0;
  }
  return found;
}

static bool next_remark(vls_backup_walk *w, vls_store *store, vls_backup_remark *ret) {
  vls_remark_row row;
  if (!vls_remarks_walk(store, w->after[0], &row) || row.n > w->message) return false;
  *ret = (vls_backup_remark){.n = row.n,
                             .talk = row.talk,
                             .kind = row.kind,
                             .state = row.state,
                             .author = row.author,
                             .stamp = row.stamp,
                             .tie = row.tie,
                             .seq = row.seq,
                             .about = row.about};
  memcpy(ret->item, row.to, 32);
  w->after[0] = row.n;
  return true;
}

static bool next_of_kind(vls_backup_walk *w, vls_store *store, vls_backup_row *ret) {
  switch (w->kind) {
  case VLS_BACKUP_FORMER: return next_former(w, store, &ret->former);
  case VLS_BACKUP_CONTACT: return next_contact(w, store, &ret->contact);
  case VLS_BACKUP_CHAIN: return next_chain(w, store, &ret->chain);
  case VLS_BACKUP_OWN_CHAIN: return next_own_chain(w, store, &ret->own_chain);
  case VLS_BACKUP_COUNTERS: return next_counters(w, store, &ret->counters);
  case VLS_BACKUP_CONSUMER: return next_consumer(w, store, &ret->consumer);
  case VLS_BACKUP_FEED: return next_feed(w, store, &ret->feed);
  case VLS_BACKUP_SENT: return next_sent(w, store, &ret->sent);
  case VLS_BACKUP_EVENT: return next_event(w, store, &ret->event);
  case VLS_BACKUP_MESSAGE: return next_message(w, store, &ret->message);
  case VLS_BACKUP_REMARK: return next_remark(w, store, &ret->remark);
  case VLS_BACKUP_GROUP:
  case VLS_BACKUP_GROUP_DEVICE:
  case VLS_BACKUP_GROUP_ROW:
  case VLS_BACKUP_GROUP_EVENT:
  case VLS_BACKUP_SAID: return vls_backup_groups_next(w, store, ret);
  case VLS_BACKUP_PADDING:
  case VLS_BACKUP_START:
  case VLS_BACKUP_SELF:
  case VLS_BACKUP_SETTING: return false;
  case VLS_BACKUP_END: break;
  }
  return true;
}

void vls_backup_walk_next(vls_backup_walk *w, vls_store *store, vls_backup_row *ret) {
  for (;;) {
    vls_buf_clear(&w->room);
    /* Room at once, so that nothing moves under a slice. */
    uint8_t *room = vls_buf_grow(&w->room, 2 * VLS_BACKUP_ROW_MAX);
    VLS_ASSERT(room != NULL);
    w->room.n = 0;
    memset(ret, 0, sizeof *ret);
    ret->kind = w->kind;
    if (next_of_kind(w, store, ret)) return;
    w->kind = vls_backup_at(vls_backup_place(w->kind) + 1);
    memset(w->after, 0, sizeof w->after);
    w->n_after_key = 0;
  }
}
