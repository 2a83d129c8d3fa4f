/* From a store in clear to an encrypted one. Beside node.db stand, while it lasts:
 *
 *   node.keys          written first, and whole
 *   node.db.sealing    the copy; it takes the place of node.db in one step, which is the moment
 *   node.db.plain      another name of the store in clear, until it is overwritten and removed
 *
 * A crash before that moment leaves the store in clear, one after it the encrypted one; what else
 * is left is cleared away at the next start. */
#ifndef VALISE_DAEMON_MIGRATE_H
#define VALISE_DAEMON_MIGRATE_H

#include "daemon/paths.h"
#include "valise/keyslot.h"

typedef enum vls_store_kind {
  VLS_STORE_NONE,   /* no file, or an empty one */
  VLS_STORE_PLAIN,  /* in clear, perhaps damaged */
  VLS_STORE_SEALED, /* something else: encrypted, or no store at all */
} vls_store_kind;

/* What stands at paths->store. VLS_SYSTEM. */
VLS_MUST vls_err vls_migrate_look(const vls_paths *paths, vls_store_kind *ret_kind,
                                  vls_trouble *ret_why);
/* Clears away what an interrupted migration left. Nobody has the store open. VLS_SYSTEM. */
VLS_MUST vls_err vls_migrate_tidy(const vls_paths *paths, vls_store_kind kind,
                                  vls_trouble *ret_why);

typedef struct vls_migration {
  const vls_paths *paths;
  const vls_keyfile *keys;
  const uint8_t *key, *seed; /* 32 bytes each */
  int log_fd;                /* the log of the store in clear, to be overwritten; or -1. Closed */
} vls_migration;

/* Does it all; the store is closed. On failure the store in clear is as it was. Errors as
 * vls_store_seal, VLS_SYSTEM. Long: not on the loop. */
VLS_MUST vls_err vls_migrate_run(const vls_migration *m, vls_trouble *ret_why);
/* For vls_migration: a descriptor of the log beside the store, before that is closed; or -1. */
int vls_migrate_open_log(const vls_paths *paths);

#endif
