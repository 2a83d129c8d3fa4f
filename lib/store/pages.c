#include "store/pages.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "store/vfs_int.h"

enum { NAME_ROOM = 16, FRAMES_MAX = 1 << 24 };

/* The log of either kind: frames of its present generation, each of which is right or is not. */
typedef struct log {
  sqlite3_file *file; /* NULL: there is none */
  uint32_t n;         /* frames that have room in it */
  bool has_head;
  bool mended_head; /* in clear: it is damaged, and the frames have what it said */
  bool big_endian;
  uint8_t head[VLS_WAL_HEAD]; /* in clear: salts and checksum are in it */
  uint8_t id[16];             /* sealed */
  uint32_t last;              /* of the last commit that counts; 0: none */
  uint32_t size;              /* pages of the store then */
  bool holed;                 /* one before it is damaged */
  bool cut;                   /* and was on the disk for good */
} log;

struct vls_pages {
  sqlite3_vfs *vfs;
  vls_vfs *sealed;
  sqlite3_file *main;
  bool mapped;
  uint32_t n;
  log log;
  uint32_t *frame; /* the newest of each page; 0: none */
  uint32_t safe;   /* what the frame looked at last says was on the disk for good; sealed */
  uint32_t folded; /* frames up to here are in the main file as well */
  uint8_t frame_head[VLS_FRAME_HEAD], unit[VLS_FRAME_UNIT], plain[VLS_FRAME_UNIT];
};

/* SQLite's VFS wants to find empty texts behind the name. */
static char *name_of(const char *path, const char *tail) {
  size_t n = strlen(path) + strlen(tail);
  char *name = vls_calloc(1, n + NAME_ROOM);
  snprintf(name, n + 1, "%s%s", path, tail);
  return name;
}

static int open_file(sqlite3_vfs *vfs, char *name, int flags, sqlite3_file **ret) {
  sqlite3_file *file = vls_calloc(1, (size_t)vfs->szOsFile);
  int code = vfs->xOpen(vfs, name, file, flags | SQLITE_OPEN_READWRITE, NULL);
  if (code == SQLITE_OK) {
    *ret = file;
    return code;
  }
  if (file->pMethods != NULL) file->pMethods->xClose(file);
  free(file);
  return code;
}

static void close_file(sqlite3_file *file) {
  if (file == NULL) return;
  if (file->pMethods != NULL) file->pMethods->xClose(file);
  free(file);
}

static uint64_t size_of(sqlite3_file *file) {
  sqlite3_int64 size = 0;
  return file->pMethods->xFileSize(file, &size) == SQLITE_OK && size > 0 ? (uint64_t)size : 0;
}

static bool read_at(sqlite3_file *file, void *out, size_t n, uint64_t at) {
  bool whole = false;
  return vls_vfs_read(file, out, n, at, &whole) == SQLITE_OK && whole;
}

/* --- frames --- */

static uint32_t word(const uint8_t *p, bool big_endian) {
  uint32_t w = vls_be32_get(p);
  return big_endian ? w : __builtin_bswap32(w);
}

/* SQLite's checksum of the log, from where the last frame left it. */
static void add_up(uint32_t sum[2], const uint8_t *p, size_t n, bool big_endian) {
  for (size_t i = 0; i + 8 <= n; i += 8) {
    sum[0] += word(p + i, big_endian) + sum[1];
    sum[1] += word(p + i + 4, big_endian) + sum[0];
  }
}

static uint64_t plain_frame_at(uint32_t k) {
  return VLS_WAL_HEAD + (uint64_t)(k - 1) * VLS_FRAME;
}

/* Frame k of a log in clear: its checksum goes on from the one that the frame before it has, be
 * that frame right or not. */
