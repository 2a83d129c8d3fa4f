#include "daemon/trouble.h"

#include <stdarg.h>
#include <stdio.h>

vls_err vls_trouble_set(vls_trouble *ret_why, vls_err err, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(ret_why->what, sizeof ret_why->what, format, args);
  va_end(args);
  ret_why->hint[0] = '\0';
  return err;
}

vls_err vls_trouble_hint(vls_trouble *why, vls_err err, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(why->hint, sizeof why->hint, format, args);
  va_end(args);
  return err;
}
