/* The end of every world: faults stop, everybody comes home, and what was promised must come true.
 */
#include "check.h"
#include "proto/rpc.h"
#include "world.h"

static void everybody_home(sim_world *w) {
  w->weather.is_over = true;
  sim_actors_leave(w);
  w->net.refuse_per_mille = w->net.deaf_per_mille = 0;
  w->net.bytes_per_ms = 0;
  sim_net_heal(w);
  for (unsigned i = 0; i < w->n; i++) {
    sim_net_nat(w, i, w->weather.natted == i + 1);
    w->node[i]->crash_point = SIM_CRASH_NONE;
    sim_node_start(w, w->node[i]);
    for (unsigned via = 0; via < SIM_FEEDS; via++)
      sim_feed_slow(w, w->person[i], via, false);
  }
}

static bool is_idle(sim_world *w, const void *arg) {
  (void)arg;
  for (unsigned i = 0; i < w->n; i++)
    if (!sim_person_is_idle(w->person[i]) || w->node[i]->batch_open) return false;
  return true;
}

/* Client message ids are remembered for a week: nobody may wait for an answer while clocks leap a
 * month. */
static void set_clocks_right(sim_world *w) {
  sim_run_until(w, is_idle, NULL, SIM_HOUR);
  for (unsigned i = 0; i < w->n; i++)
    w->node[i]->skew_ms = 0;
}

static bool is_settled(sim_world *w, const void *arg) {
  size_t number;
  return is_idle(w, arg) && sim_ledger_open(w, &number) == NULL;
}

/* What came back to a node whose data had gone back is known when its list is read. */
static void look_at_what_is_back(sim_world *w) {
  for (unsigned k = 0; w->weather.backup != NULL && k < 2; k++) {
    sim_run(w, 30 * SIM_MINUTE);
    for (unsigned i = 0; i < w->n; i++)
      sim_examine(w, i);
  }
}

static void expect_settled(sim_world *w) {
  size_t number = 0;
  look_at_what_is_back(w);
  if (sim_run_until(w, is_settled, NULL, SIM_PEACE_HOURS * SIM_HOUR)) return;
  for (unsigned i = 0; i < w->n; i++)
    sim_expect(w, sim_person_is_idle(w->person[i]), "a call of %s (deed %d) was never answered",
               w->person[i]->name, (int)w->person[i]->errand[0].deed);
  const sim_copy *copy = sim_ledger_open(w, &number);
  sim_expect(w, copy == NULL, "w%zu of %s was queued and, after %d hours of peace, is not at %s's",
             number, w->person[w->ledger.words[number].from]->name, SIM_PEACE_HOURS,
             w->person[copy->to]->name);
}

void sim_check_announced(sim_world *w) {
  for (size_t i = 0; i < w->ledger.n_words; i++) {
    const sim_words *words = &w->ledger.words[i];
    for (unsigned k = 0; k < words->n_copies; k++) {
      const sim_copy *copy = &words->copy[k];
      bool is_told = copy->announced || copy->gone_to || copy->arrived_n == 0;
      sim_expect(w, is_told, "w%zu is at %s's node, but no event told of it", i,
                 w->person[copy->to]->name);
    }
  }
}

/* Whoever took an invitation up is a contact now, on both sides. */
static void check_friendships(sim_world *w) {
  for (size_t i = 0; i < w->ledger.n_invitations; i++) {
    const sim_invitation *inv = &w->ledger.invitations[i];
    const sim_friend *host = &w->person[inv->from]->friend[inv->to];
    const sim_friend *guest = &w->person[inv->to]->friend[inv->from];
    bool is_over = guest->failed || guest->is_removed || host->is_removed;
    if (!inv->accepted || is_over || guest->is_blocked || host->is_blocked) continue;
    bool is_ready = host->ready && guest->ready;
    sim_expect(w, is_ready, "%s took %s's invitation up, and for %s it came to nothing",
               w->person[inv->to]->name, w->person[inv->from]->name,
               w->person[guest->ready ? inv->from : inv->to]->name);
  }
}

