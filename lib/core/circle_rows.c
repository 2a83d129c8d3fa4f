/* The state of a vls_group on the disk. */
#include "base/assert.h"
#include "core/circle.h"
#include "store/group_rows.h"

enum { WHOLE = 255, PIECE = VLS_GROW_VALUE_MAX, STATE_MAX = 1 << 28 };

void vls_circle_write(vls_core *core, vls_circle *circle) {
  vls_buf all;
  uint8_t key[4];
  vls_buf_init(&all, STATE_MAX);
  vls_err err = vls_group_save(circle->group, &all);
  VLS_ASSERT(err == VLS_OK);
  vls_grow_drop_all(core->store, circle->row.id);
  for (size_t at = 0, i = 0; at < all.n; at += PIECE, i++) {
    size_t n = all.n - at < PIECE ? all.n - at : PIECE;
    vls_be32_put(key, (uint32_t)i);
    vls_grow row = {WHOLE, vls_slice_of(key, 4), VLS_GROW_STATE, vls_slice_of(all.p + at, n)};
    vls_grow_put(core->store, circle->row.id, &row);
  }
  vls_buf_done(&all);
}

void vls_circle_read(vls_core *core, vls_circle *circle) {
  vls_buf all;
  vls_grow row;
  vls_grow_query query = {.grp = circle->row.id};
  vls_err err = VLS_OK;
  vls_buf_init(&all, STATE_MAX);
  while (vls_grow_next(core->store, &query, &row))
    if (err == VLS_OK) err = vls_buf_put_slice(&all, row.value);
  if (err == VLS_OK) err = vls_group_load(&circle->group, &circle->me, vls_buf_slice(&all));
  if (err != VLS_OK)
    vls_core_log(core, VLS_WARNING, "the state of group=%llu could not be read error=%s",
                 (unsigned long long)circle->row.id, vls_err_name(err));
  vls_buf_done(&all);
}
