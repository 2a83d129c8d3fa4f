/* The key file beside a sealed store: bytes of somebody who can write to the disk. The first byte
 * says whether they are the whole file or are laid over a good one; then nothing else opens than
 * what was put in. What Argon2id is asked for is bounded before it runs. */
#include "base/assert.h"
#include "base/buf.h"
#include "crypto/kdf.h"
#include "valise/keyslot.h"

enum { WHOLE, OVER, FORMS, SLOTS = 3, CHEAP_KIB = 64 };

static const vls_argon_cost cheap = {1, VLS_ARGON_KIB_MIN};
static const char words[] = "the words of its owner", other[] = "the words of somebody else";
static const uint8_t credential[32] = "a credential that systemd keeps";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

typedef struct good_file {
  uint8_t bytes[VLS_KEYFILE_MAX], key[32];
  size_t n;
} good_file;

static void make_good(good_file *good) {
  static const uint8_t seed[32] = {1};
  vls_keyfile file;
  vls_slice secret = vls_slice_of(credential, sizeof credential);
  VLS_ASSERT(vls_crypto_init() == VLS_OK);
  vls_keyfile_new(&file, good->key, seed);
  VLS_ASSERT(vls_keyslot_add_passphrase(&file, good->key, vls_slice_str(words), cheap, seed) ==
             VLS_OK);
  VLS_ASSERT(vls_keyslot_add_credential(&file, good->key, secret, seed) == VLS_OK);
  VLS_ASSERT(vls_keyslot_add_passphrase(&file, good->key, vls_slice_str(other), cheap, seed) ==
             VLS_OK);
  VLS_ASSERT(file.n == SLOTS);
  good->n = vls_keyfile_encode(&file, good->bytes);
}

static uint64_t work(const vls_keyfile *file) {
  uint64_t sum = 0;
  for (size_t i = 0; i < file->n; i++)
    sum += (uint64_t)file->slot[i].cost.passes * file->slot[i].cost.kib;
  return sum;
}

/* What opens gives the key that was put in, and no other. */
static void try_open(const vls_keyfile *file, const good_file *good) {
  static const uint8_t zeros[32];
  uint8_t key[32];
  size_t at = SIZE_MAX;
  vls_err err =
      vls_keyslot_open_credential(file, vls_slice_of(credential, sizeof credential), key, &at);
  for (int i = 0; i < 2; i++) {
    if (err == VLS_OK) VLS_ASSERT(at < file->n && memcmp(key, good->key, 32) == 0);
    if (err != VLS_OK) VLS_ASSERT(err < 0 && memcmp(key, zeros, 32) == 0);
    if (i == 0) err = vls_keyslot_open_passphrase(file, vls_slice_str(words), key, &at);
  }
}

static void try_file(vls_slice bytes, const good_file *good) {
  vls_keyfile file;
  uint8_t again[VLS_KEYFILE_MAX];
  if (vls_keyfile_decode(&file, bytes) != VLS_OK) return;
  VLS_ASSERT(file.n <= VLS_KEYSLOTS_MAX && work(&file) <= VLS_ARGON_WORK_MAX);
  VLS_ASSERT(vls_keyfile_encode(&file, again) == bytes.n && memcmp(again, bytes.p, bytes.n) == 0);
  if (work(&file) <= CHEAP_KIB) try_open(&file, good);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  static good_file good;
  uint8_t bytes[VLS_KEYFILE_MAX];
  if (good.n == 0) make_good(&good);
  if (n == 0) return 0;
  if (data[0] % FORMS == WHOLE) {
    try_file(vls_slice_of(data + 1, n - 1), &good);
    return 0;
  }
  memcpy(bytes, good.bytes, good.n);
  for (size_t i = 1; i + 2 < n; i += 3)
    bytes[vls_be16_get(data + i) % good.n] = data[i + 2];
  try_file(vls_slice_of(bytes, good.n), &good);
  return 0;
}