/* Everybody reads everything, and all who wrote it learn of that. */
static void everybody_reads(sim_world *w) {
  for (unsigned i = 0; i < w->n; i++) {
    sim_person *person = w->person[i];
    for (unsigned other = 0; other < w->n; other++) {
      sim_friend *friend = &person->friend[other];
      if (!friend->known || friend->newest == 0) continue;
      friend->marked = friend->newest;
      sim_errand mark = {.deed = SIM_MARK, .other = other, .value = friend->newest};
      sim_person_ask(w, person, &mark);
    }
    sim_person_ask(w, person, &(sim_errand){.deed = SIM_CONTACTS});
  }
  bool ok = sim_run_until(w, is_settled, NULL, SIM_HOUR);
  sim_expect(w, ok, "nobody answers after everything was read");
  sim_run(w, 10 * SIM_MINUTE);
  for (unsigned i = 0; i < w->n; i++)
    sim_examine(w, i);
  for (size_t i = 0; i < w->ledger.n_words; i++) {
    const sim_words *words = &w->ledger.words[i];
    for (unsigned k = 0; k < words->n_copies; k++) {
      const sim_copy *copy = &words->copy[k];
      bool is_known = copy->read || !copy->delivered || copy->excused || copy->gone_to;
      sim_expect(w, is_known, "%s read w%zu, and %s never learns of it", w->person[copy->to]->name,
                 i, w->person[words->from]->name);
    }
  }
}

static vls_slice ask_status(sim_world *w, sim_node *node, vls_rpc_status *ret) {
  vls_slice result = {0};
  uint8_t none[] = {0x90};
  bool ok = sim_node_probe(w, node, "status", vls_slice_of(none, sizeof none), &result);
  sim_expect(w, ok, "%s's node is busy in the middle of the night", w->person[node->who]->name);
  vls_err err = vls_wire_decode(&vls_rpc_status_def, VLS_WIRE_STRICT, result, ret, NULL);
  sim_expect(w, err == VLS_OK, "the result of status is not as rpc.def has it");
  return result;
}

static bool has_excuse(const sim_world *w, unsigned who) {
  for (size_t i = 0; i < w->ledger.n_words; i++) {
    const sim_words *words = &w->ledger.words[i];
    for (unsigned k = 0; k < words->n_copies; k++)
      if (words->from == who && !words->copy[k].delivered &&
          (words->copy[k].excused || words->given_up))
        return true;
  }
  return false;
}

static bool has_quarrels(const sim_world *w, unsigned who) {
  for (unsigned other = 0; other < w->n; other++) {
    const sim_friend *friend = &w->person[who]->friend[other];
    if (friend->is_blocked || friend->is_removed) return true;
  }
  return false;
}

static void check_quiet(sim_world *w) {
  uint64_t before[SIM_CITIZENS_MAX];
  for (unsigned i = 0; i < w->n; i++)
    before[i] = w->node[i]->ticks;
  sim_run(w, SIM_QUIET_MINUTES * SIM_MINUTE);
  for (unsigned i = 0; i < w->n; i++) {
    vls_rpc_status status;
    uint64_t ticks = w->node[i]->ticks - before[i];
    for (unsigned k = 0; k < 10 && w->node[i]->batch_open; k++)
      sim_run(w, VLS_BATCH_MS);
    ask_status(w, w->node[i], &status);
    uint64_t allowed = SIM_QUIET_TICKS * (1 + status.contacts);
    sim_expect(w, ticks <= allowed,
               "a busy timer: %s's node woke up %" PRIu64 " times in %d quiet minutes",
               w->person[i]->name, ticks, SIM_QUIET_MINUTES);
    sim_expect(w, status.queued == 0 || has_excuse(w, i) || w->n_actors > 0,
               "%" PRIu64 " texts of %s wait for ever", status.queued, w->person[i]->name);
    sim_expect(w, status.unread == 0 || has_quarrels(w, i) || w->n_actors > 0,
               "%s read everything, and %" PRIu64 " texts count as unread", w->person[i]->name,
               status.unread);
  }
}

void sim_check_peace(sim_world *w) {
  everybody_home(w);
  if (w->weather.has_wild_clocks) set_clocks_right(w);
  expect_settled(w);
  sim_run(w, 10 * SIM_MINUTE); /* the feeds' last words */
  sim_check_announced(w);
  everybody_reads(w);
  check_friendships(w);
  check_quiet(w);
  for (unsigned i = 0; i < w->n; i++) {
    sim_node *node = w->node[i];
    sim_examine(w, i);
    sim_node_crash(w, node, 1);
    size_t allowed = SIM_IDLE_CORE_BYTES + w->n * (size_t)SIM_IDLE_FRIEND_BYTES;
    sim_expect(w, node->last_core_bytes <= allowed, "the idle core of %s held %zu KiB of heap",
               w->person[i]->name, node->last_core_bytes >> 10);
    size_t most = SIM_BUSY_CORE_BYTES + w->n * (size_t)SIM_BUSY_FRIEND_BYTES;
    sim_expect(w, node->core_bytes <= most, "the core of %s held %zu KiB of heap",
               w->person[i]->name, node->core_bytes >> 10);
  }
  sim_run(w, SIM_MINUTE);
  for (unsigned i = 0; i < w->n; i++)
    sim_examine(w, i);
  sim_run(w, SIM_MINUTE);
}
