/* A wrong file in the place of the vault, or none; and its bounds. Sessions that cannot be read are
 * gone and said to be; nothing else is, and the store goes on. */
#include "vault_made.h"

enum { PEOPLE = 40, FLIPS = 300 };

static vls_session_row session_of(uint64_t contact, uint32_t step) {
  static talk t;
  if (t.a.r.can_send == false) talk_start(&t, 4);
  vls_session_row row = {.ratchet = t.a.r, .created = 1};
  vls_be32_put(row.ratchet.th, (uint32_t)contact);
  row.ratchet.ns = step;
  return row;
}

static void put(house *h, uint64_t contact, uint32_t step) {
  vls_session_row row = session_of(contact, step);
  vls_session_put(h->store, contact, &row);
}

static void put_skipped(house *h, uint64_t contact, uint32_t from, uint32_t n) {
  vls_skipped *keys = vls_calloc(n, sizeof *keys);
  uint8_t th[32] = {5};
  for (uint32_t i = 0; i < n; i++)
    keys[i] = (vls_skipped){.chain = 1, .n = from + i, .mk = {(uint8_t)contact, 9}};
  vls_skips skips = {keys, n, n};
  vls_skipped_put(h->store, contact, th, &skips, 1);
  free(keys);
}

static bool has_skipped(house *h, uint64_t contact, uint32_t n) {
  uint8_t th[32] = {5}, mk[32], want[32] = {(uint8_t)contact, 9};
  return vls_skipped_get(h->store, contact, th, 1, n, mk) && memcmp(mk, want, 32) == 0;
}

static vls_invite_row invite = {.expires = 100, .opk = {0x77}, .secret = {0x78}};

static house furnished(store_kind kind) {
  house h = house_new(kind);
  vls_prekey_row prekey = {.id = 3, .priv = {0x66}, .created = 50};
  for (uint64_t c = 1; c <= PEOPLE; c++)
    put(&h, c, 1);
  put_skipped(&h, 7, 0, 4);
  vls_prekey_put(h.store, &prekey, vls_slice_str("signed"));
  invite.id = 0;
  vls_invite_put(h.store, &invite);
  house_commit(&h);
  house_bury(&h);
  return h;
}

static size_t sessions_of(house *h) {
  size_t n = 0;
  vls_session_row row[VLS_SESSIONS_MAX];
  for (uint64_t c = 1; c <= PEOPLE; c++)
    n += vls_session_load(h->store, c, row);
  return n;
}

