#include "client/start.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/paths.h"
#include "client/spawn.h"
#include "client/when.h"

enum { LOOK_MS = 20 };

/* Whether `systemctl --user` knows the service, and is there at all. */
static bool has_service(const vls_cli *cli) {
  static const char *const words[] = {"systemctl", "--user", "cat", "valised.service", NULL};
  const char *named = getenv("VALISE_SOCKET");
  int code = 1;
  if (cli->socket != NULL || (named != NULL && named[0] != '\0')) return false;
  return vls_spawn(words, NULL, NULL, &code) == VLS_OK && code == 0;
}

static vls_err start_service(vls_cli *cli) {
  static const char *const words[] = {"systemctl", "--user", "start", "valised.service", NULL};
  int code = 1;
  if (vls_spawn(words, NULL, NULL, &code) == VLS_OK && code == 0) {
    vls_cli_note(cli, "Started the service valised; see: systemctl --user status valised");
    return VLS_OK;
  }
  return vls_fail(cli, VLS_NO_DAEMON, "journalctl --user -u valised",
                  "the service valised did not start");
}

/* In the child: nothing of ours stays open or in its way. */
static _Noreturn void become_daemon(const vls_cli *cli, const char *program, int log) {
  int null = open("/dev/null", O_RDONLY);
  char *name = strdup("valised");
  char *const words[] = {name, NULL};
  (void)setsid();
  if (chdir("/") != 0) _exit(126);
  if (null >= 0) (void)dup2(null, STDIN_FILENO);
  (void)dup2(log, STDOUT_FILENO);
  (void)dup2(log, STDERR_FILENO);
  if (cli->socket != NULL) (void)setenv("VALISE_SOCKET", cli->socket, 1);
  (void)execv(program, words);
  _exit(127);
}

bool vls_start_complaint(const char *log, off_t from, vls_complaint *ret) {
  static const char prefix[] = "valised: ", hint[] = "  try: ";
  int fd = open(log, O_RDONLY | O_CLOEXEC);
  *ret = (vls_complaint){.text = "", .hint = NULL};
  if (fd < 0) return false;
  off_t end = lseek(fd, 0, SEEK_END), room = sizeof ret->room - 1;
  ssize_t n = pread(fd, ret->room, sizeof ret->room - 1, end - room > from ? end - room : from);
  (void)close(fd);
  const char *hinted = NULL;
  while (n > 0) { /* from the last line up to the first that is not a hint */
    ret->room[n] = '\0';
    char *newline = memrchr(ret->room, '\n', (size_t)n);
    const char *line = newline != NULL ? newline + 1 : ret->room;
    if (strncmp(line, hint, sizeof hint - 1) == 0)
      hinted = line + sizeof hint - 1;
    else if (line[0] != '\0')
      ret->text = line;
    if (ret->text[0] != '\0' || newline == NULL) break;
    n = newline - ret->room;
  }
  bool complaint = strncmp(ret->text, prefix, sizeof prefix - 1) == 0;
  if (complaint) ret->text += sizeof prefix - 1;
  ret->hint = hinted;
  return complaint;
}

static vls_err wait_for_answer(vls_cli *cli, pid_t child, const char *log, off_t from) {
  uint64_t deadline = vls_when_mono() + VLS_START_MS;
  vls_complaint why;
  for (;;) {
    vls_err err = vls_cli_connect(cli);
    if (err != VLS_NO_DAEMON) return err;
    int status;
    if (child > 0 && waitpid(child, &status, WNOHANG) == child) {
      (void)vls_start_complaint(log, from, &why);
      return vls_fail(cli, VLS_NO_DAEMON, why.hint != NULL ? why.hint : "valise doctor",
                      "valised stopped at once: %s (its log is %s)", why.text, log);
    }
    if (vls_when_mono() >= deadline)
      return vls_fail(cli, VLS_NO_DAEMON, "valise doctor",
                      "valised does not answer (its log is %s)", log);
    (void)poll(NULL, 0, LOOK_MS);
  }
}

static vls_err start_in_background(vls_cli *cli) {
  vls_err err;
  char *program = vls_path_daemon(), *log = vls_path_log();
  if (program == NULL) {
    err = vls_fail(cli, VLS_NOT_FOUND, NULL,
                   "the program valised is neither beside valise nor on PATH");
    goto out;
  }
  int fd = -1;
  if (vls_path_make_dirs(log)) fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) {
    err = vls_fail(cli, VLS_SYSTEM, NULL, "cannot write the log %s: %s", log, strerror(errno));
    goto out;
  }
  off_t from = lseek(fd, 0, SEEK_END);
  (void)fflush(NULL);
  pid_t child = fork();
  if (child == 0) become_daemon(cli, program, fd);
  (void)close(fd);
  if (child < 0)
    err = vls_fail(cli, VLS_SYSTEM, NULL, "cannot start %s: %s", program, strerror(errno));
  else
    err = wait_for_answer(cli, child, log, from);
  if (err == VLS_OK)
    vls_cli_note(cli, "Started valised in the background (process %d); its log is %s", (int)child,
                 log);
out:
  free(program);
  free(log);
  return err;
}

vls_err vls_start(vls_cli *cli) {
  if (!has_service(cli)) return start_in_background(cli);
  vls_err err = start_service(cli);
  return err == VLS_OK ? wait_for_answer(cli, 0, "in: journalctl --user -u valised", 0) : err;
}
