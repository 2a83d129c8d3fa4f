/* Recovery words (BIP 39). */
#include "valise/words.h"

#include <stdio.h>

#include "base/assert.h"
#include "crypto/kdf.h"
#include "crypto/words_list.h"

enum { BITS = 11, NEAR = 2 };

const char *vls_word_at(size_t i) {
  VLS_ASSERT(i < VLS_WORDS_LISTED);
  return vls_words_list[i];
}

static char lower(uint8_t c) {
  return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

/* How the first n letters of a listed word stand to what was typed: < 0, 0, > 0. */
static int compare(const char *word, vls_slice typed) {
  for (size_t i = 0; i < typed.n; i++) {
    char c = lower(typed.p[i]);
    if (word[i] != c) return word[i] < c ? -1 : 1;
    if (word[i] == '\0') return -1; /* a NUL was typed: it is in no word */
  }
  return 0;
}

size_t vls_word_begins(vls_slice typed, size_t *ret_first) {
  size_t low = 0, high = VLS_WORDS_LISTED, n = 0;
  *ret_first = 0;
  if (typed.n > VLS_WORD_MAX) return 0;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (compare(vls_words_list[middle], typed) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  while (low + n < VLS_WORDS_LISTED && compare(vls_words_list[low + n], typed) == 0)
    n++;
  *ret_first = low;
  return n;
}

size_t vls_word_find(vls_slice typed) {
  size_t first, n = vls_word_begins(typed, &first);
  if (n == 0 || typed.n == 0) return VLS_WORDS_LISTED;
  bool whole = vls_words_list[first][typed.n] == '\0'; /* it sorts before those it begins */
  return whole || (n == 1 && typed.n >= VLS_WORD_PREFIX) ? first : VLS_WORDS_LISTED;
}

/* Levenshtein's distance. */
static size_t distance(const char *word, vls_slice typed) {
  size_t row[VLS_WORD_MAX + NEAR + 1];
  for (size_t j = 0; j <= typed.n; j++)
    row[j] = j;
  for (size_t i = 0; word[i] != '\0'; i++) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < typed.n; j++) {
      size_t best = diagonal + (word[i] == lower(typed.p[j]) ? 0 : 1);
      if (row[j] + 1 < best) best = row[j] + 1;
      if (row[j + 1] + 1 < best) best = row[j + 1] + 1;
      diagonal = row[j + 1];
      row[j + 1] = best;
    }
  }
  return row[typed.n];
}

const char *vls_word_nearest(vls_slice typed) {
  const char *best = NULL;
  size_t least = NEAR + 1;
  if (typed.n == 0 || typed.n > VLS_WORD_MAX + NEAR) return NULL;
  for (size_t i = 0; i < VLS_WORDS_LISTED && least > 0; i++) {
    size_t d = distance(vls_words_list[i], typed);
    if (d >= least || d >= typed.n) continue;
    least = d;
    best = vls_words_list[i];
  }
  return best;
}

/* The bits of secret and checksum are 24 numbers of 11 bits. */
static size_t number_at(const uint8_t bytes[VLS_WORDS_SECRET + 1], size_t word) {
  size_t v = 0;
  for (size_t bit = word * BITS; bit < (word + 1) * BITS; bit++)
    v = v << 1 | ((unsigned)bytes[bit / 8] >> (7 - bit % 8) & 1u);
  return v;
}

static void add_number(uint8_t bytes[VLS_WORDS_SECRET + 1], size_t word, size_t v) {
  for (size_t i = 0; i < BITS; i++) {
    size_t bit = word * BITS + i;
    if ((v >> (BITS - 1 - i) & 1u) != 0) bytes[bit / 8] |= (uint8_t)(0x80u >> bit % 8);
  }
}

static uint8_t checksum(const uint8_t secret[VLS_WORDS_SECRET]) {
  uint8_t hash[VLS_HASH];
  vls_sha256(hash, vls_slice_of(secret, VLS_WORDS_SECRET));
  uint8_t first = hash[0];
  vls_wipe(hash, sizeof hash);
  return first;
}

void vls_words_text(char ret_text[VLS_WORDS_TEXT], const uint8_t secret[VLS_WORDS_SECRET]) {
  uint8_t bytes[VLS_WORDS_SECRET + 1];
  size_t at = 0;
  memcpy(bytes, secret, VLS_WORDS_SECRET);
  bytes[VLS_WORDS_SECRET] = checksum(secret);
  for (size_t i = 0; i < VLS_WORDS; i++) {
    const char *word = vls_words_list[number_at(bytes, i)];
    size_t n = strlen(word);
    memcpy(ret_text + at, word, n);
    at += n;
    ret_text[at++] = i + 1 < VLS_WORDS ? ' ' : '\0';
  }
  vls_wipe(bytes, sizeof bytes);
}

