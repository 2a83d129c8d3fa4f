#include "client/conn.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/assert.h"
#include "client/when.h"

struct vls_conn {
  int fd;
  char state[17]; /* of the node, as it said in its hello */
  uint64_t call_ms;
  int stop_fd;    /* -1: none */
  uint64_t msgid; /* of the last call */
  vls_buf in;     /* bytes received; the first `used` of them were dealt with */
  size_t used;
  vls_buf events; /* be32 length and map of each event that came during a call */
  size_t events_at;
};

static vls_err lost(vls_problem *problem, const char *why) {
  return vls_problem_set(problem, VLS_NO_DAEMON, "valise doctor",
                         "the connection to valised is lost: %s", why);
}

static vls_err nonsense(vls_problem *problem) {
  return vls_problem_set(problem, VLS_MALFORMED, "valise doctor",
                         "what answers on the socket does not speak this client's language");
}

/* Waits until the socket is ready for `events`. VLS_AGAIN at the deadline. */
static vls_err wait_for(const vls_conn *conn, short events, uint64_t deadline) {
  for (;;) {
    uint64_t now = vls_when_mono();
    int timeout = -1;
    if (deadline != VLS_NEVER) {
      uint64_t left = deadline > now ? deadline - now : 0;
      timeout = left > 60000 ? 60000 : (int)left;
    }
    struct pollfd p[] = {{.fd = conn->fd, .events = events},
                         {.fd = conn->stop_fd, .events = POLLIN}}; /* -1 is passed over */
    int n = poll(p, 2, timeout);
    if (n > 0 && p[1].revents != 0) {
      errno = EINTR;
      return VLS_SYSTEM;
    }
    if (n > 0) return VLS_OK;
    if (n < 0 && errno != EINTR) return VLS_SYSTEM;
    if (deadline != VLS_NEVER && vls_when_mono() >= deadline) return VLS_AGAIN;
  }
}

static vls_err send_all(vls_conn *conn, vls_slice bytes, vls_problem *problem) {
  uint64_t deadline = vls_when_mono() + VLS_CONN_CALL_MS;
  while (bytes.n > 0) {
    ssize_t n = send(conn->fd, bytes.p, bytes.n, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR) return lost(problem, strerror(errno));
    if (n < 0 && wait_for(conn, POLLOUT, deadline) != VLS_OK)
      return lost(problem, "it does not read");
    if (n > 0) bytes = (vls_slice){bytes.p + n, bytes.n - (size_t)n};
  }
  return VLS_OK;
}

/* Reads once what is there. VLS_AGAIN at the deadline. */
static vls_err fill(vls_conn *conn, uint64_t deadline, vls_problem *problem) {
  enum { PIECE = 64 * 1024 };
  vls_err err = wait_for(conn, POLLIN, deadline);
  if (err == VLS_AGAIN) return VLS_AGAIN;
  if (err != VLS_OK) return lost(problem, strerror(errno));
  size_t before = conn->in.n;
  uint8_t *at = vls_buf_grow(&conn->in, PIECE);
  VLS_ASSERT(at != NULL); /* a frame past the maximum was refused before */
  ssize_t n = recv(conn->fd, at, PIECE, MSG_DONTWAIT);
  conn->in.n = before + (n > 0 ? (size_t)n : 0);
  if (n == 0) return lost(problem, "it was closed");
  if (n < 0 && errno != EAGAIN && errno != EINTR) return lost(problem, strerror(errno));
  return VLS_OK;
}

/* The next frame of the stream. VLS_AGAIN at the deadline. */
static vls_err next_frame(vls_conn *conn, uint64_t deadline, vls_frame *ret, vls_problem *problem) {
  vls_buf_drop(&conn->in, conn->used);
  conn->used = 0;
  for (;;) {
    vls_err err = vls_frame_cut(vls_buf_slice(&conn->in), ret);
    if (err == VLS_OK) {
      conn->used = ret->used;
      return VLS_OK;
    }
    if (err != VLS_AGAIN) return nonsense(problem);
    err = fill(conn, deadline, problem);
    if (err != VLS_OK) return err;
  }
}

static vls_err keep_event(vls_conn *conn, vls_slice event, vls_problem *problem) {
  if (conn->events_at > conn->events.n / 2) { /* what was taken makes room */
    vls_buf_drop(&conn->events, conn->events_at);
    conn->events_at = 0;
  }
  vls_err err = vls_buf_put_be32(&conn->events, (uint32_t)event.n);
  if (err == VLS_OK) err = vls_buf_put_slice(&conn->events, event);
  if (err == VLS_OK) return VLS_OK;
  return lost(problem, "more events than this client can hold came at once");
}

static vls_err response_to(vls_conn *conn, vls_slice *ret_result, vls_problem *problem) {
  uint64_t deadline = vls_when_mono() + conn->call_ms;
  for (;;) {
    vls_frame frame;
    vls_err err = next_frame(conn, deadline, &frame, problem);
    if (err == VLS_AGAIN) return lost(problem, "it did not answer in time");
    if (err != VLS_OK) return err;
    if (frame.type == VLS_FRAME_EVENT) {
      err = keep_event(conn, frame.body, problem);
      if (err != VLS_OK) return err;
      continue;
    }
    /* The node answers a frame it cannot read with msgid 0 at most; one call is under way, so that
     * any other number is not an answer to anything. */
    if (frame.msgid != conn->msgid) return nonsense(problem);
    if (frame.error.n > 0) return vls_problem_parse(problem, frame.error);
    *ret_result = frame.body;
    return VLS_OK;
  }
}

