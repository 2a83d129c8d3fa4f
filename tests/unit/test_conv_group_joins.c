/* Many acted at once, and no epoch is left that everybody present is in. */
#include "group_craft.h"

enum { MEMBERS = 12, LEAVER = MEMBERS - 1 };

static void newest_acts_are_joined_by_a_commit_that_names_its_base(void **state) {
  (void)state;
  world w;
  uint8_t id[32];
  uint32_t heads[VLS_GROUP_PARENTS];
  world_make(&w, MEMBERS, 50);
  world_fill(&w);
  for (unsigned i = 0; i < MEMBERS; i++)
    w.nodes[i].part = i;
  vls_group *ana = w.nodes[0].group;
  for (unsigned i = 0; i < 3; i++) /* hers is the deepest, and the first that she knows of */
    assert_int_equal(vls_group_rekey(ana, &w.nodes[0].rng, ++w.now), VLS_OK);
  for (unsigned i = 1; i < LEAVER; i++)
    assert_int_equal(vls_group_rekey(w.nodes[i].group, &w.nodes[i].rng, w.now), VLS_OK);
  assert_int_equal(world_remove(&w, LEAVER, LEAVER), VLS_OK);
  world_settle(&w);
  for (unsigned i = 0; i < MEMBERS; i++)
    w.nodes[i].part = 0;
  for (unsigned i = 1; i < MEMBERS; i++)
    world_exchange(&w, &w.nodes[0], &w.nodes[i]);
  assert_int_equal(vls_gr_newest_acts(ana, heads, VLS_GROUP_PARENTS), MEMBERS);
  assert_false(vls_group_epoch(ana, id));
  assert_int_equal(world_say(&w, &w.nodes[0], "without who left", id), VLS_OK);
  assert_true(vls_gr_newest_acts(ana, heads, VLS_GROUP_PARENTS) <= VLS_GROUP_PARENTS);
  for (unsigned i = 1; i < LEAVER; i++)
    world_exchange(&w, &w.nodes[i], &w.nodes[0]);
  for (unsigned i = 1; i < LEAVER; i++)
    assert_true(world_has(&w.nodes[i], id));
  world_end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(newest_acts_are_joined_by_a_commit_that_names_its_base),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
