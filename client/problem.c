#include "client/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "client/out.h"

void vls_problem_done(vls_problem *problem) {
  free(problem->text);
  free(problem->hint);
  *problem = (vls_problem){0};
}

static char *copy(const char *p, size_t n) {
  char *s = vls_calloc(n + 1, 1);
  if (n > 0) memcpy(s, p, n);
  return s;
}

vls_err vls_problem_set(vls_problem *problem, vls_err err, const char *hint, const char *format,
                        ...) {
  va_list values;
  va_start(values, format);
  char *text = vls_out_format(format, values);
  va_end(values);
  char *kept = hint == NULL ? NULL : copy(hint, strlen(hint)); /* may be the old one's */
  vls_problem_done(problem);
  *problem = (vls_problem){err, text, kept};
  return err;
}

vls_err vls_problem_parse(vls_problem *problem, vls_slice error) {
  const char *p = (const char *)error.p;
  const char *end = p + error.n, *line = memchr(p, '\n', error.n);
  const char *first_end = line == NULL ? end : line;
  const char *colon = memchr(p, ':', (size_t)(first_end - p));
  vls_problem_done(problem);
  if (colon == NULL) {
    problem->err = VLS_SYSTEM;
    problem->text = copy(p, (size_t)(first_end - p));
  } else {
    char *name = copy(p, (size_t)(colon - p));
    problem->err = vls_err_from_name(name);
    free(name);
    for (colon++; colon < first_end && *colon == ' ';)
      colon++;
    if (colon < first_end) problem->text = copy(colon, (size_t)(first_end - colon));
  }
  /* Success and "more input" are no errors, whatever the node calls them. */
  if (problem->err == VLS_OK || problem->err == VLS_AGAIN) problem->err = VLS_SYSTEM;
  if (line != NULL && line + 1 < end) problem->hint = copy(line + 1, (size_t)(end - line - 1));
  return problem->err;
}

const char *vls_problem_text(const vls_problem *problem) {
  return problem->text != NULL ? problem->text : vls_err_text(problem->err);
}
