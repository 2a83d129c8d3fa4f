#include "daemon/caller.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"
#include "daemon/daemon.h"

/* After what was found out while performing: see attend. */
static void wait_for_turn(vls_caller *c) {
  if (c->waiting) return;
  c->waiting = true;
  STAILQ_INSERT_TAIL(&c->d->rpcd.waiting, c, wait);
  vls_batch_again(c->d);
}

static void on_closed(uv_handle_t *handle) {
  vls_caller *c = handle->data;
  vls_outq_done(&c->out);
  vls_buf_done(&c->in);
  free(c);
}

void vls_caller_close(vls_caller *c, const char *why) {
  if (c->gone) return;
  VLS_LOG(&c->d->log, VLS_DEBUG, "client.gone", vls_log_u("client", c->id), vls_log_s("why", why));
  c->gone = true;
  LIST_REMOVE(c, entry);
  if (c->waiting) STAILQ_REMOVE(&c->d->rpcd.waiting, c, vls_caller, wait);
  c->d->rpcd.n--;
  uv_close((uv_handle_t *)&c->pipe, on_closed);
  vls_input in = {.type = VLS_IN_GONE, .client = c->id};
  vls_batch_feed(c->d, &in);
}

/* It broke the rules of RPC 1; nothing it sends can be trusted to begin where it should. */
static void expel(vls_caller *c, const char *why) {
  if (c->gone) return;
  VLS_LOG(&c->d->log, VLS_NOTICE, "client.expelled", vls_log_u("client", c->id),
          vls_log_s("why", why));
  vls_caller_close(c, why);
}

static void close_if_finished(vls_caller *c) {
  if (c->ended && !c->held && c->in_flight == 0 && vls_outq_size(&c->out) == 0)
    vls_caller_close(c, "it ended");
}

/* RPC 1.3. NULL, or why the client has to go. */
static const char *take_frame(vls_caller *c, vls_slice frame) {
  vls_slice part[4], method;
  size_t n;
  uint64_t type, msgid;
  if (vls_wire_split(frame, VLS_WIRE_LENIENT, part, 4, &n) != VLS_OK || n < 3)
    return "a frame that is not MessagePack-RPC";
  if (vls_wire_get_uint(part[0], &type) != VLS_OK || type > 2)
    return "a frame that is not MessagePack-RPC";
  if (type == 2 && n == 3)
    return NULL; /* dropped: Neovim sends one for each event it has no use for */
  if (type != 0 || n != 4) return "a frame that is not a request";
  if (vls_wire_get_uint(part[1], &msgid) != VLS_OK || msgid > UINT32_MAX)
    return "a request whose number is not one";
  if (vls_wire_get_str(part[2], &method) != VLS_OK) return "a request without a method";
  if (!c->greeted) c->greeted = vls_slice_eq(method, vls_slice_str("hello"));
  if (vls_calls_take(c, msgid, method, part[3])) return NULL;
  if (vls_slice_eq(method, vls_slice_str("events.subscribe"))) c->subscribed = true;
  c->in_flight++;
  vls_input in = {
      .type = VLS_IN_COMMAND, .client = c->id, .msgid = msgid, .text = method, .bytes = part[3]};
  vls_batch_feed(c->d, &in);
  return NULL;
}

/* Nothing more is taken from who has enough under way, or does not read what it asked for. */
static bool may_take(const vls_caller *c) {
  return c->in_flight < VLS_RPC_IN_FLIGHT && vls_outq_size(&c->out) <= VLS_CALLER_FULL;
}

/* A request is an array: what begins otherwise will never be one, however long it goes on. */
static bool begins_well(uint8_t first) {
  return (first & 0xf0) == 0x90 || first == 0xdc || first == 0xdd;
}

/* The first bytes were dealt with. A passphrase may have been among them: nothing of them stays. */
static void drop(vls_buf *in, size_t used) {
  size_t n = in->n;
  vls_buf_drop(in, used);
  if (used > 0) vls_wipe(in->p + in->n, n - in->n);
}

/* Deals with complete frames at the start of bytes; returns how much of them is done with. */
static size_t take_frames(vls_caller *c, vls_slice bytes) {
  size_t at = 0;
  while (at < bytes.n && !c->gone) {
    if (!may_take(c)) {
      c->held = true;
      uv_read_stop((uv_stream_t *)&c->pipe);
      break;
    }
    vls_slice rest = {bytes.p + at, bytes.n - at};
    size_t used = rest.n;
    const char *bad = NULL;
    vls_err err = vls_wire_scan(rest, VLS_WIRE_LENIENT, &used);
    if (!begins_well(*rest.p))
      bad = "bytes that are not MessagePack-RPC";
    else if (used > VLS_RPC_FRAME_MAX)
      bad = "a frame above 1 MiB";
    else if (err == VLS_AGAIN)
      break;
    else if (err != VLS_OK)
      bad = "bytes that are not MessagePack";
    else
      bad = take_frame(c, (vls_slice){rest.p, used});
    if (bad != NULL) expel(c, bad);
    at += used;
  }
  return at;
}

