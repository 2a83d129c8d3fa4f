/* What a store that was salvaged still needs, so that nothing in it contradicts the rest. */
#include <stdio.h>

#include "crypto/kdf.h"
#include "store/contacts.h"
#include "store/feed.h"
#include "store/messages.h"
#include "store/salvage.h"
#include "store/sql.h"

enum { BEYOND = 1024 }; /* numbers that may have been given on pages that are lost */

static void run(vls_store *store, const char *sql) {
  vls_sql_run(store, vls_sql_write(store, sql));
}

static uint64_t one(vls_store *store, const char *literal) {
  return vls_sql_one(store, vls_sql(store, literal));
}

#define OF_NOBODY                                                                                  \
  " WHERE contact NOT IN (SELECT id FROM contact) AND contact NOT IN (SELECT id FROM grp)"

#define OF_NO_GROUP " WHERE grp NOT IN (SELECT id FROM grp)"

/* Somebody whose texts are there, and nothing else of them. */
static void put_stand_in(vls_store *store, uint64_t id, uint64_t now_ms) {
  vls_contact_row row = {.state = VLS_CONTACT_FAILED, .created = now_ms};
  vls_buf fold;
  vls_be64_put(row.identity + 24, id);
  snprintf(row.name, sizeof row.name, "lost contact %llu", (unsigned long long)id);
  snprintf(row.problem, sizeof row.problem,
           "their name and keys were on a damaged page; what you wrote to each other is here. "
           "Ask them for a new invitation");
  vls_buf_init(&fold, VLS_FOLD_MAX);
  vls_contact_fold(&row, &fold);
  bool taken = vls_contact_by_fold(store, vls_buf_slice(&fold)) != 0;
  if (taken) vls_buf_clear(&fold);
  if (taken && vls_buf_put(&fold, row.identity, 32) != VLS_OK) return;
  vls_contact_put(store, &row, vls_buf_slice(&fold));
  vls_buf_done(&fold);
  sqlite3_stmt *q = vls_sql_write(store, "UPDATE contact SET id=? WHERE id=?");
  vls_sql_int(q, 1, id);
  vls_sql_int(q, 2, row.id);
  vls_sql_run(store, q);
}

/* Whoever the query names, until it names nobody. */
static void mend_people(vls_store *store, uint64_t now_ms, const char *sql,
                        vls_salvage_report *ret) {
  for (unsigned i = 0; i < VLS_CONTACTS_MAX; i++) {
    uint64_t id = one(store, sql);
    if (id == 0 || vls_store_error(store) != VLS_OK) break;
    put_stand_in(store, id, now_ms);
    ret->lost_contacts++;
    /* With keys that nobody has, a session goes nowhere. */
  }
}

/* What is left of a group that is lost goes, and everybody who spoke in another is somebody. */
static void mend_groups(vls_store *store, uint64_t now_ms, vls_salvage_report *ret) {
  static const char *const sql[] = {
      "DELETE FROM grow" OF_NO_GROUP,    "DELETE FROM gkey" OF_NO_GROUP,
      "DELETE FROM gdevice" OF_NO_GROUP, "DELETE FROM gevent" OF_NO_GROUP,
      "DELETE FROM gwrap" OF_NO_GROUP,   "DELETE FROM gnote" OF_NO_GROUP,
      "DELETE FROM gmark" OF_NO_GROUP,   "DELETE FROM grecord" OF_NO_GROUP,
      "DELETE FROM gask" OF_NO_GROUP,    "DELETE FROM gdue" OF_NO_GROUP,
      "DELETE FROM greport" OF_NO_GROUP,
  };
  for (size_t i = 0; i < sizeof sql / sizeof sql[0]; i++)
    run(store, sql[i]);
  mend_people(store, now_ms,
              "SELECT coalesce(min(author), 0) FROM gdevice WHERE author>0 AND author NOT IN "
              "(SELECT id FROM contact) AND author NOT IN (SELECT id FROM grp)",
              ret);
}

static void mend_contacts(vls_store *store, uint64_t now_ms, vls_salvage_report *ret) {
  mend_people(store, now_ms, "SELECT coalesce(min(contact), 0) FROM message" OF_NOBODY, ret);
  run(store, "DELETE FROM talk" OF_NOBODY);
  run(store, "DELETE FROM chain" OF_NOBODY);
  run(store, "DELETE FROM own_chain" OF_NOBODY);
  run(store, "DELETE FROM session" OF_NOBODY);
  run(store, "DELETE FROM skipped" OF_NOBODY);
  run(store, "DELETE FROM event" OF_NOBODY);
  run(store, "DELETE FROM outbox" OF_NOBODY);
  run(store, "DELETE FROM early" OF_NOBODY);
  run(store, "DELETE FROM feed" OF_NOBODY " AND contact<>0");
}

/* An event that waits to be sealed again is made of texts that must all be there, or another one
 * would come of it under the same number. Numbers of texts follow one another. */
static bool outbox_is_whole(vls_store *store) {
  return one(store, "SELECT count(*) FROM outbox o WHERE NOT EXISTS (SELECT 1 FROM event e WHERE "
                    "e.contact=o.contact AND e.device=0 AND e.seq=o.seq)") == 0 &&
         one(store, "SELECT count(*) FROM outbox o WHERE last>0 AND (SELECT count(*) FROM message "
                    "WHERE n BETWEEN o.first AND o.last)<>last-first+1") == 0;
}

