/* A store that opens from files somebody or something has spoiled: bytes changed, pieces put back
 * from an older copy, moved, cut off; in clear or sealed. It opens or says why not, a core on it
 * runs or refuses, and of a sealed one nothing is ever read that was not written there. */
#include "reader.h"

#include <stdio.h>

#include "disk.h"

#include "base/assert.h"
#include "crypto/kdf.h"
#include "store/messages.h"
#include "store/sessions.h"
#include "valise/core.h"

enum { MAIN, LOG, VAULT, FILES, MOMENTS = 3, TEXTS = 24, SIZE_MOST = 8 << 20, EDITS_MOST = 64 };
enum { WITHOUT_LOG = 64, SEALED = 128 };

static const char *const names[FILES] = {"/d/node.db", "/d/node.db-wal", "/d/node.db-vault"};
static const uint8_t key[32] = {1}, uuid[16] = {2};
static const vls_now now = {.mono_ms = 1000, .wall_ms = INT64_C(1750000000000)};

/* All files at one moment of a store's life. */
typedef struct moment {
  vls_buf file[FILES];
} moment;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static vls_err open_store(vls_store **ret, bool sealed) {
  static uint8_t seed[32];
  const char *why = NULL;
  seed[0]++;
  vls_err err = sealed ? vls_store_open_sealed(ret, names[MAIN], key, uuid, seed, 0, &why)
                       : vls_store_open(ret, names[MAIN], seed, 0, &why);
  VLS_ASSERT(err == VLS_OK || (err < 0 && why != NULL));
  return err;
}

/* What a text says follows from its number. */
static size_t text_of(char text[64], uint64_t n) {
  return (size_t)snprintf(text, 64, "text number %llu, and nothing else", (unsigned long long)n);
}

static void put_text(vls_store *store, uint64_t n) {
  char text[64];
  size_t bytes = text_of(text, n);
  vls_message_row row = {
      .n = n, .contact = 1, .state = VLS_MSG_RECEIVED, .body = vls_slice_of(text, bytes)};
  vls_message_put(store, &row);
}

static void say(vls_core *core, vls_store *store, const char *method, const char *params,
                size_t n) {
  vls_input in = {.type = VLS_IN_COMMAND,
                  .client = 1,
                  .text = vls_slice_str(method),
                  .bytes = vls_slice_of(params, n)};
  vls_output out;
  if (vls_core_feed(core, &in, now) != VLS_OK) return;
  if (vls_core_seal(core, now)) vls_core_committed(core, vls_store_commit(store));
  while (vls_core_poll(core, &out))
    continue;
}

/* A core lives on it for a moment; what it finds may poison it, and no more. */
static void live(vls_store *store, bool init) {
  static const uint8_t seed[32] = {3};
  static const char hello[] = "\x91\x81\xa3"
                              "api\x01",
                    ana[] = "\x91\x81\xa4name\xa3"
                            "Ana",
                    none[] = "\x90";
  vls_core_conf conf = {.store = store, .seed = seed, .version = "0"};
  vls_core *core = NULL;
  if (vls_core_new(&core, &conf, now) != VLS_OK) return;
  say(core, store, "hello", hello, sizeof hello - 1);
  if (init) say(core, store, "init", ana, sizeof ana - 1);
  if (init) say(core, store, "invite.create", "\x91\x80", 2);
  say(core, store, "status", none, 1);
  say(core, store, "contact.list", none, 1);
  say(core, store, "doctor", none, 1);
  if (!vls_core_poisoned(core) && vls_core_tick(core, now) == VLS_OK && vls_core_seal(core, now))
    vls_core_committed(core, vls_store_commit(store));
  vls_core_free(core);
}

static void take(disk *d, moment *ret) {
  for (size_t i = 0; i < FILES; i++) {
    vls_buf_init(&ret->file[i], SIZE_MOST);
    VLS_ASSERT(vls_buf_put_slice(&ret->file[i], vls_buf_slice(disk_bytes(d, names[i]))) == VLS_OK);
  }
}

/* A day with three moments: a young store, the same after a checkpoint and more texts, and a log
 * of several commits beside it, as a crash leaves them. */
static void make_moments(disk *d, moment day[MOMENTS], bool sealed) {
  vls_store *store = NULL;
  uint64_t n = 0;
  VLS_ASSERT(open_store(&store, sealed) == VLS_OK);
  live(store, true);
  for (size_t i = 0; i < MOMENTS; i++) {
    if (i == 1) vls_store_checkpoint(store);
    for (uint64_t contact = 1; contact <= 40; contact += 13) {
      vls_session_row row = {.ratchet.th = {(uint8_t)contact}, .created = i};
      vls_session_put(store, contact, &row);
    }
    vls_store_bury(store);
    for (unsigned k = 0; k < TEXTS / MOMENTS; k++) {
      put_text(store, ++n);
      if (k % 2 == 1) VLS_ASSERT(vls_store_commit(store) == VLS_OK);
    }
    take(d, &day[i]);
  }
  vls_store_close(store);
}

