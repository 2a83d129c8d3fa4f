/* What was spent cannot be read from a copy of the files that is taken later, whatever keys come
 * with it. Each test shows that the thief can read: from a copy taken before, and from a store
 * without a vault. */
#include "vault_made.h"

enum { RECORDS = 12, CONTACT = 1 };

/* Bao's store holds her session with Ana, who writes to her. */
typedef struct meeting {
  house h;
  talk t;
  record rec[RECORDS];
} meeting;

static meeting *meet(store_kind kind) {
  meeting *m = vls_calloc(1, sizeof *m);
  m->h = house_new(kind);
  talk_start(&m->t, 5);
  for (unsigned i = 0; i < RECORDS; i++)
    m->rec[i] = side_say(&m->t.a, "ich bin auf dem Weg");
  return m;
}

static void part_ways(meeting *m) {
  house_end(&m->h);
  talk_end(&m->t);
  free(m);
}

/* As a node takes a record: the new state, keys passed over, and the one that was spent. */
static void take(meeting *m, unsigned i) {
  vls_store *store = m->h.store;
  vls_ratchet_peek look;
  vls_skips *kept = &m->t.b.kept, more = {0};
  assert_int_equal(vls_ratchet_look(&m->t.b.r, record_slice(&m->rec[i]), &look), VLS_OK);
  uint8_t mk[32];
  bool old = vls_skipped_get(store, CONTACT, m->t.b.r.th, look.chain, look.n, mk);
  assert_int_equal(old, look.old);
  size_t had = kept->n;
  assert_hears(&m->t.b, &m->rec[i], "ich bin auf dem Weg");
  if (kept->n > had) more = (vls_skips){.keys = kept->keys + had, .n = kept->n - had};
  vls_session_row row = {.ratchet = m->t.b.r, .created = 1};
  vls_session_put(store, CONTACT, &row);
  vls_skipped_put(store, CONTACT, m->t.b.r.th, &more, 1);
  if (look.old) vls_skipped_drop(store, CONTACT, m->t.b.r.th, look.chain, look.n);
  house_commit(&m->h);
}

static bool thief_reads(meeting *m, unsigned i) {
  loot *l = loot_take(&m->h);
  bool found = loot_reads(l, CONTACT, &m->t.b.r, &m->rec[i]);
  loot_free(l);
  return found;
}

/* All but the last are read; the third came late, out of its turn. */
static void read_all_but_the_last(meeting *m) {
  vls_session_row row = {.ratchet = m->t.b.r, .created = 1};
  vls_session_put(m->h.store, CONTACT, &row); /* before anything came */
  house_commit(&m->h);
  for (unsigned i = 0; i < RECORDS - 1; i++)
    if (i != 2) take(m, i);
  take(m, 2);
}

static void without_a_vault_a_copy_reads_what_was_read_before(void **state) {
  (void)state;
  meeting *m = meet(NO_VAULT);
  read_all_but_the_last(m);
  for (unsigned i = 0; i < RECORDS; i++)
    assert_true(thief_reads(m, i));
  part_ways(m);
}

static void a_copy_after_the_burial_reads_nothing_old(store_kind kind) {
  meeting *m = meet(kind);
  read_all_but_the_last(m);
  assert_true(vls_store_has_spent(m->h.store));
  for (unsigned i = 0; i < RECORDS; i++)
    assert_true(thief_reads(m, i)); /* before: he finds states and skipped keys, sealed or not */
  house_bury(&m->h);
  for (unsigned i = 0; i < RECORDS - 1; i++)
    assert_false(thief_reads(m, i));
  assert_true(thief_reads(m, RECORDS - 1)); /* the session lives: what comes next is open to him */
  take(m, RECORDS - 1);
  vls_store_close(m->h.store); /* the end buries, too */
  house_open(&m->h);
  assert_false(vls_store_has_spent(m->h.store));
  for (unsigned i = 0; i < RECORDS; i++)
    assert_false(thief_reads(m, i));
  vls_session_row back[VLS_SESSIONS_MAX];
  assert_int_equal(vls_session_load(m->h.store, CONTACT, back), 1);
  assert_memory_equal(back[0].ratchet.ckr, m->t.b.r.ckr, 32);
  part_ways(m);
}

static void copy_of_a_store_in_clear_reads_nothing_old(void **state) {
  (void)state;
  a_copy_after_the_burial_reads_nothing_old(IN_CLEAR);
}

static void copy_of_a_sealed_store_with_its_keys_reads_nothing_old(void **state) {
  (void)state;
  a_copy_after_the_burial_reads_nothing_old(SEALED);
}

/* A key passed over that is still waited for is kept, and goes with its record. */
static void skipped_key_is_there_until_it_is_used(void **state) {
  (void)state;
  meeting *m = meet(IN_CLEAR);
  take(m, 0);
  take(m, 4);
  house_bury(&m->h);
  assert_true(thief_reads(m, 2));
  assert_false(thief_reads(m, 4));
  take(m, 2);
  house_bury(&m->h);
  assert_false(thief_reads(m, 2));
  assert_true(thief_reads(m, 3));
  take(m, 3);
  part_ways(m);
}

static void forgetting_a_contact_forgets_its_keys(void **state) {
  (void)state;
  meeting *m = meet(SEALED);
  take(m, 3);
  assert_true(thief_reads(m, 1));
  vls_session_drop_all(m->h.store);
  house_commit(&m->h);
  house_bury(&m->h);
  for (unsigned i = 0; i < RECORDS; i++)
    assert_false(thief_reads(m, i));
  part_ways(m);
}