vls_err vls_conn_call(vls_conn *conn, const char *method, vls_slice params, vls_slice *ret_result,
                      vls_problem *problem) {
  vls_buf request;
  vls_buf_init(&request, VLS_RPC_FRAME_MAX);
  vls_err err = vls_frame_request(&request, ++conn->msgid, method, params);
  if (err != VLS_OK)
    err = vls_problem_set(problem, VLS_TOO_BIG, NULL, "the request is larger than 1 MiB");
  if (err == VLS_OK) err = send_all(conn, vls_buf_slice(&request), problem);
  if (err == VLS_OK) err = response_to(conn, ret_result, problem);
  vls_buf_done(&request);
  return err;
}

vls_err vls_conn_event(vls_conn *conn, uint64_t timeout_ms, vls_slice *ret_event,
                       vls_problem *problem) {
  if (conn->events_at < conn->events.n) {
    const uint8_t *at = conn->events.p + conn->events_at;
    *ret_event = (vls_slice){at + 4, vls_be32_get(at)};
    conn->events_at += 4 + ret_event->n;
    return VLS_OK;
  }
  vls_buf_clear(&conn->events);
  conn->events_at = 0;
  uint64_t now = vls_when_mono();
  uint64_t deadline = timeout_ms > VLS_NEVER - now ? VLS_NEVER : now + timeout_ms;
  vls_frame frame;
  vls_err err = next_frame(conn, deadline, &frame, problem);
  if (err != VLS_OK) return err;
  if (frame.type != VLS_FRAME_EVENT) return nonsense(problem);
  *ret_event = frame.body;
  return VLS_OK;
}

static vls_err hello(vls_conn *conn, vls_problem *problem) {
  vls_rpc_hello ask = {
      .api = VLS_RPC_API, .has_client = true, .client = vls_slice_str("valise " VALISE_VERSION)};
  vls_rpc_hello_ok answer;
  vls_slice result;
  vls_buf params;
  vls_buf_init(&params, vls_rpc_hello_def.max_bytes);
  vls_err err = vls_wire_encode(&vls_rpc_hello_def, &ask, &params);
  VLS_ASSERT(err == VLS_OK);
  err = vls_conn_call(conn, "hello", vls_buf_slice(&params), &result, problem);
  vls_buf_done(&params);
  if (err != VLS_OK) return err;
  if (vls_wire_decode(&vls_rpc_hello_ok_def, VLS_WIRE_LENIENT, result, &answer, NULL) != VLS_OK)
    return nonsense(problem);
  (void)snprintf(conn->state, sizeof conn->state, "%.*s", (int)answer.state.n,
                 (const char *)answer.state.p);
  return VLS_OK;
}

static vls_err refused(vls_problem *problem, const char *path) {
  if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR)
    return vls_problem_set(problem, VLS_NO_DAEMON, "valise init --start",
                           "valised is not running: nobody answers on %s. Started, it goes on with "
                           "what it had",
                           path);
  return vls_problem_set(problem, VLS_SYSTEM, "valise doctor", "cannot use the socket %s: %s", path,
                         strerror(errno));
}

vls_err vls_conn_open(vls_conn **ret_conn, const char *path, vls_problem *problem) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t n = strlen(path);
  if (n >= sizeof address.sun_path)
    return vls_problem_set(problem, VLS_USAGE, NULL, "the socket's path is too long: %s", path);
  memcpy(address.sun_path, path, n + 1);
  vls_conn *conn = vls_calloc(1, sizeof *conn);
  conn->call_ms = VLS_CONN_CALL_MS;
  conn->stop_fd = -1;
  vls_buf_init(&conn->in, VLS_RPC_FRAME_MAX + 128 * 1024);
  vls_buf_init(&conn->events, VLS_CONN_EVENTS_MAX);
  vls_err err;
  conn->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (conn->fd < 0 || connect(conn->fd, (const struct sockaddr *)&address, sizeof address) != 0) {
    err = refused(problem, path);
    goto fail;
  }
  err = hello(conn, problem);
  if (err != VLS_OK) goto fail;
  *ret_conn = conn;
  return VLS_OK;
fail:
  vls_conn_free(conn);
  return err;
}

bool vls_conn_is(const vls_conn *conn, const char *state) {
  return strcmp(conn->state, state) == 0;
}

bool vls_conn_is_empty(const vls_conn *conn) {
  return vls_conn_is(conn, "empty");
}

void vls_conn_be_patient(vls_conn *conn, uint64_t ms) {
  conn->call_ms = ms;
}

void vls_conn_stop_at(vls_conn *conn, int fd) {
  conn->stop_fd = fd;
}

void vls_conn_free(vls_conn *conn) {
  if (conn == NULL) return;
  if (conn->fd >= 0) (void)close(conn->fd);
  vls_buf_done(&conn->in);
  vls_buf_done(&conn->events);
  free(conn);
}
