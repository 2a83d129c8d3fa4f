/* Recovery words between a person and the program: on a terminal, or in a file. Never on the
 * command line or in the environment, where others could read them. */
#ifndef VALISE_CLIENT_RECOVERY_H
#define VALISE_CLIENT_RECOVERY_H

#include "client/cmd.h"
#include "valise/words.h"

/* Asks for the 24 words, with completion, until they are right. VLS_USAGE: there is no terminal, or
 * the person gave up. */
VLS_MUST vls_err vls_recovery_ask(vls_cli *cli, uint8_t ret_secret[VLS_WORDS_SECRET]);
/* Reads them from a file, "-" for standard input. VLS_USAGE says which is wrong. */
VLS_MUST vls_err vls_recovery_read(vls_cli *cli, const char *path,
                                   uint8_t ret_secret[VLS_WORDS_SECRET]);
/* New ones: shown and asked back on a terminal; and only then told to the node, which keeps the key
 * they give. VLS_USAGE: nothing was changed. */
VLS_MUST vls_err vls_recovery_make(vls_cli *cli);
/* The same without a terminal: they are data, on standard output. */
VLS_MUST vls_err vls_recovery_print(vls_cli *cli);
/* What the node says of its words and its last backup. */
VLS_MUST vls_err vls_recovery_state(vls_cli *cli, vls_rpc_backup_state *ret);

#endif
