#include "client/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"

vls_passphrase *vls_passphrase_new(void) {
  const struct rlimit none = {0, 0};
  vls_passphrase *pass = vls_calloc(1, sizeof *pass);
  (void)mlock(pass, sizeof *pass);
  (void)setrlimit(RLIMIT_CORE, &none);
#ifdef VALISE_UNDUMPABLE
  (void)prctl(PR_SET_DUMPABLE, 0);
#endif
  return pass;
}

void vls_passphrase_free(vls_passphrase *pass) {
  if (pass == NULL) return;
  vls_wipe(pass, sizeof *pass);
  (void)munlock(pass, sizeof *pass);
  free(pass);
}

vls_slice vls_passphrase_slice(const vls_passphrase *pass) {
  return vls_slice_of(pass->p, pass->n);
}

static vls_err check(vls_cli *cli, const vls_passphrase *pass) {
  if (pass->n == 0) return vls_fail(cli, VLS_USAGE, NULL, "an empty passphrase is none");
  if (pass->n > VLS_PASSPHRASE_MAX)
    return vls_fail(cli, VLS_TOO_BIG, NULL, "a passphrase has at most %d bytes",
                    VLS_PASSPHRASE_MAX);
  if (!vls_utf8_ok(vls_passphrase_slice(pass)))
    return vls_fail(cli, VLS_USAGE, NULL, "the passphrase is not UTF-8 text");
  return VLS_OK;
}

/* Up to the end of the line, byte by byte: what follows is the next reader's. */
static vls_err read_line(vls_cli *cli, int fd, const char *name, vls_passphrase *ret) {
  ret->n = 0;
  for (;;) {
    char c;
    ssize_t got = read(fd, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return vls_fail(cli, VLS_SYSTEM, NULL, "cannot read %s: %s", name, strerror(errno));
    if (got == 0 || c == '\n') return check(cli, ret);
    if (ret->n <= VLS_PASSPHRASE_MAX) ret->p[ret->n++] = c;
  }
}

/* Asks; true when a line is there, false when a signal is. */
static bool wait_for_line(vls_cli *cli, const char *question, int signals) {
  struct pollfd p[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
  vls_out_put(&cli->err, "%s ", question);
  (void)fflush(stderr);
  cli->err.column = 0; /* the answer ends the line */
  while (poll(p, 2, -1) < 0 && errno == EINTR)
    continue;
  return (p[1].revents & POLLIN) == 0;
}

/* With the echo off. A signal that ends or stops the program acts when the echo is on again. */
static vls_err read_hidden(vls_cli *cli, const char *question, vls_passphrase *ret) {
  static const int held[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
  struct termios before, hidden;
  sigset_t set, old;
  if (tcgetattr(STDIN_FILENO, &before) != 0)
    return vls_fail(cli, VLS_SYSTEM, NULL, "cannot use the terminal: %s", strerror(errno));
  (void)sigemptyset(&set);
  for (size_t i = 0; i < sizeof held / sizeof held[0]; i++)
    (void)sigaddset(&set, held[i]);
  (void)sigprocmask(SIG_BLOCK, &set, &old);
  int signals = signalfd(-1, &set, SFD_CLOEXEC);
  hidden = before;
  hidden.c_lflag &= ~(tcflag_t)ECHO;
  hidden.c_lflag |= ECHONL;
  (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  while (!wait_for_line(cli, question, signals)) {
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    (void)sigprocmask(SIG_SETMASK, &old, NULL); /* and this may have been all */
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  }
  vls_err err = read_line(cli, STDIN_FILENO, "the terminal", ret);
  (void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
  (void)sigprocmask(SIG_SETMASK, &old, NULL);
  (void)close(signals);
  return err;
}

vls_err vls_passphrase_ask(vls_cli *cli, const char *question, const char *hint,
                           vls_passphrase *ret) {
  if (!vls_cli_may_ask(cli))
    return vls_fail(cli, VLS_USAGE, hint, "there is no terminal to ask for the passphrase on");
  (void)fflush(stdout);
  return read_hidden(cli, question, ret);
}

vls_err vls_passphrase_ask_new(vls_cli *cli, const char *hint, vls_passphrase *ret) {
  vls_passphrase *again = vls_passphrase_new();
  vls_err err = vls_passphrase_ask(cli, "New passphrase:", hint, ret);
  if (err == VLS_OK) err = vls_passphrase_ask(cli, "The same once more:", hint, again);
  if (err == VLS_OK && !vls_slice_eq(vls_passphrase_slice(ret), vls_passphrase_slice(again)))
    err = vls_fail(cli, VLS_USAGE, NULL, "the two are not the same; nothing was changed");
  vls_passphrase_free(again);
  return err;
}

vls_err vls_passphrase_read(vls_cli *cli, const char *path, vls_passphrase *ret) {
  struct stat st;
  if (strcmp(path, "-") == 0) return read_line(cli, STDIN_FILENO, "standard input", ret);
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return vls_fail(cli, VLS_SYSTEM, NULL, "cannot read %s: %s", path, strerror(errno));
  if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0)
    vls_cli_note(cli, "Others can read %s: chmod 600 %s", path, path);
  vls_err err = read_line(cli, fd, path, ret);
  (void)close(fd);
  return err;
}
