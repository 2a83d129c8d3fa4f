#include "store/vault.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/assert.h"
#include "crypto/kdf.h"
#include "crypto/seal.h"

enum {
  COPY = 4096, /* a block's slots once: a page of the disk */
  BLOCK = 2 * COPY,
  BODY = VLS_VAULT_UNIT - VLS_VAULT_EXTRA,
  AD = 14 + 16 + 8,
};
_Static_assert(VLS_VAULT_BLOCK *VLS_VAULT_UNIT == COPY, "a copy fills its page");
_Static_assert(8 + VLS_VAULT_PARTS * 32 <= BODY, "a unit holds its keys");

vls_vault *vls_vault_new(const uint8_t seed[32], sqlite3_vfs *vfs, const char *path,
                         const uint8_t *key, const uint8_t *uuid) {
  vls_vault *vault = sodium_malloc(sizeof *vault);
  VLS_ASSERT(vault != NULL);
  memset(vault, 0, sizeof *vault);
  vls_rng_init(&vault->rng, seed);
  vault->vfs = vfs;
  size_t n = strlen(path) + 1;
  vault->path = vls_calloc(1, n); /* the open file goes on pointing at it */
  memcpy(vault->path, path, n);
  if (key != NULL) {
    vls_xwl(vault->unit_key, 32, key, "store vault", vls_slice_of(uuid, 16));
    memcpy(vault->uuid, uuid, 16);
  }
  return vault;
}

void vls_vault_free(vls_vault *vault) {
  if (vault == NULL) return;
  if (vault->file != NULL) vault->file->pMethods->xClose(vault->file);
  free(vault->file);
  free(vault->path);
  sodium_free(vault->slot); /* wipes */
  sodium_free(vault);
}

static void ad_of(uint8_t ad[AD], const uint8_t uuid[16], uint64_t slot) {
  memcpy(ad, "valise vault 1", 14);
  memcpy(ad + 14, uuid, 16);
  vls_be64_put(ad + 30, slot);
}

static sqlite3_int64 place_of(uint64_t slot, unsigned copy) {
  return (sqlite3_int64)(slot / VLS_VAULT_BLOCK * BLOCK + copy * COPY +
                         slot % VLS_VAULT_BLOCK * VLS_VAULT_UNIT);
}

static int told(const vls_vault *vault, int code) {
  int error = 0;
  if (code != SQLITE_IOERR_WRITE) return code;
  vault->file->pMethods->xFileControl(vault->file, SQLITE_FCNTL_LAST_ERRNO, &error);
  return error == EDQUOT || error == EFBIG ? SQLITE_FULL : code;
}

static int write_at(const vls_vault *vault, const uint8_t *p, int n, sqlite3_int64 at) {
  return told(vault, vault->file->pMethods->xWrite(vault->file, p, n, at));
}

static void make_unit(vls_vault *vault, uint64_t slot, uint8_t out[VLS_VAULT_UNIT]) {
  const vls_vault_slot *s = &vault->slot[slot];
  uint8_t body[BODY] = {0}, ad[AD];
  vls_be64_put(body, s->gen);
  memcpy(body + 8, s->key, sizeof s->key);
  ad_of(ad, vault->uuid, slot);
  vls_rng_bytes(&vault->rng, out, VLS_N24);
  vls_xchacha_seal(out + VLS_N24, vault->unit_key, out, vls_slice_of(ad, AD),
                   vls_slice_of(body, BODY));
  vls_wipe(body, sizeof body);
}

static int write_unit(vls_vault *vault, uint64_t slot, unsigned copy) {
  uint8_t unit[VLS_VAULT_UNIT];
  make_unit(vault, slot, unit);
  return write_at(vault, unit, VLS_VAULT_UNIT, place_of(slot, copy));
}

int vls_vault_sync(vls_vault *vault) {
  return vault->file->pMethods->xSync(vault->file, SQLITE_SYNC_NORMAL);
}

