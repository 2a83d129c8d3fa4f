#include "store/page.h"

#include "base/assert.h"
#include "crypto/kdf.h"
#include "crypto/rng.h"
#include "crypto/seal.h"
#include "valise/secret.h"

enum { UUID = 16, ID = 16, AD_MAX = UUID + 1 + 8 + VLS_UNIT_LINK_MAX };

struct vls_sealer {
  uint8_t key[VLS_ROLES][VLS_KEY];
  uint8_t uuid[UUID], id[ID];
  vls_rng rng;
};

_Static_assert(VLS_UNIT_EXTRA == VLS_UNIT_COUNTER + VLS_TAG + VLS_N24, "what follows the bytes");

vls_sealer *vls_sealer_new(const uint8_t key[32], const uint8_t uuid[16], const uint8_t seed[32]) {
  static const char *const labels[VLS_ROLES] = {"store root", "store map", "store page",
                                                "store log head", "store log frame"};
  vls_sealer *sealer = vls_secret_new(sizeof *sealer);
  vls_slice ctx = vls_slice_of(uuid, UUID);
  for (size_t i = 0; i < VLS_ROLES; i++)
    vls_xwl(sealer->key[i], VLS_KEY, key, labels[i], ctx);
  vls_xwl(sealer->id, ID, key, "store id", ctx);
  memcpy(sealer->uuid, uuid, UUID);
  vls_rng_init(&sealer->rng, seed);
  return sealer;
}

void vls_sealer_free(vls_sealer *sealer) {
  vls_secret_free(sealer);
}

void vls_sealer_stir(vls_sealer *sealer, vls_slice entropy) {
  vls_rng_stir(&sealer->rng, entropy);
}

const uint8_t *vls_sealer_id(const vls_sealer *sealer) {
  return sealer->id;
}

static vls_slice ad_of(uint8_t ad[AD_MAX], const vls_sealer *sealer, const vls_unit_place *place) {
  VLS_ASSERT(place->role < VLS_ROLES && place->link.n <= VLS_UNIT_LINK_MAX);
  memcpy(ad, sealer->uuid, UUID);
  ad[UUID] = (uint8_t)place->role;
  vls_be64_put(ad + UUID + 1, place->index);
  if (place->link.n > 0) memcpy(ad + UUID + 9, place->link.p, place->link.n);
  return vls_slice_of(ad, UUID + 9 + place->link.n);
}

void vls_unit_seal(vls_sealer *sealer, const vls_unit_place *place, uint8_t *plain, size_t n,
                   uint64_t counter, uint8_t *out) {
  uint8_t ad[AD_MAX], *nonce = out + n + VLS_UNIT_COUNTER + VLS_TAG;
  vls_be64_put(plain + n, counter);
  vls_rng_bytes(&sealer->rng, nonce, VLS_N24);
  vls_xchacha_seal(out, sealer->key[place->role], nonce, ad_of(ad, sealer, place),
                   vls_slice_of(plain, n + VLS_UNIT_COUNTER));
}

vls_err vls_unit_open(const vls_sealer *sealer, const vls_unit_place *place, vls_slice unit,
                      uint8_t *plain, uint64_t *ret_counter) {
  VLS_ASSERT(unit.n > VLS_UNIT_EXTRA);
  uint8_t ad[AD_MAX];
  size_t n = unit.n - VLS_UNIT_EXTRA;
  vls_err err = vls_xchacha_open(plain, sealer->key[place->role], unit.p + unit.n - VLS_N24,
                                 ad_of(ad, sealer, place), vls_slice_of(unit.p, unit.n - VLS_N24));
  if (err == VLS_OK) *ret_counter = vls_be64_get(plain + n);
  return err;
}

uint64_t vls_unit_version(vls_slice unit) {
  return vls_be64_get(unit.p + unit.n - VLS_N24 - VLS_TAG) | 1;
}
