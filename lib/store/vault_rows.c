#include "store/vault_rows.h"

#include "base/assert.h"
#include "store/group_rows.h"
#include "store/sql.h"

enum { AD = 8 + 1 + 8 + 32 + 8 + 8 };

/* How rows of a kind are found and written. Parameters: 1 value, 2 contact, 3 th, 4 chain, 5 n. */
static const struct {
  vls_vault_part part;
  size_t bytes;
  const char *count, *all, *set;
} kinds[VLS_ROW_KINDS] = {
    [VLS_ROW_SESSION] = {VLS_VAULT_STATE, VLS_RATCHET_STATE,
                         "SELECT count(*) FROM session WHERE contact=?2",
                         "SELECT state, th, 0, 0 FROM session WHERE contact=?2",
                         "UPDATE session SET state=?1 WHERE contact=?2 AND th=?3"},
    [VLS_ROW_SKIPPED] = {VLS_VAULT_SKIPPED, 32, "SELECT count(*) FROM skipped WHERE contact=?2",
                         "SELECT mk, th, chain, n FROM skipped WHERE contact=?2",
                         "UPDATE skipped SET mk=?1 WHERE contact=?2 AND th=?3 AND chain=?4 AND "
                         "n=?5"},
    [VLS_ROW_PREKEY] = {VLS_VAULT_STATE, 32,
                        "SELECT count(*) FROM prekey WHERE ?2=0 AND priv<>zeroblob(32)",
                        "SELECT priv, x'', 0, id FROM prekey WHERE ?2=0 AND priv<>zeroblob(32)",
                        "UPDATE prekey SET priv=?1 WHERE id=?5"},
    [VLS_ROW_OPK] = {VLS_VAULT_SKIPPED, 32,
                     "SELECT count(*) FROM invite WHERE ?2=0 AND opk<>zeroblob(32)",
                     "SELECT opk, x'', 0, id FROM invite WHERE ?2=0 AND opk<>zeroblob(32)",
                     "UPDATE invite SET opk=?1 WHERE id=?5"},
    [VLS_ROW_GROUP_STATE] = {VLS_VAULT_STATE, VLS_ROW_VALUE_MAX,
                             "SELECT count(*) FROM gkey WHERE grp=?2 AND part=0",
                             "SELECT keys, x'', 0, page FROM gkey WHERE grp=?2 AND part=0",
                             "UPDATE gkey SET keys=?1 WHERE grp=?2 AND part=0 AND page=?5"},
    [VLS_ROW_GROUP_KEPT] = {VLS_VAULT_SKIPPED, VLS_ROW_VALUE_MAX,
                            "SELECT count(*) FROM gkey WHERE grp=?2 AND part=1",
                            "SELECT keys, x'', 0, page FROM gkey WHERE grp=?2 AND part=1",
                            "UPDATE gkey SET keys=?1 WHERE grp=?2 AND part=1 AND page=?5"},
};

static vls_slice ad_of(uint8_t ad[AD], vls_row_kind kind, const vls_row_key *key) {
  memset(ad, 0, AD);
  memcpy(ad, "v1 row: ", 8);
  ad[8] = (uint8_t)kind;
  vls_be64_put(ad + 9, key->contact);
  if (key->th != NULL) memcpy(ad + 17, key->th, 32);
  vls_be64_put(ad + 49, key->chain);
  vls_be64_put(ad + 57, key->n);
  return vls_slice_of(ad, AD);
}

vls_slice vls_row_seal(vls_store *store, vls_row_kind kind, const vls_row_key *key,
                       const uint8_t *value, uint8_t out[VLS_ROW_MAX]) {
  vls_slice pt = vls_slice_of(value, kinds[kind].bytes);
  uint8_t ad[AD];
  if (store->vault == NULL) return pt;
  int code = vls_vault_reach(store->vault, key->contact);
  if (code != SQLITE_OK) {
    vls_sql_fail(store, code, "the vault");
    return (vls_slice){0};
  }
  vls_vault_seal(store->vault, key->contact, kinds[kind].part, ad_of(ad, kind, key), pt, out);
  return vls_slice_of(out, pt.n + VLS_VAULT_EXTRA);
}

bool vls_row_open(vls_store *store, vls_row_kind kind, const vls_row_key *key, vls_slice stored,
                  uint8_t *ret_value) {
  size_t n = kinds[kind].bytes;
  uint8_t ad[AD];
  memset(ret_value, 0, n);
  if (stored.n == n) memcpy(ret_value, stored.p, n);
  if (stored.n == n) return true;
  if (stored.n != n + VLS_VAULT_EXTRA) vls_sql_fail(store, SQLITE_CORRUPT, "a sealed value's size");
  if (stored.n != n + VLS_VAULT_EXTRA || store->vault == NULL) return false;
  return vls_vault_open(store->vault, key->contact, kinds[kind].part, ad_of(ad, kind, key), stored,
                        ret_value) == VLS_OK;
}

