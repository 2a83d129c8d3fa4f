/* Contacts by pages. */
#include "core_people.h"

/* The names of a page, in its order. */
static size_t page_of(world *w, const vls_rpc_contacts *p, char names[8][64], uint64_t *ret_last) {
  vls_slice parts[8];
  assert_true(call(w, ANA, "contact.list", &vls_rpc_contacts_def, p));
  size_t n = answer_list(w, ANA, parts, 8);
  for (size_t i = 0; i < n; i++) {
    vls_rpc_contact c;
    assert_int_equal(vls_wire_decode(&vls_rpc_contact_def, VLS_WIRE_STRICT, parts[i], &c, NULL),
                     VLS_OK);
    copy_slice(names[i], 64, c.name);
    *ret_last = c.contact;
  }
  return n;
}

static void contacts_come_by_pages_each_of_them_once(void **state) {
  (void)state;
  char names[8][64];
  uint64_t last = 0;
  world *w = world_new(3);
  for (int who = BAO; who <= CHI; who++)
    befriend(w, ANA, who);
  vls_rpc_contacts all = {0}, one = {.has_limit = true, .limit = 1, .has_after = true};
  assert_int_equal(page_of(w, &all, names, &last), 2);
  assert_int_equal(page_of(w, &one, names, &last), 1);
  assert_string_equal(names[0], "Bao");
  one.after = last;
  assert_int_equal(page_of(w, &one, names, &last), 1);
  assert_string_equal(names[0], "Chi");
  one.after = last;
  assert_int_equal(page_of(w, &one, names, &last), 0);
  assert_true(remove_contact(w, ANA, "Bao")); /* who is removed fills no place */
  one.after = 0;
  assert_int_equal(page_of(w, &one, names, &last), 1);
  assert_string_equal(names[0], "Chi");
  world_free(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(contacts_come_by_pages_each_of_them_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
