/* The store of a node as the first version of valised would have it: its tables, and what is in
 * them of ours. */
#include "store/sql.h"
#include "world.h"

enum { COLUMNS = 512 /* bytes of a list */ };

/* As it was released. */
static const char schema[] =
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
    "CREATE TABLE knock(n INTEGER PRIMARY KEY, nonce BLOB NOT NULL UNIQUE, at INTEGER NOT NULL);";

static void must(sim_world *w, sqlite3 *db, int code, int wanted) {
  sim_expect(w, code == wanted, "the simulator itself: an old store: %s", sqlite3_errmsg(db));
}

static void run(sim_world *w, sqlite3 *db, const char *sql) {
  must(w, db, sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* The columns that the table had then, and how many. */
static int columns_of(sim_world *w, sqlite3 *db, const char *table, char ret[COLUMNS]) {
  sqlite3_stmt *q;
  int n = 0;
  size_t at = 0;
  must(w, db, sqlite3_prepare_v2(db, "SELECT name FROM pragma_table_info(?)", -1, &q, NULL),
       SQLITE_OK);
  sqlite3_bind_text(q, 1, table, -1, SQLITE_STATIC);
  for (; sqlite3_step(q) == SQLITE_ROW; n++)
    at += (size_t)snprintf(ret + at, COLUMNS - at, "%s%s", n > 0 ? "," : "",
                           (const char *)sqlite3_column_text(q, 0));
  sqlite3_finalize(q);
  return n;
}

static void copy_table(sim_world *w, sqlite3 *from, sqlite3 *to, const char *table) {
  char columns[COLUMNS], sql[2 * COLUMNS];
  sqlite3_stmt *rows, *insert;
  int n = columns_of(w, to, table, columns), code;
  snprintf(sql, sizeof sql, "SELECT %s FROM %s", columns, table);
  must(w, from, sqlite3_prepare_v2(from, sql, -1, &rows, NULL), SQLITE_OK);
  int at = snprintf(sql, sizeof sql, "INSERT INTO %s(%s) VALUES(?", table, columns);
  for (int i = 1; i < n; i++)
    at += snprintf(sql + at, sizeof sql - (size_t)at, ",?");
  snprintf(sql + at, sizeof sql - (size_t)at, ")");
  must(w, to, sqlite3_prepare_v2(to, sql, -1, &insert, NULL), SQLITE_OK);
  while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
    for (int i = 0; i < n; i++)
      sqlite3_bind_value(insert, i + 1, sqlite3_column_value(rows, i));
    must(w, to, sqlite3_step(insert), SQLITE_DONE);
    sqlite3_reset(insert);
  }
  must(w, from, code, SQLITE_DONE);
  sqlite3_finalize(rows);
  sqlite3_finalize(insert);
}

void sim_store_as_first(sim_world *w, sim_node *node) {
  sqlite3 *db;
  sqlite3_stmt *tables;
  sim_store_settle_in(w, node, SIM_STORE_PLAIN);
  disk_fate *fate = w->disk.d->fate;
  w->disk.d->fate = NULL; /* whoever wrote it then had no bad day */
  must(w, NULL, sqlite3_open(node->place.file, &db), SQLITE_OK);
  run(w, db, "PRAGMA locking_mode=EXCLUSIVE");
  run(w, db, "PRAGMA journal_mode=WAL");
  run(w, db, schema);
  run(w, db, "PRAGMA user_version=1");
  must(w, db,
       sqlite3_prepare_v2(db, "SELECT name FROM sqlite_schema WHERE type='table'", -1, &tables,
                          NULL),
       SQLITE_OK);
  while (sqlite3_step(tables) == SQLITE_ROW)
    copy_table(w, node->store->db, db, (const char *)sqlite3_column_text(tables, 0));
  sqlite3_finalize(tables);
  must(w, db, sqlite3_close(db), SQLITE_OK);
  disk_settle(w->disk.d);
  w->disk.d->fate = fate;
  vls_store_close(node->store);
  node->store = NULL;
}