void vls_row_spend(vls_store *store, vls_row_kind kind, uint64_t contact) {
  vls_vault *vault = store->vault;
  uint8_t part = (uint8_t)(1u << kinds[kind].part);
  if (vault == NULL || contact >= vault->n) return;
  vls_vault_slot *s = &vault->slot[contact];
  if ((s->marked & part) == 0) {
    sqlite3_stmt *q = vls_sql_write(store, "INSERT INTO spent VALUES(?1, ?2) ON CONFLICT(slot) DO "
                                           "UPDATE SET parts=parts|?2");
    vls_sql_int(q, 1, contact);
    vls_sql_int(q, 2, part);
    vls_sql_run(store, q);
    if (store->error != VLS_OK) return;
  }
  s->marked |= part;
  s->spent |= part;
  vault->waiting = true;
}

void vls_vault_recall(vls_store *store) {
  vls_vault *vault = store->vault;
  if (vault == NULL) return;
  vault->waiting = false;
  vault->needed = 0;
  for (size_t i = 0; i < vault->n; i++) {
    vault->slot[i].spent = vault->slot[i].marked = 0;
    if (!vault->slot[i].twin) vault->waiting = true; /* a turn was cut off, or a copy is damaged */
  }
  sqlite3_stmt *q = vls_sql(store, "SELECT slot, parts FROM spent ORDER BY slot");
  while (vls_sql_row(store, q)) {
    uint64_t slot = vls_sql_get_int(q, 0);
    vault->waiting = true;
    if (slot >= vault->n) vault->needed = slot + 1;
    if (slot >= vault->n) continue;
    vault->slot[slot].marked = (uint8_t)(vls_sql_get_int(q, 1) & VLS_VAULT_ALL);
    vault->slot[slot].spent = vault->slot[slot].marked;
  }
  vls_sql_done(q);
}

bool vls_store_has_spent(const vls_store *store) {
  return store->vault != NULL && store->vault->waiting;
}

static void bind(sqlite3_stmt *q, const vls_row_key *key) {
  vls_sql_int(q, 2, key->contact);
  if (key->th != NULL) vls_sql_blob(q, 3, vls_slice_of(key->th, 32));
  vls_sql_int(q, 4, key->chain);
  vls_sql_int(q, 5, key->n);
}

static uint64_t count_rows(vls_store *store, vls_row_kind kind, uint64_t slot) {
  sqlite3_stmt *q = vls_sql(store, kinds[kind].count);
  vls_sql_int(q, 2, slot);
  return vls_sql_one(store, q);
}

/* The row that q stands on; false when its value does not open. */
static bool read_row(vls_store *store, vls_row_kind kind, uint64_t slot, sqlite3_stmt *q,
                     vls_row_key *ret_key, uint8_t ret_th[32], uint8_t *ret_value) {
  vls_slice th = vls_sql_get_blob(q, 1);
  *ret_key =
      (vls_row_key){.contact = slot, .chain = vls_sql_get_int(q, 2), .n = vls_sql_get_int(q, 3)};
  if (th.n == 32) {
    memcpy(ret_th, th.p, 32);
    ret_key->th = ret_th;
  }
  return vls_row_open(store, kind, ret_key, vls_sql_get_blob(q, 0), ret_value);
}

/* All rows of a kind in a slot, under its present key. Those that do not open stay as they are. */
static void reseal(vls_store *store, vls_row_kind kind, uint64_t slot) {
  uint8_t value[VLS_ROW_VALUE_MAX], sealed[VLS_ROW_MAX], th[32];
  vls_row_key key;
  sqlite3_stmt *rows = vls_sql(store, kinds[kind].all);
  vls_sql_int(rows, 2, slot);
  while (vls_sql_row(store, rows)) {
    if (!read_row(store, kind, slot, rows, &key, th, value)) continue;
    vls_slice out = vls_row_seal(store, kind, &key, value, sealed);
    sqlite3_stmt *q = vls_sql_write(store, kinds[kind].set);
    vls_sql_blob(q, 1, out);
    bind(q, &key);
    vls_sql_run(store, q);
  }
  vls_sql_done(rows);
  vls_wipe(value, sizeof value);
}

