#include <inttypes.h>

#include "client/json.h"
#include "client/list.h"
#include "client/show.h"

static const vls_column columns[] = {
    {"N", VLS_COL_RIGHT},     {"TO", VLS_COL_LEFT},  {"STATE", VLS_COL_LEFT},
    {"SINCE", VLS_COL_SPARE}, {"TEXT", VLS_COL_CUT}, {"WHY IT WAITS", VLS_COL_CUT},
};

enum { TEXT_SHOWN = 40 };

static void put_row(vls_table *table, const void *msg) {
  const vls_rpc_message *m = msg;
  vls_slice text = m->text;
  vls_table_number(table, m->n);
  vls_table_name(table, m->name);
  vls_table_text(table, m->state);
  vls_table_time(table, m->at);
  bool is_cut = vls_table_for_people(table) && text.n > TEXT_SHOWN;
  if (is_cut) {
    size_t n = TEXT_SHOWN;
    while ((text.p[n] & 0xc0) == 0x80)
      n--; /* not in the middle of a character */
    text.n = n;
  }
  if (m->has_kind && vls_table_for_people(table))
    vls_table_put(table, "%.*s #%" PRIu64 ": %.*s", VLS_STR(m->kind), m->about, VLS_STR(text));
  else if (is_cut)
    vls_table_put(table, "%.*s...", VLS_STR(text));
  else
    vls_table_text(table, text);
  vls_table_text(table, m->has_problem ? m->problem : (vls_slice){0});
}

/* The one operand all of them take. */
static vls_err who_of(vls_cli *cli, const vls_args *args, vls_rpc_opt_who *ask) {
  if (args->n == 0) return VLS_OK;
  ask->has_who = true;
  return vls_cli_word(cli, &vls_rpc_opt_who_def, "who", args->word[0], &ask->who);
}

static vls_err list(vls_cli *cli, const vls_args *args) {
  vls_rpc_opt_who ask = {0};
  vls_rpc_message message;
  vls_slice result;
  vls_err err = who_of(cli, args, &ask);
  if (err == VLS_OK) err = vls_call(cli, "outbox.list", &vls_rpc_opt_who_def, &ask, &result);
  if (err != VLS_OK) return err;
  const vls_list list = {.def = &vls_rpc_message_def,
                         .item = &message,
                         .columns = columns,
                         .n_columns = sizeof columns / sizeof columns[0],
                         .put_row = put_row,
                         .empty = "Nothing waits: everything has its receipt."};
  return vls_list_print(cli, &list, result);
}

static const vls_column receipt_columns[] = {
    {"NAME", VLS_COL_LEFT},
    {"DELIVERED", VLS_COL_LEFT},
    {"ID", VLS_COL_SPARE},
};

static void put_receipt(vls_table *table, const void *msg) {
  const vls_rpc_receipt *r = msg;
  vls_table_name(table, r->name);
  vls_table_put(table, r->delivered ? "yes" : "no");
  vls_table_id(table, r->id);
}

/* To whom a text was delivered, and to whom not yet. */
static vls_err show(vls_cli *cli, const vls_args *args) {
  vls_rpc_receipts page = {.has_skip = true};
  vls_rpc_receipt receipt;
  vls_slice result;
  size_t n;
  const vls_list rows = {.def = &vls_rpc_receipt_def,
                         .item = &receipt,
                         .columns = receipt_columns,
                         .n_columns = sizeof receipt_columns / sizeof receipt_columns[0],
                         .put_row = put_receipt};
  vls_err err = vls_args_text_number(cli, args->word[0], &page.n);
  if (err != VLS_OK) return err;
  vls_table *table = vls_table_new(cli, rows.columns, rows.n_columns);
  do {
    n = 0;
    err = vls_call(cli, "message.receipts", &vls_rpc_receipts_def, &page, &result);
    if (err == VLS_OK) err = vls_list_rows(cli, &rows, table, result, &n);
    page.skip += n;
  } while (err == VLS_OK && n > 0);
  vls_table_end(table, err == VLS_OK ? "There was nobody else in the group." : NULL);
  return err;
}

static vls_err retry(vls_cli *cli, const vls_args *args) {
  vls_rpc_opt_who ask = {0};
  vls_rpc_count count;
  vls_err err = who_of(cli, args, &ask);
  if (err == VLS_OK)
    err = vls_call_for(cli, "outbox.retry", &vls_rpc_opt_who_def, &ask, &vls_rpc_count_def, &count);
  if (err != VLS_OK) return err;
  if (vls_show_for_script(cli, &vls_rpc_count_def, &count)) return VLS_OK;
  if (count.count == 0) {
    vls_cli_note(cli, "Nothing waits for anybody who is away.");
    return VLS_OK;
  }
  vls_cli_note(cli,
               count.count == 1 ? "Trying %" PRIu64 " contact now."
                                : "Trying %" PRIu64 " contacts now.",
               count.count);
  return VLS_OK;
}

static vls_err cancel(vls_cli *cli, const vls_args *args) {
  vls_rpc_n ask = {0};
  vls_rpc_message message;
  vls_err err = vls_args_text_number(cli, args->word[0], &ask.n);
  if (err == VLS_OK)
    err = vls_call_for(cli, "outbox.cancel", &vls_rpc_n_def, &ask, &vls_rpc_message_def, &message);
  if (err != VLS_OK) return err;
  if (cli->mode != VLS_HUMAN)
    vls_show_message(cli, &message);
  else
    vls_cli_note(cli, "#%" PRIu64 " to %.*s will not be sent.", message.n, VLS_STR(message.name));
  return VLS_OK;
}

static const vls_cmd cmd_list = {
    .name = "list",
    .operands = "[WHO]",
    .summary = "Texts without a receipt, oldest first",
    .about = "With --plain the columns are: number, name, state, since, text, why it waits.\n",
    .run = list,
    .operand = VLS_KIND_TO,
    .max = 1,
};
static const vls_cmd cmd_show = {
    .name = "show",
    .operands = "N",
    .summary = "Who has a text of yours, and who not yet",
    .about = "N is the number of the text. Those whose signed receipt is missing come first.\n"
             "With --plain the columns are: name, delivered (yes, no), id.\n"
             "\n"
             "  valise outbox show 12\n",
    .run = show,
    .min = 1,
    .max = 1,
};
static const vls_cmd cmd_retry = {
    .name = "retry",
    .operands = "[WHO]",
    .summary = "Try to reach the recipients now",
    .about = "The node tries by itself, at growing intervals; this does not wait for the\n"
             "next one.\n",
    .run = retry,
    .operand = VLS_KIND_TO,
    .max = 1,
};
static const vls_cmd cmd_cancel = {
    .name = "cancel",
    .operands = "N",
    .summary = "Take back a text that has not left",
    .about = "Only a queued text can be taken back. Once it is signed it may be anywhere.\n",
    .run = cancel,
    .min = 1,
    .max = 1,
};

static const vls_cmd *const subs[] = {&cmd_list, &cmd_show, &cmd_retry, &cmd_cancel, NULL};

const vls_cmd vls_cmd_outbox = {
    .name = "outbox",
    .operands = "",
    .summary = "What has not arrived yet",
    .about = "",
    .subs = subs,
};
