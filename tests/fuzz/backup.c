/* Backup files. Either bytes of a file that somebody changed, who has no key: nothing of it counts
 * then. Or rows that a right key sealed and no node wrote, in a store without an identity: all of
 * it is taken, and a node lives on it and makes backups again, or none of it stays. */
#include "core_backup.h"
#include "reader.h"

#include "base/assert.h"
#include "citizen/backup.h"
#include "crypto/backup.h"
#include "store/sql.h"
#include "valise/core.h"

enum { ROWS_MOST = 128, STEPS_MOST = 12, EDITS_MOST = 32, PLAIN_MOST = 1 << 20 };
enum { SEALED = 1, COUNTED = 2, TRAILED = 4 }; /* bits of the first byte */

typedef struct row {
  uint8_t kind;
  vls_slice body;
} row;

/* A backup of a real node, closed and open, and a store where nobody lives. */
static struct morning {
  vls_buf file, plain;
  row rows[ROWS_MOST];
  size_t n;
  unsigned char *empty;
  sqlite3_int64 n_empty;
} good;

static const uint8_t seed[32] = {5};
static const vls_now now = {.mono_ms = 1000, .wall_ms = INT64_C(1750000000000)};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static vls_store *open_store(void) {
  vls_store *store;
  VLS_ASSERT(vls_store_open(&store, ":memory:", seed, 0, NULL) == VLS_OK);
  return store;
}

static void split_rows(void) {
  vls_slice rest = vls_buf_slice(&good.plain);
  while (rest.n >= 4 && rest.p[0] != 0) {
    VLS_ASSERT(good.n < ROWS_MOST);
    size_t n = vls_be32_get(rest.p) & 0xffffff;
    good.rows[good.n++] = (row){rest.p[0], {rest.p + 4, n}};
    rest = (vls_slice){rest.p + 4 + n, rest.n - 4 - n};
  }
}

static void make_good(void) {
  vls_backup_head head;
  vls_backup_cipher cipher;
  world *w = two_friends();
  subscribe(w, ANA, CLIENT, "bridge");
  VLS_ASSERT(set_words(w, ANA));
  for (int i = 0; i < 3; i++) {
    say(w, ANA, "Bao", "to and");
    say(w, BAO, "Ana", "fro");
    pass(w, 5000);
  }
  node_offline(w, BAO, true);
  say(w, ANA, "Bao", "waits");
  pass(w, 1000);
  good.file = backup_of(w, ANA);
  world_free(w);
  vls_buf_init(&good.plain, PLAIN_MOST);
  VLS_ASSERT(vls_backup_head_get(&head, vls_slice_of(good.file.p, VLS_BACKUP_HEAD)) == VLS_OK);
  VLS_ASSERT(vls_backup_cipher_open(&cipher, &head, words_key) == VLS_OK);
  for (size_t at = VLS_BACKUP_HEAD; at < good.file.n; at += VLS_BACKUP_CHUNK)
    VLS_ASSERT(vls_backup_chunk_open(&cipher, good.file.p + at,
                                     vls_buf_grow(&good.plain, VLS_BACKUP_PLAIN)) == VLS_OK);
  split_rows();
  vls_store *store = open_store();
  good.empty = sqlite3_serialize(store->db, "main", &good.n_empty, 0);
  VLS_ASSERT(good.empty != NULL);
  vls_store_close(store);
}

static vls_store *empty_store(void) {
  vls_store *store = open_store();
  unsigned char *image = sqlite3_malloc64((sqlite3_uint64)good.n_empty);
  VLS_ASSERT(image != NULL);
  memcpy(image, good.empty, (size_t)good.n_empty);
  VLS_ASSERT(sqlite3_deserialize(store->db, "main", image, good.n_empty, good.n_empty,
                                 SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE) ==
             SQLITE_OK);
  return store;
}

/* --- bytes without a key --- */

/* Whether all of a file opens with the key, and is right. */
static bool is_whole(vls_slice file) {
  vls_backup_head head;
  vls_backup_reader *r = NULL;
  vls_backup_row *one = vls_calloc(1, sizeof *one);
  size_t n = file.n < VLS_BACKUP_HEAD ? file.n : VLS_BACKUP_HEAD;
  vls_err err = vls_backup_head_get(&head, (vls_slice){file.p, n});
  if (err == VLS_OK) err = vls_backup_reader_new(&r, &head, words_key);
  for (size_t at = VLS_BACKUP_HEAD; err == VLS_OK && at < file.n; at += VLS_BACKUP_CHUNK) {
    size_t left = file.n - at;
    err = vls_backup_reader_put(
        r, (vls_slice){file.p + at, left < VLS_BACKUP_CHUNK ? left : VLS_BACKUP_CHUNK});
    while (err == VLS_OK)
      err = vls_backup_reader_row(r, one);
    if (err == VLS_AGAIN) err = VLS_OK;
    VLS_ASSERT(err == VLS_OK || vls_backup_reader_problem(r)[0] != '\0');
  }
  bool whole = err == VLS_OK && vls_backup_reader_is_whole(r);
  vls_backup_reader_free(r);
  free(one);
  return whole;
}