static bool is_space(uint8_t c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next word; empty at the end. Numbers of a list are passed over. */
static vls_slice next_word(vls_slice *rest) {
  for (;;) {
    while (rest->n > 0 && is_space(rest->p[0]))
      *rest = (vls_slice){rest->p + 1, rest->n - 1};
    size_t digits = 0, n = 0;
    while (digits < rest->n && rest->p[digits] >= '0' && rest->p[digits] <= '9')
      digits++;
    bool marked = digits > 0 && digits < rest->n &&
                  (rest->p[digits] == '.' || rest->p[digits] == ')' || rest->p[digits] == ':');
    if (marked) digits++;
    bool number = digits > 0 && (marked || digits == rest->n || is_space(rest->p[digits]));
    if (number) {
      *rest = (vls_slice){rest->p + digits, rest->n - digits};
      continue;
    }
    while (n < rest->n && !is_space(rest->p[n]))
      n++;
    vls_slice word = {rest->p, n};
    *rest = (vls_slice){rest->p + n, rest->n - n};
    return word;
  }
}

static void note_unknown(vls_words_fault *fault, size_t n, vls_slice typed) {
  size_t kept = typed.n < sizeof fault->typed - 1 ? typed.n : sizeof fault->typed - 1;
  *fault = (vls_words_fault){.what = VLS_WORDS_UNKNOWN, .n = n, .nearest = vls_word_nearest(typed)};
  memcpy(fault->typed, typed.p, kept);
}

static vls_words_fault read_words(uint8_t bytes[VLS_WORDS_SECRET + 1], vls_slice text) {
  vls_words_fault fault = {.what = VLS_WORDS_RIGHT};
  size_t n = 0;
  for (vls_slice word = next_word(&text); word.n > 0; word = next_word(&text)) {
    size_t number = vls_word_find(word);
    if (number == VLS_WORDS_LISTED && fault.what == VLS_WORDS_RIGHT && n < VLS_WORDS)
      note_unknown(&fault, n + 1, word);
    if (n < VLS_WORDS && number < VLS_WORDS_LISTED) add_number(bytes, n, number);
    n++;
  }
  if (n != VLS_WORDS) /* one left out shifts the rest: the count says more */
    return (vls_words_fault){.what = VLS_WORDS_COUNT, .n = n};
  if (fault.what == VLS_WORDS_RIGHT && checksum(bytes) != bytes[VLS_WORDS_SECRET])
    fault.what = VLS_WORDS_CHECKSUM;
  return fault;
}

vls_err vls_words_parse(uint8_t ret_secret[VLS_WORDS_SECRET], vls_slice text,
                        vls_words_fault *ret_fault) {
  uint8_t bytes[VLS_WORDS_SECRET + 1] = {0};
  vls_words_fault fault = read_words(bytes, text);
  bool right = fault.what == VLS_WORDS_RIGHT;
  if (right)
    memcpy(ret_secret, bytes, VLS_WORDS_SECRET);
  else
    memset(ret_secret, 0, VLS_WORDS_SECRET);
  if (ret_fault != NULL) *ret_fault = fault;
  vls_wipe(bytes, sizeof bytes);
  vls_wipe(&fault, sizeof fault);
  return right ? VLS_OK : VLS_USAGE;
}

void vls_words_problem(const vls_words_fault *fault, char *ret_text, size_t size) {
  switch (fault->what) {
  case VLS_WORDS_RIGHT: snprintf(ret_text, size, "the words are right"); return;
  case VLS_WORDS_COUNT:
    snprintf(ret_text, size, "these are %zu words; recovery words are %d", fault->n, VLS_WORDS);
    return;
  case VLS_WORDS_UNKNOWN:
    snprintf(ret_text, size, "word %zu, \"%s\", is not in the list%s%s%s", fault->n, fault->typed,
             fault->nearest != NULL ? "; did you mean " : "",
             fault->nearest != NULL ? fault->nearest : "", fault->nearest != NULL ? "?" : "");
    return;
  case VLS_WORDS_CHECKSUM:
    snprintf(ret_text, size,
             "each word is in the list, but together they are not right: "
             "one is wrong, or two changed places");
    return;
  }
}