static uint64_t rows_in(house *h, const char *sql) {
  sqlite3_stmt *q = NULL;
  assert_int_equal(sqlite3_prepare_v2(h->store->db, sql, -1, &q, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(q), SQLITE_ROW);
  uint64_t n = (uint64_t)sqlite3_column_int64(q, 0);
  sqlite3_finalize(q);
  return n;
}

/* It works as if nothing had been: new sessions, new prekeys, burials, and back again. */
static void expect_life(house *h) {
  vls_session_row row[VLS_SESSIONS_MAX];
  vls_prekey_row prekey = {.id = 4, .priv = {0x67}, .created = 60};
  for (uint64_t c = 1; c <= PEOPLE + 40; c++)
    put(h, c, 9);
  vls_prekey_put(h->store, &prekey, vls_slice_str("signed"));
  house_commit(h);
  house_bury(h);
  vls_store_close(h->store);
  house_open(h);
  vls_lost lost = vls_store_check(h->store);
  assert_int_equal(lost.sessions, 0);
  for (uint64_t c = 1; c <= PEOPLE + 40; c++) {
    assert_int_equal(vls_session_load(h->store, c, row), 1);
    assert_int_equal(row[0].ratchet.ns, 9);
  }
  assert_true(vls_prekey_get(h->store, 4, &prekey));
  assert_int_equal(prekey.priv[0], 0x67);
}

/* All of it is lost, and said to be. */
static void expect_loss(house *h) {
  vls_prekey_row prekey;
  vls_invite_row back;
  vls_buf bytes;
  vls_buf_init(&bytes, 64);
  assert_int_equal(sessions_of(h), 0);
  vls_lost lost = vls_store_check(h->store);
  assert_int_equal(lost.sessions, PEOPLE);
  assert_int_equal(lost.prekeys, 1);
  assert_int_equal(lost.invites, 1);
  assert_int_equal(rows_in(h, "SELECT count(*) FROM session"), 0);
  assert_int_equal(rows_in(h, "SELECT count(*) FROM skipped"), 0);
  assert_false(vls_prekey_get(h->store, 3, &prekey));
  assert_true(vls_prekey_newest(h->store, &prekey, &bytes)); /* the next has another number */
  assert_int_equal(prekey.id, 3);
  assert_int_equal(prekey.created, 0);
  assert_true(vls_invite_next(h->store, 0, &back));
  assert_int_equal(back.expires, 0);
  house_commit(h);
  lost = vls_store_check(h->store); /* told once */
  assert_int_equal(lost.sessions + lost.prekeys + lost.invites, 0);
  assert_false(vls_prekey_get(h->store, 3, &prekey));
  assert_true(vls_invite_next(h->store, 0, &back));
  assert_int_equal(back.expires, 0);
  vls_buf_done(&bytes);
}

static void store_without_its_vault_begins_anew(void **state) {
  (void)state;
  for (store_kind kind = IN_CLEAR; kind <= SEALED; kind++) {
    house h = furnished(kind);
    assert_int_equal(sessions_of(&h), PEOPLE);
    assert_true(has_skipped(&h, 7, 2));
    vls_store_close(h.store);
    disk_remove(h.d, STORE_VAULT);
    house_open(&h);
    expect_loss(&h);
    expect_life(&h);
    house_end(&h);
  }
}

static void vault_from_before_the_last_burial_is_no_key(void **state) {
  (void)state;
  for (store_kind kind = IN_CLEAR; kind <= SEALED; kind++) {
    house h = furnished(kind);
    vls_buf old;
    vls_buf_init(&old, SIZE_MAX / 2);
    disk_copy(&old, disk_bytes(h.d, STORE_VAULT));
    for (uint64_t c = 1; c <= PEOPLE; c++)
      put(&h, c, 2);
    vls_skipped_drop_before(h.store, 1000);
    vls_invite_use(h.store, invite.id + 1, 1); /* no such: but something is spent */
    house_commit(&h);
    house_bury(&h);
    vls_store_close(h.store);
    disk_copy(disk_bytes(h.d, STORE_VAULT), &old);
    vls_buf_done(&old);
    house_open(&h);
    vls_lost lost = vls_store_check(h.store);
    assert_int_equal(lost.sessions, PEOPLE);
    assert_int_equal(lost.prekeys, 0); /* those were not replaced */
    assert_int_equal(lost.invites, 1);
    assert_int_equal(sessions_of(&h), 0);
    house_commit(&h);
    expect_life(&h);
    house_end(&h);
  }
}

static void vault_of_another_store_is_no_key(void **state) {
  (void)state;
  for (store_kind kind = IN_CLEAR; kind <= SEALED; kind++) {
    house h = furnished(kind);
    vls_buf other;
    vls_buf_init(&other, SIZE_MAX / 2);
    vls_store_close(h.store);
    disk_free(h.d);
    h = (house){.d = disk_new(), .kind = kind, .life = 77};
    disk_register(h.d, "/v/");
    house_open(&h);
    put(&h, 1, 1);
    house_commit(&h);
    house_bury(&h);
    disk_copy(&other, disk_bytes(h.d, STORE_VAULT));
    house_end(&h);
    h = furnished(kind);
    vls_store_close(h.store);
    disk_copy(disk_bytes(h.d, STORE_VAULT), &other);
    vls_buf_done(&other);
    house_open(&h);
    expect_loss(&h);
    expect_life(&h);
    house_end(&h);
  }
}

typedef struct deaf {
  unsigned reads; /* bits: which of the next reads of the vault fail */
  unsigned count;
} deaf;

static disk_fault hear_nothing(void *arg, uint64_t number, disk_deed deed, const char *name) {
  deaf *d = arg;
  (void)number;
  if (deed != DISK_READ || strcmp(name, STORE_VAULT) != 0) return DISK_FINE;
  return d->reads >> d->count++ & 1 ? DISK_EIO : DISK_FINE;
}

/* A page that the disk does not give is read from its twin. When it gives neither, the store does
 * not open: they may be there the next time. */
static void vault_on_a_disk_that_does_not_read_is_not_lost(void **state) {
  (void)state;
  static const unsigned reads[] = {1, 2, 5, 6, 9, 10, 3, 12, 15};
  for (size_t i = 0; i < sizeof reads / sizeof reads[0]; i++) {
    house h = furnished(SEALED);
    uint8_t seed[32] = {55, (uint8_t)i};
    const char *why = "";
    deaf d = {.reads = reads[i]};
    bool both = (reads[i] & 3) == 3 || (reads[i] & 12) == 12;
    vls_store_close(h.store);
    h.d->fate = hear_nothing;
    h.d->fate_arg = &d;
    vls_err err = vls_store_open_sealed(&h.store, STORE, data_key, store_uuid, seed, 0, &why);
    h.d->fate = NULL;
    assert_int_equal(err, both ? VLS_STORAGE : VLS_OK);
    if (both) {
      assert_non_null(strstr(why, "vault"));
      house_open(&h);
    }
    assert_int_equal(vls_store_check(h.store).sessions, 0);
    assert_int_equal(sessions_of(&h), PEOPLE);
    house_end(&h);
  }
}

/* Who can write to the disk, but has no key, puts one in clear there. */
static void vault_in_clear_beside_a_sealed_store_is_no_key(void **state) {
  (void)state;
  house clear = furnished(IN_CLEAR);
  vls_buf planted;
  vls_buf_init(&planted, SIZE_MAX / 2);
  disk_copy(&planted, disk_bytes(clear.d, STORE_VAULT));
  house_end(&clear);
  house h = furnished(SEALED);
  vls_store_close(h.store);
  disk_copy(disk_bytes(h.d, STORE_VAULT), &planted);
  house_open(&h);
  loot *l = vls_calloc(1, sizeof *l), *mine = vls_calloc(1, sizeof *mine);
  expect_loss(&h);
  expect_life(&h);
  loot_vault(l, &planted, false);
  loot_vault(mine, disk_bytes(h.d, STORE_VAULT), true);
  assert_true(l->n_keys > 0 && mine->n_keys > 0);
  for (size_t i = 0; i < l->n_keys; i++)
    for (size_t k = 0; k < mine->n_keys; k++)
      assert_memory_not_equal(l->key[i], mine->key[k], 32);
  free(l);
  free(mine);
  vls_buf_done(&planted);
  house_end(&h);
}

static void vault_with_any_byte_changed_loses_nothing(void **state) {
  (void)state;
  uint32_t dice = 1;
  house h = furnished(SEALED);
  size_t n = disk_bytes(h.d, STORE_VAULT)->n;
  assert_int_equal(n, 2 * 2 * 4096);
  for (unsigned i = 0; i < FLIPS; i++) {
    vls_store_close(h.store);
    dice = dice * 1664525u + 1013904223u;
    disk_bytes(h.d, STORE_VAULT)->p[(dice >> 8) % n] ^= (uint8_t)(1u << (dice >> 29));
    house_open(&h);
    vls_lost lost = vls_store_check(h.store);
    assert_int_equal(lost.sessions + lost.prekeys + lost.invites, 0);
    assert_int_equal(sessions_of(&h), PEOPLE);
    assert_true(vls_store_has_spent(h.store)); /* and it is made whole */
    house_bury(&h);
    disk_entry *e = disk_entry_of(h.d, STORE_VAULT, false);
    loot *l = vls_calloc(1, sizeof *l);
    loot_vault(l, &e->now, true);
    assert_int_equal(l->n_keys, 2 * 2 * 2 * VLS_VAULT_BLOCK);
    free(l);
  }
  expect_life(&h);
  house_end(&h);
}

static void vault_with_more_behind_it_is_read_as_far_as_it_goes(void **state) {
  (void)state;
  static const size_t sizes[] = {16384 + 1, 16384 + 9000,
                                 2 * (size_t)VLS_VAULT_SLOTS_MAX * VLS_VAULT_UNIT + 1};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    house h = furnished(IN_CLEAR);
    vls_store_close(h.store);
    disk_resize(disk_bytes(h.d, STORE_VAULT), sizes[i]);
    house_open(&h);
    assert_int_equal(h.store->vault->n, 2 * VLS_VAULT_BLOCK);
    assert_int_equal(vls_store_check(h.store).sessions, 0);
    expect_life(&h);
    house_end(&h);
  }
}

