/* The key of a sealed store, and the small file beside it in which that key is wrapped: once for
 * each way to open it. Bytes in, bytes out: reading the file, and replacing it whole (write beside
 * it, fsync, rename, fsync of the folder), is the caller's.
 *
 *   file = "valise keys" 0 | format 1 | slots 1 | uuid 16 | slot ...
 *   slot = kind 1 | passes be32 | KiB be32 | salt 16 | N24 | SEAL(kek, N24, AD, data key)      129
 * bytes kek  = XWL(Argon2id(passphrase, salt, passes, KiB), "keyslot passphrase", uuid), or
 *          XWL(HKDF-Extract(salt, credential), "keyslot credential", uuid)
 *   AD   = everything in the file before the first slot but the number of slots, and the slot up to
 * N24
 *
 * SEAL commits to its key: one slot cannot be made that two passphrases open. A slot is whole by
 * itself, so damage to one leaves the others. What a slot asks Argon2id for is bounded before it is
 * run, for all slots together. Whoever has an old copy of the file and a passphrase that opened it
 * has the data key: changing a passphrase does not change what it once gave away. */
#ifndef VALISE_KEYSLOT_H
#define VALISE_KEYSLOT_H

#include "valise/types.h"

enum {
  VLS_KEYSLOTS_MAX = 8,
  VLS_KEYSLOT_BYTES = 129,
  VLS_KEYFILE_HEAD = 30,
  VLS_KEYFILE_MAX = VLS_KEYFILE_HEAD + VLS_KEYSLOTS_MAX * VLS_KEYSLOT_BYTES,
  VLS_PASSPHRASE_MAX = 1024, /* bytes */
  VLS_CREDENTIAL_MIN = 32,   /* bytes; they are taken to be random */
  VLS_CREDENTIAL_MAX = 4096,
  VLS_ARGON_KIB_MIN = 8,
  VLS_ARGON_KIB_MAX = 1 << 20,  /* 1 GiB at once */
  VLS_ARGON_WORK_MAX = 4 << 20, /* KiB times passes, all slots of a file together */
};

typedef struct vls_argon_cost {
  uint32_t passes, kib;
} vls_argon_cost;
#define VLS_ARGON_MODERATE ((vls_argon_cost){3, 256 << 10})

typedef enum vls_keyslot_kind { VLS_SLOT_PASSPHRASE = 1, VLS_SLOT_CREDENTIAL = 2 } vls_keyslot_kind;

typedef struct vls_keyslot {
  vls_keyslot_kind kind;
  vls_argon_cost cost; /* zeros for a credential */
  uint8_t salt[16], nonce[24], wrapped[80];
} vls_keyslot;

/* Holds no secret. */
typedef struct vls_keyfile {
  uint8_t uuid[16];
  size_t n;
  vls_keyslot slot[VLS_KEYSLOTS_MAX];
} vls_keyfile;

/* A data key and uuid for a new store, from 32 bytes of fresh entropy; no slot yet. */
void vls_keyfile_new(vls_keyfile *ret, uint8_t ret_key[32], const uint8_t seed[32]);

/* VLS_MALFORMED; VLS_NEWER for a later format; VLS_TOO_BIG for a slot, or slots, that ask for more
 * than the bounds above. */
VLS_MUST vls_err vls_keyfile_decode(vls_keyfile *ret, vls_slice bytes);
/* Writes at most VLS_KEYFILE_MAX bytes; gives how many. */
size_t vls_keyfile_encode(const vls_keyfile *file, uint8_t out[VLS_KEYFILE_MAX]);

/* Appends a slot. seed: 32 bytes of fresh entropy. VLS_USAGE: the passphrase or credential is too
 * short or too long, or the cost out of bounds. VLS_LIMITED: no room for one more. VLS_SYSTEM: no
 * memory for Argon2id. The file is as before then. */
VLS_MUST vls_err vls_keyslot_add_passphrase(vls_keyfile *file, const uint8_t key[32],
                                            vls_slice passphrase, vls_argon_cost cost,
                                            const uint8_t seed[32]);
VLS_MUST vls_err vls_keyslot_add_credential(vls_keyfile *file, const uint8_t key[32],
                                            vls_slice credential, const uint8_t seed[32]);
/* The slot at `at` gets another passphrase, and is a passphrase's from then on. Errors as for
 * adding; VLS_NOT_FOUND: there is no such slot. */
VLS_MUST vls_err vls_keyslot_change(vls_keyfile *file, size_t at, const uint8_t key[32],
                                    vls_slice passphrase, vls_argon_cost cost,
                                    const uint8_t seed[32]);
/* VLS_STATE: it is the last one, and nothing would open the store any more. VLS_NOT_FOUND. */
VLS_MUST vls_err vls_keyslot_drop(vls_keyfile *file, size_t at);

/* Unwraps the data key; *ret_at, if ret_at is not NULL, is the slot that opened. VLS_NOT_FOUND: no
 * slot is of this kind. VLS_FORGED: none of them opens with it. VLS_SYSTEM: no memory for Argon2id.
 * ret_key is zeroed on failure. */
VLS_MUST vls_err vls_keyslot_open_passphrase(const vls_keyfile *file, vls_slice passphrase,
                                             uint8_t ret_key[32], size_t *ret_at);
VLS_MUST vls_err vls_keyslot_open_credential(const vls_keyfile *file, vls_slice credential,
                                             uint8_t ret_key[32], size_t *ret_at);

#endif
