#include "scenarios.h"

void sim_both_behind_nat(sim_world *w) {
  sim_person *ana = sim_citizen(w, "Ana");
  sim_person *bao = sim_citizen(w, "Bao");
  sim_net_nat(w, ana->who, true);
  sim_net_nat(w, bao->who, true);
  size_t invitation = sim_invites(w, ana, bao, 0);
  const char *answer = sim_accepts(w, bao, invitation);
  sim_expect(w, sim_is(answer, "ok"), "an invitation is not taken up at once: %s", answer);
  size_t early = sim_says(w, bao, ana, 100);
  sim_run(w, 6 * SIM_HOUR);
  sim_expect(w, !sim_is_delivered(w, early), "delivered through two walls");
  sim_net_nat(w, ana->who, false); /* Ana forwards a port */
  sim_become_friends(w, ana, bao);
  sim_says(w, ana, bao, 100);
  sim_all_arrives(w, SIM_HOUR);
  /* Now Ana can only wait for Bao to dial, whoever has something to say. */
  sim_node_crash(w, w->node[ana->who], 1000);
  sim_run(w, SIM_MINUTE);
  sim_says(w, ana, bao, 100);
  sim_all_arrives(w, SIM_HOUR);
}

void sim_partition(sim_world *w) {
  sim_person *village[4] = {sim_citizen(w, "Ana"), sim_citizen(w, "Bao"), sim_citizen(w, "Chidi"),
                            sim_citizen(w, "Dora")};
  for (unsigned i = 0; i < 4; i++)
    for (unsigned k = i + 1; k < 4; k++)
      sim_befriend(w, village[i], village[k]);
  for (unsigned night = 0; night < 3; night++) {
    sim_net_part(w, village[0]->who, 1);
    sim_net_part(w, village[1]->who, 1);
    for (unsigned i = 0; i < 12; i++) {
      sim_says(w, village[i % 4], village[(i + 1 + i / 4) % 4], 150);
      sim_run(w, 20 * SIM_SECOND);
    }
    sim_net_heal(w);
    sim_all_arrives(w, SIM_HOUR);
  }
}

void sim_half_open(sim_world *w) {
  sim_person *ana = sim_citizen(w, "Ana");
  sim_person *bao = sim_citizen(w, "Bao");
  sim_befriend(w, ana, bao);
  w->net.deaf_per_mille = 1000; /* who loses a link never hears of it */
  for (unsigned i = 0; i < 5; i++) {
    sim_run(w, SIM_MINUTE);
    for (size_t k = 0; k < w->net.n; k++)
      sim_net_break(w, w->net.links[k]);
    sim_says(w, i % 2 == 0 ? ana : bao, i % 2 == 0 ? bao : ana, 120);
    sim_all_arrives(w, 30 * SIM_MINUTE);
  }
  sim_node_crash(w, w->node[bao->who], 1000); /* and Ana does not notice */
  sim_says(w, ana, bao, 120);
  sim_says(w, bao, ana, 120);
  sim_all_arrives(w, 30 * SIM_MINUTE);
}

void sim_new_address(sim_world *w) {
  sim_person *ana = sim_citizen(w, "Ana");
  sim_person *bao = sim_citizen(w, "Bao");
  sim_befriend(w, ana, bao);
  sim_turns_off(w, ana);
  sim_run(w, SIM_HOUR);
  w->node[ana->who]->house = 101; /* she is elsewhere when she comes back */
  sim_turns_on(w, ana);
  sim_says(w, bao, ana, 100);
  sim_all_arrives(w, SIM_HOUR);
  sim_run(w, SIM_MINUTE); /* the new card travels */
  sim_turns_off(w, bao);
  sim_run(w, SIM_HOUR);
  w->node[bao->who]->house = 102;
  sim_net_nat(w, bao->who, true); /* now only Bao can dial, and must know where Ana lives */
  sim_turns_on(w, bao);
  sim_says(w, ana, bao, 100);
  sim_all_arrives(w, SIM_HOUR);
}

void sim_replay(sim_world *w) {
  sim_person *ana = sim_citizen(w, "Ana");
  sim_person *bao = sim_citizen(w, "Bao");
  sim_befriend(w, ana, bao);
  for (unsigned i = 0; i < 10; i++) {
    sim_node_crash(w, w->node[i % 2], 1000); /* a fresh handshake to listen to */
    sim_run(w, SIM_MINUTE);
    sim_says(w, ana, bao, 50);
    sim_stranger_replay(w, bao->who);
    sim_stranger_replay(w, ana->who);
    for (unsigned k = 0; k < 5; k++)
      sim_stranger_knock(w);
    sim_run(w, SIM_MINUTE);
  }
  sim_run(w, SIM_DAY);
  sim_stranger_replay(w, bao->who);
  sim_stranger_replay(w, ana->who);
  sim_all_arrives(w, SIM_MINUTE);
  sim_expect(w, w->stranger.replays > 10, "the simulator itself: nothing was replayed");
}
