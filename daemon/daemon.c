#include "daemon/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "daemon/notify.h"

enum {
  OWN_DESCRIPTORS = 32, /* store, loop, log, listeners, netlink, a dial or two */
  LINKS_LEAST = 8,
};

void vls_daemon_complain(const vls_trouble *why) {
  fprintf(stderr, "valised: %s\n", why->what);
  if (why->hint[0] != '\0') fprintf(stderr, "  try: %s\n", why->hint);
}

/* Libraries end a process that they cannot go on with, and some do not say a word. */
static void on_abort(int number) {
  static const char text[] = "valised: ended by itself: something it cannot do without was refused "
                             "by the system\n";
  (void)number;
  ssize_t n = write(STDERR_FILENO, text, sizeof text - 1);
  (void)n; /* nobody is left to tell */
}

/* Before anything secret is in memory or on disk. */
static void harden(void) {
  umask(077);
  signal(SIGABRT, on_abort);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN); /* a write past a limit fails, and the store says so */
#ifdef VALISE_UNDUMPABLE
  const struct rlimit none = {0, 0};
  prctl(PR_SET_DUMPABLE, 0);
  setrlimit(RLIMIT_CORE, &none);
#endif
}

/* As many descriptors as the system lets us have. */
static vls_err raise_descriptors(size_t *ret_n, vls_trouble *why) {
  struct rlimit limit;
  *ret_n = 1024;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) getrlimit(RLIMIT_NOFILE, &limit);
    *ret_n = limit.rlim_cur > 1 << 20 ? 1 << 20 : (size_t)limit.rlim_cur;
  }
  if (*ret_n >= OWN_DESCRIPTORS) return VLS_OK;
  vls_trouble_set(why, VLS_SYSTEM, "the limit of open files is %zu, and %d are the least", *ret_n,
                  OWN_DESCRIPTORS);
  return vls_trouble_hint(why, VLS_SYSTEM, "ulimit -n 1024");
}

/* How many clients and links they allow. */
static void share_descriptors(size_t all, size_t *ret_clients, size_t *ret_links) {
  size_t clients = all / 4 < VLS_CLIENTS_MAX ? all / 4 : VLS_CLIENTS_MAX;
  size_t used = OWN_DESCRIPTORS + clients;
  *ret_clients = clients;
  *ret_links = all > used + LINKS_LEAST ? all - used : LINKS_LEAST;
}

static void on_signal(uv_signal_t *handle, int number) {
  vls_daemon *d = handle->data;
  vls_trouble why;
  if (number == SIGHUP) {
    vls_err err = vls_daemon_reload(d, &why);
    (void)err; /* it has logged it, and there is nobody else to tell */
    return;
  }
  VLS_LOG(&d->log, VLS_NOTICE, "stopping",
          vls_log_s("why", number == SIGTERM ? "SIGTERM" : "SIGINT"));
  if (d->draining)
    uv_stop(&d->loop); /* asked twice: at once */
  else
    vls_daemon_drain(d);
}

static void watch_signals(vls_daemon *d) {
  static const int numbers[VLS_SIGNALS] = {SIGTERM, SIGINT, SIGHUP};
  for (size_t i = 0; i < VLS_SIGNALS; i++) {
    uv_signal_init(&d->loop, &d->signals[i]);
    d->signals[i].data = d;
    uv_signal_start(&d->signals[i], on_signal, numbers[i]);
  }
}

static void on_last_call(uv_timer_t *timer) {
  uv_stop(timer->loop);
}

void vls_daemon_drain(vls_daemon *d) {
  d->draining = true;
  vls_notify_stopping();
  vls_listeners_close(d);
  vls_rpcd_drain(d);
  uv_timer_start(&d->last_call, on_last_call, VLS_DRAIN_MS, 0);
  vls_batch_drain(d);
}

void vls_daemon_check_drained(vls_daemon *d) {
  if (d->draining && d->streams.count == 0 && vls_rpcd_is_drained(d)) uv_stop(&d->loop);
}

