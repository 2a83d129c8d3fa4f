/* Recovery words: 32 random bytes as 24 words of the English list of BIP 39, the last of which
 * carries 8 bits of their SHA-256. The first four letters of a word are those of no other. */
#ifndef VALISE_WORDS_H
#define VALISE_WORDS_H

#include "valise/types.h"

enum {
  VLS_WORDS = 24,
  VLS_WORDS_LISTED = 2048,
  VLS_WORD_MAX = 8,                                /* letters of the longest */
  VLS_WORD_PREFIX = 4,                             /* letters that are enough */
  VLS_WORDS_SECRET = 32,                           /* bytes */
  VLS_WORDS_TEXT = VLS_WORDS * (VLS_WORD_MAX + 1), /* characters of all, with their NUL */
};

/* What is wrong with words that were typed. */
typedef enum vls_words_wrong {
  VLS_WORDS_RIGHT,
  VLS_WORDS_COUNT,    /* n of them, and not 24 */
  VLS_WORDS_UNKNOWN,  /* word number n, `typed`, is not in the list; `nearest` may be meant */
  VLS_WORDS_CHECKSUM, /* each is in the list, but they do not belong together */
} vls_words_wrong;

typedef struct vls_words_fault {
  vls_words_wrong what;
  size_t n;
  char typed[3 * VLS_WORD_MAX + 1]; /* its beginning */
  const char *nearest;              /* NULL: none is near */
} vls_words_fault;

/* Word number i of the list, i < VLS_WORDS_LISTED. The list is sorted. */
const char *vls_word_at(size_t i);
/* The number of the word that is typed in any case, whole or its first four letters or more;
 * VLS_WORDS_LISTED when there is none. */
size_t vls_word_find(vls_slice typed);
/* The words that begin like this, in any case: *ret_first and the ones behind it. Gives how many.
 */
size_t vls_word_begins(vls_slice typed, size_t *ret_first);
/* The listed word that takes the fewest edits, at most two; NULL when there is none. */
const char *vls_word_nearest(vls_slice typed);

/* The 24 words, separated by one space, and a NUL. A secret: wipe it. */
void vls_words_text(char ret_text[VLS_WORDS_TEXT], const uint8_t secret[VLS_WORDS_SECRET]);
/* Reads words separated by white space, of any case, whole or by their first letters; a number
 * before a word, as in "7." or "7)", is skipped. VLS_USAGE: ret_fault, if it is not NULL, says why,
 * and ret_secret is zeros. */
VLS_MUST vls_err vls_words_parse(uint8_t ret_secret[VLS_WORDS_SECRET], vls_slice text,
                                 vls_words_fault *ret_fault);
/* The fault as a sentence for a person. It holds what was typed: wipe it. */
void vls_words_problem(const vls_words_fault *fault, char *ret_text, size_t size);

#endif
