/* Whoever holds a copy of all files of a store, and every key that opens them, looks for what reads
 * an old record: ratchets and message keys, in the pages, in what is left in free ones, and in the
 * log. */
#ifndef VALISE_TESTS_VAULT_MADE_H
#define VALISE_TESTS_VAULT_MADE_H

#include <stdlib.h>

#include "ratchet_pair.h"

#include "disk.h"
#include "store/self.h"
#include "store/sessions.h"
#include "store/sql.h"
#include "store/vault_rows.h"
#include "store/vfs_int.h"

#define STORE "/v/node.db"
#define STORE_LOG STORE "-wal"
#define STORE_VAULT STORE "-vault"

static const uint8_t data_key[32] = {0x11}, store_uuid[16] = {0x22};

typedef enum store_kind { IN_CLEAR, SEALED, NO_VAULT } store_kind;

/* A store on a disk in memory; each life of it has entropy of its own. */
typedef struct house {
  disk *d;
  store_kind kind;
  vls_store *store;
  uint8_t life;
} house;

static inline vls_err house_try(house *h) {
  uint8_t seed[32] = {7, ++h->life};
  const char *why = "";
  switch (h->kind) {
  case IN_CLEAR: return vls_store_open(&h->store, STORE, seed, 0, &why);
  case SEALED: return vls_store_open_sealed(&h->store, STORE, data_key, store_uuid, seed, 0, &why);
  case NO_VAULT: break;
  }
  return vls_store_open_copy(&h->store, STORE, NULL, NULL, seed, &why);
}

static inline void house_open(house *h) {
  h->store = NULL;
  assert_int_equal(house_try(h), VLS_OK);
}

static inline house house_new(store_kind kind) {
  house h = {.d = disk_new(), .kind = kind};
  disk_register(h.d, "/v/");
  house_open(&h);
  return h;
}

static inline void house_commit(house *h) {
  assert_int_equal(vls_store_commit(h->store), VLS_OK);
}

/* All that is spent is replaced. */
static inline void house_bury(house *h) {
  for (int i = 0; i < 100 && vls_store_has_spent(h->store); i++) {
    vls_store_bury(h->store);
    house_commit(h);
  }
  assert_false(vls_store_has_spent(h->store));
}

static inline void house_end(house *h) {
  vls_store_close(h->store);
  disk_free(h->d);
}

/* The process is gone at once. */
static inline void house_kill(house *h) {
  disk_kill(h->d, "/v/");
  vls_store_close(h->store);
  h->store = NULL;
  disk_revive(h->d);
}

/* --- The thief --- */

typedef struct loot {
  vls_buf plain; /* of store and log, one piece after the other */
  uint8_t key[4096][32];
  size_t n_keys;
} loot;

static inline void loot_put(loot *l, const uint8_t *p, size_t n) {
  if (n > 0) assert_int_equal(vls_buf_put(&l->plain, p, n), VLS_OK);
}

static inline void loot_sealed(loot *l, const vls_buf *main, const vls_buf *log) {
  static const uint8_t seed[32];
  vls_sealer *sealer = vls_sealer_new(data_key, store_uuid, seed);
  uint8_t plain[VLS_FRAME_UNIT];
  uint64_t counter;
  for (uint64_t page = 0; vls_page_at(page) + VLS_PAGE <= main->n; page++) {
    vls_unit_place where = {.role = VLS_ROLE_PAGE, .index = page};
    vls_slice unit = vls_slice_of(main->p + vls_page_at(page), VLS_PAGE);
    if (vls_unit_open(sealer, &where, unit, plain, &counter) == VLS_OK)
      loot_put(l, plain, VLS_PAGE_BODY);
  }
  for (uint64_t k = 1; VLS_HEAD_UNIT + k * VLS_FRAME_UNIT <= log->n; k++) {
    vls_unit_place where = {.role = VLS_ROLE_FRAME,
                            .index = k,
                            .link = vls_slice_of(log->p + VLS_HEAD_UNIT - 24 - 16, 16)};
    vls_slice unit =
        vls_slice_of(log->p + VLS_HEAD_UNIT + (k - 1) * VLS_FRAME_UNIT, VLS_FRAME_UNIT);
    if (vls_unit_open(sealer, &where, unit, plain, &counter) == VLS_OK)
      loot_put(l, plain, VLS_FRAME_BODY);
  }
  vls_sealer_free(sealer);
}

/* Every key in the file, from both copies of each slot. */
static inline void loot_vault(loot *l, const vls_buf *vault, bool sealed) {
  uint8_t key[32] = {0}, ad[38] = "valise vault 1", body[VLS_VAULT_UNIT];
  if (sealed) vls_xwl(key, 32, data_key, "store vault", vls_slice_of(store_uuid, 16));
  if (sealed) memcpy(ad + 14, store_uuid, 16);
  for (size_t at = 0; at + VLS_VAULT_UNIT <= vault->n; at += VLS_VAULT_UNIT) {
    size_t unit = at / VLS_VAULT_UNIT;
    vls_be64_put(ad + 30, unit / 64 * 32 + unit % 32);
    const uint8_t *p = vault->p + at;
    if (vls_xchacha_open(body, key, p, vls_slice_of(ad, sizeof ad),
                         vls_slice_of(p + 24, VLS_VAULT_UNIT - 24)) != VLS_OK)
      continue;
    for (unsigned part = 0; part < VLS_VAULT_PARTS && l->n_keys < 4096; part++)
      memcpy(l->key[l->n_keys++], body + 8 + 32 * part, 32);
  }
}

