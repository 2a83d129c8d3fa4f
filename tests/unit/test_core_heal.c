/* Old copies of a node put back: it learns what it lost before it speaks, and the talk goes on. */
#include "core_backup.h"
#include "core_old.h"

#include "crypto/kdf.h"
#include "store_dump.h"

static void expect_all_delivered(world *w, int who) {
  vls_message_query query = {.limit = 10000};
  vls_message_row row;
  vls_talk_row talk;
  assert_true(vls_talk_get(w->node[who].store, 1, &talk));
  while (vls_message_next(w->node[who].store, &query, &row))
    if (row.device == 0)
      assert_true(row.state == VLS_MSG_DELIVERED ||
                  (row.state == VLS_MSG_SENT && row.seq <= talk.delivered));
}

static bool is_told(world *w, int who, const char *whom, const char *words) {
  contact c = look_up(w, who, whom);
  if (strstr(c.problem, words) == NULL) print_error("%s: \"%s\"\n", whom, c.problem);
  return strstr(c.problem, words) != NULL;
}

/* An alarm that a client got. */
static bool alarmed(const world *w, int who, const char *words) {
  const node *n = &w->node[who];
  for (size_t i = 0; i < n->n_told; i++)
    if (strcmp(n->told[i].type, "alarm") == 0 && strstr(n->told[i].text, words) != NULL)
      return true;
  return false;
}

/* "1|2|3|": as many as were said, each once, in order. */
static const char *counted(const char *tag, unsigned n) {
  static char all[16384];
  size_t at = 0;
  all[0] = '\0';
  for (unsigned i = 1; i <= n; i++)
    at += (size_t)snprintf(all + at, sizeof all - at, "%s%u|", tag, i);
  return all;
}

static void say_number(world *w, int who, unsigned number) {
  char text[32];
  snprintf(text, sizeof text, "%s%u", who == ANA ? "a" : "b", number);
  say(w, who, who == ANA ? "Bao" : "Ana", text);
}

/* As `received`, however many there are; or what is their own. */
static const char *texts(world *w, int who, bool mine) {
  static char all[16384];
  vls_message_query query = {.oldest_first = true, .limit = 10000};
  vls_message_row row;
  size_t at = 0;
  all[0] = '\0';
  while (vls_message_next(w->node[who].store, &query, &row))
    if ((row.state != VLS_MSG_RECEIVED) == mine)
      at += (size_t)snprintf(all + at, sizeof all - at, "%.*s|", (int)row.body.n,
                             (const char *)row.body.p);
  return all;
}

/* Ana's store as it was before k texts each way is put back. */
static void old_copy_put_back_goes_on(void **state) {
  (void)state;
  static const unsigned ks[] = {0, 1, 2, 7, 150};
  for (size_t i = 0; i < COUNT(ks); i++) {
    unsigned k = ks[i], a = 0, b = 0;
    world *w = two_friends();
    subscribe(w, BAO, CLIENT, NULL);
    for (int j = 0; j < 3; j++) {
      say_number(w, ANA, ++a);
      say_number(w, BAO, ++b);
      pass(w, 3000);
    }
    image old = copy_of(w, ANA);
    for (unsigned j = 0; j < k; j++) {
      say_number(w, ANA, ++a);
      say_number(w, BAO, ++b);
      pass(w, 3000);
    }
    put_back(w, ANA, &old);
    subscribe(w, ANA, CLIENT, NULL);
    say_number(w, ANA, ++a); /* at once: before it knows anything */
    say_number(w, BAO, ++b);
    pass(w, 120000);
    assert_string_equal(texts(w, BAO, false), counted("a", a));
    assert_string_equal(texts(w, ANA, false), counted("b", b));
    expect_all_delivered(w, ANA);
    expect_all_delivered(w, BAO);
    if (k > 0) {
      assert_true(is_told(w, ANA, "Bao", "runs on an old copy of its data"));
      assert_true(is_told(w, BAO, "Ana", "runs on an old copy of its data"));
      assert_int_equal(count_told(w, ANA, CLIENT, "alarm"), 1);
      assert_int_equal(count_told(w, BAO, CLIENT, "alarm"), 1);
      assert_true(
          findings(w, ANA, "problem", "old copy") + findings(w, ANA, "warning", "old copy") > 0);
    }
    assert_int_equal(strlen(texts(w, ANA, true)), strlen(counted("a", a))); /* each once */
    for (int j = 0; j < 3; j++) {
      say_number(w, BAO, ++b);
      say_number(w, ANA, ++a);
      pass(w, 3000);
    }
    assert_string_equal(texts(w, BAO, false), counted("a", a));
    assert_string_equal(texts(w, ANA, false), counted("b", b));
    pass(w, 3600000);
    node_restart(w, BAO);
    say_hello(w, BAO, CLIENT);
    pass(w, 60000);
    assert_string_equal(look_up(w, BAO, "Ana").problem, ""); /* what was told is history */
    image_end(&old);
    world_free(w);
  }
}

