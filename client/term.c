#include "client/term.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

vls_err vls_term_open(vls_cli *cli, vls_term_mode mode, vls_term *ret) {
  if (tcgetattr(STDIN_FILENO, &ret->before) != 0)
    return vls_fail(cli, VLS_SYSTEM, NULL, "cannot use the terminal: %s", strerror(errno));
  ret->cli = cli;
  ret->mode = mode;
  vls_hold_begin(&ret->hold, true);
  ret->mine = ret->before;
  if (mode != VLS_TERM_LINES) ret->mine.c_lflag &= ~(tcflag_t)ECHO;
  if (mode == VLS_TERM_HIDDEN) ret->mine.c_lflag |= ECHONL;
  if (mode == VLS_TERM_KEYS) {
    ret->mine.c_lflag &= ~(tcflag_t)ICANON;
    ret->mine.c_cc[VMIN] = 1;
    ret->mine.c_cc[VTIME] = 0;
  }
  (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &ret->mine);
  return VLS_OK;
}

bool vls_term_wait(vls_term *term) {
  struct pollfd p[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
                        {.fd = term->hold.fd, .events = POLLIN}};
  while (poll(p, 2, -1) < 0 && errno == EINTR)
    continue;
  if ((p[1].revents & POLLIN) == 0) return true;
  if (term->mode == VLS_TERM_KEYS) {
    vls_out_raw(&term->cli->err, "\r\033[K", 4); /* what was typed does not stay on the screen */
    (void)fflush(term->cli->err.file);
  }
  (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &term->before);
  vls_hold_let(&term->hold);
  (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &term->mine);
  return false;
}

int vls_term_byte(void) {
  unsigned char c;
  for (;;) {
    ssize_t got = read(STDIN_FILENO, &c, 1);
    if (got == 1) return c;
    if (got == 0 || errno != EINTR) return -1;
  }
}

void vls_term_close(vls_term *term) {
  (void)tcsetattr(STDIN_FILENO, TCSANOW, &term->before);
  vls_hold_end(&term->hold);
}
