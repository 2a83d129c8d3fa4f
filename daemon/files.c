#include "daemon/files.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"

void vls_file_beside(char out[VLS_FILE_ROOM], const char *path, const char *tail) {
  int n = snprintf(out, VLS_FILE_ROOM, "%s%s", path, tail);
  VLS_ASSERT(n > 0 && n < VLS_FILE_ROOM);
}

bool vls_file_exists(const char *path) {
  struct stat st;
  return lstat(path, &st) == 0;
}

vls_err vls_file_forget(const char *path, vls_trouble *ret_why) {
  return unlink(path) == 0 || errno == ENOENT ? VLS_OK : vls_file_fail(ret_why, "remove", path);
}

vls_err vls_file_fail(vls_trouble *ret_why, const char *what, const char *path) {
  vls_err err = errno == ENOSPC || errno == EDQUOT ? VLS_FULL : VLS_SYSTEM;
  return vls_trouble_set(ret_why, err, "cannot %s %s: %s", what, path, strerror(errno));
}
