/* Two citizens whose nodes keep sealed stores on the disk: what they do is what it is over any
 * store. */
#include "core_people.h"

#include <unistd.h>

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
static void move_out_and_in(world *w, int who, home *h) {
  node_crash(w, who);
  vls_store_close(w->node[who].store);
  open_home(&w->node[who], h);
  node_start(w, who);
  say_hello(w, who, CLIENT);
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

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(two_with_sealed_stores_talk_and_come_back)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
