/* Recovery words as they are typed, key by key: completion, going back, numbers that name a place.
 * Keys in, what to show out; the terminal is the caller's. Holds a secret: wipe it. */
#ifndef VALISE_CLIENT_ENTRY_H
#define VALISE_CLIENT_ENTRY_H

#include "base/buf.h"
#include "valise/words.h"

enum {
  VLS_ENTRY_TYPED = 2 * VLS_WORD_MAX, /* letters of one word; what follows is not taken */
  VLS_ENTRY_NOTE = 160,
};

typedef enum vls_entry_is {
  VLS_ENTRY_OPEN,  /* words are missing, or one of them is just being changed */
  VLS_ENTRY_WHOLE, /* there is a word in every place */
  VLS_ENTRY_LEFT,  /* the person gave up */
} vls_entry_is;

typedef struct vls_entry {
  size_t n;                /* places */
  size_t place[VLS_WORDS]; /* which of the 24 words each is: 0..23, ascending */
  size_t word[VLS_WORDS];  /* the number of the word in it; VLS_WORDS_LISTED: none yet */
  size_t at;               /* the place that is typed into */
  char typed[VLS_ENTRY_TYPED + 1];
  size_t n_typed;
  unsigned escape;           /* of a key that is more than one byte, so far */
  char note[VLS_ENTRY_NOTE]; /* what was wrong with the last key, or "" */
} vls_entry;

/* All 24 words. */
void vls_entry_init(vls_entry *ret);
/* Some of them: n numbers 0..23, ascending. */
void vls_entry_init_some(vls_entry *ret, const size_t *places, size_t n);
/* One byte from the keyboard. Letters of either case; Tab completes; Space and Enter take the word,
 * also one that is not finished when only one begins like this; Backspace goes back, at the
 * beginning of a word to the one before, as the arrows do; Ctrl-U empties it; a number goes to the
 * word in that place; Ctrl-D gives up. */
vls_entry_is vls_entry_key(vls_entry *entry, uint8_t byte);
/* Puts a sentence where the next key takes it away, and goes to the last word. */
void vls_entry_say(vls_entry *entry, const char *note);
/* "Word 7 of 24: aban", and what may be said behind it: how it may go on, or what was wrong. */
void vls_entry_show(const vls_entry *entry, vls_buf *out, vls_buf *ret_beside);
/* The words of all places, separated by spaces, with a NUL: room for VLS_WORDS_TEXT. */
void vls_entry_text(const vls_entry *entry, char ret_text[VLS_WORDS_TEXT]);

#endif
