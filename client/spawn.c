#include "client/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* What it wrote into the file; files never block it, as pipes could. */
static void take(int fd, vls_buf *ret) {
  if (fd < 0) return;
  off_t size = lseek(fd, 0, SEEK_END);
  size_t n = size > VLS_SPAWN_OUTPUT ? VLS_SPAWN_OUTPUT : size > 0 ? (size_t)size : 0;
  uint8_t *room = n > 0 ? vls_buf_grow(ret, n) : NULL;
  if (room != NULL && pread(fd, room, n, 0) != (ssize_t)n) vls_buf_clear(ret);
  (void)close(fd);
}

static void redirect(posix_spawn_file_actions_t *actions, int fd, int to) {
  if (fd >= 0)
    (void)posix_spawn_file_actions_adddup2(actions, fd, to);
  else
    (void)posix_spawn_file_actions_addopen(actions, to, "/dev/null", O_WRONLY, 0);
}

vls_err vls_spawn(const char *const *argv, vls_buf *out, vls_buf *err, int *ret_code) {
  posix_spawn_file_actions_t actions;
  char *words[16] = {0};
  pid_t pid;
  int status = 0;
  int out_fd = out != NULL ? memfd_create("out", MFD_CLOEXEC) : -1;
  int err_fd = err != NULL ? memfd_create("err", MFD_CLOEXEC) : -1;
  /* posix_spawn takes words it does not change without saying so: give it copies. */
  size_t n = 0;
  for (; n < 15 && argv[n] != NULL; n++)
    words[n] = strdup(argv[n]);
  (void)posix_spawn_file_actions_init(&actions);
  (void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  redirect(&actions, out_fd, STDOUT_FILENO);
  redirect(&actions, err_fd, STDERR_FILENO);
  int refused = posix_spawnp(&pid, words[0], &actions, NULL, words, environ);
  (void)posix_spawn_file_actions_destroy(&actions);
  while (n > 0)
    free(words[--n]);
  while (refused == 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
    continue;
  take(out_fd, out);
  take(err_fd, err);
  if (refused != 0) return VLS_SYSTEM;
  *ret_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return VLS_OK;
}
