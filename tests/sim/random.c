#include "backup.h"
#include "check.h"
#include "weather.h"
#include "world.h"

enum { LARGE = 100, TOWN = 50 /* citizens of the largest */ };

static const char *const names[TOWN] = {
    "Ana",  "Bao",   "Chidi", "Dora",   "Emre",  "Fatima", "Goran", "Hana",   "Ines",  "Jun",
    "Kofi", "Lena",  "Mateo", "Nadia",  "Omar",  "Petra",  "Quinn", "Rosa",   "Samir", "Tuya",
    "Ugo",  "Vera",  "Wen",   "Ximena", "Yusuf", "Zoe",    "Aiko",  "Bela",   "Cora",  "Diego",
    "Elif", "Farid", "Greta", "Hugo",   "Ivana", "Jonas",  "Kavya", "Luis",   "Mina",  "Nils",
    "Olga", "Pablo", "Qiu",   "Rafael", "Salma", "Tariq",  "Uma",   "Viktor", "Wanda", "Yara",
};

/* Most worlds are small: what goes wrong between fifty mostly goes wrong between two. One in a
 * hundred is large, and any hundred seeds in a row have one. */
static unsigned choose_size(sim_rng *rng, uint64_t seed) {
  uint64_t dice = sim_rng_below(rng, 100);
  if (seed % LARGE == LARGE / 2) return (unsigned)sim_rng_between(rng, 20, TOWN);
  if (dice < 45) return 2;
  if (dice < 70) return 3;
  if (dice < 90) return (unsigned)sim_rng_between(rng, 4, 5);
  if (dice < 98) return (unsigned)sim_rng_between(rng, 6, 9);
  return (unsigned)sim_rng_between(rng, 10, 20);
}

static void choose_net(sim_world *w, sim_rng *rng) {
  sim_net *net = &w->net;
  net->latency_max = sim_rng_chance(rng, 800) ? 80 : 900;
  net->jitter_max = sim_rng_below(rng, 50);
  net->bytes_per_ms = sim_rng_chance(rng, 850) ? 0 : sim_rng_between(rng, 1, 50);
  net->refuse_per_mille = sim_rng_chance(rng, 500) ? 0 : (unsigned)sim_rng_below(rng, 300);
  net->deaf_per_mille = sim_rng_chance(rng, 500) ? 0 : (unsigned)sim_rng_below(rng, 500);
  if (sim_rng_chance(rng, 250)) {
    w->weather.natted = 1 + (unsigned)sim_rng_below(rng, w->n);
    sim_net_nat(w, w->weather.natted - 1, true);
  }
}

static void choose_weather(sim_world *w, sim_rng *rng) {
  sim_weather *weather = &w->weather;
  for (unsigned i = 0; i < SIM_FAULTS; i++)
    if (sim_rng_chance(rng, 500)) weather->mean_s[i] = (unsigned)sim_rng_between(rng, 30, 2000);
  weather->mean_s[SIM_FAULT_LOOK] = 1500;
  weather->down_s = (unsigned)sim_rng_between(rng, 1, sim_rng_chance(rng, 800) ? 600 : 86400);
  weather->skew_ms = sim_rng_chance(rng, 700) ? 5 * SIM_MINUTE : 11 * SIM_HOUR;
  if (sim_rng_chance(rng, 150)) {
    weather->skew_ms = 30 * SIM_DAY;
    weather->has_wild_clocks = true;
    weather->mean_s[SIM_FAULT_CLOCK] = 0; /* wrong all the time, right in the end */
  }
  weather->traveller = (unsigned)sim_rng_below(rng, w->n);
  if (weather->natted != 0) weather->mean_s[SIM_FAULT_MOVE] = 0; /* they would lose each other */
  weather->long_per_mille = sim_rng_chance(rng, 700) ? 5 : 150;
  weather->brief_per_mille = sim_rng_chance(rng, 700) ? 0 : 300;
  weather->has_quarrels = sim_rng_chance(rng, 300);
  weather->act_mean_s = (unsigned)sim_rng_between(rng, 1, sim_rng_chance(rng, 700) ? 60 : 1800);
  unsigned each = w->n <= 3 ? 40 : w->n <= 9 ? 20 : 8;
  weather->acts_left = w->n * (unsigned)sim_rng_between(rng, each / 4, each);
}

/* Most stores are in memory, which is fast. */
static void choose_stores(sim_world *w) {
  sim_rng rng = sim_rng_new(w->seed, 1001);
  if (sim_rng_chance(&rng, 250)) w->disk.kind = SIM_STORE_SEALED;
  if (sim_rng_chance(&rng, 100)) w->disk.kind = SIM_STORE_PLAIN;
}

/* In some worlds somebody's disk is copied away and put back, or a backup brought back. People
 * there get along: what a node has forgotten about a quarrel is another story. */
static void choose_past(sim_world *w, sim_rng *rng) {
  if (w->disk.kind != SIM_STORE_MEMORY || !sim_rng_chance(rng, 150)) {
    w->weather.mean_s[SIM_FAULT_BACK] = 0;
    return;
  }
  w->weather.mean_s[SIM_FAULT_BACK] = (unsigned)sim_rng_between(rng, 100, 1500);
  w->weather.has_quarrels = false;
  w->weather.forgetful = (unsigned)sim_rng_below(rng, w->n);
  w->weather.backup = vls_calloc(1, sizeof *w->weather.backup);
  sim_backup_init(w, w->weather.backup, w->person[w->weather.forgetful]);
}

static void past_is_over(sim_world *w) {
  if (w->weather.backup == NULL) return;
  sim_backup_check(w, w->weather.backup, w->person[w->weather.forgetful]);
  sim_backup_done(w->weather.backup);
  free(w->weather.backup);
  w->weather.backup = NULL;
}

static bool is_said(sim_world *w, const void *arg) {
  (void)arg;
  return w->weather.acts_left == 0;
}

void sim_random_world(sim_world *w) {
  sim_rng rng = sim_rng_new(w->seed, 1000);
  unsigned n = choose_size(&rng, w->seed);
  choose_stores(w);
  for (unsigned i = 0; i < n; i++)
    sim_person_new(w, names[i]);
  choose_net(w, &rng);
  choose_weather(w, &rng);
  sim_rng past = sim_rng_new(w->seed, 1002);
  choose_past(w, &past);
  static const unsigned joins[] = {0, 1, 2, 64}; /* texts in one event; takes effect at a restart */
  for (unsigned i = 0; i < n; i++) {
    w->node[i]->items_per_event = joins[sim_rng_below(&rng, 4)];
    uint64_t off = sim_rng_below(&rng, 2 * w->weather.skew_ms + 1);
    w->node[i]->skew_ms = (int64_t)off - (int64_t)w->weather.skew_ms;
    if (sim_rng_chance(&rng, 500)) sim_person_listen(w, w->person[i], 1, "bridge");
    if (sim_rng_chance(&rng, 300)) sim_person_listen(w, w->person[i], 2, NULL);
    if (i > 0) sim_whim_meet(w, (unsigned)sim_rng_below(&rng, i), i); /* nobody is alone */
  }
  sim_weather_begin(w);
  sim_whim_begin(w);
  sim_run_until(w, is_said, NULL, 30 * SIM_DAY);
  sim_run(w, sim_rng_below(&rng, SIM_HOUR));
  sim_check_peace(w);
  past_is_over(w);
}
