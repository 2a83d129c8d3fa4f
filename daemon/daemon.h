/* The node as a process: everything there is one of. Its parts reach each other through it. */
#ifndef VALISE_DAEMON_DAEMON_H
#define VALISE_DAEMON_DAEMON_H

#include "daemon/args.h"
#include "daemon/batch.h"
#include "daemon/config.h"
#include "daemon/streams.h"
#include "daemon/life.h"
#include "daemon/listeners.h"
#include "daemon/lock.h"
#include "daemon/log.h"
#include "daemon/paths.h"
#include "daemon/proxy.h"
#include "daemon/reach.h"
#include "daemon/room.h"
#include "daemon/rpcd.h"

enum {
  VLS_READ_BUFFER = 64 << 10, /* bytes of one read */
  VLS_DRAIN_MS = 1200,        /* for goodbyes after SIGTERM; then it is over */
  VLS_SIGNALS = 3,
};

typedef struct vls_daemon {
  vls_args args;
  vls_config config;
  vls_paths paths;
  vls_logger log;
  vls_proxy proxy;
  vls_store *store;
  vls_core *core;
  uv_loop_t loop;
  uv_signal_t signals[VLS_SIGNALS];
  uv_timer_t last_call; /* after SIGTERM */
  vls_batch batch;
  vls_room room;
  vls_streams streams;
  vls_listeners listeners;
  vls_reach reach;
  vls_rpcd rpcd;
  vls_lock lock;
  uint64_t started_ms;  /* mono */
  uint8_t *read_buffer; /* VLS_READ_BUFFER; of whoever is in its read callback */
  int reserve_fd; /* given up for a client, or to turn a stranger away, when there is none; or -1 */
  bool draining;
  int exit_code;
} vls_daemon;

/* Runs the node until it is told to stop; gives the exit code. Takes over config. Why it could not
 * start is said on standard error. */
int vls_daemon_run(const vls_args *args, vls_config *config, const vls_paths *paths);

/* Reads the configuration again and does what it says; where it is wrong, the old one stays.
 * VLS_USAGE. */
VLS_MUST vls_err vls_daemon_reload(vls_daemon *d, vls_trouble *ret_why);
/* Begins to stop: goodbyes, then the end, in less than two seconds. */
void vls_daemon_drain(vls_daemon *d);
/* Says in the log, and to systemd, where the node is to be found. */
void vls_daemon_announce(vls_daemon *d);
/* At the end of each turn. */
void vls_daemon_check_drained(vls_daemon *d);

/* For main.c: the configuration from all its sources, in order: files, then options. */
VLS_MUST vls_err vls_daemon_configure(vls_config *ret_config, const vls_args *args,
                                      const vls_paths *paths, vls_trouble *ret_why);
/* Says on standard error why something did not work. */
void vls_daemon_complain(const vls_trouble *why);

#endif
