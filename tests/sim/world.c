#include "world.h"

#include <stdarg.h>

#include "check.h"

sim_world *sim_world_new(uint64_t seed, const char *replay, bool print) {
  sim_world *w = vls_calloc(1, sizeof *w);
  w->seed = seed;
  w->replay = replay;
  w->trace.hash = SIM_HASH_START;
  w->trace.print = print;
  w->net_rng = sim_rng_new(seed, 1);
  w->people_rng = sim_rng_new(seed, 2);
  w->weather.rng = sim_rng_new(seed, 3);
  w->stranger.rng = sim_rng_new(seed, 4);
  w->disk.rng = sim_rng_new(seed, 5);
  sim_net_init(w);
  return w;
}

void sim_world_free(sim_world *w) {
  if (w == NULL) return;
  for (unsigned i = 0; i < w->n; i++)
    sim_node_free(w, w->node[i]);
  for (unsigned i = 0; i < w->n; i++)
    sim_person_free(w->person[i]);
  for (unsigned i = 0; i < w->n_actors; i++)
    sim_actor_free(w->actor[i]);
  sim_net_done(w);
  sim_disk_done(w);
  sim_ledger_done(w);
  free(w->club);
  free(w->queue.heap);
  free(w);
}

/* A binary heap. Two events at one time happen in the order in which they were put in. */
static bool is_earlier(const sim_event *a, const sim_event *b) {
  return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

static void enqueue(sim_world *w, sim_event event) {
  sim_queue *q = &w->queue;
  sim_expect(w, q->n < SIM_PENDING_MAX, "a storm: %zu events are pending", q->n);
  if (q->n == q->cap) {
    q->cap = q->cap == 0 ? 256 : q->cap * 2;
    q->heap = vls_realloc(q->heap, q->cap * sizeof *q->heap);
  }
  size_t i = q->n++;
  for (; i > 0 && is_earlier(&event, &q->heap[(i - 1) / 2]); i = (i - 1) / 2)
    q->heap[i] = q->heap[(i - 1) / 2];
  q->heap[i] = event;
}

void sim_after(sim_world *w, uint64_t delay, sim_event_type type, uint64_t a, uint64_t b,
               uint64_t c) {
  enqueue(w, (sim_event){w->now + delay, w->queue.next_seq++, type, a, b, c});
}

static sim_event take_first(sim_queue *q) {
  sim_event first = q->heap[0], last = q->heap[--q->n];
  size_t i = 0;
  for (;;) {
    size_t child = 2 * i + 1;
    if (child >= q->n) break;
    if (child + 1 < q->n && is_earlier(&q->heap[child + 1], &q->heap[child])) child++;
    if (!is_earlier(&q->heap[child], &last)) break;
    q->heap[i] = q->heap[child];
    i = child;
  }
  if (q->n != 0) q->heap[i] = last;
  return first;
}

/* The node that this happens to; NULL when it happens to nobody, or is over. */
static const sim_node *whose(const sim_world *w, const sim_event *e) {
  switch (e->type) {
  case SIM_EV_OPENED:
  case SIM_EV_READ:
  case SIM_EV_SHUT: {
    const sim_link *link = sim_net_link(w, e->a);
    unsigned who = link == NULL ? SIM_STRANGER : link->end[e->b].who;
    return who < w->n ? w->node[who] : NULL;
  }
  case SIM_EV_BATCH:
  case SIM_EV_TIMER:
  case SIM_EV_QUIET:
  case SIM_EV_ROOM: return w->node[e->a];
  case SIM_EV_ARRIVE: /* reading waits, arriving does not: net.c */
  case SIM_EV_RESTART:
  case SIM_EV_WAKE:
  case SIM_EV_ACT:
  case SIM_EV_LETTER:
  case SIM_EV_WEATHER:
  case SIM_EV_HEAL:
  case SIM_EV_STRANGER:
  case SIM_EV_LOOK:
  case SIM_EV_ACTOR:
  case SIM_EV_CLUB:
  case SIM_EV_SESSION:
  case SIM_EV_FOE:
  case SIM_EV_SPLIT: break;
  }
  return NULL;
}

/* Its node is still at work on what was before it. It keeps its place before what comes later. */
static bool put_off(sim_world *w, const sim_event *e) {
  const sim_node *node = w->is_metered ? whose(w, e) : NULL;
  uint64_t until = node == NULL ? 0 : sim_busy_until(w, node);
  if (until != 0) enqueue(w, (sim_event){until, e->seq, e->type, e->a, e->b, e->c});
  return until != 0;
}

static void happen(sim_world *w, const sim_event *e) {
  unsigned who = (unsigned)e->a;
  if (put_off(w, e)) return;
  switch (e->type) {
  case SIM_EV_OPENED: sim_net_opened(w, e->a, (unsigned)e->b); return;
  case SIM_EV_ARRIVE: sim_net_arrive(w, e->a, (unsigned)e->b, e->c); return;
  case SIM_EV_READ: sim_net_read(w, e->a, (unsigned)e->b); return;
  case SIM_EV_SHUT: sim_net_shut(w, e->a, (unsigned)e->b, (sim_end_of)e->c); return;
  case SIM_EV_BATCH: {
    sim_node *node = w->node[who];
    if (node->core != NULL && node->life == e->b && node->batch_open && node->batch == e->c)
      sim_node_end_batch(w, node);
    return;
  }
  case SIM_EV_TIMER:
    if (w->node[who]->core != NULL && w->node[who]->life == e->b)
      sim_node_timer(w, w->node[who], e->c);
    return;
  case SIM_EV_RESTART:
    if (w->node[who]->core != NULL) return;
    sim_node_start(w, w->node[who]);
    sim_after(w, 10, SIM_EV_LOOK, who, SIM_STRANGER, 0);
    return;
  case SIM_EV_QUIET:
    if (w->node[who]->core != NULL && w->node[who]->life == e->b) sim_node_quiet(w, w->node[who]);
    return;
  case SIM_EV_ROOM:
    if (w->node[who]->core == NULL || w->node[who]->life != e->b) return;
    sim_node_feed(w, w->node[who], &(vls_input){.type = VLS_IN_ROOM});
    return;
  case SIM_EV_WAKE: sim_person_wake(w, w->person[who]); return;
  case SIM_EV_ACT: sim_whim(w, w->person[who]); return;
  case SIM_EV_LETTER: sim_person_letter(w, e->a); return;
  case SIM_EV_WEATHER: sim_weather_strike(w, (sim_fault)e->a); return;
  case SIM_EV_HEAL: sim_net_heal(w); return;
  case SIM_EV_STRANGER: sim_stranger_goes_on(w, e->a, e->b != 0); return;
  case SIM_EV_LOOK:
    if (e->b == SIM_STRANGER)
      sim_examine(w, who);
    else
      sim_check_block(w, who, (unsigned)e->b);
    return;
  case SIM_EV_ACTOR: sim_actor_act(w, w->actor[who]); return;
  case SIM_EV_CLUB: sim_club_idea(w, who); return;
  case SIM_EV_SESSION: sim_club_session(w, who); return;
  case SIM_EV_FOE: sim_club_foe(w, who); return;
  case SIM_EV_SPLIT: sim_club_split(w); return;
  }
}

static void step(sim_world *w) {
  sim_event event = take_first(&w->queue);
  w->now = event.at;
  w->steps++;
  happen(w, &event);
  /* Only here is nothing half done: what comes after a strike is another story. */
  if (w->strike.is_on && w->strike.aftermath != NULL) sim_strike_aftermath(w);
}

bool sim_run_until(sim_world *w, sim_condition is_so, const void *arg, uint64_t ms) {
  uint64_t end = w->now + ms;
  while (!is_so(w, arg)) {
    if (w->queue.n == 0 || w->queue.heap[0].at > end) {
      w->now = end;
      return false;
    }
    step(w);
  }
  return true;
}

static bool never(sim_world *w, const void *arg) {
  (void)w;
  (void)arg;
  return false;
}

void sim_run(sim_world *w, uint64_t ms) {
  sim_run_until(w, never, NULL, ms);
}

uint64_t sim_hash(uint64_t hash, vls_slice bytes) {
  for (size_t i = 0; i < bytes.n; i++)
    hash = (hash ^ bytes.p[i]) * UINT64_C(0x100000001b3);
  return hash;
}

void sim_trace_line(sim_world *w, unsigned who, const char *format, ...) {
  char *line = w->trace.ring[w->trace.lines++ % SIM_TRACE_RING];
  const char *name = who >= w->n ? "-" : w->person[who]->name;
  int n = snprintf(line, SIM_TRACE_LINE, "%6" PRIu64 ".%03" PRIu64 " %-6s ", w->now / 1000,
                   w->now % 1000, name);
  va_list args;
  va_start(args, format);
  vsnprintf(line + n, SIM_TRACE_LINE - (size_t)n, format, args);
  va_end(args);
  w->trace.hash = sim_hash(w->trace.hash, vls_slice_str(line));
  if (w->trace.print) puts(line);
}

/* _exit: what the world still holds is not worth a report by the leak checker. */
_Noreturn void sim_fail(sim_world *w, const char *format, ...) {
  uint64_t first = w->trace.lines > SIM_TRACE_RING ? w->trace.lines - SIM_TRACE_RING : 0;
  fflush(stdout);
  if (!w->trace.print)
    for (uint64_t i = first; i < w->trace.lines; i++)
      fprintf(stderr, "  %s\n", w->trace.ring[i % SIM_TRACE_RING]);
  fprintf(stderr, "BROKEN after %" PRIu64 " s, seed %" PRIu64 ": ", w->now / 1000, w->seed);
  va_list args;
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
  fputc('\n', stderr);
  if (w->replay != NULL) fprintf(stderr, "to see it again: %s\n", w->replay);
  fflush(stderr);
  _exit(1);
}
