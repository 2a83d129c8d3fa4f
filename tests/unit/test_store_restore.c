/* Rows of a backup into the tables, and out again. */
#include "backup_book.h"

static void restore_takes_every_kind_and_gives_it_back(void **state) {
  (void)state;
  book b;
  vls_backup_walk walk;
  vls_backup_row got;
  size_t n = 0;
  vls_store *store = store_in_memory();
  fill(&b);
  vls_restore_begin(store);
  for (size_t i = 0; i < b.n; i++)
    assert_int_equal(vls_restore_row(store, &b.row[i]), VLS_OK);
  vls_restore_close(store);
  assert_int_equal(vls_store_commit(store), VLS_OK);
  vls_backup_walk_init(&walk, store, 1);
  for (size_t i = 5; i < b.n; i++) { /* from the former devices on */
    vls_backup_walk_next(&walk, store, &got);
    assert_int_equal(got.kind, b.row[i].kind);
    if (got.kind == VLS_BACKUP_SENT) assert_true(vls_slice_eq(got.sent.cid, b.row[i].sent.cid));
    if (got.kind == VLS_BACKUP_CONTACT) {
      const vls_backup_contact *was = &b.row[i].contact;
      assert_int_equal(got.contact.n_psk, was->n_psk);
      for (size_t k = 0; k < was->n_psk; k++)
        assert_memory_equal(got.contact.psk[k], was->psk[k], 32);
    }
    n++;
  }
  assert_int_equal(got.kind, VLS_BACKUP_END);
  vls_backup_walk_done(&walk);
  store_end(store);
}

static void restore_refuses_the_same_person_or_device_twice(void **state) {
  (void)state;
  book b;
  vls_store *store = store_in_memory();
  fill(&b);
  vls_backup_row person = *of(&b, VLS_BACKUP_CONTACT), device = *of(&b, VLS_BACKUP_FORMER);
  assert_int_equal(vls_restore_row(store, &person), VLS_OK);
  assert_int_equal(vls_restore_row(store, &device), VLS_OK);
  device.former.number++;
  assert_int_equal(vls_restore_row(store, &device), VLS_MALFORMED);
  person.contact.id++;
  assert_int_equal(vls_restore_row(store, &person), VLS_MALFORMED);
  person.contact.identity[0]++; /* somebody else, under the same name */
  assert_int_equal(vls_restore_row(store, &person), VLS_MALFORMED);
  person.contact.name = text("Dia");
  assert_int_equal(vls_restore_row(store, &person), VLS_OK);
  store_end(store);
}

static void backup_knows_when_the_last_one_was_made(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  assert_int_equal(vls_backup_last(store), 0);
  vls_backup_mark_made(store, 1234);
  assert_int_equal(vls_backup_last(store), 1234);
  store_end(store);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(restore_takes_every_kind_and_gives_it_back),
      cmocka_unit_test(restore_refuses_the_same_person_or_device_twice),
      cmocka_unit_test(backup_knows_when_the_last_one_was_made),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
