#include "siege.h"

#include "proto/rpc.h"

static int by_size(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

/* Texts of Ana's to Bao and of his to her, one every `gap` ms; what all but one in a hundred take
 * at most until they are delivered. */
static uint64_t talk(sim_siege *s, uint64_t gap) {
  static uint64_t took[SIM_SIEGE_TEXTS];
  sim_world *w = s->w;
  size_t first = w->ledger.n_words;
  for (unsigned i = 0; i < SIM_SIEGE_TEXTS; i++) {
    sim_person *from = i % 2 ? s->bao : s->ana, *to = i % 2 ? s->ana : s->bao;
    size_t item = sim_ledger_say(w, from->who, &to->who, 1, 60, true);
    w->ledger.words[item].copy[0].said_at = w->now;
    sim_person_ask(w, from, &(sim_errand){.deed = SIM_SEND, .item = item});
    sim_run(w, gap);
  }
  sim_all_arrives(w, SIM_MINUTE);
  for (unsigned i = 0; i < SIM_SIEGE_TEXTS; i++) {
    const sim_copy *copy = &w->ledger.words[first + i].copy[0];
    sim_expect(w, copy->delivered, "w%zu was not even taken", first + i);
    took[i] = copy->delivered_at - copy->said_at;
  }
  qsort(took, SIM_SIEGE_TEXTS, sizeof took[0], by_size);
  return took[SIM_SIEGE_TEXTS - 1 - SIM_SIEGE_TEXTS / 100];
}

static void give_invitations(sim_world *w, sim_person *person) {
  uint8_t params[] = {0x91, 0x80}; /* [{}] */
  vls_slice result;
  for (unsigned i = 0; i < SIM_SIEGE_INVITATIONS; i++)
    while (
        !sim_node_probe(w, w->node[person->who], "invite.create", vls_slice_of(params, 2), &result))
      sim_run(w, VLS_BATCH_MS);
}

void sim_siege_begin(sim_world *w, sim_siege *s) {
  *s = (sim_siege){.w = w};
  w->net.latency_min = w->net.latency_max = 1;
  w->net.jitter_max = 1;
  s->ana = sim_citizen(w, "Ana");
  s->bao = sim_citizen(w, "Bao");
  sim_befriend(w, s->ana, s->bao);
  give_invitations(w, s->ana);
  w->is_metered = true;
  s->quiet_p99 = talk(s, 10);
  sim_run(w, SIM_MINUTE);
  s->before = w->node[s->ana->who]->cost;
  s->disk_before = sim_disk_bytes(w->node[s->ana->who]);
  s->began = w->now;
}

void sim_siege_hold(sim_siege *s, uint64_t gap, uint64_t ms, const sim_budget *most) {
  sim_world *w = s->w;
  const sim_node *node = w->node[s->ana->who];
  uint64_t p99 = talk(s, gap);
  if (w->now < s->began + ms) sim_run(w, s->began + ms - w->now);
  uint64_t spent = w->now - s->began, stored = sim_disk_bytes(node);
  sim_cost cost = sim_cost_since(&node->cost, &s->before);
  uint64_t cpu_ms = sim_cost_ns(&cost) / 1000000 * SIM_MINUTE / spent;
  uint64_t grown = stored > s->disk_before ? stored - s->disk_before : 0;
  uint64_t disk_kib = (grown >> 10) * SIM_MINUTE / spent;
  printf("p99 %" PRIu64 " ms (quiet %" PRIu64 "), %" PRIu64 " ms CPU and %" PRIu64
         " KiB disk a minute, %" PRId64 " KiB heap\n%-18s ",
         p99, s->quiet_p99, cpu_ms, disk_kib, node->heap_most >> 10, "");
  sim_expect(w, p99 <= SIM_SIEGE_SLOWER * s->quiet_p99,
             "honest texts take %" PRIu64 " ms, and %" PRIu64 " when it is quiet", p99,
             s->quiet_p99);
  sim_expect(w, node->heap_most >> 10 <= (int64_t)most->heap_kib,
             "Ana's core held %" PRId64 " KiB more", node->heap_most >> 10);
  sim_expect(w, cpu_ms <= most->cpu_ms, "it costs Ana's node %" PRIu64 " ms a minute", cpu_ms);
  sim_expect(w, disk_kib <= most->disk_kib, "it costs Ana's disk %" PRIu64 " KiB a minute",
             disk_kib);
}
