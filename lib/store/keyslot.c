#include "valise/keyslot.h"

#include <sodium.h>

#include "base/assert.h"
#include "crypto/kdf.h"
#include "crypto/rng.h"
#include "crypto/seal.h"

enum {
  FORMAT = 1,
  MAGIC = 12, /* its NUL counts */
  UUID = 16,
  SALT = 16,
  SLOT_HEAD = 1 + 4 + 4 + SALT, /* up to the nonce */
  AD = MAGIC + 1 + UUID + SLOT_HEAD,
};
static const uint8_t magic[MAGIC] = "valise keys";

_Static_assert(VLS_KEYFILE_HEAD == MAGIC + 1 + 1 + UUID, "the head of a key file");
_Static_assert(VLS_KEYSLOT_BYTES == SLOT_HEAD + VLS_N24 + VLS_KEY + VLS_SEAL_EXTRA, "a slot");
_Static_assert(crypto_pwhash_SALTBYTES == SALT, "the salt of Argon2id");

static uint64_t work_of(const vls_keyslot *slot) {
  return (uint64_t)slot->cost.passes * slot->cost.kib;
}

static uint64_t work_of_all(const vls_keyfile *file, size_t but) {
  uint64_t sum = 0;
  for (size_t i = 0; i < file->n; i++)
    if (i != but) sum += work_of(&file->slot[i]);
  return sum;
}

static bool is_cost(vls_argon_cost cost) {
  return cost.passes >= 1 && cost.kib >= VLS_ARGON_KIB_MIN && cost.kib <= VLS_ARGON_KIB_MAX &&
         (uint64_t)cost.passes * cost.kib <= VLS_ARGON_WORK_MAX;
}

void vls_keyfile_new(vls_keyfile *ret, uint8_t ret_key[32], const uint8_t seed[32]) {
  vls_rng rng;
  vls_rng_init(&rng, seed);
  *ret = (vls_keyfile){0};
  vls_rng_bytes(&rng, ret_key, VLS_KEY);
  vls_rng_bytes(&rng, ret->uuid, UUID);
  vls_rng_done(&rng);
}

/* --- bytes --- */

static void put_slot_head(uint8_t out[SLOT_HEAD], const vls_keyslot *slot) {
  out[0] = (uint8_t)slot->kind;
  vls_be32_put(out + 1, slot->cost.passes);
  vls_be32_put(out + 5, slot->cost.kib);
  memcpy(out + 9, slot->salt, SALT);
}

size_t vls_keyfile_encode(const vls_keyfile *file, uint8_t out[VLS_KEYFILE_MAX]) {
  VLS_ASSERT(file->n <= VLS_KEYSLOTS_MAX);
  memcpy(out, magic, MAGIC);
  out[MAGIC] = FORMAT;
  out[MAGIC + 1] = (uint8_t)file->n;
  memcpy(out + MAGIC + 2, file->uuid, UUID);
  uint8_t *p = out + VLS_KEYFILE_HEAD;
  for (size_t i = 0; i < file->n; i++, p += VLS_KEYSLOT_BYTES) {
    const vls_keyslot *slot = &file->slot[i];
    put_slot_head(p, slot);
    memcpy(p + SLOT_HEAD, slot->nonce, sizeof slot->nonce);
    memcpy(p + SLOT_HEAD + VLS_N24, slot->wrapped, sizeof slot->wrapped);
  }
  return (size_t)(p - out);
}

static vls_err get_slot(vls_keyslot *ret, const uint8_t *p) {
  ret->cost = (vls_argon_cost){vls_be32_get(p + 1), vls_be32_get(p + 5)};
  memcpy(ret->salt, p + 9, SALT);
  memcpy(ret->nonce, p + SLOT_HEAD, sizeof ret->nonce);
  memcpy(ret->wrapped, p + SLOT_HEAD + VLS_N24, sizeof ret->wrapped);
  switch (p[0]) {
  case VLS_SLOT_PASSPHRASE:
    ret->kind = VLS_SLOT_PASSPHRASE;
    if (ret->cost.passes == 0 || ret->cost.kib < VLS_ARGON_KIB_MIN) return VLS_MALFORMED;
    return is_cost(ret->cost) ? VLS_OK : VLS_TOO_BIG;
  case VLS_SLOT_CREDENTIAL:
    ret->kind = VLS_SLOT_CREDENTIAL;
    return work_of(ret) == 0 && ret->cost.passes == ret->cost.kib ? VLS_OK : VLS_MALFORMED;
  default: return VLS_MALFORMED;
  }
}

