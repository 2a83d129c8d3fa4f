/* Rows of groups in a backup: what a reader refuses, and what goes from a store and comes back. */
#include "store/backup_groups.h"
#include "store/remarks.h"

#include "backup_judge.h"
#include "store/contacts.h"
#include "store/group_rows.h"
#include "store/groups.h"
#include "store/messages.h"
#include "store/salvage.h"
#include "store_dump.h"

/* In the order of the file; rows of one kind as they were added. */
static void put_in_order(book *b) {
  for (size_t i = 1; i < b->n; i++)
    for (size_t k = i; k > 0; k--) {
      vls_backup_row row = b->row[k];
      if (vls_backup_place(b->row[k - 1].kind) <= vls_backup_place(row.kind)) break;
      b->row[k] = b->row[k - 1];
      b->row[k - 1] = row;
    }
}

static const uint8_t words[40] = {1}; /* a place of the first event's words */

/* Contacts 3 and 4, groups 5 and 6; the second of them is forgotten. */
static void fill_groups(book *b) {
  fill(b);
  of(b, VLS_BACKUP_COUNTERS)->counters.message = 12;
  add(b, VLS_BACKUP_GROUP)->group = (vls_backup_group){.id = 5,
                                                       .gid = {5},
                                                       .name = text("Choir"),
                                                       .state = VLS_GRP_MEMBER,
                                                       .via = 3,
                                                       .read_n = 9,
                                                       .link = text("valise:group"),
                                                       .problem = text("slow")};
  add(b, VLS_BACKUP_GROUP)->group =
      (vls_backup_group){.id = 6, .gid = {6}, .state = VLS_GRP_FORGOTTEN};
  for (uint8_t i = 1; i <= 3; i++)
    add(b, VLS_BACKUP_GROUP_DEVICE)->group_device =
        (vls_backup_group_device){5 + i / 3, i, {i}, i == 2 ? 0 : 3};
  add(b, VLS_BACKUP_GROUP_ROW)->group_row = (vls_backup_group_row){5, 1, text(""), text("an act")};
  add(b, VLS_BACKUP_GROUP_ROW)->group_row =
      (vls_backup_group_row){5, VLS_GROW_WORDS, text("k"), vls_slice_of(words, sizeof words)};
  for (uint8_t i = 1; i <= 2; i++)
    add(b, VLS_BACKUP_GROUP_EVENT)->group_event =
        (vls_backup_group_event){.n = i, .group = 5, .id = {i}, .device = 1, .seq = i};
  for (uint64_t n = 10; n <= 12; n++)
    add(b, VLS_BACKUP_MESSAGE)->message = (vls_backup_message){
        .n = n, .contact = n < 12 ? 5 : 3, .state = VLS_MSG_SENT, .device = 1, .seq = 1};
  add(b, VLS_BACKUP_SAID)->said = (vls_backup_said){.n = 10, .author = 3, .item = 77};
  for (uint64_t n = 11; n <= 12; n++) {
    add(b, VLS_BACKUP_SAID)->said = (vls_backup_said){.n = n, .kind = 16};
    add(b, VLS_BACKUP_REMARK)->remark =
        (vls_backup_remark){.n = n, .talk = n < 12 ? 5 : 3, .kind = 16, .state = 1, .about = 7};
  }
  put_in_order(b);
}

static vls_store *restored(book *b) {
  vls_store *store = store_in_memory();
  fill_groups(b);
  for (size_t i = 0; i < b->n; i++)
    assert_int_equal(vls_restore_row(store, &b->row[i]), VLS_OK);
  assert_int_equal(vls_store_commit(store), VLS_OK);
  return store;
}

static void refused_with_groups(book *b) {
  refused(b);
  fill_groups(b);
}

/* --- what the reader takes --- */

static void backup_with_groups_is_read_whole(void **state) {
  (void)state;
  book b;
  fill_groups(&b);
  verdict v = judge(&b);
  assert_int_equal(v.err, VLS_OK);
  assert_int_equal(v.rows, b.n);
  fill_groups(&b);
  of(&b, VLS_BACKUP_FEED)[1].feed.contact = 6; /* a group's event in the feed */
  assert_int_equal(judge(&b).err, VLS_OK);
}

