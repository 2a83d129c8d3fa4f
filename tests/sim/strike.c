#include "strike.h"

#include <errno.h>
#include <sys/wait.h>
#include <time.h>

#include "world.h"

#define DEED(name) (1u << DISK_##name)
#define CHANGES                                                                                    \
  (DEED(WRITE) | DEED(TRUNCATE) | DEED(SYNC) | DEED(OPEN) | DEED(DELETE) | DEED(RENAME))

enum {
  BLOWS_MAX = 16,
  BROKEN_MAX = 20, /* then there is no need for more */
  PATIENCE_S = 300,
  RARE = 64, /* so much likelier is it that a rare operation is drawn */
};

static const sim_blow blows[] = {
    {"eio", DISK_EIO, SIM_LEAVE_CHANCE, CHANGES | DEED(READ)},
    {"eio-kill", DISK_EIO, SIM_LEAVE_KILLED, DEED(WRITE) | DEED(SYNC)},
    {"short", DISK_SHORT, SIM_LEAVE_CHANCE, DEED(WRITE) | DEED(SYNC)},
    {"full", DISK_FULL, SIM_LEAVE_CHANCE, DEED(WRITE)},
    {"kill", DISK_CUT, SIM_LEAVE_KILLED, CHANGES},
    {"cut", DISK_CUT, SIM_LEAVE_NONE, CHANGES},
    {"cut-some", DISK_CUT, SIM_LEAVE_SOME, CHANGES},
    {"tear-kill", DISK_TEAR, SIM_LEAVE_KILLED, DEED(WRITE)},
    {"tear-some", DISK_TEAR, SIM_LEAVE_SOME, DEED(WRITE)},
};
enum { BLOWS = sizeof blows / sizeof blows[0] };

typedef struct sweep {
  const sim_sweep *orders;
  sim_world *w;
  uint64_t last; /* operation */
  uint64_t ops[DISK_DEEDS], cases[DISK_DEEDS][BLOWS];
  uint64_t broken;
  unsigned running;
  struct {
    pid_t pid;
    uint64_t number;
    unsigned blow;
  } child[SIM_JOBS_MAX];
  char replay[160];
} sweep;

static const char *const deed_words[] = {
#define X(name, word) word,
    DISK_DEED_LIST(X)
#undef X
};

static const char *const kind_words[] = {
    [SIM_STORE_MEMORY] = "first", [SIM_STORE_PLAIN] = "plain", [SIM_STORE_SEALED] = "sealed"};

static void name_replay(sweep *s, uint64_t number, unsigned blow) {
  snprintf(s->replay, sizeof s->replay,
           "valise_sim --strike %" PRIu64 " --blow %s --store %s --seed %" PRIu64, number,
           blows[blow].name, kind_words[s->orders->kind], s->orders->seed);
}

static void bury(sweep *s, pid_t pid, int status) {
  for (unsigned i = 0; i < s->running; i++) {
    if (s->child[i].pid != pid) continue;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      s->broken++;
      name_replay(s, s->child[i].number, s->child[i].blow);
      if (WIFSIGNALED(status)) fprintf(stderr, "BROKEN: killed by signal %d\n", WTERMSIG(status));
      fprintf(stderr, "to see it again: %s\n", s->replay);
    }
    s->child[i] = s->child[--s->running];
    return;
  }
}

static void wait_one(sweep *s) {
  int status = 0;
  pid_t pid = waitpid(-1, &status, 0);
  if (pid > 0) bury(s, pid, status);
}

/* The same for the same draw: which cases of the many are played. There are few openings and
 * deletions in a day. */
static bool is_drawn(const sweep *s, uint64_t number, disk_deed deed, unsigned blow) {
  if (s->orders->number != 0)
    return number == s->orders->number && strcmp(blows[blow].name, s->orders->blow) == 0;
  bool is_rare = deed == DISK_OPEN || deed == DISK_DELETE || deed == DISK_RENAME;
  uint64_t one_in = is_rare ? (s->orders->one_in + RARE - 1) / RARE : s->orders->one_in;
  sim_rng rng = sim_rng_new(s->orders->draw, number * BLOWS_MAX + blow);
  return sim_rng_below(&rng, one_in) == 0;
}

