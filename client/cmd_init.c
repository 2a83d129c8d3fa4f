#include "client/cmd_init.h"

#include "client/cmd_lock.h"
#include "client/list.h"
#include "client/recovery.h"
#include "client/restore.h"
#include "client/start.h"

enum { NAME_MAX_BYTES = 64 };

vls_err vls_init_reach(vls_cli *cli, bool start) {
  vls_err err = vls_cli_connect(cli);
  if (err != VLS_NO_DAEMON) return err;
  if (!start && vls_cli_may_ask(cli)) {
    vls_cli_note(cli, "valised, your node, is not running.");
    start = vls_cli_confirm(cli, "Start it now? [Y/n]", true);
  }
  return start ? vls_start(cli) : err;
}

static void print_identity(vls_cli *cli, const vls_rpc_identity *id) {
  if (vls_show_for_script(cli, &vls_rpc_identity_def, id)) return;
  vls_card_put(cli, "Name", "%.*s", VLS_STR(id->name));
  vls_card_put(cli, "Id", "%.*s", VLS_STR(id->id));
}

/* --start alone on a node that has its identity: there is nothing left to do. */
static vls_err already(vls_cli *cli) {
  vls_rpc_identity id;
  vls_err err = vls_call_for(cli, "id.show", NULL, NULL, &vls_rpc_identity_def, &id);
  if (err == VLS_OK) print_identity(cli, &id);
  return err;
}

static vls_err restore(vls_cli *cli, const vls_args *args) {
  const vls_restoring wish = {.path = vls_args_opt(args, "restore"),
                              .from = vls_archive_key_of(args),
                              .start = vls_args_flag(args, "start"),
                              .settings = vls_args_flag(args, "settings")};
  if (vls_args_opt(args, "name") != NULL)
    return vls_fail(cli, VLS_USAGE, "valise init --help", "the name is in the backup");
  return vls_restore(cli, &wish);
}

/* On a terminal: the words that bring everything back. */
static void offer_words(vls_cli *cli) {
  if (!vls_cli_may_ask(cli)) return;
  vls_cli_note(cli, "Recovery words open your backups if this machine is lost.");
  if (!vls_cli_confirm(cli, "Write them down now? [Y/n]", true)) return;
  vls_err err = vls_recovery_make(cli);
  if (err == VLS_OK) return;
  vls_cli_report(cli, err);
  vls_problem_done(&cli->problem);
  vls_cli_note(cli, "There are none yet. Later: valise backup words");
}

static vls_err make(vls_cli *cli, const vls_args *args) {
  const char *name = vls_args_opt(args, "name");
  bool start = vls_args_flag(args, "start");
  char line[4 * NAME_MAX_BYTES];
  vls_rpc_init ask = {0};
  vls_rpc_identity id;
  vls_err err = VLS_OK;
  if (name != NULL) err = vls_cli_word(cli, &vls_rpc_init_def, "name", name, &ask.name);
  if (err == VLS_OK) err = vls_init_reach(cli, start);
  if (err != VLS_OK) return err;
  if (name == NULL && !vls_conn_is_empty(cli->conn)) {
    if (start) return already(cli);
    return vls_fail(cli, VLS_EXISTS, "valise id show", "this node has an identity already");
  }
  if (name == NULL && vls_cli_may_ask(cli) &&
      vls_cli_ask(cli, "What do you call yourself? Others will see this:", line, sizeof line))
    name = line;
  if (name == NULL)
    return vls_fail(cli, VLS_USAGE, "valise init --name Ana", "say what you call yourself");
  err = vls_cli_word(cli, &vls_rpc_init_def, "name", name, &ask.name);
  if (err == VLS_OK && vls_conn_is_empty(cli->conn))
    vls_lock_offer(cli); /* before there is a key to keep */
  if (err == VLS_OK)
    err = vls_call_for(cli, "init", &vls_rpc_init_def, &ask, &vls_rpc_identity_def, &id);
  if (err != VLS_OK) return err;
  print_identity(cli, &id);
  offer_words(cli);
  if (cli->mode == VLS_HUMAN)
    vls_cli_note(cli, "Next: valise invite, and give the link to one person.");
  return VLS_OK;
}

static vls_err run(vls_cli *cli, const vls_args *args) {
  static const char *const of_restoring[] = {"words-file", "passphrase-file", "settings"};
  if (vls_args_opt(args, "restore") != NULL) return restore(cli, args);
  for (size_t i = 0; i < sizeof of_restoring / sizeof of_restoring[0]; i++)
    if (vls_args_opt(args, of_restoring[i]) != NULL)
      return vls_fail(cli, VLS_USAGE, "valise init --help", "--%s goes with --restore FILE",
                      of_restoring[i]);
  return make(cli, args);
}

static const vls_opt opts[] = {
    {"name", 'n', VLS_KIND_TEXT, "NAME", "what you call yourself; others will see it", NULL},
    {"restore", 0, VLS_KIND_FILE, "FILE", "bring a backup back instead of a new identity", NULL},
    VLS_ARCHIVE_OPTS,
    VLS_RESTORE_OPTS,
    VLS_OPTS_END,
};

const vls_cmd vls_cmd_init = {
    .name = "init",
    .operands = "",
    .summary = "Make your identity, once",
    .about = "Makes the keys that are you, on this machine only. When valised does not run,\n"
             "a terminal is asked whether to start it; --start does so without asking: as a\n"
             "service of systemd when one is installed, else in the background. valise init\n"
             "--start later only starts it. A terminal is offered a passphrase, which\n"
             "encrypts everything the node keeps on the disk, and recovery words, which open\n"
             "backups.\n"
             "\n"
             "With --restore the identity is that of a backup, and contacts, texts and all\n"
             "come back with it, on a new device. The words are asked for on a terminal.\n"
             "\n"
             "  valise init --name Ana\n"
             "  valise init --restore /media/stick/ana.valise\n",
    .opts = opts,
    .run = run,
};
