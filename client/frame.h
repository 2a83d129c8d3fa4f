/* MessagePack-RPC frames as the client reads them (RPC 1.3): cut from the stream, checked, not
 * copied. */
#ifndef VALISE_CLIENT_FRAME_H
#define VALISE_CLIENT_FRAME_H

#include "proto/rpc.h"

enum { VLS_FRAME_LIST_MAX = 65536 }; /* elements of a list in a reply; a frame holds no more */

typedef enum vls_frame_type { VLS_FRAME_RESPONSE = 1, VLS_FRAME_EVENT = 2 } vls_frame_type;

typedef struct vls_frame {
  vls_frame_type type;
  uint64_t msgid;   /* of a response */
  vls_slice method; /* of a notification */
  vls_slice error;  /* of a response: text, or empty when it succeeded */
  vls_slice body;   /* the result, or the one map of a notification; borrowed from the input */
  size_t used;      /* bytes of the frame */
} vls_frame;

/* The frame at the start of `in`. VLS_AGAIN when it is not complete, VLS_MALFORMED when it never
 * will be, VLS_TOO_BIG past VLS_RPC_FRAME_MAX. */
VLS_MUST vls_err vls_frame_cut(vls_slice in, vls_frame *ret_frame);

/* The elements of a list, one after the other. */
typedef struct vls_items {
  vls_slice rest;
  size_t left;
} vls_items;

/* VLS_MALFORMED when `list` is not an array. */
VLS_MUST vls_err vls_items_init(vls_items *items, vls_slice list);
/* The same for a map: a key and a value in turn. */
VLS_MUST vls_err vls_items_init_map(vls_items *items, vls_slice map);
/* False at the end. Only for what is from a frame that vls_frame_cut has checked. */
bool vls_items_next(vls_items *items, vls_slice *ret_item);

/* Appends a request; params is one encoded map, or empty for none. VLS_TOO_BIG past the frame's
 * maximum. */
VLS_MUST vls_err vls_frame_request(vls_buf *out, uint64_t msgid, const char *method,
                                   vls_slice params);

#endif
