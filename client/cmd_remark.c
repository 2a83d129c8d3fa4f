#include <inttypes.h>

#include "client/input.h"
#include "client/list.h"
#include "client/show.h"

/* The words of an operand, or with "-" of standard input. */
static vls_err words_of(vls_cli *cli, const char *word, vls_buf *text) {
  return strcmp(word, "-") == 0 ? vls_input_stdin(cli, text) : vls_input_string(cli, word, text);
}

/* "Bao: #13 queued"; its state is asked for under that number. */
static vls_err report(vls_cli *cli, const vls_rpc_remarked *r) {
  if (vls_show_for_script(cli, &vls_rpc_remarked_def, r)) return VLS_OK;
  if (r->n == 0)
    vls_cli_note(cli, "#%" PRIu64 " is so already; there was nothing to send.", r->about);
  else if (!cli->quiet)
    vls_out_line(&cli->out, "%.*s: #%" PRIu64 " queued", VLS_STR(r->name), r->n);
  return VLS_OK;
}

static vls_err call_for(vls_cli *cli, const char *method, const vls_wire_def *def,
                        const void *ask) {
  vls_rpc_remarked r;
  vls_err err = vls_call_for(cli, method, def, ask, &vls_rpc_remarked_def, &r);
  return err == VLS_OK ? report(cli, &r) : err;
}

static vls_err reply(vls_cli *cli, const vls_args *args) {
  vls_rpc_send ask = {.has_reply = true};
  vls_rpc_sent sent;
  vls_slice result, item;
  vls_items items;
  vls_buf text;
  vls_buf_init(&text, VLS_INPUT_MAX);
  vls_err err = vls_args_text_number(cli, args->word[0], &ask.reply);
  if (err == VLS_OK) err = words_of(cli, args->word[1], &text);
  ask.text = vls_buf_slice(&text);
  if (err == VLS_OK) err = vls_call(cli, "send", &vls_rpc_send_def, &ask, &result);
  if (err == VLS_OK) err = vls_list_open(cli, result, &items);
  if (err == VLS_OK && vls_items_next(&items, &item)) {
    err = vls_cli_decode(cli, &vls_rpc_sent_def, item, &sent);
    vls_rpc_remarked r = {.n = sent.n, .about = ask.reply, .name = sent.name};
    if (err == VLS_OK) err = report(cli, &r);
  }
  vls_buf_done(&text);
  return err;
}

static vls_err react(vls_cli *cli, const vls_args *args) {
  vls_rpc_react ask = {0};
  vls_err err = vls_args_text_number(cli, args->word[0], &ask.n);
  if (err == VLS_OK && args->n > 1)
    err = vls_cli_word(cli, &vls_rpc_react_def, "sign", args->word[1], &ask.sign);
  return err == VLS_OK ? call_for(cli, "message.react", &vls_rpc_react_def, &ask) : err;
}

static vls_err edit(vls_cli *cli, const vls_args *args) {
  vls_rpc_edit ask = {0};
  vls_buf text;
  vls_buf_init(&text, VLS_INPUT_MAX);
  vls_err err = vls_args_text_number(cli, args->word[0], &ask.n);
  if (err == VLS_OK) err = words_of(cli, args->word[1], &text);
  ask.text = vls_buf_slice(&text);
  if (err == VLS_OK) err = call_for(cli, "message.edit", &vls_rpc_edit_def, &ask);
  vls_buf_done(&text);
  return err;
}

static vls_err delete (vls_cli *cli, const vls_args *args) {
  vls_rpc_delete ask = {0};
  const char *reason = vls_args_opt(args, "reason");
  vls_err err = vls_args_text_number(cli, args->word[0], &ask.n);
  if (err == VLS_OK && reason != NULL) {
    ask.has_reason = true;
    err = vls_cli_word(cli, &vls_rpc_delete_def, "reason", reason, &ask.reason);
  }
  return err == VLS_OK ? call_for(cli, "message.delete", &vls_rpc_delete_def, &ask) : err;
}

