#include "scenarios.h"

enum { COMMITS_MAX = 400 }; /* a first talk that takes more never ends */

static bool is_met(sim_world *w, const void *arg) {
  (void)arg;
  return w->person[0]->friend[1].ready && w->person[1]->friend[0].ready;
}

static bool is_said(sim_world *w, const void *arg) {
  (void)arg;
  size_t number;
  return sim_person_is_idle(w->person[0]) && sim_person_is_idle(w->person[1]) &&
         sim_ledger_open(w, &number) == NULL;
}

/* A first talk in which both just go on trying. True: the crash came before it was over. */
static bool talk_with_crash(sim_world *w, unsigned who, sim_crash_point point, uint64_t nth) {
  sim_person *person[2] = {sim_person_new(w, "Ana"), sim_person_new(w, "Bao")};
  sim_node_plan_crash(w->node[who], point, nth, 500);
  sim_whim_meet(w, 0, 1);
  bool ok = sim_run_until(w, is_met, NULL, SIM_HOUR * 2);
  sim_expect(w, ok, "they don't become contacts when %s crashes at commit %" PRIu64 ", point %d",
             person[who]->name, nth, (int)point);
  for (unsigned i = 0; i < 4; i++) {
    unsigned from = i % 2, to = 1 - from;
    size_t item = sim_ledger_say(w, from, &to, 1, 50, true);
    sim_person_ask(w, person[from], &(sim_errand){.deed = SIM_SEND, .item = item});
    ok = sim_run_until(w, is_said, NULL, SIM_HOUR);
    sim_expect(w, ok, "a text is stuck when %s crashes at commit %" PRIu64 ", point %d",
               person[who]->name, nth, (int)point);
  }
  return w->node[who]->crashes != 0;
}

void sim_crash_everywhere(sim_world *outer) {
  for (unsigned point = SIM_CRASH_SEALED; point <= SIM_CRASH_HALFWAY; point++) {
    for (unsigned who = 0; who < 2; who++) {
      bool came = true;
      for (uint64_t nth = 1; came; nth++) {
        sim_expect(outer, nth < COMMITS_MAX, "a first talk takes more than %d commits",
                   COMMITS_MAX);
        sim_world *w = sim_world_new(outer->seed, outer->replay, outer->trace.print);
        came = talk_with_crash(w, who, (sim_crash_point)point, nth);
        sim_check_peace(w);
        outer->trace.hash ^= w->trace.hash;
        outer->steps += w->steps;
        sim_world_free(w);
      }
    }
  }
}

void sim_crash_storm(sim_world *w) {
  sim_person *ana = sim_citizen(w, "Ana");
  sim_person *bao = sim_citizen(w, "Bao");
  sim_befriend(w, ana, bao);
  for (unsigned i = 0; i < 60; i++) {
    unsigned from = i % 2, to = 1 - from;
    size_t item = sim_ledger_say(w, from, &to, 1, 100 + i, i % 4 != 0);
    sim_person_ask(w, w->person[from], &(sim_errand){.deed = SIM_SEND, .item = item});
    sim_crash_point point = (sim_crash_point)(SIM_CRASH_SEALED + i / 2 % SIM_CRASH_HALFWAY);
    sim_node_plan_crash(w->node[i / 3 % 2], point, 1 + i % 3, 200);
    sim_run(w, 700);
  }
  sim_run(w, 10 * SIM_SECOND);
  sim_all_arrives(w, SIM_HOUR);
}
