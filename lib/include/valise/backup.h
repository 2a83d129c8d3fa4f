/* A backup file (proto/backup.md): a head that says nothing but how its key is made, and sealed
 * chunks of one size. Bytes in, bytes out; files, words and passphrases are the caller's.
 *
 *   file = head 96 | chunk ...
 *   head = "valise backup" 0 | format 1 | kind 1 | passes be32 | KiB be32 | salt 16 | fresh 24 |
 *          check 32
 *
 * The reader takes a file apart: which of its rows are believed, and what is done with them, is
 * the caller's. Nothing of a chunk is given out before all of it was authenticated under its place,
 * so that a row is either as it was written or not seen. */
#ifndef VALISE_BACKUP_H
#define VALISE_BACKUP_H

#include "valise/keyslot.h"
#include "valise/words.h"

enum {
  VLS_BACKUP_HEAD = 96,
  VLS_BACKUP_SALT = 16,
  VLS_BACKUP_PLAIN = 65536,                /* bytes of rows in a chunk, padding among them */
  VLS_BACKUP_CHUNK = VLS_BACKUP_PLAIN + 48 /* and what it takes in the file */
};

typedef enum vls_backup_lock {
  VLS_BACKUP_WORDS = 1,     /* opens with the recovery words */
  VLS_BACKUP_PASSPHRASE = 2 /* opens with a passphrase */
} vls_backup_lock;

/* Holds no secret. */
typedef struct vls_backup_head {
  vls_backup_lock lock;
  vls_argon_cost cost; /* zeros for words */
  uint8_t salt[VLS_BACKUP_SALT];
  uint8_t bytes[VLS_BACKUP_HEAD]; /* as they stand in the file */
} vls_backup_head;

/* Reads the first VLS_BACKUP_HEAD bytes of a file. VLS_MALFORMED: it is no backup; VLS_NEWER: of a
 * later format; VLS_TOO_BIG: it asks for more than Argon2id may be given. */
VLS_MUST vls_err vls_backup_head_get(vls_backup_head *ret, vls_slice bytes);

/* The key that the recovery words give: the node keeps it, and not the words. */
void vls_backup_key_of_words(uint8_t ret_key[32], const uint8_t secret[VLS_WORDS_SECRET]);
/* The key that a passphrase gives, with this salt at this cost: takes its time and its memory.
 * VLS_USAGE: too short, too long, or the cost out of bounds; VLS_SYSTEM: no memory. */
VLS_MUST vls_err vls_backup_key_of_passphrase(uint8_t ret_key[32], vls_slice passphrase,
                                              const uint8_t salt[VLS_BACKUP_SALT],
                                              vls_argon_cost cost);

struct vls_backup_setting;
/* Whether a file of settings may be in a backup, behind the one before (NULL: it is the first). */
bool vls_backup_setting_is_right(const struct vls_backup_setting *before,
                                 const struct vls_backup_setting *one);

struct vls_backup_row;
typedef struct vls_backup_reader vls_backup_reader;

/* VLS_FORGED: the key is not the file's, or its head is damaged. Borrows for the call. */
VLS_MUST vls_err vls_backup_reader_new(vls_backup_reader **ret, const vls_backup_head *head,
                                       const uint8_t key[32]);
/* The next VLS_BACKUP_CHUNK bytes of the file, once all rows before them were taken; fewer are
 * refused. VLS_FORGED: damaged, cut, or not in this place; VLS_MALFORMED: the file should have
 * ended before. Any failure is for good. */
VLS_MUST vls_err vls_backup_reader_put(vls_backup_reader *reader, vls_slice chunk);
/* The next row, checked by its table and by what may stand where it stands; its slices are good
 * until the next call. VLS_AGAIN: another chunk is needed, or, when vls_backup_reader_is_whole,
 * there is no more. VLS_MALFORMED: a right key has sealed what no backup holds. */
VLS_MUST vls_err vls_backup_reader_row(vls_backup_reader *reader, struct vls_backup_row *ret);
/* All of it was there: the last row, and the last chunk. */
bool vls_backup_reader_is_whole(const vls_backup_reader *reader);
/* What is wrong with the file, for a person; "" while nothing is. */
const char *vls_backup_reader_problem(const vls_backup_reader *reader);
/* Wipes. Takes NULL. */
void vls_backup_reader_free(vls_backup_reader *reader);

#endif
