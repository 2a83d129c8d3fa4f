/* Running another program and hearing what it says. */
#ifndef VALISE_CLIENT_SPAWN_H
#define VALISE_CLIENT_SPAWN_H

#include "base/buf.h"

enum { VLS_SPAWN_OUTPUT = 1 << 20 }; /* bytes taken of either stream */

/* Runs argv[0] with the words of argv (NULL ends it), without a shell and without input, and waits.
 * out and err, if not NULL, get what it wrote. `*ret_code` is its exit code, 128 + n for a signal.
 * VLS_SYSTEM when it could not be run. */
VLS_MUST vls_err vls_spawn(const char *const *argv, vls_buf *out, vls_buf *err, int *ret_code);

#endif
