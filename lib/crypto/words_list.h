/* The list that recovery words are taken from. */
#ifndef VALISE_CRYPTO_WORDS_LIST_H
#define VALISE_CRYPTO_WORDS_LIST_H

#include "valise/words.h"

extern const char vls_words_list[VLS_WORDS_LISTED][VLS_WORD_MAX + 1];

#endif
