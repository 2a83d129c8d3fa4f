/* What went wrong, in words: what happened and why, and the command that helps. */
#ifndef VALISE_CLIENT_PROBLEM_H
#define VALISE_CLIENT_PROBLEM_H

#include "valise/types.h"

typedef struct vls_problem {
  vls_err err;
  char *text; /* NULL: vls_err_text(err) says it */
  char *hint; /* a command, or NULL */
} vls_problem;

/* Remembers the problem in place of an older one and returns err. hint may be NULL. */
vls_err vls_problem_set(vls_problem *problem, vls_err err, const char *hint, const char *format,
                        ...) __attribute__((format(printf, 4, 5)));
/* From the error string of a response (RPC 1.5): "NAME: text", newline, hint. Returns the error. */
vls_err vls_problem_parse(vls_problem *problem, vls_slice error);
const char *vls_problem_text(const vls_problem *problem);
void vls_problem_done(vls_problem *problem);

#endif
