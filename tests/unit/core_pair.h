/* Nodes side by side: real cores over real stores, and a network of queues that the test holds in
 * its hand. Time stands still until a test lets it go on. */
#ifndef VALISE_TESTS_CORE_PAIR_H
#define VALISE_TESTS_CORE_PAIR_H

#include <stdio.h>
#include <stdlib.h>

#include "vec_hex.h"

#include "proto/group.h"
#include "proto/peer.h"
#include "proto/rpc.h"
#include "store/db.h"
#include "valise/core.h"

enum { ANA, BAO, CHI, NODES, FAKE = NODES }; /* FAKE: whoever the test plays itself */
enum { LINES_MAX = 64, TOLD_MAX = 4096, CLIENT = 1 };
#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const char *const node_names[] = {"Ana", "Bao", "Chi", "fake"};
static const char *const node_addresses[] = {"ana.example:1", "bao.example:1", "chi.example:1",
                                             "fake.example:1"};

/* A notification, kept by value. */
typedef struct told {
  uint64_t client, cursor, n, first, last, contact;
  char type[16], text[512], name[132];
} told;

typedef struct node {
  int who;
  vls_store *store;
  vls_core *core;
  bool off;        /* not there: dials to it fail */
  int64_t skew_ms; /* of its wall clock */
  uint64_t msgid;
  char error[800]; /* of the last reply; "" when it was one */
  vls_buf result;
  uint64_t answered; /* msgid of the last reply */
  told told[TOLD_MAX];
  size_t n_told;
  vls_buf log;
  unsigned paused, resumed, dials, commits;
  uint64_t sent; /* bytes */
  vls_core_conf conf;
} node;

/* A stream between two ends. */
typedef struct wire {
  int who[2];
  uint64_t id[2];
  bool alive;
} wire;

typedef struct packet {
  int to;
  uint64_t link;
  vls_input_type type;
  vls_buf bytes;
} packet;

typedef struct world {
  node node[NODES];
  wire wires[LINES_MAX];
  size_t n_wires;
  packet *queue;
  size_t at, n, cap;
  uint64_t mono, next_link;
  bool held;        /* packets stay in the queue */
  vls_buf fake_in;  /* what came for the test's own end */
  bool fake_closed; /* the other side ended it */
  uint64_t fake_link;
  uint64_t fake_hears; /* the node's end of the stream the test listens to; 0: every one */
} world;

static inline vls_now now_of(const world *w, const node *n) {
  return (vls_now){w->mono, INT64_C(1750000000000) + (int64_t)w->mono + n->skew_ms};
}

static inline void put_packet(world *w, int to, uint64_t link, vls_input_type type,
                              vls_slice bytes) {
  if (w->n == w->cap) {
    w->cap = w->cap == 0 ? 64 : 2 * w->cap;
    w->queue = vls_realloc(w->queue, w->cap * sizeof *w->queue);
  }
  packet *p = &w->queue[w->n++];
  *p = (packet){.to = to, .link = link, .type = type};
  vls_buf_init(&p->bytes, 8 << 20);
  assert_int_equal(vls_buf_put_slice(&p->bytes, bytes), VLS_OK);
}

static inline wire *wire_of(world *w, int who, uint64_t id, int *ret_end) {
  for (size_t i = 0; i < w->n_wires; i++)
    for (int e = 0; e < 2; e++)
      if (w->wires[i].alive && w->wires[i].who[e] == who && w->wires[i].id[e] == id) {
        *ret_end = e;
        return &w->wires[i];
      }
  return NULL;
}

/* A stream from one to the other; gives the accepted end's number. */
static inline uint64_t put_wire(world *w, int from, uint64_t from_id, int to) {
  uint64_t id = VLS_LINK_ACCEPTED | ++w->next_link;
  size_t i = 0;
  while (i < w->n_wires && w->wires[i].alive)
    i++;
  assert_true(i < LINES_MAX);
  if (i == w->n_wires) w->n_wires++;
  w->wires[i] = (wire){{from, to}, {from_id, id}, true};
  if (from != FAKE) put_packet(w, from, from_id, VLS_IN_OPENED, vls_slice_str("peer"));
  if (to != FAKE) put_packet(w, to, id, VLS_IN_OPENED, vls_slice_str("peer"));
  return id;
}

