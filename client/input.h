/* The text of a message, from wherever it comes. */
#ifndef VALISE_CLIENT_INPUT_H
#define VALISE_CLIENT_INPUT_H

#include "client/cmd.h"

enum {
  VLS_TEXT_MAX = 65536, /* bytes of one text (RPC 4.1) */
  VLS_INPUT_MAX =
      VLS_TEXT_MAX + 2, /* and a newline at its end, and one byte that shows it is too long */
};

/* Each checks that it is text: UTF-8 without U+0000, not empty, not too long. One newline at the
 * end of a file or of standard input is dropped. VLS_USAGE, VLS_TOO_BIG, VLS_SYSTEM. */
VLS_MUST vls_err vls_input_string(vls_cli *cli, const char *text, vls_buf *out);
VLS_MUST vls_err vls_input_file(vls_cli *cli, const char *path, vls_buf *out);
VLS_MUST vls_err vls_input_stdin(vls_cli *cli, vls_buf *out);

#endif
