#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/due.h"
#include "valise/types.h"

enum { MANY = 500 };

/* Always the same numbers. */
static uint64_t draw(uint64_t *state) {
  *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
  return *state >> 33;
}

static uint64_t earliest(const vls_due *all) {
  uint64_t at = VLS_NEVER;
  for (size_t i = 0; i < MANY; i++)
    if (all[i].place != 0 && all[i].at < at) at = all[i].at;
  return at;
}

static void dues_in_any_order_come_out_by_time(void **state) {
  (void)state;
  static vls_due all[MANY];
  vls_dues dues = {0};
  uint64_t seed = 4647;
  for (unsigned step = 0; step < 20000; step++) {
    vls_due *due = &all[draw(&seed) % MANY];
    uint64_t at = draw(&seed) % 1000, was = due->place == 0 ? VLS_NEVER : due->at;
    switch (draw(&seed) % 4) {
    case 0: vls_due_set(&dues, due, at); break;
    case 1:
      vls_due_by(&dues, due, at);
      assert_int_equal(due->at, at < was ? at : was);
      break;
    case 2: vls_due_set(&dues, due, VLS_NEVER); break;
    default: {
      uint64_t next = vls_due_next(&dues);
      vls_due *first = vls_due_take(&dues, at);
      assert_true((first != NULL) == (next <= at));
      if (first != NULL) assert_int_equal(first->at, next);
      if (first != NULL) assert_int_equal(first->place, 0);
    }
    }
    assert_int_equal(vls_due_next(&dues), earliest(all));
  }
  vls_dues_done(&dues);
}

static void due_that_is_not_there_is_not_taken_out(void **state) {
  (void)state;
  vls_dues dues = {0};
  vls_due due = {0};
  vls_due_set(&dues, &due, VLS_NEVER);
  vls_due_by(&dues, &due, VLS_NEVER);
  assert_int_equal(vls_due_next(&dues), VLS_NEVER);
  assert_null(vls_due_take(&dues, VLS_NEVER));
  vls_dues_done(&dues);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(dues_in_any_order_come_out_by_time),
      cmocka_unit_test(due_that_is_not_there_is_not_taken_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
