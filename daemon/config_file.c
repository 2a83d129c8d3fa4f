/* Files of keys: libinih finds sections and pairs, this says which line was wrong and why. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "daemon/config.h"

typedef struct reading {
  vls_config *config;
  const char *name;
  vls_slice left; /* of the file */
  unsigned line;
  bool seen[VLS_KEYS];
  vls_err err; /* the first one; nothing after it counts */
  vls_trouble *why;
} reading;

#define REFUSE(r, format, ...)                                                                     \
  ((r)->err = vls_trouble_set((r)->why, VLS_USAGE, "%s:%u: " format, (r)->name, (r)->line,         \
                              ##__VA_ARGS__))

/* fgets for libinih, which would take the rest of a long line for a line of its own. */
static char *next_line(char *ret_line, int size, void *stream) {
  reading *r = stream;
  if (r->left.n == 0 || r->err != VLS_OK) return NULL;
  const uint8_t *end = memchr(r->left.p, '\n', r->left.n);
  size_t n = end == NULL ? r->left.n : (size_t)(end - r->left.p) + 1;
  r->line++;
  if (n >= (size_t)size) {
    REFUSE(r, "longer than %d characters; a list may go on in indented lines", size - 2);
    return NULL;
  }
  if (memchr(r->left.p, '\0', n) != NULL) {
    REFUSE(r, "a NUL byte; this is not a text file");
    return NULL;
  }
  memcpy(ret_line, r->left.p, n);
  ret_line[n] = '\0';
  r->left.p += n;
  r->left.n -= n;
  return ret_line;
}

static void refuse_unknown(reading *r, const char *section, const char *key, bool section_known) {
  if (section[0] == '\0') {
    REFUSE(r, "\"%.64s\" stands before any [section]", key);
  } else if (!section_known) {
    const char *near = vls_config_nearest_section(section);
    if (near != NULL)
      REFUSE(r, "unknown section [%.64s]; did you mean [%s]?", section, near);
    else
      REFUSE(r, "unknown section [%.64s]", section);
  } else {
    const char *near = vls_config_nearest_key(section, key);
    if (near != NULL)
      REFUSE(r, "unknown key \"%.64s\" in [%s]; did you mean \"%s\"?", key, section, near);
    else
      REFUSE(r, "unknown key \"%.64s\" in [%s]", key, section);
  }
}

/* A list so far and its next line. libinih leaves a comment at the end of an indented line. */
static vls_err join(reading *r, vls_key key, const char *text, vls_buf *ret) {
  size_t n = vls_config_is_list(key) ? strcspn(text, ";") : strlen(text);
  while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t'))
    n--;
  const char *before = r->seen[key] ? vls_config_text(r->config, key) : "";
  vls_err err = vls_buf_put(ret, before, strlen(before));
  bool comma = ret->n > 0 && ret->p[ret->n - 1] != ',';
  if (err == VLS_OK && ret->n > 0) err = vls_buf_put(ret, comma ? ", " : " ", comma ? 2 : 1);
  if (err == VLS_OK) err = vls_buf_put(ret, text, n);
  return err == VLS_OK ? vls_buf_put_u8(ret, '\0') : err;
}

/* libinih's handler: 1 to go on, 0 for an error. An indented line comes as the same key again. */
static int on_pair(void *data, const char *section, const char *name, const char *text) {
  reading *r = data;
  if (r->err != VLS_OK) return 0;
  bool section_known;
  vls_key key = vls_config_find(section, name, &section_known);
  if (key == VLS_KEYS) {
    refuse_unknown(r, section, name, section_known);
    return 0;
  }
  bool list = vls_config_is_list(key);
  if (r->seen[key] && !list) {
    REFUSE(r, "%s is set a second time (an indented line goes on with the key above it)",
           vls_config_key_name(key));
    return 0;
  }
  vls_buf joined;
  vls_buf_init(&joined, VLS_CONFIG_TEXT_MAX + 1);
  vls_err err = join(r, key, text, &joined);
  char from[512];
  snprintf(from, sizeof from, "%s:%u", r->name, r->line);
  if (err == VLS_OK)
    r->err = vls_config_set(r->config, key, (char *)joined.p, from, r->why);
  else
    REFUSE(r, "%s is too long", vls_config_key_name(key));
  r->seen[key] = true;
  vls_buf_done(&joined);
  return r->err == VLS_OK;
}

vls_err vls_config_parse(vls_config *config, vls_slice text, const char *name,
                         vls_trouble *ret_why) {
  reading r = {.config = config, .name = name, .left = text, .why = ret_why};
  int bad_line = ini_parse_stream(next_line, &r, on_pair, &r);
  if (bad_line < 0 && r.err == VLS_OK)
    return vls_trouble_set(ret_why, VLS_SYSTEM, "cannot read %s: there is no memory", name);
  if (bad_line > 0 && (r.err == VLS_OK || (unsigned)bad_line < r.line)) {
    r.line = (unsigned)bad_line;
    REFUSE(&r, "neither [section] nor key = value nor # comment");
  }
  return r.err;
}

vls_err vls_config_read(vls_config *config, const char *path, vls_trouble *ret_why) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0)
    return vls_trouble_set(ret_why, errno == ENOENT ? VLS_NOT_FOUND : VLS_SYSTEM,
                           "cannot read %s: %s", path, strerror(errno));
  vls_buf text;
  vls_buf_init(&text, VLS_CONFIG_FILE_MAX + 1);
  uint8_t *room = vls_buf_grow(&text, VLS_CONFIG_FILE_MAX + 1);
  size_t n = 0;
  ssize_t got = 0;
  while (n < text.n && (got = read(fd, room + n, text.n - n)) > 0)
    n += (size_t)got;
  vls_err err;
  if (got < 0)
    err = vls_trouble_set(ret_why, VLS_SYSTEM, "cannot read %s: %s", path, strerror(errno));
  else if (n > VLS_CONFIG_FILE_MAX)
    err = vls_trouble_set(ret_why, VLS_USAGE, "%s is larger than %d bytes", path,
                          VLS_CONFIG_FILE_MAX);
  else
    err = vls_config_parse(config, vls_slice_of(room, n), path, ret_why);
  close(fd);
  vls_buf_done(&text);
  return err;
}

