/* The state of a vls_group on the disk, row by row. */
#include "base/assert.h"
#include "core/circle.h"
#include "store/group_rows.h"

_Static_assert((int)VLS_GROUP_PART_STATE == (int)VLS_GROW_STATE &&
                   (int)VLS_GROUP_PART_KEPT == (int)VLS_GROW_KEPT &&
                   (int)VLS_GROUP_PART_CLEAR == (int)VLS_GROW_CLEAR,
               "parts have the same numbers");
_Static_assert((int)VLS_GROUP_ROW_MAX <= (int)VLS_GROW_VALUE_MAX &&
                   (int)VLS_GROUP_ROW_KEY <= (int)VLS_GROW_KEY_MAX,
               "rows fit");

void vls_circle_write(vls_core *core, vls_circle *circle) {
  vls_buf value;
  vls_group_row row;
  vls_buf_init(&value, VLS_GROUP_ROW_MAX);
  while (vls_group_changed(circle->group, &row, &value)) {
    vls_grow grow = {row.kind, vls_slice_of(row.key, row.n_key), (vls_grow_part)row.part,
                     row.value};
    if (row.is_gone)
      vls_grow_drop(core->store, circle->row.id, &grow);
    else
      vls_grow_put(core->store, circle->row.id, &grow);
  }
  vls_buf_done(&value);
}

static vls_err read_row(vls_group *group, const vls_grow *grow) {
  vls_group_row row = {.kind = grow->kind, .part = (vls_group_part)grow->part};
  if (grow->key.n > sizeof row.key) return VLS_MALFORMED;
  if (grow->key.n > 0) memcpy(row.key, grow->key.p, grow->key.n);
  row.n_key = grow->key.n;
  row.value = grow->value;
  return vls_group_load_row(group, &row);
}

void vls_circle_read(vls_core *core, vls_circle *circle) {
  vls_grow grow;
  vls_grow_query query = {.grp = circle->row.id};
  vls_group *group = vls_group_load_begin(&circle->me, circle->row.gid);
  uint64_t bad = 0;
  while (vls_grow_next(core->store, &query, &grow))
    bad += read_row(group, &grow) == VLS_OK ? 0 : 1;
  if (vls_group_load_end(group) == VLS_OK) {
    circle->group = group;
  } else {
    vls_group_free(group);
    bad++;
  }
  if (bad + query.lost > 0)
    vls_core_log(core, VLS_WARNING, "rows of group=%llu could not be read: %llu",
                 (unsigned long long)circle->row.id, (unsigned long long)(bad + query.lost));
}
