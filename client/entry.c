#include "client/entry.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/assert.h"

enum {
  TAB = '\t',
  ESCAPE = 0x1b,
  END = 0x04, /* Ctrl-D */
  CLEAR = 0x15,
  WORD_BACK = 0x17,
  BACK = '\b',
  DELETE = 0x7f,
  OFFERED = 6, /* words that are shown at once */
};

/* Of a key of several bytes. */
enum { BEGUN = 1, INSIDE = 2 };

void vls_entry_init_some(vls_entry *ret, const size_t *places, size_t n) {
  VLS_ASSERT(n >= 1 && n <= VLS_WORDS);
  *ret = (vls_entry){.n = n};
  for (size_t i = 0; i < n; i++) {
    ret->place[i] = places[i];
    ret->word[i] = VLS_WORDS_LISTED;
  }
}

void vls_entry_init(vls_entry *ret) {
  size_t all[VLS_WORDS];
  for (size_t i = 0; i < VLS_WORDS; i++)
    all[i] = i;
  vls_entry_init_some(ret, all, VLS_WORDS);
}

static vls_slice typed(const vls_entry *e) {
  return vls_slice_of(e->typed, e->n_typed);
}

static void set_typed(vls_entry *e, const char *word) {
  e->n_typed = strlen(word);
  VLS_ASSERT(e->n_typed <= VLS_ENTRY_TYPED);
  memset(e->typed, 0, sizeof e->typed);
  memcpy(e->typed, word, e->n_typed);
}

/* To a place, with the word that is in it. */
static void go(vls_entry *e, size_t at) {
  VLS_ASSERT(at < e->n);
  e->at = at;
  set_typed(e, e->word[at] < VLS_WORDS_LISTED ? vls_word_at(e->word[at]) : "");
}

void vls_entry_say(vls_entry *e, const char *note) {
  go(e, e->n - 1);
  snprintf(e->note, sizeof e->note, "%s", note);
}

static bool is_number(const vls_entry *e) {
  return e->n_typed > 0 && e->typed[0] >= '0' && e->typed[0] <= '9';
}

static void go_to_number(vls_entry *e) {
  size_t number = 0;
  for (size_t i = 0; i < e->n_typed; i++)
    number = number * 10 + (size_t)(e->typed[i] - '0');
  for (size_t i = 0; i < e->n; i++) {
    if (e->place[i] + 1 != number) continue;
    go(e, i);
    return;
  }
  snprintf(e->note, sizeof e->note, "there is no word %zu here", number);
  go(e, e->at);
}

/* The word that is meant, when only one can be. */
static size_t meant(const vls_entry *e) {
  size_t first, found = vls_word_find(typed(e));
  if (found < VLS_WORDS_LISTED || e->n_typed == 0) return found;
  return vls_word_begins(typed(e), &first) == 1 ? first : VLS_WORDS_LISTED;
}

static void refuse(vls_entry *e) {
  size_t first, n = vls_word_begins(typed(e), &first);
  const char *nearest = vls_word_nearest(typed(e));
  if (e->n_typed == 0)
    snprintf(e->note, sizeof e->note, "type the word, or the first four letters of it");
  else if (n > 0)
    snprintf(e->note, sizeof e->note, "%zu words begin like this: go on typing", n);
  else
    snprintf(e->note, sizeof e->note, "not in the list%s%s%s",
             nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "",
             nearest != NULL ? "?" : "");
}

/* Behind this place, else anywhere; e->n when none is missing. */
static size_t next_missing(const vls_entry *e) {
  for (size_t k = 1; k <= e->n; k++) {
    size_t i = (e->at + k) % e->n;
    if (e->word[i] == VLS_WORDS_LISTED) return i;
  }
  return e->n;
}

static vls_entry_is take(vls_entry *e) {
  if (is_number(e)) {
    go_to_number(e);
    return VLS_ENTRY_OPEN;
  }
  size_t word = meant(e);
  if (word == VLS_WORDS_LISTED) {
    refuse(e);
    return VLS_ENTRY_OPEN;
  }
  e->word[e->at] = word;
  size_t missing = next_missing(e);
  if (missing < e->n)
    go(e, missing);
  else
    go(e, e->at + 1 < e->n ? e->at + 1 : e->at);
  return missing < e->n ? VLS_ENTRY_OPEN : VLS_ENTRY_WHOLE;
}

static void complete(vls_entry *e) {
  size_t first, n = vls_word_begins(typed(e), &first);
  if (e->n_typed == 0 || n == 0) {
    refuse(e);
    return;
  }
  /* The list is sorted: what the first and the last have in common all of them have. */
  const char *a = vls_word_at(first), *b = vls_word_at(first + n - 1);
  char common[VLS_WORD_MAX + 1] = "";
  for (size_t i = 0; a[i] != '\0' && a[i] == b[i]; i++)
    common[i] = a[i];
  set_typed(e, common);
}

