#include "daemon/streams.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <netinet/in.h>

#include "base/assert.h"
#include "daemon/daemon.h"

void vls_streams_start(vls_daemon *d, size_t max) {
  vls_streams *t = &d->streams;
  *t = (vls_streams){.max = max, .next_accepted = VLS_LINK_ACCEPTED};
  TAILQ_INIT(&t->strangers);
  TAILQ_INIT(&t->lingering);
  STAILQ_INIT(&t->faults);
  uv_timer_init(&d->loop, &t->linger);
  t->linger.data = d;
}

static vls_stream *find(vls_daemon *d, uint64_t link) {
  vls_stream *stream;
  LIST_FOREACH(stream, &d->streams.buckets[link % VLS_STREAM_BUCKETS], bucket) {
    if (stream->link == link) return stream;
  }
  return NULL;
}

static void enter(vls_daemon *d, vls_stream *stream) {
  LIST_INSERT_HEAD(&d->streams.buckets[stream->link % VLS_STREAM_BUCKETS], stream, bucket);
  d->streams.count++;
}

static void leave_strangers(vls_stream *stream) {
  if (!stream->stranger) return;
  stream->stranger = false;
  stream->d->streams.n_strangers--;
  TAILQ_REMOVE(&stream->d->streams.strangers, stream, line);
  vls_source_leave(stream);
}

/* Out of the tables the core can reach, but not closed. */
static void forget(vls_stream *stream) {
  vls_streams *t = &stream->d->streams;
  LIST_REMOVE(stream, bucket);
  leave_strangers(stream);
  if (stream->failed) STAILQ_REMOVE(&t->faults, stream, vls_stream, fault);
  stream->failed = false;
}

void vls_streams_gone(vls_stream *stream, const char *why) {
  vls_daemon *d = stream->d;
  char text[VLS_STREAM_WHY]; /* why may be the connection's own */
  snprintf(text, sizeof text, "%s", why);
  vls_input in = {.type = VLS_IN_CLOSED, .link = stream->link, .text = vls_slice_str(text)};
  forget(stream);
  d->streams.count--;
  vls_stream_close(stream);
  vls_batch_feed(d, &in);
}

bool vls_streams_shed(vls_daemon *d) {
  vls_stream *oldest = TAILQ_FIRST(&d->streams.strangers);
  if (oldest == NULL) return false;
  VLS_LOG(&d->log, VLS_INFO, "stranger.shed", vls_log_s("peer", oldest->peer));
  vls_streams_gone(oldest, "made room for others");
  return true;
}

static vls_source source_of(const struct sockaddr *peer) {
  vls_source source = {.family = (uint8_t)peer->sa_family};
  if (peer->sa_family == AF_INET6)
    memcpy(source.net, &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr, 8);
  else
    memcpy(source.net, &((const struct sockaddr_in *)(const void *)peer)->sin_addr, 4);
  return source;
}

/* One address may not crowd out the rest: its own oldest stranger goes. */
static void shed_same_source(vls_daemon *d, const vls_source *source) {
  const vls_source_row *there = vls_source_find(&d->streams.sources, source);
  size_t same = there == NULL ? 0 : there->n;
  if (same < vls_config_num(&d->config, VLS_KEY_LIMITS_STRANGERS_PER_ADDRESS)) return;
  vls_stream *oldest = TAILQ_FIRST(&there->strangers);
  VLS_LOG(&d->log, VLS_INFO, "stranger.shed", vls_log_s("peer", oldest->peer),
          vls_log_u("from_there", same));
  vls_streams_gone(oldest, "too many from one address");
}

size_t vls_streams_max(const vls_daemon *d) {
  size_t wanted = vls_config_num(&d->config, VLS_KEY_LIMITS_LINKS);
  return wanted < d->streams.max ? wanted : d->streams.max;
}

