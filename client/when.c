#include "client/when.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const uint64_t second = 1000, minute = 60 * 1000, hour = 3600 * 1000, day = 86400 * 1000;
static const uint64_t longest = UINT64_C(3660) * 86400 * 1000; /* ten years: more is a mistake */

int64_t vls_when_now(void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_REALTIME, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

uint64_t vls_when_mono(void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* The unit at the start of text, and its length; 0 when there is none. */
static uint64_t unit_at(const char *text, size_t *ret_n) {
  static const struct {
    const char *name;
    uint64_t ms;
  } units[] = {{"ms", 1},          {"s", 1000},         {"m", 60 * 1000},
               {"h", 3600 * 1000}, {"d", 86400 * 1000}, {"w", UINT64_C(604800) * 1000}};
  *ret_n = strspn(text, "abcdefghijklmnopqrstuvwxyz");
  for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
    if (strlen(units[i].name) == *ret_n && strncmp(units[i].name, text, *ret_n) == 0)
      return units[i].ms;
  return 0;
}

vls_err vls_when_span(const char *text, uint64_t *ret_ms) {
  uint64_t sum = 0;
  if (*text == '\0') return VLS_USAGE;
  bool bare = strspn(text, "0123456789") == strlen(text);
  while (*text != '\0') {
    uint64_t n = 0;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 12) return VLS_USAGE;
    for (size_t i = 0; i < digits; i++)
      n = n * 10 + (uint64_t)(text[i] - '0');
    text += digits;
    size_t unit_len = 0;
    uint64_t unit = bare ? second : unit_at(text, &unit_len);
    if (unit == 0 || n > longest / unit) return VLS_USAGE;
    sum += n * unit;
    if (sum > longest) return VLS_USAGE;
    text += unit_len;
  }
  *ret_ms = sum;
  return VLS_OK;
}

static int64_t to_ms(struct tm *t) {
  t->tm_isdst = -1;
  return (int64_t)mktime(t) * 1000;
}

static void to_local(int64_t ms, struct tm *ret) {
  time_t s = (time_t)(ms / 1000);
  if (localtime_r(&s, ret) == NULL) *ret = (struct tm){.tm_year = 70, .tm_mday = 1};
}

static int64_t midnight(int64_t ms, int days) {
  struct tm t;
  to_local(ms, &t);
  t.tm_hour = t.tm_min = t.tm_sec = 0;
  t.tm_mday += days;
  return to_ms(&t);
}

vls_err vls_when_since(const char *text, int64_t now_ms, int64_t *ret_ms) {
  static const char *const forms[] = {"%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M",
                                      "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"};
  uint64_t span;
  if (strcmp(text, "today") == 0) {
    *ret_ms = midnight(now_ms, 0);
    return VLS_OK;
  }
  if (strcmp(text, "yesterday") == 0) {
    *ret_ms = midnight(now_ms, -1);
    return VLS_OK;
  }
  if (strpbrk(text, "smhdw") != NULL && vls_when_span(text, &span) == VLS_OK) {
    *ret_ms = (int64_t)span > now_ms ? 0 : now_ms - (int64_t)span;
    return VLS_OK;
  }
  for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
    struct tm t = {0};
    const char *end = strptime(text, forms[i], &t);
    if (end == NULL || *end != '\0' || t.tm_year < 70) continue;
    *ret_ms = to_ms(&t);
    return VLS_OK;
  }
  return VLS_USAGE;
}

void vls_when_iso(char ret_text[VLS_WHEN_TEXT], int64_t ms) {
  struct tm t;
  to_local(ms, &t);
  if (strftime(ret_text, VLS_WHEN_TEXT, "%Y-%m-%dT%H:%M:%S%z", &t) == 0) ret_text[0] = '\0';
}

void vls_when_local(char ret_text[VLS_WHEN_TEXT], int64_t ms, int64_t now_ms) {
  static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  struct tm t, now;
  to_local(ms, &t);
  to_local(now_ms, &now);
  int64_t today = midnight(now_ms, 0);
  const char *month = months[t.tm_mon % 12];
  if (ms >= today && ms < midnight(now_ms, 1)) {
    (void)snprintf(ret_text, VLS_WHEN_TEXT, "%02d:%02d", t.tm_hour, t.tm_min);
  } else if (ms < today && ms >= midnight(now_ms, -1)) {
    (void)snprintf(ret_text, VLS_WHEN_TEXT, "yesterday %02d:%02d", t.tm_hour, t.tm_min);
  } else if (t.tm_year == now.tm_year) {
    (void)snprintf(ret_text, VLS_WHEN_TEXT, "%d %s %02d:%02d", t.tm_mday, month, t.tm_hour,
                   t.tm_min);
  } else {
    (void)snprintf(ret_text, VLS_WHEN_TEXT, "%d %s %ld %02d:%02d", t.tm_mday, month,
                   1900L + t.tm_year, t.tm_hour, t.tm_min);
  }
}

void vls_when_length(char ret_text[VLS_WHEN_TEXT], uint64_t ms) {
  if (ms < minute)
    (void)snprintf(ret_text, VLS_WHEN_TEXT, "%u s", (unsigned)(ms / second));
  else if (ms < hour)
    (void)snprintf(ret_text, VLS_WHEN_TEXT, "%u min", (unsigned)(ms / minute));
  else if (ms < 2 * day)
    (void)snprintf(ret_text, VLS_WHEN_TEXT, "%u h", (unsigned)(ms / hour));
  else
    (void)snprintf(ret_text, VLS_WHEN_TEXT, "%llu days", (unsigned long long)(ms / day));
}

void vls_when_relative(char ret_text[VLS_WHEN_TEXT], int64_t ms, int64_t now_ms) {
  char length[VLS_WHEN_TEXT];
  bool past = ms <= now_ms;
  uint64_t far = past ? (uint64_t)now_ms - (uint64_t)ms : (uint64_t)ms - (uint64_t)now_ms;
  if (far < 10 * second) {
    (void)snprintf(ret_text, VLS_WHEN_TEXT, "just now");
    return;
  }
  if (!past) far += second - 1; /* "in 7 days" also a moment after it was made */
  vls_when_length(length, far);
  (void)snprintf(ret_text, VLS_WHEN_TEXT, past ? "%.30s ago" : "in %.30s", length);
}