static void erase(vls_entry *e) {
  if (e->n_typed > 0)
    e->typed[--e->n_typed] = '\0';
  else if (e->at > 0)
    go(e, e->at - 1);
}

static void add(vls_entry *e, uint8_t c) {
  bool digit = c >= '0' && c <= '9';
  if (e->n_typed >= VLS_ENTRY_TYPED || (e->n_typed > 0 && digit != is_number(e))) return;
  if (digit && e->n_typed >= 2) return;
  e->typed[e->n_typed++] = (char)c;
  e->typed[e->n_typed] = '\0';
}

/* A first letter on a word that is there already begins another one. */
static void begin_anew(vls_entry *e) {
  size_t there = e->word[e->at];
  if (there < VLS_WORDS_LISTED && strcmp(e->typed, vls_word_at(there)) == 0) set_typed(e, "");
}

static bool in_escape(vls_entry *e, uint8_t c) {
  if (e->escape == 0) return false;
  if (e->escape == BEGUN && (c == '[' || c == 'O')) {
    e->escape = INSIDE;
    return true;
  }
  bool ends = e->escape == BEGUN || (c >= 0x40 && c <= 0x7e);
  if (e->escape == INSIDE && (c == 'A' || c == 'D') && e->at > 0) go(e, e->at - 1);
  if (e->escape == INSIDE && (c == 'B' || c == 'C') && e->at + 1 < e->n) go(e, e->at + 1);
  if (ends) e->escape = 0;
  return true;
}

vls_entry_is vls_entry_key(vls_entry *e, uint8_t c) {
  e->note[0] = '\0';
  if (in_escape(e, c)) return VLS_ENTRY_OPEN;
  if (c >= 'A' && c <= 'Z') c = (uint8_t)(c - 'A' + 'a');
  switch (c) {
  case ESCAPE: e->escape = BEGUN; return VLS_ENTRY_OPEN;
  case TAB: complete(e); return VLS_ENTRY_OPEN;
  case END: return e->n_typed == 0 ? VLS_ENTRY_LEFT : VLS_ENTRY_OPEN;
  case CLEAR:
  case WORD_BACK: set_typed(e, ""); return VLS_ENTRY_OPEN;
  case BACK:
  case DELETE: erase(e); return VLS_ENTRY_OPEN;
  case '\n':
  case '\r': return take(e);
  case ' ':
  case '.':
  case ')':
  case ':': return e->n_typed > 0 ? take(e) : VLS_ENTRY_OPEN; /* pasted lists have several */
  default: break;
  }
  bool letter = c >= 'a' && c <= 'z', digit = c >= '0' && c <= '9';
  if (letter || digit) {
    begin_anew(e);
    add(e, c);
  }
  return VLS_ENTRY_OPEN;
}

__attribute__((format(printf, 2, 3))) static void put(vls_buf *out, const char *format, ...) {
  char text[VLS_ENTRY_NOTE + 32];
  va_list values;
  va_start(values, format);
  int n = vsnprintf(text, sizeof text, format, values);
  va_end(values);
  vls_err err = vls_buf_put(out, text, n < (int)sizeof text ? (size_t)n : sizeof text - 1);
  VLS_ASSERT(err == VLS_OK);
  vls_wipe(text, sizeof text);
}

static void put_offers(const vls_entry *e, vls_buf *out) {
  size_t first, n = vls_word_begins(typed(e), &first);
  bool there = n > 0 && strcmp(vls_word_at(first), e->typed) == 0;
  if (e->n_typed == 0 || is_number(e) || (n == 1 && there)) return;
  if (n == 0) put(out, "not in the list");
  for (size_t i = 0; i < n && i < OFFERED; i++)
    put(out, "%s%s", i > 0 ? " " : "", vls_word_at(first + i));
  if (n > OFFERED) put(out, " and %zu more", n - OFFERED);
}

void vls_entry_show(const vls_entry *e, vls_buf *out, vls_buf *ret_beside) {
  if (e->n == VLS_WORDS)
    put(out, "Word %zu of %d: %s", e->place[e->at] + 1, VLS_WORDS, e->typed);
  else
    put(out, "Word %zu: %s", e->place[e->at] + 1, e->typed);
  if (e->note[0] != '\0')
    put(ret_beside, "%s", e->note);
  else
    put_offers(e, ret_beside);
}

void vls_entry_text(const vls_entry *e, char ret_text[VLS_WORDS_TEXT]) {
  size_t at = 0;
  for (size_t i = 0; i < e->n; i++) {
    const char *word = e->word[i] < VLS_WORDS_LISTED ? vls_word_at(e->word[i]) : "";
    size_t n = strlen(word);
    memcpy(ret_text + at, word, n);
    at += n;
    ret_text[at++] = i + 1 < e->n ? ' ' : '\0';
  }
}
