#include "daemon/attempt.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "daemon/daemon.h"

static void on_closed(uv_handle_t *handle) {
  vls_attempt *a = handle->data;
  if (a->through != NULL) vls_socks5_done(&a->socks);
  free(handle);
  free(a);
}

void vls_attempt_close(vls_attempt *a) {
  a->done = NULL;
  uv_close((uv_handle_t *)a->tcp, on_closed);
}

uv_tcp_t *vls_attempt_take(vls_attempt *a) {
  uv_tcp_t *tcp = a->tcp;
  uv_read_stop((uv_stream_t *)tcp);
  if (a->through != NULL) vls_socks5_done(&a->socks);
  free(a);
  return tcp;
}

/* A handshake is far smaller than the kernel's buffer of a fresh connection: what it does not take
 * at once is a broken connection. */
static bool say(vls_attempt *a, const vls_buf *out) {
  uv_buf_t buf = uv_buf_init((char *)out->p, (unsigned)out->n);
  return out->n == 0 || uv_try_write((uv_stream_t *)a->tcp, &buf, 1) == (int)out->n;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf) {
  vls_attempt *a = handle->data;
  (void)suggested;
  *ret_buf = uv_buf_init((char *)a->d->read_buffer, VLS_READ_BUFFER);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  vls_attempt *a = stream->data;
  if (n == 0 || a->done == NULL) return;
  if (n < 0) {
    a->done(a, "the proxy closed the connection", (vls_slice){0});
    return;
  }
  vls_slice bytes = vls_slice_of(buf->base, (size_t)n);
  vls_buf out;
  vls_buf_init(&out, VLS_SOCKS5_OUT_MAX);
  size_t used = 0;
  const char *why = NULL;
  vls_err err = vls_socks5_feed(&a->socks, bytes, &out, &used, &why);
  if (err == VLS_AGAIN && !say(a, &out)) {
    err = VLS_SYSTEM;
    why = "the proxy closed the connection";
  }
  vls_buf_done(&out);
  if (err == VLS_AGAIN) return;
  if (err == VLS_OK)
    a->done(a, NULL, (vls_slice){bytes.p + used, bytes.n - used});
  else
    a->done(a, why, (vls_slice){0});
}

static void on_connect(uv_connect_t *req, int status) {
  vls_attempt *a = req->data;
  if (a->done == NULL) return; /* closed meanwhile */
  if (status != 0) {
    a->done(a, uv_strerror(status), (vls_slice){0});
    return;
  }
  if (a->through == NULL) {
    a->done(a, NULL, (vls_slice){0});
    return;
  }
  const vls_proxy *proxy = &a->d->proxy;
  vls_buf out;
  vls_buf_init(&out, VLS_SOCKS5_OUT_MAX);
  vls_socks5_done(&a->socks);
  vls_socks5_init(&a->socks, a->through, vls_slice_str(proxy->user), vls_slice_str(proxy->password),
                  &out);
  bool said = say(a, &out) && uv_read_start((uv_stream_t *)a->tcp, on_alloc, on_read) == 0;
  vls_buf_done(&out);
  if (!said) a->done(a, "the proxy closed the connection", (vls_slice){0});
}

vls_attempt *vls_attempt_start(vls_daemon *d, const struct sockaddr *addr,
                               const vls_hostport *target, vls_attempted done, void *data,
                               const char **ret_why) {
  vls_attempt *a = vls_calloc(1, sizeof *a);
  *a = (vls_attempt){.d = d, .data = data, .done = done, .tcp = vls_calloc(1, sizeof *a->tcp)};
  uv_tcp_init(&d->loop, a->tcp);
  a->tcp->data = a;
  a->req.data = a;
  if (d->proxy.on) {
    a->through = target;
    addr = (const struct sockaddr *)&d->proxy.addr;
    snprintf(a->text, sizeof a->text, "%s:%u", target->host, target->port);
  } else {
    vls_address_text(addr, a->text);
  }
  int error = uv_tcp_connect(&a->req, a->tcp, addr, on_connect);
  if (error == 0) return a;
  *ret_why = uv_strerror(error);
  vls_attempt_close(a);
  return NULL;
}
