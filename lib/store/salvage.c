#include "store/salvage.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "store/pages.h"
#include "store/sql.h"
#include "store/walk.h"

enum {
  TABLES_MAX = 64,
  NAME_ROOM = 64,
  SQL_ROOM = 2048,
  ROWS_PER_COMMIT = 4096,
  SCHEMA_ROOT = 1,
};

typedef struct column {
  char name[NAME_ROOM];
  vls_value_kind kind;
  bool may_be_null;
  size_t size; /* of a key; 0: any */
  bool may_be_sealed;
} column;

typedef struct table {
  char name[NAME_ROOM];
  bool has_rowid, is_hit, is_renewing;
  int alias; /* the column that is the row id; -1: none */
  int n;
  column columns[VLS_ROW_COLUMNS];
  int stored[VLS_ROW_COLUMNS]; /* the column of each value of a row */
  uint32_t root;               /* 0: nobody knows */
  sqlite3_stmt *insert;
  size_t n_insert; /* values of it */
} table;

typedef struct salvage {
  vls_pages *from;
  vls_store *to;
  vls_salvage_report *report;
  uint8_t *seen;
  table *tables;
  size_t n_tables;
  uint32_t texts_root; /* of the index over the texts of each contact; 0 */
  uint64_t since_commit;
} salvage;

/* Rows that would be refused when they are read: a store in clear cannot tell a changed byte. */
static const struct {
  const char *table, *column;
  size_t size;
} keys[] = {
    {"self", "identity", 32},    {"self", "device", 32},    {"self", "dh", 32},
    {"contact", "identity", 32}, {"contact", "psk", 32},    {"contact", "knock", 32},
    {"contact", "psk2", 32},     {"contact", "knock2", 32}, {"talk", "out_prev", 32},
    {"chain", "device", 32},     {"chain", "head", 32},     {"session", "th", 32},
    {"session", "device", 32},   {"skipped", "th", 32},     {"skipped", "mk", 32},
    {"event", "sig", 64},        {"early", "id", 32},       {"own_key", "sign", 32},
    {"own_key", "dh", 32},       {"own_chain", "head", 32}, {"invite", "opk", 32},
    {"invite", "secret", 32},    {"prekey", "priv", 32},    {"backup", "key", 32},
    {"knock", "nonce", 24},      {"grp", "gid", 32},        {"gdevice", "device", 32},
    {"gevent", "id", 32},        {"grecord", "id", 32},     {"gwrap", "id", 32},
    {"gnote", "who", 32},        {"gmark", "device", 32},   {"gmark", "mark", 16},
    {"gask", "identity", 32},    {"greport", "event", 32},  {"remark", "item", 32},
};

/* What is gone of these is history, and nothing that is said from now on depends on it. */
static const char *const history[] = {"message", "event",  "feed",    "aside",   "knock",
                                      "sent",    "gevent", "grecord", "gwrap",   "gnote",
                                      "gmark",   "gask",   "gdue",    "greport", "remark"};

/* --- the tables of this version --- */

static void copy_name(char out[NAME_ROOM], vls_slice s) {
  snprintf(out, NAME_ROOM, "%.*s", (int)s.n, (const char *)s.p);
}

static void learn_size(const char *name, column *c) {
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    if (strcmp(keys[i].table, name) != 0 || strcmp(keys[i].column, c->name) != 0) continue;
    c->size = keys[i].size;
    c->may_be_sealed = strcmp(c->name, "mk") == 0 || strcmp(c->name, "opk") == 0 ||
                       strcmp(c->name, "priv") == 0; /* under keys of the vault */
  }
}

static bool has_size(const column *c, size_t n) {
  return c->size == 0 || n == c->size || (c->may_be_sealed && n == c->size + VLS_VAULT_EXTRA);
}

/* Where rows have no id of their own, what they are found by stands first in them. */
static void learn_order(table *t, const int *rank) {
  int n = 0;
  for (int k = 1; !t->has_rowid && k <= t->n; k++)
    for (int i = 0; i < t->n; i++)
      if (rank[i] == k) t->stored[n++] = i;
  for (int i = 0; i < t->n; i++)
    if (t->has_rowid || rank[i] == 0) t->stored[n++] = i;
}

