/* Writing a backup (BACKUP 2, 3): rows in, sealed chunks out; and the tables as rows, read while
 * the node goes on. What is in a backup was in the store when it began: what came later is not, and
 * what changed meanwhile is told as if the later had not come. */
#ifndef VALISE_STORE_BACKUP_H
#define VALISE_STORE_BACKUP_H

#include "crypto/backup.h"
#include "proto/backup.h"
#include "store/db.h"

/* --- the file --- */

typedef struct vls_backup_writer {
  vls_backup_cipher cipher;
  vls_buf plain; /* rows that fill no chunk yet */
  vls_backup_end counts;
} vls_backup_writer;

/* Takes over the cipher of vls_backup_head_make. */
void vls_backup_writer_init(vls_backup_writer *ret, const vls_backup_cipher *cipher);
void vls_backup_writer_done(vls_backup_writer *writer);
/* Adds a row, and appends the chunks that are full to out: VLS_TOO_BIG when they do not fit. After
 * VLS_BACKUP_END, which counts by itself, the final chunk is out. */
VLS_MUST vls_err vls_backup_writer_put(vls_backup_writer *writer, const vls_backup_row *row,
                                       vls_buf *out);

/* --- the tables --- */

/* A walk over the store. The rows' slices point into `room`. */
typedef struct vls_backup_walk {
  vls_backup_kind kind;                   /* of the next row */
  uint64_t contact, event, feed, message; /* the newest when it began; contact: or group */
  uint64_t gevent;
  uint64_t made;                             /* ms since 1970 */
  uint64_t n_contacts, n_events, n_messages; /* how many there were, about */
  uint64_t after[3];                         /* the row before, of this kind */
  uint8_t after_key[64];
  size_t n_after_key;
  vls_buf room;
} vls_backup_walk;

void vls_backup_walk_init(vls_backup_walk *ret, vls_store *store, uint64_t now_ms);
void vls_backup_walk_done(vls_backup_walk *walk);
/* The next row of the tables, from the contacts on; VLS_BACKUP_END after the last. Its slices are
 * good until the next call. Rows that the store has lost to a fault are left out: the store's error
 * says so. */
void vls_backup_walk_next(vls_backup_walk *walk, vls_store *store, vls_backup_row *ret);

/* --- bringing it back --- */

/* The mark that a backup is being brought back: a node that finds it at its start has no identity.
 * Everything in the tables goes, and the mark is set. */
void vls_restore_begin(vls_store *store);
/* Everything goes, and the mark too. */
void vls_restore_forget(vls_store *store);
bool vls_restore_is_open(vls_store *store);
void vls_restore_close(vls_store *store);
/* A row of the tables, as the reader gave it; START, SELF, SETTING and END are the caller's.
 * VLS_MALFORMED: it cannot be beside what is there. */
VLS_MUST vls_err vls_restore_row(vls_store *store, const vls_backup_row *row);

/* --- the key of the words --- */

/* False, and zeros, while there is none. */
bool vls_backup_key_get(vls_store *store, uint8_t ret_key[32]);
void vls_backup_key_put(vls_store *store, const uint8_t key[32], uint64_t now_ms);
/* ms since 1970 when it was put; 0: there is none. */
uint64_t vls_backup_key_since(vls_store *store);
/* ms since 1970 of the last backup that its client had on disk; 0: none. */
uint64_t vls_backup_last(vls_store *store);
void vls_backup_mark_made(vls_store *store, uint64_t now_ms);

#endif
