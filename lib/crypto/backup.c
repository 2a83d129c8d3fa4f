#include "crypto/backup.h"

#include <sodium.h>

#include "base/assert.h"
#include "crypto/kdf.h"
#include "crypto/seal.h"

enum { MAGIC = 14, FORMAT = 1, SALT_AT = MAGIC + 10, FRESH_AT = SALT_AT + VLS_BACKUP_SALT };
enum { FRESH = 24, CHECK_AT = FRESH_AT + FRESH };
static const uint8_t magic[MAGIC] = "valise backup"; /* its NUL counts */

_Static_assert(CHECK_AT + VLS_HASH == VLS_BACKUP_HEAD, "the head of a backup");
_Static_assert(VLS_BACKUP_PLAIN + VLS_SEAL_EXTRA == VLS_BACKUP_CHUNK, "a chunk of a backup");
_Static_assert(crypto_pwhash_SALTBYTES == VLS_BACKUP_SALT, "the salt of Argon2id");

bool vls_backup_cost_is_right(vls_argon_cost cost) {
  return cost.passes >= 1 && cost.kib >= VLS_ARGON_KIB_MIN && cost.kib <= VLS_ARGON_KIB_MAX &&
         (uint64_t)cost.passes * cost.kib <= VLS_ARGON_WORK_MAX;
}

vls_err vls_backup_head_get(vls_backup_head *ret, vls_slice bytes) {
  vls_backup_head head;
  if (bytes.n != VLS_BACKUP_HEAD || memcmp(bytes.p, magic, MAGIC) != 0) return VLS_MALFORMED;
  if (bytes.p[MAGIC] > FORMAT) return VLS_NEWER;
  if (bytes.p[MAGIC] != FORMAT) return VLS_MALFORMED;
  memcpy(head.bytes, bytes.p, VLS_BACKUP_HEAD);
  head.cost =
      (vls_argon_cost){vls_be32_get(bytes.p + MAGIC + 2), vls_be32_get(bytes.p + MAGIC + 6)};
  memcpy(head.salt, bytes.p + SALT_AT, VLS_BACKUP_SALT);
  switch (bytes.p[MAGIC + 1]) {
  case VLS_BACKUP_WORDS:
    head.lock = VLS_BACKUP_WORDS;
    if (head.cost.passes != 0 || head.cost.kib != 0) return VLS_MALFORMED;
    break;
  case VLS_BACKUP_PASSPHRASE:
    head.lock = VLS_BACKUP_PASSPHRASE;
    if (!vls_backup_cost_is_right(head.cost)) return VLS_TOO_BIG;
    break;
  default: return VLS_MALFORMED;
  }
  *ret = head;
  return VLS_OK;
}

/* --- keys --- */

void vls_backup_key_of_words(uint8_t ret_key[32], const uint8_t secret[VLS_WORDS_SECRET]) {
  vls_xwl(ret_key, VLS_KEY, secret, "backup words", (vls_slice){0});
}

vls_err vls_backup_key_of_passphrase(uint8_t ret_key[32], vls_slice passphrase,
                                     const uint8_t salt[VLS_BACKUP_SALT], vls_argon_cost cost) {
  uint8_t prk[VLS_KEY];
  vls_err err = vls_crypto_init();
  memset(ret_key, 0, VLS_KEY);
  if (err != VLS_OK) return err;
  if (passphrase.n < 1 || passphrase.n > VLS_PASSPHRASE_MAX || !vls_backup_cost_is_right(cost))
    return VLS_USAGE;
  if (crypto_pwhash(prk, sizeof prk, (const char *)passphrase.p, passphrase.n, salt, cost.passes,
                    (size_t)cost.kib << 10, crypto_pwhash_ALG_ARGON2ID13) != 0)
    return VLS_SYSTEM;
  vls_xwl(ret_key, VLS_KEY, prk, "backup passphrase", (vls_slice){0});
  vls_wipe(prk, sizeof prk);
  return VLS_OK;
}