static void learn_columns(vls_store *store, table *t) {
  int rank[VLS_ROW_COLUMNS] = {0}, ranked = 0;
  sqlite3_stmt *q =
      vls_sql_once(store, "SELECT name, type, \"notnull\", pk FROM pragma_table_info(?)");
  vls_sql_text(q, 1, vls_slice_str(t->name));
  while (t->n < VLS_ROW_COLUMNS && vls_sql_row(store, q)) {
    column *c = &t->columns[t->n];
    vls_slice type = vls_sql_get_blob(q, 1);
    copy_name(c->name, vls_sql_get_blob(q, 0));
    c->kind = vls_slice_eq(type, vls_slice_str("INTEGER")) ? VLS_VALUE_INT
              : vls_slice_eq(type, vls_slice_str("TEXT"))  ? VLS_VALUE_TEXT
                                                           : VLS_VALUE_BLOB;
    c->may_be_null = vls_sql_get_int(q, 2) == 0;
    learn_size(t->name, c);
    rank[t->n] = (int)vls_sql_get_int(q, 3);
    if (rank[t->n] > 0) ranked++;
    t->n++;
  }
  sqlite3_finalize(q);
  t->alias = -1;
  for (int i = 0; i < t->n; i++)
    if (t->has_rowid && ranked == 1 && rank[i] == 1 && t->columns[i].kind == VLS_VALUE_INT)
      t->alias = i;
  learn_order(t, rank);
}

static bool is_history(const char *name) {
  for (size_t i = 0; i < sizeof history / sizeof history[0]; i++)
    if (strcmp(history[i], name) == 0) return true;
  return false;
}

static void learn_tables(salvage *s) {
  sqlite3_stmt *q =
      vls_sql_once(s->to, "SELECT name, sql LIKE '%WITHOUT ROWID%' FROM sqlite_schema "
                          "WHERE type='table' AND name NOT LIKE 'sqlite%' ORDER BY name");
  while (s->n_tables < TABLES_MAX && vls_sql_row(s->to, q)) {
    table *t = &s->tables[s->n_tables++];
    copy_name(t->name, vls_sql_get_blob(q, 0));
    t->has_rowid = vls_sql_get_int(q, 1) == 0;
    t->is_renewing = !is_history(t->name);
  }
  sqlite3_finalize(q);
  for (size_t i = 0; i < s->n_tables; i++)
    learn_columns(s->to, &s->tables[i]);
}

static table *find_table(salvage *s, vls_slice name) {
  for (size_t i = 0; i < s->n_tables; i++)
    if (vls_slice_eq(name, vls_slice_str(s->tables[i].name))) return &s->tables[i];
  return NULL;
}

/* --- one row --- */

/* Whether a row can be one of this table's. Rows from before a column was added have fewer. */
static bool fits(const table *t, const vls_tree_row *row) {
  if (row->n == 0 || row->n > (size_t)t->n) return false;
  for (size_t i = 0; i < row->n; i++) {
    const column *c = &t->columns[t->stored[i]];
    const vls_value *v = &row->value[i];
    if (t->stored[i] == t->alias || (v->kind == VLS_VALUE_NULL && c->may_be_null)) {
      if (v->kind != VLS_VALUE_NULL) return false;
      continue;
    }
    if (v->kind != c->kind || !has_size(c, v->bytes.n)) return false;
    if (v->kind == VLS_VALUE_TEXT && !vls_utf8_ok(v->bytes)) return false;
  }
  return true;
}

/* INSERT of n values; those that came later have their standard. */
static void prepare_insert(salvage *s, table *t, size_t n) {
  char sql[SQL_ROOM];
  bool adds_rowid = t->has_rowid && t->alias < 0;
  sqlite3_finalize(t->insert);
  int len = snprintf(sql, sizeof sql, "INSERT OR IGNORE INTO \"%s\"(", t->name);
  for (size_t i = 0; i < n; i++)
    len += snprintf(sql + len, sizeof sql - (size_t)len, "%s\"%s\"", i > 0 ? "," : "",
                    t->columns[t->stored[i]].name);
  len += snprintf(sql + len, sizeof sql - (size_t)len, "%s) VALUES(?", adds_rowid ? ",rowid" : "");
  for (size_t i = 1; i < n + adds_rowid; i++)
    len += snprintf(sql + len, sizeof sql - (size_t)len, ",?");
  snprintf(sql + len, sizeof sql - (size_t)len, ")");
  t->insert = vls_sql_once(s->to, sql);
  t->n_insert = n;
}

