/* Root and map of the main file: which version of every page is the present one. */
#include <stdlib.h>

#include "base/assert.h"
#include "crypto/kdf.h"
#include "store/vfs_int.h"

enum {
  ROOT_BODY = VLS_ROOT_UNIT - 16 - VLS_UNIT_EXTRA, /* after the id */
  MAP_BODY = VLS_MAP_UNIT - VLS_UNIT_EXTRA,
  ROOTS_BYTES = 2 * VLS_ROOT_SLOT,
  MAPS_BYTES = 2 * VLS_MAP_UNIT,
  NEW_BYTES = ROOTS_BYTES + MAPS_BYTES + VLS_PAGE, /* a store of one page */
  FORMAT = 1,
};
static const uint64_t group_bytes = MAPS_BYTES + (uint64_t)VLS_MAP_PAGES * VLS_PAGE;
static const uint64_t pages_max = 0xfffffffe; /* SQLite's own */

uint64_t vls_page_at(uint64_t page) {
  return ROOTS_BYTES + page / VLS_MAP_PAGES * group_bytes + MAPS_BYTES +
         page % VLS_MAP_PAGES * VLS_PAGE;
}

static uint64_t block_at(size_t i, unsigned slot) {
  return ROOTS_BYTES + i * group_bytes + (uint64_t)slot * VLS_MAP_UNIT;
}

static size_t blocks_of(uint64_t pages) {
  return (size_t)((pages + VLS_MAP_PAGES - 1) / VLS_MAP_PAGES);
}

static int put(vls_main *m, const void *p, size_t n, uint64_t at) {
  return m->file->pMethods->xWrite(m->file, p, (int)n, (sqlite3_int64)at);
}

static void grow(vls_main *m, uint64_t pages) {
  VLS_ASSERT(pages <= pages_max + 1);
  if (pages > m->cap) {
    size_t cap = m->cap == 0 ? 64 : m->cap;
    while (cap < pages)
      cap *= 2;
    m->version = vls_realloc(m->version, cap * sizeof *m->version);
    memset(m->version + m->cap, 0, (cap - m->cap) * sizeof *m->version);
    m->cap = cap;
  }
  size_t blocks = blocks_of(pages);
  if (blocks > m->n_blocks) {
    m->block = vls_realloc(m->block, blocks * sizeof *m->block);
    memset(m->block + m->n_blocks, 0, (blocks - m->n_blocks) * sizeof *m->block);
    m->n_blocks = blocks;
  }
}

void vls_map_set(vls_main *m, uint64_t page, uint64_t version) {
  grow(m, page + 1);
  if (page >= m->pages) m->pages = page + 1;
  m->version[page] = version;
  m->block[page / VLS_MAP_PAGES].dirty = true;
  m->changed = true;
}

void vls_map_truncate(vls_main *m, uint64_t pages) {
  if (pages == m->pages) return;
  grow(m, pages);
  for (uint64_t page = pages; page < m->pages; page++) {
    m->version[page] = 0;
    m->block[page / VLS_MAP_PAGES].dirty = true;
  }
  for (size_t i = blocks_of(m->pages); i < blocks_of(pages); i++)
    m->block[i].dirty = true;
  if (pages < m->pages) m->shrunk = true;
  m->pages = pages;
  m->changed = true;
}

static void hash_blocks(const vls_main *m, uint64_t pages, uint8_t ret_hash[32]) {
  size_t n = blocks_of(pages);
  uint8_t *tags = vls_calloc(n, 16);
  for (size_t i = 0; i < n; i++)
    memcpy(tags + 16 * i, m->block[i].tag, 16);
  vls_blake2b(ret_hash, 32, vls_slice_of(tags, 16 * n), vls_slice_of(NULL, 0));
  free(tags);
}

static const uint8_t *tag_of(const uint8_t *unit, size_t n) {
  return unit + n - 24 - 16; /* before the nonce */
}

