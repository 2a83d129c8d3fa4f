/* Bringing a backup back into a node without an identity. */
#ifndef VALISE_CLIENT_RESTORE_H
#define VALISE_CLIENT_RESTORE_H

#include "client/archive.h"

typedef struct vls_restoring {
  const char *path;
  vls_archive_key from;
  bool start;    /* the node, when it does not run */
  bool settings; /* put those of the backup in place without asking */
} vls_restoring;

/* Options of a command that does it; it also takes VLS_ARCHIVE_OPTS. */
#define VLS_RESTORE_OPTS                                                                           \
  {"start", 0, VLS_KIND_FLAG, NULL, "start the node if it does not run", NULL}, {                  \
    "settings", 0, VLS_KIND_FLAG, NULL, "put the settings of the backup in place", NULL            \
  }

/* All of it, with its questions, and what it says. */
VLS_MUST vls_err vls_restore(vls_cli *cli, const vls_restoring *wish);

#endif
