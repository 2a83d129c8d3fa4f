#include "script.h"

enum { PATIENCE_MS = 60 * 60 * 1000 }; /* for an answer of one's own node */

bool sim_is(const char *answer, const char *expected) {
  return strcmp(answer, expected) == 0;
}

static bool has_identity(sim_world *w, const void *arg) {
  const sim_person *person = arg;
  (void)w;
  return person->id[0] != '\0' && person->conn[0].is_subscribed;
}

sim_person *sim_citizen(sim_world *w, const char *name) {
  sim_person *person = sim_person_new(w, name);
  bool ok = sim_run_until(w, has_identity, person, PATIENCE_MS);
  sim_expect(w, ok, "%s's node has no identity", name);
  return person;
}

static bool is_answered(sim_world *w, const void *arg) {
  const sim_person *person = arg;
  (void)w;
  return person->awaited == 0;
}

const char *sim_do(sim_world *w, sim_person *person, const sim_errand *errand) {
  person->awaited = sim_person_ask(w, person, errand);
  sim_expect(w, person->awaited != 0, "the simulator itself: %s has too much in mind",
             person->name);
  bool ok = sim_run_until(w, is_answered, person, PATIENCE_MS);
  sim_expect(w, ok, "%s's node does not answer (deed %d)", person->name, (int)errand->deed);
  return person->answer;
}

size_t sim_invites(sim_world *w, sim_person *inviter, sim_person *guest, uint64_t expires_s) {
  size_t item = sim_ledger_invite(w, inviter->who, guest->who);
  w->ledger.invitations[item].by_hand = true;
  const char *answer = sim_do(
      w, inviter,
      &(sim_errand){.deed = SIM_INVITE, .item = item, .other = guest->who, .value = expires_s});
  sim_expect(w, sim_is(answer, "ok"), "%s can't invite: %s", inviter->name, answer);
  return item;
}

const char *sim_accepts(sim_world *w, sim_person *guest, size_t invitation) {
  unsigned from = w->ledger.invitations[invitation].from;
  return sim_do(w, guest, &(sim_errand){.deed = SIM_ACCEPT, .item = invitation, .other = from});
}

typedef struct pair {
  const sim_person *a, *b;
} pair;

static bool are_friends(sim_world *w, const void *arg) {
  const pair *p = arg;
  (void)w;
  return p->a->friend[p->b->who].ready && p->b->friend[p->a->who].ready;
}

void sim_become_friends(sim_world *w, sim_person *a, sim_person *b) {
  pair p = {a, b};
  bool ok = sim_run_until(w, are_friends, &p, SIM_PEACE_HOURS * SIM_HOUR);
  sim_expect(w, ok, "%s and %s don't become contacts", a->name, b->name);
}

void sim_befriend(sim_world *w, sim_person *a, sim_person *b) {
  size_t invitation = sim_invites(w, a, b, 0);
  const char *answer = sim_accepts(w, b, invitation);
  sim_expect(w, sim_is(answer, "ok"), "%s can't accept: %s", b->name, answer);
  sim_become_friends(w, a, b);
}

size_t sim_says(sim_world *w, sim_person *from, sim_person *to, size_t size) {
  size_t item = sim_ledger_say(w, from->who, &to->who, 1, size, true);
  const char *answer = sim_do(w, from, &(sim_errand){.deed = SIM_SEND, .item = item});
  bool is_queued = sim_is(answer, "ok") && w->ledger.words[item].copy[0].acked;
  sim_expect(w, is_queued, "%s can't send to %s: %s", from->name, to->name, answer);
  return item;
}

static bool is_nothing_open(sim_world *w, const void *arg) {
  size_t number;
  (void)arg;
  return sim_ledger_open(w, &number) == NULL;
}

void sim_all_arrives(sim_world *w, uint64_t ms) {
  size_t number = 0;
  sim_run_until(w, is_nothing_open, NULL, ms);
  const sim_copy *copy = sim_ledger_open(w, &number);
  sim_expect(w, copy == NULL, "w%zu has not arrived at %s's after %" PRIu64 " s", number,
             w->person[copy->to]->name, ms / 1000);
}

bool sim_is_delivered(const sim_world *w, size_t words) {
  return w->ledger.words[words].copy[0].delivered;
}

void sim_reads(sim_world *w, sim_person *person, sim_person *other) {
  sim_friend *friend = &person->friend[other->who];
  friend->marked = friend->newest;
  sim_do(w, person, &(sim_errand){.deed = SIM_MARK, .other = other->who, .value = friend->newest});
}

void sim_turns_off(sim_world *w, sim_person *person) {
  sim_node_crash(w, w->node[person->who], VLS_NEVER);
}

void sim_turns_on(sim_world *w, sim_person *person) {
  sim_node_start(w, w->node[person->who]);
}
