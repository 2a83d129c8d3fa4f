#include "daemon/paths.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* An absolute path from the environment; the XDG specification says to ignore a relative one. */
static const char *env_path(const char *name) {
  const char *value = getenv(name);
  return value != NULL && value[0] == '/' ? value : NULL;
}

static const char *home(void) {
  const char *dir = env_path("HOME");
  if (dir != NULL) return dir;
  const struct passwd *pw = getpwuid(geteuid());
  return pw != NULL ? pw->pw_dir : NULL;
}

static vls_err join(char *ret, size_t size, const char *dir, const char *rest, vls_trouble *why) {
  int n = snprintf(ret, size, "%s%s", dir, rest);
  if (n >= 0 && (size_t)n < size) return VLS_OK;
  return vls_trouble_set(why, VLS_USAGE, "the path %.100s... is longer than %zu bytes", dir,
                         size - 1);
}

/* $variable/valise, or ~/fallback/valise. */
static vls_err xdg(char *ret, size_t size, const char *variable, const char *fallback,
                   vls_trouble *why) {
  const char *dir = env_path(variable);
  if (dir != NULL) return join(ret, size, dir, "/valise", why);
  dir = home();
  if (dir == NULL) return vls_trouble_set(why, VLS_USAGE, "there is no home directory: set HOME");
  return join(ret, size, dir, fallback, why);
}

/* systemd gives a list separated by colons; ours has one entry. */
static vls_err first_of(char *ret, size_t size, const char *list, const char *rest,
                        vls_trouble *why) {
  char dir[VLS_PATH_MAX];
  snprintf(dir, sizeof dir, "%.*s", (int)strcspn(list, ":"), list);
  return join(ret, size, dir, rest, why);
}

static vls_err find_data(vls_paths *paths, const vls_args *args, vls_trouble *why) {
  const char *state = env_path("STATE_DIRECTORY");
  if (args->data != NULL) return join(paths->data, sizeof paths->data, args->data, "", why);
  if (state != NULL) return first_of(paths->data, sizeof paths->data, state, "", why);
  if (args->system) return join(paths->data, sizeof paths->data, "/var/lib/valise", "", why);
  return xdg(paths->data, sizeof paths->data, "XDG_DATA_HOME", "/.local/share/valise", why);
}

/* Without a session (su, cron) there may be no XDG_RUNTIME_DIR; its usual place, and then the data
 * directory, serve as well, and clients look in the same order. */
static vls_err find_socket(vls_paths *paths, const vls_args *args, vls_trouble *why) {
  char *ret = paths->socket;
  size_t size = sizeof paths->socket;
  const char *named = args->socket != NULL ? args->socket : getenv("VALISE_SOCKET");
  const char *runtime = env_path("RUNTIME_DIRECTORY"), *session = env_path("XDG_RUNTIME_DIR");
  if (named != NULL && named[0] != '\0') return join(ret, size, named, "", why);
  if (runtime != NULL) return first_of(ret, size, runtime, "/rpc.sock", why);
  if (args->system) return join(ret, size, "/run/valise", "/rpc.sock", why);
  if (session != NULL) return join(ret, size, session, "/valise/rpc.sock", why);
  char usual[64];
  struct stat st;
  snprintf(usual, sizeof usual, "/run/user/%u", geteuid());
  if (stat(usual, &st) == 0 && st.st_uid == geteuid())
    return join(ret, size, usual, "/valise/rpc.sock", why);
  return join(ret, size, paths->data, "/rpc.sock", why);
}

vls_err vls_paths_find(vls_paths *ret_paths, const vls_args *args, vls_trouble *ret_why) {
  *ret_paths = (vls_paths){0};
  vls_err err = find_data(ret_paths, args, ret_why);
  if (err == VLS_OK)
    err = join(ret_paths->store, sizeof ret_paths->store, ret_paths->data, "/node.db", ret_why);
  if (err == VLS_OK)
    err = join(ret_paths->keys, sizeof ret_paths->keys, ret_paths->data, "/node.keys", ret_why);
  if (err == VLS_OK) err = find_socket(ret_paths, args, ret_why);
  if (err != VLS_OK) return err;
  if (args->system)
    return join(ret_paths->config, sizeof ret_paths->config, "/etc/valise", "", ret_why);
  return xdg(ret_paths->config, sizeof ret_paths->config, "XDG_CONFIG_HOME", "/.config/valise",
             ret_why);
}

void vls_paths_parent(const char *path, char *ret) {
  snprintf(ret, VLS_PATH_MAX, "%s", path);
  char *slash = strrchr(ret, '/');
  if (slash == NULL)
    snprintf(ret, VLS_PATH_MAX, ".");
  else if (slash == ret)
    slash[1] = '\0';
  else
    *slash = '\0';
}

/* Parents are made with the same mode; ones that exist are whoever's they are. */
static vls_err make(const char *dir, vls_trouble *why) {
  char path[VLS_PATH_MAX];
  snprintf(path, sizeof path, "%s", dir);
  for (char *p = path + 1;; p++) {
    if (*p != '/' && *p != '\0') continue;
    bool last = *p == '\0';
    *p = '\0';
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
      return vls_trouble_set(why, VLS_SYSTEM, "cannot make the directory %s: %s", path,
                             strerror(errno));
    if (last) return VLS_OK;
    *p = '/';
  }
}

vls_err vls_paths_private_dir(const char *dir, bool group_ok, vls_trouble *ret_why) {
  struct stat st;
  if (stat(dir, &st) != 0) {
    if (errno != ENOENT)
      return vls_trouble_set(ret_why, VLS_SYSTEM, "cannot use %s: %s", dir, strerror(errno));
    vls_err err = make(dir, ret_why);
    if (err != VLS_OK) return err;
    if (stat(dir, &st) != 0)
      return vls_trouble_set(ret_why, VLS_SYSTEM, "cannot use %s: %s", dir, strerror(errno));
  }
  if (!S_ISDIR(st.st_mode))
    return vls_trouble_set(ret_why, VLS_SYSTEM, "%s is not a directory", dir);
  if (st.st_uid != geteuid())
    return vls_trouble_set(ret_why, VLS_SYSTEM, "%s belongs to another user (uid %u)", dir,
                           st.st_uid);
  if ((st.st_mode & (group_ok ? S_IRWXO : S_IRWXG | S_IRWXO)) != 0) {
    vls_err err = vls_trouble_set(ret_why, VLS_SYSTEM, "others can look into %s (mode %03o)", dir,
                                  st.st_mode & 0777);
    return vls_trouble_hint(ret_why, err, "chmod 700 %s", dir);
  }
  return VLS_OK;
}
