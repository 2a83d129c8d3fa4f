/* A day in two citizens' lives, for a sweep of faults (strike.h): everything in it goes on by
 * itself, so that it can be left at any moment. */
#include "scenarios.h"

enum {
  ROUNDS = 10,
  TEXTS_EACH = 20,
  PEACE_EACH = 16, /* of so many operations one is followed by the long end of every world */
};

static bool is_met(sim_world *w, const void *arg) {
  (void)arg;
  return w->person[0]->friend[1].ready && w->person[1]->friend[0].ready;
}

static bool is_idle(sim_world *w, const void *arg) {
  (void)arg;
  for (unsigned i = 0; i < w->n; i++)
    if (!sim_person_is_idle(w->person[i]) || w->node[i]->batch_open) return false;
  return true;
}

static bool is_done(sim_world *w, const void *arg) {
  size_t number;
  return is_idle(w, arg) && sim_ledger_open(w, &number) == NULL;
}

static void meet(sim_world *w) {
  bool ok = false;
  for (unsigned from = 0; from < 2 && !ok; from++) { /* who was removed must invite */
    if (from > 0 || w->ledger.n_invitations == 0) sim_whim_meet(w, from, 1 - from);
    ok = sim_run_until(w, is_met, NULL, 2 * SIM_HOUR);
  }
  sim_expect(w, ok, "they don't become contacts");
}

static void say(sim_world *w, unsigned from, size_t size) {
  unsigned to = 1 - from;
  size_t item = sim_ledger_say(w, from, &to, 1, size, true);
  sim_person_ask(w, w->person[from], &(sim_errand){.deed = SIM_SEND, .item = item});
}

static void settle(sim_world *w, uint64_t ms) {
  bool ok = sim_run_until(w, is_done, NULL, ms);
  sim_expect(w, ok, "a text or a call is stuck");
}

static void read_all(sim_world *w, unsigned who) {
  sim_friend *friend = &w->person[who]->friend[1 - who];
  if (!friend->known || friend->newest == 0) return;
  friend->marked = friend->newest;
  sim_errand mark = {.deed = SIM_MARK, .other = 1 - who, .value = friend->newest};
  sim_person_ask(w, w->person[who], &mark);
}

/* 200 texts each way: one by one, many at once, some long. */
static void talk(sim_world *w) {
  for (unsigned round = 0; round < ROUNDS; round++) {
    unsigned from = round % 2;
    for (unsigned i = 0; i < TEXTS_EACH; i++) {
      say(w, from, i == 7 ? 3000 : 20 + 10 * i);
      say(w, 1 - from, 30 + i);
    }
    settle(w, SIM_MINUTE);
    read_all(w, from);
    sim_run(w, round % 3 == 2 ? 4 * SIM_SECOND : 100);
  }
  say(w, 0, 10);
  settle(w, SIM_MINUTE);
  say(w, 1, 10);
  settle(w, SIM_MINUTE);
}

static void edit_contacts(sim_world *w) {
  sim_errand rename = {.deed = SIM_RENAME, .other = 1, .name = "Bao of the bakery"};
  sim_person_ask(w, w->person[0], &rename);
  settle(w, SIM_MINUTE);
  sim_person_ask(w, w->person[1], &(sim_errand){.deed = SIM_BLOCK, .other = 0, .value = 1});
  settle(w, SIM_MINUTE);
  sim_person_ask(w, w->person[1], &(sim_errand){.deed = SIM_BLOCK, .other = 0, .value = 0});
  settle(w, SIM_MINUTE);
}

/* What is written while the other is off waits, and goes out when they are back. */
static void night(sim_world *w) {
  sim_node_stop(w, w->node[1], 3 * SIM_HOUR);
  say(w, 0, 100);
  say(w, 0, 200);
  sim_run(w, SIM_MINUTE);
  sim_node_stop(w, w->node[0], SIM_HOUR);
  settle(w, 6 * SIM_HOUR);
}

/* Signed prekeys and cards are replaced, and then both meet anew: new sessions, new link keys. Who
 * removes a contact loses the texts with it. */
