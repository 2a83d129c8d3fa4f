#include "valise/err.h"

#include <stddef.h>
#include <string.h>

static const struct err_row {
  vls_err err;
  int exit_code;
  const char *name, *text;
} rows[] = {
#define X(name, value, exit_code, string, text) {VLS_##name, exit_code, string, text},
    VLS_ERR_LIST(X)
#undef X
};

static const struct err_row *find(vls_err err) {
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    if (rows[i].err == err) return &rows[i];
  return &rows[sizeof rows / sizeof rows[0] - 1];
}

const char *vls_err_name(vls_err err) {
  return find(err)->name;
}
const char *vls_err_text(vls_err err) {
  return find(err)->text;
}
int vls_err_exit(vls_err err) {
  return find(err)->exit_code;
}

vls_err vls_err_from_name(const char *name) {
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    if (strcmp(rows[i].name, name) == 0) return rows[i].err;
  return VLS_SYSTEM;
}
