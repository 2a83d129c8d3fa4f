#include "proto/backup.h"

#include "proto/def_tables.h"
#include "proto/backup.def"
#include "proto/def_end.h"

const vls_wire_def *vls_backup_def(unsigned kind) {
  static const vls_wire_def *const defs[VLS_BACKUP_KINDS] = {
#include "proto/def_list.h"
#include "proto/backup.def"
#include "proto/def_end.h"
  };
  return kind >= 1 && kind <= VLS_BACKUP_KINDS ? defs[kind - 1] : NULL;
}
