#include "store/messages.h"
#include "store/sql.h"

#define ABOUT                                                                                      \
  "(device=?2 AND seq BETWEEN ?3 AND ?4 AND "                                                      \
  "CASE WHEN ?6 THEN state=5 ELSE state=1 OR (state=7 AND device>0) END)"

static uint64_t number(vls_store *store, sqlite3_stmt *q, const vls_message_part *part,
                       uint64_t n) {
  vls_sql_int(q, 1, part->contact);
  vls_sql_int(q, 2, part->device);
  vls_sql_int(q, 3, part->from);
  vls_sql_int(q, 4, part->to);
  vls_sql_int(q, 5, n);
  vls_sql_int(q, 6, part->is_delivered);
  return vls_sql_one(store, q);
}

bool vls_message_run(vls_store *store, const vls_message_part *part, uint64_t after,
                     uint64_t *ret_first, uint64_t *ret_last) {
  uint64_t first = number(store,
                          vls_sql(store, "SELECT n FROM message WHERE contact=?1 AND n>?5 AND "
                                         "" ABOUT " ORDER BY n LIMIT 1"),
                          part, after);
  if (first == 0) return false;
  uint64_t end = number(store,
                        vls_sql(store, "SELECT n FROM message WHERE contact=?1 AND n>?5 AND "
                                       "state<>4 AND NOT " ABOUT " ORDER BY n LIMIT 1"),
                        part, first);
  *ret_first = first;
  *ret_last = number(store,
                     vls_sql(store, "SELECT n FROM message WHERE contact=?1 AND n<?5 AND " ABOUT
                                    " ORDER BY n DESC LIMIT 1"),
                     part, end == 0 ? INT64_MAX : end);
  return true;
}

static const char floor_name[] = "mixed";

void vls_message_mix(vls_store *store) {
  if (!vls_message_mixed(store)) vls_floor_raise(store, floor_name, 1);
}

bool vls_message_mixed(vls_store *store) {
  return vls_floor(store, floor_name) != 0;
}

void vls_message_drop(vls_store *store, uint64_t n) {
  vls_floor_raise(store, "message", n); /* it is not given twice */
  sqlite3_stmt *q = vls_sql_write(store, "DELETE FROM message WHERE n=?");
  vls_sql_int(q, 1, n);
  vls_sql_run(store, q);
}

uint64_t vls_message_last_mine(vls_store *store, uint64_t contact) {
  sqlite3_stmt *q = vls_sql(store, "SELECT stamp FROM message WHERE contact=? AND author=0 AND "
                                   "state<>4 ORDER BY n DESC LIMIT 1");
  vls_sql_int(q, 1, contact);
  return vls_sql_one(store, q);
}