/* The secrets with which a recorded first message opens. */
static void prekeys_that_are_gone_are_gone(void **state) {
  (void)state;
  static const uint8_t behind[24] = "signed bytes of a prekey";
  house h = house_new(SEALED);
  vls_prekey_row a = {.id = 1, .created = 5}, b = {.id = 2, .created = 50};
  vls_invite_row invite = {.expires = 100}, back = {0};
  memset(a.priv, 0xa1, 32);
  memset(b.priv, 0xb1, 32);
  memset(invite.opk, 0xa2, 32);
  memset(invite.secret, 0xa3, 32);
  vls_slice secret = vls_slice_of(invite.secret, 32), signed_bytes = vls_slice_of(behind, 24);
  vls_prekey_put(h.store, &a, signed_bytes);
  vls_prekey_put(h.store, &b, signed_bytes);
  vls_invite_put(h.store, &invite);
  house_commit(&h);
  assert_true(vls_invite_next(h.store, 0, &back));
  assert_memory_equal(back.opk, invite.opk, 32);
  vls_prekey_drop_before(h.store, 10);
  vls_invite_use(h.store, invite.id, 1);
  house_commit(&h);
  loot *l = loot_take(&h);
  assert_true(loot_has_prekey(l, VLS_ROW_PREKEY, 1, a.priv, signed_bytes));
  assert_true(loot_has_prekey(l, VLS_ROW_OPK, invite.id, invite.opk, secret));
  loot_free(l);
  house_bury(&h);
  l = loot_take(&h);
  assert_false(loot_has_prekey(l, VLS_ROW_PREKEY, 1, a.priv, signed_bytes));
  assert_true(loot_has_prekey(l, VLS_ROW_PREKEY, 2, b.priv, signed_bytes));
  assert_false(loot_has_prekey(l, VLS_ROW_OPK, invite.id, invite.opk, secret));
  loot_free(l);
  assert_true(vls_prekey_get(h.store, 2, &a));
  assert_memory_equal(a.priv, b.priv, 32);
  house_end(&h);
}

/* A store of before: its rows are in clear until the first burial, and all are there after it. */
static void rows_in_clear_are_sealed_by_the_first_burial(void **state) {
  (void)state;
  meeting *m = meet(NO_VAULT);
  read_all_but_the_last(m);
  sqlite3_exec(m->h.store->db,
               "DELETE FROM spent; INSERT INTO spent VALUES(0, 3); INSERT INTO spent "
               "SELECT contact, 3 FROM session",
               NULL, NULL, NULL); /* as the step of the schema does */
  vls_store_checkpoint(m->h.store);
  vls_store_close(m->h.store);
  m->h.kind = IN_CLEAR;
  house_open(&m->h);
  vls_lost lost = vls_store_check(m->h.store);
  assert_int_equal(lost.sessions + lost.prekeys + lost.invites, 0);
  house_bury(&m->h);
  take(m, RECORDS - 1);
  house_bury(&m->h);
  vls_store_checkpoint(m->h.store); /* what was in clear is over, once its pages are */
  for (unsigned i = 0; i < RECORDS; i++)
    assert_false(thief_reads(m, i));
  part_ways(m);
}

/* From clear to sealed: the vault stays, and is sealed in its place. */
static void vault_of_a_store_that_is_sealed_goes_on(void **state) {
  (void)state;
  static const uint8_t seed[32] = {9};
  const char *why = "";
  vls_session_row back[VLS_SESSIONS_MAX];
  meeting *m = meet(IN_CLEAR);
  read_all_but_the_last(m);
  vls_store_close(m->h.store);
  assert_int_equal(vls_store_seal(STORE, STORE ".sealing", data_key, store_uuid, seed, &why),
                   VLS_OK);
  loot *clear = vls_calloc(1, sizeof *clear);
  loot_vault(clear, disk_bytes(m->h.d, STORE_VAULT), false);
  assert_true(clear->n_keys > 0);
  free(clear);
  assert_true(disk_rename(m->h.d, STORE ".sealing", STORE));
  m->h.kind = SEALED;
  house_open(&m->h);
  assert_int_equal(vls_store_check(m->h.store).sessions, 0);
  assert_int_equal(vls_session_load(m->h.store, CONTACT, back), 1);
  clear = vls_calloc(1, sizeof *clear);
  loot_vault(clear, disk_bytes(m->h.d, STORE_VAULT), false);
  assert_int_equal(clear->n_keys, 0);
  loot_vault(clear, disk_bytes(m->h.d, STORE_VAULT), true);
  assert_int_equal(clear->n_keys, 2 * 2 * VLS_VAULT_BLOCK);
  free(clear);
  take(m, RECORDS - 1);
  house_bury(&m->h);
  for (unsigned i = 0; i < RECORDS; i++)
    assert_false(thief_reads(m, i));
  assert_false(disk_exists(m->h.d, STORE ".sealing-vault"));
  part_ways(m);
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_a_vault_a_copy_reads_what_was_read_before),
      cmocka_unit_test(copy_of_a_store_in_clear_reads_nothing_old),
      cmocka_unit_test(copy_of_a_sealed_store_with_its_keys_reads_nothing_old),
      cmocka_unit_test(skipped_key_is_there_until_it_is_used),
      cmocka_unit_test(forgetting_a_contact_forgets_its_keys),
      cmocka_unit_test(prekeys_that_are_gone_are_gone),
      cmocka_unit_test(rows_in_clear_are_sealed_by_the_first_burial),
      cmocka_unit_test(vault_of_a_store_that_is_sealed_goes_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