static void backup_rows_of_a_group_that_is_not_there_are_refused(void **state) {
  (void)state;
  static const uint64_t nobody[] = {3, 7, 1}; /* a contact's number is no group's */
  book b;
  fill_groups(&b);
  for (size_t i = 0; i < COUNT(nobody); i++) {
    of(&b, VLS_BACKUP_GROUP_DEVICE)->group_device.group = nobody[i];
    refused_with_groups(&b);
    of(&b, VLS_BACKUP_GROUP_ROW)->group_row.group = nobody[i];
    refused_with_groups(&b);
    of(&b, VLS_BACKUP_GROUP_EVENT)->group_event.group = nobody[i];
    refused_with_groups(&b);
  }
  of(&b, VLS_BACKUP_MESSAGE)[2].message.contact = 7;
  refused_with_groups(&b);
  of(&b, VLS_BACKUP_REMARK)->remark.talk = 7;
  refused_with_groups(&b);
}

static void backup_group_with_a_contact_number_is_refused(void **state) {
  (void)state;
  book b;
  fill_groups(&b);
  of(&b, VLS_BACKUP_GROUP)->group.id = 4;
  refused_with_groups(&b);
}

static void backup_device_of_nobody_is_refused(void **state) {
  (void)state;
  static const uint64_t nobody[] = {1, 5, 99}; /* 5: a group says nothing */
  book b;
  fill_groups(&b);
  for (size_t i = 0; i < COUNT(nobody); i++) {
    of(&b, VLS_BACKUP_GROUP_DEVICE)->group_device.author = nobody[i];
    refused_with_groups(&b);
  }
}

static void backup_group_rows_that_do_not_ascend_are_refused(void **state) {
  (void)state;
  static const vls_backup_kind kinds[] = {VLS_BACKUP_GROUP, VLS_BACKUP_GROUP_DEVICE,
                                          VLS_BACKUP_GROUP_EVENT, VLS_BACKUP_SAID,
                                          VLS_BACKUP_REMARK};
  book b;
  fill_groups(&b);
  for (size_t i = 0; i < COUNT(kinds); i++) {
    vls_backup_row *row = of(&b, kinds[i]), first = row[0];
    row[0] = row[1];
    row[1] = first;
    refused_with_groups(&b);
    row = of(&b, kinds[i]);
    row[1] = row[0]; /* twice the same */
    refused_with_groups(&b);
  }
}

static void backup_of_what_was_said_beyond_its_counters_is_refused(void **state) {
  (void)state;
  book b;
  fill_groups(&b);
  of(&b, VLS_BACKUP_SAID)[2].said.n = 13;
  refused_with_groups(&b);
  of(&b, VLS_BACKUP_REMARK)[1].remark.n = 13;
  refused_with_groups(&b);
}

/* --- back into the tables --- */

static void group_rows_come_back_as_they_were(void **state) {
  (void)state;
  book b;
  vls_backup_walk walk;
  vls_backup_row got;
  vls_buf was, is;
  vls_store *store = restored(&b);
  vls_buf_init(&was, VLS_BACKUP_ROW_MAX);
  vls_buf_init(&is, VLS_BACKUP_ROW_MAX);
  vls_backup_walk_init(&walk, store, 1);
  for (size_t i = 5; i < b.n; i++) { /* from the former devices on */
    const vls_backup_row *row = &b.row[i];
    vls_backup_walk_next(&walk, store, &got);
    assert_int_equal(got.kind, row->kind);
    if (row->kind < VLS_BACKUP_REMARK && row->kind != VLS_BACKUP_MESSAGE) continue;
    was.n = is.n = 0;
    assert_int_equal(vls_wire_encode(vls_backup_def(row->kind), &row->start, &was), VLS_OK);
    assert_int_equal(vls_wire_encode(vls_backup_def(got.kind), &got.start, &is), VLS_OK);
    assert_true(vls_slice_eq(vls_buf_slice(&was), vls_buf_slice(&is)));
  }
  vls_backup_walk_done(&walk);
  vls_buf_done(&was);
  vls_buf_done(&is);
  store_end(store);
}

