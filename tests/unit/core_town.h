/* A few nodes in one process, and an attacker who can speak to any of them: for tests of what a
 * hostile peer or client may try. Time moves only when a test says so. Addresses are "a:1", "b:1"
 * ... by number of the node. */
#ifndef VALISE_TESTS_CORE_TOWN_H
#define VALISE_TESTS_CORE_TOWN_H

#include "store_made.h"

#include "citizen/invite.h"
#include "core/core_int.h"

enum { TOWN_NODES = 3, TOWN_WIRES = 256, TOWN_ROUNDS = 4000, TOWN_ATTACKER = TOWN_NODES };

typedef struct town_node {
  vls_store *store;
  vls_core *core;
  uint64_t next_accepted;
  vls_buf reply; /* the last response */
  bool off;      /* nobody reaches it */
} town_node;

/* Both ends of a connection; the attacker's end has no link number. */
typedef struct town_wire {
  unsigned node[2];
  uint64_t link[2];
  bool open;
  vls_buf heard; /* what the attacker's end received */
} town_wire;

typedef struct town {
  town_node nodes[TOWN_NODES];
  town_wire wires[TOWN_WIRES];
  size_t n_wires;
  vls_now now;
  bool deaf; /* nothing that is sent reaches node 0 */
} town;

typedef struct town_mail { /* an output on its way to be performed */
  vls_output_type type;
  uint64_t link;
  vls_buf bytes;
} town_mail;

static inline void town_start(town *t, unsigned i, uint8_t seed_byte) {
  uint8_t seed[32] = {seed_byte};
  vls_core_conf conf = {.store = t->nodes[i].store, .seed = seed, .version = "1"};
  assert_int_equal(vls_core_new(&t->nodes[i].core, &conf, t->now), VLS_OK);
  char text[] = "a:1";
  text[0] = (char)('a' + i);
  vls_slice address = vls_slice_str(text);
  vls_input in = {
      .type = VLS_IN_ADDRESSES, .list = &address, .n_list = 1, .list2 = &address, .n_list2 = 1};
  assert_int_equal(vls_core_feed(t->nodes[i].core, &in, t->now), VLS_OK);
}

static inline void town_make(town *t) {
  *t = (town){.now = {1000, 1800000000000}};
  for (unsigned i = 0; i < TOWN_NODES; i++) {
    t->nodes[i].store = store_in_memory();
    t->nodes[i].next_accepted = VLS_LINK_ACCEPTED;
    vls_buf_init(&t->nodes[i].reply, VLS_RPC_FRAME_MAX);
    town_start(t, i, (uint8_t)(i + 1));
  }
}

static inline void town_end(town *t) {
  for (unsigned i = 0; i < TOWN_NODES; i++) {
    vls_core_free(t->nodes[i].core);
    store_end(t->nodes[i].store);
    vls_buf_done(&t->nodes[i].reply);
  }
  for (size_t w = 0; w < t->n_wires; w++)
    vls_buf_done(&t->wires[w].heard);
}

static inline void town_feed(town *t, unsigned i, const vls_input *in) {
  assert_int_equal(vls_core_feed(t->nodes[i].core, in, t->now), VLS_OK);
}

static inline town_wire *town_wire_of(town *t, unsigned i, uint64_t link, unsigned *ret_end) {
  for (size_t w = 0; w < t->n_wires; w++)
    for (unsigned end = 0; end < 2; end++)
      if (t->wires[w].open && t->wires[w].node[end] == i && t->wires[w].link[end] == link) {
        *ret_end = end;
        return &t->wires[w];
      }
  return NULL;
}

/* A connection from `from` (or the attacker) to a node. */
static inline town_wire *town_connect(town *t, unsigned from, uint64_t link, unsigned to) {
  assert_true(t->n_wires < TOWN_WIRES);
  town_wire *wire = &t->wires[t->n_wires++];
  *wire =
      (town_wire){.node = {from, to}, .link = {link, t->nodes[to].next_accepted++}, .open = true};
  vls_buf_init(&wire->heard, 1 << 20);
  vls_input in = {.type = VLS_IN_OPENED, .link = wire->link[1], .text = vls_slice_str("x")};
  town_feed(t, to, &in);
  in.link = link;
  if (from != TOWN_ATTACKER) town_feed(t, from, &in);
  return wire;
}

