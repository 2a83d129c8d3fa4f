/* The store as its owner sees it: open, commit, roll back, close. What is in it is core's affair.
 * Beside the file at `path` stand its log ("-wal") while it is open, and the vault ("-vault") with
 * the keys of ratchet secrets: a copy of a store without its vault has lost its sessions. */
#ifndef VALISE_STORE_H
#define VALISE_STORE_H

#include "valise/types.h"

typedef struct vls_store vls_store;

/* Opens or creates the store. path: a file in a directory only its owner can enter, or ":memory:".
 * seed: 32 bytes of fresh entropy, borrowed for the call; the same seed and the same calls give the
 * same store. cache_kib: SQLite's page cache; 0 for the default (2048). On failure `*ret_why`, if
 * ret_why is not NULL, is set to a constant sentence for a person. VLS_LOCKED: another process has
 * it. VLS_NEWER: written by a newer version. VLS_DAMAGED, at once or later: what is read is not
 * what was written, as far as that can be seen. VLS_STORAGE: the disk refuses. VLS_FULL. */
VLS_MUST vls_err vls_store_open(vls_store **ret_store, const char *path, const uint8_t seed[32],
                                unsigned cache_kib, const char **ret_why);
/* The same for a store that is encrypted at rest: nothing of it, of its log or of anything SQLite
 * would write is on the disk in clear. key, uuid: from the key file (keyslot.h), borrowed for the
 * call. VLS_FORGED: the key is not the store's. VLS_STATE: the store is there, but in clear.
 * Otherwise as above; VLS_STORAGE, at once or later, when a byte of it is not what was last written
 * there. */
VLS_MUST vls_err vls_store_open_sealed(vls_store **ret_store, const char *path,
                                       const uint8_t key[32], const uint8_t uuid[16],
                                       const uint8_t seed[32], unsigned cache_kib,
                                       const char **ret_why);
/* Fresh entropy for its keys and nonces, with every batch: a machine that was cloned or resumed
 * must not draw the same ones again. A core does it with the entropy it is fed. */
void vls_store_stir(vls_store *store, vls_slice entropy);
/* Copies a store in clear, brought to the present version, into a new sealed one. On VLS_OK all of
 * it is on the disk at sealed_path, it opens, and the store at plain_path is as it was but for its
 * version: removing it, and putting the other in its place, is the caller's. The vault beside the
 * store in clear (plain_path with "-vault" behind it) belongs to both, and is sealed when the copy
 * is first opened in that place. On failure, or after a crash, the file at sealed_path and its -wal
 * are to be removed, and the copy begun again; VLS_EXISTS when something is there already. Needs as
 * much space on the disk as the store in clear has, and up to 32 MiB for the log. Other errors as
 * for opening; *ret_why likewise. */
VLS_MUST vls_err vls_store_seal(const char *plain_path, const char *sealed_path,
                                const uint8_t key[32], const uint8_t uuid[16],
                                const uint8_t seed[32], const char **ret_why);

/* Ends the open transaction, if there is one, and waits until it is on disk. Anything but VLS_OK
 * means nothing of the batch counts: hand the result to vls_core_committed. */
VLS_MUST vls_err vls_store_commit(vls_store *store);
/* Forgets the open transaction: what a crash would do. */
void vls_store_rollback(vls_store *store);
/* Rolls back and closes; keys of the vault that are spent are overwritten before. Takes NULL. */
void vls_store_close(vls_store *store);
/* Moves the log into the main file when nobody is waiting; cheap when there is nothing to move. */
void vls_store_checkpoint(vls_store *store);
/* Once after opening, before anything that was read is acted upon: writes, waits for the disk, and
 * folds the log in. A process before this one may have been told that its last writes failed, and
 * left them in the system's memory, where they look as if they were on the disk; now they are. And
 * who could read but not write would not be of use. VLS_STORAGE, VLS_FULL, VLS_DAMAGED. */
VLS_MUST vls_err vls_store_prove(vls_store *store);
/* As vls_store_checkpoint, where it matters that it succeeds: all of it is in one file then.
 * VLS_STORAGE, VLS_FULL. */
VLS_MUST vls_err vls_store_fold(vls_store *store);
/* Reads all of it, and compares what must agree. VLS_DAMAGED, VLS_STORAGE. Long. */
VLS_MUST vls_err vls_store_verify(vls_store *store);
/* Whether it is encrypted at rest. */
bool vls_store_is_sealed(const vls_store *store);
/* The log moves into the main file by itself when it has more pages than this (4,096 at first). */
void vls_store_limit_log(vls_store *store, unsigned pages);
/* True when a write failed in such a way that all others will, until the store is opened again. */
bool vls_store_is_spent(const vls_store *store);
/* What the last failure was, for the log; borrowed until the next call. */
const char *vls_store_problem(const vls_store *store);

#endif
