#include "store/backup_groups.h"

#include "base/assert.h"
#include "base/text.h"
#include "store/group_rows.h"
#include "store/groups.h"
#include "store/sql.h"

static vls_slice keep(vls_backup_walk *w, vls_slice s, size_t max) {
  size_t at = w->room.n;
  if (s.n > max) s.n = 0;
  vls_err err = vls_buf_put_slice(&w->room, s);
  VLS_ASSERT(err == VLS_OK);
  return vls_slice_of(w->room.p + at, s.n);
}

static vls_slice keep_text(vls_backup_walk *w, const char *text, size_t max) {
  vls_slice s = vls_slice_str(text);
  return keep(w, s, vls_utf8_ok(s) ? max : 0);
}

static uint64_t whole(uint64_t v) {
  return v > INT64_MAX ? 0 : v;
}

static bool next_group(vls_backup_walk *w, vls_store *store, vls_backup_group *ret) {
  vls_grp_row row;
  if (!vls_grp_next(store, w->after[0], &row) || row.id > w->contact) return false;
  *ret = (vls_backup_group){.id = row.id,
                            .state = row.state,
                            .via = whole(row.via),
                            .read_n = row.read_n < w->message ? row.read_n : w->message,
                            .created = whole(row.created)};
  w->after[0] = row.id;
  memcpy(ret->gid, row.gid, 32);
  ret->name = keep_text(w, row.name, VLS_NAME_MAX);
  ret->problem = keep_text(w, row.problem, VLS_PROBLEM_MAX);
  size_t at = w->room.n;
  if (vls_grp_link(store, row.id, &w->room))
    ret->link = vls_slice_of(w->room.p + at, w->room.n - at);
  return true;
}

static bool next_device(vls_backup_walk *w, vls_store *store, vls_backup_group_device *ret) {
  sqlite3_stmt *q = vls_sql(store, "SELECT grp, number, device, author FROM gdevice WHERE grp<=?1 "
                                   "AND author<=?1 AND (grp, number)>(?2, ?3) ORDER BY grp, "
                                   "number LIMIT 1");
  vls_sql_int(q, 1, w->contact);
  vls_sql_int(q, 2, w->after[0]);
  vls_sql_int(q, 3, w->after[1]);
  bool found = vls_sql_row(store, q);
  if (found) {
    ret->group = w->after[0] = vls_sql_get_int(q, 0);
    ret->number = w->after[1] = vls_sql_get_int(q, 1);
    vls_sql_get_fix(store, q, 2, ret->device, 32);
    ret->author = vls_sql_get_int(q, 3);
  }
  vls_sql_done(q);
  return found;
}

/* Words that came after the walk began have no text in it: they are heard again. */
static bool came_before(const vls_backup_walk *w, vls_store *store,
                        const vls_backup_group_row *row) {
  vls_gevent_row event;
  if (row->kind != VLS_GROW_WORDS) return true;
  return row->value.n >= 32 && vls_gevent_by_id(store, row->group, row->value.p, &event, NULL) &&
         event.n <= w->gevent;
}

static bool next_row(vls_backup_walk *w, vls_store *store, vls_backup_group_row *ret) {
  for (bool found = true, right = false; !right;) {
    sqlite3_stmt *q = vls_sql(store, "SELECT grp, kind, key, value FROM grow WHERE grp<=? AND "
                                     "(grp, kind, key)>(?, ?, ?) AND part=2 AND length(key)<=64 "
                                     "ORDER BY grp, kind, key LIMIT 1");
    _Static_assert(VLS_GROW_KEY_MAX == 64, "as in the statement");
    vls_sql_int(q, 1, w->contact);
    vls_sql_int(q, 2, w->after[0]);
    vls_sql_int(q, 3, w->after[1]);
    vls_sql_blob(q, 4, vls_slice_of(w->after_key, w->n_after_key));
    found = vls_sql_row(store, q);
    w->room.n = 0;
    if (found) {
      ret->group = w->after[0] = vls_sql_get_int(q, 0);
      ret->kind = w->after[1] = vls_sql_get_int(q, 1);
      ret->key = keep(w, vls_sql_get_blob(q, 2), VLS_GROW_KEY_MAX);
      ret->value = keep(w, vls_sql_get_blob(q, 3), VLS_GROW_VALUE_MAX);
      if (ret->key.n > 0) memcpy(w->after_key, ret->key.p, ret->key.n);
      w->n_after_key = ret->key.n;
    }
    vls_sql_done(q);
    if (!found) return false;
    right = came_before(w, store, ret);
  }
  return true;
}

