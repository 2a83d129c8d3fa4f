/* The rows of a group as a store has them: by kind and key, each in the place of the one before. */
#ifndef VALISE_TESTS_GROUP_ROWS_H
#define VALISE_TESTS_GROUP_ROWS_H

#include <stdlib.h>

#include "base/assert.h"
#include "conv/group_int.h"

typedef struct kept_row {
  vls_group_row row;
  vls_buf value;
} kept_row;

typedef struct kept_rows {
  kept_row *list;
  size_t n;
  size_t written, bytes; /* by the last rows_take */
} kept_rows;

static inline int rows_order(const vls_group_row *a, const vls_group_row *b) {
  if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
  int order = memcmp(a->key, b->key, a->n_key < b->n_key ? a->n_key : b->n_key);
  return order != 0 ? order : (a->n_key > b->n_key) - (a->n_key < b->n_key);
}

static inline void rows_drop(kept_rows *rows, size_t i) {
  vls_buf_done(&rows->list[i].value);
  rows->n--;
  memmove(&rows->list[i], &rows->list[i + 1], (rows->n - i) * sizeof *rows->list);
}

static inline void rows_done(kept_rows *rows) {
  while (rows->n > 0)
    rows_drop(rows, rows->n - 1);
  free(rows->list);
  *rows = (kept_rows){0};
}

static inline void rows_put(kept_rows *rows, const vls_group_row *row) {
  size_t low = 0, high = rows->n;
  while (low < high) {
    size_t mid = (low + high) / 2;
    if (rows_order(&rows->list[mid].row, row) < 0)
      low = mid + 1;
    else
      high = mid;
  }
  if (low < rows->n && rows_order(&rows->list[low].row, row) == 0) rows_drop(rows, low);
  if (row->is_gone) return;
  rows->list = vls_realloc(rows->list, (rows->n + 1) * sizeof *rows->list);
  memmove(&rows->list[low + 1], &rows->list[low], (rows->n - low) * sizeof *rows->list);
  kept_row *kept = &rows->list[low];
  rows->n++;
  kept->row = *row;
  vls_buf_init(&kept->value, VLS_GROUP_ROW_MAX);
  vls_err err = vls_buf_put_slice(&kept->value, row->value);
  VLS_ASSERT(err == VLS_OK);
}

/* What changed since the last time. */
static inline void rows_take(kept_rows *rows, vls_group *g) {
  vls_buf value;
  vls_group_row row;
  vls_buf_init(&value, VLS_GROUP_ROW_MAX);
  rows->written = rows->bytes = 0;
  while (vls_group_changed(g, &row, &value)) {
    rows_put(rows, &row);
    rows->written++;
    rows->bytes += row.n_key + (row.is_gone ? 0 : row.value.n);
  }
  vls_buf_done(&value);
}

/* All there is, into rows that are empty. */
static inline void rows_take_all(kept_rows *rows, vls_group *g) {
  vls_group_change_all(g);
  rows_take(rows, g);
}

static inline vls_err rows_load(vls_group **ret, const vls_group_me *me, const uint8_t id[32],
                                const kept_rows *rows, size_t *ret_bad) {
  vls_group *g = vls_group_load_begin(me, id);
  *ret_bad = 0;
  for (size_t i = 0; i < rows->n; i++) {
    vls_group_row row = rows->list[i].row;
    row.value = vls_buf_slice(&rows->list[i].value);
    if (vls_group_load_row(g, &row) != VLS_OK) ++*ret_bad;
  }
  vls_err err = vls_group_load_end(g);
  if (err == VLS_OK) *ret = g;
  if (err != VLS_OK) vls_group_free(g);
  return err;
}

static inline bool rows_equal(const kept_rows *a, const kept_rows *b) {
  bool equal = a->n == b->n;
  for (size_t i = 0; i < a->n && equal; i++)
    equal = rows_order(&a->list[i].row, &b->list[i].row) == 0 &&
            vls_slice_eq(vls_buf_slice(&a->list[i].value), vls_buf_slice(&b->list[i].value));
  return equal;
}

#endif