vls_err vls_keyfile_decode(vls_keyfile *ret, vls_slice bytes) {
  vls_keyfile file = {0};
  if (bytes.n < VLS_KEYFILE_HEAD || memcmp(bytes.p, magic, MAGIC) != 0) return VLS_MALFORMED;
  if (bytes.p[MAGIC] > FORMAT) return VLS_NEWER;
  if (bytes.p[MAGIC] != FORMAT) return VLS_MALFORMED;
  file.n = bytes.p[MAGIC + 1];
  if (file.n > VLS_KEYSLOTS_MAX) return VLS_MALFORMED;
  if (bytes.n != VLS_KEYFILE_HEAD + file.n * VLS_KEYSLOT_BYTES) return VLS_MALFORMED;
  memcpy(file.uuid, bytes.p + MAGIC + 2, UUID);
  for (size_t i = 0; i < file.n; i++) {
    vls_err err = get_slot(&file.slot[i], bytes.p + VLS_KEYFILE_HEAD + i * VLS_KEYSLOT_BYTES);
    if (err != VLS_OK) return err;
  }
  if (work_of_all(&file, SIZE_MAX) > VLS_ARGON_WORK_MAX) return VLS_TOO_BIG;
  *ret = file;
  return VLS_OK;
}

/* --- wrapping --- */

static bool is_secret(vls_keyslot_kind kind, vls_slice secret) {
  if (kind == VLS_SLOT_PASSPHRASE) return secret.n >= 1 && secret.n <= VLS_PASSPHRASE_MAX;
  return secret.n >= VLS_CREDENTIAL_MIN && secret.n <= VLS_CREDENTIAL_MAX;
}

static vls_err kek_of(uint8_t ret_kek[VLS_KEY], const vls_keyfile *file, const vls_keyslot *slot,
                      vls_slice secret) {
  uint8_t prk[VLS_KEY];
  vls_slice uuid = vls_slice_of(file->uuid, UUID);
  if (slot->kind == VLS_SLOT_CREDENTIAL) {
    vls_hkdf_extract(prk, vls_slice_of(slot->salt, SALT), secret);
    vls_xwl(ret_kek, VLS_KEY, prk, "keyslot credential", uuid);
  } else {
    size_t bytes = (size_t)slot->cost.kib << 10;
    if (crypto_pwhash(prk, sizeof prk, (const char *)secret.p, secret.n, slot->salt,
                      slot->cost.passes, bytes, crypto_pwhash_ALG_ARGON2ID13) != 0)
      return VLS_SYSTEM;
    vls_xwl(ret_kek, VLS_KEY, prk, "keyslot passphrase", uuid);
  }
  vls_wipe(prk, sizeof prk);
  return VLS_OK;
}

static vls_slice ad_of(uint8_t ad[AD], const vls_keyfile *file, const vls_keyslot *slot) {
  memcpy(ad, magic, MAGIC);
  ad[MAGIC] = FORMAT;
  memcpy(ad + MAGIC + 1, file->uuid, UUID);
  put_slot_head(ad + MAGIC + 1 + UUID, slot);
  return vls_slice_of(ad, AD);
}

/* Fills a slot; the file's slots are not touched. */
static vls_err wrap(vls_keyslot *ret, const vls_keyfile *file, vls_keyslot_kind kind,
                    vls_slice secret, vls_argon_cost cost, const uint8_t key[32],
                    const uint8_t seed[32]) {
  uint8_t kek[VLS_KEY], ad[AD];
  vls_rng rng;
  vls_keyslot slot = {.kind = kind, .cost = cost};
  vls_rng_init(&rng, seed);
  vls_rng_bytes(&rng, slot.salt, sizeof slot.salt);
  vls_rng_bytes(&rng, slot.nonce, sizeof slot.nonce);
  vls_rng_done(&rng);
  vls_err err = kek_of(kek, file, &slot, secret);
  if (err == VLS_OK) {
    vls_seal(slot.wrapped, kek, slot.nonce, ad_of(ad, file, &slot), vls_slice_of(key, VLS_KEY));
    *ret = slot;
  }
  vls_wipe(kek, sizeof kek);
  return err;
}