/* Block i into the slot that is not in force. */
static int write_block(vls_vfs *vfs, size_t i, uint64_t gen) {
  vls_main *m = &vfs->main;
  vls_map_block *block = &m->block[i];
  uint8_t *buf = vls_calloc(2, VLS_MAP_UNIT), *unit = buf + VLS_MAP_UNIT;
  uint64_t first = (uint64_t)i * VLS_MAP_PAGES;
  for (uint64_t k = 0; k < VLS_MAP_PAGES && first + k < m->pages; k++)
    vls_be64_put(buf + 8 * k, m->version[first + k]);
  vls_unit_place place = {.role = VLS_ROLE_MAP, .index = i};
  vls_unit_seal(vfs->sealer, &place, buf, MAP_BODY, gen, unit);
  unsigned slot = block->has_unit ? 1u - block->slot : 0;
  int code = put(m, unit, VLS_MAP_UNIT, block_at(i, slot));
  if (code == SQLITE_OK) {
    *block = (vls_map_block){.slot = (uint8_t)slot, .has_unit = true};
    memcpy(block->tag, tag_of(unit, VLS_MAP_UNIT), sizeof block->tag);
  }
  free(buf);
  return code;
}

static int write_root(vls_vfs *vfs, vls_root *root, unsigned slot) {
  vls_main *m = &vfs->main;
  uint8_t plain[ROOT_BODY + VLS_UNIT_COUNTER] = {FORMAT};
  uint8_t *unit = m->unit;
  vls_be64_put(plain + 8, root->pages);
  memcpy(plain + 16, root->log_id, 16);
  vls_be64_put(plain + 32, root->log_frames);
  vls_be64_put(plain + 40, root->log_version);
  memcpy(plain + 48, root->map_hash, 32);
  memcpy(unit, vls_sealer_id(vfs->sealer), 16);
  vls_unit_place place = {.role = VLS_ROLE_ROOT};
  vls_unit_seal(vfs->sealer, &place, plain, ROOT_BODY, root->gen, unit + 16);
  memcpy(root->tag, tag_of(unit, VLS_ROOT_UNIT), sizeof root->tag);
  return put(m, unit, VLS_ROOT_UNIT, (uint64_t)slot * VLS_ROOT_SLOT);
}

/* What the next root says beside the map: how far the log is folded in with this sync. */
static vls_root next_root(const vls_vfs *vfs) {
  const vls_main *m = &vfs->main;
  const vls_log *log = &vfs->log;
  vls_root root = {.gen = m->root.gen + 1, .pages = m->pages};
  if (log->has_head && log->commit > 0) {
    memcpy(root.log_id, log->id, sizeof root.log_id);
    root.log_frames = log->commit;
    root.log_version = log->version[log->commit - 1];
  }
  return root;
}

int vls_map_sync(vls_vfs *vfs, int flags) {
  vls_main *m = &vfs->main;
  if (!m->changed) return vls_vfs_sync(vfs, m->file, flags);
  vls_root root = next_root(vfs);
  for (size_t i = 0; i < blocks_of(m->pages); i++) {
    if (!m->block[i].dirty) continue;
    int code = write_block(vfs, i, root.gen);
    if (code != SQLITE_OK) {
      vls_vfs_die(vfs, code);
      return code;
    }
  }
  hash_blocks(m, m->pages, root.map_hash);
  unsigned slot = 1 - m->root_slot;
  int code = write_root(vfs, &root, slot);
  if (code != SQLITE_OK) {
    vls_vfs_die(vfs, code);
    return code;
  }
  /* One sync for pages, map and root, in whatever order they arrive: until it has returned, the log
   * still has every page, and the former root all of its blocks. */
  code = vls_vfs_sync(vfs, m->file, flags);
  if (code != SQLITE_OK) return code;
  m->root = root;
  m->root_slot = slot;
  m->changed = false;
  /* A copy where the former root was: one bad sector is not the end of the store. Both slots with
   * one root also mean that a sync was seen to succeed. Losing the copy loses nothing. */
  put(m, m->unit, VLS_ROOT_UNIT, (uint64_t)(1 - slot) * VLS_ROOT_SLOT);
  if (m->shrunk) m->file->pMethods->xTruncate(m->file, (sqlite3_int64)vls_page_at(m->pages));
  m->shrunk = false;
  return SQLITE_OK;
}