static vls_err show_list(vls_cli *cli, const vls_args *args, const char *method,
                         const char *nothing) {
  vls_rpc_remarks ask = {0};
  vls_rpc_message m;
  vls_slice result, item;
  vls_items items;
  size_t n = 0;
  vls_err err = vls_args_text_number(cli, args->word[0], &ask.n);
  if (err == VLS_OK) err = vls_call(cli, method, &vls_rpc_remarks_def, &ask, &result);
  if (err == VLS_OK) err = vls_list_open(cli, result, &items);
  for (; err == VLS_OK && vls_items_next(&items, &item); n++) {
    err = vls_cli_decode(cli, &vls_rpc_message_def, item, &m);
    if (err == VLS_OK) vls_show_message(cli, &m);
  }
  if (err == VLS_OK && n == 0 && cli->mode == VLS_HUMAN) vls_cli_note(cli, "%s", nothing);
  return err;
}

static vls_err thread(vls_cli *cli, const vls_args *args) {
  return show_list(cli, args, "message.thread", "No texts.");
}

static vls_err remarks(vls_cli *cli, const vls_args *args) {
  return show_list(cli, args, "message.remarks", "It was never edited, and nobody reacted to it.");
}

const vls_cmd vls_cmd_reply = {
    .name = "reply",
    .operands = "N TEXT",
    .summary = "Answer a text",
    .about = "N is the number of the text, as valise read shows it. The answer goes where\n"
             "that text is, to the contact or the group. With - instead of TEXT it is read\n"
             "from standard input.\n"
             "\n"
             "  valise reply 12 \"I can come on Monday\"\n",
    .run = reply,
    .min = 2,
    .max = 2,
};

const vls_cmd vls_cmd_react = {
    .name = "react",
    .operands = "N [SIGN]",
    .summary = "React to a text with an emoji or a short word",
    .about = "Of your reactions to one text the newest counts. Without SIGN it is taken\n"
             "back.\n"
             "\n"
             "  valise react 12 +1\n",
    .run = react,
    .min = 1,
    .max = 2,
};

static const vls_opt delete_opts[] = {
    {"reason", 0, VLS_KIND_TEXT, "TEXT", "shown in the place of the text", NULL},
    VLS_OPTS_END,
};

const vls_cmd vls_cmd_edit = {
    .name = "edit",
    .operands = "N TEXT",
    .summary = "Change a text of yours",
    .about = "A text that has not left is changed itself. Otherwise TEXT is shown in its\n"
             "place, as edited, and whoever wants to can read what it said before: valise\n"
             "remarks N. With - instead of TEXT it is read from standard input.\n"
             "\n"
             "  valise edit 12 \"At seven, not at six\"\n",
    .run = edit,
    .min = 2,
    .max = 2,
};

const vls_cmd vls_cmd_delete = {
    .name = "delete",
    .operands = "N",
    .summary = "Delete a text of yours, here and at the other side",
    .about = "Its words are gone here at once, with all its versions. The other side's node\n"
             "deletes them when it hears of it; nobody can make it do so. Backups made\n"
             "before keep them.\n"
             "\n"
             "  valise delete 12 --reason \"sent to the wrong person\"\n",
    .opts = delete_opts,
    .run = delete,
    .min = 1,
    .max = 1,
};

const vls_cmd vls_cmd_thread = {
    .name = "thread",
    .operands = "N",
    .summary = "Read a text and its answers",
    .about = "The text that began it, and what answers it, directly or not.\n"
             "\n"
             "With --plain the columns are those of valise read.\n",
    .run = thread,
    .min = 1,
    .max = 1,
};

const vls_cmd vls_cmd_remarks = {
    .name = "remarks",
    .operands = "N",
    .summary = "Show what was said about a text: versions, reactions",
    .about = "Every edit, with the words it put in the place of others, every reaction that\n"
             "counts, and the deletion. The words of a deleted text are gone.\n"
             "\n"
             "With --plain the columns are those of valise read.\n",
    .run = remarks,
    .min = 1,
    .max = 1,
};
