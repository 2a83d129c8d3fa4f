/* What people say about texts, in one line each. */
#ifndef VALISE_TESTS_CORE_REMARKS_H
#define VALISE_TESTS_CORE_REMARKS_H

#include "store_dump.h"
#undef COUNT
#include "core_backup.h"

#include "store/messages.h"
#include "store/remarks.h"

/* A text as a node shows it, kept by value. */
typedef struct shown {
  vls_rpc_message row;
  char text[600], state[17], kind[17], reason[300], sign[40], item[65], about_item[65];
} shown;

static inline void keep(shown *s, const vls_rpc_message *m) {
  *s = (shown){.row = *m};
  copy_slice(s->text, sizeof s->text, m->text);
  copy_slice(s->state, sizeof s->state, m->state);
  if (m->has_kind) copy_slice(s->kind, sizeof s->kind, m->kind);
  if (m->has_reason) copy_slice(s->reason, sizeof s->reason, m->reason);
  if (m->has_item) copy_slice(s->item, sizeof s->item, m->item);
  if (m->has_about_item) copy_slice(s->about_item, sizeof s->about_item, m->about_item);
  if (m->n_reactions > 0) copy_slice(s->sign, sizeof s->sign, m->reactions[0].sign);
}

static inline shown look(world *w, int who, uint64_t n) {
  static vls_rpc_message m;
  shown s;
  vls_rpc_n p = {n};
  assert_true(call(w, who, "message.get", &vls_rpc_n_def, &p));
  answer(w, who, &vls_rpc_message_def, &m);
  keep(&s, &m);
  return s;
}

/* The rows of an answer that is a list of messages. */
static inline size_t rows_of(world *w, int who, shown *rows, size_t max) {
  static vls_rpc_message m;
  static vls_slice part[500];
  size_t n = answer_list(w, who, part, 500);
  for (size_t i = 0; i < n && i < max; i++) {
    assert_int_equal(vls_wire_decode(&vls_rpc_message_def, VLS_WIRE_STRICT, part[i], &m, NULL),
                     VLS_OK);
    keep(&rows[i], &m);
  }
  return n;
}

static inline size_t list(world *w, int who, const char *search, shown *rows, size_t max) {
  vls_rpc_list p = {.has_search = search != NULL, .has_limit = true, .limit = 500};
  if (search != NULL) p.search = vls_slice_str(search);
  assert_true(call(w, who, "message.list", &vls_rpc_list_def, &p));
  return rows_of(w, who, rows, max);
}

static inline size_t thread_of(world *w, int who, uint64_t n, shown *rows, size_t max) {
  vls_rpc_remarks p = {.n = n};
  assert_true(call(w, who, "message.thread", &vls_rpc_remarks_def, &p));
  return rows_of(w, who, rows, max);
}

static inline size_t remarks_on(world *w, int who, uint64_t n, shown *rows, size_t max) {
  vls_rpc_remarks p = {.n = n};
  assert_true(call(w, who, "message.remarks", &vls_rpc_remarks_def, &p));
  return rows_of(w, who, rows, max);
}

static inline uint64_t number_of_answer(world *w, int who) {
  vls_rpc_remarked r;
  answer(w, who, &vls_rpc_remarked_def, &r);
  return r.n;
}

static inline bool try_react(world *w, int who, uint64_t n, const char *sign) {
  vls_rpc_react p = {n, vls_slice_str(sign)};
  return call(w, who, "message.react", &vls_rpc_react_def, &p);
}

static inline uint64_t react(world *w, int who, uint64_t n, const char *sign) {
  assert_true(try_react(w, who, n, sign));
  return number_of_answer(w, who);
}

static inline bool try_edit(world *w, int who, uint64_t n, const char *text) {
  vls_rpc_edit p = {n, vls_slice_str(text)};
  return call(w, who, "message.edit", &vls_rpc_edit_def, &p);
}

static inline uint64_t edit(world *w, int who, uint64_t n, const char *text) {
  assert_true(try_edit(w, who, n, text));
  return number_of_answer(w, who);
}

static inline bool try_delete(world *w, int who, uint64_t n, const char *reason) {
  vls_rpc_delete p = {.n = n, .has_reason = reason != NULL};
  if (reason != NULL) p.reason = vls_slice_str(reason);
  return call(w, who, "message.delete", &vls_rpc_delete_def, &p);
}

static inline uint64_t reply(world *w, int who, uint64_t n, const char *text) {
  vls_rpc_send p = {.text = vls_slice_str(text), .has_reply = true, .reply = n};
  vls_rpc_sent sent;
  vls_slice part[1];
  assert_true(call(w, who, "send", &vls_rpc_send_def, &p));
  assert_int_equal(answer_list(w, who, part, 1), 1);
  assert_int_equal(vls_wire_decode(&vls_rpc_sent_def, VLS_WIRE_STRICT, part[0], &sent, NULL),
                   VLS_OK);
  assert_true(sent.n > 0);
  return sent.n;
}

/* The number that a text of Ana's has at Bao's, by its item id. */
static inline uint64_t there(world *w, int from, uint64_t n, int to) {
  shown rows[64], s = look(w, from, n);
  size_t count = list(w, to, NULL, rows, COUNT(rows));
  for (size_t i = 0; i < count; i++)
    if (strcmp(rows[i].item, s.item) == 0) return rows[i].row.n;
  return 0;
}

/* True when these words stand in any row of any table. */
static inline bool is_anywhere(vls_store *store, const char *words) {
  char hex[200] = "", sql[200];
  bool found = false;
  vls_hex_put(hex, vls_slice_str(words));
  char *names = dump_of(store, "SELECT name FROM sqlite_master WHERE type='table'");
  for (char *at = names; *at != '\0'; at += strlen(at) + 1) {
    at[strcspn(at, "\n")] = '\0';
    vec_bytes name = vec_hex(at);
    snprintf(sql, sizeof sql, "SELECT * FROM %.*s", (int)name.n, (const char *)name.p);
    char *rows = dump_of(store, sql);
    found = found || strstr(rows, hex) != NULL;
    free(rows);
  }
  free(names);
  return found;
}

#endif