/* Half of a block is the other half's twin. */
static void vault_that_is_cut_short_is_a_vault_as_far_as_it_goes(void **state) {
  (void)state;
  static const struct {
    size_t bytes;
    uint64_t lost;
  } cuts[] = {{16384, 0}, {16383, 0}, {12288, 0},    {12287, 0}, {8192, 9}, {4096 + 1, 9},
              {4096, 9},  {4095, 10}, {128 * 2, 39}, {128, 40},  {1, 40},   {0, 40}};
  for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
    house h = furnished(IN_CLEAR);
    vls_store_close(h.store);
    disk_resize(disk_bytes(h.d, STORE_VAULT), cuts[i].bytes);
    house_open(&h);
    vls_lost lost = vls_store_check(h.store);
    assert_int_equal(lost.sessions, cuts[i].lost);
    assert_int_equal(lost.prekeys, cuts[i].bytes < 128);
    house_commit(&h);
    expect_life(&h);
    house_end(&h);
  }
}

static void value_in_another_rows_place_does_not_open(void **state) {
  (void)state;
  house h = furnished(IN_CLEAR);
  sqlite3_exec(h.store->db,
               "UPDATE skipped SET mk=(SELECT mk FROM skipped s WHERE s.n=1) WHERE n=2", NULL, NULL,
               NULL);
  assert_true(has_skipped(&h, 7, 1));
  assert_false(has_skipped(&h, 7, 2));
  assert_int_equal(vls_store_error(h.store), VLS_OK);
  sqlite3_exec(h.store->db, "UPDATE skipped SET mk=zeroblob(33) WHERE n=3", NULL, NULL, NULL);
  assert_false(has_skipped(&h, 7, 3));
  assert_int_equal(vls_store_error(h.store), VLS_DAMAGED);
  house_end(&h);
}

