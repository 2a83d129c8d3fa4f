/* The structs and tables of peer.def: vls_card with vls_card_def, and so on. */
#ifndef VALISE_PROTO_PEER_H
#define VALISE_PROTO_PEER_H

#include "proto/wire.h"

#include "proto/def_structs.h"
#include "proto/peer.def"
#include "proto/def_end.h"

/* Kinds of items (PEER 5.6). */
typedef enum vls_item_kind {
  VLS_ITEM_HELLO = 1,
  VLS_ITEM_TEXT = 2,
  VLS_ITEM_RECEIPT = 3,
  VLS_ITEM_CARD = 4,
  VLS_ITEM_HELD = 5,     /* a receipt for a device that its citizen has no more (PEER 6.7) */
  VLS_ITEM_GROUP = 6,    /* an invitation to a group (GROUP 7.9) */
  VLS_ITEM_GONE = 65535, /* only the hash of an item is left (PEER 5.6) */
} vls_item_kind;

enum {
  VLS_CARD_MAX = 8192,      /* signed card */
  VLS_EVENT_ITEMS = 64,     /* items in one event */
  VLS_EVENT_BODY = 65536,   /* bytes of item bodies in one event, headers of items apart */
  VLS_TEXT_MAX = 65536,     /* bytes of one text */
  VLS_NAME_MAX = 64,        /* bytes of a name */
  VLS_GROUP_NOTE_MAX = 256, /* bytes that come with an invitation to a group */
  VLS_RECORD_MIN = 256,     /* the smallest record */
  VLS_RECORD_MAX = 77824,   /* the largest: a full first event with a full card, padded */
};

#endif
