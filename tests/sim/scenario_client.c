#include "scenarios.h"

void sim_lost_answers(sim_world *w) {
  sim_person *ana = sim_citizen(w, "Ana");
  sim_person *bao = sim_citizen(w, "Bao");
  sim_befriend(w, ana, bao);
  for (unsigned i = 0; i < 30; i++) {
    size_t item = sim_ledger_say(w, ana->who, &bao->who, 1, 80, true);
    sim_person_ask(w, ana, &(sim_errand){.deed = SIM_SEND, .item = item});
    sim_run(w, i % 12);
    if (i % 2 == 0)
      sim_person_vanish(w, ana, 0);
    else
      sim_node_crash(w, w->node[ana->who], 100);
    sim_run(w, i % 5 * 100);
    /* Said once more for good measure, long after the answer. */
    if (i % 3 == 0) sim_person_ask(w, ana, &(sim_errand){.deed = SIM_SEND, .item = item});
  }
  sim_run(w, 10 * SIM_SECOND);
  sim_all_arrives(w, SIM_HOUR);
  for (size_t i = 0; i < w->ledger.n_words; i++)
    sim_expect(w, w->ledger.words[i].copy[0].acked, "w%zu was never acknowledged", i);
}

static void acknowledges(sim_world *w, sim_person *person, unsigned via) {
  sim_feed *conn = &person->conn[via];
  if (!conn->is_subscribed || conn->at == 0) return;
  if (conn->at > conn->asked) conn->asked = conn->at;
  sim_person_ask(w, person, &(sim_errand){.deed = SIM_ACK, .via = via, .value = conn->at});
}

void sim_three_listeners(sim_world *w) {
  sim_person *ana = sim_citizen(w, "Ana");
  sim_person *bao = sim_citizen(w, "Bao");
  sim_person_listen(w, bao, 1, "bridge");
  sim_person_listen(w, bao, 2, NULL);
  sim_befriend(w, ana, bao);
  for (unsigned i = 0; i < 60; i++) {
    sim_says(w, ana, bao, 70);
    if (i % 7 == 3) acknowledges(w, bao, 0);
    if (i % 11 == 5) acknowledges(w, bao, 1);
    if (i % 10 == 4) sim_feed_slow(w, bao, 1, i % 20 == 4);
    if (i % 9 == 8) sim_node_crash(w, w->node[bao->who], 300);
    if (i % 13 == 6) sim_person_vanish(w, bao, i % 3);
    sim_run(w, 200);
  }
  sim_all_arrives(w, SIM_HOUR);
}
