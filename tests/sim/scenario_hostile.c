/* A contact turned hostile: she holds the keys of a contact of Ana's, and what she says opens. */
#include "content/bodies.h"
#include "crypto/kdf.h"
#include "crypto/pad.h"
#include "proto/rpc.h"
#include "scenarios.h"
#include "siege.h"

enum { AT_ONCE = 20 }; /* records in one turn of hers */

static sim_actor *mallory(sim_world *w, sim_siege *s) {
  sim_siege_begin(w, s);
  sim_actor *m = sim_actor_new(w, "Mallory");
  sim_actor_befriend(w, m, s->ana);
  w->weather.may_alarm = true; /* about her */
  return m;
}

/* Sealed rightly, and nothing that is right in it: noise, zeros, counts that lie. */
static void say_garbage(sim_world *w, sim_actor *m) {
  static const uint8_t lies[][6] = {
      {0x95, 0xcf, 0xff, 0xff, 0xff, 0xff}, {0xdd, 4, 0, 0, 0, 0},
      {0x95, 1, 1, 0xc6, 0xff, 0xff},       {0, 0, 0, 0, 0, 0},
      {0x95, 1, 1, 0xdd, 0xff, 0xff},       {0xdf, 0xff, 0xff, 0xff, 0xff, 0}};
  if (!sim_actor_is_there(w, m, 3000)) return;
  for (unsigned i = 0; i < AT_ONCE && sim_actor_can_write(w, m); i++) {
    vls_buf plain, record;
    vls_buf_init(&plain, VLS_RECORD_MAX);
    vls_buf_init(&record, VLS_RECORD_MAX);
    vls_err err = vls_buf_put(&plain, lies[(m->turns + i) % 6], 6);
    if (err == VLS_OK) err = vls_pad(&plain, VLS_RATCHET_EXTRA);
    if (err == VLS_OK) err = vls_ratchet_seal(&m->ratchet, vls_buf_slice(&plain), &m->rng, &record);
    sim_expect(w, err == VLS_OK, "the simulator itself: garbage does not seal");
    sim_actor_record(w, m, vls_buf_slice(&record));
    vls_buf_done(&plain);
    vls_buf_done(&record);
  }
}

void sim_garbage(sim_world *w) {
  sim_siege s;
  sim_actor *m = mallory(w, &s);
  sim_actor_every(w, m, 10, say_garbage);
  sim_siege_hold(&s, 20, 3 * SIM_MINUTE,
                 &(sim_budget){.cpu_ms = 200, .disk_kib = 128, .heap_kib = 256});
}

/* Right, but 2,000 keys further on, again and again. */
static void skip_keys(sim_world *w, sim_actor *m) {
  uint8_t mk[32];
  if (!sim_actor_is_there(w, m, 3000) || !sim_actor_can_write(w, m)) return;
  for (unsigned i = 0; i < VLS_RATCHET_SKIP; i++)
    vls_chain_step(m->ratchet.cks, mk);
  m->ratchet.ns += VLS_RATCHET_SKIP;
  sim_actor_say(w, m, vls_slice_str("x; further on"));
}

void sim_skipped_keys(sim_world *w) {
  sim_siege s;
  sim_actor *m = mallory(w, &s);
  sim_actor_every(w, m, 1000, skip_keys);
  sim_siege_hold(&s, 20, 3 * SIM_MINUTE,
                 &(sim_budget){.cpu_ms = 400, .disk_kib = 512, .heap_kib = 512});
}

/* One key now and then: each time one that was kept must go. */
static void skip_one(sim_world *w, sim_actor *m) {
  uint8_t mk[32];
  if (!sim_actor_is_there(w, m, 3000)) return;
  for (unsigned i = 0; i < AT_ONCE && sim_actor_can_write(w, m); i++) {
    vls_chain_step(m->ratchet.cks, mk);
    m->ratchet.ns++;
    sim_actor_say(w, m, vls_slice_str("x; not the next"));
  }
}

void sim_skip_one(sim_world *w) {
  sim_siege s;
  sim_actor *m = mallory(w, &s);
  for (unsigned i = 0; i < 2; i++) { /* as many as are kept */
    skip_keys(w, m);
    sim_run(w, SIM_SECOND);
  }
  sim_actor_every(w, m, 50, skip_one);
  sim_siege_hold(&s, 20, SIM_MINUTE,
                 &(sim_budget){.cpu_ms = 4000, .disk_kib = UINT64_MAX, .heap_kib = 2048});
}