static bool next_event(vls_backup_walk *w, vls_store *store, vls_backup_group_event *ret) {
  sqlite3_stmt *q = vls_sql(store, "SELECT n, grp, id, device, seq, act, first, last, at, bytes "
                                   "FROM gevent WHERE n>? AND n<=? AND grp<=? ORDER BY n LIMIT 1");
  vls_sql_int(q, 1, w->after[0]);
  vls_sql_int(q, 2, w->gevent);
  vls_sql_int(q, 3, w->contact);
  bool found = vls_sql_row(store, q);
  if (found) {
    ret->n = w->after[0] = vls_sql_get_int(q, 0);
    ret->group = vls_sql_get_int(q, 1);
    vls_sql_get_fix(store, q, 2, ret->id, 32);
    ret->device = whole(vls_sql_get_int(q, 3));
    ret->seq = vls_sql_get_int(q, 4);
    ret->act = vls_sql_get_int(q, 5) != 0;
    ret->first = whole(vls_sql_get_int(q, 6));
    ret->last = whole(vls_sql_get_int(q, 7));
    ret->at = whole(vls_sql_get_int(q, 8));
    ret->bytes = keep(w, vls_sql_get_blob(q, 9), 67200);
  }
  vls_sql_done(q);
  return found;
}

static bool next_said(vls_backup_walk *w, vls_store *store, vls_backup_said *ret) {
  sqlite3_stmt *q = vls_sql(store, "SELECT n, author, item, kind FROM message WHERE n>? AND n<=? "
                                   "AND (author>0 OR item>0 OR kind>0) ORDER BY n LIMIT 1");
  vls_sql_int(q, 1, w->after[0]);
  vls_sql_int(q, 2, w->message);
  bool found = vls_sql_row(store, q);
  if (found) {
    ret->n = w->after[0] = vls_sql_get_int(q, 0);
    ret->author = whole(vls_sql_get_int(q, 1));
    ret->item = whole(vls_sql_get_int(q, 2));
    ret->kind = vls_sql_get_int(q, 3) & 255;
  }
  vls_sql_done(q);
  return found;
}

bool vls_backup_groups_next(vls_backup_walk *w, vls_store *store, vls_backup_row *ret) {
  switch ((int)w->kind) {
  case VLS_BACKUP_GROUP: return next_group(w, store, &ret->group);
  case VLS_BACKUP_GROUP_DEVICE: return next_device(w, store, &ret->group_device);
  case VLS_BACKUP_GROUP_ROW: return next_row(w, store, &ret->group_row);
  case VLS_BACKUP_GROUP_EVENT: return next_event(w, store, &ret->group_event);
  case VLS_BACKUP_SAID: return next_said(w, store, &ret->said);
  default: return false;
  }
}

/* --- bringing it back --- */

static vls_err put_group(vls_store *store, const vls_backup_group *r) {
  vls_grp_row row = {
      .state = (vls_grp_state)r->state, .via = r->via, .read_n = r->read_n, .created = r->created};
  vls_buf fold;
  memcpy(row.gid, r->gid, 32);
  if (r->name.n > 0) memcpy(row.name, r->name.p, r->name.n);
  if (r->problem.n > 0) memcpy(row.problem, r->problem.p, r->problem.n);
  vls_buf_init(&fold, VLS_FOLD_MAX);
  vls_grp_fold(&row, &fold);
  bool known =
      vls_grp_by_gid(store, row.gid) != 0 || vls_grp_by_fold(store, vls_buf_slice(&fold)) != 0;
  if (!known) {
    vls_grp_put(store, &row, vls_buf_slice(&fold));
    sqlite3_stmt *q = vls_sql_write(store, "UPDATE grp SET id=?, link=? WHERE id=?");
    vls_sql_int(q, 1, r->id);
    vls_sql_blob(q, 2, r->link);
    vls_sql_int(q, 3, row.id);
    vls_sql_run(store, q);
  }
  vls_buf_done(&fold);
  return known ? VLS_MALFORMED : VLS_OK;
}

