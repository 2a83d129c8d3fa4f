/* Words for scripts: each does what it says and lets the world go on until it is done. What must
 * not fail is expected here, so that a scenario reads like a story. */
#ifndef VALISE_SIM_SCRIPT_H
#define VALISE_SIM_SCRIPT_H

#include "check.h"
#include "world.h"

typedef struct sim_scenario {
  const char *name, *what; /* for --scenario and --list */
  void (*play)(sim_world *w);
  bool is_long; /* only when asked for by name */
} sim_scenario;

/* scenarios.c: every scenario there is; the last has no name. */
const sim_scenario *sim_scenarios(void);

/* Somebody moves in: a node with an identity. */
sim_person *sim_citizen(sim_world *w, const char *name);
/* Does an errand and waits for the answer: "ok" or the stable string of the error. */
const char *sim_do(sim_world *w, sim_person *person, const sim_errand *errand);
/* The number of an invitation; expires_s 0: as usual. */
size_t sim_invites(sim_world *w, sim_person *inviter, sim_person *guest, uint64_t expires_s);
/* Gives the guest's node the link. The answer, as sim_do. */
const char *sim_accepts(sim_world *w, sim_person *guest, size_t invitation);
/* Until both are ready for each other. */
void sim_become_friends(sim_world *w, sim_person *a, sim_person *b);
/* One invites, the other accepts, both are ready. */
void sim_befriend(sim_world *w, sim_person *a, sim_person *b);
/* A text of `size` bytes that the node takes. Its number in the ledger. */
size_t sim_says(sim_world *w, sim_person *from, sim_person *to, size_t size);
/* Everything acknowledged so far is delivered within `ms`. */
void sim_all_arrives(sim_world *w, uint64_t ms);
bool sim_is_delivered(const sim_world *w, size_t words);
/* Every text from `other` that arrived was shown to the person. */
void sim_reads(sim_world *w, sim_person *person, sim_person *other);
void sim_turns_off(sim_world *w, sim_person *person);
void sim_turns_on(sim_world *w, sim_person *person);
bool sim_is(const char *answer, const char *expected);

#endif