static void a_turn_has_so_many_slots_and_no_more(void **state) {
  (void)state;
  house h = house_new(IN_CLEAR);
  house_bury(&h);
  for (uint64_t c = 1; c <= VLS_VAULT_ROUND_SLOTS + 1; c++)
    put(&h, c, 1);
  house_commit(&h);
  assert_true(vls_store_bury(h.store));
  assert_int_equal(h.store->vault->n_turning, VLS_VAULT_ROUND_SLOTS);
  house_commit(&h);
  assert_true(vls_store_has_spent(h.store));
  assert_false(vls_store_bury(h.store));
  assert_int_equal(h.store->vault->n_turning, 1);
  house_commit(&h);
  assert_false(vls_store_has_spent(h.store));
  house_end(&h);
}

static void a_turn_has_so_many_rows_or_one_slot(void **state) {
  (void)state;
  house h = house_new(IN_CLEAR);
  uint8_t th[32] = {5};
  for (uint64_t c = 1; c <= 3; c++) {
    put_skipped(&h, c, 0, VLS_RATCHET_SKIP);
    put_skipped(&h, c, VLS_RATCHET_SKIP, VLS_RATCHET_SKIP);
  }
  house_commit(&h);
  house_bury(&h);
  for (uint64_t c = 1; c <= 3; c++)
    vls_skipped_drop(h.store, c, th, 1, 11);
  house_commit(&h);
  for (unsigned turn = 1; turn <= 3; turn++) { /* 3,999 rows each */
    assert_int_equal(vls_store_bury(h.store), turn < 3);
    assert_int_equal(h.store->vault->n_turning, 1);
    house_commit(&h);
  }
  assert_false(vls_store_has_spent(h.store));
  for (uint64_t c = 1; c <= 3; c++) {
    assert_true(has_skipped(&h, c, 12));
    assert_false(has_skipped(&h, c, 11));
    assert_true(has_skipped(&h, c, 2 * VLS_RATCHET_SKIP - 1));
  }
  house_end(&h);
}

