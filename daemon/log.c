#include "daemon/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"

static const struct {
  const char *name;
  char priority; /* of syslog(3), as the journal wants it */
} levels[] = {
    [VLS_DEBUG] = {"debug", '7'},     [VLS_INFO] = {"info", '6'},   [VLS_NOTICE] = {"notice", '5'},
    [VLS_WARNING] = {"warning", '4'}, [VLS_ERROR] = {"error", '3'},
};
enum { LEVELS = sizeof levels / sizeof levels[0] };

const char *vls_level_name(vls_level level) {
  return levels[level].name;
}

bool vls_level_get(const char *name, vls_level *ret_level) {
  for (size_t i = 0; i < LEVELS; i++) {
    if (strcmp(name, levels[i].name) != 0) continue;
    *ret_level = (vls_level)i;
    return true;
  }
  return false;
}

/* $JOURNAL_STREAM is "device:inode" of what systemd gave us; it may have been redirected since. */
static bool journal_reads(int fd) {
  const char *stream = getenv("JOURNAL_STREAM");
  struct stat st;
  if (stream == NULL || fstat(fd, &st) != 0) return false;
  char ours[64];
  snprintf(ours, sizeof ours, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
  return strcmp(ours, stream) == 0;
}

void vls_log_init(vls_logger *log, int fd, vls_level level) {
  *log = (vls_logger){.fd = fd, .level = level, .journal = journal_reads(fd)};
}

/* False when this kind has spent its allowance. ret_suppressed: how many were left out before. */
static bool allowed(vls_logger *log, vls_slice kind, uint64_t mono_ms, uint32_t *ret_suppressed) {
  uint32_t hash = 2166136261u; /* FNV-1a */
  for (size_t i = 0; i < kind.n; i++)
    hash = (hash ^ kind.p[i]) * 16777619u;
  size_t at = hash % VLS_LOG_KINDS;
  uint64_t window = mono_ms / VLS_LOG_WINDOW_MS;
  if (log->kinds[at].window != window) {
    log->kinds[at].window = window;
    log->kinds[at].lines = 0;
  }
  if (log->kinds[at].lines >= VLS_LOG_BURST) {
    log->kinds[at].suppressed++;
    return false;
  }
  log->kinds[at].lines++;
  *ret_suppressed = log->kinds[at].suppressed;
  log->kinds[at].suppressed = 0;
  return true;
}

typedef struct line {
  char text[VLS_LOG_LINE];
  size_t n;
} line;

static void put(line *l, const char *text) {
  size_t len = strlen(text), room = sizeof l->text - 1 - l->n; /* one byte for the newline */
  if (len > room) len = room;
  memcpy(l->text + l->n, text, len);
  l->n += len;
}

/* Plain words stand as they are; anything else is quoted, and what is not printable ASCII becomes
 * \xNN. */
static void put_value(line *l, const vls_log_field *f) {
  vls_slice v = f->text;
  bool plain = v.n > 0;
  for (size_t i = 0; i < v.n && plain; i++)
    plain = v.p[i] > ' ' && v.p[i] < 0x7f && v.p[i] != '"' && v.p[i] != '\\' && v.p[i] != '=';
  if (!plain) put(l, "\"");
  for (size_t i = 0; i < v.n && l->n + 16 < sizeof l->text; i++) {
    char piece[8];
    if (v.p[i] == '"' || (v.p[i] == '\\' && !f->escaped))
      snprintf(piece, sizeof piece, "\\%c", v.p[i]);
    else if (v.p[i] >= ' ' && v.p[i] < 0x7f)
      snprintf(piece, sizeof piece, "%c", v.p[i]);
    else
      snprintf(piece, sizeof piece, "\\x%02x", v.p[i]);
    put(l, piece);
  }
  if (!plain) put(l, "\"");
}

static void put_head(line *l, const vls_logger *log, vls_level level, const struct timespec *wall) {
  char head[64];
  if (log->journal) {
    snprintf(head, sizeof head, "<%c>", levels[level].priority);
    put(l, head);
    return;
  }
  struct tm utc;
  gmtime_r(&wall->tv_sec, &utc);
  size_t n = strftime(head, sizeof head, "%Y-%m-%dT%H:%M:%S", &utc);
  snprintf(head + n, sizeof head - n, ".%03ldZ %s ", wall->tv_nsec / 1000000, levels[level].name);
  put(l, head);
}

static void write_line(vls_logger *log, vls_level level, const char *event, vls_slice kind,
                       const vls_log_field *fields) {
  if (level < log->level) return;
  struct timespec mono, wall;
  clock_gettime(CLOCK_MONOTONIC, &mono);
  clock_gettime(CLOCK_REALTIME, &wall);
  uint32_t suppressed = 0;
  uint64_t mono_ms = (uint64_t)mono.tv_sec * 1000 + (uint64_t)mono.tv_nsec / 1000000;
  if (!allowed(log, kind, mono_ms, &suppressed)) return;
  line l = {.n = 0};
  put_head(&l, log, level, &wall);
  put(&l, event);
  char num[32];
  for (const vls_log_field *f = fields; f->key != NULL; f++) {
    put(&l, " ");
    put(&l, f->key);
    put(&l, "=");
    snprintf(num, sizeof num, "%" PRIu64, f->num);
    if (f->is_num)
      put(&l, num);
    else
      put_value(&l, f);
  }
  if (suppressed > 0) {
    snprintf(num, sizeof num, " suppressed=%" PRIu32, suppressed);
    put(&l, num);
  }
  l.text[l.n++] = '\n';
  /* A log that cannot be written has nobody to be told. */
  ssize_t written = write(log->fd, l.text, l.n);
  (void)written;
}

void vls_log_write(vls_logger *log, vls_level level, const char *event,
                   const vls_log_field *fields) {
  write_line(log, level, event, vls_slice_str(event), fields);
}

void vls_log_text(vls_logger *log, vls_level level, const char *event, vls_slice text) {
  size_t n = 0;
  while (n < text.n && text.p[n] != '=')
    n++;
  const vls_log_field fields[] = {{.key = "msg", .text = text, .escaped = true}, {.key = NULL}};
  write_line(log, level, event, (vls_slice){text.p, n}, fields);
}
