/* The structs and tables of group.def: vls_group_event with vls_group_event_def, and so on. */
#ifndef VALISE_PROTO_GROUP_H
#define VALISE_PROTO_GROUP_H

#include "proto/peer.h"

#include "proto/def_structs.h"
#include "proto/group.def"
#include "proto/def_end.h"

/* Kinds of items that remark on others (GROUP 8.1), in every kind of talk. */
typedef enum vls_remark_kind {
  VLS_REMARK_REPLY = 16,
  VLS_REMARK_REACTION = 17,
  VLS_REMARK_EDIT = 18,
  VLS_REMARK_DELETE = 19,
  VLS_REMARK_MENTION = 20,
} vls_remark_kind;

/* Kinds of items that are acts (GROUP 4): an event that begins with one is no words. */
typedef enum vls_group_kind {
  VLS_GROUP_WORDS = 0, /* no act: the event holds words */
  VLS_GROUP_GENESIS = 32,
  VLS_GROUP_SET = 33,
  VLS_GROUP_REMOVE = 34,
  VLS_GROUP_ADMIT = 35,
  VLS_GROUP_LEAF = 36,
  VLS_GROUP_RULES = 37,
  VLS_GROUP_INVITE = 38,
  VLS_GROUP_SEEN = 39,
  VLS_GROUP_COMMIT = 40,
} vls_group_kind;

/* What a frame of a group carries (GROUP 7.5). */
typedef enum vls_group_frame_kind {
  VLS_GROUP_FRAME_RECORD = 1,
  VLS_GROUP_FRAME_WRAP = 2,    /* group_wrap */
  VLS_GROUP_FRAME_LETTER = 3,  /* group_mail */
  VLS_GROUP_FRAME_WANT = 4,    /* group_want */
  VLS_GROUP_FRAME_SYNC = 5,    /* group_sync */
  VLS_GROUP_FRAME_IHAVE = 6,   /* ids of records, 32 bytes each */
  VLS_GROUP_FRAME_GRAFT = 7,   /* id of a record */
  VLS_GROUP_FRAME_PRUNE = 8,   /* id of a record */
  VLS_GROUP_FRAME_NOTE = 9,    /* group_note */
  VLS_GROUP_FRAME_ASK = 10,    /* group_ask */
  VLS_GROUP_FRAME_ANSWER = 11, /* group_answer */
  VLS_GROUP_FRAME_REPORT = 12, /* group_report */
  VLS_GROUP_FRAME_HEARD = 13,  /* id of an event that was reported: it is kept */
  VLS_GROUP_FRAME_CARDS = 14,  /* group_cards */
} vls_group_frame_kind;

/* States of a group_answer. */
typedef enum vls_group_answer_state {
  VLS_GROUP_LET_IN = 1,
  VLS_GROUP_WAITS = 2, /* for a moderator */
  VLS_GROUP_REFUSED = 3,
} vls_group_answer_state;

enum {
  VLS_GROUP_PARENTS = 8,        /* acts, and words, that an event names */
  VLS_GROUP_FOUNDERS = 8,       /* of one group */
  VLS_GROUP_REASON = 256,       /* bytes of a reason */
  VLS_GROUP_CONTEXT = 130,      /* bytes of gctx */
  VLS_GROUP_RECORD_MAX = 79872, /* the largest event, sealed and padded */
};

#endif