static vls_err add(vls_keyfile *file, vls_keyslot_kind kind, vls_slice secret, vls_argon_cost cost,
                   const uint8_t key[32], const uint8_t seed[32]) {
  if (!is_secret(kind, secret)) return VLS_USAGE;
  if (file->n >= VLS_KEYSLOTS_MAX) return VLS_LIMITED;
  vls_keyslot slot = {.cost = cost};
  if (work_of_all(file, SIZE_MAX) + work_of(&slot) > VLS_ARGON_WORK_MAX) return VLS_LIMITED;
  vls_err err = wrap(&slot, file, kind, secret, cost, key, seed);
  if (err == VLS_OK) file->slot[file->n++] = slot;
  return err;
}

vls_err vls_keyslot_add_passphrase(vls_keyfile *file, const uint8_t key[32], vls_slice passphrase,
                                   vls_argon_cost cost, const uint8_t seed[32]) {
  if (!is_cost(cost)) return VLS_USAGE;
  return add(file, VLS_SLOT_PASSPHRASE, passphrase, cost, key, seed);
}

vls_err vls_keyslot_add_credential(vls_keyfile *file, const uint8_t key[32], vls_slice credential,
                                   const uint8_t seed[32]) {
  return add(file, VLS_SLOT_CREDENTIAL, credential, (vls_argon_cost){0}, key, seed);
}

vls_err vls_keyslot_change(vls_keyfile *file, size_t at, const uint8_t key[32],
                           vls_slice passphrase, vls_argon_cost cost, const uint8_t seed[32]) {
  if (at >= file->n) return VLS_NOT_FOUND;
  if (!is_cost(cost) || !is_secret(VLS_SLOT_PASSPHRASE, passphrase)) return VLS_USAGE;
  vls_keyslot slot = {.cost = cost};
  if (work_of_all(file, at) + work_of(&slot) > VLS_ARGON_WORK_MAX) return VLS_LIMITED;
  return wrap(&file->slot[at], file, VLS_SLOT_PASSPHRASE, passphrase, cost, key, seed);
}

vls_err vls_keyslot_drop(vls_keyfile *file, size_t at) {
  if (at >= file->n) return VLS_NOT_FOUND;
  if (file->n == 1) return VLS_STATE;
  for (size_t i = at + 1; i < file->n; i++)
    file->slot[i - 1] = file->slot[i];
  file->slot[--file->n] = (vls_keyslot){0};
  return VLS_OK;
}

static vls_err unwrap(const vls_keyfile *file, vls_keyslot_kind kind, vls_slice secret,
                      uint8_t ret_key[32], size_t *ret_at) {
  vls_err err = VLS_NOT_FOUND;
  vls_wipe(ret_key, VLS_KEY);
  for (size_t i = 0; i < file->n; i++) {
    const vls_keyslot *slot = &file->slot[i];
    uint8_t kek[VLS_KEY], ad[AD];
    if (slot->kind != kind) continue;
    if (!is_secret(kind, secret)) return VLS_FORGED; /* such a one was never set */
    err = kek_of(kek, file, slot, secret);
    if (err != VLS_OK) return err;
    err = vls_open(ret_key, kek, slot->nonce, ad_of(ad, file, slot),
                   vls_slice_of(slot->wrapped, sizeof slot->wrapped));
    vls_wipe(kek, sizeof kek);
    if (err != VLS_OK) continue;
    if (ret_at != NULL) *ret_at = i;
    return VLS_OK;
  }
  return err;
}

vls_err vls_keyslot_open_passphrase(const vls_keyfile *file, vls_slice passphrase,
                                    uint8_t ret_key[32], size_t *ret_at) {
  return unwrap(file, VLS_SLOT_PASSPHRASE, passphrase, ret_key, ret_at);
}

vls_err vls_keyslot_open_credential(const vls_keyfile *file, vls_slice credential,
                                    uint8_t ret_key[32], size_t *ret_at) {
  return unwrap(file, VLS_SLOT_CREDENTIAL, credential, ret_key, ret_at);
}