static void mend_numbers(vls_store *store, const vls_salvage_report *report) {
  bool lost = report->lost_pages + report->lost_rows > 0;
  uint64_t beyond = lost ? BEYOND : 0;
  uint64_t fed = one(store, "SELECT coalesce(max(last), 0) FROM feed");
  uint64_t sent = one(store, "SELECT coalesce(max(last), 0) FROM outbox");
  uint64_t n = vls_message_newest(store);
  if (fed > n) n = fed;
  if (sent > n) n = sent;
  vls_floor_raise(store, "message", n + beyond);
  vls_floor_raise(store, "feed", vls_feed_newest(store) + beyond);
  vls_floor_raise(store, "invite", one(store, "SELECT coalesce(max(id), 0) FROM invite") + beyond);
}

void vls_salvage_mend(vls_store *store, uint64_t now_ms, vls_salvage_report *ret) {
  mend_contacts(store, now_ms, ret);
  mend_groups(store, now_ms, ret);
  mend_numbers(store, ret);
  /* The vault stays where it is. Whatever is sealed under its keys, or was, gets others soon. */
  run(store, "INSERT OR REPLACE INTO spent SELECT id, 3 FROM contact");
  run(store, "INSERT OR REPLACE INTO spent SELECT id, 3 FROM grp");
  run(store, "INSERT OR REPLACE INTO spent VALUES(0, 3)");
  if (!outbox_is_whole(store)) ret->renew = true;
  vls_chain_weigh(store);
}

bool vls_salvage_lost_chain(vls_store *store, uint64_t contact, uint64_t *ret_number) {
  sqlite3_stmt *q =
      vls_sql(store, "SELECT coalesce(min(device), 0) FROM event WHERE contact=?1 AND device>0 AND "
                     "device<?2 AND device NOT IN (SELECT number FROM chain WHERE contact=?1)");
  vls_sql_int(q, 1, contact);
  vls_sql_int(q, 2, UINT64_C(1) << 32); /* former devices of ours are counted from there */
  *ret_number = vls_sql_one(store, q);
  return *ret_number != 0;
}

void vls_salvage_chain(vls_store *store, uint64_t contact, uint64_t number,
                       const uint8_t device[32]) {
  uint8_t head[32] = {0};
  sqlite3_stmt *q =
      vls_sql(store, "SELECT coalesce(max(seq), 0) FROM event WHERE contact=? AND device=?");
  vls_sql_int(q, 1, contact);
  vls_sql_int(q, 2, number);
  uint64_t seq = vls_sql_one(store, q);
  if (!vls_event_head(store, contact, number, seq, head)) seq = 0;
  q = vls_sql_write(store, "INSERT OR IGNORE INTO chain(contact, device, number, seq, head) "
                           "VALUES(?,?,?,?,?)");
  vls_sql_int(q, 1, contact);
  vls_sql_blob(q, 2, vls_slice_of(device, 32));
  vls_sql_int(q, 3, number);
  vls_sql_int(q, 4, seq);
  vls_sql_blob(q, 5, vls_slice_of(head, 32));
  vls_sql_run(store, q);
}

void vls_salvage_put(vls_store *store, const vls_salvage_report *r, uint64_t at_ms) {
  sqlite3_stmt *q = vls_sql_write(store, "INSERT INTO salvage(at, pages, lost_pages, rows, "
                                         "lost_rows, texts, lost_texts, lost_contacts, counted, "
                                         "renew) VALUES(?,?,?,?,?,?,?,?,?,?)");
  vls_sql_int(q, 1, at_ms);
  vls_sql_int(q, 2, r->pages);
  vls_sql_int(q, 3, r->lost_pages);
  vls_sql_int(q, 4, r->rows);
  vls_sql_int(q, 5, r->lost_rows);
  vls_sql_int(q, 6, r->texts);
  vls_sql_int(q, 7, r->lost_texts);
  vls_sql_int(q, 8, r->lost_contacts);
  vls_sql_int(q, 9, r->counted);
  vls_sql_int(q, 10, r->renew);
  vls_sql_run(store, q);
}

bool vls_salvage_last(vls_store *store, vls_salvage_report *ret, uint64_t *ret_at_ms) {
  sqlite3_stmt *q = vls_sql(store, "SELECT at, pages, lost_pages, rows, lost_rows, texts, "
                                   "lost_texts, lost_contacts, counted, renew FROM salvage "
                                   "ORDER BY n DESC LIMIT 1");
  bool found = vls_sql_row(store, q);
  if (found) {
    *ret_at_ms = vls_sql_get_int(q, 0);
    *ret = (vls_salvage_report){.pages = vls_sql_get_int(q, 1),
                                .lost_pages = vls_sql_get_int(q, 2),
                                .rows = vls_sql_get_int(q, 3),
                                .lost_rows = vls_sql_get_int(q, 4),
                                .texts = vls_sql_get_int(q, 5),
                                .lost_texts = vls_sql_get_int(q, 6),
                                .lost_contacts = vls_sql_get_int(q, 7),
                                .counted = vls_sql_get_int(q, 8) != 0,
                                .renew = vls_sql_get_int(q, 9) != 0};
  }
  vls_sql_done(q);
  return found;
}
