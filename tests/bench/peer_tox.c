/* c-toxcore beside us: friend messages of 200 bytes between two processes over loopback UDP. It
 * stores and signs nothing, so it has the easier task.
 *
 *   bench_peer_tox bulk N          1 ms between its turns, at most 512 texts without a receipt
 *   bench_peer_tox pingpong N      as slow as it asks its callers to turn it
 *   bench_peer_tox idle SECONDS    one friend online
 *   bench_peer_tox away SECONDS    1,000 friends, none of them there */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <tox/tox.h>
#include <unistd.h>

#include "meter.h"

enum { TEXT = 200, WINDOW = 512, FRIENDS = 1000, PORT = 33445, CPU_A = 1, CPU_B = 0 };
enum { CONNECT_S = 120, REST_S = 3, PATIENCE_S = 60, KEY = TOX_PUBLIC_KEY_SIZE };

typedef struct node {
  Tox *tox;
  uint32_t other;
  bool answers, fast, online;
  size_t texts, receipts;
} node;

static void must(bool ok, const char *what) {
  if (!ok) bench_die("tox: %s", what);
}

static void nap(uint32_t ms) {
  nanosleep(&(struct timespec){ms / 1000, (long)(ms % 1000) * 1000000}, NULL);
}

static void turn(node *n) {
  tox_iterate(n->tox, n);
  nap(n->fast ? 1 : tox_iteration_interval(n->tox));
}

static void turn_for(node *n, double seconds) {
  for (double began = bench_now_s(); bench_now_s() - began < seconds;)
    turn(n);
}

static void on_online(Tox *tox, uint32_t other, Tox_Connection connection, void *user) {
  (void)tox;
  (void)other;
  ((node *)user)->online = connection != TOX_CONNECTION_NONE;
}

static void on_text(Tox *tox, uint32_t other, Tox_Message_Type type, const uint8_t *text, size_t n,
                    void *user) {
  node *self = user;
  self->texts++;
  if (self->answers && text[0] == 'p') tox_friend_send_message(tox, other, type, text, n, NULL);
}

static void on_receipt(Tox *tox, uint32_t other, uint32_t id, void *user) {
  (void)tox;
  (void)other;
  (void)id;
  ((node *)user)->receipts++;
}

static Tox *new_tox(uint16_t port, const uint8_t *saved, size_t n) {
  struct Tox_Options *o = tox_options_new(NULL);
  must(o != NULL, "no memory");
  tox_options_set_ipv6_enabled(o, false);
  tox_options_set_local_discovery_enabled(o, false);
  tox_options_set_hole_punching_enabled(o, false);
  tox_options_set_start_port(o, port);
  tox_options_set_end_port(o, port);
  if (saved != NULL) {
    tox_options_set_savedata_type(o, TOX_SAVEDATA_TYPE_TOX_SAVE);
    tox_options_set_savedata_data(o, saved, n);
  }
  Tox *tox = tox_new(o, NULL);
  tox_options_free(o);
  must(tox != NULL, "it does not start");
  tox_callback_friend_connection_status(tox, on_online);
  tox_callback_friend_message(tox, on_text);
  tox_callback_friend_read_receipt(tox, on_receipt);
  return tox;
}

/* Becomes a friend of whoever does the same at the other end of fd. */
static void befriend(node *n, int fd, uint16_t port, uint16_t other_port) {
  uint8_t mine[2 * KEY], theirs[2 * KEY];
  n->tox = new_tox(port, NULL, 0);
  tox_self_get_public_key(n->tox, mine);
  tox_self_get_dht_id(n->tox, mine + KEY);
  must(write(fd, mine, sizeof mine) == (ssize_t)sizeof mine, "write");
  must(read(fd, theirs, sizeof theirs) == (ssize_t)sizeof theirs, "read");
  n->other = tox_friend_add_norequest(n->tox, theirs, NULL);
  tox_bootstrap(n->tox, "127.0.0.1", other_port, theirs + KEY, NULL);
}

static void send_text(node *n, char first, size_t *sent) {
  uint8_t text[TEXT];
  memset(text, first, sizeof text);
  if (tox_friend_send_message(n->tox, n->other, TOX_MESSAGE_TYPE_NORMAL, text, sizeof text, NULL))
    ++*sent;
}

