/* A client of valised's socket (RPC 1) for measuring: calls can be queued and written together, and
 * what comes back is taken frame by frame. Dies when the node refuses or goes away. */
#ifndef VALISE_BENCH_CALLER_H
#define VALISE_BENCH_CALLER_H

#include "proto/rpc.h"

typedef struct bench_caller {
  int fd;
  uint64_t msgid; /* of the last call */
  vls_buf in, out;
  size_t used; /* of `in`: frames already taken */
} bench_caller;

typedef struct bench_frame {
  bool is_event;
  uint64_t msgid;      /* of a response */
  vls_slice result;    /* borrowed until the next call of any function here */
  vls_rpc_event event; /* its slices borrow the same way */
} bench_frame;

/* Connects; no call is made yet. False when nobody listens there. */
bool bench_caller_open(bench_caller *c, const char *path);
void bench_caller_close(bench_caller *c);
/* Adds one call, of a map encoded before, to what the next flush writes. */
void bench_caller_queue(bench_caller *c, const char *method, vls_slice params);
void bench_caller_flush(bench_caller *c);
/* True while a whole frame waits in memory: taking it will not block. */
bool bench_caller_has(const bench_caller *c);
/* Waits for the next frame. */
void bench_caller_next(bench_caller *c, bench_frame *ret);
/* Waits for the response to the last call; events that come first are dropped. */
vls_slice bench_caller_answer(bench_caller *c);
/* One call and its response. def NULL: no parameters. */
vls_slice bench_caller_call(bench_caller *c, const char *method, const vls_wire_def *def,
                            const void *params);
/* The same, with the result decoded into ret by ret_def. */
void bench_caller_ask(bench_caller *c, const char *method, const vls_wire_def *def,
                      const void *params, const vls_wire_def *ret_def, void *ret);
void bench_caller_hello(bench_caller *c);
/* Connected, greeted and told of what happens from now on. */
void bench_caller_listen(bench_caller *c, const char *path);

#endif