/* Ana's disk is gone. What a backup brings back is a new device, and the talk goes on with it. */
static void restored_device_goes_on(void **state) {
  (void)state;
  static const unsigned ks[] = {0, 1, 5, 100};
  for (size_t i = 0; i < COUNT(ks); i++) {
    unsigned k = ks[i], a = 0, b = 0;
    world *w = two_friends();
    assert_true(set_words(w, ANA));
    subscribe(w, BAO, CLIENT, NULL);
    for (int j = 0; j < 3; j++) {
      say_number(w, ANA, ++a);
      say_number(w, BAO, ++b);
      pass(w, 3000);
    }
    vls_buf file = backup_of(w, ANA);
    for (unsigned j = 0; j < k; j++) {
      say_number(w, ANA, ++a);
      say_number(w, BAO, ++b);
      pass(w, 3000);
    }
    say_number(w, BAO, ++b);
    lose_all(w);
    lose_disk(w, ANA);
    say_number(w, BAO, ++b);
    assert_true(restore(w, ANA, vls_buf_slice(&file), words_key));
    subscribe(w, ANA, CLIENT, NULL);
    say_number(w, ANA, ++a);
    pass(w, 120000);
    assert_string_equal(texts(w, BAO, false), counted("a", a));
    assert_string_equal(texts(w, ANA, false), counted("b", b));
    assert_int_equal(strlen(texts(w, ANA, true)), strlen(counted("a", a)));
    expect_all_delivered(w, ANA);
    expect_all_delivered(w, BAO);
    assert_int_equal(count_of(w->node[ANA].store, "SELECT count(*) FROM message WHERE state=7"), 0);
    assert_true(is_told(w, BAO, "Ana", "they have a new device"));
    assert_int_equal(findings(w, BAO, "note", "they have a new device"), 1);
    assert_int_equal(findings(w, BAO, "problem", NULL), 0);
    assert_int_equal(count_told(w, BAO, CLIENT, "alarm"), 1);
    assert_int_equal(count_told(w, ANA, CLIENT, "alarm"), 0);
    for (int j = 0; j < 3; j++) {
      say_number(w, BAO, ++b);
      say_number(w, ANA, ++a);
      pass(w, 3000);
    }
    assert_string_equal(texts(w, BAO, false), counted("a", a));
    assert_string_equal(texts(w, ANA, false), counted("b", b));
    vls_buf_done(&file);
    world_free(w);
  }
}

/* A second Ana, from a copy of her store, runs where Chi lives. */
static void run_clone(world *w, const image *i) {
  vls_store_close(w->node[CHI].store);
  w->node[CHI].store = store_of(i);
  node_start(w, CHI);
  say_hello(w, CHI, CLIENT);
  subscribe(w, CHI, CLIENT, NULL);
}

/* How often it stands among texts that end with '|'. */
static unsigned times(const char *all, const char *text) {
  unsigned n = 0;
  for (const char *at = all; (at = strstr(at, text)) != NULL; at++)
    n += at[strlen(text)] == '|' && (at == all || at[-1] == '|');
  return n;
}

/* Ana's old machine was not gone after all: it goes on beside the one that took its place. */
static void device_that_was_replaced_is_told(void **state) {
  (void)state;
  world *w = two_friends();
  assert_true(set_words(w, ANA));
  say(w, ANA, "Bao", "before");
  pass(w, 5000);
  vls_buf file = backup_of(w, ANA);
  image old = copy_of(w, ANA);
  lose_disk(w, ANA);
  assert_true(restore(w, ANA, vls_buf_slice(&file), words_key));
  say(w, ANA, "Bao", "from the new one");
  pass(w, 60000);
  run_clone(w, &old);
  uint64_t n = say(w, CHI, "Bao", "from the old one");
  pass(w, 600000);
  assert_true(alarmed(w, CHI, "which has taken the place of this one"));
  assert_in_range(w->node[CHI].dials, 2, 12); /* it asks now and then whether that is still so */
  assert_string_equal(state_of(w, CHI, n), "queued");
  say(w, BAO, "Ana", "to the new one");
  say(w, ANA, "Bao", "still here");
  pass(w, 60000);
  assert_string_equal(received(w, BAO), "before|from the new one|still here|");
  assert_string_equal(received(w, ANA), "to the new one|");
  assert_string_equal(received(w, CHI), "");
  vls_buf_done(&file);
  image_end(&old);
  world_free(w);
}