static void restore_refuses_the_same_group_or_device_of_it_twice(void **state) {
  (void)state;
  book b;
  vls_store *store = restored(&b);
  vls_backup_row group = *of(&b, VLS_BACKUP_GROUP), device = *of(&b, VLS_BACKUP_GROUP_DEVICE);
  group.group.id = 9;
  group.group.name = text("Band");
  assert_int_equal(vls_restore_row(store, &group), VLS_MALFORMED); /* one gid */
  group.group.gid[0] = 9;
  group.group.name = text("CHOIR");
  assert_int_equal(vls_restore_row(store, &group), VLS_MALFORMED); /* one name */
  assert_int_equal(count_of(store, "SELECT count(*) FROM grp"), 2);
  group.group.name = text("Band");
  assert_int_equal(vls_restore_row(store, &group), VLS_OK);
  device.group_device.number = 9;
  assert_int_equal(vls_restore_row(store, &device), VLS_MALFORMED);
  device.group_device.group = 9; /* in another group it is another */
  assert_int_equal(vls_restore_row(store, &device), VLS_OK);
  assert_int_equal(count_of(store, "SELECT count(*) FROM gdevice"), 4);
  store_end(store);
}

static void rows_of_other_kinds_are_left_to_others(void **state) {
  (void)state;
  vls_store *store = store_in_memory();
  vls_backup_walk walk;
  vls_backup_row row = {.kind = VLS_BACKUP_CONTACT};
  assert_int_equal(vls_restore_groups_row(store, &row), VLS_OK);
  assert_int_equal(count_of(store, "SELECT (SELECT count(*) FROM contact) + count(*) FROM grp"), 0);
  vls_backup_walk_init(&walk, store, 1);
  walk.kind = VLS_BACKUP_END;
  assert_false(vls_backup_groups_next(&walk, store, &row));
  vls_backup_walk_done(&walk);
  store_end(store);
}

/* --- out of the tables --- */

/* The rest of the walk: how many rows of a kind; the last of them in *ret, without its slices. */
static size_t rows_of(vls_backup_walk *walk, vls_store *store, vls_backup_kind kind,
                      vls_backup_row *ret) {
  size_t n = 0, all = 0;
  for (vls_backup_row row = {.kind = VLS_BACKUP_START}; row.kind != VLS_BACKUP_END;) {
    assert_true(all++ < ROWS_MAX);
    vls_backup_walk_next(walk, store, &row);
    n += row.kind == kind;
    if (row.kind == kind) *ret = row;
  }
  vls_backup_walk_done(walk);
  return n;
}

