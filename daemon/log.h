/* The log: one structured line for each event, on standard error. Every value is escaped, so bytes
 * that came from a peer cannot end a line, forge a key or move a cursor. No message text and no
 * keys come this way. Each kind of event has its own allowance, so that a flood of one does not
 * drown another. */
#ifndef VALISE_DAEMON_LOG_H
#define VALISE_DAEMON_LOG_H

#include "valise/core.h"

enum {
  VLS_LOG_LINE = 1024,      /* bytes of one line; what is longer is cut */
  VLS_LOG_KINDS = 64,       /* allowances; kinds that share one by hash share it */
  VLS_LOG_BURST = 20,       /* lines of one kind ... */
  VLS_LOG_WINDOW_MS = 10000 /* ... in so long; the rest is counted as suppressed=N */
};

typedef struct vls_log_field {
  const char *key; /* NULL ends a list */
  vls_slice text;
  uint64_t num;
  bool is_num;
  bool escaped; /* \xNN stands for what it did; a backslash is no longer one */
} vls_log_field;

typedef struct vls_logger {
  int fd;
  bool journal; /* the journal reads fd: it adds the time and wants a priority */
  vls_level level;
  struct {
    uint64_t window;
    uint32_t lines, suppressed;
  } kinds[VLS_LOG_KINDS];
} vls_logger;

/* Writes to fd; recognises the journal by $JOURNAL_STREAM (systemd.exec(5)). */
void vls_log_init(vls_logger *log, int fd, vls_level level);
/* Prefer VLS_LOG. fields end with a NULL key. */
void vls_log_write(vls_logger *log, vls_level level, const char *event,
                   const vls_log_field *fields);

/* A sentence of the core, which has escaped it already. Its kind is what stands before the first
 * '='. */
void vls_log_text(vls_logger *log, vls_level level, const char *event, vls_slice text);

/* VLS_LOG(log, VLS_INFO, "client.gone", vls_log_s("why", text), vls_log_u("sent", n)) */
#define VLS_LOG(log, level, event, ...)                                                            \
  vls_log_write(log, level, event, (const vls_log_field[]){__VA_ARGS__, {.key = NULL}})

static inline vls_log_field vls_log_b(const char *key, vls_slice text) {
  return (vls_log_field){.key = key, .text = text};
}
static inline vls_log_field vls_log_s(const char *key, const char *text) {
  return vls_log_b(key, (vls_slice){(const uint8_t *)text, __builtin_strlen(text)});
}
static inline vls_log_field vls_log_u(const char *key, uint64_t num) {
  return (vls_log_field){.key = key, .num = num, .is_num = true};
}

/* "debug", "info", "notice", "warning", "error". get: false for any other word. */
const char *vls_level_name(vls_level level);
bool vls_level_get(const char *name, vls_level *ret_level);

#endif
