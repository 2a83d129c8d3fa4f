/* A world with a group for every seed. */
#include "backup.h"
#include "check.h"
#include "club.h"
#include "weather.h"
#include "world.h"

enum { NAMES = 25 };

static const char *const names[NAMES] = {
    "Ana",   "Bao",  "Chidi", "Dora",  "Emre",  "Fatima", "Goran", "Hana",  "Ines",
    "Jun",   "Kofi", "Lena",  "Mateo", "Nadia", "Omar",   "Petra", "Quinn", "Rosa",
    "Samir", "Tuya", "Ugo",   "Vera",  "Wen",   "Ximena", "Yusuf",
};

/* Most are small: what goes wrong between sixty mostly goes wrong between six. */
static unsigned choose_size(sim_rng *rng) {
  uint64_t dice = sim_rng_below(rng, 100);
  if (dice < 60) return (unsigned)sim_rng_between(rng, 5, 8);
  if (dice < 85) return (unsigned)sim_rng_between(rng, 9, 14);
  if (dice < 96) return (unsigned)sim_rng_between(rng, 15, 30);
  return (unsigned)sim_rng_between(rng, 31, 60);
}

static void choose_weather(sim_world *w, sim_rng *rng) {
  sim_weather *weather = &w->weather;
  sim_club *club = w->club;
  weather->may_alarm = true;
  weather->skew_ms = sim_rng_chance(rng, 700) ? 5 * SIM_MINUTE : 11 * SIM_HOUR;
  weather->down_s = (unsigned)sim_rng_between(rng, 1, 600);
  if (sim_rng_chance(rng, 500)) weather->mean_s[SIM_FAULT_BREAK] = 600;
  if (sim_rng_chance(rng, 700))
    weather->mean_s[SIM_FAULT_CRASH] = (unsigned)sim_rng_between(rng, 60, 2000);
  if (sim_rng_chance(rng, 300)) weather->mean_s[SIM_FAULT_PART] = 900;
  if (sim_rng_chance(rng, 200)) w->net.refuse_per_mille = (unsigned)sim_rng_below(rng, 300);
  if (sim_rng_chance(rng, 200)) w->net.deaf_per_mille = (unsigned)sim_rng_below(rng, 300);
  w->net.latency_max = sim_rng_chance(rng, 700) ? 80 : 900;
  if (sim_rng_chance(rng, 600)) {
    club->on_mean_s = (unsigned)sim_rng_between(rng, 300, 7200);
    club->off_mean_s = (unsigned)sim_rng_between(rng, 60, 7200);
  }
  if (sim_rng_chance(rng, 500)) club->split_mean_s = (unsigned)sim_rng_between(rng, 600, 4 * 3600);
}

static void choose_people(sim_world *w, sim_rng *rng) {
  sim_club *club = w->club;
  club->act_mean_s = (unsigned)sim_rng_between(rng, 10, sim_rng_chance(rng, 700) ? 120 : 1800);
  club->acts_left = (unsigned)sim_rng_between(rng, 20, 20 + 4 * w->n);
  club->n_foes = sim_rng_chance(rng, 250) ? (unsigned)sim_rng_between(rng, 1, 1 + w->n / 8) : 0;
  club->trouble_per_mille = sim_rng_chance(rng, 600) ? (unsigned)sim_rng_between(rng, 20, 250) : 0;
}

/* In some worlds somebody's disk is copied away and put back, or a backup brought back: then one
 * device says two things with one number. */
static void choose_past(sim_world *w, sim_rng *rng) {
  sim_weather *weather = &w->weather;
  if (w->disk.kind != SIM_STORE_MEMORY || !sim_rng_chance(rng, 200)) return;
  weather->mean_s[SIM_FAULT_BACK] = (unsigned)sim_rng_between(rng, 300, 3000);
  weather->forgetful = (unsigned)sim_rng_below(rng, w->n);
  weather->backup = vls_calloc(1, sizeof *weather->backup);
  sim_backup_init(w, weather->backup, w->person[weather->forgetful]);
}

static void past_is_over(sim_world *w) {
  if (w->weather.backup == NULL) return;
  sim_backup_done(w->weather.backup);
  free(w->weather.backup);
  w->weather.backup = NULL;
}

static bool is_there(sim_world *w, const void *arg) {
  (void)arg;
  for (unsigned i = 0; i < w->n; i++)
    if (w->person[i]->id[0] == '\0') return false;
  return true;
}

static bool is_said(sim_world *w, const void *arg) {
  (void)arg;
  return w->club->acts_left == 0;
}

/* A tree and a few more, so that most are strangers to each other and all are reached. */
static void introduce(sim_world *w, sim_rng *rng) {
  for (unsigned i = 1; i < w->n; i++)
    sim_whim_meet(w, (unsigned)sim_rng_below(rng, i < 30 ? i : 30), i);
  for (unsigned i = 0; i < w->n / 2; i++) {
    unsigned a = (unsigned)sim_rng_below(rng, w->n), b = (unsigned)sim_rng_below(rng, w->n);
    if (a != b) sim_whim_meet(w, a, b);
  }
}

static void everybody_home(sim_world *w) {
  w->club->is_over = w->weather.is_over = true;
  w->net.refuse_per_mille = w->net.deaf_per_mille = 0;
  sim_net_heal(w);
  for (unsigned i = 0; i < w->n; i++) {
    w->node[i]->crash_point = SIM_CRASH_NONE;
    sim_node_start(w, w->node[i]);
  }
}

void sim_club_world(sim_world *w, unsigned n) {
  sim_rng rng = sim_rng_new(w->seed, 2000);
  sim_club *club = vls_calloc(1, sizeof *club);
  w->club = club; /* the world's: it goes with it */
  club->rng = sim_rng_new(w->seed, 2001);
  if (n == 0) n = choose_size(&rng);
  if (sim_rng_chance(&rng, 200)) w->disk.kind = SIM_STORE_SEALED;
  for (unsigned i = 0; i < n; i++) {
    snprintf(club->names[i], SIM_CLUB_NAME, i < NAMES ? "%s" : "%s-%u", names[i % NAMES],
             i / NAMES);
    sim_person_new(w, club->names[i]);
  }
  choose_weather(w, &rng);
  choose_people(w, &rng);
  for (unsigned i = 0; i < n; i++) {
    uint64_t off = sim_rng_below(&rng, 2 * w->weather.skew_ms + 1);
    w->node[i]->skew_ms = (int64_t)off - (int64_t)w->weather.skew_ms;
  }
  choose_past(w, &rng);
  bool ok = sim_run_until(w, is_there, NULL, SIM_HOUR);
  sim_expect(w, ok, "somebody has no identity after an hour");
  sim_club_found(w, 0, "Allotments", sim_rng_chance(&rng, 300));
  introduce(w, &rng);
  sim_run(w, 20 * SIM_MINUTE);
  sim_weather_begin(w);
  sim_club_begin(w);
  sim_run_until(w, is_said, NULL, 3 * SIM_DAY);
  sim_run(w, sim_rng_below(&rng, SIM_HOUR));
  everybody_home(w);
  sim_club_check(w);
  past_is_over(w);
}
