/* The structs and tables of rpc.def: parameters, results and notifications of the client socket. */
#ifndef VALISE_PROTO_RPC_H
#define VALISE_PROTO_RPC_H

#include "proto/backup.h"

#include "proto/def_structs.h"
#include "proto/rpc.def"
#include "proto/def_end.h"

enum {
  VLS_RPC_API = 1,
  VLS_RPC_FRAME_MAX = 1 << 20, /* bytes of one request, reply or notification */
  VLS_RPC_IN_FLIGHT = 64,      /* calls of one client without their reply */
};

/* The kinds of rpc_event (RPC 5). */
#define VLS_EV_MESSAGE "message"     /* a text arrived */
#define VLS_EV_REMARK "remark"       /* a reaction, an edit or a deletion arrived */
#define VLS_EV_DELIVERED "delivered" /* my texts first..last to them have a signed receipt */
#define VLS_EV_READ "read"           /* they were shown to a person */
#define VLS_EV_FAILED "failed"       /* a text or an invitation will not arrive: why is in text */
#define VLS_EV_CONTACT "contact"     /* a contact came to be, or its card changed */
#define VLS_EV_GROUP "group"         /* somebody came, went, or was given a level: in text */
#define VLS_EV_ALARM "alarm"         /* something a person must know: in text */
#define VLS_EV_GAP "gap"             /* older events were dropped unread (RPC 5.4) */

#endif