/* She signs for what Ana never said. */
static void sign_for_nothing(sim_world *w, sim_actor *m) {
  if (!sim_actor_is_there(w, m, 3000)) return;
  for (unsigned i = 0; i < AT_ONCE && sim_actor_can_write(w, m); i++) {
    vls_buf body, record;
    uint8_t head[4];
    vls_rng_bytes(&m->rng, head, sizeof head);
    vls_buf_init(&body, 200);
    vls_buf_init(&record, VLS_RECORD_MAX);
    vls_err err = vls_body_receipt(&body, 1 + i % 2, head, 1, 1 + m->turns * AT_ONCE + i);
    sim_expect(w, err == VLS_OK, "the simulator itself: a receipt does not encode");
    vls_item item = {VLS_ITEM_RECEIPT, vls_buf_slice(&body)};
    sim_actor_seal(w, m, &item, 1, &record);
    sim_actor_record(w, m, vls_buf_slice(&record));
    vls_buf_done(&body);
    vls_buf_done(&record);
  }
}

void sim_false_receipts(sim_world *w) {
  sim_siege s;
  sim_actor *m = mallory(w, &s);
  sim_actor_every(w, m, 20, sign_for_nothing);
  sim_siege_hold(&s, 20, 3 * SIM_MINUTE,
                 &(sim_budget){.cpu_ms = 1500, .disk_kib = 4096, .heap_kib = 256});
}

/* One letter each, as fast as the line takes them. */
static void chatter(sim_world *w, sim_actor *m) {
  if (!sim_actor_is_there(w, m, 3000)) return;
  for (unsigned i = 0; i < AT_ONCE && sim_actor_can_write(w, m); i++)
    sim_actor_say(w, m, vls_slice_str("x;"));
}

void sim_tiny_records(sim_world *w) {
  sim_siege s;
  sim_actor *m = mallory(w, &s);
  sim_actor_every(w, m, 2, chatter);
  sim_siege_hold(&s, 8, 0,
                 &(sim_budget){.cpu_ms = 60000, .disk_kib = UINT64_MAX, .heap_kib = 2048});
  sim_expect(w, m->seq > 1000, "Mallory said next to nothing");
}

/* 1,000,000 of them. */
void sim_million_records(sim_world *w) {
  sim_siege s;
  sim_actor *m = mallory(w, &s);
  sim_actor_every(w, m, 2, chatter);
  sim_siege_hold(&s, 8, 0,
                 &(sim_budget){.cpu_ms = 60000, .disk_kib = UINT64_MAX, .heap_kib = 2048});
  while (m->seq < 1000000) {
    sim_run(w, SIM_SECOND);
    /* Or the oldest events would be dropped before anybody had acknowledged them. */
    sim_feed *feed = &s.ana->conn[0];
    feed->asked = feed->at;
    sim_person_ask(w, s.ana, &(sim_errand){.deed = SIM_ACK, .value = feed->at});
  }
}

/* She fills the room she has on Ana's disk, and then tries on and on. */
void sim_full_room(sim_world *w) {
  sim_siege s;
  sim_actor *m = mallory(w, &s);
  sim_node *node = w->node[s.ana->who];
  uint64_t room = 1 << 20;
  vls_core_conf conf = {.history_max = node->history_max = room};
  sim_node_feed(w, node, &(vls_input){.type = VLS_IN_CONFIG, .conf = &conf});
  sim_run(w, SIM_SECOND);
  uint64_t before = sim_disk_bytes(node);
  sim_actor_every(w, m, 2, chatter);
  sim_run(w, 5 * SIM_SECOND);
  uint64_t grown = sim_disk_bytes(node) - before;
  sim_expect(w, m->closed_for[VLS_CLOSE_BUDGET] > 0, "Mallory is not told that it is too much");
  sim_expect(w, grown <= room, "what counts as %" PRIu64 " KiB takes %" PRIu64, room >> 10,
             grown >> 10);
  s.before = node->cost;
  s.disk_before = sim_disk_bytes(node);
  s.began = w->now;
  sim_siege_hold(&s, 20, 3 * SIM_MINUTE,
                 &(sim_budget){.cpu_ms = 500, .disk_kib = 128, .heap_kib = 1024});
}

