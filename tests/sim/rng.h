/* The dice of a world: xoshiro256** (Blackman and Vigna), seeded by splitmix64. Streams of one seed
 * are independent, so that one more roll for the network does not change what people decide to do.
 */
#ifndef VALISE_SIM_RNG_H
#define VALISE_SIM_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct sim_rng {
  uint64_t s[4];
} sim_rng;

sim_rng sim_rng_new(uint64_t seed, uint64_t stream);
uint64_t sim_rng_u64(sim_rng *rng);
/* 0 .. n - 1; n > 0. */
uint64_t sim_rng_below(sim_rng *rng, uint64_t n);
/* lo .. hi, both included. */
uint64_t sim_rng_between(sim_rng *rng, uint64_t lo, uint64_t hi);
/* True per_mille times in a thousand. */
bool sim_rng_chance(sim_rng *rng, unsigned per_mille);
void sim_rng_fill(sim_rng *rng, uint8_t *p, size_t n);

#endif
