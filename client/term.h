/* The terminal while a secret is typed: nothing of it is shown but what the program shows, and a
 * signal that ends or stops the program acts when the terminal is as it was before. */
#ifndef VALISE_CLIENT_TERM_H
#define VALISE_CLIENT_TERM_H

#include <termios.h>

#include "client/cmd.h"
#include "client/hold.h"

typedef enum vls_term_mode {
  VLS_TERM_HIDDEN, /* whole lines, not shown */
  VLS_TERM_KEYS,   /* each key at once, not shown; the program shows it on a line that changes */
  VLS_TERM_LINES,  /* whole lines, shown: nothing but the signals is different */
} vls_term_mode;

typedef struct vls_term {
  vls_cli *cli;
  vls_term_mode mode;
  struct termios before, mine;
  vls_hold hold;
} vls_term;

VLS_MUST vls_err vls_term_open(vls_cli *cli, vls_term_mode mode, vls_term *ret);
/* Waits for a key. False: a signal came, and the program lives; what was shown is to be shown
 * again. */
bool vls_term_wait(vls_term *term);
/* The next byte that was typed; -1 at the end of all input. */
int vls_term_byte(void);
void vls_term_close(vls_term *term);

#endif
