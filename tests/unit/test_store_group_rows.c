/* Rows of a group's state: they come back, in order; and what was replaced or dropped cannot be
 * read from a copy of all files that is taken later. */
#include "vault_made.h"

#include <stdio.h>

#include "store/group_rows.h"

enum { GROUP = 3, SECRET = 100 };

static vls_slice key_at(uint8_t key[4], unsigned number) {
  vls_be32_put(key, number);
  return vls_slice_of(key, 4);
}

static void put(vls_store *store, unsigned number, vls_grow_part part, unsigned value) {
  uint8_t key[4], bytes[SECRET];
  memset(bytes, (int)value, sizeof bytes);
  vls_grow row = {.kind = 7, .key = key_at(key, number), .part = part};
  row.value = vls_slice_of(bytes, sizeof bytes);
  vls_grow_put(store, GROUP, &row);
}

static void drop(vls_store *store, unsigned number, vls_grow_part part) {
  uint8_t key[4];
  vls_grow row = {.kind = 7, .key = key_at(key, number), .part = part};
  vls_grow_drop(store, GROUP, &row);
}

/* The number and the value of each row, as text. */
static void assert_rows(vls_store *store, const char *expected, uint64_t lost) {
  char all[4096] = "";
  vls_grow_query query = {.grp = GROUP};
  vls_grow row;
  while (vls_grow_next(store, &query, &row)) {
    assert_int_equal(row.kind, 7);
    assert_int_equal(row.value.n, SECRET);
    size_t n = strlen(all);
    snprintf(all + n, sizeof all - n, "%u=%u ", vls_be32_get(row.key.p), row.value.p[SECRET / 2]);
  }
  assert_string_equal(all, expected);
  assert_int_equal(query.lost, lost);
}

static void rows_come_back_by_key(void **state) {
  (void)state;
  for (store_kind kind = IN_CLEAR; kind <= NO_VAULT; kind++) {
    house h = house_new(kind);
    put(h.store, 30, VLS_GROW_STATE, 1);
    put(h.store, 10, VLS_GROW_KEPT, 2);
    put(h.store, 20, VLS_GROW_CLEAR, 3);
    house_commit(&h);
    assert_rows(h.store, "10=2 20=3 30=1 ", 0);
    put(h.store, 30, VLS_GROW_STATE, 4);
    drop(h.store, 10, VLS_GROW_KEPT);
    put(h.store, 20, VLS_GROW_CLEAR, 5);
    house_commit(&h);
    vls_store_close(h.store);
    house_open(&h);
    assert_rows(h.store, "20=5 30=4 ", 0);
    vls_grow_drop_all(h.store, GROUP);
    house_commit(&h);
    assert_rows(h.store, "", 0);
    house_end(&h);
  }
}

static void keys_of_more_rows_than_a_page_has_come_back(void **state) {
  (void)state;
  house h = house_new(SEALED);
  char expected[4096] = "";
  for (unsigned i = 0; i < 3 * VLS_GKEY_KEYS; i++)
    put(h.store, i, VLS_GROW_STATE, i);
  for (unsigned i = 0; i < 3 * VLS_GKEY_KEYS; i += 2)
    drop(h.store, i, VLS_GROW_STATE);
  for (unsigned i = 0; i < VLS_GKEY_KEYS; i++)
    put(h.store, 1000 + i, VLS_GROW_STATE, i); /* into the holes */
  for (unsigned i = 1; i < 3 * VLS_GKEY_KEYS; i += 2)
    snprintf(expected + strlen(expected), 64, "%u=%u ", i, i);
  for (unsigned i = 0; i < VLS_GKEY_KEYS; i++)
    snprintf(expected + strlen(expected), 64, "%u=%u ", 1000 + i, i);
  house_commit(&h);
  assert_rows(h.store, expected, 0);
  assert_int_equal(vls_sql_one(h.store, vls_sql(h.store, "SELECT count(*) FROM gkey")), 3);
  for (unsigned i = 1; i < 3 * VLS_GKEY_KEYS; i += 2)
    drop(h.store, i, VLS_GROW_STATE);
  for (unsigned i = 0; i < VLS_GKEY_KEYS; i++)
    drop(h.store, 1000 + i, VLS_GROW_STATE);
  assert_int_equal(vls_sql_one(h.store, vls_sql(h.store, "SELECT count(*) FROM gkey")), 0);
  house_commit(&h);
  house_end(&h);
}

