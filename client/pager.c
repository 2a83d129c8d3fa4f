#include "client/pager.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/paths.h"

enum { WORDS = 16 };

/* Splits at spaces, without a shell: what is in $PAGER runs as it stands. */
static size_t split(char *line, char *words[WORDS]) {
  size_t n = 0;
  char *rest = NULL;
  for (char *w = strtok_r(line, " \t", &rest); w != NULL && n < WORDS - 1;
       w = strtok_r(NULL, " \t", &rest))
    words[n++] = w;
  words[n] = NULL;
  return n;
}

static pid_t start(const char *program, char *const *words, int *ret_fd) {
  int ends[2];
  if (pipe(ends) != 0) return 0;
  pid_t pid = fork();
  if (pid == 0) {
    (void)dup2(ends[0], STDIN_FILENO);
    (void)close(ends[0]);
    (void)close(ends[1]);
    if (getenv("LESS") == NULL) (void)setenv("LESS", "FRX", 1);
    if (getenv("LESSCHARSET") == NULL) (void)setenv("LESSCHARSET", "utf-8", 1);
    (void)execv(program, words);
    _exit(127);
  }
  (void)close(ends[0]);
  if (pid < 0) {
    (void)close(ends[1]);
    return 0;
  }
  *ret_fd = ends[1];
  return pid;
}

void vls_pager_begin(vls_pager *pager, vls_cli *cli) {
  *pager = (vls_pager){.plain = cli->out.file};
  const char *name = getenv("PAGER");
  if (!cli->tty_out || !cli->tty_in || cli->mode != VLS_HUMAN || cli->accessible) return;
  if (name != NULL && (name[0] == '\0' || strcmp(name, "cat") == 0)) return;
  char *line = strdup(name != NULL ? name : "less");
  char *words[WORDS];
  int fd = -1;
  if (line == NULL || split(line, words) == 0) {
    free(line);
    return;
  }
  char *program = vls_path_program(words[0]);
  if (program != NULL) pager->pid = start(program, words, &fd);
  free(program);
  free(line);
  if (pager->pid == 0) return;
  /* Leaving the pager early is no failure of ours. */
  (void)signal(SIGPIPE, SIG_IGN);
  cli->out.file = fdopen(fd, "w");
  if (cli->out.file == NULL) cli->out.file = pager->plain;
}

void vls_pager_end(vls_pager *pager, vls_cli *cli) {
  if (pager->pid == 0) return;
  if (cli->out.file != pager->plain) (void)fclose(cli->out.file);
  cli->out.file = pager->plain;
  int status;
  while (waitpid(pager->pid, &status, 0) < 0 && errno == EINTR)
    continue;
  (void)signal(SIGPIPE, SIG_DFL);
  *pager = (vls_pager){0};
}