static bool has_kind(vls_row_kind kind, uint64_t slot) {
  return (kind == VLS_ROW_PREKEY || kind == VLS_ROW_OPK) == (slot == 0);
}

static uint64_t rows_of(vls_store *store, uint64_t slot, unsigned parts) {
  uint64_t n = 0;
  for (vls_row_kind kind = 0; kind < VLS_ROW_KINDS; kind++)
    if (has_kind(kind, slot) && (parts >> kinds[kind].part & 1)) n += count_rows(store, kind, slot);
  return n;
}

/* Which slots have their turn now: those with something spent, those whose former turn was cut off,
 * and those with a copy that is damaged. */
static void choose(vls_store *store) {
  vls_vault *vault = store->vault;
  uint64_t rows = 0;
  vault->n_turning = 0;
  vault->waiting = false;
  for (size_t i = 0; i < vault->n; i++) {
    vls_vault_slot *s = &vault->slot[i];
    unsigned parts = s->has_old | s->spent;
    if (parts == 0 && s->twin) continue;
    rows += rows_of(store, i, parts);
    if (vault->n_turning == VLS_VAULT_ROUND_SLOTS ||
        (vault->n_turning > 0 && rows > VLS_VAULT_ROUND_ROWS)) {
      vault->waiting = true; /* for the next */
      return;
    }
    if (s->has_old != 0 && s->spent != 0) vault->waiting = true; /* another one, later */
    vault->turning[vault->n_turning++] = i;
  }
}

/* New keys onto the disk; they count with the commit. */
static int renew(vls_vault *vault) {
  int code = SQLITE_OK;
  memset(vault->fresh, 0, sizeof vault->fresh);
  for (size_t i = 0; i < vault->n_turning && code == SQLITE_OK; i++) {
    uint64_t slot = vault->turning[i];
    vault->fresh[i] = vault->slot[slot].has_old == 0;
    code = vault->fresh[i] ? vls_vault_renew(vault, slot, vault->slot[slot].spent)
                           : vls_vault_repeat(vault, slot);
  }
  if (code == SQLITE_OK) code = vls_vault_sync(vault);
  for (size_t i = 0; i < vault->n_turning && code == SQLITE_OK; i++)
    vault->slot[vault->turning[i]].unsure = false;
  return code;
}

/* Nothing was sealed under them, and nothing will be. */
static void take_back(vls_vault *vault) {
  for (size_t i = 0; i < vault->n_turning; i++)
    if (vault->fresh[i]) vls_vault_revert(vault, vault->turning[i]);
  vault->n_turning = 0;
  vault->waiting = true;
}

static void reseal_slot(vls_store *store, uint64_t slot, bool fresh) {
  vls_vault_slot *s = &store->vault->slot[slot];
  for (vls_row_kind kind = 0; kind < VLS_ROW_KINDS; kind++)
    if (has_kind(kind, slot) && (s->has_old >> kinds[kind].part & 1)) reseal(store, kind, slot);
  /* What was spent since an earlier turn was cut off has another one. */
  if (fresh) s->spent = 0;
}

/* Those of former turns, which the disk has confirmed, need not be known to be spent any more. */
static void clear_marks(vls_store *store) {
  vls_vault *vault = store->vault;
  for (size_t i = 0; i < vault->n; i++) {
    vls_vault_slot *s = &vault->slot[i];
    if (s->marked == 0 || s->spent != 0 || !s->twin) continue;
    sqlite3_stmt *q = vls_sql_write(store, "DELETE FROM spent WHERE slot=?");
    vls_sql_int(q, 1, i);
    vls_sql_run(store, q);
    s->marked = 0;
  }
}

/* Of a store from before there was a vault, rows wait for slots that are not there. */
static bool has_all(vls_store *store) {
  vls_vault *vault = store->vault;
  if (vault->needed == 0) return true;
  if (vls_vault_reach(vault, vault->needed - 1) != SQLITE_OK) return false;
  vls_vault_recall(store);
  return true;
}

bool vls_store_bury(vls_store *store) {
  vls_vault *vault = store->vault;
  if (vault == NULL || !vault->waiting || store->error != VLS_OK || !has_all(store)) return false;
  choose(store);
  if (store->error != VLS_OK) return false;
  if (vault->n_turning > 0 && renew(vault) != SQLITE_OK) { /* the disk is full, or worse */
    take_back(vault);
    return false;
  }
  for (size_t i = 0; i < vault->n_turning; i++)
    reseal_slot(store, vault->turning[i], vault->fresh[i]);
  clear_marks(store);
  return vault->waiting;
}

