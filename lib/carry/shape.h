/* The first flight of a link in a printable form (PEER 4.10). A stream that begins with nothing but
 * random bytes is a fingerprint of its own, and networks block it (Wu et al., USENIX Security
 * 2023); one that begins with text is let through. Base64url (RFC 4648 section 5) without padding.
 */
#ifndef VALISE_CARRY_SHAPE_H
#define VALISE_CARRY_SHAPE_H

#include "base/buf.h"

/* So many first bytes tell text from a knock, whose nonce looks like text once in 2^48 times. */
enum { VLS_SHAPE_TELL = 24 };

/* Characters for n bytes. */
size_t vls_shape_len(size_t n);
/* Writes clear as vls_shape_len(clear.n) characters. */
void vls_shape_put(uint8_t *out, vls_slice clear);
/* True when the first VLS_SHAPE_TELL bytes at p are text. */
bool vls_shape_is_text(const uint8_t *p);
/* Reads n bytes from vls_shape_len(n) characters; out may be where the text is. What is no
 * character of the alphabet counts as zeros: whoever wrote it finds that nothing opens, and hears
 * nothing. */
void vls_shape_get(uint8_t *out, size_t n, const uint8_t *text);

#endif
