#include "client/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "client/conf.h"
#include "client/paths.h"
#include "client/suggest.h"

enum { KEY_MAX = 64 };

char *vls_config_file(void) {
  char *dir = vls_path_config_dir();
  char *file = vls_path_join(dir, "valise.conf");
  free(dir);
  return file;
}

/* Its last line says what is wrong; "valised: " before it is known. */
static vls_err refused(vls_cli *cli, const vls_buf *said) {
  vls_slice text = vls_buf_slice(said);
  while (text.n > 0 && text.p[text.n - 1] == '\n')
    text.n--;
  static const char prefix[] = "valised: ";
  if (text.n > sizeof prefix && memcmp(text.p, prefix, sizeof prefix - 1) == 0)
    text = (vls_slice){text.p + sizeof prefix - 1, text.n - (sizeof prefix - 1)};
  if (text.n == 0) text = vls_slice_str("valised does not accept the configuration");
  const uint8_t *end = memchr(text.p, '\n', text.n);
  if (end != NULL) text.n = (size_t)(end - text.p);
  return vls_fail(cli, VLS_USAGE, "man valise.conf", "%.*s", VLS_STR(text));
}

static vls_err ask_daemon(vls_cli *cli, const char *option, const char *file, vls_buf *out) {
  char *program = vls_path_daemon();
  if (program == NULL)
    return vls_fail(cli, VLS_NOT_FOUND, NULL,
                    "the program valised is neither beside valise nor on PATH");
  const char *argv[] = {program, option, file, NULL};
  vls_buf said;
  int code = 0;
  vls_buf_init(&said, VLS_SPAWN_OUTPUT);
  vls_err err = vls_spawn(argv, out, &said, &code);
  if (err != VLS_OK)
    err = vls_fail(cli, err, NULL, "cannot run %s", program);
  else if (code != 0)
    err = refused(cli, &said);
  vls_buf_done(&said);
  free(program);
  return err;
}

vls_err vls_config_all(vls_cli *cli, vls_buf *out) {
  return ask_daemon(cli, "--print-config", NULL, out);
}

vls_err vls_config_check(vls_cli *cli, const char *file) {
  return ask_daemon(cli, "--check-config", file, NULL);
}

static vls_slice field(vls_slice *line) {
  const uint8_t *tab = line->n > 0 ? memchr(line->p, '\t', line->n) : NULL;
  size_t n = tab == NULL ? line->n : (size_t)(tab - line->p);
  vls_slice f = {line->p, n};
  size_t skip = tab == NULL ? n : n + 1;
  *line = (vls_slice){line->p + skip, line->n - skip};
  return f;
}

bool vls_config_next(vls_slice *rest, vls_setting *ret) {
  if (rest->n == 0) return false;
  const uint8_t *end = memchr(rest->p, '\n', rest->n);
  size_t n = end == NULL ? rest->n : (size_t)(end - rest->p);
  vls_slice line = {rest->p, n};
  size_t skip = end == NULL ? n : n + 1;
  *rest = (vls_slice){rest->p + skip, rest->n - skip};
  ret->key = field(&line);
  ret->value = field(&line);
  ret->from = field(&line);
  return true;
}

vls_err vls_config_find(vls_cli *cli, vls_slice all, const char *key, vls_setting *ret) {
  vls_suggest near = vls_suggest_for(key);
  char names[64][KEY_MAX];
  for (size_t i = 0; i < 64 && vls_config_next(&all, ret); i++) {
    if (vls_slice_eq(ret->key, vls_slice_str(key))) return VLS_OK;
    (void)snprintf(names[i], KEY_MAX, "%.*s", VLS_STR(ret->key));
    vls_suggest_try(&near, names[i]);
    const char *dot = strchr(names[i], '.');
    if (dot != NULL && strcmp(dot + 1, key) == 0)
      near.best = names[i]; /* the section was left out */
  }
  return vls_fail(cli, VLS_NOT_FOUND, "valise config get", "there is no setting \"%s\"%s%s%s", key,
                  near.best != NULL ? "; did you mean " : "", near.best != NULL ? near.best : "",
                  near.best != NULL ? "?" : "");
}

