#include "client/newfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"

static vls_err exists(vls_cli *cli, const char *path) {
  return vls_fail(cli, VLS_EXISTS, NULL, "%s is there already; --overwrite replaces it", path);
}

static vls_err cannot(vls_cli *cli, const char *what, const char *path) {
  bool full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
  return vls_fail(cli, full ? VLS_FULL : VLS_SYSTEM, full ? "df -h" : NULL, "cannot %s %s: %s",
                  what, path, strerror(errno));
}

vls_err vls_newfile_may(vls_cli *cli, const char *path, bool replace) {
  struct stat st;
  bool there = lstat(path, &st) == 0;
  if (there && !S_ISREG(st.st_mode))
    return vls_fail(cli, VLS_EXISTS, NULL, "%s is there already, and not a file", path);
  return there && !replace ? exists(cli, path) : VLS_OK;
}

vls_err vls_newfile_open(vls_cli *cli, const char *path, bool replace, vls_newfile *ret) {
  *ret = (vls_newfile){.path = path, .fd = -1, .replace = replace};
  vls_err may = vls_newfile_may(cli, path, replace);
  if (may != VLS_OK) return may;
  int n = asprintf(&ret->beside, "%s.XXXXXX", path);
  VLS_ASSERT(n >= 0);
  ret->fd = mkostemp(ret->beside, O_CLOEXEC); /* 0600 */
  if (ret->fd >= 0) return VLS_OK;
  vls_err err = cannot(cli, "write", path);
  free(ret->beside);
  ret->beside = NULL;
  return err;
}

vls_err vls_newfile_write(vls_cli *cli, vls_newfile *f, vls_slice bytes) {
  while (bytes.n > 0) {
    ssize_t n = write(f->fd, bytes.p, bytes.n);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return cannot(cli, "write", f->path);
    bytes = (vls_slice){bytes.p + n, bytes.n - (size_t)n};
    f->bytes += (uint64_t)n;
  }
  return VLS_OK;
}

/* Not every file system can sync a folder, or be told not to replace: FAT on a stick. */
static bool sync_folder(const char *path) {
  char *copied = strdup(path);
  VLS_ASSERT(copied != NULL);
  int fd = open(dirname(copied), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool synced = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL || errno == EROFS);
  if (fd < 0 && errno == EACCES) synced = true; /* it may be written to and not read */
  if (fd >= 0) (void)close(fd);
  free(copied);
  return synced;
}

static bool put_in_place(const vls_newfile *f) {
  if (f->replace) return rename(f->beside, f->path) == 0;
  if (renameat2(AT_FDCWD, f->beside, AT_FDCWD, f->path, RENAME_NOREPLACE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  struct stat st;
  if (lstat(f->path, &st) == 0) {
    errno = EEXIST;
    return false;
  }
  return rename(f->beside, f->path) == 0;
}

vls_err vls_newfile_keep(vls_cli *cli, vls_newfile *f) {
  bool synced = fsync(f->fd) == 0;
  int why = errno;
  bool closed = close(f->fd) == 0;
  f->fd = -1;
  if (!synced) errno = why;
  if (!synced || !closed) return cannot(cli, "write", f->path);
  if (!put_in_place(f))
    return errno == EEXIST ? exists(cli, f->path) : cannot(cli, "write", f->path);
  free(f->beside);
  f->beside = NULL;
  return sync_folder(f->path) ? VLS_OK : cannot(cli, "sync the folder of", f->path);
}

void vls_newfile_done(vls_newfile *f) {
  if (f->fd >= 0) (void)close(f->fd);
  if (f->beside != NULL) (void)unlink(f->beside);
  free(f->beside);
  f->beside = NULL;
  f->fd = -1;
}
