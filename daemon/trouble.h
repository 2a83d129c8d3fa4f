/* Why something did not work, for the person who started the node: what happened and why, and the
 * command that helps. */
#ifndef VALISE_DAEMON_TROUBLE_H
#define VALISE_DAEMON_TROUBLE_H

#include "valise/types.h"

typedef struct vls_trouble {
  char what[512];
  char hint[256]; /* a command, or empty */
} vls_trouble;

/* Fills what and clears hint; gives err back, so that a failing function can return the call. */
vls_err vls_trouble_set(vls_trouble *ret_why, vls_err err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Adds the command that helps; gives err back. */
vls_err vls_trouble_hint(vls_trouble *why, vls_err err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
