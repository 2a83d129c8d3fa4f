/* Instructions per message, for ./gate.sh: two real cores over stores in memory, the link's bytes
 * handed across by hand, one seed and a clock that only this file moves, so that a run repeats to
 * the last bit of what it says.
 *
 *   bench_gate bulk        32 times 64 texts at once, each time one event
 *   bench_gate pipelined   twice 256 texts at once, each an event of its own: most must queue
 *   bench_gate pingpong    128 exchanges of one text each way
 *
 * Prints how many texts were said. Only what bench_gate_measured calls is counted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meter.h"
#include "proto/rpc.h"
#include "valise/core.h"

enum { TEXT_BYTES = 200, BURST = VLS_RPC_IN_FLIGHT, QUIET_MAX = 10000, LINE_MAX_BYTES = 1 << 22 };
#define CLIENT UINT64_C(1)
#define START_MS INT64_C(1750000000000)

typedef struct side {
  const char *name, *other;
  vls_store *store;
  vls_core *core;
  vls_slice address;
  uint64_t link; /* its number of the one connection; 0: none */
  vls_buf line;  /* bytes on their way to it */
  vls_buf reply; /* the last response */
  vls_buf text;  /* parameters of `send` to the other */
  uint64_t msgid;
  size_t delivered, arrived; /* events heard */
} side;

typedef struct gate {
  side a, b;
  vls_now now;
  uint64_t batches;
  uint64_t accepted; /* connections so far */
} gate;

static void must(vls_err err, const char *doing) {
  if (err != VLS_OK) bench_die("%s: %s", doing, vls_err_text(err));
}

static void feed(gate *g, side *s, const vls_input *in) {
  must(vls_core_feed(s->core, in, g->now), "feed");
}

static side *other_of(gate *g, const side *s) {
  return s == &g->a ? &g->b : &g->a;
}

/* A dial always finds the other at home; the newer connection takes the place of the older. */
static void connect_sides(gate *g, side *from, uint64_t link) {
  side *to = other_of(g, from);
  vls_slice address = from->address;
  from->link = link;
  to->link = VLS_LINK_ACCEPTED | ++g->accepted;
  vls_buf_clear(&from->line);
  vls_buf_clear(&to->line);
  feed(g, from, &(vls_input){.type = VLS_IN_OPENED, .link = from->link, .text = address});
  feed(g, to, &(vls_input){.type = VLS_IN_OPENED, .link = to->link, .text = address});
}

static void hear(side *s, vls_slice bytes) {
  vls_slice part[3], one[1];
  vls_rpc_event event;
  size_t n = 0;
  must(vls_wire_split(bytes, VLS_WIRE_STRICT, part, 3, &n), "a notification");
  must(vls_wire_split(part[2], VLS_WIRE_STRICT, one, 1, &n), "a notification");
  must(vls_wire_decode(&vls_rpc_event_def, VLS_WIRE_STRICT, one[0], &event, NULL), "an event");
  if (vls_slice_eq(event.type, vls_slice_str(VLS_EV_MESSAGE))) s->arrived++;
  if (vls_slice_eq(event.type, vls_slice_str(VLS_EV_DELIVERED)))
    s->delivered += event.last - event.first + 1;
}

static void perform(gate *g, side *s, const vls_output *out) {
  switch (out->type) {
  case VLS_OUT_DIAL: connect_sides(g, s, out->link); return;
  case VLS_OUT_SEND:
    if (out->link == s->link) must(vls_buf_put_slice(&other_of(g, s)->line, out->bytes), "a line");
    return;
  case VLS_OUT_CLOSE:
    if (out->link == s->link) s->link = 0;
    return;
  case VLS_OUT_REPLY:
    vls_buf_clear(&s->reply);
    must(vls_buf_put_slice(&s->reply, out->bytes), "a reply");
    return;
  case VLS_OUT_NOTIFY: hear(s, out->bytes); return;
  case VLS_OUT_PAUSE:
  case VLS_OUT_RESUME:
  case VLS_OUT_LOG: return;
  }
}

