#include "store/group_rows.h"

#include "base/assert.h"
#include "crypto/seal.h"
#include "store/sql.h"
#include "store/vault_rows.h"

enum {
  PAGE_BYTES = VLS_GKEY_KEYS * 32,
  PAGE_FULL = (1 << VLS_GKEY_KEYS) - 1,
  AD_MAX = 16 + 8 + 1 + VLS_GROW_KEY_MAX,
};

/* The keys of some rows. A place is 1 + page * VLS_GKEY_KEYS + the bit in `used`. */
typedef struct keys {
  uint64_t grp, page, used;
  vls_grow_part part;
  uint8_t key[VLS_GKEY_KEYS][32];
} keys;

static vls_row_kind kind_of(vls_grow_part part) {
  return part == VLS_GROW_STATE ? VLS_ROW_GROUP_STATE : VLS_ROW_GROUP_KEPT;
}

/* False when they do not open; they are zeros then. */
static bool keys_get(vls_store *store, keys *k) {
  vls_row_key at = {.contact = k->grp, .n = k->page};
  sqlite3_stmt *q = vls_sql(store, "SELECT used, keys FROM gkey WHERE grp=? AND part=? AND page=?");
  memset(k->key, 0, sizeof k->key);
  vls_sql_int(q, 1, k->grp);
  vls_sql_int(q, 2, k->part);
  vls_sql_int(q, 3, k->page);
  bool found = vls_sql_row(store, q);
  k->used = found ? vls_sql_get_int(q, 0) & PAGE_FULL : 0;
  found = found &&
          vls_row_open(store, kind_of(k->part), &at, vls_sql_get_blob(q, 1), (uint8_t *)k->key);
  vls_sql_done(q);
  return found;
}

static void keys_put(vls_store *store, const keys *k) {
  sqlite3_stmt *q;
  if (k->used == 0) {
    q = vls_sql_write(store, "DELETE FROM gkey WHERE grp=?1 AND part=?2 AND page=?3");
  } else {
    uint8_t sealed[VLS_ROW_MAX];
    vls_row_key at = {.contact = k->grp, .n = k->page};
    vls_slice stored = vls_row_seal(store, kind_of(k->part), &at, (const uint8_t *)k->key, sealed);
    q = vls_sql_write(store, "INSERT OR REPLACE INTO gkey VALUES(?1,?2,?3,?4,?5)");
    vls_sql_int(q, 4, k->used);
    if (q != NULL) sqlite3_bind_blob(q, 5, stored.p, (int)stored.n, SQLITE_TRANSIENT);
  }
  vls_sql_int(q, 1, k->grp);
  vls_sql_int(q, 2, k->part);
  vls_sql_int(q, 3, k->page);
  vls_sql_run(store, q);
}

/* A place that no row has. The newest keys first: what is made together goes together. */
static uint64_t free_place(vls_store *store, uint64_t grp, vls_grow_part part) {
  sqlite3_stmt *q = vls_sql(store, "SELECT page, used FROM gkey WHERE grp=? AND part=? AND "
                                   "used<>? ORDER BY page DESC LIMIT 1");
  vls_sql_int(q, 1, grp);
  vls_sql_int(q, 2, part);
  vls_sql_int(q, 3, PAGE_FULL);
  uint64_t page = 0, used = PAGE_FULL;
  if (vls_sql_row(store, q)) {
    page = vls_sql_get_int(q, 0);
    used = vls_sql_get_int(q, 1) & PAGE_FULL;
  }
  vls_sql_done(q);
  if (used == PAGE_FULL) {
    q = vls_sql(store, "SELECT coalesce(max(page)+1, 0) FROM gkey WHERE grp=? AND part=?");
    vls_sql_int(q, 1, grp);
    vls_sql_int(q, 2, part);
    page = vls_sql_one(store, q);
    used = 0;
  }
  uint64_t bit = 0;
  while (used >> bit & 1)
    bit++;
  return page * VLS_GKEY_KEYS + bit + 1;
}

static uint64_t place_of(vls_store *store, uint64_t grp, const vls_grow *row) {
  sqlite3_stmt *q = vls_sql(store, "SELECT place FROM grow WHERE grp=? AND kind=? AND key=?");
  vls_sql_int(q, 1, grp);
  vls_sql_int(q, 2, row->kind);
  vls_sql_blob(q, 3, row->key);
  return vls_sql_one(store, q);
}

