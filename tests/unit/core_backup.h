/* Backups of the nodes of core_people.h, over their client sockets. */
#ifndef VALISE_TESTS_CORE_BACKUP_H
#define VALISE_TESTS_CORE_BACKUP_H

#include "core_people.h"
#include "valise/backup.h"

enum { FILE_MAX = 64 << 20, PUT_CHUNKS = 15 };

static const uint8_t words_key[32] = "what the recovery words gave....";

static inline bool set_words(world *w, int who) {
  vls_rpc_backup_key p = {vls_slice_of(words_key, sizeof words_key)};
  return call(w, who, "backup.key", &vls_rpc_backup_key_def, &p);
}

/* The head of a new file, which a client has begun. */
static inline vls_rpc_backup_begun begin_backup(world *w, int who, uint64_t client, vls_buf *file) {
  vls_rpc_backup_begin p = {0};
  vls_rpc_backup_begun begun;
  static const char text[] = "[listen]\nadvertise = home.example:4647\n";
  p.settings[p.n_settings++] =
      (vls_backup_setting){vls_slice_str("conf.d/10-mine.conf"), vls_slice_str("# mine\n")};
  p.settings[p.n_settings++] =
      (vls_backup_setting){vls_slice_str("valise.conf"), vls_slice_str(text)};
  assert_true(call_as(w, who, client, "backup.begin", &vls_rpc_backup_begin_def, &p));
  answer(w, who, &vls_rpc_backup_begun_def, &begun);
  vls_buf_init(file, FILE_MAX);
  assert_int_equal(vls_buf_put_slice(file, begun.head), VLS_OK);
  return begun;
}

/* False once all of it is there. */
static inline bool more_backup(world *w, int who, uint64_t client, vls_buf *file) {
  vls_rpc_backup_part part;
  assert_true(call_as(w, who, client, "backup.next", NULL, NULL));
  answer(w, who, &vls_rpc_backup_part_def, &part);
  assert_int_equal(vls_buf_put_slice(file, part.bytes), VLS_OK);
  return !part.done;
}

static inline vls_buf backup_of(world *w, int who) {
  vls_buf file;
  begin_backup(w, who, CLIENT, &file);
  while (more_backup(w, who, CLIENT, &file))
    continue;
  assert_true(call(w, who, "backup.end", NULL, NULL));
  return file;
}

static inline bool begin_restore(world *w, int who, vls_slice file, const uint8_t key[32]) {
  vls_rpc_restore_begin p = {{file.p, VLS_BACKUP_HEAD}, vls_slice_of(key, 32)};
  return call(w, who, "restore.begin", &vls_rpc_restore_begin_def, &p);
}

/* The chunks of a file, `n` bytes behind its head. */
static inline bool put_restore(world *w, int who, vls_slice file, size_t n) {
  size_t most = (size_t)PUT_CHUNKS * VLS_BACKUP_CHUNK;
  for (size_t at = 0; at < n;) {
    size_t piece = n - at < most ? n - at : most;
    vls_rpc_restore_next p = {{file.p + VLS_BACKUP_HEAD + at, piece}};
    if (!call(w, who, "restore.next", &vls_rpc_restore_next_def, &p)) return false;
    at += piece;
  }
  return true;
}

static inline bool restore(world *w, int who, vls_slice file, const uint8_t key[32]) {
  return begin_restore(w, who, file, key) && put_restore(w, who, file, file.n - VLS_BACKUP_HEAD) &&
         call(w, who, "restore.end", NULL, NULL);
}

/* The node's disk is gone: a new, empty one is there. */
static inline void lose_disk(world *w, int who) {
  static const uint8_t seed[32] = {11};
  node_crash(w, who);
  vls_store_close(w->node[who].store);
  assert_int_equal(vls_store_open(&w->node[who].store, ":memory:", seed, 0, NULL), VLS_OK);
  node_start(w, who);
  say_hello(w, who, CLIENT);
}

#endif
