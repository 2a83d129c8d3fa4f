#include "client/cmd.h"
#include "client/pager.h"
#include "client/suggest.h"
#include "client/topics.h"

enum { NAME_WIDTH = 22 };

static void raw(vls_cli *cli, const char *text) {
  vls_out_raw(&cli->out, text, strlen(text));
}

/* "  -m, --message TEXT    the text" */
static void print_opts(vls_cli *cli, const vls_opt *opts) {
  for (; opts != NULL && opts->name != NULL; opts++) {
    char left[64];
    char letter[5] = {opts->letter != 0 ? '-' : ' ', opts->letter != 0 ? opts->letter : ' ',
                      opts->letter != 0 ? ',' : ' ', ' ', '\0'};
    (void)snprintf(left, sizeof left, "%s--%s%s%s", letter, opts->name,
                   opts->value != NULL ? " " : "", opts->value != NULL ? opts->value : "");
    vls_out_line(&cli->out, "  %-*s %s", NAME_WIDTH, left, opts->help);
  }
}

static void print_list(vls_cli *cli, const vls_cmd *const *list) {
  for (; *list != NULL; list++) {
    if ((*list)->hidden) continue;
    vls_out_put(&cli->out, "  ");
    vls_out_styled(&cli->out, VLS_BOLD, "%-*s", 12, (*list)->name);
    vls_out_line(&cli->out, " %s", (*list)->summary);
  }
}

void vls_help_overview(vls_cli *cli) {
  raw(cli, "valise: encrypted, signed messages between people, from node to node.\n\n"
           "Usage: valise COMMAND [OPTION]...\n\n");
  print_list(cli, vls_commands);
  raw(cli, "\nNew here? Type: valise help start. Every command explains itself with --help.\n"
           "Topics of valise help:");
  for (const vls_topic *t = vls_topics; t->name != NULL; t++)
    vls_out_put(&cli->out, " %s", t->name);
  raw(cli, ".\n");
}

void vls_help_command(vls_cli *cli, const vls_cmd *noun, const vls_cmd *cmd) {
  vls_out_put(&cli->out, "Usage: valise ");
  if (noun != NULL) vls_out_put(&cli->out, "%s ", noun->name);
  vls_out_put(&cli->out, "%s", cmd->name);
  if (cmd->subs != NULL) vls_out_put(&cli->out, " COMMAND");
  if (cmd->operands[0] != '\0') vls_out_put(&cli->out, " %s", cmd->operands);
  vls_out_line(&cli->out, " [OPTION]...");
  vls_out_line(&cli->out, "%s.", cmd->summary);
  if (cmd->about[0] != '\0') raw(cli, "\n");
  raw(cli, cmd->about);
  if (cmd->subs != NULL) {
    raw(cli, "\nCommands:\n");
    print_list(cli, cmd->subs);
    vls_out_line(&cli->out, "Without a command: %s.", cmd->subs[0]->name);
  }
  if (cmd->opts != NULL) raw(cli, "\nOptions:\n");
  print_opts(cli, cmd->opts);
  raw(cli, "\nOptions of every command:\n");
  print_opts(cli, vls_global_opts);
}

/* `help contact rename` is `contact rename --help`. */
static vls_err help_on(vls_cli *cli, const vls_args *args) {
  const char *word = args->word[0];
  for (const vls_topic *t = vls_topics; args->n == 1 && t->name != NULL; t++) {
    if (strcmp(t->name, word) != 0 || vls_cmd_find(vls_commands, word) != NULL) continue;
    raw(cli, t->text);
    return VLS_OK;
  }
  vls_suggest near = vls_suggest_for(word);
  for (const vls_topic *t = vls_topics; t->name != NULL; t++)
    vls_suggest_try(&near, t->name);
  for (const vls_cmd *const *c = vls_commands; *c != NULL; c++)
    if (!(*c)->hidden) vls_suggest_try(&near, (*c)->name);
  const vls_cmd *cmd = vls_cmd_find(vls_commands, word), *noun = NULL;
  if (cmd != NULL && args->n > 1) {
    noun = cmd;
    cmd = noun->subs != NULL ? vls_cmd_find(noun->subs, args->word[1]) : NULL;
  }
  if (cmd == NULL)
    return vls_fail(cli, VLS_USAGE, "valise help", "no help on \"%s%s%s\"%s%s%s", word,
                    args->n > 1 ? " " : "", args->n > 1 ? args->word[1] : "",
                    near.best != NULL ? "; did you mean " : "", near.best != NULL ? near.best : "",
                    near.best != NULL ? "?" : "");
  vls_help_command(cli, noun, cmd);
  /* A command and a topic may share their name: then both are told. */
  for (const vls_topic *t = vls_topics; args->n == 1 && t->name != NULL; t++) {
    if (strcmp(t->name, word) != 0) continue;
    raw(cli, "\n");
    raw(cli, t->text);
  }
  return VLS_OK;
}

static vls_err run(vls_cli *cli, const vls_args *args) {
  vls_pager pager;
  vls_err err = VLS_OK;
  vls_pager_begin(&pager, cli);
  if (args->n == 0)
    vls_help_overview(cli);
  else
    err = help_on(cli, args);
  vls_pager_end(&pager, cli);
  return err;
}

const vls_cmd vls_cmd_help = {
    .name = "help",
    .operands = "[TOPIC | COMMAND]",
    .summary = "Explain a topic or a command",
    .about = "Topics: start, privacy, invite, groups, backup, output, exit-codes, config,\n"
             "doctor.\n",
    .run = run,
    .operand = VLS_KIND_TOPIC,
    .max = 2,
};
