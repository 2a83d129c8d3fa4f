/* Start to first answer, and the memory after some use.
 *
 *   bench_start SOCKET SETTLE_S COMMAND...
 *
 * Starts the node, knocks at its socket until it answers hello, asks status; reads the newest texts
 * of each contact, lets it settle, takes its resident memory and stops it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "caller.h"
#include "meter.h"

enum { KNOCK_US = 200, PATIENCE_S = 60, CPU_NODE = 1, NEWEST = 5 };

static pid_t start(char *const *command) {
  pid_t pid = fork();
  if (pid < 0) bench_die("no process");
  if (pid == 0) {
    execv(command[0], command);
    fprintf(stderr, "%s: %s\n", command[0], strerror(errno));
    _exit(EXIT_FAILURE);
  }
  return pid;
}

/* Contacts are called as bench_fill calls them. */
static void read_some(bench_caller *c, uint64_t contacts) {
  for (uint64_t i = 1; i <= contacts; i++) {
    char name[32];
    snprintf(name, sizeof name, "friend %llu", (unsigned long long)i);
    vls_rpc_list list = {
        .has_who = true, .who = vls_slice_str(name), .has_limit = true, .limit = NEWEST};
    bench_caller_call(c, "message.list", &vls_rpc_list_def, &list);
  }
}

int main(int argc, char **argv) {
  bench_caller c;
  vls_rpc_status status;
  if (argc < 4) bench_die("usage: bench_start SOCKET SETTLE_S COMMAND...");
  unsigned settle_s = (unsigned)bench_count(argv[2]);
  unlink(argv[1]); /* left over, it would take a call that nobody answers */
  bench_pin(CPU_NODE);
  double began = bench_now_s();
  pid_t pid = start(argv + 3);
  while (!bench_caller_open(&c, argv[1])) {
    if (waitpid(pid, NULL, WNOHANG) != 0) bench_die("the node did not start");
    if (bench_now_s() - began > PATIENCE_S) {
      kill(pid, SIGKILL);
      bench_die("the node does not listen");
    }
    nanosleep(&(struct timespec){0, KNOCK_US * 1000}, NULL);
  }
  bench_caller_hello(&c);
  double answered = bench_now_s();
  bench_caller_ask(&c, "status", NULL, NULL, &vls_rpc_status_def, &status);
  double told = bench_now_s();
  bench_put("start_ms", (answered - began) * 1e3);
  bench_put("status_ms", (told - answered) * 1e3);
  read_some(&c, status.contacts);
  bench_caller_close(&c);
  sleep(settle_s);
  bench_put("rss_mib", bench_rss_kib(pid) / 1024);
  bench_put("store_mib", (double)status.store_bytes / (1024 * 1024));
  kill(pid, SIGTERM);
  waitpid(pid, NULL, 0);
  return EXIT_SUCCESS;
}
