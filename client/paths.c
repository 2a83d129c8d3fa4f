#include "client/paths.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/buf.h"

static const char system_socket[] = "/run/valise/rpc.sock";

static char *copy(const char *s) {
  char *c = strdup(s);
  VLS_ASSERT(c != NULL);
  return c;
}

char *vls_path_join(const char *dir, const char *name) {
  char *path = NULL;
  int n = asprintf(&path, "%s/%s", dir, name);
  VLS_ASSERT(n >= 0);
  return path;
}

/* An environment variable that says something. */
static const char *env(const char *name) {
  const char *value = getenv(name);
  return value != NULL && value[0] != '\0' ? value : NULL;
}

/* $name if it is an absolute path, as the XDG specification wants it, else `below` in the home. */
static char *xdg(const char *name, const char *below) {
  const char *dir = env(name);
  if (dir != NULL && dir[0] == '/') return copy(dir);
  const char *home = env("HOME");
  if (home == NULL) {
    const struct passwd *user = getpwuid(getuid());
    home = user != NULL ? user->pw_dir : "/";
  }
  return vls_path_join(home, below);
}

/* The same order as the daemon's: without a session there may be no XDG_RUNTIME_DIR; its usual
 * place, and then the data directory, serve as well. */
static char *user_socket(void) {
  char usual[64];
  struct stat st;
  (void)snprintf(usual, sizeof usual, "/run/user/%u", (unsigned)geteuid());
  const char *session = env("XDG_RUNTIME_DIR");
  if (session != NULL && session[0] == '/') return vls_path_join(session, "valise/rpc.sock");
  if (stat(usual, &st) == 0 && st.st_uid == geteuid())
    return vls_path_join(usual, "valise/rpc.sock");
  char *data = xdg("XDG_DATA_HOME", ".local/share");
  char *path = vls_path_join(data, "valise/rpc.sock");
  free(data);
  return path;
}

char *vls_path_socket(const char *option) {
  if (option != NULL) return copy(option);
  if (env("VALISE_SOCKET") != NULL) return copy(env("VALISE_SOCKET"));
  char *path = user_socket();
  if (access(path, F_OK) == 0 || access(system_socket, F_OK) != 0) return path;
  free(path);
  return copy(system_socket);
}

char *vls_path_config_dir(void) {
  char *dir = xdg("XDG_CONFIG_HOME", ".config");
  char *path = vls_path_join(dir, "valise");
  free(dir);
  return path;
}

char *vls_path_node_config(const char *option) {
  char *socket = vls_path_socket(option);
  bool system = strcmp(socket, system_socket) == 0;
  free(socket);
  return system ? copy("/etc/valise") : vls_path_config_dir();
}

bool vls_path_make_dirs(const char *file) {
  char *copied = copy(file);
  int error = 0;
  for (size_t i = 1; error == 0 && copied[i] != '\0'; i++) {
    if (copied[i] != '/') continue;
    copied[i] = '\0';
    if (mkdir(copied, 0700) != 0) error = errno;
    if (error != 0 && access(copied, F_OK) == 0) error = 0;
    copied[i] = '/';
  }
  free(copied);
  errno = error;
  return error == 0;
}

char *vls_path_log(void) {
  char *state = xdg("XDG_STATE_HOME", ".local/state");
  char *path = vls_path_join(state, "valise/valised.log");
  free(state);
  return path;
}

static bool is_program(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

char *vls_path_program(const char *name) {
  if (strchr(name, '/') != NULL) return is_program(name) ? copy(name) : NULL;
  char *dirs = copy(env("PATH") != NULL ? env("PATH") : "/usr/local/bin:/usr/bin:/bin");
  char *found = NULL, *rest = NULL;
  for (char *dir = strtok_r(dirs, ":", &rest); dir != NULL && found == NULL;
       dir = strtok_r(NULL, ":", &rest)) {
    found = vls_path_join(dir, name);
    if (is_program(found)) continue;
    free(found);
    found = NULL;
  }
  free(dirs);
  return found;
}

/* The program `name` in the directory of this one, or NULL. */
static char *program_beside(const char *name) {
  char self[4096];
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  if (n <= 0) return NULL;
  self[n] = '\0';
  char *slash = strrchr(self, '/');
  if (slash == NULL) return NULL;
  *slash = '\0';
  char *path = vls_path_join(self, name);
  if (is_program(path)) return path;
  free(path);
  return NULL;
}

char *vls_path_daemon(void) {
  char *path = program_beside("valised");
  if (path == NULL) path = program_beside("../daemon/valised"); /* as it is built */
  return path != NULL ? path : vls_path_program("valised");
}