/* One line that says where it is to be found. */
void vls_daemon_announce(vls_daemon *d) {
  char where[VLS_LISTENERS_MAX * (VLS_ADDRESS_TEXT + 2)] = "nowhere";
  size_t n = 0;
  for (size_t i = 0; i < d->listeners.n; i++)
    n += (size_t)snprintf(where + n, sizeof where - n, "%s%s", i > 0 ? ", " : "",
                          d->listeners.list[i]->text);
  VLS_LOG(&d->log, VLS_NOTICE, "ready", vls_log_s("listening", where),
          vls_log_s("clients", d->paths.socket), vls_log_s("data", d->paths.data),
          vls_log_s("version", VALISE_VERSION), vls_log_u("links", vls_streams_max(d)));
  char status[sizeof where + 64];
  snprintf(status, sizeof status, "Listening on %s", where);
  vls_notify_ready(status);
  vls_room_tell(d);
}

static vls_err start(vls_daemon *d, size_t descriptors, vls_trouble *why) {
  size_t clients, links;
  share_descriptors(descriptors, &clients, &links);
  d->started_ms = uv_hrtime() / 1000000;
  vls_streams_start(d, links);
  vls_batch_start(d);
  vls_room_start(d);
  uv_timer_init(&d->loop, &d->last_call);
  vls_err err = vls_proxy_load(&d->proxy, &d->config, why);
  if (err == VLS_OK) err = vls_lock_start(d, why);
  if (err == VLS_OK) err = vls_rpcd_open(d, clients, why);
  if (err == VLS_OK && d->core != NULL) err = vls_listeners_open(d, why);
  if (err != VLS_OK) return err;
  watch_signals(d);
  vls_reach_start(d);
  vls_lock_told(d);
  return VLS_OK;
}

static void close_rest(uv_handle_t *handle, void *arg) {
  (void)arg;
  if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

/* Everything that is open; false when libuv's threads still look up a name, which nothing can
 * hurry. */
static bool close_all(vls_daemon *d) {
  d->batch.dead = true;
  if (d->rpcd.ours || d->rpcd.open) vls_rpcd_close(d);
  vls_listeners_close(d);
  vls_streams_stop(d);
  uv_walk(&d->loop, close_rest, NULL);
  bool idle = false;
  for (int i = 0; i < 3 && !idle; i++)
    idle = uv_run(&d->loop, UV_RUN_NOWAIT) == 0;
  return idle && uv_loop_close(&d->loop) == 0;
}

static int finish(vls_daemon *d) {
  bool closed = close_all(d);
  if (d->store != NULL && d->exit_code == 0) vls_store_checkpoint(d->store);
  vls_life_close(d);
  vls_lock_done(d);
  vls_proxy_done(&d->proxy);
  vls_config_done(&d->config);
  if (d->reserve_fd >= 0) close(d->reserve_fd);
  int code = d->exit_code;
  if (!closed) _exit(code); /* exit() would wait for those threads */
  free(d->read_buffer);
  free(d);
  return code;
}

int vls_daemon_run(const vls_args *args, vls_config *config, const vls_paths *paths) {
  vls_trouble why;
  size_t descriptors;
  vls_err err = raise_descriptors(&descriptors, &why);
  if (err != VLS_OK) {
    vls_daemon_complain(&why);
    vls_config_done(config);
    return vls_err_exit(err);
  }
  vls_daemon *d = vls_calloc(1, sizeof *d);
  d->args = *args;
  d->paths = *paths;
  vls_config_move(&d->config, config);
  harden();
  vls_log_init(&d->log, STDERR_FILENO, (vls_level)vls_config_num(&d->config, VLS_KEY_LOG_LEVEL));
  d->read_buffer = vls_calloc(1, VLS_READ_BUFFER);
  vls_acceptor_reserve(d);
  int error = uv_loop_init(&d->loop);
  VLS_ASSERT(error == 0);
  err = start(d, descriptors, &why);
  if (err != VLS_OK) {
    vls_daemon_complain(&why);
    d->exit_code = vls_err_exit(err);
  } else {
    uv_run(&d->loop, UV_RUN_DEFAULT);
    if (d->exit_code == 0) VLS_LOG(&d->log, VLS_NOTICE, "stopped", vls_log_u("code", 0));
  }
  return finish(d);
}
