/* Rows of a backup into the tables, and out again. */
#include "backup_book.h"
#include "store/contacts.h"
#include "store/feed.h"
#include "store/messages.h"

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

/* All rows of a walk, without what their slices pointed to. */
typedef struct pages {
  vls_backup_row row[ROWS_MAX];
  size_t n;
} pages;

static void read_all(vls_backup_walk *walk, vls_store *store, pages *ret) {
  ret->n = 0;
  do {
    assert_true(ret->n < ROWS_MAX);
    vls_backup_walk_next(walk, store, &ret->row[ret->n++]);
  } while (ret->row[ret->n - 1].kind != VLS_BACKUP_END);
  vls_backup_walk_done(walk);
}

/* The rows of a kind; the first of them in *ret. */
static size_t of_kind(const pages *all, vls_backup_kind kind, const vls_backup_row **ret) {
  size_t n = 0;
  *ret = NULL;
  for (size_t i = 0; i < all->n; i++)
    if (all->row[i].kind == kind && n++ == 0) *ret = &all->row[i];
  return n;
}

static void put_all(vls_store *store, book *b) {
  fill(b);
  for (size_t i = 0; i < b->n; i++)
    assert_int_equal(vls_restore_row(store, &b->row[i]), VLS_OK);
  assert_int_equal(vls_store_commit(store), VLS_OK);
}

static void put_event(vls_store *store, uint64_t contact, uint64_t device, uint64_t seq) {
  vls_backup_row row = {.kind = VLS_BACKUP_EVENT};
  row.event =
      (vls_backup_event){.contact = contact, .device = device, .seq = seq, .header = text("h")};
  assert_int_equal(vls_restore_row(store, &row), VLS_OK);
}

static void backup_leaves_out_who_and_what_came_after_it_began(void **state) {
  (void)state;
  book b;
  vls_backup_walk walk;
  pages all;
  const vls_backup_row *got;
  vls_backup_row late = {.kind = VLS_BACKUP_CONTACT};
  uint8_t head[32] = {1}, device[32] = {[31] = 1};
  vls_store *store = store_in_memory();
  vls_talk_row talk;
  put_all(store, &b);
  vls_backup_walk_init(&walk, store, 1);
  late.contact = (vls_backup_contact){.id = 9, .name = text("Late"), .state = 1};
  assert_int_equal(vls_restore_row(store, &late), VLS_OK);
  put_event(store, 4, 4, 1); /* the first of that device, and my first to Chi */
  vls_chain_put(store, 4, device, 1, head, 100);
  put_event(store, 4, 0, 1);
  assert_true(vls_talk_get(store, 4, &talk));
  talk.out_seq = 1;
  vls_talk_put(store, 4, &talk);
  vls_message_set(store, 7, VLS_MSG_SENT, 1, 0);
  assert_int_equal(vls_consumer_put(store, vls_slice_str("cli"), 99 << 7), VLS_OK);
  read_all(&walk, store, &all);
  assert_int_equal(of_kind(&all, VLS_BACKUP_CONTACT, &got), 2);
  assert_int_equal(got[1].contact.id, 4);
  assert_int_equal(got[1].contact.out_seq, 0);
  assert_int_equal(of_kind(&all, VLS_BACKUP_CHAIN, &got), 3);
  assert_int_equal(got[2].chain.number, 3);
  assert_int_equal(of_kind(&all, VLS_BACKUP_CONSUMER, &got), 2);
  assert_int_equal(got[1].consumer.cursor, 9 << 7 | 127);
  assert_int_equal(of_kind(&all, VLS_BACKUP_MESSAGE, &got), 2);
  assert_int_equal(got[0].message.state, VLS_MSG_QUEUED);
  assert_int_equal(got[0].message.seq, 0);
  store_end(store);
}

static void backup_has_the_invitation_of_who_has_not_answered(void **state) {
  (void)state;
  vls_backup_walk walk;
  vls_backup_row got, row = {.kind = VLS_BACKUP_CONTACT};
  vls_store *store = store_in_memory();
  row.contact = (vls_backup_contact){.id = 1, .name = text("Dia"), .link = text("valise:ab")};
  assert_int_equal(vls_restore_row(store, &row), VLS_OK);
  vls_backup_walk_init(&walk, store, 1);
  vls_backup_walk_next(&walk, store, &got);
  assert_true(vls_slice_eq(got.contact.link, text("valise:ab")));
  assert_int_equal(got.contact.n_psk, 0);
  vls_backup_walk_done(&walk);
  store_end(store);
}

/* What a reader would refuse is cut to what it takes. */
static void backup_cuts_texts_to_whole_characters(void **state) {
  (void)state;
  static char lengthy[1026];
  static const struct {
    const char *text;
    size_t n;
  } cases[] = {{"whole", 5},
               {"cut\xc3", 3},
               {"cut\xe2\x82", 3},
               {"cut\xf0\x9f\x98", 3},
               {"\xff\xff\xff\xff\xff", 0},
               {lengthy, 1023}};
  memset(lengthy, 'x', 1023);
  memcpy(lengthy + 1023, "\xc3\xa4", 2);
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    vls_backup_walk walk;
    pages all;
    const vls_backup_row *got;
    vls_store *store = store_in_memory();
    vls_feed_row row = {.c = 1, .type = 1, .text = vls_slice_str(cases[i].text)};
    vls_feed_put(store, &row);
    vls_backup_walk_init(&walk, store, 1);
    read_all(&walk, store, &all);
    assert_int_equal(of_kind(&all, VLS_BACKUP_FEED, &got), 1);
    assert_int_equal(got->feed.text.n, cases[i].n);
    store_end(store);
  }
}

static void backup_of_an_event_without_a_header_fails(void **state) {
  (void)state;
  book b;
  vls_backup_walk walk;
  pages all;
  const vls_backup_row *got;
  vls_backup_row bad = {.kind = VLS_BACKUP_EVENT};
  vls_store *store = store_in_memory();
  put_all(store, &b);
  bad.event = (vls_backup_event){.contact = 3, .seq = 9};
  assert_int_equal(vls_restore_row(store, &bad), VLS_OK);
  vls_backup_walk_init(&walk, store, 1);
  read_all(&walk, store, &all);
  assert_int_equal(of_kind(&all, VLS_BACKUP_EVENT, &got), 3);
  assert_int_equal(vls_store_error(store), VLS_DAMAGED);
  vls_store_close(store);
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
      cmocka_unit_test(backup_leaves_out_who_and_what_came_after_it_began),
      cmocka_unit_test(backup_has_the_invitation_of_who_has_not_answered),
      cmocka_unit_test(backup_cuts_texts_to_whole_characters),
      cmocka_unit_test(backup_of_an_event_without_a_header_fails),
      cmocka_unit_test(backup_knows_when_the_last_one_was_made),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