static void try_changed(reader *r) {
  vls_buf file;
  vls_buf_init(&file, good.file.n + VLS_BACKUP_CHUNK);
  VLS_ASSERT(vls_buf_put_slice(&file, vls_buf_slice(&good.file)) == VLS_OK);
  for (unsigned i = 0; i < EDITS_MOST && r->n > 0; i++) {
    size_t op = next(r, 1), at = next(r, 3) % good.file.n;
    if (op % 8 == 0)
      file.n = at < file.n ? at : file.n;
    else if (op % 8 == 1 && file.n + VLS_BACKUP_CHUNK <= file.max)
      memcpy(vls_buf_grow(&file, VLS_BACKUP_CHUNK), good.file.p + VLS_BACKUP_HEAD,
             VLS_BACKUP_CHUNK);
    else if (at < file.n)
      file.p[op & 128 ? at % VLS_BACKUP_HEAD % file.n : at] = (uint8_t)next(r, 1);
  }
  bool same = vls_slice_eq(vls_buf_slice(&file), vls_buf_slice(&good.file));
  VLS_ASSERT(is_whole(vls_buf_slice(&file)) == same);
  vls_buf_done(&file);
}

/* --- rows that a right key sealed --- */

static void put_row(vls_buf *plain, uint8_t kind, vls_slice body) {
  if (plain->n + 4 + body.n > PLAIN_MOST) return;
  VLS_ASSERT(vls_buf_put_be32(plain, (uint32_t)kind << 24 | (uint32_t)body.n) == VLS_OK);
  VLS_ASSERT(vls_buf_put_slice(plain, body) == VLS_OK);
}

/* A row with some bytes of it changed, or cut, or longer. */
static void put_changed(vls_buf *plain, const row *from, reader *r) {
  vls_buf body;
  vls_slice more;
  vls_buf_init(&body, from->body.n + 256);
  VLS_ASSERT(vls_buf_put_slice(&body, from->body) == VLS_OK);
  size_t how = next(r, 1), flips = how % 8;
  for (size_t i = 0; i < flips && body.n > 0; i++)
    body.p[next(r, 2) % body.n] = (uint8_t)next(r, 1);
  if (how & 64) {
    more = piece(r, next(r, 1));
    VLS_ASSERT(vls_buf_put_slice(&body, more) == VLS_OK);
  }
  if (how & 128) body.n -= body.n > 0 ? next(r, 1) % body.n : 0;
  put_row(plain, how & 32 ? (uint8_t)next(r, 1) : from->kind, vls_buf_slice(&body));
  vls_buf_done(&body);
}

/* The counts of what is there, as its last row. */
static void put_end(vls_buf *plain) {
  vls_backup_end end = {0};
  vls_buf body;
  for (size_t at = 0; at < plain->n; at += 4 + (vls_be32_get(plain->p + at) & 0xffffff)) {
    end.rows++;
    end.contacts += plain->p[at] == VLS_BACKUP_CONTACT;
    end.events += plain->p[at] == VLS_BACKUP_EVENT;
    end.messages += plain->p[at] == VLS_BACKUP_MESSAGE;
  }
  vls_buf_init(&body, vls_backup_end_def.max_bytes);
  VLS_ASSERT(vls_wire_encode(&vls_backup_end_def, &end, &body) == VLS_OK);
  put_row(plain, VLS_BACKUP_END, vls_buf_slice(&body));
  vls_buf_done(&body);
}

typedef struct step {
  size_t at, op, other;
} step;

/* The good rows; in some places something happens, as the script says. */
static void write_rows(vls_buf *plain, reader *r, bool counted) {
  step steps[STEPS_MOST];
  size_t n_steps = next(r, 1) % (STEPS_MOST + 1), last = counted ? good.n - 1 : good.n;
  for (size_t i = 0; i < n_steps; i++)
    steps[i] = (step){next(r, 1) % good.n, next(r, 1) % 5, next(r, 1) % good.n};
  for (size_t i = 0; i < last; i++) {
    const row *one = &good.rows[i];
    const step *s = NULL;
    for (size_t k = 0; k < n_steps && s == NULL; k++)
      if (steps[k].at == i) s = &steps[k];
    if (s == NULL || s->op == 1) put_row(plain, one->kind, one->body);
    if (s == NULL || s->op == 0) continue; /* 0: it is left out; 1: it comes twice */
    if (s->op == 1) put_row(plain, one->kind, one->body);
    if (s->op == 2 || s->op == 3) put_changed(plain, one, r);
    if (s->op == 4) put_row(plain, good.rows[s->other].kind, good.rows[s->other].body);
  }
  if (counted) put_end(plain);
}

