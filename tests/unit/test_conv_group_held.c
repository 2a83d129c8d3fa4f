/* Who holds what: the runs that receipts are made of, and members at the time of an event. */
#include "group_world.h"

enum { ANA, BAO, CHI };

static bool run_of(const node *of, const node *at, vls_group_held *ret) {
  vls_group_held runs[64];
  size_t n = vls_group_runs(at->group, runs, 64);
  for (size_t i = 0; i < n; i++)
    if (memcmp(runs[i].device, of->who.device.pub, sizeof runs[i].device) == 0) {
      *ret = runs[i];
      return true;
    }
  return false;
}

static void runs_name_the_last_event_of_each_other_device(void **state) {
  (void)state;
  world w;
  uint8_t id[32];
  vls_group_held held;
  world_make(&w, 3, 1);
  world_fill(&w);
  for (size_t i = 0; i < 3; i++)
    assert_int_equal(world_say(&w, &w.nodes[BAO], "one", id), VLS_OK);
  assert_true(run_of(&w.nodes[BAO], &w.nodes[ANA], &held));
  assert_int_equal(held.to - held.from, 2);
  assert_memory_equal(held.head, id, sizeof held.head);
  assert_true(vls_group_run_is_mine(w.nodes[BAO].group, &held));
  assert_false(vls_group_run_is_mine(w.nodes[CHI].group, &held));
  held.head[0] ^= 1; /* another branch of a copied device */
  assert_false(vls_group_run_is_mine(w.nodes[BAO].group, &held));
  assert_false(run_of(&w.nodes[BAO], &w.nodes[BAO], &held)); /* not of oneself */
  world_end(&w);
}

static void run_begins_after_the_newest_gap(void **state) {
  (void)state;
  world w;
  uint8_t id[32];
  vls_group_held held;
  world_make(&w, 3, 2);
  world_fill(&w);
  assert_int_equal(world_say(&w, &w.nodes[BAO], "one", id), VLS_OK);
  w.nodes[CHI].part = 1;
  assert_int_equal(world_say(&w, &w.nodes[BAO], "two", id), VLS_OK);
  w.nodes[CHI].part = 0;
  assert_int_equal(world_say(&w, &w.nodes[BAO], "three", id), VLS_OK);
  assert_true(run_of(&w.nodes[BAO], &w.nodes[CHI], &held));
  assert_int_equal(held.from, held.to);
  assert_memory_equal(held.head, id, sizeof held.head);
  world_exchange(&w, &w.nodes[CHI], &w.nodes[ANA]);
  assert_true(run_of(&w.nodes[BAO], &w.nodes[CHI], &held));
  assert_int_equal(held.to - held.from, 2);
  world_end(&w);
}

static void runs_beyond_the_room_are_those_of_long_ago(void **state) {
  (void)state;
  world w;
  uint8_t id[32];
  vls_group_held held[1];
  world_make(&w, 3, 3);
  world_fill(&w);
  assert_int_equal(world_say(&w, &w.nodes[BAO], "earlier", id), VLS_OK);
  assert_int_equal(world_say(&w, &w.nodes[CHI], "later", id), VLS_OK);
  assert_int_equal(vls_group_runs(w.nodes[ANA].group, held, 1), 1);
  assert_memory_equal(held[0].head, id, sizeof held[0].head);
  world_end(&w);
}

static void members_then_are_those_whom_the_event_knew(void **state) {
  (void)state;
  world w;
  uint8_t two[32], three[32], again[32];
  uint8_t(*who)[32] = vls_calloc(VLS_GROUP_CITIZENS, 32);
  world_make(&w, 3, 4);
  world_found(&w);
  assert_int_equal(world_admit(&w, &w.nodes[ANA], &w.nodes[BAO]), VLS_OK);
  assert_int_equal(world_say(&w, &w.nodes[BAO], "we two", two), VLS_OK);
  assert_int_equal(world_admit(&w, &w.nodes[ANA], &w.nodes[CHI]), VLS_OK);
  assert_int_equal(world_say(&w, &w.nodes[BAO], "we three", three), VLS_OK);
  assert_int_equal(world_remove(&w, ANA, CHI), VLS_OK);
  assert_int_equal(world_say(&w, &w.nodes[BAO], "we two again", again), VLS_OK);
  assert_int_equal(vls_group_members_then(w.nodes[ANA].group, two, who), 2);
  assert_int_equal(vls_group_members_then(w.nodes[ANA].group, three, who), 3);
  assert_true(memcmp(who[0], who[1], 32) < 0 && memcmp(who[1], who[2], 32) < 0);
  assert_int_equal(vls_group_members_then(w.nodes[ANA].group, again, who), 2);
  memset(again, 0xaa, sizeof again);
  assert_int_equal(vls_group_members_then(w.nodes[ANA].group, again, who), 0);
  free(who);
  world_end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(runs_name_the_last_event_of_each_other_device),
      cmocka_unit_test(run_begins_after_the_newest_gap),
      cmocka_unit_test(runs_beyond_the_room_are_those_of_long_ago),
      cmocka_unit_test(members_then_are_those_whom_the_event_knew),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
