/* An encrypting SQLite VFS over the system's, for one store: a main file and its log (WAL), used by
 * one process at a time. What is on the disk is sealed units (page.h) and nothing else:
 *
 *   main   root A | root B | group | group ...     group = map block x 2 | 2,042 pages of 4,096
 * bytes log    head 128 | frame 4,120 | frame ...      frame = SQLite's 24-byte header and its
 * page, one unit
 *
 * A thief learns the size of both files. There is never a rollback journal, a -shm or a temporary
 * file: a new main file is born in WAL mode, only heap-memory WAL indexes are offered, and
 * everything else SQLite might open through this VFS is refused; with temp_store=MEMORY it keeps
 * statement journals and sorters to itself. The
 * first lock that SQLite takes becomes an exclusive one: a second process gets SQLITE_BUSY.
 *
 * Whoever can write to the files cannot move a unit to another place, file or store (AD), and
 * cannot put back an older version of some of them:
 * - main: the map holds 8 bytes of the tag of every page; map blocks and roots are written anew,
 * never over the ones in force, at the end of each checkpoint; the root holds a hash over the map.
 * The map is in memory while the store is open: 2 KiB for each MiB of store. An older page, map
 * block or root among newer ones is found at the first read or when the store opens.
 * - log: its head names the root it began from, every frame the version of the frame before it, and
 * every frame how many frames were safe on the disk when it was written. So a frame of an older
 * log, a log beside a main file that is not its own, a log shorter than what the main file already
 * has of it, and damage before the last commit are told from the torn end that a power cut leaves.
 * What is not found: an older copy of main and log together, or a log cut off at an older commit.
 * Nothing inside the files can tell these from the past; the counters of peers do. Damage to the
 * frames of the very last commit looks like a power cut in the middle of it, and that commit is
 * gone.
 *
 * Durability is SQLite's, with synchronous=FULL: a page may be torn where the log still has it; a
 * root and the head of a log are smaller than a sector, which disks write whole or not at all.
 * After a sync that failed nothing more is written until the store is opened again. */
#ifndef VALISE_STORE_VFS_H
#define VALISE_STORE_VFS_H

#include <sqlite3.h>

#include "base/buf.h"

enum { VLS_PAGE = 4096 };

/* X(NAME, words for a person; the number of the page or frame follows them) */
#define VLS_FAULT_LIST(X)                                                                          \
  X(NONE, "")                                                                                      \
  X(KEY, "the key does not open this store")                                                       \
  X(PLAIN, "the store is not encrypted")                                                           \
  X(NEWER, "the store was sealed by a newer version")                                              \
  X(ROOT, "the head of the store is damaged")                                                      \
  X(MAP, "the page map of the store is damaged")                                                   \
  X(PAGE, "a page of the store is damaged")                                                        \
  X(OLD_PAGE, "a page of the store is an older version of itself")                                 \
  X(LOG_HEAD, "the head of the store's log is damaged")                                            \
  X(LOG_FRAME, "a frame of the store's log is damaged")                                            \
  X(LOG_SHORT, "the store's log lacks a frame that the store already has")                         \
  X(LOG_FOREIGN, "the log beside the store does not belong to it as it is")                        \
  X(SYNC, "the disk did not confirm a write")

typedef enum vls_fault {
#define X(name, words) VLS_FAULT_##name,
  VLS_FAULT_LIST(X)
#undef X
} vls_fault;

typedef struct vls_vfs vls_vfs;

/* Registers a VFS under a name of its own. lower: what it stands on; NULL for the system's default.
 * All pointers are borrowed for the call, but lower for as long as the VFS lives. */
vls_vfs *vls_vfs_new(sqlite3_vfs *lower, const uint8_t key[32], const uint8_t uuid[16],
                     const uint8_t seed[32]);
/* Every connection through it must be closed. Wipes the keys. Takes NULL. */
void vls_vfs_free(vls_vfs *vfs);
/* For sqlite3_open_v2. */
const char *vls_vfs_name(const vls_vfs *vfs);
/* True when a write or sync failed and no other is let through. */
bool vls_vfs_is_dead(const vls_vfs *vfs);
void vls_vfs_stir(vls_vfs *vfs, vls_slice entropy);
/* The first thing that was wrong, and the words for it ("" when nothing was). SQLite itself says
 * SQLITE_IOERR_DATA, or SQLITE_NOTADB for a key that does not fit. */
vls_fault vls_vfs_fault(const vls_vfs *vfs);
const char *vls_vfs_problem(const vls_vfs *vfs);

#endif
