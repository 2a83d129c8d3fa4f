#include "client/gate.h"

#include <stdio.h>
#include <utf8proc.h>

#include "base/assert.h"

typedef int32_t rune; /* a code point, or NOT_UTF8 */
enum { NONE = -1, NOT_UTF8 = -2 };

typedef struct range {
  rune from, to;
} range;

/* Invisible, or steering, and not in a category that says so. Sorted is not needed: it is short. */
static const range hidden[] = {
    {0x034f, 0x034f},   {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f}, {0x3164, 0x3164},
    {0xfe00, 0xfe0f},   {0xffa0, 0xffa0},   {0xfdd0, 0xfdef},   {0x2065, 0x2065}, {0xfff0, 0xfff8},
    {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

/* Format characters with a shape of their own: signs of Arabic, Syriac and Kaithi. */
static const range shown[] = {
    {0x0600, 0x0605}, {0x06dd, 0x06dd},   {0x070f, 0x070f},   {0x0890, 0x0891},
    {0x08e2, 0x08e2}, {0x110bd, 0x110bd}, {0x110cd, 0x110cd},
};

/* Scripts in which a joiner between two letters changes how they are written. */
static const range joining[] = {
    {0x0600, 0x07ff}, {0x0840, 0x08ff}, {0x0900, 0x0dff},
    {0x1000, 0x109f}, {0x1780, 0x17ff}, {0x1807, 0x18aa},
};

static const range han[] = {
    {0x3400, 0x4dbf}, {0x4e00, 0x9fff}, {0xf900, 0xfaff}, {0x20000, 0x3134f}};

#define IN(table, c) is_in(table, sizeof(table) / sizeof((table)[0]), c)

static bool is_in(const range *table, size_t n, rune c) {
  for (size_t i = 0; i < n; i++)
    if (c >= table[i].from && c <= table[i].to) return true;
  return false;
}

static bool is_unsafe(rune c) {
  if (c < 0) return true;
  if (c < 0x7f) return c < 0x20;
  if (c <= 0x9f) return true;
  if ((c & 0xfffe) == 0xfffe || IN(hidden, c)) return true;
  utf8proc_category_t k = utf8proc_category(c);
  if (k == UTF8PROC_CATEGORY_CF) return !IN(shown, c);
  return k == UTF8PROC_CATEGORY_ZL || k == UTF8PROC_CATEGORY_ZP || k == UTF8PROC_CATEGORY_CS;
}

/* Stands on the letter before it. Hangul vowels and finals do so too when they follow a lead. */
static bool is_mark(rune c) {
  if (c < 0x300) return false;
  utf8proc_category_t k = utf8proc_category(c);
  if (k == UTF8PROC_CATEGORY_MN || k == UTF8PROC_CATEGORY_ME || k == UTF8PROC_CATEGORY_MC)
    return true;
  return (c >= 0x1161 && c <= 0x11ff) || (c >= 0xd7b0 && c <= 0xd7ff);
}

static bool is_pictograph(rune c) {
  if (c < 0xa9) return false;
  return utf8proc_get_property(c)->boundclass == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC ||
         (c >= 0x1f3fb && c <= 0x1f3ff);
}

/* The next code point and its length; a byte that starts none is NOT_UTF8, of length 1. */
static size_t next_rune(const uint8_t *p, size_t n, rune *ret) {
  if (n == 0) {
    *ret = NONE;
    return 0;
  }
  if (p[0] < 0x80) {
    *ret = p[0];
    return 1;
  }
  utf8proc_ssize_t k = utf8proc_iterate(p, (utf8proc_ssize_t)n, ret);
  if (k > 0) return (size_t)k;
  *ret = NOT_UTF8;
  return 1;
}

/* A text being read: the present code point, its bytes, and the one after it. */
typedef struct reader {
  vls_slice left, bytes;
  rune c, next;
} reader;

static bool read_rune(reader *r) {
  if (r->left.n == 0) return false;
  size_t k = next_rune(r->left.p, r->left.n, &r->c);
  r->bytes = (vls_slice){r->left.p, k};
  r->left = (vls_slice){r->left.p + k, r->left.n - k};
  (void)next_rune(r->left.p, r->left.n, &r->next);
  return true;
}

/* What stands before the code point in question. */
typedef struct context {
  rune base;      /* the last character that was neither mark, joiner nor selector; NONE: nothing to
                     stand on */
  rune last;      /* the last code point that passed */
  unsigned marks; /* on base */
} context;

/* What comes after a joiner passes too: a joiner before something escaped joins nothing. */
static bool will_pass(const context *at, rune next) {
  return !is_unsafe(next) && (!is_mark(next) || at->marks < VLS_GATE_MARKS);
}

static bool is_keycap(rune base) {
  return (base >= '0' && base <= '9') || base == '#' || base == '*';
}

/* ZWJ, ZWNJ and variation selectors, where writing needs them. */
static bool is_needed(const context *at, rune c, rune next) {
  if (at->base == NONE) return false;
  bool letters = IN(joining, at->last) && IN(joining, next) && will_pass(at, next);
  bool fresh = at->last == at->base; /* nothing stands on the base yet */
  if (c == 0x200c) return letters;
  if (c == 0x200d && !letters)
    return is_pictograph(next) && is_pictograph(at->base) && (fresh || at->last == 0xfe0f);
  if (c == 0x200d) return true;
  if (c == 0xfe0e || c == 0xfe0f)
    return fresh && (is_pictograph(at->base) || (is_keycap(at->base) && next == 0x20e3));
  if (c >= 0xe0100 && c <= 0xe01ef) return fresh && IN(han, at->base);
  return c >= 0x180b && c <= 0x180d && at->last >= 0x1820 && at->last <= 0x18aa;
}

/* Decides about c and moves the context past it. */
static bool passes(context *at, rune c, rune next) {
  if (is_unsafe(c)) {
    bool ok = c > 0 && is_needed(at, c, next);
    *at = ok ? (context){at->base, c, at->marks} : (context){NONE, NONE, 0};
    return ok;
  }
  if (is_mark(c)) {
    if (at->base == NONE || at->marks >= VLS_GATE_MARKS) return false;
    at->marks++;
    at->last = c;
    return true;
  }
  *at = (context){c, c, 0};
  return true;
}

static void put(vls_buf *out, const void *p, size_t n) {
  vls_err err = vls_buf_put(out, p, n);
  VLS_ASSERT(err == VLS_OK);
}

static void put_str(vls_buf *out, const char *s) {
  put(out, s, strlen(s));
}

static void put_escape(vls_buf *out, rune c, uint8_t byte) {
  char text[16];
  if (c == '\n')
    put_str(out, "\\n");
  else if (c == '\r')
    put_str(out, "\\r");
  else if (c == '\t')
    put_str(out, "\\t");
  else {
    if (c == NOT_UTF8)
      (void)snprintf(text, sizeof text, "\\x%02X", (unsigned)byte);
    else
      (void)snprintf(text, sizeof text, "\\u{%X}", (unsigned)c);
    put_str(out, text);
  }
}

static void put_json_escape(vls_buf *out, rune c) {
  char text[16];
  if (c < 0) c = 0xfffd;
  if (c < 0x10000) {
    (void)snprintf(text, sizeof text, "\\u%04x", (unsigned)c);
  } else {
    unsigned v = (unsigned)c - 0x10000;
    (void)snprintf(text, sizeof text, "\\u%04x\\u%04x", 0xd800 + (v >> 10), 0xdc00 + (v & 0x3ff));
  }
  put_str(out, text);
}

/* True when c was dealt with as layout of the form. */
static bool put_layout(vls_buf *out, vls_gate_form form, rune c, rune next) {
  if (form == VLS_GATE_PLAIN && c == '\\') {
    put_str(out, "\\\\");
    return true;
  }
  if (form != VLS_GATE_BODY) return false;
  if (c == '\r' && next == '\n') return true;
  if (c != '\n' && c != '\t') return false;
  uint8_t byte = (uint8_t)c;
  put(out, &byte, 1);
  return true;
}

static const context nothing_yet = {NONE, NONE, 0};

void vls_gate(vls_buf *out, vls_slice text, vls_gate_form form) {
  context at = nothing_yet;
  for (reader r = {.left = text}; read_rune(&r);) {
    if (put_layout(out, form, r.c, r.next))
      at = nothing_yet;
    else if (passes(&at, r.c, r.next))
      put(out, r.bytes.p, r.bytes.n);
    else
      put_escape(out, r.c, r.bytes.p[0]);
  }
}

void vls_gate_json(vls_buf *out, vls_slice json) {
  context at = nothing_yet;
  for (reader r = {.left = json}; read_rune(&r);) {
    if (r.c == '\n' || passes(&at, r.c, r.next))
      put(out, r.bytes.p, r.bytes.n);
    else
      put_json_escape(out, r.c);
    /* A quote ends or begins a string: no mark may stand on it. */
    if (r.c == '"' || r.c == '\n') at = nothing_yet;
  }
}

bool vls_gate_is_clean(vls_slice text) {
  context at = nothing_yet;
  for (reader r = {.left = text}; read_rune(&r);)
    if (!passes(&at, r.c, r.next)) return false;
  return true;
}

size_t vls_gate_width(vls_slice gated) {
  size_t width = 0;
  for (reader r = {.left = gated}; read_rune(&r);) {
    if (r.c < 0x20) continue;
    if (r.c < 0x300 || r.c == 0xfe0f)
      width++; /* FE0F may turn a narrow sign into a wide one */
    else
      width += (size_t)utf8proc_charwidth(r.c);
  }
  return width;
}