/* What Bao lost went at Ana's with a contact that was removed: there is no header of it any more.
 * The talk goes on behind it, and he is told. */
static void what_is_gone_on_both_sides_is_passed_over(void **state) {
  (void)state;
  for (int rest = 0; rest < 2; rest++) { /* all of it is gone, or all but the last */
    world *w = two_friends();
    subscribe(w, BAO, CLIENT, NULL);
    say(w, ANA, "Bao", "before");
    pass(w, 5000);
    image old = copy_of(w, BAO);
    for (int i = 0; i < 6; i++) {
      say(w, ANA, "Bao", i < 5 ? "gone" : "left");
      pass(w, 5000);
    }
    node_crash(w, ANA);
    const char *sql = rest ? "DELETE FROM event WHERE device=0 AND seq>2 AND seq<"
                             "(SELECT max(seq) FROM event WHERE device=0 AND last>0);"
                             "DELETE FROM message WHERE body='gone'"
                           : "DELETE FROM event WHERE device=0 AND seq>2;"
                             "DELETE FROM message WHERE body IN ('gone', 'left')";
    assert_int_equal(sqlite3_exec(w->node[ANA].store->db, sql, NULL, NULL, NULL), SQLITE_OK);
    node_start(w, ANA);
    say_hello(w, ANA, CLIENT);
    put_back(w, BAO, &old);
    subscribe(w, BAO, CLIENT, NULL);
    uint64_t n = say(w, ANA, "Bao", "after");
    uint64_t m = say(w, BAO, "Ana", "after");
    pass(w, 120000);
    assert_string_equal(received(w, BAO), rest ? "before|left|after|" : "before|after|");
    assert_string_equal(received(w, ANA), "after|");
    assert_string_equal(state_of(w, ANA, n), "delivered");
    assert_string_equal(state_of(w, BAO, m), "delivered");
    assert_true(alarmed(w, BAO, "some of what they wrote is gone"));
    image_end(&old);
    world_free(w);
  }
}

/* Both disks went back, each to another day. */
static void both_go_back_and_go_on(void **state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    unsigned a = 0, b = 0;
    world *w = two_friends();
    image first[2] = {{0}};
    for (int j = 0; j < 4; j++) {
      if (j == 1) first[i] = copy_of(w, i == 0 ? ANA : BAO);
      if (j == 3) first[1 - i] = copy_of(w, i == 0 ? BAO : ANA);
      say_number(w, ANA, ++a);
      say_number(w, BAO, ++b);
      pass(w, 5000);
    }
    put_back(w, ANA, &first[0]);
    put_back(w, BAO, &first[1]);
    subscribe(w, ANA, CLIENT, NULL);
    subscribe(w, BAO, CLIENT, NULL);
    pass(w, 120000);
    say(w, ANA, "Bao", "after");
    say(w, BAO, "Ana", "after");
    pass(w, 120000);
    expect_all_delivered(w, ANA);
    expect_all_delivered(w, BAO);
    /* What one of them still had is with both: the fourth is in neither store. */
    assert_string_equal(texts(w, BAO, false), "a1|a2|a3|after|");
    assert_string_equal(texts(w, ANA, false), "b1|b2|b3|after|");
    assert_true(alarmed(w, i == 0 ? ANA : BAO, "runs on an old copy of its data"));
    image_end(&first[0]);
    image_end(&first[1]);
    world_free(w);
  }
}

