#include "crypto/x3dh.h"

#include "base/assert.h"
#include "crypto/kdf.h"

/* Up to four shared secrets in the order of PEER 5b, with the 32 bytes FF that keep SK's input
 * apart from that of every other use of HKDF. */
typedef struct secrets {
  uint8_t bytes[5 * 32];
  size_t n;
} secrets;

static void secrets_done(secrets *s) {
  vls_wipe(s, sizeof *s);
}

static vls_err add_dh(secrets *s, const uint8_t priv[32], const uint8_t pub[32]) {
  VLS_ASSERT(s->n + 32 <= sizeof s->bytes);
  vls_err err = vls_dh(s->bytes + s->n, priv, pub);
  if (err == VLS_OK) s->n += 32;
  return err;
}

static void add_ff(secrets *s) {
  memset(s->bytes + s->n, 0xff, 32);
  s->n += 32;
}

void vls_x3dh_hash(uint8_t ret_th[32], const vls_x3dh_transcript *t) {
  VLS_ASSERT(t->suite <= UINT16_MAX && (t->opk.n == 0 || t->opk.n == VLS_PUB));
  VLS_ASSERT(t->card_a.n <= UINT32_MAX && t->card_b.n <= UINT32_MAX);
  enum { PARTS = 6 };
  uint8_t suite[2], spk_id[4], lengths[PARTS][4];
  vls_be16_put(suite, (uint16_t)t->suite);
  vls_be32_put(spk_id, t->spk_id);
  const vls_slice parts[PARTS] = {
      vls_slice_of(suite, sizeof suite),   t->card_a, t->card_b,
      vls_slice_of(spk_id, sizeof spk_id), t->opk,    vls_slice_of(t->ek, VLS_PUB)};
  vls_slice all[2 * PARTS];
  for (size_t i = 0; i < PARTS; i++) {
    vls_be32_put(lengths[i], (uint32_t)parts[i].n);
    all[2 * i] = vls_slice_of(lengths[i], sizeof lengths[i]);
    all[2 * i + 1] = parts[i];
  }
  vls_sha256_parts(ret_th, all, 2 * PARTS);
}

static void id_key(uint8_t ret_k[32], const secrets *s, const uint8_t ek[32], const uint8_t *opk,
                   vls_slice card_b) {
  static const char label[] = "valise 1 id";
  uint8_t info[sizeof label - 1 + VLS_HASH];
  const vls_slice bound[] = {vls_slice_of(ek, VLS_PUB), card_b,
                             vls_slice_of(opk, opk == NULL ? 0 : VLS_PUB)};
  memcpy(info, label, sizeof label - 1);
  vls_sha256_parts(info + sizeof label - 1, bound, 3);
  vls_hkdf(ret_k, VLS_KEY, (vls_slice){NULL, 0}, vls_slice_of(s->bytes, s->n),
           vls_slice_of(info, sizeof info));
}

vls_err vls_x3dh_id_key_a(uint8_t ret_k[32], const vls_dh_pair *ek, const uint8_t ik_b[32],
                          const uint8_t spk_b[32], const uint8_t *opk_b, vls_slice card_b) {
  secrets s = {.n = 0};
  vls_err err = add_dh(&s, ek->priv, ik_b);
  if (err == VLS_OK) err = add_dh(&s, ek->priv, spk_b);
  if (err == VLS_OK && opk_b != NULL) err = add_dh(&s, ek->priv, opk_b);
  if (err == VLS_OK) id_key(ret_k, &s, ek->pub, opk_b, card_b);
  secrets_done(&s);
  return err;
}

vls_err vls_x3dh_id_key_b(uint8_t ret_k[32], const uint8_t ek[32], const vls_dh_pair *ik,
                          const vls_dh_pair *spk, const vls_dh_pair *opk, vls_slice card_b) {
  secrets s = {.n = 0};
  vls_err err = add_dh(&s, ik->priv, ek);
  if (err == VLS_OK) err = add_dh(&s, spk->priv, ek);
  if (err == VLS_OK && opk != NULL) err = add_dh(&s, opk->priv, ek);
  if (err == VLS_OK) id_key(ret_k, &s, ek, opk == NULL ? NULL : opk->pub, card_b);
  secrets_done(&s);
  return err;
}

static void session_keys(vls_x3dh_keys *ret, const secrets *s, const vls_x3dh_transcript *t) {
  static const char label[] = "valise 1 x3dh";
  uint8_t sk[VLS_KEY], info[sizeof label - 1 + VLS_HASH];
  vls_x3dh_hash(ret->th, t);
  memcpy(info, label, sizeof label - 1);
  memcpy(info + sizeof label - 1, ret->th, VLS_HASH);
  vls_hkdf(sk, sizeof sk, (vls_slice){NULL, 0}, vls_slice_of(s->bytes, s->n),
           vls_slice_of(info, sizeof info));
  const struct {
    const char *name;
    uint8_t *key;
  } keys[] = {{"rk", ret->rk},        {"hk", ret->hk},         {"nhk", ret->nhk},
              {"psk", ret->link_psk}, {"drop.a", ret->drop_a}, {"drop.b", ret->drop_b},
              {"knock", ret->knock}};
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
    vls_xwl(keys[i].key, VLS_KEY, sk, keys[i].name, vls_slice_of(ret->th, sizeof ret->th));
  vls_wipe(sk, sizeof sk);
}

/* The keys used must be the keys hashed: anything else is our own mistake. */
static void check_transcript(const vls_x3dh_transcript *t, const uint8_t ek[32],
                             const uint8_t *opk) {
  VLS_ASSERT(memcmp(t->ek, ek, VLS_PUB) == 0);
  VLS_ASSERT(vls_slice_eq(t->opk, vls_slice_of(opk, opk == NULL ? 0 : VLS_PUB)));
}

vls_err vls_x3dh_a(vls_x3dh_keys *ret_keys, const vls_x3dh_transcript *t, const vls_dh_pair *ik_a,
                   const vls_dh_pair *ek, const uint8_t ik_b[32], const uint8_t spk_b[32],
                   const uint8_t *opk_b) {
  check_transcript(t, ek->pub, opk_b);
  secrets s = {.n = 0};
  add_ff(&s);
  vls_err err = add_dh(&s, ik_a->priv, spk_b);
  if (err == VLS_OK) err = add_dh(&s, ek->priv, ik_b);
  if (err == VLS_OK) err = add_dh(&s, ek->priv, spk_b);
  if (err == VLS_OK && opk_b != NULL) err = add_dh(&s, ek->priv, opk_b);
  if (err == VLS_OK) session_keys(ret_keys, &s, t);
  secrets_done(&s);
  return err;
}

vls_err vls_x3dh_b(vls_x3dh_keys *ret_keys, const vls_x3dh_transcript *t, const uint8_t ik_a[32],
                   const uint8_t ek[32], const vls_dh_pair *ik, const vls_dh_pair *spk,
                   const vls_dh_pair *opk) {
  check_transcript(t, ek, opk == NULL ? NULL : opk->pub);
  secrets s = {.n = 0};
  add_ff(&s);
  vls_err err = add_dh(&s, spk->priv, ik_a);
  if (err == VLS_OK) err = add_dh(&s, ik->priv, ek);
  if (err == VLS_OK) err = add_dh(&s, spk->priv, ek);
  if (err == VLS_OK && opk != NULL) err = add_dh(&s, opk->priv, ek);
  if (err == VLS_OK) session_keys(ret_keys, &s, t);
  secrets_done(&s);
  return err;
}
