/* Two citizens whose nodes keep sealed stores on the disk: what they do is what it is over any
 * store. */
#include "core_people.h"

#include <unistd.h>

#include "core/core_int.h"
#include "store/vault.h"

static const uint8_t uuid[16] = {4};
static const char *const words[] = {"Xin chao", "Hola", "queued for later", "Bao", "Ana"};

typedef struct home {
  char dir[64], path[96];
} home;

static void open_home(node *n, home *h) {
  uint8_t key[32] = {(uint8_t)(n->who + 1)}, seed[32] = {9, (uint8_t)n->who, (uint8_t)n->commits};
  vls_err err = vls_store_open_sealed(&n->store, h->path, key, uuid, seed, 64, NULL);
  assert_int_equal(err, VLS_OK);
}

static void make_home(world *w, int who, home *h) {
  node *n = &w->node[who];
  const char *tmp = getenv("TMPDIR");
  snprintf(h->dir, sizeof h->dir, "%.40s/valise-XXXXXX", tmp == NULL ? "/tmp" : tmp);
  assert_non_null(mkdtemp(h->dir));
  snprintf(h->path, sizeof h->path, "%.63s/store", h->dir);
  vls_store_close(n->store); /* the one in memory that every node of a world has */
  open_home(n, h);
  node_start(w, who);
  vls_rpc_init init = {.name = vls_slice_str(node_names[who])};
  say_hello(w, who, CLIENT);
  assert_true(call(w, who, "init", &vls_rpc_init_def, &init));
}

/* The process ends and begins again: not the core alone, the store is opened anew. */
static void move_out(world *w, int who) {
  node_crash(w, who);
  vls_store_close(w->node[who].store);
  w->node[who].store = NULL;
}

static void move_in(world *w, int who, home *h) {
  open_home(&w->node[who], h);
  node_start(w, who);
  say_hello(w, who, CLIENT);
}

static void move_out_and_in(world *w, int who, home *h) {
  move_out(w, who);
  move_in(w, who, h);
}

static void none_of_it_is_in(const char *path) {
  static uint8_t bytes[8 << 20];
  FILE *f = fopen(path, "rb");
  if (f == NULL) return;
  size_t n = fread(bytes, 1, sizeof bytes, f);
  fclose(f);
  for (size_t i = 0; i < COUNT(words); i++)
    if (strlen(words[i]) > 4) assert_null(memmem(bytes, n, words[i], strlen(words[i])));
}

static void leave_home(home *h) {
  static const char *const tails[] = {"", "-wal", "-vault"};
  for (size_t i = 0; i < COUNT(tails); i++) {
    char path[128];
    snprintf(path, sizeof path, "%s%s", h->path, tails[i]);
    none_of_it_is_in(path);
    unlink(path);
  }
  assert_int_equal(rmdir(h->dir), 0);
}

static void two_with_sealed_stores_talk_and_come_back(void **state) {
  (void)state;
  home homes[2];
  world *w = world_new(0);
  for (int who = ANA; who <= BAO; who++)
    make_home(w, who, &homes[who]);
  befriend(w, ANA, BAO);
  uint64_t n = say(w, ANA, "Bao", "Xin chao");
  run(w);
  assert_string_equal(state_of(w, ANA, n), "delivered");
  say(w, BAO, "Ana", "Hola");
  run(w);
  assert_string_equal(received(w, ANA), "Hola|");
  node_offline(w, BAO, true);
  for (int i = 0; i < 200; i++)
    n = say(w, ANA, "Bao", "queued for later");
  move_out_and_in(w, ANA, &homes[ANA]);
  assert_string_equal(state_of(w, ANA, n), "queued");
  vls_store_checkpoint(w->node[ANA].store);
  node_offline(w, BAO, false);
  pass(w, 600000);
  assert_string_equal(state_of(w, ANA, n), "delivered");
  move_out_and_in(w, BAO, &homes[BAO]);
  assert_int_equal(look_up(w, BAO, "Ana").row.unread, 201);
  pass(w, 600000);
  n = say(w, BAO, "Ana", "Hola");
  pass(w, 5000);
  assert_string_equal(state_of(w, BAO, n), "delivered");
  for (int who = ANA; who <= BAO; who++)
    none_of_it_is_in(homes[who].path);
  world_free(w);
  for (int who = ANA; who <= BAO; who++)
    leave_home(&homes[who]);
}

typedef struct vault_copy {
  uint8_t p[1 << 14];
  size_t n;
} vault_copy;

static void take_vault(const home *h, vault_copy *ret) {
  char path[112];
  snprintf(path, sizeof path, "%s-vault", h->path);
  FILE *f = fopen(path, "rb");
  assert_non_null(f);
  ret->n = fread(ret->p, 1, sizeof ret->p, f);
  fclose(f);
  assert_in_range(ret->n, 1, sizeof ret->p - 1);
}

/* NULL: takes it away. */
static void put_vault(const home *h, const vault_copy *copy) {
  char path[112];
  snprintf(path, sizeof path, "%s-vault", h->path);
  if (copy == NULL) {
    assert_int_equal(unlink(path), 0);
    return;
  }
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(copy->p, 1, copy->n, f), copy->n);
  assert_int_equal(fclose(f), 0);
}

