#include "client/hold.h"

#include <poll.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

/* What a write raises beside its error. */
static const int of_writes[] = {SIGPIPE, SIGXFSZ};

static void block(const int *list, size_t n) {
  sigset_t set;
  (void)sigemptyset(&set);
  for (size_t i = 0; i < n; i++)
    (void)sigaddset(&set, list[i]);
  (void)sigprocmask(SIG_BLOCK, &set, NULL);
}

void vls_hold_begin(vls_hold *ret, bool stop_too) {
  static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  (void)sigemptyset(&ret->held);
  for (size_t i = 0; i < sizeof ending / sizeof ending[0]; i++)
    (void)sigaddset(&ret->held, ending[i]);
  if (stop_too) (void)sigaddset(&ret->held, SIGTSTP);
  for (int i = 1; i < NSIG; i++) { /* what is ignored (nohup) stays so */
    struct sigaction now;
    if (sigismember(&ret->held, i) == 1 && sigaction(i, NULL, &now) == 0 &&
        now.sa_handler == SIG_IGN)
      (void)sigdelset(&ret->held, i);
  }
  (void)sigprocmask(SIG_BLOCK, &ret->held, &ret->before);
  block(of_writes, sizeof of_writes / sizeof of_writes[0]);
  ret->fd = signalfd(-1, &ret->held, SFD_CLOEXEC);
}

bool vls_hold_is_asked(const vls_hold *hold) {
  struct pollfd p = {.fd = hold->fd, .events = POLLIN};
  return hold->fd >= 0 && poll(&p, 1, 0) == 1;
}

void vls_hold_let(const vls_hold *hold) {
  (void)sigprocmask(SIG_UNBLOCK, &hold->held, NULL); /* and this may have been all */
  (void)sigprocmask(SIG_BLOCK, &hold->held, NULL);
}

void vls_hold_end(vls_hold *hold) {
  const struct timespec none = {0, 0};
  sigset_t set;
  for (size_t i = 0; i < sizeof of_writes / sizeof of_writes[0]; i++) {
    (void)sigemptyset(&set);
    (void)sigaddset(&set, of_writes[i]);
    if (sigismember(&hold->before, of_writes[i]) == 0)
      (void)sigtimedwait(&set, NULL, &none); /* the write said it */
  }
  if (hold->fd >= 0) (void)close(hold->fd);
  (void)sigprocmask(SIG_SETMASK, &hold->before, NULL);
}