static void seal(vls_buf *plain, vls_backup_head *head, vls_buf *out) {
  vls_rng rng;
  vls_backup_cipher cipher;
  vls_rng_init(&rng, seed);
  vls_backup_head_make(head, &cipher, VLS_BACKUP_WORDS, NULL, (vls_argon_cost){0}, words_key, &rng);
  size_t gap = (VLS_BACKUP_PLAIN - plain->n % VLS_BACKUP_PLAIN) % VLS_BACKUP_PLAIN;
  if (plain->n == 0) gap = VLS_BACKUP_PLAIN;
  memset(vls_buf_grow(plain, gap), 0, gap);
  for (size_t at = 0; at < plain->n; at += VLS_BACKUP_PLAIN)
    vls_backup_chunk_seal(&cipher, plain->p + at, at + VLS_BACKUP_PLAIN == plain->n,
                          vls_buf_grow(out, VLS_BACKUP_CHUNK));
  vls_rng_done(&rng);
}

static uint64_t rows_of(vls_store *store, const char *sql) {
  return vls_sql_one(store, vls_sql(store, sql));
}

static void command(vls_core *core, vls_store *store, const char *method, const char *params) {
  vls_input in = {.type = VLS_IN_COMMAND,
                  .client = 1,
                  .text = vls_slice_str(method),
                  .bytes = vls_slice_of(params, strlen(params))};
  vls_output out;
  if (vls_core_feed(core, &in, now) != VLS_OK) return;
  if (vls_core_seal(core, now)) vls_core_committed(core, vls_store_commit(store));
  while (vls_core_poll(core, &out))
    continue;
}

/* A node lives on it for a moment. */
static void live(vls_store *store) {
  static const char *const calls[] = {"status",        "contact.list", "message.list",
                                      "outbox.list",   "doctor",       "id.show",
                                      "invite.create", "outbox.retry", "backup.show"};
  vls_core_conf conf = {.store = store, .seed = seed, .version = "0"};
  vls_core *core = NULL;
  VLS_ASSERT(vls_core_new(&core, &conf, now) == VLS_OK);
  command(core, store, "hello",
          "\x91\x81\xa3"
          "api\x01");
  for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
    command(core, store, calls[i], "\x90");
  if (vls_core_tick(core, now) == VLS_OK && vls_core_seal(core, now))
    vls_core_committed(core, vls_store_commit(store));
  VLS_ASSERT(!vls_core_poisoned(core));
  vls_core_free(core);
}

/* What came back can be kept again. */
static void back_up_again(vls_store *store) {
  vls_backup_wish wish = {.lock = VLS_BACKUP_WORDS, .version = "0"};
  vls_backup_job *job = NULL;
  vls_backup_head head;
  vls_rng rng;
  vls_buf file;
  vls_rng_init(&rng, seed);
  vls_buf_init(&file, 4 * PLAIN_MOST);
  VLS_ASSERT(vls_backup_key_get(store, (uint8_t[32]){0}));
  vls_backup_key_put(store, words_key, 1);
  VLS_ASSERT(vls_backup_begin(&job, &head, store, &wish, &rng, 1) == VLS_OK);
  VLS_ASSERT(vls_buf_put(&file, head.bytes, sizeof head.bytes) == VLS_OK);
  while (vls_backup_more(job, store, 4, &file))
    continue;
  VLS_ASSERT(is_whole(vls_buf_slice(&file)));
  vls_backup_job_free(job);
  vls_buf_done(&file);
  vls_rng_done(&rng);
}

static void try_rows(vls_buf *plain) {
  vls_buf chunks;
  vls_backup_head head;
  vls_restore *restore;
  vls_self self;
  vls_rng rng;
  vls_store *store = empty_store();
  vls_rng_init(&rng, seed);
  vls_buf_init(&chunks, 2 * PLAIN_MOST + 4 * VLS_BACKUP_CHUNK);
  seal(plain, &head, &chunks);
  VLS_ASSERT(vls_restore_new(&restore, store, &head, words_key) == VLS_OK);
  vls_err err = vls_restore_put(restore, store, vls_buf_slice(&chunks));
  if (err == VLS_OK)
    err = vls_restore_end(restore, store, &self, &rng, NULL, 0, (uint64_t)now.wall_ms);
  VLS_ASSERT(vls_store_commit(store) == VLS_OK);
  if (err == VLS_OK) {
    vls_self_close(&self);
    live(store);
    back_up_again(store);
  } else {
    VLS_ASSERT(vls_restore_problem(restore)[0] != '\0');
    VLS_ASSERT(rows_of(store, "SELECT (SELECT count(*) FROM contact) + (SELECT count(*) FROM "
                              "message) + (SELECT count(*) FROM event) + (SELECT count(*) FROM "
                              "self) + (SELECT count(*) FROM feed)") == 0);
  }
  vls_restore_free(restore);
  vls_buf_done(&chunks);
  vls_rng_done(&rng);
  vls_store_close(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  vls_buf plain;
  if (good.n == 0) make_good();
  if (n == 0) return 0;
  reader r = {data + 1, n - 1};
  if (data[0] & SEALED) {
    try_changed(&r);
    return 0;
  }
  vls_buf_init(&plain, PLAIN_MOST + 2 * VLS_BACKUP_PLAIN);
  write_rows(&plain, &r, (data[0] & COUNTED) != 0);
  if (data[0] & TRAILED) put_row(&plain, (uint8_t)next(&r, 1), piece(&r, next(&r, 1)));
  try_rows(&plain);
  vls_buf_done(&plain);
  return 0;
}
