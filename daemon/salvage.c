#include "daemon/salvage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/files.h"
#include "daemon/keys.h"
#include "valise/store.h"

typedef struct names {
  char making[VLS_FILE_ROOM], making_log[VLS_FILE_ROOM], made[VLS_FILE_ROOM], log[VLS_FILE_ROOM];
} names;

static void name_all(names *n, const vls_paths *paths) {
  vls_file_beside(n->making, paths->store, ".salvaging");
  vls_file_beside(n->making_log, paths->store, ".salvaging-wal");
  vls_file_beside(n->made, paths->store, ".salvaged");
  vls_file_beside(n->log, paths->store, "-wal");
}

static vls_err move(const char *from, const char *to, vls_trouble *why) {
  return rename(from, to) == 0 ? VLS_OK : vls_file_fail(why, "rename", from);
}

/* A name under which the damaged store can be kept: the first that no store has. One whose log was
 * moved already, by a start that was cut off, is the same one. */
static vls_err find_place(const vls_paths *paths, char kept[VLS_FILE_ROOM], vls_trouble *why) {
  for (int i = 1; i <= VLS_DAMAGED_KEPT; i++) {
    char tail[32];
    snprintf(tail, sizeof tail, ".damaged-%d", i);
    vls_file_beside(kept, paths->store, tail);
    if (!vls_file_exists(kept)) return VLS_OK;
  }
  vls_trouble_set(why, VLS_LIMITED,
                  "the store %s was damaged %d times before: this disk, or the memory of this "
                  "machine, is not to be trusted",
                  paths->store, VLS_DAMAGED_KEPT);
  return vls_trouble_hint(why, VLS_LIMITED, "rm %s.damaged-*, and start valised again",
                          paths->store);
}

/* From the moment that the new one is whole. The damaged log must be gone before the new store
 * stands there, or it would be taken for its own; and it must not be gone without a name. */
static vls_err put_in_place(const vls_paths *paths, const names *n, char kept[VLS_FILE_ROOM],
                            vls_trouble *why) {
  char kept_log[VLS_FILE_ROOM + 8];
  vls_err err = find_place(paths, kept, why);
  if (err != VLS_OK) return err;
  snprintf(kept_log, sizeof kept_log, "%s-wal", kept);
  if (vls_file_exists(n->log)) err = move(n->log, kept_log, why);
  if (err == VLS_OK) err = vls_keys_sync_folder(paths->store, why);
  if (err == VLS_OK && vls_file_exists(paths->store)) err = move(paths->store, kept, why);
  if (err == VLS_OK) err = vls_keys_sync_folder(paths->store, why);
  if (err == VLS_OK) err = move(n->made, paths->store, why);
  if (err == VLS_OK) err = vls_keys_sync_folder(paths->store, why);
  return err;
}

/* By another process, which has not done with it. */
static bool is_held(const char *path) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  bool held = fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  if (fd >= 0) close(fd);
  return held;
}

vls_err vls_rescue_tidy(const vls_paths *paths, vls_trouble *ret_why) {
  names n;
  char kept[VLS_FILE_ROOM];
  name_all(&n, paths);
  if (!vls_file_exists(n.making) && !vls_file_exists(n.made)) return VLS_OK;
  if (is_held(paths->store) || is_held(n.making))
    return vls_trouble_set(ret_why, VLS_LOCKED, "another valised is saving what is left of %s",
                           paths->store);
  vls_err err = vls_file_forget(n.making, ret_why);
  if (err == VLS_OK) err = vls_file_forget(n.making_log, ret_why);
  if (err == VLS_OK && vls_file_exists(n.made)) err = put_in_place(paths, &n, kept, ret_why);
  return err;
}

static vls_err explain(const vls_rescue *r, vls_err err, const char *reason, vls_trouble *why) {
  if (err == VLS_NOT_FOUND) {
    vls_trouble_set(why, err, "the store %s is damaged where the keys of your identity were",
                    r->paths->store);
    return vls_trouble_hint(why, err,
                            "put a copy of node.db back; or move it away and bring back a backup: "
                            "valise init --restore FILE");
  }
  vls_trouble_set(why, err, "what can be read of the damaged store %s cannot be saved: %s%s%s",
                  r->paths->store, vls_err_text(err), reason != NULL ? ": " : "",
                  reason != NULL ? reason : "");
  if (err == VLS_FULL)
    return vls_trouble_hint(why, err, "make room for another %s, and start valised again",
                            r->paths->store);
  return err;
}

static vls_err make(const vls_rescue *r, const vls_salvage_conf *conf, const names *n,
                    vls_rescued *ret, vls_trouble *why) {
  const char *reason = NULL;
  vls_err err = vls_salvage_run(conf, &ret->report, &reason);
  if (err != VLS_OK) return explain(r, err, reason, why);
  if (vls_file_exists(n->making_log))
    return explain(r, VLS_STORAGE, "its log stays", why); /* what is in it would be lost */
  err = vls_keys_sync_folder(r->paths->store, why);
  if (err == VLS_OK) err = move(n->making, n->made, why);
  if (err == VLS_OK) err = vls_keys_sync_folder(r->paths->store, why);
  return err;
}

vls_err vls_rescue_run(const vls_rescue *r, vls_rescued *ret, vls_trouble *ret_why) {
  names n;
  vls_trouble more;
  name_all(&n, r->paths);
  *ret = (vls_rescued){0};
  vls_salvage_conf conf = {.path = r->paths->store,
                           .out_path = n.making,
                           .key = r->key,
                           .uuid = r->uuid,
                           .seed = r->seed,
                           .now_ms = r->now_ms,
                           .renew = r->renew};
  if (r->look_first && vls_salvage_check(&conf, NULL) == VLS_OK) return VLS_OK;
  vls_err err = find_place(r->paths, ret->kept, ret_why);
  if (err == VLS_OK) err = vls_file_forget(n.making, ret_why);
  if (err == VLS_OK) err = vls_file_forget(n.making_log, ret_why);
  if (err != VLS_OK) return err;
  err = make(r, &conf, &n, ret, ret_why);
  if (err == VLS_OK) {
    ret->replaced = true;
    return put_in_place(r->paths, &n, ret->kept, ret_why);
  }
  vls_err undone = vls_file_forget(n.making, &more);
  if (undone == VLS_OK) undone = vls_file_forget(n.making_log, &more);
  (void)undone; /* why it failed says more, and the next start tidies */
  return err;
}