/* One of the things that happen to files. */
static void edit(vls_buf *file, const moment *other, size_t which, reader *r, bool sealed) {
  static const size_t clear[FILES] = {4096, 4120, 128}, units[FILES] = {4096, 4176, 128};
  size_t unit = sealed ? units[which] : clear[which]; /* not exactly: at large, then bytes */
  size_t op = next(r, 1), at, n;
  if (file->n == 0) return;
  switch (op % 5) {
  case 0:
    at = next(r, 3) % file->n;
    file->p[at] ^= (uint8_t)next(r, 1);
    return;
  case 1: /* from the older copy, or from another place of it */
    n = 1 + next(r, 2) % (2 * unit);
    at = next(r, 3) % file->n;
    size_t from = op & 128 ? next(r, 3) : at;
    for (size_t i = 0; i < n && at + i < file->n && from + i < other->file[which].n; i++)
      file->p[at + i] = other->file[which].p[from + i];
    return;
  case 2: file->n = next(r, 3) % (file->n + 1); return;
  case 3: /* what SQLite reads first */
    n = next(r, 1) % 100;
    for (at = n; at < file->n && at < n + 4; at++)
      file->p[at] = (uint8_t)next(r, 1);
    return;
  default:
    at = next(r, 1) * unit + next(r, 1) * 16;
    n = next(r, 1) % 32;
    for (size_t i = 0; i < n && at + i < file->n; i++)
      file->p[at + i] = (uint8_t)next(r, 1);
  }
}

static void spoil(disk *d, const moment day[MOMENTS], reader *r, bool sealed, bool without_log) {
  const moment *from[FILES];
  for (size_t i = 0; i < FILES; i++)
    from[i] = &day[next(r, 1) % MOMENTS];
  for (size_t i = 0; i < FILES; i++) {
    vls_buf *file = disk_bytes(d, names[i]);
    disk_resize(file, from[i]->file[i].n);
    if (file->n > 0) memcpy(file->p, from[i]->file[i].p, file->n);
  }
  for (unsigned i = 0; i < EDITS_MOST && r->n > 0; i++) {
    size_t what = next(r, 1), which = what % FILES;
    edit(disk_bytes(d, names[which]), &day[what / FILES % MOMENTS], which, r, sealed);
  }
  if (without_log) disk_bytes(d, names[LOG])->n = 0;
  disk_settle(d);
}

/* Every text is what was written; gives how many there are. */
static uint64_t read_texts(vls_store *store, bool sealed) {
  vls_message_query query = {.limit = 100};
  vls_message_row row;
  uint64_t n = 0;
  char text[64];
  while (vls_message_next(store, &query, &row)) {
    size_t bytes = text_of(text, row.n);
    VLS_ASSERT(!sealed || vls_slice_eq(row.body, vls_slice_of(text, bytes)));
    n++;
  }
  return n;
}

/* Sessions are what was written, or lost; with each the store may be found damaged. */
static void read_sessions(vls_store *store, bool sealed) {
  vls_session_row row[VLS_SESSIONS_MAX];
  for (uint64_t contact = 1; contact <= 40; contact += 13)
    for (size_t n = vls_session_load(store, contact, row); n > 0 && sealed; n--)
      VLS_ASSERT(row[n - 1].ratchet.th[0] == contact && row[n - 1].created < MOMENTS);
}

static void try_store(bool sealed) {
  vls_store *store = NULL;
  if (open_store(&store, sealed) != VLS_OK) return;
  uint64_t before = read_texts(store, sealed);
  VLS_ASSERT(!sealed || vls_store_commit(store) != VLS_OK || before <= TEXTS);
  live(store, false);
  read_sessions(store, sealed);
  vls_store_rollback(store);
  put_text(store, 1000);
  bool kept = vls_store_commit(store) == VLS_OK;
  vls_store_close(store);
  vls_err err = open_store(&store, sealed);
  if (err != VLS_OK) {
    VLS_ASSERT(!sealed || !kept); /* what was fit to be written to is fit to be read */
    return;
  }
  uint64_t after = read_texts(store, sealed);
  if (sealed && kept && vls_store_commit(store) == VLS_OK) VLS_ASSERT(after == before + 1);
  vls_store_close(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  static moment days[2][MOMENTS];
  static bool made;
  if (n < 3) return 0;
  reader r = {data + 1, n - 1};
  bool sealed = (data[0] & SEALED) != 0;
  VLS_ASSERT(vls_crypto_init() == VLS_OK);
  for (int i = 0; i < 2 && !made; i++) {
    disk *d = disk_new();
    sqlite3_vfs_register(&d->base, 1);
    make_moments(d, days[i], i == 1);
    sqlite3_vfs_unregister(&d->base);
    disk_free(d);
  }
  made = true;
  disk *d = disk_new();
  d->most = SIZE_MOST;
  sqlite3_vfs_register(&d->base, 1);
  spoil(d, days[sealed], &r, sealed, (data[0] & WITHOUT_LOG) != 0);
  try_store(sealed);
  sqlite3_vfs_unregister(&d->base);
  disk_free(d);
  return 0;
}
