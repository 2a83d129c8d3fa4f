/* Backups through the client socket: what comes back, and what is refused. */
#include "core_backup.h"
#include "crypto/backup.h"
#include "store/sessions.h"
#include "store_dump.h"

static void backup_needs_words_or_a_passphrase(void **state) {
  (void)state;
  world *w = world_new(1);
  vls_rpc_backup_begin p = {0};
  assert_false(call(w, ANA, "backup.begin", &vls_rpc_backup_begin_def, &p));
  assert_true(failed_as(w, ANA, "state"));
  assert_true(error_says(w, ANA, "no recovery words yet"));
  p.has_key = true;
  p.key = vls_slice_of(words_key, 32);
  assert_false(call(w, ANA, "backup.begin", &vls_rpc_backup_begin_def, &p));
  assert_true(failed_as(w, ANA, "usage"));
  world_free(w);
}

/* More than two chunks of texts: a file that can be damaged, or cut, in its middle. */
static vls_buf long_backup(world *w) {
  char text[801];
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  for (int i = 0; i < 300; i++)
    say(w, ANA, "Bao", text);
  pass(w, 5000);
  vls_buf file = backup_of(w, ANA);
  assert_true(file.n > VLS_BACKUP_HEAD + 2 * VLS_BACKUP_CHUNK);
  return file;
}

static void backup_is_as_it_was_when_it_began(void **state) {
  (void)state;
  world *w = two_friends();
  vls_buf file;
  assert_true(set_words(w, ANA));
  node_offline(w, BAO, true);
  uint64_t waits = say(w, ANA, "Bao", "written before");
  pass(w, 1000);
  assert_string_equal(state_of(w, ANA, waits), "queued");
  say_hello(w, ANA, 9);
  vls_rpc_backup_begun begun = begin_backup(w, ANA, 9, &file);
  assert_int_equal(begun.messages, 1);
  node_offline(w, BAO, false);
  for (int i = 0; i < 50; i++) {
    say(w, BAO, "Ana", "meanwhile");
    say(w, ANA, "Bao", "mine meanwhile");
    pass(w, 60000);
  }
  assert_string_equal(state_of(w, ANA, waits), "delivered");
  while (more_backup(w, ANA, 9, &file))
    say(w, BAO, "Ana", "still going");
  pass(w, 60000);

  lose_disk(w, ANA);
  assert_true(restore(w, ANA, vls_buf_slice(&file), words_key));
  vls_rpc_restored r;
  answer(w, ANA, &vls_rpc_restored_def, &r);
  assert_int_equal(r.messages, 1);
  assert_int_equal(r.held, 1); /* it was signed after the backup began: nobody here knows that */
  pass(w, 60 * 60 * 1000);
  assert_string_equal(received(w, BAO), strstr(received(w, BAO), "written before"));
  char *all = strdup(received(w, BAO));
  char *first = strstr(all, "written before|");
  assert_null(strstr(first + 1, "written before|")); /* not twice */
  free(all);
  vls_buf_done(&file);
  world_free(w);
}

