#include "client/cmd_contact.h"

#include <inttypes.h>

#include "client/json.h"
#include "client/list.h"

static bool is(vls_slice a, const char *b) {
  return vls_slice_eq(a, vls_slice_str(b));
}

/* One word for what a person wants to know first. */
static const char *condition(const vls_rpc_contact *c) {
  if (c->blocked) return "blocked";
  if (is(c->state, "pending")) return "pending";
  if (is(c->state, "failed")) return "failed";
  return c->online ? "online" : "away";
}

static const vls_column columns[] = {
    {"NAME", VLS_COL_LEFT},       {"CALLS ITSELF", VLS_COL_LEFT}, {"STATE", VLS_COL_LEFT},
    {"VERIFIED", VLS_COL_LEFT},   {"UNREAD", VLS_COL_RIGHT},      {"WAITING", VLS_COL_RIGHT},
    {"LAST SEEN", VLS_COL_SPARE}, {"ID", VLS_COL_SPARE},          {"PROBLEM", VLS_COL_CUT},
};

static void put_row(vls_table *table, const void *msg) {
  const vls_rpc_contact *c = msg;
  vls_table_name(table, c->name);
  bool same = vls_table_for_people(table) && vls_slice_eq(c->claim, c->name);
  vls_table_name(table, same ? (vls_slice){0} : c->claim);
  vls_table_put(table, "%s", condition(c));
  vls_table_put(table, c->verified ? "yes" : "no");
  vls_table_number(table, c->unread);
  vls_table_number(table, c->queued);
  if (vls_table_for_people(table) && c->online)
    vls_table_put(table, "now");
  else
    vls_table_time(table, c->has_last_seen ? c->last_seen : 0);
  vls_table_id(table, c->id);
  vls_table_text(table, c->has_problem ? c->problem : (vls_slice){0});
}

static vls_err list(vls_cli *cli, const vls_args *args) {
  (void)args;
  vls_rpc_contact contact = {0};
  vls_rpc_contacts page = {.has_after = true};
  vls_slice result;
  const vls_list rows = {.def = &vls_rpc_contact_def,
                         .item = &contact,
                         .columns = columns,
                         .n_columns = sizeof columns / sizeof columns[0],
                         .put_row = put_row,
                         .empty = "No contacts yet. Make an invitation with: valise invite"};
  vls_table *table = vls_table_new(cli, rows.columns, rows.n_columns);
  vls_err err;
  size_t n;
  do {
    n = 0;
    err = vls_call(cli, "contact.list", &vls_rpc_contacts_def, &page, &result);
    if (err == VLS_OK) err = vls_list_rows(cli, &rows, table, result, &n);
    page.after = contact.contact;
  } while (err == VLS_OK && n > 0);
  vls_table_end(table, err == VLS_OK ? rows.empty : NULL);
  return err;
}

static void print_card(vls_cli *cli, const vls_rpc_contact *c) {
  char next[VLS_WHEN_TEXT];
  vls_card_put(cli, "Name", "%.*s", VLS_STR(c->name));
  vls_card_put(cli, "Calls itself", "%.*s", VLS_STR(c->claim));
  vls_card_put(cli, "Id", "%.*s", VLS_STR(c->id));
  vls_card_put(cli, "State", "%s", condition(c));
  vls_card_put(cli, "Verified", "%s", c->verified ? "yes" : "no; try: valise contact verify NAME");
  vls_card_put(cli, "Unread", "%" PRIu64, c->unread);
  vls_card_put(cli, "Waiting", "%" PRIu64, c->queued);
  if (!c->online) vls_card_time(cli, "Last seen", c->has_last_seen ? c->last_seen : 0);
  if (c->has_next_try_ms && !c->online && !c->blocked) {
    vls_when_length(next, c->next_try_ms);
    vls_card_put(cli, "Next try", "in %s", next);
  }
  for (size_t i = 0; i < c->n_addresses; i++)
    vls_card_put(cli, "Address", "%.*s", VLS_STR(c->addresses[i]));
  if (c->has_problem) vls_card_put(cli, "Problem", "%.*s", VLS_STR(c->problem));
}

void vls_contact_print(vls_cli *cli, const vls_rpc_contact *contact) {
  if (cli->mode == VLS_JSON) {
    vls_json_show(&cli->out, &vls_rpc_contact_def, contact);
  } else if (cli->mode == VLS_TABBED) {
    vls_table *table = vls_table_new(cli, columns, sizeof columns / sizeof columns[0]);
    put_row(table, contact);
    vls_table_end(table, NULL);
  } else {
    print_card(cli, contact);
  }
}

void vls_contact_changed(vls_cli *cli, const vls_rpc_contact *contact, const char *sentence) {
  if (cli->mode != VLS_HUMAN)
    vls_contact_print(cli, contact);
  else if (!cli->quiet)
    vls_out_line(&cli->out, sentence, VLS_STR(contact->name));
}

static vls_err show(vls_cli *cli, const vls_args *args) {
  vls_rpc_who ask;
  vls_rpc_contact contact;
  vls_err err = vls_cli_word(cli, &vls_rpc_who_def, "who", args->word[0], &ask.who);
  if (err == VLS_OK)
    err = vls_call_for(cli, "contact.get", &vls_rpc_who_def, &ask, &vls_rpc_contact_def, &contact);
  if (err == VLS_OK) vls_contact_print(cli, &contact);
  return err;
}

