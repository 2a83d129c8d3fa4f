/* The tables, and every step from an older store to this one. user_version counts the steps done.
 */
#include <stdio.h>

#include "store/sql.h"

/* Step n brings version n to n + 1. A released step never changes; a new one is added below it. */
static const char *const steps[] = {
    /* 0 -> 1: the first schema */
    "CREATE TABLE self(one INTEGER PRIMARY KEY CHECK(one = 1), name TEXT NOT NULL,"
    "  identity BLOB NOT NULL, device BLOB NOT NULL, dh BLOB NOT NULL, cert BLOB NOT NULL,"
    "  card_seq INTEGER NOT NULL, card BLOB NOT NULL);"
    "CREATE TABLE own_card(seq INTEGER PRIMARY KEY, card BLOB NOT NULL);"
    "CREATE TABLE prekey(id INTEGER PRIMARY KEY, priv BLOB NOT NULL, signed BLOB NOT NULL,"
    "  created INTEGER NOT NULL);"
    "CREATE TABLE invite(id INTEGER PRIMARY KEY, opk BLOB NOT NULL, secret BLOB NOT NULL,"
    "  expires INTEGER NOT NULL, name TEXT NOT NULL, state INTEGER NOT NULL,"
    "  contact INTEGER NOT NULL);"
    "CREATE TABLE contact(id INTEGER PRIMARY KEY, identity BLOB NOT NULL UNIQUE,"
    "  name TEXT NOT NULL, fold BLOB NOT NULL UNIQUE, claim TEXT NOT NULL, state INTEGER NOT NULL,"
    "  verified INTEGER NOT NULL, blocked INTEGER NOT NULL, card BLOB NOT NULL,"
    "  card_seq INTEGER NOT NULL, psk BLOB NOT NULL, knock BLOB NOT NULL, psk2 BLOB NOT NULL,"
    "  knock2 BLOB NOT NULL, link BLOB NOT NULL,"
    "  created INTEGER NOT NULL, last_seen INTEGER NOT NULL, problem TEXT NOT NULL);"
    "CREATE TABLE talk(contact INTEGER PRIMARY KEY, out_seq INTEGER NOT NULL, out_prev BLOB NOT "
    "NULL,"
    "  delivered INTEGER NOT NULL, seen INTEGER NOT NULL, read_n INTEGER NOT NULL,"
    "  read_seq INTEGER NOT NULL, card_sent INTEGER NOT NULL);"
    "CREATE TABLE chain(contact INTEGER NOT NULL, device BLOB NOT NULL, number INTEGER NOT NULL,"
    "  seq INTEGER NOT NULL, head BLOB NOT NULL, PRIMARY KEY(contact, device)) WITHOUT ROWID;"
    "CREATE TABLE session(contact INTEGER NOT NULL, th BLOB NOT NULL, device BLOB NOT NULL,"
    "  state BLOB NOT NULL, created INTEGER NOT NULL, PRIMARY KEY(contact, th)) WITHOUT ROWID;"
    "CREATE TABLE skipped(contact INTEGER NOT NULL, th BLOB NOT NULL, chain INTEGER NOT NULL,"
    "  n INTEGER NOT NULL, mk BLOB NOT NULL, at INTEGER NOT NULL,"
    "  PRIMARY KEY(contact, th, chain, n)) WITHOUT ROWID;"
    "CREATE TABLE event(n INTEGER PRIMARY KEY, contact INTEGER NOT NULL, device INTEGER NOT NULL,"
    "  seq INTEGER NOT NULL, header BLOB NOT NULL, sig BLOB NOT NULL);"
    "CREATE UNIQUE INDEX event_seq ON event(contact, device, seq);"
    "CREATE TABLE message(n INTEGER PRIMARY KEY, contact INTEGER NOT NULL, state INTEGER NOT NULL,"
    "  device INTEGER NOT NULL, seq INTEGER NOT NULL, idx INTEGER NOT NULL, stamp INTEGER NOT "
    "NULL, at INTEGER NOT NULL,"
    "  body TEXT NOT NULL);"
    "CREATE INDEX message_contact ON message(contact);"
    "CREATE INDEX message_queued ON message(contact, n) WHERE state = 0;"
    "CREATE TABLE outbox(contact INTEGER NOT NULL, seq INTEGER NOT NULL, first INTEGER NOT NULL,"
    "  last INTEGER NOT NULL, at INTEGER NOT NULL, extra BLOB NOT NULL, record BLOB,"
    "  PRIMARY KEY(contact, seq)) WITHOUT ROWID;"
    "CREATE TABLE early(contact INTEGER NOT NULL, id BLOB NOT NULL, record BLOB NOT NULL,"
    "  at INTEGER NOT NULL, PRIMARY KEY(contact, id));"
    "CREATE TABLE aside(id BLOB PRIMARY KEY, contact INTEGER NOT NULL, why TEXT NOT NULL,"
    "  bytes INTEGER NOT NULL, at INTEGER NOT NULL);"
    "CREATE TABLE feed(c INTEGER PRIMARY KEY, type INTEGER NOT NULL, contact INTEGER NOT NULL,"
    "  first INTEGER NOT NULL, last INTEGER NOT NULL, at INTEGER NOT NULL, text TEXT NOT NULL);"
    "CREATE TABLE floor(name TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE consumer(name TEXT PRIMARY KEY, cursor INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE sent(cid TEXT PRIMARY KEY, reply BLOB NOT NULL, at INTEGER NOT NULL) WITHOUT "
    "ROWID;"
    "CREATE TABLE knock(n INTEGER PRIMARY KEY, nonce BLOB NOT NULL UNIQUE, at INTEGER NOT NULL);",
    /* 1 -> 2: devices this citizen had before; which texts an event holds, so that it can be made
     * again */
    "CREATE TABLE own_key(number INTEGER PRIMARY KEY, sign BLOB NOT NULL UNIQUE, dh BLOB NOT NULL,"
    "  until INTEGER NOT NULL);"
    "CREATE TABLE own_chain(contact INTEGER NOT NULL, number INTEGER NOT NULL, seq INTEGER NOT "
    "NULL,"
    "  head BLOB NOT NULL, proved INTEGER NOT NULL, asked INTEGER NOT NULL,"
    "  PRIMARY KEY(contact, number)) WITHOUT ROWID;"
    "CREATE INDEX message_held ON message(contact, n) WHERE state = 7;"
    "ALTER TABLE event ADD COLUMN first INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE event ADD COLUMN last INTEGER NOT NULL DEFAULT 0;",
    /* the seq of a record that came early, so that it is found when its turn comes */
    "ALTER TABLE early ADD COLUMN device BLOB;"
    "ALTER TABLE early ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;"
    "CREATE UNIQUE INDEX early_seq ON early(contact, device, seq) WHERE seq > 0;"
    "CREATE INDEX early_old ON early(contact) WHERE seq = 0;",
    /* the key that the recovery words gave */
    ("CREATE TABLE backup(one INTEGER PRIMARY KEY CHECK(one = 1), key BLOB NOT NULL,"
     "  since INTEGER NOT NULL);"),
    /* slots of the vault whose keys may have to be replaced; what there is now is in clear */
    ("CREATE TABLE spent(slot INTEGER PRIMARY KEY, parts INTEGER NOT NULL);"
     "INSERT INTO spent VALUES(0, 3);"
     "INSERT OR IGNORE INTO spent SELECT contact, 3 FROM session;"
     "INSERT OR IGNORE INTO spent SELECT contact, 3 FROM skipped;"),
    /* what a store that was damaged lost */
    ("CREATE TABLE salvage(n INTEGER PRIMARY KEY, at INTEGER NOT NULL, pages INTEGER NOT NULL,"
     "  lost_pages INTEGER NOT NULL, rows INTEGER NOT NULL, lost_rows INTEGER NOT NULL,"
     "  texts INTEGER NOT NULL, lost_texts INTEGER NOT NULL, lost_contacts INTEGER NOT NULL,"
     "  counted INTEGER NOT NULL, renew INTEGER NOT NULL);"),
    /* what a device of a contact has here */
    ("ALTER TABLE chain ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;"
     "UPDATE chain SET bytes=(SELECT coalesce(sum(512+length(header)),0) FROM event WHERE "
     "  contact=chain.contact AND device=chain.number)+(SELECT coalesce(sum(64+length(CAST(body AS "
     "  BLOB))),0) FROM message WHERE contact=chain.contact AND state=4 AND device=chain.number);"),
    /* where the texts of older events are; 0, 1: they have none */
    ("UPDATE event SET first=m.f, last=m.l FROM (SELECT contact AS c, device AS d, seq AS s, "
     "min(n) "
     "  AS f, max(n) AS l FROM message WHERE seq>0 GROUP BY contact, device, seq) AS m WHERE "
     "  first=0 AND contact=m.c AND device=m.d AND seq=m.s;"
     "UPDATE event SET last=1 WHERE first=0;"),
    /* groups; a contact may be somebody of whom no more is known than a group we share */
    ("CREATE TABLE grp(id INTEGER PRIMARY KEY, gid BLOB NOT NULL UNIQUE, name TEXT NOT NULL,"
     "  fold BLOB NOT NULL UNIQUE, state INTEGER NOT NULL, via INTEGER NOT NULL,"
     "  read_n INTEGER NOT NULL, created INTEGER NOT NULL, link BLOB NOT NULL,"
     "  problem TEXT NOT NULL);"
     "CREATE TABLE grow(grp INTEGER NOT NULL, kind INTEGER NOT NULL, key BLOB NOT NULL,"
     "  part INTEGER NOT NULL, place INTEGER NOT NULL, value BLOB NOT NULL,"
     "  PRIMARY KEY(grp, kind, key)) WITHOUT ROWID;"
     "CREATE TABLE gkey(grp INTEGER NOT NULL, part INTEGER NOT NULL, page INTEGER NOT NULL,"
     "  used INTEGER NOT NULL, keys BLOB NOT NULL, PRIMARY KEY(grp, part, page)) WITHOUT ROWID;"
     "CREATE TABLE gdevice(grp INTEGER NOT NULL, number INTEGER NOT NULL, device BLOB NOT NULL,"
     "  author INTEGER NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY(grp, number)) WITHOUT ROWID;"
     "CREATE UNIQUE INDEX gdevice_device ON gdevice(grp, device);"
     "CREATE TABLE gevent(n INTEGER PRIMARY KEY, grp INTEGER NOT NULL, id BLOB NOT NULL,"
     "  tag INTEGER NOT NULL, device INTEGER NOT NULL, seq INTEGER NOT NULL, act INTEGER NOT NULL,"
     "  first INTEGER NOT NULL, last INTEGER NOT NULL, at INTEGER NOT NULL, bytes BLOB NOT NULL);"
     "CREATE INDEX gevent_tag ON gevent(grp, tag);"
     "CREATE INDEX gevent_seq ON gevent(grp, device, seq);"
     "CREATE INDEX gevent_act ON gevent(grp, act, n);"
     "CREATE TABLE grecord(n INTEGER PRIMARY KEY, grp INTEGER NOT NULL, id BLOB NOT NULL,"
     "  tag INTEGER NOT NULL, event INTEGER NOT NULL, at INTEGER NOT NULL, record BLOB NOT NULL);"
     "CREATE INDEX grecord_tag ON grecord(grp, tag);"
     "CREATE INDEX grecord_n ON grecord(grp, n, id);"
     "CREATE TABLE gwrap(grp INTEGER NOT NULL, id BLOB NOT NULL, at INTEGER NOT NULL,"
     "  wraps BLOB NOT NULL, PRIMARY KEY(grp, id));"
     "CREATE TABLE gnote(grp INTEGER NOT NULL, what INTEGER NOT NULL, who BLOB NOT NULL,"
     "  version INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY(grp, what, who)) WITHOUT ROWID;"
     "CREATE TABLE gmark(grp INTEGER NOT NULL, device BLOB NOT NULL, mark BLOB NOT NULL,"
     "  n INTEGER NOT NULL, PRIMARY KEY(grp, device)) WITHOUT ROWID;"
     "CREATE TABLE gask(grp INTEGER NOT NULL, identity BLOB NOT NULL, at INTEGER NOT NULL,"
     "  ask BLOB NOT NULL, PRIMARY KEY(grp, identity)) WITHOUT ROWID;"
     "CREATE TABLE gdue(n INTEGER PRIMARY KEY, grp INTEGER NOT NULL, contact INTEGER NOT NULL,"
     "  kind INTEGER NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL);"
     "CREATE INDEX gdue_kind ON gdue(kind, contact, n);"
     "CREATE TABLE greport(n INTEGER PRIMARY KEY, grp INTEGER NOT NULL, who INTEGER NOT NULL,"
     "  event BLOB NOT NULL, at INTEGER NOT NULL, report BLOB NOT NULL,"
     "  UNIQUE(grp, who, event));"
     "ALTER TABLE message ADD COLUMN author INTEGER NOT NULL DEFAULT 0;"
     "ALTER TABLE message ADD COLUMN item INTEGER NOT NULL DEFAULT 0;"
     /* what is said about texts */
     "ALTER TABLE message ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;"
     "CREATE TABLE remark(n INTEGER PRIMARY KEY, talk INTEGER NOT NULL, kind INTEGER NOT NULL,"
     "  state INTEGER NOT NULL, author INTEGER NOT NULL, stamp INTEGER NOT NULL,"
     "  tie INTEGER NOT NULL, item BLOB NOT NULL, seq INTEGER NOT NULL, about INTEGER NOT NULL);"
     "CREATE INDEX message_item ON message(item) WHERE item>0;"
     "CREATE INDEX remark_talk ON remark(talk);"
     "CREATE INDEX remark_about ON remark(about, kind, state, author, stamp);"
     "CREATE INDEX remark_reply ON remark(about) WHERE kind=16;"
     "CREATE INDEX remark_waits ON remark(talk, item) WHERE state=0;"),
};

