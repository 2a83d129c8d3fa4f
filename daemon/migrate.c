#include "daemon/migrate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "daemon/files.h"
#include "daemon/keys.h"
#include "valise/salvage.h"
#include "valise/store.h"

enum { PIECE = 64 << 10, MAGIC = 16 };

typedef struct names {
  char sealing[VLS_FILE_ROOM], sealing_log[VLS_FILE_ROOM], plain[VLS_FILE_ROOM], log[VLS_FILE_ROOM],
      old_keys[VLS_FILE_ROOM];
} names;

static void name_all(names *n, const vls_paths *paths) {
  vls_file_beside(n->sealing, paths->store, ".sealing");
  vls_file_beside(n->sealing_log, paths->store, ".sealing-wal");
  vls_file_beside(n->plain, paths->store, ".plain");
  vls_file_beside(n->log, paths->store, "-wal");
  vls_file_beside(n->old_keys, paths->keys, ".old");
}

/* A damaged byte makes no encrypted store of one in clear: half of these are never so by chance. */
static bool begins_plain(const char head[MAGIC], size_t n) {
  static const char magic[MAGIC] = "SQLite format 3";
  size_t right = 0;
  for (size_t i = 0; i < n; i++)
    if (head[i] == magic[i]) right++;
  return n == MAGIC && right >= MAGIC / 2;
}

vls_err vls_migrate_look(const vls_paths *paths, vls_store_kind *ret_kind, vls_trouble *ret_why) {
  char head[MAGIC];
  *ret_kind = VLS_STORE_NONE;
  int fd = open(paths->store, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) return errno == ENOENT ? VLS_OK : vls_file_fail(ret_why, "read", paths->store);
  ssize_t n = pread(fd, head, sizeof head, 0);
  vls_err err = n < 0 ? vls_file_fail(ret_why, "read", paths->store) : VLS_OK;
  close(fd);
  if (n <= 0) return err;
  *ret_kind = begins_plain(head, (size_t)n) ||
                      (!vls_file_exists(paths->keys) && vls_salvage_looks_plain(paths->store))
                  ? VLS_STORE_PLAIN
                  : VLS_STORE_SEALED;
  return VLS_OK;
}

/* What the words were written on. A disk that writes elsewhere than where it is told keeps them
 * nevertheless; nothing a program can do reaches those. */
static vls_err overwrite(int fd, const char *path, vls_trouble *why) {
  static const uint8_t zeros[PIECE];
  struct stat st;
  if (fstat(fd, &st) != 0) return vls_file_fail(why, "overwrite", path);
  for (off_t at = 0; at < st.st_size;) {
    size_t n = st.st_size - at < PIECE ? (size_t)(st.st_size - at) : PIECE;
    ssize_t done = pwrite(fd, zeros, n, at);
    if (done < 0 && errno != EINTR) return vls_file_fail(why, "overwrite", path);
    if (done > 0) at += done;
  }
  return fdatasync(fd) == 0 ? VLS_OK : vls_file_fail(why, "overwrite", path);
}

static vls_err shred(const char *path, vls_trouble *why) {
  int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return errno == ENOENT ? VLS_OK : vls_file_fail(why, "overwrite", path);
  vls_err err = overwrite(fd, path, why);
  close(fd);
  vls_err gone = vls_file_forget(path, why);
  return err != VLS_OK ? err : gone;
}

/* The copy and its keys came to nothing. The keys go last: they say that there may be a copy. */
static vls_err undo(const vls_paths *paths, const names *n, vls_trouble *why) {
  vls_err err = vls_file_forget(n->sealing, why);
  if (err == VLS_OK) err = vls_file_forget(n->sealing_log, why);
  if (err == VLS_OK) err = vls_file_forget(n->plain, why); /* a name, not the only one */
  if (err == VLS_OK) err = vls_file_forget(paths->keys, why);
  if (err == VLS_OK) err = vls_keys_sync_folder(paths->store, why);
  return err;
}

