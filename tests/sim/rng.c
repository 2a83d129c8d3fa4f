#include "rng.h"

static uint64_t splitmix(uint64_t *x) {
  uint64_t z = (*x += UINT64_C(0x9e3779b97f4a7c15));
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

sim_rng sim_rng_new(uint64_t seed, uint64_t stream) {
  uint64_t x = seed;
  x = splitmix(&x) ^ (stream * UINT64_C(0xd1342543de82ef95));
  sim_rng rng;
  for (unsigned i = 0; i < 4; i++)
    rng.s[i] = splitmix(&x);
  return rng;
}

static uint64_t rotl(uint64_t x, unsigned k) {
  return x << k | x >> (64 - k);
}

uint64_t sim_rng_u64(sim_rng *rng) {
  uint64_t *s = rng->s;
  uint64_t result = rotl(s[1] * 5, 7) * 9;
  uint64_t t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotl(s[3], 45);
  return result;
}

/* The bias of the remainder is below 2^-32 for every n used here: nobody plays for money. */
uint64_t sim_rng_below(sim_rng *rng, uint64_t n) {
  return sim_rng_u64(rng) % n;
}

uint64_t sim_rng_between(sim_rng *rng, uint64_t lo, uint64_t hi) {
  return lo + sim_rng_below(rng, hi - lo + 1);
}

bool sim_rng_chance(sim_rng *rng, unsigned per_mille) {
  return sim_rng_below(rng, 1000) < per_mille;
}

void sim_rng_fill(sim_rng *rng, uint8_t *p, size_t n) {
  for (size_t i = 0; i < n; i += 8) {
    uint64_t v = sim_rng_u64(rng);
    for (size_t k = i; k < n && k < i + 8; k++, v >>= 8)
      p[k] = (uint8_t)v;
  }
}