static bool plain_frame(vls_pages *p, uint32_t k) {
  const log *l = &p->log;
  uint8_t before[8];
  uint32_t sum[2];
  if (k == 1)
    memcpy(before, l->head + 24, sizeof before);
  else if (!read_at(l->file, before, sizeof before, plain_frame_at(k - 1) + 16))
    return false;
  if (!read_at(l->file, p->unit, VLS_FRAME, plain_frame_at(k))) return false;
  memcpy(p->frame_head, p->unit, VLS_FRAME_HEAD);
  if (memcmp(p->frame_head + 8, l->head + 16, 8) != 0) return false; /* salts */
  sum[0] = vls_be32_get(before);
  sum[1] = vls_be32_get(before + 4);
  add_up(sum, p->frame_head, 8, l->big_endian);
  add_up(sum, p->unit + VLS_FRAME_HEAD, VLS_PAGE, l->big_endian);
  memcpy(p->plain, p->unit + VLS_FRAME_HEAD, VLS_PAGE);
  return sum[0] == vls_be32_get(p->frame_head + 16) && sum[1] == vls_be32_get(p->frame_head + 20);
}

static bool sealed_frame(vls_pages *p, uint32_t k) {
  const log *l = &p->log;
  uint64_t safe = 0;
  vls_unit_place place = {VLS_ROLE_FRAME, k, vls_slice_of(l->id, sizeof l->id)};
  if (!read_at(l->file, p->unit, VLS_FRAME_UNIT,
               VLS_HEAD_UNIT + (uint64_t)(k - 1) * VLS_FRAME_UNIT) ||
      vls_unit_open(p->sealed->sealer, &place, vls_slice_of(p->unit, VLS_FRAME_UNIT), p->plain,
                    &safe) != VLS_OK)
    return false;
  p->safe = safe < k ? (uint32_t)safe : 0;
  memcpy(p->frame_head, p->plain, VLS_FRAME_HEAD);
  memmove(p->plain, p->plain + VLS_FRAME_HEAD, VLS_PAGE_BODY);
  memset(p->plain + VLS_PAGE_BODY, 0, VLS_RESERVED);
  return true;
}

/* Frame k in frame_head and plain. */
static bool get_frame(vls_pages *p, uint32_t k) {
  bool right = p->sealed != NULL ? sealed_frame(p, k) : plain_frame(p, k);
  return right && vls_be32_get(p->frame_head) > 0;
}

static uint32_t frame_commits(const vls_pages *p) {
  return vls_be32_get(p->frame_head + 4);
}

/* What tells frames of this generation from older ones. Where the head is damaged, the first frames
 * have the salts as well. */
static void read_plain_head(vls_pages *p) {
  log *l = &p->log;
  uint32_t sum[2] = {0, 0};
  bool there = read_at(l->file, l->head, VLS_WAL_HEAD, 0);
  l->big_endian = (l->head[3] & 1) != 0;
  add_up(sum, l->head, 24, l->big_endian);
  bool right = there && vls_be32_get(l->head) >> 1 == 0x377f0682 >> 1 &&
               sum[0] == vls_be32_get(l->head + 24) && sum[1] == vls_be32_get(l->head + 28);
  l->has_head = right;
  for (uint32_t k = 2; !right && k <= l->n && k <= 4; k++) {
    for (unsigned endian = 0; endian < 2; endian++) {
      if (!read_at(l->file, l->head + 16, 8, plain_frame_at(k) + 8)) return;
      l->big_endian = endian != 0;
      l->has_head = plain_frame(p, k);
      l->mended_head = l->has_head;
      if (l->has_head) return;
    }
  }
}

static void read_sealed_head(vls_pages *p) {
  log *l = &p->log;
  uint8_t plain[VLS_HEAD_UNIT], unit[VLS_HEAD_UNIT];
  uint64_t counter;
  vls_unit_place place = {.role = VLS_ROLE_HEAD};
  if (!read_at(l->file, unit, sizeof unit, 0)) return;
  memcpy(l->id, unit + sizeof unit - 24 - 16, sizeof l->id); /* frames are bound to it alone */
  l->has_head = vls_unit_open(p->sealed->sealer, &place, vls_slice_of(unit, sizeof unit), plain,
                              &counter) == VLS_OK;
  const vls_root *root = &p->sealed->main.root;
  bool folded = p->mapped && memcmp(l->id, root->log_id, sizeof l->id) == 0;
  if (folded && root->log_frames <= UINT32_MAX) p->folded = (uint32_t)root->log_frames;
  if (!l->has_head)
    l->has_head = l->n > 0 && sealed_frame(p, 1);
  else if (p->mapped && !folded && memcmp(plain + VLS_WAL_HEAD, root->tag, sizeof root->tag) != 0)
    l->has_head = false; /* the log of another state: what is in it is older than the main file */
}

