#include "client/out.h"

#include <stdlib.h>

#include "base/assert.h"

static const char *const style_codes[] = {
    [VLS_PLAIN] = "",       [VLS_BOLD] = "\033[1m",   [VLS_DIM] = "\033[2m",
    [VLS_RED] = "\033[31m", [VLS_GREEN] = "\033[32m", [VLS_YELLOW] = "\033[33m",
};

void vls_out_raw(vls_out *out, const void *bytes, size_t n) {
  if (n == 0) return;
  /* A failed write is found by vls_out_flush. */
  (void)!fwrite(bytes, 1, n, out->file);
  if (memchr(bytes, '\n', n) != NULL || memchr(bytes, '\r', n) != NULL) out->column = 0;
}

void vls_out_end(vls_out *out) {
  vls_out_raw(out, "\n", 1);
}

static void put_spaces(vls_out *out, size_t n) {
  for (size_t i = 0; i < n; i++)
    vls_out_raw(out, " ", 1);
  out->column += n;
}

/* One piece that must not be parted: a word, or one character of a word longer than a line. What
 * does not fit goes to the next line, behind the indent. */
static void put_piece(vls_out *out, size_t *spaces, vls_slice piece, size_t width) {
  if (out->width > 0 && out->column + *spaces + width > out->width) {
    bool begun = out->column > out->indent;
    if (begun) vls_out_end(out);
    *spaces = begun ? out->indent : 0;
  }
  put_spaces(out, *spaces);
  *spaces = 0;
  vls_out_raw(out, piece.p, piece.n);
  out->column += width;
}

static size_t rune_length(vls_slice text) {
  size_t k = 1;
  while (k < text.n && (text.p[k] & 0xc0) == 0x80)
    k++;
  return k;
}

static void put_word(vls_out *out, size_t *spaces, vls_slice word) {
  size_t width = vls_gate_width(word);
  if (out->width == 0 || width + out->indent <= out->width) {
    put_piece(out, spaces, word, width);
    return;
  }
  for (size_t i = 0; i < word.n;) {
    vls_slice c = {word.p + i, word.n - i};
    c.n = rune_length(c);
    put_piece(out, spaces, c, vls_gate_width(c));
    i += c.n;
  }
}

/* Lays a gated line out. A tab is kept in a file or pipe; in a terminal it becomes the spaces it
 * stands for. */
static void put_line(vls_out *out, vls_slice line) {
  size_t spaces = 0, word;
  for (size_t i = 0; i < line.n; i += word) {
    for (word = 0; i + word < line.n && line.p[i + word] != ' ' && line.p[i + word] != '\t';)
      word++;
    if (word > 0) {
      put_word(out, &spaces, (vls_slice){line.p + i, word});
      continue;
    }
    word = 1;
    if (line.p[i] == ' ')
      spaces++;
    else if (out->width > 0)
      spaces += 8 - (out->column + spaces) % 8;
    else
      put_piece(out, &spaces, (vls_slice){line.p + i, 1}, 0);
  }
  if (out->width == 0 || out->column + spaces < out->width)
    put_spaces(out, spaces);
  else
    out->column = out->width; /* the line is full: what comes next is not glued to it */
}

void vls_out_gated(vls_out *out, vls_slice gated) {
  put_line(out, gated);
}

void vls_out_text(vls_out *out, vls_slice text) {
  vls_buf gated;
  vls_buf_init(&gated, VLS_GATE_MAX);
  vls_gate(&gated, text, VLS_GATE_LINE);
  put_line(out, vls_buf_slice(&gated));
  vls_buf_done(&gated);
}

void vls_out_whole(vls_out *out, vls_slice text) {
  vls_buf gated;
  vls_buf_init(&gated, VLS_GATE_MAX);
  vls_gate(&gated, text, VLS_GATE_LINE);
  vls_out_raw(out, gated.p, gated.n);
  vls_out_end(out);
  vls_buf_done(&gated);
}

char *vls_out_format(const char *format, va_list values) {
  char *text = NULL;
  int n = vasprintf(&text, format, values);
  VLS_ASSERT(n >= 0);
  return text;
}

__attribute__((format(printf, 2, 0))) static void put_va(vls_out *out, const char *format,
                                                         va_list values) {
  char *text = vls_out_format(format, values);
  vls_out_text(out, vls_slice_str(text));
  free(text);
}

void vls_out_put(vls_out *out, const char *format, ...) {
  va_list values;
  va_start(values, format);
  put_va(out, format, values);
  va_end(values);
}

void vls_out_styled(vls_out *out, vls_style style, const char *format, ...) {
  va_list values;
  va_start(values, format);
  if (out->color) vls_out_raw(out, style_codes[style], strlen(style_codes[style]));
  put_va(out, format, values);
  if (out->color) vls_out_raw(out, "\033[0m", 4);
  va_end(values);
}

void vls_out_line(vls_out *out, const char *format, ...) {
  va_list values;
  va_start(values, format);
  put_va(out, format, values);
  va_end(values);
  vls_out_end(out);
}

void vls_out_body(vls_out *out, size_t indent, vls_slice text) {
  vls_buf gated;
  size_t before = out->indent;
  vls_buf_init(&gated, VLS_GATE_MAX);
  vls_gate(&gated, text, VLS_GATE_BODY);
  out->indent = indent;
  for (vls_slice rest = vls_buf_slice(&gated); rest.n > 0 || gated.n == 0;) {
    const uint8_t *end = rest.n > 0 ? memchr(rest.p, '\n', rest.n) : NULL;
    size_t n = end == NULL ? rest.n : (size_t)(end - rest.p);
    if (n > 0) put_spaces(out, indent);
    put_line(out, (vls_slice){rest.p, n});
    vls_out_end(out);
    if (end == NULL) break;
    rest = (vls_slice){end + 1, rest.n - n - 1};
  }
  out->indent = before;
  vls_buf_done(&gated);
}

vls_err vls_out_flush(vls_out *out) {
  if (fflush(out->file) != 0 || ferror(out->file)) return VLS_SYSTEM;
  return VLS_OK;
}