/* Whoever comes in leaves an eighth for those we dial. */
static bool has_room(vls_daemon *d) {
  size_t max = vls_streams_max(d);
  return d->streams.count < max - max / 8 || vls_streams_shed(d);
}

static void on_refused(uv_handle_t *handle) {
  free(handle);
}

static void refuse(vls_daemon *d, int fd, uv_tcp_t *tcp, const char *peer) {
  VLS_LOG(&d->log, VLS_WARNING, "link.refused", vls_log_s("peer", peer),
          vls_log_u("links", d->streams.count));
  close(fd);
  if (tcp != NULL) uv_close((uv_handle_t *)tcp, on_refused);
}

void vls_streams_accept(vls_daemon *d, int fd, const struct sockaddr *peer) {
  char text[VLS_ADDRESS_TEXT];
  vls_address_text(peer, text);
  vls_source source = source_of(peer);
  shed_same_source(d, &source);
  if (d->streams.n_strangers >= vls_config_num(&d->config, VLS_KEY_LIMITS_STRANGERS))
    vls_streams_shed(d);
  if (d->batch.dead || !has_room(d)) {
    refuse(d, fd, NULL, text);
    return;
  }
  uv_tcp_t *tcp = vls_calloc(1, sizeof *tcp);
  uv_tcp_init(&d->loop, tcp);
  if (uv_tcp_open(tcp, fd) != 0) {
    refuse(d, fd, tcp, text);
    return;
  }
  vls_stream *stream = vls_stream_new(d, d->streams.next_accepted++);
  stream->accepted = stream->stranger = true;
  vls_stream_up(stream, tcp, text);
  enter(d, stream);
  TAILQ_INSERT_TAIL(&d->streams.strangers, stream, line);
  vls_source_enter(&d->streams.sources, &source, stream);
  d->streams.n_strangers++;
  VLS_LOG(&d->log, VLS_DEBUG, "link.accepted", vls_log_s("peer", text));
  vls_stream_read(stream); /* before the core hears of it: it may ask for a pause */
  vls_input in = {.type = VLS_IN_OPENED, .link = stream->link, .text = vls_slice_str(text)};
  vls_batch_feed(d, &in);
}

static void on_dialled(void *data, uv_tcp_t *tcp, const char *text, vls_slice early) {
  vls_stream *stream = data;
  vls_daemon *d = stream->d;
  stream->dialer = NULL;
  VLS_LOG(&d->log, VLS_DEBUG, tcp != NULL ? "dial.connected" : "dial.failed",
          vls_log_s(tcp != NULL ? "peer" : "why", text));
  if (tcp == NULL) {
    vls_streams_gone(stream, text);
    return;
  }
  vls_stream_up(stream, tcp, text);
  vls_stream_read(stream);
  uint64_t link = stream->link;
  vls_input in = {.type = VLS_IN_OPENED, .link = link, .text = vls_slice_str(stream->peer)};
  vls_batch_feed(d, &in);
  if (early.n == 0 || find(d, link) == NULL) return; /* feeding may have ended the batch, and it */
  in = (vls_input){.type = VLS_IN_BYTES, .link = link, .bytes = early};
  vls_batch_feed(d, &in);
}

/* Found out while performing: the core hears of it in the next turn. */
static void fail(vls_stream *stream, const char *why) {
  if (stream->failed) return;
  stream->failed = true;
  snprintf(stream->why, sizeof stream->why, "%s", why);
  STAILQ_INSERT_TAIL(&stream->d->streams.faults, stream, fault);
  vls_batch_again(stream->d);
}

void vls_streams_dial(vls_daemon *d, uint64_t link, const vls_slice *list, size_t n) {
  VLS_ASSERT(find(d, link) == NULL);
  vls_stream *stream = vls_stream_new(d, link);
  enter(d, stream);
  if (d->streams.count > vls_streams_max(d))
    fail(stream, "this node has too many connections");
  else
    stream->dialer = vls_dialer_start(d, list, n, on_dialled, stream);
}

