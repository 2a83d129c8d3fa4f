#include "middle.h"

#include "world.h"

static void keep(sim_middle *m, vls_slice bytes) {
  m->n_kept = bytes.n < SIM_MIDDLE_KEEPS ? bytes.n : SIM_MIDDLE_KEEPS;
  if (m->n_kept > 0) memcpy(m->kept, bytes.p, m->n_kept);
}

static void let_held_go(sim_world *w) {
  sim_middle *m = w->middle;
  sim_link *link = m->n_held > 0 ? sim_net_link(w, m->held_link) : NULL;
  if (link != NULL) sim_net_put(w, link, 1 - m->held_side, vls_slice_of(m->held, m->n_held));
  m->n_held = 0;
}

static void change(sim_world *w, sim_link *link, unsigned side, vls_slice bytes) {
  uint8_t *copy = vls_calloc(1, bytes.n);
  memcpy(copy, bytes.p, bytes.n);
  for (uint64_t flips = 1 + sim_rng_below(&w->middle->rng, 3); flips > 0; flips--)
    copy[sim_rng_below(&w->middle->rng, bytes.n)] ^=
        (uint8_t)(1u << sim_rng_below(&w->middle->rng, 8));
  sim_net_put(w, link, 1 - side, vls_slice_of(copy, bytes.n));
  free(copy);
}

bool sim_middle_takes(sim_world *w, sim_link *link, unsigned side, vls_slice bytes) {
  sim_middle *m = w->middle;
  if (link->end[1 - side].who >= SIM_ACTOR || link->lost) return false;
  let_held_go(w);
  if (!sim_rng_chance(&m->rng, m->per_mille)) {
    keep(m, bytes);
    return false;
  }
  m->touched++;
  sim_trace_line(w, SIM_STRANGER, "touches %zu bytes of link %zu", bytes.n, link->id);
  switch (sim_rng_below(&m->rng, 7)) {
  case 0: change(w, link, side, bytes); return true;
  case 1: return true;                                         /* dropped */
  case 2: sim_net_put(w, link, 1 - side, bytes); return false; /* doubled */
  case 3: sim_net_put(w, link, side, bytes); return true;      /* back to where it came from */
  case 4: sim_net_put(w, link, 1 - side, vls_slice_of(m->kept, m->n_kept)); return false;
  case 5:
    sim_net_put(w, link, 1 - side, (vls_slice){bytes.p, sim_rng_below(&m->rng, bytes.n)});
    return true; /* cut short */
  default: break;
  }
  if (bytes.n > SIM_MIDDLE_KEEPS) return false;
  m->held_link = link->id; /* overtaken by what comes next */
  m->held_side = side;
  m->n_held = bytes.n;
  memcpy(m->held, bytes.p, bytes.n);
  return true;
}

unsigned sim_middle_divert(sim_world *w, unsigned from, unsigned meant) {
  sim_middle *m = w->middle;
  if (!sim_rng_chance(&m->rng, m->divert_per_mille)) return meant;
  unsigned other = (unsigned)sim_rng_below(&m->rng, w->n);
  if (other == from || w->node[other]->core == NULL) return meant;
  m->diverted += other != meant;
  return other;
}
