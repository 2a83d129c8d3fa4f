#include "weather.h"

#include "backup.h"
#include "check.h"
#include "world.h"

static void come_again(sim_world *w, sim_fault fault) {
  unsigned mean = w->weather.mean_s[fault];
  if (mean == 0 || w->weather.is_over) return;
  uint64_t gap = sim_rng_between(&w->weather.rng, 1, 2 * mean * SIM_SECOND);
  sim_after(w, gap, SIM_EV_WEATHER, fault, 0, 0);
}

void sim_weather_begin(sim_world *w) {
  for (unsigned i = 0; i < SIM_FAULTS; i++)
    come_again(w, (sim_fault)i);
}

uint64_t sim_weather_down_ms(sim_world *w) {
  uint64_t longest = w->weather.down_s * SIM_SECOND + 1;
  if (sim_rng_chance(&w->weather.rng, 800)) longest = longest / 50 + 1;
  return sim_rng_between(&w->weather.rng, 1, longest);
}

static void crash_somebody(sim_world *w, sim_node *node) {
  sim_rng *rng = &w->weather.rng;
  uint64_t down = sim_weather_down_ms(w);
  if (sim_rng_chance(rng, 300)) {
    sim_node_crash(w, node, down);
    return;
  }
  if (sim_rng_chance(rng, 200)) {
    sim_node_stop(w, node, down);
    return;
  }
  sim_crash_point point =
      (sim_crash_point)sim_rng_between(rng, SIM_CRASH_SEALED, SIM_CRASH_HALFWAY);
  sim_node_plan_crash(node, point, sim_rng_between(rng, 1, 6), down);
}

static void cut_off(sim_world *w, unsigned who) {
  sim_net_part(w, who, (unsigned)sim_rng_between(&w->weather.rng, 0, 2));
  uint64_t lasts = sim_rng_between(&w->weather.rng, SIM_SECOND, 20 * SIM_MINUTE);
  sim_after(w, lasts, SIM_EV_HEAL, 0, 0, 0);
}

static void jump(sim_world *w, sim_node *node) {
  uint64_t off = sim_rng_below(&w->weather.rng, 2 * w->weather.skew_ms + 1);
  node->skew_ms = (int64_t)off - (int64_t)w->weather.skew_ms;
  sim_trace_line(w, node->who, "has a clock %" PRId64 " s off", node->skew_ms / 1000);
}

static void move(sim_world *w) {
  sim_node *node = w->node[w->weather.traveller];
  sim_node_move(w, node, SIM_CITIZENS_MAX + w->weather.houses++ % 100);
}

static void slow_client(sim_world *w, sim_person *person) {
  unsigned via = (unsigned)sim_rng_below(&w->weather.rng, SIM_FEEDS);
  sim_feed_slow(w, person, via, !person->conn[via].is_slow);
}

/* Copied away, or put back: as it comes. */
static void go_back(sim_world *w) {
  sim_backup *backup = w->weather.backup;
  sim_person *person = w->person[w->weather.forgetful];
  bool takes = sim_rng_chance(&w->weather.rng, 400);
  bool new_device = sim_rng_chance(&w->weather.rng, 400) && backup->n_devices < SIM_DEVICES_MAX;
  if (backup->n_times == SIM_RETURNS_MAX) return;
  if (!takes && sim_backup_may_restore(w, backup, person)) {
    sim_backup_restore(w, backup, person, new_device);
    if (w->club != NULL) sim_club_went_back(w, person->who);
  } else if (sim_backup_may_take(w, person) &&
             (w->club == NULL || sim_club_is_in(w, person->who))) { /* else it forgets the group */
    sim_backup_take(w, backup, person);
    if (w->club != NULL) w->club->copied_at = w->now;
  }
}

void sim_weather_strike(sim_world *w, sim_fault fault) {
  if (w->weather.is_over) return;
  sim_rng *rng = &w->weather.rng;
  unsigned who = (unsigned)sim_rng_below(rng, w->n);
  switch (fault) {
  case SIM_FAULT_BREAK:
    if (w->net.n != 0) sim_net_break(w, w->net.links[sim_rng_below(rng, w->net.n)]);
    break;
  case SIM_FAULT_CRASH: crash_somebody(w, w->node[who]); break;
  case SIM_FAULT_PART: cut_off(w, who); break;
  case SIM_FAULT_VANISH:
    sim_person_vanish(w, w->person[who], (unsigned)sim_rng_below(rng, SIM_FEEDS));
    break;
  case SIM_FAULT_SLOW: slow_client(w, w->person[who]); break;
  case SIM_FAULT_STRANGER: sim_stranger_knock(w); break;
  case SIM_FAULT_CLOCK: jump(w, w->node[who]); break;
  case SIM_FAULT_MOVE: move(w); break;
  case SIM_FAULT_BACK:
    if (w->weather.backup != NULL) go_back(w);
    break;
  case SIM_FAULT_LOOK: sim_examine(w, who); break;
  case SIM_FAULTS: break;
  }
  come_again(w, fault);
}
