/* The output gate. Every text that came from a peer passes here before it reaches a terminal, a
 * pipe, a pager or a file, so that it can neither command the terminal nor pretend to be something
 * else.
 *
 * Made visible, never dropped: C0, DEL and C1 controls (so every escape sequence), direction marks,
 * overrides and isolates, zero-width and other invisible characters, line and paragraph separators,
 * tag characters, noncharacters, bytes that are not UTF-8, a mark with nothing to stand on, and
 * every mark after the fourth on one letter. A joiner or a variation selector passes only where
 * writing needs it: inside a word of a joining script, in an emoji sequence, after a Han character.
 */
#ifndef VALISE_CLIENT_GATE_H
#define VALISE_CLIENT_GATE_H

#include "base/buf.h"

enum {
  VLS_GATE_MARKS = 4,      /* combining marks on one letter */
  VLS_GATE_MAX = 32 << 20, /* bytes of one gated text: a frame of the node, all of it escaped */
};

typedef enum vls_gate_form {
  VLS_GATE_LINE,  /* one line for a person; \n \r \t by these names, the rest as \u{202E} or \x80 */
  VLS_GATE_BODY,  /* as LINE, but newlines (also CR LF) and tabs pass; the caller indents */
  VLS_GATE_PLAIN, /* one field of --plain: as LINE, and \ is doubled, so that it can be undone */
} vls_gate_form;

/* Appends the visible form of text. Aborts when out cannot hold VLS_GATE_MAX. */
void vls_gate(vls_buf *out, vls_slice text, vls_gate_form form);
/* Appends a serialised JSON text, with the same characters as \uXXXX escapes: still the same JSON
 * value (bytes that are not UTF-8 become U+FFFD). Newlines between values pass. */
void vls_gate_json(vls_buf *out, vls_slice json);
/* True when VLS_GATE_LINE would leave the text as it is. */
bool vls_gate_is_clean(vls_slice text);
/* Columns that gated text takes in a terminal, rather too many than too few. */
size_t vls_gate_width(vls_slice gated);

#endif