static void rows_whose_vault_is_gone_are_dropped(void **state) {
  (void)state;
  house h = house_new(IN_CLEAR);
  for (unsigned i = 0; i < VLS_GKEY_KEYS + 1; i++)
    put(h.store, i, VLS_GROW_STATE, i);
  put(h.store, 2000, VLS_GROW_CLEAR, 9);
  house_commit(&h);
  vls_store_close(h.store);
  disk_remove(h.d, STORE_VAULT);
  house_open(&h);
  assert_rows(h.store, "2000=9 ", VLS_GKEY_KEYS + 1);
  assert_int_equal(vls_store_check(h.store).groups, 1);
  assert_rows(h.store, "2000=9 ", 0);
  assert_int_equal(vls_store_check(h.store).groups, 0);
  house_commit(&h);
  house_end(&h);
}

/* A row as it stands on the disk at some time, and what its sealing says of it. */
typedef struct sealed_row {
  uint8_t stored[SECRET + 16], ad[25 + 4], keys[VLS_ROW_MAX];
} sealed_row;

static sealed_row row_now(vls_store *store, unsigned number) {
  sealed_row r;
  memcpy(r.ad, "valise group row", 16);
  vls_be64_put(r.ad + 16, GROUP);
  r.ad[24] = 7;
  vls_be32_put(r.ad + 25, number);
  sqlite3_stmt *q = vls_sql(store, "SELECT value FROM grow WHERE grp=? AND key=?");
  vls_sql_int(q, 1, GROUP);
  vls_sql_blob(q, 2, vls_slice_of(r.ad + 25, 4));
  assert_true(vls_sql_row(store, q));
  vls_sql_get_fix(store, q, 0, r.stored, sizeof r.stored);
  vls_sql_done(q);
  q = vls_sql(store, "SELECT keys FROM gkey WHERE grp=?");
  vls_sql_int(q, 1, GROUP);
  assert_true(vls_sql_row(store, q));
  vls_sql_get_fix(store, q, 0, r.keys, sizeof r.keys);
  vls_sql_done(q);
  return r;
}

/* Any of these keys opens it. */
static bool keys_open(const void *arg, const uint8_t *keys) {
  static const uint8_t nonce[24];
  const sealed_row *r = arg;
  uint8_t out[SECRET];
  for (size_t i = 0; i < VLS_GKEY_KEYS; i++)
    if (vls_xchacha_open(out, keys + 32 * i, nonce, vls_slice_of(r->ad, sizeof r->ad),
                         vls_slice_of(r->stored, sizeof r->stored)) == VLS_OK)
      return true;
  return false;
}

/* Looks for the row's keys in everything that is left of the store. */
static bool thief_reads(house *h, const sealed_row *r, vls_row_kind kind) {
  loot *l = loot_take(h);
  vls_row_key at = {.contact = GROUP};
  const uint8_t *p = memmem(l->plain.p, l->plain.n, r->keys, sizeof r->keys);
  bool found =
      p != NULL && loot_try(l, p, sizeof r->keys, VLS_ROW_VALUE_MAX, kind, &at, keys_open, r);
  loot_free(l);
  return found;
}

static void what_was_replaced_or_dropped_is_not_read_again(vls_grow_part part, vls_row_kind kind) {
  house h = house_new(IN_CLEAR);
  put(h.store, 1, part, 1);
  put(h.store, 2, part, 2);
  put(h.store, 3, part, 3);
  house_commit(&h);
  sealed_row replaced = row_now(h.store, 1), dropped = row_now(h.store, 2);
  put(h.store, 1, part, 4);
  drop(h.store, 2, part);
  house_commit(&h);
  assert_true(vls_store_has_spent(h.store));
  assert_true(thief_reads(&h, &replaced, kind)); /* while the key of the vault is the same */
  assert_true(thief_reads(&h, &dropped, kind));
  house_bury(&h);
  assert_false(thief_reads(&h, &replaced, kind));
  assert_false(thief_reads(&h, &dropped, kind));
  sealed_row kept = row_now(h.store, 3);
  assert_true(thief_reads(&h, &kept, kind)); /* he would, if it were there */
  assert_rows(h.store, "1=4 3=3 ", 0);
  house_end(&h);
}

static void spent_states_are_not_read_again(void **state) {
  (void)state;
  what_was_replaced_or_dropped_is_not_read_again(VLS_GROW_STATE, VLS_ROW_GROUP_STATE);
}

static void spent_kept_keys_are_not_read_again(void **state) {
  (void)state;
  what_was_replaced_or_dropped_is_not_read_again(VLS_GROW_KEPT, VLS_ROW_GROUP_KEPT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_come_back_by_key),
      cmocka_unit_test(keys_of_more_rows_than_a_page_has_come_back),
      cmocka_unit_test(rows_whose_vault_is_gone_are_dropped),
      cmocka_unit_test(spent_states_are_not_read_again),
      cmocka_unit_test(spent_kept_keys_are_not_read_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