/* Room for the slots up to n, with keys of their own. */
static void grow(vls_vault *vault, size_t n) {
  vls_vault_slot *bigger = sodium_allocarray(n, sizeof *bigger);
  VLS_ASSERT(bigger != NULL);
  memset(bigger, 0, n * sizeof *bigger);
  if (vault->n > 0) memcpy(bigger, vault->slot, vault->n * sizeof *bigger);
  sodium_free(vault->slot);
  vault->slot = bigger;
  for (; vault->n < n; vault->n++) {
    vls_vault_slot *s = &vault->slot[vault->n];
    vls_rng_bytes(&vault->rng, s->key, sizeof s->key);
    s->gen = 1;
    s->twin = true;
  }
}

static int write_blocks(vls_vault *vault, size_t from) {
  uint8_t page[COPY];
  for (size_t at = from; at < vault->n; at += VLS_VAULT_BLOCK)
    for (unsigned copy = 0; copy < 2; copy++) {
      for (size_t i = 0; i < VLS_VAULT_BLOCK; i++)
        make_unit(vault, at + i, page + i * VLS_VAULT_UNIT);
      int code = write_at(vault, page, COPY, place_of(at, copy));
      if (code != SQLITE_OK) return code;
    }
  return vls_vault_sync(vault);
}

static int open_file(vls_vault *vault) {
  if (vault->file != NULL) return SQLITE_OK;
  /* Of this type, since it takes no locks, and a new one gets the rights of the store's own file
   * and its name in the folder onto the disk with the first sync. */
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_JOURNAL, got = 0;
  sqlite3_file *file = vls_calloc(1, (size_t)vault->vfs->szOsFile);
  int code = vault->vfs->xOpen(vault->vfs, vault->path, file, flags, &got);
  if (code == SQLITE_OK && (got & SQLITE_OPEN_READWRITE) == 0) {
    file->pMethods->xClose(file);
    code = SQLITE_READONLY;
  }
  if (code == SQLITE_OK)
    vault->file = file;
  else
    free(file);
  return code;
}

int vls_vault_reach(vls_vault *vault, uint64_t slot) {
  size_t had = vault->n;
  int code;
  if (slot >= VLS_VAULT_SLOTS_MAX) return SQLITE_CORRUPT;
  if (slot < had && !vault->slot[slot].unsure) return SQLITE_OK;
  if (slot < had) { /* a sync that failed before may have left what only looks written */
    code = vls_vault_repeat(vault, slot);
    if (code == SQLITE_OK) code = vls_vault_sync(vault);
    if (code == SQLITE_OK) vault->slot[slot].unsure = false;
    return code;
  }
  code = open_file(vault);
  if (code != SQLITE_OK) return code;
  grow(vault, (size_t)(slot / VLS_VAULT_BLOCK + 1) * VLS_VAULT_BLOCK);
  code = write_blocks(vault, had);
  if (code != SQLITE_OK) vault->n = had; /* what is not on the disk cannot be sealed under */
  return code;
}

/* One copy of a slot as it was read. */
typedef struct copy_read {
  bool ok, clear;
  uint8_t body[BODY];
} copy_read;

static void read_copy(const vls_vault *vault, uint64_t slot, const uint8_t *unit, bool may_be_clear,
                      copy_read *ret) {
  static const uint8_t zeros[32];
  vls_slice sealed = vls_slice_of(unit + VLS_N24, VLS_VAULT_UNIT - VLS_N24);
  uint8_t ad[AD];
  *ret = (copy_read){.ok = false};
  ad_of(ad, vault->uuid, slot);
  ret->ok =
      vls_xchacha_open(ret->body, vault->unit_key, unit, vls_slice_of(ad, AD), sealed) == VLS_OK;
  if (ret->ok || !may_be_clear) return;
  ad_of(ad, zeros, slot);
  ret->ok = ret->clear =
      vls_xchacha_open(ret->body, zeros, unit, vls_slice_of(ad, AD), sealed) == VLS_OK;
}

