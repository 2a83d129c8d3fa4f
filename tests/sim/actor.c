#include "actor.h"

#include "citizen/invite.h"
#include "content/bodies.h"
#include "proto/rpc.h"
#include "script.h"
#include "world.h"

enum { MADE_AT = 1000, SPK_ID = 7 };

static void must(sim_world *w, const sim_actor *actor, vls_err err, const char *what) {
  sim_expect(w, err == VLS_OK, "the simulator itself: %s can't %s: %s", actor->name, what,
             vls_err_name(err));
}

static vls_now clock_of(const sim_world *w, const sim_actor *actor) {
  return sim_node_clock(w, w->node[actor->whom]);
}

/* --- who it is --- */

static void make_card(sim_world *w, sim_actor *a) {
  vls_card card = {.version = 1, .seq = 1, .suites = 1, .n_devices = 1};
  vls_buf_init(&a->cert, VLS_CARD_MAX);
  vls_buf_init(&a->signed_spk, VLS_CARD_MAX);
  vls_buf_init(&a->card, VLS_CARD_MAX);
  must(w, a, vls_cert_make(&a->cert, &a->identity, a->device.pub, a->dh.pub, MADE_AT), "certify");
  must(w, a, vls_prekey_make(&a->signed_spk, &a->device, SPK_ID, a->spk.pub, MADE_AT), "sign");
  memcpy(card.identity, a->identity.pub, 32);
  card.name = vls_slice_str(a->name);
  must(w, a, vls_signed_parse(&card.devices[0].cert, vls_buf_slice(&a->cert)), "read itself");
  must(w, a, vls_signed_parse(&card.devices[0].spk, vls_buf_slice(&a->signed_spk)), "read itself");
  must(w, a, vls_card_make(&a->card, &a->identity, &card), "make a card");
}

sim_actor *sim_actor_new(sim_world *w, const char *name) {
  sim_expect(w, w->n_actors < SIM_ACTORS_MAX, "the simulator itself: too many actors");
  sim_actor *a = vls_calloc(1, sizeof *a);
  sim_rng dice = sim_rng_new(w->seed, 300 + w->n_actors);
  uint8_t seed[32];
  sim_rng_fill(&dice, seed, sizeof seed);
  a->number = w->n_actors;
  a->name = name;
  a->acks = true;
  vls_rng_init(&a->rng, seed);
  vls_sign_new(&a->identity, &a->rng);
  vls_sign_new(&a->device, &a->rng);
  vls_dh_new(&a->dh, &a->rng);
  vls_dh_new(&a->spk, &a->rng);
  vls_buf_init(&a->their_card, VLS_CARD_MAX);
  vls_buf_init(&a->prefix, VLS_RECORD_MAX);
  make_card(w, a);
  w->actor[w->n_actors++] = a;
  return a;
}

void sim_actor_free(sim_actor *a) {
  vls_link_free(a->link);
  vls_buf_done(&a->cert);
  vls_buf_done(&a->signed_spk);
  vls_buf_done(&a->card);
  vls_buf_done(&a->their_card);
  vls_buf_done(&a->prefix);
  free(a);
}

bool sim_actor_said(const sim_world *w, vls_slice text) {
  return (w->n_actors > 0 || w->club != NULL) && text.n >= 2 && memcmp(text.p, "x;", 2) == 0;
}

/* --- its link --- */

static sim_link *line_of(const sim_world *w, const sim_actor *a) {
  return a->is_linked ? sim_net_link(w, a->line) : NULL;
}

bool sim_actor_can_write(const sim_world *w, const sim_actor *a) {
  const sim_link *line = line_of(w, a);
  return a->is_up && line != NULL && line->end[1].inbox.n < SIM_LINE_BYTES;
}

void sim_actor_bytes(sim_world *w, sim_actor *a, vls_slice bytes) {
  sim_link *line = line_of(w, a);
  if (line == NULL) return;
  line->end[0].sent += bytes.n;
  sim_net_put(w, line, 1, bytes);
}