static void take_bytes(vls_caller *c, vls_slice bytes) {
  /* Mostly whole frames arrive, and are dealt with where they are. */
  size_t used = c->in.n == 0 ? take_frames(c, bytes) : 0;
  bool more = c->in.n > 0;
  if (c->gone) return;
  vls_err err = vls_buf_put(&c->in, bytes.p + used, bytes.n - used);
  VLS_ASSERT(err == VLS_OK); /* less than a frame was left over, and a read is one buffer */
  if (!more) return;
  used = take_frames(c, vls_buf_slice(&c->in));
  if (!c->gone) drop(&c->in, used);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf) {
  vls_caller *c = handle->data;
  (void)suggested;
  *ret_buf = uv_buf_init((char *)c->d->read_buffer, VLS_READ_BUFFER);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  vls_caller *c = stream->data;
  if (n == 0 || c->gone) return;
  if (n > 0) {
    take_bytes(c, vls_slice_of(buf->base, (size_t)n));
    vls_wipe(buf->base, (size_t)n);
  } else if (n == UV_EOF) {
    c->ended = true;
    close_if_finished(c);
  } else {
    vls_caller_close(c, uv_strerror((int)n));
  }
}

/* A write ended; not while performing. */
static void on_wrote(vls_outq *q) {
  vls_caller *c = q->data;
  if (c->gone) return;
  if (q->stream == NULL) {
    vls_caller_close(c, "it cannot be written to");
    return;
  }
  if (c->full && vls_outq_size(q) < VLS_CALLER_DRAINED) {
    c->full = false;
    vls_input in = {.type = VLS_IN_DRAINED, .client = c->id};
    vls_batch_feed(c->d, &in);
  }
  if (!c->gone && vls_outq_size(q) < VLS_CALLER_DRAINED) vls_caller_go_on(c);
}

vls_caller *vls_caller_new(vls_daemon *d, int fd, uint64_t id) {
  vls_caller *c = vls_calloc(1, sizeof *c);
  c->d = d;
  c->id = id;
  uv_pipe_init(&d->loop, &c->pipe, 0);
  c->pipe.data = c;
  vls_buf_init(&c->in, VLS_RPC_FRAME_MAX + VLS_READ_BUFFER);
  vls_outq_init(&c->out, (uv_stream_t *)&c->pipe, VLS_CALLER_QUEUE_MAX, on_wrote, c);
  int error = uv_pipe_open(&c->pipe, fd);
  if (error != 0) close(fd);
  if (error == 0) error = uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read);
  if (error == 0) return c;
  uv_close((uv_handle_t *)&c->pipe, on_closed);
  return NULL;
}

void vls_caller_send(vls_caller *c, vls_slice frame) {
  if (c->gone || c->too_slow) return;
  c->too_slow = vls_outq_put(&c->out, frame) != VLS_OK;
  bool resume = c->held && may_take(c);
  bool full = !c->full && vls_outq_size(&c->out) > VLS_CALLER_FULL;
  if (c->too_slow || resume || full || c->ended) wait_for_turn(c);
}

void vls_caller_go_on(vls_caller *c) {
  if (c->too_slow) {
    expel(c, "it does not read what it asked for");
    return;
  }
  if (!c->full && vls_outq_size(&c->out) > VLS_CALLER_FULL) {
    c->full = true;
    vls_input in = {.type = VLS_IN_FULL, .client = c->id};
    vls_batch_feed(c->d, &in);
  }
  if (c->held && !c->gone && may_take(c)) {
    c->held = false;
    size_t used = take_frames(c, vls_buf_slice(&c->in));
    if (c->gone) return;
    drop(&c->in, used);
    if (!c->held && !c->ended) uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read);
  }
  if (!c->gone) close_if_finished(c);
}

void vls_caller_end(vls_caller *c) {
  uv_read_stop((uv_stream_t *)&c->pipe);
  vls_buf_clear(&c->in);
  c->in_flight = 0;
  c->held = false;
  c->ended = true;
  close_if_finished(c);
}

void vls_caller_mute(vls_caller *c) {
  uv_read_stop((uv_stream_t *)&c->pipe);
  vls_buf_clear(&c->in);
  c->held = c->ended = true;
}