static keys keys_at(uint64_t grp, vls_grow_part part, uint64_t place) {
  return (keys){.grp = grp, .part = part, .page = (place - 1) / VLS_GKEY_KEYS};
}

static vls_slice ad_of(uint8_t ad[AD_MAX], uint64_t grp, uint8_t kind, vls_slice key) {
  VLS_ASSERT(key.n <= VLS_GROW_KEY_MAX);
  memcpy(ad, "valise group row", 16);
  vls_be64_put(ad + 16, grp);
  ad[24] = kind;
  if (key.n > 0) memcpy(ad + 25, key.p, key.n);
  return vls_slice_of(ad, 25 + key.n);
}

static const uint8_t no_nonce[VLS_N24]; /* each key seals one value */

/* Seals it under a new key for its place; gives the place. */
static uint64_t seal(vls_store *store, uint64_t grp, const vls_grow *row, vls_buf *out) {
  uint64_t place = place_of(store, grp, row);
  bool is_new = place == 0;
  if (is_new) place = free_place(store, grp, row->part);
  keys k = keys_at(grp, row->part, place);
  uint64_t bit = (place - 1) % VLS_GKEY_KEYS;
  (void)keys_get(store, &k); /* what is not there any more was lost before */
  vls_rng_bytes(&store->vault->rng, k.key[bit], 32);
  k.used |= UINT64_C(1) << bit;
  keys_put(store, &k);
  uint8_t ad[AD_MAX], *sealed = vls_buf_grow(out, row->value.n + VLS_TAG);
  VLS_ASSERT(sealed != NULL);
  vls_xchacha_seal(sealed, k.key[bit], no_nonce, ad_of(ad, grp, row->kind, row->key), row->value);
  if (!is_new) vls_row_spend(store, kind_of(row->part), grp);
  vls_wipe(&k, sizeof k);
  return place;
}

void vls_grow_put(vls_store *store, uint64_t grp, const vls_grow *row) {
  VLS_ASSERT(row->value.n <= VLS_GROW_VALUE_MAX && row->key.n <= VLS_GROW_KEY_MAX);
  if (store->error != VLS_OK) return;
  bool is_secret = row->part != VLS_GROW_CLEAR && store->vault != NULL;
  vls_buf sealed;
  vls_buf_init(&sealed, VLS_GROW_VALUE_MAX + VLS_TAG);
  uint64_t place = is_secret ? seal(store, grp, row, &sealed) : 0;
  sqlite3_stmt *q = vls_sql_write(store, "INSERT OR REPLACE INTO grow VALUES(?,?,?,?,?,?)");
  vls_sql_int(q, 1, grp);
  vls_sql_int(q, 2, row->kind);
  vls_sql_blob(q, 3, row->key);
  vls_sql_int(q, 4, row->part);
  vls_sql_int(q, 5, place);
  vls_sql_blob(q, 6, is_secret ? vls_buf_slice(&sealed) : row->value);
  vls_sql_run(store, q);
  vls_buf_done(&sealed);
}

void vls_grow_drop(vls_store *store, uint64_t grp, const vls_grow *row) {
  uint64_t place = row->part == VLS_GROW_CLEAR ? 0 : place_of(store, grp, row);
  if (place > 0) {
    keys k = keys_at(grp, row->part, place);
    uint64_t bit = (place - 1) % VLS_GKEY_KEYS;
    (void)keys_get(store, &k);
    k.used &= ~(UINT64_C(1) << bit);
    memset(k.key[bit], 0, 32);
    keys_put(store, &k);
    vls_wipe(&k, sizeof k);
    vls_row_spend(store, kind_of(row->part), grp);
  }
  sqlite3_stmt *q = vls_sql_write(store, "DELETE FROM grow WHERE grp=? AND kind=? AND key=?");
  vls_sql_int(q, 1, grp);
  vls_sql_int(q, 2, row->kind);
  vls_sql_blob(q, 3, row->key);
  vls_sql_run(store, q);
}

void vls_grow_drop_all(vls_store *store, uint64_t grp) {
  static const char *const sql[] = {"DELETE FROM grow WHERE grp=?", "DELETE FROM gkey WHERE grp=?"};
  for (size_t i = 0; i < sizeof sql / sizeof sql[0]; i++) {
    sqlite3_stmt *q = vls_sql_write(store, sql[i]);
    vls_sql_int(q, 1, grp);
    vls_sql_run(store, q);
  }
  vls_row_spend(store, VLS_ROW_GROUP_STATE, grp);
  vls_row_spend(store, VLS_ROW_GROUP_KEPT, grp);
}

