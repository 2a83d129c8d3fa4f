/* The configuration: the table of config.def with a value, and where it came from, for each key. */
#ifndef VALISE_DAEMON_CONFIG_H
#define VALISE_DAEMON_CONFIG_H

#include <stdio.h>

#include "daemon/trouble.h"

enum {
  VLS_CONFIG_FILE_MAX = 1 << 16, /* bytes of one file */
  VLS_CONFIG_FILES_MAX = 64,     /* files in conf.d */
  VLS_CONFIG_TEXT_MAX = 4096,    /* bytes of one value, over all its lines */
};

typedef enum vls_key {
#define KEY(id, ...) VLS_KEY_##id,
#include "daemon/config.def"
#undef KEY
  VLS_KEYS
} vls_key;

typedef struct vls_value {
  char *text;   /* as it would be written in a file */
  uint64_t num; /* of UINT, YESNO and LEVEL */
  char *from;   /* "default", "path:line" or an option */
} vls_value;

typedef struct vls_config {
  vls_value values[VLS_KEYS];
} vls_config;

/* Every key at its default. Free with done. */
void vls_config_init(vls_config *config);
void vls_config_done(vls_config *config);
/* Takes over what `from` holds; from is empty afterwards. */
void vls_config_move(vls_config *config, vls_config *from);

/* Sets one key; from says who wants it. VLS_USAGE: not a value for it. */
VLS_MUST vls_err vls_config_set(vls_config *config, vls_key key, const char *text, const char *from,
                                vls_trouble *ret_why);
/* Applies the text of a file. A later file replaces what an earlier one said; within one file, a
 * list may stand over several lines and any other key only once. VLS_USAGE, and why begins with
 * "name:line: ". */
VLS_MUST vls_err vls_config_parse(vls_config *config, vls_slice text, const char *name,
                                  vls_trouble *ret_why);
/* As parse, from a file. VLS_NOT_FOUND when there is none, VLS_SYSTEM when it cannot be read. */
VLS_MUST vls_err vls_config_read(vls_config *config, const char *path, vls_trouble *ret_why);
/* dir/valise.conf, then dir/conf.d/ *.conf in the order of their names. That there is none is fine.
 */
VLS_MUST vls_err vls_config_read_dir(vls_config *config, const char *dir, vls_trouble *ret_why);
/* What no key can say alone. VLS_USAGE. */
VLS_MUST vls_err vls_config_check(const vls_config *config, vls_trouble *ret_why);

/* "section.name" */
const char *vls_config_key_name(vls_key key);
/* One line a key: name, value, where it comes from, separated by tabs. */
void vls_config_print(const vls_config *config, FILE *out);
uint64_t vls_config_num(const vls_config *config, vls_key key);
bool vls_config_yes(const vls_config *config, vls_key key);
const char *vls_config_text(const vls_config *config, vls_key key);
const char *vls_config_from(const vls_config *config, vls_key key);
/* The entries of a list; slices borrow from the config. At most max. */
size_t vls_config_list(const vls_config *config, vls_key key, vls_slice *ret, size_t max);

/* For parse and for tests: the section and key of the table nearest to what was written, or NULL.
 */
const char *vls_config_nearest_section(const char *written);
const char *vls_config_nearest_key(const char *section, const char *written);
/* VLS_KEYS when there is no such key. section_known tells which of the two is unknown. */
vls_key vls_config_find(const char *section, const char *name, bool *ret_section_known);
/* Whether a key takes several lines. */
bool vls_config_is_list(vls_key key);

#endif
