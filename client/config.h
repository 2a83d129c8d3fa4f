/* The node's settings, as valised itself understands them: it is asked, never second-guessed. */
#ifndef VALISE_CLIENT_CONFIG_H
#define VALISE_CLIENT_CONFIG_H

#include <sys/types.h>

#include "client/cmd.h"
#include "client/spawn.h"

typedef struct vls_setting {
  vls_slice key, value, from;
} vls_setting;

/* Appends what `valised --print-config` says. VLS_NOT_FOUND without valised, VLS_USAGE when the
 * configuration is wrong. */
VLS_MUST vls_err vls_config_all(vls_cli *cli, vls_buf *out);
/* The next of its lines; false at the end. */
bool vls_config_next(vls_slice *rest, vls_setting *ret);
/* The setting called key. VLS_NOT_FOUND, with a suggestion. */
VLS_MUST vls_err vls_config_find(vls_cli *cli, vls_slice all, const char *key, vls_setting *ret);
/* Whether a file, or with NULL everything that counts, is right. VLS_USAGE. */
VLS_MUST vls_err vls_config_check(vls_cli *cli, const char *file);
/* Puts key = value (NULL: takes it out) into valise.conf: written beside it, checked, renamed. */
VLS_MUST vls_err vls_config_write(vls_cli *cli, const char *key, const char *value);
/* Reads a file of settings, nothing when there is none; ret has room for VLS_CONF_MAX + 1.
 * VLS_SYSTEM, VLS_TOO_BIG. */
VLS_MUST vls_err vls_config_read(vls_cli *cli, const char *path, vls_buf *ret);
/* Puts a file in place: written beside it, on disk, checked, renamed. Its folder is there. */
VLS_MUST vls_err vls_config_put(vls_cli *cli, const char *path, mode_t mode, vls_slice text);
/* valise.conf, to free(). */
char *vls_config_file(void);

#endif