static void slot_beyond_the_bound_is_an_error_and_no_file(void **state) {
  (void)state;
  house h = furnished(IN_CLEAR);
  put(&h, VLS_VAULT_SLOTS_MAX, 1);
  assert_int_equal(vls_store_error(h.store), VLS_DAMAGED);
  vls_store_rollback(h.store);
  assert_int_equal(sessions_of(&h), PEOPLE);
  assert_int_equal(disk_bytes(h.d, STORE_VAULT)->n, 2 * 2 * 4096);
  house_end(&h);
}

/* What it costs: nothing with each batch, and two syncs of a small file with a burial. */
static void burial_syncs_twice_and_a_batch_never(void **state) {
  (void)state;
  house h = furnished(IN_CLEAR);
  unsigned before = h.d->syncs;
  for (uint32_t i = 1; i <= 10; i++) {
    for (uint64_t c = 1; c <= PEOPLE; c++)
      put(&h, c, 1 + i);
    house_commit(&h);
    assert_int_equal(h.d->syncs, before + i);
  }
  vls_store_bury(h.store);
  house_commit(&h);
  assert_int_equal(h.d->syncs, before + 10 + 1 + 2);
  assert_false(vls_store_has_spent(h.store));
  vls_store_bury(h.store); /* nothing to do */
  house_commit(&h);
  assert_int_equal(h.d->syncs, before + 10 + 1 + 2);
  house_end(&h);
}

/* The disk is full: the batch goes on without the burial, which is made up for later. */
static void burial_on_a_full_disk_waits(void **state) {
  (void)state;
  house h = furnished(IN_CLEAR);
  put(&h, 1, 2);
  house_commit(&h);
  disk_fill(h.d, "/");
  vls_store_bury(h.store);
  assert_int_equal(vls_store_error(h.store), VLS_OK);
  assert_true(vls_store_has_spent(h.store));
  disk_mend(h.d);
  put(&h, 1, 3);
  house_commit(&h);
  house_bury(&h);
  vls_session_row row[VLS_SESSIONS_MAX];
  assert_int_equal(vls_session_load(h.store, 1, row), 1);
  assert_int_equal(row[0].ratchet.ns, 3);
  house_end(&h);
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(store_without_its_vault_begins_anew),
      cmocka_unit_test(vault_from_before_the_last_burial_is_no_key),
      cmocka_unit_test(vault_of_another_store_is_no_key),
      cmocka_unit_test(vault_on_a_disk_that_does_not_read_is_not_lost),
      cmocka_unit_test(vault_in_clear_beside_a_sealed_store_is_no_key),
      cmocka_unit_test(vault_with_any_byte_changed_loses_nothing),
      cmocka_unit_test(vault_with_more_behind_it_is_read_as_far_as_it_goes),
      cmocka_unit_test(vault_that_is_cut_short_is_a_vault_as_far_as_it_goes),
      cmocka_unit_test(value_in_another_rows_place_does_not_open),
      cmocka_unit_test(a_turn_has_so_many_slots_and_no_more),
      cmocka_unit_test(a_turn_has_so_many_rows_or_one_slot),
      cmocka_unit_test(slot_beyond_the_bound_is_an_error_and_no_file),
      cmocka_unit_test(burial_syncs_twice_and_a_batch_never),
      cmocka_unit_test(burial_on_a_full_disk_waits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