static world *two_at_home(home homes[2]) {
  world *w = world_new(0);
  for (int who = ANA; who <= BAO; who++)
    make_home(w, who, &homes[who]);
  befriend(w, ANA, BAO);
  return w;
}

static void leave_both(world *w, home homes[2]) {
  world_free(w);
  for (int who = ANA; who <= BAO; who++)
    leave_home(&homes[who]);
}

static void expect_delivered(world *w, int from, const char *to) {
  uint64_t n = say(w, from, to, "Hola");
  pass(w, 5000);
  assert_string_equal(state_of(w, from, n), "delivered");
}

static void spent_keys_are_replaced_when_their_time_has_come(void **state) {
  (void)state;
  home homes[2];
  static vault_copy before, after;
  world *w = two_at_home(homes);
  pass(w, 2 * VLS_VAULT_ROTATE_MS);
  for (int who = ANA; who <= BAO; who++)
    assert_false(vls_store_has_spent(w->node[who].store));
  take_vault(&homes[BAO], &before);
  say(w, ANA, "Bao", "Xin chao");
  run(w);
  for (int who = ANA; who <= BAO; who++)
    assert_true(vls_store_has_spent(w->node[who].store));
  take_vault(&homes[BAO], &after);
  assert_memory_equal(before.p, after.p, before.n); /* not with each text */
  pass(w, VLS_VAULT_ROTATE_MS + 1000);
  for (int who = ANA; who <= BAO; who++)
    assert_false(vls_store_has_spent(w->node[who].store));
  take_vault(&homes[BAO], &after);
  assert_memory_not_equal(before.p, after.p, before.n);
  expect_delivered(w, BAO, "Ana");
  leave_both(w, homes);
}

/* More than a turn has: the others follow, and the node does something else in between. */
static void many_spent_keys_are_replaced_in_turns(void **state) {
  (void)state;
  home homes[2];
  world *w = two_at_home(homes);
  vls_store *store = w->node[ANA].store;
  pass(w, 2 * VLS_VAULT_ROTATE_MS);
  for (uint64_t who = 1000; who < 1000 + 2 * VLS_VAULT_ROUND_SLOTS + 50; who++) {
    vls_session_row row = {.created = 1};
    vls_session_put(store, who, &row);
  }
  assert_int_equal(vls_store_commit(store), VLS_OK);
  say(w, ANA, "Bao", "Xin chao");
  run(w);
  pass(w, VLS_VAULT_ROTATE_MS);
  assert_true(vls_store_has_spent(store));
  pass(w, 10 * VLS_VAULT_NEXT_MS);
  assert_false(vls_store_has_spent(store));
  leave_both(w, homes);
}

static bool doctor_says(world *w, int who, const char *what) {
  assert_true(call(w, who, "doctor", NULL, NULL));
  vls_slice report = vls_buf_slice(&w->node[who].result);
  return memmem(report.p, report.n, what, strlen(what)) != NULL;
}

/* Without a word the talk goes on, and what was written meanwhile arrives. */
static void expect_talk_goes_on(world *w, int who, home *h) {
  int other = who == ANA ? BAO : ANA;
  const char *names[] = {"Ana", "Bao"};
  move_in(w, who, h);
  uint64_t mine = say(w, who, names[other], "Xin chao"), theirs = 0;
  theirs = say(w, other, names[who], "queued for later");
  pass(w, 900000);
  assert_string_equal(state_of(w, who, mine), "delivered");
  assert_string_equal(state_of(w, other, theirs), "delivered");
  assert_true(doctor_says(w, who, "begin anew by themselves"));
  assert_false(doctor_says(w, other, "begin anew by themselves"));
  expect_delivered(w, who, names[other]);
  expect_delivered(w, other, names[who]);
}

static void talk_goes_on_where_the_vault_is_missing(void **state) {
  (void)state;
  for (int who = ANA; who <= BAO; who++) {
    home homes[2];
    world *w = two_at_home(homes);
    expect_delivered(w, ANA, "Bao");
    move_out(w, who);
    put_vault(&homes[who], NULL);
    expect_talk_goes_on(w, who, &homes[who]);
    move_out_and_in(w, who, &homes[who]);
    assert_false(doctor_says(w, who, "begin anew by themselves")); /* it is over */
    leave_both(w, homes);
  }
}

static void talk_goes_on_where_the_vault_is_of_another_time(void **state) {
  (void)state;
  for (int who = ANA; who <= BAO; who++) {
    home homes[2];
    static vault_copy old;
    world *w = two_at_home(homes);
    take_vault(&homes[who], &old);
    pass(w, 2 * VLS_VAULT_ROTATE_MS);
    expect_delivered(w, ANA, "Bao");
    expect_delivered(w, BAO, "Ana");
    pass(w, 2 * VLS_VAULT_ROTATE_MS);
    move_out(w, who);
    put_vault(&homes[who], &old);
    expect_talk_goes_on(w, who, &homes[who]);
    leave_both(w, homes);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(two_with_sealed_stores_talk_and_come_back),
      cmocka_unit_test(spent_keys_are_replaced_when_their_time_has_come),
      cmocka_unit_test(many_spent_keys_are_replaced_in_turns),
      cmocka_unit_test(talk_goes_on_where_the_vault_is_missing),
      cmocka_unit_test(talk_goes_on_where_the_vault_is_of_another_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
