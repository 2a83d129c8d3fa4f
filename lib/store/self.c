#include "store/self.h"

#include "base/assert.h"
#include "store/sql.h"
#include "store/vault_rows.h"

static vls_slice keep(vls_buf *buf, vls_slice s) {
  size_t at = buf->n;
  vls_err err = vls_buf_put_slice(buf, s);
  VLS_ASSERT(err == VLS_OK && buf->n <= buf->cap);
  return (vls_slice){buf->p + at, s.n};
}

bool vls_self_get(vls_store *store, vls_self_row *ret) {
  sqlite3_stmt *q =
      vls_sql(store, "SELECT name, identity, device, dh, cert, card_seq, card FROM self");
  bool found = vls_sql_row(store, q);
  *ret = (vls_self_row){0};
  if (found) {
    vls_sql_get_fix(store, q, 1, ret->identity_seed, 32);
    vls_sql_get_fix(store, q, 2, ret->device_seed, 32);
    vls_sql_get_fix(store, q, 3, ret->dh_priv, 32);
    ret->card_seq = vls_sql_get_int(q, 5);
    vls_slice name = vls_sql_get_blob(q, 0), cert = vls_sql_get_blob(q, 4);
    vls_slice card = vls_sql_get_blob(q, 6);
    size_t total = name.n + cert.n + card.n;
    vls_buf_init(&ret->bytes, total + 1);
    if (vls_buf_grow(&ret->bytes, total + 1) == NULL)
      found = false; /* room, so that nothing moves */
    ret->bytes.n = 0;
    ret->name = keep(&ret->bytes, name);
    ret->cert = keep(&ret->bytes, cert);
    ret->card = keep(&ret->bytes, card);
  }
  vls_sql_done(q);
  return found;
}

void vls_self_done(vls_self_row *row) {
  vls_buf_done(&row->bytes);
  vls_wipe(row, sizeof *row);
}

void vls_self_put(vls_store *store, const vls_self_row *row) {
  sqlite3_stmt *q = vls_sql_write(store, "INSERT INTO self VALUES(1,?,?,?,?,?,?,?)");
  vls_sql_text(q, 1, row->name);
  vls_sql_blob(q, 2, vls_slice_of(row->identity_seed, 32));
  vls_sql_blob(q, 3, vls_slice_of(row->device_seed, 32));
  vls_sql_blob(q, 4, vls_slice_of(row->dh_priv, 32));
  vls_sql_blob(q, 5, row->cert);
  vls_sql_int(q, 6, row->card_seq);
  vls_sql_blob(q, 7, row->card);
  vls_sql_run(store, q);
}

void vls_self_replace(vls_store *store, const vls_self_row *row) {
  vls_sql_run(store, vls_sql_write(store, "DELETE FROM self"));
  vls_self_put(store, row);
}

void vls_self_set_card(vls_store *store, uint64_t seq, vls_slice card) {
  vls_sql_run(store, vls_sql_write(store, "INSERT OR REPLACE INTO own_card "
                                          "SELECT card_seq, card FROM self"));
  sqlite3_stmt *q = vls_sql_write(store, "UPDATE self SET card_seq=?, card=?");
  vls_sql_int(q, 1, seq);
  vls_sql_blob(q, 2, card);
  vls_sql_run(store, q);
  q = vls_sql_write(store, "DELETE FROM own_card WHERE seq NOT IN "
                           "(SELECT seq FROM own_card ORDER BY seq DESC LIMIT ?)");
  vls_sql_int(q, 1, VLS_OWN_CARDS);
  vls_sql_run(store, q);
}

bool vls_self_card_at(vls_store *store, unsigned i, vls_buf *out) {
  sqlite3_stmt *q =
      vls_sql(store, "SELECT card FROM (SELECT card_seq AS seq, card FROM self UNION ALL "
                     "SELECT seq, card FROM own_card) ORDER BY seq DESC LIMIT 1 OFFSET ?");
  vls_sql_int(q, 1, i);
  bool found = vls_sql_row(store, q);
  if (found) found = vls_buf_put_slice(out, vls_sql_get_blob(q, 0)) == VLS_OK;
  vls_sql_done(q);
  return found;
}

void vls_prekey_put(vls_store *store, const vls_prekey_row *row, vls_slice signed_bytes) {
  uint8_t sealed[VLS_ROW_MAX];
  vls_row_key key = {.n = row->id};
  vls_slice stored = vls_row_seal(store, VLS_ROW_PREKEY, &key, row->priv, sealed);
  sqlite3_stmt *q = vls_sql_write(store, "INSERT INTO prekey VALUES(?,?,?,?)");
  vls_sql_int(q, 1, row->id);
  vls_sql_blob(q, 2, stored);
  vls_sql_blob(q, 3, signed_bytes);
  vls_sql_int(q, 4, row->created);
  vls_sql_run(store, q);
}

/* Zeros are the place of one that is spent or lost. */
static bool open_prekey(vls_store *store, vls_row_kind kind, uint64_t id, vls_slice stored,
                        uint8_t ret_priv[32]) {
  static const uint8_t zeros[32];
  vls_row_key key = {.n = id};
  return vls_row_open(store, kind, &key, stored, ret_priv) && memcmp(ret_priv, zeros, 32) != 0;
}

