/* The connection to the node: one call at a time, and the events that arrive in between. Blocks,
 * never longer than it is told to. */
#ifndef VALISE_CLIENT_CONN_H
#define VALISE_CLIENT_CONN_H

#include "client/frame.h"
#include "client/problem.h"

enum {
  VLS_CONN_CALL_MS = 30 * 1000,   /* the longest a node may take to answer */
  VLS_CONN_EVENTS_MAX = 16 << 20, /* bytes of events that wait while a call is under way */
};

typedef struct vls_conn vls_conn;

/* Connects to the socket at path and says hello. VLS_NO_DAEMON when nobody answers there,
 * VLS_SYSTEM when the system refuses; what the node itself says. The problem is filled on failure.
 */
VLS_MUST vls_err vls_conn_open(vls_conn **ret_conn, const char *path, vls_problem *problem);
/* Calls a method; params is one encoded map or empty. The result is good until the next function of
 * this conn. VLS_NO_DAEMON: the connection is lost, and whether the call was done is not known. */
VLS_MUST vls_err vls_conn_call(vls_conn *conn, const char *method, vls_slice params,
                               vls_slice *ret_result, vls_problem *problem);
/* The next event, an encoded map, good until the next function of this conn. VLS_AGAIN when none
 * came in timeout_ms (VLS_NEVER: waits for ever); VLS_NO_DAEMON when the connection is lost. */
VLS_MUST vls_err vls_conn_event(vls_conn *conn, uint64_t timeout_ms, vls_slice *ret_event,
                                vls_problem *problem);
/* Whether the node said in its hello that it is in this state (RPC 2.1). */
bool vls_conn_is(const vls_conn *conn, const char *state);
bool vls_conn_is_empty(const vls_conn *conn);
/* Calls may take so long from now on, instead of VLS_CONN_CALL_MS. */
void vls_conn_be_patient(vls_conn *conn, uint64_t ms);
/* No call waits longer once fd is readable; the connection is lost then. -1: none. */
void vls_conn_stop_at(vls_conn *conn, int fd);
/* Takes NULL. */
void vls_conn_free(vls_conn *conn);

#endif
