#include "scenarios.h"

void sim_village(sim_world *w) {
  static const char *const names[] = {
      "Ana",  "Bao",  "Chidi", "Dora",  "Emre", "Fatima", "Goran", "Hana", "Ines",  "Jun",
      "Kofi", "Lena", "Mateo", "Nadia", "Omar", "Petra",  "Quinn", "Rosa", "Samir", "Tuya",
  };
  for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
    sim_person_new(w, names[i]);
  /* A ring, so that everybody can be reached, and a few who know half the village. */
  for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
    sim_whim_meet(w, i, (i + 1) % w->n);
  for (unsigned i = 5; i < 15; i++)
    sim_whim_meet(w, 0, i);
  w->weather.mean_s[SIM_FAULT_BREAK] = 600;
  w->weather.mean_s[SIM_FAULT_CRASH] = 1200;
  w->weather.mean_s[SIM_FAULT_VANISH] = 1200;
  w->weather.mean_s[SIM_FAULT_LOOK] = 900;
  w->weather.down_s = 300;
  w->weather.long_per_mille = 5;
  w->weather.act_mean_s = 1200;
  w->weather.acts_left = 400;
  sim_weather_begin(w);
  sim_whim_begin(w);
  sim_run(w, SIM_DAY);
}