vls_err vls_config_read(vls_cli *cli, const char *path, vls_buf *ret) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0 && errno == ENOENT) return VLS_OK;
  if (fd < 0) return vls_fail(cli, VLS_SYSTEM, NULL, "cannot read %s: %s", path, strerror(errno));
  uint8_t *room = vls_buf_grow(ret, VLS_CONF_MAX + 1);
  VLS_ASSERT(room != NULL);
  size_t n = 0;
  ssize_t got = 1;
  while (got > 0 && n < VLS_CONF_MAX + 1) {
    got = read(fd, room + n, VLS_CONF_MAX + 1 - n);
    if (got > 0) n += (size_t)got;
  }
  (void)close(fd);
  ret->n = n;
  if (got < 0) return vls_fail(cli, VLS_SYSTEM, NULL, "cannot read %s", path);
  if (n > VLS_CONF_MAX) return vls_fail(cli, VLS_TOO_BIG, NULL, "%s is larger than 64 KiB", path);
  return VLS_OK;
}

/* What is wrong is wrong in `path`, wherever it was tried. */
static vls_err name_file(vls_cli *cli, vls_err err, const char *beside, const char *path) {
  const char *text = vls_problem_text(&cli->problem);
  size_t n = strlen(beside);
  if (strncmp(text, beside, n) != 0) return err;
  return vls_fail(cli, err, cli->problem.hint, "%s%s; nothing was changed", path, text + n);
}

vls_err vls_config_put(vls_cli *cli, const char *path, mode_t mode, vls_slice text) {
  char *beside = NULL;
  int n = asprintf(&beside, "%s.XXXXXX", path);
  VLS_ASSERT(n >= 0);
  vls_err err = VLS_OK;
  int fd = mkostemp(beside, O_CLOEXEC);
  if (fd < 0) {
    err = vls_fail(cli, VLS_SYSTEM, NULL, "cannot write in the directory of %s: %s", path,
                   strerror(errno));
    free(beside);
    return err;
  }
  bool written =
      write(fd, text.p, text.n) == (ssize_t)text.n && fchmod(fd, mode) == 0 && fsync(fd) == 0;
  (void)close(fd);
  if (!written)
    err = vls_fail(cli, VLS_SYSTEM, NULL, "cannot write %s: %s", beside, strerror(errno));
  if (err == VLS_OK) {
    err = vls_config_check(cli, beside);
    if (err != VLS_OK) err = name_file(cli, err, beside, path);
  }
  if (err == VLS_OK && rename(beside, path) != 0)
    err = vls_fail(cli, VLS_SYSTEM, NULL, "cannot replace %s: %s", path, strerror(errno));
  if (err != VLS_OK) (void)unlink(beside);
  free(beside);
  return err;
}

vls_err vls_config_write(vls_cli *cli, const char *key, const char *value) {
  char section[KEY_MAX] = "";
  const char *dot = strchr(key, '.');
  if (dot == NULL || (size_t)(dot - key) >= sizeof section || dot[1] == '\0' ||
      strpbrk(key, " []=:#;\t\n") != NULL)
    return vls_fail(cli, VLS_USAGE, "valise config get", "a setting is SECTION.NAME, not \"%s\"",
                    key);
  memcpy(section, key, (size_t)(dot - key));
  char *name = vls_config_file();
  char *path = realpath(name, NULL); /* a link to the file stays one */
  if (path == NULL) path = strdup(name);
  VLS_ASSERT(path != NULL);
  vls_buf old, new;
  vls_buf_init(&old, VLS_CONF_MAX + 1);
  vls_buf_init(&new, VLS_CONF_MAX);
  struct stat st = {.st_mode = 0600};
  (void)stat(path, &st);
  vls_err err = vls_config_read(cli, path, &old);
  if (err == VLS_OK) {
    err = vls_conf_set(vls_buf_slice(&old), section, dot + 1, value, &new);
    if (err == VLS_TOO_BIG) err = vls_fail(cli, err, NULL, "%s would be larger than 64 KiB", path);
    if (err == VLS_USAGE) err = vls_fail(cli, err, NULL, "this value cannot stand in a file");
  }
  if (err == VLS_OK && !vls_path_make_dirs(path))
    err = vls_fail(cli, VLS_SYSTEM, NULL, "cannot make the directory of %s: %s", path,
                   strerror(errno));
  if (err == VLS_OK) err = vls_config_put(cli, path, st.st_mode & 0777, vls_buf_slice(&new));
  vls_buf_done(&old);
  vls_buf_done(&new);
  free(path);
  free(name);
  return err;
}
