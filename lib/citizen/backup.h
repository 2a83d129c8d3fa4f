/* Backups of this node's citizen (proto/backup.md): making one, piece by piece, while the node goes
 * on; and bringing one back into a store that has no identity. */
#ifndef VALISE_CITIZEN_BACKUP_H
#define VALISE_CITIZEN_BACKUP_H

#include "citizen/self.h"
#include "store/backup.h"

/* --- making --- */

typedef struct vls_backup_job vls_backup_job;

typedef struct vls_backup_wish {
  vls_backup_lock lock;
  const uint8_t *salt; /* of the passphrase; NULL for words */
  vls_argon_cost cost; /* zeros for words */
  const uint8_t *key;  /* 32 bytes; NULL: the one that the store keeps of the words */
  const vls_backup_setting *settings; /* ascending by file */
  size_t n_settings;
  const char *version;
} vls_backup_wish;

/* What is in it is fixed now. ret_head: the beginning of the file. VLS_NOT_FOUND: no key was given,
 * and the store keeps none; VLS_STATE: no identity; VLS_MALFORMED: the settings; VLS_USAGE: the
 * cost. Everything is borrowed for the call. */
VLS_MUST vls_err vls_backup_begin(vls_backup_job **ret, vls_backup_head *ret_head, vls_store *store,
                                  const vls_backup_wish *wish, vls_rng *rng, uint64_t now_ms);
/* Appends at most max_chunks of the chunks that follow; they are in the order of the file. True:
 * there are more. */
bool vls_backup_more(vls_backup_job *job, vls_store *store, size_t max_chunks, vls_buf *out);
/* All of it was fetched. */
bool vls_backup_is_done(const vls_backup_job *job);
/* How many contacts, events and texts there are about, and how many rows are in it so far. */
void vls_backup_progress(const vls_backup_job *job, vls_backup_start *ret_of, uint64_t *ret_rows);
/* Wipes. Takes NULL. */
void vls_backup_job_free(vls_backup_job *job);

/* --- bringing back --- */

typedef struct vls_restore vls_restore;

/* The store has no identity (else VLS_EXISTS): what an earlier try left goes, and the mark of
 * vls_restore_begin is set. VLS_FORGED: the key is not the file's. */
VLS_MUST vls_err vls_restore_new(vls_restore **ret, vls_store *store, const vls_backup_head *head,
                                 const uint8_t key[32]);
/* The next chunks, whole ones: each row is checked, and then stored. Anything but VLS_OK: the
 * file is refused, nothing of it is left in the store, and vls_restore_problem says why. */
VLS_MUST vls_err vls_restore_put(vls_restore *restore, vls_store *store, vls_slice chunks);
/* All chunks were put: makes the node a new device of this citizen (vls_self_renew) and takes the
 * mark away, all in one transaction, which is the caller's to commit. VLS_MALFORMED: the file was
 * not whole; nothing is left of it. */
VLS_MUST vls_err vls_restore_end(vls_restore *restore, vls_store *store, vls_self *ret_self,
                                 vls_rng *rng, const vls_slice *addresses, size_t n_addresses,
                                 uint64_t now_ms);
const char *vls_restore_problem(const vls_restore *restore);
/* Rows so far, and those of contacts and texts. */
const vls_backup_end *vls_restore_counts(const vls_restore *restore);
/* Wipes. Takes NULL. */
void vls_restore_free(vls_restore *restore);

#endif
