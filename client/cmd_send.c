#include <inttypes.h>
#include <stdlib.h>
#include <sys/random.h>

#include "client/feed.h"
#include "client/input.h"
#include "client/json.h"
#include "client/send.h"
#include "client/table.h"

enum { CID_BYTES = 16, WAIT_MS = 30 * 1000 };

static vls_err make_cid(vls_cli *cli, char ret_cid[2 * CID_BYTES + 1]) {
  uint8_t bytes[CID_BYTES];
  if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
    return vls_fail(cli, VLS_SYSTEM, NULL, "the system has no randomness to give");
  vls_hex_put(ret_cid, vls_slice_of(bytes, sizeof bytes));
  return VLS_OK;
}

static vls_err recipients(vls_cli *cli, const vls_args *args, vls_rpc_send *ask, bool *ret_dash) {
  for (size_t i = 0; i < args->n; i++) {
    if (strcmp(args->word[i], "-") == 0) {
      *ret_dash = true;
      continue;
    }
    if (ask->n_to == VLS_RECIPIENTS_MAX)
      return vls_fail(cli, VLS_USAGE, NULL, "at most %d recipients at once", VLS_RECIPIENTS_MAX);
    vls_err err = vls_cli_word(cli, &vls_rpc_send_def, "to", args->word[i], &ask->to[ask->n_to]);
    if (err != VLS_OK) return err;
    ask->n_to++;
  }
  if (ask->n_to > 0) return VLS_OK;
  return vls_fail(cli, VLS_USAGE, "valise contact list", "nobody to send to");
}

/* Nobody should type a letter to learn at its end that there is no such contact or group. */
static vls_err are_known(vls_cli *cli, const vls_rpc_send *ask) {
  vls_err err = VLS_OK;
  for (size_t i = 0; err == VLS_OK && i < ask->n_to; i++) {
    vls_rpc_who who = {.who = ask->to[i]};
    vls_rpc_which_group which = {.group = ask->to[i]};
    vls_rpc_contact contact;
    vls_rpc_group group;
    if (ask->to[i].n > 0 && ask->to[i].p[0] == '@')
      err = vls_call_for(cli, "group.get", &vls_rpc_which_group_def, &which, &vls_rpc_group_def,
                         &group);
    else
      err =
          vls_call_for(cli, "contact.get", &vls_rpc_who_def, &who, &vls_rpc_contact_def, &contact);
  }
  if (err == VLS_NOT_FOUND && ask->n_to > 1)
    return vls_fail(cli, err, "valise send TO -m TEXT", "%s", vls_problem_text(&cli->problem));
  return err;
}

/* From -m, from -f, or from standard input. */
static vls_err text_of(vls_cli *cli, const vls_args *args, const vls_rpc_send *ask, bool dash,
                       vls_buf *text) {
  const char *message = vls_args_opt(args, "message"), *file = vls_args_opt(args, "file");
  if ((message != NULL) + (file != NULL) + (dash ? 1 : 0) > 1)
    return vls_fail(cli, VLS_USAGE, "valise send --help", "give the text once: -m, -f or -");
  if (message != NULL) return vls_input_string(cli, message, text);
  if (file != NULL) return vls_input_file(cli, file, text);
  if (!dash && cli->tty_in && cli->no_input)
    return vls_fail(cli, VLS_USAGE, "valise send TO -m TEXT", "there is no text to send");
  if (cli->tty_in) {
    vls_err err = are_known(cli, ask);
    if (err != VLS_OK) return err;
    vls_cli_note(cli, "Type the message; end it with Ctrl-D on an empty line.");
  }
  return vls_input_stdin(cli, text);
}

static void print_json(vls_cli *cli, const vls_delivery *d) {
  json_t *object = vls_json_new();
  vls_json_add_text(object, "to", vls_slice_str(d->to));
  vls_json_add_number(object, "n", d->n);
  if (d->name[0] != '\0') vls_json_add_text(object, "name", vls_slice_str(d->name));
  if (d->state[0] != '\0') vls_json_add_text(object, "state", vls_slice_str(d->state));
  if (d->of > 0) {
    vls_json_add_number(object, "receipts", d->receipts);
    vls_json_add_number(object, "of", d->of);
  }
  if (d->err != VLS_OK) {
    vls_json_add_text(object, "error", vls_slice_str(vls_err_name(d->err)));
    if (d->problem != NULL) vls_json_add_text(object, "problem", vls_slice_str(d->problem));
  }
  vls_json_print(&cli->out, object, false);
}

static void print_tabbed(vls_cli *cli, const vls_delivery *d) {
  static const vls_column columns[] = {
      {"TO", 0}, {"N", 0}, {"STATE", 0}, {"ERROR", 0}, {"PROBLEM", 0}};
  vls_table *table = vls_table_new(cli, columns, 5);
  vls_table_put(table, "%s", d->name[0] != '\0' ? d->name : d->to);
  vls_table_number(table, d->n);
  vls_table_put(table, "%s", d->state);
  vls_table_put(table, "%s", d->err == VLS_OK ? "" : vls_err_name(d->err));
  vls_table_put(table, "%s", d->problem != NULL ? d->problem : "");
  vls_table_end(table, NULL);
}

