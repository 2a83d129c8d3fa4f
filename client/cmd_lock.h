/* What other commands use of lock, unlock and passphrase. */
#ifndef VALISE_CLIENT_CMD_LOCK_H
#define VALISE_CLIENT_CMD_LOCK_H

#include "client/cmd.h"

/* On a terminal, for a store in clear: offers to encrypt it, and does. What goes wrong is told to
 * the person and not returned: the store is in clear then, as before. */
void vls_lock_offer(vls_cli *cli);

#endif
