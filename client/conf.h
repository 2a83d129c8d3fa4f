/* Changing one key in a configuration file that a person wrote: comments, order and spelling stay.
 */
#ifndef VALISE_CLIENT_CONF_H
#define VALISE_CLIENT_CONF_H

#include "base/buf.h"

enum { VLS_CONF_MAX = 1 << 16 }; /* bytes of a file, as the daemon reads it */

/* Appends `file` to out with section.name set to value: in its place when it stands there (further
 * lines of a list go, a comment behind it stays), else at the end of its section, else in a new
 * one. value NULL takes the key out. VLS_USAGE when the value cannot stand in a file (control
 * characters, a semicolon after a space or at the start); VLS_TOO_BIG. */
VLS_MUST vls_err vls_conf_set(vls_slice file, const char *section, const char *name,
                              const char *value, vls_buf *out);

#endif
