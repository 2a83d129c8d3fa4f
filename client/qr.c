#include "client/qr.h"

#include <ctype.h>
#include <qrencode.h>
#include <stdlib.h>

#include "base/assert.h"

enum { QUIET = 4 }; /* modules around the code, as ISO 18004 wants them */

static bool is_dark(const QRcode *code, int x, int y) {
  if (x < 0 || y < 0 || x >= code->width || y >= code->width) return false;
  return (code->data[y * code->width + x] & 1) != 0;
}

/* A light module is drawn, a dark one left out: terminals are mostly light on dark, and readers
 * take either. With colour both are set, so that nothing depends on the terminal. */
static void print_code(vls_out *out, const QRcode *code) {
  static const char *const blocks[] = {" ", "\u2584", "\u2580", "\u2588"};
  for (int y = -QUIET; y < code->width + QUIET; y += 2) {
    if (out->color) vls_out_raw(out, "\033[97;40m", 8);
    for (int x = -QUIET; x < code->width + QUIET; x++) {
      unsigned upper = is_dark(code, x, y) ? 0 : 2, lower = is_dark(code, x, y + 1) ? 0 : 1;
      const char *block = blocks[upper | lower];
      vls_out_raw(out, block, strlen(block));
    }
    if (out->color) vls_out_raw(out, "\033[0m", 4);
    vls_out_end(out);
  }
}

static QRcode *encode(const char *text) {
  return QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1);
}

vls_err vls_qr_print(vls_out *out, const char *text, bool fold) {
  QRcode *code = encode(text);
  if (fold) {
    char *capitals = strdup(text);
    VLS_ASSERT(capitals != NULL);
    for (char *c = capitals; *c != '\0'; c++)
      *c = (char)toupper((unsigned char)*c);
    QRcode *smaller = encode(capitals);
    free(capitals);
    if (smaller != NULL && (code == NULL || smaller->width < code->width)) {
      QRcode *larger = code;
      code = smaller;
      smaller = larger;
    }
    if (smaller != NULL) QRcode_free(smaller);
  }
  if (code == NULL) return VLS_TOO_BIG;
  print_code(out, code);
  QRcode_free(code);
  return VLS_OK;
}