void sim_actor_flush(sim_world *w, sim_actor *a) {
  vls_buf *out = a->link == NULL ? NULL : vls_link_out(a->link);
  if (out == NULL || out->n == 0) return;
  sim_actor_bytes(w, a, vls_buf_slice(out));
  vls_buf_drop(out, out->n);
}

void sim_actor_hang_up(sim_world *w, sim_actor *a) {
  sim_link *line = line_of(w, a);
  a->is_linked = a->is_up = false;
  vls_link_free(a->link);
  a->link = NULL;
  if (line != NULL && line->end[0].state != SIM_END_CLOSED) sim_net_abandon(w, line, 0);
}

static bool dial_with(sim_world *w, sim_actor *a, const uint8_t knock[32], const uint8_t psk[32]) {
  sim_actor_hang_up(w, a);
  sim_link *line = sim_net_intrude(w, a->whom);
  if (line == NULL) return false;
  line->end[0].who = SIM_ACTOR;
  line->end[0].number = a->number;
  a->line = line->id;
  a->is_linked = true;
  a->stated = false;
  a->on_this = a->ack = 0;
  a->dials++;
  a->dialled_at = w->now;
  a->link = vls_link_dial(&a->dh, a->their_dh, knock, psk, &a->rng, clock_of(w, a));
  sim_actor_flush(w, a);
  return true;
}

bool sim_actor_dial(sim_world *w, sim_actor *a) {
  return dial_with(w, a, a->knock, a->psk);
}

bool sim_actor_is_there(sim_world *w, sim_actor *a, uint64_t ms) {
  const sim_link *line = line_of(w, a);
  if (line != NULL && line->end[0].is_shut) sim_actor_hang_up(w, a); /* it did not listen */
  if (!a->is_linked && w->now - a->dialled_at >= ms) sim_actor_dial(w, a);
  return a->is_up;
}

void sim_actor_listens(sim_world *w, sim_actor *a, bool listens) {
  sim_link *line = line_of(w, a);
  if (line == NULL) return;
  line->end[0].paused = !listens;
  if (listens) sim_after(w, 0, SIM_EV_READ, line->id, 0, 0);
}

/* It holds all that the node says it has signed, and signs for that with its own key. */
static void answer_state(sim_world *w, sim_actor *a, vls_slice bytes) {
  vls_state theirs, mine = {.n_mine = 1, .n_held = 1};
  vls_frame_state frame;
  vls_buf body;
  a->states++;
  if (a->stated) return;
  a->stated = true;
  must(w, a, vls_state_open(&theirs, bytes, vls_link_hash(a->link)), "read a STATE");
  mine.card = theirs.yours;
  mine.yours = theirs.card;
  mine.held[0] = theirs.mine[0];
  mine.mine[0].seq = a->seq;
  memcpy(mine.mine[0].device, a->device.pub, 32);
  if (a->forgets)
    mine.mine[0].seq = mine.n_held = 0;
  else
    memcpy(mine.mine[0].head, a->prev, 32);
  vls_buf_init(&body, vls_state_def.max_bytes);
  must(w, a, vls_state_sign(&frame, &body, &mine, &a->device, vls_link_hash(a->link)), "sign");
  must(w, a, vls_link_send_state(a->link, &frame), "state");
  vls_buf_done(&body);
}

