#include "client/cmd_lock.h"
#include "client/list.h"
#include "client/start.h"

enum { NAME_MAX_BYTES = 64 };

/* Connects; offers to start the node when it does not run, or just does it with --start. */
static vls_err reach_node(vls_cli *cli, bool start) {
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

static vls_err run(vls_cli *cli, const vls_args *args) {
  const char *name = vls_args_opt(args, "name");
  bool start = vls_args_flag(args, "start");
  char line[4 * NAME_MAX_BYTES];
  vls_rpc_init ask = {0};
  vls_rpc_identity id;
  vls_err err = VLS_OK;
  if (name != NULL) err = vls_cli_word(cli, &vls_rpc_init_def, "name", name, &ask.name);
  if (err == VLS_OK) err = reach_node(cli, start);
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
  if (cli->mode == VLS_HUMAN)
    vls_cli_note(cli, "Next: valise invite, and give the link to one person.");
  return VLS_OK;
}

static const vls_opt opts[] = {
    {"name", 'n', VLS_KIND_TEXT, "NAME", "what you call yourself; others will see it", NULL},
    {"start", 0, VLS_KIND_FLAG, NULL, "start the node if it does not run", NULL},
    VLS_OPTS_END,
};

const vls_cmd vls_cmd_init = {
    .name = "init",
    .operands = "",
    .summary = "Make your identity, once",
    .about = "Makes the keys that are you, on this machine only. When valised does not run,\n"
             "a terminal is asked whether to start it; --start does so without asking: as a\n"
             "service of systemd when one is installed, else in the background. valise init\n"
             "--start later only starts it. On a terminal a passphrase is offered: with one,\n"
             "everything the node keeps on the disk is encrypted.\n"
             "\n"
             "  valise init --name Ana\n",
    .opts = opts,
    .run = run,
};
