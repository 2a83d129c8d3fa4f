/* A store for a test: in memory, or a real file in a directory of its own. */
#ifndef VALISE_TESTS_STORE_MADE_H
#define VALISE_TESTS_STORE_MADE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "vec_hex.h"

#include "store/db.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const uint8_t store_seed[32] = {7};

typedef struct place {
  char dir[64], path[96];
} place;

static inline void place_make(place *p) {
  const char *tmp = getenv("TMPDIR");
  snprintf(p->dir, sizeof p->dir, "%.40s/valise-XXXXXX", tmp == NULL ? "/tmp" : tmp);
  assert_non_null(mkdtemp(p->dir));
  snprintf(p->path, sizeof p->path, "%s/store", p->dir);
}

static inline void place_end(place *p) {
  static const char *const tails[] = {"", "-wal", "-vault", "-shm", "-journal"};
  for (size_t i = 0; i < COUNT(tails); i++) {
    char path[128];
    snprintf(path, sizeof path, "%s%s", p->path, tails[i]);
    unlink(path);
  }
  assert_int_equal(rmdir(p->dir), 0);
}

static inline vls_store *store_at(const char *path) {
  vls_store *store = NULL;
  const char *why = "";
  vls_err err = vls_store_open(&store, path, store_seed, 0, &why);
  if (err != VLS_OK) print_error("%s: %s\n", vls_err_name(err), why);
  assert_int_equal(err, VLS_OK);
  return store;
}

static inline vls_store *store_in_memory(void) {
  return store_at(":memory:");
}

/* What a test wrote is well: it commits. */
static inline void store_end(vls_store *store) {
  assert_int_equal(vls_store_commit(store), VLS_OK);
  vls_store_close(store);
}

/* A key that differs with the number. */
static inline const uint8_t *key_of(uint8_t key[32], unsigned number) {
  memset(key, 0x5a, 32);
  vls_be32_put(key, number);
  return key;
}

#endif
