#include "stranger.h"

#include "world.h"

void sim_stranger_overhear(sim_world *w, const sim_link *link, unsigned side, vls_slice bytes) {
  sim_stranger *s = &w->stranger;
  if (link->end[0].who >= SIM_ACTOR || link->end[side].sent != 0) return;
  if (side == 1) {
    for (unsigned i = 0; i < SIM_FLIGHTS; i++)
      if (s->flight[i].n != 0 && s->flight[i].link == link->id) s->flight[i].is_answered = true;
    return;
  }
  if (bytes.n > SIM_FLIGHT_MAX) return;
  sim_flight *flight = &s->flight[s->next++ % SIM_FLIGHTS];
  flight->link = link->id;
  flight->from = link->end[0].who;
  flight->to = link->end[1].who;
  flight->is_answered = false;
  flight->n = bytes.n;
  memcpy(flight->bytes, bytes.p, bytes.n);
}

void sim_stranger_closed(sim_world *w, const sim_link *link) {
  uint64_t s = (w->now - link->opened_at) / SIM_SECOND;
  sim_expect(
      w, s >= SIM_SILENCE_S,
      "a stranger learns from a connection closed after %" PRIu64 " s that it was not the hour", s);
}

void sim_stranger_forget(sim_world *w, unsigned to) {
  for (unsigned i = 0; i < SIM_FLIGHTS; i++)
    if (w->stranger.flight[i].to == to) w->stranger.flight[i].n = 0;
}

static void send_noise(sim_world *w, sim_link *link) {
  uint8_t noise[2048];
  size_t n = (size_t)sim_rng_between(&w->stranger.rng, 1, sizeof noise);
  sim_rng_fill(&w->stranger.rng, noise, n);
  sim_net_intrude_send(w, link, vls_slice_of(noise, n));
}

/* A recording that everybody concerned has dealt with, or NULL. */
static const sim_flight *choose_flight(sim_world *w) {
  sim_stranger *s = &w->stranger;
  for (unsigned i = 0; i < SIM_FLIGHTS; i++) {
    const sim_flight *flight = &s->flight[(s->next + SIM_FLIGHTS - 1 - i) % SIM_FLIGHTS];
    if (flight->n != 0 && flight->is_answered) return flight;
  }
  return NULL;
}

static void send_flight(sim_world *w, sim_link *link, const sim_flight *flight, bool is_changed) {
  uint8_t bytes[SIM_FLIGHT_MAX];
  size_t n = flight->n;
  memcpy(bytes, flight->bytes, n);
  if (is_changed && sim_rng_chance(&w->stranger.rng, 500))
    bytes[sim_rng_below(&w->stranger.rng, n)] ^=
        (uint8_t)(1u << sim_rng_below(&w->stranger.rng, 8));
  else if (is_changed)
    n = (size_t)sim_rng_between(&w->stranger.rng, 1, n);
  w->stranger.replays++;
  sim_net_intrude_send(w, link, vls_slice_of(bytes, n));
}

bool sim_stranger_replay(sim_world *w, unsigned whom) {
  const sim_flight *flight = choose_flight(w);
  sim_link *link = flight == NULL ? NULL : sim_net_intrude(w, whom);
  if (link == NULL) return false;
  sim_trace_line(w, SIM_STRANGER, "replays a flight of %zu bytes at %s's", flight->n,
                 w->person[whom]->name);
  send_flight(w, link, flight, false);
  return true;
}

void sim_stranger_knock(sim_world *w) {
  sim_rng *rng = &w->stranger.rng;
  unsigned whom = (unsigned)sim_rng_below(rng, w->n);
  const sim_flight *flight = choose_flight(w);
  /* To the one it was meant for, to the one who sent it, or to anybody. */
  if (flight != NULL && sim_rng_chance(rng, 400))
    whom = flight->to;
  else if (flight != NULL && sim_rng_chance(rng, 400))
    whom = flight->from;
  sim_link *link = sim_net_intrude(w, whom);
  if (link == NULL) return;
  w->stranger.knocks++;
  sim_trace_line(w, SIM_STRANGER, "knocks at %s's", w->person[whom]->name);
  if (flight != NULL && sim_rng_chance(rng, 700))
    send_flight(w, link, flight, sim_rng_chance(rng, 300));
  else
    send_noise(w, link);
  uint64_t more = sim_rng_between(rng, 1, 30 * SIM_SECOND);
  uint64_t patience = sim_rng_between(rng, 31 * SIM_SECOND, 120 * SIM_SECOND);
  if (sim_rng_chance(rng, 500)) sim_after(w, more, SIM_EV_STRANGER, link->id, false, 0);
  sim_after(w, patience, SIM_EV_STRANGER, link->id, true, 0);
}

void sim_stranger_goes_on(sim_world *w, size_t id, bool leaves) {
  sim_link *link = sim_net_link(w, id);
  if (link == NULL || link->end[1].state == SIM_END_CLOSED) return;
  if (leaves)
    sim_net_abandon(w, link, 0);
  else
    send_noise(w, link);
}