/* Frame k is damaged; what its head says of a commit. The checksum in it is right when the next
 * frame's goes on from there. */
static uint32_t damaged_commits(vls_pages *p, uint32_t k) {
  uint8_t head[VLS_FRAME_HEAD];
  bool right = p->sealed == NULL && k < p->log.n && plain_frame(p, k + 1) &&
               read_at(p->log.file, head, sizeof head, plain_frame_at(k)) &&
               memcmp(head + 8, p->log.head + 16, 8) == 0;
  return right ? vls_be32_get(head + 4) : 0;
}

/* Finds the last commit that counts. Frames behind a commit were begun when it was on the disk for
 * good: damage before it is damage. In the very last one it may be a write that was cut short. */
static void find_commits(vls_pages *p) {
  log *l = &p->log;
  uint32_t hole = 0, sure = 0, commit = 0, size = 0, sure_size = 0, most = p->n;
  for (uint32_t k = 1; k <= l->n; k++) {
    bool there = get_frame(p, k);
    if (!there && hole == 0) hole = k;
    if (there && p->safe > commit) { /* sealed, and that frame itself is damaged */
      commit = p->safe;
      size = most;
    }
    if (there && vls_be32_get(p->frame_head) > most) most = vls_be32_get(p->frame_head);
    if (there && commit > sure) {
      sure = commit;
      sure_size = size;
    }
    uint32_t pages = there ? frame_commits(p) : damaged_commits(p, k);
    if (pages == 0) continue;
    commit = k;
    size = pages;
  }
  l->cut = (hole != 0 && hole <= sure) || (l->mended_head && sure > 0);
  if (p->folded > sure) sure = p->folded;
  bool whole = hole == 0 || hole > commit;
  l->last = whole || commit <= sure ? commit : sure;
  l->size = l->last == commit ? size : sure_size;
  l->holed = hole != 0 && hole <= l->last;
}

static void map_frames(vls_pages *p) {
  log *l = &p->log;
  find_commits(p);
  if (l->last > 0 && l->size > 0) p->n = l->size;
  p->frame = vls_calloc((size_t)p->n + 1, sizeof *p->frame);
  for (uint32_t k = 1; k <= l->last; k++) {
    uint32_t page = get_frame(p, k) ? vls_be32_get(p->frame_head) : 0;
    if (page > 0 && page <= p->n) p->frame[page] = k;
  }
}

static void open_log(vls_pages *p, const char *path) {
  log *l = &p->log;
  sqlite3_vfs *vfs = p->sealed != NULL ? p->sealed->lower : p->vfs;
  char *name = name_of(path, "-wal");
  int found = 0;
  if (vfs->xAccess(vfs, name, SQLITE_ACCESS_EXISTS, &found) == SQLITE_OK && found != 0 &&
      open_file(vfs, name, SQLITE_OPEN_WAL, &l->file) == SQLITE_OK) {
    uint64_t size = size_of(l->file);
    size_t head = p->sealed != NULL ? VLS_HEAD_UNIT : VLS_WAL_HEAD;
    size_t each = p->sealed != NULL ? VLS_FRAME_UNIT : VLS_FRAME;
    uint64_t n = size > head ? (size - head) / each : 0;
    l->n = n < FRAMES_MAX ? (uint32_t)n : FRAMES_MAX;
    if (p->sealed != NULL)
      read_sealed_head(p);
    else
      read_plain_head(p);
    if (!l->has_head) l->n = 0;
  }
  free(name);
}

/* --- pages --- */