/* --- reading --- */

typedef enum slot_state { SLOT_EMPTY, SLOT_FOREIGN, SLOT_BAD, SLOT_NEWER, SLOT_GOOD } slot_state;

static slot_state read_root(vls_vfs *vfs, const uint8_t *unit, vls_root *ret) {
  static const uint8_t zeros[VLS_ROOT_UNIT];
  uint8_t plain[ROOT_BODY + VLS_UNIT_COUNTER];
  vls_unit_place place = {.role = VLS_ROLE_ROOT};
  if (memcmp(unit, zeros, VLS_ROOT_UNIT) == 0) return SLOT_EMPTY;
  if (memcmp(unit, vls_sealer_id(vfs->sealer), 16) != 0) return SLOT_FOREIGN;
  vls_slice sealed = vls_slice_of(unit + 16, VLS_ROOT_UNIT - 16);
  if (vls_unit_open(vfs->sealer, &place, sealed, plain, &ret->gen) != VLS_OK) return SLOT_BAD;
  if (plain[0] != FORMAT) return SLOT_NEWER;
  ret->pages = vls_be64_get(plain + 8);
  memcpy(ret->log_id, plain + 16, 16);
  ret->log_frames = vls_be64_get(plain + 32);
  ret->log_version = vls_be64_get(plain + 40);
  memcpy(ret->map_hash, plain + 48, 32);
  memcpy(ret->tag, tag_of(unit, VLS_ROOT_UNIT), sizeof ret->tag);
  return ret->pages >= 1 && ret->pages <= pages_max ? SLOT_GOOD : SLOT_BAD;
}

/* Finds the newest unit of block i that is not newer than the root. With `again` it is written once
 * more if it came with this very root. */
static int read_block(vls_vfs *vfs, size_t i, uint64_t gen, bool again) {
  vls_main *m = &vfs->main;
  uint8_t *units = vls_calloc(3, VLS_MAP_UNIT), *plain = units + MAPS_BYTES;
  vls_map_block *block = &m->block[i];
  uint64_t newest = 0, first = (uint64_t)i * VLS_MAP_PAGES;
  vls_unit_place place = {.role = VLS_ROLE_MAP, .index = i};
  bool whole;
  int code = vls_vfs_read(m->file, units, MAPS_BYTES, block_at(i, 0), &whole);
  for (unsigned slot = 0; code == SQLITE_OK && slot < 2; slot++) {
    const uint8_t *unit = units + slot * VLS_MAP_UNIT;
    uint64_t g;
    vls_err err = vls_unit_open(vfs->sealer, &place, vls_slice_of(unit, VLS_MAP_UNIT), plain, &g);
    if (err != VLS_OK || g > gen || g <= newest) continue;
    newest = g;
    *block = (vls_map_block){.slot = (uint8_t)slot, .has_unit = true};
    memcpy(block->tag, tag_of(unit, VLS_MAP_UNIT), sizeof block->tag);
    for (uint64_t k = 0; k < VLS_MAP_PAGES && first + k < m->pages; k++)
      m->version[first + k] = vls_be64_get(plain + 8 * k);
  }
  if (code == SQLITE_OK && again && newest == gen)
    code = put(m, units + block->slot * VLS_MAP_UNIT, VLS_MAP_UNIT, block_at(i, block->slot));
  free(units);
  return code;
}

static void forget(vls_main *m) {
  free(m->version);
  free(m->block);
  m->version = NULL;
  m->block = NULL;
  m->cap = m->n_blocks = 0;
  m->pages = 0;
  m->loaded = m->changed = m->shrunk = false;
}

