/* The structs and tables of backup.def: the rows of a backup. */
#ifndef VALISE_PROTO_BACKUP_H
#define VALISE_PROTO_BACKUP_H

#include "proto/wire.h"

#include "proto/def_structs.h"
#include "proto/backup.def"
#include "proto/def_end.h"

/* Kinds of rows (BACKUP 2.6), by their numbers in backup.def. */
typedef enum vls_backup_kind {
  VLS_BACKUP_PADDING = 0,
  VLS_BACKUP_START = 1,
  VLS_BACKUP_SELF = 2,
  VLS_BACKUP_SETTING = 3,
  VLS_BACKUP_FORMER = 4,
  VLS_BACKUP_CONTACT = 5,
  VLS_BACKUP_CHAIN = 6,
  VLS_BACKUP_OWN_CHAIN = 7,
  VLS_BACKUP_COUNTERS = 8,
  VLS_BACKUP_CONSUMER = 9,
  VLS_BACKUP_FEED = 10,
  VLS_BACKUP_SENT = 11,
  VLS_BACKUP_EVENT = 12,
  VLS_BACKUP_MESSAGE = 13,
  VLS_BACKUP_END = 14,
  VLS_BACKUP_REMARK = 15,
  VLS_BACKUP_GROUP = 16,
  VLS_BACKUP_GROUP_DEVICE = 17,
  VLS_BACKUP_GROUP_ROW = 18,
  VLS_BACKUP_GROUP_EVENT = 19,
  VLS_BACKUP_SAID = 20,
} vls_backup_kind;

enum {
  VLS_BACKUP_KINDS = 20,
  VLS_BACKUP_ROW_MAX = 80200,   /* bytes of the largest, encoded */
  VLS_BACKUP_SETTINGS = 32,     /* files of settings */
  VLS_BACKUP_FORMER_MAX = 4096, /* devices there were before */
};

/* The table of a kind; NULL when there is no such kind. */
const vls_wire_def *vls_backup_def(unsigned kind);
/* Its place among the kinds, from 0: the order in which they stand (BACKUP 3). */
unsigned vls_backup_place(unsigned kind);
/* The kind at a place; VLS_BACKUP_END is the last. */
vls_backup_kind vls_backup_at(unsigned place);

/* Any row, decoded. Slices borrow. */
typedef struct vls_backup_row {
  vls_backup_kind kind;
  union {
    vls_backup_start start;
    vls_backup_self self;
    vls_backup_former former;
    vls_backup_setting setting;
    vls_backup_contact contact;
    vls_backup_chain chain;
    vls_backup_own_chain own_chain;
    vls_backup_counters counters;
    vls_backup_consumer consumer;
    vls_backup_feed feed;
    vls_backup_sent sent;
    vls_backup_event event;
    vls_backup_message message;
    vls_backup_end end;
    vls_backup_remark remark;
    vls_backup_group group;
    vls_backup_group_device group_device;
    vls_backup_group_row group_row;
    vls_backup_group_event group_event;
    vls_backup_said said;
  };
} vls_backup_row;

#endif
