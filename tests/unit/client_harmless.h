/* An oracle of its own for what may leave the client: decodes UTF-8 by hand and knows the dangerous
 * characters by their numbers, so that it shares no table with the gate. */
#ifndef VALISE_TESTS_CLIENT_HARMLESS_H
#define VALISE_TESTS_CLIENT_HARMLESS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

static const uint32_t dangerous[][2] = {
    {0x00, 0x08},     {0x0b, 0x1f},       {0x7f, 0x9f},     {0xad, 0xad},     {0x34f, 0x34f},
    {0x61c, 0x61c},   {0x115f, 0x1160},   {0x17b4, 0x17b5}, {0x180e, 0x180e}, {0x200b, 0x200f},
    {0x2028, 0x202e}, {0x2060, 0x206f},   {0x3164, 0x3164}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb},
    {0xfffe, 0xffff}, {0xe0000, 0xe0fff},
};

/* The code point at p, its length in *ret_n; fails the test when it is not UTF-8. */
static inline uint32_t rune_at(const uint8_t *p, size_t left, size_t *ret_n) {
  size_t n = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
  assert_true(p[0] < 0x80 || (p[0] >= 0xc2 && p[0] <= 0xf4));
  assert_true(n <= left);
  uint32_t c = n == 1 ? p[0] : p[0] & (0x7fu >> n);
  for (size_t i = 1; i < n; i++) {
    assert_int_equal(p[i] & 0xc0, 0x80);
    c = c << 6 | (p[i] & 0x3f);
  }
  *ret_n = n;
  return c;
}

/* Newlines pass, tabs when `tabs`; nothing dangerous, and never five accents in a row. */
static inline void assert_harmless(const void *text, size_t n, bool tabs) {
  const uint8_t *p = text;
  unsigned marks = 0;
  for (size_t i = 0; i < n;) {
    size_t k;
    uint32_t c = rune_at(p + i, n - i, &k);
    if (c == '\t') assert_true(tabs);
    for (size_t d = 0; d < sizeof dangerous / sizeof dangerous[0]; d++)
      if (c >= dangerous[d][0] && c <= dangerous[d][1])
        fail_msg("U+%04X at byte %zu got out", (unsigned)c, i);
    marks = c >= 0x300 && c <= 0x36f ? marks + 1 : 0;
    assert_true(marks <= 4);
    i += k;
  }
}

/* What a hostile peer may set any text to, where the contract allows it. */
static const char *const hostile_texts[] = {
    "\x01\x02\x07\x08",
    "a\x1b[2J\x1b[H",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "\x1b]0;title\x07",
    "\x1bP1;2|data\x1b\\",
    "\x7f\x7f\x7f",
    "\xc2\x9b"
    "31m",
    "\xc2\x9d"
    "52;c;AAAA\xc2\x9c",
    "\xc2\x85",
    "x\ry\r\nz",
    "\xe2\x80\xae"
    "txt.exe",
    "\xe2\x81\xa6hidden\xe2\x81\xa9",
    "\xd8\x9c",
    "\xe2\x80\x8e\xe2\x80\x8f",
    "Bo\xe2\x80\x8b"
    "ao",
    "a\xe2\x80\x8d"
    "b",
    "a\xe2\x80\x8c"
    "b",
    "\xef\xbb\xbf"
    "bom",
    "\xe2\x81\xa0",
    "soft\xc2\xadhyphen",
    "line\xe2\x80\xa8sep\xe2\x80\xa9par",
    "\xf3\xa0\x81\x81\xf3\xa0\x81\xbf tags",
    "flag \xf0\x9f\x8f\xb4\xf3\xa0\x81\xa7\xf3\xa0\x81\xa2\xf3\xa0\x81\xbf",
    "\xcd\x8f",
    "\xe3\x85\xa4",
    "\xe1\x85\x9f\xe1\x85\xa0",
    "\xef\xb7\x90\xef\xbf\xbf",
    "\xef\xbf\xb9"
    "anno\xef\xbf\xba\xef\xbf\xbb",
    "a\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81",
    "\xcc\x81leading mark",
    "%s%n%d",
    "\xff\xfe\x80",
    "half \xe2\x80",
    "\xed\xa0\x80 surrogate",
    "\xc0\xaf overlong",
    "\xf4\x90\x80\x80 too high",
    "tab\there",
    "two\n#1 Ana, 12:00\nlines",
};

#endif
