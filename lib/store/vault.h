/* The vault: keys for rows that must not be read again once they are spent. Sessions, skipped
 * message keys and prekeys are sealed, row by row, under keys that are in one small file beside the
 * store ("-vault" behind its name) and nowhere else. SQLite leaves old versions of a row behind, in
 * free pages and in its log; when the key they were sealed under is overwritten, they cannot be
 * read any more, not even by somebody who holds the files, the passphrase and the data key.
 *
 * There is a slot for each contact, by its number, and slot 0 for the node's own prekeys. A slot
 * has a key for each part, so that a contact's thousands of skipped keys are not written again for
 * every step of its ratchet; and each slot is in the file twice, on two pages of the disk:
 *
 *   block | block ...      block = 32 slots | the same 32 slots again, 4,096 bytes each
 *   slot = nonce 24 | XChaCha20-Poly1305(generation be64, 2 keys of 32, zeros 16), 128 bytes
 *
 * with "valise vault 1", the uuid of the store and the slot's number (be64) as associated data,
 * under a key that comes from the data key of a sealed store: the vault looks random, and its size
 * tells how many contacts there are, to the next 32. Beside a store in clear key and uuid are
 * zeros, and the tag is only a checksum.
 *
 * A key is replaced in place: the new one over one of the two copies and to the disk; the live rows
 * sealed again under it and committed; then over the other copy, where the old key was. Of two
 * copies that differ the one of the higher generation has the new key; rows may be under either, so
 * after a cut anywhere in between nothing is lost, and it is done to its end. Never a new file in
 * the place of the old: that would leave the old one's blocks. What this does not reach: a
 * filesystem or a drive that keeps the former contents of a block it was told to overwrite.
 *
 * A torn write harms at most the copy it was meant for, as long as the disk writes a sector whole
 * or not at all. */
#ifndef VALISE_STORE_VAULT_H
#define VALISE_STORE_VAULT_H

#include <sqlite3.h>

#include "base/buf.h"
#include "crypto/rng.h"

enum {
  VLS_VAULT_UNIT = 128,
  VLS_VAULT_BLOCK = 32,          /* slots that the file grows by */
  VLS_VAULT_SLOTS_MAX = 1 << 16, /* many times VLS_CONTACTS_MAX; a higher number is damaged */
  VLS_VAULT_EXTRA = 24 + 16,     /* bytes a sealed row is longer */
  VLS_VAULT_ROUND_SLOTS = 256,   /* whose keys are replaced in one turn */
  VLS_VAULT_ROUND_ROWS = 4096,   /* sealed again in one turn; one slot may have more */
};

typedef enum vls_vault_part {
  VLS_VAULT_STATE,   /* ratchets; of slot 0: signed prekeys */
  VLS_VAULT_SKIPPED, /* message keys passed over; of slot 0: one-time prekeys */
  VLS_VAULT_PARTS
} vls_vault_part;
enum { VLS_VAULT_ALL = (1 << VLS_VAULT_PARTS) - 1 };

typedef struct vls_vault_slot {
  uint64_t gen; /* grows with each replacement */
  uint8_t key[VLS_VAULT_PARTS][32];
  uint8_t old[VLS_VAULT_PARTS][32]; /* not overwritten yet; rows may still be under it */
  uint8_t has_old;                  /* bits by part; so are the next two */
  uint8_t spent;                    /* rows that were under the key are to be forgotten */
  uint8_t marked;                   /* the table `spent` says so, or has not been told otherwise */
  uint8_t good;                     /* the copy in the file that has `key` */
  bool twin;                        /* so has the other */
  bool unsure;                      /* perhaps in the system's memory only, not on the disk */
} vls_vault_slot;

typedef struct vls_vault {
  vls_rng rng;
  uint8_t unit_key[32], uuid[16];
  vls_vault_slot *slot;
  size_t n;
  sqlite3_vfs *vfs;
  char *path;
  sqlite3_file *file; /* NULL until there is one */
  bool waiting;       /* something is spent, or an old key is not overwritten yet */
  uint64_t needed;    /* slots that there must be for all that is spent; 0: they are there */
  uint64_t turning[VLS_VAULT_ROUND_SLOTS]; /* being replaced in this transaction */
  bool fresh[VLS_VAULT_ROUND_SLOTS];       /* with a new key; else to end an earlier turn */
  size_t n_turning;
} vls_vault;

/* In guarded memory. seed: 32 bytes of entropy. path: with the suffix; copied. vfs: borrowed as
 * long as the vault lives. key and uuid: of a sealed store, or both NULL. */
vls_vault *vls_vault_new(const uint8_t seed[32], sqlite3_vfs *vfs, const char *path,
                         const uint8_t *key, const uint8_t *uuid);
/* Wipes. Takes NULL. */
void vls_vault_free(vls_vault *vault);

/* The following give SQLite's codes; SQLITE_FULL also when a quota is used up. */

/* Reads the file, if there is one; it is made when the first slot is. A slot that neither copy
 * tells gets new keys, and what was sealed under the old is lost. may_be_clear: the store was in
 * clear until now; slots in clear are sealed, in place. */
int vls_vault_load(vls_vault *vault, bool may_be_clear);
/* There is this slot, and it is on the disk. */
int vls_vault_reach(vls_vault *vault, uint64_t slot);
/* A new key for these parts of a slot that has no old one: over one copy, not yet synced. */
int vls_vault_renew(vls_vault *vault, uint64_t slot, unsigned parts);
/* The key it has once more, where a turn was cut off, not yet synced. */
int vls_vault_repeat(vls_vault *vault, uint64_t slot);
/* The new key never counted. */
void vls_vault_revert(vls_vault *vault, uint64_t slot);
/* The present keys over the other copy, not yet synced. */
int vls_vault_bury(vls_vault *vault, uint64_t slot);
/* They are on the disk, and the old ones nowhere any more. */
void vls_vault_forget(vls_vault *vault, uint64_t slot);
int vls_vault_sync(vls_vault *vault);

/* out: pt.n + VLS_VAULT_EXTRA bytes. The slot is there. */
void vls_vault_seal(vls_vault *vault, uint64_t slot, vls_vault_part part, vls_slice ad,
                    vls_slice pt, uint8_t *out);
/* Under the present key or the old one. VLS_FORGED, and out zeroed, when neither opens it. out:
 * sealed.n - VLS_VAULT_EXTRA bytes. */
VLS_MUST vls_err vls_vault_open(const vls_vault *vault, uint64_t slot, vls_vault_part part,
                                vls_slice ad, vls_slice sealed, uint8_t *out);

#endif