void vls_streams_attend(vls_daemon *d) {
  /* Each of them leaves the list by being told; what feeding adds to it is dealt with as well. */
  while (!STAILQ_EMPTY(&d->streams.faults) && !d->batch.dead) {
    vls_stream *stream = STAILQ_FIRST(&d->streams.faults);
    vls_streams_gone(stream, stream->why);
  }
}

void vls_streams_send(vls_daemon *d, uint64_t link, vls_slice bytes) {
  vls_stream *stream = find(d, link);
  if (stream == NULL || stream->failed || stream->sm.state != VLS_STREAM_UP) return;
  leave_strangers(stream); /* the core answers: it holds a key */
  if (vls_outq_put(&stream->out, bytes) != VLS_OK)
    fail(stream, "it reads too slowly");
  else
    vls_batch_dirty(d, &stream->out);
}

void vls_streams_pause(vls_daemon *d, uint64_t link, bool pause) {
  vls_stream *stream = find(d, link);
  if (stream == NULL || stream->failed || stream->sm.state != VLS_STREAM_UP) return;
  stream->paused = pause;
  if (pause)
    uv_read_stop((uv_stream_t *)stream->tcp);
  else
    vls_stream_read(stream);
}

void vls_streams_lingered(vls_stream *stream) {
  TAILQ_REMOVE(&stream->d->streams.lingering, stream, line);
  stream->d->streams.count--;
  vls_stream_close(stream);
}

static void on_linger(uv_timer_t *timer) {
  vls_daemon *d = timer->data;
  vls_stream *first;
  while ((first = TAILQ_FIRST(&d->streams.lingering)) != NULL) {
    if (first->linger_until > uv_now(&d->loop)) {
      uv_timer_start(timer, on_linger, first->linger_until - uv_now(&d->loop), 0);
      return;
    }
    vls_streams_lingered(first);
  }
}

void vls_streams_close(vls_daemon *d, uint64_t link) {
  vls_stream *stream = find(d, link);
  if (stream == NULL) return;
  bool silent = stream->stranger || stream->failed || stream->sm.state != VLS_STREAM_UP;
  forget(stream);
  if (silent) {
    d->streams.count--;
    vls_stream_close(stream);
    return;
  }
  vls_sm_move(&stream->sm, VLS_STREAM_LINGER);
  stream->linger_until = uv_now(&d->loop) + VLS_STREAM_LINGER_MS;
  TAILQ_INSERT_TAIL(&d->streams.lingering, stream, line);
  if (!uv_is_active((uv_handle_t *)&d->streams.linger))
    uv_timer_start(&d->streams.linger, on_linger, VLS_STREAM_LINGER_MS, 0);
  vls_stream_read(stream);
  vls_outq_flush(&stream->out);
  stream->out.wrote(&stream->out);
}

void vls_streams_trim(vls_daemon *d) {
  vls_stream *stream;
  for (size_t i = 0; i < VLS_STREAM_BUCKETS; i++) {
    LIST_FOREACH(stream, &d->streams.buckets[i], bucket) {
      if (stream->sm.state == VLS_STREAM_UP) vls_outq_trim(&stream->out);
    }
  }
}

void vls_streams_drop(vls_daemon *d) {
  vls_stream *stream;
  for (size_t i = 0; i < VLS_STREAM_BUCKETS; i++) {
    while ((stream = LIST_FIRST(&d->streams.buckets[i])) != NULL) {
      forget(stream);
      d->streams.count--;
      vls_stream_close(stream);
    }
  }
}

void vls_streams_stop(vls_daemon *d) {
  vls_streams_drop(d);
  while (!TAILQ_EMPTY(&d->streams.lingering))
    vls_streams_lingered(TAILQ_FIRST(&d->streams.lingering));
  uv_close((uv_handle_t *)&d->streams.linger, NULL);
}