static vls_err put_device(vls_store *store, const vls_backup_group_device *r) {
  sqlite3_stmt *q = vls_sql(store, "SELECT 1 FROM gdevice WHERE grp=? AND device=?");
  vls_sql_int(q, 1, r->group);
  vls_sql_blob(q, 2, vls_slice_of(r->device, 32));
  if (vls_sql_one(store, q) != 0) return VLS_MALFORMED;
  q = vls_sql_write(store, "INSERT INTO gdevice VALUES(?,?,?,?,0)");
  vls_sql_int(q, 1, r->group);
  vls_sql_int(q, 2, r->number);
  vls_sql_blob(q, 3, vls_slice_of(r->device, 32));
  vls_sql_int(q, 4, r->author);
  vls_sql_run(store, q);
  return VLS_OK;
}

static void put_event(vls_store *store, const vls_backup_group_event *r) {
  vls_gevent_row row = {.grp = r->group,
                        .device = r->device,
                        .seq = r->seq,
                        .is_act = r->act,
                        .first = r->first,
                        .last = r->last,
                        .at = r->at,
                        .bytes = r->bytes};
  memcpy(row.id, r->id, 32);
  vls_gevent_put(store, &row);
}

static void put_said(vls_store *store, const vls_backup_said *r) {
  sqlite3_stmt *q = vls_sql_write(store, "UPDATE message SET author=?, item=?, kind=? WHERE n=?");
  vls_sql_int(q, 1, r->author);
  vls_sql_int(q, 2, r->item);
  vls_sql_int(q, 3, r->kind);
  vls_sql_int(q, 4, r->n);
  vls_sql_run(store, q);
}

vls_err vls_restore_groups_row(vls_store *store, const vls_backup_row *row) {
  const vls_backup_group_row *r = &row->group_row;
  switch ((int)row->kind) {
  case VLS_BACKUP_GROUP: return put_group(store, &row->group);
  case VLS_BACKUP_GROUP_DEVICE: return put_device(store, &row->group_device);
  case VLS_BACKUP_GROUP_ROW: {
    vls_grow grow = {(uint8_t)r->kind, r->key, VLS_GROW_CLEAR, r->value};
    vls_grow_put(store, r->group, &grow);
    break;
  }
  case VLS_BACKUP_GROUP_EVENT: put_event(store, &row->group_event); break;
  case VLS_BACKUP_SAID: put_said(store, &row->said); break;
  default: break;
  }
  return VLS_OK;
}

static void run_all(vls_store *store, const char *const *sql, size_t n) {
  for (size_t i = 0; i < n; i++)
    vls_sql_run(store, vls_sql_write(store, sql[i]));
}

void vls_restore_groups_forget(vls_store *store) {
  static const char *const sql[] = {
      "DELETE FROM grp",     "DELETE FROM grow",  "DELETE FROM gkey",  "DELETE FROM gdevice",
      "DELETE FROM gevent",  "DELETE FROM gwrap", "DELETE FROM gnote", "DELETE FROM gmark",
      "DELETE FROM grecord", "DELETE FROM gask",  "DELETE FROM gdue",  "DELETE FROM greport",
  };
  run_all(store, sql, sizeof sql / sizeof sql[0]);
}

/* --- a new device --- */

void vls_former_groups(vls_store *store, const uint8_t sign[32]) {
  vls_grp_row row = {0};
  while (vls_grp_next(store, row.id, &row)) {
    static const char *const sql[] = {
        "UPDATE gevent SET device=? WHERE grp=? AND device=0",
        "UPDATE message SET device=? WHERE contact=? AND device=0 AND seq>0",
    };
    uint64_t number = vls_gdevice(store, row.id, sign, 0);
    for (size_t i = 0; i < sizeof sql / sizeof sql[0]; i++) {
      sqlite3_stmt *q = vls_sql_write(store, sql[i]);
      vls_sql_int(q, 1, number);
      vls_sql_int(q, 2, row.id);
      vls_sql_run(store, q);
    }
  }
}

void vls_former_groups_clear(vls_store *store) {
  static const char *const sql[] = {"DELETE FROM grow WHERE part<>2", "DELETE FROM gkey",
                                    "DELETE FROM gwrap", "DELETE FROM gmark",
                                    "INSERT OR REPLACE INTO spent SELECT id, 3 FROM grp"};
  run_all(store, sql, sizeof sql / sizeof sql[0]);
}
