/* Old copies of a node: its store as it was, put back, or run a second time. */
#ifndef VALISE_TESTS_CORE_OLD_H
#define VALISE_TESTS_CORE_OLD_H

#include "core_people.h"

#include "store/contacts.h"
#include "store/messages.h"
#include "store/sql.h"

typedef struct image {
  unsigned char *bytes;
  sqlite3_int64 n;
} image;

static inline image copy_of(world *w, int who) {
  image i = {0};
  i.bytes = sqlite3_serialize(w->node[who].store->db, "main", &i.n, 0);
  assert_non_null(i.bytes);
  return i;
}

static inline vls_store *store_of(const image *i) {
  vls_store *store;
  assert_int_equal(vls_store_open(&store, ":memory:", (const uint8_t[32]){13}, 0, NULL), VLS_OK);
  unsigned char *bytes = sqlite3_malloc64((sqlite3_uint64)i->n);
  assert_non_null(bytes);
  memcpy(bytes, i->bytes, (size_t)i->n);
  assert_int_equal(
      sqlite3_deserialize(store->db, "main", bytes, i->n, i->n,
                          SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE),
      SQLITE_OK);
  return store;
}

static inline void image_end(image *i) {
  sqlite3_free(i->bytes);
}

/* The node stops, and what starts in its place has an old store. */
static inline void put_back(world *w, int who, const image *i) {
  node_crash(w, who);
  vls_store_close(w->node[who].store);
  w->node[who].store = store_of(i);
  node_start(w, who);
  say_hello(w, who, CLIENT);
}

#endif
