#include "store/groups.h"

#include "base/assert.h"
#include "base/text.h"
#include "store/feed.h"
#include "store/group_rows.h"
#include "store/messages.h"
#include "store/sql.h"

uint64_t vls_talk_next(vls_store *store) {
  return vls_sql_one(store, vls_sql(store, "SELECT 1 + max((SELECT coalesce(max(id), 0) FROM "
                                           "contact), (SELECT coalesce(max(id), 0) FROM grp))"));
}

void vls_grp_fold(const vls_grp_row *row, vls_buf *out) {
  vls_err err = VLS_STATE;
  if (row->state != VLS_GRP_FORGOTTEN) err = vls_name_fold(vls_slice_str(row->name), out);
  if (err == VLS_OK && out->n > 0) return;
  vls_buf_clear(out); /* no name has this key */
  err = vls_buf_put_u8(out, 0);
  if (err == VLS_OK) err = vls_buf_put(out, row->gid, 32);
  VLS_ASSERT(err == VLS_OK);
}

static void bind_group(sqlite3_stmt *q, const vls_grp_row *row, vls_slice fold) {
  vls_sql_text(q, 1, vls_slice_str(row->name));
  vls_sql_blob(q, 2, fold);
  vls_sql_int(q, 3, row->state);
  vls_sql_int(q, 4, row->via);
  vls_sql_int(q, 5, row->read_n);
  vls_sql_text(q, 6, vls_slice_str(row->problem));
}

void vls_grp_put(vls_store *store, vls_grp_row *row, vls_slice fold) {
  row->id = vls_talk_next(store);
  sqlite3_stmt *q = vls_sql_write(store, "INSERT INTO grp(name,fold,state,via,read_n,problem,id,"
                                         "gid,created,link) VALUES(?,?,?,?,?,?,?,?,?,x'')");
  bind_group(q, row, fold);
  vls_sql_int(q, 7, row->id);
  vls_sql_blob(q, 8, vls_slice_of(row->gid, 32));
  vls_sql_int(q, 9, row->created);
  vls_sql_run(store, q);
}

void vls_grp_update(vls_store *store, const vls_grp_row *row, vls_slice fold) {
  sqlite3_stmt *q = vls_sql_write(
      store, "UPDATE grp SET name=?,fold=?,state=?,via=?,read_n=?,problem=? WHERE id=?");
  bind_group(q, row, fold);
  vls_sql_int(q, 7, row->id);
  vls_sql_run(store, q);
}

void vls_grp_set_read(vls_store *store, uint64_t id, uint64_t read_n) {
  sqlite3_stmt *q = vls_sql_write(store, "UPDATE grp SET read_n=? WHERE id=?");
  vls_sql_int(q, 1, read_n);
  vls_sql_int(q, 2, id);
  vls_sql_run(store, q);
}

static void copy_text(char *out, size_t max, vls_slice s) {
  size_t n = s.n < max ? s.n : max;
  if (n > 0) memcpy(out, s.p, n);
  out[n] = '\0';
}

bool vls_grp_next(vls_store *store, uint64_t after, vls_grp_row *ret) {
  sqlite3_stmt *q = vls_sql(store, "SELECT id, gid, name, state, via, read_n, created, problem "
                                   "FROM grp WHERE id>? ORDER BY id LIMIT 1");
  vls_sql_int(q, 1, after);
  bool found = vls_sql_row(store, q);
  if (found) {
    *ret = (vls_grp_row){.id = vls_sql_get_int(q, 0),
                         .state = (vls_grp_state)vls_sql_get_int(q, 3),
                         .via = vls_sql_get_int(q, 4),
                         .read_n = vls_sql_get_int(q, 5),
                         .created = vls_sql_get_int(q, 6)};
    vls_sql_get_fix(store, q, 1, ret->gid, 32);
    copy_text(ret->name, VLS_NAME_MAX, vls_sql_get_blob(q, 2));
    copy_text(ret->problem, VLS_PROBLEM_MAX, vls_sql_get_blob(q, 7));
  }
  vls_sql_done(q);
  return found;
}

bool vls_grp_is(vls_store *store, uint64_t id) {
  sqlite3_stmt *q = vls_sql(store, "SELECT 1 FROM grp WHERE id=?");
  vls_sql_int(q, 1, id);
  return vls_sql_one(store, q) != 0;
}

uint64_t vls_grp_by_fold(vls_store *store, vls_slice fold) {
  sqlite3_stmt *q = vls_sql(store, "SELECT id FROM grp WHERE fold=?");
  vls_sql_blob(q, 1, fold);
  return vls_sql_one(store, q);
}

uint64_t vls_grp_by_gid(vls_store *store, const uint8_t gid[32]) {
  sqlite3_stmt *q = vls_sql(store, "SELECT id FROM grp WHERE gid=?");
  vls_sql_blob(q, 1, vls_slice_of(gid, 32));
  return vls_sql_one(store, q);
}

bool vls_grp_link(vls_store *store, uint64_t id, vls_buf *out) {
  sqlite3_stmt *q = vls_sql(store, "SELECT link FROM grp WHERE id=?");
  vls_sql_int(q, 1, id);
  bool found = vls_sql_row(store, q) && vls_sql_get_blob(q, 0).n > 0 &&
               vls_buf_put_slice(out, vls_sql_get_blob(q, 0)) == VLS_OK;
  vls_sql_done(q);
  return found;
}

