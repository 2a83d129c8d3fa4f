/* Times and spans, as people write and read them. */
#ifndef VALISE_CLIENT_WHEN_H
#define VALISE_CLIENT_WHEN_H

#include "valise/types.h"

enum { VLS_WHEN_TEXT = 40 }; /* bytes of any text made here, with its NUL */

/* Milliseconds since 1970, and of a clock that only goes forward. */
int64_t vls_when_now(void);
uint64_t vls_when_mono(void);

/* "30s", "5m", "2h", "7d", "1w", "500ms", sums like "1h30m"; a bare number is seconds. VLS_USAGE
 * when it is none of these, or more than ten years. */
VLS_MUST vls_err vls_when_span(const char *text, uint64_t *ret_ms);
/* A span ("2h": so long ago), "today", "yesterday", "2026-05-01" or "2026-05-01 14:30[:05]" (also
 * with a T), in local time. VLS_USAGE when it is none of these. */
VLS_MUST vls_err vls_when_since(const char *text, int64_t now_ms, int64_t *ret_ms);

/* "2026-05-01T14:30:05+0200" */
void vls_when_iso(char ret_text[VLS_WHEN_TEXT], int64_t ms);
/* "14:30" today, "yesterday 14:30", "1 May 14:30" this year, else "1 May 2026 14:30". */
void vls_when_local(char ret_text[VLS_WHEN_TEXT], int64_t ms, int64_t now_ms);
/* "just now", "5 min ago", "3 h ago", "2 days ago"; "in 5 min". */
void vls_when_relative(char ret_text[VLS_WHEN_TEXT], int64_t ms, int64_t now_ms);
/* "5 s", "3 min", "2 h", "9 days" */
void vls_when_length(char ret_text[VLS_WHEN_TEXT], uint64_t ms);

#endif
