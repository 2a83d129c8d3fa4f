/* valise_sim: worlds from seeds, stories from scripts. One line for each; 1 when something is
 * broken. */
#include <errno.h>
#include <getopt.h>
#include <sys/wait.h>
#include <time.h>

#include "scenarios.h"

typedef struct options {
  uint64_t seed, first, count; /* count 0: just one */
  const char *scenario;
  bool trace, all_scenarios, twice, list, keep_going;
  bool is_apart; /* the parent process says how to see it again */
  bool sweep, groups;
  unsigned members; /* of a world with a group; 0: by the dice */
  sim_sweep orders;
} options;

static void usage(FILE *out) {
  fputs("usage: valise_sim --seeds N [--from SEED] [--twice] [--keep-going]\n"
        "       valise_sim --seed SEED [--trace]\n"
        "       valise_sim --groups --seeds N | --seed SEED [--members N] [...]\n"
        "       valise_sim --scenario NAME [--seed SEED] [--trace]\n"
        "       valise_sim --scenarios | --list\n"
        "       valise_sim --sweep [--store plain|sealed|first] [--one-in N [--draw N]]\n"
        "                   [--after OPERATION] [--jobs N]\n"
        "       valise_sim --strike OPERATION --blow NAME [--store plain|sealed|first] [--trace]\n",
        out);
}

static bool get_number(const char *text, uint64_t *ret) {
  char *end = NULL;
  errno = 0;
  *ret = strtoull(text, &end, 10);
  return errno == 0 && end != text && *end == '\0';
}

static void how_to_replay(const options *o, const sim_scenario *story, uint64_t seed, char *ret,
                          size_t size) {
  char members[32] = "";
  if (o->members != 0) snprintf(members, sizeof members, " --members %u", o->members);
  if (story == NULL)
    snprintf(ret, size, "valise_sim%s%s --seed %" PRIu64, o->groups ? " --groups" : "", members,
             seed);
  else
    snprintf(ret, size, "valise_sim --scenario %s --seed %" PRIu64, story->name, seed);
}

static void say_line(const sim_world *w) {
  size_t heap = 0;
  for (unsigned i = 0; i < w->n; i++)
    if (w->node[i]->core_bytes > heap) heap = w->node[i]->core_bytes;
  printf("trace %016" PRIx64 ", %u citizens, %zu texts, %" PRIu64 " steps, %" PRIu64
         " hours, core %zu KiB\n",
         w->trace.hash, w->n, w->ledger.n_words, w->steps, w->now / SIM_HOUR, heap >> 10);
}

/* Plays one world to its end and gives the hash of its trace. */
static uint64_t play(const options *o, const sim_scenario *story, uint64_t seed, bool says) {
  char replay[128];
  size_t before = sim_heap_bytes();
  how_to_replay(o, story, seed, replay, sizeof replay);
  sim_world *w = sim_world_new(seed, o->is_apart ? NULL : replay, o->trace);
  if (story == NULL && o->groups)
    sim_club_world(w, o->members);
  else if (story == NULL)
    sim_random_world(w);
  else
    story->play(w);
  if (story != NULL && w->n != 0) sim_check_peace(w);
  if (says) say_line(w);
  uint64_t hash = w->trace.hash;
  sim_world_free(w);
  size_t after = sim_heap_bytes();
  if (after <= before + SIM_LEFT_BYTES) return hash;
  fprintf(stderr, "BROKEN, seed %" PRIu64 ": the world is gone and has left %zu KiB of heap\n",
          seed, (after - before) >> 10);
  exit(1);
}

/* The second time everything lies elsewhere in memory: what depends on an address shows. */
static int play_once_or_twice(const options *o, const sim_scenario *story, uint64_t seed) {
  uint64_t first = play(o, story, seed, true);
  if (!o->twice) return 0;
  void *elsewhere = vls_calloc(1, 1237 * 16);
  uint64_t second = play(o, story, seed, false);
  free(elsewhere);
  if (second == first) return 0;
  fprintf(stderr, "BROKEN, seed %" PRIu64 ": the same seed gave another trace\n", seed);
  return 1;
}