/* False when its key is not in the vault any more: it is as old as time, and to be replaced. */
static bool read_prekey(vls_store *store, sqlite3_stmt *q, vls_prekey_row *ret) {
  ret->id = (uint32_t)vls_sql_get_int(q, 0);
  bool found = open_prekey(store, VLS_ROW_PREKEY, ret->id, vls_sql_get_blob(q, 1), ret->priv);
  ret->created = found ? vls_sql_get_int(q, 2) : 0;
  return found;
}

bool vls_prekey_get(vls_store *store, uint32_t id, vls_prekey_row *ret) {
  sqlite3_stmt *q = vls_sql(store, "SELECT id, priv, created FROM prekey WHERE id=?");
  vls_sql_int(q, 1, id);
  bool found = vls_sql_row(store, q) && read_prekey(store, q, ret);
  vls_sql_done(q);
  return found;
}

bool vls_prekey_newest(vls_store *store, vls_prekey_row *ret, vls_buf *out) {
  sqlite3_stmt *q =
      vls_sql(store, "SELECT id, priv, created, signed FROM prekey ORDER BY id DESC LIMIT 1");
  bool found = vls_sql_row(store, q);
  if (found) {
    (void)read_prekey(store, q, ret); /* its number counts in any case */
    found = vls_buf_put_slice(out, vls_sql_get_blob(q, 3)) == VLS_OK;
  }
  vls_sql_done(q);
  return found;
}

void vls_prekey_drop_before(vls_store *store, uint64_t created) {
  sqlite3_stmt *q = vls_sql_write(store, "DELETE FROM prekey WHERE created<? AND "
                                         "id<(SELECT max(id) FROM prekey)");
  vls_sql_int(q, 1, created);
  vls_sql_run(store, q);
  if (sqlite3_changes(store->db) > 0) vls_row_spend(store, VLS_ROW_PREKEY, 0);
}

static uint64_t newest_invite(vls_store *store) {
  sqlite3_stmt *q = vls_sql(store, "SELECT coalesce(max(id), 0) FROM invite");
  uint64_t id = vls_sql_one(store, q);
  uint64_t floor = vls_floor(store, "invite");
  return id > floor ? id : floor;
}

void vls_invite_put(vls_store *store, vls_invite_row *row) {
  uint8_t sealed[VLS_ROW_MAX];
  row->id = (uint32_t)newest_invite(store) + 1;
  vls_row_key key = {.n = row->id};
  vls_slice stored = vls_row_seal(store, VLS_ROW_OPK, &key, row->opk, sealed);
  sqlite3_stmt *q = vls_sql_write(store, "INSERT INTO invite VALUES(?,?,?,?,?,?,0)");
  vls_sql_int(q, 1, row->id);
  vls_sql_blob(q, 2, stored);
  vls_sql_blob(q, 3, vls_slice_of(row->secret, 32));
  vls_sql_int(q, 4, row->expires);
  vls_sql_text(q, 5, vls_slice_str(row->name));
  vls_sql_int(q, 6, row->state);
  vls_sql_run(store, q);
}

void vls_invite_use(vls_store *store, uint32_t id, uint64_t contact) {
  sqlite3_stmt *q = vls_sql_write(store, "UPDATE invite SET state=?, contact=?, opk=zeroblob(32) "
                                         "WHERE id=?");
  vls_sql_int(q, 1, VLS_INVITE_USED);
  vls_sql_int(q, 2, contact);
  vls_sql_int(q, 3, id);
  vls_sql_run(store, q);
  vls_row_spend(store, VLS_ROW_OPK, 0);
}

bool vls_invite_next(vls_store *store, uint32_t after, vls_invite_row *ret) {
  sqlite3_stmt *q =
      vls_sql(store, "SELECT id, opk, secret, expires, name, state, contact FROM invite "
                     "WHERE id>? ORDER BY id LIMIT 1");
  vls_sql_int(q, 1, after);
  bool found = vls_sql_row(store, q);
  if (found) {
    *ret = (vls_invite_row){.id = (uint32_t)vls_sql_get_int(q, 0),
                            .expires = vls_sql_get_int(q, 3),
                            .state = (vls_invite_state)vls_sql_get_int(q, 5),
                            .contact = vls_sql_get_int(q, 6)};
    bool has_opk = open_prekey(store, VLS_ROW_OPK, ret->id, vls_sql_get_blob(q, 1), ret->opk);
    if (!has_opk && ret->state == VLS_INVITE_OPEN) ret->expires = 0; /* nobody can take it */
    vls_sql_get_fix(store, q, 2, ret->secret, 32);
    vls_slice name = vls_sql_get_blob(q, 4);
    if (name.n <= VLS_NAME_MAX && name.n > 0) memcpy(ret->name, name.p, name.n);
  }
  vls_sql_done(q);
  return found;
}

uint64_t vls_invite_open(vls_store *store, uint64_t now_ms) {
  sqlite3_stmt *q = vls_sql(store, "SELECT count(*) FROM invite WHERE state=0 AND expires>?");
  vls_sql_int(q, 1, now_ms);
  return vls_sql_one(store, q);
}

void vls_invite_drop_before(vls_store *store, uint64_t expires) {
  vls_floor_raise(store, "invite", newest_invite(store)); /* the number is in links still about */
  sqlite3_stmt *q = vls_sql_write(store, "DELETE FROM invite WHERE expires<?");
  vls_sql_int(q, 1, expires);
  vls_sql_run(store, q);
  if (sqlite3_changes(store->db) > 0) vls_row_spend(store, VLS_ROW_OPK, 0);
}
