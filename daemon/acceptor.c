#include "daemon/acceptor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "daemon/daemon.h"

static void on_ready(uv_poll_t *poll, int status, int events);

static void watch(vls_acceptor *a) {
  uv_poll_start(&a->poll, UV_READABLE, on_ready);
}

static void on_rested(uv_timer_t *timer) {
  watch(timer->data);
}

static void rest(vls_acceptor *a, int error) {
  VLS_LOG(&a->d->log, VLS_WARNING, "accept.rest", vls_log_s("why", strerror(error)));
  uv_poll_stop(&a->poll);
  uv_timer_start(&a->rest, on_rested, VLS_ACCEPT_REST_MS, 0);
}

/* Takes one connection with the descriptor kept for this: a client is answered, and whoever comes
 * from the network is turned away. The reserve is there again as soon as anybody leaves. */
static bool use_reserve(vls_acceptor *a) {
  int *reserve = &a->d->reserve_fd;
  struct sockaddr_storage peer;
  socklen_t size = sizeof peer;
  if (*reserve < 0) return false;
  close(*reserve);
  memset(&peer, 0, sizeof peer);
  int fd = accept4(a->fd, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0 && a->is_clients)
    a->accepted(a, fd, &peer);
  else if (fd >= 0)
    close(fd);
  vls_acceptor_reserve(a->d);
  return fd >= 0;
}

void vls_acceptor_reserve(vls_daemon *d) {
  d->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* True: try again. */
static bool make_room(vls_acceptor *a, int error) {
  VLS_LOG(&a->d->log, VLS_WARNING, "accept.no_descriptors", vls_log_s("why", strerror(error)),
          vls_log_u("links", a->d->streams.count));
  if (vls_streams_shed(a->d)) return true;
  return use_reserve(a);
}

static void on_ready(uv_poll_t *poll, int status, int events) {
  vls_acceptor *a = poll->data;
  (void)events;
  (void)status; /* accept says it better */
  for (int i = 0; i < VLS_ACCEPTS && !uv_is_closing((uv_handle_t *)poll); i++) {
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    memset(&peer, 0, sizeof peer);
    int fd = accept4(a->fd, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      a->accepted(a, fd, &peer);
      continue;
    }
    int error = errno;
    if (error == EAGAIN) return;
    if (error == EINTR || error == ECONNABORTED || error == EPROTO || error == EPERM) continue;
    if ((error == EMFILE || error == ENFILE) && make_room(a, error)) continue;
    rest(a, error);
    return;
  }
}

int vls_acceptor_start(vls_acceptor *a, struct vls_daemon *d, int fd, vls_accepted accepted) {
  *a = (vls_acceptor){.d = d, .fd = fd, .accepted = accepted};
  int error = uv_poll_init(&d->loop, &a->poll, fd);
  if (error != 0) return error;
  uv_timer_init(&d->loop, &a->rest);
  a->poll.data = a;
  a->rest.data = a;
  a->open = 2;
  watch(a);
  return 0;
}

static void on_closed(uv_handle_t *handle) {
  vls_acceptor *a = handle->data;
  if (--a->open == 0 && a->closed != NULL) a->closed(a);
}

void vls_acceptor_stop(vls_acceptor *a, void (*closed)(vls_acceptor *a)) {
  a->closed = closed;
  uv_close((uv_handle_t *)&a->poll, on_closed);
  uv_close((uv_handle_t *)&a->rest, on_closed);
  close(a->fd);
  a->fd = -1;
}
