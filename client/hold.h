/* Signals that would end the program wait while it has something to tidy up: a terminal, half a
 * file. Also those of a write that cannot be: it fails then, and says why. */
#ifndef VALISE_CLIENT_HOLD_H
#define VALISE_CLIENT_HOLD_H

#include <signal.h>
#include <stdbool.h>

typedef struct vls_hold {
  sigset_t before, held;
  int fd; /* readable while a signal waits */
} vls_hold;

/* stop_too: Ctrl-Z waits as well. */
void vls_hold_begin(vls_hold *ret, bool stop_too);
/* Whether a signal waits. */
bool vls_hold_is_asked(const vls_hold *hold);
/* Those that wait act now; returns when they have let the program live. */
void vls_hold_let(const vls_hold *hold);
/* The same, and nothing is held any more. */
void vls_hold_end(vls_hold *hold);

#endif