/* The map of a root: *ret_fits says whether all of it is there. */
static int read_map(vls_vfs *vfs, const vls_root *root, bool again, bool *ret_fits) {
  vls_main *m = &vfs->main;
  uint8_t hash[32];
  sqlite3_int64 size = 0;
  *ret_fits = false;
  int code = m->file->pMethods->xFileSize(m->file, &size);
  /* Nothing is allocated for pages whose map cannot be there. */
  if (code != SQLITE_OK || (uint64_t)size <= block_at(blocks_of(root->pages) - 1, 0)) return code;
  grow(m, root->pages);
  m->pages = root->pages;
  for (size_t i = 0; code == SQLITE_OK && i < blocks_of(root->pages); i++)
    code = read_block(vfs, i, root->gen, again);
  if (code != SQLITE_OK) return code;
  hash_blocks(m, root->pages, hash);
  *ret_fits = memcmp(hash, root->map_hash, sizeof hash) == 0;
  return SQLITE_OK;
}

/* Page 1 of an empty database, as SQLite itself makes it, but in WAL mode from the start. */
static void first_page(uint8_t page[VLS_PAGE]) {
  static const uint8_t head[] = "SQLite format 3";
  memset(page, 0, VLS_PAGE);
  memcpy(page, head, sizeof head);
  vls_be16_put(page + 16, VLS_PAGE);
  page[18] = page[19] = 2;
  page[20] = VLS_RESERVED;
  page[21] = 64;
  page[22] = page[23] = 32;
  page[31] = 1;                            /* pages */
  page[100] = 0x0d;                        /* the schema's table: a leaf, */
  vls_be16_put(page + 105, VLS_PAGE_BODY); /* empty */
}

/* Until its root is on the disk the file is new, whatever else is in it. */
static int make_new(vls_vfs *vfs) {
  vls_main *m = &vfs->main;
  uint8_t page[VLS_PAGE];
  first_page(page);
  m->root = (vls_root){0};
  m->root_slot = 1;
  int code = vls_page_put(vfs, 0, page);
  if (code == SQLITE_OK) code = write_block(vfs, 0, 1);
  if (code == SQLITE_OK) code = vls_vfs_sync(vfs, m->file, SQLITE_SYNC_NORMAL);
  if (code == SQLITE_OK) code = vls_map_sync(vfs, SQLITE_SYNC_NORMAL);
  if (code != SQLITE_OK)
    forget(m);
  else
    m->loaded = true;
  return code;
}

/* A root in one slot alone: the last sync may never have succeeded, and what was read may be in the
 * system's cache and nowhere else. In both: one of them may be, since the copy is not synced. So
 * the one that counts from here on is written again and synced before the other slot is used. */
static int settle(vls_vfs *vfs, const uint8_t *unit) {
  vls_main *m = &vfs->main;
  int code = put(m, unit, VLS_ROOT_UNIT, (uint64_t)m->root_slot * VLS_ROOT_SLOT);
  if (code == SQLITE_OK) code = vls_vfs_sync(vfs, m->file, SQLITE_SYNC_NORMAL);
  if (code == SQLITE_OK) put(m, unit, VLS_ROOT_UNIT, (uint64_t)(1 - m->root_slot) * VLS_ROOT_SLOT);
  return code;
}

/* Neither slot has a root whose map is there. */
static int refuse(vls_vfs *vfs, const slot_state state[2], const uint8_t *first_bytes) {
  vls_fault fault = VLS_FAULT_ROOT;
  if (memcmp(first_bytes, "SQLite format 3", 16) == 0)
    fault = VLS_FAULT_PLAIN;
  else if (state[0] == SLOT_NEWER || state[1] == SLOT_NEWER)
    fault = VLS_FAULT_NEWER;
  else if (state[0] == SLOT_GOOD || state[1] == SLOT_GOOD)
    fault = VLS_FAULT_MAP;
  else if (state[0] != SLOT_BAD && state[1] != SLOT_BAD &&
           (state[0] == SLOT_FOREIGN || state[1] == SLOT_FOREIGN))
    fault = VLS_FAULT_KEY;
  vls_vfs_fail(vfs, fault, 0);
  return fault == VLS_FAULT_KEY || fault == VLS_FAULT_PLAIN ? SQLITE_NOTADB : SQLITE_IOERR_DATA;
}