static void print_for_people(vls_cli *cli, const vls_delivery *d) {
  const char *who = d->name[0] != '\0' ? d->name : d->to;
  if (d->n == 0) {
    vls_out_line(&cli->err, "%s: not sent: %s", who,
                 d->problem != NULL ? d->problem : vls_err_text(d->err));
    if (d->err == VLS_NOT_FOUND)
      vls_out_line(&cli->err, "  try: valise %s list", d->to[0] == '@' ? "group" : "contact");
  } else if (d->err == VLS_TIMEOUT) {
    bool waits = strcmp(d->state, "queued") == 0;
    if (d->of > 0 && !waits)
      vls_out_line(&cli->err,
                   "%s: #%" PRIu64 " timed out, delivered to %" PRIu64 " of %" PRIu64
                   ": see valise outbox show %" PRIu64,
                   who, d->n, d->receipts, d->of, d->n);
    else
      vls_out_line(&cli->err, "%s: #%" PRIu64 " timed out, %s: see valise outbox list", who, d->n,
                   waits ? "still queued" : "on its way and without a receipt yet");
  } else if (d->err != VLS_OK) {
    vls_out_line(&cli->err, "%s: #%" PRIu64 " %s: %s", who, d->n, d->state,
                 d->problem != NULL ? d->problem : vls_err_text(d->err));
  } else if (!cli->quiet) {
    vls_out_line(&cli->out, "%s: #%" PRIu64 " %s", who, d->n, d->state);
  }
}

/* One line for each recipient, and the error that the whole comes to. */
static vls_err report(vls_cli *cli, const vls_delivery *list, size_t n) {
  size_t good = 0;
  vls_err first = VLS_OK;
  for (size_t i = 0; i < n; i++) {
    if (cli->mode == VLS_JSON)
      print_json(cli, &list[i]);
    else if (cli->mode == VLS_TABBED)
      print_tabbed(cli, &list[i]);
    else
      print_for_people(cli, &list[i]);
    if (list[i].err == VLS_OK)
      good++;
    else if (first == VLS_OK)
      first = list[i].err;
  }
  if (good == n) return VLS_OK;
  return good > 0 ? VLS_PARTLY : first;
}

static vls_err run(vls_cli *cli, const vls_args *args) {
  vls_rpc_send ask = {0};
  vls_sending s = {.cli = cli, .ask = &ask, .wait = VLS_WAIT_QUEUED};
  char cid[2 * CID_BYTES + 1];
  uint64_t timeout = WAIT_MS;
  bool dash = false;
  vls_buf text;
  vls_buf_init(&text, VLS_INPUT_MAX);
  vls_err err = recipients(cli, args, &ask, &dash);
  if (err == VLS_OK) err = vls_args_span(cli, args, "timeout", &timeout);
  if (err == VLS_OK) err = text_of(cli, args, &ask, dash, &text);
  if (err == VLS_OK) err = make_cid(cli, cid);
  if (err == VLS_OK) {
    const char *wait = vls_args_opt(args, "wait");
    if (wait != NULL && strcmp(wait, "queued") != 0) s.wait = VLS_WAIT_DELIVERED;
    ask.text = vls_buf_slice(&text);
    ask.has_cid = true;
    ask.cid = vls_slice_str(cid);
    err = vls_send(&s, vls_when_mono() + timeout);
  }
  if (err == VLS_OK) {
    vls_problem_done(&cli->problem); /* what was overcome on the way */
    err = report(cli, s.list, s.n);
  }
  vls_sending_done(&s);
  vls_buf_done(&text);
  return err;
}

static const vls_opt opts[] = {
    {"message", 'm', VLS_KIND_TEXT, "TEXT", "the text", NULL},
    {"file", 'f', VLS_KIND_FILE, "FILE", "read the text from a file", NULL},
    {"wait", 'w', VLS_KIND_CHOICE, "STATE", "until it is queued (at once), stored or delivered",
     "queued stored delivered"},
    {"timeout", 't', VLS_KIND_SPAN, "SPAN", "for how long to wait; 30s when not given", NULL},
    VLS_OPTS_END,
};

const vls_cmd vls_cmd_send = {
    .name = "send",
    .operands = "TO... [-]",
    .summary = "Send a text to contacts and groups",
    .about = "TO is a contact's name, an id, an unambiguous beginning of one, or @ and the\n"
             "name of a group. The text is UTF-8, at most 64 KiB; one newline at its end is\n"
             "dropped. Without -m or -f it is read from standard input.\n"
             "\n"
             "The text is on disk when the command returns, and leaves as soon as the other\n"
             "side can be reached. With --wait delivered the command waits for the\n"
             "recipient's signed receipt, in a group for those of all members; after the\n"
             "timeout it ends with exit code 6 and the text goes on. Stored (in a mailbox, or\n"
             "with the recipient) is a lesser promise than delivered. Exit code 8: sent to\n"
             "some, not all.\n"
             "\n"
             "  valise send Bao -m \"See you on Monday\"\n"
             "  valise send @school -m \"The minutes are done\"\n"
             "  valise send Ana Bao -f minutes.txt --wait delivered --timeout 1m\n"
             "  uptime | valise send Bao -\n",
    .opts = opts,
    .run = run,
    .operand = VLS_KIND_TO,
    .min = 1,
    .max = VLS_RECIPIENTS_MAX + 1,
};
