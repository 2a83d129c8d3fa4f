#include "weather.h"

#include "world.h"

void sim_whim_begin(sim_world *w) {
  for (unsigned i = 0; i < w->n; i++) {
    uint64_t gap = sim_rng_below(&w->people_rng, 2 * w->weather.act_mean_s * SIM_SECOND + 1);
    sim_after(w, gap, SIM_EV_ACT, i, 0, 0);
  }
}

/* A guest dials the address in the invitation: who can't be dialled, or will live elsewhere by
 * then, had better be the guest. */
static bool is_hard_to_find(const sim_world *w, unsigned who) {
  bool travels = w->weather.mean_s[SIM_FAULT_MOVE] != 0 && w->weather.traveller == who;
  return travels || w->weather.natted == who + 1;
}

void sim_whim_meet(sim_world *w, unsigned inviter, unsigned guest) {
  if (is_hard_to_find(w, inviter)) {
    unsigned swap = inviter;
    inviter = guest;
    guest = swap;
  }
  size_t item = sim_ledger_invite(w, inviter, guest);
  sim_errand invite = {.deed = SIM_INVITE, .item = item, .other = guest};
  if (sim_rng_chance(&w->people_rng, w->weather.brief_per_mille))
    invite.value = sim_rng_between(&w->people_rng, 60, 1200);
  sim_person_ask(w, w->person[inviter], &invite);
}

/* A friend of this person, or SIM_STRANGER. */
static unsigned some_friend(sim_world *w, const sim_person *person) {
  unsigned start = (unsigned)sim_rng_below(&w->people_rng, w->n);
  for (unsigned i = 0; i < w->n; i++) {
    unsigned other = (start + i) % w->n;
    if (person->friend[other].known) return other;
  }
  return SIM_STRANGER;
}

/* Met, or about to meet, and nobody has thought better of it. */
static bool was_invited(const sim_world *w, unsigned a, unsigned b) {
  if (w->person[a]->friend[b].is_removed || w->person[b]->friend[a].is_removed) return false;
  for (size_t i = 0; i < w->ledger.n_invitations; i++) {
    const sim_invitation *inv = &w->ledger.invitations[i];
    if ((inv->from == a && inv->to == b) || (inv->from == b && inv->to == a)) return true;
  }
  return false;
}

static void meet_somebody(sim_world *w, const sim_person *person) {
  unsigned start = (unsigned)sim_rng_below(&w->people_rng, w->n);
  bool is_absent_minded = sim_rng_chance(&w->people_rng, 100); /* invites whom they know */
  for (unsigned i = 0; i < w->n; i++) {
    unsigned other = (start + i) % w->n;
    bool is_known = !is_absent_minded && was_invited(w, person->who, other);
    if (other == person->who || is_known) continue;
    sim_whim_meet(w, person->who, other);
    return;
  }
}

static size_t some_length(sim_world *w) {
  sim_rng *rng = &w->people_rng;
  if (sim_rng_chance(rng, w->weather.long_per_mille))
    return (size_t)sim_rng_between(rng, 2000, SIM_TEXT_MAX);
  return (size_t)sim_rng_between(rng, 1, sim_rng_chance(rng, 850) ? 200 : 2000);
}

static void say(sim_world *w, sim_person *person) {
  unsigned to[SIM_COPIES_MAX], n = 0;
  unsigned wanted = sim_rng_chance(&w->people_rng, 100) ? SIM_COPIES_MAX : 1;
  if (person->n_errands + 1 >= SIM_ERRANDS_MAX) return;
  for (unsigned i = 0; i < wanted; i++) {
    unsigned other = some_friend(w, person);
    bool is_new = other != SIM_STRANGER;
    for (unsigned k = 0; k < n; k++)
      is_new = is_new && to[k] != other;
    if (is_new) to[n++] = other;
  }
  if (n == 0) return;
  bool has_cid = sim_rng_chance(&w->people_rng, 800);
  size_t item = sim_ledger_say(w, person->who, to, n, some_length(w), has_cid);
  sim_person_ask(w, person, &(sim_errand){.deed = SIM_SEND, .item = item});
}

