#include "carry/overlay.h"

#include <stdlib.h>

#include "base/assert.h"
#include "crypto/kdf.h"

struct vls_overlay {
  uint32_t n;
  uint32_t *order[VLS_OVERLAY_CYCLES];
  uint32_t place[VLS_OVERLAY_CYCLES]; /* mine */
};

typedef struct ranked {
  uint8_t hash[32];
  uint32_t member;
} ranked;

static int by_hash(const void *a, const void *b) {
  return memcmp(((const ranked *)a)->hash, ((const ranked *)b)->hash, 32);
}

/* Ascending by SHA256("valise overlay" | seed | cycle | key). */
static void shuffle(vls_overlay *o, unsigned cycle, const uint8_t seed[32],
                    const uint8_t (*keys)[32], uint32_t self) {
  ranked *all = vls_calloc(o->n, sizeof *all);
  uint8_t number = (uint8_t)cycle;
  for (uint32_t i = 0; i < o->n; i++) {
    vls_slice parts[] = {vls_slice_str("valise overlay"), {seed, 32}, {&number, 1}, {keys[i], 32}};
    all[i].member = i;
    vls_sha256_parts(all[i].hash, parts, 4);
  }
  qsort(all, o->n, sizeof *all, by_hash);
  o->order[cycle] = vls_calloc(o->n, sizeof *o->order[cycle]);
  for (uint32_t i = 0; i < o->n; i++) {
    o->order[cycle][i] = all[i].member;
    if (all[i].member == self) o->place[cycle] = i;
  }
  free(all);
}

vls_overlay *vls_overlay_new(const uint8_t seed[32], const uint8_t (*keys)[32], uint32_t n,
                             uint32_t self) {
  if (n < 2 || n > VLS_OVERLAY_MEMBERS || self >= n) return NULL;
  vls_overlay *o = vls_calloc(1, sizeof *o);
  o->n = n;
  for (unsigned c = 0; c < VLS_OVERLAY_CYCLES; c++)
    shuffle(o, c, seed, keys, self);
  return o;
}

void vls_overlay_free(vls_overlay *o) {
  if (o == NULL) return;
  for (unsigned c = 0; c < VLS_OVERLAY_CYCLES; c++)
    free(o->order[c]);
  free(o);
}

uint32_t vls_overlay_at(const vls_overlay *o, unsigned slot, uint32_t step) {
  VLS_ASSERT(slot < VLS_OVERLAY_SLOTS);
  if (step + 1 >= o->n) return VLS_OVERLAY_NOBODY;
  unsigned cycle = slot / 2;
  uint32_t away = slot % 2 == 0 ? step + 1 : o->n - step - 1;
  return o->order[cycle][(o->place[cycle] + away) % o->n];
}

static bool is_in(const uint32_t *list, size_t n, uint32_t member) {
  for (size_t i = 0; i < n; i++)
    if (list[i] == member) return true;
  return false;
}

size_t vls_overlay_neighbours(const vls_overlay *o, const bool *reach, uint32_t steps,
                              uint32_t ret[VLS_OVERLAY_SLOTS]) {
  size_t n = 0;
  for (unsigned slot = 0; slot < VLS_OVERLAY_SLOTS; slot++)
    for (uint32_t step = 0; step < steps; step++) {
      uint32_t member = vls_overlay_at(o, slot, step);
      if (member == VLS_OVERLAY_NOBODY) break;
      if (!reach[member]) continue;
      if (!is_in(ret, n, member)) ret[n++] = member;
      break;
    }
  return n;
}