int vls_map_load(vls_vfs *vfs) {
  vls_main *m = &vfs->main;
  uint8_t *slots = m->plain; /* both, one behind the other */
  slot_state state[2];
  vls_root root[2];
  sqlite3_int64 size = 0;
  bool whole, fits = false;
  int code = m->file->pMethods->xFileSize(m->file, &size);
  for (unsigned i = 0; code == SQLITE_OK && i < 2; i++) {
    uint8_t *unit = slots + i * VLS_ROOT_UNIT;
    code = vls_vfs_read(m->file, unit, VLS_ROOT_UNIT, (uint64_t)i * VLS_ROOT_SLOT, &whole);
    state[i] = read_root(vfs, unit, &root[i]);
  }
  if (code != SQLITE_OK) return code;
  /* A new store gets its first root last; that write may have been torn. */
  bool is_new = size <= NEW_BYTES && state[1] == SLOT_EMPTY &&
                (state[0] == SLOT_EMPTY || state[0] == SLOT_BAD);
  if (is_new) return make_new(vfs);
  bool both = state[0] == SLOT_GOOD && state[1] == SLOT_GOOD;
  bool alike = both && root[0].gen == root[1].gen;
  unsigned newer = both && root[1].gen > root[0].gen ? 1 : 0;
  for (unsigned k = 0; code == SQLITE_OK && !fits && k < 2; k++) {
    m->root_slot = k == 0 ? newer : 1 - newer;
    if (state[m->root_slot] != SLOT_GOOD) continue;
    code = read_map(vfs, &root[m->root_slot], !alike, &fits);
    if (!fits) forget(m);
  }
  if (code == SQLITE_OK && !fits) code = refuse(vfs, state, slots);
  if (code == SQLITE_OK) code = settle(vfs, slots + m->root_slot * VLS_ROOT_UNIT);
  if (code != SQLITE_OK) {
    forget(m);
    return code;
  }
  m->root = root[m->root_slot];
  m->loaded = true;
  return SQLITE_OK;
}

bool vls_map_peek(vls_vfs *vfs) {
  vls_main *m = &vfs->main;
  sqlite3_int64 size = 0;
  bool fits = false, whole;
  vls_root root[2];
  slot_state state[2];
  for (unsigned i = 0; i < 2; i++) {
    int code = vls_vfs_read(m->file, m->unit, VLS_ROOT_UNIT, (uint64_t)i * VLS_ROOT_SLOT, &whole);
    state[i] = code == SQLITE_OK && whole ? read_root(vfs, m->unit, &root[i]) : SLOT_BAD;
  }
  bool both = state[0] == SLOT_GOOD && state[1] == SLOT_GOOD;
  unsigned newer = state[0] != SLOT_GOOD || (both && root[1].gen > root[0].gen) ? 1 : 0;
  for (unsigned k = 0; !fits && k < 2; k++) {
    unsigned i = k == 0 ? newer : 1 - newer;
    if (state[i] != SLOT_GOOD) continue;
    fits = read_map(vfs, &root[i], false, &fits) == SQLITE_OK && fits;
    if (fits) m->root = root[i];
    if (!fits) forget(m);
  }
  if (fits) return true;
  /* Every page whose place is in the file; SQLite's own pages say the rest. */
  m->root = (vls_root){0};
  if (m->file->pMethods->xFileSize(m->file, &size) != SQLITE_OK) size = 0;
  while (m->pages < pages_max && vls_page_at(m->pages) + VLS_PAGE <= (uint64_t)size)
    m->pages++;
  return false;
}

void vls_map_unload(vls_vfs *vfs) {
  forget(&vfs->main);
}
