#include "daemon/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/buf.h"
#include "daemon/files.h"

enum { ROOM = VLS_PATH_MAX + 32 };

/* At most max bytes of it. */
static vls_err read_some(const char *path, uint8_t *out, size_t max, size_t *ret_n,
                         vls_trouble *why) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) {
    vls_err err = vls_file_fail(why, "read", path);
    return errno == ENOENT ? VLS_NOT_FOUND : err;
  }
  size_t n = 0;
  ssize_t got = 1;
  while (n < max && (got > 0 || (got < 0 && errno == EINTR))) {
    got = read(fd, out + n, max - n);
    if (got > 0) n += (size_t)got;
  }
  vls_err err = got < 0 ? vls_file_fail(why, "read", path) : VLS_OK;
  close(fd);
  *ret_n = n;
  return err;
}

vls_err vls_keys_read(vls_keyfile *ret_keys, const char *path, vls_trouble *ret_why) {
  uint8_t bytes[VLS_KEYFILE_MAX + 1];
  size_t n = 0;
  vls_err err = read_some(path, bytes, sizeof bytes, &n, ret_why);
  if (err != VLS_OK) return err;
  err = vls_keyfile_decode(ret_keys, vls_slice_of(bytes, n));
  if (err == VLS_OK) return VLS_OK;
  vls_trouble_set(ret_why, err, "the key file %s %s", path,
                  err == VLS_NEWER     ? "was written by a newer valised"
                  : err == VLS_TOO_BIG ? "asks for more memory than it may"
                                       : "is damaged");
  if (err == VLS_NEWER) return vls_trouble_hint(ret_why, err, "upgrade valised");
  return vls_trouble_hint(ret_why, err, "put a copy of it back, from a backup of %s", path);
}

vls_err vls_keys_sync_folder(const char *path, vls_trouble *ret_why) {
  char dir[VLS_PATH_MAX];
  vls_paths_parent(path, dir);
  int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return vls_file_fail(ret_why, "open", dir);
  vls_err err = fsync(fd) == 0 ? VLS_OK : vls_file_fail(ret_why, "sync", dir);
  close(fd);
  return err;
}

static vls_err write_whole(const char *path, const uint8_t *bytes, size_t n, vls_trouble *why) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return vls_file_fail(why, "write", path);
  vls_err err = VLS_OK;
  for (size_t at = 0; at < n && err == VLS_OK;) {
    ssize_t put = write(fd, bytes + at, n - at);
    if (put > 0) at += (size_t)put;
    if (put < 0 && errno != EINTR) err = vls_file_fail(why, "write", path);
  }
  if (err == VLS_OK && fsync(fd) != 0) err = vls_file_fail(why, "sync", path);
  if (close(fd) != 0 && err == VLS_OK) err = vls_file_fail(why, "write", path);
  return err;
}

vls_err vls_keys_write(const vls_keyfile *keys, const char *path, vls_trouble *ret_why) {
  uint8_t bytes[VLS_KEYFILE_MAX];
  char beside[ROOM];
  size_t n = vls_keyfile_encode(keys, bytes);
  int len = snprintf(beside, sizeof beside, "%s.new", path);
  VLS_ASSERT(len > 0 && (size_t)len < sizeof beside);
  vls_err err = write_whole(beside, bytes, n, ret_why);
  if (err == VLS_OK && rename(beside, path) != 0) err = vls_file_fail(ret_why, "replace", path);
  if (err != VLS_OK) {
    unlink(beside);
    return err;
  }
  return vls_keys_sync_folder(path, ret_why);
}

vls_err vls_keys_credential(uint8_t *ret, size_t *ret_n, vls_trouble *ret_why) {
  const char *dir = getenv("CREDENTIALS_DIRECTORY");
  char path[ROOM];
  *ret_n = 0;
  if (dir == NULL || dir[0] != '/')
    return vls_trouble_set(ret_why, VLS_NOT_FOUND, "the service has no credential %s",
                           VLS_CREDENTIAL_NAME);
  int len = snprintf(path, sizeof path, "%s/%s", dir, VLS_CREDENTIAL_NAME);
  if (len < 0 || (size_t)len >= sizeof path)
    return vls_trouble_set(ret_why, VLS_SYSTEM, "the path of the credential is too long");
  vls_err err = read_some(path, ret, VLS_CREDENTIAL_ROOM, ret_n, ret_why);
  if (err == VLS_NOT_FOUND)
    return vls_trouble_set(ret_why, err, "the service has no credential %s", VLS_CREDENTIAL_NAME);
  if (err != VLS_OK) return err;
  if (*ret_n >= VLS_CREDENTIAL_MIN && *ret_n <= VLS_CREDENTIAL_MAX) return VLS_OK;
  vls_wipe(ret, *ret_n);
  return vls_trouble_set(ret_why, VLS_USAGE, "the credential %s must be %d to %d random bytes",
                         VLS_CREDENTIAL_NAME, VLS_CREDENTIAL_MIN, VLS_CREDENTIAL_MAX);
}