static void run(vls_store *store, const char *sql) {
  assert_int_equal(sqlite3_exec(store->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

typedef struct late_case {
  vls_backup_kind kind;
  size_t n; /* as before */
} late_case;

static void put_late(vls_store *store) {
  vls_backup_row contact = {.kind = VLS_BACKUP_CONTACT}, group = {.kind = VLS_BACKUP_GROUP};
  uint8_t key[32];
  contact.contact = (vls_backup_contact){.id = 8, .identity = {8}, .name = text("Late")};
  group.group = (vls_backup_group){.id = 9, .gid = {9}, .name = text("Later")};
  assert_int_equal(vls_restore_row(store, &contact), VLS_OK);
  assert_int_equal(vls_restore_row(store, &group), VLS_OK);
  assert_int_equal(vls_gdevice(store, 5, key_of(key, 8), 8), 3); /* who came late speaks there */
  vls_gevent_row event = {.grp = 5, .id = {8}, .device = 3, .seq = 1};
  vls_gevent_put(store, &event);
  vls_grow row = {VLS_GROW_WORDS, text("late"), VLS_GROW_CLEAR, vls_slice_of(event.id, 32)};
  vls_grow_put(store, 5, &row);
  vls_message_row m = {.n = 13, .contact = 5, .state = VLS_MSG_RECEIVED, .author = 8};
  vls_message_put(store, &m);
  vls_remark_row remark = {.n = 13, .talk = 5, .kind = 16};
  vls_remarks_put(store, &remark);
  vls_grp_set_read(store, 5, 13);
}

static void backup_leaves_out_what_came_to_groups_after_it_began(void **state) {
  (void)state;
  static const late_case cases[] = {{VLS_BACKUP_GROUP, 2},     {VLS_BACKUP_GROUP_DEVICE, 3},
                                    {VLS_BACKUP_GROUP_ROW, 2}, {VLS_BACKUP_GROUP_EVENT, 2},
                                    {VLS_BACKUP_MESSAGE, 5},   {VLS_BACKUP_SAID, 3},
                                    {VLS_BACKUP_REMARK, 2}};
  for (size_t i = 0; i < COUNT(cases); i++) {
    book b;
    vls_backup_walk walk;
    vls_backup_row got;
    vls_store *store = restored(&b);
    vls_backup_walk_init(&walk, store, 1);
    put_late(store);
    assert_int_equal(rows_of(&walk, store, cases[i].kind, &got), cases[i].n);
    store_end(store);
  }
}

static void backup_says_nothing_was_read_that_is_not_in_it(void **state) {
  (void)state;
  book b;
  vls_backup_walk walk;
  vls_backup_row got;
  vls_store *store = restored(&b);
  run(store, "DELETE FROM grp WHERE id=6");
  vls_backup_walk_init(&walk, store, 1);
  vls_grp_set_read(store, 5, 99);
  assert_int_equal(rows_of(&walk, store, VLS_BACKUP_GROUP, &got), 1);
  assert_int_equal(got.group.read_n, 12);
  assert_int_equal(got.group.link.n, text("valise:group").n);
  vls_grp_set_link(store, 5, text(""));
  vls_backup_walk_init(&walk, store, 1);
  assert_int_equal(rows_of(&walk, store, VLS_BACKUP_GROUP, &got), 1);
  assert_int_equal(got.group.link.n, 0);
  store_end(store);
}

/* Words without their event are heard again; so are those that do not say which it is. */
static void backup_leaves_out_words_without_their_event(void **state) {
  (void)state;
  book b;
  vls_backup_walk walk;
  vls_backup_row got;
  uint8_t other[32];
  vls_store *store = restored(&b);
  vls_grow none = {VLS_GROW_WORDS, text("l"), VLS_GROW_CLEAR, {0}};
  none.value = vls_slice_of(key_of(other, 7), 32);
  vls_grow_put(store, 5, &none);
  none.key = text("m");
  none.value.n = 31;
  vls_grow_put(store, 5, &none);
  vls_backup_walk_init(&walk, store, 1);
  assert_int_equal(rows_of(&walk, store, VLS_BACKUP_GROUP_ROW, &got), 2);
  assert_int_equal(got.group_row.value.n, sizeof words);
  store_end(store);
}

static void backup_of_a_damaged_group_leaves_out_what_none_would_read(void **state) {
  (void)state;
  book b;
  vls_backup_walk walk;
  vls_backup_row got;
  vls_store *store = restored(&b);
  run(store, "UPDATE grp SET name=CAST(x'c3' AS TEXT)");
  run(store, "INSERT INTO grow VALUES(5, 1, zeroblob(64), 2, 0, zeroblob(80000))");
  run(store, "INSERT INTO grow VALUES(5, 1, zeroblob(65), 2, 0, x'')");
  run(store, "INSERT INTO grow VALUES(5, 2, x'01', 2, 0, zeroblob(80001))");
  run(store, "UPDATE gevent SET bytes=zeroblob(67200) WHERE n=1");
  run(store, "UPDATE gevent SET bytes=zeroblob(67201) WHERE n=2");
  vls_backup_walk_init(&walk, store, 1);
  assert_int_equal(rows_of(&walk, store, VLS_BACKUP_GROUP, &got), 2);
  assert_int_equal(got.group.name.n, 0);
  vls_backup_walk_init(&walk, store, 1);
  assert_int_equal(rows_of(&walk, store, VLS_BACKUP_GROUP_ROW, &got), 4); /* one key is too long */
  vls_backup_walk_init(&walk, store, 1);
  assert_int_equal(rows_of(&walk, store, VLS_BACKUP_GROUP_EVENT, &got), 2);
  assert_int_equal(got.group_event.bytes.n, 0);
  store_end(store);
}

/* A name that no reader would take, as only damage makes it, is not asked for again and again. */
static void backup_leaves_out_clients_with_damaged_names(void **state) {
  (void)state;
  book b;
  vls_backup_walk walk;
  vls_backup_row got;
  vls_store *store = restored(&b);
  run(store, "DELETE FROM consumer");
  run(store, "DELETE FROM sent");
  run(store, "INSERT INTO consumer VALUES(hex(zeroblob(20)), 1), ('tea', 1)");
  run(store, "INSERT INTO sent VALUES(hex(zeroblob(40)), x'01', 1), ('tea', x'01', 1)");
  vls_backup_walk_init(&walk, store, 9);
  assert_int_equal(rows_of(&walk, store, VLS_BACKUP_CONSUMER, &got), 1);
  vls_backup_walk_init(&walk, store, 9);
  assert_int_equal(rows_of(&walk, store, VLS_BACKUP_SENT, &got), 1);
  store_end(store);
}

/* Or its backups would be ones that no reader takes. */
static void salvage_leaves_no_rows_of_a_group_or_member_that_is_lost(void **state) {
  (void)state;
  book b;
  vls_backup_walk walk;
  vls_backup_row got;
  vls_salvage_report r = {.lost_rows = 2};
  vls_store *store = restored(&b);
  run(store, "DELETE FROM grp WHERE id=6");
  run(store, "INSERT INTO grow VALUES(6, 1, x'', 2, 0, x'')");
  run(store, "UPDATE gdevice SET author=2 WHERE grp=5 AND number=1");
  vls_salvage_mend(store, 1, &r);
  assert_int_equal(r.lost_contacts, 1);
  assert_int_equal(count_of(store, "SELECT count(*) FROM contact WHERE id=2"), 1);
  assert_int_equal(count_of(store, "SELECT count(*) FROM grow WHERE grp=6"), 0);
  assert_int_equal(count_of(store, "SELECT count(*) FROM gdevice WHERE grp=6"), 0);
  assert_int_equal(count_of(store, "SELECT count(*) FROM gevent WHERE grp=5"), 2);
  vls_backup_walk_init(&walk, store, 1);
  assert_int_equal(rows_of(&walk, store, VLS_BACKUP_GROUP_DEVICE, &got), 2);
  store_end(store);
}

static void backup_key_says_since_when_it_is(void **state) {
  (void)state;
  static const uint8_t key[32] = {1};
  vls_store *store = store_in_memory();
  assert_int_equal(vls_backup_key_since(store), 0);
  vls_backup_key_put(store, key, 1234);
  assert_int_equal(vls_backup_key_since(store), 1234);
  store_end(store);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(backup_with_groups_is_read_whole),
      cmocka_unit_test(backup_rows_of_a_group_that_is_not_there_are_refused),
      cmocka_unit_test(backup_group_with_a_contact_number_is_refused),
      cmocka_unit_test(backup_device_of_nobody_is_refused),
      cmocka_unit_test(backup_group_rows_that_do_not_ascend_are_refused),
      cmocka_unit_test(backup_of_what_was_said_beyond_its_counters_is_refused),
      cmocka_unit_test(group_rows_come_back_as_they_were),
      cmocka_unit_test(restore_refuses_the_same_group_or_device_of_it_twice),
      cmocka_unit_test(rows_of_other_kinds_are_left_to_others),
      cmocka_unit_test(backup_leaves_out_what_came_to_groups_after_it_began),
      cmocka_unit_test(backup_says_nothing_was_read_that_is_not_in_it),
      cmocka_unit_test(backup_leaves_out_words_without_their_event),
      cmocka_unit_test(backup_of_a_damaged_group_leaves_out_what_none_would_read),
      cmocka_unit_test(backup_leaves_out_clients_with_damaged_names),
      cmocka_unit_test(salvage_leaves_no_rows_of_a_group_or_member_that_is_lost),
      cmocka_unit_test(backup_key_says_since_when_it_is),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
