/* Contacts, as several commands show them. */
#ifndef VALISE_CLIENT_CMD_CONTACT_H
#define VALISE_CLIENT_CMD_CONTACT_H

#include "client/cmd.h"

/* `contact verify`, which is `id verify` as well. */
extern const vls_cmd vls_cmd_verify;

/* All about it, in the mode of the run. */
void vls_contact_print(vls_cli *cli, const vls_rpc_contact *contact);
/* True when a link means the same in capitals: it has none, and nothing else that a QR code's small
 * alphabet lacks. */
bool vls_link_folds(const char *link);
/* After a change: a sentence with one %.*s for the name; the whole contact for a script. */
void vls_contact_changed(vls_cli *cli, const vls_rpc_contact *contact, const char *sentence)
    __attribute__((format(printf, 3, 0)));

#endif
