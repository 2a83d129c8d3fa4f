#include "daemon/args.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "valise/err.h"

enum { OPT_CHECK = 256, OPT_PRINT, OPT_LEVEL, OPT_SYSTEM, OPT_FOREGROUND };

static const struct argp_option options[] = {
    {"config", 'c', "FILE", 0, "Read only FILE instead of valise.conf and conf.d", 0},
    {"data", 'd', "DIR", 0, "Keep the store in DIR", 0},
    {"socket", 's', "PATH", 0, "Listen for clients on PATH ($VALISE_SOCKET)", 0},
    {"listen", 'l', "ADDR:PORT", 0, "Listen for nodes there; may be given again", 0},
    {"log-level", OPT_LEVEL, "LEVEL", 0, "debug, info, notice, warning or error", 0},
    {"system", OPT_SYSTEM, 0, 0, "A node of the machine: /etc/valise, clients in group valise", 0},
    {"foreground", OPT_FOREGROUND, 0, 0, "What it always does; accepted for habit", 0},
    {"check-config", OPT_CHECK, "FILE", OPTION_ARG_OPTIONAL, "Check the configuration and exit", 1},
    {"print-config", OPT_PRINT, 0, 0, "Print every key, its value and its origin, and exit", 1},
    {"version", 'V', 0, 0, "Print the version and exit", -1},
    {0},
};

static error_t on_option(int key, char *arg, struct argp_state *state) {
  vls_args *args = state->input;
  switch (key) {
  case 'c': args->config = arg; return 0;
  case 'd': args->data = arg; return 0;
  case 's': args->socket = arg; return 0;
  case 'l':
    if (args->n_listen == VLS_ARGS_LISTEN) argp_error(state, "too many --listen");
    args->listen[args->n_listen++] = arg;
    return 0;
  case 'V': args->task = VLS_TASK_VERSION; return 0;
  case OPT_LEVEL: args->level = arg; return 0;
  case OPT_SYSTEM: args->system = true; return 0;
  case OPT_FOREGROUND: return 0;
  case OPT_CHECK:
    args->task = VLS_TASK_CHECK_CONFIG;
    if (arg != NULL) args->config = arg;
    return 0;
  case OPT_PRINT: args->task = VLS_TASK_PRINT_CONFIG; return 0;
  case ARGP_KEY_ARG:
    if (args->task != VLS_TASK_CHECK_CONFIG || args->config != NULL)
      argp_error(state, "\"%s\" is not understood here", arg);
    args->config = arg;
    return 0;
  default: return ARGP_ERR_UNKNOWN;
  }
}

void vls_args_parse(vls_args *ret_args, int argc, char **argv) {
  static const struct argp argp = {
      .options = options,
      .parser = on_option,
      .args_doc = "",
      .doc =
          "The node of a citizen: keeps identity, contacts and correspondence, and carries sealed "
          "messages to other nodes.\vIt stays in the foreground and logs to standard error; "
          "stop it with SIGTERM, make it read its configuration again with SIGHUP. "
          "See valised(1) and valise.conf(5)."};
  *ret_args = (vls_args){.task = VLS_TASK_RUN};
  argp_err_exit_status = vls_err_exit(VLS_USAGE);
  error_t error = argp_parse(&argp, argc, argv, 0, NULL, ret_args);
  if (error == 0) return;
  /* For want of memory: it must not run with half of what it was told. */
  fprintf(stderr, "valised: cannot read the command line: %s\n", strerror(error));
  exit(EXIT_FAILURE);
}
