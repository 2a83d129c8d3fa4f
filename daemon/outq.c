#include "daemon/outq.h"

#include "base/assert.h"

void vls_outq_init(vls_outq *q, uv_stream_t *stream, size_t max, void (*wrote)(vls_outq *),
                   void *data) {
  *q = (vls_outq){.stream = stream, .wrote = wrote, .data = data};
  vls_buf_init(&q->wait, max);
  vls_buf_init(&q->flight, max);
}

void vls_outq_done(vls_outq *q) {
  VLS_ASSERT(!q->busy);
  vls_buf_done(&q->wait);
  vls_buf_done(&q->flight);
}

size_t vls_outq_size(const vls_outq *q) {
  return q->wait.n + q->flight.n - q->sent;
}

vls_err vls_outq_put(vls_outq *q, vls_slice bytes) {
  if (bytes.n > q->wait.max - vls_outq_size(q)) return VLS_TOO_BIG;
  return vls_buf_put_slice(&q->wait, bytes);
}

static void on_write(uv_write_t *req, int status) {
  vls_outq *q = req->data;
  q->busy = false;
  q->sent = 0;
  vls_buf_clear(&q->flight);
  if (status < 0) q->stream = NULL;
  vls_outq_flush(q);
  if (q->wrote != NULL) q->wrote(q);
}

void vls_outq_flush(vls_outq *q) {
  if (q->busy || q->wait.n == 0 || q->stream == NULL || uv_is_closing((uv_handle_t *)q->stream))
    return;
  uv_buf_t buf = uv_buf_init((char *)q->wait.p, (unsigned)q->wait.n);
  int n = uv_try_write(q->stream, &buf, 1);
  size_t taken = n > 0 ? (size_t)n : 0;
  if (taken == q->wait.n) {
    vls_buf_clear(&q->wait);
    return;
  }
  /* An error is met again by uv_write, which reports it where the owner can deal with it. */
  vls_buf spare = q->flight;
  q->flight = q->wait;
  q->wait = spare;
  q->sent = taken;
  buf = uv_buf_init((char *)q->flight.p + taken, (unsigned)(q->flight.n - taken));
  q->req.data = q;
  if (uv_write(&q->req, q->stream, &buf, 1, on_write) == 0)
    q->busy = true;
  else
    q->stream = NULL;
}

void vls_outq_trim(vls_outq *q) {
  if (q->wait.n == 0) vls_buf_done(&q->wait);
  if (!q->busy) vls_buf_done(&q->flight);
}
