/* What everybody here who makes, replaces and removes files needs. */
#ifndef VALISE_DAEMON_FILES_H
#define VALISE_DAEMON_FILES_H

#include "daemon/paths.h"
#include "daemon/trouble.h"

enum { VLS_FILE_ROOM = VLS_PATH_MAX + 48 }; /* of a path, and what stands behind it */

/* The name of a file beside another: its path, then the tail. */
void vls_file_beside(char out[VLS_FILE_ROOM], const char *path, const char *tail);
bool vls_file_exists(const char *path);
/* It is not there afterwards. VLS_SYSTEM. */
VLS_MUST vls_err vls_file_forget(const char *path, vls_trouble *ret_why);
/* "cannot <what> <path>", and why not by errno. VLS_FULL or VLS_SYSTEM. */
VLS_MUST vls_err vls_file_fail(vls_trouble *ret_why, const char *what, const char *path);

#endif
