#include "client/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "client/private.h"
#include "client/term.h"

vls_passphrase *vls_passphrase_new(void) {
  return vls_private_new(sizeof(vls_passphrase));
}

void vls_passphrase_free(vls_passphrase *pass) {
  vls_private_free(pass, sizeof *pass);
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

static void put_question(vls_cli *cli, const char *question) {
  vls_out_put(&cli->err, "%s ", question);
  (void)fflush(stderr);
  cli->err.column = 0; /* the answer ends the line */
}

static vls_err read_hidden(vls_cli *cli, const char *question, vls_passphrase *ret) {
  vls_term term;
  vls_err err = vls_term_open(cli, VLS_TERM_HIDDEN, &term);
  if (err != VLS_OK) return err;
  do
    put_question(cli, question);
  while (!vls_term_wait(&term));
  err = read_line(cli, STDIN_FILENO, "the terminal", ret);
  vls_term_close(&term);
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

/* Opens it, and says so when others can read it; -1 and the problem. */
static int open_secret(vls_cli *cli, const char *path) {
  struct stat st;
  if (strcmp(path, "-") == 0) return STDIN_FILENO;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) (void)vls_fail(cli, VLS_SYSTEM, NULL, "cannot read %s: %s", path, strerror(errno));
  if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0)
    vls_cli_note(cli, "Others can read %s: chmod 600 %s", path, path);
  return fd;
}

static const char *name_of(const char *path) {
  return strcmp(path, "-") == 0 ? "standard input" : path;
}

vls_err vls_passphrase_read(vls_cli *cli, const char *path, vls_passphrase *ret) {
  int fd = open_secret(cli, path);
  if (fd < 0) return VLS_SYSTEM;
  vls_err err = read_line(cli, fd, name_of(path), ret);
  if (fd != STDIN_FILENO) (void)close(fd);
  return err;
}

vls_err vls_passphrase_read_all(vls_cli *cli, const char *path, vls_passphrase *ret) {
  int fd = open_secret(cli, path);
  ssize_t got = 1;
  if (fd < 0) return VLS_SYSTEM;
  for (ret->n = 0; got != 0 && ret->n < sizeof ret->p;) {
    got = read(fd, ret->p + ret->n, sizeof ret->p - ret->n);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) break;
    ret->n += (size_t)got;
  }
  vls_err err = VLS_OK;
  if (got < 0)
    err = vls_fail(cli, VLS_SYSTEM, NULL, "cannot read %s: %s", name_of(path), strerror(errno));
  else if (ret->n == sizeof ret->p)
    err = vls_fail(cli, VLS_TOO_BIG, NULL, "%s is longer than %d bytes", name_of(path),
                   VLS_PASSPHRASE_MAX);
  if (fd != STDIN_FILENO) (void)close(fd);
  return err;
}
