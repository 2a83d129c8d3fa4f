/* The sealing of backup files (BACKUP 2): the head, the key of one file, its chunks in their order.
 * vls_backup_head and the keys of words and passphrases are in valise/backup.h. */
#ifndef VALISE_CRYPTO_BACKUP_H
#define VALISE_CRYPTO_BACKUP_H

#include "crypto/rng.h"
#include "valise/backup.h"

/* The key of one file, and the place of the next chunk. A secret: wipe it. */
typedef struct vls_backup_cipher {
  uint8_t key[32];
  uint64_t next;
  bool final; /* the last chunk was made, or seen */
} vls_backup_cipher;

/* Whether Argon2id may be given this much. */
bool vls_backup_cost_is_right(vls_argon_cost cost);
/* A head for a new file under `key`. salt, cost: of the passphrase; NULL and zeros for words. */
void vls_backup_head_make(vls_backup_head *ret, vls_backup_cipher *ret_cipher, vls_backup_lock lock,
                          const uint8_t salt[VLS_BACKUP_SALT], vls_argon_cost cost,
                          const uint8_t key[32], vls_rng *rng);
/* VLS_FORGED: another key, or a damaged head. */
VLS_MUST vls_err vls_backup_cipher_open(vls_backup_cipher *ret, const vls_backup_head *head,
                                        const uint8_t key[32]);
/* Seals VLS_BACKUP_PLAIN bytes into VLS_BACKUP_CHUNK. Never after the final one. */
void vls_backup_chunk_seal(vls_backup_cipher *cipher, const uint8_t plain[VLS_BACKUP_PLAIN],
                           bool final, uint8_t out[VLS_BACKUP_CHUNK]);
/* VLS_FORGED: not the chunk of this place; VLS_MALFORMED: the final one was here before. */
VLS_MUST vls_err vls_backup_chunk_open(vls_backup_cipher *cipher,
                                       const uint8_t chunk[VLS_BACKUP_CHUNK],
                                       uint8_t out[VLS_BACKUP_PLAIN]);

#endif