static void backup_rows_come_back_as_they_were(void **state) {
  (void)state;
  world *w = world_new(3);
  assert_true(set_words(w, ANA));
  befriend(w, ANA, BAO);
  befriend(w, ANA, CHI);
  subscribe(w, ANA, CLIENT, "bridge");
  for (int i = 0; i < 40; i++) {
    char text[64];
    snprintf(text, sizeof text, "text %d of many", i);
    say(w, i % 2 == 0 ? BAO : CHI, "Ana", text);
    say(w, ANA, i % 2 == 0 ? "Chi" : "Bao", text);
    if (i % 5 == 0) pass(w, 3000);
  }
  pass(w, 5000);
  assert_true(ack(w, ANA, CLIENT, "bridge", w->node[ANA].told[10].cursor));
  assert_true(mark_read(w, ANA, "Bao", 9));
  pass(w, 5000);
  vls_buf file = backup_of(w, ANA);

  static const uint8_t seed[32] = {12};
  vls_store *old = w->node[ANA].store;
  w->node[ANA].store = NULL;
  vls_core_free(w->node[ANA].core);
  cut_wires(w, ANA);
  assert_int_equal(vls_store_open(&w->node[ANA].store, ":memory:", seed, 0, NULL), VLS_OK);
  node_start(w, ANA);
  say_hello(w, ANA, CLIENT);
  assert_true(begin_restore(w, ANA, vls_buf_slice(&file), words_key));
  assert_true(put_restore(w, ANA, vls_buf_slice(&file), file.n - VLS_BACKUP_HEAD));
  vls_store *new = w->node[ANA].store;
  static const char *const same[] = {
      "SELECT id,identity,name,fold,claim,state,verified,blocked,card,card_seq,psk,knock,psk2,"
      "knock2,link,created,last_seen,problem FROM contact ORDER BY id",
      "SELECT contact,out_seq,out_prev,delivered,seen,read_n,read_seq FROM talk ORDER BY contact",
      "SELECT contact, device, number, seq, head FROM chain ORDER BY contact, device",
      /* What Ana's device said is a former device's already. */
      "SELECT contact,device%4294967296,seq,header,sig,first,last FROM event ORDER BY 1,2,3",
      "SELECT n,contact,device%4294967296,seq,idx,stamp,at,body FROM message ORDER BY n",
      "SELECT * FROM consumer ORDER BY name",
      "SELECT * FROM feed ORDER BY c",
      "SELECT * FROM sent ORDER BY cid",
  };
  for (size_t i = 0; i < COUNT(same); i++)
    same_rows(old, new, same[i]);
  /* Of the ratchets, of prekeys and of what was on its way there is nothing. */
  static const char *const empty[] = {"self", "session", "skipped", "prekey", "outbox", "early"};
  for (size_t i = 0; i < COUNT(empty); i++) {
    char sql[64];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", empty[i]);
    assert_int_equal(count_of(new, sql), 0);
  }
  assert_true(call(w, ANA, "restore.end", NULL, NULL));
  assert_int_equal(count_of(new, "SELECT n FROM floor WHERE name='message'"),
                   count_of(old, "SELECT max(n) FROM message"));
  assert_true(set_words(w, ANA));
  vls_store_close(old);
  vls_buf_done(&file);
  world_free(w);
}

/* All chunks of a file, opened, one behind the other. */
static vls_buf opened(vls_slice file) {
  vls_buf plain;
  vls_backup_head head;
  vls_backup_cipher cipher;
  vls_buf_init(&plain, FILE_MAX);
  assert_int_equal(vls_backup_head_get(&head, vls_slice_of(file.p, VLS_BACKUP_HEAD)), VLS_OK);
  assert_int_equal(vls_backup_cipher_open(&cipher, &head, words_key), VLS_OK);
  for (size_t at = VLS_BACKUP_HEAD; at < file.n; at += VLS_BACKUP_CHUNK) {
    uint8_t *room = vls_buf_grow(&plain, VLS_BACKUP_PLAIN);
    assert_non_null(room);
    assert_int_equal(vls_backup_chunk_open(&cipher, file.p + at, room), VLS_OK);
  }
  return plain;
}

static void backup_opened_holds_no_secret_of_a_session(void **state) {
  (void)state;
  world *w = two_friends();
  vls_session_row rows[VLS_SESSIONS_MAX];
  assert_true(set_words(w, ANA));
  for (int i = 0; i < 5; i++) {
    say(w, ANA, "Bao", "to and");
    say(w, BAO, "Ana", "fro");
    pass(w, 5000);
  }
  vls_store *store = w->node[ANA].store;
  vls_buf file = backup_of(w, ANA), plain = opened(vls_buf_slice(&file));
  assert_non_null(memmem(plain.p, plain.n, "to and", 6)); /* it is the opened file */
  size_t n = vls_session_load(store, 1, rows);
  assert_true(n > 0);
  for (size_t i = 0; i < n; i++) {
    const vls_ratchet *r = &rows[i].ratchet;
    const uint8_t *secrets[] = {r->th,  r->rk,  r->dhs.priv, r->dhs.pub, r->dhr,       r->cks,
                                r->ckr, r->hks, r->nhks,     r->nhkr,    r->recv[0].hk};
    static const uint8_t zeros[32];
    for (size_t k = 0; k < COUNT(secrets); k++)
      if (memcmp(secrets[k], zeros, 32) != 0) assert_null(memmem(plain.p, plain.n, secrets[k], 32));
  }
  vls_buf_done(&file);
  vls_buf_done(&plain);
  world_free(w);
}

