/* The key file beside an encrypted store, and the credential that systemd may pass. Files are read
 * with a bound, and written whole: beside, fsync, rename, fsync of the folder. */
#ifndef VALISE_DAEMON_KEYS_H
#define VALISE_DAEMON_KEYS_H

#include "daemon/trouble.h"
#include "valise/keyslot.h"

/* The name of the credential, for LoadCredential= and LoadCredentialEncrypted=. */
#define VLS_CREDENTIAL_NAME "valise.key"

enum { VLS_CREDENTIAL_ROOM = VLS_CREDENTIAL_MAX + 1 }; /* one more shows that it is too long */

/* VLS_NOT_FOUND: there is none. VLS_MALFORMED, VLS_NEWER, VLS_TOO_BIG: it is not a key file this
 * version can use. VLS_SYSTEM. */
VLS_MUST vls_err vls_keys_read(vls_keyfile *ret_keys, const char *path, vls_trouble *ret_why);
/* On disk when it returns; on failure the file at path is as it was. VLS_SYSTEM, VLS_FULL. */
VLS_MUST vls_err vls_keys_write(const vls_keyfile *keys, const char *path, vls_trouble *ret_why);

/* What $CREDENTIALS_DIRECTORY holds for us, into VLS_CREDENTIAL_ROOM bytes. VLS_NOT_FOUND: nothing.
 * VLS_USAGE: too short or too long. VLS_SYSTEM. */
VLS_MUST vls_err vls_keys_credential(uint8_t *ret, size_t *ret_n, vls_trouble *ret_why);

/* fsync of the folder a path is in: a rename or removal there stays. */
VLS_MUST vls_err vls_keys_sync_folder(const char *path, vls_trouble *ret_why);

#endif