static inline void on_dial(world *w, int from, const vls_output *out) {
  w->node[from].dials++;
  for (size_t i = 0; i < out->n_list; i++)
    for (int to = 0; to <= FAKE; to++) {
      if (!vls_slice_eq(out->list[i], vls_slice_str(node_addresses[to]))) continue;
      if (w->node[from].off || (to != FAKE && (w->node[to].off || w->node[to].core == NULL)))
        continue;
      uint64_t id = put_wire(w, from, out->link, to);
      if (to == FAKE) w->fake_link = id;
      return;
    }
  put_packet(w, from, out->link, VLS_IN_CLOSED, vls_slice_str("connection refused"));
}

static inline void on_link_output(world *w, int who, const vls_output *out) {
  int e = 0;
  wire *line = wire_of(w, who, out->link, &e);
  if (line == NULL) return;
  int other = line->who[1 - e];
  bool closes = out->type == VLS_OUT_CLOSE;
  if (!closes) w->node[who].sent += out->bytes.n;
  if (closes) line->alive = false;
  if (other != FAKE) {
    put_packet(w, other, line->id[1 - e], closes ? VLS_IN_CLOSED : VLS_IN_BYTES, out->bytes);
    return;
  }
  if (w->fake_hears != 0 && w->fake_hears != out->link) return;
  if (closes) w->fake_closed = true;
  assert_int_equal(vls_buf_put_slice(&w->fake_in, out->bytes), VLS_OK);
}

static inline void copy_slice(char *out, size_t max, vls_slice s) {
  snprintf(out, max, "%.*s", (int)s.n, (const char *)s.p);
}

/* [1, msgid, error, result] */
static inline void on_reply(node *n, vls_slice bytes) {
  vls_slice part[4], text;
  size_t count = 0;
  n->error[0] = '\0';
  vls_buf_clear(&n->result);
  assert_int_equal(vls_wire_split(bytes, VLS_WIRE_STRICT, part, 4, &count), VLS_OK);
  assert_int_equal(count, 4);
  assert_int_equal(part[0].p[0], 1);
  assert_int_equal(vls_wire_get_uint(part[1], &n->answered), VLS_OK);
  if (vls_wire_is_nil(part[2])) {
    assert_int_equal(vls_buf_put_slice(&n->result, part[3]), VLS_OK);
    return;
  }
  assert_int_equal(vls_wire_get_str(part[2], &text), VLS_OK);
  assert_true(vls_wire_is_nil(part[3]));
  copy_slice(n->error, sizeof n->error, text);
}

/* [2, "event", [map]] */
static inline void on_notify(node *n, uint64_t client, vls_slice bytes) {
  vls_slice part[3], params[1];
  size_t count = 0;
  static vls_rpc_event event;
  assert_int_equal(vls_wire_split(bytes, VLS_WIRE_STRICT, part, 3, &count), VLS_OK);
  assert_int_equal(count, 3);
  assert_int_equal(vls_wire_split(part[2], VLS_WIRE_STRICT, params, 1, &count), VLS_OK);
  assert_int_equal(vls_wire_decode(&vls_rpc_event_def, VLS_WIRE_STRICT, params[0], &event, NULL),
                   VLS_OK);
  assert_true(n->n_told < TOLD_MAX);
  told *t = &n->told[n->n_told++];
  *t = (told){.client = client,
              .cursor = event.cursor,
              .n = event.n,
              .first = event.first,
              .last = event.last,
              .contact = event.contact};
  copy_slice(t->type, sizeof t->type, event.type);
  copy_slice(t->text, sizeof t->text, event.text);
  copy_slice(t->name, sizeof t->name, event.name);
}

static inline void on_output(world *w, node *n, const vls_output *out) {
  switch (out->type) {
  case VLS_OUT_DIAL: on_dial(w, n->who, out); break;
  case VLS_OUT_SEND:
  case VLS_OUT_CLOSE: on_link_output(w, n->who, out); break;
  case VLS_OUT_PAUSE: n->paused++; break;
  case VLS_OUT_RESUME: n->resumed++; break;
  case VLS_OUT_REPLY: on_reply(n, out->bytes); break;
  case VLS_OUT_NOTIFY: on_notify(n, out->client, out->bytes); break;
  case VLS_OUT_LOG:
    assert_int_equal(vls_buf_put_slice(&n->log, out->text), VLS_OK);
    assert_int_equal(vls_buf_put_u8(&n->log, '\n'), VLS_OK);
    break;
  }
}

