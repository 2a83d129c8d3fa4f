/* valised: the command line, and which of its tasks it asks for. */
#include <stdio.h>
#include <stdlib.h>

#include "daemon/daemon.h"

static int check_config(const vls_args *args, const vls_paths *paths) {
  vls_config config;
  vls_trouble why;
  vls_err err = vls_daemon_configure(&config, args, paths, &why);
  if (err != VLS_OK) {
    vls_daemon_complain(&why);
    return vls_err_exit(VLS_USAGE);
  }
  vls_config_done(&config);
  printf("no mistake in %s%s\n", args->config != NULL ? args->config : paths->config,
         args->config != NULL ? "" : "/valise.conf and conf.d");
  return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
  vls_args args;
  vls_paths paths;
  vls_config config;
  vls_trouble why;
  vls_args_parse(&args, argc, argv);
  if (args.task == VLS_TASK_VERSION) {
    printf("valised %s\n", VALISE_VERSION);
    return EXIT_SUCCESS;
  }
  vls_err err = vls_paths_find(&paths, &args, &why);
  if (err == VLS_OK && args.task == VLS_TASK_CHECK_CONFIG) return check_config(&args, &paths);
  if (err == VLS_OK) err = vls_daemon_configure(&config, &args, &paths, &why);
  if (err != VLS_OK) {
    vls_daemon_complain(&why);
    return vls_err_exit(err);
  }
  if (args.task == VLS_TASK_RUN) return vls_daemon_run(&args, &config, &paths);
  vls_config_print(&config, stdout);
  vls_config_done(&config);
  return EXIT_SUCCESS;
}
