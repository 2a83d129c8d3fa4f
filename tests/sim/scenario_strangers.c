/* Those who hold no key of Ana's, and one who holds a key that is not theirs. */
#include "core/core_int.h"
#include "scenarios.h"
#include "siege.h"

/* Whoever probes knocks with noise, and with what honest people said before, whole or changed. */
static void probe(sim_world *w, sim_actor *a) {
  (void)a;
  sim_stranger_knock(w);
}

void sim_prober(sim_world *w) {
  sim_siege s;
  sim_siege_begin(w, &s);
  sim_actor_every(w, sim_actor_new(w, "Prober"), 500, probe);
  sim_siege_hold(&s, 20, 3 * SIM_MINUTE,
                 &(sim_budget){.cpu_ms = 200, .disk_kib = 128, .heap_kib = 512});
}

/* Every flight that was ever answered, to everybody, again and again. */
static void replay(sim_world *w, sim_actor *a) {
  for (unsigned i = 0; i < 2; i++)
    sim_stranger_replay(w, i);
  if (a->turns % 100 == 0 && w->net.n > 0) sim_net_break(w, w->net.links[0]); /* fresh ones */
}

void sim_replayer(sim_world *w) {
  sim_siege s;
  sim_siege_begin(w, &s);
  sim_actor_every(w, sim_actor_new(w, "Replayer"), 200, replay);
  sim_siege_hold(&s, 20, 3 * SIM_MINUTE,
                 &(sim_budget){.cpu_ms = 200, .disk_kib = 128, .heap_kib = 2048});
}

/* A crowd: ten knock in every ms, and the oldest make room for them as the daemon has it. */
enum { CROWD_HELD = 900, CROWD_MS = 10 };

typedef struct crowd {
  size_t line[CROWD_HELD];
  uint64_t came;
} crowd;

static void flood(sim_world *w, sim_actor *a) {
  static crowd c; /* one flood in a world, and a world in a process */
  uint8_t noise[200];
  if (a->turns == 1) c.came = 0;
  for (unsigned i = 0; i < CROWD_MS; i++) {
    size_t *place = &c.line[c.came % CROWD_HELD];
    sim_link *oldest = c.came >= CROWD_HELD ? sim_net_link(w, *place) : NULL;
    if (oldest != NULL && oldest->end[0].state != SIM_END_CLOSED) sim_net_abandon(w, oldest, 0);
    sim_link *line = sim_net_intrude(w, 0);
    if (line == NULL) return;
    vls_rng_bytes(&a->rng, noise, sizeof noise);
    sim_net_intrude_send(w, line, vls_slice_of(noise, sizeof noise));
    *place = line->id;
    c.came++;
  }
}

void sim_flooder(sim_world *w) {
  sim_siege s;
  sim_siege_begin(w, &s);
  sim_actor *crowd_of = sim_actor_new(w, "Crowd");
  sim_actor_every(w, crowd_of, 1, flood);
  sim_siege_hold(&s, 8, 0,
                 &(sim_budget){.cpu_ms = 30000, .disk_kib = 8192, .heap_kib = 8 * CROWD_HELD});
  sim_expect(w, crowd_of->turns * CROWD_MS > 10000, "too few came");
  sim_actor_every(w, crowd_of, 1, NULL);
  sim_run(w, 2 * SIM_MINUTE);
}

void sim_middle_man(sim_world *w) {
  sim_middle m = {.per_mille = 60, .divert_per_mille = 300};
  sim_person *people[3] = {sim_citizen(w, "Ana"), sim_citizen(w, "Bao"), sim_citizen(w, "Chidi")};
  m.rng = sim_rng_new(w->seed, 400);
  for (unsigned i = 0; i < 3; i++)
    sim_befriend(w, people[i], people[(i + 1) % 3]);
  w->middle = &m;
  for (unsigned i = 0; i < 600; i++) {
    sim_person *from = people[i % 3], *to = people[(i + 1 + i % 2) % 3];
    size_t item = sim_ledger_say(w, from->who, &to->who, 1, 60, true);
    sim_person_ask(w, from, &(sim_errand){.deed = SIM_SEND, .item = item});
    sim_run(w, 2 * SIM_SECOND);
  }
  sim_expect(w, m.touched > 50 && m.diverted > 3, "he did next to nothing");
  w->middle = NULL;
  sim_all_arrives(w, SIM_HOUR);
}

/* Somebody has the key of Bao's links with Ana and what opens her door, but not the key that signs
 * for Bao, and no session: he takes Bao's place on the line, and says that all has arrived. */
static void steal_link(sim_world *w, sim_actor *thief, const sim_person *from) {
  const vls_core *bao = w->node[from->who]->core;
  thief->dh = bao->self.dh;
  memcpy(thief->knock, bao->peers[0]->row.knock, 32);
  memcpy(thief->psk, bao->peers[0]->row.psk, 32);
  memcpy(thief->their_dh, w->node[thief->whom]->core->self.dh.pub, 32);
}

static void take_place(sim_world *w, sim_actor *thief) {
  static const uint8_t card[100];
  if (!sim_actor_is_there(w, thief, 7000)) return;
  if (thief->turns % 3 == 0) sim_actor_frame(w, thief, VLS_FRAME_DECOY, vls_slice_of(card, 10));
  if (thief->turns % 7 == 0) sim_actor_frame(w, thief, VLS_FRAME_CARD, vls_slice_of(card, 100));
  if (thief->turns % 11 == 0) sim_actor_frame(w, thief, VLS_FRAME_RECORD, vls_slice_of(card, 100));
  if (thief->turns % 20 == 0) sim_actor_hang_up(w, thief);
}

void sim_stolen_link(sim_world *w) {
  sim_person *ana = sim_citizen(w, "Ana");
  sim_person *bao = sim_citizen(w, "Bao");
  sim_befriend(w, ana, bao);
  sim_actor *thief = sim_actor_new(w, "Thief");
  thief->whom = ana->who;
  steal_link(w, thief, bao);
  sim_actor_every(w, thief, 500, take_place);
  for (unsigned i = 0; i < 300; i++) {
    sim_person *from = i % 2 ? bao : ana, *to = i % 2 ? ana : bao;
    size_t item = sim_ledger_say(w, from->who, &to->who, 1, 60, true);
    sim_person_ask(w, from, &(sim_errand){.deed = SIM_SEND, .item = item});
    sim_run(w, 2 * SIM_SECOND);
  }
  sim_expect(w, thief->ups > 10, "the thief never got in");
  /* Nothing is said to one who can't sign for how far Bao is, and so nothing falsely acknowledged:
   * no event of either is missing in the other's chain. */
  sim_expect(w, thief->states > 10 && thief->records == 0, "%" PRIu64 " records went to the thief",
             thief->records);
  sim_actors_leave(w);
  sim_all_arrives(w, SIM_HOUR);
}
