/* What may come next on a command line, from the same table that parses it. */
#ifndef VALISE_CLIENT_COMPLETE_H
#define VALISE_CLIENT_COMPLETE_H

#include "client/cmd.h"

/* What the last of the words is going to be. */
typedef struct vls_next {
  const vls_cmd *cmd; /* named so far, or NULL */
  enum { VLS_NEXT_COMMAND, VLS_NEXT_OPTION, VLS_NEXT_VALUE } what;
  vls_kind kind;      /* VALUE: of an option or an operand */
  const vls_opt *opt; /* VALUE: the option it belongs to, or NULL */
  const char *group;  /* the first operand, or NULL */
} vls_next;

/* words: everything after `valise`, the last one unfinished and maybe empty. */
vls_next vls_complete_next(const char *const *words, size_t n);

#endif
