#include "client/show.h"

#include <inttypes.h>

#include "client/json.h"
#include "client/table.h"

enum { INDENT = 2 };

static bool is(vls_slice a, const char *b) {
  return vls_slice_eq(a, vls_slice_str(b));
}

static void put_time(vls_cli *cli, uint64_t ms) {
  char at[VLS_WHEN_TEXT], ago[VLS_WHEN_TEXT];
  if (ms > INT64_MAX) ms = INT64_MAX;
  int64_t now = vls_when_now();
  vls_when_local(at, (int64_t)ms, now);
  vls_when_relative(ago, (int64_t)ms, now);
  vls_out_styled(&cli->out, VLS_DIM, "%s (%s)", at, ago);
}

/* "#12 Bao, 14:05 (5 min ago)"; in a group "#12 Bao in @school, ...". author: empty in a talk with
 * one contact. */
static void put_head(vls_cli *cli, uint64_t n, bool mine, vls_slice name, vls_slice author,
                     uint64_t at) {
  vls_out_styled(&cli->out, VLS_DIM, "#%" PRIu64 " ", n);
  if (author.n > 0 && !mine) {
    vls_out_styled(&cli->out, VLS_BOLD, "%.*s", VLS_STR(author));
    vls_out_put(&cli->out, " in %.*s", VLS_STR(name));
  } else {
    vls_out_styled(&cli->out, VLS_BOLD, mine ? "you to %.*s" : "%.*s", VLS_STR(name));
  }
  vls_out_put(&cli->out, ", ");
  put_time(cli, at);
}

/* "delivered", or "sent, delivered to 27 of 30". */
static void put_state(vls_cli *cli, const vls_rpc_message *m) {
  vls_style style = is(m->state, "failed") ? VLS_RED : VLS_PLAIN;
  vls_out_put(&cli->out, ", ");
  vls_out_styled(&cli->out, style, "%.*s", VLS_STR(m->state));
  if (is(m->state, "sent") && m->has_receipts && m->has_of && m->of > 0)
    vls_out_put(&cli->out, ", delivered to %" PRIu64 " of %" PRIu64, m->receipts, m->of);
  if (m->has_problem) vls_out_put(&cli->out, ": %.*s", VLS_STR(m->problem));
}

static void show_message_tabbed(vls_cli *cli, const vls_rpc_message *m) {
  static const vls_column columns[] = {{"N", 0},     {"AT", 0},   {"WAY", 0},   {"NAME", 0},
                                       {"STATE", 0}, {"TEXT", 0}, {"AUTHOR", 0}};
  vls_table *table = vls_table_new(cli, columns, 7);
  vls_table_number(table, m->n);
  vls_table_time(table, m->at);
  vls_table_put(table, m->mine ? "out" : "in");
  vls_table_text(table, m->name);
  vls_table_text(table, m->state);
  vls_table_text(table, m->text);
  vls_table_text(table, m->has_author ? m->author : (vls_slice){0});
  vls_table_end(table, NULL);
}

/* ", edited, answers #3"; of what is no text ", reaction to #3". */
static void put_about(vls_cli *cli, const vls_rpc_message *m) {
  for (size_t i = 0; i < m->n_mentions; i++)
    if (m->mentions[i].me) {
      vls_out_styled(&cli->out, VLS_BOLD, ", names you");
      break;
    }
  if (m->has_edits) vls_out_put(&cli->out, ", edited");
  if (m->has_kind)
    vls_out_put(&cli->out, ", %.*s", VLS_STR(m->kind));
  else if (m->has_about || m->has_about_item)
    vls_out_put(&cli->out, ", answers");
  else
    return;
  if (m->has_about)
    vls_out_put(&cli->out, " #%" PRIu64, m->about);
  else
    vls_out_put(&cli->out, " a text that is not here");
}

/* "+1 (3, you too), heart (1)" */
static void put_reactions(vls_cli *cli, const vls_rpc_message *m) {
  if (m->n_reactions == 0) return;
  vls_out_put(&cli->out, "%*s", INDENT, "");
  for (size_t i = 0; i < m->n_reactions; i++) {
    const vls_rpc_reactions *r = &m->reactions[i];
    vls_out_put(&cli->out, "%s%.*s", i > 0 ? ", " : "", VLS_STR(r->sign));
    vls_out_styled(&cli->out, VLS_DIM, " (%" PRIu64 "%s)", r->count, r->mine ? ", with you" : "");
  }
  vls_out_end(&cli->out);
}

static void put_deleted(vls_cli *cli, vls_slice by, vls_slice reason) {
  vls_out_put(&cli->out, "%*s", INDENT, "");
  vls_out_styled(&cli->out, VLS_DIM, "deleted");
  if (by.n > 0) vls_out_put(&cli->out, " by %.*s", VLS_STR(by));
  if (reason.n > 0) vls_out_put(&cli->out, ": %.*s", VLS_STR(reason));
  vls_out_end(&cli->out);
}

