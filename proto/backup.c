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

static const uint8_t order[VLS_BACKUP_KINDS] = {
    VLS_BACKUP_START,    VLS_BACKUP_SELF,         VLS_BACKUP_SETTING,   VLS_BACKUP_FORMER,
    VLS_BACKUP_CONTACT,  VLS_BACKUP_GROUP,        VLS_BACKUP_CHAIN,     VLS_BACKUP_OWN_CHAIN,
    VLS_BACKUP_COUNTERS, VLS_BACKUP_CONSUMER,     VLS_BACKUP_FEED,      VLS_BACKUP_SENT,
    VLS_BACKUP_EVENT,    VLS_BACKUP_GROUP_DEVICE, VLS_BACKUP_GROUP_ROW, VLS_BACKUP_GROUP_EVENT,
    VLS_BACKUP_MESSAGE,  VLS_BACKUP_SAID,         VLS_BACKUP_REMARK,    VLS_BACKUP_END};

unsigned vls_backup_place(unsigned kind) {
  unsigned place = 0;
  while (place < VLS_BACKUP_KINDS && order[place] != kind)
    place++;
  return place;
}

vls_backup_kind vls_backup_at(unsigned place) {
  return place < VLS_BACKUP_KINDS ? (vls_backup_kind)order[place] : VLS_BACKUP_END;
}
