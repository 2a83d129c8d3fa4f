/* Starting the node. */
#ifndef VALISE_CLIENT_START_H
#define VALISE_CLIENT_START_H

#include <sys/types.h>

#include "client/cmd.h"

enum { VLS_START_MS = 10 * 1000 }; /* the longest a node may take until it answers */

/* Starts valised: its user service when there is one and no other socket is asked for, else in the
 * background with a log in ~/.local/state/valise. Returns when it answers and cli is connected,
 * with how it was started told to the person. VLS_NOT_FOUND without the program, VLS_NO_DAEMON when
 * it does not answer. */
VLS_MUST vls_err vls_start(vls_cli *cli);

/* What a node that stopped said last. Points into itself: not to be copied. */
typedef struct vls_complaint {
  const char *text; /* "" when it said nothing */
  const char *hint; /* what helps, or NULL */
  char room[1024];
} vls_complaint;

/* The last line of the log behind the offset `from`, and the hint below it. Whether it tells why
 * valised could not start. */
bool vls_start_complaint(const char *log, off_t from, vls_complaint *ret);

#endif