static void bind(sqlite3_stmt *q, int at, const vls_value *v) {
  if (v->kind == VLS_VALUE_INT) sqlite3_bind_int64(q, at, v->n);
  if (v->kind == VLS_VALUE_TEXT) vls_sql_text(q, at, v->bytes);
  if (v->kind == VLS_VALUE_BLOB) vls_sql_blob(q, at, v->bytes);
}

/* False: it is no row of this table, or one that was here before. */
static bool put_row(salvage *s, table *t, const vls_tree_row *row) {
  if (!fits(t, row)) return false;
  vls_sql_begin(s->to);
  if (t->insert == NULL || t->n_insert != row->n) prepare_insert(s, t, row->n);
  if (t->insert == NULL) return false;
  for (size_t i = 0; i < row->n; i++) {
    if (t->stored[i] == t->alias)
      sqlite3_bind_int64(t->insert, (int)i + 1, row->rowid);
    else
      bind(t->insert, (int)i + 1, &row->value[i]);
  }
  if (t->has_rowid && t->alias < 0) sqlite3_bind_int64(t->insert, (int)row->n + 1, row->rowid);
  vls_sql_run(s->to, t->insert);
  bool put = s->to->error == VLS_OK && sqlite3_changes(s->to->db) > 0;
  if (put) s->report->rows++;
  if (++s->since_commit % ROWS_PER_COMMIT == 0 && vls_store_commit(s->to) != VLS_OK) return false;
  return put;
}

/* --- trees --- */

/* The roots, from the store's own list of its tables and indexes. */
static void find_roots(salvage *s) {
  vls_walk walk;
  vls_tree_row row;
  vls_walk_init(&walk, s->from, s->seen, SCHEMA_ROOT, false);
  while (vls_walk_next(&walk, &row)) {
    if (row.n < 4 || row.value[0].kind != VLS_VALUE_TEXT || row.value[1].kind != VLS_VALUE_TEXT ||
        row.value[3].kind != VLS_VALUE_INT || row.value[3].n <= 0 ||
        row.value[3].n > (int64_t)vls_pages_count(s->from))
      continue;
    uint32_t root = (uint32_t)row.value[3].n;
    table *t = find_table(s, row.value[1].bytes);
    if (t != NULL && vls_slice_eq(row.value[0].bytes, vls_slice_str("table")))
      t->root = root;
    else if (vls_slice_eq(row.value[1].bytes, vls_slice_str("message_contact")))
      s->texts_root = root;
  }
  if (walk.lost_pages + walk.lost_cells > 0) s->report->renew = true;
  s->report->lost_pages += walk.lost_pages;
  vls_walk_done(&walk);
}

static void copy_tree(salvage *s, table *t) {
  vls_walk walk;
  vls_tree_row row;
  vls_walk_init(&walk, s->from, s->seen, t->root, !t->has_rowid);
  while (s->to->error == VLS_OK && vls_walk_next(&walk, &row))
    if (!put_row(s, t, &row)) walk.lost_cells++;
  if (walk.lost_pages + walk.lost_cells > 0) t->is_hit = true;
  s->report->lost_pages += walk.lost_pages;
  s->report->lost_rows += walk.lost_cells;
  vls_walk_done(&walk);
}

/* The only table that every row of this page may be of; NULL when there is none, or more than one.
 */
static table *table_of(salvage *s, uint32_t page) {
  bool may[TABLES_MAX] = {false};
  vls_walk walk;
  vls_tree_row row;
  size_t bytes = (size_t)vls_pages_count(s->from) / 8 + 1, n = 0;
  uint8_t *seen = vls_calloc(bytes, 1); /* what this look marks, the copying must find free */
  memcpy(seen, s->seen, bytes);
  bool is_leaf = vls_walk_init_leaf(&walk, s->from, seen, page);
  for (size_t i = 0; is_leaf && i < s->n_tables; i++)
    may[i] = s->tables[i].is_hit && s->tables[i].has_rowid == !walk.is_index;
  while (is_leaf && vls_walk_next(&walk, &row)) {
    n++;
    for (size_t i = 0; i < s->n_tables; i++)
      may[i] = may[i] && fits(&s->tables[i], &row);
  }
  vls_walk_done(&walk);
  free(seen);
  table *found = NULL;
  for (size_t i = 0; n > 0 && i < s->n_tables; i++) {
    if (!may[i]) continue;
    if (found != NULL) return NULL;
    found = &s->tables[i];
  }
  return found;
}