/* Says something again with its client message id, though the answer came long ago. */
static void repeat_oneself(sim_world *w, sim_person *person) {
  size_t n = w->ledger.n_words;
  for (size_t i = n; i-- > 0;) {
    const sim_words *words = &w->ledger.words[i];
    if (words->from != person->who || !words->has_cid || !words->copy[0].acked) continue;
    sim_person_ask(w, person, &(sim_errand){.deed = SIM_SEND, .item = i});
    return;
  }
}

static void mark_read(sim_world *w, sim_person *person, unsigned other) {
  sim_friend *friend = &person->friend[other];
  if (friend->newest <= friend->marked) return;
  uint64_t upto = sim_rng_between(&w->people_rng, friend->marked + 1, friend->newest);
  friend->marked = upto;
  sim_person_ask(w, person, &(sim_errand){.deed = SIM_MARK, .other = other, .value = upto});
}

static void acknowledge(sim_world *w, sim_person *person) {
  unsigned via = (unsigned)sim_rng_below(&w->people_rng, SIM_FEEDS);
  sim_feed *conn = &person->conn[via];
  if (conn->consumer == NULL || !conn->is_subscribed || conn->at == 0) return;
  if (conn->at > conn->asked) conn->asked = conn->at;
  sim_person_ask(w, person, &(sim_errand){.deed = SIM_ACK, .via = via, .value = conn->at});
}

static void take_back(sim_world *w, sim_person *person) {
  for (size_t i = w->ledger.n_words; i-- > 0;) {
    const sim_words *words = &w->ledger.words[i];
    sim_copy *copy = &w->ledger.words[i].copy[0];
    if (words->from != person->who || !copy->acked || copy->delivered) continue;
    copy->cancelling = true;
    sim_person_ask(w, person, &(sim_errand){.deed = SIM_CANCEL, .value = copy->n});
    return;
  }
}

static void rename_friend(sim_world *w, sim_person *person, unsigned other) {
  sim_errand errand = {.deed = SIM_RENAME, .other = other};
  snprintf(errand.name, sizeof errand.name, "%s %u", w->person[other]->name,
           (unsigned)sim_rng_below(&w->people_rng, 1000));
  sim_person_ask(w, person, &errand);
}

static void quarrel(sim_world *w, sim_person *person, unsigned other) {
  bool is_blocked = person->friend[other].is_blocked;
  if (person->friend[other].changing != 0) return;
  if (sim_rng_chance(&w->people_rng, 100))
    sim_person_ask(w, person, &(sim_errand){.deed = SIM_REMOVE, .other = other});
  else
    sim_person_ask(w, person,
                   &(sim_errand){.deed = SIM_BLOCK, .other = other, .value = is_blocked ? 0 : 1});
}

static void act(sim_world *w, sim_person *person) {
  unsigned idea = (unsigned)sim_rng_below(&w->people_rng, 100);
  unsigned other = some_friend(w, person);
  if (other == SIM_STRANGER || idea < 5) {
    meet_somebody(w, person);
  } else if (idea < 62) {
    say(w, person);
  } else if (idea < 66) {
    for (uint64_t n = sim_rng_between(&w->people_rng, 3, 30); n > 0; n--)
      say(w, person);
  } else if (idea < 76) {
    mark_read(w, person, other);
  } else if (idea < 88) {
    acknowledge(w, person);
  } else if (idea < 90) {
    rename_friend(w, person, other);
  } else if (idea < 93) {
    take_back(w, person);
  } else if (idea < 95) {
    sim_person_ask(w, person, &(sim_errand){.deed = SIM_RETRY});
  } else if (idea < 98 || !w->weather.has_quarrels) {
    repeat_oneself(w, person);
  } else {
    quarrel(w, person, other);
  }
}

void sim_whim(sim_world *w, sim_person *person) {
  if (w->weather.is_over || w->weather.acts_left == 0) return;
  w->weather.acts_left--;
  act(w, person);
  uint64_t gap = sim_rng_below(&w->people_rng, 2 * w->weather.act_mean_s * SIM_SECOND + 1);
  sim_after(w, gap, SIM_EV_ACT, person->who, 0, 0);
}