vls_err vls_migrate_tidy(const vls_paths *paths, vls_store_kind kind, vls_trouble *ret_why) {
  names n;
  name_all(&n, paths);
  if (kind == VLS_STORE_PLAIN && (vls_file_exists(n.sealing) || vls_file_exists(n.plain)))
    return undo(paths, &n, ret_why);
  /* Only where the store is another one: a name alone is of the store itself. */
  if (kind == VLS_STORE_SEALED && vls_file_exists(n.plain)) {
    vls_err err = shred(n.plain, ret_why);
    return err == VLS_OK ? vls_keys_sync_folder(paths->store, ret_why) : err;
  }
  return VLS_OK;
}

int vls_migrate_open_log(const vls_paths *paths) {
  char log[VLS_FILE_ROOM];
  vls_file_beside(log, paths->store, "-wal");
  return open(log, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* The copy; that it opens has been seen. */
static vls_err copy(const vls_migration *m, const names *n, vls_trouble *why) {
  const char *reason = NULL;
  vls_err err = vls_file_forget(n->sealing, why);
  if (err == VLS_OK) err = vls_file_forget(n->sealing_log, why);
  if (err != VLS_OK) return err;
  err = vls_store_seal(m->paths->store, n->sealing, m->key, m->keys->uuid, m->seed, &reason);
  if (err != VLS_OK)
    return vls_trouble_set(why, err, "cannot encrypt the store %s: %s", m->paths->store,
                           reason != NULL ? reason : vls_err_text(err));
  /* What is still in a log would be lost with it. */
  if (!vls_file_exists(n->log) && !vls_file_exists(n->sealing_log)) return VLS_OK;
  return vls_trouble_set(why, VLS_STORAGE, "cannot encrypt the store %s: its log stays",
                         m->paths->store);
}

/* The moment: one rename, between two states of the folder that are each on the disk. */
static vls_err put_in_place(const vls_migration *m, const names *n, vls_trouble *why) {
  vls_err err = vls_file_forget(n->plain, why);
  if (err != VLS_OK) return err;
  if (link(m->paths->store, n->plain) != 0 && errno != EPERM && errno != EOPNOTSUPP)
    return vls_file_fail(why, "make",
                         n->plain); /* where there are no second names, it goes without */
  err = vls_keys_sync_folder(m->paths->store, why);
  if (err == VLS_OK && rename(n->sealing, m->paths->store) != 0)
    err = vls_file_fail(why, "replace", m->paths->store);
  return err;
}

static vls_err run(const vls_migration *m, const names *n, vls_trouble *why) {
  vls_err err = VLS_OK;
  if (vls_file_exists(m->paths->keys) && rename(m->paths->keys, n->old_keys) != 0)
    err = vls_file_fail(why, "put by", m->paths->keys);
  if (err == VLS_OK) err = vls_keys_write(m->keys, m->paths->keys, why);
  if (err == VLS_OK) err = copy(m, n, why);
  if (err == VLS_OK) err = put_in_place(m, n, why);
  if (err == VLS_OK) return VLS_OK;
  vls_trouble more;
  vls_err undone = undo(m->paths, n, &more);
  (void)undone; /* why it failed says more, and the next start tidies */
  return err;
}

/* Both descriptors; a disk without second names has no other way to the store in clear. */
static vls_err overwrite_both(int store, int log, const names *n, vls_trouble *why) {
  vls_err err = overwrite(store, n->plain, why);
  if (err == VLS_OK && log >= 0) err = overwrite(log, n->log, why);
  vls_err gone = vls_file_forget(n->plain, why);
  return err != VLS_OK ? err : gone;
}

vls_err vls_migrate_run(const vls_migration *m, vls_trouble *ret_why) {
  names n;
  name_all(&n, m->paths);
  int store = open(m->paths->store, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  vls_err err = store < 0 ? vls_file_fail(ret_why, "write", m->paths->store) : run(m, &n, ret_why);
  if (err == VLS_OK) err = vls_keys_sync_folder(m->paths->store, ret_why);
  if (err == VLS_OK) err = overwrite_both(store, m->log_fd, &n, ret_why);
  if (err == VLS_OK) err = vls_keys_sync_folder(m->paths->store, ret_why);
  if (store >= 0) close(store);
  if (m->log_fd >= 0) close(m->log_fd);
  return err;
}