/* False when neither copy tells it. */
static bool take_slot(vls_vault_slot *s, const copy_read copy[2]) {
  if (!copy[0].ok && !copy[1].ok) return false;
  uint64_t gen[2] = {copy[0].ok ? vls_be64_get(copy[0].body) : 0,
                     copy[1].ok ? vls_be64_get(copy[1].body) : 0};
  s->good = copy[1].ok && (!copy[0].ok || gen[1] > gen[0]);
  s->gen = gen[s->good];
  memcpy(s->key, copy[s->good].body + 8, sizeof s->key);
  s->twin = copy[0].ok && copy[1].ok && memcmp(copy[0].body, copy[1].body, BODY) == 0;
  s->unsure = !s->twin;
  if (!copy[!s->good].ok || s->twin) return true;
  memcpy(s->old, copy[!s->good].body + 8, sizeof s->old);
  for (unsigned part = 0; part < VLS_VAULT_PARTS; part++)
    if (memcmp(s->old[part], s->key[part], 32) != 0) s->has_old |= (uint8_t)(1u << part);
  return true;
}

/* Slots of one block from its two pages; false when none of them is there. *ret_clear: some of them
 * are in clear. */
static bool take_block(vls_vault *vault, size_t at, const uint8_t pages[BLOCK], bool may_be_clear,
                       bool *ret_clear) {
  copy_read copy[2];
  bool any = false;
  for (size_t i = 0; i < VLS_VAULT_BLOCK; i++) {
    for (unsigned k = 0; k < 2; k++)
      read_copy(vault, at + i, pages + k * COPY + i * VLS_VAULT_UNIT, may_be_clear, &copy[k]);
    vls_vault_slot *s = &vault->slot[at + i];
    bool found = take_slot(s, copy);
    if (!found) { /* it has the new keys of its growth, which are not on the disk */
      s->twin = false;
      s->unsure = true;
    }
    any = any || found;
    if (copy[0].clear || copy[1].clear) *ret_clear = true;
    vls_wipe(copy, sizeof copy);
  }
  return any;
}

/* Every slot once more, the copy that matters less first. An old key that may still be needed is
 * kept. */
static int rewrite(vls_vault *vault) {
  int code = SQLITE_OK;
  for (unsigned turn = 0; turn < 2 && code == SQLITE_OK; turn++) {
    for (size_t i = 0; i < vault->n && code == SQLITE_OK; i++) {
      vls_vault_slot *s = &vault->slot[i];
      unsigned copy = turn == 0 ? !s->good : s->good;
      if (copy == s->good || s->has_old == 0) {
        code = write_unit(vault, i, copy);
        continue;
      }
      vls_vault_slot now = *s; /* what it was a generation ago */
      s->gen--;
      memcpy(s->key, now.old, sizeof s->key);
      code = write_unit(vault, i, copy);
      *s = now;
      vls_wipe(&now, sizeof now);
    }
    if (code == SQLITE_OK) code = vls_vault_sync(vault);
  }
  for (size_t i = 0; i < vault->n && code == SQLITE_OK; i++) {
    vault->slot[i].twin = vault->slot[i].has_old == 0;
    vault->slot[i].unsure = false;
  }
  return code;
}

/* A page that the disk does not give has its twin; both are no reason to think that they are lost.
 */
static int read_block(vls_vault *vault, size_t at, uint8_t pages[BLOCK]) {
  int code[2];
  for (unsigned k = 0; k < 2; k++) {
    uint8_t *page = pages + k * COPY;
    code[k] = vault->file->pMethods->xRead(vault->file, page, COPY, place_of(at, k));
    if (code[k] == SQLITE_IOERR_SHORT_READ) code[k] = SQLITE_OK; /* the rest is zeros */
    if (code[k] != SQLITE_OK) memset(page, 0, COPY);
  }
  return code[0] == SQLITE_OK ? SQLITE_OK : code[1];
}

