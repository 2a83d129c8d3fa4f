/* Passphrases, from a terminal that does not show them or from a file; never from the command line
 * or the environment, where others could read them. */
#ifndef VALISE_CLIENT_PASSPHRASE_H
#define VALISE_CLIENT_PASSPHRASE_H

#include "client/cmd.h"
#include "valise/keyslot.h"

typedef struct vls_passphrase {
  size_t n;
  char p[VLS_PASSPHRASE_MAX + 2]; /* room for a newline, and to see that it is too long */
} vls_passphrase;

/* Kept from the swap where the system allows it; from here on this process leaves no core dump and
 * no other process of the user looks into it. Free wipes; takes NULL. */
vls_passphrase *vls_passphrase_new(void);
void vls_passphrase_free(vls_passphrase *pass);
vls_slice vls_passphrase_slice(const vls_passphrase *pass);

/* Asks on the terminal. VLS_USAGE: there is none to ask, or what was typed is empty or not UTF-8;
 * hint names the command that does without. VLS_TOO_BIG. */
VLS_MUST vls_err vls_passphrase_ask(vls_cli *cli, const char *question, const char *hint,
                                    vls_passphrase *ret);
/* Asks twice. VLS_USAGE also when the two differ. */
VLS_MUST vls_err vls_passphrase_ask_new(vls_cli *cli, const char *hint, vls_passphrase *ret);
/* The next line of a file, "-" for standard input, where more than one may be read. VLS_SYSTEM, and
 * as above. */
VLS_MUST vls_err vls_passphrase_read(vls_cli *cli, const char *path, vls_passphrase *ret);
/* All of a file, of any bytes. VLS_SYSTEM, VLS_TOO_BIG. */
VLS_MUST vls_err vls_passphrase_read_all(vls_cli *cli, const char *path, vls_passphrase *ret);

#endif