static inline void poll_all(world *w, node *n) {
  vls_output out;
  while (vls_core_poll(n->core, &out))
    on_output(w, n, &out);
}

/* Seals the batch, commits it, and lets its outputs go. */
static inline void end_batch(world *w, node *n) {
  if (vls_core_seal(n->core, now_of(w, n))) {
    vls_err err = vls_store_commit(n->store);
    if (err != VLS_OK) print_error("commit: %s\n", vls_store_problem(n->store));
    assert_int_equal(err, VLS_OK);
    n->commits++;
    vls_core_committed(n->core, err);
  }
  poll_all(w, n);
}

static inline void feed(world *w, node *n, const vls_input *in) {
  vls_err err = vls_core_feed(n->core, in, now_of(w, n));
  if (err != VLS_OK) print_error("feed: %s\n", vls_store_problem(n->store));
  assert_int_equal(err, VLS_OK);
}

/* Everything that is under way arrives, and what follows from it, in no time. */
static inline void run(world *w) {
  for (unsigned rounds = 0; w->at < w->n && !w->held; rounds++) {
    assert_true(rounds < 200000);
    packet p = w->queue[w->at++];
    node *n = &w->node[p.to];
    vls_input in = {.type = p.type, .link = p.link, .bytes = vls_buf_slice(&p.bytes)};
    if (p.type != VLS_IN_BYTES) in.text = vls_buf_slice(&p.bytes);
    if (n->core != NULL) {
      feed(w, n, &in);
      end_batch(w, n);
    }
    vls_buf_done(&p.bytes);
    if (w->at == w->n) w->at = w->n = 0;
  }
}

/* Lets time go on, with all that becomes due on the way. */
static inline void pass(world *w, uint64_t ms) {
  uint64_t end = w->mono + ms;
  run(w);
  for (unsigned rounds = 0; rounds < 200000; rounds++) {
    uint64_t next = end;
    for (int i = 0; i < NODES; i++)
      if (w->node[i].core != NULL && vls_core_deadline(w->node[i].core) < next)
        next = vls_core_deadline(w->node[i].core);
    if (next > w->mono) w->mono = next;
    for (int i = 0; i < NODES; i++) {
      node *n = &w->node[i];
      if (n->core == NULL || vls_core_deadline(n->core) > w->mono) continue;
      assert_int_equal(vls_core_tick(n->core, now_of(w, n)), VLS_OK);
      end_batch(w, n);
    }
    run(w);
    if (w->mono >= end) return;
  }
  fail_msg("time does not go on");
}

static inline void node_start(world *w, int who) {
  static const uint8_t seeds[NODES][32] = {{1}, {2}, {3}};
  node *n = &w->node[who];
  n->conf.store = n->store;
  n->conf.seed = seeds[who];
  n->conf.version = "1.0";
  assert_int_equal(vls_core_new(&n->core, &n->conf, now_of(w, n)), VLS_OK);
  uint8_t fresh[40];
  vls_be64_put(fresh + 32, w->mono ^ n->commits);
  memcpy(fresh, seeds[who], 32);
  vls_slice home = vls_slice_str(node_addresses[who]), listens = vls_slice_str("[::]:1");
  vls_input entropy = {.type = VLS_IN_ENTROPY, .bytes = vls_slice_of(fresh, sizeof fresh)};
  vls_input in = {
      .type = VLS_IN_ADDRESSES, .list = &home, .n_list = 1, .list2 = &listens, .n_list2 = 1};
  feed(w, n, &entropy);
  feed(w, n, &in);
  end_batch(w, n);
}

/* Its streams end at the other side. */
static inline void cut_wires(world *w, int who) {
  for (size_t i = 0; i < w->n_wires; i++)
    for (int e = 0; e < 2; e++) {
      wire *line = &w->wires[i];
      if (!line->alive || line->who[e] != who) continue;
      line->alive = false;
      for (int k = 0; k < 2; k++)
        if (line->who[k] != FAKE)
          put_packet(w, line->who[k], line->id[k], VLS_IN_CLOSED, vls_slice_str("cut"));
        else
          w->fake_closed = true;
    }
}

