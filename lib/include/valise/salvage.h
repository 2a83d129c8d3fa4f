/* A damaged store: what can be read of it goes into a new one beside it. Files are the caller's
 * affair. */
#ifndef VALISE_SALVAGE_H
#define VALISE_SALVAGE_H

#include "valise/types.h"

enum { VLS_SALVAGE_SEED = 96 };

typedef struct vls_salvage_conf {
  const char *path;     /* the damaged store, which nobody has open */
  const char *out_path; /* the new one; nothing is there yet */
  const uint8_t *key;   /* 32 bytes, and uuid 16, of an encrypted store; NULL: in clear */
  const uint8_t *uuid;
  const uint8_t *seed; /* VLS_SALVAGE_SEED bytes of fresh entropy */
  uint64_t now_ms;     /* since 1970 */
  bool renew;          /* whatever was hit */
} vls_salvage_conf;

typedef struct vls_salvage_report {
  uint64_t pages;         /* of the damaged store */
  uint64_t lost_pages;    /* that held something, and can't be read or placed */
  uint64_t rows;          /* copied */
  uint64_t lost_rows;     /* on pages that can be read, but not these rows */
  uint64_t texts;         /* there are now */
  uint64_t lost_texts;    /* that were there; `counted` says whether these are all */
  uint64_t lost_contacts; /* of whom there are still texts */
  bool counted;
  bool renew; /* keys or sequences were hit: this is a new device of the same citizen now */
} vls_salvage_report;

/* Opens the store strictly and reads all of it. VLS_OK: there is no damage. VLS_DAMAGED; other
 * errors as vls_store_open. */
VLS_MUST vls_err vls_salvage_check(const vls_salvage_conf *conf, const char **ret_why);
/* Makes the new store, looks at every page of it, and has it on the disk: one file. The damaged one
 * is as it was. VLS_NOT_FOUND: the keys of the identity are lost, and nothing that is left makes a
 * node. VLS_FULL, VLS_STORAGE: it could not be written; VLS_LOCKED. On failure, or after a crash,
 * out_path and out_path-wal are to be removed. */
VLS_MUST vls_err vls_salvage_run(const vls_salvage_conf *conf, vls_salvage_report *ret,
                                 const char **ret_why);
/* Whether a file that does not begin like a store in clear looks like one all the same: the head is
 * damaged, or pages behind it have the form. */
bool vls_salvage_looks_plain(const char *path);

#endif
