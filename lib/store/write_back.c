#include <stdlib.h>

#include "store/sql.h"

enum { PIECE = 64 << 10 };

int vls_write_back(sqlite3_file *file) {
  const sqlite3_io_methods *io = file->pMethods;
  sqlite3_int64 size = 0;
  int code = io->xFileSize(file, &size);
  if (code != SQLITE_OK || size == 0) return code;
  uint8_t *piece = vls_calloc(1, PIECE);
  for (sqlite3_int64 at = 0; code == SQLITE_OK && at < size; at += PIECE) {
    int n = size - at < PIECE ? (int)(size - at) : PIECE;
    code = io->xRead(file, piece, n, at);
    if (code == SQLITE_OK) code = io->xWrite(file, piece, n, at);
  }
  vls_wipe(piece, PIECE);
  free(piece);
  return code;
}
