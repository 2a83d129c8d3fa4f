#include <stdio.h>

#include "client/cmd.h"
#include "client/json.h"

static void print_version(vls_cli *cli) {
  if (cli->mode == VLS_JSON) {
    json_t *object = vls_json_new();
    vls_json_add_text(object, "version", vls_slice_str(VALISE_VERSION));
    vls_json_print(&cli->out, object, false);
  } else {
    vls_out_line(&cli->out, "valise %s", VALISE_VERSION);
  }
}

static vls_err run(vls_cli *cli, const vls_args *args) {
  if (cli->version) {
    print_version(cli);
  } else if (args->cmd == NULL) {
    vls_help_overview(cli);
  } else if (cli->help) {
    vls_help_command(cli, args->noun, args->cmd);
  } else {
    return args->cmd->run(cli, args);
  }
  return VLS_OK;
}

int main(int argc, char **argv) {
  vls_cli cli;
  vls_args args;
  vls_cli_init(&cli);
  vls_err err = vls_args_parse(&cli, argc, argv, &args);
  if (err == VLS_OK) err = run(&cli, &args);
  if (vls_out_flush(&cli.out) != VLS_OK && err == VLS_OK)
    err = vls_problem_set(&cli.problem, VLS_SYSTEM, NULL, "the output could not be written");
  vls_cli_report(&cli, err);
  vls_cli_done(&cli);
  return vls_err_exit(err);
}