static void backup_file_tells_nothing_in_clear(void **state) {
  (void)state;
  world *w = two_friends();
  assert_true(set_words(w, ANA));
  say(w, ANA, "Bao", "a very recognisable text of mine");
  pass(w, 5000);
  vls_buf file = backup_of(w, ANA), again = backup_of(w, ANA);
  static const char *const words[] = {"recognisable", "Ana",          "Bao",
                                      "valise.conf",  "home.example", "bao.example"};
  for (size_t i = 0; i < COUNT(words); i++)
    assert_null(memmem(file.p + 14, file.n - 14, words[i], strlen(words[i])));
  assert_int_equal((file.n - VLS_BACKUP_HEAD) % VLS_BACKUP_CHUNK, 0);
  assert_int_equal(file.n, again.n);
  for (size_t at = VLS_BACKUP_HEAD; at + 16 <= file.n; at += 16) /* no keystream comes twice */
    assert_memory_not_equal(file.p + at, again.p + at, 16);
  vls_buf_done(&file);
  vls_buf_done(&again);
  world_free(w);
}

static void backup_doctor_says_when_there_is_none_or_it_is_old(void **state) {
  (void)state;
  world *w = world_new(2);
  assert_true(set_words(w, ANA));
  assert_int_equal(findings(w, ANA, "note", "there is none yet"), 0); /* nothing to lose */
  befriend(w, ANA, BAO);
  assert_int_equal(findings(w, ANA, "note", "there is none yet"), 1);
  vls_buf file = backup_of(w, ANA);
  assert_int_equal(findings(w, ANA, "ok", "the last one is 0 days old"), 1);
  for (int i = 0; i < 31; i++)
    pass(w, UINT64_C(86400000));
  assert_int_equal(findings(w, ANA, "note", "the last one is 31 days old"), 1);
  vls_buf_done(&file);
  world_free(w);
}

static void backup_one_client_at_a_time_and_only_while_it_is_there(void **state) {
  (void)state;
  world *w = world_new(1);
  vls_buf file, other;
  assert_true(set_words(w, ANA));
  say_hello(w, ANA, 7);
  say_hello(w, ANA, 8);
  assert_false(call_as(w, ANA, 7, "backup.next", NULL, NULL));
  assert_true(failed_as(w, ANA, "state"));
  assert_false(call_as(w, ANA, 7, "backup.end", NULL, NULL));
  begin_backup(w, ANA, 7, &file);
  assert_false(call_as(w, ANA, 7, "backup.end", NULL, NULL));
  assert_true(failed_as(w, ANA, "state"));
  vls_rpc_backup_begin p = {0};
  assert_false(call_as(w, ANA, 8, "backup.begin", &vls_rpc_backup_begin_def, &p));
  assert_true(failed_as(w, ANA, "busy"));
  assert_false(call_as(w, ANA, 8, "backup.next", NULL, NULL));
  vls_input gone = {.type = VLS_IN_GONE, .client = 7};
  feed(w, &w->node[ANA], &gone);
  begin_backup(w, ANA, 8, &other);
  vls_buf_done(&other);
  begin_backup(w, ANA, 8, &other); /* its own is begun anew */
  vls_buf_done(&file);
  vls_buf_done(&other);
  world_free(w);
}

static void restore_only_into_a_node_without_an_identity(void **state) {
  (void)state;
  world *w = world_new(1);
  assert_true(set_words(w, ANA));
  vls_buf file = backup_of(w, ANA);
  assert_false(begin_restore(w, ANA, vls_buf_slice(&file), words_key));
  assert_true(failed_as(w, ANA, "exists"));
  assert_false(call(w, ANA, "restore.end", NULL, NULL));
  assert_true(failed_as(w, ANA, "state"));
  vls_buf_done(&file);
  world_free(w);
}

static void restore_refuses_wrong_keys_and_damage_and_leaves_nothing(void **state) {
  (void)state;
  world *w = two_friends();
  assert_true(set_words(w, ANA));
  vls_buf file = long_backup(w);
  lose_disk(w, ANA);
  uint8_t wrong[32] = {1};
  assert_false(begin_restore(w, ANA, vls_buf_slice(&file), wrong));
  assert_true(failed_as(w, ANA, "forged"));
  assert_false(call(w, ANA, "restore.next", &vls_rpc_restore_next_def, &(vls_rpc_restore_next){0}));

  file.p[VLS_BACKUP_HEAD + VLS_BACKUP_CHUNK + 1000] ^= 1;
  assert_true(begin_restore(w, ANA, vls_buf_slice(&file), words_key));
  assert_false(put_restore(w, ANA, vls_buf_slice(&file), file.n - VLS_BACKUP_HEAD));
  assert_true(failed_as(w, ANA, "forged"));
  vls_store *store = w->node[ANA].store;
  assert_int_equal(count_of(store, "SELECT count(*) FROM contact"), 0);
  assert_int_equal(count_of(store, "SELECT count(*) FROM message"), 0);
  assert_int_equal(count_of(store, "SELECT count(*) FROM floor"), 0);

  file.p[VLS_BACKUP_HEAD + VLS_BACKUP_CHUNK + 1000] ^= 1;
  assert_true(begin_restore(w, ANA, vls_buf_slice(&file), words_key)); /* cut at a chunk's end */
  assert_true(put_restore(w, ANA, vls_buf_slice(&file), VLS_BACKUP_CHUNK));
  assert_false(call(w, ANA, "restore.end", NULL, NULL));
  assert_true(failed_as(w, ANA, "malformed"));
  assert_int_equal(count_of(store, "SELECT count(*) FROM contact"), 0);
  assert_true(restore(w, ANA, vls_buf_slice(&file), words_key)); /* and whole, it works */
  vls_buf_done(&file);
  world_free(w);
}