static void two_running_copies_lose_nothing_and_all_are_told(void **state) {
  (void)state;
  world *w = two_friends();
  char text[32];
  unsigned b = 0, rounds = 12;
  subscribe(w, ANA, CLIENT, NULL);
  subscribe(w, BAO, CLIENT, NULL);
  say(w, ANA, "Bao", "before");
  pass(w, 5000);
  image old = copy_of(w, ANA);
  run_clone(w, &old);
  for (unsigned i = 0; i < rounds; i++) {
    snprintf(text, sizeof text, "ana %u", i);
    say(w, ANA, "Bao", text);
    snprintf(text, sizeof text, "chi %u", i);
    say(w, CHI, "Bao", text);
    say_number(w, BAO, ++b);
    pass(w, i % 3 * 1000);
  }
  pass(w, 600000);
  for (int i = 0; i < 20; i++) { /* they take turns */
    node_offline(w, i % 2 == 0 ? CHI : ANA, true);
    node_offline(w, i % 2 == 0 ? ANA : CHI, false);
    pass(w, 300000);
  }
  assert_true(alarmed(w, ANA, "another copy of this node is running"));
  assert_true(alarmed(w, CHI, "another copy of this node is running"));
  assert_true(alarmed(w, BAO, "two copies of it may be running"));
  assert_true(count_told(w, ANA, CLIENT, "alarm") >= 1);
  assert_true(count_told(w, CHI, CLIENT, "alarm") >= 1);
  assert_in_range(count_told(w, BAO, CLIENT, "alarm"), 1, 6);
  const char *all = texts(w, BAO, false);
  for (unsigned i = 0; i < rounds; i++) {
    snprintf(text, sizeof text, "ana %u", i);
    assert_int_equal(times(all, text), 1);
    snprintf(text, sizeof text, "chi %u", i);
    assert_int_equal(times(all, text), 1);
  }
  assert_string_equal(texts(w, ANA, false), counted("b", b));
  assert_string_equal(texts(w, CHI, false), counted("b", b));
  expect_all_delivered(w, ANA);
  expect_all_delivered(w, CHI);
  expect_all_delivered(w, BAO);
  /* One stops, and the other goes on alone. */
  node_offline(w, CHI, true);
  node_offline(w, ANA, false);
  pass(w, 1800000);
  for (int i = 0; i < 3; i++) {
    say_number(w, BAO, ++b);
    say(w, ANA, "Bao", "alone");
    pass(w, 60000);
  }
  assert_string_equal(texts(w, ANA, false), counted("b", b));
  assert_int_equal(times(texts(w, BAO, false), "alone"), 3);
  image_end(&old);
  world_free(w);
}

/* Ana signed, and the line broke; her copy signed in her place, and Bao has that. What she signed
 * is void, and said again behind it. */
static void copies_that_signed_the_same_place_both_have_their_say(void **state) {
  (void)state;
  for (unsigned k = 1; k <= 3; k++) {
    world *w = two_friends();
    subscribe(w, ANA, CLIENT, NULL);
    say(w, ANA, "Bao", "before");
    pass(w, 5000);
    image old = copy_of(w, ANA);
    w->held = true;
    for (unsigned i = 0; i < k; i++)
      say(w, ANA, "Bao", "lost on the line");
    lose_all(w);
    w->held = false;
    node_offline(w, ANA, true);
    run_clone(w, &old);
    for (unsigned i = 0; i < 2; i++) {
      say(w, CHI, "Bao", "from the copy");
      pass(w, 60000);
    }
    node_offline(w, CHI, true);
    node_offline(w, ANA, false);
    pass(w, 600000);
    assert_true(alarmed(w, ANA, "another copy of this node is running"));
    const char *all = texts(w, BAO, false);
    assert_int_equal(times(all, "from the copy"), 2);
    assert_int_equal(times(all, "lost on the line"), k);
    assert_int_equal(times(texts(w, ANA, true), "from the copy"), 2);
    expect_all_delivered(w, ANA);
    say(w, BAO, "Ana", "and so on");
    pass(w, 5000);
    assert_int_equal(times(texts(w, ANA, false), "and so on"), 1);
    image_end(&old);
    world_free(w);
  }
}

int main(void) {
  if (vls_crypto_init() != VLS_OK) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(old_copy_put_back_goes_on),
      cmocka_unit_test(restored_device_goes_on),
      cmocka_unit_test(device_that_was_replaced_is_told),
      cmocka_unit_test(what_is_gone_on_both_sides_is_passed_over),
      cmocka_unit_test(both_go_back_and_go_on),
      cmocka_unit_test(two_running_copies_lose_nothing_and_all_are_told),
      cmocka_unit_test(copies_that_signed_the_same_place_both_have_their_say),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
