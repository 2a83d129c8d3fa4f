/* Where words leave the program: one for standard output, one for standard error. Every function
 * here sends what it is given through the gate, the values of a format as well as the format, so
 * that no caller can forget it. Only table, json and qr put bytes that passed the gate already, by
 * vls_out_gated and vls_out_raw. */
#ifndef VALISE_CLIENT_OUT_H
#define VALISE_CLIENT_OUT_H

#include <stdarg.h>
#include <stdio.h>

#include "client/gate.h"

typedef enum vls_style { VLS_PLAIN, VLS_BOLD, VLS_DIM, VLS_RED, VLS_GREEN, VLS_YELLOW } vls_style;

enum { VLS_OUT_INDENT = 2 };

typedef struct vls_out {
  FILE *file;
  bool color;
  size_t width;  /* columns of the terminal; 0: not a terminal, never wrap */
  size_t indent; /* before what a line that is too long for the terminal goes on with */
  size_t column; /* of what comes next */
} vls_out;

/* Formatted text on the present line: a newline in it, or in a value, is made visible. */
void vls_out_put(vls_out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same in a style, where there is colour. */
void vls_out_styled(vls_out *out, vls_style style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same as vls_out_put, and ends the line. */
void vls_out_line(vls_out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A text of a peer on the present line. */
void vls_out_text(vls_out *out, vls_slice text);
/* A line that is copied from the terminal as a whole, such as a link: gated, but not wrapped. */
void vls_out_whole(vls_out *out, vls_slice text);
/* The body of a message on lines of its own. Every line, also one that the terminal's width makes,
 * begins with `indent` spaces, so that no body can look like a line of ours. */
void vls_out_body(vls_out *out, size_t indent, vls_slice text);
void vls_out_end(vls_out *out); /* ends the line */
/* A line, or a part of one, that was gated already. */
void vls_out_gated(vls_out *out, vls_slice gated);
/* Bytes that were gated already, or are ours. */
void vls_out_raw(vls_out *out, const void *bytes, size_t n);
/* Hands everything to the system. VLS_SYSTEM when it could not be written. */
VLS_MUST vls_err vls_out_flush(vls_out *out);

/* Formatted text, to free(). Aborts when there is no memory. */
char *vls_out_format(const char *format, va_list values) __attribute__((format(printf, 1, 0)));

/* A slice as printf's "%.*s"; bounded far below INT_MAX by the frame. */
#define VLS_STR(s) (int)(s).n, (const char *)(s).p

#endif
