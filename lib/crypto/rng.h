/* The one source of randomness: ChaCha20 under a key that is replaced after each draw, so that
 * what was drawn can't be found again from the state. Seeded by the daemon from the system and
 * stirred with fresh entropy every batch; by the simulator from its seed. It lives in crypto/ and
 * not in base/ because sodium.h may appear here. Nothing else in lib/ draws randomness. */
#ifndef VALISE_CRYPTO_RNG_H
#define VALISE_CRYPTO_RNG_H

#include "base/buf.h"

typedef struct vls_rng {
  uint8_t key[32];
} vls_rng;

void vls_rng_init(vls_rng *rng, const uint8_t seed[32]);
/* Mixes entropy of any length in: key = SHA256("valise rng" | key | entropy). */
void vls_rng_stir(vls_rng *rng, vls_slice entropy);
void vls_rng_bytes(vls_rng *rng, void *out, size_t n);
/* Uniform in [0, bound), without bias; bound > 0. */
uint64_t vls_rng_below(vls_rng *rng, uint64_t bound);
void vls_rng_done(vls_rng *rng);

#endif
