#include "daemon/listeners.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"
#include "daemon/daemon.h"

enum { BACKLOG = 4096 }; /* the kernel takes net.core.somaxconn at most */

static void on_accepted(vls_acceptor *a, int fd, const struct sockaddr_storage *peer) {
  vls_streams_accept(a->d, fd, (const struct sockaddr *)peer);
}

/* A listening socket, or -1 and errno. */
static int open_socket(const struct sockaddr_storage *addr) {
  int fd = socket(addr->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int on = 1;
  socklen_t size = sizeof(struct sockaddr_in);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof on); /* an address that comes up later */
  if (addr->ss_family == AF_INET6) {
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on); /* IPv4 has its own */
    size = sizeof(struct sockaddr_in6);
  }
  if (bind(fd, (const struct sockaddr *)addr, size) == 0 && listen(fd, BACKLOG) == 0) return fd;
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

static vls_err explain(const char *text, int error, vls_trouble *why) {
  vls_trouble_set(why, VLS_SYSTEM, "cannot listen on %s: %s", text, strerror(error));
  if (error == EADDRINUSE)
    return vls_trouble_hint(why, VLS_SYSTEM,
                            "another node or program listens there; choose another port: "
                            "valise config set listen.address \"[::]:4648, 0.0.0.0:4648\"");
  if (error == EACCES)
    return vls_trouble_hint(why, VLS_SYSTEM,
                            "ports below 1024 are the system's; choose another: "
                            "valise config set listen.address \"[::]:4647\"");
  return VLS_SYSTEM;
}

static vls_err open_one(vls_daemon *d, vls_slice wanted, vls_trouble *why) {
  vls_hostport at;
  vls_err err = vls_hostport_parse(wanted, &at);
  VLS_ASSERT(err == VLS_OK && at.literal); /* the configuration took it */
  vls_listener *l = vls_calloc(1, sizeof *l);
  snprintf(l->wanted, sizeof l->wanted, "%.*s", (int)wanted.n, (const char *)wanted.p);
  int fd = open_socket(&at.addr);
  if (fd < 0) {
    err = explain(l->wanted, errno, why);
    free(l);
    return err;
  }
  socklen_t size = sizeof l->bound;
  int error = getsockname(fd, (struct sockaddr *)&l->bound, &size) == 0
                  ? vls_acceptor_start(&l->acceptor, d, fd, on_accepted)
                  : -errno;
  if (error != 0) {
    err = explain(l->wanted, -error, why);
    close(fd);
    free(l);
    return err;
  }
  vls_address_text((struct sockaddr *)&l->bound, l->text);
  d->listeners.list[d->listeners.n++] = l;
  return VLS_OK;
}

static void on_closed(vls_acceptor *a) {
  free((vls_listener *)(void *)a);
}

static void close_at(vls_listeners *t, size_t i) {
  vls_acceptor_stop(&t->list[i]->acceptor, on_closed);
  t->list[i] = t->list[--t->n];
}

static bool is_wanted(const vls_listener *l, const vls_slice *list, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (vls_slice_eq(list[i], vls_slice_str(l->wanted))) return true;
  return false;
}

static bool is_open(const vls_listeners *t, vls_slice wanted) {
  for (size_t i = 0; i < t->n; i++)
    if (vls_slice_eq(wanted, vls_slice_str(t->list[i]->wanted))) return true;
  return false;
}

vls_err vls_listeners_open(vls_daemon *d, vls_trouble *ret_why) {
  vls_listeners *t = &d->listeners;
  vls_slice list[VLS_LISTENERS_MAX];
  size_t n = vls_config_list(&d->config, VLS_KEY_LISTEN_ADDRESS, list, VLS_LISTENERS_MAX);
  bool standard = strcmp(vls_config_from(&d->config, VLS_KEY_LISTEN_ADDRESS), "default") == 0;
  for (size_t i = t->n; i-- > 0;)
    if (!is_wanted(t->list[i], list, n)) close_at(t, i);
  vls_err result = VLS_OK;
  for (size_t i = 0; i < n; i++) {
    vls_trouble why;
    if (is_open(t, list[i])) continue;
    vls_err err = open_one(d, list[i], &why);
    if (err == VLS_OK) continue;
    if (standard && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) {
      VLS_LOG(&d->log, VLS_NOTICE, "listen.without", vls_log_s("why", why.what));
      continue;
    }
    *ret_why = why;
    result = err;
  }
  return result;
}

void vls_listeners_close(vls_daemon *d) {
  while (d->listeners.n > 0)
    close_at(&d->listeners, d->listeners.n - 1);
}
