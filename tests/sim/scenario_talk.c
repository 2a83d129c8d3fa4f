#include "scenarios.h"

void sim_first_talk(sim_world *w) {
  sim_person *ana = sim_citizen(w, "Ana");
  sim_person *bao = sim_citizen(w, "Bao");
  sim_befriend(w, ana, bao);
  size_t hello = sim_says(w, ana, bao, 60);
  sim_all_arrives(w, 5 * SIM_SECOND);
  size_t answer = sim_says(w, bao, ana, 80);
  sim_all_arrives(w, 5 * SIM_SECOND);
  sim_reads(w, bao, ana);
  sim_reads(w, ana, bao);
  sim_run(w, SIM_MINUTE);
  sim_expect(w, w->ledger.words[hello].copy[0].read, "Ana never learns that Bao read her");
  sim_expect(w, w->ledger.words[answer].copy[0].read, "Bao never learns that Ana read him");
}

void sim_week_away(sim_world *w) {
  sim_person *ana = sim_citizen(w, "Ana");
  sim_person *bao = sim_citizen(w, "Bao");
  sim_befriend(w, ana, bao);
  sim_turns_off(w, bao);
  for (unsigned day = 0; day < 7; day++) {
    size_t letter = sim_says(w, ana, bao, 300);
    sim_run(w, SIM_DAY);
    sim_expect(w, !sim_is_delivered(w, letter), "delivered to a node that is off");
    if (day == 3) sim_node_crash(w, w->node[ana->who], 1000);
  }
  sim_turns_on(w, bao);
  sim_all_arrives(w, 10 * SIM_MINUTE);
  sim_says(w, bao, ana, 200);
  sim_all_arrives(w, SIM_MINUTE);
}

void sim_long_letters(sim_world *w) {
  sim_person *ana = sim_citizen(w, "Ana");
  sim_person *bao = sim_citizen(w, "Bao");
  sim_befriend(w, ana, bao);
  w->net.bytes_per_ms = 1;
  w->net.latency_min = 300;
  w->net.latency_max = 900;
  sim_node_crash(w, w->node[bao->who], 1000); /* the next link is the slow one */
  sim_run(w, SIM_MINUTE);
  for (unsigned i = 0; i < 12; i++)
    sim_says(w, ana, bao, SIM_TEXT_MAX - i);
  sim_says(w, ana, bao, 1);
  for (unsigned i = 0; i < 4; i++) {
    sim_run(w, 10 * SIM_SECOND);
    if (w->net.n != 0) sim_net_break(w, w->net.links[0]);
    sim_says(w, bao, ana, 40000);
  }
  sim_all_arrives(w, 2 * SIM_HOUR);
}

void sim_slow_line(sim_world *w) {
  sim_person *ana = sim_citizen(w, "Ana");
  sim_person *bao = sim_citizen(w, "Bao");
  w->net.bytes_per_ms = 1; /* eight thousand bits a second */
  sim_befriend(w, ana, bao);
  for (unsigned i = 0; i < 5; i++)
    sim_says(w, ana, bao, SIM_TEXT_MAX); /* more than a minute each, and no word from Bao */
  sim_all_arrives(w, 10 * SIM_MINUTE);
}

void sim_overtaking(sim_world *w) {
  sim_person *ana = sim_citizen(w, "Ana");
  sim_person *bao = sim_citizen(w, "Bao");
  sim_befriend(w, ana, bao);
  for (unsigned night = 0; night < 6; night++) {
    sim_turns_off(w, bao);
    sim_says(w, ana, bao, SIM_TEXT_MAX);
    for (unsigned i = 0; i < 12; i++) /* seven in an event, and room for a short one */
      sim_says(w, ana, bao, 9000);
    sim_turns_on(w, bao);
    /* Short ones, said while the link comes up, must wait for the long ones that lie there. */
    for (unsigned i = 0; i < 400; i++) {
      size_t item = sim_ledger_say(w, ana->who, &bao->who, 1, 20, true);
      sim_person_ask(w, ana, &(sim_errand){.deed = SIM_SEND, .item = item});
      sim_run(w, 6);
    }
    sim_run(w, 10 * SIM_SECOND);
  }
  sim_all_arrives(w, SIM_HOUR);
}

void sim_many_at_once(sim_world *w) {
  sim_person *ana = sim_citizen(w, "Ana");
  sim_person *bao = sim_citizen(w, "Bao");
  sim_befriend(w, ana, bao);
  for (unsigned round = 0; round < 10; round++) {
    for (unsigned i = 0; i < 40; i++) {
      sim_person *from = i % 3 == 0 ? bao : ana;
      unsigned to = i % 3 == 0 ? ana->who : bao->who;
      size_t item = sim_ledger_say(w, from->who, &to, 1, 20 + i * 10, true);
      sim_person_ask(w, from, &(sim_errand){.deed = SIM_SEND, .item = item});
    }
    sim_run(w, 300);
  }
  sim_run(w, SIM_SECOND);
  sim_all_arrives(w, SIM_MINUTE);
}
