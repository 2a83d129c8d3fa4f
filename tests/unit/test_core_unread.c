/* How many texts are unread: counted once, and right ever after. */
#include "core_people.h"
#include "store/messages.h"

static uint64_t unread(world *w, int who) {
  vls_rpc_status status;
  assert_true(call(w, who, "status", NULL, NULL));
  answer(w, who, &vls_rpc_status_def, &status);
  return status.unread;
}

/* What the table says, of one who has read up to a number. */
static uint64_t counted(world *w, uint64_t read_n) {
  return vls_message_count_unread(w->node[ANA].store, 1, read_n);
}

static uint64_t of_bao(world *w) {
  vls_rpc_contact c;
  vls_rpc_who p = {vls_slice_str("Bao")};
  assert_true(call(w, ANA, "contact.get", &vls_rpc_who_def, &p));
  answer(w, ANA, &vls_rpc_contact_def, &c);
  return c.unread;
}

static void unread_grows_with_what_comes_and_falls_with_what_is_read(void **state) {
  (void)state;
  world *w = two_friends();
  uint64_t read_n = 0, n = 0;
  for (int round = 0; round < 6; round++) {
    if (round % 2 == 0) assert_int_equal(unread(w, ANA), counted(w, read_n)); /* or not yet asked */
    for (int i = 0; i < 5; i++) {
      say(w, BAO, "Ana", "one");
      n = say(w, ANA, "Bao", "mine are no news");
    }
    pass(w, 3000);
    assert_int_equal(of_bao(w), counted(w, read_n));
    assert_int_equal(unread(w, ANA), counted(w, read_n));
    read_n = n - 3;
    assert_true(mark_read(w, ANA, "Bao", read_n));
    assert_int_equal(unread(w, ANA), counted(w, read_n));
    assert_true(mark_read(w, ANA, "Bao", 1)); /* never back */
    assert_int_equal(of_bao(w), counted(w, read_n));
    if (round == 3) {
      node_restart(w, ANA);
      say_hello(w, ANA, CLIENT);
      pass(w, 3000);
    }
  }
  assert_true(counted(w, read_n) > 0);
  assert_true(mark_read(w, ANA, "Bao", UINT64_MAX / 2));
  assert_int_equal(unread(w, ANA), 0);
  world_free(w);
}

static void unread_goes_with_the_contact(void **state) {
  (void)state;
  world *w = two_friends();
  say(w, BAO, "Ana", "one");
  pass(w, 3000);
  assert_int_equal(unread(w, ANA), 1);
  assert_true(remove_contact(w, ANA, "Bao"));
  assert_int_equal(unread(w, ANA), 0);
  world_free(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(unread_grows_with_what_comes_and_falls_with_what_is_read),
      cmocka_unit_test(unread_goes_with_the_contact),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
