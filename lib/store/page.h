/* Sealed units: how every byte of a sealed store looks on the disk. A unit is XChaCha20-Poly1305
 * under a key of its role, over n bytes and a counter:
 *
 *   C(n + 8) | tag 16 | nonce 24            AD = uuid 16 | role 1 | index be64 | link
 *
 * so n bytes and the 48 that SQLite reserves make one page. The counter is inside, not beside: in
 * clear it would tell a thief which pages are recent. A unit opens only in its store, its role and
 * its place. */
#ifndef VALISE_STORE_PAGE_H
#define VALISE_STORE_PAGE_H

#include "base/buf.h"

enum {
  VLS_UNIT_EXTRA = 48,  /* bytes a unit is longer than what it holds */
  VLS_UNIT_COUNTER = 8, /* of those, the counter: room for it stands behind the plain bytes */
  VLS_UNIT_LINK_MAX = 32,
};

typedef enum vls_role {
  VLS_ROLE_ROOT,  /* the head of the main file */
  VLS_ROLE_MAP,   /* which version of each page is the present one */
  VLS_ROLE_PAGE,  /* a page of the main file */
  VLS_ROLE_HEAD,  /* the head of the log */
  VLS_ROLE_FRAME, /* one frame of the log: header and page */
  VLS_ROLES
} vls_role;

typedef struct vls_unit_place {
  vls_role role;
  uint64_t index;
  vls_slice link; /* what else it belongs to; <= VLS_UNIT_LINK_MAX bytes */
} vls_unit_place;

typedef struct vls_sealer vls_sealer;

/* In guarded memory; derives the keys. seed: 32 bytes of entropy for the nonces. */
vls_sealer *vls_sealer_new(const uint8_t key[32], const uint8_t uuid[16], const uint8_t seed[32]);
/* Wipes. Takes NULL. */
void vls_sealer_free(vls_sealer *sealer);
/* Fresh entropy for the nonces: a machine that was cloned must not draw the same ones. */
void vls_sealer_stir(vls_sealer *sealer, vls_slice entropy);
/* 16 bytes that look random and are the same in every file of this key and uuid. */
const uint8_t *vls_sealer_id(const vls_sealer *sealer);

/* plain: n bytes and VLS_UNIT_COUNTER more, which are overwritten. out: n + VLS_UNIT_EXTRA bytes.
 */
void vls_unit_seal(vls_sealer *sealer, const vls_unit_place *place, uint8_t *plain, size_t n,
                   uint64_t counter, uint8_t *out);
/* plain: unit.n - VLS_UNIT_EXTRA bytes and VLS_UNIT_COUNTER more. VLS_FORGED, and plain zeroed,
 * when it is not a unit of this store for this place. */
VLS_MUST vls_err vls_unit_open(const vls_sealer *sealer, const vls_unit_place *place,
                               vls_slice unit, uint8_t *plain, uint64_t *ret_counter);
/* The first half of the tag, for telling the versions of a unit apart. Never 0. */
uint64_t vls_unit_version(vls_slice unit);

#endif