static void new_keys(sim_world *w) {
  for (unsigned who = 0; who < 2; who++) /* an hour is as the next, and they would be most of it */
    sim_node_stop(w, w->node[who], 8 * SIM_DAY);
  sim_run(w, 8 * SIM_DAY + SIM_SECOND);
  say(w, 0, 50);
  say(w, 1, 50);
  settle(w, SIM_HOUR);
  sim_person_ask(w, w->person[0], &(sim_errand){.deed = SIM_REMOVE, .other = 1});
  settle(w, SIM_HOUR);
  sim_whim_meet(w, 1, 0);
  meet(w);
  for (unsigned i = 0; i < 5; i++) {
    say(w, 0, 50);
    say(w, 1, 50);
  }
  settle(w, SIM_HOUR);
}

/* Ana sets a passphrase: her store is encrypted. */
static void encrypt(sim_world *w) {
  sim_node *node = w->node[0];
  if (node->place.kind != SIM_STORE_PLAIN) return;
  sim_node_stop(w, node, VLS_NEVER);
  sim_store_seal(w, node);
  sim_node_start(w, node);
  say(w, 0, 70);
  say(w, 1, 70);
  settle(w, SIM_HOUR);
}

/* They met with the first version of valised, and wrote; today both get this one. What Ana still
 * has to send goes out then. */
static void upgrade(sim_world *w) {
  for (unsigned i = 0; i < TEXTS_EACH; i++) {
    say(w, 0, 100 * i);
    say(w, 1, 100);
  }
  settle(w, SIM_MINUTE);
  sim_node_stop(w, w->node[1], VLS_NEVER);
  say(w, 0, 3000);
  say(w, 0, 20);
  sim_run(w, SIM_MINUTE);
  sim_node_stop(w, w->node[0], VLS_NEVER);
  for (unsigned who = 0; who < 2; who++)
    sim_store_as_first(w, w->node[who]);
  for (unsigned who = 0; who < 2; who++)
    sim_node_start(w, w->node[who]);
  sim_run(w, SIM_SECOND);
  say(w, 1, 50);
  settle(w, 2 * SIM_HOUR);
}

void sim_day(sim_world *w) {
  sim_person_new(w, "Ana");
  sim_person_new(w, "Bao");
  sim_run(w, SIM_SECOND);
  meet(w);
  if (w->disk.begins_old) {
    upgrade(w);
    return;
  }
  talk(w);
  edit_contacts(w);
  night(w);
  new_keys(w);
  encrypt(w);
}

static void cut_power(sim_world *w, unsigned who) {
  sim_node *node = w->node[who];
  node->place.leaving = SIM_LEAVE_NONE;
  sim_node_crash(w, node, VLS_NEVER);
  sim_node_start(w, node);
}

/* Whatever was broken off goes on by itself. A text each way; then the power goes at both, and what
 * was ever promised is there, and they write again. */
void sim_day_after(sim_world *w) {
  while (w->n < 2)
    sim_person_new(w, "Bao");
  sim_run(w, SIM_SECOND);
  for (unsigned who = 0; who < 2; who++)
    sim_node_start(w, w->node[who]);
  sim_run_until(w, is_idle, NULL, SIM_MINUTE);
  for (unsigned who = 0; who < 2; who++) {
    sim_friend *friend = &w->person[who]->friend[1 - who];
    if (friend->is_blocked || friend->changing != 0)
      sim_person_ask(w, w->person[who], &(sim_errand){.deed = SIM_BLOCK, .other = 1 - who});
  }
  meet(w);
  settle(w, 12 * SIM_HOUR);
  say(w, 0, 40);
  say(w, 1, 40);
  settle(w, 2 * SIM_HOUR);
  cut_power(w, 0);
  cut_power(w, 1);
  say(w, 0, 40);
  say(w, 1, 40);
  settle(w, 2 * SIM_HOUR);
  if (w->strike.number % PEACE_EACH == 0) {
    sim_check_peace(w);
    return;
  }
  sim_run(w, SIM_SECOND); /* the feeds' last words */
  sim_check_announced(w);
  sim_examine(w, 0);
  sim_examine(w, 1);
}