static inline void town_gone(town *t, unsigned i, uint64_t link) {
  vls_input in = {.type = VLS_IN_CLOSED, .link = link};
  if (i != TOWN_ATTACKER) town_feed(t, i, &in);
}

static inline void town_dial(town *t, unsigned i, uint64_t link, vls_slice address) {
  unsigned to = address.n > 0 ? (unsigned)(address.p[0] - 'a') : TOWN_NODES;
  if (to >= TOWN_NODES || t->nodes[to].off)
    town_gone(t, i, link);
  else
    town_connect(t, i, link, to);
}

static inline void town_perform(town *t, unsigned i, const town_mail *mail) {
  if (mail->type == VLS_OUT_DIAL) {
    town_dial(t, i, mail->link, vls_buf_slice(&mail->bytes));
    return;
  }
  if (mail->type == VLS_OUT_REPLY) {
    vls_buf_clear(&t->nodes[i].reply);
    assert_int_equal(vls_buf_put_slice(&t->nodes[i].reply, vls_buf_slice(&mail->bytes)), VLS_OK);
    return;
  }
  unsigned end = 0;
  town_wire *wire = town_wire_of(t, i, mail->link, &end);
  if (wire == NULL) return;
  unsigned other = wire->node[1 - end];
  uint64_t link = wire->link[1 - end];
  if (mail->type == VLS_OUT_CLOSE) {
    wire->open = false;
    town_gone(t, other, link);
  } else if (mail->type == VLS_OUT_SEND && other == TOWN_ATTACKER) {
    assert_int_equal(vls_buf_put_slice(&wire->heard, vls_buf_slice(&mail->bytes)), VLS_OK);
  } else if (mail->type == VLS_OUT_SEND && !(t->deaf && other == 0)) {
    vls_input in = {.type = VLS_IN_BYTES, .link = link, .bytes = vls_buf_slice(&mail->bytes)};
    town_feed(t, other, &in);
  }
}

/* One batch of one node. True: it did something. */
static inline bool town_batch(town *t, unsigned i) {
  vls_core *core = t->nodes[i].core;
  assert_int_equal(vls_core_tick(core, t->now), VLS_OK);
  if (vls_core_seal(core, t->now)) vls_core_committed(core, vls_store_commit(t->nodes[i].store));
  assert_false(vls_core_poisoned(core));
  town_mail mail[512];
  size_t n = 0;
  vls_output out;
  while (n < sizeof mail / sizeof mail[0] && vls_core_poll(core, &out)) {
    if (out.type == VLS_OUT_LOG && getenv("TOWN_LOG") != NULL)
      print_message("%c: %.*s\n", 'a' + i, (int)out.text.n, (const char *)out.text.p);
    mail[n] = (town_mail){.type = out.type, .link = out.link};
    if (out.type == VLS_OUT_REPLY) mail[n].link = out.client;
    vls_buf_init(&mail[n].bytes, 8 << 20);
    vls_slice bytes = out.type == VLS_OUT_DIAL ? out.list[0] : out.bytes;
    assert_int_equal(vls_buf_put_slice(&mail[n++].bytes, bytes), VLS_OK);
  }
  for (size_t k = 0; k < n; k++) {
    town_perform(t, i, &mail[k]);
    vls_buf_done(&mail[k].bytes);
  }
  return n > 0;
}

/* Until nobody has anything more to say at this instant. */
static inline void town_settle(town *t) {
  for (unsigned round = 0; round < TOWN_ROUNDS; round++) {
    bool busy = false;
    for (unsigned i = 0; i < TOWN_NODES; i++)
      busy = town_batch(t, i) || busy;
    if (!busy) return;
  }
  fail_msg("the nodes never come to rest");
}

static inline void town_pass(town *t, uint64_t ms, uint64_t step) {
  for (uint64_t at = 0; at < ms; at += step) {
    t->now.mono_ms += step;
    t->now.wall_ms += (int64_t)step;
    town_settle(t);
  }
}