static void restore_interrupted_can_be_repeated_or_given_up(void **state) {
  (void)state;
  world *w = two_friends();
  assert_true(set_words(w, ANA));
  vls_buf file = long_backup(w);
  lose_disk(w, ANA);
  assert_true(begin_restore(w, ANA, vls_buf_slice(&file), words_key));
  assert_true(put_restore(w, ANA, vls_buf_slice(&file), VLS_BACKUP_CHUNK));
  node_restart(w, ANA); /* killed halfway: it still has no identity, and says so */
  say_hello(w, ANA, CLIENT);
  assert_false(call(w, ANA, "contact.list", NULL, NULL));
  assert_true(failed_as(w, ANA, "state"));
  assert_int_equal(findings(w, ANA, "problem", "not brought back to its end"), 1);
  assert_true(restore(w, ANA, vls_buf_slice(&file), words_key));
  assert_int_equal(findings(w, ANA, "problem", "not brought back to its end"), 0);
  assert_true(contact_is(w, ANA, "Bao", "ready"));

  lose_disk(w, ANA);
  assert_true(begin_restore(w, ANA, vls_buf_slice(&file), words_key));
  assert_true(put_restore(w, ANA, vls_buf_slice(&file), VLS_BACKUP_CHUNK));
  vls_rpc_init init = {.name = vls_slice_str("Another")};
  say_hello(w, ANA, 5);
  assert_false(call_as(w, ANA, 5, "init", &vls_rpc_init_def, &init));
  assert_true(failed_as(w, ANA, "busy"));
  node_restart(w, ANA);
  say_hello(w, ANA, CLIENT);
  assert_true(call(w, ANA, "init", &vls_rpc_init_def, &init));
  assert_int_equal(count_of(w->node[ANA].store, "SELECT count(*) FROM contact"), 0);
  assert_int_equal(count_of(w->node[ANA].store, "SELECT count(*) FROM message"), 0);
  vls_buf_done(&file);
  world_free(w);
}

static void restore_keeps_the_words_and_the_numbers(void **state) {
  (void)state;
  world *w = two_friends();
  assert_true(set_words(w, ANA));
  uint64_t n = say(w, ANA, "Bao", "one");
  pass(w, 5000);
  vls_buf file = backup_of(w, ANA);
  lose_disk(w, ANA);
  assert_true(restore(w, ANA, vls_buf_slice(&file), words_key));
  vls_buf again = backup_of(w, ANA); /* without new words; and it can be brought back again */
  lose_disk(w, ANA);
  assert_true(restore(w, ANA, vls_buf_slice(&again), words_key));
  assert_string_equal(state_of(w, ANA, n), "delivered");
  assert_int_equal(say(w, ANA, "Bao", "two"), n + 1);
  vls_buf_done(&file);
  vls_buf_done(&again);
  world_free(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(backup_needs_words_or_a_passphrase),
      cmocka_unit_test(backup_is_as_it_was_when_it_began),
      cmocka_unit_test(backup_rows_come_back_as_they_were),
      cmocka_unit_test(backup_file_tells_nothing_in_clear),
      cmocka_unit_test(backup_opened_holds_no_secret_of_a_session),
      cmocka_unit_test(backup_doctor_says_when_there_is_none_or_it_is_old),
      cmocka_unit_test(backup_one_client_at_a_time_and_only_while_it_is_there),
      cmocka_unit_test(restore_only_into_a_node_without_an_identity),
      cmocka_unit_test(restore_refuses_wrong_keys_and_damage_and_leaves_nothing),
      cmocka_unit_test(restore_interrupted_can_be_repeated_or_given_up),
      cmocka_unit_test(restore_keeps_the_words_and_the_numbers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