/* In a process of its own: an assertion in a core costs one world, not the run. */
static bool play_apart(options *o, const sim_scenario *story, uint64_t seed) {
  if (story != NULL)
    printf("%-18s ", story->name);
  else
    printf("seed %-6" PRIu64 " ", seed);
  fflush(stdout);
  pid_t child = fork();
  if (child < 0) {
    perror("fork");
    return false;
  }
  if (child == 0) {
    o->is_apart = true;
    exit(play_once_or_twice(o, story, seed));
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
  char replay[128];
  how_to_replay(o, story, seed, replay, sizeof replay);
  if (WIFSIGNALED(status)) fprintf(stderr, "BROKEN: killed by signal %d\n", WTERMSIG(status));
  fprintf(stderr, "to see it again: %s\n", replay);
  return false;
}

static int play_many(options *o) {
  int broken = 0;
  const sim_scenario *story = sim_scenarios();
  if (o->all_scenarios)
    for (; story->name != NULL && (broken == 0 || o->keep_going); story++)
      broken += story->is_long || play_apart(o, story, o->seed) ? 0 : 1;
  else
    for (uint64_t i = 0; i < o->count && (broken == 0 || o->keep_going); i++)
      broken += play_apart(o, NULL, o->first + i) ? 0 : 1;
  if (broken != 0) fprintf(stderr, "%d broken\n", broken);
  return broken == 0 ? 0 : 1;
}

/* True: the option is one of a sweep, and makes sense. */
static bool parse_sweep(int c, sim_sweep *orders) {
  uint64_t n = 0;
  bool is_number = optarg != NULL && get_number(optarg, &n);
  switch (c) {
  case 'w': return true;
  case 'o':
    orders->kind = strcmp(optarg, "sealed") == 0  ? SIM_STORE_SEALED
                   : strcmp(optarg, "plain") == 0 ? SIM_STORE_PLAIN
                                                  : SIM_STORE_MEMORY;
    return orders->kind != SIM_STORE_MEMORY || strcmp(optarg, "first") == 0;
  case 'i': orders->one_in = n; return is_number && n > 0;
  case 'd': orders->draw = n; return is_number;
  case 'j': orders->jobs = (unsigned)n; return is_number && n > 0 && n <= SIM_JOBS_MAX;
  case 'e': orders->after = n; return is_number;
  case 'x': orders->number = n; return is_number && n > 0;
  case 'b': orders->blow = optarg; return true;
  default: return false;
  }
}

static bool parse(int argc, char **argv, options *o) {
  static const struct option table[] = {
      {"seeds", required_argument, NULL, 'n'},
      {"seed", required_argument, NULL, 's'},
      {"from", required_argument, NULL, 'f'},
      {"scenario", required_argument, NULL, 'c'},
      {"scenarios", no_argument, NULL, 'a'},
      {"trace", no_argument, NULL, 't'},
      {"twice", no_argument, NULL, '2'},
      {"list", no_argument, NULL, 'l'},
      {"keep-going", no_argument, NULL, 'k'},
      {"groups", no_argument, NULL, 'g'},
      {"members", required_argument, NULL, 'm'},
      {"sweep", no_argument, NULL, 'w'},
      {"store", required_argument, NULL, 'o'},
      {"after", required_argument, NULL, 'e'},
      {"one-in", required_argument, NULL, 'i'},
      {"draw", required_argument, NULL, 'd'},
      {"jobs", required_argument, NULL, 'j'},
      {"strike", required_argument, NULL, 'x'},
      {"blow", required_argument, NULL, 'b'},
      {"help", no_argument, NULL, 'h'},
      {NULL, 0, NULL, 0},
  };
  int c;
  uint64_t n;
  while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
    switch (c) {
    case 'n':
      if (!get_number(optarg, &o->count)) return false;
      break;
    case 's':
      if (!get_number(optarg, &o->seed)) return false;
      break;
    case 'f':
      if (!get_number(optarg, &o->first)) return false;
      break;
    case 'c': o->scenario = optarg; break;
    case 'a': o->all_scenarios = true; break;
    case 't': o->trace = true; break;
    case '2': o->twice = true; break;
    case 'l': o->list = true; break;
    case 'k': o->keep_going = true; break;
    case 'g': o->groups = true; break;
    case 'm':
      if (!get_number(optarg, &n) || n < 2 || n > SIM_CITIZENS_MAX) return false;
      o->members = (unsigned)n;
      break;
    default:
      if (!parse_sweep(c, &o->orders)) return false;
      o->sweep = true;
      break;
    }
  }
  return optind == argc && argc > 1;
}

int main(int argc, char **argv) {
  options o = {.seed = 1, .first = 1};
  o.orders = (sim_sweep){.kind = SIM_STORE_PLAIN, .one_in = 1, .jobs = 1};
  if (!parse(argc, argv, &o) || (o.orders.number != 0) != (o.orders.blow != NULL)) {
    usage(stderr);
    return 2;
  }
  if (o.sweep) {
    o.orders.seed = o.seed;
    o.orders.trace = o.trace;
    if (o.orders.draw == 0) o.orders.draw = getenv("CI") != NULL ? 1 : (uint64_t)time(NULL);
    return sim_sweep_play(&o.orders);
  }
  const sim_scenario *story = sim_scenarios();
  if (o.list) {
    for (; story->name != NULL; story++)
      printf("%-18s %s\n", story->name, story->what);
    return 0;
  }
  if (o.all_scenarios || o.count != 0) return play_many(&o);
  if (o.scenario == NULL) return play_once_or_twice(&o, NULL, o.seed);
  while (story->name != NULL && strcmp(story->name, o.scenario) != 0)
    story++;
  if (story->name != NULL) return play_once_or_twice(&o, story, o.seed);
  fprintf(stderr, "there is no scenario '%s'; see --list\n", o.scenario);
  return 2;
}
