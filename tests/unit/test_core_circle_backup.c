/* Groups of somebody whose disk was lost: what the backup has is there, and the new device reads
 * and speaks on with the help of any member. */
#include "core_backup.h"
#include "core_circle.h"

#include "core/circle.h"
#include "store/messages.h"

/* Ana's group, and Bao in it. */
static world *two_in_a_group(void) {
  world *w = two_friends();
  found_group(w, ANA, "Choir");
  let_in(w, ANA, BAO, 1000);
  return w;
}

static void say_there(world *w, int who, const char *text) {
  vls_core *core = w->node[who].core;
  vls_circle_text(core, circle_of(w, who), vls_slice_str(text), ++core->newest_n);
  done(w, who);
  pass(w, 5000);
}

/* All texts there, whoever said them. */
static bool has_text(world *w, int who, const char *text) {
  vls_message_query query = {
      .contact = circle_of(w, who)->row.id, .oldest_first = true, .limit = 500};
  vls_message_row row;
  int n = 0;
  while (vls_message_next(w->node[who].store, &query, &row))
    n += vls_slice_eq(row.body, vls_slice_str(text));
  assert_in_range(n, 0, 1);
  return n == 1;
}

static void who_lost_the_disk_talks_on(int who) {
  int other = who == ANA ? BAO : ANA;
  world *w = two_in_a_group();
  assert_true(set_words(w, who));
  say_there(w, ANA, "from Ana");
  say_there(w, BAO, "from Bao");
  vls_buf file = backup_of(w, who);
  say_there(w, other, "meanwhile");
  say_there(w, who, "never again");
  lose_disk(w, who);
  assert_true(restore(w, who, vls_buf_slice(&file), words_key));
  vls_buf_done(&file);
  assert_true(has_text(w, who, "from Ana") && has_text(w, who, "from Bao"));
  assert_string_equal(circle_of(w, who)->row.name, "Choir");
  pass(w, 600000);
  assert_true(is_member(w, who));
  say_there(w, other, "to the new device");
  say_there(w, who, "from the new device");
  pass(w, 600000);
  assert_true(has_text(w, who, "to the new device"));
  assert_true(has_text(w, other, "from the new device"));
  assert_true(has_text(w, who, "meanwhile") && has_text(w, who, "never again"));
  node_restart(w, who);
  pass(w, 60000);
  say_there(w, who, "after a restart");
  assert_true(has_text(w, other, "after a restart"));
  assert_false(log_says(w, other, "two different things"));
  world_free(w);
}

static void member_who_lost_the_disk_talks_on(void **state) {
  (void)state;
  who_lost_the_disk_talks_on(BAO);
}

static void founder_who_lost_the_disk_talks_on(void **state) {
  (void)state;
  who_lost_the_disk_talks_on(ANA);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(member_who_lost_the_disk_talks_on),
      cmocka_unit_test(founder_who_lost_the_disk_talks_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