static vls_err open_main(vls_pages *p, const char *path) {
  char *name = name_of(path, "");
  int code = open_file(p->vfs, name, SQLITE_OPEN_MAIN_DB, &p->main);
  free(name);
  if (code != SQLITE_OK) return VLS_STORAGE;
  sqlite3_file *lower = p->sealed != NULL ? p->sealed->main.file : p->main;
  code = lower->pMethods->xLock(lower, SQLITE_LOCK_SHARED);
  if (code == SQLITE_OK) code = lower->pMethods->xLock(lower, SQLITE_LOCK_EXCLUSIVE);
  return code == SQLITE_OK ? VLS_OK : VLS_LOCKED;
}

vls_err vls_pages_open(vls_pages **ret, vls_vfs *vfs, const char *path) {
  vls_pages *p = vls_calloc(1, sizeof *p);
  p->sealed = vfs;
  p->vfs = vfs != NULL ? &vfs->base : sqlite3_vfs_find(NULL);
  VLS_ASSERT(p->vfs != NULL); /* but for want of memory there is one */
  vls_err err = open_main(p, path);
  if (err != VLS_OK) {
    vls_pages_close(p);
    return err;
  }
  if (vfs != NULL) {
    p->mapped = vls_map_peek(vfs);
    p->n = (uint32_t)vfs->main.pages;
  } else {
    uint64_t n = size_of(p->main) / VLS_PAGE;
    p->n = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX - 1;
    p->mapped = true;
  }
  open_log(p, path);
  map_frames(p);
  *ret = p;
  return VLS_OK;
}

void vls_pages_close(vls_pages *p) {
  if (p == NULL) return;
  close_file(p->log.file);
  close_file(p->main);
  free(p->frame);
  vls_wipe(p, sizeof *p);
  free(p);
}

uint32_t vls_pages_count(const vls_pages *p) {
  return p->n;
}

unsigned vls_pages_usable(const vls_pages *p) {
  return p->sealed != NULL ? VLS_PAGE_BODY : VLS_PAGE;
}

bool vls_pages_may_be_old(const vls_pages *p) {
  return p->log.holed || !p->mapped;
}

static bool sealed_page(vls_pages *p, uint32_t n, uint8_t out[VLS_PAGE]) {
  static const uint8_t zeros[VLS_PAGE];
  vls_main *m = &p->sealed->main;
  uint64_t page = n - 1, gen;
  if (page >= m->pages) return false;
  memset(out, 0, VLS_PAGE);
  if (p->mapped && m->version[page] == 0) return true;
  if (!read_at(m->file, m->unit, VLS_PAGE, vls_page_at(page))) return false;
  if (!p->mapped && memcmp(m->unit, zeros, VLS_PAGE) == 0) return true;
  vls_slice unit = vls_slice_of(m->unit, VLS_PAGE);
  vls_unit_place place = {.role = VLS_ROLE_PAGE, .index = page};
  if (vls_unit_open(p->sealed->sealer, &place, unit, out, &gen) != VLS_OK) return false;
  memset(out + VLS_PAGE_BODY, 0, VLS_RESERVED);
  return !p->mapped || vls_unit_version(unit) == m->version[page];
}

static bool main_page(vls_pages *p, uint32_t n, uint8_t out[VLS_PAGE]) {
  if (p->sealed != NULL) return sealed_page(p, n, out);
  return read_at(p->main, out, VLS_PAGE, (uint64_t)(n - 1) * VLS_PAGE);
}

bool vls_pages_get(vls_pages *p, uint32_t n, uint8_t out[VLS_PAGE]) {
  if (n == 0 || n > p->n) return false;
  uint32_t k = p->frame[n];
  /* Where the log has holes, the main file may have a newer one of what is folded in. */
  bool main_first = k == 0 || (p->log.holed && k <= p->folded);
  if (main_first && main_page(p, n, out)) return true;
  if (k == 0 || !get_frame(p, k)) return false;
  memcpy(out, p->plain, VLS_PAGE);
  return true;
}

bool vls_pages_log_is_cut(const char *path) {
  vls_pages p = {.vfs = sqlite3_vfs_find(NULL)};
  VLS_ASSERT(p.vfs != NULL);
  open_log(&p, path);
  if (p.log.file != NULL) find_commits(&p);
  bool cut = p.log.cut;
  close_file(p.log.file);
  return cut;
}
