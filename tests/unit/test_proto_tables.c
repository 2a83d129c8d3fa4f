#include "proto/wire.h"

#include <stdlib.h>

#include "gen_wire.h"
#include "proto/backup.h"
#include "vec_hex.h"

/* Values and levels of the largest message a table allows, however many bytes it would take. */
static size_t most_elements(const vls_wire_def *def) {
  size_t n = 1;
  for (size_t k = 0; k < def->n_fields; k++) {
    const vls_field *f = &def->fields[k];
    if (def->shape == VLS_MAP) n++;
    if (f->type == VLS_F_SUB)
      n += most_elements(f->sub);
    else if (f->type == VLS_F_SUBS)
      n += 1 + (size_t)f->max * most_elements(f->sub);
    else if (f->type == VLS_F_FIXES || f->type == VLS_F_STRS)
      n += 1 + (size_t)f->max;
    else
      n++;
  }
  return n;
}

static size_t most_depth(const vls_wire_def *def) {
  size_t below = 0;
  for (size_t k = 0; k < def->n_fields; k++) {
    const vls_field *f = &def->fields[k];
    size_t depth = 0;
    if (f->type == VLS_F_SUB)
      depth = most_depth(f->sub);
    else if (f->type == VLS_F_SUBS)
      depth = 1 + most_depth(f->sub);
    else if (f->type == VLS_F_FIXES || f->type == VLS_F_STRS)
      depth = 1;
    if (depth > below) below = depth;
  }
  return 1 + below;
}

static void every_message_can_pass_the_scan(void **state) {
  (void)state;
  for (size_t d = 0; d < GEN_DEFS; d++) {
    assert_true(most_elements(gen_def(d)) <= VLS_WIRE_ELEMENTS);
    assert_true(most_depth(gen_def(d)) <= VLS_WIRE_DEPTH);
  }
}

static void every_name_is_there_once_and_short_enough_for_a_key(void **state) {
  (void)state;
  for (size_t d = 0; d < GEN_DEFS; d++) {
    const vls_wire_def *def = gen_def(d);
    for (size_t e = 0; e < d; e++)
      assert_string_not_equal(def->name, gen_def(e)->name);
    for (size_t k = 0; k < def->n_fields; k++) {
      assert_in_range(strlen(def->fields[k].name), 1, 31);
      for (size_t i = 0; i < k; i++)
        assert_string_not_equal(def->fields[k].name, def->fields[i].name);
    }
  }
}

/* Fields do not overlap in the struct, and lie inside it. */
static void every_field_has_room_of_its_own(void **state) {
  (void)state;
  for (size_t d = 0; d < GEN_DEFS; d++) {
    const vls_wire_def *def = gen_def(d);
    uint8_t *used = vls_calloc(def->size, 1);
    for (size_t k = 0; k < def->n_fields; k++) {
      const vls_field *f = &def->fields[k];
      size_t size = f->type == VLS_F_UINT    ? sizeof(uint64_t)
                    : f->type == VLS_F_BOOL  ? sizeof(bool)
                    : f->type == VLS_F_FIX   ? (size_t)f->max
                    : f->type == VLS_F_SUB   ? f->sub->size
                    : f->type == VLS_F_SUBS  ? (size_t)f->max * f->sub->size
                    : f->type == VLS_F_FIXES ? (size_t)f->max * f->each
                    : f->type == VLS_F_STRS  ? (size_t)f->max * sizeof(vls_slice)
                                             : sizeof(vls_slice);
      assert_true(f->min <= f->max && f->at + size <= def->size);
      for (size_t i = f->at; i < f->at + size; i++)
        assert_int_equal(used[i]++, 0);
      if (f->optional) assert_int_equal(used[f->has]++, 0);
    }
    free(used);
  }
}

/* Peers speak arrays; a table that has an optional field has a map to leave it out of. */
static void peers_speak_arrays_and_clients_maps(void **state) {
  (void)state;
  for (size_t d = 0; d < GEN_DEFS; d++) {
    const vls_wire_def *def = gen_def(d);
    assert_int_equal(def->shape, d < GEN_PEER_DEFS ? VLS_ARRAY : VLS_MAP);
    for (size_t k = 0; k < def->n_fields; k++)
      assert_true(!def->fields[k].optional || def->shape == VLS_MAP);
  }
}

static void backup_rows_have_kinds_from_one_on(void **state) {
  (void)state;
  assert_null(vls_backup_def(0));
  for (unsigned kind = 1; kind <= VLS_BACKUP_KINDS; kind++)
    assert_non_null(vls_backup_def(kind));
  assert_null(vls_backup_def(VLS_BACKUP_KINDS + 1));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_message_can_pass_the_scan),
      cmocka_unit_test(every_name_is_there_once_and_short_enough_for_a_key),
      cmocka_unit_test(every_field_has_room_of_its_own),
      cmocka_unit_test(peers_speak_arrays_and_clients_maps),
      cmocka_unit_test(backup_rows_have_kinds_from_one_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