static int read_all(vls_vault *vault, bool may_be_clear) {
  sqlite3_int64 size = 0;
  bool clear = false;
  uint8_t pages[BLOCK];
  size_t last = 0, most = VLS_VAULT_SLOTS_MAX / VLS_VAULT_BLOCK;
  int code = vault->file->pMethods->xFileSize(vault->file, &size);
  if (code != SQLITE_OK) return code;
  size_t blocks = ((size_t)size + BLOCK - 1) / BLOCK;
  if (blocks > most) blocks = most;
  if (blocks == 0) return SQLITE_OK;
  grow(vault, blocks * VLS_VAULT_BLOCK);
  for (size_t b = 0; b < blocks; b++) {
    code = read_block(vault, b * VLS_VAULT_BLOCK, pages);
    if (code != SQLITE_OK) break;
    if (take_block(vault, b * VLS_VAULT_BLOCK, pages, may_be_clear, &clear)) last = b + 1;
  }
  vault->n = last * VLS_VAULT_BLOCK; /* what else there is was never ours */
  vls_wipe(pages, sizeof pages);
  return code == SQLITE_OK && clear ? rewrite(vault) : code;
}

int vls_vault_load(vls_vault *vault, bool may_be_clear) {
  int found = 0;
  int code = vault->vfs->xAccess(vault->vfs, vault->path, SQLITE_ACCESS_EXISTS, &found);
  if (code != SQLITE_OK || !found) return code;
  code = open_file(vault);
  return code == SQLITE_OK ? read_all(vault, may_be_clear) : code;
}

int vls_vault_renew(vls_vault *vault, uint64_t slot, unsigned parts) {
  vls_vault_slot *s = &vault->slot[slot];
  VLS_ASSERT(s->has_old == 0);
  memcpy(s->old, s->key, sizeof s->old);
  for (unsigned part = 0; part < VLS_VAULT_PARTS; part++)
    if (parts >> part & 1) vls_rng_bytes(&vault->rng, s->key[part], 32);
  s->has_old = (uint8_t)parts;
  s->gen++;
  s->good = !s->good;
  s->twin = false;
  return write_unit(vault, slot, s->good);
}

int vls_vault_repeat(vls_vault *vault, uint64_t slot) {
  return write_unit(vault, slot, vault->slot[slot].good);
}

void vls_vault_revert(vls_vault *vault, uint64_t slot) {
  vls_vault_slot *s = &vault->slot[slot];
  memcpy(s->key, s->old, sizeof s->key);
  vls_wipe(s->old, sizeof s->old);
  s->has_old = 0;
  s->gen--;
  s->good = !s->good;
}

int vls_vault_bury(vls_vault *vault, uint64_t slot) {
  return write_unit(vault, slot, !vault->slot[slot].good);
}

void vls_vault_forget(vls_vault *vault, uint64_t slot) {
  vls_vault_slot *s = &vault->slot[slot];
  vls_wipe(s->old, sizeof s->old);
  s->has_old = 0;
  s->twin = true;
}

void vls_vault_seal(vls_vault *vault, uint64_t slot, vls_vault_part part, vls_slice ad,
                    vls_slice pt, uint8_t *out) {
  VLS_ASSERT(slot < vault->n);
  vls_rng_bytes(&vault->rng, out, VLS_N24);
  vls_xchacha_seal(out + VLS_N24, vault->slot[slot].key[part], out, ad, pt);
}

vls_err vls_vault_open(const vls_vault *vault, uint64_t slot, vls_vault_part part, vls_slice ad,
                       vls_slice sealed, uint8_t *out) {
  if (sealed.n < VLS_VAULT_EXTRA) return VLS_FORGED;
  vls_slice body = {sealed.p + VLS_N24, sealed.n - VLS_N24};
  if (slot >= vault->n) {
    memset(out, 0, sealed.n - VLS_VAULT_EXTRA);
    return VLS_FORGED;
  }
  const vls_vault_slot *s = &vault->slot[slot];
  vls_err err = vls_xchacha_open(out, s->key[part], sealed.p, ad, body);
  if (err == VLS_OK || (s->has_old >> part & 1) == 0) return err;
  return vls_xchacha_open(out, s->old[part], sealed.p, ad, body);
}