static void on_event(sim_world *w, sim_actor *a, const vls_link_event *ev) {
  switch (ev->type) {
  case VLS_LINK_EV_UP:
    a->is_up = true;
    a->ups++;
    if (a->is_deaf) sim_actor_listens(w, a, false);
    return;
  case VLS_LINK_EV_RECORD:
    a->records++;
    a->on_this++;
    a->record_bytes += ev->bytes.n;
    return;
  case VLS_LINK_EV_ACK: a->ack = ev->count; return;
  case VLS_LINK_EV_CARD:
    vls_buf_clear(&a->their_card);
    must(w, a, vls_buf_put_slice(&a->their_card, ev->bytes), "keep a card");
    return;
  case VLS_LINK_EV_CLOSE: a->closed_for[ev->count < 8 ? ev->count : 0]++; return;
  case VLS_LINK_EV_STATE: answer_state(w, a, ev->bytes); return;
  case VLS_LINK_EV_RETURN: a->returns++; return;
  case VLS_LINK_EV_GROUP:
  case VLS_LINK_EV_KNOCK:
  case VLS_LINK_EV_PEER: break;
  }
  sim_fail(w, "the simulator itself: who dials is not knocked at");
}

void sim_actor_hear(sim_world *w, sim_actor *a, vls_slice bytes) {
  vls_link_event ev;
  uint64_t before = a->on_this;
  vls_err err = a->link == NULL ? VLS_STATE : vls_link_feed(a->link, bytes);
  while (err == VLS_OK && a->link != NULL) {
    err = vls_link_next(a->link, &a->rng, clock_of(w, a), &ev);
    if (err == VLS_OK) on_event(w, a, &ev);
  }
  if (a->acks && a->is_up && a->on_this > before)
    must(w, a, vls_link_send_ack(a->link, a->on_this), "acknowledge");
  sim_actor_flush(w, a);
}

void sim_actor_shut(sim_world *w, sim_actor *a) {
  (void)w;
  a->is_linked = a->is_up = false;
  vls_link_free(a->link);
  a->link = NULL;
}

/* --- how it becomes a contact --- */

static vls_slice ask_for_invitation(sim_world *w, const sim_person *person) {
  vls_slice result;
  vls_rpc_invite_ok ok;
  uint8_t params[] = {0x91, 0x80}; /* [{}] */
  sim_node *node = w->node[person->who];
  while (node->batch_open)
    sim_run(w, VLS_BATCH_MS);
  bool asked = sim_node_probe(w, node, "invite.create", vls_slice_of(params, 2), &result);
  sim_expect(w, asked, "%s's node can't be asked for an invitation", person->name);
  vls_err err = vls_wire_decode(&vls_rpc_invite_ok_def, VLS_WIRE_STRICT, result, &ok, NULL);
  sim_expect(w, err == VLS_OK, "an invitation is not as rpc.def has it");
  return ok.link;
}

static bool has_card(sim_world *w, const void *arg) {
  const sim_actor *a = arg;
  (void)w;
  return a->is_up && a->their_card.n > 0;
}

static bool is_receipted(sim_world *w, const void *arg) {
  const sim_actor *a = arg;
  (void)w;
  return a->is_up && a->records > 0;
}

static void begin_session(sim_world *w, sim_actor *a, const vls_invite *invite) {
  vls_card_view view;
  vls_x3dh_keys keys;
  must(w, a, vls_card_open(&view, vls_buf_slice(&a->their_card)), "read a card");
  vls_first_conf conf = {.ik = &a->dh,
                         .card = vls_buf_slice(&a->card),
                         .their_card = vls_buf_slice(&a->their_card),
                         .their_device = &view.devices[0],
                         .opk_id = (uint32_t)invite->opk_id,
                         .opk = invite->opk};
  must(w, a, vls_first_begin(&conf, &a->rng, &a->ratchet, &keys, &a->prefix), "begin a session");
  memcpy(a->knock, keys.knock, 32);
  memcpy(a->psk, keys.link_psk, 32);
}