/* Of the row that the cursor stands on. */
static bool open_value(vls_store *store, vls_grow_query *query, vls_grow *row, uint64_t place,
                       vls_slice stored) {
  uint8_t ad[AD_MAX];
  keys k = keys_at(query->grp, row->part, place);
  bool is_open = row->part < VLS_GROW_CLEAR && stored.n >= VLS_TAG &&
                 stored.n <= VLS_GROW_VALUE_MAX + VLS_TAG && keys_get(store, &k);
  vls_buf_clear(&query->value);
  if (is_open) {
    uint8_t *out = vls_buf_grow(&query->value, stored.n - VLS_TAG);
    VLS_ASSERT(out != NULL || stored.n == VLS_TAG);
    is_open = vls_xchacha_open(out, k.key[(place - 1) % VLS_GKEY_KEYS], no_nonce,
                               ad_of(ad, query->grp, row->kind, row->key), stored) == VLS_OK;
  }
  vls_wipe(&k, sizeof k);
  row->value = vls_buf_slice(&query->value);
  return is_open;
}

bool vls_grow_next(vls_store *store, vls_grow_query *query, vls_grow *ret) {
  sqlite3_stmt *q = query->cursor;
  if (q == NULL) {
    query->cursor = q = vls_sql(store, "SELECT kind, key, part, place, value FROM grow WHERE "
                                       "grp=? ORDER BY kind, key");
    vls_sql_int(q, 1, query->grp);
    vls_buf_init(&query->value, VLS_GROW_VALUE_MAX);
  }
  while (vls_sql_row(store, q)) {
    uint64_t place = vls_sql_get_int(q, 3), part = vls_sql_get_int(q, 2);
    *ret = (vls_grow){.kind = (uint8_t)vls_sql_get_int(q, 0),
                      .key = vls_sql_get_blob(q, 1),
                      .part = part < VLS_GROW_CLEAR ? (vls_grow_part)part : VLS_GROW_CLEAR,
                      .value = vls_sql_get_blob(q, 4)};
    if (ret->key.n <= VLS_GROW_KEY_MAX && place == 0) return true;
    if (ret->key.n <= VLS_GROW_KEY_MAX && open_value(store, query, ret, place, ret->value))
      return true;
    query->lost++;
  }
  vls_grow_end(query);
  return false;
}

void vls_grow_end(vls_grow_query *query) {
  vls_sql_done(query->cursor);
  query->cursor = NULL;
  vls_buf_done(&query->value);
}

static void drop_page(vls_store *store, const keys *k) {
  sqlite3_stmt *q = vls_sql_write(store, "DELETE FROM grow WHERE grp=? AND part=? AND place "
                                         "BETWEEN ? AND ?");
  vls_sql_int(q, 1, k->grp);
  vls_sql_int(q, 2, k->part);
  vls_sql_int(q, 3, k->page * VLS_GKEY_KEYS + 1);
  vls_sql_int(q, 4, k->page * VLS_GKEY_KEYS + VLS_GKEY_KEYS);
  vls_sql_run(store, q);
  q = vls_sql_write(store, "DELETE FROM gkey WHERE grp=? AND part=? AND page=?");
  vls_sql_int(q, 1, k->grp);
  vls_sql_int(q, 2, k->part);
  vls_sql_int(q, 3, k->page);
  vls_sql_run(store, q);
}

uint64_t vls_grow_check(vls_store *store) {
  uint64_t groups = 0, last = 0;
  sqlite3_stmt *q = vls_sql(store, "SELECT grp, part, page FROM gkey ORDER BY grp, part, page");
  while (vls_sql_row(store, q)) {
    keys k = {.grp = vls_sql_get_int(q, 0),
              .part = vls_sql_get_int(q, 1) == VLS_GROW_STATE ? VLS_GROW_STATE : VLS_GROW_KEPT,
              .page = vls_sql_get_int(q, 2)};
    bool is_open = keys_get(store, &k);
    vls_wipe(k.key, sizeof k.key);
    if (is_open) continue;
    drop_page(store, &k);
    groups += k.grp != last;
    last = k.grp;
  }
  vls_sql_done(q);
  return groups;
}
