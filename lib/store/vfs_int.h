/* What the files of the VFS share: vfs.c opens and forwards, vfs_main.c is the main file, vfs_map.c
 * its roots and map, vfs_log.c the log. Functions that return int return SQLite's codes. */
#ifndef VALISE_STORE_VFS_INT_H
#define VALISE_STORE_VFS_INT_H

#include "store/page.h"
#include "store/vfs.h"

enum {
  VLS_RESERVED = VLS_UNIT_EXTRA,
  VLS_PAGE_BODY = VLS_PAGE - VLS_RESERVED,
  /* Main file. */
  VLS_ROOT_UNIT = 512, /* in a slot of 4,096: two of them, at 0 and 4,096 */
  VLS_ROOT_SLOT = 4096,
  VLS_MAP_UNIT = 16384,
  VLS_MAP_PAGES = (VLS_MAP_UNIT - VLS_UNIT_EXTRA) / 8, /* that one map block covers */
  /* Log. */
  VLS_HEAD_UNIT = 128,
  VLS_WAL_HEAD = 32, /* SQLite's */
  VLS_FRAME_HEAD = 24,
  VLS_FRAME_BODY = VLS_FRAME_HEAD + VLS_PAGE_BODY,
  VLS_FRAME = VLS_FRAME_HEAD + VLS_PAGE, /* as SQLite sees it */
  VLS_FRAME_SEALED = VLS_FRAME_BODY + 8, /* with the version of the frame before */
  VLS_FRAME_UNIT = VLS_FRAME_SEALED + VLS_UNIT_EXTRA,
  VLS_STAGED_MAX = 16, /* frames that go to the disk in one write */
};

/* What one root says. */
typedef struct vls_root {
  uint64_t gen;       /* grows by one with every checkpoint */
  uint64_t pages;     /* of the main file */
  uint8_t log_id[16]; /* the log last folded into it, how far, and the version of that frame */
  uint64_t log_frames, log_version;
  uint8_t map_hash[32]; /* over the tags of the map blocks in force */
  uint8_t tag[16];      /* of this root's own unit: what a log begun from it names */
} vls_root;

typedef struct vls_map_block {
  uint8_t tag[16];
  uint8_t slot;  /* in force: 0 or 1 */
  bool has_unit; /* there is one in that slot */
  bool dirty;
} vls_map_block;

typedef struct vls_main {
  sqlite3_file *file; /* the lower one; NULL while there is none */
  bool loaded;        /* under the lock: root and map are in memory */
  vls_root root;      /* the one in force on the disk */
  unsigned root_slot;
  uint64_t pages;    /* as of now */
  uint64_t *version; /* of each page; 0: never written, reads as zeros */
  size_t cap;
  vls_map_block *block;
  size_t n_blocks; /* in the array; never shrinks while loaded */
  bool changed;    /* since that root */
  bool shrunk;
  uint8_t plain[VLS_PAGE], unit[VLS_PAGE];
} vls_main;

typedef struct vls_log {
  sqlite3_file *file;
  bool has_head;
  uint8_t head[VLS_WAL_HEAD], id[16];
  uint64_t *version; /* of frames 1..n: verified, or written by us */
  uint64_t n;
  size_t cap;
  uint64_t commit;   /* the last frame that ends a transaction; 0: none */
  uint64_t safe;     /* the same at the last sync */
  uint64_t required; /* frames that the main file has: they must be here */
  uint64_t held;     /* the frame in `plain`; 0: none */
  uint64_t begun;    /* the frame whose header is in `begun_head` and not yet on disk; 0: none */
  uint8_t begun_head[VLS_FRAME_HEAD];
  uint8_t plain[VLS_FRAME_UNIT], unit[VLS_FRAME_UNIT];
  uint64_t first; /* of the frames sealed and not yet written; there are `staged` of them */
  size_t staged;
  uint8_t stage[VLS_STAGED_MAX][VLS_FRAME_UNIT];
} vls_log;

struct vls_vfs {
  sqlite3_vfs base;
  sqlite3_vfs *lower;
  char name[40];
  vls_sealer *sealer;
  vls_fault fault;
  char problem[128];
  bool dead; /* a sync failed: nothing is written any more */
  bool full; /* that was for want of room */
  vls_main main;
  vls_log log;
};

/* A file of this VFS; the lower file's bytes follow it. */
typedef struct vls_vfs_file {
  sqlite3_file base;
  vls_vfs *vfs;
} vls_vfs_file;

static inline vls_vfs *vls_vfs_of(sqlite3_file *file) {
  return ((vls_vfs_file *)(void *)file)->vfs;
}

/* Names the fault, if it is the first. Returns SQLITE_IOERR_DATA. */
int vls_vfs_fail(vls_vfs *vfs, vls_fault fault, uint64_t where);
/* A write of the map failed with `code`: memory and disk are of two minds. */
void vls_vfs_die(vls_vfs *vfs, int code);
/* What a write gives when the VFS is dead: `code`, or SQLITE_FULL. */
int vls_vfs_refusal(const vls_vfs *vfs, int code);
/* The lower file's sync; a failure makes the VFS dead. */
int vls_vfs_sync(vls_vfs *vfs, sqlite3_file *lower, int flags);
/* Reads exactly n bytes; *ret_whole is false, and the rest zeroed, when the file ends before. */
int vls_vfs_read(sqlite3_file *lower, void *buf, size_t n, uint64_t at, bool *ret_whole);
/* Methods that concern the lower file alone. */
int vls_vfs_control(sqlite3_file *lower, int op, void *arg);
int vls_vfs_traits(sqlite3_file *lower);

extern const sqlite3_io_methods vls_main_methods, vls_log_methods;

/* vfs_map.c. Reads root and map, or makes a new store; the lower file is locked exclusively. */
int vls_map_load(vls_vfs *vfs);
void vls_map_unload(vls_vfs *vfs);
/* For salvage: the same without a write, however damaged the file is. False: there is no map, and
 * `pages` is how many pages have room in the file. The lower file is locked exclusively. */
bool vls_map_peek(vls_vfs *vfs);
/* A page has a new version. */
void vls_map_set(vls_main *m, uint64_t page, uint64_t version);
void vls_map_truncate(vls_main *m, uint64_t pages);
/* Map, root and sync: the end of a checkpoint. */
int vls_map_sync(vls_vfs *vfs, int flags);
/* Where a page is in the lower file. */
uint64_t vls_page_at(uint64_t page);
/* Seals a page into the lower file; data is VLS_PAGE bytes, of which the reserved ones are dropped.
 */
int vls_page_put(vls_vfs *vfs, uint64_t page, const uint8_t *data);

/* vfs_log.c. The log was opened: checks that it is the main file's. */
int vls_log_load(vls_vfs *vfs);

#endif
