#include "base/text.h"

#include <stdlib.h>
#include <utf8proc.h>

#include "base/assert.h"

static const char base32_digits[] = "abcdefghijklmnopqrstuvwxyz234567";

size_t vls_base32_len(size_t n_bytes) {
  return (n_bytes * 8 + 4) / 5;
}

void vls_base32_put(char *ret_text, vls_slice bytes) {
  uint32_t acc = 0;
  unsigned bits = 0;
  for (size_t i = 0; i < bytes.n; i++) {
    acc = ((acc << 8) | bytes.p[i]) & 0xfffff;
    for (bits += 8; bits >= 5; bits -= 5)
      *ret_text++ = base32_digits[(acc >> (bits - 5)) & 31];
  }
  if (bits > 0) *ret_text++ = base32_digits[(acc << (5 - bits)) & 31];
  *ret_text = '\0';
}

static int base32_value(char c) {
  if (c >= 'a' && c <= 'z') return c - 'a';
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= '2' && c <= '7') return c - '2' + 26;
  return -1;
}

vls_err vls_base32_get(const char *text, size_t n, uint8_t *out, size_t max, size_t *ret_n) {
  uint32_t acc = 0;
  unsigned bits = 0;
  size_t used = 0;
  for (size_t i = 0; i < n; i++) {
    int v = base32_value(text[i]);
    if (v < 0) return VLS_MALFORMED;
    acc = ((acc << 5) | (uint32_t)v) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    if (used == max) return VLS_TOO_BIG;
    bits -= 8;
    out[used++] = (uint8_t)(acc >> bits);
  }
  if (bits >= 5 || (acc & ((1u << bits) - 1)) != 0) return VLS_MALFORMED;
  *ret_n = used;
  return VLS_OK;
}

void vls_hex_put(char *ret_text, vls_slice bytes) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < bytes.n; i++) {
    *ret_text++ = digits[bytes.p[i] >> 4];
    *ret_text++ = digits[bytes.p[i] & 15];
  }
  *ret_text = '\0';
}

static size_t min3(size_t a, size_t b, size_t c) {
  size_t m = a < b ? a : b;
  return m < c ? m : c;
}

size_t vls_text_distance(vls_slice a, vls_slice b) {
  size_t n = a.n, m = b.n;
  if (n > VLS_DISTANCE_WORD || m > VLS_DISTANCE_WORD) return SIZE_MAX;
  /* Three rows of the table suffice: an exchange looks two back. */
  size_t rows[3][VLS_DISTANCE_WORD + 1];
  for (size_t j = 0; j <= m; j++)
    rows[0][j] = j;
  for (size_t i = 1; i <= n; i++) {
    size_t *now = rows[i % 3];
    const size_t *last = rows[(i - 1) % 3], *before = rows[(i + 1) % 3];
    now[0] = i;
    for (size_t j = 1; j <= m; j++) {
      size_t differ = a.p[i - 1] == b.p[j - 1] ? 0 : 1;
      now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + differ);
      if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1] &&
          before[j - 2] + 1 < now[j])
        now[j] = before[j - 2] + 1;
    }
  }
  return rows[n % 3][m];
}

size_t vls_utf8_whole(const void *text, size_t n) {
  const uint8_t *p = text;
  size_t lead = n; /* one beyond the byte that begins the last character */
  while (lead > 0 && n - lead < 3 && (p[lead - 1] & 0xc0) == 0x80)
    lead--;
  if (lead == 0) return n;
  uint8_t c = p[lead - 1];
  size_t size = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
  return lead - 1 + size > n ? lead - 1 : n;
}

void vls_text_copy(char *out, vls_slice text, size_t max) {
  size_t n = vls_utf8_whole(text.p, text.n < max ? text.n : max);
  if (n > 0) memcpy(out, text.p, n);
  out[n] = '\0';
}

bool vls_utf8_ok(vls_slice text) {
  size_t i = 0;
  while (i < text.n) {
    if (text.p[i] != 0 && text.p[i] < 0x80) {
      i++;
      continue;
    }
    utf8proc_int32_t c;
    utf8proc_ssize_t k = utf8proc_iterate(text.p + i, (utf8proc_ssize_t)(text.n - i), &c);
    if (k <= 0 || c == 0) return false;
    i += (size_t)k;
  }
  return true;
}

/* Letters of other scripts that look like a Latin one in most typefaces, small or capital, as they
 * are after case folding. Source: the confusables of Unicode TR 39, the part that matters for
 * names. */
static const struct {
  uint16_t from;
  char to;
} look_alikes[] = {
    {0x0430, 'a'}, {0x0435, 'e'}, {0x043e, 'o'}, {0x0440, 'p'}, {0x0441, 'c'}, {0x0443, 'y'},
    {0x0445, 'x'}, {0x0456, 'i'}, {0x0458, 'j'}, {0x0455, 's'}, {0x04bb, 'h'}, {0x0501, 'd'},
    {0x051b, 'q'}, {0x051d, 'w'}, {0x0131, 'i'}, {0x04cf, 'l'}, {0x043d, 'h'}, {0x0432, 'b'},
    {0x043a, 'k'}, {0x043c, 'm'}, {0x0442, 't'}, {0x03b1, 'a'}, {0x03b2, 'b'}, {0x03b5, 'e'},
    {0x03b6, 'z'}, {0x03b7, 'h'}, {0x03b9, 'i'}, {0x03ba, 'k'}, {0x03bc, 'm'}, {0x03bd, 'v'},
    {0x03bf, 'o'}, {0x03c1, 'p'}, {0x03c4, 't'}, {0x03c5, 'u'}, {0x03c7, 'x'},
};

static utf8proc_int32_t look_alike(utf8proc_int32_t c) {
  for (size_t i = 0; i < sizeof look_alikes / sizeof look_alikes[0]; i++)
    if (look_alikes[i].from == c) return look_alikes[i].to;
  return c;
}

vls_err vls_name_fold(vls_slice name, vls_buf *out) {
  if (!vls_utf8_ok(name)) return VLS_MALFORMED;
  /* Decomposed, so that a letter is mapped whether its accent is part of it or follows it. */
  utf8proc_uint8_t *folded = NULL;
  utf8proc_ssize_t n = utf8proc_map(name.p, (utf8proc_ssize_t)name.n, &folded,
                                    UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE |
                                        UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
  if (n < 0) return VLS_MALFORMED;
  vls_err err = VLS_OK;
  size_t before = out->n;
  for (utf8proc_ssize_t i = 0; i < n && err == VLS_OK;) {
    utf8proc_int32_t c;
    utf8proc_ssize_t k = utf8proc_iterate(folded + i, n - i, &c);
    VLS_ASSERT(k > 0);
    i += k;
    bool space = c <= ' ', inside = out->n > before && out->p[out->n - 1] != ' ';
    if (space && !inside) continue; /* of several one is left, and none at the ends */
    utf8proc_uint8_t bytes[4];
    utf8proc_ssize_t len = utf8proc_encode_char(space ? ' ' : look_alike(c), bytes);
    err = vls_buf_put(out, bytes, (size_t)len);
  }
  free(folded);
  if (err == VLS_OK && out->n > before && out->p[out->n - 1] == ' ') out->n--;
  if (err != VLS_OK) out->n = before;
  return err;
}