/* A crash: whatever was not committed is gone. */
static inline void node_crash(world *w, int who) {
  node *n = &w->node[who];
  vls_core_free(n->core);
  n->core = NULL;
  vls_store_rollback(n->store);
  cut_wires(w, who);
}

static inline void node_restart(world *w, int who) {
  node_crash(w, who);
  node_start(w, who);
}

/* Nobody reaches it, and it reaches nobody. */
static inline void node_offline(world *w, int who, bool off) {
  w->node[who].off = off;
  if (off) cut_wires(w, who);
  run(w);
}

/* One call; true when it was answered with a result. A NULL def calls without parameters. */
static inline bool call_as(world *w, int who, uint64_t client, const char *method,
                           const vls_wire_def *def, const void *msg) {
  node *n = &w->node[who];
  vls_buf params;
  vls_buf_init(&params, VLS_RPC_FRAME_MAX);
  assert_int_equal(vls_pack_array(&params, def == NULL ? 0 : 1), VLS_OK);
  if (def != NULL) assert_int_equal(vls_wire_encode(def, msg, &params), VLS_OK);
  vls_input in = {.type = VLS_IN_COMMAND,
                  .client = client,
                  .msgid = ++n->msgid,
                  .text = vls_slice_str(method),
                  .bytes = vls_buf_slice(&params)};
  feed(w, n, &in);
  end_batch(w, n);
  vls_buf_done(&params);
  assert_int_equal(n->answered, n->msgid);
  return n->error[0] == '\0';
}

static inline bool call(world *w, int who, const char *method, const vls_wire_def *def,
                        const void *msg) {
  return call_as(w, who, CLIENT, method, def, msg);
}

/* The error's stable name. */
static inline bool failed_as(const world *w, int who, const char *name) {
  const char *error = w->node[who].error;
  bool same = strncmp(error, name, strlen(name)) == 0 && error[strlen(name)] == ':';
  if (!same) print_error("the answer was \"%s\"\n", error);
  return same;
}

static inline void answer(const world *w, int who, const vls_wire_def *def, void *ret) {
  const node *n = &w->node[who];
  if (n->error[0] != '\0') print_error("the answer was \"%s\"\n", n->error);
  assert_int_equal(vls_wire_decode(def, VLS_WIRE_STRICT, vls_buf_slice(&n->result), ret, NULL),
                   VLS_OK);
}

/* The parts of an answer that is a list. */
static inline size_t answer_list(const world *w, int who, vls_slice *ret_parts, size_t max) {
  const node *n = &w->node[who];
  size_t count = 0;
  assert_int_equal(n->error[0], '\0');
  assert_int_equal(
      vls_wire_split(vls_buf_slice(&n->result), VLS_WIRE_STRICT, ret_parts, max, &count), VLS_OK);
  return count;
}

static inline void say_hello(world *w, int who, uint64_t client) {
  vls_rpc_hello hello = {.api = 1};
  assert_true(call_as(w, who, client, "hello", &vls_rpc_hello_def, &hello));
}

static inline void world_make(world *w, int n_nodes) {
  memset(w, 0, sizeof *w); /* too large for a stack */
  w->mono = 1000000;
  vls_buf_init(&w->fake_in, 64 << 20);
  for (int i = 0; i < NODES; i++) {
    w->node[i].who = i;
    vls_buf_init(&w->node[i].result, VLS_RPC_FRAME_MAX);
    vls_buf_init(&w->node[i].log, 64 << 20);
    uint8_t seed[32] = {10, (uint8_t)i};
    assert_int_equal(vls_store_open(&w->node[i].store, ":memory:", seed, 0, NULL), VLS_OK);
    if (i >= n_nodes) continue;
    node_start(w, i);
    vls_rpc_init init = {.name = vls_slice_str(node_names[i])};
    say_hello(w, i, CLIENT);
    assert_true(call(w, i, "init", &vls_rpc_init_def, &init));
  }
}

static inline void world_end(world *w) {
  for (size_t i = w->at; i < w->n; i++)
    vls_buf_done(&w->queue[i].bytes);
  free(w->queue);
  vls_buf_done(&w->fake_in);
  for (int i = 0; i < NODES; i++) {
    vls_core_free(w->node[i].core);
    vls_store_close(w->node[i].store);
    vls_buf_done(&w->node[i].result);
    vls_buf_done(&w->node[i].log);
  }
}

#endif
