#include "client/input.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/text.h"

static vls_err check(vls_cli *cli, vls_buf *text) {
  if (text->n == 0)
    return vls_fail(cli, VLS_USAGE, "valise send --help", "there is no text to send");
  if (text->n > VLS_TEXT_MAX)
    return vls_fail(cli, VLS_TOO_BIG, NULL, "a text has at most 64 KiB: send it in parts");
  if (!vls_utf8_ok(vls_buf_slice(text)))
    return vls_fail(cli, VLS_USAGE, "iconv -t UTF-8", "this is not UTF-8 text");
  return VLS_OK;
}

vls_err vls_input_string(vls_cli *cli, const char *text, vls_buf *out) {
  vls_err err = vls_buf_put_slice(out, vls_slice_str(text));
  if (err != VLS_OK)
    return vls_fail(cli, VLS_TOO_BIG, NULL, "a text has at most 64 KiB: send it in parts");
  return check(cli, out);
}

/* Reads until the end, or until it is certain that it is too long. */
static vls_err read_all(vls_cli *cli, int fd, const char *name, vls_buf *out) {
  uint8_t *room = vls_buf_grow(out, VLS_INPUT_MAX);
  VLS_ASSERT(room != NULL);
  size_t n = 0;
  ssize_t got = 1;
  while (n < VLS_INPUT_MAX && got != 0) {
    got = read(fd, room + n, VLS_INPUT_MAX - n);
    if (got < 0 && errno != EINTR)
      return vls_fail(cli, VLS_SYSTEM, NULL, "cannot read %s: %s", name, strerror(errno));
    if (got > 0) n += (size_t)got;
  }
  if (n > 0 && room[n - 1] == '\n') n--;
  out->n = n;
  return check(cli, out);
}

vls_err vls_input_file(vls_cli *cli, const char *path, vls_buf *out) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return vls_fail(cli, VLS_SYSTEM, NULL, "cannot read %s: %s", path, strerror(errno));
  vls_err err = read_all(cli, fd, path, out);
  (void)close(fd);
  return err;
}

vls_err vls_input_stdin(vls_cli *cli, vls_buf *out) {
  return read_all(cli, STDIN_FILENO, "standard input", out);
}
