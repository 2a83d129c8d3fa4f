#include "daemon/stream.h"

#include <stdlib.h>

#include "base/assert.h"
#include "daemon/daemon.h"

static const vls_sm_row rows[] = {
    [VLS_STREAM_DIALLING] = {"dialling", VLS_BIT(VLS_STREAM_UP) | VLS_BIT(VLS_STREAM_GONE)},
    [VLS_STREAM_UP] = {"up", VLS_BIT(VLS_STREAM_LINGER) | VLS_BIT(VLS_STREAM_GONE)},
    [VLS_STREAM_LINGER] = {"linger", VLS_BIT(VLS_STREAM_GONE)},
    [VLS_STREAM_GONE] = {"gone", 0},
};

vls_stream *vls_stream_new(vls_daemon *d, uint64_t link) {
  vls_stream *stream = vls_calloc(1, sizeof *stream);
  stream->d = d;
  stream->link = link;
  vls_sm_init(&stream->sm, rows, sizeof rows / sizeof rows[0], VLS_STREAM_DIALLING);
  return stream;
}

/* A write ended: whoever lingers only for that can say goodbye. */
static void on_shutdown(uv_shutdown_t *req, int status) {
  vls_stream *stream = req->data;
  if (status < 0 && stream->sm.state == VLS_STREAM_LINGER) vls_streams_lingered(stream);
}

static void on_wrote(vls_outq *q) {
  vls_stream *stream = q->data;
  if (stream->sm.state != VLS_STREAM_LINGER || vls_outq_size(q) > 0) return;
  stream->shutdown.data = stream;
  if (q->stream == NULL || uv_shutdown(&stream->shutdown, q->stream, on_shutdown) != 0)
    vls_streams_lingered(stream);
}

void vls_stream_up(vls_stream *stream, uv_tcp_t *tcp, const char *peer) {
  vls_sm_move(&stream->sm, VLS_STREAM_UP);
  stream->tcp = tcp;
  tcp->data = stream;
  uv_tcp_nodelay(tcp, 1);
  memccpy(stream->peer, peer, '\0', sizeof stream->peer - 1);
  vls_outq_init(&stream->out, (uv_stream_t *)tcp, VLS_STREAM_QUEUE_MAX, on_wrote, stream);
}

/* One buffer for all: libuv hands it over, and the core has taken what it needs, before the next
 * read. */
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf) {
  vls_stream *stream = handle->data;
  (void)suggested;
  *ret_buf = uv_buf_init((char *)stream->d->read_buffer, VLS_READ_BUFFER);
}

static void on_read(uv_stream_t *uv, ssize_t n, const uv_buf_t *buf) {
  vls_stream *stream = uv->data;
  if (n == 0) return;
  if (stream->sm.state == VLS_STREAM_LINGER) {
    if (n < 0) vls_streams_lingered(stream);
    return; /* what still arrives is for nobody, but unread it would make the kernel send a reset */
  }
  if (n > 0) {
    vls_input in = {
        .type = VLS_IN_BYTES, .link = stream->link, .bytes = {(uint8_t *)buf->base, (size_t)n}};
    vls_batch_feed(stream->d, &in);
    bool enough = stream->d->core != NULL && vls_core_has_enough(stream->d->core, stream->link);
    if (enough && stream->sm.state == VLS_STREAM_UP) uv_read_stop(uv); /* a pause is under way */
  } else {
    vls_streams_gone(stream, n == UV_EOF ? "closed by the other side" : uv_strerror((int)n));
  }
}

void vls_stream_read(vls_stream *stream) {
  if (stream->paused && stream->sm.state == VLS_STREAM_UP) return;
  if (stream->sm.state == VLS_STREAM_GONE) return;
  int error = uv_read_start((uv_stream_t *)stream->tcp, on_alloc, on_read);
  VLS_ASSERT(error == 0 || error == UV_EALREADY || error == UV_ENOTCONN);
}

static void on_closed(uv_handle_t *handle) {
  vls_stream *stream = handle->data;
  vls_outq_done(&stream->out);
  free(stream->tcp);
  free(stream);
}

void vls_stream_close(vls_stream *stream) {
  vls_sm_move(&stream->sm, VLS_STREAM_GONE);
  if (stream->dialer != NULL) vls_dialer_cancel(stream->dialer);
  if (stream->tcp != NULL)
    uv_close((uv_handle_t *)stream->tcp, on_closed);
  else
    free(stream);
}