/* The file's own key, and the check by which a wrong one is told from damage. */
static void derive(vls_backup_cipher *ret, uint8_t ret_check[VLS_HASH],
                   const uint8_t head[VLS_BACKUP_HEAD], const uint8_t key[32]) {
  uint8_t prk[VLS_KEY], both[VLS_KEY + VLS_HASH];
  vls_hkdf_extract(prk, vls_slice_of(head + FRESH_AT, FRESH), vls_slice_of(key, VLS_KEY));
  vls_xwl(both, sizeof both, prk, "backup file", vls_slice_of(head, CHECK_AT));
  *ret = (vls_backup_cipher){.next = 0};
  memcpy(ret->key, both, VLS_KEY);
  memcpy(ret_check, both + VLS_KEY, VLS_HASH);
  vls_wipe(prk, sizeof prk);
  vls_wipe(both, sizeof both);
}

void vls_backup_head_make(vls_backup_head *ret, vls_backup_cipher *ret_cipher, vls_backup_lock lock,
                          const uint8_t salt[VLS_BACKUP_SALT], vls_argon_cost cost,
                          const uint8_t key[32], vls_rng *rng) {
  VLS_ASSERT(lock == VLS_BACKUP_WORDS ? salt == NULL && cost.passes == 0 && cost.kib == 0
                                      : salt != NULL && vls_backup_cost_is_right(cost));
  *ret = (vls_backup_head){.lock = lock, .cost = cost};
  uint8_t *out = ret->bytes;
  memcpy(out, magic, MAGIC);
  out[MAGIC] = FORMAT;
  out[MAGIC + 1] = (uint8_t)lock;
  vls_be32_put(out + MAGIC + 2, cost.passes);
  vls_be32_put(out + MAGIC + 6, cost.kib);
  if (salt != NULL) memcpy(ret->salt, salt, VLS_BACKUP_SALT);
  memcpy(out + SALT_AT, ret->salt, VLS_BACKUP_SALT);
  vls_rng_bytes(rng, out + FRESH_AT, FRESH);
  derive(ret_cipher, out + CHECK_AT, out, key);
}

vls_err vls_backup_cipher_open(vls_backup_cipher *ret, const vls_backup_head *head,
                               const uint8_t key[32]) {
  uint8_t check[VLS_HASH];
  derive(ret, check, head->bytes, key);
  bool ok = vls_secret_eq(check, head->bytes + CHECK_AT, sizeof check);
  vls_wipe(check, sizeof check);
  if (ok) return VLS_OK;
  vls_wipe(ret, sizeof *ret);
  return VLS_FORGED;
}

/* --- chunks --- */

/* Place and finality are the nonce: under a file's key each is used once. */
static void nonce_of(uint8_t ret[VLS_N24], uint64_t place, bool final) {
  memset(ret, 0, VLS_N24);
  vls_be64_put(ret, place);
  ret[8] = final ? 1 : 0;
}

void vls_backup_chunk_seal(vls_backup_cipher *cipher, const uint8_t plain[VLS_BACKUP_PLAIN],
                           bool final, uint8_t out[VLS_BACKUP_CHUNK]) {
  uint8_t nonce[VLS_N24];
  VLS_ASSERT(!cipher->final);
  nonce_of(nonce, cipher->next++, final);
  cipher->final = final;
  vls_seal(out, cipher->key, nonce, (vls_slice){0}, vls_slice_of(plain, VLS_BACKUP_PLAIN));
}

vls_err vls_backup_chunk_open(vls_backup_cipher *cipher, const uint8_t chunk[VLS_BACKUP_CHUNK],
                              uint8_t out[VLS_BACKUP_PLAIN]) {
  uint8_t nonce[VLS_N24];
  vls_slice sealed = vls_slice_of(chunk, VLS_BACKUP_CHUNK);
  if (cipher->final) return VLS_MALFORMED;
  for (int final = 0; final <= 1; final++) { /* the commitment tells which, before any work */
    nonce_of(nonce, cipher->next, final == 1);
    if (vls_open(out, cipher->key, nonce, (vls_slice){0}, sealed) != VLS_OK) continue;
    cipher->next++;
    cipher->final = final == 1;
    return VLS_OK;
  }
  return VLS_FORGED;
}