static vls_err rename_contact(vls_cli *cli, const vls_args *args) {
  vls_rpc_rename ask;
  vls_rpc_contact contact;
  vls_err err = vls_cli_word(cli, &vls_rpc_rename_def, "who", args->word[0], &ask.who);
  if (err == VLS_OK) err = vls_cli_word(cli, &vls_rpc_rename_def, "name", args->word[1], &ask.name);
  if (err == VLS_OK)
    err = vls_call_for(cli, "contact.rename", &vls_rpc_rename_def, &ask, &vls_rpc_contact_def,
                       &contact);
  if (err == VLS_OK) vls_contact_changed(cli, &contact, "You now call this contact %.*s.");
  return err;
}

static vls_err block(vls_cli *cli, const vls_args *args) {
  vls_rpc_block ask = {.blocked = !vls_args_flag(args, "undo")};
  vls_rpc_contact contact;
  vls_err err = vls_cli_word(cli, &vls_rpc_block_def, "who", args->word[0], &ask.who);
  if (err == VLS_OK)
    err = vls_call_for(cli, "contact.block", &vls_rpc_block_def, &ask, &vls_rpc_contact_def,
                       &contact);
  if (err == VLS_OK)
    vls_contact_changed(cli, &contact,
                        ask.blocked ? "%.*s is blocked: nothing is taken or sent."
                                    : "%.*s is no longer blocked.");
  return err;
}

static vls_err confirm_removal(vls_cli *cli, const vls_args *args, const vls_rpc_who *ask) {
  vls_rpc_contact contact;
  if (vls_args_flag(args, "yes")) return VLS_OK;
  if (!vls_cli_may_ask(cli))
    return vls_fail(cli, VLS_USAGE, "valise contact remove --yes NAME",
                    "removing a contact deletes the texts exchanged with it, so say --yes");
  vls_err err =
      vls_call_for(cli, "contact.get", &vls_rpc_who_def, ask, &vls_rpc_contact_def, &contact);
  if (err != VLS_OK) return err;
  vls_out_line(&cli->err, "This deletes %.*s and every text you exchanged.", VLS_STR(contact.name));
  if (vls_cli_confirm(cli, "Remove this contact? [y/N]", false)) return VLS_OK;
  return vls_fail(cli, VLS_STATE, NULL, "nothing was removed");
}

static vls_err remove_contact(vls_cli *cli, const vls_args *args) {
  vls_rpc_who ask;
  vls_rpc_count count;
  vls_err err = vls_cli_word(cli, &vls_rpc_who_def, "who", args->word[0], &ask.who);
  if (err == VLS_OK) err = confirm_removal(cli, args, &ask);
  if (err == VLS_OK)
    err = vls_call_for(cli, "contact.remove", &vls_rpc_who_def, &ask, &vls_rpc_count_def, &count);
  if (err != VLS_OK) return err;
  if (vls_show_for_script(cli, &vls_rpc_count_def, &count)) return VLS_OK;
  vls_cli_note(cli, "Removed.");
  return VLS_OK;
}

static const vls_opt block_opts[] = {
    {"undo", 0, VLS_KIND_FLAG, NULL, "take a block back", NULL},
    VLS_OPTS_END,
};
static const vls_opt remove_opts[] = {
    {"yes", 'y', VLS_KIND_FLAG, NULL, "do not ask", NULL},
    VLS_OPTS_END,
};

static const vls_cmd cmd_list = {
    .name = "list",
    .operands = "",
    .summary = "Everyone you know",
    .about = "NAME is what you call them; CALLS ITSELF is what they say, which proves\n"
             "nothing. With --plain the columns are: name, claim, state (online, away,\n"
             "pending, failed, blocked), verified (yes, no), unread, waiting, last seen, id,\n"
             "problem.\n",
    .run = list,
};
static const vls_cmd cmd_show = {
    .name = "show",
    .operands = "WHO",
    .summary = "Everything about one contact",
    .about = "WHO is a name, an id, or an unambiguous beginning of either of at least four\n"
             "characters.\n",
    .run = show,
    .operand = VLS_KIND_CONTACT,
    .min = 1,
    .max = 1,
};
static const vls_cmd cmd_rename = {
    .name = "rename",
    .operands = "WHO NAME",
    .summary = "Call a contact by another name",
    .about = "The name is yours alone: nobody else sees it. A name that looks like that of\n"
             "another contact is refused.\n",
    .run = rename_contact,
    .operand = VLS_KIND_CONTACT,
    .min = 2,
    .max = 2,
};
static const vls_cmd cmd_block = {
    .name = "block",
    .operands = "WHO",
    .summary = "Take nothing from a contact, send nothing",
    .about = "A blocked contact is met with silence and is not told.\n",
    .opts = block_opts,
    .run = block,
    .operand = VLS_KIND_CONTACT,
    .min = 1,
    .max = 1,
};
static const vls_cmd cmd_remove = {
    .name = "remove",
    .operands = "WHO",
    .summary = "Forget a contact and the texts with it",
    .about = "Deletes the contact, its session, what was queued for it and the texts\n"
             "exchanged. Asks first in a terminal; elsewhere it needs --yes.\n",
    .opts = remove_opts,
    .run = remove_contact,
    .operand = VLS_KIND_CONTACT,
    .min = 1,
    .max = 1,
};

static const vls_cmd *const subs[] = {&cmd_list,  &cmd_show,   &cmd_rename, &vls_cmd_verify,
                                      &cmd_block, &cmd_remove, NULL};

const vls_cmd vls_cmd_contact = {
    .name = "contact",
    .operands = "",
    .summary = "The people you know",
    .about = "People become contacts by an invitation: see valise help invite.\n",
    .subs = subs,
};