/* What the daemon does once a turn. */
static void end_batch(gate *g, side *s) {
  uint8_t fresh[32] = {0};
  vls_output out;
  vls_be64_put(fresh, ++g->batches);
  feed(g, s, &(vls_input){.type = VLS_IN_ENTROPY, .bytes = vls_slice_of(fresh, sizeof fresh)});
  if (g->now.mono_ms >= vls_core_deadline(s->core)) must(vls_core_tick(s->core, g->now), "tick");
  if (vls_core_seal(s->core, g->now)) vls_core_committed(s->core, vls_store_commit(s->store));
  while (vls_core_poll(s->core, &out))
    perform(g, s, &out);
}

static void take_line(gate *g, side *s) {
  vls_buf line = s->line;
  if (line.n == 0) return;
  vls_buf_init(&s->line, LINE_MAX_BYTES);
  if (s->link != 0)
    feed(g, s, &(vls_input){.type = VLS_IN_BYTES, .link = s->link, .bytes = vls_buf_slice(&line)});
  vls_buf_done(&line);
}

/* A millisecond: both take what came and end their batch. */
static void turn(gate *g) {
  g->now.mono_ms++;
  g->now.wall_ms++;
  take_line(g, &g->a);
  end_batch(g, &g->a);
  take_line(g, &g->b);
  end_batch(g, &g->b);
}

static void call(gate *g, side *s, const char *method, vls_slice map) {
  vls_buf params;
  vls_buf_init(&params, VLS_RPC_FRAME_MAX);
  must(vls_pack_array(&params, map.n > 0 ? 1 : 0), method);
  must(vls_buf_put_slice(&params, map), method);
  feed(g, s,
       &(vls_input){.type = VLS_IN_COMMAND,
                    .client = CLIENT,
                    .msgid = ++s->msgid,
                    .text = vls_slice_str(method),
                    .bytes = vls_buf_slice(&params)});
  vls_buf_done(&params);
}

/* A call and its result, good until the next one. */
static vls_slice ask(gate *g, side *s, const char *method, const vls_wire_def *def,
                     const void *params) {
  vls_buf map;
  vls_slice part[4];
  size_t n = 0;
  vls_buf_init(&map, VLS_RPC_FRAME_MAX);
  if (def != NULL) must(vls_wire_encode(def, params, &map), method);
  call(g, s, method, vls_buf_slice(&map));
  vls_buf_done(&map);
  end_batch(g, s);
  must(vls_wire_split(vls_buf_slice(&s->reply), VLS_WIRE_STRICT, part, 4, &n), method);
  if (!vls_wire_is_nil(part[2])) bench_die("%s was refused", method);
  return part[3];
}

static void open_side(gate *g, side *s, unsigned items) {
  uint8_t seed[32] = {(uint8_t)s->name[0]};
  char text[TEXT_BYTES];
  memset(text, 'm', sizeof text);
  vls_buf_init(&s->line, LINE_MAX_BYTES);
  vls_buf_init(&s->reply, VLS_RPC_FRAME_MAX);
  vls_buf_init(&s->text, VLS_RPC_FRAME_MAX);
  must(vls_store_open(&s->store, ":memory:", seed, 0, NULL), "a store");
  vls_core_conf conf = {
      .store = s->store, .seed = seed, .version = "bench", .items_per_event = items};
  must(vls_core_new(&s->core, &conf, g->now), "a core");
  s->address = vls_slice_str("192.0.2.1:4647");
  feed(g, s, &(vls_input){.type = VLS_IN_ADDRESSES, .list = &s->address, .n_list = 1});
  vls_rpc_send send = {.n_to = 1, .text = vls_slice_of(text, sizeof text)};
  send.to[0] = vls_slice_str(s->other);
  must(vls_wire_encode(&vls_rpc_send_def, &send, &s->text), "send");
  vls_rpc_hello hello = {.api = VLS_RPC_API};
  vls_rpc_init init = {.name = vls_slice_str(s->name)};
  ask(g, s, "hello", &vls_rpc_hello_def, &hello);
  ask(g, s, "init", &vls_rpc_init_def, &init);
}

