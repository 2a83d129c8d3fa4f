/* Rows of a backup, sealed under a right key, as its reader takes them. */
#ifndef VALISE_TESTS_BACKUP_JUDGE_H
#define VALISE_TESTS_BACKUP_JUDGE_H

#include "backup_book.h"

static const uint8_t file_key[32] = "opens it";

typedef struct verdict {
  vls_err err; /* VLS_OK: all of it was taken */
  size_t rows;
  char problem[160];
} verdict;

/* Seals the bytes, whatever they are, and has them read. */
static inline verdict judge_bytes(const vls_buf *plain) {
  uint8_t seed[32] = {3}, chunk[VLS_BACKUP_CHUNK];
  static uint8_t part[VLS_BACKUP_PLAIN];
  verdict v = {.err = VLS_AGAIN};
  vls_rng rng;
  vls_backup_head head;
  vls_backup_cipher cipher;
  vls_backup_reader *reader;
  vls_backup_row row;
  vls_rng_init(&rng, seed);
  vls_backup_head_make(&head, &cipher, VLS_BACKUP_WORDS, NULL, (vls_argon_cost){0}, file_key, &rng);
  assert_int_equal(vls_backup_reader_new(&reader, &head, file_key), VLS_OK);
  for (size_t at = 0; at < plain->n && v.err == VLS_AGAIN; at += VLS_BACKUP_PLAIN) {
    size_t n = plain->n - at < VLS_BACKUP_PLAIN ? plain->n - at : VLS_BACKUP_PLAIN;
    memset(part, 0, sizeof part);
    memcpy(part, plain->p + at, n);
    vls_backup_chunk_seal(&cipher, part, at + VLS_BACKUP_PLAIN >= plain->n, chunk);
    v.err = vls_backup_reader_put(reader, vls_slice_of(chunk, sizeof chunk));
    assert_int_equal(v.err, VLS_OK);
    while ((v.err = vls_backup_reader_row(reader, &row)) == VLS_OK)
      v.rows++;
  }
  if (vls_backup_reader_is_whole(reader)) v.err = VLS_OK;
  snprintf(v.problem, sizeof v.problem, "%s", vls_backup_reader_problem(reader));
  if (v.err != VLS_OK) { /* for good */
    assert_int_equal(vls_backup_reader_row(reader, &row), v.err);
    assert_int_equal(vls_backup_reader_put(reader, vls_slice_of(chunk, sizeof chunk)), v.err);
  }
  vls_backup_reader_free(reader);
  return v;
}

static inline verdict judge(book *b) {
  vls_buf plain = bytes_of(b);
  verdict v = judge_bytes(&plain);
  vls_buf_done(&plain);
  return v;
}

static inline void refused(book *b) {
  verdict v = judge(b);
  assert_int_equal(v.err, VLS_MALFORMED);
  assert_string_equal(v.problem, "it holds what no backup holds, though its seal is right");
  fill(b);
}

static inline void insert(book *b, size_t at, const vls_backup_row *row) {
  vls_backup_row copy = *row;
  assert_true(b->n < ROWS_MAX);
  memmove(&b->row[at + 1], &b->row[at], (b->n - at) * sizeof *row);
  b->row[at] = copy;
  b->n++;
}

#endif
