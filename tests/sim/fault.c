/* What can go wrong on the way: the faults of net.h. */
#include "net.h"

#include "world.h"

void sim_net_break(sim_world *w, sim_link *link) {
  if (link->lost) return;
  link->lost = true;
  w->net.breaks++;
  sim_trace_line(w, SIM_STRANGER, "link %zu breaks", link->id);
  for (unsigned side = 0; side < 2; side++) {
    if (link->end[side].state == SIM_END_CLOSED) continue;
    if (sim_rng_chance(&w->net_rng, w->net.deaf_per_mille)) continue; /* it never learns */
    uint64_t delay = sim_rng_between(&w->net_rng, 1, 20 * SIM_SECOND);
    sim_after(w, delay, SIM_EV_SHUT, link->id, side, SIM_END_RESET);
  }
}

void sim_net_node_died(sim_world *w, unsigned who) {
  for (size_t i = w->net.n; i-- > 0;) { /* from the end: a link that is over leaves the list */
    sim_link *link = w->net.links[i];
    for (unsigned side = 0; side < 2; side++) {
      if (link->end[side].who != who || link->end[side].state == SIM_END_CLOSED) continue;
      bool deaf = sim_rng_chance(&w->net_rng, w->net.deaf_per_mille);
      if (deaf) link->lost = true;
      sim_net_abandon(w, link, side);
      break; /* nobody dials themselves: the other side is somebody else's */
    }
  }
}

/* After islands changed: what waited on links that hold again goes on. */
static void go_on(sim_world *w) {
  for (size_t i = 0; i < w->net.n; i++) {
    uint64_t delay = sim_rng_between(&w->net_rng, 1, 3 * SIM_SECOND);
    sim_after(w, delay, SIM_EV_READ, w->net.links[i]->id, 0, 0);
    sim_after(w, delay, SIM_EV_READ, w->net.links[i]->id, 1, 0);
  }
}

void sim_net_part(sim_world *w, unsigned who, unsigned island) {
  w->net.island[who] = island;
  sim_trace_line(w, who, "is on island %u now", island);
  for (size_t i = 0; i < w->net.n; i++) {
    sim_link *link = w->net.links[i];
    unsigned a = link->end[0].who, b = link->end[1].who;
    if (a >= SIM_ACTOR || b >= SIM_ACTOR) continue;
    bool crosses = w->net.island[a] != w->net.island[b];
    if (crosses && sim_rng_chance(&w->net_rng, 500)) sim_net_break(w, link);
  }
  go_on(w);
}

void sim_net_heal(sim_world *w) {
  for (unsigned i = 0; i < SIM_CITIZENS_MAX; i++)
    w->net.island[i] = 0;
  sim_trace_line(w, SIM_STRANGER, "one world again");
  go_on(w);
}

void sim_net_nat(sim_world *w, unsigned who, bool behind) {
  w->net.is_hidden[who] = behind;
}