static void bulk(node *n, pid_t other, size_t count) {
  size_t sent = 0;
  double cpu = bench_cpu_s(getpid()) + bench_cpu_s(other), wire = bench_lo_bytes();
  double began = bench_now_s();
  while (n->receipts < count && bench_now_s() - began < PATIENCE_S) {
    for (size_t before = SIZE_MAX; sent < count && sent - n->receipts < WINDOW && before != sent;) {
      before = sent;
      send_text(n, 'm', &sent);
    }
    turn(n);
  }
  double took = bench_now_s() - began, got = (double)n->receipts;
  must(n->receipts > 0, "no receipt came");
  bench_put("per_s", got / took);
  bench_put("cpu_us", (bench_cpu_s(getpid()) + bench_cpu_s(other) - cpu) / got * 1e6);
  bench_put("wire", (bench_lo_bytes() - wire) / got);
}

static void pingpong(node *n, size_t count) {
  double *ms = calloc(count, sizeof *ms);
  size_t sent = 0;
  must(ms != NULL, "no memory");
  for (size_t i = 0; i < count; i++) {
    double began = bench_now_s();
    size_t until = n->texts + 1;
    send_text(n, 'p', &sent);
    while (n->texts < until && bench_now_s() - began < PATIENCE_S)
      turn(n);
    must(n->texts >= until, "a text was lost");
    ms[i] = (bench_now_s() - began) * 1e3;
  }
  bench_put("p50_ms", bench_quantile(ms, count, .5));
  bench_put("p99_ms", bench_quantile(ms, count, .99));
  free(ms);
}

/* Of one node of the two. */
static void idle(node *n, pid_t other, size_t seconds) {
  turn_for(n, REST_S);
  double cpu = bench_cpu_s(getpid()) + bench_cpu_s(other), wire = bench_lo_bytes();
  double began = bench_now_s();
  turn_for(n, (double)seconds);
  double took = bench_now_s() - began;
  bench_put("bytes_s", (bench_lo_bytes() - wire) / took / 2);
  bench_put("cpu_pct", (bench_cpu_s(getpid()) + bench_cpu_s(other) - cpu) / took / 2 * 100);
}

static void away(size_t seconds) {
  node n = {.tox = new_tox(PORT, NULL, 0)};
  uint8_t key[KEY];
  for (size_t i = 0; i < FRIENDS; i++) {
    uint8_t priv[KEY];
    randombytes_buf(priv, sizeof priv);
    crypto_scalarmult_base(key, priv);
    must(tox_friend_add_norequest(n.tox, key, NULL) != UINT32_MAX, "a friend was refused");
  }
  turn_for(&n, REST_S);
  double cpu = bench_cpu_s(getpid()), began = bench_now_s();
  turn_for(&n, (double)seconds);
  bench_put("cpu_pct", (bench_cpu_s(getpid()) - cpu) / (bench_now_s() - began) * 100);
  bench_put("rss_mib", bench_rss_kib(getpid()) / 1024);
  size_t size = tox_get_savedata_size(n.tox);
  uint8_t *saved = malloc(size);
  must(saved != NULL, "no memory");
  tox_get_savedata(n.tox, saved);
  tox_kill(n.tox);
  began = bench_now_s();
  n.tox = new_tox(PORT, saved, size);
  bench_put("start_ms", (bench_now_s() - began) * 1e3);
  tox_kill(n.tox);
  free(saved);
}

static void two(const char *what, size_t count) {
  int pipe_of[2];
  node n = {.fast = strcmp(what, "bulk") == 0};
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, pipe_of) == 0, "socketpair");
  pid_t other = fork();
  must(other >= 0, "fork");
  bench_pin(other == 0 ? CPU_B : CPU_A);
  if (other == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    n.answers = true;
    befriend(&n, pipe_of[0], PORT, PORT + 1);
    for (;;)
      turn(&n);
  }
  befriend(&n, pipe_of[1], PORT + 1, PORT);
  for (double began = bench_now_s(); !n.online;) {
    must(bench_now_s() - began < CONNECT_S, "the two do not connect");
    turn(&n);
  }
  turn_for(&n, REST_S);
  if (strcmp(what, "bulk") == 0)
    bulk(&n, other, count);
  else if (strcmp(what, "pingpong") == 0)
    pingpong(&n, count);
  else if (strcmp(what, "idle") == 0)
    idle(&n, other, count);
  else
    must(false, "bulk, pingpong, idle or away");
  tox_kill(n.tox);
  kill(other, SIGKILL);
  waitpid(other, NULL, 0);
}

int main(int argc, char **argv) {
  must(argc == 3 && sodium_init() >= 0, "usage: bench_peer_tox bulk|pingpong|idle|away N");
  if (strcmp(argv[1], "away") == 0)
    away(bench_count(argv[2]));
  else
    two(argv[1], bench_count(argv[2]));
  return EXIT_SUCCESS;
}