void sim_actor_befriend(sim_world *w, sim_actor *a, sim_person *person) {
  vls_invite invite;
  uint8_t bytes[VLS_INVITE_BYTES], knock[32];
  static const uint8_t zeros[32];
  a->whom = person->who;
  must(w, a, vls_invite_parse(&invite, bytes, ask_for_invitation(w, person)), "read a link");
  memcpy(a->their_dh, invite.dh, 32);
  memcpy(a->their_identity, invite.identity, 32);
  vls_invite_knock_key(knock, invite.secret);
  sim_expect(w, dial_with(w, a, knock, zeros), "%s's node is off", person->name);
  sim_expect(w, sim_run_until(w, has_card, a, SIM_MINUTE), "%s gets no card", a->name);
  begin_session(w, a, &invite);
  vls_buf body;
  vls_buf_init(&body, 100);
  must(w, a, vls_body_hello(&body), "say hello");
  vls_item hello = {VLS_ITEM_HELLO, vls_buf_slice(&body)};
  vls_buf record;
  vls_buf_init(&record, VLS_RECORD_MAX);
  sim_actor_seal(w, a, &hello, 1, &record);
  sim_actor_record(w, a, vls_buf_slice(&record));
  vls_buf_done(&record);
  vls_buf_done(&body);
  sim_expect(w, sim_run_until(w, is_receipted, a, SIM_MINUTE), "%s is not taken", a->name);
}

/* --- what it says --- */

void sim_actor_seal(sim_world *w, sim_actor *a, const vls_item *items, size_t n, vls_buf *record) {
  vls_direct_out out = {
      .ends = {.author = a->identity.pub, .device = a->device.pub, .recipient = a->their_identity},
      .device = &a->device,
      .seq = ++a->seq,
      .stamp = (uint64_t)clock_of(w, a).wall_ms,
      .prev = a->prev,
      .items = items,
      .n_items = n,
      .prefix = vls_buf_slice(&a->prefix)};
  vls_direct_sealed sealed;
  must(w, a, vls_direct_seal(&out, &a->ratchet, &a->rng, record, &sealed), "seal");
  memcpy(a->prev, sealed.hash, 32);
  vls_buf_clear(&a->prefix);
  vls_direct_sealed_done(&sealed);
}

void sim_actor_record(sim_world *w, sim_actor *a, vls_slice record) {
  if (!a->is_up) return;
  vls_err err = vls_link_send_record(a->link, record);
  if (err == VLS_OK) sim_actor_flush(w, a);
}

void sim_actor_say(sim_world *w, sim_actor *a, vls_slice text) {
  vls_buf body, record;
  vls_buf_init(&body, 2 * VLS_TEXT_MAX);
  vls_buf_init(&record, VLS_RECORD_MAX);
  must(w, a, vls_body_text(&body, text), "say a text");
  vls_item item = {VLS_ITEM_TEXT, vls_buf_slice(&body)};
  sim_actor_seal(w, a, &item, 1, &record);
  sim_actor_record(w, a, vls_buf_slice(&record));
  vls_buf_done(&record);
  vls_buf_done(&body);
}

void sim_actor_frame(sim_world *w, sim_actor *a, vls_frame_type type, vls_slice body) {
  if (!a->is_up) return;
  must(w, a, vls_link_frame(a->link, type, body), "make a frame");
  sim_actor_flush(w, a);
}

/* --- what it does --- */

void sim_actor_every(sim_world *w, sim_actor *a, uint64_t ms, sim_act act) {
  bool is_idle = a->act == NULL;
  a->act = act;
  a->every = ms;
  if (act != NULL && is_idle) sim_after(w, ms, SIM_EV_ACTOR, a->number, 0, 0);
}

void sim_actor_act(sim_world *w, sim_actor *a) {
  if (a->act == NULL) return;
  a->turns++;
  a->act(w, a);
  if (a->act != NULL) sim_after(w, a->every, SIM_EV_ACTOR, a->number, 0, 0);
}

void sim_actors_leave(sim_world *w) {
  for (unsigned i = 0; i < w->n_actors; i++) {
    w->actor[i]->act = NULL;
    sim_actor_hang_up(w, w->actor[i]);
  }
  w->middle = NULL;
}