static disk_fault strike(sweep *s, unsigned blow, disk_deed deed, unsigned who) {
  sim_world *w = s->w;
  sim_node *node = w->node[who];
  w->strike.is_on = true;
  w->strike.number = s->last;
  w->strike.who = who;
  w->strike.deed = deed;
  w->strike.blow = &blows[blow];
  sim_trace_line(w, who, "STRUCK: %s at a %s", blows[blow].name, deed_words[deed]);
  if (blows[blow].fault == DISK_CUT || blows[blow].fault == DISK_TEAR) {
    node->place.leaving = blows[blow].leaving;
    disk_kill(w->disk.d, node->place.folder);
  }
  return blows[blow].fault;
}

static disk_fault fate(void *arg, uint64_t number, disk_deed deed, const char *name) {
  sweep *s = arg;
  if (s->w->strike.is_on) return DISK_FINE;
  unsigned who = (unsigned)strtoul(name + strlen("/sim/"), NULL, 10);
  s->last = number;
  if (number <= s->orders->after) return DISK_FINE;
  s->ops[deed]++;
  for (unsigned blow = 0; blow < BLOWS; blow++) {
    bool is_played = (blows[blow].deeds & (1u << deed)) != 0 && is_drawn(s, number, deed, blow) &&
                     s->broken < BROKEN_MAX;
    if (!is_played) continue;
    s->cases[deed][blow]++;
    if (s->orders->number != 0) return strike(s, blow, deed, who);
    while (s->running >= s->orders->jobs)
      wait_one(s);
    fflush(stdout);
    pid_t pid = fork();
    sim_expect(s->w, pid >= 0, "the simulator itself: no fork: %s", strerror(errno));
    if (pid == 0) {
      alarm(PATIENCE_S);
      name_replay(s, number, blow);
      s->w->replay = NULL; /* the parent says it */
      return strike(s, blow, deed, who);
    }
    s->child[s->running].pid = pid;
    s->child[s->running].number = number;
    s->child[s->running++].blow = blow;
  }
  return DISK_FINE;
}

_Noreturn void sim_strike_aftermath(sim_world *w) {
  void (*play)(sim_world *) = w->strike.aftermath;
  w->strike.aftermath = NULL;
  play(w);
  fflush(stdout);
  _exit(0);
}

static void say(const sweep *s, double seconds) {
  uint64_t ops = 0, cases = 0;
  for (unsigned deed = 0; deed < DISK_DEEDS; deed++) {
    if (s->ops[deed] == 0) continue;
    ops += s->ops[deed];
    printf("%-9s %6" PRIu64 " operations:", deed_words[deed], s->ops[deed]);
    for (unsigned blow = 0; blow < BLOWS; blow++) {
      cases += s->cases[deed][blow];
      if (s->cases[deed][blow] != 0) printf(" %s %" PRIu64, blows[blow].name, s->cases[deed][blow]);
    }
    putchar('\n');
  }
  printf("%s store: %" PRIu64 " operations, %" PRIu64 " faults played, %" PRIu64 " broken, %.0f s",
         kind_words[s->orders->kind], ops, cases, s->broken, seconds);
  if (s->orders->one_in > 1) printf(", draw %" PRIu64, s->orders->draw);
  putchar('\n');
}

int sim_sweep_play(const sim_sweep *orders) {
  static sweep s;
  struct timespec from, to;
  bool is_known = orders->blow == NULL;
  for (unsigned blow = 0; blow < BLOWS && !is_known; blow++)
    is_known = strcmp(blows[blow].name, orders->blow) == 0;
  if (!is_known) return 2;
  clock_gettime(CLOCK_MONOTONIC, &from);
  s = (sweep){.orders = orders};
  s.w = sim_world_new(orders->seed, NULL, orders->trace);
  s.w->disk.kind = orders->kind;
  s.w->disk.begins_old = orders->kind == SIM_STORE_MEMORY;
  s.w->disk.fate = fate;
  s.w->disk.fate_arg = &s;
  s.w->strike.aftermath = sim_day_after;
  sim_day(s.w);
  if (s.w->strike.is_on) sim_strike_aftermath(s.w);
  s.w->disk.d->fate = NULL; /* what follows is no part of the day */
  while (s.running > 0)
    wait_one(&s);
  sim_world_free(s.w);
  clock_gettime(CLOCK_MONOTONIC, &to);
  say(&s, (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
  return s.broken == 0 ? 0 : 1;
}
