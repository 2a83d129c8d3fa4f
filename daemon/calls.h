/* The methods that are about the process and not about the citizen (RPC 3.12, 6), and what there is
 * to say while there is no core. */
#ifndef VALISE_DAEMON_CALLS_H
#define VALISE_DAEMON_CALLS_H

#include "daemon/trouble.h"
#include "proto/rpc.h"

struct vls_caller;
struct vls_daemon;

/* One call. */
typedef struct vls_ask {
  struct vls_daemon *d;
  uint64_t client, msgid;
  const void *params; /* the struct of the method's table */
  vls_buf *result;    /* one msgpack value; the call's own table says which */
  vls_trouble why;    /* with an error: filled */
  bool later;         /* the answer comes by vls_calls_answer */
} vls_ask;

/* True when the call was answered here, or will be. Not while performing. */
bool vls_calls_take(struct vls_caller *caller, uint64_t msgid, vls_slice method, vls_slice params);
/* The answer to a call that was left for later: {ok: true}, or why not. The client may be gone. Not
 * while performing. */
void vls_calls_answer(struct vls_daemon *d, uint64_t client, uint64_t msgid, vls_err err,
                      const vls_trouble *why);

#endif
