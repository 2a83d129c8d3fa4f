/* The command line of valised. */
#ifndef VALISE_DAEMON_ARGS_H
#define VALISE_DAEMON_ARGS_H

#include "valise/types.h"

enum { VLS_ARGS_LISTEN = 16 };

typedef enum vls_task {
  VLS_TASK_RUN,          /* the node */
  VLS_TASK_CHECK_CONFIG, /* say whether the configuration is right */
  VLS_TASK_PRINT_CONFIG, /* say what it comes to */
  VLS_TASK_VERSION,
} vls_task;

/* Strings borrow from argv. NULL: not given. */
typedef struct vls_args {
  vls_task task;
  bool system; /* a node for several people: /etc/valise, group valise */
  const char *config, *data, *socket, *level;
  const char *listen[VLS_ARGS_LISTEN];
  size_t n_listen;
} vls_args;

/* Prints the help and exits 0, or says what was wrong and exits 2, where argp would. */
void vls_args_parse(vls_args *ret_args, int argc, char **argv);

#endif