/* Leaves whose way to the root is lost. */
static void copy_orphans(salvage *s) {
  vls_walk walk;
  vls_tree_row row;
  for (uint32_t page = 2; page <= vls_pages_count(s->from) && s->to->error == VLS_OK; page++) {
    if (vls_walk_has_seen(s->seen, page)) continue;
    table *t = table_of(s, page);
    if (t == NULL) continue;
    if (vls_walk_init_leaf(&walk, s->from, s->seen, page))
      while (s->to->error == VLS_OK && vls_walk_next(&walk, &row))
        if (!put_row(s, t, &row)) s->report->lost_rows++;
    s->report->lost_rows += walk.lost_cells;
    vls_walk_done(&walk);
  }
}

/* The index names every text, and whose it is: those that are not there now are lost. */
static void count_texts(salvage *s) {
  vls_walk walk;
  vls_tree_row row;
  uint64_t newest = 0;
  sqlite3_stmt *q = vls_sql_once(s->to, "SELECT 1 FROM message WHERE n=?");
  if (s->texts_root != 0) {
    vls_walk_init(&walk, s->from, s->seen, s->texts_root, true);
    while (s->to->error == VLS_OK && vls_walk_next(&walk, &row)) {
      if (row.n != 2 || row.value[1].kind != VLS_VALUE_INT || row.value[1].n <= 0) continue;
      uint64_t n = (uint64_t)row.value[1].n;
      if (n > newest) newest = n;
      vls_sql_int(q, 1, n);
      if (!vls_sql_row(s->to, q)) s->report->lost_texts++;
      vls_sql_done(q);
    }
    s->report->counted = walk.lost_pages + walk.lost_cells == 0 && !vls_pages_may_be_old(s->from);
    vls_walk_done(&walk);
  }
  sqlite3_finalize(q);
  if (newest > 0) vls_floor_raise(s->to, "message", newest);
  q = vls_sql_once(s->to, "SELECT count(*) FROM message");
  s->report->texts = vls_sql_one(s->to, q);
  sqlite3_finalize(q);
}

static void copy_all(salvage *s) {
  bool lost = false;
  find_roots(s);
  for (size_t i = 0; i < s->n_tables && s->to->error == VLS_OK; i++) {
    table *t = &s->tables[i];
    vls_sql_empty(s->to, t->name);
    if (t->root != 0)
      copy_tree(s, t);
    else
      t->is_hit = true; /* or this table is newer than the store */
    lost = lost || t->is_hit;
  }
  vls_walk_free_list(s->from, s->seen);
  if (lost && s->to->error == VLS_OK) copy_orphans(s);
  if (s->to->error == VLS_OK) count_texts(s);
}

vls_err vls_salvage_rows(const vls_salvage_conf *conf, vls_store *to, vls_salvage_report *ret) {
  salvage s = {.to = to, .report = ret};
  vls_vfs *vfs = conf->key == NULL ? NULL : vls_vfs_new(NULL, conf->key, conf->uuid, conf->seed);
  vls_err err = vls_pages_open(&s.from, vfs, conf->path);
  if (err == VLS_OK) {
    s.seen = vls_walk_seen(s.from);
    s.tables = vls_calloc(TABLES_MAX, sizeof *s.tables);
    ret->pages = vls_pages_count(s.from);
    learn_tables(&s);
    copy_all(&s);
    for (size_t i = 0; i < s.n_tables; i++) {
      const table *t = &s.tables[i];
      bool is_lost = t->is_hit && (t->root != 0 || ret->lost_pages > 0);
      if (is_lost && t->is_renewing) ret->renew = true;
      sqlite3_finalize(t->insert);
    }
    if (vls_pages_may_be_old(s.from)) ret->renew = true;
    free(s.tables);
    free(s.seen);
    err = vls_store_commit(to);
  }
  vls_pages_close(s.from);
  vls_vfs_free(vfs);
  return err;
}

bool vls_salvage_looks_plain(const char *path) {
  enum { LOOK = 64 };
  vls_pages *pages = NULL;
  vls_walk walk;
  vls_tree_row row;
  bool found = false;
  if (vls_pages_open(&pages, NULL, path) != VLS_OK) return false;
  uint8_t *seen = vls_walk_seen(pages);
  for (uint32_t i = 2; i <= LOOK && i <= vls_pages_count(pages) && !found; i++) {
    bool is_leaf = vls_walk_init_leaf(&walk, pages, seen, i);
    found = is_leaf && vls_walk_next(&walk, &row) && row.n > 1;
    vls_walk_done(&walk);
  }
  free(seen);
  vls_pages_close(pages);
  return found;
}
