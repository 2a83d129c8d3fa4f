/* A disk in memory, as a SQLite VFS: to stand under a store, plain or sealed. It knows what was
 * synced and what was not, so that a power cut can take back what was not; and any operation on it
 * can fail. As on a real one, a sync that failed is not made up for by the next: what it lost reads
 * back from the system's cache, looks clean, and is not there after a power cut unless it is
 * written again. The name of a new file is safe with its first sync, as on every file system with
 * a journal; with that of a log SQLite syncs the directory, and all names are. One thread; as many
 * files as there are names. */
#ifndef VALISE_TESTS_DISK_H
#define VALISE_TESTS_DISK_H

#include <sqlite3.h>

#include "base/buf.h"

enum { DISK_FILES = 512, DISK_SECTOR = 512, DISK_NAME = 128 };

typedef struct disk_op { /* not synced yet: bytes at `at`, or with p NULL a truncation to `at` */
  size_t at, n;
  uint8_t *p;
} disk_op;

typedef struct disk_entry {
  char name[DISK_NAME];
  bool exists, was; /* now, and when it or its directory was last synced */
  vls_buf now, safe;
  disk_op *ops;
  size_t n_ops, cap_ops;
} disk_entry;

/* X(NAME, word) */
#define DISK_DEED_LIST(X)                                                                          \
  X(READ, "read")                                                                                  \
  X(WRITE, "write")                                                                                \
  X(TRUNCATE, "truncate")                                                                          \
  X(SYNC, "sync")                                                                                  \
  X(OPEN, "open") /* of a file that is to be made, or is there */                                  \
  X(DELETE, "delete")                                                                              \
  X(RENAME, "rename")

typedef enum disk_deed {
#define X(name, word) DISK_##name,
  DISK_DEED_LIST(X)
#undef X
      DISK_DEEDS,
} disk_deed;

typedef enum disk_fault {
  DISK_FINE,
  DISK_EIO,   /* it fails, and nothing of it is done; what a sync was to make safe is lost */
  DISK_SHORT, /* it fails, and the first half of a write is done; of a sync, all of it */
  DISK_FULL,  /* no room: this and every write in its directory fails until disk_mend */
  DISK_CUT,   /* whoever was asked has cut the files off: this and what follows does not happen */
  DISK_TEAR,  /* the same, but half of this write was under way: half of one sector, too */
} disk_fault;

typedef struct disk disk;

/* Asked before each operation: what becomes of it. number: of the operation, from 1. */
typedef disk_fault disk_fate(void *arg, uint64_t number, disk_deed deed, const char *name);

struct disk {
  sqlite3_vfs base;
  sqlite3_vfs *outer; /* for names that are not this disk's; NULL: there are none */
  const char *prefix; /* of its names, when there is an outer one */
  disk_entry *entry[DISK_FILES];
  long fuse;            /* changes, but for opens, until it fails for good; < 0: never */
  bool fail_syncs;      /* syncs alone fail, and lose nothing by themselves */
  size_t most;          /* bytes that a file may have; 0: any number */
  char full[DISK_NAME]; /* no room for files whose names begin so; "": there is room */
  int limit;            /* the errno of a quota or limit that a full disk is; 0: it is full */
  char dead[DISK_NAME]; /* files whose names begin so change no more; "": none */
  disk_fate *fate;
  void *fate_arg;
  uint64_t number; /* of the last operation */
  unsigned writes, syncs, opens;
};

typedef struct disk_file {
  sqlite3_file base;
  disk *d;
  disk_entry *e;
  bool has_new_name; /* its first sync makes all names of its directory safe */
} disk_file;

disk *disk_new(void);
/* Takes NULL. */
void disk_free(disk *d);
/* Becomes SQLite's default for names that begin with prefix (borrowed); others go where they went
 * before. disk_free takes it away again. */
void disk_register(disk *d, const char *prefix);

/* The file of this name; NULL when there is none, or made when create says so. */
disk_entry *disk_entry_of(disk *d, const char *name, bool create);
/* The contents as they are now, to look at and to spoil. */
vls_buf *disk_bytes(disk *d, const char *name);
void disk_resize(vls_buf *buf, size_t n);
void disk_copy(vls_buf *to, const vls_buf *from);
/* Everything is safe as it is: for tests that spoil bytes. */
void disk_settle(disk *d);
bool disk_exists(disk *d, const char *name);
/* As rename(2) and a sync of the directory: at once or not at all. False: it failed. */
bool disk_rename(disk *d, const char *from, const char *to);
/* As unlink(2). False: it failed. */
bool disk_remove(disk *d, const char *name);

/* What becomes of the operation that is about to be done; counts it. fault.c */
disk_fault disk_ask(disk *d, disk_deed deed, const char *name);
void disk_note(disk_entry *e, size_t at, const void *p, size_t n);
void disk_forget_ops(disk_entry *e);
/* All that waits is safe. */
void disk_make_safe(disk_entry *e);
void disk_sync_names(disk *d);
/* The power was cut: of files whose names begin with prefix, what was synced is there; what was
 * not, sector by sector, as the dice fall. dice NULL: none of it is. They live again. */
void disk_power_cut(disk *d, const char *prefix, uint32_t (*dice)(void *), void *arg);
/* The process was killed: what it wrote is in the system's hands, and all there. */
void disk_revive(disk *d);
/* Files whose names begin so change no more, whatever is asked. */
void disk_kill(disk *d, const char *prefix);
/* There is no room for files whose names begin so. */
void disk_fill(disk *d, const char *prefix);
/* There is room again. */
void disk_mend(disk *d);
/* The first half of a write, and half a sector more; of one that fits into a sector nothing, as
 * disks do and vfs.h counts on. */
void disk_tear(disk_entry *e, size_t at, const uint8_t *p, size_t n);

#endif