static inline loot *loot_take(house *h) {
  loot *l = vls_calloc(1, sizeof *l);
  vls_buf_init(&l->plain, SIZE_MAX / 2);
  vls_buf *main = disk_bytes(h->d, STORE), *log = disk_bytes(h->d, STORE_LOG);
  if (h->kind == SEALED) {
    loot_sealed(l, main, log);
  } else {
    loot_put(l, main->p, main->n);
    loot_put(l, log->p, log->n);
  }
  if (h->kind != NO_VAULT) loot_vault(l, disk_bytes(h->d, STORE_VAULT), h->kind == SEALED);
  assert_true(l->plain.n > 4096);
  return l;
}

static inline void loot_free(loot *l) {
  vls_buf_done(&l->plain);
  free(l);
}

/* The value at p, n bytes in clear or sealed under any of the keys. Calls `works` with each try. */
typedef bool loot_test(const void *arg, const uint8_t *value);
static inline bool loot_try(const loot *l, const uint8_t *p, size_t room, size_t n,
                            vls_row_kind kind, const vls_row_key *at, loot_test *works,
                            const void *arg) {
  uint8_t value[VLS_ROW_VALUE_MAX], ad[8 + 1 + 8 + 32 + 8 + 8] = "v1 row: ";
  if (n <= room && works(arg, p)) return true;
  if (n + VLS_VAULT_EXTRA > room) return false;
  ad[8] = (uint8_t)kind;
  vls_be64_put(ad + 9, at->contact);
  if (at->th != NULL) memcpy(ad + 17, at->th, 32);
  vls_be64_put(ad + 49, at->chain);
  vls_be64_put(ad + 57, at->n);
  for (size_t i = 0; i < l->n_keys; i++)
    if (vls_xchacha_open(value, l->key[i], p, vls_slice_of(ad, sizeof ad),
                         vls_slice_of(p + 24, n + 16)) == VLS_OK &&
        works(arg, value))
      return true;
  return false;
}

static inline bool reads(const vls_ratchet *r, const uint8_t *mk, const record *rec) {
  vls_ratchet next = *r;
  vls_ratchet_peek look;
  vls_rng rng = {{1}};
  vls_skips skips = {0};
  vls_buf out;
  vls_buf_init(&out, RECORD_MAX);
  bool fine = vls_ratchet_look(r, record_slice(rec), &look) == VLS_OK && look.old == (mk != NULL) &&
              vls_ratchet_open(&next, &look, mk, record_slice(rec), &rng, &out, &skips) == VLS_OK;
  vls_skips_done(&skips);
  vls_buf_done(&out);
  return fine;
}

static inline bool state_reads(const void *arg, const uint8_t *value) {
  vls_ratchet r;
  return vls_ratchet_unpack(&r, vls_slice_of(value, VLS_RATCHET_STATE)) == VLS_OK &&
         reads(&r, NULL, arg);
}

typedef struct old_record {
  const vls_ratchet *now; /* knows its header */
  const record *rec;
} old_record;

static inline bool mk_reads(const void *arg, const uint8_t *value) {
  const old_record *old = arg;
  return reads(old->now, value, old->rec);
}

/* Whether anything in there reads it. now: the session as it is, which anybody with the files has.
 */
static inline bool loot_reads(const loot *l, uint64_t contact, const vls_ratchet *now,
                              const record *rec) {
  old_record old = {now, rec};
  vls_ratchet_peek look;
  vls_row_key at = {.contact = contact, .th = now->th};
  bool known = vls_ratchet_look(now, record_slice(rec), &look) == VLS_OK && look.old;
  const uint8_t *end = l->plain.p + l->plain.n, *p = l->plain.p;
  while ((p = memmem(p, (size_t)(end - p), now->th, 32)) != NULL) {
    const uint8_t *state = p + 32 + 32; /* behind the device's key */
    at.chain = at.n = 0;
    if (end > state && loot_try(l, state, (size_t)(end - state), VLS_RATCHET_STATE, VLS_ROW_SESSION,
                                &at, state_reads, rec))
      return true;
    if (known) {
      at.chain = look.chain;
      at.n = look.n;
    }
    for (const uint8_t *mk = p + 32; known && mk < p + 48 && mk < end; mk++)
      if (loot_try(l, mk, (size_t)(end - mk), 32, VLS_ROW_SKIPPED, &at, mk_reads, &old))
        return true;
    p++;
  }
  return false;
}

static inline bool is_it(const void *arg, const uint8_t *value) {
  return memcmp(arg, value, 32) == 0;
}

/* Whether the secret of a prekey is in there: it stands before bytes that are no secret. */
static inline bool loot_has_prekey(const loot *l, vls_row_kind kind, uint64_t id,
                                   const uint8_t priv[32], vls_slice behind) {
  const uint8_t *end = l->plain.p + l->plain.n, *p = l->plain.p;
  vls_row_key at = {.n = id};
  if (memmem(p, l->plain.n, priv, 32) != NULL) return true;
  for (; (p = memmem(p, (size_t)(end - p), behind.p, behind.n)) != NULL; p++)
    if (p - l->plain.p >= 32 + VLS_VAULT_EXTRA &&
        loot_try(l, p - 32 - VLS_VAULT_EXTRA, 32 + VLS_VAULT_EXTRA, 32, kind, &at, is_it, priv))
      return true;
  return false;
}

#endif