void vls_vault_turned(vls_store *store) {
  vls_vault *vault = store->vault;
  if (vault == NULL || vault->n_turning == 0) return;
  int code = SQLITE_OK;
  for (size_t i = 0; i < vault->n_turning && code == SQLITE_OK; i++)
    code = vls_vault_bury(vault, vault->turning[i]);
  if (code == SQLITE_OK) code = vls_vault_sync(vault);
  for (size_t i = 0; i < vault->n_turning && code == SQLITE_OK; i++)
    vls_vault_forget(vault, vault->turning[i]);
  if (code != SQLITE_OK) vault->waiting = true; /* both keys are known; the next turn ends it */
  vault->n_turning = 0;
}

void vls_vault_settle(vls_store *store) {
  if (store->vault == NULL || store->error != VLS_OK) return;
  size_t rounds = store->vault->n + 2; /* each ends at least one slot, or fails */
  for (size_t i = 0; i < rounds && store->vault->waiting; i++) {
    vls_store_bury(store);
    if (store->vault->n_turning == 0 || vls_store_commit(store) != VLS_OK) return;
  }
  clear_marks(store);
  vls_err err = vls_store_commit(store);
  (void)err; /* they are there still the next time */
}

/* Drops them; gives of how many contacts. */
static uint64_t lost_sessions(vls_store *store) {
  uint64_t contacts = 0, last = UINT64_MAX;
  uint8_t value[VLS_RATCHET_STATE];
  sqlite3_stmt *q = vls_sql(store, "SELECT state, th, contact FROM session");
  while (vls_sql_row(store, q)) {
    uint8_t th[32];
    vls_row_key key = {.contact = vls_sql_get_int(q, 2), .th = th};
    vls_sql_get_fix(store, q, 1, th, 32);
    if (vls_row_open(store, VLS_ROW_SESSION, &key, vls_sql_get_blob(q, 0), value)) continue;
    sqlite3_stmt *drop = vls_sql_write(store, "DELETE FROM session WHERE contact=? AND th=?");
    vls_sql_int(drop, 1, key.contact);
    vls_sql_blob(drop, 2, vls_slice_of(th, 32));
    vls_sql_run(store, drop);
    contacts += key.contact != last;
    last = key.contact;
  }
  vls_sql_done(q);
  vls_wipe(value, sizeof value);
  return contacts;
}

/* All of a contact are under the same keys: the first tells of the others. */
static void drop_lost_skipped(vls_store *store) {
  uint64_t contact = 0;
  for (bool found = true; found;) {
    uint8_t th[32], mk[32];
    vls_row_key key;
    sqlite3_stmt *q = vls_sql(store, "SELECT mk, th, chain, n, contact FROM skipped WHERE "
                                     "contact>? ORDER BY contact LIMIT 1");
    vls_sql_int(q, 1, contact);
    found = vls_sql_row(store, q);
    if (found) contact = vls_sql_get_int(q, 4);
    bool lost = found && !read_row(store, VLS_ROW_SKIPPED, contact, q, &key, th, mk);
    vls_sql_done(q);
    vls_wipe(mk, sizeof mk);
    if (!lost) continue;
    q = vls_sql_write(store, "DELETE FROM skipped WHERE contact=?");
    vls_sql_int(q, 1, contact);
    vls_sql_run(store, q);
  }
}

/* Zeros take their place: there is none, and nothing to tell of the next time. */
static uint64_t lost_prekeys(vls_store *store, vls_row_kind kind) {
  uint64_t n = 0;
  uint8_t priv[32], none[32];
  vls_row_key key;
  sqlite3_stmt *q = vls_sql(store, kinds[kind].all);
  vls_sql_int(q, 2, 0);
  while (vls_sql_row(store, q)) {
    if (read_row(store, kind, 0, q, &key, none, priv)) continue;
    sqlite3_stmt *drop = vls_sql_write(store, kinds[kind].set);
    memset(priv, 0, sizeof priv);
    vls_sql_blob(drop, 1, vls_slice_of(priv, sizeof priv));
    bind(drop, &key);
    vls_sql_run(store, drop);
    n++;
  }
  vls_sql_done(q);
  vls_wipe(priv, sizeof priv);
  return n;
}

vls_lost vls_store_check(vls_store *store) {
  if (store->vault == NULL) return (vls_lost){0};
  vls_lost lost = {.sessions = lost_sessions(store),
                   .prekeys = lost_prekeys(store, VLS_ROW_PREKEY),
                   .invites = lost_prekeys(store, VLS_ROW_OPK),
                   .groups = vls_grow_check(store)};
  drop_lost_skipped(store);
  return lost;
}