void vls_grp_set_link(vls_store *store, uint64_t id, vls_slice link) {
  VLS_ASSERT(link.n <= VLS_GRP_LINK_MAX);
  sqlite3_stmt *q = vls_sql_write(store, "UPDATE grp SET link=? WHERE id=?");
  vls_sql_blob(q, 1, link);
  vls_sql_int(q, 2, id);
  vls_sql_run(store, q);
}

uint64_t vls_grp_forget(vls_store *store, uint64_t id) {
  static const char *const sql[] = {
      "UPDATE grp SET name='', fold=x'00'||gid, state=4, via=0, link=x'', problem='' WHERE id=?",
      "DELETE FROM message WHERE contact=?",
      "DELETE FROM remark WHERE talk=?",
      "DELETE FROM feed WHERE contact=?",
      "DELETE FROM gevent WHERE grp=?",
      "DELETE FROM gdevice WHERE grp=?",
      "DELETE FROM grecord WHERE grp=?",
      "DELETE FROM gwrap WHERE grp=?",
      "DELETE FROM gnote WHERE grp=?",
      "DELETE FROM gmark WHERE grp=?",
      "DELETE FROM gask WHERE grp=?",
      "DELETE FROM gdue WHERE grp=?",
      "DELETE FROM greport WHERE grp=?",
  };
  _Static_assert(VLS_GRP_FORGOTTEN == 4, "as in the statement");
  sqlite3_stmt *q = vls_sql(store, "SELECT count(*) FROM message WHERE contact=?");
  vls_sql_int(q, 1, id);
  uint64_t texts = vls_sql_one(store, q);
  /* Numbers are never given twice, though the newest may go now. */
  vls_floor_raise(store, "message", vls_message_newest(store));
  vls_floor_raise(store, "feed", vls_feed_newest(store));
  for (size_t i = 0; i < sizeof sql / sizeof sql[0]; i++) {
    q = vls_sql_write(store, sql[i]);
    vls_sql_int(q, 1, id);
    vls_sql_run(store, q);
  }
  vls_grow_drop_all(store, id);
  return texts;
}

/* --- devices --- */

uint64_t vls_gdevice(vls_store *store, uint64_t grp, const uint8_t device[32], uint64_t author) {
  sqlite3_stmt *q = vls_sql(store, "SELECT number FROM gdevice WHERE grp=? AND device=?");
  vls_sql_int(q, 1, grp);
  vls_sql_blob(q, 2, vls_slice_of(device, 32));
  uint64_t number = vls_sql_one(store, q);
  if (number != 0) return number;
  q = vls_sql(store, "SELECT coalesce(max(number), 0) + 1 FROM gdevice WHERE grp=?");
  vls_sql_int(q, 1, grp);
  number = vls_sql_one(store, q);
  q = vls_sql_write(store, "INSERT INTO gdevice VALUES(?,?,?,?,0)");
  vls_sql_int(q, 1, grp);
  vls_sql_int(q, 2, number);
  vls_sql_blob(q, 3, vls_slice_of(device, 32));
  vls_sql_int(q, 4, author);
  vls_sql_run(store, q);
  return number;
}

static bool read_device(vls_store *store, sqlite3_stmt *q, uint64_t grp, vls_gdevice_row *ret) {
  bool found = vls_sql_row(store, q);
  if (found) {
    *ret = (vls_gdevice_row){.grp = grp,
                             .number = vls_sql_get_int(q, 0),
                             .author = vls_sql_get_int(q, 2),
                             .bytes = vls_sql_get_int(q, 3)};
    vls_sql_get_fix(store, q, 1, ret->device, 32);
  }
  vls_sql_done(q);
  return found;
}

bool vls_gdevice_get(vls_store *store, uint64_t grp, uint64_t number, vls_gdevice_row *ret) {
  sqlite3_stmt *q = vls_sql(store, "SELECT number, device, author, bytes FROM gdevice WHERE grp=? "
                                   "AND number=?");
  vls_sql_int(q, 1, grp);
  vls_sql_int(q, 2, number);
  return read_device(store, q, grp, ret);
}

bool vls_gdevice_next(vls_store *store, uint64_t grp, uint64_t after, vls_gdevice_row *ret) {
  sqlite3_stmt *q = vls_sql(store, "SELECT number, device, author, bytes FROM gdevice WHERE grp=? "
                                   "AND number>? ORDER BY number LIMIT 1");
  vls_sql_int(q, 1, grp);
  vls_sql_int(q, 2, after);
  return read_device(store, q, grp, ret);
}

uint64_t vls_gdevice_bytes_of(vls_store *store, uint64_t grp, uint64_t author) {
  sqlite3_stmt *q =
      vls_sql(store, "SELECT coalesce(sum(bytes), 0) FROM gdevice WHERE grp=? AND author=?");
  vls_sql_int(q, 1, grp);
  vls_sql_int(q, 2, author);
  return vls_sql_one(store, q);
}

uint64_t vls_gdevice_bytes(vls_store *store, uint64_t grp) {
  sqlite3_stmt *q = vls_sql(store, "SELECT coalesce(sum(bytes), 0) FROM gdevice WHERE grp=?");
  vls_sql_int(q, 1, grp);
  return vls_sql_one(store, q);
}
