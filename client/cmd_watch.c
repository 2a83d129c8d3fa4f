#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/feed.h"
#include "client/paths.h"
#include "client/show.h"
#include "client/when.h"

typedef struct watching {
  vls_cli *cli;
  vls_feed feed;
  const char *types;   /* separated by commas; NULL for all */
  const char *program; /* to run, or NULL */
  char *const *argv;   /* of it */
} watching;

static bool is_wanted(const watching *w, vls_slice type) {
  for (const char *at = w->types; at != NULL && *at != '\0';) {
    size_t n = strcspn(at, ",");
    if (vls_slice_eq(type, vls_slice_of(at, n))) return true;
    at += n + (at[n] == ',' ? 1 : 0);
  }
  return w->types == NULL;
}

/* The event as a file to read: a program that reads nothing, or slowly, blocks nobody. */
static int event_file(const vls_rpc_event *event) {
  vls_buf line;
  vls_buf_init(&line, VLS_GATE_MAX);
  vls_show_event_json(&line, event);
  int fd = memfd_create("event", MFD_CLOEXEC);
  bool ok = fd >= 0 && write(fd, line.p, line.n) == (ssize_t)line.n && lseek(fd, 0, SEEK_SET) == 0;
  vls_buf_done(&line);
  if (ok) return fd;
  if (fd >= 0) (void)close(fd);
  return -1;
}

/* Runs the program once; true when it exited 0. No shell, and nothing a peer wrote in its words or
 * its environment: only on its standard input. */
static vls_err run_program(watching *w, const vls_rpc_event *event) {
  vls_cli *cli = w->cli;
  unsigned long long cursor = event->cursor;
  int fd = event_file(event), status = 0;
  if (fd < 0)
    return vls_fail(cli, VLS_SYSTEM, NULL, "cannot hand over the event: %s", strerror(errno));
  pid_t pid = fork();
  if (pid == 0) {
    (void)dup2(fd, STDIN_FILENO);
    (void)execv(w->program, w->argv);
    _exit(127);
  }
  (void)close(fd);
  if (pid < 0)
    return vls_fail(cli, VLS_SYSTEM, NULL, "cannot start %s: %s", w->program, strerror(errno));
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return vls_fail(cli, VLS_SYSTEM, NULL, "cannot wait: %s", strerror(errno));
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return VLS_OK;
  return vls_fail(cli, VLS_SYSTEM, NULL,
                  "%s ended with %s %d; event %llu is not acknowledged and comes again next time",
                  w->program, WIFSIGNALED(status) ? "signal" : "code",
                  WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), cursor);
}

static vls_err deal_with(watching *w, const vls_rpc_event *event) {
  vls_err err = VLS_OK;
  uint64_t cursor = event->cursor;
  if (is_wanted(w, event->type)) {
    if (w->program != NULL)
      err = run_program(w, event);
    else
      vls_show_event(w->cli, event);
    if (err == VLS_OK && vls_out_flush(&w->cli->out) != VLS_OK)
      err = vls_fail(w->cli, VLS_SYSTEM, NULL, "the output could not be written");
  }
  if (err != VLS_OK || w->feed.live) return err;
  return vls_feed_ack(&w->feed, cursor);
}

static vls_err watch(watching *w) {
  vls_err err = vls_feed_open(&w->feed);
  if (err == VLS_OK && w->program == NULL && w->cli->mode == VLS_HUMAN && w->cli->tty_out)
    vls_cli_note(w->cli, "Watching; end with Ctrl-C.");
  while (err == VLS_OK) {
    vls_rpc_event event;
    err = vls_feed_next(&w->feed, VLS_NEVER, &event);
    if (err == VLS_OK) err = deal_with(w, &event);
  }
  return err;
}

static vls_err run(vls_cli *cli, const vls_args *args) {
  const char *exec = vls_args_opt(args, "exec"), *consumer = vls_args_opt(args, "consumer");
  watching w = {.cli = cli, .types = vls_args_opt(args, "type")};
  w.feed = (vls_feed){.cli = cli, .consumer = consumer, .live = exec == NULL && consumer == NULL};
  vls_slice checked;
  vls_err err = VLS_OK;
  if (consumer != NULL)
    err = vls_cli_word(cli, &vls_rpc_subscribe_def, "consumer", consumer, &checked);
  if (exec == NULL && args->n > 0)
    return vls_fail(cli, VLS_USAGE, "valise watch --help", "words are for the program of --exec");
  if (err != VLS_OK || exec == NULL) return err == VLS_OK ? watch(&w) : err;
  if (w.types == NULL) w.types = VLS_EV_MESSAGE;
  char *program = vls_path_program(exec);
  if (program == NULL)
    return vls_fail(cli, VLS_USAGE, NULL, "\"%s\" is not a program; it is run without a shell",
                    exec);
  char **argv = vls_calloc(args->n + 2, sizeof *argv);
  argv[0] = program;
  for (size_t i = 0; i < args->n; i++)
    argv[i + 1] = strdup(args->word[i]);
  w.program = program;
  w.argv = argv;
  err = watch(&w);
  for (size_t i = 0; i <= args->n; i++)
    free(argv[i]);
  free(argv);
  return err;
}

static const vls_opt opts[] = {
    {"exec", 0, VLS_KIND_COMMAND, "CMD", "run CMD for each text, with the event on its input",
     NULL},
    {"type", 0, VLS_KIND_TEXT, "TYPES", "only these, as in message,failed", NULL},
    {"consumer", 0, VLS_KIND_TEXT, "NAME", "begin where NAME left off, and move on", NULL},
    VLS_OPTS_END,
};

const vls_cmd vls_cmd_watch = {
    .name = "watch",
    .operands = "[--] [ARG...]",
    .summary = "Show what happens as it happens, or run a program",
    .about = "Shows texts, receipts, failures and alarms from now on, until Ctrl-C. Types of\n"
             "events: message, remark, delivered, read, failed, contact, group, alarm, gap.\n"
             "\n"
             "With --exec CMD is run for every text, one at a time, with the words after --\n"
             "as arguments and the event as one line of JSON on its standard input. There is\n"
             "no shell, and nothing a peer wrote is in its arguments or its environment. An\n"
             "event is acknowledged only when CMD exits 0; otherwise watch ends with code 1\n"
             "and the same event comes first next time. So nothing is lost while no watch\n"
             "runs. --type chooses other events.\n"
             "\n"
             "With --consumer the events begin where NAME left off, and each is acknowledged\n"
             "once it is printed, or CMD has dealt with it.\n"
             "\n"
             "  valise watch --json\n"
             "  valise watch --exec ./answer.py\n"
             "  valise watch --exec notify-send -- \"A text came\"\n",
    .opts = opts,
    .run = run,
    .max = 64,
};