void vls_show_message(vls_cli *cli, const vls_rpc_message *m) {
  if (cli->mode == VLS_JSON) {
    vls_json_show(&cli->out, &vls_rpc_message_def, m);
    return;
  }
  if (cli->mode == VLS_TABBED) {
    show_message_tabbed(cli, m);
    return;
  }
  put_head(cli, m->n, m->mine, m->name, m->has_author ? m->author : (vls_slice){0}, m->at);
  if (m->mine) {
    put_state(cli, m);
  } else if (is(m->state, "received")) {
    vls_out_put(&cli->out, ", new");
  }
  put_about(cli, m);
  vls_out_end(&cli->out);
  if (m->has_deleted && m->deleted)
    put_deleted(cli, m->has_deleted_by ? m->deleted_by : (vls_slice){0},
                m->has_reason ? m->reason : (vls_slice){0});
  else
    vls_out_body(&cli->out, INDENT, m->text);
  put_reactions(cli, m);
}

void vls_show_event_json(vls_buf *out, const vls_rpc_event *event) {
  json_t *object = vls_json_new();
  vls_json_add(object, &vls_rpc_event_def, event);
  vls_json_line(out, object, JSON_COMPACT);
  json_decref(object);
}

static void show_event_tabbed(vls_cli *cli, const vls_rpc_event *e) {
  static const vls_column columns[] = {{"CURSOR", 0}, {"TYPE", 0}, {"AT", 0},   {"NAME", 0},
                                       {"FIRST", 0},  {"LAST", 0}, {"TEXT", 0}, {"AUTHOR", 0}};
  vls_table *table = vls_table_new(cli, columns, 8);
  uint64_t first = e->has_n ? e->n : e->has_first ? e->first : 0;
  uint64_t last = e->has_n ? e->n : e->has_last ? e->last : 0;
  vls_table_number(table, e->cursor);
  vls_table_text(table, e->type);
  vls_table_time(table, e->at);
  vls_table_text(table, e->has_name ? e->name : (vls_slice){0});
  vls_table_number(table, first);
  vls_table_number(table, last);
  vls_table_text(table, e->has_text ? e->text : (vls_slice){0});
  vls_table_text(table, e->has_author ? e->author : (vls_slice){0});
  vls_table_end(table, NULL);
}

static const char *preposition(vls_slice type) {
  if (is(type, VLS_EV_DELIVERED)) return "to ";
  if (is(type, VLS_EV_READ)) return "by ";
  return is(type, VLS_EV_FAILED) ? "for " : "";
}

/* Everything but a text is one sentence: "delivered to Bao: #3 to #5, 14:06 (just now)". */
static void show_sentence(vls_cli *cli, const vls_rpc_event *e) {
  vls_style style = is(e->type, VLS_EV_ALARM) || is(e->type, VLS_EV_FAILED) ? VLS_RED : VLS_PLAIN;
  vls_out_styled(&cli->out, style, "%.*s", VLS_STR(e->type));
  if (e->has_name && e->name.n > 0)
    vls_out_put(&cli->out, " %s%.*s", preposition(e->type), VLS_STR(e->name));
  if (e->has_n)
    vls_out_put(&cli->out, ": #%" PRIu64, e->n);
  else if (e->has_first && e->has_last && e->first != e->last)
    vls_out_put(&cli->out, ": #%" PRIu64 " to #%" PRIu64, e->first, e->last);
  else if (e->has_first)
    vls_out_put(&cli->out, ": #%" PRIu64, e->first);
  vls_out_put(&cli->out, ", ");
  put_time(cli, e->at);
  vls_out_end(&cli->out);
  if (e->has_text && e->text.n > 0) vls_out_body(&cli->out, INDENT, e->text);
}

void vls_show_event(vls_cli *cli, const vls_rpc_event *e) {
  if (cli->mode == VLS_JSON) {
    vls_buf line;
    vls_buf_init(&line, VLS_GATE_MAX);
    vls_show_event_json(&line, e);
    vls_out_raw(&cli->out, line.p, line.n);
    vls_buf_done(&line);
  } else if (cli->mode == VLS_TABBED) {
    show_event_tabbed(cli, e);
  } else if (is(e->type, VLS_EV_MESSAGE) || is(e->type, VLS_EV_REMARK)) {
    put_head(cli, e->has_n ? e->n : 0, false, e->has_name ? e->name : (vls_slice){0},
             e->has_author ? e->author : (vls_slice){0}, e->at);
    if (e->has_mention && e->mention) vls_out_styled(&cli->out, VLS_BOLD, ", names you");
    if (e->has_about)
      vls_out_put(&cli->out, ", %.*s #%" PRIu64,
                  VLS_STR(e->has_kind ? e->kind : vls_slice_str("answers")), e->about);
    vls_out_end(&cli->out);
    if (e->has_deleted && e->deleted)
      put_deleted(cli, (vls_slice){0}, (vls_slice){0});
    else
      vls_out_body(&cli->out, INDENT, e->has_text ? e->text : (vls_slice){0});
  } else {
    show_sentence(cli, e);
  }
}
