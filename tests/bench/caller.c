#include "caller.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "meter.h"

enum { READ_BYTES = 1 << 16, PARTS = 4 };

static void must(vls_err err, const char *doing) {
  if (err != VLS_OK) bench_die("%s: %s", doing, vls_err_text(err));
}

bool bench_caller_open(bench_caller *c, const char *path) {
  struct sockaddr_un addr = {.sun_family = AF_UNIX};
  *c = (bench_caller){.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (c->fd < 0) bench_die("no socket: %s", strerror(errno));
  if (strlen(path) >= sizeof addr.sun_path) bench_die("too long for a socket: %s", path);
  memcpy(addr.sun_path, path, strlen(path));
  if (connect(c->fd, (const struct sockaddr *)&addr, sizeof addr) != 0) {
    close(c->fd);
    return false;
  }
  vls_buf_init(&c->in, VLS_RPC_FRAME_MAX + READ_BYTES);
  vls_buf_init(&c->out, VLS_RPC_FRAME_MAX);
  return true;
}

void bench_caller_close(bench_caller *c) {
  close(c->fd);
  vls_buf_done(&c->in);
  vls_buf_done(&c->out);
}

void bench_caller_queue(bench_caller *c, const char *method, vls_slice params) {
  vls_err err = vls_pack_array(&c->out, PARTS);
  if (err == VLS_OK) err = vls_pack_uint(&c->out, 0);
  if (err == VLS_OK) err = vls_pack_uint(&c->out, ++c->msgid);
  if (err == VLS_OK) err = vls_pack_str(&c->out, vls_slice_str(method));
  if (err == VLS_OK) err = vls_pack_array(&c->out, params.n > 0 ? 1 : 0);
  if (err == VLS_OK) err = vls_buf_put_slice(&c->out, params);
  must(err, "a call");
}

void bench_caller_flush(bench_caller *c) {
  for (size_t at = 0; at < c->out.n;) {
    ssize_t n = send(c->fd, c->out.p + at, c->out.n - at, MSG_NOSIGNAL);
    if (n < 0) bench_die("the node does not listen any more: %s", strerror(errno));
    at += (size_t)n;
  }
  vls_buf_clear(&c->out);
}

static vls_slice rest(const bench_caller *c) {
  return vls_slice_of(c->in.p + c->used, c->in.n - c->used);
}

bool bench_caller_has(const bench_caller *c) {
  size_t used = 0;
  vls_err err = vls_wire_scan(rest(c), VLS_WIRE_LENIENT, &used);
  if (err != VLS_AGAIN) must(err, "a frame");
  return err == VLS_OK;
}

static void read_more(bench_caller *c) {
  vls_buf_drop(&c->in, c->used);
  c->used = 0;
  uint8_t *room = vls_buf_grow(&c->in, READ_BYTES);
  if (room == NULL) bench_die("the node sent a frame that is too long");
  ssize_t n = read(c->fd, room, READ_BYTES);
  if (n <= 0) bench_die("the node closed the connection");
  c->in.n -= READ_BYTES - (size_t)n;
}

static void take_event(vls_slice params, bench_frame *ret) {
  vls_slice one[1];
  size_t n = 0;
  must(vls_wire_split(params, VLS_WIRE_LENIENT, one, 1, &n), "an event");
  if (n != 1) bench_die("an event without its map");
  must(vls_wire_decode(&vls_rpc_event_def, VLS_WIRE_LENIENT, one[0], &ret->event, NULL),
       "an event");
}

void bench_caller_next(bench_caller *c, bench_frame *ret) {
  size_t used = 0, n = 0;
  uint64_t type = 0;
  vls_slice part[PARTS], error;
  while (!bench_caller_has(c))
    read_more(c);
  must(vls_wire_scan(rest(c), VLS_WIRE_LENIENT, &used), "a frame");
  vls_slice frame = vls_slice_of(rest(c).p, used);
  c->used += used;
  must(vls_wire_split(frame, VLS_WIRE_LENIENT, part, PARTS, &n), "a frame");
  must(n < 3 ? VLS_MALFORMED : vls_wire_get_uint(part[0], &type), "a frame");
  ret->is_event = type == 2;
  if (ret->is_event) {
    take_event(part[2], ret);
    return;
  }
  must(n != PARTS ? VLS_MALFORMED : vls_wire_get_uint(part[1], &ret->msgid), "a response");
  if (!vls_wire_is_nil(part[2])) {
    must(vls_wire_get_str(part[2], &error), "an error");
    bench_die("the node refused: %.*s", (int)error.n, (const char *)error.p);
  }
  ret->result = part[3];
}

vls_slice bench_caller_answer(bench_caller *c) {
  bench_frame frame;
  do
    bench_caller_next(c, &frame);
  while (frame.is_event || frame.msgid != c->msgid);
  return frame.result;
}

vls_slice bench_caller_call(bench_caller *c, const char *method, const vls_wire_def *def,
                            const void *params) {
  vls_buf map;
  vls_buf_init(&map, VLS_RPC_FRAME_MAX);
  if (def != NULL) must(vls_wire_encode(def, params, &map), method);
  bench_caller_queue(c, method, vls_buf_slice(&map));
  vls_buf_done(&map);
  bench_caller_flush(c);
  return bench_caller_answer(c);
}

void bench_caller_ask(bench_caller *c, const char *method, const vls_wire_def *def,
                      const void *params, const vls_wire_def *ret_def, void *ret) {
  vls_slice result = bench_caller_call(c, method, def, params);
  must(vls_wire_decode(ret_def, VLS_WIRE_LENIENT, result, ret, NULL), method);
}

void bench_caller_hello(bench_caller *c) {
  vls_rpc_hello hello = {.api = VLS_RPC_API};
  bench_caller_call(c, "hello", &vls_rpc_hello_def, &hello);
}

void bench_caller_listen(bench_caller *c, const char *path) {
  vls_rpc_subscribe live = {.has_live = true, .live = true};
  if (!bench_caller_open(c, path)) bench_die("no node listens on %s", path);
  bench_caller_hello(c);
  bench_caller_call(c, "events.subscribe", &vls_rpc_subscribe_def, &live);
}
