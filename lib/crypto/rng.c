#include "crypto/rng.h"

#include <sodium.h>

#include "base/assert.h"
#include "crypto/kdf.h"

enum { BLOCK = 64 };

void vls_rng_init(vls_rng *rng, const uint8_t seed[32]) {
  memcpy(rng->key, seed, sizeof rng->key);
}

void vls_rng_stir(vls_rng *rng, vls_slice entropy) {
  const vls_slice parts[] = {vls_slice_str("valise rng"), vls_slice_of(rng->key, sizeof rng->key),
                             entropy};
  uint8_t key[VLS_HASH];
  vls_sha256_parts(key, parts, 3);
  memcpy(rng->key, key, sizeof rng->key);
  vls_wipe(key, sizeof key);
}

void vls_rng_bytes(vls_rng *rng, void *out, size_t n) {
  static const uint8_t nonce[crypto_stream_chacha20_IETF_NONCEBYTES];
  if (n == 0) return;
  /* The first block is the next key and, if it is enough, the draw: most draws are a nonce or a
   * key. A longer draw is the blocks from the second on. */
  uint8_t block[BLOCK];
  crypto_stream_chacha20_ietf(block, sizeof block, nonce, rng->key);
  if (n <= BLOCK - sizeof rng->key) {
    memcpy(out, block + sizeof rng->key, n);
  } else {
    memset(out, 0, n);
    crypto_stream_chacha20_ietf_xor_ic(out, out, n, nonce, 1, rng->key);
  }
  memcpy(rng->key, block, sizeof rng->key);
  vls_wipe(block, sizeof block);
}

uint64_t vls_rng_below(vls_rng *rng, uint64_t bound) {
  VLS_ASSERT(bound > 0);
  /* 2^64 mod bound: below it the residues would not come up equally often. */
  uint64_t biased = (0 - bound) % bound;
  for (;;) {
    uint8_t bytes[8];
    vls_rng_bytes(rng, bytes, sizeof bytes);
    uint64_t v = vls_be64_get(bytes);
    vls_wipe(bytes, sizeof bytes);
    if (v >= biased) return v % bound;
  }
}

void vls_rng_done(vls_rng *rng) {
  vls_wipe(rng, sizeof *rng);
}