/* Ana writes to Mallory, as much as she can. */
static void write_to_her(sim_world *w, sim_siege *s, unsigned n) {
  static char text[4000];
  vls_slice result;
  vls_buf params;
  memset(text, ';', sizeof text);
  text[0] = 'x';
  vls_rpc_send send = {.n_to = 1, .text = vls_slice_of(text, sizeof text)};
  send.to[0] = vls_slice_str("Mallory");
  vls_buf_init(&params, 8192);
  vls_err err = vls_pack_array(&params, 1);
  if (err == VLS_OK) err = vls_wire_encode(&vls_rpc_send_def, &send, &params);
  sim_expect(w, err == VLS_OK, "the simulator itself: a text does not encode");
  for (unsigned i = 0; i < n; i++)
    while (!sim_node_probe(w, w->node[s->ana->who], "send", vls_buf_slice(&params), &result))
      sim_run(w, VLS_BATCH_MS);
  vls_buf_done(&params);
}

/* She says that she has lost everything: what she said, and what Ana said to her. Ana gives it
 * back, and she says so again. */
static void forget(sim_world *w, sim_actor *m) {
  if (sim_actor_is_there(w, m, 2100) && w->now - m->dialled_at > SIM_SECOND)
    sim_actor_hang_up(w, m);
}

void sim_forgetful(sim_world *w) {
  sim_siege s;
  sim_actor *m = mallory(w, &s);
  for (unsigned i = 0; i < 1000; i++) {
    sim_actor_say(w, m, vls_slice_str("x; something worth having back"));
    sim_run(w, 2);
  }
  write_to_her(w, &s, 300);
  sim_run(w, 10 * SIM_SECOND);
  m->forgets = true;
  s.before = w->node[s.ana->who]->cost;
  s.disk_before = sim_disk_bytes(w->node[s.ana->who]);
  s.began = w->now;
  sim_actor_every(w, m, 100, forget);
  sim_siege_hold(&s, 20, 2 * SIM_MINUTE,
                 &(sim_budget){.cpu_ms = 1500, .disk_kib = 1024, .heap_kib = 8192});
  sim_expect(w, m->returns > 1000, "nothing was given back to Mallory");
}

/* She has a link and takes nothing off it. */
static void read_nothing(sim_world *w, sim_actor *m) {
  m->is_deaf = true;
  sim_actor_is_there(w, m, 3000);
}

void sim_slow_reader(sim_world *w) {
  sim_siege s;
  sim_actor *m = mallory(w, &s);
  sim_actor_hang_up(w, m);
  sim_actor_every(w, m, 100, read_nothing);
  sim_run(w, 10 * SIM_SECOND);
  write_to_her(w, &s, 600);
  sim_run(w, 5 * SIM_SECOND);
  s.began = w->now; /* what Ana says to her is on Ana's disk because she wants it there */
  s.before = w->node[s.ana->who]->cost;
  s.disk_before = sim_disk_bytes(w->node[s.ana->who]);
  sim_siege_hold(&s, 20, 5 * SIM_MINUTE,
                 &(sim_budget){.cpu_ms = 200, .disk_kib = 1024, .heap_kib = 4096});
  sim_expect(w, m->dials > 3, "Ana keeps a link on which nothing is taken");
}

/* She announces what never comes, or never ends. */
static void lie_about_sizes(sim_world *w, sim_actor *m) {
  uint8_t part[4096] = {0};
  vls_cipher was;
  if (!sim_actor_is_there(w, m, 2500) || !sim_actor_can_write(w, m)) return;
  switch (m->dials % 3) {
  case 0: /* a record that never ends */
    sim_actor_frame(w, m, VLS_FRAME_RECORD_PART, vls_slice_of(part, sizeof part));
    return;
  case 1: /* a frame of 65,519 bytes of which one comes now and then */
    was = m->link->send;
    part[0] = 0xff;
    part[1] = 0xef;
    if (m->turns % 100 == 0)
      vls_cipher_seal(&m->link->send, part + 64, (vls_slice){0}, vls_slice_of(part, 2));
    m->link->send = was;
    sim_actor_bytes(w, m, vls_slice_of(part + 64, m->turns % 100 == 0 ? 18 : 1));
    return;
  default: /* a frame without a type */
    part[0] = part[1] = 0;
    vls_cipher_seal(&m->link->send, part + 64, (vls_slice){0}, vls_slice_of(part, 2));
    sim_actor_bytes(w, m, vls_slice_of(part + 64, 18));
  }
}

void sim_liar(sim_world *w) {
  sim_siege s;
  sim_actor *m = mallory(w, &s);
  sim_actor_every(w, m, 20, lie_about_sizes);
  sim_siege_hold(&s, 20, 3 * SIM_MINUTE,
                 &(sim_budget){.cpu_ms = 200, .disk_kib = 128, .heap_kib = 512});
  sim_expect(w, m->ups > 3, "Ana lets Mallory in no more");
}