static int is_conf(const struct dirent *entry) {
  size_t n = strlen(entry->d_name);
  return entry->d_name[0] != '.' && n > 5 && strcmp(entry->d_name + n - 5, ".conf") == 0;
}

/* By bytes, not by locale: the same order on every machine. */
static int by_name(const struct dirent **a, const struct dirent **b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

vls_err vls_config_read_dir(vls_config *config, const char *dir, vls_trouble *ret_why) {
  char path[4096];
  snprintf(path, sizeof path, "%s/valise.conf", dir);
  vls_err err = vls_config_read(config, path, ret_why);
  if (err != VLS_OK && err != VLS_NOT_FOUND) return err;
  struct dirent **entries = NULL;
  snprintf(path, sizeof path, "%s/conf.d", dir);
  int n = scandir(path, &entries, is_conf, by_name);
  err = VLS_OK;
  if (n < 0 && errno != ENOENT && errno != ENOTDIR)
    err = vls_trouble_set(ret_why, VLS_SYSTEM, "cannot read %s: %s", path, strerror(errno));
  if (n > VLS_CONFIG_FILES_MAX)
    err = vls_trouble_set(ret_why, VLS_USAGE, "%s holds more than %d files", path,
                          VLS_CONFIG_FILES_MAX);
  for (int i = 0; i < n; i++) {
    snprintf(path, sizeof path, "%s/conf.d/%s", dir, entries[i]->d_name);
    if (err == VLS_OK) err = vls_config_read(config, path, ret_why);
    free(entries[i]);
  }
  free(entries);
  return err;
}
