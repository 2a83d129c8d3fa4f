#include "base/assert.h"
#include "store/backup.h"

void vls_backup_writer_init(vls_backup_writer *ret, const vls_backup_cipher *cipher) {
  *ret = (vls_backup_writer){.cipher = *cipher};
  vls_buf_init(&ret->plain, VLS_BACKUP_PLAIN + 4 + VLS_BACKUP_ROW_MAX + VLS_BACKUP_PLAIN);
}

void vls_backup_writer_done(vls_backup_writer *writer) {
  vls_buf_done(&writer->plain);
  vls_wipe(writer, sizeof *writer);
}

static void count(vls_backup_end *counts, vls_backup_kind kind) {
  counts->rows++;
  if (kind == VLS_BACKUP_CONTACT) counts->contacts++;
  if (kind == VLS_BACKUP_EVENT) counts->events++;
  if (kind == VLS_BACKUP_MESSAGE) counts->messages++;
}

static vls_err seal_chunk(vls_backup_writer *w, bool final, vls_buf *out) {
  uint8_t *room = vls_buf_grow(out, VLS_BACKUP_CHUNK);
  if (room == NULL) return VLS_TOO_BIG;
  vls_backup_chunk_seal(&w->cipher, w->plain.p, final, room);
  vls_buf_drop(&w->plain, VLS_BACKUP_PLAIN);
  return VLS_OK;
}

vls_err vls_backup_writer_put(vls_backup_writer *w, const vls_backup_row *row, vls_buf *out) {
  const vls_wire_def *def = vls_backup_def((unsigned)row->kind);
  const void *fields = &row->start; /* members of a union begin where it begins */
  bool last = row->kind == VLS_BACKUP_END;
  size_t at = w->plain.n;
  VLS_ASSERT(def != NULL && !w->cipher.final);
  if (last) fields = &w->counts;
  vls_err err = vls_buf_put_be32(&w->plain, 0);
  if (err == VLS_OK) err = vls_wire_encode(def, fields, &w->plain);
  VLS_ASSERT(err == VLS_OK); /* the tables' bounds are those of the store */
  vls_be32_put(w->plain.p + at, (uint32_t)row->kind << 24 | (uint32_t)(w->plain.n - at - 4));
  if (!last) count(&w->counts, row->kind);
  if (last && w->plain.n % VLS_BACKUP_PLAIN != 0) {
    size_t gap = VLS_BACKUP_PLAIN - w->plain.n % VLS_BACKUP_PLAIN;
    uint8_t *zeros = vls_buf_grow(&w->plain, gap);
    VLS_ASSERT(zeros != NULL);
    memset(zeros, 0, gap);
  }
  while (err == VLS_OK && w->plain.n >= VLS_BACKUP_PLAIN)
    err = seal_chunk(w, last && w->plain.n == VLS_BACKUP_PLAIN, out);
  return err;
}