/* A call; params as encoded map, or NULL. True: the node says it is done. The reply stays in the
 * node. */
static inline bool town_call(town *t, unsigned i, const char *method, const vls_wire_def *def,
                             const void *params) {
  vls_buf bytes;
  vls_buf_init(&bytes, VLS_RPC_FRAME_MAX);
  vls_err err = vls_pack_array(&bytes, def == NULL ? 0 : 1);
  if (err == VLS_OK && def != NULL) err = vls_wire_encode(def, params, &bytes);
  assert_int_equal(err, VLS_OK);
  vls_input in = {.type = VLS_IN_COMMAND,
                  .client = 1,
                  .msgid = 1,
                  .text = vls_slice_str(method),
                  .bytes = vls_buf_slice(&bytes)};
  town_feed(t, i, &in);
  town_settle(t);
  vls_buf_done(&bytes);
  vls_slice part[4];
  size_t n = 0;
  assert_int_equal(vls_wire_split(vls_buf_slice(&t->nodes[i].reply), VLS_WIRE_LENIENT, part, 4, &n),
                   VLS_OK);
  return n == 4 && vls_wire_is_nil(part[2]);
}

/* Result and error of the last reply. */
static inline vls_slice town_part(town *t, unsigned i, unsigned k) {
  vls_slice part[4];
  size_t n = 0;
  assert_int_equal(vls_wire_split(vls_buf_slice(&t->nodes[i].reply), VLS_WIRE_LENIENT, part, 4, &n),
                   VLS_OK);
  return part[k];
}

static inline void town_hello(town *t, unsigned i) {
  vls_rpc_hello hello = {.api = 1};
  assert_true(town_call(t, i, "hello", &vls_rpc_hello_def, &hello));
}

static inline void town_init(town *t, unsigned i, const char *name) {
  vls_rpc_init init = {.name = vls_slice_str(name)};
  town_hello(t, i);
  assert_true(town_call(t, i, "init", &vls_rpc_init_def, &init));
}

static inline void town_invite(town *t, unsigned i, char link[VLS_LINK_TEXT_MAX + 1]) {
  vls_rpc_invite invite = {0};
  vls_rpc_invite_ok ok;
  assert_true(town_call(t, i, "invite.create", &vls_rpc_invite_def, &invite));
  assert_int_equal(
      vls_wire_decode(&vls_rpc_invite_ok_def, VLS_WIRE_LENIENT, town_part(t, i, 3), &ok, NULL),
      VLS_OK);
  memcpy(link, ok.link.p, ok.link.n);
  link[ok.link.n] = '\0';
}

static inline bool town_accept(town *t, unsigned i, const char *link) {
  vls_rpc_accept accept = {.link = vls_slice_str(link)};
  return town_call(t, i, "invite.accept", &vls_rpc_accept_def, &accept);
}

static inline void town_friends(town *t, unsigned i, unsigned k) {
  char link[VLS_LINK_TEXT_MAX + 1];
  town_invite(t, i, link);
  assert_true(town_accept(t, k, link));
  town_pass(t, 5000, 500);
}

static inline vls_peer *town_peer(town *t, unsigned i, unsigned k) {
  return vls_peer_by_identity(t->nodes[i].core, t->nodes[k].core->self.identity.pub);
}

static inline bool town_linked(town *t, unsigned i, unsigned k) {
  const vls_peer *peer = town_peer(t, i, k);
  return peer != NULL && peer->conn != NULL && peer->conn->up;
}

static inline bool town_say(town *t, unsigned i, const char *to, const char *text) {
  vls_rpc_send send = {.n_to = 1, .text = vls_slice_str(text)};
  send.to[0] = vls_slice_str(to);
  return town_call(t, i, "send", &vls_rpc_send_def, &send);
}

static inline void town_say_bytes(town *t, town_wire *wire, vls_slice bytes) {
  vls_input in = {.type = VLS_IN_BYTES, .link = wire->link[1], .bytes = bytes};
  if (wire->open) town_feed(t, wire->node[1], &in);
}

#endif
