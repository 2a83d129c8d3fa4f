/* What other commands use of init. */
#ifndef VALISE_CLIENT_CMD_INIT_H
#define VALISE_CLIENT_CMD_INIT_H

#include "client/cmd.h"

/* Connects; offers to start the node when it does not run, or just does it. */
VLS_MUST vls_err vls_init_reach(vls_cli *cli, bool start);

#endif