enum {
  VERSION = sizeof steps / sizeof steps[0],
  VERSION_MAX = 1000, /* no newer valised will count so far: what says so is damaged */
};

static int user_version(vls_store *store) {
  sqlite3_stmt *q = NULL;
  int version = -1;
  if (sqlite3_prepare_v2(store->db, "PRAGMA user_version", -1, &q, NULL) == SQLITE_OK &&
      sqlite3_step(q) == SQLITE_ROW)
    version = sqlite3_column_int(q, 0);
  sqlite3_finalize(q);
  return version;
}

static int run_step(vls_store *store, int version) {
  char set[64];
  snprintf(set, sizeof set, "PRAGMA user_version=%d", version + 1);
  int code = sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
  if (code == SQLITE_OK) code = sqlite3_exec(store->db, steps[version], NULL, NULL, NULL);
  if (code == SQLITE_OK) code = sqlite3_exec(store->db, set, NULL, NULL, NULL);
  if (code == SQLITE_OK) code = sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL);
  return code;
}

vls_err vls_schema_migrate(vls_store *store) {
  int version = user_version(store);
  if (version < 0 || version > VERSION_MAX) {
    vls_sql_fail(store, SQLITE_CORRUPT, "reading the version of the store");
    return store->error;
  }
  if (version > VERSION) return VLS_NEWER;
  for (; version < VERSION && store->error == VLS_OK; version++) {
    int code = run_step(store, version);
    if (code == SQLITE_ERROR) code = SQLITE_CORRUPT; /* its tables are not those of its version */
    if (code != SQLITE_OK) vls_sql_fail(store, code, "bringing the store to this version");
  }
  return store->error;
}