static void close_side(side *s) {
  vls_core_free(s->core);
  vls_store_close(s->store);
  vls_buf_done(&s->line);
  vls_buf_done(&s->reply);
  vls_buf_done(&s->text);
}

static bool is_ready(gate *g, side *s) {
  vls_rpc_contact contact;
  vls_rpc_who who = {.who = vls_slice_str(s->other)};
  vls_slice result = ask(g, s, "contact.get", &vls_rpc_who_def, &who);
  must(vls_wire_decode(&vls_rpc_contact_def, VLS_WIRE_STRICT, result, &contact, NULL), "a contact");
  return vls_slice_eq(contact.state, vls_slice_str("ready")) && contact.online;
}

/* Contacts, with a link that has nothing left to say. */
static void befriend(gate *g) {
  vls_rpc_invite invite = {.has_as = true, .as = vls_slice_str(g->a.other)};
  vls_rpc_subscribe live = {.has_live = true, .live = true};
  vls_rpc_invite_ok made;
  vls_slice result = ask(g, &g->a, "invite.create", &vls_rpc_invite_def, &invite);
  must(vls_wire_decode(&vls_rpc_invite_ok_def, VLS_WIRE_STRICT, result, &made, NULL), "invite");
  vls_rpc_accept accept = {.link = made.link, .has_as = true, .as = vls_slice_str(g->b.other)};
  ask(g, &g->b, "invite.accept", &vls_rpc_accept_def, &accept);
  for (unsigned i = 0; !is_ready(g, &g->b) || !is_ready(g, &g->a); i++) {
    if (i == QUIET_MAX) bench_die("the two did not become contacts");
    turn(g);
  }
  for (unsigned i = 0; i < QUIET_MAX; i++)
    turn(g);
  ask(g, &g->a, "events.subscribe", &vls_rpc_subscribe_def, &live);
  ask(g, &g->b, "events.subscribe", &vls_rpc_subscribe_def, &live);
}

/* n texts at once, until the receipts for all of them are told. */
static void say(gate *g, side *s, unsigned n) {
  size_t until = s->delivered + n;
  for (unsigned i = 0; i < n; i++)
    call(g, s, "send", vls_buf_slice(&s->text));
  for (unsigned i = 0; s->delivered < until; i++) {
    if (i == QUIET_MAX) bench_die("no receipt came");
    turn(g);
  }
}

/* gate.sh counts what happens inside; it must stay a function with this name. */
__attribute__((noinline)) void bench_gate_measured(gate *g, const char *what);
void bench_gate_measured(gate *g, const char *what) {
  bool one = strcmp(what, "pipelined") == 0, talk = strcmp(what, "pingpong") == 0;
  for (unsigned i = 0; one && i < 2; i++)
    say(g, &g->a, VLS_BATCH_INPUTS);
  for (unsigned i = 0; talk && i < 128; i++) {
    say(g, &g->a, 1);
    say(g, &g->b, 1);
  }
  for (unsigned i = 0; !one && !talk && i < 32; i++)
    say(g, &g->a, BURST);
}

int main(int argc, char **argv) {
  gate g = {.a = {.name = "ana", .other = "bao"},
            .b = {.name = "bao", .other = "ana"},
            .now = {.mono_ms = 1, .wall_ms = START_MS}};
  const char *what = argc == 2 ? argv[1] : "";
  bool one = strcmp(what, "pipelined") == 0;
  if (!one && strcmp(what, "bulk") != 0 && strcmp(what, "pingpong") != 0)
    bench_die("usage: bench_gate bulk|pipelined|pingpong");
  open_side(&g, &g.a, one ? 1 : 0);
  open_side(&g, &g.b, one ? 1 : 0);
  befriend(&g);
  size_t before = g.a.delivered + g.b.delivered;
  bench_gate_measured(&g, what);
  size_t texts = g.a.delivered + g.b.delivered - before;
  if (g.a.arrived + g.b.arrived != texts) bench_die("what was delivered is not what arrived");
  printf("%zu\n", texts);
  close_side(&g.a);
  close_side(&g.b);
  return EXIT_SUCCESS;
}
