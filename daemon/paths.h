/* Where things are, and whether others can look at them. */
#ifndef VALISE_DAEMON_PATHS_H
#define VALISE_DAEMON_PATHS_H

#include <sys/un.h>

#include "daemon/args.h"
#include "daemon/trouble.h"

enum { VLS_PATH_MAX = 3072 };

typedef struct vls_paths {
  char config[VLS_PATH_MAX];                              /* directory */
  char data[VLS_PATH_MAX];                                /* directory */
  char store[VLS_PATH_MAX + 16];                          /* file in it */
  char keys[VLS_PATH_MAX + 16];                           /* its key file, when it is encrypted */
  char socket[sizeof((struct sockaddr_un *)0)->sun_path]; /* of the clients */
} vls_paths;

/* Finds all of them from the options, the environment (VALISE_SOCKET, STATE_DIRECTORY,
 * RUNTIME_DIRECTORY, the XDG variables, HOME) and the passwd file; touches nothing. VLS_USAGE. */
VLS_MUST vls_err vls_paths_find(vls_paths *ret_paths, const vls_args *args, vls_trouble *ret_why);
/* Makes dir and its parents with mode 0700, or checks that what is there belongs to us and that
 * nobody else gets in. group_ok: what the group may do does not matter. VLS_SYSTEM. */
VLS_MUST vls_err vls_paths_private_dir(const char *dir, bool group_ok, vls_trouble *ret_why);
/* The directory part of a path; ret has VLS_PATH_MAX bytes. */
void vls_paths_parent(const char *path, char *ret);

#endif
