/* Text: base32, UTF-8, and the folding under which two names count as the same. */
#ifndef VALISE_BASE_TEXT_H
#define VALISE_BASE_TEXT_H

#include "base/buf.h"

/* RFC 4648 base32, lower case, no padding. Room for (n * 8 + 4) / 5 + 1 characters; ends in NUL. */
void vls_base32_put(char *ret_text, vls_slice bytes);
size_t vls_base32_len(size_t n_bytes);
/* Decodes text[0..n) of either case into out (max bytes). VLS_MALFORMED on any other character,
 * an impossible length or stray bits; VLS_TOO_BIG when out is too small. */
VLS_MUST vls_err vls_base32_get(const char *text, size_t n, uint8_t *out, size_t max,
                                size_t *ret_n);

/* Hex, lower case; out has room for 2 n + 1. */
void vls_hex_put(char *ret_text, vls_slice bytes);

/* Bytes to change, drop, add or exchange with their neighbour to make one word of the other:
 * Levenshtein's distance with exchanges (optimal string alignment). SIZE_MAX when one is longer. */
enum { VLS_DISTANCE_WORD = 64 };
size_t vls_text_distance(vls_slice a, vls_slice b);

/* True when the bytes are well-formed UTF-8 (no surrogates, no overlong forms, no U+0000). */
bool vls_utf8_ok(vls_slice text);
/* How many of these n bytes are whole characters: one that is cut off at the end is left out. */
size_t vls_utf8_whole(const void *text, size_t n);
/* Copies at most max bytes of it and a NUL, cutting no character. out holds max + 1. */
void vls_text_copy(char *out, vls_slice text, size_t max);
/* Appends the key under which two names are the same to a person's eye: NFKD, case folded, default
 * ignorables stripped, Cyrillic and Greek letters mapped to the Latin ones they look like. For
 * comparing, not for showing. VLS_MALFORMED when name is not UTF-8; VLS_TOO_BIG, and out as before,
 * when it cannot hold the key. */
VLS_MUST vls_err vls_name_fold(vls_slice name, vls_buf *out);

#endif
