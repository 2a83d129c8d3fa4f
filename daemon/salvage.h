/* A damaged store and its files. Beside node.db stand, while it lasts:
 *
 *   node.db.salvaging   what can be read of it, being written
 *   node.db.salvaged    the same, whole and on the disk; it takes the place of node.db
 *   node.db.damaged-1   what stood there before, with its log; it stays until a person removes it
 *
 * A crash before the second name leaves the damaged store where it was, and it is begun anew; one
 * after it is carried to its end by the next start. The vault stays where it is. */
#ifndef VALISE_DAEMON_SALVAGE_H
#define VALISE_DAEMON_SALVAGE_H

#include "daemon/paths.h"
#include "valise/salvage.h"

enum { VLS_DAMAGED_KEPT = 9 }; /* damaged stores beside the present one; then no more are made */

typedef struct vls_rescue {
  const vls_paths *paths;
  const uint8_t *key, *uuid; /* NULL: in clear */
  const uint8_t *seed;       /* VLS_SALVAGE_SEED bytes */
  uint64_t now_ms;
  bool look_first; /* when all of it can be read after all, it stays as it is */
  bool renew;
} vls_rescue;

typedef struct vls_rescued {
  bool replaced; /* else it was left as it is: there is no damage */
  vls_salvage_report report;
  char kept[VLS_PATH_MAX + 48]; /* where the damaged one is now */
} vls_rescued;

/* Does it all; nobody has the store open. Long: not on the loop. On failure the damaged store is
 * where it was. VLS_NOT_FOUND: the identity is lost. VLS_LIMITED: too many damaged stores are kept.
 * VLS_FULL, VLS_STORAGE, VLS_LOCKED, VLS_SYSTEM. */
VLS_MUST vls_err vls_rescue_run(const vls_rescue *rescue, vls_rescued *ret, vls_trouble *ret_why);
/* At the start, before anything is opened: ends what a crash cut off. VLS_SYSTEM, VLS_LIMITED. */
VLS_MUST vls_err vls_rescue_tidy(const vls_paths *paths, vls_trouble *ret_why);

#endif
